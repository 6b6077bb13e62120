/*
 * The manifests that a store has: walks and their early end, the newest, one by its bytes, by a predicate, by number.
 */
#include "unit/snapshot/gc_support.h"

#include "support/fault.h"
#include "support/store_fault.h"
#include "support/store_place.h"

static echo_store memory(void) {
    echo_store store;
    assert_ok(echo_store_new_memory(&store));
    return store;
}

/* ---- walks ---- */

typedef struct walk {
    uint64_t numbers[8];
    size_t count, stop_at;
    echo_status code;
} walk;

static echo_status record_number(void *arg, uint64_t number, echo_bytes bytes, echo_error *err) {
    walk *w = arg;
    assert_true(bytes.len > 0);
    w->numbers[w->count++] = number;
    if (w->count != w->stop_at) return ECHO_OK;
    return w->code == ECHO__STOP ? w->code : echo__error(err, w->code, "by the callback");
}

/* ECHO__STOP ends a walk well, on every kind of store; any other code is the walk's own. */
static void test_each(void **state) {
    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        store_place place = store_place_new();
        echo_store store = kind == 0 ? memory() : store_place_open(&place, STORE_CREATE);
        echo_key party = store_party(1), nobody = store_party(2);
        echo_error err = ECHO_ERROR_INIT;
        walk w = {.code = ECHO__STOP};
        for (unsigned i = 0; i < 3; i++) gc_publish(&store, 1, i, i);
        assert_ok(echo__stored_each(&store, &nobody, record_number, &w, &err));
        assert_int_equal(w.count, 0);
        assert_ok(echo__stored_each(&store, &party, record_number, &w, &err));
        assert_true(w.count == 3 && w.numbers[0] == 3 && w.numbers[2] == 1);
        w = (walk){.stop_at = 2, .code = ECHO__STOP};
        assert_ok(echo__stored_each(&store, &party, record_number, &w, &err));
        assert_int_equal(w.count, 2);
        assert_int_equal(err.code, ECHO_OK);
        w = (walk){.stop_at = 2, .code = ECHO_ERR_LIMIT};
        assert_status(echo__stored_each(&store, &party, record_number, &w, &err), ECHO_ERR_LIMIT);
        assert_string_equal(err.message, "by the callback");
        echo_store_close(&store);
        store_place_free(&place);
    }
}

/* ---- the newest ones ---- */

/* A store that has any number of manifests, all of them the same bytes. */
typedef struct endless {
    size_t count, len, listed;
    uint8_t *bytes;
} endless;

static echo_status list_endless(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    endless *e = ctx;
    (void)party;
    (void)err;
    echo_status status = ECHO_OK;
    for (e->listed = 0; status == ECHO_OK && e->listed < e->count; e->listed++)
        status = fn(arg, e->count - e->listed, (echo_bytes){e->bytes, e->len});
    return status;
}

