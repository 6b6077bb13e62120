/*
 * Text of integers and stamps.
 */
#ifndef ECHO_BASE_FORMAT_H
#define ECHO_BASE_FORMAT_H

#include <echo/base.h>

#define ECHO__FORMAT_U64_CHARS 20u

/* Writes the digits without a NUL and returns their number; `out` has room for ECHO__FORMAT_U64_CHARS. */
size_t echo__format_u64(char *out, uint64_t value);

#define ECHO__FORMAT_STAMP_CHARS (3 * ECHO__FORMAT_U64_CHARS + 4)

/*
 * The short form of a stamp whose feed is the n-th of a list, without a NUL; returns its length, at most
 * ECHO__FORMAT_STAMP_CHARS. The time is mostly seq + 1 and the feed mostly the first: then it is `seq`, otherwise
 * [n,seq] with that time, or [n,seq,time].
 */
size_t echo__format_stamp(char *out, uint64_t time, uint32_t n, uint64_t seq);
/* Whether a stamp that was read in the short form is in the shortest one: what stood there, and the time that it gives.
 * *time is set when it was not stated; false when that would overflow. */
bool echo__stamp_is_short(uint64_t *time, uint64_t n, uint64_t seq, bool listed, bool timed);

#endif
