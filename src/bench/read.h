/* Opening a party and showing its data, beside what one would write without the library. */
#ifndef ECHO_BENCH_READ_H
#define ECHO_BENCH_READ_H

#include "bench/bench.h"

extern const bench_mode bench_read_mode;

#endif
