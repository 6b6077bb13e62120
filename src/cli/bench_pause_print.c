#include <inttypes.h>

#include "bench_pause.h"
#include "bench_plot.h"

#define NAME_CHARS 40u

static const bench_pause_case *cases_of(const bench *b) { return b->cases; }

/* ---- table ---- */

static void print_ns(echo_cli_out *out, int width, const bench_series *series) {
    char text[BENCH_CELL_CHARS];
    uint64_t ns = bench_median(series);
    if (ns < 1000000)
        (void)snprintf(text, sizeof text, "%.1f us", (double)ns / 1e3);
    else
        bench_cell_ns(text, ns);
    echo_cli_print(out, "  %*s", width, text);
}

static void print_set(echo_cli_out *out, const bench_pause_case *c, bench_pause_way way) {
    const bench_pause_set *set = &c->sets[way];
    echo_cli_print(out, "%8" PRIu64 "  %-9s", c->items, bench_pause_way_names[way]);
    print_ns(out, 9, &set->without[0]);
    for (size_t q = 1; q < BENCH_QUANTILES; q++) print_ns(out, 9, &set->without[q]);
    for (size_t q = 0; q < BENCH_QUANTILES; q++) print_ns(out, 9, &set->during[q]);
    echo_cli_print(out, "\n");
}

static void print_counts(echo_cli_out *out, const bench_pause_case *c, bench_pause_way way) {
    const bench_pause_set *set = &c->sets[way];
    char bytes[BENCH_CELL_CHARS];
    bench_cell_bytes(bytes, bench_median(&set->bytes));
    echo_cli_print(out, "%8" PRIu64 "  %-9s", c->items, bench_pause_way_names[way]);
    for (size_t q = 1; q < BENCH_QUANTILES; q++) print_ns(out, 9, &set->added[q]);
    print_ns(out, 10, &set->duration);
    echo_cli_print(out, "  %9" PRIu64 "  %8" PRIu64 "  %7" PRIu64, bench_median(&set->messages),
                   bench_median(&set->copied), bench_median(&set->steps));
    print_ns(out, 10, &set->worst_step);
    print_ns(out, 9, &set->empty);
    echo_cli_print(out, "  %9s  %s\n", bytes, set->checked > 0 ? "yes" : "no");
}

void bench_pause_table(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    echo_cli_print(
        out,
        "How long a message takes, without a snapshot and while one of every item is taken, medians of %zu. thread: "
        "the\n"
        "policy's default; no_thread: in steps between messages; blocking: one message waits for the whole save.\n"
        "                            without                                     during\n"
        "   items  way              p50        p99      p99.9        max        p50        p99      p99.9        max\n",
        b->options.runs);
    for (size_t i = 0; i < b->count; i++)
        for (bench_pause_way way = BENCH_PAUSE_THREAD; way < BENCH_PAUSE_WAYS; way++)
            print_set(out, &cases_of(b)[i], way);
    echo_cli_print(
        out,
        "\nAdded delay: during, less the median without. messages: that were processed while it was taken; copied: "
        "items\n"
        "serialised early, because a message was about to change them; empty: the longest poll that brought no "
        "message.\n"
        "                          added\n"
        "   items  way              p99      p99.9        max    duration   messages    copied    steps  worst step"
        "      empty      bytes  checked\n");
    for (size_t i = 0; i < b->count; i++)
        for (bench_pause_way way = BENCH_PAUSE_THREAD; way < BENCH_PAUSE_WAYS; way++)
            print_counts(out, &cases_of(b)[i], way);
}

/* ---- CSV and JSON ---- */

typedef void (*measure_fn)(void *arg, const char *name, const char *unit, const bench_series *series);

static void each_quantile(measure_fn fn, void *arg, const char *what, const bench_series series[BENCH_QUANTILES]) {
    static const char *const names[BENCH_QUANTILES] = {"p50", "p99", "p999", "max"};
    for (size_t q = 0; q < BENCH_QUANTILES; q++) {
        char name[NAME_CHARS];
        (void)snprintf(name, sizeof name, "%s_%s", what, names[q]);
        fn(arg, name, "ns", &series[q]);
    }
}

