/*
 * The file: opening it when needed, recognising it, transactions.
 */
#ifndef ECHO_STORE_SQLITE_FILE_H
#define ECHO_STORE_SQLITE_FILE_H

#include "store/sqlite_state.h"

/*
 * Makes the handle ready to read. ECHO_ERR_NOT_FOUND, with err left alone: there is no store yet. ECHO_OK: the file was
 * recognised as ours, and a read-only handle is sure to look at its present state.
 */
echo_status echo__sqlite_ready(echo__sqlite *s, echo_error *err) ECHO_MUST_USE;
void echo__sqlite_disconnect(echo__sqlite *s);
/*
 * Does a piece of reading, which hands nothing out before it is done. When it was done without locks by a handle that
 * may use them, and ECHO_ERR_BUSY shows that somebody wrote meanwhile, it is done again with locks. *there false, with
 * ECHO_OK: there is no store yet, and fn was not called.
 */
typedef echo_status (*echo__sqlite_read_fn)(void *args, echo__sqlite *s, echo_error *err);
echo_status echo__sqlite_read(bool *there, echo__sqlite *s, echo__sqlite_read_fn fn, void *args,
                              echo_error *err) ECHO_MUST_USE;
/*
 * Begins a read of several statements, of a handle that is ready; inside a transaction, and without locks, nothing has
 * to be begun. *begun is for the end.
 */
echo_status echo__sqlite_begin_read(bool *begun, echo__sqlite *s, echo_error *err) ECHO_MUST_USE;
void echo__sqlite_end_read(echo__sqlite *s, bool begun);
/* Begins a transaction; creates file and tables when they do not exist. */
echo_status echo__sqlite_begin(echo__sqlite *s, echo_error *err) ECHO_MUST_USE;
/* A read transaction over several statements. The handle is ready. */
echo_status echo__sqlite_read_begin(echo__sqlite *s, echo_error *err) ECHO_MUST_USE;
void echo__sqlite_read_end(echo__sqlite *s);
/* Commits; when that fails, what was done is undone. */
echo_status echo__sqlite_commit(echo__sqlite *s, echo_error *err) ECHO_MUST_USE;
/* Undoes the open transaction, if any. */
void echo__sqlite_abandon(echo__sqlite *s);

#endif
