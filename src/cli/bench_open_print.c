#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench_open.h"

#define CELL_CHARS BENCH_CELL_CHARS

static const char *const way_names[] = {
#define XX(name, text) text,
    BENCH_WAY_MAP(XX)
#undef XX
};

static uint64_t median(const bench_series *series) { return bench_median(series); }

static uint64_t rate(uint64_t n, uint64_t ns) { return ns == 0 ? 0 : (uint64_t)((double)n * 1e9 / (double)ns); }

static uint64_t messages_per_second(const bench_case *c) {
    return rate(c->party.messages, median(&c->ns[BENCH_REPLAY]));
}

static uint64_t read_per_second(const bench_case *c) { return rate(c->party.data_bytes, median(&c->read)); }

/* ---- table ---- */

typedef struct column {
    const char *head;
    int width;
    void (*cell)(char out[CELL_CHARS], const bench_case *c);
} column;

static void put_number(char out[CELL_CHARS], uint64_t value) { (void)snprintf(out, CELL_CHARS, "%" PRIu64, value); }

#define put_ns bench_cell_ns
#define put_bytes bench_cell_bytes

static void cell_messages(char out[CELL_CHARS], const bench_case *c) { put_number(out, c->party.messages); }
static void cell_items(char out[CELL_CHARS], const bench_case *c) { put_number(out, c->last[BENCH_REPLAY].items); }
static void cell_tail(char out[CELL_CHARS], const bench_case *c) { put_number(out, c->party.tail); }
static void cell_replay(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->ns[BENCH_REPLAY])); }
static void cell_rate(char out[CELL_CHARS], const bench_case *c) { put_number(out, messages_per_second(c)); }
static void cell_eager(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->ns[BENCH_EAGER])); }
static void cell_hydrate(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->hydrate[BENCH_EAGER])); }
static void cell_parse(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->parse)); }
static void cell_lazy(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->ns[BENCH_LAZY])); }
static void cell_first(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->ns[BENCH_FIRST])); }
static void cell_taken(char out[CELL_CHARS], const bench_case *c) { put_ns(out, c->party.snapshot.ns); }
static void cell_update(char out[CELL_CHARS], const bench_case *c) { put_ns(out, c->update.ns); }

static const column times[] = {
    {"messages", 9, cell_messages}, {"items", 8, cell_items},     {"tail", 6, cell_tail},
    {"replay", 10, cell_replay},    {"msg/s", 8, cell_rate},      {"eager", 10, cell_eager},
    {"hydrate", 10, cell_hydrate},  {"cJSON", 10, cell_parse},    {"lazy", 10, cell_lazy},
    {"first item", 10, cell_first}, {"snapshot", 10, cell_taken}, {"2nd snap", 10, cell_update},
};

static void cell_data(char out[CELL_CHARS], const bench_case *c) { put_bytes(out, c->party.data_bytes); }
static void cell_speed(char out[CELL_CHARS], const bench_case *c) {
    (void)snprintf(out, CELL_CHARS, "%.0f MB/s", (double)read_per_second(c) / 1e6);
}
static void cell_stored(char out[CELL_CHARS], const bench_case *c) { put_bytes(out, c->party.snapshot.bytes); }
static void cell_updated(char out[CELL_CHARS], const bench_case *c) { put_bytes(out, c->update.bytes); }
static void cell_read(char out[CELL_CHARS], const bench_case *c) { put_number(out, c->last[BENCH_LAZY].messages_read); }
static void cell_skipped(char out[CELL_CHARS], const bench_case *c) {
    put_number(out, c->last[BENCH_LAZY].messages_skipped);
}
static void cell_chunks(char out[CELL_CHARS], const bench_case *c) { put_number(out, c->last[BENCH_LAZY].chunks_read); }
static void cell_hydrated(char out[CELL_CHARS], const bench_case *c) {
    put_number(out, c->last[BENCH_LAZY].items_hydrated);
}
static void cell_peak_replay(char out[CELL_CHARS], const bench_case *c) {
    put_bytes(out, median(&c->peak[BENCH_REPLAY]));
}
static void cell_peak_eager(char out[CELL_CHARS], const bench_case *c) {
    put_bytes(out, median(&c->peak[BENCH_EAGER]));
}
static void cell_peak_lazy(char out[CELL_CHARS], const bench_case *c) { put_bytes(out, median(&c->peak[BENCH_LAZY])); }
static void cell_peak_first(char out[CELL_CHARS], const bench_case *c) {
    put_bytes(out, median(&c->peak[BENCH_FIRST]));
}

static const column sizes[] = {
    {"messages", 9, cell_messages},
    {"items", 8, cell_items},
    {"feeds hold", 10, cell_data},
    {"read at", 10, cell_speed},
    {"snapshot", 10, cell_stored},
    {"2nd snap", 10, cell_updated},
    {"read", 7, cell_read},
    {"skipped", 8, cell_skipped},
    {"chunks", 7, cell_chunks},
    {"hydrated", 8, cell_hydrated},
    {"peak replay", 11, cell_peak_replay},
    {"peak eager", 10, cell_peak_eager},
    {"peak lazy", 10, cell_peak_lazy},
    {"peak first", 10, cell_peak_first},
};

