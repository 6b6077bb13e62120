/*
 * A party without snapshots takes its first one while messages to random items keep coming; every poll for a message is
 * timed. Messages are made beforehand, some thousands at a time, outside the timed part. They come at full speed up to
 * a limit; after it one at a time, between polls that find none, because a slow snapshot would otherwise need more
 * messages than fit in memory.
 */
#include "bench/pause.h"

#include <stdio.h>
#include <string.h>

#include "bench/child.h"
#include "bench/pause_report.h"
#include "bench/session.h"

#define CHUNK 2048u   /* messages made at a time */
#define LOOK_EVERY 8u /* messages between reads of the state */
#define REST_NS 200000u
#define WITHOUT 100000u
#define MOST_DEFAULT 2000000u
#define CHECK_EVERY_RUN_UP_TO 100000u /* items; with more, the first run is checked */

static const double quantiles[BENCH_QUANTILES] = {0.5, 0.99, 0.999, 1.0};
typedef struct pausing {
    const bench_pause_case *c;
    bench_pause_way way;
    uint64_t seed, without, most;
    bool disk, check;
    bench_session session;
    uint64_t ready;     /* messages made and not applied yet */
    uint64_t empty_max; /* the longest poll that brought no message */
} pausing;

/* ---- messages ---- */

static echo_status make(pausing *p, uint64_t n, echo_error *err) {
    echo_status status = generate_some(p->session.generator, n, err);
    if (status == ECHO_OK) p->ready += n;
    return status;
}

/*
 * Applies one message. `more` is added to its waiting time. A poll may find nothing although a message exists (only the
 * second poll may find what was just appended): it is repeated, and counted separately.
 */
static echo_status apply_one(pausing *p, bench_histogram *times, uint64_t more, echo_error *err) {
    uint64_t applied = 0;
    echo_status status = p->ready == 0 ? make(p, CHUNK, err) : ECHO_OK;
    for (unsigned tries = 0; status == ECHO_OK && applied == 0 && tries < 2; tries++) {
        uint64_t start = bench_now_ns(), ns;
        status = echo_party_poll(&applied, p->session.party, 1, err);
        ns = bench_now_ns() - start;
        if (applied > 0)
            bench_histogram_add(times, ns + more);
        else if (ns > p->empty_max)
            p->empty_max = ns;
    }
    if (status == ECHO_OK && applied != 1)
        return bench_fail(err, ECHO_ERR_CORRUPT, "a message that was made does not arrive");
    p->ready--;
    return status;
}

static echo_status apply_some(pausing *p, bench_histogram *times, uint64_t n, echo_error *err) {
    echo_status status = ECHO_OK;
    for (uint64_t i = 0; status == ECHO_OK && i < n; i++) status = apply_one(p, times, 0, err);
    return status;
}

/* ---- while it runs ---- */

static echo_status begin(pausing *p, bench_pause_run *out, echo_error *err) {
    uint64_t start = bench_now_ns();
    echo_status status = echo_party_snapshot_start(p->session.party, err);
    out->start_ns = bench_now_ns() - start;
    if (status == ECHO_OK) status = apply_one(p, &out->during, out->start_ns, err);
    out->messages++;
    return status;
}

static echo_status at_full_speed(pausing *p, bench_pause_run *out, echo_error *err) {
    echo_status status = ECHO_OK;
    while (status == ECHO_OK && bench_snapshot_runs(&p->session) && (out->messages < p->most || p->ready > 0)) {
        for (unsigned i = 0; status == ECHO_OK && i < LOOK_EVERY; i++) {
            status = apply_one(p, &out->during, 0, err);
            out->messages++;
        }
    }
    return status;
}

static echo_status slowly(pausing *p, bench_pause_run *out, echo_error *err) {
    echo_status status = ECHO_OK;
    while (status == ECHO_OK && bench_snapshot_runs(&p->session)) {
        uint64_t start = bench_now_ns(), ns;
        status = echo_party_poll(NULL, p->session.party, 1, err);
        ns = bench_now_ns() - start;
        if (ns > p->empty_max) p->empty_max = ns;
        bench_rest(REST_NS);
        if (status == ECHO_OK) status = make(p, 1, err);
        if (status == ECHO_OK) status = apply_one(p, &out->during, 0, err);
        out->messages++;
        out->slowly++;
    }
    return status;
}

