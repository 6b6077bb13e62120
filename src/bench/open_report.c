#include "bench/open_report.h"

#include <inttypes.h>

#include "bench/plot.h"

#define AT(field) offsetof(bench_case, field)
#define MACHINE(field) offsetof(bench_machine, field)
#define END                                                                                                            \
    { .kind = BENCH_END }

/* ---- tables ---- */

#define MESSAGES                                                                                                       \
    { "messages", BENCH_U64, .at = AT(party.messages), .width = 9 }
#define ITEMS                                                                                                          \
    { "items", BENCH_U64, .at = AT(last[BENCH_REPLAY].items), .width = 8 }
#define NS(head, field)                                                                                                \
    { head, BENCH_SERIES, .at = AT(field), .unit = "ns", .width = 10 }
#define BYTES(head, field, chars)                                                                                      \
    { head, BENCH_SERIES, .at = AT(field), .unit = "bytes", .width = chars }
#define NUMBER(head, field, chars)                                                                                     \
    { head, BENCH_U64, .at = AT(field), .width = chars }

static const bench_column times[] = {MESSAGES,
                                     ITEMS,
                                     NUMBER("tail", party.tail, 6),
                                     NS("replay", ns[BENCH_REPLAY]),
                                     NUMBER("msg/s", messages_per_second, 8),
                                     NS("eager", ns[BENCH_EAGER]),
                                     NS("hydrate", hydrate[BENCH_EAGER]),
                                     NS("cJSON", parse),
                                     NS("lazy", ns[BENCH_LAZY]),
                                     NS("first item", ns[BENCH_FIRST]),
                                     {"snapshot", BENCH_U64, .at = AT(party.snapshot.ns), .unit = "ns", .width = 10},
                                     {"2nd snap", BENCH_U64, .at = AT(update.ns), .unit = "ns", .width = 10},
                                     END};

static const bench_column computing[] = {MESSAGES,
                                         ITEMS,
                                         NS("replay", cpu[BENCH_REPLAY]),
                                         NUMBER("msg/s", cpu_messages_per_second, 8),
                                         NS("eager", cpu[BENCH_EAGER]),
                                         NS("cJSON", parse_cpu),
                                         NS("lazy", cpu[BENCH_LAZY]),
                                         NS("first item", cpu[BENCH_FIRST]),
                                         END};

static const bench_column sizes[] = {
    MESSAGES,
    ITEMS,
    {"feeds hold", BENCH_U64, .at = AT(party.data_bytes), .unit = "bytes", .width = 10},
    {"read at", BENCH_U64, .at = AT(read_bytes_per_second), .width = 10, .divide = 1e6, .suffix = " MB/s"},
    {"snapshot", BENCH_U64, .at = AT(party.snapshot.bytes), .unit = "bytes", .width = 10},
    {"2nd snap", BENCH_U64, .at = AT(update.bytes), .unit = "bytes", .width = 10},
    NUMBER("read", last[BENCH_LAZY].messages_read, 7),
    NUMBER("skipped", last[BENCH_LAZY].messages_skipped, 8),
    NUMBER("chunks", last[BENCH_LAZY].chunks_read, 7),
    NUMBER("hydrated", last[BENCH_LAZY].items_hydrated, 8),
    BYTES("peak replay", peak[BENCH_REPLAY], 11),
    BYTES("peak eager", peak[BENCH_EAGER], 10),
    BYTES("peak lazy", peak[BENCH_LAZY], 10),
    BYTES("peak first", peak[BENCH_FIRST], 10),
    END};

static const bench_table tables[] = {
    {"Opening a party",
     ". replay: no snapshot; eager: all states made, hydrate: that part alone, cJSON:\n"
     "cJSON_Parse of the same records alone; lazy: states made when touched; first item: lazy, no tail, until a state\n"
     "is made.\n",
     times, NULL},
    {NULL, "Of that, time spent computing (user and system), which other work on the machine hardly changes.\n",
     computing, NULL},
    {NULL, "What it took. read to hydrated: of a lazy opening; peak: the process's maximum of resident memory.\n",
     sizes, NULL},
    {NULL, NULL, NULL, NULL}};

