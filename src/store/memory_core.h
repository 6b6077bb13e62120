/*
 * The store in memory, shared by its source files: one core, and a handle for each time it was opened.
 *
 * Invariants: every chunk is in the core's map; the pending ones are marked with their handle and on its list too, so
 * that undoing is taking them out again, and other handles look through them. One handle writes at a time. Nothing that
 * can fail happens between the first and the last change of a publish or a removal. The lock is over the core and every
 * pending list; no callback is called with it held.
 */
#ifndef ECHO_STORE_MEMORY_CORE_H
#define ECHO_STORE_MEMORY_CORE_H

#include <pthread.h>

#include "base/map.h"
#include "store/store.h"

typedef struct echo__memstore_chunk {
    echo_hash name;
    const struct echo__memstore *owner; /* whose pending put it is; NULL: published */
    struct echo__memstore_chunk *next_pending;
    struct echo__memstore_chunk *replaced; /* of a pending chunk: the one that had its name before */
    size_t holders;                        /* the map, or the chunk that replaced it, and those that read it just now */
    size_t len;
    uint8_t data[];
} echo__memstore_chunk;

typedef struct echo__memstore_manifest {
    echo_key party;
    uint64_t number;
    bool pinned;
    size_t len;
    uint8_t data[];
} echo__memstore_manifest;

typedef struct echo__memstore_core {
    pthread_mutex_t lock;
    size_t handles;
    echo__map chunks;
    uint64_t bytes;     /* of the chunks in the map */
    uint64_t published; /* the same before the pending puts */
    const struct echo__memstore
        *writer; /* had puts since its last publish, perhaps of chunks that were there; NULL: nobody has */
    echo__memstore_manifest **manifests; /* in no order: there are few */
    size_t count, cap;
} echo__memstore_core;

typedef struct echo__memstore {
    echo__memstore_core *core;
    echo__memstore_chunk *pending;
    echo_status failed; /* pending puts were lost to this; until rollback */
    echo__seen seen;
} echo__memstore;

/* Takes the lock. leave gives it back and returns the status. */
echo__memstore_core *echo__memstore_enter(echo__memstore *m);
echo_status echo__memstore_leave(echo__memstore *m, echo_status status);

/* With the lock held. */

/* One holder less; the last one frees it. one may be NULL. */
void echo__memstore_let_go(echo__memstore_chunk *one);
/* What this handle sees of a chunk in the map, which may be NULL. */
echo__memstore_chunk *echo__memstore_seen_by(const echo__memstore *m, echo__memstore_chunk *one);
echo__memstore_chunk *echo__memstore_find(const echo__memstore *m, const echo_hash *name);
bool echo__memstore_is_writing(const echo__memstore *m);
/* Undoes this handle's pending puts. */
void echo__memstore_undo(echo__memstore *m);
/* The manifest with the highest number up to `most`; NULL when none exists. */
echo__memstore_manifest *echo__memstore_newest(const echo__memstore_core *c, const echo_key *party, uint64_t most);

#endif
