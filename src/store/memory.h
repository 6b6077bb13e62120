/*
 * The store in memory, shared by its source files: one core, and a handle for each time it was opened.
 *
 * Invariants: every chunk is in the core's map; the pending ones are marked with their handle and on its list too, so that undoing
 * is taking them out again, and other handles look through them. One handle writes at a time. Nothing that can fail happens between
 * the first and the last change of a publish or a removal. The lock is over the core and every pending list; no callback is called
 * with it held.
 */
#ifndef ECHO_STORE_MEMORY_H
#define ECHO_STORE_MEMORY_H

#include <pthread.h>

#include "base/map.h"
#include "store/store.h"

typedef struct echo__memory_chunk {
    echo_hash name;
    const struct echo__memory *owner;    /* whose pending put it is; NULL: published */
    struct echo__memory_chunk *next_pending;
    struct echo__memory_chunk *replaced; /* of a pending chunk: the one that had its name before */
    size_t holders;                      /* the map, or the chunk that replaced it, and those that read it just now */
    size_t len;
    uint8_t data[];
} echo__memory_chunk;

typedef struct echo__memory_manifest {
    echo_key party;
    uint64_t number;
    bool pinned;
    size_t len;
    uint8_t data[];
} echo__memory_manifest;

typedef struct echo__memory_core {
    pthread_mutex_t lock;
    size_t handles;
    echo__map chunks;
    uint64_t bytes;                    /* of the chunks in the map */
    uint64_t published;                /* the same before the pending puts */
    const struct echo__memory *writer; /* had puts since its last publish, perhaps of chunks that were there; NULL: nobody has */
    echo__memory_manifest **manifests; /* in no order: there are few */
    size_t count, cap;
} echo__memory_core;

typedef struct echo__memory {
    echo__memory_core *core;
    echo__memory_chunk *pending;
    echo_status failed; /* pending puts were lost to this; until rollback */
    echo__seen seen;
} echo__memory;

/* Takes the lock. leave gives it back and returns the status. */
echo__memory_core *echo__memory_enter(echo__memory *m);
echo_status echo__memory_leave(echo__memory *m, echo_status status);

/* With the lock held. */

/* One holder less; the last one frees it. one may be NULL. */
void echo__memory_let_go(echo__memory_chunk *one);
/* What this handle sees of a chunk in the map, which may be NULL. */
echo__memory_chunk *echo__memory_seen_by(const echo__memory *m, echo__memory_chunk *one);
echo__memory_chunk *echo__memory_find(const echo__memory *m, const echo_hash *name);
bool echo__memory_is_writing(const echo__memory *m);
/* Undoes this handle's pending puts. */
void echo__memory_undo(echo__memory *m);
/* The manifest with the highest number up to `most`; NULL when there is none. */
echo__memory_manifest *echo__memory_newest(const echo__memory_core *c, const echo_key *party, uint64_t most);

/* ---- the hooks of echo_store_ops ---- */

uint32_t echo__memory_capabilities(void *ctx);
echo_status echo__memory_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err);
echo_status echo__memory_has(void *ctx, const echo_hash *name, bool *out, echo_error *err);
echo_status echo__memory_put(void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n, size_t *written,
                             echo_error *err);
echo_status echo__memory_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes bytes, echo_error *err);
echo_status echo__memory_flush(void *ctx, echo_error *err);
echo_status echo__memory_rollback(void *ctx, echo_error *err);
echo_status echo__memory_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err);
echo_status echo__memory_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err);
echo_status echo__memory_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err);
echo_status echo__memory_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err);
echo_status echo__memory_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err);
echo_status echo__memory_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err);
echo_status echo__memory_usage(uint64_t *bytes, void *ctx, echo_error *err);
echo_status echo__memory_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err);
echo_status echo__memory_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err);

#endif
