/*
 * The benchmark inside. bench.c reads options and tells results, bench_open.c says what is measured, the rest is what that needs.
 *
 * Every measurement runs in a process of its own, so that memory is that of the measurement alone and none profits from what
 * another left in the allocator. All times are nanoseconds of the monotonic clock, all sizes bytes.
 */
#ifndef ECHO_CLI_BENCH_H
#define ECHO_CLI_BENCH_H

#include "cli.h"

#define BENCH_RUNS_MAX 99u
#define BENCH_SIZES_MAX 16u
#define BENCH_ID_MAX 128u
#define BENCH_PATH_MAX 4096u

typedef struct bench_sizes {
    uint64_t list[BENCH_SIZES_MAX];
    size_t count;
} bench_sizes;

typedef struct bench_options {
    bench_sizes items, messages; /* empty: not given */
    size_t feeds;
    uint64_t tail;
    uint64_t seed;
    size_t runs;
    const char *dir;       /* NULL: TMPDIR or /tmp */
    const char *party_dir; /* NULL: parties are made */
    bool csv, json, keep, quick;
} bench_options;

/* One value per run. */
typedef struct bench_series {
    uint64_t list[BENCH_RUNS_MAX];
    size_t count;
} bench_series;

typedef struct bench_range {
    uint64_t median, min, max;
} bench_range;

/* ---- what is measured of a party ---- */

/* Ways of opening, slowest first. */
#define BENCH_WAY_MAP(XX)                                                                                                          \
    XX(REPLAY, "replay") /* no snapshot: the oracle */                                                                             \
    XX(EAGER, "eager")   /* every item's state made */                                                                             \
    XX(LAZY, "lazy")                                                                                                               \
    XX(FIRST, "first_item") /* lazy and without a tail, until a random item's state is there */

typedef enum bench_way {
#define XX(name, text) BENCH_##name,
    BENCH_WAY_MAP(XX)
#undef XX
        BENCH_WAYS
} bench_way;

/* One opening. */
typedef struct bench_opening {
    uint64_t ns;                                     /* all of it */
    uint64_t cpu;                                    /* of that, what the process computed: the same on a busy machine */
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
    uint64_t tail;     /* of those, behind the snapshot */
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
    bench_taken update;            /* the snapshot taken behind the tail */
    echo_hash digest;              /* of full replay */
    bool agrees;                   /* counts are as they must be, and the update's digest is that of replay */
    char disagreement[160];
} bench_case;

/* The machine's own limits. */
typedef struct bench_machine {
    bench_series hashes;   /* BLAKE2b-256 of 150 bytes, per second */
    bench_series verifies; /* Ed25519 signatures of 40 bytes, per second */
    bench_series sync;     /* 4 KiB appended and synced */
} bench_machine;

typedef struct bench_goal {
    char text[120];
    char value[80]; /* what was measured */
    bool measured, met;
} bench_goal;
#define BENCH_GOALS 5u

typedef struct bench {
    echo_cli *cli;
    bench_options options;
    char work[BENCH_PATH_MAX]; /* folder of our own, "" while there is none */
    uint64_t steps_done, steps;
    bench_machine machine;
    bench_case *cases;
    size_t count;
    bench_goal goals[BENCH_GOALS];
} bench;

/* ---- bench_child.c ---- */

typedef echo_status (*bench_child_fn)(void *result, void *arg, echo_error *err);
/* Runs fn in a process of its own; `size` bytes at `result` (zeroed first) come back through a pipe. */
echo_status bench_child(void *result, size_t size, bench_child_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;
uint64_t bench_now_ns(void);
/* Time this process computed, user and system. */
uint64_t bench_cpu_ns(void);
/* Resident memory: at most since the process began, and now (0: unknown). */
uint64_t bench_memory_peak(void);
uint64_t bench_memory_now(void);
/* Ctrl-C ends the running measurement with ECHO_ERR_IO, so that the folder is removed. */
void bench_catch_signals(void);
echo_status bench_fail(echo_error *err, echo_status status, const char *format, ...) ECHO_PRINTF(3, 4);

/* ---- bench_folder.c ---- */

/* A new empty folder below `parent`. */
echo_status bench_folder_make(char path[BENCH_PATH_MAX], const char *parent, echo_error *err) ECHO_MUST_USE;
/* Removes it with all that is in it. Links are removed, not followed. */
void bench_folder_remove(const char *path);
/* Copies the feeds of a party's folder, without secret keys and without snapshots. */
echo_status bench_folder_copy_feeds(const char *to, const char *from, echo_error *err) ECHO_MUST_USE;
/* Reads all that the feeds hold, once through. */
echo_status bench_folder_read_data(uint64_t *bytes, const char *path, echo_error *err) ECHO_MUST_USE;
echo_status bench_path(char out[BENCH_PATH_MAX], const char *dir, const char *name, echo_error *err) ECHO_MUST_USE;

/* ---- bench_party.c ---- */

/* Makes c->dir: a party of c's size, or a copy of the folder that was given; with a snapshot, and the tail behind it. */
echo_status bench_party_make(bench *b, bench_case *c, echo_error *err) ECHO_MUST_USE;
/* Takes a snapshot of the party in a folder, into its store or, with `replay`, of its replay and into memory. */
echo_status bench_party_snapshot(bench_taken *out, const bench_case *c, bool replay, echo_error *err) ECHO_MUST_USE;

/* ---- bench_open.c, bench_machine.c ---- */

/* Fills b->cases. */
echo_status bench_open_plan(bench *b, echo_error *err) ECHO_MUST_USE;
echo_status bench_open_run(bench *b, echo_error *err) ECHO_MUST_USE;
echo_status bench_machine_run(bench *b, echo_error *err) ECHO_MUST_USE;
/* Parses all records of the case's first snapshot with cJSON alone. */
echo_status bench_machine_parse(bench_parsing *out, const bench_case *c, echo_error *err) ECHO_MUST_USE;

/* ---- bench_goals.c, bench_print.c ---- */

void bench_goals_judge(bench *b);
void bench_series_add(bench_series *series, uint64_t value);
bench_range bench_range_of(const bench_series *series);
void bench_print_table(const bench *b);
void bench_print_csv(const bench *b);
void bench_print_json(const bench *b);

#endif
