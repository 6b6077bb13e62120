/*
 * Decimal text of integers.
 */
#ifndef ECHO_BASE_FORMAT_H
#define ECHO_BASE_FORMAT_H

#include <echo/base.h>

#define ECHO__FORMAT_U64_CHARS 20u

/* Writes the digits without a NUL and returns their number; `out` has room for ECHO__FORMAT_U64_CHARS. */
size_t echo__format_u64(char *out, uint64_t value);

#endif
