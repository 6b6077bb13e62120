/*
 * Filling an echo_error. Every function takes err == NULL. All return the code they were given, so that a failure is
 * one line: return echo__error(err, ECHO_ERR_CORRUPT, "leaf has no records");
 */
#ifndef ECHO_BASE_ERROR_H
#define ECHO_BASE_ERROR_H

#include <echo/base.h>

/* Starts an error: clears feed, seq and item, sets code and message (one line; see echo/base.h). */
echo_status echo__error(echo_error *err, echo_status code, const char *format, ...) ECHO_PRINTF(3, 4);
/* The same with ": <strerror(errno)>" after it; ENOMEM becomes ECHO_ERR_NOMEM, everything else is ECHO_ERR_IO. */
echo_status echo__error_errno(echo_error *err, const char *format, ...) ECHO_PRINTF(2, 3);
echo_status echo__nomem(echo_error *err);
/* Add where it happened; what is known already is not overwritten. */
void echo__error_feed(echo_error *err, const echo_key *feed);
void echo__error_seq(echo_error *err, const echo_key *feed, uint64_t seq);
void echo__error_item(echo_error *err, const void *id, size_t len);
/* Makes sure err carries `code` and some message; for hooks of others, which may leave err alone. */
echo_status echo__error_adopt(echo_error *err, echo_status code, const char *what);
/*
 * The last line of a public function, which collects its errors in one of its own: an error that was expected on the
 * way is not the caller's. On success err is left alone; on failure it becomes *own, adopted as above when `what` is
 * not NULL.
 */
echo_status echo__error_return(echo_error *err, echo_error *own, echo_status status, const char *what);
/* A NULL where none may be. */
echo_status echo__error_null(echo_error *err, const char *what);
/* Clears an error before a call whose failure has to be recognized. */
void echo__error_clear(echo_error *err);
/* Hands a failure on: *err becomes *problem, which may be the same; returns its code. */
echo_status echo__error_give(echo_error *err, const echo_error *problem);

/*
 * What a callback of ours returns to end a walk early: no error, and no code that a store, a feed source or a host's
 * hook returns. Whoever started the walk turns it into ECHO_OK; it never reaches a host.
 */
#define ECHO__STOP ((echo_status)-1000)

#endif
