#include "bench/join_report.h"

#include <inttypes.h>

#include "bench/plot.h"

#define SET(field) offsetof(bench_join_set, field)
#define CASE(field) offsetof(bench_join_case, field)
#define END                                                                                                            \
    { .kind = BENCH_END }

const char *const bench_join_way_names[BENCH_JOIN_WAYS] = {
#define XX(name, text) text,
    BENCH_JOIN_WAY_MAP(XX)
#undef XX
};

static const bench_join_case *cases_of(const bench *b) { return b->cases; }

/* ---- tables ---- */

static const bench_column columns[] = {
    {"items", BENCH_U64, .at = CASE(items), .part = BENCH_OF_CASE, .width = 7},
    {"messages", BENCH_U64, .at = CASE(messages), .part = BENCH_OF_CASE, .width = 8},
    {"way", BENCH_NAME, .at = SET(name), .width = -8},
    {"first after", BENCH_SERIES, .at = SET(first_bytes), .unit = "bytes", .width = 11, .zero_is_none = true},
    {"first", BENCH_SERIES, .at = SET(first), .unit = "ns", .width = 10, .zero_is_none = true},
    {"received", BENCH_SERIES, .at = SET(in), .unit = "bytes", .width = 10},
    {"of need", BENCH_REAL, .at = SET(of_need), .width = 7, .digits = 2},
    {"sent", BENCH_SERIES, .at = SET(out), .unit = "bytes", .width = 10},
    {"all", BENCH_SERIES, .at = SET(ns), .unit = "ns", .width = 10},
    {"party", BENCH_SERIES, .at = SET(party), .unit = "ns", .width = 10},
    {"faster", BENCH_REAL, .at = SET(faster), .width = 6, .digits = 1},
    {"computing", BENCH_SERIES, .at = SET(cpu), .unit = "ns", .width = 10},
    {"server", BENCH_SERIES, .at = SET(server_cpu), .unit = "ns", .width = 10},
    {"peak", BENCH_SERIES, .at = SET(peak), .unit = "bytes", .width = 10},
    END};

static void print_state(echo_cli_out *out, const bench_row *last) {
    const bench_join_case *c = last->parts[BENCH_OF_CASE];
    char bytes[BENCH_CELL_CHARS], packed[BENCH_CELL_CHARS], tail[BENCH_CELL_CHARS], feeds[BENCH_CELL_CHARS],
        hash[BENCH_CELL_CHARS], pack[BENCH_CELL_CHARS], unpack[BENCH_CELL_CHARS];
    bench_cell_bytes(bytes, c->state.bytes);
    bench_cell_bytes(packed, c->state.packed);
    bench_cell_bytes(tail, c->tail_bytes);
    bench_cell_bytes(feeds, c->feed_bytes);
    bench_cell_ns(hash, c->state.ns_hash);
    bench_cell_ns(pack, c->state.ns_pack);
    bench_cell_ns(unpack, c->state.ns_unpack);
    echo_cli_print(out,
                   "%7" PRIu64 "  %8" PRIu64 "  state: %" PRIu64
                   " chunks of %s, in one stream of zstd %s; tail: %" PRIu64 " blocks of %s; feeds: %s\n"
                   "                   alone: hashing the chunks %s, packing them %s, unpacking them %s\n",
                   c->items, c->messages, c->state.chunks, bytes, packed, c->tail, tail, feeds, hash, pack, unpack);
}

static const bench_table tables[] = {
    {"Joining a party",
     ". snapshot: from a member's snapshot, and the blocks after it; five: the same from five\n"
     "members at the same state; replay: every block with its proof, from a member without a snapshot, and replaying\n"
     "them. first: until a random item can be read. of need: received, by the state packed in one stream and the "
     "tail's\n"
     "bytes. all: until nothing is missing and the party is open; party: opening it, of that. server: its computing\n"
     "time.\n",
     columns, print_state},
    {NULL, NULL, NULL, NULL}};

/* ---- CSV and JSON ---- */

#define MEASURES                                                                                                       \
    {"all", BENCH_SERIES, .at = SET(ns), .unit = "ns"}, {"usable", BENCH_SERIES, .at = SET(usable), .unit = "ns"},     \
        {"first_item", BENCH_SERIES, .at = SET(first), .unit = "ns"},                                                  \
        {"installed", BENCH_SERIES, .at = SET(installed), .unit = "ns"},                                               \
        {"transferred", BENCH_SERIES, .at = SET(here), .unit = "ns"},                                                  \
        {"party", BENCH_SERIES, .at = SET(party), .unit = "ns"},                                                       \
        {"computing", BENCH_SERIES, .at = SET(cpu), .unit = "ns"},                                                     \
        {"server_computing", BENCH_SERIES, .at = SET(server_cpu), .unit = "ns"},                                       \
        {"first_item_received", BENCH_SERIES, .at = SET(first_bytes), .unit = "bytes"},                                \
        {"received", BENCH_SERIES, .at = SET(in), .unit = "bytes"},                                                    \
        {"sent", BENCH_SERIES, .at = SET(out), .unit = "bytes"},                                                       \
        {"peak", BENCH_SERIES, .at = SET(peak), .unit = "bytes"},                                                      \
        {"blocks", BENCH_U64, .at = SET(last.state.blocks_received), .unit = "count"},                                 \
        {"chunks", BENCH_U64, .at = SET(last.state.chunks_received), .unit = "count"}, {                               \
        "chunk_bytes", BENCH_U64, .at = SET(last.state.chunk_bytes), .unit = "bytes"                                   \
    }

