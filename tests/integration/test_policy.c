/*
 * The library decides when to snapshot: by the messages that come and the party's clock, and nothing else.
 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "support/state.h"
#include "support/stepping.h"
#include "support/store_fault.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

/* Automatic, with legs alone; the clock moves when the test says so. */
static void open_automatic(stepping *s, uint64_t items) {
    generate_options o = GENERATE_OPTIONS_INIT;
    o.items = items;
    stepping_prepare(s, &o);
    s->tick = 0;
    s->now = SECOND;
    s->policy.manual = false;
    s->policy.budget_ns = SECOND; /* a step is a whole snapshot, since the clock stands still */
    s->policy.open_ns = 0;
    s->policy.write_factor = 0;
    s->policy.messages = s->policy.bytes = s->policy.age_ms = s->policy.quiet_ms = 0;
}

static void apply(stepping *s, uint64_t n) {
    stepping_generate(s, n);
    stepping_poll(s, 0);
}

/* Polls without messages: one to decide, some to write. */
static void rest(stepping *s) {
    for (unsigned i = 0; i < 3 || stepping_state(s).phase != ECHO_SNAPSHOT_PHASE_IDLE; i++) stepping_poll(s, 0);
}

/* Batches that jump over the number trigger all the same, and each is counted from the last cut. */
static void test_messages(void **arg) {
    (void)arg;
    stepping s;
    open_automatic(&s, 50);
    s.policy.messages = 1000;
    stepping_open(&s);
    apply(&s, 990);
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 0);
    apply(&s, 30); /* looks come every few messages: it is begun somewhere behind the thousandth */
    rest(&s);
    echo_snapshot_state state = stepping_state(&s);
    assert_int_equal(state.taken, 1);
    assert_int_equal(state.last.reason, ECHO_SNAPSHOT_REASON_MESSAGES);
    assert_true(state.last.messages >= 1000);
    assert_int_equal(state.tail_messages, 1020 - state.last.messages);
    for (unsigned i = 0; i < 6; i++) {
        apply(&s, 1337);
        rest(&s);
        assert_true(stepping_state(&s).tail_messages < 1000);
    }
    assert_in_range(stepping_state(&s).taken, 8, 9); /* of 9042 messages */
    stepping_compare(&s);
    stepping_close(&s);
}

static void test_bytes_and_age(void **arg) {
    (void)arg;
    stepping s;
    open_automatic(&s, 50);
    s.policy.bytes = 10000;
    stepping_open(&s);
    apply(&s, 10);
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 0);
    apply(&s, 100);
    rest(&s);
    assert_int_equal(stepping_state(&s).last.reason, ECHO_SNAPSHOT_REASON_BYTES);
    s.policy.bytes = 0;
    s.policy.age_ms = 60000;
    stepping_reopen(&s);
    apply(&s, 3);
    s.now += 59 * SECOND;
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 0);
    s.now += 2 * SECOND;
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 1);
    assert_int_equal(stepping_state(&s).last.reason, ECHO_SNAPSHOT_REASON_AGE);
    s.now += 1000 * SECOND; /* nothing is new: nothing ages */
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 1);
    stepping_close(&s);
}

static void test_quiet(void **arg) {
    (void)arg;
    stepping s;
    open_automatic(&s, 50);
    s.policy.messages = 100;
    s.policy.quiet_ms = 250;
    s.policy.patience_ms = 5000;
    stepping_open(&s);
    apply(&s, 100);
    for (unsigned i = 0; i < 48; i++) { /* a message every 100 ms */
        s.now += 100 * MS;
        apply(&s, 1);
        stepping_poll(&s, 0);
        assert_int_equal(stepping_state(&s).taken, 0);
    }
    s.now += 250 * MS; /* a pause */
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 1);
    apply(&s, 100);
    uint64_t waited = 0;
    for (; stepping_state(&s).taken == 1; waited++) { /* none: patience ends */
        s.now += 100 * MS;
        apply(&s, 1);
        stepping_poll(&s, 0);
        assert_true(waited < 60);
    }
    assert_in_range(waited, 49, 52);
    stepping_close(&s);
}