/* ---- CSV and JSON ---- */

#define OF_WAY(id, text)                                                                                               \
    {text, BENCH_SERIES, .at = AT(ns[BENCH_##id]), .unit = "ns"},                                                      \
        {text "_cpu", BENCH_SERIES, .at = AT(cpu[BENCH_##id]), .unit = "ns"},                                          \
        {text "_peak", BENCH_SERIES, .at = AT(peak[BENCH_##id]), .unit = "bytes"},                                     \
        {text "_kept", BENCH_SERIES, .at = AT(kept[BENCH_##id]), .unit = "bytes"},
#define MEASURES                                                                                                       \
    BENCH_WAY_MAP(OF_WAY){"hydrate", BENCH_SERIES, .at = AT(hydrate[BENCH_EAGER]), .unit = "ns"},                      \
        {"cjson_parse", BENCH_SERIES, .at = AT(parse), .unit = "ns"},                                                  \
        {"cjson_parse_cpu", BENCH_SERIES, .at = AT(parse_cpu), .unit = "ns"}, {                                        \
        "read_data", BENCH_SERIES, .at = AT(read), .unit = "ns"                                                        \
    }

static const bench_column measures[] = {MEASURES, END};

static const bench_column csv[] = {
    MEASURES,
    {"snapshot", BENCH_U64, .at = AT(party.snapshot.ns), .unit = "ns"},
    {"snapshot_size", BENCH_U64, .at = AT(party.snapshot.bytes), .unit = "bytes"},
    {"second_snapshot", BENCH_U64, .at = AT(update.ns), .unit = "ns"},
    {"second_snapshot_size", BENCH_U64, .at = AT(update.bytes), .unit = "bytes"},
    {"records", BENCH_U64, .at = AT(party.record_bytes), .unit = "bytes"},
    {"feeds", BENCH_U64, .at = AT(party.data_bytes), .unit = "bytes"},
    {"lazy_messages_read", BENCH_U64, .at = AT(last[BENCH_LAZY].messages_read), .unit = "count"},
    {"lazy_messages_skipped", BENCH_U64, .at = AT(last[BENCH_LAZY].messages_skipped), .unit = "count"},
    {"lazy_chunks_read", BENCH_U64, .at = AT(last[BENCH_LAZY].chunks_read), .unit = "count"},
    {"lazy_items_hydrated", BENCH_U64, .at = AT(last[BENCH_LAZY].items_hydrated), .unit = "count"},
    END};

static const bench_column csv_machine[] = {
    {"machine_blake2b_150", BENCH_SERIES, .at = MACHINE(hashes), .unit = "per_second"},
    {"machine_ed25519_verify", BENCH_SERIES, .at = MACHINE(verifies), .unit = "per_second"},
    {"machine_fsync", BENCH_SERIES, .at = MACHINE(sync), .unit = "ns"},
    END};

#define OPENING(field)                                                                                                 \
    { #field, BENCH_U64, .at = offsetof(bench_opening, field) }
static const bench_column opening[] = {OPENING(messages_read),
                                       OPENING(messages_skipped),
                                       OPENING(messages_refused),
                                       OPENING(chunks_read),
                                       OPENING(chunk_bytes_read),
                                       OPENING(items_hydrated),
                                       OPENING(items),
                                       OPENING(damage),
                                       OPENING(ns_open),
                                       OPENING(ns_feeds),
                                       OPENING(ns_tail),
                                       OPENING(ns_hydrate),
                                       END};

#define COUNTS(id, text) {text, BENCH_OBJECT, .at = AT(last[BENCH_##id]), .of = opening},
static const bench_column counts[] = {BENCH_WAY_MAP(COUNTS) END};

#define TAKEN(field) offsetof(bench_taken, field)
static const bench_column taken[] = {{"number", BENCH_U64, .at = TAKEN(number)},
                                     {"ns", BENCH_U64, .at = TAKEN(ns)},
                                     {"items_written", BENCH_U64, .at = TAKEN(items)},
                                     {"chunks_written", BENCH_U64, .at = TAKEN(chunks)},
                                     {"bytes_written", BENCH_U64, .at = TAKEN(bytes)},
                                     {"digest", BENCH_HASH, .at = TAKEN(digest)},
                                     END};

static const bench_column json[] = {{"party", BENCH_HASH, .at = AT(party.key)},
                                    {"messages", BENCH_U64, .at = AT(party.messages)},
                                    {"tail", BENCH_U64, .at = AT(party.tail)},
                                    {"feeds", BENCH_U64, .at = AT(party.feeds)},
                                    {"items", BENCH_U64, .at = AT(last[BENCH_REPLAY].items)},
                                    {"data_bytes", BENCH_U64, .at = AT(party.data_bytes)},
                                    {"block_bytes", BENCH_U64, .at = AT(party.block_bytes)},
                                    {"record_bytes", BENCH_U64, .at = AT(party.record_bytes)},
                                    {"replay_messages_per_second", BENCH_U64, .at = AT(messages_per_second)},
                                    {"read_bytes_per_second", BENCH_U64, .at = AT(read_bytes_per_second)},
                                    {"measures", BENCH_OBJECT, .of = measures},
                                    {"counts", BENCH_OBJECT, .of = counts},
                                    {"snapshot", BENCH_OBJECT, .at = AT(party.snapshot), .of = taken},
                                    {"second_snapshot", BENCH_OBJECT, .at = AT(update), .of = taken},
                                    {"replay_digest", BENCH_HASH, .at = AT(digest)},
                                    {"agrees", BENCH_FLAG, .at = AT(agrees)},
                                    {"disagreement", BENCH_TEXT, .at = AT(disagreement)},
                                    END};

/* The machine, then the cases. */
static bool row(bench_row *out, const bench *b, size_t i) {
    static const char format[] = "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64;
    if (i > b->count) return false;
    const bench_case *c = i > 0 ? &bench_open_cases(b)[i - 1] : NULL;
    out->parts[BENCH_OF_SET] = c != NULL ? (const void *)c : &b->machine;
    out->csv = c != NULL ? csv : csv_machine;
    out->untabled = c == NULL;
    if (c != NULL)
        (void)snprintf(out->key, sizeof out->key, format, c->party.messages, c->last[BENCH_REPLAY].items,
                       c->party.feeds, c->party.tail, b->options.seed);
    else
        (void)snprintf(out->key, sizeof out->key, "0,0,0,0,%" PRIu64, b->options.seed);
    return true;
}

const bench_report bench_open_report = {"messages,items,feeds,tail,seed", json, sizeof(bench_case), tables, row};

/* ---- plots: opening time over messages, and over items ---- */

#define MS(field)                                                                                                      \
    { #field, BENCH_SERIES, .at = AT(field), .divide = 1e6, .digits = 3 }
static const bench_column data[] = {{"messages", BENCH_U64, .at = AT(party.messages)},
                                    {"items", BENCH_U64, .at = AT(last[BENCH_REPLAY].items)},
                                    MS(ns[BENCH_REPLAY]),
                                    MS(ns[BENCH_EAGER]),
                                    MS(ns[BENCH_LAZY]),
                                    MS(ns[BENCH_FIRST]),
                                    END};

/* Those with as many items as the first case, or the others. Returns their number. */
static size_t put_cases(FILE *file, const bench *b, bool first) {
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++) {
        const bench_case *c = &bench_open_cases(b)[i];
        if ((c->items == bench_open_cases(b)[0].items) != first) continue;
        const bench_row one = {.parts = {c}};
        bench_report_data(file, data, &one);
        count++;
    }
    return count;
}

echo_status bench_open_plot(const bench *b, echo_error *err) {
    FILE *file;
    echo_status status = bench_plot_open(&file, b, "open.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# messages items replay_ms eager_ms lazy_ms first_item_ms\n");
    size_t same = put_cases(file, b, true);
    if (same < b->count) (void)fprintf(file, "\n\n");
    size_t others = put_cases(file, b, false);
    status = bench_plot_close(file, "open.dat", err);
    if (status == ECHO_OK && same > 1) status = bench_plot_draw(b, "open", err);
    if (status == ECHO_OK && others > 1) status = bench_plot_draw(b, "open-items", err);
    return status;
}
