#include "support/test.h"

#include <string.h>

#include "snapshot/policy.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

static const echo_snapshot_policy defaults = ECHO_SNAPSHOT_POLICY_INIT;

/* A party in the middle of its life: nothing is due. */
static echo__policy_facts calm(void) {
    echo__policy_facts f = {.now_ns = 1000 * SECOND,
                            .messages = 10,
                            .bytes = 1500,
                            .first_ns = 999 * SECOND,
                            .last_ns = 999 * SECOND,
                            .expected_open_ns = MS,
                            .expected_bytes = 100};
    return f;
}

static echo_snapshot_reason decide(const echo_snapshot_policy *rules, const echo__policy_facts *facts) {
    echo__policy policy = {0, 0, 0, 0};
    return echo__policy_decide(&policy, rules, facts);
}

static void test_nothing_is_due(void **arg) {
    (void)arg;
    echo__policy_facts f = calm();
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
    f.expected_open_ns = 80 * MS;
    f.messages = 0; /* however slow opening is, nothing is new */
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
}

static void test_opening(void **arg) {
    (void)arg;
    echo__policy_facts f = calm();
    f.expected_open_ns = 80 * MS - 1;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
    f.expected_open_ns = 80 * MS;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_OPENING);
    f.expected_bytes = UINT64_MAX; /* whatever it writes, and with no wait */
    f.last_ns = f.now_ns;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_OPENING);
    f.base_open_ns = 56 * MS; /* slow without any message: a snapshot would not help much */
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
    f.base_open_ns = 55 * MS;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_OPENING);
    f.base_open_ns = 0;
    echo_snapshot_policy rules = defaults;
    rules.open_ns = 0;
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_NONE);
    rules = defaults;
    rules.manual = true;
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_NONE);
}

/* Each leg is reached at its number or anywhere beyond it: messages come in batches. */
static void test_legs(void **arg) {
    (void)arg;
    echo__policy_facts f = calm();
    f.messages = 999;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
    f.messages = 1000;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_MESSAGES);
    f.messages = 1537;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_MESSAGES);
    echo_snapshot_policy rules = defaults;
    rules.messages = 0;
    rules.bytes = 2000;
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_NONE);
    f.bytes = 2001;
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_BYTES);
    rules.bytes = 0;
    rules.age_ms = 1000;
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_AGE);
    rules.age_ms = 1001;
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_NONE);
    rules.age_ms = UINT64_C(1) << 58; /* any number is a time */
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_NONE);
    rules.age_ms = 0;
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_NONE);
}

static void test_write_factor(void **arg) {
    (void)arg;
    echo__policy_facts f = calm();
    f.messages = 1000;
    f.bytes = 150000;
    f.expected_bytes = 300000;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_MESSAGES);
    f.expected_bytes = 300001;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
    echo_snapshot_policy rules = defaults;
    rules.write_factor = 0;
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_MESSAGES);
}

static void test_memory(void **arg) {
    (void)arg;
    echo__policy_facts f = calm();
    f.memory = 1000;
    f.held = 499;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
    f.held = 500;
    assert_int_equal(decide(&defaults, &f), ECHO_SNAPSHOT_REASON_MEMORY);
}

