#include <inttypes.h>
#include <stdio.h>

#include "bench_catchup.h"
#include "bench_plot.h"

#define LINK_CHARS 128u

static const bench_catchup_case *cases_of(const bench *b) { return b->cases; }

/* ---- table ---- */

static void print_row(echo_cli_out *out, const bench_catchup_case *c, const bench_catchup_row *row,
                      bench_catchup_way way) {
    const bench_catchup_set *set = &row->sets[way];
    char records[BENCH_CELL_CHARS], in[BENCH_CELL_CHARS], sent[BENCH_CELL_CHARS], all[BENCH_CELL_CHARS],
        party[BENCH_CELL_CHARS], cpu[BENCH_CELL_CHARS], server[BENCH_CELL_CHARS], blocks[BENCH_CELL_CHARS];
    bench_cell_bytes(records, row->records);
    bench_cell_bytes(blocks, row->block_bytes);
    bench_cell_bytes(in, bench_median(&set->in));
    bench_cell_bytes(sent, bench_median(&set->out));
    bench_cell_ns(all, bench_median(&set->ns));
    bench_cell_ns(party, bench_median(&set->party));
    bench_cell_ns(cpu, bench_median(&set->cpu));
    bench_cell_ns(server, bench_median(&set->server_cpu));
    echo_cli_print(out,
                   "%7" PRIu64 "  %7" PRIu64 "  %5" PRIu64 "  %10s  %10s  %-4s  %-6s  %10s  %10s  %8" PRIu64
                   "  %8" PRIu64 "  %10s  %10s  %10s  %10s\n",
                   c->items, row->changed, row->times, records, blocks, bench_catchup_way_names[way],
                   set->last.by_chunks ? "chunks" : "tail", in, sent, set->last.state.chunks_received,
                   set->last.state.blocks_received, all, party, cpu, server);
}

void bench_catchup_table(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    char link[LINK_CHARS];
    bench_link_describe(link, sizeof link, &b->options.link);
    echo_cli_print(out,
                   "Catching up after being away, medians of %zu; rows follow one another on the same party. times: "
                   "messages to each changed\n"
                   "item; records: of the changed items, as they are now; behind: the blocks' bytes. plan: as the "
                   "exchange chooses; tail: "
                   "from a\n"
                   "member that shows no snapshot. all: until nothing is missing and the party shows it; party: "
                   "opening or polling it, of "
                   "that.\n",
                   b->options.runs);
    if (b->options.link.given)
        echo_cli_print(out, "Connections are %s%s%s.\n", link, b->options.link.real ? "" : ": ", b->options.link.why);
    echo_cli_print(
        out, "  items  changed  times     records      behind  way   by        received        sent    chunks    blocks"
             "         all       party   computing      server\n");
    for (size_t i = 0; i < b->count; i++)
        for (size_t n = 0; n < cases_of(b)[i].row_count; n++)
            for (bench_catchup_way way = BENCH_CATCHUP_PLAN; way < BENCH_CATCHUP_WAYS; way++)
                print_row(out, &cases_of(b)[i], &cases_of(b)[i].rows[n], way);
}

/* ---- CSV and JSON ---- */

typedef void (*measure_fn)(void *arg, const char *name, const char *unit, const bench_series *series);

static void each_measure(const bench_catchup_set *set, measure_fn fn, void *arg) {
    bench_series counts[2] = {{{0}, 0}, {{0}, 0}};
    bench_series_add(&counts[0], set->last.state.chunks_received);
    bench_series_add(&counts[1], set->last.state.blocks_received);
    fn(arg, "received", "bytes", &set->in);
    fn(arg, "sent", "bytes", &set->out);
    fn(arg, "all", "ns", &set->ns);
    fn(arg, "transferred", "ns", &set->here);
    fn(arg, "party", "ns", &set->party);
    fn(arg, "computing", "ns", &set->cpu);
    fn(arg, "server_computing", "ns", &set->server_cpu);
    fn(arg, "chunks", "count", &counts[0]);
    fn(arg, "blocks", "count", &counts[1]);
}

typedef struct line {
    const bench *b;
    const bench_catchup_case *c;
    const bench_catchup_row *row;
    char variant[64];
} line;

