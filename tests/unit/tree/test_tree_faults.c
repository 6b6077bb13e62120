/* Every allocation of every operation fails once: ECHO_ERR_NOMEM, nothing leaked, nothing handed out, and the next try
 * goes well.
 */
#include "unit/tree/tree_support.h"

#include "support/fault.h"

typedef struct fixture {
    test_store *store;
    echo__chunks *chunks;
    test_model model;
    echo__root root, other;
    echo__change changes[40];
    char ids[40][32];
    echo__buf lines[40];
} fixture;

/* Anything that may run out of memory; the result is written to `out`, which is compared. */
typedef echo_status (*operation)(fixture *f, echo__root *out, echo_error *err);

static echo_status add_up(void *arg, echo__line line) {
    echo__root *out = arg;
    out->items++;
    out->bytes += line.text.len;
    return ECHO_OK;
}

static echo_status op_chunks(fixture *f, echo__root *out, echo_error *err) {
    (void)out;
    echo__chunks *chunks;
    echo_status status = echo__chunks_new(&chunks, &f->store->store);
    assert_int_equal(chunks == NULL, status != ECHO_OK);
    const echo__chunk *chunk = NULL;
    if (status == ECHO_OK)
        status = echo__chunks_get(&chunk, chunks, &f->root.hash, err);
    else
        (void)echo__nomem(err); /* new has no err */
    if (chunks != NULL) echo__chunks_release(chunks, chunk);
    echo__chunks_free(chunks);
    return status;
}

static echo_status op_get(fixture *f, echo__root *out, echo_error *err) {
    return echo__tree_get(f->chunks, &f->root, text("item/001234"), add_up, out, err);
}

static echo_status op_cursor(fixture *f, echo__root *out, echo_error *err) {
    echo__cursor *cursor;
    echo_status status = echo__cursor_open(&cursor, f->chunks, &f->root, text("item/001800"), err);
    if (status != ECHO_OK) {
        assert_null(cursor);
        return status;
    }
    echo__line line;
    while ((status = echo__cursor_next(&line, cursor, err)) == ECHO_OK) (void)add_up(out, line);
    echo__cursor_close(cursor);
    return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
}

static echo_status op_update(fixture *f, echo__root *out, echo_error *err) {
    return echo__tree_update(out, f->chunks, &f->root, f->changes, 40, err);
}

static echo_status op_build(fixture *f, echo__root *out, echo_error *err) {
    static const echo__root empty;
    return echo__tree_update(out, f->chunks, &empty, f->changes, 40, err);
}

static echo_status op_parts(fixture *f, echo__root *out, echo_error *err) {
    echo__update *u;
    echo_status status = echo__update_new(&u, f->chunks, &f->root);
    if (status != ECHO_OK) {
        assert_null(u);
        return echo__error(err, status, "no update");
    }
    for (size_t i = 0; status == ECHO_OK && i < 40; i += 10) status = echo__update_add(u, f->changes + i, 10, err);
    if (status == ECHO_OK)
        status = echo__update_finish(out, u, err);
    else
        assert_status(echo__update_finish(out, u, NULL), status);
    echo__update_free(u);
    return status;
}

static echo_status count_one(void *arg, echo_bytes id, echo__line a, echo__line b) {
    (void)id;
    echo__root *out = arg;
    out->items++;
    out->bytes += a.text.len + b.text.len;
    return ECHO_OK;
}

static echo_status op_diff(fixture *f, echo__root *out, echo_error *err) {
    return echo__tree_diff(f->chunks, &f->root, f->chunks, &f->other, count_one, out, err);
}

static echo_status op_verify(fixture *f, echo__root *out, echo_error *err) {
    echo_hash bad = {{0}};
    echo_status status = echo__tree_verify(f->chunks, &f->other, &bad, err);
    out->hash = bad; /* nothing is blamed */
    return status;
}

static echo_status count_name(void *arg, const echo_hash *name) {
    (void)name;
    ((echo__root *)arg)->items++;
    return ECHO_OK;
}

static echo_status op_reach(fixture *f, echo__root *out, echo_error *err) {
    return echo__tree_reach(f->chunks, &f->other, count_name, out, err);
}

