/* What came out of mode `pause`, and what is printed of it. */
#ifndef ECHO_BENCH_PAUSE_REPORT_H
#define ECHO_BENCH_PAUSE_REPORT_H

#include "bench/histogram.h"
#include "bench/report.h"

/* Ways of taking it. */
#define BENCH_PAUSE_WAY_MAP(XX)                                                                                        \
    XX(THREAD, "thread")       /* the policy's default: a thread writes */                                             \
    XX(NO_THREAD, "no_thread") /* all of it in steps on the party's thread */                                          \
    XX(BLOCKING, "blocking")   /* echo_party_snapshot() between two messages */
typedef enum bench_pause_way {
#define XX(name, text) BENCH_PAUSE_##name,
    BENCH_PAUSE_WAY_MAP(XX)
#undef XX
        BENCH_PAUSE_WAYS
} bench_pause_way;

/* Shares of the messages, the last one all of them: the longest. */
#define BENCH_QUANTILES 4u
extern const char *const bench_pause_way_names[BENCH_PAUSE_WAYS];

/* One snapshot, as it comes out of its process. */
typedef struct bench_pause_run {
    bench_histogram without, during; /* per message: polling for it, and nothing else */
    uint64_t start_ns;               /* beginning the snapshot; part of the first message's time too */
    uint64_t empty_max;              /* the longest poll that brought no message */
    uint64_t messages, slowly;       /* processed while it ran; of those, after the ones at full speed */
    echo_snapshot_result result;
    bool checked;
    echo_hash replayed;
} bench_pause_run;

/* One value per run. */
typedef struct bench_pause_set {
    const char *name;
    bench_series without[BENCH_QUANTILES], during[BENCH_QUANTILES], added[BENCH_QUANTILES];
    bench_series messages, copied, worst_step, duration, bytes, steps, start, empty;
    bench_histogram all_without, all_during; /* of all runs */
    bench_pause_run last;
    uint64_t checked; /* runs whose digest was compared */
} bench_pause_set;

typedef struct bench_pause_case {
    uint64_t items, most; /* messages at full speed */
    bool disk;
    char dir[BENCH_PATH_MAX];
    bench_pause_set sets[BENCH_PAUSE_WAYS];
} bench_pause_case;

extern const bench_report bench_pause_report;
echo_status bench_pause_plot(const bench *b, echo_error *err) ECHO_MUST_USE;

#endif
