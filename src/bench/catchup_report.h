/* What came out of mode `catchup`, and what is printed of it. */
#ifndef ECHO_BENCH_CATCHUP_REPORT_H
#define ECHO_BENCH_CATCHUP_REPORT_H

#include "bench/peers.h"
#include "bench/report.h"

#define BENCH_CATCHUP_ROWS 8u

/* Ways of catching up. */
#define BENCH_CATCHUP_WAY_MAP(XX)                                                                                      \
    XX(PLAN, "plan") /* as the exchange chooses */                                                                     \
    XX(TAIL, "tail") /* from a member that shows no snapshot: the blocks, and applying them */
typedef enum bench_catchup_way {
#define XX(name, text) BENCH_CATCHUP_##name,
    BENCH_CATCHUP_WAY_MAP(XX)
#undef XX
        BENCH_CATCHUP_WAYS
} bench_catchup_way;
extern const char *const bench_catchup_way_names[BENCH_CATCHUP_WAYS];

typedef struct bench_catchup_set {
    const char *name, *by; /* by: "chunks" or "tail", as the last one came */
    bench_series ns, here, party, cpu, server_cpu, in, out;
    bench_fetched last;
} bench_catchup_set;

/* What happened while it was away. */
typedef struct bench_catchup_row {
    uint64_t changed, times;                    /* different items, messages to each */
    uint64_t records, chunk_bytes, block_bytes; /* bytes: of the changed items' records now, of chunks that the snapshot
                                                   put into the store, packed, of the blocks */
    bench_catchup_set sets[BENCH_CATCHUP_WAYS];
} bench_catchup_row;

typedef struct bench_catchup_case {
    uint64_t items;
    bench_link link;
    bench_catchup_row rows[BENCH_CATCHUP_ROWS];
    size_t row_count;
} bench_catchup_case;

extern const bench_report bench_catchup_report;
echo_status bench_catchup_plot(const bench *b, echo_error *err) ECHO_MUST_USE;

#endif
