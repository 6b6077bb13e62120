/*
 * The system's clocks: one for measuring, one for dates.
 */
#ifndef ECHO_BASE_CLOCK_H
#define ECHO_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds of a clock that never goes back; 0 when the system has none. */
uint64_t echo__now_ns(void);
/* Milliseconds since 1970. */
int64_t echo__wall_ms(void);
/* Milliseconds since 1970 as RFC 3339 text in UTC, to the second, NUL-terminated; empty when there is no such date. */
#define ECHO__DATE_CHARS 32u
void echo__date(char out[ECHO__DATE_CHARS], int64_t ms);

#endif
