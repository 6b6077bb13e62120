/*
 * The advice which blocks are not needed.
 */
#include "unit/snapshot/gc_support.h"

#include "support/fault.h"

static echo_store memory(void) {
    echo_store store;
    assert_ok(echo_store_new_memory(&store));
    return store;
}

typedef struct advised {
    uint64_t last[8];
    uint8_t feeds[8];
    size_t count, stop_at;
} advised;

static echo_status note_advice(void *arg, const echo_prune_advice *advice) {
    advised *a = arg;
    a->feeds[a->count] = advice->feed.bytes[0];
    a->last[a->count++] = advice->last;
    return a->count == a->stop_at ? (echo_status)-777 : ECHO_OK;
}

static advised advice(const echo_store *store, uint8_t party) {
    advised a = {.count = 0};
    echo_key key = store_party(party);
    echo_error err = ECHO_ERROR_INIT;
    if (echo_snapshot_prune_advice(store, &key, note_advice, &a, &err) != ECHO_OK) fail_msg("advice: %s", err.message);
    return a;
}

static void test_advice(void **state) {
    (void)state;
    echo_store store = memory();
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    advised a = {.count = 0};
    assert_status(echo_snapshot_prune_advice(&store, &party, note_advice, &a, &err), ECHO_ERR_NOT_FOUND);
    assert_int_equal(err.code, ECHO_ERR_NOT_FOUND);
    assert_ok(gc_try_publish(&store, 1, 0, 0, 8)); /* feed 2 too */
    a = advice(&store, 1);
    assert_true(a.count == 2 && a.feeds[0] == 1 && a.last[0] == 8 && a.feeds[1] == 2 && a.last[1] == 5);
    assert_ok(gc_try_publish(&store, 1, 1, 1, 20));
    a = advice(&store, 1);
    assert_true(a.count == 2 && a.last[0] == 8 && a.last[1] == 5); /* the least of all */
    assert_ok(gc_try_publish(&store, 1, 2, 2, 4));                 /* one that went back */
    a = advice(&store, 1);
    assert_true(a.count == 2 && a.last[0] == 4 && a.last[1] == 5);
    assert_ok(gc_try_publish(&store, 1, 3, 3, 31)); /* covers nothing of feed 2 */
    a = advice(&store, 1);
    assert_true(a.count == 1 && a.feeds[0] == 1 && a.last[0] == 4);
    assert_ok(gc_try_publish(&store, 2, 0, 0, 2));
    a = advice(&store, 1);
    assert_true(a.count == 1 && a.last[0] == 4); /* other parties do not count */

    a = (advised){.stop_at = 1};
    party = store_party(2);
    err = (echo_error)ECHO_ERROR_INIT;
    assert_int_equal(echo_snapshot_prune_advice(&store, &party, note_advice, &a, &err), -777);
    assert_int_equal(err.code, ECHO_OK);
    assert_int_equal(a.count, 1);
    assert_status(echo_snapshot_prune_advice(&store, NULL, note_advice, &a, NULL), ECHO_ERR_INVALID);
    assert_status(echo_snapshot_prune_advice(&store, &party, NULL, &a, NULL), ECHO_ERR_INVALID);
    assert_status(echo_snapshot_prune_advice(NULL, &party, note_advice, &a, NULL), ECHO_ERR_INVALID);
    echo_store_close(&store);
}

static void assert_no_advice(const echo_store *store, echo_status status, const char *text_of_it) {
    advised a = {.count = 0};
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    assert_status(echo_snapshot_prune_advice(store, &party, note_advice, &a, &err), status);
    assert_int_equal(a.count, 0);
    if (strstr(err.message, text_of_it) == NULL) fail_msg("message: %s", err.message);
}

/* One that is damaged, and be it the oldest in its last chunk: none. */
static void test_advice_damaged(void **state) {
    (void)state;
    static const char *const begin[] = {"segment in a line 0", "segment in a blob 0", "{\"state\":{\"text\":\"0y",
                                        "{\"state\":null,\"log\":"};
    for (unsigned i = 0; i < sizeof begin / sizeof *begin; i++) {
        char hex[ECHO_HEX_CHARS];
        echo_store store = memory();
        gc_publish(&store, 1, 0, 0);
        echo_hash bad = gc_find(&store, begin[i], NULL);
        gc_publish(&store, 1, 1, 1);
        (void)advice(&store, 1);
        (void)gc_list(&store, 1);
        assert_ok(store.ops->remove_chunks(store.ctx, &bad, 1, NULL));
        echo_hash_hex(hex, &bad);
        assert_no_advice(&store, ECHO_ERR_CORRUPT, hex);
        assert_no_advice(&store, ECHO_ERR_CORRUPT, "snapshot 1 of party 0101");
        echo_store_close(&store);
    }
    echo_store store = memory();
    gc_publish(&store, 1, 0, 0);
    gc_publish_text(&store, 1, 1, "{\"format\":2}");
    assert_no_advice(&store, ECHO_ERR_CORRUPT, "snapshot 2 of party 0101");
    echo_key party = store_party(1);
    assert_ok(store.ops->remove(store.ctx, &party, 2, NULL));
    gc_publish_text(&store, 1, 1, "{\"format\":3}");
    assert_no_advice(&store, ECHO_ERR_VERSION, "snapshot 2 of party 0101");
    echo_store_close(&store);
}

static void test_advice_nomem(void **state) {
    (void)state;
    echo_store store = memory();
    echo_key party = store_party(1);
    for (unsigned i = 0; i < 2; i++) gc_publish(&store, 1, i, i);
    (void)gc_list(&store, 1);
    for (long nth = 1;; nth++) {
        advised a = {.count = 0};
        echo_error err = ECHO_ERROR_INIT;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo_snapshot_prune_advice(&store, &party, note_advice, &a, &err);
        bool hit = fault_off();
        assert_int_equal(fault_blocks(), before);
        assert_status(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        assert_int_equal(err.code, status);
        assert_int_equal(a.count, hit ? 0 : 2);
        if (!hit) break;
    }
    echo_store_close(&store);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_advice), cmocka_unit_test(test_advice_damaged),
                                       cmocka_unit_test(test_advice_nomem)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
