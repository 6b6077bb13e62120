/*
 * echo/sys/store.h: the table a store implements: immutable chunks by hash, and per party a short list of manifests.
 *
 * Durability contract (P4): when `publish` returns ECHO_OK, the manifest and every chunk put before it, by this handle, survive a power
 * failure; until then none of it need be visible to a later open, and a manifest is never visible without all of them. Whatever
 * happens, what opens later is the last published state or the one before. A store never changes or invents a chunk's bytes
 * knowingly; the library hashes each chunk it gets all the same (P8).
 *
 * Threads: calls on one handle never overlap, but may come from different threads (the party's and its writer's).
 */
#ifndef ECHO_SYS_STORE_H
#define ECHO_SYS_STORE_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ECHO_STORE_OPS_VERSION 1u

/* Capability bits. */
#define ECHO_STORE_DURABLE 1u   /* survives the process */
#define ECHO_STORE_READONLY 2u  /* put, publish and remove answer ECHO_ERR_READONLY */

/* Called exactly once by `get` with a view of the chunk or manifest, valid during the call; its result is get's result. */
typedef echo_status (*echo_chunk_fn)(void *arg, echo_bytes bytes);
/* Called per chunk by `walk`. Any code but ECHO_OK ends the walk and is returned by it. */
typedef echo_status (*echo_walk_fn)(void *arg, const echo_hash *name, uint64_t size);
/* Called per manifest by `list`, newest (highest number) first. */
typedef echo_status (*echo_manifest_fn)(void *arg, uint64_t number, echo_bytes manifest);

typedef struct echo_store_ops {
    uint32_t version; /* ECHO_STORE_OPS_VERSION */

    /* Capability bits of this handle. */
    uint32_t (*capabilities)(void *ctx);
    /* ECHO_ERR_NOT_FOUND without calling fn when there is no such chunk. */
    echo_status (*get)(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err);
    /* Whether the chunk is there, without reading it. */
    echo_status (*has)(void *ctx, const echo_hash *name, bool *out, echo_error *err);
    /*
     * Puts n chunks; names[i] is the hash of chunks[i], computed by the caller. One that is there already is left as it is and not
     * counted in *written, which may be NULL. Puts since the last publish form one transaction with the next publish.
     */
    echo_status (*put)(void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n, size_t *written, echo_error *err);
    /*
     * Publishes a manifest for a party, if the newest number stored for it is `expected` (0: none yet), as number expected + 1, and makes all
     * puts so far durable with it. ECHO_ERR_CONFLICT when another number is newest: nothing was published, puts are undone.
     */
    echo_status (*publish)(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest, echo_error *err);
    /* Undoes puts that were not published. */
    echo_status (*rollback)(void *ctx, echo_error *err);
    /* The party's manifests, newest first. */
    echo_status (*list)(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err);
    /* Removes one manifest; durable when it returns. ECHO_ERR_NOT_FOUND when there is none of that number. */
    echo_status (*remove)(void *ctx, const echo_key *party, uint64_t number, echo_error *err);
    /* All chunks, in ascending order of hash. fn may not call the store. */
    echo_status (*walk)(void *ctx, echo_walk_fn fn, void *arg, echo_error *err);
    /* Removes chunks by name; absent ones are no error. Durable when it returns. */
    echo_status (*remove_chunks)(void *ctx, const echo_hash *names, size_t n, echo_error *err);
    /* Releases the handle; unpublished puts are undone. */
    void (*close)(void *ctx);
} echo_store_ops;

/* A store: its table and its context. Plain data. */
typedef struct echo_store {
    const echo_store_ops *ops;
    void *ctx;
} echo_store;

/* Releases a store opened by one of the functions below; does nothing when ops is NULL. */
void echo_store_close(echo_store *store);

/* A store in memory: not durable, for tests and for hosts that keep snapshots elsewhere. */
echo_status echo_store_new_memory(echo_store *out) ECHO_MUST_USE;

typedef struct echo_store_sqlite_options {
    uint32_t version;      /* 1 */
    bool read_only;        /* the file must exist; nothing is written, no -wal or -shm file is left behind that was not there */
    bool create;           /* make the file when it does not exist; otherwise ECHO_ERR_NOT_FOUND */
    uint32_t busy_ms;      /* how long to wait for another process that is writing before ECHO_ERR_BUSY; 0: not at all */
} echo_store_sqlite_options;
#define ECHO_STORE_SQLITE_OPTIONS_INIT {1u, false, true, 1000u}

/*
 * The embedded default: one SQLite file (WAL, synchronous FULL, 32 KiB pages). ECHO_ERR_CORRUPT when the file is not SQLite's or not
 * ours, ECHO_ERR_VERSION when a newer format wrote it, ECHO_ERR_BUSY, ECHO_ERR_READONLY, ECHO_ERR_IO. options may be NULL.
 */
echo_status echo_store_open_sqlite(echo_store *out, const char *path, const echo_store_sqlite_options *options, echo_error *err)
    ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
