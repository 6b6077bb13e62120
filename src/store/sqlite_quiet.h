/*
 * Reading without locks: a file that nobody is writing to is read as it is, and no -wal and -shm are made beside it.
 *
 * Handles that only read do this whenever there is nothing to recover. The others do it until they write, or until
 * somebody else has: from then on they use locks.
 */
#ifndef ECHO_STORE_SQLITE_QUIET_H
#define ECHO_STORE_SQLITE_QUIET_H

#include "store/sqlite_state.h"

/* Opens the file for a handle that only reads. */
echo_status echo__sqlite_open_reading(echo__sqlite *s, echo_error *err) ECHO_MUST_USE;
/* Opens the file without locks for a handle that may write, if that is safe; s->db stays NULL otherwise. */
void echo__sqlite_open_quietly(echo__sqlite *s);
/* Whether the folder takes new files. */
bool echo__sqlite_takes_files(const char *path);

#endif
