/*
 * A party on disk is saved in full; then in each row some items change, by one message each unless the row names
 * another number, and a snapshot is taken. All rows use the same party. SQLite's writes are counted in its VFS; syncs
 * of feeds are counted by the library.
 */
#include "bench/writes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/child.h"
#include "bench/session.h"
#include "bench/writes_report.h"
#include "gen/generate_random.h"

#define HOT_MESSAGES 1000u
#define HOT_ITEMS 50u
#define HOT_SHARE 0.05
#define SCATTERED_SHARE 0.5

/* The results of a process. */
typedef struct writing {
    bench_writes_taken taken[BENCH_WRITES_ROWS];
    bench_writes_opening opening;
    echo_hash digest, replayed;
} writing;

typedef struct writing_args {
    const bench_writes_case *c;
    uint64_t seed, choice; /* of the party, of the items that change */
} writing_args;

/* ---- changes ---- */

/* The first n of `list` become n different random items. */
static void draw(uint32_t *list, uint64_t items, uint64_t n, generate_random *random) {
    for (uint64_t i = 0; i < n; i++) {
        uint64_t other = i + generate_random_below(random, items - i);
        uint32_t held = list[i];
        list[i] = list[other];
        list[other] = held;
    }
}

static echo_status change(bench_session *s, const bench_writes_row *row, uint32_t *list, uint64_t items,
                          generate_random *random, echo_error *err) {
    echo_status status = ECHO_OK;
    if (row->messages == 0) return ECHO_OK;
    draw(list, items, row->changed, random);
    for (uint64_t done = 0; status == ECHO_OK && done < row->messages; done += row->changed)
        status = generate_changes(s->generator, list, (size_t)row->changed, err);
    return status == ECHO_OK ? bench_session_apply(s, row->messages, err) : status;
}

/* ---- one snapshot ---- */

static echo_status see_height(void *arg, const echo_snapshot_info *info) {
    uint64_t *height = arg;
    *height = info->items.height;
    return ECHO_ERR_EXISTS; /* the newest is enough */
}

static echo_status find_height(uint64_t *height, const bench_session *s, echo_error *err) {
    char path[BENCH_PATH_MAX];
    echo_store store = {NULL, NULL};
    echo_status status = bench_path(path, s->dir, "snapshots.db", err);
    if (status == ECHO_OK) status = echo_store_open_sqlite(&store, path, NULL, err);
    if (status == ECHO_OK) status = echo_snapshot_list(&store, s->options.party, see_height, height, err);
    echo_store_close(&store);
    return status == ECHO_ERR_EXISTS ? ECHO_OK : status;
}

static echo_status take(bench_writes_taken *out, writing *w, bench_session *s, echo_error *err) {
    echo_snapshot_result result;
    bench_vfs_counts before = bench_vfs_counted();
    uint64_t start = bench_now_ns();
    echo_status status = echo_party_snapshot(&result, s->party, err);
    out->ns = bench_now_ns() - start;
    out->files = bench_vfs_since(&before);
    if (status != ECHO_OK) return status;
    out->items = result.items_written;
    out->chunks = result.chunks_written;
    out->bytes = result.bytes_written;
    out->feed_syncs = result.feeds_synced;
    out->unchanged = result.unchanged;
    w->digest = result.digest;
    return find_height(&out->height, s, err);
}

/* ---- opening ---- */

static echo_status open_and_close(bench_writes_opening *out, bench_session *s, echo_error *err) {
    bench_folder_state before, after;
    bench_session_close(s); /* closing the last handle checkpoints the store's files */
    echo_status status = bench_folder_look(&before, s->dir, err);
    bench_vfs_counts counts = bench_vfs_counted();
    if (status == ECHO_OK) status = bench_session_open(s, NULL, err);
    if (status == ECHO_OK) bench_session_close(s);
    out->files = bench_vfs_since(&counts);
    if (status == ECHO_OK) status = bench_folder_look(&after, s->dir, err);
    if (status == ECHO_OK) out->files_changed = bench_folder_differs(&before, &after);
    return status;
}

