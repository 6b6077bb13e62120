/* Mode `catchup`: a member that was away while some of the items changed. */
#ifndef ECHO_BENCH_CATCHUP_H
#define ECHO_BENCH_CATCHUP_H

#include "bench/bench.h"

extern const bench_mode bench_catchup_mode;

#endif
