/*
 * Snapshots taken in steps while messages keep coming, against the oracle that replays what each of them covers: whatever was written to
 * whichever item at whichever moment, a snapshot is the state at its cut (P1, P3), and the party ends as one that took none.
 *
 *   ECHO_TEST_SEED=n   only that seed        ECHO_TEST_RUNS=n   how many seeds from 1 (default 250; 4,000 with ECHO_TEST_LONG)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../src/cli/generate.h"
#include "support/counting_feeds.h"
#include "support/random.h"
#include "support/state.h"

/* A clock that goes on by so much whenever somebody looks: steps are as short as the test wants them. */
typedef struct ticking {
    uint64_t now, tick;
} ticking;

static uint64_t tick(void *arg) {
    ticking *clock = arg;
    return clock->now += clock->tick;
}

typedef struct run {
    generator *g;
    uint64_t seed;
    counting_feeds counting; /* so that the generator may write while the party reads */
    echo_store store;
    echo_registry *models;
    ticking clock;
    echo_snapshot_policy policy;
    echo_party_options options;
    echo_party *party;
    uint64_t checked, taken; /* snapshots */
    uint64_t copied;
} run;

static void run_open(run *r, const generate_options *o, bool threaded) {
    echo_error err = ECHO_ERROR_INIT;
    memset(r, 0, sizeof *r);
    r->seed = o->seed;
    assert_ok(generate_open(&r->g, o, NULL, &err), &err);
    counting_feeds_init(&r->counting, generate_source(r->g));
    assert_int_equal(echo_store_new_memory(&r->store), ECHO_OK);
    assert_int_equal(echo_registry_new(&r->models), ECHO_OK);
    assert_ok(generate_models(r->models, &err), &err);
    r->clock = (ticking){1, 100};
    r->policy = (echo_snapshot_policy)ECHO_SNAPSHOT_POLICY_INIT;
    r->policy.manual = true;
    r->policy.no_thread = !threaded;
    r->policy.budget_ns = 1;
    r->policy.keep = 0;
    r->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    size_t count;
    r->options.admitted = generate_feeds(r->g, &count);
    r->options.admitted_count = count;
    r->options.party = &generate_party(r->g)->public_key;
    r->options.feeds = &r->counting.feeds;
    r->options.store = &r->store;
    r->options.models = r->models;
    r->options.policy = &r->policy;
    r->options.clock = tick;
    r->options.clock_arg = &r->clock;
    r->party = party_open(&r->options);
}

static void run_close(run *r) {
    echo_party_free(r->party);
    echo_registry_free(r->models);
    echo_store_close(&r->store);
    generate_close(r->g);
}

static void generate(run *r, uint64_t n) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(generate_some(r->g, n, &err), &err);
}

static void poll(run *r, uint64_t max) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_poll(r->party, max, NULL, &err), &err);
}

static echo_snapshot_state state_now(const run *r) {
    echo_snapshot_state s;
    echo_party_snapshot_state_get(&s, r->party);
    return s;
}

/* Each snapshot that was completed says what replaying its messages says. */
static void check_taken(run *r) {
    echo_snapshot_state s = state_now(r);
    if (s.error.code != ECHO_OK && s.error.code != ECHO_ERR_REFUSED) assert_ok(s.error.code, &s.error);
    if (s.taken == r->taken) return;
    r->taken = s.taken;
    assert_true(s.has_last);
    r->copied += s.last.items_copied;
    echo_hash digest;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_snapshot_replay(&digest, &r->options, &r->store, s.last.number, &err), &err);
    assert_memory_equal(digest.bytes, s.last.digest.bytes, sizeof digest.bytes);
    r->checked++;
}

static void finish(run *r) {
    echo_error err = ECHO_ERROR_INIT;
    echo_snapshot_result result;
    poll(r, 0);
    assert_ok(echo_party_snapshot(r->party, &result, &err), &err);
    check_taken(r);
    char *state = state_of(r->party);
    echo_party_options plain = r->options;
    plain.store = NULL;
    plain.no_snapshot = true;
    echo_party *oracle = party_open(&plain);
    assert_int_equal(echo_timeframe_compare(echo_party_clock(r->party), echo_party_clock(oracle)), ECHO_ORDER_EQUAL);
    char *expected = state_of(oracle);
    assert_state_equal(state, expected);
    echo_party_free(oracle);
    echo_party_free(r->party); /* and from the snapshot again */
    free(state);
    r->options.verify = ECHO_VERIFY_FULL;
    r->party = party_open(&r->options);
    assert_int_equal(echo_party_report(r->party)->damage_count, 0);
    assert_int_equal(echo_party_report(r->party)->messages_read, 0);
    state = state_of(r->party);
    assert_state_equal(state, expected);
    free(state);
    free(expected);
}

/* ---- every moment for the first write ---- */

