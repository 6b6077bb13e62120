#include "bench/read_report.h"

#include <inttypes.h>

#define ROW(field) offsetof(bench_read_row, field)
#define CASE(field) offsetof(bench_read_case, field)
#define END                                                                                                            \
    { .kind = BENCH_END }

static const bench_read_case *cases_of(const bench *b) { return b->cases; }

static const bench_column columns[] = {{"items", BENCH_U64, .at = CASE(items), .part = BENCH_OF_CASE, .width = 8},
                                       {"way", BENCH_NAME, .at = ROW(text), .width = -40},
                                       {"time", BENCH_SERIES, .at = ROW(ns), .unit = "us", .width = 10},
                                       {"of cjson", BENCH_REAL, .at = ROW(ratio), .width = 8, .digits = 2},
                                       {"cpu", BENCH_SERIES, .at = ROW(cpu), .unit = "us", .width = 10},
                                       {"peak", BENCH_SERIES, .at = ROW(peak), .unit = "bytes", .width = 10},
                                       {"file", BENCH_U64, .at = ROW(file_bytes), .width = 10},
                                       END};

static void print_records(echo_cli_out *out, const bench_row *last) {
    const bench_read_case *c = last->parts[BENCH_OF_CASE];
    echo_cli_print(out,
                   "%8" PRIu64 "  values of %" PRIu64 " bytes an item; a record takes %.1f bytes in its leaf, and %.1f "
                   "in the store\n",
                   c->items, c->value_bytes, c->record_bytes, c->packed_bytes);
}

static const bench_table tables[] = {{"From opening to having read all values",
                                      "; every way reads the same four values of each item, in a process of its own.\n"
                                      "A party's chunks are unpacked and checked by their hashes.\n",
                                      columns, print_records},
                                     {NULL, NULL, NULL, NULL}};

#define MEASURES                                                                                                       \
    {"time", BENCH_SERIES, .at = ROW(ns), .unit = "ns"}, {"cpu", BENCH_SERIES, .at = ROW(cpu), .unit = "ns"}, {        \
        "peak", BENCH_SERIES, .at = ROW(peak), .unit = "bytes"                                                         \
    }

static const bench_column measures[] = {MEASURES, END};

static const bench_column way[] = {{"name", BENCH_NAME, .at = ROW(name)},
                                   {"of_cjson", BENCH_REAL, .at = ROW(ratio), .digits = 4},
                                   {"file_bytes", BENCH_U64, .at = ROW(file_bytes)},
                                   MEASURES,
                                   END};

#define WAY_COUNT ((size_t)BENCH_READ_WAY_COUNT)

static const bench_column json[] = {
    {"items", BENCH_U64, .at = CASE(items)},
    {"messages", BENCH_U64, .at = CASE(messages)},
    {"value_bytes", BENCH_U64, .at = CASE(value_bytes)},
    {"record_bytes", BENCH_REAL, .at = CASE(record_bytes), .digits = 2},
    {"packed_bytes", BENCH_REAL, .at = CASE(packed_bytes), .digits = 2},
    {"ways", BENCH_LIST, .at = CASE(rows), .of = way, .size = sizeof(bench_read_row), .count_at = CASE(row_count)},
    END};

static bool row(bench_row *out, const bench *b, size_t i) {
    if (i / WAY_COUNT >= b->count) return false;
    const bench_read_case *c = &cases_of(b)[i / WAY_COUNT];
    const bench_read_row *r = &c->rows[i % WAY_COUNT];
    out->parts[BENCH_OF_SET] = r;
    out->parts[BENCH_OF_CASE] = c;
    out->csv = measures;
    out->last = (i + 1) % WAY_COUNT == 0;
    bench_row_key(out, b, c->items, c->messages, r->name);
    return true;
}

const bench_report bench_read_report = {NULL, json, sizeof(bench_read_case), tables, row};
