/*
 * Which snapshots are kept, pins, and the advice which blocks are not needed.
 */
#include "unit/snapshot/gc_support.h"

#include "support/fault.h"
#include "support/store_fault.h"

static echo_store memory(void) {
    echo_store store;
    assert_ok(echo_store_new_memory(&store));
    return store;
}

/* ---- retain ---- */

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
    assert_ok(echo__retain(&store, &party, 0, &removed, NULL)); /* all */
    assert_int_equal(removed, 0);
    assert_numbers(&store, 1, "5 4 3 2 1");
    assert_ok(echo__retain(&store, &party, 9, &removed, NULL));
    assert_int_equal(removed, 0);
    assert_ok(echo__retain(&store, &nobody, 1, &removed, NULL));
    assert_ok(echo_snapshot_pin(&store, &party, 2, true, NULL));
    assert_ok(echo__retain(&store, &party, 2, &removed, NULL));
    assert_int_equal(removed, 2);
    assert_numbers(&store, 1, "5 4 2");
    assert_numbers(&store, 2, "3 2 1"); /* others are not touched */
    assert_ok(store.ops->walk(store.ctx, gc_count_chunk, &after, NULL));
    assert_int_equal(after.count, before.count); /* nor chunks */
    assert_ok(echo__retain(&store, &party, 1, NULL, NULL));
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
    assert_ok(echo__retain(&old, &party, 2, &removed, NULL));
    assert_numbers(&store, 1, "4 3 2 1");
    gc_publish_text(&store, 1, 4, "{\"format\":2}");
    assert_status(echo__retain(&old, &party, 1, &removed, &err), ECHO_ERR_VERSION);
    assert_int_equal(removed, 0);
    assert_non_null(strstr(err.message, "snapshot 5 of party 0101"));
    assert_numbers(&store, 1, "5 4 3 2 1");
    assert_ok(store.ops->remove(store.ctx, &party, 5, NULL));
    assert_ok(echo__retain(&old, &party, 1, &removed, NULL));
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
        echo_status status = echo__retain(&store, &party, 1, &removed, &err);
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
        assert_ok(echo__retain(&store, &party, 1, &removed, NULL));
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
        echo_status status = echo__retain(&store, &party, 1, NULL, &err);
        bool hit = fault_off();
        assert_true(fault_blocks() <= before);
        assert_status(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        assert_int_equal(err.code, status);
        assert_int_equal(gc_list(&store, 1).list[0], 3);
        echo_store_close(&store);
        if (!hit) break;
    }
}

static echo_status hash_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    echo_hash *hashes = arg;
    echo__hash(&hashes[number], manifest.data, manifest.len);
    return ECHO_OK;
}

static void test_stands(void **state) {
    (void)state;
    store_fault fault;
    echo_store inner = memory(), store = store_fault_wrap(&fault, inner);
    echo_key party = store_party(1), other = store_party(2);
    echo_hash hashes[5];
    bool stands = false;
    for (unsigned i = 0; i < 4; i++) gc_publish(&store, 1, i, i);
    assert_ok(store.ops->list(store.ctx, &party, hash_manifest, hashes, NULL));
    for (unsigned i = 1; i <= 4; i++) {
        assert_ok(echo__snapshot_stands(&stands, &store, &party, &hashes[i], NULL));
        assert_true(stands);
        assert_ok(echo__snapshot_stands(&stands, &store, &other, &hashes[i], NULL));
        assert_false(stands);
    }
    assert_ok(store_put_made(&store, 1, 10, NULL, NULL)); /* in the middle of a snapshot */
    assert_ok(echo__snapshot_stands(&stands, &store, &party, &hashes[1], NULL));
    assert_true(stands);
    assert_ok(store.ops->rollback(store.ctx, NULL));
    assert_ok(echo__retain(&store, &party, 2, NULL, NULL));
    for (unsigned i = 1; i <= 4; i++) {
        assert_ok(echo__snapshot_stands(&stands, &store, &party, &hashes[i], NULL));
        assert_int_equal(stands, i > 2);
    }
    store_fault_plan(&fault, STORE_FAULT_LIST, 1, ECHO_ERR_BUSY);
    assert_status(echo__snapshot_stands(&stands, &store, &party, &hashes[4], NULL), ECHO_ERR_BUSY);
    assert_false(stands);
    echo_store_close(&store);
}

/* ---- pins ---- */

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
    ops.version = 1;
    assert_status(echo_snapshot_pin(&old, &party, 1, true, &err), ECHO_ERR_UNSUPPORTED);
    p.count = 0;
    assert_ok(echo_snapshot_list(&old, &party, note_pin, &p, NULL));
    assert_true(p.count == 3 && !p.pinned[2]);
    echo_store_close(&store);
}

/* ---- advice ---- */

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
    gc_publish_text(&store, 1, 1, "{\"format\":1}");
    assert_no_advice(&store, ECHO_ERR_CORRUPT, "snapshot 2 of party 0101");
    echo_key party = store_party(1);
    assert_ok(store.ops->remove(store.ctx, &party, 2, NULL));
    gc_publish_text(&store, 1, 1, "{\"format\":2}");
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retain),         cmocka_unit_test(test_retain_odd),   cmocka_unit_test(test_retain_fails),
        cmocka_unit_test(test_stands),         cmocka_unit_test(test_pin),          cmocka_unit_test(test_advice),
        cmocka_unit_test(test_advice_damaged), cmocka_unit_test(test_advice_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
