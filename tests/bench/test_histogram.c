/* Quantiles of times: exact where there are few, never too low, never more than a sixty-fourth too high. */
#include "support/test.h"

#include <string.h>

#include "bench/histogram.h"

static bench_histogram h;

static int clear(void **state) {
    (void)state;
    memset(&h, 0, sizeof h);
    return 0;
}

static void test_empty(void **state) {
    (void)state;
    assert_int_equal(bench_histogram_quantile(&h, 0.5), 0);
    assert_int_equal(bench_histogram_quantile(&h, 1.0), 0);
}

static void test_one(void **state) {
    (void)state;
    const uint64_t values[] = {0, 1, 127, 128, 129, 1000, 123456789, UINT64_C(1) << 41, UINT64_C(1) << 42, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        memset(&h, 0, sizeof h);
        bench_histogram_add(&h, values[i]);
        for (double share = 0.0; share <= 1.0; share += 0.25)
            assert_int_equal(bench_histogram_quantile(&h, share), values[i]);
    }
}

static void test_few(void **state) {
    (void)state;
    for (uint64_t i = 1; i <= 100; i++) bench_histogram_add(&h, i);
    assert_int_equal(bench_histogram_quantile(&h, 0.0), 1);
    assert_int_equal(bench_histogram_quantile(&h, 0.01), 1);
    assert_int_equal(bench_histogram_quantile(&h, 0.5), 50);
    assert_int_equal(bench_histogram_quantile(&h, 0.99), 99);
    assert_int_equal(bench_histogram_quantile(&h, 0.999), 100);
    assert_int_equal(bench_histogram_quantile(&h, 1.0), 100);
    assert_int_equal(h.sum, 5050);
}

/* Every value lies in a bucket whose end is at or behind it, and near. */
static void test_error_is_small(void **state) {
    (void)state;
    for (uint64_t value = 1; value < UINT64_C(1) << 41; value += value / 37 + 1) {
        memset(&h, 0, sizeof h);
        bench_histogram_add(&h, value);
        bench_histogram_add(&h, UINT64_C(1) << 41); /* so that the longest does not cut it */
        uint64_t is = bench_histogram_quantile(&h, 0.5);
        assert_true(is >= value);
        assert_true(is - value <= value / 64);
    }
}

static void test_order_of_buckets(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 41; bit++) {
        memset(&h, 0, sizeof h);
        for (unsigned i = 0; i < 10; i++) bench_histogram_add(&h, UINT64_C(1) << bit);
        bench_histogram_add(&h, UINT64_C(2) << bit);
        assert_true(bench_histogram_quantile(&h, 0.9) < UINT64_C(2) << bit);
        assert_int_equal(bench_histogram_quantile(&h, 0.99), UINT64_C(2) << bit);
    }
}

static void test_merge(void **state) {
    (void)state;
    static bench_histogram other, both;
    memset(&other, 0, sizeof other);
    memset(&both, 0, sizeof both);
    for (uint64_t i = 0; i < 1000; i++) {
        bench_histogram_add(i % 3 == 0 ? &h : &other, i * i);
        bench_histogram_add(&both, i * i);
    }
    bench_histogram_merge(&h, &other);
    assert_memory_equal(&h, &both, sizeof h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty, clear),
        cmocka_unit_test_setup(test_one, clear),
        cmocka_unit_test_setup(test_few, clear),
        cmocka_unit_test_setup(test_error_is_small, clear),
        cmocka_unit_test_setup(test_order_of_buckets, clear),
        cmocka_unit_test_setup(test_merge, clear),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
