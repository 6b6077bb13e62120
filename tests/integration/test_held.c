/*
 * What items that are held cost: one block of memory each, and a place in the table, however they came into memory.
 */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "party/party.h"
#include "support/fault.h"
#include "support/state.h"
#include "support/stepping.h"

#define ITEMS 3000u

static void open_stored(stepping *s) {
    generate_options o = GENERATE_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    o.items = ITEMS;
    o.feeds = 3;
    stepping_prepare(s, &o);
    stepping_generate(s, 3 * ITEMS);
    stepping_open(s);
    assert_ok(echo_party_snapshot(NULL, s->party, &err), &err);
    stepping_reopen(s);
}

static echo_item *get(const stepping *s, uint64_t i) {
    char id[ECHO_HEX_CHARS];
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    generate_item_id(id, s->seed, i);
    assert_ok(echo_item_get(&item, s->party, id, &err), &err);
    return item;
}

static void read_all(const stepping *s) {
    for (uint64_t i = 0; i < ITEMS; i++) {
        const echo_item *item = get(s, i);
        echo_object_value all;
        size_t count;
        assert_int_equal(echo_object_get(&all, item, NULL, NULL), ECHO_OK);
        assert_int_equal(echo_object_value_count(&count, &all, NULL), ECHO_OK);
        assert_true(count > 0);
    }
}

static uint64_t chunks_read(const stepping *s) {
    echo__chunk_counts counts;
    echo__chunks_counts(s->party->chunks, &counts);
    return counts.read;
}

/* Allocations of the table while it grows to n places: two each time it doubles. */
static long of_the_table(uint64_t n) {
    long count = 2;
    for (uint64_t size = 16; size * 3 < n * 4; size *= 2) count += 2;
    return count;
}

static void test_one_block_each(void **arg) {
    (void)arg;
    stepping s;
    open_stored(&s);
    long before = fault_blocks();
    uint64_t read_before = chunks_read(&s);
    fault_at(100000000);
    read_all(&s);
    long allocations = fault_allocations();
    assert_false(fault_off());
    long chunks = (long)(chunks_read(&s) - read_before);
    print_message("%ld allocations, %ld blocks, %ld chunks, %u items\n", allocations, fault_blocks() - before, chunks,
                  ITEMS);
    /* Two for each chunk, and a few names, which are once for all items. */
    assert_true(allocations <= (long)ITEMS + of_the_table(ITEMS) + 2 * chunks + 64);
    assert_true(fault_blocks() - before <= (long)ITEMS + 2 * chunks + 64);
    for (int again = 0; again < 2; again++) { /* the second access costs nothing */
        fault_at(100000000);
        read_all(&s);
        assert_int_equal(fault_allocations(), 0);
        assert_false(fault_off());
    }
    assert_int_equal(chunks_read(&s) - read_before, chunks);
    stepping_close(&s);
}

static void test_eager(void **arg) {
    (void)arg;
    stepping s;
    open_stored(&s);
    s.options.eager = true;
    long before = fault_blocks();
    stepping_reopen(&s);
    print_message("%ld blocks more than when nothing is held\n", fault_blocks() - before);
    assert_true(fault_blocks() - before <= (long)ITEMS + 2 * (long)chunks_read(&s) + 64);
    fault_at(100000000);
    read_all(&s);
    assert_int_equal(fault_allocations(), 0);
    assert_false(fault_off());
    stepping_close(&s);
}

/* A block: the state's text without its feeds, the id, and no more than this. */
#define BESIDES 260u

static void test_size_of_blocks(void **arg) {
    (void)arg;
    stepping s;
    uint64_t texts = 0;
    open_stored(&s);
    read_all(&s);
    size_t at = 0;
    for (echo_item *item; (item = echo__item_table_next(&s.party->items.table, &at)) != NULL;) {
        assert_true(item->folded);
        assert_non_null(item->feeds); /* kept once for all */
        assert_ptr_equal(item->state, echo__item_room(item));
        assert_false(item->stored.owned);
        texts += item->id_len + 1u + item->stored.len;
    }
    print_message("%llu bytes an item, of which %llu are texts\n",
                  (unsigned long long)(s.party->items.evict.weight / ITEMS), (unsigned long long)(texts / ITEMS));
    assert_true(s.party->items.evict.weight <= texts + (uint64_t)ITEMS * (BESIDES + 64));
    stepping_close(&s);
}

/* Folded items that change, in each way there is, are the items that replay gives, and so are their snapshots. */
static void test_changes(void **arg) {
    (void)arg;
    for (uint64_t feeds = 1; feeds <= 20; feeds += 19) {
        generate_options o = GENERATE_OPTIONS_INIT;
        echo_error err = ECHO_ERROR_INIT;
        stepping s;
        o.items = 300;
        o.feeds = feeds; /* 20: more than a list of feeds that is shared may have */
        o.parents = 0.2;
        o.deletions = 0.1;
        o.varied = 0.3;
        o.nested = 0.2;
        o.hookless = 0.2;
        stepping_prepare(&s, &o);
        stepping_generate(&s, 8000);
        stepping_open(&s);
        for (int round = 0; round < 4; round++) {
            assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
            s.options.eager = round % 2 == 0;
            stepping_reopen(&s);
            stepping_generate(&s, 900);
            stepping_poll(&s, 0);
            stepping_compare(&s);
        }
        stepping_close(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_block_each),
        cmocka_unit_test(test_eager),
        cmocka_unit_test(test_size_of_blocks),
        cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
