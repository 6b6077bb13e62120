/*
 * Messages per second, in ways that take turns: without snapshots; with a policy that takes none; and while snapshots
 * are taken on the writer's thread, of a tenth of the items (as after some thousand messages) or of all items, one
 * after the other, so that nearly every message finds an item that must be serialised before it changes. Messages are
 * made beforehand, some thousands at a time, outside the timed part, as are the changes between two snapshots of a
 * tenth.
 */
#include "bench/throughput.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "bench/child.h"
#include "bench/session.h"
#include "bench/throughput_report.h"

#define CHUNK 1024u
#define MESSAGES_DEFAULT 500000u
#define OUT_OF_REACH (UINT64_C(1) << 60)

/* The results of a process. */
typedef struct flow {
    uint64_t messages, ns, cpu; /* cpu: of the party's thread */
    uint64_t taken, failed;
} flow;

typedef struct flow_args {
    const bench_throughput_case *c;
    bench_throughput_way way;
    uint64_t seed;
    bool disk;
} flow_args;

static uint64_t thread_ns(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* ---- one process ---- */

static echo_snapshot_policy policy_of(bench_throughput_way how) {
    echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    policy.manual = how != BENCH_THROUGHPUT_IDLE;
    if (how != BENCH_THROUGHPUT_IDLE) return policy;
    policy.open_ns = OUT_OF_REACH;
    policy.messages = policy.bytes = OUT_OF_REACH;
    policy.age_ms = OUT_OF_REACH / 1000000;
    return policy;
}

/* Untimed: makes the changes that the next snapshot saves. */
static echo_status change_a_tenth(bench_session *s, uint64_t items, echo_error *err) {
    echo_status status = echo_party_snapshot(NULL, s->party, err);
    if (status == ECHO_OK) status = generate_some(s->generator, items / 10 + 1, err);
    return status == ECHO_OK ? bench_session_apply(s, items / 10 + 1, err) : status;
}

static echo_status apply_chunk(flow *out, bench_session *s, bench_throughput_way how, uint64_t items, uint64_t n,
                               echo_error *err) {
    echo_status status = ECHO_OK;
    bool begins = how >= BENCH_THROUGHPUT_RUNNING && !bench_snapshot_runs(s);
    if (begins && how == BENCH_THROUGHPUT_RUNNING) status = change_a_tenth(s, items, err);
    if (status == ECHO_OK) status = generate_some(s->generator, n, err);
    uint64_t cpu = thread_ns(), start = bench_now_ns();
    if (status == ECHO_OK && begins) status = echo_party_snapshot_start(s->party, err);
    if (status == ECHO_OK) status = bench_session_apply(s, n, err);
    out->ns += bench_now_ns() - start;
    out->cpu += thread_ns() - cpu;
    out->messages += n;
    return status;
}

static echo_status measure(void *result, void *arg, echo_error *err) {
    const flow_args *f = arg;
    flow *out = result;
    bench_session s;
    echo_snapshot_policy policy = policy_of(f->way);
    echo_status status = bench_session_make(&s, f->c->dir, f->disk, f->seed, f->c->items, err);
    if (status == ECHO_OK) status = bench_session_open(&s, &policy, err);
    while (status == ECHO_OK && out->messages < f->c->messages) {
        uint64_t left = f->c->messages - out->messages;
        status = apply_chunk(out, &s, f->way, f->c->items, left < CHUNK ? left : CHUNK, err);
    }
    if (status == ECHO_OK) status = bench_session_settle(&s, err);
    if (status != ECHO_OK) return status;
    echo_snapshot_state state;
    echo_party_snapshot_state_get(&state, s.party);
    out->taken = state.taken;
    out->failed = state.failed;
    if (state.error.code != ECHO_OK) *err = state.error;
    return state.error.code;
}

/* ---- all of them ---- */

static uint64_t per_million(uint64_t ns, uint64_t messages) { return (uint64_t)((double)ns * 1e6 / (double)messages); }

static echo_status run_once(bench *b, bench_throughput_case *c, bench_throughput_way how, echo_error *err) {
    flow result;
    flow_args f = {c, how, b->options.seed, b->options.disk};
    bench_tick(b, bench_throughput_way_names[how]);
    echo_status status = bench_folder_make(c->dir, b->work, err);
    if (status == ECHO_OK) status = bench_child(&result, sizeof result, measure, &f, err);
    if (!b->options.keep && c->dir[0] != '\0') bench_folder_remove(c->dir);
    if (status != ECHO_OK) return status;
    bench_series_add(&c->sets[how].ns, per_million(result.ns, result.messages));
    bench_series_add(&c->sets[how].cpu, per_million(result.cpu, result.messages));
    bench_series_add(&c->sets[how].taken, result.taken);
    if ((how >= BENCH_THROUGHPUT_RUNNING) != (result.taken > 0))
        bench_wrong(b, "%" PRIu64 " items, %s: %" PRIu64 " snapshots taken", c->items, bench_throughput_way_names[how],
                    result.taken);
    return ECHO_OK;
}

static double rate(const bench_series *ns) { return bench_median(ns) == 0 ? 0 : 1e15 / (double)bench_median(ns); }

static double percent_lost(double is, double of) { return of > 0 ? 100.0 * (1.0 - is / of) : 0; }

static void compare_ways(bench_throughput_case *c) {
    const bench_throughput_set *off = &c->sets[BENCH_THROUGHPUT_OFF];
    for (bench_throughput_way how = BENCH_THROUGHPUT_OFF; how < BENCH_THROUGHPUT_WAYS; how++) {
        bench_throughput_set *set = &c->sets[how];
        set->name = bench_throughput_way_names[how];
        set->per_second = rate(&set->ns);
        set->per_second_cpu = rate(&set->cpu);
        set->loss = percent_lost(set->per_second, off->per_second);
        set->loss_cpu = percent_lost(set->per_second_cpu, off->per_second_cpu);
    }
}

static void judge_way(bench *b, const bench_throughput_case *c, bench_throughput_way how, double most,
                      const char *what) {
    bench_goal *goal = bench_goal_add(b, "%" PRIu64 " items: %s costs %.0f%% of the messages per second at most",
                                      c->items, what, most);
    goal->measured = true;
    goal->met = c->sets[how].loss_cpu <= most;
    (void)snprintf(goal->value, sizeof goal->value, "%.1f%%, in computing %.1f%%", c->sets[how].loss,
                   c->sets[how].loss_cpu);
}

static void judge(bench *b) {
    bench_throughput_case *cases = b->cases;
    for (size_t i = 0; i < b->count; i++) {
        compare_ways(&cases[i]);
        judge_way(b, &cases[i], BENCH_THROUGHPUT_IDLE, 3, "a policy that begins nothing");
        judge_way(b, &cases[i], BENCH_THROUGHPUT_RUNNING, 15, "taking a snapshot of a tenth of the items");
    }
}

static echo_status run(bench *b, echo_error *err) {
    static const bench_sizes usual = {{100000}, 1}, quick = {{1000}, 1};
    const bench_sizes *sizes = b->options.items.count > 0 ? &b->options.items : b->options.quick ? &quick : &usual;
    const bench_sizes *messages = &b->options.messages;
    echo_status status = ECHO_OK;
    b->steps = sizes->count * b->options.runs * BENCH_THROUGHPUT_WAYS;
    for (size_t i = 0; status == ECHO_OK && i < sizes->count; i++) {
        bench_throughput_case *c = bench_case_add(b, sizeof *c, err);
        if (c == NULL) return ECHO_ERR_NOMEM;
        c->items = sizes->list[i];
        c->disk = b->options.disk;
        c->messages = messages->count > 0 ? messages->list[0] : b->options.quick ? 10000 : MESSAGES_DEFAULT;
        for (size_t n = 0; status == ECHO_OK && n < b->options.runs; n++)
            for (bench_throughput_way how = BENCH_THROUGHPUT_OFF; status == ECHO_OK && how < BENCH_THROUGHPUT_WAYS;
                 how++)
                status = run_once(b, c, how, err);
    }
    if (status == ECHO_OK) judge(b);
    return status;
}

const bench_mode bench_throughput_mode = {.name = "throughput",
                                          .takes = BENCH_TAKES_ITEMS | BENCH_TAKES_MESSAGES | BENCH_TAKES_DISK,
                                          .takes_one = BENCH_TAKES_MESSAGES,
                                          .runs = 5,
                                          .run = run,
                                          .report = &bench_throughput_report};
