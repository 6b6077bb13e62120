/* Mode `throughput`: messages per second, without snapshots and while they are taken. */
#ifndef ECHO_BENCH_THROUGHPUT_H
#define ECHO_BENCH_THROUGHPUT_H

#include "bench/bench.h"

extern const bench_mode bench_throughput_mode;

#endif