/* Opening slowly is what snapshots are for. With a clock that measures: each look takes 50 microseconds. */
static void test_opening(void **arg) {
    (void)arg;
    stepping s;
    open_automatic(&s, 50);
    s.policy.open_ns = 100 * MS;
    s.tick = 50000;
    stepping_open(&s);
    uint64_t expected = 0;
    while (stepping_state(&s).taken == 0) {
        apply(&s, 20);
        echo_snapshot_state state = stepping_state(&s);
        if (state.phase == ECHO_SNAPSHOT_PHASE_IDLE && state.taken == 0) {
            assert_true(state.expected_open_ns > expected || state.tail_messages < 40);
            expected = state.expected_open_ns;
            assert_true(expected < 100 * MS);
        }
        assert_true(state.tail_messages < 100000);
    }
    assert_int_equal(stepping_state(&s).last.reason, ECHO_SNAPSHOT_REASON_OPENING);
    assert_true(expected > 60 * MS);
    stepping_close(&s);
}

static void test_recovery(void **arg) {
    (void)arg;
    stepping s;
    open_automatic(&s, 50);
    stepping_generate(&s, 300);
    s.policy.open_ns = 10000;
    s.tick = 1000; /* a look takes a microsecond: some ten looks are too many */
    stepping_open(&s);
    echo_snapshot_state state = stepping_state(&s);
    assert_int_not_equal(state.phase, ECHO_SNAPSHOT_PHASE_IDLE);
    assert_true(state.reason == ECHO_SNAPSHOT_REASON_RECOVERY || state.reason == ECHO_SNAPSHOT_REASON_OPENING);
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 1);
    s.tick = 0;
    stepping_reopen(&s); /* nothing was replayed: nothing is saved */
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 0);
    stepping_close(&s);
}

/* Scattered changes to a large party: a snapshot would write far more than came in, so it waits until it is worth it.
 */
static void test_write_factor(void **arg) {
    (void)arg;
    stepping s;
    open_automatic(&s, 3000);
    s.policy.messages = 100;
    s.policy.write_factor = 2;
    stepping_open(&s);
    uint64_t fed = 0;
    for (unsigned i = 0; i < 200; i++) {
        apply(&s, 150);
        rest(&s);
        echo_snapshot_state state = stepping_state(&s);
        fed = state.feed_bytes;
        if (state.taken > 1) assert_true((double)state.bytes_written < 3.0 * (double)fed);
    }
    echo_snapshot_state state = stepping_state(&s);
    assert_in_range(state.taken, 3, 60); /* far fewer than the 200 of the leg alone */
    stepping_compare(&s);
    stepping_close(&s);
}

/* Failures are waited out, longer each time; a success ends that. */
static void test_back_off(void **arg) {
    (void)arg;
    stepping s;
    store_fault fault;
    open_automatic(&s, 50);
    echo_store store = store_fault_wrap(&fault, s.store);
    s.options.store = &store;
    s.policy.messages = 10;
    s.policy.retry_ms = 1000;
    stepping_open(&s);
    store_fault_plan_from(&fault, STORE_FAULT_PUBLISH, 1, ECHO_ERR_IO);
    apply(&s, 100);
    uint64_t wait = SECOND;
    for (unsigned i = 1; i < 6; i++) {
        rest(&s);
        assert_int_equal(fault.calls[STORE_FAULT_PUBLISH], i);
        assert_int_equal(stepping_state(&s).failed, i);
        assert_int_equal(stepping_state(&s).error.code, ECHO_ERR_IO);
        s.now += wait - 1;
        rest(&s);
        assert_int_equal(fault.calls[STORE_FAULT_PUBLISH], i);
        s.now += 1;
        wait *= 2;
    }
    store_fault_plan(&fault, STORE_FAULT_ANY, 0, ECHO_OK);
    rest(&s);
    assert_int_equal(stepping_state(&s).failed, 0);
    assert_int_equal(stepping_state(&s).taken, 1);
    assert_int_equal(stepping_state(&s).error.code, ECHO_OK);
    stepping_compare(&s);
    s.store = store;
    stepping_close(&s);
}

static void test_manual(void **arg) {
    (void)arg;
    stepping s;
    open_automatic(&s, 50);
    s.policy.manual = true;
    s.policy.messages = 1;
    s.policy.open_ns = 1;
    stepping_generate(&s, 3000);
    stepping_open(&s);
    s.now += 100000 * SECOND;
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 0);
    stepping_close(&s);
}

