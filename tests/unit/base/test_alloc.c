/* The library's memory: sizes of nothing, sizes that overflow, growth, and the fault counter itself. */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/alloc.h"
#include "support/fault.h"

static void nothing_is_still_a_block(void **state) {
    (void)state;
    void *a = echo__malloc(0), *b = echo__calloc(0, 8), *c = echo__calloc(8, 0), *d = echo__realloc_array(NULL, 0, 4);
    assert_true(a != NULL && b != NULL && c != NULL && d != NULL);
    d = echo__realloc_array(d, 0, 4);
    assert_non_null(d);
    echo__free(a);
    echo__free(b);
    echo__free(c);
    echo__free(d);
    echo__free(NULL);
}

static void calloc_clears(void **state) {
    (void)state;
    unsigned char *p = echo__calloc(10, 10);
    assert_non_null(p);
    for (size_t i = 0; i < 100; i++) assert_int_equal(p[i], 0);
    echo__free(p);
}

static void products_are_checked(void **state) {
    (void)state;
    int *kept = echo__malloc(sizeof *kept);
    assert_non_null(kept);
    *kept = 7;
    assert_null(echo__realloc_array(kept, SIZE_MAX / 2, 4));
    assert_null(echo__realloc_array(kept, SIZE_MAX / 4 + 1, 4));
    assert_null(echo__realloc_array(NULL, 4, SIZE_MAX / 2));
    assert_int_equal(*kept, 7);
    echo__free(kept);
}

static void copies(void **state) {
    (void)state;
    char *a = echo__strndup("ab\0cd", 5), *b = echo__strdup("text"), *c = echo__strndup(NULL, 0);
    assert_memory_equal(a, "ab\0cd", 6);
    assert_string_equal(b, "text");
    assert_string_equal(c, "");
    echo__free(a);
    echo__free(b);
    echo__free(c);
    assert_null(echo__strndup("x", SIZE_MAX));
}

static void grow(void **state) {
    (void)state;
    uint32_t *array = NULL;
    size_t cap = 0, moved = 0;
    assert_true(echo__grow(&array, &cap, 0, sizeof *array));
    assert_null(array);
    for (size_t n = 0; n < 100000; n++) {
        size_t old = cap;
        assert_true(echo__grow(&array, &cap, n + 1, sizeof *array));
        assert_true(cap > n);
        moved += cap != old;
        array[n] = (uint32_t)n;
    }
    assert_true(moved < 40); /* amortised */
    for (size_t n = 0; n < 100000; n++) assert_int_equal(array[n], n);
    size_t old = cap;
    uint32_t *before = array;
    fault_at(1);
    assert_false(echo__grow(&array, &cap, cap + 1, sizeof *array));
    assert_true(fault_off());
    assert_true(array == before && cap == old && array[99999] == 99999);
    assert_false(echo__grow(&array, &cap, SIZE_MAX / 2, sizeof *array)); /* the product does not fit */
    assert_true(array == before && cap == old);
    echo__free(array);
}

/* The counter counts what the tests that use it rely on. */
static void faults(void **state) {
    (void)state;
    long before = fault_blocks();
    fault_at(2);
    void *a = echo__malloc(1), *b = echo__calloc(1, 1), *c = echo__realloc_array(NULL, 1, 1);
    assert_int_equal(fault_allocations(), 3);
    assert_true(fault_off());
    assert_true(a != NULL && b == NULL && c != NULL);
    assert_int_equal(fault_blocks(), before + 2);
    fault_at(1);
    assert_null(echo__realloc_array(a, 5, 1));
    assert_true(fault_off());
    fault_at(1);
    assert_true(fault_allocations() == 0 && !fault_off());
    fault_from(2);
    void *d = echo__malloc(1);
    assert_true(d != NULL && echo__malloc(1) == NULL && cJSON_CreateNull() == NULL);
    assert_true(fault_off());
    cJSON *json = cJSON_CreateString("counted, too"); /* a node and its text */
    assert_int_equal(fault_blocks(), before + 5);
    cJSON_Delete(json);
    echo__free(a);
    echo__free(c);
    echo__free(d);
    assert_int_equal(fault_blocks(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_still_a_block),
        cmocka_unit_test(calloc_clears),
        cmocka_unit_test(products_are_checked),
        cmocka_unit_test(copies),
        cmocka_unit_test(grow),
        cmocka_unit_test(faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
