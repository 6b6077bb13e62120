/*
 * What a host does at start-up: open, and read what it shows. One party of items with four properties, ten messages an
 * item, and beside it what one would write without the library: a JSON file, a SQLite table, and the floor, a binary
 * file that a loop decodes. Each way reads all values in a process of its own, and adds them up: the sums must agree.
 */
#include "bench/read.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/child.h"
#include "bench/read_data.h"
#include "bench/read_raw.h"
#include "bench/read_report.h"

/* What a process brings back. */
typedef struct reading {
    uint64_t ns, cpu, peak;
    uint64_t sum, values;
    uint64_t leaf_bytes; /* of making: bytes of the leaves */
} reading;

typedef struct reading_args {
    bench_read_case *c;
    bench_read_way way;
    uint64_t seed;
} reading_args;

/* ---- one way, in its own process ---- */

static echo_status read_each(void *arg, const echo_item *item) { return bench_read_item(arg, item, NULL); }

static echo_status read_party(reading *out, const reading_args *a, echo_error *err) {
    char id[BENCH_READ_ID_CHARS];
    echo_registry *models;
    echo_party *party;
    echo_item *item;
    uint64_t items = a->c->items, from = a->way == BENCH_READ_FIRST ? items / 2 : 0,
             to = a->way == BENCH_READ_FIRST ? from + 1 : items;
    echo_status status = bench_read_open(&party, &models, a->c->dir, a->way == BENCH_READ_EAGER, err);
    if (status == ECHO_OK && a->way == BENCH_READ_WALK) return echo_party_each(party, NULL, read_each, &out->sum, err);
    for (uint64_t i = from; status == ECHO_OK && i < to; i++) {
        bench_read_id(id, i);
        status = echo_item_get(&item, party, id, err);
        if (status == ECHO_OK) status = bench_read_item(&out->sum, item, err);
    }
    return status; /* what is open ends with the process */
}

static echo_status read_way(void *result, void *arg, echo_error *err) {
    const reading_args *a = arg;
    const char *dir = a->c->dir;
    reading *out = result;
    char id[BENCH_READ_ID_CHARS];
    echo_status status;
    bench_read_id(id, a->c->items / 2);
    uint64_t start = bench_now_ns(), cpu = bench_cpu_ns();
    switch (a->way) {
    case BENCH_READ_CJSON: status = bench_read_cjson(&out->sum, dir, err); break;
    case BENCH_READ_FLAT: status = bench_read_flat(&out->sum, dir, err); break;
    case BENCH_READ_RAW: status = bench_read_raw(&out->sum, dir, err); break;
    case BENCH_READ_SQLITE: status = bench_read_sqlite(&out->sum, dir, NULL, err); break;
    case BENCH_READ_SQLITE_FIRST: status = bench_read_sqlite(&out->sum, dir, id, err); break;
    default: status = read_party(out, a, err); break;
    }
    out->ns = bench_now_ns() - start;
    out->cpu = bench_cpu_ns() - cpu;
    out->peak = bench_memory_peak();
    return status;
}

/* ---- making ---- */

static echo_status note_leaves(void *arg, const echo_snapshot_info *info) {
    *(uint64_t *)arg = info->items.bytes;
    return ECHO_ERR_EXISTS; /* the newest is enough */
}

static echo_status make(void *result, void *arg, echo_error *err) {
    const reading_args *a = arg;
    reading *out = result;
    char path[BENCH_PATH_MAX];
    echo_store store = {NULL, NULL};
    echo_key party;
    echo_status status = bench_read_make(&party, a->c->dir, a->seed, a->c->items, err);
    if (status == ECHO_OK) status = bench_read_export(&out->values, &out->sum, a->c->dir, err);
    if (status == ECHO_OK) status = bench_read_raw_make(a->c->dir, err);
    if (status == ECHO_OK) status = bench_path(path, a->c->dir, "snapshots.db", err);
    if (status == ECHO_OK) status = echo_store_open_sqlite(&store, path, NULL, err);
    if (status == ECHO_OK) status = echo_snapshot_list(&store, &party, note_leaves, &out->leaf_bytes, err);
    echo_store_close(&store);
    return status == ECHO_ERR_EXISTS ? ECHO_OK : status;
}

