/* What was measured several times: one value per run. */
#ifndef ECHO_BENCH_SERIES_H
#define ECHO_BENCH_SERIES_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_RUNS_MAX 99u

typedef struct bench_series {
    uint64_t list[BENCH_RUNS_MAX];
    size_t count;
} bench_series;

typedef struct bench_range {
    uint64_t median, min, max;
} bench_range;

void bench_series_add(bench_series *series, uint64_t value);
bench_range bench_range_of(const bench_series *series);
uint64_t bench_median(const bench_series *series);

#endif
