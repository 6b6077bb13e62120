/*
 * The system's clock for measuring.
 */
#ifndef ECHO_BASE_CLOCK_H
#define ECHO_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds of a clock that never goes back; 0 when there is none. */
uint64_t echo__now_ns(void);

#endif