static void cell_cpu_replay(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->cpu[BENCH_REPLAY])); }
static void cell_cpu_rate(char out[CELL_CHARS], const bench_case *c) {
    put_number(out, rate(c->party.messages, median(&c->cpu[BENCH_REPLAY])));
}
static void cell_cpu_eager(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->cpu[BENCH_EAGER])); }
static void cell_cpu_parse(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->parse_cpu)); }
static void cell_cpu_lazy(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->cpu[BENCH_LAZY])); }
static void cell_cpu_first(char out[CELL_CHARS], const bench_case *c) { put_ns(out, median(&c->cpu[BENCH_FIRST])); }

static const column computing[] = {
    {"messages", 9, cell_messages}, {"items", 8, cell_items},           {"replay", 10, cell_cpu_replay},
    {"msg/s", 8, cell_cpu_rate},    {"eager", 10, cell_cpu_eager},      {"cJSON", 10, cell_cpu_parse},
    {"lazy", 10, cell_cpu_lazy},    {"first item", 10, cell_cpu_first},
};

static void print_rows(echo_cli_out *out, const bench *b, const column *columns, size_t count) {
    for (size_t i = 0; i < count; i++)
        echo_cli_print(out, "%s%*s", i > 0 ? "  " : "", columns[i].width, columns[i].head);
    echo_cli_print(out, "\n");
    for (size_t row = 0; row < b->count; row++) {
        for (size_t i = 0; i < count; i++) {
            char text[CELL_CHARS];
            columns[i].cell(text, &bench_open_cases(b)[row]);
            echo_cli_print(out, "%s%*s", i > 0 ? "  " : "", columns[i].width, text);
        }
        echo_cli_print(out, "\n");
    }
}

void bench_open_table(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    echo_cli_print(out,
                   "Opening a party, medians of %zu. replay: no snapshot; eager: all states made, hydrate: that part "
                   "alone, cJSON:\n"
                   "cJSON_Parse of the same records alone; lazy: states made when touched; first item: lazy, no tail, "
                   "until a state is "
                   "there.\n",
                   b->options.runs);
    print_rows(out, b, times, sizeof times / sizeof times[0]);
    echo_cli_print(
        out, "\nOf that, time spent computing (user and system), which other work on the machine hardly changes.\n");
    print_rows(out, b, computing, sizeof computing / sizeof computing[0]);
    echo_cli_print(
        out, "\nWhat it took. read to hydrated: of a lazy opening; peak: resident memory of the process at most.\n");
    print_rows(out, b, sizes, sizeof sizes / sizeof sizes[0]);
}

/* ---- CSV: a line per measure, for plotting ---- */

typedef void (*measure_fn)(void *arg, const char *name, const char *unit, const bench_series *series);

static void each_measure(const bench_case *c, measure_fn fn, void *arg) {
    char name[CELL_CHARS];
    for (size_t way = 0; way < BENCH_WAYS; way++) {
        fn(arg, way_names[way], "ns", &c->ns[way]);
        (void)snprintf(name, sizeof name, "%s_cpu", way_names[way]);
        fn(arg, name, "ns", &c->cpu[way]);
        (void)snprintf(name, sizeof name, "%s_peak", way_names[way]);
        fn(arg, name, "bytes", &c->peak[way]);
        (void)snprintf(name, sizeof name, "%s_kept", way_names[way]);
        fn(arg, name, "bytes", &c->kept[way]);
    }
    fn(arg, "hydrate", "ns", &c->hydrate[BENCH_EAGER]);
    fn(arg, "cjson_parse", "ns", &c->parse);
    fn(arg, "cjson_parse_cpu", "ns", &c->parse_cpu);
    fn(arg, "read_data", "ns", &c->read);
}

typedef struct csv {
    echo_cli_out *out;
    const bench *bench;
    const bench_case *c;
} csv;

static void csv_line(void *arg, const char *name, const char *unit, const bench_series *series) {
    const csv *s = arg;
    bench_range range = bench_range_of(series);
    uint64_t messages = s->c != NULL ? s->c->party.messages : 0,
             items = s->c != NULL ? s->c->last[BENCH_REPLAY].items : 0;
    uint64_t feeds = s->c != NULL ? s->c->party.feeds : 0, tail = s->c != NULL ? s->c->party.tail : 0;
    echo_cli_print(s->out,
                   "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s,%s,%zu,%" PRIu64 ",%" PRIu64
                   ",%" PRIu64 "\n",
                   messages, items, feeds, tail, s->bench->options.seed, name, unit, series->count, range.median,
                   range.min, range.max);
}

static void csv_value(csv *s, const char *name, const char *unit, uint64_t value) {
    bench_series one = {{value}, 1};
    csv_line(s, name, unit, &one);
}

