/*
 * Errors of the SQLite store.
 */
#ifndef ECHO_STORE_SQLITE_ERROR_H
#define ECHO_STORE_SQLITE_ERROR_H

#include "store/sqlite_state.h"

/* Turns SQLite's code into ours, with a message "<what>: <why> (<path>)". */
echo_status echo__sqlite_fail(const echo__sqlite *s, int rc, echo_error *err, const char *what);
/* The error of writing by a read-only handle. */
echo_status echo__sqlite_refuse_read_only(const echo__sqlite *s, echo_error *err);

#endif
