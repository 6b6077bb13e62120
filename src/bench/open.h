/* Mode `open`: opening parties, in four ways. */
#ifndef ECHO_BENCH_OPEN_H
#define ECHO_BENCH_OPEN_H

#include "bench/bench.h"

extern const bench_mode bench_open_mode;

#endif
