#include "exchange/overlay.h"

#include "support/fault.h"
#include "support/store_fault.h"
#include "unit/tree/tree_support.h"

typedef struct setup {
    store_fault fault;
    echo_store under;
    echo__overlay overlay;
} setup;

static void begin(setup *s) {
    echo_store inner;
    assert_ok(echo_store_new_memory(&inner));
    s->under = store_fault_wrap(&s->fault, inner);
    echo__overlay_init(&s->overlay, &s->under);
    s->overlay.noting = true;
}

static void end(setup *s) {
    echo__overlay_free(&s->overlay);
    echo_store_close(&s->under);
}

static echo_hash add(setup *s, const char *bytes) {
    echo_hash name;
    echo_error err = ECHO_ERROR_INIT;
    echo__hash(&name, bytes, strlen(bytes));
    assert_ok(echo__overlay_add(&s->overlay, &name, text(bytes), &err));
    return name;
}

static echo_hash number(unsigned n) {
    echo_hash name;
    echo__hash(&name, &n, sizeof n);
    return name;
}

static echo_status copy(void *arg, echo_bytes bytes) {
    echo__buf_clear(arg);
    echo__buf_append(arg, bytes.data, bytes.len);
    return ECHO_OK;
}

static echo_status get(const echo_store *store, const echo_hash *name, echo__buf *out) {
    echo_error err = ECHO_ERROR_INIT;
    return store->ops->get(store->ctx, name, copy, out, &err);
}

static void test_over_and_under(void **state) {
    (void)state;
    setup s;
    echo__buf out = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    bool has;
    begin(&s);
    echo_hash a = add(&s, "a chunk"), b = add(&s, "b"), none = number(1);
    assert_int_equal(s.overlay.bytes, 8);
    (void)add(&s, "b"); /* once */
    assert_int_equal(s.overlay.bytes, 8);
    assert_ok(get(&s.overlay.store, &a, &out));
    assert_bytes_text(echo__buf_bytes(&out), "a chunk");
    assert_status(get(&s.under, &a, &out), ECHO_ERR_NOT_FOUND);
    assert_ok(echo__overlay_store(&s.overlay, &err));
    assert_int_equal(s.overlay.bytes, 0);
    assert_null(s.overlay.first);
    assert_ok(get(&s.under, &b, &out));
    assert_ok(get(&s.overlay.store, &b, &out));
    assert_ok(s.overlay.store.ops->has(&has, s.overlay.store.ctx, &a, &err));
    assert_true(has);
    assert_ok(s.overlay.store.ops->has(&has, s.overlay.store.ctx, &none, &err));
    assert_false(has);
    assert_int_equal(s.fault.calls[STORE_FAULT_FLUSH], 1);
    assert_ok(echo__overlay_store(&s.overlay, &err)); /* nothing to do */
    assert_int_equal(s.fault.calls[STORE_FAULT_FLUSH], 1);
    (void)add(&s, "more after that");
    assert_ok(echo__overlay_store(&s.overlay, &err));
    assert_int_equal(s.fault.chunks_written, 3);
    echo__buf_free(&out);
    end(&s);
}

