/*
 * echo/sys/store.h: the table a store implements: immutable chunks by hash, and per party a short list of manifests.
 *
 * Durability contract (P4): when `publish` returns ECHO_OK, the manifest and every chunk put before it, by this handle,
 * survive a power failure; until then none of it need be visible to a later open, and a manifest is never visible
 * without all of them. Whatever happens, what opens later is the last published state or, when a crash cut `publish`
 * short or followed upon its ECHO_ERR_IO, possibly that one, complete. `remove` and `remove_chunks` are all or nothing
 * in the same way. A store never changes or invents a chunk's bytes knowingly; the library hashes each chunk it gets
 * all the same (P8).
 *
 * Pending puts: those since the last publish, flush or rollback. This handle sees them, nobody else does. They form one
 * transaction with the next publish, and while a handle has some, every other handle that wants to write to the same
 * store gets ECHO_ERR_BUSY. A `put`, `publish` or `flush` that fails undoes all pending puts. When puts of earlier
 * calls are lost that way, put and publish go on answering the same code until `rollback` is called, so that a retry
 * cannot publish a manifest whose chunks are gone.
 *
 * Limits: a chunk or manifest may have 0 bytes; every store takes them up to ECHO_STORE_BYTES_MAX and may refuse longer
 * ones, on the way in and on the way out, with ECHO_ERR_LIMIT. Numbers run from 1 to INT64_MAX.
 *
 * Callbacks: a view is valid during the call only. What a callback returns ends the call when it is not ECHO_OK and is
 * returned unchanged, without touching err. Only `list` allows its callback to call the store.
 *
 * Threads: calls on one handle never overlap. Handles on one store (`reopen`) may be used by different threads at the
 * same time.
 */
#ifndef ECHO_SYS_STORE_H
#define ECHO_SYS_STORE_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ECHO_STORE_OPS_VERSION 2u /* tables of version 1, which end before `reopen`, are taken too */

#define ECHO_STORE_BYTES_MAX ((size_t)64 << 20)

/* Capability bits. */
#define ECHO_STORE_DURABLE 1u /* survives the process */
#define ECHO_STORE_READONLY                                                                                            \
    2u /* put, publish, remove and remove_chunks answer ECHO_ERR_READONLY; rollback does nothing */

/* Called exactly once by `get` with a view of the chunk; its result is get's result. fn may not call the store. */
typedef echo_status (*echo_chunk_fn)(void *arg, echo_bytes bytes);
/* Called per chunk by `walk`; size: the bytes it takes in the store. Any code but ECHO_OK ends the walk and is returned
 * by it. fn may not call the store. */
typedef echo_status (*echo_walk_fn)(void *arg, const echo_hash *name, uint64_t size);
/* Called per manifest by `list`, newest (highest number) first. Any code but ECHO_OK ends the list and is returned by
 * it. */
typedef echo_status (*echo_manifest_fn)(void *arg, uint64_t number, echo_bytes manifest);

/* Called per party by `parties`. Any code but ECHO_OK ends the list and is returned by it. fn may not call the store.
 */
typedef echo_status (*echo_store_party_fn)(void *arg, const echo_key *party);

struct echo_store;

