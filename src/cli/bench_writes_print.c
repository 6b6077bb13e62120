#include <inttypes.h>

#include "bench_plot.h"
#include "bench_writes.h"

static const bench_writes_case *cases_of(const bench *b) { return b->cases; }

/* ---- table ---- */

static void print_row(echo_cli_out *out, const bench_writes_case *c, const bench_writes_row *row) {
    char bytes[BENCH_CELL_CHARS], files[BENCH_CELL_CHARS], time[BENCH_CELL_CHARS];
    bench_cell_bytes(bytes, bench_median(&row->bytes));
    bench_cell_bytes(files, bench_median(&row->file_bytes));
    bench_cell_ns(time, bench_median(&row->ns));
    echo_cli_print(out,
                   "%8" PRIu64 "  %-16s  %8" PRIu64 "  %8" PRIu64 "  %10s  %6.2f%%  %7" PRIu64 "  %10s  %5" PRIu64
                   "  %10" PRIu64 "  %10s\n",
                   c->items, row->name, row->messages, row->taken.items, bytes, bench_writes_share(c, row) * 100,
                   bench_median(&row->chunks), files, bench_median(&row->syncs), bench_median(&row->feed_syncs), time);
}

void bench_writes_table(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    echo_cli_print(out,
                   "What a snapshot writes, medians of %zu; rows follow one another on the same party. written: "
                   "chunks, as the library\n"
                   "counts them; files: what SQLite wrote for that, log and all, and how often it made it durable.\n"
                   "   items  changes           messages     items     written   of full   chunks    to files  syncs  "
                   "feed syncs        "
                   "time\n",
                   b->options.runs);
    for (size_t i = 0; i < b->count; i++) {
        const bench_writes_case *c = &cases_of(b)[i];
        for (size_t n = 0; n < c->row_count; n++) print_row(out, c, &c->rows[n]);
        echo_cli_print(out,
                       "%8" PRIu64 "  opened and closed: %" PRIu64 " files changed, %" PRIu64 " bytes in %" PRIu64
                       " writes, %" PRIu64 " syncs\n",
                       c->items, c->opening.files_changed, c->opening.files.bytes, c->opening.files.writes,
                       c->opening.files.syncs);
    }
}

/* ---- CSV and JSON ---- */

void bench_writes_csv(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    bench_csv_header(out);
    for (size_t i = 0; i < b->count; i++) {
        const bench_writes_case *c = &cases_of(b)[i];
        for (size_t n = 0; n < c->row_count; n++) {
            const bench_writes_row *row = &c->rows[n];
            bench_csv_series(out, b, c->items, row->messages, row->name, "written", "bytes", &row->bytes);
            bench_csv_series(out, b, c->items, row->messages, row->name, "chunks", "count", &row->chunks);
            bench_csv_series(out, b, c->items, row->messages, row->name, "to_files", "bytes", &row->file_bytes);
            bench_csv_series(out, b, c->items, row->messages, row->name, "syncs", "count", &row->syncs);
            bench_csv_series(out, b, c->items, row->messages, row->name, "feed_syncs", "count", &row->feed_syncs);
            bench_csv_series(out, b, c->items, row->messages, row->name, "time", "ns", &row->ns);
        }
    }
}

static void json_row(echo_cli_out *out, const bench_writes_case *c, const bench_writes_row *row) {
    char share[BENCH_CELL_CHARS];
    (void)snprintf(share, sizeof share, "%.6f", bench_writes_share(c, row));
    echo_cli_json_object(out, NULL);
    echo_cli_json_string(out, "name", row->name);
    echo_cli_json_number(out, "messages", row->messages);
    echo_cli_json_number(out, "items_changed", row->changed);
    echo_cli_json_number(out, "items_written", row->taken.items);
    echo_cli_json_flag(out, "unchanged", row->taken.unchanged);
    echo_cli_json_number(out, "height", row->taken.height);
    echo_cli_json_raw(out, "share_of_full", share);
    bench_json_series(out, "written", "bytes", &row->bytes);
    bench_json_series(out, "chunks", "count", &row->chunks);
    bench_json_series(out, "to_files", "bytes", &row->file_bytes);
    bench_json_series(out, "syncs", "count", &row->syncs);
    bench_json_series(out, "feed_syncs", "count", &row->feed_syncs);
    bench_json_series(out, "time", "ns", &row->ns);
    echo_cli_json_end(out);
}

void bench_writes_json(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    for (size_t i = 0; i < b->count; i++) {
        const bench_writes_case *c = &cases_of(b)[i];
        echo_cli_json_object(out, NULL);
        echo_cli_json_number(out, "items", c->items);
        echo_cli_json_array(out, "snapshots");
        for (size_t n = 0; n < c->row_count; n++) json_row(out, c, &c->rows[n]);
        echo_cli_json_end(out);
        echo_cli_json_object(out, "opening");
        echo_cli_json_number(out, "files_changed", c->opening.files_changed);
        echo_cli_json_number(out, "bytes", c->opening.files.bytes);
        echo_cli_json_number(out, "writes", c->opening.files.writes);
        echo_cli_json_number(out, "syncs", c->opening.files.syncs);
        echo_cli_json_end(out);
        echo_cli_json_end(out);
    }
}

/* ---- plot ---- */

static const char script[] =
    "set title 'What a snapshot writes'\n"
    "set logscale xy\n"
    "set xlabel 'items changed since the one before, % of all'\n"
    "set ylabel 'bytes written, % of a full snapshot'\n"
    "plot 'writes.dat' index 0 using 1:2 with linespoints ls 1 title 'scattered, one message each', \\\n"
    "     '' index 0 using 1:3 with linespoints ls 2 title 'the same, as SQLite wrote it to its files', \\\n"
    "     '' index 1 using 1:2 with points ls 3 ps 1.2 title '1,000 messages on 50 hot items', \\\n"
    "     x with lines dt 2 lc '#909090' title 'the share itself'\n";

static void put_row(FILE *file, const bench_writes_case *c, const bench_writes_row *row) {
    double full = (double)bench_median(&c->rows[0].bytes);
    (void)fprintf(file, "%.6g %.6g %.6g %" PRIu64 "\n", 100.0 * (double)row->changed / (double)c->items,
                  100.0 * (double)bench_median(&row->bytes) / full,
                  100.0 * (double)bench_median(&row->file_bytes) / full, bench_median(&row->bytes));
}

echo_status bench_writes_plot(const bench *b, echo_error *err) {
    const bench_writes_case *c = &cases_of(b)[0];
    const bench_writes_row *hot = bench_writes_find(c, "50 hot");
    FILE *file;
    echo_status status = bench_plot_open(&file, b, "writes.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# %" PRIu64 " items: changed_percent written_percent files_percent written_bytes\n", c->items);
    for (size_t i = 1; i < c->row_count; i++)
        if (c->rows[i].messages > 0 && &c->rows[i] != hot) put_row(file, c, &c->rows[i]);
    (void)fprintf(file, "\n\n");
    if (hot != NULL) put_row(file, c, hot);
    status = bench_plot_close(file, "writes.dat", err);
    return status == ECHO_OK ? bench_plot_draw(b, "writes", script, err) : status;
}
