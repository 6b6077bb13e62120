/*
 * Snapshots taken in steps while messages keep coming, against the oracle that replays what each of them covers:
 * whatever was written to whichever item at whichever moment, a snapshot is the state at its cut (P1, P3), and the
 * party ends as one that took none.
 *
 *   ECHO_TEST_SEED=n   only that seed
 *   ECHO_TEST_RUNS=n   how many seeds, from 1 on (default 250; 4,000 with ECHO_TEST_LONG)
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/random.h"
#include "support/state.h"
#include "support/stepping.h"

/* ---- every moment for the first write ---- */

/* A party of a few items that all changed; a snapshot is begun; after k steps messages to one of them, or to all,
 * arrive. */
static bool write_after(uint64_t steps, uint64_t seed, uint64_t writes, size_t value_bytes, bool hookless) {
    generate_options o = GENERATE_OPTIONS_INIT;
    o.seed = seed;
    o.items = 5;
    o.create = 1.0;
    o.value_bytes = value_bytes;
    o.properties = 2;
    o.hookless = hookless ? 1.0 : 0.0;
    stepping r;
    stepping_prepare(&r, &o);
    stepping_open(&r);
    stepping_generate(&r, 8);
    stepping_poll(&r, 0);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot_start(r.party, &err), &err);
    uint64_t k = 0;
    for (; k < steps && stepping_state(&r).phase != ECHO_SNAPSHOT_PHASE_IDLE; k++) stepping_poll(&r, 0);
    bool over = stepping_state(&r).phase == ECHO_SNAPSHOT_PHASE_IDLE;
    stepping_check(&r);
    stepping_generate(&r, writes);
    stepping_poll(&r, 0);
    for (unsigned i = 0; stepping_state(&r).phase != ECHO_SNAPSHOT_PHASE_IDLE; i++) {
        assert_true(i < 10000);
        stepping_poll(&r, 0);
        stepping_check(&r);
    }
    stepping_check(&r);
    assert_int_equal(r.checked, 1);
    echo_snapshot_state s = stepping_state(&r);
    assert_int_equal(s.last.messages, 8);
    assert_int_equal(s.tail_messages, writes);
    stepping_compare(&r);
    stepping_close(&r);
    return over;
}

static void test_every_moment(void **arg) {
    (void)arg;
    uint64_t moments = 0;
    for (uint64_t seed = 1; seed <= 16; seed++) {
        for (uint64_t steps = 0;
             !write_after(steps, seed, seed % 4 == 0 ? 25 : 1, seed == 2 || seed == 4 ? 5000 : 10, seed % 3 == 0);
             steps++) {
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

static void random_step(stepping *r, test_random *random) {
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
        if (test_random_below(random, 4) == 0) assert_ok(echo_party_snapshot(NULL, r->party, &err), &err);
        break;
    case 4:
    case 5:
    case 6: stepping_generate(r, 1 + test_random_below(random, 30)); break;
    case 7: r->tick = test_random_below(random, 3) == 0 ? 0 : 1 + test_random_below(random, 100000); break;
    case 8:
        if (test_random_below(random, 10) != 0) break;
        stepping_reopen(r);
        break;
    default: stepping_poll(r, test_random_below(random, 12)); break;
    }
    stepping_check(r);
}

static uint64_t total_checked, total_copied;

static void run_seed(uint64_t seed) {
    test_random random = {seed};
    generate_options o;
    stepping r;
    options_of_seed(&o, seed, &random);
    stepping_prepare(&r, &o);
    r.policy.thread = seed % 3 == 0;
    if (test_random_below(&random, 2) == 0) r.policy.budget_ns = 1 + test_random_below(&random, 3000);
    if (test_random_below(&random, 2) == 0) r.options.memory = 20000; /* about ten items */
    stepping_open(&r);
    stepping_generate(&r, test_random_below(&random, 100));
    for (unsigned i = 0; i < 200; i++) random_step(&r, &random);
    if (r.tick == 0) r.tick = 100;
    stepping_compare(&r);
    total_checked += r.checked;
    total_copied += r.copied;
    stepping_close(&r);
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
    fprintf(stderr, "\r%llu snapshots, %llu records taken before their turn\n", (unsigned long long)total_checked,
            (unsigned long long)total_copied);
    if (only == 0) assert_true(total_checked > runs && total_copied > runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_moment),
                                       cmocka_unit_test(test_random_interleavings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
