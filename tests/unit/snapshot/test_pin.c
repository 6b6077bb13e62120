/*
 * Pins: setting and removing them, and stores that cannot pin.
 */
#include "unit/snapshot/gc_support.h"

static echo_store memory(void) {
    echo_store store;
    assert_ok(echo_store_new_memory(&store));
    return store;
}

typedef struct pins {
    uint64_t numbers[8];
    bool pinned[8];
    size_t count;
} pins;

static echo_status note_pin(void *arg, const echo_snapshot_info *info) {
    pins *p = arg;
    p->numbers[p->count] = info->number;
    p->pinned[p->count++] = info->pinned;
    return ECHO_OK;
}

static void test_pin(void **state) {
    (void)state;
    echo_store store = memory();
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    gc_publish(&store, 1, 0, 0);
    gc_publish_text(&store, 1, 1, "damaged");
    gc_publish(&store, 1, 2, 2);
    assert_ok(echo_snapshot_pin(&store, &party, 1, true, NULL));
    assert_ok(echo_snapshot_pin(&store, &party, 2, true, NULL));
    pins p = {.count = 0};
    assert_ok(echo_snapshot_list(&store, &party, note_pin, &p, NULL));
    assert_int_equal(p.count, 3);
    assert_true(!p.pinned[0] && p.pinned[1] && p.pinned[2]);
    assert_ok(echo_snapshot_pin(&store, &party, 2, false, NULL));
    p.count = 0;
    assert_ok(echo_snapshot_list(&store, &party, note_pin, &p, NULL));
    assert_true(!p.pinned[0] && !p.pinned[1] && p.pinned[2]);
    assert_status(echo_snapshot_pin(&store, &party, 4, true, &err), ECHO_ERR_NOT_FOUND);
    assert_int_equal(err.code, ECHO_ERR_NOT_FOUND);
    assert_status(echo_snapshot_pin(&store, &party, 0, true, NULL), ECHO_ERR_NOT_FOUND);
    assert_status(echo_snapshot_pin(&store, NULL, 1, true, NULL), ECHO_ERR_INVALID);
    assert_status(echo_snapshot_pin(NULL, &party, 1, true, NULL), ECHO_ERR_INVALID);
    echo_store_ops ops = *store.ops;
    echo_store old = {&ops, store.ctx};
    ops.pin = NULL;
    ops.pinned = NULL;
    assert_status(echo_snapshot_pin(&old, &party, 1, true, &err), ECHO_ERR_UNSUPPORTED);
    p.count = 0;
    assert_ok(echo_snapshot_list(&old, &party, note_pin, &p, NULL));
    assert_true(p.count == 3 && !p.pinned[2]);
    echo_store_close(&store);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
