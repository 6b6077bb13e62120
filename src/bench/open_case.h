/* What is measured of a party in mode `open`. */
#ifndef ECHO_BENCH_OPEN_CASE_H
#define ECHO_BENCH_OPEN_CASE_H

#include "bench/bench.h"

#define BENCH_ID_MAX 128u

/* Ways of opening, slowest first. */
#define BENCH_WAY_MAP(XX)                                                                                              \
    XX(REPLAY, "replay") /* no snapshot: the oracle */                                                                 \
    XX(EAGER, "eager")   /* every item's state made */                                                                 \
    XX(LAZY, "lazy")                                                                                                   \
    XX(FIRST, "first_item") /* lazy and without a tail, until a random item's state is there */

typedef enum bench_way {
#define XX(name, text) BENCH_##name,
    BENCH_WAY_MAP(XX)
#undef XX
        BENCH_WAYS
} bench_way;

/* One opening. */
typedef struct bench_opening {
    uint64_t ns;  /* all of it */
    uint64_t cpu; /* of that, what the process computed: the same on a busy machine */
    uint64_t ns_open, ns_feeds, ns_tail, ns_hydrate; /* as the restore report has them */
    uint64_t peak;                                   /* resident memory at most */
    uint64_t kept;                                   /* resident memory that opening added */
    uint64_t messages_read, messages_skipped, messages_refused;
    uint64_t chunks_read, chunk_bytes_read, items_hydrated, items;
    uint64_t damage;
} bench_opening;

/* cJSON_Parse of all records of its snapshot. */
typedef struct bench_parsing {
    uint64_t ns, cpu;
} bench_parsing;

/* A snapshot taken of it. */
typedef struct bench_taken {
    uint64_t ns;
    uint64_t items, chunks, bytes; /* written */
    uint64_t number;
    echo_hash digest;
} bench_taken;

/* The party under measurement, as it lies in its folder. */
typedef struct bench_party {
    echo_key key;
    uint64_t messages; /* blocks of its feeds */
    uint64_t tail;     /* of those, after the snapshot */
    uint64_t feeds;
    uint64_t block_bytes;  /* of the messages made here, 0 for a folder that was given */
    uint64_t data_bytes;   /* of its feeds */
    uint64_t items;        /* in the snapshot */
    uint64_t record_bytes; /* of their lines */
    bench_taken snapshot;
    size_t id_count;
    char ids[BENCH_RUNS_MAX][BENCH_ID_MAX + 1]; /* random items of the snapshot */
} bench_party;

typedef struct bench_case {
    uint64_t items, messages, tail; /* asked for; 0 for a folder that was given */
    char dir[BENCH_PATH_MAX];
    bench_party party;
    bench_opening last[BENCH_WAYS]; /* of the last run: counts do not vary */
    bench_series ns[BENCH_WAYS], cpu[BENCH_WAYS], hydrate[BENCH_WAYS], peak[BENCH_WAYS], kept[BENCH_WAYS];
    bench_series parse, parse_cpu; /* cJSON_Parse of all records */
    bench_series read;             /* the feeds' data, once through */
    bench_taken update;            /* the snapshot taken after the tail */
    echo_hash digest;              /* of full replay */
    /* What follows from these: */
    uint64_t messages_per_second, cpu_messages_per_second, read_bytes_per_second; /* the first two: of replay */
    bool agrees; /* counts are as they must be, and the update's digest is that of replay */
    char disagreement[160];
} bench_case;

static inline bench_case *bench_open_cases(const bench *b) { return b->cases; }

#endif
