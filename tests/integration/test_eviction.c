/*
 * A party larger than the memory its host allows: it is replayed, opened, queried and written to, with a few items in
 * memory at a time, and is the same party in the end.
 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "support/random.h"
#include "support/state.h"
#include "support/stepping.h"
#include "support/store_fault.h"

#define ITEMS 3000u
#define BOUND 400000u /* a tenth of them or so */

static void open_large(stepping *s) {
    generate_options o = GENERATE_OPTIONS_INIT;
    o.items = ITEMS;
    o.hookless = 0.2;
    o.parents = 0.05;
    stepping_prepare(s, &o);
    s->options.memory = BOUND;
}

static uint64_t in_memory(const stepping *s) {
    echo_party_status status;
    echo_party_status_get(&status, s->party);
    return status.items_in_memory;
}

static echo_status count_item(void *arg, const echo_item_head *head) {
    (void)head;
    ++*(uint64_t *)arg;
    return ECHO_OK;
}

static void test_larger_than_memory(void **arg) {
    (void)arg;
    stepping s;
    open_large(&s);
    stepping_generate(&s, 12000);
    stepping_open(&s); /* by replay, saving what changed on the way */
    assert_int_equal(echo_party_report(s.party)->messages_applied, 12000);
    assert_int_equal(echo_party_report(s.party)->snapshot, 0); /* it was not opened from those */
    assert_int_equal(echo_party_report(s.party)->messages_skipped, 0);
    echo_snapshot_state state = stepping_state(&s);
    assert_true(state.taken > 2);
    assert_int_equal(state.last.reason, ECHO_SNAPSHOT_REASON_MEMORY);
    assert_true(in_memory(&s) < ITEMS / 2);

    uint64_t count = 0; /* queries */
    echo_error err = ECHO_ERROR_INIT;
    echo_query all = {.deleted = true};
    assert_ok(echo_party_each_head(s.party, &all, count_item, &count, &err), &err);
    assert_int_equal(count, ITEMS);
    for (uint64_t i = 0; i < ITEMS; i++) { /* every item, one after the other */
        char id[ECHO_HEX_CHARS];
        echo_item *item;
        generate_item_id(id, s.seed, i);
        assert_ok(echo_item_get(&item, s.party, id, &err), &err);
        assert_true(echo_item_has_state(item));
        if (i > ITEMS / 2) assert_true(in_memory(&s) < ITEMS / 2);
    }
    stepping_generate(&s, 3000); /* and written to */
    for (unsigned i = 0; i < 30; i++) {
        stepping_poll(&s, 100);
        assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
        stepping_check(&s);
        stepping_poll(&s, 0); /* evicts what has become clean */
    }
    assert_true(in_memory(&s) < ITEMS / 2);
    stepping_compare(&s);
    stepping_close(&s);
}

/* What changed is not evicted before it is saved, whatever the bound. */
static void test_unsaved_stays(void **arg) {
    (void)arg;
    stepping s;
    open_large(&s);
    s.options.memory = 1;
    stepping_open(&s);
    stepping_generate(&s, 500);
    stepping_poll(&s, 0);
    echo_party_status status;
    echo_party_status_get(&status, s.party);
    assert_int_equal(status.items_in_memory, status.items);
    assert_int_equal(status.items_changed, status.items);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot_start(s.party, &err), &err);
    stepping_poll(&s, 0);
    assert_int_equal(in_memory(&s), status.items); /* nor while it is being saved */
    stepping_finish(&s);
    for (unsigned i = 0; i < 100; i++) stepping_poll(&s, 0);
    assert_int_equal(in_memory(&s), 0);
    echo_party_status_get(&status, s.party);
    assert_int_equal(status.items_changed, 0);
    stepping_compare(&s);
    stepping_close(&s);
}

/* Saving on the way is no duty: where it cannot be done, memory is taken, and it is told. */
static void test_cannot_be_saved(void **arg) {
    (void)arg;
    stepping s;
    store_fault fault;
    open_large(&s);
    echo_store store = store_fault_wrap(&fault, s.store);
    s.options.store = &store;
    stepping_generate(&s, 6000);
    store_fault_plan_from(&fault, STORE_FAULT_PUBLISH, 1, ECHO_ERR_IO);
    stepping_open(&s);
    const echo_restore_report *report = echo_party_report(s.party);
    assert_int_equal(report->messages_applied, 6000);
    assert_int_equal(report->damage_count, 1);
    assert_int_equal(report->damage[0].code, ECHO_ERR_IO);
    store_fault_plan(&fault, STORE_FAULT_ANY, 0, ECHO_OK);
    stepping_compare(&s);
    s.store = store;
    stepping_close(&s);
}

/* The least recently used leave first. */
static void test_order_of_eviction(void **arg) {
    (void)arg;
    stepping s;
    open_large(&s);
    s.options.memory = 0;
    stepping_open(&s);
    stepping_generate(&s, 8000);
    stepping_poll(&s, 0);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
    s.options.memory = 120000; /* about 200 items */
    stepping_reopen(&s);
    char favourite[ECHO_HEX_CHARS], id[ECHO_HEX_CHARS];
    echo_item *item, *first;
    generate_item_id(favourite, s.seed, 5);
    assert_ok(echo_item_get(&first, s.party, favourite, &err), &err);
    uint64_t hydrated = echo_party_report(s.party)->items_hydrated;
    for (uint64_t i = 6; i < 1000; i++) {
        generate_item_id(id, s.seed, i);
        assert_ok(echo_item_get(&item, s.party, id, &err), &err);
        assert_ok(echo_item_get(&item, s.party, favourite, &err), &err);
        assert_ptr_equal(item, first); /* never left */
    }
    assert_true(in_memory(&s) < 300);
    assert_int_equal(echo_party_report(s.party)->items_hydrated, hydrated);
    stepping_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_larger_than_memory), cmocka_unit_test(test_unsaved_stays),
                                       cmocka_unit_test(test_cannot_be_saved),
                                       cmocka_unit_test(test_order_of_eviction)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
