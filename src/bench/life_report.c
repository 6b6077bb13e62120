#include "bench/life_report.h"

#include <inttypes.h>

#include "bench/plot.h"

#define SET(field) offsetof(bench_life_set, field)
#define RESULT(field) offsetof(bench_life_set, result.field)
#define CASE(field) offsetof(bench_life_case, field)
#define POINT(field) offsetof(bench_life_point, field)
#define END                                                                                                            \
    { .kind = BENCH_END }

const char *const bench_life_rule_names[BENCH_LIFE_RULES] = {
#define XX(name, text) text,
    BENCH_LIFE_RULE_MAP(XX)
#undef XX
};

static const bench_life_case *cases_of(const bench *b) { return b->cases; }

/* ---- tables ---- */

static const bench_column columns[] = {{"messages", BENCH_U64, .at = CASE(messages), .part = BENCH_OF_CASE, .width = 9},
                                       {"items", BENCH_U64, .at = CASE(items), .part = BENCH_OF_CASE, .width = 8},
                                       {"rule", BENCH_NAME, .at = SET(name), .width = -6},
                                       {"median", BENCH_SERIES, .at = SET(open_median), .unit = "ns", .width = 10},
                                       {"longest", BENCH_SERIES, .at = SET(open_max), .unit = "ns", .width = 10},
                                       {"feeds", BENCH_U64, .at = RESULT(feed_bytes), .unit = "bytes", .width = 10},
                                       {"written", BENCH_SERIES, .at = SET(chunk_bytes), .unit = "bytes", .width = 10},
                                       {"factor", BENCH_REAL, .at = SET(factor), .width = 7, .digits = 2},
                                       {"files", BENCH_REAL, .at = SET(file_factor), .width = 7, .digits = 2},
                                       {"snapshots", BENCH_SERIES, .at = SET(snapshots), .width = 9},
                                       {"reasons", BENCH_TEXT, .at = SET(reasons)},
                                       END};

static const bench_table tables[] = {
    {"A month of a party under the default policy, and under a snapshot every 1,000 messages",
     ". Opening: lazily,\n"
     "at points spread over the month (median) and right before snapshots too (longest). factor: bytes of chunks per\n"
     "byte of the feeds; files: the same of what SQLite wrote, log and removals and all.\n",
     columns, NULL},
    {NULL, NULL, NULL, NULL}};

/* ---- CSV and JSON ---- */

static const bench_column measures[] = {{"open_median", BENCH_SERIES, .at = SET(open_median), .unit = "ns"},
                                        {"open_longest", BENCH_SERIES, .at = SET(open_max), .unit = "ns"},
                                        {"feeds", BENCH_U64, .at = RESULT(feed_bytes), .unit = "bytes"},
                                        {"written", BENCH_SERIES, .at = SET(chunk_bytes), .unit = "bytes"},
                                        {"to_files", BENCH_SERIES, .at = SET(file_bytes), .unit = "bytes"},
                                        {"snapshots", BENCH_SERIES, .at = SET(snapshots), .unit = "count"},
                                        END};

static const bench_column point[] = {{"at_ms", BENCH_U64, .at = POINT(at_ms)},
                                     {"messages", BENCH_U64, .at = POINT(messages)},
                                     {"open_ns", BENCH_U64, .at = POINT(open_ns)},
                                     {"tail", BENCH_U64, .at = POINT(tail)},
                                     {"snapshots", BENCH_U64, .at = POINT(snapshots)},
                                     {"feed_bytes", BENCH_U64, .at = POINT(feed_bytes)},
                                     {"chunk_bytes", BENCH_U64, .at = POINT(chunk_bytes)},
                                     {"file_bytes", BENCH_U64, .at = POINT(file_bytes)},
                                     {"before_snapshot", BENCH_FLAG, .at = POINT(before)},
                                     END};

static const char *reason_name(size_t i) { return echo_snapshot_reason_name((echo_snapshot_reason)i); }