static void set_up(fixture *f) {
    memset(f, 0, sizeof *f);
    f->store = test_store_new();
    f->chunks = test_chunks(f->store);
    model_fill(&f->model, 2000);
    f->root = build(f->chunks, &f->model);
    for (size_t i = 0; i < 40; i++) {
        (void)snprintf(f->ids[i], sizeof f->ids[i], "item/%06zu%s", i * 50, i % 3 == 0 ? "\x01" : "");
        f->changes[i].id = text(f->ids[i]);
        make_line(&f->lines[i], f->changes[i].id, 5, 100);
        if (i % 5 > 0) f->changes[i].line = echo__buf_bytes(&f->lines[i]);
    }
    assert_ok(echo__tree_update(&f->other, f->chunks, &f->root, f->changes, 40, NULL));
    test_model small = {NULL, 0, 0}; /* for what looks at each record: a tree with escapes, a blob and a segment */
    for (size_t i = 0; i < 40; i++)
        if (f->changes[i].line.data != NULL) model_set(&small, f->changes[i].id, f->changes[i].line);
    echo__record r;
    memset(&r, 0, sizeof r);
    r.id = text("item/0\n");
    echo__buf payload = ECHO__BUF_INIT, log = ECHO__BUF_INIT;
    echo_hash segment = test_store_add(f->store, text("segment\n"));
    echo__buf_text(&log, "{\"n\":64,\"sealed\":[\"");
    echo__buf_hex(&log, segment.bytes, 32);
    echo__buf_text(&log, "\"],\"tail\":[[\"");
    while (log.len < 5000) echo__buf_byte(&log, 'z');
    echo__buf_text(&log, "\"]]}");
    r.log = echo__buf_bytes(&log);
    r.bytes = text("AAAA");
    echo__record_write_payload(&payload, &r);
    r.has_blob = true;
    r.blob = test_store_add(f->store, echo__buf_bytes(&payload));
    echo__buf_clear(&payload);
    echo__record_write(&payload, &r);
    model_set(&small, r.id, echo__buf_bytes(&payload));
    f->other = build(f->chunks, &small);
    model_free(&small);
    echo__buf_free(&payload);
    echo__buf_free(&log);
}

static void tear_down(fixture *f) {
    for (size_t i = 0; i < 40; i++) echo__buf_free(&f->lines[i]);
    model_free(&f->model);
    echo__chunks_free(f->chunks);
    test_store_free(f->store);
}

static const operation operations[] = {op_chunks, op_get,  op_cursor, op_update, op_build,
                                       op_parts,  op_diff, op_verify, op_reach};

static void test_allocations(void **state) {
    (void)state;
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        echo__root expected = {{{0}}, 0, 0, 0};
        echo_error err = ECHO_ERROR_INIT;
        if (operations[i](&f, &expected, &err) != ECHO_OK) fail_msg("operation %zu: %s", i, err.message);
        echo__chunks_free(f.chunks);
        long nth = 1;
        for (bool failed = true; failed; nth++) {
            long before = fault_blocks();
            f.chunks = test_chunks(f.store);
            echo__root out = {{{0}}, 0, 0, 0};
            echo__error_clear(&err);
            fault_at(nth);
            echo_status status = operations[i](&f, &out, &err);
            failed = fault_off();
            echo__chunks_free(f.chunks);
            assert_int_equal(fault_blocks(), before);
            if (!failed) {
                assert_ok(status);
                assert_root_equal(&out, &expected);
                continue;
            }
            if (status != ECHO_ERR_NOMEM)
                fail_msg("operation %zu, allocation %ld: %s", i, nth, echo_status_name(status));
            assert_int_equal(err.code, ECHO_ERR_NOMEM);
            static const echo_hash none;
            assert_memory_equal(&out.hash, &none, sizeof none);
        }
        f.chunks = test_chunks(f.store);
        assert_in_range(nth, 3, 100000);
    }
    tear_down(&f);
}

/* A store that fails: its code comes back (P11), nothing leaks. */
static void test_store_failures(void **state) {
    (void)state;
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        for (long nth = 1;; nth++) {
            echo__chunks_free(f.chunks);
            f.chunks = test_chunks(f.store);
            f.store->fail_in = nth;
            f.store->fail_with = ECHO_ERR_IO;
            echo__root out = {{{0}}, 0, 0, 0};
            echo_error err = ECHO_ERROR_INIT;
            echo_status status = operations[i](&f, &out, &err);
            if (f.store->fail_in > 0) {
                f.store->fail_in = 0;
                assert_ok(status);
                break;
            }
            assert_status(status, ECHO_ERR_IO);
            assert_string_equal(err.message, "the store was told to fail");
            static const echo_hash none;
            assert_memory_equal(&out.hash, &none, sizeof none);
        }
    }
    tear_down(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_allocations), cmocka_unit_test(test_store_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
