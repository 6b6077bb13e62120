#include <inttypes.h>
#include <stdio.h>

#include "bench_join.h"
#include "bench_plot.h"

#define LINK_CHARS 128u

static const bench_join_case *cases_of(const bench *b) { return b->cases; }

static double times(uint64_t a, uint64_t b) { return b == 0 ? 0 : (double)a / (double)b; }

/* How much faster than by replay, and how much more than the packed state and the tail. */
static double faster(const bench_join_case *c, bench_join_way way) {
    return times(bench_median(&c->sets[BENCH_JOIN_REPLAY].ns), bench_median(&c->sets[way].ns));
}

static double more(const bench_join_case *c, bench_join_way way) {
    return times(bench_median(&c->sets[way].in), c->state.packed + c->tail_bytes);
}

/* ---- table ---- */

static void print_state(echo_cli_out *out, const bench_join_case *c) {
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

static void print_row(echo_cli_out *out, const bench_join_case *c, bench_join_way way) {
    const bench_join_set *set = &c->sets[way];
    char first[BENCH_CELL_CHARS] = "", first_bytes[BENCH_CELL_CHARS] = "", all[BENCH_CELL_CHARS],
         party[BENCH_CELL_CHARS], in[BENCH_CELL_CHARS], sent[BENCH_CELL_CHARS], cpu[BENCH_CELL_CHARS],
         server[BENCH_CELL_CHARS], peak[BENCH_CELL_CHARS];
    if (set->last.ns_first > 0) {
        bench_cell_ns(first, bench_median(&set->first));
        bench_cell_bytes(first_bytes, bench_median(&set->first_bytes));
    }
    bench_cell_ns(all, bench_median(&set->ns));
    bench_cell_ns(party, bench_median(&set->party));
    bench_cell_ns(cpu, bench_median(&set->cpu));
    bench_cell_ns(server, bench_median(&set->server_cpu));
    bench_cell_bytes(in, bench_median(&set->in));
    bench_cell_bytes(sent, bench_median(&set->out));
    bench_cell_bytes(peak, bench_median(&set->peak));
    echo_cli_print(
        out, "%7" PRIu64 "  %8" PRIu64 "  %-8s  %10s  %10s  %10s  %5.2f  %10s  %10s  %10s  %6.1f  %10s  %10s  %10s\n",
        c->items, c->messages, bench_join_way_names[way], first_bytes, first, in, more(c, way), sent, all, party,
        faster(c, way), cpu, server, peak);
}

void bench_join_table(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    char link[LINK_CHARS];
    bench_link_describe(link, sizeof link, &b->options.link);
    echo_cli_print(
        out,
        "Joining a party, medians of %zu. snapshot: from a member's snapshot, and the blocks behind it; five: the same "
        "from five\n"
        "members at the same state; replay: every block with its proof, from a member without a snapshot, and "
        "replaying them.\n"
        "first: until a random item can be read. of need: received, by the state packed in one stream and the tail's "
        "bytes. all:\n"
        "until nothing is missing and the party is open; party: opening it, of that. server: its computing time.\n",
        b->options.runs);
    if (b->options.link.given)
        echo_cli_print(out, "Connections are %s%s%s.\n", link, b->options.link.real ? "" : ": ", b->options.link.why);
    echo_cli_print(out, "  items  messages  way       first after       first    received  of need     sent         "
                        "all       party  faster"
                        "   computing      server        peak\n");
    for (size_t i = 0; i < b->count; i++) {
        for (bench_join_way way = BENCH_JOIN_SNAPSHOT; way < BENCH_JOIN_WAYS; way++)
            print_row(out, &cases_of(b)[i], way);
        print_state(out, &cases_of(b)[i]);
    }
}

/* ---- CSV and JSON ---- */

typedef void (*measure_fn)(void *arg, const char *name, const char *unit, const bench_series *series);

static void each_measure(const bench_join_set *set, measure_fn fn, void *arg) {
    bench_series counts[3] = {{{0}, 0}, {{0}, 0}, {{0}, 0}};
    bench_series_add(&counts[0], set->last.state.blocks_received);
    bench_series_add(&counts[1], set->last.state.chunks_received);
    bench_series_add(&counts[2], set->last.state.chunk_bytes);
    fn(arg, "all", "ns", &set->ns);
    fn(arg, "usable", "ns", &set->usable);
    fn(arg, "first_item", "ns", &set->first);
    fn(arg, "installed", "ns", &set->installed);
    fn(arg, "transferred", "ns", &set->here);
    fn(arg, "party", "ns", &set->party);
    fn(arg, "computing", "ns", &set->cpu);
    fn(arg, "server_computing", "ns", &set->server_cpu);
    fn(arg, "first_item_received", "bytes", &set->first_bytes);
    fn(arg, "received", "bytes", &set->in);
    fn(arg, "sent", "bytes", &set->out);
    fn(arg, "peak", "bytes", &set->peak);
    fn(arg, "blocks", "count", &counts[0]);
    fn(arg, "chunks", "count", &counts[1]);
    fn(arg, "chunk_bytes", "bytes", &counts[2]);
}

typedef struct line {
    const bench *b;
    const bench_join_case *c;
    const char *variant;
} line;

static void csv_line(void *arg, const char *name, const char *unit, const bench_series *series) {
    const line *l = arg;
    bench_csv_series(&l->b->cli->out, l->b, l->c->items, l->c->messages, l->variant, name, unit, series);
}

static void csv_number(line *l, const char *name, const char *unit, uint64_t value) {
    bench_series one = {{0}, 0};
    bench_series_add(&one, value);
    csv_line(l, name, unit, &one);
}

void bench_join_csv(const bench *b) {
    bench_csv_header(&b->cli->out);
    for (size_t i = 0; i < b->count; i++) {
        const bench_join_case *c = &cases_of(b)[i];
        line l = {b, c, "state"};
        csv_number(&l, "chunks", "count", c->state.chunks);
        csv_number(&l, "chunk_bytes", "bytes", c->state.bytes);
        csv_number(&l, "packed", "bytes", c->state.packed);
        csv_number(&l, "hash", "ns", c->state.ns_hash);
        csv_number(&l, "pack", "ns", c->state.ns_pack);
        csv_number(&l, "unpack", "ns", c->state.ns_unpack);
        csv_number(&l, "tail", "bytes", c->tail_bytes);
        csv_number(&l, "feeds", "bytes", c->feed_bytes);
        for (bench_join_way way = BENCH_JOIN_SNAPSHOT; way < BENCH_JOIN_WAYS; way++) {
            l.variant = bench_join_way_names[way];
            each_measure(&c->sets[way], csv_line, &l);
        }
    }
}

static void json_measure(void *arg, const char *name, const char *unit, const bench_series *series) {
    bench_json_series(arg, name, unit, series);
}

static void json_way(echo_cli_out *out, const bench_join_case *c, bench_join_way way) {
    const bench_join_set *set = &c->sets[way];
    char number[BENCH_CELL_CHARS];
    echo_cli_json_object(out, bench_join_way_names[way]);
    echo_cli_json_flag(out, "by_chunks", set->last.by_chunks);
    echo_cli_json_number(out, "items", set->last.items);
    echo_cli_json_number(out, "messages_read", set->last.messages_read);
    (void)snprintf(number, sizeof number, "%.6f", more(c, way));
    echo_cli_json_raw(out, "received_of_need", number);
    (void)snprintf(number, sizeof number, "%.6f", faster(c, way));
    echo_cli_json_raw(out, "times_faster", number);
    echo_cli_json_hex(out, "digest", set->last.digest.bytes);
    each_measure(set, json_measure, out);
    echo_cli_json_end(out);
}

void bench_join_json(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    for (size_t i = 0; i < b->count; i++) {
        const bench_join_case *c = &cases_of(b)[i];
        echo_cli_json_object(out, NULL);
        echo_cli_json_number(out, "items", c->items);
        echo_cli_json_number(out, "messages", c->messages);
        echo_cli_json_number(out, "tail", c->tail);
        echo_cli_json_number(out, "covered", c->covered);
        echo_cli_json_number(out, "tail_bytes", c->tail_bytes);
        echo_cli_json_number(out, "feed_bytes", c->feed_bytes);
        bench_link_json(out, &b->options.link);
        echo_cli_json_object(out, "state");
        echo_cli_json_number(out, "chunks", c->state.chunks);
        echo_cli_json_number(out, "bytes", c->state.bytes);
        echo_cli_json_number(out, "packed", c->state.packed);
        echo_cli_json_number(out, "records", c->state.records);
        echo_cli_json_number(out, "hash_ns", c->state.ns_hash);
        echo_cli_json_number(out, "pack_ns", c->state.ns_pack);
        echo_cli_json_number(out, "unpack_ns", c->state.ns_unpack);
        echo_cli_json_end(out);
        for (bench_join_way way = BENCH_JOIN_SNAPSHOT; way < BENCH_JOIN_WAYS; way++) json_way(out, c, way);
        echo_cli_json_end(out);
    }
}

/* ---- plots ---- */

static double ms(const bench_series *series) { return (double)bench_median(series) / 1e6; }
static double mib(uint64_t bytes) { return (double)bytes / (1 << 20); }

#define SCRIPT 4096u

typedef struct columns {
    const char *name, *label;
    unsigned join, other, third; /* of join.dat; the third 0: none */
    const char *other_title, *third_title;
} columns;

/* Cases of as many items as the one before belong to its curve. */
static echo_status draw(const bench *b, const columns *what, echo_error *err) {
    char script[SCRIPT];
    size_t len = 0, curve = 0;
#define ADD(...) len += len < SCRIPT ? (size_t)snprintf(script + len, SCRIPT - len, __VA_ARGS__) : 0
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < b->count; i++) {
        uint64_t messages = cases_of(b)[i].messages;
        least = messages < least ? messages : least;
        most = messages > most ? messages : most;
    }
    ADD("set title 'Joining a party'\nset logscale xy\nset xlabel 'messages in the feeds'\nset format x '%%.0s%%c'\n"
        "set xrange [%.0f:%.0f]\nset ylabel '%s'\nplot ",
        0.8 * (double)least, 1.25 * (double)most, what->label);
    for (size_t i = 0; i < b->count; i++) {
        const bench_join_case *c = &cases_of(b)[i];
        if (i > 0 && c->items == cases_of(b)[i - 1].items) continue;
        size_t style = curve % 4 + 1;
        ADD("%s'join.dat' index %zu using 2:%u with linespoints ls %zu title '%" PRIu64 " items, from a snapshot', \\\n"
            "     '' index %zu using 2:%u with linespoints ls %zu dt 2 title '%" PRIu64 " items, %s'",
            curve > 0 ? ", \\\n     " : "", curve, what->join, style, c->items, curve, what->other, style, c->items,
            what->other_title);
        if (what->third > 0)
            ADD(", \\\n     '' index %zu using 2:%u with points ls %zu pt 1 ps 1 title '%" PRIu64 " items, %s'", curve,
                what->third, style, c->items, what->third_title);
        curve++;
    }
    ADD("\n");
#undef ADD
    return bench_plot_draw(b, what->name, script, err);
}

