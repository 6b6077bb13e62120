/* The hash map against a plain array, through growth, removal and reuse of slots. */
#include "support/test.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "support/fault.h"
#include "support/random.h"

typedef struct entry {
    char key[24];
    size_t len;
    bool in;
    bool seen;
} entry;

#define ENTRIES 3000u
static entry entries[ENTRIES];

static void make_entries(void) {
    for (size_t i = 0; i < ENTRIES; i++) {
        entries[i] = (entry){{0}, 0, false, false};
        entries[i].len = (size_t)snprintf(entries[i].key, sizeof entries[i].key, "%*zu", (int)(i % 7), i);
    }
}

static void check_walk(const echo__map *map) {
    size_t at = 0, count = 0;
    for (entry *e; (e = echo__map_next(map, &at)) != NULL; count++) {
        assert_true(e->in && !e->seen);
        e->seen = true;
    }
    assert_null(echo__map_next(map, &at));
    assert_int_equal(count, map->count);
    for (size_t i = 0; i < ENTRIES; i++) entries[i].seen = false;
}

static void random_operations(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        test_random random = {seed};
        echo__map map;
        echo__map_init(&map);
        make_entries();
        size_t count = 0, span = seed % 2 ? ENTRIES : 30;
        for (int step = 0; step < 20000; step++) {
            entry *e = &entries[test_random_below(&random, span)];
            char copy[24]; /* found by content, not by address */
            memcpy(copy, e->key, sizeof copy);
            switch (test_random_below(&random, 3)) {
            case 0:
                assert_true(echo__map_put(&map, e->key, e->len, e));
                count += !e->in;
                e->in = true;
                break;
            case 1:
                assert_ptr_equal(echo__map_remove(&map, copy, e->len), e->in ? e : NULL);
                count -= e->in;
                e->in = false;
                break;
            default: assert_ptr_equal(echo__map_get(&map, copy, e->len), e->in ? e : NULL); break;
            }
            assert_int_equal(map.count, count);
        }
        check_walk(&map);
        echo__map_free(&map);
    }
}

/* Putting and removing for ever neither fills the table with graves nor makes it grow. */
static void churn(void **state) {
    (void)state;
    echo__map map;
    echo__map_init(&map);
    make_entries();
    fault_at(LONG_MAX); /* counts */
    for (size_t round = 0; round < 200000; round++) {
        entry *e = &entries[round % ENTRIES];
        assert_true(echo__map_put(&map, e->key, e->len, e));
        assert_ptr_equal(echo__map_remove(&map, e->key, e->len), e);
    }
    assert_int_equal(map.count, 0);
    assert_true(map.mask < 64);
    assert_true(fault_allocations() < 30000); /* the table is cleared of graves now and then, not at every turn */
    assert_false(fault_off());
    assert_null(echo__map_get(&map, "x", 1));
    echo__map_free(&map);
}

static void removing_while_walking(void **state) {
    (void)state;
    echo__map map;
    echo__map_init(&map);
    make_entries();
    for (size_t i = 0; i < 1000; i++) {
        assert_true(echo__map_put(&map, entries[i].key, entries[i].len, &entries[i]));
        entries[i].in = true;
    }
    size_t at = 0, count = 0;
    for (entry *e; (e = echo__map_next(&map, &at)) != NULL; count++) {
        assert_true(e->in && !e->seen);
        e->seen = true;
        if ((e - entries) % 3 != 0) continue;
        assert_ptr_equal(echo__map_remove(&map, e->key, e->len), e);
        e->in = false;
    }
    assert_int_equal(count, 1000);
    for (size_t i = 0; i < 1000; i++) entries[i].seen = false;
    check_walk(&map);
    assert_int_equal(map.count, 666);
    echo__map_free(&map);
}

static void keys(void **state) {
    (void)state;
    echo__map map;
    echo__map_init(&map);
    int a, b, c, d;
    assert_null(echo__map_get(&map, "", 0));
    assert_null(echo__map_remove(&map, "a", 1));
    assert_true(echo__map_put(&map, "", 0, &a)); /* an empty key is a key */
    assert_true(echo__map_put(&map, "a\0b", 3, &b));
    assert_true(echo__map_put(&map, "a\0c", 3, &c));
    assert_true(echo__map_put(&map, "a", 1, &d));
    assert_ptr_equal(echo__map_get(&map, "", 0), &a);
    assert_ptr_equal(echo__map_get(&map, NULL, 0), &a);
    assert_ptr_equal(echo__map_get(&map, "a\0b", 3), &b);
    assert_ptr_equal(echo__map_get(&map, "a\0c", 3), &c);
    assert_ptr_equal(echo__map_get(&map, "a", 1), &d);
    assert_null(echo__map_get(&map, "a\0", 2));
    assert_true(echo__map_put(&map, "a", 1, &b)); /* replaced */
    assert_ptr_equal(echo__map_get(&map, "a", 1), &b);
    assert_int_equal(map.count, 4);
    assert_ptr_equal(echo__map_remove(&map, "", 0), &a);
    assert_null(echo__map_get(&map, "", 0));
    echo__map_free(&map);
    assert_int_equal(map.count, 0);
    assert_null(echo__map_get(&map, "a", 1)); /* empty, and usable again */
    assert_true(echo__map_put(&map, "a", 1, &d));
    echo__map_free(&map);
}

/* Two maps place the same keys differently: nobody outside can know which ids would pile up. */
static void seeds_differ(void **state) {
    (void)state;
    echo__map a, b;
    echo__map_init(&a);
    echo__map_init(&b);
    assert_memory_not_equal(a.seed, b.seed, sizeof a.seed);
    make_entries();
    for (size_t i = 0; i < 100; i++)
        assert_true(echo__map_put(&a, entries[i].key, entries[i].len, &entries[i]) &&
                    echo__map_put(&b, entries[i].key, entries[i].len, &entries[i]));
    size_t same = 0;
    for (size_t i = 0; i <= a.mask; i++) same += a.slots[i].value != NULL && a.slots[i].value == b.slots[i].value;
    assert_true(same < 30);
    echo__map_free(&a);
    echo__map_free(&b);
}

static void out_of_memory(void **state) {
    (void)state;
    echo__map map;
    echo__map_init(&map);
    make_entries();
    int failures = 0;
    for (size_t i = 0; i < ENTRIES; i++) {
        fault_at(1);
        bool put = echo__map_put(&map, entries[i].key, entries[i].len, &entries[i]);
        assert_int_equal(put, !fault_off());
        if (!put) {
            failures++;
            assert_int_equal(map.count, i);
            assert_null(echo__map_get(&map, entries[i].key, entries[i].len));
            if (i > 0) assert_ptr_equal(echo__map_get(&map, entries[0].key, entries[0].len), &entries[0]);
            assert_true(echo__map_put(&map, entries[i].key, entries[i].len, &entries[i]));
        }
    }
    assert_true(failures > 5 && failures < 30);
    for (size_t i = 0; i < ENTRIES; i++)
        assert_ptr_equal(echo__map_get(&map, entries[i].key, entries[i].len), &entries[i]);
    echo__map_free(&map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),      cmocka_unit_test(churn),
        cmocka_unit_test(removing_while_walking), cmocka_unit_test(keys),
        cmocka_unit_test(seeds_differ),           cmocka_unit_test(out_of_memory),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
