/*
 * One run of echo-snapshot-bench: its options and its results so far. main.c runs the modes and reports,
 * options.c reads options, modes.c lists the modes; each mode is a table of functions in a file of its name, and
 * <mode>_report.c says what is printed.
 */
#ifndef ECHO_BENCH_BENCH_H
#define ECHO_BENCH_BENCH_H

#include "bench/folder.h"
#include "bench/link.h"
#include "bench/machine.h"
#include "bench/series.h"
#include "cli/cli.h"

typedef struct bench bench;

#define BENCH_SIZES_MAX 16u

typedef struct bench_sizes {
    uint64_t list[BENCH_SIZES_MAX];
    size_t count;
} bench_sizes;

typedef struct bench_options {
    const char *mode;            /* NULL: not given */
    bench_sizes items, messages; /* empty: not given */
    uint64_t feeds, tail, seed;
    uint64_t runs;         /* 0: not given */
    const char *dir;       /* NULL: TMPDIR or /tmp */
    const char *party_dir; /* NULL: parties are made */
    const char *plot;      /* folder for plots, NULL: none */
    bench_link link;       /* between peers */
    bool csv, json, keep, quick, disk;
} bench_options;

/* Options that not every mode takes, as bits. */
#define BENCH_TAKES_ITEMS (UINT64_C(1) << 4)
#define BENCH_TAKES_MESSAGES (UINT64_C(1) << 5)
#define BENCH_TAKES_SHAPE (UINT64_C(1) << 6 | UINT64_C(1) << 7) /* --feeds, --tail */
#define BENCH_TAKES_FOLDER (UINT64_C(1) << 8 | ECHO_CLI_PARTY)  /* --party-dir, --party */
#define BENCH_TAKES_DISK (UINT64_C(1) << 9)
#define BENCH_TAKES_LINK (UINT64_C(1) << 10)

/* What can be measured. Every function has b->work, a folder to work in, and reads b->options. */
typedef struct bench_mode {
    const char *name;
    uint64_t takes;     /* BENCH_TAKES_... */
    uint64_t takes_one; /* of those: one number, no list */
    size_t runs;        /* the default of --runs */
    /* Measures, fills b->cases and b->goals, and calls bench_wrong() for wrong results. */
    echo_status (*run)(bench *b, echo_error *err);
    const struct bench_report *report; /* what is printed of the cases */
    /* Writes data for gnuplot and draws it; NULL: no plots. */
    echo_status (*plot)(const bench *b, echo_error *err);
} bench_mode;

typedef struct bench_goal {
    char text[120];
    char value[120]; /* what was measured */
    bool measured, met;
} bench_goal;
#define BENCH_GOALS 64u
#define BENCH_WRONG_MAX 16u
#define BENCH_WRONG_CHARS 200u

struct bench {
    echo_cli *cli;
    const char *program; /* argv[0] */
    bench_options options;
    const bench_mode *mode;    /* NULL: all of them */
    char work[BENCH_PATH_MAX]; /* folder of our own, "" before it is made */
    uint64_t steps_done, steps;
    bench_machine machine;
    void *cases; /* the mode's own, `count` of them; of one piece, released by free() */
    size_t count;
    bench_goal goals[BENCH_GOALS];
    size_t goal_count;
    char wrong[BENCH_WRONG_MAX][BENCH_WRONG_CHARS]; /* wrong results */
    size_t wrong_count;
};

/* Another case, zeroed; NULL: no memory. Moves the ones before. */
void *bench_case_add(bench *b, size_t size, echo_error *err);
/* Updates the progress line: the next step begins. */
void bench_tick(bench *b, const char *what);
/* Records a wrong result. */
void bench_wrong(bench *b, const char *format, ...) ECHO_PRINTF(2, 3);
/* Another goal; fill in value, measured and met. */
bench_goal *bench_goal_add(bench *b, const char *format, ...) ECHO_PRINTF(2, 3);

#endif