/* ---- one process ---- */

static echo_status measure(void *result, void *arg, echo_error *err) {
    const writing_args *a = arg;
    const bench_writes_case *c = a->c;
    writing *w = result;
    bench_session s;
    generate_random random;
    echo_snapshot_policy policy = bench_policy_manual();
    uint32_t *list = calloc((size_t)c->items, sizeof *list);
    if (list == NULL) return bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
    for (uint64_t i = 0; i < c->items; i++) list[i] = (uint32_t)i;
    generate_random_seed(&random, a->choice);
    echo_status status =
        bench_vfs_install() ? ECHO_OK : bench_fail(err, ECHO_ERR_IO, "SQLite does not accept the counting VFS");
    if (status == ECHO_OK) status = bench_session_make(&s, c->dir, true, a->seed, c->items, err);
    if (status == ECHO_OK) status = bench_session_open(&s, &policy, err);
    for (size_t i = 0; status == ECHO_OK && i < c->row_count; i++) {
        status = change(&s, &c->rows[i], list, c->items, &random, err);
        if (status == ECHO_OK) status = take(&w->taken[i], w, &s, err);
    }
    if (status == ECHO_OK) status = open_and_close(&w->opening, &s, err);
    if (status == ECHO_OK) status = bench_session_replay(&w->replayed, &s, 0, err);
    free(list);
    return status;
}

/* ---- all of them ---- */

static void add_row(bench_writes_case *c, const char *name, uint64_t messages, uint64_t changed) {
    bench_writes_row *row = &c->rows[c->row_count++];
    (void)snprintf(row->name, sizeof row->name, "%s", name);
    row->messages = messages;
    row->changed = changed;
}

static void plan(bench_writes_case *c, uint64_t items) {
    char name[BENCH_WRITES_NAME];
    c->items = items;
    add_row(c, "full", 0, 0);
    add_row(c, "unchanged", 0, 0);
    for (uint64_t n = 1; n <= 10000 && n < items; n *= 10) {
        (void)snprintf(name, sizeof name, "%llu scattered", (unsigned long long)n);
        add_row(c, name, n, n);
    }
    add_row(c, "all", items, items);
    if (items > HOT_ITEMS) add_row(c, "50 hot", HOT_MESSAGES, HOT_ITEMS);
    add_row(c, "unchanged again", 0, 0);
}

static echo_status run_once(bench *b, bench_writes_case *c, size_t run, echo_error *err) {
    static writing result;
    writing_args args = {c, b->options.seed, b->options.seed + 1000 * run};
    bench_tick(b, "writes");
    echo_status status = bench_folder_make(c->dir, b->work, err);
    if (status == ECHO_OK) status = bench_child(&result, sizeof result, measure, &args, err);
    if (!b->options.keep && c->dir[0] != '\0') bench_folder_remove(c->dir);
    if (status != ECHO_OK) return status;
    for (size_t i = 0; i < c->row_count; i++) {
        bench_writes_row *row = &c->rows[i];
        row->taken = result.taken[i];
        bench_series_add(&row->ns, row->taken.ns);
        bench_series_add(&row->bytes, row->taken.bytes);
        bench_series_add(&row->chunks, row->taken.chunks);
        bench_series_add(&row->syncs, row->taken.files.syncs);
        bench_series_add(&row->file_bytes, row->taken.files.bytes);
        bench_series_add(&row->feed_syncs, row->taken.feed_syncs);
        uint64_t items = i == 0 ? c->items : row->changed;
        if (row->taken.items != items)
            bench_wrong(b, "%llu items, %s: %llu items written", (unsigned long long)c->items, row->name,
                        (unsigned long long)row->taken.items);
    }
    c->opening = result.opening;
    if (memcmp(&result.digest, &result.replayed, sizeof result.digest) != 0)
        bench_wrong(b, "%llu items: the last snapshot's digest disagrees with that of replaying what it covers",
                    (unsigned long long)c->items);
    return ECHO_OK;
}

