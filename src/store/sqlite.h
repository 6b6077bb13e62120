/*
 * The SQLite store's handle and what its files share.
 *
 * Invariants
 *  - The file is opened by SQLite alone. Closing any other descriptor of it in this process would drop the locks that
 * SQLite holds.
 *  - Between calls no statement is active and, but for pending puts, no transaction is open: a reader never holds up a
 * checkpoint.
 *  - A transaction begins as IMMEDIATE: whoever has it is the only writer, and what it reads is the newest.
 */
#ifndef ECHO_STORE_SQLITE_H
#define ECHO_STORE_SQLITE_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/zip.h"
#include "store/store.h"

/* Made by the first pin; a file without it has nothing pinned. As SQLite keeps the text, which is compared. */
#define ECHO__PINS_TABLE "pins(party BLOB NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(party, number)) WITHOUT ROWID"

typedef enum echo__sql {
    ECHO__SQL_GET,
    ECHO__SQL_HAS,
    ECHO__SQL_WALK,
    ECHO__SQL_PUT,
    ECHO__SQL_DROP,
    ECHO__SQL_LIST,
    ECHO__SQL_NEWEST,
    ECHO__SQL_HEADS,
    ECHO__SQL_PUBLISH,
    ECHO__SQL_REMOVE,
    ECHO__SQL_PARTY,
    ECHO__SQL_USAGE,
    ECHO__SQL_STANDS,
    ECHO__SQL_PINS_STAND,
    ECHO__SQL_PINS_MAKE,
    ECHO__SQL_PIN,
    ECHO__SQL_UNPIN,
    ECHO__SQL_PINNED,
    ECHO__SQL_COUNT
} echo__sql;

typedef struct echo__sqlite {
    char *path; /* absolute */
    bool read_only, create;
    uint32_t busy_ms;

    sqlite3 *db; /* NULL: there is no file yet, or it has to be opened again */
    sqlite3_stmt *statements[ECHO__SQL_COUNT];
    bool has_tables;        /* the file is a snapshot store */
    atomic_bool had_tables; /* it was one once: from then on it is not created again */
    bool made_tables;       /* the open transaction makes them */
    bool wal;               /* this connection made sure of WAL */
    bool immutable;         /* opened without locks: `file` tells whether it is still the same */
    struct stat file;
    bool file_is_young; /* written so shortly before that its time may not tell the next write */

    echo__zip *zip;     /* once it was needed */
    uint64_t stored;    /* bytes of chunks put */
    bool writing;       /* puts are pending, in an open transaction */
    echo_status failed; /* pending puts were lost to this; until rollback */
    echo__seen seen;
} echo__sqlite;

/* ---- sqlite_file.c: the file ---- */

/*
 * Makes the handle ready to read. ECHO_ERR_NOT_FOUND, with err left alone: there is no store yet. ECHO_OK: the file was
 * recognised as ours, and a read-only handle is sure to look at its present state.
 */
echo_status echo__sqlite_ready(echo__sqlite *s, echo_error *err) ECHO_MUST_USE;
/* Whether somebody wrote, or may be about to write, to a file that is read without locks. */
bool echo__sqlite_overtaken(const echo__sqlite *s);
void echo__sqlite_disconnect(echo__sqlite *s);
/* Begins a transaction, making file and tables if need be. */
echo_status echo__sqlite_begin(echo__sqlite *s, echo_error *err) ECHO_MUST_USE;
/* Commits; when that fails, what was done is undone. */
echo_status echo__sqlite_commit(echo__sqlite *s, echo_error *err) ECHO_MUST_USE;
/* Undoes the open transaction, if any. */
void echo__sqlite_abandon(echo__sqlite *s);

/* ---- sqlite_statement.c: statements and values ---- */

/* Turns SQLite's code into ours, with a message "<what>: <why> (<path>)". */
echo_status echo__sqlite_fail(const echo__sqlite *s, int rc, echo_error *err, const char *what);
/* The cached statement, reset and without values. */
echo_status echo__sqlite_statement(sqlite3_stmt **out, echo__sqlite *s, echo__sql which, echo_error *err) ECHO_MUST_USE;
/*
 * Steps once: *row tells whether there is one. ECHO_ERR_BUSY when a read-only handle, which takes no locks, was
 * overtaken by a writer; the next call looks afresh. The caller ends with echo__sqlite_done, whatever came.
 */
echo_status echo__sqlite_step(bool *row, echo__sqlite *s, sqlite3_stmt *statement, echo_error *err,
                              const char *what) ECHO_MUST_USE;
void echo__sqlite_done(sqlite3_stmt *statement);
/* Runs a statement that gives no rows, to its end. */
echo_status echo__sqlite_run(echo__sqlite *s, sqlite3_stmt *statement, echo_error *err, const char *what) ECHO_MUST_USE;
/*
 * A chunk's bytes from what a row holds: a zstd frame, or the bytes themselves (docs/FORMAT.md). *out is a view of the
 * row or of the handle's memory, until the next chunk. ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, without a message;
 * ECHO_ERR_NOMEM.
 */
echo_status echo__sqlite_unpack(echo_bytes *out, echo__sqlite *s, echo_bytes data) ECHO_MUST_USE;
/* What a row holds of a chunk. */
echo_status echo__sqlite_pack(echo_bytes *out, echo__sqlite *s, echo_bytes chunk) ECHO_MUST_USE;
/* Values are borrowed until echo__sqlite_done. */
void echo__sqlite_bind_bytes(sqlite3_stmt *statement, int at, echo_bytes bytes);
void echo__sqlite_bind_hash(sqlite3_stmt *statement, int at, const echo_hash *hash);
void echo__sqlite_bind_key(sqlite3_stmt *statement, int at, const echo_key *key);
/* Columns of a row; ECHO_ERR_CORRUPT for one that is not a blob, not a number of 1 or more. */
echo_status echo__sqlite_column_bytes(echo_bytes *out, const echo__sqlite *s, sqlite3_stmt *statement, int at,
                                      echo_error *err) ECHO_MUST_USE;
echo_status echo__sqlite_column_number(uint64_t *out, const echo__sqlite *s, sqlite3_stmt *statement, int at,
                                       echo_error *err) ECHO_MUST_USE;

/* ---- sqlite_pin.c: pins ---- */

/* Whether a manifest is pinned, of a handle that is ready. Inside a transaction it stays so until the end of that. */
echo_status echo__sqlite_is_pinned(bool *out, echo__sqlite *s, const echo_key *party, uint64_t number,
                                   echo_error *err) ECHO_MUST_USE;

/* ---- sqlite_read.c, sqlite_write.c, sqlite_pin.c: the operations of sys/store.h ---- */

uint32_t echo__sqlite_capabilities(void *ctx);
echo_status echo__sqlite_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_has(bool *out, void *ctx, const echo_hash *name, echo_error *err);
echo_status echo__sqlite_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_usage(uint64_t *bytes, void *ctx, echo_error *err);
echo_status echo__sqlite_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err);
echo_status echo__sqlite_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err);
uint64_t echo__sqlite_stored(void *ctx);
echo_status echo__sqlite_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                             echo_error *err);
echo_status echo__sqlite_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest,
                                 echo_error *err);
echo_status echo__sqlite_flush(void *ctx, echo_error *err);
echo_status echo__sqlite_rollback(void *ctx, echo_error *err);
echo_status echo__sqlite_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err);
echo_status echo__sqlite_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err);
/* What a read-only handle says to those who would write. */
echo_status echo__sqlite_refuse_read_only(const echo__sqlite *s, echo_error *err);

#endif