/* Neither many manifests nor long ones take memory without bound. */
static void test_recent(void **state) {
    (void)state;
    static const struct {
        size_t count, len, kept;
    } cases[] = {{3, 1000, 3},
                 {1000, 10, 1000},
                 {1001, 10, 1000},
                 {1000000, 10, 1000},
                 {60, (size_t)16 << 20, 4},
                 {5, (size_t)13 << 20, 4},
                 {4, (size_t)16 << 20, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        endless e = {.count = cases[i].count, .len = cases[i].len};
        echo_store inner = memory();
        echo_store_ops ops = *inner.ops;
        echo_store store = {&ops, &e};
        echo__stored_manifests list;
        echo_key party = store_party(1);
        echo_error err = ECHO_ERROR_INIT;
        bool more;
        ops.list = list_endless;
        e.bytes = calloc(1, e.len);
        assert_non_null(e.bytes);
        assert_ok(echo__stored_recent(&list, &more, &store, &party, &err));
        assert_int_equal(list.count, cases[i].kept);
        assert_int_equal(more, cases[i].kept < cases[i].count);
        assert_true(e.listed <= cases[i].kept + 1);
        for (size_t k = 0; k < list.count; k++) assert_int_equal(list.list[k].number, e.count - k);
        echo__stored_free(&list);
        free(e.bytes);
        echo_store_close(&inner);
    }
}

static void test_list(void **state) {
    (void)state;
    echo_store store = memory();
    echo_key party = store_party(1);
    for (unsigned i = 0; i < 3; i++) gc_publish(&store, 1, i, i);
    gc_publish_text(&store, 1, 3, "damaged");
    (void)gc_list(&store, 1); /* the store remembers that it was listed */
    for (long nth = 1;; nth++) {
        echo__stored_manifests list;
        echo__manifest manifest;
        echo_error err = ECHO_ERROR_INIT;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo__stored_list(&list, &store, &party, &err);
        bool hit = fault_off();
        assert_status(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        assert_int_equal(err.code, status);
        assert_int_equal(list.count, hit ? 0 : 4);
        if (!hit) {
            assert_int_equal(list.list[0].number, 4);
            assert_status(echo__stored_read(&manifest, &list.list[0], &party, &err), ECHO_ERR_CORRUPT);
            assert_ok(echo__stored_read(&manifest, &list.list[1], &party, &err));
            assert_int_equal(manifest.number, 3);
            echo__manifest_free(&manifest);
            list.list[1].number = 2; /* it says itself that it is number 3 */
            assert_status(echo__stored_read(&manifest, &list.list[1], &party, &err), ECHO_ERR_CORRUPT);
        }
        echo__stored_free(&list);
        assert_int_equal(list.count, 0);
        assert_int_equal(fault_blocks(), before);
        if (!hit) break;
    }
    echo_store_close(&store);
}

/* ---- one of them ---- */

static void test_newest(void **state) {
    (void)state;
    store_fault fault;
    echo_store inner = memory(), store = store_fault_wrap(&fault, inner);
    echo_key party = store_party(1);
    echo__stored_id id = {9, {{9}}};
    echo_hash hash;
    assert_ok(echo__stored_newest(&id, &store, &party, NULL));
    assert_int_equal(id.number, 0);
    gc_publish(&store, 1, 0, 0);
    gc_publish_text(&store, 1, 1, "damaged"); /* readable or not */
    assert_ok(echo__stored_newest(&id, &store, &party, NULL));
    assert_int_equal(id.number, 2);
    echo__hash(&hash, "damaged", strlen("damaged"));
    assert_true(echo__hash_equal(&hash, &id.hash));
    store_fault_plan(&fault, STORE_FAULT_LIST, 1, ECHO_ERR_BUSY);
    assert_status(echo__stored_newest(&id, &store, &party, NULL), ECHO_ERR_BUSY);
    echo_store_close(&store);
}

static echo_status hash_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    echo_hash *hashes = arg;
    echo__hash(&hashes[number], manifest.data, manifest.len);
    return ECHO_OK;
}

static bool has(const echo_store *store, const echo_key *party, uint64_t number, const echo_hash *hash) {
    const echo__stored_id id = {number, *hash};
    bool found = false;
    assert_ok(echo__stored_has(&found, store, party, &id, NULL));
    return found;
}

static void test_has(void **state) {
    (void)state;
    store_fault fault;
    echo_store inner = memory(), store = store_fault_wrap(&fault, inner);
    echo_key party = store_party(1), other = store_party(2);
    echo_hash hashes[5];
    for (unsigned i = 0; i < 4; i++) gc_publish(&store, 1, i, i);
    assert_ok(store.ops->list(store.ctx, &party, hash_manifest, hashes, NULL));
    for (unsigned i = 1; i <= 4; i++) {
        assert_true(has(&store, &party, 0, &hashes[i]));
        assert_true(has(&store, &party, i, &hashes[i]));
        assert_false(has(&store, &party, i + 1, &hashes[i]));
        assert_false(has(&store, &other, 0, &hashes[i]));
    }
    assert_ok(store_put_made(&store, 1, 10, NULL, NULL)); /* in the middle of a snapshot */
    assert_true(has(&store, &party, 0, &hashes[1]));
    assert_ok(store.ops->rollback(store.ctx, NULL));
    assert_ok(echo__keep_retain(NULL, &store, &party, 2, NULL));
    for (unsigned i = 1; i <= 4; i++) assert_int_equal(has(&store, &party, 0, &hashes[i]), i > 2);
    const echo__stored_id id = {0, hashes[4]};
    bool found = true;
    store_fault_plan(&fault, STORE_FAULT_LIST, 1, ECHO_ERR_BUSY);
    assert_status(echo__stored_has(&found, &store, &party, &id, NULL), ECHO_ERR_BUSY);
    assert_false(found);
    echo_store_close(&store);
}

typedef struct wanted {
    int64_t time;
    unsigned asked;
} wanted;

static bool is_of_time(void *arg, const echo__manifest *manifest, echo_bytes bytes) {
    wanted *w = arg;
    assert_true(bytes.len > 0);
    w->asked++;
    return manifest->time == w->time;
}

static void test_find(void **state) {
    (void)state;
    echo_store store = memory();
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    gc_publish(&store, 1, 0, 0);
    gc_publish(&store, 1, 1, 1);
    gc_publish_text(&store, 1, 2, "damaged");
    gc_publish_text(&store, 1, 3, "{\"format\":3}");
    bool found = false;
    wanted w = {1001, 0};
    assert_ok(echo__stored_find(&found, &store, &party, is_of_time, &w, &err));
    assert_true(found && w.asked == 1); /* those that cannot be read are not asked about, nor those after it */
    w = (wanted){7, 0};
    assert_ok(echo__stored_find(&found, &store, &party, is_of_time, &w, &err));
    assert_true(!found && w.asked == 2);
    for (long nth = 1;; nth++) {
        w = (wanted){1000, 0};
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo__stored_find(&found, &store, &party, is_of_time, &w, &err);
        bool hit = fault_off();
        assert_int_equal(fault_blocks(), before);
        assert_status(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        assert_int_equal(found, !hit);
        if (!hit) break;
    }
    echo_store_close(&store);
}

/* ---- reading ---- */

static void test_open(void **state) {
    (void)state;
    echo_store store = memory();
    echo_key party = store_party(1), nobody = store_party(2);
    echo__manifest manifest;
    echo__chunks *chunks;
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned i = 0; i < 3; i++) gc_publish(&store, 1, i, i);
    for (uint64_t number = 0; number <= 3; number++) {
        assert_ok(echo__stored_open(&manifest, &chunks, &store, &party, number, &err));
        assert_int_equal(manifest.number, number == 0 ? 3 : number);
        assert_non_null(chunks);
        echo__chunks_free(chunks);
        echo__manifest_free(&manifest);
    }
    assert_status(echo__stored_open(&manifest, &chunks, &store, &party, 4, &err), ECHO_ERR_NOT_FOUND);
    assert_null(chunks);
    assert_status(echo__stored_open(&manifest, &chunks, &store, &nobody, 0, &err), ECHO_ERR_NOT_FOUND);
    gc_publish_text(&store, 1, 3, "damaged");
    assert_status(echo__stored_open(&manifest, &chunks, &store, &party, 0, &err), ECHO_ERR_CORRUPT);
    assert_null(chunks);
    assert_ok(
        echo__stored_open(&manifest, &chunks, &store, &party, 3, &err)); /* the others can be opened all the same */
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
    echo_store_close(&store);
}

static void test_blame(void **state) {
    (void)state;
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    echo__error(&err, ECHO_ERR_CORRUPT, "a leaf has no records");
    echo__error_item(&err, "item", 4);
    assert_status(echo__stored_blame(&err, &party, 5, ECHO_ERR_CORRUPT), ECHO_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "snapshot 5 of party 0101"));
    assert_non_null(strstr(err.message, ": a leaf has no records"));
    assert_string_equal(err.item, "item");
    echo__error(&err, ECHO_ERR_IO, "the disk is gone"); /* not for the snapshot's bytes to blame */
    assert_status(echo__stored_blame(&err, &party, 5, ECHO_ERR_IO), ECHO_ERR_IO);
    assert_string_equal(err.message, "the disk is gone");
    assert_status(echo__stored_blame(NULL, &party, 5, ECHO_ERR_CORRUPT), ECHO_ERR_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each), cmocka_unit_test(test_recent),
                                       cmocka_unit_test(test_list), cmocka_unit_test(test_newest),
                                       cmocka_unit_test(test_has),  cmocka_unit_test(test_find),
                                       cmocka_unit_test(test_open), cmocka_unit_test(test_blame)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
