/*
 * One party on disk for all rows: in each row some items change and a snapshot is taken. Two members have copies from
 * before the first row and catch up after each row, one by the plan of the exchange and one by blocks alone. So each
 * row begins where the previous one ended.
 */
#include "bench/catchup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/catchup_report.h"
#include "bench/child.h"
#include "gen/generate_random.h"

#define TIMES 10u /* messages to each changed item, in rows where items change often */
#define CHUNKS_FACTOR 3.0
#define CHUNKS_MORE ((double)(64 << 10))

/* The results of a process. */
typedef struct living {
    struct {
        bench_fetched got[BENCH_CATCHUP_WAYS];
        uint64_t records, chunk_bytes, block_bytes;
        echo_hash digest;
    } rows[BENCH_CATCHUP_ROWS];
} living;

typedef struct living_args {
    const bench *b;
    const bench_catchup_case *c;
    const char *dir, *copies[BENCH_CATCHUP_WAYS];
    uint64_t choice;
} living_args;

/* ---- the records of what changed ---- */

typedef char item_id[ECHO_HEX_CHARS];

typedef struct adding {
    const item_id *ids; /* ascending */
    size_t count;
    uint64_t bytes, found;
} adding;

static int by_id(const void *a, const void *b) { return strcmp(a, b); }

static echo_status add_record(void *arg, const char *id, echo_bytes line) {
    adding *a = arg;
    if (bsearch(id, a->ids, a->count, sizeof *a->ids, by_id) == NULL) return ECHO_OK;
    a->bytes += line.len;
    a->found++;
    return ECHO_OK;
}

static echo_status add_records(uint64_t *out, const living_args *a, const echo_key *party, const uint32_t *list,
                               size_t n, echo_error *err) {
    char path[BENCH_PATH_MAX];
    echo_store store = {NULL, NULL};
    echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
    how.read_only = true;
    item_id *ids = calloc(n, sizeof *ids);
    if (ids == NULL) return bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) generate_item_id(ids[i], a->b->options.seed, list[i]);
    qsort(ids, n, sizeof *ids, by_id);
    adding adds = {(const item_id *)ids, n, 0, 0};
    echo_status status = bench_path(path, a->dir, "snapshots.db", err);
    if (status == ECHO_OK) status = echo_store_open_sqlite(&store, path, &how, err);
    if (status == ECHO_OK) status = echo_snapshot_records(&store, party, 0, add_record, &adds, err);
    echo_store_close(&store);
    free(ids);
    *out = adds.bytes;
    return status;
}

/* ---- one row ---- */

/* The first n of `list` become n different random items. */
static void draw(uint32_t *list, uint64_t items, uint64_t n, generate_random *random) {
    for (uint64_t i = 0; i < n; i++) {
        uint64_t other = i + generate_random_below(random, items - i);
        uint32_t held = list[i];
        list[i] = list[other];
        list[other] = held;
    }
}

/* Closes the party before it returns: later child processes must not inherit an open store. */
static echo_status live(living *out, bench_session *s, size_t i, const living_args *a, const uint32_t *list,
                        echo_error *err) {
    echo_snapshot_policy policy = bench_policy_manual(); /* copied */
    const bench_catchup_row *row = &a->c->rows[i];
    generate_counts before, after;
    echo_snapshot_result taken;
    generate_counts_get(&before, s->generator);
    echo_status status = bench_session_open(s, &policy, err);
    for (uint64_t n = 0; status == ECHO_OK && n < row->times; n++)
        status = generate_changes(s->generator, list, (size_t)row->changed, err);
    if (status == ECHO_OK) status = bench_session_apply(s, row->changed * row->times, err);
    if (status == ECHO_OK) status = echo_party_snapshot(&taken, s->party, err);
    if (status != ECHO_OK) return status;
    bench_session_close(s);
    generate_counts_get(&after, s->generator);
    out->rows[i].digest = taken.digest;
    out->rows[i].chunk_bytes = taken.bytes_written;
    out->rows[i].block_bytes = after.bytes - before.bytes;
    return add_records(&out->rows[i].records, a, s->options.party, list, (size_t)row->changed, err);
}

