/* Mode `join`: a newcomer gets a party from a member's snapshot, and beside it by all blocks and replaying them. */
#ifndef ECHO_CLI_BENCH_JOIN_H
#define ECHO_CLI_BENCH_JOIN_H

#include "bench.h"
#include "bench_peers.h"

/* Ways of joining. */
#define BENCH_JOIN_WAY_MAP(XX)                                                                                         \
    XX(SNAPSHOT, "snapshot") /* from one member's snapshot, and the blocks behind it */                                \
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
    bench_series ns, usable, first, installed, here, party, cpu, server_cpu, peak;
    bench_series first_bytes, in, out;
    bench_fetched last; /* counts do not vary */
} bench_join_set;

typedef struct bench_join_case {
    uint64_t items, messages, tail;  /* of all messages, so many are behind the snapshot */
    uint64_t covered;                /* messages and credentials that the snapshot covers */
    uint64_t tail_bytes, feed_bytes; /* of blocks */
    char dir[BENCH_PATH_MAX];
    echo_key party;
    bench_state_size state;
    bench_join_set sets[BENCH_JOIN_WAYS];
} bench_join_case;

void bench_join_table(const bench *b);
void bench_join_csv(const bench *b);
void bench_join_json(const bench *b);
echo_status bench_join_plot(const bench *b, echo_error *err);

#endif
