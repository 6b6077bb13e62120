/* The table of items against a plain array, through growth, removal and reuse of places. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "party/item_table.h"
#include "support/fault.h"
#include "support/random.h"

#define ENTRIES 3000u
static echo_item items[ENTRIES];
static char ids[ENTRIES][24];
static bool in[ENTRIES], seen[ENTRIES];

static void make_items(void) {
    memset(in, 0, sizeof in);
    for (size_t i = 0; i < ENTRIES; i++) {
        items[i].id = ids[i];
        items[i].id_len = (uint32_t)snprintf(ids[i], sizeof ids[i], "%*zu", (int)(i % 7), i);
    }
}

static echo_bytes id_of(size_t i) { return echo__bytes(ids[i], items[i].id_len); }

static void check_walk(const echo__item_table *table) {
    size_t at = 0, count = 0;
    memset(seen, 0, sizeof seen);
    for (echo_item *item; (item = echo__item_table_next(table, &at)) != NULL; count++) {
        size_t i = (size_t)(item - items);
        assert_true(in[i] && !seen[i]);
        seen[i] = true;
    }
    assert_null(echo__item_table_next(table, &at));
    assert_int_equal(count, table->count);
}

static void test_random_operations(void **arg) {
    (void)arg;
    for (uint64_t seed = 0; seed < 10; seed++) {
        test_random random = {seed};
        echo__item_table table;
        echo__item_table_init(&table);
        make_items();
        size_t count = 0, span = seed % 2 ? ENTRIES : 30;
        for (int step = 0; step < 20000; step++) {
            size_t i = test_random_below(&random, span);
            uint8_t copy[24]; /* found by content, not by address */
            memcpy(copy, ids[i], sizeof copy);
            assert_ptr_equal(echo__item_table_get(&table, echo__bytes(copy, items[i].id_len)),
                             in[i] ? &items[i] : NULL);
            bool put = test_random_below(&random, 2) == 0;
            if (put && !in[i]) assert_true(echo__item_table_put(&table, &items[i]));
            if (!put) echo__item_table_remove(&table, &items[i]);
            count = count + (put && !in[i]) - (!put && in[i]);
            in[i] = put;
            assert_int_equal(table.count, count);
            if (step % 1000 == 0) check_walk(&table);
        }
        assert_true(table.size <= (span == 30 ? 128u : 16384u)); /* removed places do not make it grow */
        echo__item_table_free(&table);
        assert_null(echo__item_table_get(&table, id_of(0)));
    }
}

/* Places that were removed, and nothing else, and a search that comes to its end. */
static void test_emptied(void **arg) {
    (void)arg;
    echo__item_table table;
    echo__item_table_init(&table);
    make_items();
    assert_null(echo__item_table_get(&table, id_of(1)));
    for (size_t i = 0; i < ENTRIES; i++) {
        assert_true(echo__item_table_put(&table, &items[i]));
        echo__item_table_remove(&table, &items[i]);
        echo__item_table_remove(&table, &items[i]); /* not there: nothing happens */
        assert_null(echo__item_table_get(&table, id_of(i)));
    }
    assert_int_equal(table.count, 0);
    assert_int_equal(table.size, 16);
    echo__item_table_free(&table);
}

static void test_nomem(void **arg) {
    (void)arg;
    echo__item_table table;
    echo__item_table_init(&table);
    make_items();
    for (size_t i = 0; i < 200; i++)
        for (long nth = 1;; nth++) {
            long before = fault_blocks();
            fault_at(nth);
            bool put = echo__item_table_put(&table, &items[i]);
            if (!fault_off()) break;
            assert_false(put);
            assert_int_equal(fault_blocks(), before);
            assert_int_equal(table.count, i);
            assert_ptr_equal(echo__item_table_get(&table, id_of(i / 2)), i < 2 ? NULL : &items[i / 2]);
        }
    echo__item_table_free(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_operations), cmocka_unit_test(test_emptied),
                                       cmocka_unit_test(test_nomem)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
