/*
 * Estimates: within their bounds for all arguments, and near what random picks do.
 */
#include "unit/tree/tree_support.h"

#include "tree/estimate.h"

static void test_bounds(void **state) {
    (void)state;
    assert_true(echo__estimate_hit(0, 10) == 0);
    assert_true(echo__estimate_hit(-1, 10) == 0);
    assert_true(echo__estimate_hit(100, 0) == 0);
    for (double n = 1; n < 1e9; n *= 7)
        for (double k = 1; k < 1e9; k *= 5) {
            double places = echo__estimate_hit(n, k);
            assert_true(places > 0 && places <= n && places <= k * (1 + 1e-12));
            assert_true(places >= echo__estimate_hit(n, k / 2));
        }
}

static void test_picks(void **state) {
    (void)state;
    test_random r = {7};
    for (unsigned picks = 10; picks <= 10000; picks *= 10) {
        bool hit[1000] = {false};
        unsigned count = 0;
        for (unsigned i = 0; i < picks; i++) {
            size_t at = (size_t)test_random_below(&r, 1000);
            count += !hit[at];
            hit[at] = true;
        }
        double places = echo__estimate_hit(1000, picks);
        assert_true(places > count * 0.9 - 1 && places < count * 1.1 + 1);
    }
}

/* A node's line is not longer than the estimate, and not much shorter. */
static void test_entry(void **state) {
    (void)state;
    char id[65];
    memset(id, 'a', 64);
    id[64] = '"';
    const uint64_t items[] = {1, 1000, 1000000};
    for (size_t i = 0; i < 3; i++) {
        echo__buf out = ECHO__BUF_INIT;
        echo__entry entry = {.last = echo__bytes((const uint8_t *)id, 64), .items = items[i], .bytes = 400 * items[i]};
        echo__entry_write(&out, &entry);
        assert_ok(out.status);
        assert_true((double)out.len <= ECHO__ESTIMATE_ENTRY_BYTES &&
                    (double)out.len > ECHO__ESTIMATE_ENTRY_BYTES * 0.85);
        echo__buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds), cmocka_unit_test(test_picks),
                                       cmocka_unit_test(test_entry)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
