/*
 * An HDR histogram: times of many events in little memory, with a bounded relative error. Below 128 ns each has a
 * bucket of its own; above, 64 buckets share each doubling, so that a quantile is at most 1/64 too high. The longest is
 * kept exactly. Plain data: it may be copied and sent between processes of one build.
 */
#ifndef ECHO_BENCH_HISTOGRAM_H
#define ECHO_BENCH_HISTOGRAM_H

#include <stdint.h>

#define BENCH_HISTOGRAM_BITS 42u /* times from 2^42 ns (73 minutes) on are counted as the last bucket */
#define BENCH_HISTOGRAM_BUCKETS (128u + (BENCH_HISTOGRAM_BITS - 7u) * 64u)

typedef struct bench_histogram {
    uint64_t count, max, sum;
    uint64_t buckets[BENCH_HISTOGRAM_BUCKETS];
} bench_histogram;

void bench_histogram_add(bench_histogram *histogram, uint64_t value);
/* Adds what another one has. */
void bench_histogram_merge(bench_histogram *histogram, const bench_histogram *other);
/*
 * The smallest time that at least `share` (0.0 to 1.0) of the events did not exceed, rounded up to its bucket's end;
 * at 1.0 the longest. 0 when there were none.
 */
uint64_t bench_histogram_quantile(const bench_histogram *histogram, double share);

#endif