static echo_status catch_up(living *out, const bench_session *s, size_t i, const living_args *a, bench_catchup_way way,
                            echo_error *err) {
    bench_fetch_args args = {.server_dir = a->dir,
                             .dir = a->copies[way],
                             .party = *s->options.party,
                             .seed = a->b->options.seed,
                             .feeds = 1,
                             .servers = 1,
                             .bare = way == BENCH_CATCHUP_TAIL,
                             .away = true,
                             .link = &a->b->options.link};
    return bench_child(&out->rows[i].got[way], sizeof out->rows[i].got[way], bench_fetch, &args, err);
}

/* ---- one process ---- */

static echo_status begin(bench_session *s, const living_args *a, echo_error *err) {
    generate_options options = GENERATE_OPTIONS_INIT;
    options.seed = a->b->options.seed;
    options.items = a->c->items;
    options.create = 1.0;
    options.credentials = true;
    options.members = BENCH_MEMBERS;
    echo_snapshot_policy policy = bench_policy_manual();
    echo_status status = bench_session_generate(s, a->dir, &options, a->c->items, err);
    if (status == ECHO_OK) status = bench_session_open(s, &policy, err);
    if (status == ECHO_OK) status = echo_party_snapshot(NULL, s->party, err);
    if (status == ECHO_OK) bench_session_close(s);
    for (size_t i = 0; status == ECHO_OK && i < BENCH_CATCHUP_WAYS; i++) {
        status = bench_folder_copy_feeds(a->copies[i], a->dir, err);
        if (status == ECHO_OK) status = bench_folder_copy_file(a->copies[i], a->dir, "snapshots.db", err);
    }
    return status;
}

static echo_status measure(void *result, void *arg, echo_error *err) {
    const living_args *a = arg;
    living *out = result;
    bench_session s;
    generate_random random;
    uint32_t *list = calloc((size_t)a->c->items, sizeof *list);
    if (list == NULL) return bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
    for (uint64_t i = 0; i < a->c->items; i++) list[i] = (uint32_t)i;
    generate_random_seed(&random, a->choice);
    echo_status status = begin(&s, a, err);
    for (size_t i = 0; status == ECHO_OK && i < a->c->row_count; i++) {
        draw(list, a->c->items, a->c->rows[i].changed, &random);
        status = live(out, &s, i, a, list, err);
        for (bench_catchup_way way = BENCH_CATCHUP_PLAN; status == ECHO_OK && way < BENCH_CATCHUP_WAYS; way++)
            status = catch_up(out, &s, i, a, way, err);
    }
    free(list);
    return status;
}

/* ---- all of them ---- */

/* Shares of 0.1, 1, 10 and 100%, once and often. */
static void plan(bench_catchup_case *c, uint64_t items) {
    c->items = items;
    for (uint64_t of = 1000; of > 0; of /= 10)
        for (uint64_t times = 1; times <= TIMES; times *= TIMES) {
            bench_catchup_row *row = &c->rows[c->row_count++];
            row->changed = items / of > 0 ? items / of : 1;
            row->times = times;
        }
}

static void keep_fetched(bench_catchup_set *set, bench_catchup_way way, const bench_fetched *got) {
    set->name = bench_catchup_way_names[way];
    set->by = got->by_chunks ? "chunks" : "tail";
    set->last = *got;
    bench_series_add(&set->ns, got->ns);
    bench_series_add(&set->here, got->ns_here);
    bench_series_add(&set->party, got->ns_party);
    bench_series_add(&set->cpu, got->cpu);
    bench_series_add(&set->server_cpu, got->server_cpu);
    bench_series_add(&set->in, got->bytes_in);
    bench_series_add(&set->out, got->bytes_out);
}

static void check(bench *b, const bench_catchup_case *c, const bench_catchup_row *row, bench_catchup_way way,
                  const echo_hash *digest) {
    const bench_fetched *got = &row->sets[way].last;
    uint64_t messages = row->changed * row->times, blocks = got->by_chunks ? 0 : messages;
    char what[96];
    (void)snprintf(what, sizeof what, "%llu items, %llu changed %llu times, %s", (unsigned long long)c->items,
                   (unsigned long long)row->changed, (unsigned long long)row->times, bench_catchup_way_names[way]);
    if (memcmp(&got->digest, digest, sizeof *digest) != 0) bench_wrong(b, "%s: the state is not that of replay", what);
    if (got->items != c->items) bench_wrong(b, "%s: the party has %llu items", what, (unsigned long long)got->items);
    if (way == BENCH_CATCHUP_TAIL && got->by_chunks) bench_wrong(b, "%s: chunks were fetched", what);
    if (got->state.blocks_received != blocks || got->messages_read != blocks)
        bench_wrong(b, "%s: %llu blocks were transferred and %llu read instead of %llu", what,
                    (unsigned long long)got->state.blocks_received, (unsigned long long)got->messages_read,
                    (unsigned long long)blocks);
}

