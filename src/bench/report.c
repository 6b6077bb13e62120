#include "bench/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_CHARS 256u

/* ---- values ---- */

static const void *place(const bench_column *column, const bench_row *row) {
    return (const char *)row->parts[column->part] + column->at;
}

static bench_range range_of(const bench_column *column, const void *at) {
    if (column->kind == BENCH_SERIES) return bench_range_of(at);
    uint64_t value = *(const uint64_t *)at;
    return (bench_range){value, value, value};
}

static bool is_measure(const bench_column *column) { return column->unit != NULL && column->kind != BENCH_REAL; }

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

static void cell_real(char out[VALUE_CHARS], const bench_column *column, double value) {
    if (column->divide > 0) value /= column->divide;
    (void)snprintf(out, VALUE_CHARS, "%.*f%s", column->digits, value, column->suffix != NULL ? column->suffix : "");
}

static void cell_number(char out[VALUE_CHARS], const bench_column *column, uint64_t value) {
    const char *unit = column->unit != NULL ? column->unit : "count";
    if (column->divide > 0)
        cell_real(out, column, (double)value);
    else if (strcmp(unit, "us") == 0 && value < 1000000)
        (void)snprintf(out, VALUE_CHARS, "%.1f us", (double)value / 1e3);
    else if (strcmp(unit, "us") == 0 || strcmp(unit, "ns") == 0)
        bench_cell_ns(out, value);
    else if (strcmp(unit, "bytes") == 0)
        bench_cell_bytes(out, value);
    else
        (void)snprintf(out, VALUE_CHARS, "%" PRIu64, value);
}

static void cell(char out[VALUE_CHARS], const bench_column *column, const void *at) {
    bool none = column->kind == BENCH_SERIES && ((const bench_series *)at)->count == 0;
    if (column->zero_is_none && range_of(column, at).median == 0) none = true;
    switch (none ? BENCH_END : column->kind) {
    case BENCH_SERIES:
    case BENCH_U64: cell_number(out, column, range_of(column, at).median); break;
    case BENCH_SIZE: cell_number(out, column, *(const size_t *)at); break;
    case BENCH_FLAG: (void)snprintf(out, VALUE_CHARS, "%s", *(const bool *)at ? "1" : "0"); break;
    case BENCH_REAL: cell_real(out, column, *(const double *)at); break;
    case BENCH_TEXT: (void)snprintf(out, VALUE_CHARS, "%s", (const char *)at); break;
    case BENCH_NAME: (void)snprintf(out, VALUE_CHARS, "%s", *(const char *const *)at); break;
    default: (void)snprintf(out, VALUE_CHARS, "-");
    }
}

/* ---- tables ---- */

static void print_headings(echo_cli_out *out, const bench_column *columns) {
    for (const bench_column *c = columns; c->kind != BENCH_END; c++)
        echo_cli_print(out, "%s%*s", c != columns ? "  " : "", c->width, c->name);
    echo_cli_print(out, "\n");
}

static void print_row(echo_cli_out *out, const bench_column *columns, const bench_row *row) {
    char text[VALUE_CHARS];
    for (const bench_column *c = columns; c->kind != BENCH_END; c++) {
        cell(text, c, place(c, row));
        echo_cli_print(out, "%s%*s", c != columns ? "  " : "", c->width, text);
    }
    echo_cli_print(out, "\n");
}

static bool get_row(bench_row *row, const bench *b, size_t i) {
    memset(row, 0, sizeof *row);
    return b->mode->report->row(row, b, i);
}

static void print_table(const bench *b, const bench_table *table) {
    echo_cli_out *out = &b->cli->out;
    bench_row row;
    if (table->title != NULL) echo_cli_print(out, "%s, medians of %" PRIu64, table->title, b->options.runs);
    echo_cli_print(out, "%s", table->text);
    print_headings(out, table->columns);
    for (size_t i = 0; get_row(&row, b, i); i++) {
        if (row.untabled) continue;
        print_row(out, table->columns, &row);
        if (row.last && table->footer != NULL) table->footer(out, &row);
    }
}

