/* Mode `writes`: what a snapshot writes after some of a party's items changed. */
#ifndef ECHO_BENCH_WRITES_H
#define ECHO_BENCH_WRITES_H

#include "bench/bench.h"

extern const bench_mode bench_writes_mode;

#endif