static void each_measure(const bench_pause_set *set, measure_fn fn, void *arg) {
    each_quantile(fn, arg, "without", set->without);
    each_quantile(fn, arg, "during", set->during);
    each_quantile(fn, arg, "added", set->added);
    fn(arg, "duration", "ns", &set->duration);
    fn(arg, "start", "ns", &set->start);
    fn(arg, "worst_step", "ns", &set->worst_step);
    fn(arg, "longest_empty_poll", "ns", &set->empty);
    fn(arg, "messages", "count", &set->messages);
    fn(arg, "items_copied", "count", &set->copied);
    fn(arg, "steps", "count", &set->steps);
    fn(arg, "bytes_written", "bytes", &set->bytes);
}

typedef struct line {
    const bench *b;
    uint64_t items;
    const char *way;
} line;

static void csv_measure(void *arg, const char *name, const char *unit, const bench_series *series) {
    const line *l = arg;
    bench_csv_series(&l->b->cli->out, l->b, l->items, 0, l->way, name, unit, series);
}

void bench_pause_csv(const bench *b) {
    bench_csv_header(&b->cli->out);
    for (size_t i = 0; i < b->count; i++)
        for (bench_pause_way way = BENCH_PAUSE_THREAD; way < BENCH_PAUSE_WAYS; way++) {
            line l = {b, cases_of(b)[i].items, bench_pause_way_names[way]};
            each_measure(&cases_of(b)[i].sets[way], csv_measure, &l);
        }
}

static void json_measure(void *arg, const char *name, const char *unit, const bench_series *series) {
    bench_json_series(arg, name, unit, series);
}

static void json_set(echo_cli_out *out, const bench_pause_set *set, const char *name) {
    const bench_pause_run *last = &set->last;
    echo_cli_json_object(out, name);
    echo_cli_json_object(out, "measures");
    each_measure(set, json_measure, out);
    echo_cli_json_end(out);
    echo_cli_json_object(out, "last");
    echo_cli_json_number(out, "number", last->result.number);
    echo_cli_json_number(out, "items_written", last->result.items_written);
    echo_cli_json_number(out, "chunks_written", last->result.chunks_written);
    echo_cli_json_number(out, "feeds_synced", last->result.feeds_synced);
    echo_cli_json_number(out, "messages_covered", last->result.messages);
    echo_cli_json_number(out, "messages_without", last->without.count);
    echo_cli_json_number(out, "messages_during", last->during.count);
    echo_cli_json_number(out, "messages_slowly", last->slowly);
    echo_cli_json_number(out, "ns_capture", last->result.ns_capture);
    echo_cli_json_number(out, "ns_write", last->result.ns_write);
    echo_cli_json_number(out, "ns_publish", last->result.ns_publish);
    echo_cli_json_hex(out, "digest", last->result.digest.bytes);
    echo_cli_json_hex(out, "replay_digest", last->checked ? last->replayed.bytes : NULL);
    echo_cli_json_end(out);
    echo_cli_json_number(out, "checked", set->checked);
    echo_cli_json_end(out);
}

void bench_pause_json(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    for (size_t i = 0; i < b->count; i++) {
        echo_cli_json_object(out, NULL);
        echo_cli_json_number(out, "items", cases_of(b)[i].items);
        echo_cli_json_flag(out, "disk", b->options.disk);
        for (bench_pause_way way = BENCH_PAUSE_THREAD; way < BENCH_PAUSE_WAYS; way++)
            json_set(out, &cases_of(b)[i].sets[way], bench_pause_way_names[way]);
        echo_cli_json_end(out);
    }
}

/* ---- plots: the time that a message in so many exceeds ---- */

