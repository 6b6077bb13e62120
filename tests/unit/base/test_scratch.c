/* Scratch memory: aligned, apart from each other, limited, reused after reset. */
#include "support/test.h"

#include <stdalign.h>
#include <string.h>

#include "base/scratch.h"
#include "support/fault.h"
#include "support/random.h"

static void blocks_are_apart(void **state) {
    (void)state;
    enum { N = 2000 };
    static uint8_t *given[N];
    static size_t sizes[N];
    test_random random = {1};
    echo_scratch scratch;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < N; i++) {
            sizes[i] = test_random_below(&random, i % 50 ? 100 : 60000);
            given[i] = echo_scratch_alloc(&scratch, sizes[i]);
            assert_non_null(given[i]);
            assert_int_equal((uintptr_t)given[i] % alignof(max_align_t), 0);
            memset(given[i], (int)(i & 0xff), sizes[i]);
        }
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < sizes[i]; k++)
                if (given[i][k] != (i & 0xff)) fail_msg("block %d was written over", (int)i);
        echo__scratch_reset(&scratch);
    }
    echo__scratch_free(&scratch);
}

/* One message after the other takes no new memory. */
static void reset_keeps_memory(void **state) {
    (void)state;
    echo_scratch scratch;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    long begin = fault_blocks();
    for (int i = 0; i < 100; i++) assert_non_null(echo_scratch_alloc(&scratch, 1000));
    echo__scratch_reset(&scratch);
    assert_int_equal(fault_blocks(), begin + 1); /* the largest */
    fault_from(1);
    for (int i = 0; i < 40; i++) assert_non_null(echo_scratch_alloc(&scratch, 1000));
    echo__scratch_reset(&scratch);
    for (int i = 0; i < 40; i++) assert_non_null(echo_scratch_alloc(&scratch, 1000));
    assert_false(fault_off());
    echo__scratch_free(&scratch);
    assert_int_equal(fault_blocks(), begin);
    assert_non_null(echo_scratch_alloc(&scratch, 1)); /* usable again */
    echo__scratch_free(&scratch);
    echo__scratch_free(&scratch);
}

static void limit(void **state) {
    (void)state;
    echo_scratch scratch;
    echo__scratch_init(&scratch, 1024);
    assert_null(echo_scratch_alloc(&scratch, 1025));
    assert_null(echo_scratch_alloc(&scratch, SIZE_MAX));
    assert_null(echo_scratch_alloc(&scratch, SIZE_MAX - 8));
    assert_non_null(echo_scratch_alloc(&scratch, 1000));
    assert_null(echo_scratch_alloc(&scratch, 100));
    assert_non_null(echo_scratch_alloc(&scratch, 16));
    assert_null(echo_scratch_alloc(&scratch, 1));
    echo__scratch_reset(&scratch);
    assert_non_null(echo_scratch_alloc(&scratch, 1024));
    assert_null(echo_scratch_alloc(&scratch, 1));
    echo__scratch_free(&scratch);
    /* Small pieces count, too: a decoder cannot be led beyond the limit by a million of them. */
    echo__scratch_init(&scratch, 1 << 20);
    size_t got = 0;
    while (echo_scratch_alloc(&scratch, 1) != NULL) got++;
    assert_int_equal(got, (1 << 20) / alignof(max_align_t));
    echo__scratch_free(&scratch);
}

static void out_of_memory(void **state) {
    (void)state;
    echo_scratch scratch;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    for (size_t i = 0; i < 10000; i++) {
        fault_at(1);
        uint8_t *p = echo_scratch_alloc(&scratch, 100);
        assert_int_equal(p == NULL, fault_off());
        if (p == NULL) p = echo_scratch_alloc(&scratch, 100);
        assert_non_null(p);
        memset(p, 0xaa, 100);
    }
    echo__scratch_free(&scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_apart),
        cmocka_unit_test(reset_keeps_memory),
        cmocka_unit_test(limit),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
