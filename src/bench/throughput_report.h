/* What came out of mode `throughput`, and what is printed of it. */
#ifndef ECHO_BENCH_THROUGHPUT_REPORT_H
#define ECHO_BENCH_THROUGHPUT_REPORT_H

#include "bench/report.h"

#define BENCH_THROUGHPUT_WAY_MAP(XX)                                                                                   \
    XX(OFF, "off")         /* no snapshots */                                                                          \
    XX(IDLE, "idle")       /* a policy that begins none */                                                             \
    XX(RUNNING, "running") /* while one of a tenth of the items is taken */                                            \
    XX(RUNNING_ALL, "running_all")
typedef enum bench_throughput_way {
#define XX(name, text) BENCH_THROUGHPUT_##name,
    BENCH_THROUGHPUT_WAY_MAP(XX)
#undef XX
        BENCH_THROUGHPUT_WAYS
} bench_throughput_way;
extern const char *const bench_throughput_way_names[BENCH_THROUGHPUT_WAYS];

typedef struct bench_throughput_set {
    const char *name;
    bench_series ns, cpu; /* per million messages */
    bench_series taken;
    double per_second, per_second_cpu; /* messages */
    double loss, loss_cpu;             /* percent of the messages per second */
} bench_throughput_set;

typedef struct bench_throughput_case {
    uint64_t items, messages;
    bool disk;
    char dir[BENCH_PATH_MAX];
    bench_throughput_set sets[BENCH_THROUGHPUT_WAYS];
} bench_throughput_case;

extern const bench_report bench_throughput_report;

#endif
