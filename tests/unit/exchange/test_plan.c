#include "support/test.h"

#include "exchange/plan.h"

#include <stdlib.h>
#include <string.h>

/* A party of n items of 400 bytes each; `covered` messages of 200 bytes are missing. */
static echo__plan_facts facts_of(uint64_t items, uint64_t covered) {
    echo__plan_facts f;
    memset(&f, 0, sizeof f);
    f.offered = true;
    f.base.items = f.root.items = items;
    f.base.bytes = f.root.bytes = items * 400;
    for (uint64_t chunks = items / 16; chunks > 1; chunks /= 16) f.root.height++;
    f.base.height = f.root.height;
    f.covered = covered;
    f.covered_bytes = covered * 200;
    return f;
}

static void test_decisions(void **state) {
    (void)state;
    echo__plan_facts f = facts_of(10000, 10);
    assert_int_equal(echo__plan_make(&f), ECHO__PLAN_TAIL); /* a few messages */
    f = facts_of(10000, 2000000);
    assert_int_equal(echo__plan_make(&f), ECHO__PLAN_CHUNKS); /* 200 for each item */
    f.offered = false;
    assert_int_equal(echo__plan_make(&f), ECHO__PLAN_TAIL); /* nobody has any */
    f = facts_of(10000, 0);
    assert_int_equal(echo__plan_make(&f), ECHO__PLAN_TAIL); /* it covers nothing that is missing */
    f = facts_of(100000, 1000);
    assert_int_equal(echo__plan_make(&f), ECHO__PLAN_TRY); /* worth finding out whether they went to few items */
    f.covered_bytes = 32767;
    assert_int_equal(echo__plan_make(&f), ECHO__PLAN_TAIL); /* not worth it */
    f.covered_bytes = 32768;
    assert_int_equal(echo__plan_make(&f), ECHO__PLAN_TRY);
    f = facts_of(0, 5); /* everything was removed */
    assert_int_equal(echo__plan_make(&f), ECHO__PLAN_CHUNKS);
}

/* Whatever is claimed, a number comes of it, and more messages are never fewer bytes. */
static void test_chunk_bytes(void **state) {
    (void)state;
    for (uint64_t items = 1; items < 10000000; items *= 7) {
        uint64_t before = 0;
        for (uint64_t covered = 1; covered < 100000000; covered *= 5) {
            echo__plan_facts f = facts_of(items, covered);
            uint64_t bytes = echo__plan_chunk_bytes(&f);
            assert_true(bytes >= before);
            before = bytes;
        }
        echo__plan_facts all = facts_of(items, 1);
        memset(&all.base, 0, sizeof all.base);
        uint64_t whole = echo__plan_chunk_bytes(&all);
        assert_true(whole >= all.root.bytes && whole <= all.root.bytes + items * 200);
    }
    echo__plan_facts f = facts_of(1000, 1);
    f.base.items = 10; /* all others are new */
    assert_true(echo__plan_chunk_bytes(&f) >= 990 * 400);
    f.root.items = UINT64_MAX; /* nonsense of others; items.bytes are bounded where manifests are read */
    f.root.bytes = UINT64_C(1) << 60;
    f.root.height = 40;
    f.covered = UINT64_MAX;
    (void)echo__plan_chunk_bytes(&f);
    f.base.items = 0;
    (void)echo__plan_chunk_bytes(&f);
}

static void test_goes_on(void **state) {
    (void)state;
    assert_true(echo__plan_goes_on(0, 0, 80000));
    assert_true(echo__plan_goes_on(0.01, 9999, 80000));  /* too early to tell */
    assert_false(echo__plan_goes_on(0, 10000, 80000));   /* an eighth was spent and nothing is settled */
    assert_false(echo__plan_goes_on(0.1, 10000, 80000)); /* 90,000 to go */
    assert_true(echo__plan_goes_on(0.2, 10000, 80000));  /* 40,000 */
    assert_true(echo__plan_goes_on(0.5, 80000, 80000));  /* 80,000 */
    assert_false(echo__plan_goes_on(0.5, 80001, 80000));
    assert_true(echo__plan_goes_on(1, UINT64_MAX, 1)); /* nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_decisions), cmocka_unit_test(test_chunk_bytes),
                                       cmocka_unit_test(test_goes_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
