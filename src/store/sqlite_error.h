/*
 * Errors of the SQLite store.
 */
#ifndef ECHO_STORE_SQLITE_ERROR_H
#define ECHO_STORE_SQLITE_ERROR_H

#include "store/sqlite_state.h"

/* Whether path + suffix exists, with_content: and is not empty. */
bool echo__sqlite_has_file(const echo__sqlite *s, const char *suffix, bool with_content);
/* Whether the file that was opened without locks is the one of that name. */
bool echo__sqlite_is_same_file(const echo__sqlite *s);
/* Whether another process wrote, or may be about to write, to a file that is read without locks. */
bool echo__sqlite_overtaken(const echo__sqlite *s);
/* Whether what looks like damage may be such a write: the file was overtaken, or written within this tick. */
bool echo__sqlite_in_doubt(const echo__sqlite *s);

/* Turns SQLite's code into ours, with a message "<what>: <why> (<path>)". Damage in doubt is ECHO_ERR_BUSY. */
echo_status echo__sqlite_fail(const echo__sqlite *s, int rc, echo_error *err, const char *what);
/* The error of writing by a read-only handle. */
echo_status echo__sqlite_refuse_read_only(const echo__sqlite *s, echo_error *err);

#endif