typedef struct echo_store_ops {
    uint32_t version; /* 1 or 2 */

    /* Capability bits of this handle. */
    uint32_t (*capabilities)(void *ctx);
    /* ECHO_ERR_NOT_FOUND without calling fn when there is no such chunk. */
    echo_status (*get)(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err);
    /* Whether the chunk is there, without reading it. *out is false on failure. */
    echo_status (*has)(bool *out, void *ctx, const echo_hash *name, echo_error *err);
    /*
     * Puts n chunks; names[i] is the hash of chunks[i], computed by the caller. One that is there already is left as it
     * is and not counted in *written, which may be NULL and is set on success only. One that is there with other bytes
     * has rotted: it is replaced, and counted, or no snapshot that needs it could ever be whole again.
     */
    echo_status (*put)(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                       echo_error *err);
    /*
     * Publishes a manifest for a party, if the newest number stored for it is `expected` (0: none yet), as number
     * expected + 1, and makes all puts so far durable with it. ECHO_ERR_CONFLICT when another number is newest: nothing
     * was published, pending puts are undone.
     */
    echo_status (*publish)(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest, echo_error *err);
    /* Undoes pending puts. */
    echo_status (*rollback)(void *ctx, echo_error *err);
    /*
     * The party's manifests, newest first; none is no error. fn may call the store. What is published or removed
     * meanwhile, by fn or by others, may or may not be told; whatever is told was published.
     */
    echo_status (*list)(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err);
    /*
     * Removes one manifest; durable when it returns. ECHO_ERR_NOT_FOUND when there is none of that number.
     * ECHO_ERR_BUSY when this handle has pending puts. After the newest is removed, its number is given out again.
     */
    echo_status (*remove)(void *ctx, const echo_key *party, uint64_t number, echo_error *err);
    /*
     * All chunks, in ascending order of hash, pending ones included. Of chunks that others publish or remove meanwhile
     * some may be told and some not.
     */
    echo_status (*walk)(void *ctx, echo_walk_fn fn, void *arg, echo_error *err);
    /*
     * Removes chunks by name, all or none; absent ones are no error. Durable when it returns. ECHO_ERR_BUSY when this
     * handle has pending puts. Which chunks are needed follows from the manifests the caller listed, so the store
     * compares: for each party that has manifests, its newest must be the newest that this handle's last complete
     * `list` of that party told. Otherwise somebody published since, perhaps over one of these chunks, or a party was
     * overlooked: ECHO_ERR_CONFLICT, nothing was removed. List again, spare what new manifests need, and go on (P9).
     */
    echo_status (*remove_chunks)(void *ctx, const echo_hash *names, size_t n, echo_error *err);
    /* Releases the handle; pending puts are undone. */
    void (*close)(void *ctx);

    /* ---- Version 2. Each hook may be NULL; what is said in brackets is done without then. ---- */

    /*
     * Opens another handle on the same store, for the calling thread, which may not be the one that uses this handle,
     * and while that one does. The new one may outlive it. [No thread is used, and a handle serves one party at a time:
     * what one takes back would be the other's too.]
     */
    echo_status (*reopen)(struct echo_store *out, void *ctx, echo_error *err);
    /* The parties that have manifests, ascending by key. [Garbage is not collected.] */
    echo_status (*parties)(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err);
    /* As `walk`, from the first name above *after on; after NULL: from the very first. [`walk` is used, in one step.]
     */
    echo_status (*walk_from)(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err);
    /*
     * About how many bytes the store takes, without what it keeps free; cheap, and never less for more chunks. [Garbage
     * is collected by what was written in this process.]
     */
    echo_status (*usage)(uint64_t *bytes, void *ctx, echo_error *err);
    /*
     * Pins a manifest or takes the pin off; durable when it returns. ECHO_ERR_NOT_FOUND when there is none of that
     * number, ECHO_ERR_BUSY when this handle has pending puts. `remove` answers ECHO_ERR_REFUSED for a pinned one.
     * [Nothing can be pinned.]
     */
    echo_status (*pin)(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err);
    /* Whether a manifest is pinned; false when there is none of that number. Goes with `pin`. */
    echo_status (*pinned)(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err);
    /*
     * Bytes that chunks put by this handle took, for a store that packs them; never less than before. What snapshots
     * write is counted by it. [The chunks' own lengths count.]
     */
    uint64_t (*stored)(void *ctx);
    /*
     * Makes pending puts durable and visible to others without a manifest, such as those received so far in a transfer
     * that will go on later. They are garbage until a manifest needs them. [What was received is lost when a transfer
     * is interrupted.]
     */
    echo_status (*flush)(void *ctx, echo_error *err);
} echo_store_ops;

/* A store: its table and its context. Plain data. */
typedef struct echo_store {
    const echo_store_ops *ops;
    void *ctx;
} echo_store;

/* Releases a store and clears *store; does nothing when store or its ops is NULL. */
void echo_store_close(echo_store *store);

/* A store in memory: not durable, for tests and for hosts that keep snapshots elsewhere. */
echo_status echo_store_new_memory(echo_store *out) ECHO_MUST_USE;

typedef struct echo_store_sqlite_options {
    uint32_t version; /* 1 */
    bool read_only;   /* never writes and makes no file; `create` is ignored */
    bool create;      /* make the file when it does not exist; otherwise ECHO_ERR_NOT_FOUND */
    uint32_t busy_ms; /* how long to wait for another process that is writing before ECHO_ERR_BUSY; 0: not at all */
} echo_store_sqlite_options;
#define ECHO_STORE_SQLITE_OPTIONS_INIT                                                                                 \
    { 1u, false, true, 1000u }

/*
 * The embedded default: one SQLite file (WAL, synchronous FULL, 32 KiB pages), chunks packed with zstd. options may be
 * NULL.
 *
 * Opening writes nothing: a file that does not exist is made by the first put or publish, and reads as an empty store
 * until then. A file of 0 bytes, or one whose making was cut short, counts as one that does not exist.
 *
 * ECHO_ERR_NOT_FOUND: no store there, and not to be created. ECHO_ERR_CORRUPT: not SQLite's or not ours, or damaged.
 * ECHO_ERR_VERSION: a newer format wrote it. ECHO_ERR_READONLY: may not be written to, and read_only was not asked for.
 * ECHO_ERR_BUSY, ECHO_ERR_IO (a full disk says so), ECHO_ERR_NOMEM. A file that is deleted or replaced under an open
 * handle is noticed by the next put, publish or remove, which answers ECHO_ERR_IO.
 *
 * Several processes may have the file open, on one machine (not over a network file system): one writes, the others
 * read the last published state. While it is open for writing, FILE-wal and FILE-shm stand beside it and belong to it:
 * copy all three or none.
 *
 * read_only works on a read-only directory or medium too. While nobody writes it takes no locks; a call that a writer
 * overtakes answers ECHO_ERR_BUSY, and may be made again. A FILE-wal left by a crash is read when its FILE-shm is there
 * as well; without it, ECHO_ERR_READONLY: open for writing once, which repairs it.
 */
echo_status echo_store_open_sqlite(echo_store *out, const char *path, const echo_store_sqlite_options *options,
                                   echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
