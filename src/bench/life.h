/* Mode `life`: a month of a party under a policy, in simulated time. */
#ifndef ECHO_BENCH_LIFE_H
#define ECHO_BENCH_LIFE_H

#include "bench/bench.h"

extern const bench_mode bench_life_mode;

#endif
