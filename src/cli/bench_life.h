/*
 * Mode `life`: a month of a party under a policy, in simulated time. bench_life_script.c says what happens,
 * bench_life_live.c lets it happen, bench_life_opener.c measures how long opening would take at points of it.
 */
#ifndef ECHO_CLI_BENCH_LIFE_H
#define ECHO_CLI_BENCH_LIFE_H

#include "bench.h"
#include "bench_vfs.h"
#include "generate_random.h"

/* ---- bench_life_script.c ---- */

#define BENCH_LIFE_DAYS 30u
#define BENCH_LIFE_BATCH_MAX 65536u

#define BENCH_LIFE_PHASE_MAP(XX)                                                                                       \
    XX(HOT, "hot")     /* most messages go to a few items, all day long */                                             \
    XX(COLD, "cold")   /* to items anywhere, all day long */                                                           \
    XX(BURST, "burst") /* three times as many, in three bursts, half of them to some hundred items */                  \
    XX(QUIET, "quiet") /* a handful */
typedef enum bench_life_phase {
#define XX(name, text) BENCH_LIFE_##name,
    BENCH_LIFE_PHASE_MAP(XX)
#undef XX
        BENCH_LIFE_PHASES
} bench_life_phase;

/* What happens: the same for a seed, an amount of messages and of items. */
typedef struct bench_life_script {
    uint64_t messages, items; /* of the whole month; of the party */
    generate_random random;
    bench_life_phase phases[BENCH_LIFE_DAYS];
    uint64_t due[BENCH_LIFE_DAYS]; /* messages up to the end of the day */
    uint64_t told;                 /* messages so far */
    uint64_t now_ms, next_ms;      /* since it began: of the batch told last, and the next one */
    unsigned day;
    uint64_t batch, batches; /* of the day */
    uint64_t focus[256];     /* the day's items, of which the first `focus_count` count */
    uint64_t focus_count;
} bench_life_script;

typedef struct bench_life_batch {
    uint64_t at_ms;   /* since the beginning */
    uint64_t rest_ms; /* until the next */
    size_t count;
    uint32_t items[BENCH_LIFE_BATCH_MAX];
} bench_life_batch;

void bench_life_begin(bench_life_script *script, uint64_t seed, uint64_t messages, uint64_t items);
/* false: the month is over. */
bool bench_life_next(bench_life_batch *out, bench_life_script *script);

/* ---- bench_life_opener.c ---- */

/*
 * A process that opens the party as it lies on disk. It is made before the party is opened, since a process with
 * threads and an open store cannot be divided safely.
 */
typedef struct bench_opener {
    int to, from; /* pipes */
} bench_opener;

typedef struct bench_opened {
    uint64_t ns; /* median of three */
    uint64_t messages_read, chunks_read, damage;
} bench_opened;

/* dir: the party's folder; copy: an empty one. */
echo_status bench_opener_begin(bench_opener *out, const char *dir, const char *copy, const echo_key *party,
                               echo_error *err) ECHO_MUST_USE;
/* Copies the store as it is now: no snapshot may be running. */
echo_status bench_opener_copy(const bench_opener *opener, echo_error *err) ECHO_MUST_USE;
/* Opens the store that was copied last, with the feeds as they are now. */
echo_status bench_opener_open(bench_opened *out, const bench_opener *opener, echo_error *err) ECHO_MUST_USE;
void bench_opener_end(const bench_opener *opener);

/* ---- bench_life_live.c ---- */

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
    echo_hash digest, replayed; /* of the last snapshot there is */
} bench_life_result;

typedef struct bench_life_args {
    uint64_t seed, items, messages;
    bench_life_rule rule;
    const char *dir, *copy;
} bench_life_args;

/* For bench_child(). */
echo_status bench_life_live(void *result, void *args, echo_error *err);

/* ---- bench_life.c, bench_life_print.c ---- */

typedef struct bench_life_case {
    uint64_t items, messages;
    bench_life_result results[BENCH_LIFE_RULES]; /* of the last run */
    bench_series open_max[BENCH_LIFE_RULES], open_median[BENCH_LIFE_RULES], chunk_bytes[BENCH_LIFE_RULES],
        file_bytes[BENCH_LIFE_RULES], snapshots[BENCH_LIFE_RULES];
} bench_life_case;

extern const char *const bench_life_rule_names[BENCH_LIFE_RULES];
/* Chunk bytes written per byte of the feeds. */
double bench_life_factor(const bench_life_case *c, bench_life_rule rule);
void bench_life_table(const bench *b);
void bench_life_csv(const bench *b);
void bench_life_json(const bench *b);
echo_status bench_life_plot(const bench *b, echo_error *err);

#endif
