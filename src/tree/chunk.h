/*
 * Reading and writing chunks by hash over a store. Every chunk read is hashed before anybody parses it (P8). A few
 * recently read chunks are kept, within a budget of bytes, because lookups share the upper levels of a tree.
 */
#ifndef ECHO_TREE_CHUNK_H
#define ECHO_TREE_CHUNK_H

#include "base/buf.h"
#include "echo/sys/store.h"

#define ECHO__CHUNK_MAX ((size_t)64 << 20) /* a longer chunk is ECHO_ERR_LIMIT before memory is taken */
#define ECHO__CHUNK_KEEP                                                                                               \
    ((size_t)16 << 20) /* default budget of kept bytes: the nodes above a million items, and some leaves */

typedef struct echo__chunks echo__chunks;

/* A chunk in use: reference counted, so that it stays while its reader iterates over it. */
typedef struct echo__chunk {
    echo_hash name;
    echo_bytes bytes;
    const void *memo; /* what echo__chunks_remember left, NULL at first */
} echo__chunk;

typedef struct echo__chunk_counts {
    uint64_t read; /* chunks fetched from the store */
    uint64_t read_bytes;
    uint64_t written;       /* chunks that the store did not have before */
    uint64_t written_bytes; /* as the store keeps them */
    uint64_t written_plain; /* their lengths */
} echo__chunk_counts;

/* store is borrowed. */
echo_status echo__chunks_new(echo__chunks **out, const echo_store *store) ECHO_MUST_USE;
void echo__chunks_free(echo__chunks *chunks);
/* The store compares the hash of all it hands out itself: it is not done again. */
void echo__chunks_hashed(echo__chunks *chunks);
/* ECHO_ERR_NOT_FOUND, ECHO_ERR_CORRUPT (hash differs; err->message names it), ECHO_ERR_LIMIT. Release what you got. */
echo_status echo__chunks_get(const echo__chunk **out, echo__chunks *chunks, const echo_hash *name,
                             echo_error *err) ECHO_MUST_USE;
/*
 * Reads chunks that are wanted soon, in one go where the store can do that (sys/store.h, get_many). out[i] is the
 * chunk, to be released, or NULL: get it when it is due, which says why. ECHO_ERR_NOMEM, with every out[i] NULL.
 */
echo_status echo__chunks_ahead(const echo__chunk **out, echo__chunks *chunks, const echo_hash *names, size_t n,
                               echo_error *err) ECHO_MUST_USE;
/* Whether the store has the chunk; nothing is read. *out is false on failure. */
echo_status echo__chunks_has(bool *out, const echo__chunks *chunks, const echo_hash *name,
                             echo_error *err) ECHO_MUST_USE;
/* chunk may be NULL. */
void echo__chunks_release(echo__chunks *chunks, const echo__chunk *chunk);
/* Releases a chunk that is not wanted again: it is kept only if it was kept before. */
void echo__chunks_forget(echo__chunks *chunks, const echo__chunk *chunk);
/* The budget of kept bytes. */
size_t echo__chunks_budget(const echo__chunks *chunks);
/* Keeps what a reader found out about a chunk, echo__malloc'ed, and frees it with the chunk. Once per chunk. */
void echo__chunks_remember(echo__chunks *chunks, const echo__chunk *chunk, void *memo, size_t size);
/* Changes the budget of kept bytes; what is too much is dropped. */
void echo__chunks_keep(echo__chunks *chunks, size_t bytes);
/* Hashes and puts. *name may be NULL. Not durable before the store's publish. */
echo_status echo__chunks_put(echo_hash *name, echo__chunks *chunks, echo_bytes bytes, echo_error *err) ECHO_MUST_USE;
/* The same for bytes whose hash is known to be *name. */
echo_status echo__chunks_put_as(const echo_hash *name, echo__chunks *chunks, echo_bytes bytes,
                                echo_error *err) ECHO_MUST_USE;
void echo__chunks_counts(const echo__chunks *chunks, echo__chunk_counts *out);

#endif