static echo_status run_once(bench *b, bench_catchup_case *c, size_t run, echo_error *err) {
    static living result;
    char dir[BENCH_PATH_MAX], copies[BENCH_CATCHUP_WAYS][BENCH_PATH_MAX] = {"", ""};
    living_args args = {b, c, dir, {copies[0], copies[1]}, b->options.seed + 1000 * run};
    bench_tick(b, "catchup");
    echo_status status = bench_folder_make(dir, b->work, err);
    for (size_t i = 0; status == ECHO_OK && i < BENCH_CATCHUP_WAYS; i++)
        status = bench_folder_make(copies[i], b->work, err);
    if (status == ECHO_OK) status = bench_child(&result, sizeof result, measure, &args, err);
    for (size_t i = 0; !b->options.keep && i < BENCH_CATCHUP_WAYS; i++)
        if (copies[i][0] != '\0') bench_folder_remove(copies[i]);
    if (!b->options.keep && dir[0] != '\0') bench_folder_remove(dir);
    for (size_t i = 0; status == ECHO_OK && i < c->row_count; i++) {
        bench_catchup_row *row = &c->rows[i];
        row->records = result.rows[i].records;
        row->chunk_bytes = result.rows[i].chunk_bytes;
        row->block_bytes = result.rows[i].block_bytes;
        for (bench_catchup_way way = BENCH_CATCHUP_PLAN; way < BENCH_CATCHUP_WAYS; way++) {
            keep_fetched(&row->sets[way], way, &result.rows[i].got[way]);
            check(b, c, row, way, &result.rows[i].digest);
        }
    }
    return status;
}

/* ---- goals ---- */

static void judge(bench *b, const bench_catchup_case *c) {
    bench_goal *goal =
        bench_goal_add(b, "%llu items, 1%% of them changed: %.0f times their records' bytes and 64 KiB at most",
                       (unsigned long long)c->items, CHUNKS_FACTOR);
    goal->met = true;
    for (size_t i = 0; i < c->row_count; i++) {
        const bench_catchup_row *row = &c->rows[i];
        if (row->changed != c->items / 100) continue;
        uint64_t in = bench_range_of(&row->sets[BENCH_CATCHUP_PLAN].in).max;
        size_t len = strlen(goal->value);
        goal->measured = true;
        goal->met = goal->met && (double)in <= CHUNKS_FACTOR * (double)row->records + CHUNKS_MORE;
        (void)snprintf(goal->value + len, sizeof goal->value - len, "%s%llu bytes for records of %llu",
                       len > 0 ? ", " : "", (unsigned long long)in, (unsigned long long)row->records);
    }
}

static echo_status run(bench *b, echo_error *err) {
    static const bench_sizes usual = {{100000}, 1}, quick = {{1000}, 1};
    const bench_sizes *sizes = b->options.items.count > 0 ? &b->options.items : b->options.quick ? &quick : &usual;
    echo_status status = ECHO_OK;
    b->steps = sizes->count * b->options.runs;
    for (size_t i = 0; status == ECHO_OK && i < sizes->count; i++) {
        bench_catchup_case *c = bench_case_add(b, sizeof *c, err);
        if (c == NULL) return ECHO_ERR_NOMEM;
        plan(c, sizes->list[i]);
        c->link = b->options.link;
        for (size_t n = 0; status == ECHO_OK && n < b->options.runs; n++) status = run_once(b, c, n, err);
        if (status == ECHO_OK) judge(b, c);
    }
    return status;
}

const bench_mode bench_catchup_mode = {.name = "catchup",
                                       .takes = BENCH_TAKES_ITEMS | BENCH_TAKES_LINK,
                                       .runs = 1,
                                       .run = run,
                                       .report = &bench_catchup_report,
                                       .plot = bench_catchup_plot};