echo_status bench_join_plot(const bench *b, echo_error *err) {
    static const columns
        time = {"join-time", "time, ms", 4, 6, 3, "every block and replay", "until the first can be read"},
        bytes = {"join-bytes", "received, MiB", 7, 9, 8, "every block", "state and tail, packed in one stream"};
    FILE *file;
    echo_status status = bench_plot_open(&file, b, "join.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# items messages first_ms snapshot_ms five_ms replay_ms snapshot_mib need_mib replay_mib\n");
    for (size_t i = 0; i < b->count; i++) {
        const bench_join_case *c = &cases_of(b)[i];
        if (i > 0 && c->items != cases_of(b)[i - 1].items) (void)fprintf(file, "\n\n");
        (void)fprintf(file, "%" PRIu64 " %" PRIu64 " %.3f %.3f %.3f %.3f %.6g %.6g %.6g\n", c->items, c->messages,
                      ms(&c->sets[BENCH_JOIN_SNAPSHOT].first), ms(&c->sets[BENCH_JOIN_SNAPSHOT].ns),
                      ms(&c->sets[BENCH_JOIN_FIVE].ns), ms(&c->sets[BENCH_JOIN_REPLAY].ns),
                      mib(bench_median(&c->sets[BENCH_JOIN_SNAPSHOT].in)), mib(c->state.packed + c->tail_bytes),
                      mib(bench_median(&c->sets[BENCH_JOIN_REPLAY].in)));
    }
    status = bench_plot_close(file, "join.dat", err);
    if (status == ECHO_OK) status = draw(b, &time, err);
    return status == ECHO_OK ? draw(b, &bytes, err) : status;
}
