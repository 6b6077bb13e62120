/* Mode `join`: a newcomer gets a party from a member's snapshot, and beside it by all blocks and replaying them. */
#ifndef ECHO_BENCH_JOIN_H
#define ECHO_BENCH_JOIN_H

#include "bench/bench.h"

extern const bench_mode bench_join_mode;

#endif
