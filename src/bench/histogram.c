#include "bench/histogram.h"

#include <stddef.h>

#define EXACT 128u
#define PER_DOUBLING 64u
#define FIRST_DOUBLING 7u /* 2^7 is the first value that shares a bucket */

static unsigned log2_of(uint64_t value) {
    unsigned log = 0;
    while (value >>= 1) log++;
    return log;
}

static size_t bucket_of(uint64_t value) {
    if (value < EXACT) return (size_t)value;
    unsigned log = log2_of(value);
    if (log >= BENCH_HISTOGRAM_BITS) return BENCH_HISTOGRAM_BUCKETS - 1;
    uint64_t part = (value >> (log - 6)) - PER_DOUBLING; /* the six bits after the highest */
    return EXACT + (size_t)(log - FIRST_DOUBLING) * PER_DOUBLING + (size_t)part;
}

/* The greatest value of a bucket. */
static uint64_t end_of(size_t bucket) {
    if (bucket < EXACT) return bucket;
    size_t shared = bucket - EXACT;
    unsigned shift = (unsigned)(shared / PER_DOUBLING) + 1;
    return ((PER_DOUBLING + shared % PER_DOUBLING + 1) << shift) - 1;
}

void bench_histogram_add(bench_histogram *histogram, uint64_t value) {
    histogram->count++;
    histogram->sum += value;
    if (value > histogram->max) histogram->max = value;
    histogram->buckets[bucket_of(value)]++;
}

void bench_histogram_merge(bench_histogram *histogram, const bench_histogram *other) {
    histogram->count += other->count;
    histogram->sum += other->sum;
    if (other->max > histogram->max) histogram->max = other->max;
    for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) histogram->buckets[i] += other->buckets[i];
}

uint64_t bench_histogram_quantile(const bench_histogram *histogram, double share) {
    double wanted = share * (double)histogram->count;
    uint64_t seen = 0;
    if (histogram->count == 0 || share >= 1.0) return histogram->max;
    for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS - 1; i++) { /* the last one has no end */
        seen += histogram->buckets[i];
        if (seen > 0 && (double)seen >= wanted) return end_of(i) < histogram->max ? end_of(i) : histogram->max;
    }
    return histogram->max;
}
