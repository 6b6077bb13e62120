/* Arenas: a first piece of the caller's, blocks that double up to a size, a limit, reuse after reset. */
#include "support/test.h"

#include <stdalign.h>
#include <string.h>

#include "base/arena.h"
#include "support/fault.h"

#define KIB ((size_t)1 << 10)

static void first_piece(void **state) {
    (void)state;
    alignas(max_align_t) uint8_t first[KIB];
    echo__arena arena;
    long begin = fault_blocks();
    echo__arena_init(&arena, first, sizeof first, 4 * KIB, 4 * KIB, SIZE_MAX);
    fault_from(1);
    assert_ptr_equal(echo__arena_alloc(&arena, 1000), first);
    assert_false(arena.failed);
    assert_null(echo__arena_alloc(&arena, 17)); /* beyond the piece, and there is no memory */
    assert_true(arena.failed);
    assert_true(fault_off());
    uint8_t *more = echo__arena_alloc(&arena, 17);
    assert_non_null(more);
    assert_false(more >= first && more < first + sizeof first);
    echo__arena_free(&arena);
    assert_int_equal(fault_blocks(), begin);
}

/* Allocations of 1 KiB until `bytes` are given out; how many blocks that took. */
static long blocks_for(size_t bytes, size_t block, size_t block_max) {
    echo__arena arena;
    long begin = fault_blocks();
    echo__arena_init(&arena, NULL, 0, block, block_max, SIZE_MAX);
    for (size_t got = 0; got < bytes; got += KIB) assert_non_null(echo__arena_alloc(&arena, KIB));
    long blocks = fault_blocks() - begin;
    echo__arena_free(&arena);
    assert_int_equal(fault_blocks(), begin);
    return blocks;
}

static void growth(void **state) {
    (void)state;
    assert_int_equal(blocks_for(64 * KIB, 4 * KIB, 4 * KIB), 16);
    assert_int_equal(blocks_for(60 * KIB, 4 * KIB, SIZE_MAX), 4);     /* 4 + 8 + 16 + 32 */
    assert_int_equal(blocks_for(60 * KIB, 4 * KIB, 16 * KIB), 2 + 3); /* 4 + 8 + 3 * 16 */
}

static void large_ones_have_their_own_block(void **state) {
    (void)state;
    echo__arena arena;
    long begin = fault_blocks();
    echo__arena_init(&arena, NULL, 0, 4 * KIB, 4 * KIB, SIZE_MAX);
    uint8_t *large = echo__arena_alloc(&arena, 100 * KIB);
    assert_non_null(large);
    memset(large, 1, 100 * KIB);
    assert_non_null(echo__arena_alloc(&arena, 1));
    assert_int_equal(arena.blocks != NULL ? arena.left : 0, 4 * KIB - alignof(max_align_t)); /* not 200 KiB */
    assert_null(echo__arena_alloc(&arena, SIZE_MAX));
    assert_null(echo__arena_alloc(&arena, SIZE_MAX - 100));
    echo__arena_free(&arena);
    assert_int_equal(fault_blocks(), begin);
}

static void limit(void **state) {
    (void)state;
    echo__arena arena;
    echo__arena_init(&arena, NULL, 0, 4 * KIB, 4 * KIB, KIB);
    assert_true(echo__arena_allows(&arena, KIB));
    assert_false(echo__arena_allows(&arena, KIB + 1));
    assert_non_null(echo__arena_alloc(&arena, KIB - 16));
    assert_true(echo__arena_allows(&arena, 16));
    assert_false(echo__arena_allows(&arena, 17));
    assert_null(echo__arena_alloc(&arena, 17));
    assert_true(arena.failed);
    assert_non_null(echo__arena_alloc(&arena, 0)); /* takes one unit, so that no two are the same */
    assert_null(echo__arena_alloc(&arena, 0));
    echo__arena_reset(&arena);
    assert_false(arena.failed);
    assert_non_null(echo__arena_alloc(&arena, KIB));
    echo__arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_piece),
        cmocka_unit_test(growth),
        cmocka_unit_test(large_ones_have_their_own_block),
        cmocka_unit_test(limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
