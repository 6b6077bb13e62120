#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/order.h"
#include "support/fault.h"
#include "support/random.h"

/* Items with ids of `kind`, linked in no order. */
static echo_item *make(size_t n, unsigned kind, unsigned side) {
    echo_item *items = calloc(n + 1, sizeof *items);
    assert_non_null(items);
    test_random r = {n + kind};
    for (size_t i = 0; i < n; i++) {
        char id[64];
        size_t number = i * 7919 % (n == 0 ? 1 : n) + i / (n == 0 ? 1 : n);
        if (kind == 0) snprintf(id, sizeof id, "%016llx%zu", (unsigned long long)test_random_below(&r, UINT64_MAX), i);
        if (kind == 1) snprintf(id, sizeof id, "%zu", i); /* short, prefixes of each other */
        if (kind == 2) snprintf(id, sizeof id, "the-same-beginning-%zu", number + i * n);
        items[i].id = strdup(id);
        items[i].id_len = (uint32_t)strlen(id);
        items[i].link[side] = i + 1 < n ? &items[i + 1] : NULL;
        items[i].link[1 - side] = &items[0]; /* not to be followed */
    }
    return items;
}

static void check(size_t n, unsigned kind, unsigned side) {
    echo_item *items = make(n, kind, side);
    echo__order order;
    assert_int_equal(echo__order_begin(&order, n == 0 ? NULL : items, side, n), ECHO_OK);
    unsigned long steps = 0;
    while (!echo__order_step(&order)) steps++;
    assert_true(n < 5000 || steps > n / 2048); /* in pieces */
    for (size_t i = 1; i < n; i++) {
        const echo_item *a = order.from[i - 1].item, *b = order.from[i].item;
        assert_true(echo__bytes_compare(echo__bytes(a->id, a->id_len), echo__bytes(b->id, b->id_len)) < 0);
    }
    echo__order_free(&order);
    for (size_t i = 0; i < n; i++) free(items[i].id);
    free(items);
}

static void test_sorts(void **arg) {
    (void)arg;
    static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 2047, 2048, 2049, 4097, 10000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned kind = 0; kind < 3; kind++) check(sizes[i], kind, (unsigned)(i & 1));
}

static void test_out_of_memory(void **arg) {
    (void)arg;
    echo__order order;
    for (long nth = 1; nth <= 2; nth++) {
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo__order_begin(&order, NULL, 0, 10);
        assert_true(fault_off());
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_int_equal(fault_blocks(), before);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sorts), cmocka_unit_test(test_out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