static const bench_column set[] = {
    {"measures", BENCH_OBJECT, .of = measures},
    {"write_factor", BENCH_REAL, .at = SET(factor), .digits = 4},
    {"syncs", BENCH_U64, .at = RESULT(files.syncs)},
    {"chunks_removed", BENCH_U64, .at = RESULT(chunks_removed)},
    {"ns_worst_step", BENCH_U64, .at = RESULT(ns_worst_step)},
    {"reasons", BENCH_COUNTS, .at = RESULT(reasons), .size = ECHO_SNAPSHOT_REASON_AGE + 1, .name_of = reason_name},
    {"points", BENCH_LIST, .at = RESULT(points), .of = point, .size = sizeof(bench_life_point),
     .count_at = RESULT(point_count)},
    END};

#define OF_RULE(id, text) {text, BENCH_OBJECT, .at = CASE(sets[BENCH_LIFE_##id]), .of = set},
static const bench_column json[] = {{"messages", BENCH_U64, .at = CASE(messages)},
                                    {"items", BENCH_U64, .at = CASE(items)},
                                    BENCH_LIFE_RULE_MAP(OF_RULE) END};

static bool row(bench_row *out, const bench *b, size_t i) {
    if (i / BENCH_LIFE_RULES >= b->count) return false;
    const bench_life_case *c = &cases_of(b)[i / BENCH_LIFE_RULES];
    const bench_life_set *one = &c->sets[i % BENCH_LIFE_RULES];
    out->parts[BENCH_OF_SET] = one;
    out->parts[BENCH_OF_CASE] = c;
    out->csv = measures;
    bench_row_key(out, b, c->items, c->messages, one->name);
    return true;
}

const bench_report bench_life_report = {NULL, json, sizeof(bench_life_case), tables, row};

/* ---- plots ---- */

#define MIB(field)                                                                                                     \
    { #field, BENCH_U64, .at = POINT(field), .divide = 0x1p20, .digits = 4 }
static const bench_column data[] = {{"day", BENCH_U64, .at = POINT(at_ms), .divide = 86400000.0, .digits = 4},
                                    {"messages", BENCH_U64, .at = POINT(messages)},
                                    {"open_ms", BENCH_U64, .at = POINT(open_ns), .divide = 1e6, .digits = 3},
                                    {"tail", BENCH_U64, .at = POINT(tail)},
                                    MIB(feed_bytes),
                                    MIB(chunk_bytes),
                                    MIB(file_bytes),
                                    {"snapshots", BENCH_U64, .at = POINT(snapshots)},
                                    {"before", BENCH_FLAG, .at = POINT(before)},
                                    END};

static void put_points(FILE *file, const bench_life_result *result) {
    for (size_t i = 0; i < result->point_count; i++) {
        const bench_row one = {.parts = {&result->points[i]}};
        bench_report_data(file, data, &one);
    }
}

/* Plots the longest life. */
echo_status bench_life_plot(const bench *b, echo_error *err) {
    const bench_life_case *c = &cases_of(b)[0];
    FILE *file;
    for (size_t i = 1; i < b->count; i++)
        if (cases_of(b)[i].messages > c->messages) c = &cases_of(b)[i];
    echo_status status = bench_plot_open(&file, b, "life.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file,
                  "# %" PRIu64 " messages, %" PRIu64
                  " items: day messages open_ms tail feeds_MiB written_MiB files_MiB snapshots before\n",
                  c->messages, c->items);
    put_points(file, &c->sets[BENCH_LIFE_POLICY].result);
    (void)fprintf(file, "\n\n");
    put_points(file, &c->sets[BENCH_LIFE_FIXED].result);
    status = bench_plot_close(file, "life.dat", err);
    if (status == ECHO_OK) status = bench_plot_draw(b, "life-open", err);
    return status == ECHO_OK ? bench_plot_draw(b, "life-written", err) : status;
}
