/* The month itself. */
#ifndef ECHO_BENCH_LIFE_LIVE_H
#define ECHO_BENCH_LIFE_LIVE_H

#include <echo/echo.h>

#include "bench/vfs.h"

#define BENCH_LIFE_RULE_MAP(XX)                                                                                        \
    XX(POLICY, "policy") /* the default policy */                                                                      \
    XX(FIXED, "fixed")   /* a snapshot every 1,000 messages */
typedef enum bench_life_rule {
#define XX(name, text) BENCH_LIFE_##name,
    BENCH_LIFE_RULE_MAP(XX)
#undef XX
        BENCH_LIFE_RULES
} bench_life_rule;

#define BENCH_LIFE_POINTS 256u
#define BENCH_LIFE_REASONS 16u

/* How things stood at a moment; bytes since the beginning. */
typedef struct bench_life_point {
    uint64_t at_ms, messages, open_ns, tail, snapshots;
    uint64_t feed_bytes, chunk_bytes, file_bytes;
    bool before; /* a snapshot was about to be taken: opening is slowest then */
} bench_life_point;

typedef struct bench_life_result {
    bench_life_point points[BENCH_LIFE_POINTS];
    size_t point_count;
    uint64_t messages, feed_bytes, chunk_bytes, snapshots, chunks_removed, damage;
    bench_vfs_counts files;
    uint64_t reasons[BENCH_LIFE_REASONS]; /* snapshots by echo_snapshot_reason */
    uint64_t ns_worst_step;
    echo_hash digest, replayed; /* of the newest snapshot */
} bench_life_result;

typedef struct bench_life_args {
    uint64_t seed, items, messages;
    bench_life_rule rule;
    const char *dir, *copy;
    unsigned openings; /* at each point: its time is their median */
} bench_life_args;

/* For bench_child(). */
echo_status bench_life_live(void *result, void *args, echo_error *err);

#endif