static const char script[] =
    "set title 'Messages while a snapshot of every item is taken'\n"
    "set logscale xy\n"
    "set xlabel 'one message in so many takes longer'\n"
    "set ylabel 'time of a message, µs'\n"
    "set format xy '%.0s%c'\n"
    "plot 'pause.dat' index 0 using 1:2 with lines ls 4 title 'no snapshot', \\\n"
    "     '' index 1 using 1:2 with lines ls 1 title 'with the writer thread', \\\n"
    "     '' index 2 using 1:2 with lines ls 2 title 'in steps, no thread', \\\n"
    "     '' index 3 using 1:2 with lines ls 3 dt 2 title 'the one that waits for a blocking save'\n";
static const char script_sizes[] = "set title 'The longest a message takes'\n"
                                   "set logscale xy\n"
                                   "set xlabel 'items, all of them changed'\n"
                                   "set ylabel 'ms'\n"
                                   "set format x '%.0s%c'\n"
                                   "plot 'pause-sizes.dat' using 1:5 with linespoints ls 3 title 'blocking save', \\\n"
                                   "     '' using 1:4 with linespoints ls 2 title 'in steps, no thread', \\\n"
                                   "     '' using 1:3 with linespoints ls 1 title 'with the writer thread', \\\n"
                                   "     '' using 1:2 with linespoints ls 4 title 'no snapshot'\n";

static void put_curve(FILE *file, const bench_histogram *times, const char *name) {
    (void)fprintf(file, "# %s: one in, us\n", name);
    for (double one_in = 2; one_in <= (double)times->count; one_in *= 1.25)
        (void)fprintf(file, "%.6g %.3f\n", one_in, (double)bench_histogram_quantile(times, 1.0 - 1.0 / one_in) / 1e3);
    (void)fprintf(file, "%" PRIu64 " %.3f\n\n\n", times->count, (double)times->max / 1e3);
}

static echo_status plot_curves(const bench *b, const bench_pause_case *c, echo_error *err) {
    FILE *file;
    echo_status status = bench_plot_open(&file, b, "pause.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# %" PRIu64 " items\n", c->items);
    put_curve(file, &c->sets[BENCH_PAUSE_THREAD].all_without, "without");
    for (bench_pause_way way = BENCH_PAUSE_THREAD; way < BENCH_PAUSE_BLOCKING; way++)
        put_curve(file, &c->sets[way].all_during, bench_pause_way_names[way]);
    double waits = (double)bench_median(&c->sets[BENCH_PAUSE_BLOCKING].during[0]) / 1e3;
    (void)fprintf(file, "# blocking: a line\n2 %.3f\n%" PRIu64 " %.3f\n", waits,
                  c->sets[BENCH_PAUSE_THREAD].all_without.count, waits);
    status = bench_plot_close(file, "pause.dat", err);
    return status == ECHO_OK ? bench_plot_draw(b, "pause", script, err) : status;
}

static double longest_ms(const bench_series series[BENCH_QUANTILES]) {
    return (double)bench_median(&series[BENCH_QUANTILES - 1]) / 1e6;
}

echo_status bench_pause_plot(const bench *b, echo_error *err) {
    const bench_pause_case *largest = &cases_of(b)[0];
    FILE *file;
    echo_status status = bench_plot_open(&file, b, "pause-sizes.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# items without_ms thread_ms no_thread_ms blocking_ms\n");
    for (size_t i = 0; i < b->count; i++) {
        const bench_pause_case *c = &cases_of(b)[i];
        if (c->items > largest->items) largest = c;
        (void)fprintf(file, "%" PRIu64 " %.4f %.4f %.4f %.4f\n", c->items,
                      longest_ms(c->sets[BENCH_PAUSE_THREAD].without), longest_ms(c->sets[BENCH_PAUSE_THREAD].during),
                      longest_ms(c->sets[BENCH_PAUSE_NO_THREAD].during),
                      longest_ms(c->sets[BENCH_PAUSE_BLOCKING].during));
    }
    status = bench_plot_close(file, "pause-sizes.dat", err);
    if (status == ECHO_OK && b->count > 1) status = bench_plot_draw(b, "pause-sizes", script_sizes, err);
    return status == ECHO_OK ? plot_curves(b, largest, err) : status;
}
