/* Compares the measurements with the numbers that the design promises. Reported, not enforced: a busy machine is not a
 * fault of the library.
 */
#include "bench/open_goals.h"

#include <stdio.h>

#define REPLAY_PER_SECOND 500000u
#define FIRST_ITEM_NS 2000000u
#define HYDRATION_FACTOR 1.3
#define GROWTH_FACTOR 2.0
#define MEMORY_SLACK ((uint64_t)1 << 20)

static uint64_t median(const bench_series *series) { return bench_median(series); }

/* ---- goals ---- */

static void judge_replay(bench *b) {
    bench_goal *goal =
        bench_goal_add(b, "replay of one feed's 150-byte blocks: %u verified messages/s", REPLAY_PER_SECOND);
    const bench_case *best = NULL;
    for (size_t i = 0; i < b->count; i++) {
        const bench_case *c = &bench_open_cases(b)[i];
        if (c->party.feeds != 1 || c->party.block_bytes == 0 || c->party.block_bytes > 170 || c->party.messages < 10000)
            continue;
        if (best == NULL || c->party.messages > best->party.messages) best = c;
    }
    if (best == NULL) return;
    double rate = (double)best->party.messages * 1e9 / (double)median(&best->ns[BENCH_REPLAY]);
    goal->measured = true;
    goal->met = rate >= REPLAY_PER_SECOND;
    (void)snprintf(goal->value, sizeof goal->value, "%.0f messages/s of %llu bytes, %.0f per second of computing", rate,
                   (unsigned long long)best->party.block_bytes,
                   (double)best->party.messages * 1e9 / (double)median(&best->cpu[BENCH_REPLAY]));
}

static const bench_case *case_of_items(const bench *b, uint64_t items) {
    for (size_t i = 0; i < b->count; i++)
        if (bench_open_cases(b)[i].items == items && bench_open_cases(b)[i].party.items == items)
            return &bench_open_cases(b)[i];
    return NULL;
}

static void judge_first(bench *b) {
    bench_goal *goal = bench_goal_add(b, "first item of 100,000: 2 ms");
    const bench_case *c = case_of_items(b, 100000);
    if (c == NULL) return;
    uint64_t ns = median(&c->ns[BENCH_FIRST]);
    goal->measured = true;
    goal->met = ns <= FIRST_ITEM_NS;
    (void)snprintf(goal->value, sizeof goal->value, "%.3f ms", (double)ns / 1e6);
}

static void judge_growth(bench *b) {
    bench_goal *goal = bench_goal_add(b, "first item of 1,000,000: %.0f times that at most", GROWTH_FACTOR);
    const bench_case *few = case_of_items(b, 100000), *many = case_of_items(b, 1000000);
    if (few == NULL || many == NULL) return;
    double factor = (double)median(&many->ns[BENCH_FIRST]) / (double)median(&few->ns[BENCH_FIRST]);
    goal->measured = true;
    goal->met = factor <= GROWTH_FACTOR;
    (void)snprintf(goal->value, sizeof goal->value, "%.2f times", factor);
}

static void judge_memory(bench *b) {
    bench_goal *goal = bench_goal_add(
        b, "memory of lazy opening up to the first item, whatever the number of items: 1 MiB more at most");
    const bench_case *few = NULL, *many = NULL;
    for (size_t i = 0; i < b->count; i++) {
        const bench_case *c = &bench_open_cases(b)[i];
        if (c->party.items < 10000 || c->ns[BENCH_FIRST].count == 0)
            continue; /* with fewer items, the party is only one or two chunks */
        if (few == NULL || c->party.items < few->party.items) few = c;
        if (many == NULL || c->party.items > many->party.items) many = c;
    }
    if (few == NULL || many->party.items < 10 * few->party.items) return;
    uint64_t less = median(&few->peak[BENCH_FIRST]), more = median(&many->peak[BENCH_FIRST]);
    goal->measured = true;
    goal->met = more <= less + MEMORY_SLACK;
    (void)snprintf(goal->value, sizeof goal->value, "%.1f MiB with %llu items, %.1f MiB with %llu",
                   (double)less / 0x1p20, (unsigned long long)few->party.items, (double)more / 0x1p20,
                   (unsigned long long)many->party.items);
}

static void judge_hydration(bench *b) {
    bench_goal *goal = bench_goal_add(b, "hydrating all items: %.1f times cJSON_Parse alone at most", HYDRATION_FACTOR);
    const bench_case *largest = NULL;
    for (size_t i = 0; i < b->count; i++)
        if (bench_open_cases(b)[i].party.items >= 1000 &&
            (largest == NULL || bench_open_cases(b)[i].party.record_bytes > largest->party.record_bytes))
            largest = &bench_open_cases(b)[i];
    if (largest == NULL) return;
    double factor = (double)median(&largest->hydrate[BENCH_EAGER]) / (double)median(&largest->parse);
    double computing = (double)median(&largest->cpu[BENCH_EAGER]) - (double)median(&largest->cpu[BENCH_LAZY]);
    goal->measured = true;
    goal->met = factor <= HYDRATION_FACTOR;
    (void)snprintf(goal->value, sizeof goal->value, "%.2f times, %.2f times in computing", factor,
                   computing / (double)median(&largest->parse_cpu));
}

void bench_open_judge(bench *b) {
    static void (*const judges[])(bench * b) = {judge_replay, judge_first, judge_growth, judge_memory, judge_hydration};
    for (size_t i = 0; i < sizeof judges / sizeof judges[0]; i++) judges[i](b);
}