/* The same messages and the same clock: the same snapshots. */
static void test_deterministic(void **arg) {
    (void)arg;
    uint64_t numbers[2], messages[2], bytes[2];
    for (unsigned run = 0; run < 2; run++) {
        stepping s;
        open_automatic(&s, 200);
        s.policy = (echo_snapshot_policy)ECHO_SNAPSHOT_POLICY_INIT;
        s.policy.thread = false;
        s.tick = 1000;
        stepping_open(&s);
        for (unsigned i = 0; i < 300; i++) {
            apply(&s, 1 + i * 7 % 40);
            s.now += i % 11 * 100 * MS;
            stepping_poll(&s, 0);
        }
        echo_snapshot_state state = stepping_state(&s);
        numbers[run] = state.taken;
        messages[run] = state.last.messages;
        bytes[run] = state.bytes_written;
        stepping_close(&s);
    }
    assert_true(numbers[0] > 1);
    assert_int_equal(numbers[0], numbers[1]);
    assert_int_equal(messages[0], messages[1]);
    assert_int_equal(bytes[0], bytes[1]);
}

static void test_options(void **arg) {
    (void)arg;
    stepping s;
    open_automatic(&s, 10);
    echo_error err = ECHO_ERROR_INIT;
    s.policy.version = 2;
    assert_int_equal(echo_party_restore(&s.party, &s.options, &err), ECHO_ERR_VERSION);
    s.policy.version = 1;
    s.policy.share = 0;
    assert_int_equal(echo_party_restore(&s.party, &s.options, &err), ECHO_ERR_INVALID);
    s.policy.share = 101;
    assert_int_equal(echo_party_restore(&s.party, &s.options, &err), ECHO_ERR_INVALID);
    s.policy.share = 100;
    s.policy.write_factor = -1;
    assert_int_equal(echo_party_restore(&s.party, &s.options, &err), ECHO_ERR_INVALID);
    s.policy.write_factor = 0.0 / 0.0;
    assert_int_equal(echo_party_restore(&s.party, &s.options, &err), ECHO_ERR_INVALID);
    s.policy.write_factor = 0;
    stepping_open(&s);
    echo_party_free(s.party);
    static const uint32_t unknown[] = {0, 2};
    for (size_t v = 0; v < sizeof unknown / sizeof unknown[0]; v++) {
        echo_party_options other = s.options;
        other.version = unknown[v];
        assert_int_equal(echo_party_restore(&s.party, &other, &err), ECHO_ERR_VERSION);
        assert_null(s.party);
        echo_hash digest;
        assert_int_equal(echo_snapshot_replay(&digest, &other, &s.store, 0, &err), ECHO_ERR_VERSION);
    }
    assert_int_equal(echo_party_restore(&s.party, NULL, &err), ECHO_ERR_INVALID);
    stepping_close(&s);
}

/* Who wants none read wants none begun or removed either. */
static void test_no_snapshot(void **arg) {
    (void)arg;
    stepping s;
    open_automatic(&s, 50);
    s.policy.messages = 1;
    s.policy.keep = 1;
    stepping_open(&s);
    for (unsigned i = 0; i < 3; i++) {
        apply(&s, 50);
        rest(&s);
    }
    uint64_t taken = stepping_state(&s).taken, last = stepping_state(&s).last.number;
    assert_true(taken >= 3);
    s.options.use_snapshots = false;
    s.options.memory = 1;
    stepping_reopen(&s);
    apply(&s, 500);
    rest(&s);
    assert_int_equal(stepping_state(&s).taken, 0);
    echo_error err = ECHO_ERROR_INIT;
    echo_snapshot_result result;
    assert_ok(echo_party_snapshot(&result, s.party, &err), &err); /* asked for, it is taken, and the others stay */
    assert_int_equal(result.number, last + 1);
    assert_ok(echo_snapshot_verify(&s.store, s.options.party, last, &err), &err);
    stepping_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages), cmocka_unit_test(test_bytes_and_age), cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_opening),  cmocka_unit_test(test_recovery),      cmocka_unit_test(test_write_factor),
        cmocka_unit_test(test_back_off), cmocka_unit_test(test_manual),        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_options),  cmocka_unit_test(test_no_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