/* Whatever fails, what was received is kept and can be read, and is stored the next time. */
static void test_storing_fails(void **state) {
    (void)state;
    static const struct {
        store_fault_call call;
        uint64_t nth;
        echo_status code;
    } cases[] = {{STORE_FAULT_PUT, 1, ECHO_ERR_BUSY},
                 {STORE_FAULT_PUT, 2, ECHO_ERR_IO},
                 {STORE_FAULT_PUT, 3, ECHO_ERR_LIMIT},
                 {STORE_FAULT_FLUSH, 1, ECHO_ERR_IO},
                 {STORE_FAULT_FLUSH, 1, ECHO_ERR_BUSY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setup s;
        echo__buf out = ECHO__BUF_INIT;
        echo_error err = ECHO_ERROR_INIT;
        begin(&s);
        echo_hash names[3] = {add(&s, "one"), add(&s, "two"), add(&s, "three")};
        store_fault_plan(&s.fault, cases[i].call, cases[i].nth, cases[i].code);
        assert_status(echo__overlay_store(&s.overlay, &err), cases[i].code);
        assert_true(store_fault_hit(&s.fault));
        assert_int_equal(s.overlay.bytes, 11);
        assert_int_equal(s.fault.calls[STORE_FAULT_ROLLBACK], 1);
        for (size_t k = 0; k < 3; k++) {
            assert_ok(get(&s.overlay.store, &names[k], &out));
            assert_status(get(&s.under, &names[k], &out), ECHO_ERR_NOT_FOUND); /* nothing by half */
        }
        assert_ok(echo__overlay_store(&s.overlay, &err));
        for (size_t k = 0; k < 3; k++) assert_ok(get(&s.under, &names[k], &out));
        assert_int_equal(s.overlay.bytes, 0);
        echo__buf_free(&out);
        end(&s);
    }
}

/* When rolling back fails too, the next time does it again. */
static void test_rollback_fails(void **state) {
    (void)state;
    setup s;
    echo__buf out = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    begin(&s);
    echo_hash a = add(&s, "a"), b = add(&s, "b");
    store_fault_plan_from(&s.fault, STORE_FAULT_ANY, 2, ECHO_ERR_IO);
    assert_status(echo__overlay_store(&s.overlay, &err), ECHO_ERR_IO);
    store_fault_plan(&s.fault, STORE_FAULT_ANY, 0, ECHO_OK);
    if (echo__overlay_store(&s.overlay, &err) != ECHO_OK) assert_ok(echo__overlay_store(&s.overlay, &err));
    assert_ok(get(&s.under, &a, &out));
    assert_ok(get(&s.under, &b, &out));
    echo__buf_free(&out);
    end(&s);
}

/* What is missed is noted while others read: each once, the latest last, and no more than there is room for. */
static void test_touched(void **state) {
    (void)state;
    setup s;
    echo__buf out = ECHO__BUF_INIT;
    begin(&s);
    s.overlay.noting = false;
    echo_hash quiet = number(1000);
    assert_status(get(&s.overlay.store, &quiet, &out), ECHO_ERR_PENDING);
    assert_int_equal(s.overlay.touched_count, 0);
    s.overlay.noting = true;
    for (unsigned i = 0; i < ECHO__OVERLAY_TOUCHED + 10; i++) {
        echo_hash name = number(i);
        assert_status(get(&s.overlay.store, &name, &out), ECHO_ERR_PENDING);
        assert_status(get(&s.overlay.store, &name, &out), ECHO_ERR_PENDING);
    }
    assert_int_equal(s.overlay.touched_count, ECHO__OVERLAY_TOUCHED);
    for (unsigned i = 0; i < ECHO__OVERLAY_TOUCHED; i++) {
        echo_hash name = number(i + 10);
        assert_true(echo__hash_equal(&s.overlay.touched[i], &name));
    }
    /* another failure than its absence is no reason to fetch it */
    store_fault_plan(&s.fault, STORE_FAULT_GET, 1, ECHO_ERR_IO);
    assert_status(get(&s.overlay.store, &quiet, &out), ECHO_ERR_IO);
    assert_int_equal(s.overlay.touched_count, ECHO__OVERLAY_TOUCHED);
    assert_true(!echo__hash_equal(&s.overlay.touched[ECHO__OVERLAY_TOUCHED - 1], &quiet));
    echo__buf_free(&out);
    end(&s);
}

/* A chunk that has rotted is one that is not here; when it comes it takes the place of the other. */
static void test_rotten(void **state) {
    (void)state;
    setup s;
    echo__buf out = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    begin(&s);
    echo_hash name;
    echo_bytes rot = text("what it was nof");
    echo__hash(&name, "what it was not", 15);
    assert_ok(s.under.ops->put(NULL, s.under.ctx, &name, &rot, 1, &err));
    assert_ok(s.under.ops->publish(s.under.ctx, &(echo_key){{1}}, 0, text("{}"), &err));
    assert_status(get(&s.overlay.store, &name, &out), ECHO_ERR_PENDING);
    assert_int_equal(s.overlay.touched_count, 1);
    (void)add(&s, "what it was not");
    assert_ok(get(&s.overlay.store, &name, &out));
    assert_bytes_text(echo__buf_bytes(&out), "what it was not");
    assert_ok(echo__overlay_store(&s.overlay, &err));
    assert_ok(get(&s.under, &name, &out));
    assert_bytes_text(echo__buf_bytes(&out), "what it was not");
    echo__buf_free(&out);
    end(&s);
}

static echo_status note_number(void *arg, uint64_t number, echo_bytes manifest) {
    assert_bytes_text(manifest, "manifest");
    *(uint64_t *)arg = number;
    return ECHO_OK;
}

static void test_manifest(void **state) {
    (void)state;
    setup s;
    echo_key party = {{1}}, other = {{2}};
    echo_error err = ECHO_ERROR_INIT;
    uint64_t found = 0;
    begin(&s);
    const echo_store *o = &s.overlay.store;
    assert_ok(o->ops->list(o->ctx, &party, note_number, &found, &err));
    assert_int_equal(found, 0);
    assert_ok(echo__overlay_show(&s.overlay, &party, 7, text("manifest")));
    assert_ok(o->ops->list(o->ctx, &other, note_number, &found, &err));
    assert_int_equal(found, 0);
    assert_ok(o->ops->list(o->ctx, &party, note_number, &found, &err));
    assert_int_equal(found, 7);
    /* nothing is written through it */
    echo_hash name = number(1);
    echo_bytes bytes = text("x");
    assert_int_equal(o->ops->capabilities(o->ctx), ECHO_STORE_READONLY);
    assert_status(o->ops->put(NULL, o->ctx, &name, &bytes, 1, &err), ECHO_ERR_READONLY);
    assert_status(o->ops->publish(o->ctx, &party, 7, bytes, &err), ECHO_ERR_READONLY);
    assert_status(o->ops->remove(o->ctx, &party, 7, &err), ECHO_ERR_READONLY);
    assert_status(o->ops->remove_chunks(o->ctx, &name, 1, &err), ECHO_ERR_READONLY);
    assert_ok(o->ops->rollback(o->ctx, &err));
    assert_int_equal(s.fault.all, 0);
    assert_ok(echo__overlay_show(&s.overlay, &party, 8, echo__bytes(NULL, 0)));
    found = 0;
    assert_ok(o->ops->list(o->ctx, &party, note_number, &found, &err));
    assert_int_equal(found, 0);
    end(&s);
}

static void test_no_memory(void **state) {
    (void)state;
    for (long nth = 1;; nth++) {
        setup s;
        echo_hash name;
        echo_error err = ECHO_ERROR_INIT;
        begin(&s);
        echo__hash(&name, "chunk", 5);
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo__overlay_add(&s.overlay, &name, text("chunk"), &err);
        bool hit = fault_off();
        assert_status(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        if (hit) {
            assert_int_equal(fault_blocks(), before);
            assert_null(s.overlay.first);
            assert_int_equal(s.overlay.bytes, 0);
            assert_ok(echo__overlay_add(&s.overlay, &name, text("chunk"), &err));
        }
        end(&s);
        if (!hit) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_and_under), cmocka_unit_test(test_storing_fails),
        cmocka_unit_test(test_rollback_fails), cmocka_unit_test(test_touched),
        cmocka_unit_test(test_rotten),         cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
