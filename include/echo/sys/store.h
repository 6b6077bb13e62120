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
 * Pending puts: those since the last publish, flush or rollback. They are visible to this handle alone. They form one
 * transaction with the next publish, and while a handle has some, every other handle that wants to write to the same
 * store gets ECHO_ERR_BUSY. A `put`, `publish`, `publish_as` or `flush` that fails undoes all pending puts. When puts
 * of earlier calls are lost that way, put and publish go on answering the same code until `rollback` is called, so that
 * a retry cannot publish a manifest whose chunks are gone.
 *
 * Limits: a chunk or manifest may have 0 bytes; every store takes chunks up to ECHO_STORE_BYTES_MAX, and manifests up
 * to ECHO_STORE_MANIFEST_MAX, and may refuse longer ones, on the way in and on the way out, with ECHO_ERR_LIMIT.
 * Numbers run from 1 to INT64_MAX.
 *
 * Callbacks: a view is valid during the call only. What a callback returns ends the call when it is not ECHO_OK and is
 * returned unchanged, without touching err. Only `list` allows its callback to call the store.
 *
 * Threads: calls on one handle never overlap. Handles on one store (`reopen`) may be used by different threads at the
 * same time.
 */
#ifndef ECHO_SYS_STORE_H
#define ECHO_SYS_STORE_H

#include <echo/store.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ECHO_STORE_OPS_VERSION 1u

#define ECHO_STORE_BYTES_MAX ((size_t)64 << 20)
#define ECHO_STORE_MANIFEST_MAX ((size_t)16 << 20)

/* Capability bits. */
#define ECHO_STORE_DURABLE 1u /* survives the process */
#define ECHO_STORE_READONLY                                                                                            \
    2u /* put, publish, remove and remove_chunks return ECHO_ERR_READONLY; rollback does nothing */

/* Called exactly once by `get` with a view of the chunk; its result is get's result. fn may not call the store. */
typedef echo_status (*echo_chunk_fn)(void *arg, echo_bytes bytes);
/* Called per chunk by `walk`; size: the bytes it takes in the store. Any code but ECHO_OK ends the walk and is returned
 * by it. fn may not call the store. */
typedef echo_status (*echo_walk_fn)(void *arg, const echo_hash *name, uint64_t size);
/* Called per manifest by `list`, newest (highest number) first. Any code but ECHO_OK ends the list and is returned by
 * it. */
typedef echo_status (*echo_manifest_fn)(void *arg, uint64_t number, echo_bytes manifest);

/* Chunk `at` of those asked for. The bytes are a view, valid during the call; fn must not call the store. */
typedef echo_status (*echo_chunk_at_fn)(void *arg, size_t at, echo_bytes bytes);

