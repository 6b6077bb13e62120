#include "support/test.h"

#include <string.h>

#include "party/cost.h"

static void test_mean(void **arg) {
    (void)arg;
    assert_int_equal(echo__cost_mean(0, 800), 800);
    assert_int_equal(echo__cost_mean(0, 0), 1); /* measured, though too quick for the clock */
    assert_int_equal(echo__cost_mean(800, 1600), 900);
    assert_true(echo__cost_mean(800, UINT64_MAX) <= 1600); /* one that was interrupted counts eightfold at most */
    uint64_t mean = 8000;
    for (unsigned i = 0; i < 100; i++) mean = echo__cost_mean(mean, 1000);
    assert_in_range(mean, 900, 1100);
}

static void test_opening(void **arg) {
    (void)arg;
    echo__costs costs;
    echo__model a, b;
    memset(&costs, 0, sizeof costs);
    assert_int_equal(echo__costs_opening(&costs), 0);
    costs.base_ns = 1000000;
    costs.read_ns = 1000;
    for (unsigned i = 0; i < 100; i++) echo__costs_add(&costs, &a, 150, 2000); /* a cheap model */
    for (unsigned i = 0; i < 10; i++) echo__costs_add(&costs, &b, 50, 500000); /* an expensive one */
    assert_int_equal(echo__costs_opening(&costs), 1000000 + 100 * 3000 + 10 * 501000);
    assert_int_equal(echo__costs_loading(&costs, 7, 3, 20000, 50000), 7 * 20000 + 3 * 50000);
    assert_int_equal(echo__costs_loading(&costs, 7, 3, 0, 0), 7 * ECHO__COST_LOAD_NS + 3 * ECHO__COST_LEAF_NS);
    costs.read_ns = 2500; /* a slower machine */
    assert_int_equal(echo__costs_loading(&costs, 2, 2, 0, 0), 5 * ECHO__COST_LOAD_NS + 5 * ECHO__COST_LEAF_NS);
    costs.read_ns = 1000;
    assert_int_equal(costs.tail.messages, 110);
    assert_int_equal(costs.tail.bytes, 100 * 150 + 10 * 50);
    echo__costs_free(&costs);
}

/* What came behind the cut is still to be applied after it was saved, and all of it after it was not. */
static void test_cut(void **arg) {
    (void)arg;
    for (unsigned saved = 0; saved < 2; saved++) {
        echo__costs costs;
        echo__model a;
        memset(&costs, 0, sizeof costs);
        costs.read_ns = 1;
        for (unsigned i = 0; i < 5; i++) echo__costs_add(&costs, &a, 10, 99);
        costs.tail.first_ns = 77;
        echo__costs_cut(&costs);
        assert_int_equal(costs.tail.messages, 5);
        echo__costs_add(&costs, &a, 10, 99);
        costs.tail.first_ns = 88;
        if (saved)
            echo__costs_saved(&costs);
        else
            echo__costs_unsaved(&costs);
        assert_int_equal(costs.tail.messages, saved ? 1 : 6);
        assert_int_equal(costs.tail.bytes, saved ? 10 : 60);
        assert_int_equal(costs.tail.first_ns, saved ? 88 : 77);
        assert_int_equal(echo__costs_opening(&costs), saved ? 100 : 600);
        assert_int_equal(costs.messages, 6);
        echo__costs_cut(&costs); /* and again */
        echo__costs_saved(&costs);
        assert_int_equal(costs.tail.messages, 0);
        assert_int_equal(costs.tail.first_ns, 0);
        echo__costs_free(&costs);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mean), cmocka_unit_test(test_opening),
                                       cmocka_unit_test(test_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