static echo_status take(pausing *p, bench_pause_run *out, echo_error *err) {
    echo_snapshot_state state;
    p->empty_max = 0;
    echo_status status = begin(p, out, err);
    if (status == ECHO_OK) status = at_full_speed(p, out, err);
    if (status == ECHO_OK) status = slowly(p, out, err);
    if (status != ECHO_OK) return status;
    echo_party_snapshot_state_get(&state, p->session.party);
    out->empty_max = p->empty_max;
    out->result = state.last;
    if (state.taken == 1) return ECHO_OK;
    if (state.error.code == ECHO_OK)
        return bench_fail(err, ECHO_ERR_CORRUPT, "a snapshot that was begun did not finish");
    *err = state.error;
    return state.error.code;
}

static echo_status take_blocking(pausing *p, bench_pause_run *out, echo_error *err) {
    uint64_t start = bench_now_ns();
    echo_status status = echo_party_snapshot(&out->result, p->session.party, err);
    out->start_ns = bench_now_ns() - start;
    out->messages = 1;
    return status == ECHO_OK ? apply_one(p, &out->during, out->start_ns, err) : status;
}

/* Applies as many messages without a snapshot as came during it, some before it and the rest after it. */
static echo_status measure(void *result, void *arg, echo_error *err) {
    pausing *p = arg;
    bench_pause_run *out = result;
    bench_session *s = &p->session;
    echo_snapshot_policy policy = bench_policy_manual();
    policy.thread = p->way != BENCH_PAUSE_NO_THREAD;
    echo_status status = bench_session_make(s, p->c->dir, p->disk, p->seed, p->c->items, err);
    if (status == ECHO_OK) status = bench_session_open(s, &policy, err);
    if (status == ECHO_OK) status = apply_some(p, &out->without, p->without, err);
    if (status == ECHO_OK) status = p->way == BENCH_PAUSE_BLOCKING ? take_blocking(p, out, err) : take(p, out, err);
    uint64_t missing = out->messages > p->without ? out->messages - p->without : 0;
    if (status == ECHO_OK) status = apply_some(p, &out->without, missing, err);
    if (status != ECHO_OK || !p->check) return status;
    bench_session_close(s); /* two sessions may not fit in memory */
    out->checked = true;
    return bench_session_replay(&out->replayed, s, out->result.number, err);
}

/* ---- all of them ---- */

static void keep_run(bench_pause_set *set, const bench_pause_run *run) {
    uint64_t typical = bench_histogram_quantile(&run->without, 0.5);
    for (size_t q = 0; q < BENCH_QUANTILES; q++) {
        uint64_t without = bench_histogram_quantile(&run->without, quantiles[q]);
        uint64_t during = bench_histogram_quantile(&run->during, quantiles[q]);
        bench_series_add(&set->without[q], without);
        bench_series_add(&set->during[q], during);
        bench_series_add(&set->added[q], during > typical ? during - typical : 0);
    }
    bench_series_add(&set->messages, run->messages);
    bench_series_add(&set->copied, run->result.items_copied);
    bench_series_add(&set->worst_step, run->result.ns_worst_step);
    bench_series_add(&set->duration, run->result.ns_total > 0 ? run->result.ns_total : run->start_ns);
    bench_series_add(&set->bytes, run->result.bytes_written);
    bench_series_add(&set->steps, run->result.steps);
    bench_series_add(&set->start, run->start_ns);
    bench_series_add(&set->empty, run->empty_max);
    bench_histogram_merge(&set->all_without, &run->without);
    bench_histogram_merge(&set->all_during, &run->during);
    set->checked += run->checked ? 1 : 0;
    set->last = *run;
}

