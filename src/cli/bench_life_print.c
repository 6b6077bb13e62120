#include <inttypes.h>

#include "bench_life.h"
#include "bench_plot.h"

#define REASONS_CHARS 120u

static const bench_life_case *cases_of(const bench *b) { return b->cases; }

static const bench_series *of_rule(const bench_series series[BENCH_LIFE_RULES], bench_life_rule rule) {
    return &series[rule];
}

static double factor(const bench_life_result *result, uint64_t bytes) {
    return result->feed_bytes == 0 ? 0 : (double)bytes / (double)result->feed_bytes;
}

/* ---- table ---- */

/* "opening 12, messages 3" */
static void put_reasons(char out[REASONS_CHARS], const bench_life_result *result) {
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i <= ECHO_SNAPSHOT_REASON_AGE && len < REASONS_CHARS; i++) {
        if (result->reasons[i] == 0) continue;
        int more = snprintf(out + len, REASONS_CHARS - len, "%s%s %" PRIu64, len > 0 ? ", " : "",
                            echo_snapshot_reason_name((echo_snapshot_reason)i), result->reasons[i]);
        len += more > 0 ? (size_t)more : 0;
    }
}

static void print_row(echo_cli_out *out, const bench_life_case *c, bench_life_rule rule) {
    const bench_life_result *result = &c->results[rule];
    char longest[BENCH_CELL_CHARS], median[BENCH_CELL_CHARS], chunks[BENCH_CELL_CHARS], feeds[BENCH_CELL_CHARS],
        reasons[REASONS_CHARS];
    bench_cell_ns(longest, bench_median(of_rule(c->open_max, rule)));
    bench_cell_ns(median, bench_median(of_rule(c->open_median, rule)));
    bench_cell_bytes(chunks, bench_median(of_rule(c->chunk_bytes, rule)));
    bench_cell_bytes(feeds, result->feed_bytes);
    put_reasons(reasons, result);
    echo_cli_print(out, "%9" PRIu64 "  %8" PRIu64 "  %-6s  %10s  %10s  %10s  %10s  %7.2f  %7.2f  %9" PRIu64 "  %s\n",
                   c->messages, c->items, bench_life_rule_names[rule], median, longest, feeds, chunks,
                   bench_life_factor(c, rule), factor(result, bench_median(of_rule(c->file_bytes, rule))),
                   bench_median(of_rule(c->snapshots, rule)), reasons);
}

void bench_life_table(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    echo_cli_print(out, "A month of a party under the default policy, and under a snapshot every 1,000 messages. "
                        "Opening: lazily, at points\n"
                        "spread over the month (median) and right before snapshots too (longest). factor: bytes of "
                        "chunks per byte of the\n"
                        "feeds; files: the same of what SQLite wrote, log and removals and all.\n"
                        " messages     items  rule        median     longest       feeds     written   factor    files "
                        " snapshots  reasons\n");
    for (size_t i = 0; i < b->count; i++)
        for (bench_life_rule rule = BENCH_LIFE_POLICY; rule < BENCH_LIFE_RULES; rule++)
            print_row(out, &cases_of(b)[i], rule);
}

/* ---- CSV and JSON ---- */

typedef void (*measure_fn)(void *arg, const char *name, const char *unit, const bench_series *series);

static void each_measure(const bench_life_case *c, bench_life_rule rule, measure_fn fn, void *arg) {
    const bench_life_result *result = &c->results[rule];
    bench_series feed = {{result->feed_bytes}, 1};
    fn(arg, "open_median", "ns", of_rule(c->open_median, rule));
    fn(arg, "open_longest", "ns", of_rule(c->open_max, rule));
    fn(arg, "feeds", "bytes", &feed);
    fn(arg, "written", "bytes", of_rule(c->chunk_bytes, rule));
    fn(arg, "to_files", "bytes", of_rule(c->file_bytes, rule));
    fn(arg, "snapshots", "count", of_rule(c->snapshots, rule));
}

typedef struct line {
    const bench *b;
    const bench_life_case *c;
    bench_life_rule rule;
} line;

static void csv_measure(void *arg, const char *name, const char *unit, const bench_series *series) {
    const line *l = arg;
    bench_csv_series(&l->b->cli->out, l->b, l->c->items, l->c->messages, bench_life_rule_names[l->rule], name, unit,
                     series);
}

void bench_life_csv(const bench *b) {
    bench_csv_header(&b->cli->out);
    for (size_t i = 0; i < b->count; i++)
        for (bench_life_rule rule = BENCH_LIFE_POLICY; rule < BENCH_LIFE_RULES; rule++) {
            line l = {b, &cases_of(b)[i], rule};
            each_measure(l.c, rule, csv_measure, &l);
        }
}

static void json_measure(void *arg, const char *name, const char *unit, const bench_series *series) {
    bench_json_series(arg, name, unit, series);
}

