#include "support/test.h"

#include "base/alloc.h"
#include "party/evict.h"

enum { N = 4 };

static void test_order(void **arg) {
    (void)arg;
    echo__evict evict = {.limit = 1};
    echo_item *items[N];
    for (int i = 0; i < N; i++) {
        char id[2] = {(char)('a' + i), 0};
        assert_int_equal(echo__item_new(&items[i], echo__bytes_text(id)), ECHO_OK);
        items[i]->in_root = true;
        echo__evict_weigh(&evict, items[i], 100);
        echo__evict_use(&evict, items[i]);
        assert_true(items[i]->evictable);
    }
    assert_int_equal(evict.evictable_weight, evict.weight);
    uint64_t one = evict.weight / N;
    echo__evict_use(&evict, items[0]); /* used again: the last to go */
    items[2]->listed[1] = true;        /* changed, or being captured: not in the list */
    echo__evict_hold(&evict, items[2]);
    echo__evict_use(&evict, items[2]);
    assert_false(items[2]->evictable);
    assert_int_equal(evict.evictable_weight, 3 * one);
    echo__evict_weigh_more(&evict, items[2], 50);
    assert_true(evict.weight > N * one && evict.evictable_weight == 3 * one);
    assert_ptr_equal(echo__evict_next(&evict), items[1]);
    assert_ptr_equal(echo__evict_next(&evict), items[3]);
    assert_ptr_equal(echo__evict_next(&evict), items[0]);
    assert_null(echo__evict_next(&evict)); /* none that may */
    assert_int_equal(evict.evictable_weight, 0);
    assert_int_equal(evict.weight, items[2]->weight);
    assert_int_equal(evict.evicted, 3);
    for (int i = 0; i < N; i++) echo__item_free(items[i]);
}

static void test_limits(void **arg) {
    (void)arg;
    echo__evict evict = {.limit = 0};
    echo_item *item;
    assert_int_equal(echo__item_new(&item, echo__bytes_text("a")), ECHO_OK);
    item->in_root = true;
    echo__evict_weigh(&evict, item, 100);
    echo__evict_use(&evict, item); /* no limit: no list */
    assert_false(item->evictable);
    assert_null(echo__evict_next(&evict));
    evict.limit = evict.weight; /* what they weigh is allowed */
    echo__evict_use(&evict, item);
    assert_true(item->evictable);
    assert_null(echo__evict_next(&evict));
    evict.limit--;
    assert_ptr_equal(echo__evict_next(&evict), item);
    assert_false(item->evictable);
    echo__item_free(item);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
