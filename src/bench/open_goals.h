/* The numbers that opening promises. */
#ifndef ECHO_BENCH_OPEN_GOALS_H
#define ECHO_BENCH_OPEN_GOALS_H

#include "bench/open_case.h"

void bench_open_judge(bench *b);

#endif
