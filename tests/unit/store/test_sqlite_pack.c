/*
 * How a SQLite store packs chunks: what is in the rows, and rows that others wrote.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "support/store_contract.h"
#include "support/store_place.h"

#define OK(call) assert_int_equal((call), ECHO_OK)
#define LINES 100u

typedef struct expected {
    echo_bytes bytes;
    unsigned calls;
} expected;

static echo_status compare(void *arg, echo_bytes bytes) {
    expected *e = arg;
    assert_int_equal(bytes.len, e->bytes.len);
    assert_memory_equal(bytes.data, e->bytes.data, bytes.len);
    e->calls++;
    return ECHO_OK;
}

static void assert_chunk(const echo_store *store, const echo_hash *name, echo_bytes bytes) {
    expected e = {bytes, 0};
    OK(store->ops->get(store->ctx, name, compare, &e, NULL));
    assert_int_equal(e.calls, 1);
}

static echo_status refuse(void *arg, echo_bytes bytes) {
    (void)arg;
    (void)bytes;
    fail_msg("a damaged row was handed out");
    return ECHO_OK;
}

static echo_hash put_text(const echo_store *store, echo_bytes text, bool news) {
    echo_hash name;
    size_t written;
    echo__hash(&name, text.data, text.len);
    OK(store->ops->put(&written, store->ctx, &name, &text, 1, NULL));
    assert_int_equal(written, news);
    return name;
}

static void publish(const echo_store *store, uint64_t expected_number) {
    echo_key party = store_party(1);
    OK(store->ops->publish(store->ctx, &party, expected_number, echo__bytes("{}", 2), NULL));
}

static echo__buf lines(void) {
    echo__buf buf = ECHO__BUF_INIT;
    for (unsigned i = 0; i < LINES; i++) {
        echo__buf_text(&buf, "{\"id\":\"");
        echo__buf_u64(&buf, i * 7919u);
        echo__buf_text(&buf, "\",\"state\":{\"title\":\"one of many\"}}\n");
    }
    assert_int_equal(buf.status, ECHO_OK);
    return buf;
}

/* Lines take a fraction of their bytes, and `stored` tells how much; what does not shrink, or is short, is kept as it
 * is. */
static void test_packed(void **state) {
    (void)state;
    store_place place = store_place_new();
    echo_store store = store_place_open(&place, STORE_CREATE);
    echo__buf text = lines();
    echo_bytes bytes = echo__buf_bytes(&text);
    assert_int_equal(store.ops->stored(store.ctx), 0);
    echo_hash name = put_text(&store, bytes, true);
    uint64_t stored = store.ops->stored(store.ctx);
    assert_in_range(stored, 1, bytes.len / 3);
    (void)put_text(&store, bytes, false);
    assert_int_equal(store.ops->stored(store.ctx), stored);
    OK(store_put_made(&store, 1, 5000, NULL, NULL)); /* of random bytes */
    assert_int_equal(store.ops->stored(store.ctx), stored + 5000);
    (void)put_text(&store, echo__bytes("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 36), true);
    assert_int_equal(store.ops->stored(store.ctx), stored + 5036);
    publish(&store, 0);
    assert_chunk(&store, &name, bytes);
    store_assert_made(&store, 1, 5000);
    assert_int_equal(store_place_sql(&place, "SELECT sum(length(data)) FROM chunks"), (int64_t)stored + 5036);
    assert_int_equal(store_place_sql(&place, "SELECT count(*) FROM chunks WHERE substr(data, 1, 4) = x'28b52ffd'"), 1);
    echo_store_close(&store);
    echo__buf_free(&text);
    store_place_free(&place);
}

/* A chunk that begins as a frame does is packed, however short or dense: what a row holds has one meaning. */
static void test_looks_packed(void **state) {
    (void)state;
    store_place place = store_place_new();
    echo_store store = store_place_open(&place, STORE_CREATE);
    const echo_bytes magic = echo__bytes("\x28\xb5\x2f\xfd", 4), more = echo__bytes("\x28\xb5\x2f\xfd{\"id\"}", 10);
    echo_hash a = put_text(&store, magic, true), b = put_text(&store, more, true);
    publish(&store, 0);
    assert_chunk(&store, &a, magic);
    assert_chunk(&store, &b, more);
    assert_int_equal(store_place_sql(&place, "SELECT count(*) FROM chunks WHERE length(data) > 10"), 2);
    echo_store_close(&store);
    store_place_free(&place);
}

/* Rows that hold the bytes themselves are read and count as good. */
static void test_unpacked_rows(void **state) {
    (void)state;
    store_place place = store_place_new();
    echo_store store = store_place_open(&place, STORE_CREATE);
    publish(&store, 0);
    echo__buf text = lines(), sql = ECHO__BUF_INIT;
    echo_bytes bytes = echo__buf_bytes(&text);
    echo_hash name;
    echo__hash(&name, bytes.data, bytes.len);
    echo__buf_text(&sql, "INSERT INTO chunks(hash, data) VALUES(x'");
    echo__buf_hex(&sql, name.bytes, sizeof name.bytes);
    echo__buf_text(&sql, "', x'");
    echo__buf_hex(&sql, bytes.data, bytes.len);
    echo__buf_text(&sql, "')");
    echo__buf_byte(&sql, 0);
    (void)store_place_sql(&place, (const char *)sql.data);
    assert_chunk(&store, &name, bytes);
    (void)put_text(&store, bytes, false);
    OK(store.ops->rollback(store.ctx, NULL));
    echo_store_close(&store);
    echo__buf_free(&sql);
    echo__buf_free(&text);
    store_place_free(&place);
}

/* Damage in a frame, a frame that declares too much: told as what it is, and mended by the next put. */
static void test_damaged_rows(void **state) {
    (void)state;
    static const struct {
        const char *data;
        echo_status status;
    } rows[] = {{"substr(data, 1, length(data) - 3)", ECHO_ERR_CORRUPT},
                {"CAST(data || x'00' AS BLOB)", ECHO_ERR_CORRUPT},
                {"x'28b52ffd'", ECHO_ERR_CORRUPT},
                {"x'28b52ffde00000000000010000010000'", ECHO_ERR_LIMIT}};
    store_place place = store_place_new();
    echo__buf text = lines();
    echo_bytes bytes = echo__buf_bytes(&text);
    echo_hash name;
    echo_error err = ECHO_ERROR_INIT;
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sql[200];
        echo_store store = store_place_open(&place, STORE_CREATE);
        name = put_text(&store, bytes, i == 0); /* the one before was mended */
        publish(&store, number++);
        (void)snprintf(sql, sizeof sql, "UPDATE chunks SET data = %s", rows[i].data);
        (void)store_place_sql(&place, sql);
        assert_int_equal(store.ops->get(store.ctx, &name, refuse, NULL, &err), rows[i].status);
        assert_int_equal(err.code, rows[i].status);
        (void)put_text(&store, bytes, true);
        publish(&store, number++);
        assert_chunk(&store, &name, bytes);
        echo_store_close(&store);
    }
    echo__buf_free(&text);
    store_place_free(&place);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_packed), cmocka_unit_test(test_looks_packed),
                                       cmocka_unit_test(test_unpacked_rows), cmocka_unit_test(test_damaged_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
