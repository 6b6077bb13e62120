#include "support/test.h"

#include <string.h>

#include "base/crypto.h"
#include "base/hash_set.h"
#include "support/fault.h"

static echo_hash hash_of(uint32_t i) {
    echo_hash hash;
    echo__hash(&hash, &i, sizeof i);
    return hash;
}

static void test_add_get(void **state) {
    (void)state;
    echo__hash_set set;
    bool news;
    echo__hash_set_init(&set);
    echo_hash a = hash_of(1), zero = {{0}};
    assert_int_equal(echo__hash_set_get(&set, &a), 0);
    assert_true(echo__hash_set_add(&set, &a, 1, &news) && news);
    assert_true(echo__hash_set_add(&set, &a, 1, &news) && !news);
    assert_true(echo__hash_set_add(&set, &a, 3, &news) && news);
    assert_true(echo__hash_set_add(&set, &a, 3, &news) && !news);
    assert_true(echo__hash_set_add(&set, &a, 1, &news) && !news);
    assert_int_equal(echo__hash_set_get(&set, &a), 3);
    assert_int_equal(echo__hash_set_get(&set, &zero), 0);
    assert_true(echo__hash_set_add(&set, &zero, 4, &news) && news); /* no hash stands for "free" */
    assert_int_equal(echo__hash_set_get(&set, &zero), 4);
    assert_int_equal(set.count, 2);
    echo__hash_set_free(&set);
    assert_int_equal(echo__hash_set_get(&set, &a), 0);
    assert_true(echo__hash_set_add(&set, &a, 1, &news) && news);
    echo__hash_set_free(&set);
}

static void test_many(void **state) {
    (void)state;
    echo__hash_set set;
    bool news;
    echo__hash_set_init(&set);
    for (uint32_t i = 0; i < 50000; i++) {
        echo_hash hash = hash_of(i);
        assert_true(echo__hash_set_add(&set, &hash, (uint8_t)(1 + i % 3), &news) && news);
    }
    assert_int_equal(set.count, 50000);
    for (uint32_t i = 0; i < 60000; i++) {
        echo_hash hash = hash_of(i);
        assert_int_equal(echo__hash_set_get(&set, &hash), i < 50000 ? 1 + i % 3 : 0);
    }
    echo__hash_set_free(&set);
}

static void test_nomem(void **state) {
    (void)state;
    echo__hash_set set;
    bool news;
    echo__hash_set_init(&set);
    long before = fault_blocks();
    for (uint32_t i = 0; i < 200; i++) {
        echo_hash hash = hash_of(i);
        for (long nth = 1;; nth++) {
            fault_at(nth);
            bool added = echo__hash_set_add(&set, &hash, 1, &news);
            if (!fault_off()) break;
            assert_false(added || news);
            assert_int_equal(set.count, i);
            for (uint32_t j = 0; j <= i; j++) {
                echo_hash other = hash_of(j);
                assert_int_equal(echo__hash_set_get(&set, &other), j < i);
            }
        }
        assert_true(news);
    }
    echo__hash_set_free(&set);
    assert_int_equal(fault_blocks(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_add_get), cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_nomem)};
    return echo__crypto_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