void bench_report_table(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    const bench_link *link = &b->options.link;
    char over[128];
    bench_link_describe(over, sizeof over, link);
    if (link->given) echo_cli_print(out, "Connections are %s%s%s.\n", over, link->real ? "" : ": ", link->why);
    for (const bench_table *table = b->mode->report->tables; table->columns != NULL; table++) {
        if (table != b->mode->report->tables) echo_cli_print(out, "\n");
        print_table(b, table);
    }
}

void bench_report_machine(echo_cli_out *out, const bench *b) {
    const bench_machine *machine = &b->machine;
    char sync[BENCH_CELL_CHARS];
    bench_cell_ns(sync, bench_median(&machine->sync));
    echo_cli_print(
        out, "Machine: %" PRIu64 " BLAKE2b-256 of 150 bytes/s, %" PRIu64 " Ed25519 verifies/s, fsync of 4 KiB in %s\n",
        bench_median(&machine->hashes), bench_median(&machine->verifies), sync);
}

void bench_report_verdict(echo_cli_out *out, const bench *b) {
    if (b->goal_count + b->wrong_count > 0) echo_cli_print(out, "\n");
    for (size_t i = 0; i < b->goal_count; i++) {
        const bench_goal *goal = &b->goals[i];
        if (goal->measured)
            echo_cli_print(out, "%-8s %s: %s\n", goal->met ? "met" : "NOT MET", goal->text, goal->value);
        else
            echo_cli_print(out, "%-8s %s\n", "-", goal->text);
    }
    for (size_t i = 0; i < b->wrong_count; i++) {
        echo_cli_print(out, "WRONG    ");
        echo_cli_print_text(out, b->wrong[i], 0);
        echo_cli_print(out, "\n");
    }
}

/* ---- CSV ---- */

void bench_row_key(bench_row *row, const bench *b, uint64_t items, uint64_t messages, const char *variant) {
    (void)snprintf(row->key, sizeof row->key, "%s,%" PRIu64 ",%" PRIu64 ",%s,%" PRIu64, b->mode->name, items, messages,
                   variant, b->options.seed);
}

static void print_measure(echo_cli_out *out, const bench_row *row, const bench_column *column) {
    const void *at = place(column, row);
    bench_range range = range_of(column, at);
    size_t runs = column->kind == BENCH_SERIES ? ((const bench_series *)at)->count : 1;
    echo_cli_print(out, "%s,%s,%s,%zu,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", row->key, column->name, column->unit,
                   runs, range.median, range.min, range.max);
}

void bench_report_csv(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    const char *key = b->mode->report->csv_key;
    bench_row row;
    echo_cli_print(out, "%s,measure,unit,runs,median,min,max\n",
                   key != NULL ? key : "bench,items,messages,variant,seed");
    for (size_t i = 0; get_row(&row, b, i); i++)
        for (const bench_column *c = row.csv; c->kind != BENCH_END; c++)
            if (is_measure(c)) print_measure(out, &row, c);
}

/* ---- JSON ---- */

static void json_fields(echo_cli_out *out, const bench_column *columns, const char *base);

static void json_range(echo_cli_out *out, const char *name, const char *unit, bench_range range) {
    echo_cli_json_object(out, name);
    echo_cli_json_string(out, "unit", unit);
    echo_cli_json_number(out, "median", range.median);
    echo_cli_json_number(out, "min", range.min);
    echo_cli_json_number(out, "max", range.max);
    echo_cli_json_end(out);
}

static void json_real(echo_cli_out *out, const bench_column *column, double value) {
    char text[VALUE_CHARS];
    (void)snprintf(text, sizeof text, "%.*f", column->digits, value);
    echo_cli_json_raw(out, column->name, text);
}

static void json_hash(echo_cli_out *out, const bench_column *column, const char *base) {
    bool known = column->count_at == 0 || *(const bool *)(base + column->count_at);
    echo_cli_json_hex(out, column->name, known ? (const uint8_t *)base + column->at : NULL);
}