typedef struct echo_store_ops {
    uint32_t version; /* ECHO_STORE_OPS_VERSION. Another one is refused with ECHO_ERR_VERSION */

    /* ---- Required: a table without one of them is refused with ECHO_ERR_INVALID, which names it. ---- */

    /* Capability bits of this handle. */
    uint32_t (*capabilities)(void *ctx);
    /* ECHO_ERR_NOT_FOUND without calling fn when there is no such chunk. */
    echo_status (*get)(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err);
    /* Whether the chunk exists, without reading it. *out is false on failure. */
    echo_status (*has)(bool *out, void *ctx, const echo_hash *name, echo_error *err);
    /*
     * Puts n chunks; names[i] is the hash of chunks[i], computed by the caller. A chunk that exists is left as it is
     * and not counted in *written, which may be NULL and is set on success only. A chunk that exists with other bytes
     * is damaged: it is replaced, and counted, so that snapshots that need it become whole again.
     */
    echo_status (*put)(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                       echo_error *err);
    /*
     * Publishes a manifest for a party, if the newest number stored for it is `expected` (0: no manifest so far), as
     * number expected + 1, and makes all puts so far durable with it. ECHO_ERR_CONFLICT when another number is newest:
     * nothing was published, pending puts are undone.
     */
    echo_status (*publish)(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest, echo_error *err);
    /* Undoes pending puts. */
    echo_status (*rollback)(void *ctx, echo_error *err);
    /*
     * The party's manifests, newest first; ECHO_OK also when it has no manifest. fn may call the store. A manifest
     * that is published or removed meanwhile, by fn or by others, may or may not be listed; each one listed was
     * published. One that is too long is listed without bytes: their address is NULL then, and
     * that of others is not.
     */
    echo_status (*list)(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err);
    /*
     * Removes one manifest; durable when it returns. ECHO_ERR_NOT_FOUND when no manifest has that number.
     * ECHO_ERR_BUSY when this handle has pending puts. After the newest is removed, its number is given out again.
     */
    echo_status (*remove)(void *ctx, const echo_key *party, uint64_t number, echo_error *err);
    /*
     * All chunks, in ascending order of hash, pending ones included. Chunks that others publish or remove meanwhile may
     * or may not be among them.
     */
    echo_status (*walk)(void *ctx, echo_walk_fn fn, void *arg, echo_error *err);
    /*
     * Removes chunks by name, all or none; absent ones are no error. Durable when it returns. ECHO_ERR_BUSY when this
     * handle has pending puts. Which chunks are needed follows from the manifests the caller listed, so the store
     * compares: for each party that has manifests, its newest manifest must be the newest that this handle's last
     * complete `list` of that party reported. Otherwise somebody published since, perhaps over one of these chunks, or
     * a party was overlooked: ECHO_ERR_CONFLICT, nothing was removed. List again, keep what new manifests need, and go
     * on (P9).
     */
    echo_status (*remove_chunks)(void *ctx, const echo_hash *names, size_t n, echo_error *err);
    /* Releases the handle; pending puts are undone. */
    void (*close)(void *ctx);

    /* ---- Optional: each may be NULL, and the brackets say what happens then. ---- */

    /*
     * Opens another handle on the same store for the calling thread, which may be another than the one that is using
     * this handle at that moment. The new handle may outlive this one. [No thread is used, and a
     * handle serves one party at a time: a rollback for one party would undo the puts of the other.]
     */
    echo_status (*reopen)(struct echo_store *out, void *ctx, echo_error *err);
    /* The parties that have manifests, ascending by key. [Garbage is not collected.] */
    echo_status (*parties)(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err);
    /* As `walk`, beginning with the first name above *after; NULL: with the first of all. [`walk` is used, in one
     * step.]
     */
    echo_status (*walk_from)(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err);
    /*
     * About how many bytes the store takes, without its free space; cheap, and never less for more chunks. [When
     * garbage is collected depends on the bytes written by this process.]
     */
    echo_status (*usage)(uint64_t *bytes, void *ctx, echo_error *err);
    /*
     * Pins a manifest or takes the pin off; durable when it returns. ECHO_ERR_NOT_FOUND when no manifest has that
     * number, ECHO_ERR_BUSY when this handle has pending puts. `remove` returns ECHO_ERR_REFUSED for a pinned one.
     * [Nothing can be pinned.]
     */
    echo_status (*pin)(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err);
    /* Whether a manifest is pinned; false when no manifest has that number. Required with `pin`, and only with it. */
    echo_status (*pinned)(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err);
    /*
     * Bytes that the chunks put by this handle have taken so far, for a store that compresses them. What snapshots
     * write is measured with it. [The chunks' own lengths count.]
     */
    uint64_t (*stored)(void *ctx);
    /*
     * Makes pending puts durable and visible to others without a manifest, such as those received so far in a transfer
     * that will go on later. They are garbage until a manifest needs them. [An interrupted transfer begins
     * anew.]
     */
    echo_status (*flush)(void *ctx, echo_error *err);
    /*
     * As `publish`, but under `number`, which is above `expected`. A snapshot that is copied from another store keeps
     * its number, because its manifest states it and is signed; so numbers may be left out. ECHO_ERR_INVALID when the
     * number is not above `expected`. [Only a snapshot with the number expected + 1 can be copied to this store.]
     */
    echo_status (*publish_as)(void *ctx, const echo_key *party, uint64_t expected, uint64_t number, echo_bytes manifest,
                              echo_error *err);
    /*
     * As `get` for n chunks, which costs a store less than n gets; names is the caller's. Chunks that do not exist are
     * left out. A code of fn ends it and is returned. [`get` is called for each.]
     */
    echo_status (*get_many)(void *ctx, const echo_hash *names, size_t n, echo_chunk_at_fn fn, void *arg,
                            echo_error *err);
} echo_store_ops;

#ifdef __cplusplus
}
#endif
#endif
