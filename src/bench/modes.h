/* What can be measured. */
#ifndef ECHO_BENCH_MODES_H
#define ECHO_BENCH_MODES_H

#include "bench/bench.h"

/* In the order in which `all` runs them; ends with NULL. The first is the default. */
extern const bench_mode *const bench_modes[];

#endif