static void json_counts(echo_cli_out *out, const bench_column *column, const uint64_t *counts) {
    echo_cli_json_object(out, column->name);
    for (size_t i = 0; i < column->size; i++)
        if (counts[i] > 0) echo_cli_json_number(out, column->name_of(i), counts[i]);
    echo_cli_json_end(out);
}

static void json_list(echo_cli_out *out, const bench_column *column, const char *base) {
    const size_t count = *(const size_t *)(const void *)(base + column->count_at);
    echo_cli_json_array(out, column->name);
    for (size_t i = 0; i < count; i++) {
        echo_cli_json_object(out, NULL);
        json_fields(out, column->of, base + column->at + i * column->size);
        echo_cli_json_end(out);
    }
    echo_cli_json_end(out);
}

static void json_nested(echo_cli_out *out, const bench_column *column, const char *base) {
    if (column->kind == BENCH_OBJECT) echo_cli_json_object(out, column->name);
    json_fields(out, column->of, base + column->at);
    if (column->kind == BENCH_OBJECT) echo_cli_json_end(out);
}

static void json_value(echo_cli_out *out, const bench_column *column, const void *at) {
    switch (column->kind) {
    case BENCH_U64: echo_cli_json_number(out, column->name, *(const uint64_t *)at); break;
    case BENCH_SIZE: echo_cli_json_number(out, column->name, *(const size_t *)at); break;
    case BENCH_FLAG: echo_cli_json_flag(out, column->name, *(const bool *)at); break;
    case BENCH_REAL: json_real(out, column, *(const double *)at); break;
    case BENCH_COUNTS: json_counts(out, column, at); break;
    case BENCH_TEXT: echo_cli_json_string(out, column->name, *(const char *)at != '\0' ? at : NULL); break;
    case BENCH_NAME: echo_cli_json_string(out, column->name, *(const char *const *)at); break;
    case BENCH_LINK: bench_link_json(out, at); break;
    default: break;
    }
}

static void json_fields(echo_cli_out *out, const bench_column *columns, const char *base) {
    for (const bench_column *c = columns; c->kind != BENCH_END; c++) {
        if (is_measure(c))
            json_range(out, c->name, c->unit, range_of(c, base + c->at));
        else if (c->kind == BENCH_LIST)
            json_list(out, c, base);
        else if (c->kind == BENCH_OBJECT || c->kind == BENCH_INLINE)
            json_nested(out, c, base);
        else if (c->kind == BENCH_HASH)
            json_hash(out, c, base);
        else
            json_value(out, c, base + c->at);
    }
}

void bench_report_json(const bench *b) {
    echo_cli_out *out = &b->cli->out;
    const bench_report *report = b->mode->report;
    for (size_t i = 0; i < b->count; i++) {
        echo_cli_json_object(out, NULL);
        json_fields(out, report->json, (const char *)b->cases + i * report->case_size);
        echo_cli_json_end(out);
    }
}

void bench_report_json_machine(echo_cli_out *out, const bench *b) {
    static const bench_column columns[] = {
        {"blake2b_150", BENCH_SERIES, .at = offsetof(bench_machine, hashes), .unit = "per_second"},
        {"ed25519_verify", BENCH_SERIES, .at = offsetof(bench_machine, verifies), .unit = "per_second"},
        {"fsync", BENCH_SERIES, .at = offsetof(bench_machine, sync), .unit = "ns"},
        {.kind = BENCH_END}};
    echo_cli_json_object(out, "machine");
    json_fields(out, columns, (const char *)&b->machine);
    echo_cli_json_end(out);
}

void bench_report_json_goals(echo_cli_out *out, const bench *b) {
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

/* ---- data for plots ---- */

void bench_report_data(FILE *file, const bench_column *columns, const bench_row *row) {
    char text[VALUE_CHARS];
    for (const bench_column *c = columns; c->kind != BENCH_END; c++) {
        cell(text, c, place(c, row));
        (void)fprintf(file, "%s%s", c != columns ? " " : "", text);
    }
    (void)fprintf(file, "\n");
}
