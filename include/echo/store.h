/*
 * echo/store.h: where snapshots are kept. Open a store, hand it to a party (echo_party_options.store) or to the
 * functions of echo/snapshot.h, close it after everything that uses it.
 *
 * The library brings two: a SQLite file and one in memory. Others implement the table in echo/sys/store.h.
 *
 * Threads: calls on one store never overlap. Handles on one store (echo_store_reopen) may be used by different threads
 * at the same time.
 */
#ifndef ECHO_STORE_H
#define ECHO_STORE_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct echo_store_ops;

/* A store: its table (echo/sys/store.h) and the table's context. Plain data: a copy is the same store. */
typedef struct echo_store {
    const struct echo_store_ops *ops;
    void *ctx;
} echo_store;
#define ECHO_STORE_INIT                                                                                                \
    { NULL, NULL }

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
 * ECHO_ERR_NOT_FOUND: the file does not exist and `create` is false. ECHO_ERR_CORRUPT: the file is not SQLite's, not
 * ours, or damaged. ECHO_ERR_VERSION: a newer format wrote it. ECHO_ERR_READONLY: it cannot be written to, and
 * read_only was not set. ECHO_ERR_BUSY, ECHO_ERR_IO (the message of a full disk says so), ECHO_ERR_NOMEM. A file that
 * is deleted or replaced under an open handle is noticed by the next put, publish or remove, which returns ECHO_ERR_IO.
 *
 * Several processes may have the file open, on one machine (not over a network file system): one writes, the others
 * read the last published state. While it is open for writing, FILE-wal and FILE-shm stand beside it and belong to it:
 * copy all three or none. They are not made by opening and reading a file that nobody has written to for 2 seconds and
 * nobody has open for writing: it is read without locks, until this handle writes to it or notices, in the same call,
 * that another one has.
 *
 * read_only works on a read-only directory or medium too. A file written within the last 25 ms
 * is read after these have passed. While no other process writes, it takes no locks; a call
 * that a writer overtakes returns ECHO_ERR_BUSY and may be repeated. A FILE-wal left by a crash is read if its FILE-shm
 * exists as well; without it, ECHO_ERR_READONLY: open the store for writing once, which repairs it.
 */
echo_status echo_store_open_sqlite(echo_store *out, const char *path, const echo_store_sqlite_options *options,
                                   echo_error *err) ECHO_MUST_USE;

/* Releases a store and clears *store; does nothing when store or its table is NULL. */
void echo_store_close(echo_store *store);
/*
 * Opens another handle on the same store, for the calling thread; the new one may outlive the old one. *out has no
 * table on failure. ECHO_ERR_UNSUPPORTED: this store has no such hook. Errors of opening.
 */
echo_status echo_store_reopen(echo_store *out, const echo_store *store, echo_error *err) ECHO_MUST_USE;

/* Called per party. Any code but ECHO_OK ends the list and is returned by it. May not call the store. */
typedef echo_status (*echo_store_party_fn)(void *arg, const echo_key *party);
/* The parties that have snapshots, ascending by key. ECHO_ERR_UNSUPPORTED: this store has no such hook. */
echo_status echo_store_parties(const echo_store *store, echo_store_party_fn fn, void *arg,
                               echo_error *err) ECHO_MUST_USE;
/* About how many bytes the store takes, without its free space. ECHO_ERR_UNSUPPORTED: this store has no such hook. */
echo_status echo_store_usage(uint64_t *bytes, const echo_store *store, echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
