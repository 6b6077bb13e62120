/* What came out of mode `writes`, and what is printed of it. */
#ifndef ECHO_BENCH_WRITES_REPORT_H
#define ECHO_BENCH_WRITES_REPORT_H

#include "bench/report.h"
#include "bench/vfs.h"

#define BENCH_WRITES_ROWS 16u
#define BENCH_WRITES_NAME 24u

/* One snapshot. */
typedef struct bench_writes_taken {
    uint64_t ns;
    uint64_t items, chunks, bytes, feed_syncs; /* as the library counts */
    uint64_t height;                           /* of the items' tree: levels above the leaves */
    bool unchanged;
    bench_vfs_counts files; /* what SQLite did to its files */
} bench_writes_taken;

/* What came before it. */
typedef struct bench_writes_row {
    char name[BENCH_WRITES_NAME]; /* "full", "unchanged", "1,000 items", ... */
    uint64_t messages, changed;   /* since the snapshot before; different items among them */
    bench_writes_taken taken;     /* of the last run */
    double share;                 /* of the full snapshot's bytes, 0.0 to 1.0 and more */
    bench_series ns, bytes, chunks, syncs, file_bytes, feed_syncs;
} bench_writes_row;

/* Opening and closing a party in whose feeds nothing is new. */
typedef struct bench_writes_opening {
    uint64_t files_changed; /* that differ in name, size, time or content from before */
    bench_vfs_counts files;
} bench_writes_opening;

typedef struct bench_writes_case {
    uint64_t items;
    char dir[BENCH_PATH_MAX];
    bench_writes_row rows[BENCH_WRITES_ROWS];
    size_t row_count;
    bench_writes_opening opening;
    bool agrees;
} bench_writes_case;

/* NULL: no row has that name. */
const bench_writes_row *bench_writes_find(const bench_writes_case *c, const char *name);
extern const bench_report bench_writes_report;
echo_status bench_writes_plot(const bench *b, echo_error *err) ECHO_MUST_USE;

#endif
