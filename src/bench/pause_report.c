#include "bench/pause_report.h"

#include <inttypes.h>

#include "bench/plot.h"

#define SET(field) offsetof(bench_pause_set, field)
#define LAST(field) offsetof(bench_pause_run, field)
#define END                                                                                                            \
    { .kind = BENCH_END }

const char *const bench_pause_way_names[BENCH_PAUSE_WAYS] = {
#define XX(name, text) text,
    BENCH_PAUSE_WAY_MAP(XX)
#undef XX
};

static const bench_pause_case *cases_of(const bench *b) { return b->cases; }

/* ---- tables ---- */

#define ITEMS                                                                                                          \
    { "items", BENCH_U64, .at = offsetof(bench_pause_case, items), .part = BENCH_OF_CASE, .width = 8 }
#define WAY                                                                                                            \
    { "way", BENCH_NAME, .at = SET(name), .width = -9 }
#define US(head, field, chars)                                                                                         \
    { head, BENCH_SERIES, .at = SET(field), .unit = "us", .width = chars }
#define COUNT(head, field, chars)                                                                                      \
    { head, BENCH_SERIES, .at = SET(field), .width = chars }

static const bench_column delays[] = {ITEMS,
                                      WAY,
                                      US("p50", without[0], 9),
                                      US("p99", without[1], 9),
                                      US("p99.9", without[2], 9),
                                      US("max", without[3], 9),
                                      US("p50", during[0], 9),
                                      US("p99", during[1], 9),
                                      US("p99.9", during[2], 9),
                                      US("max", during[3], 9),
                                      END};

static const bench_column added[] = {ITEMS,
                                     WAY,
                                     US("p99", added[1], 9),
                                     US("p99.9", added[2], 9),
                                     US("max", added[3], 9),
                                     US("duration", duration, 10),
                                     COUNT("messages", messages, 9),
                                     COUNT("copied", copied, 8),
                                     COUNT("steps", steps, 7),
                                     US("worst step", worst_step, 10),
                                     US("empty", empty, 9),
                                     {"bytes", BENCH_SERIES, .at = SET(bytes), .unit = "bytes", .width = 9},
                                     {"checked", BENCH_U64, .at = SET(checked), .width = 7},
                                     END};

static const bench_table tables[] = {
    {"How long a message takes, without a snapshot and while one of every item is taken",
     ". thread: the\n"
     "policy's default; no_thread: in steps between messages; blocking: one message waits for the whole save.\n"
     "                     without                                     during\n",
     delays, NULL},
    {NULL,
     "Added delay: during, less the median without. messages: that were processed while it was taken; copied: items\n"
     "serialised early, because a message was about to change them; empty: the longest poll that brought no message;\n"
     "checked: runs whose digest was compared with that of replay.\n"
     "                     added\n",
     added, NULL},
    {NULL, NULL, NULL, NULL}};

/* ---- CSV and JSON ---- */

#define QUANTILES(name, field)                                                                                         \
    {name "_p50", BENCH_SERIES, .at = SET(field[0]), .unit = "ns"},                                                    \
        {name "_p99", BENCH_SERIES, .at = SET(field[1]), .unit = "ns"},                                                \
        {name "_p999", BENCH_SERIES, .at = SET(field[2]), .unit = "ns"}, {                                             \
        name "_max", BENCH_SERIES, .at = SET(field[3]), .unit = "ns"                                                   \
    }

static const bench_column measures[] = {QUANTILES("without", without),
                                        QUANTILES("during", during),
                                        QUANTILES("added", added),
                                        {"duration", BENCH_SERIES, .at = SET(duration), .unit = "ns"},
                                        {"start", BENCH_SERIES, .at = SET(start), .unit = "ns"},
                                        {"worst_step", BENCH_SERIES, .at = SET(worst_step), .unit = "ns"},
                                        {"longest_empty_poll", BENCH_SERIES, .at = SET(empty), .unit = "ns"},
                                        {"messages", BENCH_SERIES, .at = SET(messages), .unit = "count"},
                                        {"items_copied", BENCH_SERIES, .at = SET(copied), .unit = "count"},
                                        {"steps", BENCH_SERIES, .at = SET(steps), .unit = "count"},
                                        {"bytes_written", BENCH_SERIES, .at = SET(bytes), .unit = "bytes"},
                                        END};