static void csv_line(void *arg, const char *name, const char *unit, const bench_series *series) {
    const line *l = arg;
    bench_csv_series(&l->b->cli->out, l->b, l->c->items, l->row->changed * l->row->times, l->variant, name, unit,
                     series);
}

void bench_catchup_csv(const bench *b) {
    bench_csv_header(&b->cli->out);
    for (size_t i = 0; i < b->count; i++)
        for (size_t n = 0; n < cases_of(b)[i].row_count; n++)
            for (bench_catchup_way way = BENCH_CATCHUP_PLAN; way < BENCH_CATCHUP_WAYS; way++) {
                line l = {b, &cases_of(b)[i], &cases_of(b)[i].rows[n], ""};
                (void)snprintf(l.variant, sizeof l.variant, "%" PRIu64 " x%" PRIu64 " %s", l.row->changed, l.row->times,
                               bench_catchup_way_names[way]);
                each_measure(&l.row->sets[way], csv_line, &l);
            }
}

static void json_measure(void *arg, const char *name, const char *unit, const bench_series *series) {
    bench_json_series(arg, name, unit, series);
}

static void json_row(echo_cli_out *out, const bench_catchup_row *row) {
    echo_cli_json_object(out, NULL);
    echo_cli_json_number(out, "items_changed", row->changed);
    echo_cli_json_number(out, "times", row->times);
    echo_cli_json_number(out, "record_bytes", row->records);
    echo_cli_json_number(out, "chunk_bytes", row->chunk_bytes);
    echo_cli_json_number(out, "block_bytes", row->block_bytes);
    for (bench_catchup_way way = BENCH_CATCHUP_PLAN; way < BENCH_CATCHUP_WAYS; way++) {
        echo_cli_json_object(out, bench_catchup_way_names[way]);
        echo_cli_json_flag(out, "by_chunks", row->sets[way].last.by_chunks);
        echo_cli_json_number(out, "messages_read", row->sets[way].last.messages_read);
        each_measure(&row->sets[way], json_measure, out);
        echo_cli_json_end(out);
    }
    echo_cli_json_end(out);
}

void bench_catchup_json(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    for (size_t i = 0; i < b->count; i++) {
        const bench_catchup_case *c = &cases_of(b)[i];
        echo_cli_json_object(out, NULL);
        echo_cli_json_number(out, "items", c->items);
        bench_link_json(out, &b->options.link);
        echo_cli_json_array(out, "rows");
        for (size_t n = 0; n < c->row_count; n++) json_row(out, &c->rows[n]);
        echo_cli_json_end(out);
        echo_cli_json_end(out);
    }
}

/* ---- plot ---- */

static const char script[] =
    "set title 'Catching up'\n"
    "set logscale xy\n"
    "set xlabel 'items changed meanwhile, % of all'\n"
    "set ylabel 'received, KiB'\n"
    "plot 'catchup.dat' index 0 using 1:2 with linespoints ls 1 title 'each changed once', \\\n"
    "     '' index 0 using 1:3 with lines ls 1 dt 2 title 'the same, by the tail alone', \\\n"
    "     '' index 1 using 1:2 with linespoints ls 2 title 'each changed 10 times', \\\n"
    "     '' index 1 using 1:3 with lines ls 2 dt 2 title 'the same, by the tail alone', \\\n"
    "     '' index 1 using 1:4 with lines dt 3 lc '#909090' title 'the changed records'\n";

static void put_rows(FILE *file, const bench_catchup_case *c, bool once) {
    for (size_t i = 0; i < c->row_count; i++) {
        const bench_catchup_row *row = &c->rows[i];
        if ((row->times == 1) != once) continue;
        (void)fprintf(file, "%.6g %.3f %.3f %.3f\n", 100.0 * (double)row->changed / (double)c->items,
                      (double)bench_median(&row->sets[BENCH_CATCHUP_PLAN].in) / 1024,
                      (double)bench_median(&row->sets[BENCH_CATCHUP_TAIL].in) / 1024, (double)row->records / 1024);
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
    return status == ECHO_OK ? bench_plot_draw(b, "catchup", script, err) : status;
}
