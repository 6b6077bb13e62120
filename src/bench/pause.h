/* Mode `pause`: how long messages take while a snapshot of every item is taken. */
#ifndef ECHO_BENCH_PAUSE_H
#define ECHO_BENCH_PAUSE_H

#include "bench/bench.h"

extern const bench_mode bench_pause_mode;

#endif
