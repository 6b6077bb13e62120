#include "bench/catchup_report.h"

#include <inttypes.h>

#include "bench/plot.h"

#define SET(field) offsetof(bench_catchup_set, field)
#define ROW(field) offsetof(bench_catchup_row, field)
#define CASE(field) offsetof(bench_catchup_case, field)
#define END                                                                                                            \
    { .kind = BENCH_END }

const char *const bench_catchup_way_names[BENCH_CATCHUP_WAYS] = {
#define XX(name, text) text,
    BENCH_CATCHUP_WAY_MAP(XX)
#undef XX
};

static const bench_catchup_case *cases_of(const bench *b) { return b->cases; }

/* ---- tables ---- */

#define OF_ROW(head, field, chars)                                                                                     \
    { head, BENCH_U64, .at = ROW(field), .part = BENCH_OF_ROW, .width = chars }
static const bench_column columns[] = {
    {"items", BENCH_U64, .at = CASE(items), .part = BENCH_OF_CASE, .width = 7},
    OF_ROW("changed", changed, 7),
    OF_ROW("times", times, 5),
    {"records", BENCH_U64, .at = ROW(records), .unit = "bytes", .part = BENCH_OF_ROW, .width = 10},
    {"behind", BENCH_U64, .at = ROW(block_bytes), .unit = "bytes", .part = BENCH_OF_ROW, .width = 10},
    {"way", BENCH_NAME, .at = SET(name), .width = -4},
    {"by", BENCH_NAME, .at = SET(by), .width = -6},
    {"received", BENCH_SERIES, .at = SET(in), .unit = "bytes", .width = 10},
    {"sent", BENCH_SERIES, .at = SET(out), .unit = "bytes", .width = 10},
    {"chunks", BENCH_U64, .at = SET(last.state.chunks_received), .width = 8},
    {"blocks", BENCH_U64, .at = SET(last.state.blocks_received), .width = 8},
    {"all", BENCH_SERIES, .at = SET(ns), .unit = "ns", .width = 10},
    {"party", BENCH_SERIES, .at = SET(party), .unit = "ns", .width = 10},
    {"computing", BENCH_SERIES, .at = SET(cpu), .unit = "ns", .width = 10},
    {"server", BENCH_SERIES, .at = SET(server_cpu), .unit = "ns", .width = 10},
    END};

static const bench_table tables[] = {
    {"Catching up after being away",
     "; rows follow one another on the same party. times: messages to each changed\n"
     "item; records: of the changed items in their new state; behind: the bytes of the missed blocks. plan: as the "
     "exchange chooses;\n"
     "tail: from a member that shows no snapshot. all: until nothing is missing and the party shows it; party: "
     "opening\n"
     "or polling it, of that.\n",
     columns, NULL},
    {NULL, NULL, NULL, NULL}};

/* ---- CSV and JSON ---- */

#define MEASURES                                                                                                       \
    {"received", BENCH_SERIES, .at = SET(in), .unit = "bytes"},                                                        \
        {"sent", BENCH_SERIES, .at = SET(out), .unit = "bytes"}, {"all", BENCH_SERIES, .at = SET(ns), .unit = "ns"},   \
        {"transferred", BENCH_SERIES, .at = SET(here), .unit = "ns"},                                                  \
        {"party", BENCH_SERIES, .at = SET(party), .unit = "ns"},                                                       \
        {"computing", BENCH_SERIES, .at = SET(cpu), .unit = "ns"},                                                     \
        {"server_computing", BENCH_SERIES, .at = SET(server_cpu), .unit = "ns"},                                       \
        {"chunks", BENCH_U64, .at = SET(last.state.chunks_received), .unit = "count"}, {                               \
        "blocks", BENCH_U64, .at = SET(last.state.blocks_received), .unit = "count"                                    \
    }

static const bench_column measures[] = {MEASURES, END};

static const bench_column set[] = {{"by_chunks", BENCH_FLAG, .at = SET(last.by_chunks)},
                                   {"messages_read", BENCH_U64, .at = SET(last.messages_read)},
                                   MEASURES,
                                   END};

#define OF_WAY(id, text) {text, BENCH_OBJECT, .at = ROW(sets[BENCH_CATCHUP_##id]), .of = set},
static const bench_column json_row[] = {
    {"items_changed", BENCH_U64, .at = ROW(changed)},   {"times", BENCH_U64, .at = ROW(times)},
    {"record_bytes", BENCH_U64, .at = ROW(records)},    {"chunk_bytes", BENCH_U64, .at = ROW(chunk_bytes)},
    {"block_bytes", BENCH_U64, .at = ROW(block_bytes)}, BENCH_CATCHUP_WAY_MAP(OF_WAY) END};

static const bench_column json[] = {{"items", BENCH_U64, .at = CASE(items)},
                                    {"link", BENCH_LINK, .at = CASE(link)},
                                    {"rows", BENCH_LIST, .at = CASE(rows), .of = json_row,
                                     .size = sizeof(bench_catchup_row), .count_at = CASE(row_count)},
                                    END};

static bool row(bench_row *out, const bench *b, size_t i) {
    size_t at = i / BENCH_CATCHUP_WAYS;
    for (size_t n = 0; n < b->count; n++) {
        const bench_catchup_case *c = &cases_of(b)[n];
        if (at >= c->row_count) {
            at -= c->row_count;
            continue;
        }
        const bench_catchup_row *r = &c->rows[at];
        const bench_catchup_set *one = &r->sets[i % BENCH_CATCHUP_WAYS];
        char variant[64];
        out->parts[BENCH_OF_SET] = one;
        out->parts[BENCH_OF_ROW] = r;
        out->parts[BENCH_OF_CASE] = c;
        out->csv = measures;
        (void)snprintf(variant, sizeof variant, "%" PRIu64 " x%" PRIu64 " %s", r->changed, r->times, one->name);
        bench_row_key(out, b, c->items, r->changed * r->times, variant);
        return true;
    }
    return false;
}

const bench_report bench_catchup_report = {NULL, json, sizeof(bench_catchup_case), tables, row};

/* ---- plot ---- */

#define KIB(name, kind, field)                                                                                         \
    { name, kind, .at = ROW(field), .divide = 1024, .digits = 3 }
static const bench_column data[] = {KIB("received_kib", BENCH_SERIES, sets[BENCH_CATCHUP_PLAN].in),
                                    KIB("tail_kib", BENCH_SERIES, sets[BENCH_CATCHUP_TAIL].in),
                                    KIB("records_kib", BENCH_U64, records), END};

static void put_rows(FILE *file, const bench_catchup_case *c, bool once) {
    for (size_t i = 0; i < c->row_count; i++) {
        const bench_catchup_row *r = &c->rows[i];
        const bench_row one = {.parts = {r}};
        if ((r->times == 1) != once) continue;
        (void)fprintf(file, "%.6g ", 100.0 * (double)r->changed / (double)c->items);
        bench_report_data(file, data, &one);
    }
}

echo_status bench_catchup_plot(const bench *b, echo_error *err) {
    const bench_catchup_case *c = &cases_of(b)[0];
    FILE *file;
    echo_status status = bench_plot_open(&file, b, "catchup.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# %" PRIu64 " items: changed_percent received_kib tail_kib records_kib\n", c->items);
    put_rows(file, c, true);
    (void)fprintf(file, "\n\n");
    put_rows(file, c, false);
    status = bench_plot_close(file, "catchup.dat", err);
    return status == ECHO_OK ? bench_plot_draw(b, "catchup", err) : status;
}
