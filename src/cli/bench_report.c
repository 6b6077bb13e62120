/* What all modes tell in the same way: series, the machine, goals, lines of CSV. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

/* ---- series ---- */

void bench_series_add(bench_series *series, uint64_t value) {
    if (series->count < BENCH_RUNS_MAX) series->list[series->count++] = value;
}

static int ascending(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

bench_range bench_range_of(const bench_series *series) {
    bench_series sorted = *series;
    if (series->count == 0) return (bench_range){0, 0, 0};
    qsort(sorted.list, sorted.count, sizeof *sorted.list, ascending);
    return (bench_range){sorted.list[sorted.count / 2], sorted.list[0], sorted.list[sorted.count - 1]};
}

uint64_t bench_median(const bench_series *series) { return bench_range_of(series).median; }

/* ---- text ---- */

void bench_cell_ns(char out[BENCH_CELL_CHARS], uint64_t ns) {
    double ms = (double)ns / 1e6;
    (void)snprintf(out, BENCH_CELL_CHARS, ms < 10 ? "%.3f ms" : ms < 10000 ? "%.1f ms" : "%.0f ms", ms);
}

void bench_cell_bytes(char out[BENCH_CELL_CHARS], uint64_t bytes) {
    double kib = (double)bytes / 1024;
    if (kib < 1024)
        (void)snprintf(out, BENCH_CELL_CHARS, "%.1f KiB", kib);
    else
        (void)snprintf(out, BENCH_CELL_CHARS, "%.1f MiB", kib / 1024);
}

void bench_print_machine(echo_cli_out *out, const bench *b) {
    const bench_machine *machine = &b->machine;
    char sync[BENCH_CELL_CHARS];
    bench_cell_ns(sync, bench_median(&machine->sync));
    echo_cli_print(
        out, "Machine: %" PRIu64 " BLAKE2b-256 of 150 bytes/s, %" PRIu64 " Ed25519 verifies/s, fsync of 4 KiB in %s\n",
        bench_median(&machine->hashes), bench_median(&machine->verifies), sync);
}

void bench_print_verdict(echo_cli_out *out, const bench *b) {
    if (b->goal_count + b->wrong_count > 0) echo_cli_print(out, "\n");
    for (size_t i = 0; i < b->goal_count; i++) {
        const bench_goal *goal = &b->goals[i];
        if (goal->measured)
            echo_cli_print(out, "%-8s %s: %s\n", goal->met ? "met" : "NOT MET", goal->text, goal->value);
        else
            echo_cli_print(out, "%-8s %s\n", "-", goal->text);
    }
    for (size_t i = 0; i < b->wrong_count; i++) echo_cli_print(out, "WRONG    %s\n", b->wrong[i]);
}

/* ---- JSON ---- */

void bench_json_series(echo_cli_out *out, const char *name, const char *unit, const bench_series *series) {
    bench_range range = bench_range_of(series);
    echo_cli_json_object(out, name);
    echo_cli_json_string(out, "unit", unit);
    echo_cli_json_number(out, "median", range.median);
    echo_cli_json_number(out, "min", range.min);
    echo_cli_json_number(out, "max", range.max);
    echo_cli_json_end(out);
}

void bench_json_machine(echo_cli_out *out, const bench *b) {
    echo_cli_json_object(out, "machine");
    bench_json_series(out, "blake2b_150", "per_second", &b->machine.hashes);
    bench_json_series(out, "ed25519_verify", "per_second", &b->machine.verifies);
    bench_json_series(out, "fsync", "ns", &b->machine.sync);
    echo_cli_json_end(out);
}

void bench_json_goals(echo_cli_out *out, const bench *b) {
    echo_cli_json_array(out, "goals");
    for (size_t i = 0; i < b->goal_count; i++) {
        echo_cli_json_object(out, NULL);
        echo_cli_json_string(out, "goal", b->goals[i].text);
        echo_cli_json_string(out, "value", b->goals[i].measured ? b->goals[i].value : NULL);
        if (b->goals[i].measured)
            echo_cli_json_flag(out, "met", b->goals[i].met);
        else
            echo_cli_json_raw(out, "met", "null");
        echo_cli_json_end(out);
    }
    echo_cli_json_end(out);
}

/* ---- CSV ---- */

void bench_csv_header(echo_cli_out *out) {
    echo_cli_print(out, "bench,items,messages,variant,seed,measure,unit,runs,median,min,max\n");
}

void bench_csv_series(echo_cli_out *out, const bench *b, uint64_t items, uint64_t messages, const char *variant,
                      const char *measure, const char *unit, const bench_series *series) {
    bench_range range = bench_range_of(series);
    echo_cli_print(out, "%s,%" PRIu64 ",%" PRIu64 ",%s,%" PRIu64 ",%s,%s,%zu,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
                   b->mode->name, items, messages, variant, b->options.seed, measure, unit, series->count, range.median,
                   range.min, range.max);
}
