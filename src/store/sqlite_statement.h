/*
 * Statements, values and packed chunks.
 */
#ifndef ECHO_STORE_SQLITE_STATEMENT_H
#define ECHO_STORE_SQLITE_STATEMENT_H

#include "store/sqlite_state.h"

/* The cached statement, reset and without values. */
echo_status echo__sqlite_statement(sqlite3_stmt **out, echo__sqlite *s, echo__sql which, echo_error *err) ECHO_MUST_USE;
/*
 * Steps once: *row says whether there is one. ECHO_ERR_BUSY when a read-only handle, which takes no locks, was
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

#endif
