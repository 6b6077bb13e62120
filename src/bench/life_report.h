/* What came out of mode `life`, and what is printed of it. */
#ifndef ECHO_BENCH_LIFE_REPORT_H
#define ECHO_BENCH_LIFE_REPORT_H

#include "bench/life_live.h"
#include "bench/report.h"

#define BENCH_LIFE_REASONS_CHARS 120u

/* A month under one rule. */
typedef struct bench_life_set {
    const char *name;
    bench_life_result result; /* of the last run */
    bench_series open_max, open_median, chunk_bytes, file_bytes, snapshots;
    double factor, file_factor;             /* bytes of chunks, and bytes written to files, per byte of the feeds */
    char reasons[BENCH_LIFE_REASONS_CHARS]; /* "opening 12, messages 3" */
} bench_life_set;

typedef struct bench_life_case {
    uint64_t items, messages;
    bench_life_set sets[BENCH_LIFE_RULES];
} bench_life_case;

extern const char *const bench_life_rule_names[BENCH_LIFE_RULES];

extern const bench_report bench_life_report;
echo_status bench_life_plot(const bench *b, echo_error *err) ECHO_MUST_USE;

#endif