static uint64_t size_of(const bench_read_case *c, const char *name) {
    char path[BENCH_PATH_MAX];
    struct stat at;
    return bench_path(path, c->dir, name, NULL) == ECHO_OK && stat(path, &at) == 0 ? (uint64_t)at.st_size : 0;
}

static void note_files(bench_read_case *c) {
    for (size_t i = 0; i < c->row_count; i++) c->rows[i].file_bytes = size_of(c, "snapshots.db");
    c->rows[BENCH_READ_RAW].file_bytes = size_of(c, BENCH_READ_RAW_FOLDER "/snapshots.db");
    c->rows[BENCH_READ_CJSON].file_bytes = size_of(c, BENCH_READ_JSON_FILE);
    c->rows[BENCH_READ_FLAT].file_bytes = size_of(c, BENCH_READ_FLAT_FILE);
    c->rows[BENCH_READ_SQLITE].file_bytes = c->rows[BENCH_READ_SQLITE_FIRST].file_bytes =
        size_of(c, BENCH_READ_SQLITE_FILE);
}

/* ---- goals ---- */

static const bench_read_row *row_of(const bench_read_case *c, bench_read_way way) { return &c->rows[way]; }

static void judge_time(bench *b, const bench_read_case *c) {
    bench_goal *goal = bench_goal_add(b, "%llu items: all values read in the time of the JSON file at most",
                                      (unsigned long long)c->items);
    goal->measured = true;
    goal->met = row_of(c, BENCH_READ_WALK)->ratio <= 1;
    (void)snprintf(goal->value, sizeof goal->value, "%.2f times", row_of(c, BENCH_READ_WALK)->ratio);
}

static void judge_raw(bench *b, const bench_read_case *c) {
    bench_goal *goal =
        bench_goal_add(b, "%llu items of a raw model: read in 0.8 times the time of the object model at most",
                       (unsigned long long)c->items);
    double ratio = row_of(c, BENCH_READ_RAW)->ratio / row_of(c, BENCH_READ_WALK)->ratio;
    goal->measured = true;
    goal->met = ratio <= 0.8;
    (void)snprintf(goal->value, sizeof goal->value, "%.2f times", ratio);
}

static void judge_peak(bench *b, const bench_read_case *c, bench_read_way way, const char *what, uint64_t most) {
    char text[BENCH_CELL_CHARS], limit[BENCH_CELL_CHARS];
    uint64_t peak = bench_median(&row_of(c, way)->peak);
    bench_cell_bytes(limit, most);
    bench_goal *goal =
        bench_goal_add(b, "%llu items, %s: %s of memory at most", (unsigned long long)c->items, what, limit);
    bench_cell_bytes(text, peak);
    goal->measured = true;
    goal->met = peak <= most;
    (void)snprintf(goal->value, sizeof goal->value, "%s", text);
}

static void judge_first(bench *b, const bench_read_case *c) {
    char text[BENCH_CELL_CHARS];
    uint64_t ns = bench_median(&row_of(c, BENCH_READ_FIRST)->ns);
    bench_goal *goal = bench_goal_add(b, "%llu items: one item within 0.6 ms", (unsigned long long)c->items);
    bench_cell_ns(text, ns);
    goal->measured = true;
    goal->met = ns <= 600000;
    (void)snprintf(goal->value, sizeof goal->value, "%s", text);
}

static void judge_record(bench *b, const bench_read_case *c) {
    bench_goal *goal = bench_goal_add(b, "%llu items: a record takes 230 bytes at most, and 110 in the store",
                                      (unsigned long long)c->items);
    goal->measured = true;
    goal->met = c->record_bytes <= 230 && c->packed_bytes <= 110;
    (void)snprintf(goal->value, sizeof goal->value, "%.0f and %.0f with headers, nodes and pages", c->record_bytes,
                   c->packed_bytes);
}

/* ---- all of them ---- */