static const bench_column measures[] = {MEASURES, END};

static const bench_column csv_state[] = {{"chunks", BENCH_U64, .at = CASE(state.chunks), .unit = "count"},
                                         {"chunk_bytes", BENCH_U64, .at = CASE(state.bytes), .unit = "bytes"},
                                         {"packed", BENCH_U64, .at = CASE(state.packed), .unit = "bytes"},
                                         {"hash", BENCH_U64, .at = CASE(state.ns_hash), .unit = "ns"},
                                         {"pack", BENCH_U64, .at = CASE(state.ns_pack), .unit = "ns"},
                                         {"unpack", BENCH_U64, .at = CASE(state.ns_unpack), .unit = "ns"},
                                         {"tail", BENCH_U64, .at = CASE(tail_bytes), .unit = "bytes"},
                                         {"feeds", BENCH_U64, .at = CASE(feed_bytes), .unit = "bytes"},
                                         END};

static const bench_column set[] = {{"by_chunks", BENCH_FLAG, .at = SET(last.by_chunks)},
                                   {"items", BENCH_U64, .at = SET(last.items)},
                                   {"messages_read", BENCH_U64, .at = SET(last.messages_read)},
                                   {"received_of_need", BENCH_REAL, .at = SET(of_need), .digits = 6},
                                   {"times_faster", BENCH_REAL, .at = SET(faster), .digits = 6},
                                   {"digest", BENCH_HASH, .at = SET(last.digest)},
                                   MEASURES,
                                   END};

#define STATE(name, field)                                                                                             \
    { name, BENCH_U64, .at = offsetof(bench_packed_size, field) }
static const bench_column state[] = {
    STATE("chunks", chunks),   STATE("bytes", bytes),     STATE("packed", packed),       STATE("records", records),
    STATE("hash_ns", ns_hash), STATE("pack_ns", ns_pack), STATE("unpack_ns", ns_unpack), END};

#define OF_WAY(id, text) {text, BENCH_OBJECT, .at = CASE(sets[BENCH_JOIN_##id]), .of = set},
static const bench_column json[] = {{"items", BENCH_U64, .at = CASE(items)},
                                    {"messages", BENCH_U64, .at = CASE(messages)},
                                    {"tail", BENCH_U64, .at = CASE(tail)},
                                    {"covered", BENCH_U64, .at = CASE(covered)},
                                    {"tail_bytes", BENCH_U64, .at = CASE(tail_bytes)},
                                    {"feed_bytes", BENCH_U64, .at = CASE(feed_bytes)},
                                    {"link", BENCH_LINK, .at = CASE(link)},
                                    {"state", BENCH_OBJECT, .at = CASE(state), .of = state},
                                    BENCH_JOIN_WAY_MAP(OF_WAY) END};

/* For each case: the state, which is not in the table, then the ways. */
static bool row(bench_row *out, const bench *b, size_t i) {
    size_t way = i % (1 + BENCH_JOIN_WAYS);
    if (i / (1 + BENCH_JOIN_WAYS) >= b->count) return false;
    const bench_join_case *c = &cases_of(b)[i / (1 + BENCH_JOIN_WAYS)];
    out->parts[BENCH_OF_CASE] = c;
    out->parts[BENCH_OF_SET] = way == 0 ? (const void *)c : &c->sets[way - 1];
    out->csv = way == 0 ? csv_state : measures;
    out->untabled = way == 0;
    out->last = way == BENCH_JOIN_WAYS;
    bench_row_key(out, b, c->items, c->messages, way == 0 ? "state" : c->sets[way - 1].name);
    return true;
}

const bench_report bench_join_report = {NULL, json, sizeof(bench_join_case), tables, row};

/* ---- plots ---- */

#define MS(id, field)                                                                                                  \
    { #id, BENCH_SERIES, .at = CASE(sets[BENCH_JOIN_##id].field), .divide = 1e6, .digits = 3 }
#define MIB(name, kind, field)                                                                                         \
    { name, kind, .at = CASE(field), .divide = 0x1p20, .digits = 6 }
static const bench_column data[] = {{"items", BENCH_U64, .at = CASE(items)},
                                    {"messages", BENCH_U64, .at = CASE(messages)},
                                    MS(SNAPSHOT, first),
                                    MS(SNAPSHOT, ns),
                                    MS(FIVE, ns),
                                    MS(REPLAY, ns),
                                    MIB("snapshot_mib", BENCH_SERIES, sets[BENCH_JOIN_SNAPSHOT].in),
                                    MIB("need_mib", BENCH_U64, need_bytes),
                                    MIB("replay_mib", BENCH_SERIES, sets[BENCH_JOIN_REPLAY].in),
                                    END};

echo_status bench_join_plot(const bench *b, echo_error *err) {
    FILE *file;
    echo_status status = bench_plot_open(&file, b, "join.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# items messages first_ms snapshot_ms five_ms replay_ms snapshot_mib need_mib replay_mib\n");
    for (size_t i = 0; i < b->count; i++) {
        const bench_row one = {.parts = {&cases_of(b)[i]}};
        if (i > 0 && cases_of(b)[i].items != cases_of(b)[i - 1].items) (void)fprintf(file, "\n\n");
        bench_report_data(file, data, &one);
    }
    status = bench_plot_close(file, "join.dat", err);
    if (status == ECHO_OK) status = bench_plot_draw(b, "join-time", err);
    return status == ECHO_OK ? bench_plot_draw(b, "join-bytes", err) : status;
}
