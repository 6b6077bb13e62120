/* The same month under two rules: the default policy, and a snapshot every 1,000 messages. */
#include "bench/life.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/child.h"
#include "bench/life_report.h"

#define OPEN_NS 100000000u
#define WRITE_FACTOR 2.0
#define OPENINGS 3u /* at each point; one with --quick */

/* ---- one life ---- */

static void describe_reasons(bench_life_set *set) {
    size_t len = 0;
    set->reasons[0] = '\0';
    for (size_t i = 0; i <= ECHO_SNAPSHOT_REASON_AGE && len < sizeof set->reasons; i++) {
        if (set->result.reasons[i] == 0) continue;
        int more = snprintf(set->reasons + len, sizeof set->reasons - len, "%s%s %" PRIu64, len > 0 ? ", " : "",
                            echo_snapshot_reason_name((echo_snapshot_reason)i), set->result.reasons[i]);
        len += more > 0 ? (size_t)more : 0;
    }
}

static double per_feed_byte(const bench_life_set *set, const bench_series *bytes) {
    uint64_t feed = set->result.feed_bytes;
    return feed == 0 ? 0 : (double)bench_median(bytes) / (double)feed;
}

static void keep_result(bench_life_set *set) {
    const bench_life_result *result = &set->result;
    uint64_t sorted[BENCH_LIFE_POINTS], longest = 0;
    size_t even = 0;
    for (size_t i = 0; i < result->point_count; i++) {
        const bench_life_point *point = &result->points[i];
        if (point->open_ns > longest) longest = point->open_ns;
        if (point->before) continue;
        size_t at = even++;
        for (; at > 0 && sorted[at - 1] > point->open_ns; at--) sorted[at] = sorted[at - 1];
        sorted[at] = point->open_ns;
    }
    bench_series_add(&set->open_max, longest);
    bench_series_add(&set->open_median, even == 0 ? 0 : sorted[even / 2]);
    bench_series_add(&set->chunk_bytes, result->chunk_bytes);
    bench_series_add(&set->file_bytes, result->files.bytes);
    bench_series_add(&set->snapshots, result->snapshots);
    set->factor = per_feed_byte(set, &set->chunk_bytes);
    set->file_factor = per_feed_byte(set, &set->file_bytes);
    describe_reasons(set);
}

static void check(bench *b, const bench_life_case *c, bench_life_rule rule) {
    const bench_life_result *result = &c->sets[rule].result;
    const char *name = bench_life_rule_names[rule];
    if (memcmp(&result->digest, &result->replayed, sizeof result->digest) != 0)
        bench_wrong(
            b, "%" PRIu64 " messages, %s: the last snapshot's digest disagrees with that of replaying what it covers",
            c->messages, name);
    if (result->damage > 0)
        bench_wrong(b, "%" PRIu64 " messages, %s: opening found %" PRIu64 " damages", c->messages, name,
                    result->damage);
    if (result->messages != c->messages)
        bench_wrong(b, "%" PRIu64 " messages, %s: %" PRIu64 " were applied", c->messages, name, result->messages);
}

static echo_status run_once(bench *b, bench_life_case *c, bench_life_rule rule, echo_error *err) {
    char dir[BENCH_PATH_MAX] = "", copy[BENCH_PATH_MAX] = "";
    bench_life_args args = {b->options.seed, c->items, c->messages, rule, dir, copy, b->options.quick ? 1u : OPENINGS};
    bench_tick(b, bench_life_rule_names[rule]);
    echo_status status = bench_folder_make(dir, b->work, err);
    if (status == ECHO_OK) status = bench_folder_make(copy, b->work, err);
    if (status == ECHO_OK)
        status = bench_child(&c->sets[rule].result, sizeof c->sets[rule].result, bench_life_live, &args, err);
    if (!b->options.keep && copy[0] != '\0') bench_folder_remove(copy);
    if (!b->options.keep && dir[0] != '\0') bench_folder_remove(dir);
    if (status != ECHO_OK) return status;
    c->sets[rule].name = bench_life_rule_names[rule];
    keep_result(&c->sets[rule]);
    check(b, c, rule);
    return ECHO_OK;
}

/* ---- goals ---- */

static void judge(bench *b, const bench_life_case *c) {
    const bench_life_set *by_policy = &c->sets[BENCH_LIFE_POLICY], *by_count = &c->sets[BENCH_LIFE_FIXED];
    uint64_t longest = bench_median(&by_policy->open_max), fixed = bench_median(&by_count->open_max);
    double factor = by_policy->factor, fixed_factor = by_count->factor;
    bench_goal *goal =
        bench_goal_add(b, "%" PRIu64 " messages: opening takes %.0f ms at most", c->messages, OPEN_NS / 1e6);
    goal->measured = true;
    goal->met = longest <= OPEN_NS;
    (void)snprintf(goal->value, sizeof goal->value, "%.1f ms", (double)longest / 1e6);
    goal = bench_goal_add(b, "%" PRIu64 " messages: %.0f bytes written per byte of the feeds at most", c->messages,
                          WRITE_FACTOR);
    goal->measured = true;
    goal->met = factor <= WRITE_FACTOR;
    (void)snprintf(goal->value, sizeof goal->value, "%.2f", factor);
    goal =
        bench_goal_add(b, "%" PRIu64 " messages: not worse in both than a snapshot every 1,000 messages", c->messages);
    goal->measured = true;
    goal->met = longest <= fixed || factor <= fixed_factor;
    (void)snprintf(goal->value, sizeof goal->value, "%.1f ms and %.2f, %.1f ms and %.2f", (double)longest / 1e6, factor,
                   (double)fixed / 1e6, fixed_factor);
}

static echo_status run(bench *b, echo_error *err) {
    static const bench_sizes usual = {{1000, 10000, 100000, 1000000}, 4}, quick = {{3000}, 1};
    const bench_sizes *sizes = b->options.messages.count > 0 ? &b->options.messages
                               : b->options.quick            ? &quick
                                                             : &usual;
    uint64_t items = b->options.items.count > 0 ? b->options.items.list[0] : b->options.quick ? 1000 : 10000;
    echo_status status = ECHO_OK;
    b->steps = sizes->count * b->options.runs * BENCH_LIFE_RULES;
    for (size_t i = 0; status == ECHO_OK && i < sizes->count; i++) {
        bench_life_case *c = bench_case_add(b, sizeof *c, err);
        if (c == NULL) return ECHO_ERR_NOMEM;
        c->items = items;
        c->messages = sizes->list[i];
        for (size_t n = 0; status == ECHO_OK && n < b->options.runs; n++)
            for (bench_life_rule rule = BENCH_LIFE_POLICY; status == ECHO_OK && rule < BENCH_LIFE_RULES; rule++)
                status = run_once(b, c, rule, err);
        if (status == ECHO_OK) judge(b, c);
    }
    return status;
}

const bench_mode bench_life_mode = {.name = "life",
                                    .takes = BENCH_TAKES_ITEMS | BENCH_TAKES_MESSAGES,
                                    .takes_one = BENCH_TAKES_ITEMS,
                                    .runs = 1,
                                    .run = run,
                                    .report = &bench_life_report,
                                    .plot = bench_life_plot};