/* What can wait waits for a pause, but not for ever. */
static void test_quiet(void **arg) {
    (void)arg;
    echo__policy policy = {0, 0, 0, 0};
    echo__policy_facts f = calm();
    f.messages = 1000;
    uint64_t begin = f.now_ns;
    for (; f.now_ns < begin + 5 * SECOND; f.now_ns += 100 * MS) { /* a message every 100 ms */
        f.last_ns = f.now_ns;
        assert_int_equal(echo__policy_decide(&policy, &defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
    }
    f.last_ns = f.now_ns;
    assert_int_equal(echo__policy_decide(&policy, &defaults, &f), ECHO_SNAPSHOT_REASON_MESSAGES);
    memset(&policy, 0, sizeof policy);
    f.last_ns = f.now_ns;
    assert_int_equal(echo__policy_decide(&policy, &defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
    f.now_ns += 250 * MS;
    assert_int_equal(echo__policy_decide(&policy, &defaults, &f), ECHO_SNAPSHOT_REASON_MESSAGES);
    echo_snapshot_policy rules = defaults;
    rules.quiet_ms = 0;
    f.last_ns = f.now_ns;
    assert_int_equal(decide(&rules, &f), ECHO_SNAPSHOT_REASON_MESSAGES);
}

static void test_failures(void **arg) {
    (void)arg;
    echo__policy policy = {0, 0, 0, 0};
    echo__policy_facts f = calm();
    f.messages = 1000;
    uint64_t wait = SECOND;
    for (unsigned i = 0; i < 12; i++) {
        echo__policy_failed(&policy, &defaults, f.now_ns);
        assert_int_equal(policy.failed, i + 1);
        f.now_ns += wait - 1;
        assert_int_equal(echo__policy_decide(&policy, &defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
        f.now_ns += 1;
        assert_int_equal(echo__policy_decide(&policy, &defaults, &f), ECHO_SNAPSHOT_REASON_MESSAGES);
        wait = wait * 2 < 300 * SECOND ? wait * 2 : 300 * SECOND;
    }
    echo_snapshot_policy rules = defaults;
    rules.retry_ms = rules.retry_max_ms = UINT64_MAX;
    echo__policy_failed(&policy, &rules, f.now_ns);
    assert_int_equal(policy.retry_ns, UINT64_MAX);
}

/* A machine that is busy writing is left alone for as long again. */
static void test_rest(void **arg) {
    (void)arg;
    echo__policy policy = {0, 0, 0, 0};
    echo__policy_facts f = calm();
    f.expected_open_ns = 80 * MS;
    echo__policy_succeeded(&policy, f.now_ns - 3 * SECOND, f.now_ns, 1000, 1000);
    f.now_ns += 3 * SECOND - 1;
    assert_int_equal(echo__policy_decide(&policy, &defaults, &f), ECHO_SNAPSHOT_REASON_NONE);
    f.now_ns += 1;
    assert_int_equal(echo__policy_decide(&policy, &defaults, &f), ECHO_SNAPSHOT_REASON_OPENING);
}

static void test_expected_bytes(void **arg) {
    (void)arg;
    echo__policy policy = {0, 0, 0, 0};
    echo__root none, root;
    memset(&none, 0, sizeof none);
    memset(&root, 0, sizeof root);
    root.items = 100000;
    root.bytes = 42000000;
    root.height = 3;
    assert_int_equal(echo__policy_bytes(&policy, &none, 0, 0), 0);
    assert_int_equal(echo__policy_bytes(&policy, &none, 10, 1000), 2000);
    assert_int_equal(echo__policy_bytes(&policy, &root, 0, 1000), 0);
    uint64_t before = 0;
    for (uint64_t changed = 1; changed <= 1000000; changed *= 10) { /* grows, and never much beyond the whole */
        uint64_t bytes = echo__policy_bytes(&policy, &root, changed, 0);
        assert_true(bytes > before);
        before = bytes;
    }
    assert_true(echo__policy_bytes(&policy, &root, 100000, 0) > 38000000);
    assert_true(echo__policy_bytes(&policy, &root, 100000, 0) < 50000000);
    uint64_t guess = echo__policy_bytes(&policy, &root, 1000, 0); /* and is corrected by what was written */
    echo__policy_succeeded(&policy, 0, 1, guess, guess / 2);
    assert_in_range(echo__policy_bytes(&policy, &root, 1000, 0), guess / 20 * 9, guess / 20 * 11);
    for (unsigned i = 0; i < 50; i++)
        echo__policy_succeeded(&policy, 0, 1, guess, guess / 3); /* and stays what it is */
    assert_in_range(echo__policy_bytes(&policy, &root, 1000, 0), guess / 100 * 32, guess / 100 * 35);
    for (unsigned i = 0; i < 50; i++) echo__policy_succeeded(&policy, 0, 1, 1000, 1); /* within bounds */
    assert_true(echo__policy_bytes(&policy, &root, 1000, 0) >= guess / 16 - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_due), cmocka_unit_test(test_opening), cmocka_unit_test(test_legs),
        cmocka_unit_test(test_write_factor),   cmocka_unit_test(test_memory),  cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_failures),       cmocka_unit_test(test_rest),    cmocka_unit_test(test_expected_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
