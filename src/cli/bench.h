/*
 * The benchmark inside. bench.c runs what was asked for and tells it, bench_options.c reads options; each mode is a
 * table of functions in a file of its name, the rest is what they share.
 *
 * Every measurement runs in a process of its own, so that memory is that of the measurement alone and none profits from
 * what another left in the allocator. All times are nanoseconds of the monotonic clock, all sizes bytes.
 */
#ifndef ECHO_CLI_BENCH_H
#define ECHO_CLI_BENCH_H

#include "bench_link.h"
#include "cli.h"

typedef struct bench bench;

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
    const char *plot;      /* folder for plots, NULL: none */
    bench_link link;       /* between peers */
    bool csv, json, keep, quick, disk;
} bench_options;

/* Options that not every mode takes, as bits. */
#define BENCH_TAKES_ITEMS (1u << 0)
#define BENCH_TAKES_MESSAGES (1u << 1)
#define BENCH_TAKES_SHAPE (1u << 2)  /* --feeds, --tail */
#define BENCH_TAKES_FOLDER (1u << 3) /* --party-dir, --party */
#define BENCH_TAKES_DISK (1u << 4)
#define BENCH_TAKES_LINK (1u << 5)

/* What can be measured. Every function has b->work, a folder to work in, and looks at b->options. */
typedef struct bench_mode {
    const char *name;
    uint32_t takes;
    uint32_t takes_one; /* of those: one number, no list */
    size_t runs;        /* unless --runs says otherwise */
    /* Measures, fills b->cases, b->goals and what b->wrong has to say. */
    echo_status (*run)(bench *b, echo_error *err);
    void (*table)(const bench *b);
    void (*csv)(const bench *b);
    void (*json)(const bench *b); /* elements of the array "cases", which is open */
    /* Data and scripts for gnuplot, by bench_plot_begin and bench_plot_end. */
    echo_status (*plot)(const bench *b, echo_error *err);
} bench_mode;

extern const bench_mode bench_open_mode, bench_pause_mode, bench_throughput_mode, bench_writes_mode, bench_life_mode,
    bench_join_mode, bench_catchup_mode;

/* One value per run. */
typedef struct bench_series {
    uint64_t list[BENCH_RUNS_MAX];
    size_t count;
} bench_series;

typedef struct bench_range {
    uint64_t median, min, max;
} bench_range;

/* The machine's own limits. */
typedef struct bench_machine {
    bench_series hashes;   /* BLAKE2b-256 of 150 bytes, per second */
    bench_series verifies; /* Ed25519 signatures of 40 bytes, per second */
    bench_series sync;     /* 4 KiB appended and synced */
} bench_machine;

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
    bench_options options;
    const bench_mode *mode;    /* NULL: all of them */
    char work[BENCH_PATH_MAX]; /* folder of our own, "" while there is none */
    uint64_t steps_done, steps;
    bench_machine machine;
    void *cases; /* the mode's own, `count` of them; of one piece, released by free() */
    size_t count;
    bench_goal goals[BENCH_GOALS];
    size_t goal_count;
    char wrong[BENCH_WRONG_MAX][BENCH_WRONG_CHARS]; /* results that are not what they must be */
    size_t wrong_count;
};

/* ---- bench_options.c ---- */

/* Reads the arguments; ECHO_CLI_EXIT_OK, or the exit code of what was told already. */
int bench_options_read(bench *b, int argc, char **argv);
void bench_options_help(echo_cli_out *out);
/* "open", "pause", ...; NULL-terminated, in the order in which `all` runs them. */
extern const bench_mode *const bench_modes[];

/* ---- bench.c ---- */

/* Another case, zeroed; NULL: no memory. Moves the ones before. */
void *bench_case_add(bench *b, size_t size, echo_error *err);
void bench_tick(bench *b, const char *what);
/* A result that is not what it must be. */
void bench_wrong(bench *b, const char *format, ...) ECHO_PRINTF(2, 3);
/* Another goal; fill in value, measured and met. */
bench_goal *bench_goal_add(bench *b, const char *format, ...) ECHO_PRINTF(2, 3);

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
/* All of it, through a pipe; false: the other end is gone. */
bool bench_pipe_write(int fd, const void *data, size_t len);
bool bench_pipe_read(int fd, void *data, size_t len);
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
#define BENCH_FOLDER_FILES 64u
/* What a folder holds: per file a hash of its name, size, time of change and content. */
typedef struct bench_folder_state {
    echo_hash files[BENCH_FOLDER_FILES];
    size_t count;
} bench_folder_state;
/* Copies a file that is there into a folder, in place of what is there. A file that is not there is removed there too.
 */
echo_status bench_folder_copy_file(const char *to, const char *from, const char *name, echo_error *err) ECHO_MUST_USE;
/* Looks at every file in it and below. ECHO_ERR_LIMIT: more files than BENCH_FOLDER_FILES. */
echo_status bench_folder_look(bench_folder_state *out, const char *path, echo_error *err) ECHO_MUST_USE;
/* Files that one of them has and the other has not, or not the same. */
uint64_t bench_folder_differs(const bench_folder_state *a, const bench_folder_state *b);
echo_status bench_path(char out[BENCH_PATH_MAX], const char *dir, const char *name, echo_error *err) ECHO_MUST_USE;

/* ---- bench_machine.c, bench_report.c ---- */

echo_status bench_machine_run(bench *b, echo_error *err) ECHO_MUST_USE;

void bench_series_add(bench_series *series, uint64_t value);
bench_range bench_range_of(const bench_series *series);
uint64_t bench_median(const bench_series *series);

#define BENCH_CELL_CHARS 32u
/* "12.3 ms", "4.0 MiB"; digits that suit the size */
void bench_cell_ns(char out[BENCH_CELL_CHARS], uint64_t ns);
void bench_cell_bytes(char out[BENCH_CELL_CHARS], uint64_t bytes);
/* {"unit":...,"median":...,"min":...,"max":...} */
void bench_json_series(echo_cli_out *out, const char *name, const char *unit, const bench_series *series);
void bench_json_machine(echo_cli_out *out, const bench *b);
void bench_json_goals(echo_cli_out *out, const bench *b);
void bench_print_machine(echo_cli_out *out, const bench *b);
void bench_print_verdict(echo_cli_out *out, const bench *b);
/* Lines of CSV of the modes other than open; the first is the header. */
void bench_csv_header(echo_cli_out *out);
void bench_csv_series(echo_cli_out *out, const bench *b, uint64_t items, uint64_t messages, const char *variant,
                      const char *measure, const char *unit, const bench_series *series);

#endif