static void json_points(echo_cli_out *out, const bench_life_result *result) {
    echo_cli_json_array(out, "points");
    for (size_t i = 0; i < result->point_count; i++) {
        const bench_life_point *point = &result->points[i];
        echo_cli_json_object(out, NULL);
        echo_cli_json_number(out, "at_ms", point->at_ms);
        echo_cli_json_number(out, "messages", point->messages);
        echo_cli_json_number(out, "open_ns", point->open_ns);
        echo_cli_json_number(out, "tail", point->tail);
        echo_cli_json_number(out, "snapshots", point->snapshots);
        echo_cli_json_number(out, "feed_bytes", point->feed_bytes);
        echo_cli_json_number(out, "chunk_bytes", point->chunk_bytes);
        echo_cli_json_number(out, "file_bytes", point->file_bytes);
        echo_cli_json_flag(out, "before_snapshot", point->before);
        echo_cli_json_end(out);
    }
    echo_cli_json_end(out);
}

static void json_life(echo_cli_out *out, const bench_life_case *c, bench_life_rule rule) {
    const bench_life_result *result = &c->results[rule];
    char text[BENCH_CELL_CHARS];
    (void)snprintf(text, sizeof text, "%.4f", bench_life_factor(c, rule));
    echo_cli_json_object(out, bench_life_rule_names[rule]);
    echo_cli_json_object(out, "measures");
    each_measure(c, rule, json_measure, out);
    echo_cli_json_end(out);
    echo_cli_json_raw(out, "write_factor", text);
    echo_cli_json_number(out, "syncs", result->files.syncs);
    echo_cli_json_number(out, "chunks_removed", result->chunks_removed);
    echo_cli_json_number(out, "ns_worst_step", result->ns_worst_step);
    echo_cli_json_object(out, "reasons");
    for (size_t i = 0; i <= ECHO_SNAPSHOT_REASON_AGE; i++)
        if (result->reasons[i] > 0)
            echo_cli_json_number(out, echo_snapshot_reason_name((echo_snapshot_reason)i), result->reasons[i]);
    echo_cli_json_end(out);
    json_points(out, result);
    echo_cli_json_end(out);
}

void bench_life_json(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    for (size_t i = 0; i < b->count; i++) {
        const bench_life_case *c = &cases_of(b)[i];
        echo_cli_json_object(out, NULL);
        echo_cli_json_number(out, "messages", c->messages);
        echo_cli_json_number(out, "items", c->items);
        for (bench_life_rule rule = BENCH_LIFE_POLICY; rule < BENCH_LIFE_RULES; rule++) json_life(out, c, rule);
        echo_cli_json_end(out);
    }
}

/* ---- plots ---- */

static const char script_open[] =
    "set title 'Opening a party over a month'\n"
    "set xlabel 'day'\n"
    "set ylabel 'opening time, ms'\n"
    "set yrange [0:*]\n"
    "plot 'life.dat' index 0 using 1:3 with linespoints ls 1 title 'default policy', \\\n"
    "     '' index 1 using 1:3 with linespoints ls 2 title 'a snapshot every 1,000 messages', \\\n"
    "     100 with lines dt 2 lc '#909090' title 'what the policy promises'\n";
static const char script_written[] =
    "set title 'What snapshots write over a month'\n"
    "set xlabel 'day'\n"
    "set ylabel 'MiB'\n"
    "set yrange [0:*]\n"
    "plot 'life.dat' index 0 using 1:6 with lines ls 1 title 'default policy', \\\n"
    "     '' index 1 using 1:6 with lines ls 2 title 'a snapshot every 1,000 messages', \\\n"
    "     '' index 0 using 1:5 with lines ls 4 title 'the feeds', \\\n"
    "     '' index 0 using 1:(2*$5) with lines dt 2 lc '#909090' title 'twice the feeds'\n";

static void put_points(FILE *file, const bench_life_result *result) {
    for (size_t i = 0; i < result->point_count; i++) {
        const bench_life_point *p = &result->points[i];
        (void)fprintf(file, "%.4f %" PRIu64 " %.3f %" PRIu64 " %.4f %.4f %.4f %" PRIu64 " %d\n",
                      (double)p->at_ms / 86400000.0, p->messages, (double)p->open_ns / 1e6, p->tail,
                      (double)p->feed_bytes / 0x1p20, (double)p->chunk_bytes / 0x1p20, (double)p->file_bytes / 0x1p20,
                      p->snapshots, p->before ? 1 : 0);
    }
}

/* Of the longest life. */
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
    put_points(file, &c->results[BENCH_LIFE_POLICY]);
    (void)fprintf(file, "\n\n");
    put_points(file, &c->results[BENCH_LIFE_FIXED]);
    status = bench_plot_close(file, "life.dat", err);
    if (status == ECHO_OK) status = bench_plot_draw(b, "life-open", script_open, err);
    return status == ECHO_OK ? bench_plot_draw(b, "life-written", script_written, err) : status;
}
