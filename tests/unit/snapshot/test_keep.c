/*
 * Which snapshots are kept, and the removal of the others.
 */
#include "unit/snapshot/gc_support.h"

#include "support/fault.h"
#include "support/store_fault.h"

static echo_store memory(void) {
    echo_store store;
    assert_ok(echo_store_new_memory(&store));
    return store;
}

static void test_retain(void **state) {
    (void)state;
    echo_store store = memory();
    echo_key party = store_party(1), nobody = store_party(9);
    uint64_t removed = 9;
    for (unsigned i = 0; i < 5; i++) gc_publish(&store, 1, i, i);
    gc_publish(&store, 2, 0, 0);
    gc_publish(&store, 2, 1, 0);
    gc_publish(&store, 2, 2, 0);
    gc_walk before = {&(gc_reach){.store = &store}, 0, 0, 0}, after = before;
    assert_ok(store.ops->walk(store.ctx, gc_count_chunk, &before, NULL));
    assert_ok(echo__keep_retain(&removed, &store, &party, 0, NULL)); /* all */
    assert_int_equal(removed, 0);
    assert_numbers(&store, 1, "5 4 3 2 1");
    assert_ok(echo__keep_retain(&removed, &store, &party, 9, NULL));
    assert_int_equal(removed, 0);
    assert_ok(echo__keep_retain(&removed, &store, &nobody, 1, NULL));
    assert_ok(echo_snapshot_pin(&store, &party, 2, true, NULL));
    assert_ok(echo__keep_retain(&removed, &store, &party, 2, NULL));
    assert_int_equal(removed, 2);
    assert_numbers(&store, 1, "5 4 2");
    assert_numbers(&store, 2, "3 2 1"); /* others are not touched */
    assert_ok(store.ops->walk(store.ctx, gc_count_chunk, &after, NULL));
    assert_int_equal(after.count, before.count); /* nor chunks */
    assert_ok(echo__keep_retain(NULL, &store, &party, 1, NULL));
    assert_numbers(&store, 1, "5 2");
    echo_store_close(&store);
}

/* A store whose table is of version 1 does, too. Damaged ones do not count; a newer format stops it. */
static void test_retain_odd(void **state) {
    (void)state;
    echo_store store = memory();
    echo_store_ops ops = *store.ops;
    echo_store old = {&ops, store.ctx};
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    uint64_t removed = 9;
    ops.version = 1;
    gc_publish(&store, 1, 0, 0);
    gc_publish_text(&store, 1, 1, "{}");
    gc_publish(&store, 1, 2, 1);
    gc_publish_text(&store, 1, 3, "{}");
    assert_ok(echo__keep_retain(&removed, &old, &party, 2, NULL));
    assert_numbers(&store, 1, "4 3 2 1");
    gc_publish_text(&store, 1, 4, "{\"format\":3}");
    assert_status(echo__keep_retain(&removed, &old, &party, 1, &err), ECHO_ERR_VERSION);
    assert_int_equal(removed, 0);
    assert_non_null(strstr(err.message, "snapshot 5 of party 0101"));
    assert_numbers(&store, 1, "5 4 3 2 1");
    assert_ok(store.ops->remove(store.ctx, &party, 5, NULL));
    assert_ok(echo__keep_retain(&removed, &old, &party, 1, NULL));
    assert_int_equal(removed, 2);
    assert_numbers(&store, 1, "4 3");
    echo_store_close(&store);
}

static void test_retain_fails(void **state) {
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        store_fault fault;
        echo_store inner = memory(), store = store_fault_wrap(&fault, inner);
        echo_key party = store_party(1);
        echo_error err = ECHO_ERROR_INIT;
        uint64_t removed = 9;
        for (unsigned i = 0; i < 4; i++) gc_publish(&inner, 1, i, i);
        store_fault_plan(&fault, STORE_FAULT_ANY, nth, ECHO_ERR_BUSY);
        echo_status status = echo__keep_retain(&removed, &store, &party, 1, &err);
        assert_status(status, store_fault_hit(&fault) ? ECHO_ERR_BUSY : ECHO_OK);
        assert_int_equal(err.code, status);
        assert_int_equal(gc_list(&inner, 1).count, 4 - removed);
        bool hit = store_fault_hit(&fault);
        echo_store_close(&store);
        if (!hit) break;
    }
    for (unsigned i = 0; i < 2; i++) { /* pinned, or removed, between the list and the removal: left alone */
        store_fault fault;
        echo_store inner = memory(), store = store_fault_wrap(&fault, inner);
        echo_key party = store_party(1);
        uint64_t removed = 9;
        for (unsigned k = 0; k < 4; k++) gc_publish(&inner, 1, k, k);
        store_fault_plan(&fault, STORE_FAULT_REMOVE, 2, i == 0 ? ECHO_ERR_REFUSED : ECHO_ERR_NOT_FOUND);
        assert_ok(echo__keep_retain(&removed, &store, &party, 1, NULL));
        assert_int_equal(removed, 2);
        echo_store_close(&store);
    }
    for (long nth = 1;; nth++) {
        echo_store store = memory();
        echo_key party = store_party(1);
        echo_error err = ECHO_ERROR_INIT;
        for (unsigned i = 0; i < 3; i++) gc_publish(&store, 1, i, i);
        (void)gc_list(&store, 1);
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo__keep_retain(NULL, &store, &party, 1, &err);
        bool hit = fault_off();
        assert_true(fault_blocks() <= before);
        assert_status(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        assert_int_equal(err.code, status);
        assert_int_equal(gc_list(&store, 1).list[0], 3);
        echo_store_close(&store);
        if (!hit) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_retain), cmocka_unit_test(test_retain_odd),
                                       cmocka_unit_test(test_retain_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