static void csv_case(csv *s) {
    const bench_case *c = s->c;
    const bench_opening *lazy = &c->last[BENCH_LAZY];
    each_measure(c, csv_line, s);
    csv_value(s, "snapshot", "ns", c->party.snapshot.ns);
    csv_value(s, "snapshot_size", "bytes", c->party.snapshot.bytes);
    csv_value(s, "second_snapshot", "ns", c->update.ns);
    csv_value(s, "second_snapshot_size", "bytes", c->update.bytes);
    csv_value(s, "records", "bytes", c->party.record_bytes);
    csv_value(s, "feeds", "bytes", c->party.data_bytes);
    csv_value(s, "lazy_messages_read", "count", lazy->messages_read);
    csv_value(s, "lazy_messages_skipped", "count", lazy->messages_skipped);
    csv_value(s, "lazy_chunks_read", "count", lazy->chunks_read);
    csv_value(s, "lazy_items_hydrated", "count", lazy->items_hydrated);
}

void bench_open_csv(const bench *b) {
    csv s = {&b->cli->out, b, NULL};
    echo_cli_print(s.out, "messages,items,feeds,tail,seed,measure,unit,runs,median,min,max\n");
    csv_line(&s, "machine_blake2b_150", "per_second", &b->machine.hashes);
    csv_line(&s, "machine_ed25519_verify", "per_second", &b->machine.verifies);
    csv_line(&s, "machine_fsync", "ns", &b->machine.sync);
    for (size_t i = 0; i < b->count; i++) {
        s.c = &bench_open_cases(b)[i];
        csv_case(&s);
    }
}

/* ---- JSON ---- */

static void json_series(void *arg, const char *name, const char *unit, const bench_series *series) {
    bench_json_series(arg, name, unit, series);
}

static void json_counts(echo_cli_out *out, const char *key, const bench_opening *last) {
    echo_cli_json_object(out, key);
    echo_cli_json_number(out, "messages_read", last->messages_read);
    echo_cli_json_number(out, "messages_skipped", last->messages_skipped);
    echo_cli_json_number(out, "messages_refused", last->messages_refused);
    echo_cli_json_number(out, "chunks_read", last->chunks_read);
    echo_cli_json_number(out, "chunk_bytes_read", last->chunk_bytes_read);
    echo_cli_json_number(out, "items_hydrated", last->items_hydrated);
    echo_cli_json_number(out, "items", last->items);
    echo_cli_json_number(out, "damage", last->damage);
    echo_cli_json_number(out, "ns_open", last->ns_open);
    echo_cli_json_number(out, "ns_feeds", last->ns_feeds);
    echo_cli_json_number(out, "ns_tail", last->ns_tail);
    echo_cli_json_number(out, "ns_hydrate", last->ns_hydrate);
    echo_cli_json_end(out);
}

static void json_taken(echo_cli_out *out, const char *key, const bench_taken *taken) {
    echo_cli_json_object(out, key);
    echo_cli_json_number(out, "number", taken->number);
    echo_cli_json_number(out, "ns", taken->ns);
    echo_cli_json_number(out, "items_written", taken->items);
    echo_cli_json_number(out, "chunks_written", taken->chunks);
    echo_cli_json_number(out, "bytes_written", taken->bytes);
    echo_cli_json_hex(out, "digest", taken->digest.bytes);
    echo_cli_json_end(out);
}

static void json_case(echo_cli_out *out, const bench_case *c) {
    echo_cli_json_object(out, NULL);
    echo_cli_json_hex(out, "party", c->party.key.bytes);
    echo_cli_json_number(out, "messages", c->party.messages);
    echo_cli_json_number(out, "tail", c->party.tail);
    echo_cli_json_number(out, "feeds", c->party.feeds);
    echo_cli_json_number(out, "items", c->last[BENCH_REPLAY].items);
    echo_cli_json_number(out, "data_bytes", c->party.data_bytes);
    echo_cli_json_number(out, "block_bytes", c->party.block_bytes);
    echo_cli_json_number(out, "record_bytes", c->party.record_bytes);
    echo_cli_json_number(out, "replay_messages_per_second", messages_per_second(c));
    echo_cli_json_number(out, "read_bytes_per_second", read_per_second(c));
    echo_cli_json_object(out, "measures");
    each_measure(c, json_series, out);
    echo_cli_json_end(out);
    echo_cli_json_object(out, "counts");
    for (size_t way = 0; way < BENCH_WAYS; way++) json_counts(out, way_names[way], &c->last[way]);
    echo_cli_json_end(out);
    json_taken(out, "snapshot", &c->party.snapshot);
    json_taken(out, "second_snapshot", &c->update);
    echo_cli_json_hex(out, "replay_digest", c->digest.bytes);
    echo_cli_json_flag(out, "agrees", c->agrees);
    echo_cli_json_string(out, "disagreement", c->agrees ? NULL : c->disagreement);
    echo_cli_json_end(out);
}

void bench_open_json(const bench *b) {
    for (size_t i = 0; i < b->count; i++) json_case(&b->cli->out, &bench_open_cases(b)[i]);
}
