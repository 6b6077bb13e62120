#include "bench/series.h"

#include <stdlib.h>

void bench_series_add(bench_series *series, uint64_t value) {
    if (series->count < BENCH_RUNS_MAX) series->list[series->count++] = value;
}

static int ascending(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

bench_range bench_range_of(const bench_series *series) {
    bench_series sorted = *series;
    if (series->count == 0) return (bench_range){0, 0, 0};
    qsort(sorted.list, sorted.count, sizeof *sorted.list, ascending);
    return (bench_range){sorted.list[sorted.count / 2], sorted.list[0], sorted.list[sorted.count - 1]};
}

uint64_t bench_median(const bench_series *series) { return bench_range_of(series).median; }