static const bench_column last[] = {{"number", BENCH_U64, .at = LAST(result.number)},
                                    {"items_written", BENCH_U64, .at = LAST(result.items_written)},
                                    {"chunks_written", BENCH_U64, .at = LAST(result.chunks_written)},
                                    {"feeds_synced", BENCH_U64, .at = LAST(result.feeds_synced)},
                                    {"messages_covered", BENCH_U64, .at = LAST(result.messages)},
                                    {"messages_without", BENCH_U64, .at = LAST(without.count)},
                                    {"messages_during", BENCH_U64, .at = LAST(during.count)},
                                    {"messages_slowly", BENCH_U64, .at = LAST(slowly)},
                                    {"ns_capture", BENCH_U64, .at = LAST(result.ns_capture)},
                                    {"ns_write", BENCH_U64, .at = LAST(result.ns_write)},
                                    {"ns_publish", BENCH_U64, .at = LAST(result.ns_publish)},
                                    {"digest", BENCH_HASH, .at = LAST(result.digest)},
                                    {"replay_digest", BENCH_HASH, .at = LAST(replayed), .count_at = LAST(checked)},
                                    END};

static const bench_column set[] = {{"measures", BENCH_OBJECT, .of = measures},
                                   {"last", BENCH_OBJECT, .at = SET(last), .of = last},
                                   {"checked", BENCH_U64, .at = SET(checked)},
                                   END};

#define OF_WAY(id, text) {text, BENCH_OBJECT, .at = offsetof(bench_pause_case, sets[BENCH_PAUSE_##id]), .of = set},
static const bench_column json[] = {{"items", BENCH_U64, .at = offsetof(bench_pause_case, items)},
                                    {"disk", BENCH_FLAG, .at = offsetof(bench_pause_case, disk)},
                                    BENCH_PAUSE_WAY_MAP(OF_WAY) END};

static bool row(bench_row *out, const bench *b, size_t i) {
    if (i / BENCH_PAUSE_WAYS >= b->count) return false;
    const bench_pause_case *c = &cases_of(b)[i / BENCH_PAUSE_WAYS];
    const bench_pause_set *one = &c->sets[i % BENCH_PAUSE_WAYS];
    out->parts[BENCH_OF_SET] = one;
    out->parts[BENCH_OF_CASE] = c;
    out->csv = measures;
    bench_row_key(out, b, c->items, 0, one->name);
    return true;
}

const bench_report bench_pause_report = {NULL, json, sizeof(bench_pause_case), tables, row};

/* ---- plots: the time that one message in N exceeds, and the longest over items ---- */

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
        put_curve(file, &c->sets[way].all_during, c->sets[way].name);
    double waits = (double)bench_median(&c->sets[BENCH_PAUSE_BLOCKING].during[0]) / 1e3;
    (void)fprintf(file, "# blocking: a line\n2 %.3f\n%" PRIu64 " %.3f\n", waits,
                  c->sets[BENCH_PAUSE_THREAD].all_without.count, waits);
    status = bench_plot_close(file, "pause.dat", err);
    return status == ECHO_OK ? bench_plot_draw(b, "pause", err) : status;
}

#define MS(id, field)                                                                                                  \
    {                                                                                                                  \
#id, BENCH_SERIES, .at = offsetof(bench_pause_case, sets[BENCH_PAUSE_##id].field[BENCH_QUANTILES - 1]),        \
                           .divide = 1e6, .digits = 4                                                                  \
    }
static const bench_column longest[] = {{"items", BENCH_U64, .at = offsetof(bench_pause_case, items)},
                                       MS(THREAD, without),
                                       MS(THREAD, during),
                                       MS(NO_THREAD, during),
                                       MS(BLOCKING, during),
                                       END};

echo_status bench_pause_plot(const bench *b, echo_error *err) {
    const bench_pause_case *largest = &cases_of(b)[0];
    FILE *file;
    echo_status status = bench_plot_open(&file, b, "pause-sizes.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# items without_ms thread_ms no_thread_ms blocking_ms\n");
    for (size_t i = 0; i < b->count; i++) {
        const bench_row one = {.parts = {&cases_of(b)[i]}};
        if (cases_of(b)[i].items > largest->items) largest = &cases_of(b)[i];
        bench_report_data(file, longest, &one);
    }
    status = bench_plot_close(file, "pause-sizes.dat", err);
    if (status == ECHO_OK && b->count > 1) status = bench_plot_draw(b, "pause-sizes", err);
    return status == ECHO_OK ? plot_curves(b, largest, err) : status;
}