static void plan(bench_read_case *c, uint64_t items) {
#define XX(name, key, text) {key, text},
    static const char *const ways[][2] = {BENCH_READ_WAYS(XX)};
#undef XX
    c->items = items;
    c->messages = 10 * items;
    c->row_count = BENCH_READ_WAY_COUNT;
    for (size_t i = 0; i < c->row_count; i++) {
        c->rows[i].name = ways[i][0];
        c->rows[i].text = ways[i][1];
    }
}

static bool reads_one(size_t way) { return way == BENCH_READ_FIRST || way == BENCH_READ_SQLITE_FIRST; }

static echo_status run_way(bench *b, bench_read_case *c, size_t way, uint64_t sums[2], echo_error *err) {
    reading result;
    reading_args args = {c, (bench_read_way)way, b->options.seed};
    bench_tick(b, c->rows[way].name);
    echo_status status = bench_child(&result, sizeof result, read_way, &args, err);
    if (status != ECHO_OK) return status;
    uint64_t *sum = &sums[reads_one(way)];
    if (*sum == 0) *sum = result.sum;
    if (*sum != result.sum)
        bench_wrong(b, "%llu items, %s: the values add up to %llu, not %llu", (unsigned long long)c->items,
                    c->rows[way].name, (unsigned long long)result.sum, (unsigned long long)*sum);
    bench_series_add(&c->rows[way].ns, result.ns);
    bench_series_add(&c->rows[way].cpu, result.cpu);
    bench_series_add(&c->rows[way].peak, result.peak);
    return ECHO_OK;
}

static echo_status run_case(bench *b, bench_read_case *c, echo_error *err) {
    reading made;
    reading_args args = {c, BENCH_READ_WALK, b->options.seed};
    bench_tick(b, "making");
    echo_status status = bench_folder_make(c->dir, b->work, err);
    if (status == ECHO_OK) status = bench_child(&made, sizeof made, make, &args, err);
    if (status != ECHO_OK) return status;
    uint64_t sums[2] = {made.sum, 0};
    c->value_bytes = made.values / c->items;
    c->record_bytes = (double)made.leaf_bytes / (double)c->items;
    note_files(c);
    c->packed_bytes = (double)c->rows[BENCH_READ_WALK].file_bytes / (double)c->items;
    for (size_t run = 0; run < b->options.runs; run++)
        for (size_t way = 0; status == ECHO_OK && way < c->row_count; way++) status = run_way(b, c, way, sums, err);
    double of = (double)bench_median(&c->rows[BENCH_READ_CJSON].ns);
    for (size_t way = 0; way < c->row_count; way++)
        c->rows[way].ratio = of > 0 ? (double)bench_median(&c->rows[way].ns) / of : 0;
    return status;
}

static echo_status run(bench *b, echo_error *err) {
    static const bench_sizes usual = {{10000, 100000}, 2}, quick = {{1000}, 1};
    const bench_sizes *sizes = b->options.items.count > 0 ? &b->options.items : b->options.quick ? &quick : &usual;
    echo_status status = ECHO_OK;
    b->steps = sizes->count * (1 + b->options.runs * BENCH_READ_WAY_COUNT);
    for (size_t i = 0; status == ECHO_OK && i < sizes->count; i++) {
        bench_read_case *c = bench_case_add(b, sizeof *c, err);
        if (c == NULL) return ECHO_ERR_NOMEM;
        plan(c, sizes->list[i]);
        status = run_case(b, c, err);
        if (!b->options.keep && c->dir[0] != '\0') bench_folder_remove(c->dir);
        if (status != ECHO_OK) break;
        judge_time(b, c);
        judge_raw(b, c);
        judge_first(b, c);
        judge_peak(b, c, BENCH_READ_WALK, "walked", (uint64_t)12 << 20);
        judge_peak(b, c, BENCH_READ_HELD, "all held", bench_median(&row_of(c, BENCH_READ_CJSON)->peak));
        judge_record(b, c);
    }
    return status;
}

const bench_mode bench_read_mode = {
    .name = "read", .takes = BENCH_TAKES_ITEMS, .runs = 5, .run = run, .report = &bench_read_report};