/* A party of a few items that all changed; a snapshot is begun; after k steps a message to one of them arrives. */
static bool write_after(uint64_t steps, uint64_t seed, size_t value_bytes, bool hookless) {
    generate_options o = GENERATE_OPTIONS_INIT;
    o.seed = seed;
    o.items = 5;
    o.create = 1.0;
    o.value_bytes = value_bytes;
    o.properties = 2;
    o.hookless = hookless ? 1.0 : 0.0;
    run r;
    run_open(&r, &o, false);
    generate(&r, 8);
    poll(&r, 0);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot_start(r.party, &err), &err);
    uint64_t k = 0;
    for (; k < steps && state_now(&r).phase != ECHO_SNAPSHOT_IDLE; k++) poll(&r, 0);
    bool over = state_now(&r).phase == ECHO_SNAPSHOT_IDLE;
    check_taken(&r);
    generate(&r, 1);
    poll(&r, 0);
    for (unsigned i = 0; state_now(&r).phase != ECHO_SNAPSHOT_IDLE; i++) {
        assert_true(i < 10000);
        poll(&r, 0);
        check_taken(&r);
    }
    check_taken(&r);
    assert_int_equal(r.checked, 1);
    echo_snapshot_state s = state_now(&r);
    assert_int_equal(s.last.messages, 8);
    assert_int_equal(s.tail_messages, 1);
    finish(&r);
    run_close(&r);
    return over;
}

static void test_every_moment(void **arg) {
    (void)arg;
    uint64_t moments = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        for (uint64_t steps = 0; !write_after(steps, seed, seed == 2 ? 5000 : 10, seed == 3); steps++) {
            moments++;
            assert_true(steps < 1000);
        }
    }
    assert_true(moments > 100);
}

/* ---- random interleavings ---- */

static void options_of_seed(generate_options *o, uint64_t seed, test_random *r) {
    *o = (generate_options)GENERATE_OPTIONS_INIT;
    o->seed = seed;
    o->feeds = 1 + (size_t)test_random_below(r, 4);
    o->items = 1 + test_random_below(r, seed % 7 == 0 ? 600 : 40);
    o->properties = 1 + (size_t)test_random_below(r, 4);
    o->value_bytes = test_random_below(r, 20) == 0 ? 6000 : (size_t)test_random_below(r, 30);
    o->concurrency = (double)test_random_below(r, 100) / 100;
    o->hookless = test_random_below(r, 2) == 0 ? 0 : 0.4;
    o->varied = 0.4;
    o->parents = 0.1;
    o->deletions = 0.05;
    o->links = 0.1;
    o->nested = 0.2;
}

static void random_step(run *r, test_random *random) {
    echo_error err = ECHO_ERROR_INIT;
    echo_item *item;
    char id[ECHO_HEX_CHARS];
    generate_counts counts;
    generate_counts_get(&counts, r->g);
    switch (test_random_below(random, 16)) {
    case 0: assert_ok(echo_party_snapshot_start(r->party, &err), &err); break;
    case 1:
        if (test_random_below(random, 6) == 0) echo_party_snapshot_cancel(r->party);
        break;
    case 2:
        if (counts.items == 0) break;
        generate_item_id(id, r->seed, test_random_below(random, counts.items));
        (void)!echo_item_get(&item, r->party, id, &err); /* it need not have arrived */
        break;
    case 3:
        if (test_random_below(random, 4) == 0) assert_ok(echo_party_snapshot(r->party, NULL, &err), &err);
        break;
    case 4: case 5: case 6: generate(r, 1 + test_random_below(random, 30)); break;
    case 7: r->clock.tick = test_random_below(random, 3) == 0 ? 0 : 1 + test_random_below(random, 100000); break;
    case 8:
        if (test_random_below(random, 10) != 0) break;
        echo_party_free(r->party); /* whatever is going on */
        r->party = party_open(&r->options);
        r->taken = 0;
        break;
    default: poll(r, test_random_below(random, 12)); break;
    }
    check_taken(r);
}

static uint64_t total_checked, total_copied;

static void run_seed(uint64_t seed) {
    test_random random = {seed};
    generate_options o;
    run r;
    options_of_seed(&o, seed, &random);
    run_open(&r, &o, seed % 3 == 0);
    if (test_random_below(&random, 2) == 0) r.policy.budget_ns = 1 + test_random_below(&random, 3000);
    if (test_random_below(&random, 2) == 0) r.options.memory = 20000; /* about ten items; from the first restart on */
    generate(&r, test_random_below(&random, 100));
    for (unsigned i = 0; i < 200; i++) random_step(&r, &random);
    if (r.clock.tick == 0) r.clock.tick = 100;
    finish(&r);
    total_checked += r.checked;
    total_copied += r.copied;
    run_close(&r);
}

static uint64_t number_of(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void test_random_interleavings(void **arg) {
    (void)arg;
    uint64_t only = number_of("ECHO_TEST_SEED", 0);
    uint64_t runs = number_of("ECHO_TEST_RUNS", getenv("ECHO_TEST_LONG") != NULL ? 4000 : 250);
    for (uint64_t seed = only != 0 ? only : 1; seed <= (only != 0 ? only : runs); seed++) {
        fprintf(stderr, "\rseed %llu", (unsigned long long)seed); /* the last one printed is the one that failed */
        run_seed(seed);
    }
    fprintf(stderr, "\r%llu snapshots, %llu records taken before their turn\n", (unsigned long long)total_checked, (unsigned long long)total_copied);
    if (only == 0) assert_true(total_checked > runs && total_copied > runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_moment), cmocka_unit_test(test_random_interleavings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
