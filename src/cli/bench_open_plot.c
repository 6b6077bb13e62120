/* Opening time over messages, and over items. */
#include <inttypes.h>

#include "bench_open.h"
#include "bench_plot.h"

static double ms(const bench_series *series) { return (double)bench_median(series) / 1e6; }

static const char by_messages[] =
    "set title 'Opening a party'\n"
    "set logscale xy\n"
    "set xlabel 'messages in the feeds'\n"
    "set ylabel 'opening time, ms'\n"
    "set format x '%.0s%c'\n"
    "plot 'open.dat' index 0 using 1:3 smooth unique with linespoints ls 3 title 'replay of every message', \\\n"
    "     '' index 0 using 1:4 smooth unique with linespoints ls 2 title 'snapshot, every state made', \\\n"
    "     '' index 0 using 1:5 smooth unique with linespoints ls 1 title 'snapshot, states made when touched', \\\n"
    "     '' index 0 using 1:6 smooth unique with linespoints ls 4 title 'up to the first item'\n";
static const char by_items[] =
    "set title 'Opening a party'\n"
    "set logscale xy\n"
    "set xlabel 'items'\n"
    "set ylabel 'opening time, ms'\n"
    "set format x '%.0s%c'\n"
    "plot 'open.dat' index 1 using 2:3 smooth unique with linespoints ls 3 title 'replay of every message', \\\n"
    "     '' index 1 using 2:4 smooth unique with linespoints ls 2 title 'snapshot, every state made', \\\n"
    "     '' index 1 using 2:5 smooth unique with linespoints ls 1 title 'snapshot, states made when touched', \\\n"
    "     '' index 1 using 2:6 smooth unique with linespoints ls 4 title 'up to the first item'\n";

static void put_case(FILE *file, const bench_case *c) {
    (void)fprintf(file, "%" PRIu64 " %" PRIu64 " %.3f %.3f %.3f ", c->party.messages, c->last[BENCH_REPLAY].items,
                  ms(&c->ns[BENCH_REPLAY]), ms(&c->ns[BENCH_EAGER]), ms(&c->ns[BENCH_LAZY]));
    if (c->ns[BENCH_FIRST].count > 0)
        (void)fprintf(file, "%.3f\n", ms(&c->ns[BENCH_FIRST]));
    else
        (void)fprintf(file, "-\n");
}

/* Parties of as many items as the first one come first, then a blank pair of lines, then the others. */
echo_status bench_open_plot(const bench *b, echo_error *err) {
    const bench_case *cases = bench_open_cases(b);
    FILE *file;
    size_t others = 0;
    echo_status status = bench_plot_open(&file, b, "open.dat", err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# messages items replay_ms eager_ms lazy_ms first_item_ms\n");
    for (size_t i = 0; i < b->count; i++) {
        if (cases[i].items == cases[0].items)
            put_case(file, &cases[i]);
        else
            others++;
    }
    if (others > 0) (void)fprintf(file, "\n\n");
    for (size_t i = 0; i < b->count; i++)
        if (cases[i].items != cases[0].items) put_case(file, &cases[i]);
    status = bench_plot_close(file, "open.dat", err);
    if (status == ECHO_OK && b->count - others > 1) status = bench_plot_draw(b, "open", by_messages, err);
    if (status == ECHO_OK && others > 1) status = bench_plot_draw(b, "open-items", by_items, err);
    return status;
}