/* After all runs. */
static void compare_with_full(bench_writes_case *c) {
    double full = (double)bench_median(&c->rows[0].bytes);
    for (size_t i = 0; i < c->row_count; i++)
        c->rows[i].share = full > 0 ? (double)bench_median(&c->rows[i].bytes) / full : 0;
}

/* ---- goals ---- */

static void judge_share(bench *b, const bench_writes_case *c, const char *name, const char *what, double most) {
    const bench_writes_row *row = bench_writes_find(c, name);
    bench_goal *goal = bench_goal_add(b, "%s: %.0f%% of the full snapshot's bytes at most", what, most * 100);
    if (row == NULL || c->items < 100000) return;
    goal->measured = true;
    goal->met = row->share <= most;
    (void)snprintf(goal->value, sizeof goal->value, "%.1f%%", row->share * 100);
}

/* A path is a leaf and the nodes above it. */
static void judge_paths(bench *b, const bench_writes_case *c) {
    const bench_writes_row *row = bench_writes_find(c, "10 scattered");
    bench_goal *goal = bench_goal_add(b, "10 changed items: their leaves and the nodes above them, and no more");
    if (row == NULL) return;
    uint64_t most = 10 * (row->taken.height + 1);
    goal->measured = true;
    goal->met = row->taken.chunks <= most;
    (void)snprintf(goal->value, sizeof goal->value, "%llu chunks, 10 paths have %llu",
                   (unsigned long long)row->taken.chunks, (unsigned long long)most);
}

static void judge_nothing(bench *b, const bench_writes_case *c) {
    bench_goal *goal = bench_goal_add(b, "an unchanged party: nothing is written, by a snapshot or by opening it");
    uint64_t bytes = c->opening.files.bytes + c->opening.files_changed, syncs = c->opening.files.syncs;
    for (size_t i = 1; i < c->row_count; i++) {
        const bench_writes_taken *taken = &c->rows[i].taken;
        if (c->rows[i].messages > 0) continue;
        bytes += taken->bytes + taken->files.bytes;
        syncs += taken->files.syncs + taken->feed_syncs;
    }
    goal->measured = true;
    goal->met = bytes == 0 && syncs == 0;
    (void)snprintf(goal->value, sizeof goal->value, "%llu bytes, %llu syncs, %llu files changed",
                   (unsigned long long)bytes, (unsigned long long)syncs, (unsigned long long)c->opening.files_changed);
}

static echo_status run(bench *b, echo_error *err) {
    static const bench_sizes usual = {{100000}, 1}, quick = {{1000}, 1};
    const bench_sizes *sizes = b->options.items.count > 0 ? &b->options.items : b->options.quick ? &quick : &usual;
    echo_status status = ECHO_OK;
    b->steps = sizes->count * b->options.runs;
    for (size_t i = 0; status == ECHO_OK && i < sizes->count; i++) {
        bench_writes_case *c = bench_case_add(b, sizeof *c, err);
        if (c == NULL) return ECHO_ERR_NOMEM;
        plan(c, sizes->list[i]);
        for (size_t n = 0; status == ECHO_OK && n < b->options.runs; n++) status = run_once(b, c, n, err);
        if (status != ECHO_OK) break;
        compare_with_full(c);
        judge_share(b, c, "50 hot", "1,000 messages on 50 hot items", HOT_SHARE);
        judge_share(b, c, "1000 scattered", "1,000 messages on as many scattered items", SCATTERED_SHARE);
        judge_paths(b, c);
        judge_nothing(b, c);
    }
    return status;
}

const bench_mode bench_writes_mode = {.name = "writes",
                                      .takes = BENCH_TAKES_ITEMS,
                                      .runs = 3,
                                      .run = run,
                                      .report = &bench_writes_report,
                                      .plot = bench_writes_plot};
