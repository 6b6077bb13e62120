#include "bench/writes_report.h"

#include <inttypes.h>
#include <string.h>

#include "bench/plot.h"

#define ROW(field) offsetof(bench_writes_row, field)
#define CASE(field) offsetof(bench_writes_case, field)
#define END                                                                                                            \
    { .kind = BENCH_END }

static const bench_writes_case *cases_of(const bench *b) { return b->cases; }

const bench_writes_row *bench_writes_find(const bench_writes_case *c, const char *name) {
    for (size_t i = 0; i < c->row_count; i++)
        if (strcmp(c->rows[i].name, name) == 0) return &c->rows[i];
    return NULL;
}

/* ---- tables ---- */

static const bench_column columns[] = {
    {"items", BENCH_U64, .at = CASE(items), .part = BENCH_OF_CASE, .width = 8},
    {"changes", BENCH_TEXT, .at = ROW(name), .width = -16},
    {"messages", BENCH_U64, .at = ROW(messages), .width = 8},
    {"items", BENCH_U64, .at = ROW(taken.items), .width = 8},
    {"written", BENCH_SERIES, .at = ROW(bytes), .unit = "bytes", .width = 10},
    {"of full", BENCH_REAL, .at = ROW(share), .width = 7, .digits = 2, .divide = 0.01, .suffix = "%"},
    {"chunks", BENCH_SERIES, .at = ROW(chunks), .width = 7},
    {"to files", BENCH_SERIES, .at = ROW(file_bytes), .unit = "bytes", .width = 10},
    {"syncs", BENCH_SERIES, .at = ROW(syncs), .width = 5},
    {"feed syncs", BENCH_SERIES, .at = ROW(feed_syncs), .width = 10},
    {"time", BENCH_SERIES, .at = ROW(ns), .unit = "ns", .width = 10},
    END};

static void print_opening(echo_cli_out *out, const bench_row *last) {
    const bench_writes_case *c = last->parts[BENCH_OF_CASE];
    echo_cli_print(out,
                   "%8" PRIu64 "  opened and closed: %" PRIu64 " files changed, %" PRIu64 " bytes in %" PRIu64
                   " writes, %" PRIu64 " syncs\n",
                   c->items, c->opening.files_changed, c->opening.files.bytes, c->opening.files.writes,
                   c->opening.files.syncs);
}

static const bench_table tables[] = {
    {"What a snapshot writes",
     "; rows follow one another on the same party. written: chunks, as the library\n"
     "counts them; files: what SQLite wrote for that, log and all, and how often it made it durable.\n",
     columns, print_opening},
    {NULL, NULL, NULL, NULL}};

/* ---- CSV and JSON ---- */

#define MEASURES                                                                                                       \
    {"written", BENCH_SERIES, .at = ROW(bytes), .unit = "bytes"},                                                      \
        {"chunks", BENCH_SERIES, .at = ROW(chunks), .unit = "count"},                                                  \
        {"to_files", BENCH_SERIES, .at = ROW(file_bytes), .unit = "bytes"},                                            \
        {"syncs", BENCH_SERIES, .at = ROW(syncs), .unit = "count"},                                                    \
        {"feed_syncs", BENCH_SERIES, .at = ROW(feed_syncs), .unit = "count"}, {                                        \
        "time", BENCH_SERIES, .at = ROW(ns), .unit = "ns"                                                              \
    }

static const bench_column measures[] = {MEASURES, END};

static const bench_column snapshot[] = {{"name", BENCH_TEXT, .at = ROW(name)},
                                        {"messages", BENCH_U64, .at = ROW(messages)},
                                        {"items_changed", BENCH_U64, .at = ROW(changed)},
                                        {"items_written", BENCH_U64, .at = ROW(taken.items)},
                                        {"unchanged", BENCH_FLAG, .at = ROW(taken.unchanged)},
                                        {"height", BENCH_U64, .at = ROW(taken.height)},
                                        {"share_of_full", BENCH_REAL, .at = ROW(share), .digits = 6},
                                        MEASURES,
                                        END};

static const bench_column opening[] = {
    {"files_changed", BENCH_U64, .at = offsetof(bench_writes_opening, files_changed)},
    {"bytes", BENCH_U64, .at = offsetof(bench_writes_opening, files.bytes)},
    {"writes", BENCH_U64, .at = offsetof(bench_writes_opening, files.writes)},
    {"syncs", BENCH_U64, .at = offsetof(bench_writes_opening, files.syncs)},
    END};

static const bench_column json[] = {{"items", BENCH_U64, .at = CASE(items)},
                                    {"snapshots", BENCH_LIST, .at = CASE(rows), .of = snapshot,
                                     .size = sizeof(bench_writes_row), .count_at = CASE(row_count)},
                                    {"opening", BENCH_OBJECT, .at = CASE(opening), .of = opening},
                                    END};

static bool row(bench_row *out, const bench *b, size_t i) {
    for (size_t n = 0; n < b->count; n++) {
        const bench_writes_case *c = &cases_of(b)[n];
        if (i >= c->row_count) {
            i -= c->row_count;
            continue;
        }
        out->parts[BENCH_OF_SET] = &c->rows[i];
        out->parts[BENCH_OF_CASE] = c;
        out->csv = measures;
        out->last = i + 1 == c->row_count;
        bench_row_key(out, b, c->items, c->rows[i].messages, c->rows[i].name);
        return true;
    }
    return false;
}

const bench_report bench_writes_report = {NULL, json, sizeof(bench_writes_case), tables, row};

/* ---- plot ---- */

static void put_row(FILE *file, const bench_writes_case *c, const bench_writes_row *row_of) {
    double full = (double)bench_median(&c->rows[0].bytes);
    (void)fprintf(file, "%.6g %.6g %.6g %" PRIu64 "\n", 100.0 * (double)row_of->changed / (double)c->items,
                  100.0 * (double)bench_median(&row_of->bytes) / full,
                  100.0 * (double)bench_median(&row_of->file_bytes) / full, bench_median(&row_of->bytes));
}

echo_status bench_writes_plot(const bench *b, echo_error *err) {
    const bench_writes_case *c = &cases_of(b)[0];
    const bench_writes_row *hot = bench_writes_find(c, "50 hot");
    FILE *file;
    echo_status status = bench_plot_open(&file, b, "writes.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# %" PRIu64 " items: changed_percent written_percent files_percent written_bytes\n", c->items);
    for (size_t i = 1; i < c->row_count; i++)
        if (c->rows[i].messages > 0 && &c->rows[i] != hot) put_row(file, c, &c->rows[i]);
    (void)fprintf(file, "\n\n");
    if (hot != NULL) put_row(file, c, hot);
    status = bench_plot_close(file, "writes.dat", err);
    return status == ECHO_OK ? bench_plot_draw(b, "writes", err) : status;
}