static void check(bench *b, const bench_pause_case *c, bench_pause_way way, const bench_pause_run *run) {
    const char *name = bench_pause_way_names[way];
    if (run->checked && memcmp(&run->replayed, &run->result.digest, sizeof run->replayed) != 0)
        bench_wrong(b, "%llu items, %s: the snapshot's digest disagrees with that of replaying what it covers",
                    (unsigned long long)c->items, name);
    if (run->result.items_written != c->items)
        bench_wrong(b, "%llu items, %s: %llu items written", (unsigned long long)c->items, name,
                    (unsigned long long)run->result.items_written);
}

static echo_status run_once(bench *b, bench_pause_case *c, bench_pause_way way, size_t run, echo_error *err) {
    static bench_pause_run result; /* large */
    static pausing p;
    p = (pausing){.c = c, .way = way, .seed = b->options.seed, .most = c->most, .disk = b->options.disk};
    p.without = b->options.quick ? 1000 : WITHOUT;
    p.check = run == 0 || c->items <= CHECK_EVERY_RUN_UP_TO;
    bench_tick(b, bench_pause_way_names[way]);
    echo_status status = bench_folder_make(c->dir, b->work, err);
    if (status == ECHO_OK) status = bench_child(&result, sizeof result, measure, &p, err);
    if (!b->options.keep && c->dir[0] != '\0') bench_folder_remove(c->dir);
    if (status != ECHO_OK) return status;
    c->sets[way].name = bench_pause_way_names[way];
    keep_run(&c->sets[way], &result);
    check(b, c, way, &result);
    return ECHO_OK;
}

static void judge(bench *b) {
    const bench_pause_case *cases = b->cases;
    const uint64_t budget = bench_policy_manual().budget_ns;
    for (size_t i = 0; i < b->count; i++) {
        const bench_pause_set *set = &cases[i].sets[BENCH_PAUSE_THREAD];
        char text[BENCH_CELL_CHARS];
        bench_goal *goal =
            bench_goal_add(b, "%llu items, thread: 99.9%% of messages wait for the budget of a step (%.0f ms) at most",
                           (unsigned long long)cases[i].items, (double)budget / 1e6);
        bench_cell_ns(text, bench_median(&set->added[2]));
        (void)snprintf(goal->value, sizeof goal->value, "%s", text);
        goal->measured = true;
        goal->met = bench_median(&set->added[2]) <= budget;
    }
}

static echo_status run(bench *b, echo_error *err) {
    static const bench_sizes sweep = {{10000, 100000, 1000000}, 3}, quick = {{1000}, 1};
    const bench_sizes *sizes = b->options.items.count > 0 ? &b->options.items : b->options.quick ? &quick : &sweep;
    uint64_t most = b->options.messages.count > 0 ? b->options.messages.list[0] : MOST_DEFAULT;
    echo_status status = ECHO_OK;
    b->steps = sizes->count * b->options.runs * BENCH_PAUSE_WAYS;
    for (size_t i = 0; status == ECHO_OK && i < sizes->count; i++) {
        bench_pause_case *c = bench_case_add(b, sizeof *c, err);
        if (c == NULL) return ECHO_ERR_NOMEM;
        c->items = sizes->list[i];
        c->disk = b->options.disk;
        c->most = b->options.quick && b->options.messages.count == 0 ? 20000 : most;
        for (size_t n = 0; status == ECHO_OK && n < b->options.runs; n++)
            for (bench_pause_way way = BENCH_PAUSE_THREAD; status == ECHO_OK && way < BENCH_PAUSE_WAYS; way++)
                status = run_once(b, c, way, n, err);
    }
    if (status == ECHO_OK) judge(b);
    return status;
}

const bench_mode bench_pause_mode = {.name = "pause",
                                     .takes = BENCH_TAKES_ITEMS | BENCH_TAKES_MESSAGES | BENCH_TAKES_DISK,
                                     .takes_one = BENCH_TAKES_MESSAGES,
                                     .runs = 3,
                                     .run = run,
                                     .report = &bench_pause_report,
                                     .plot = bench_pause_plot};
