/* What came out of mode `join`, and what is printed of it. */
#ifndef ECHO_BENCH_JOIN_REPORT_H
#define ECHO_BENCH_JOIN_REPORT_H

#include "bench/packed_size.h"
#include "bench/peers.h"
#include "bench/report.h"

/* Ways of joining. */
#define BENCH_JOIN_WAY_MAP(XX)                                                                                         \
    XX(SNAPSHOT, "snapshot") /* from one member's snapshot, and the blocks after it */                                 \
    XX(FIVE, "five")         /* the same from five members at the same state */                                        \
    XX(REPLAY, "replay")     /* from a member without one: every block, with proofs, and replay */
typedef enum bench_join_way {
#define XX(name, text) BENCH_JOIN_##name,
    BENCH_JOIN_WAY_MAP(XX)
#undef XX
        BENCH_JOIN_WAYS
} bench_join_way;
extern const char *const bench_join_way_names[BENCH_JOIN_WAYS];

typedef struct bench_join_set {
    const char *name;
    double of_need; /* received, by what is needed: the packed state and the tail */
    double faster;  /* times, than by replay */
    bench_series ns, usable, first, installed, here, party, cpu, server_cpu, peak;
    bench_series first_bytes, in, out;
    bench_fetched last; /* counts do not vary */
} bench_join_set;

typedef struct bench_join_case {
    uint64_t items, messages, tail;  /* of all messages, this many are after the snapshot */
    uint64_t covered;                /* messages and credentials that the snapshot covers */
    uint64_t tail_bytes, feed_bytes; /* of blocks */
    uint64_t need_bytes;             /* of the packed state and the tail */
    bench_link link;
    char dir[BENCH_PATH_MAX];
    echo_key party;
    bench_packed_size state;
    bench_join_set sets[BENCH_JOIN_WAYS];
} bench_join_case;

extern const bench_report bench_join_report;
echo_status bench_join_plot(const bench *b, echo_error *err) ECHO_MUST_USE;

#endif
