/*
 * Files that somebody made up: what is read of them has a bound that does not depend on what they say of themselves.
 */
#include "support/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/folder.h"
#include "support/store_contract.h"
#include "support/store_place.h"

#define OK(call) assert_int_equal((call), ECHO_OK)
#define ROWS 5u
#define CALLS_MAX 1000u
#define PARTY_1 "x'0101010101010101010101010101010101010101010101010101010101010101'"

/* ---- indexes that are not sorted ---- */

static uint32_t root_page(const store_place *place, const char *name, uint32_t *page_size) {
    sqlite3 *db;
    sqlite3_stmt *select;
    assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = ?1", -1,
                           &select, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(select, 1, name, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(select), SQLITE_ROW);
    uint32_t page = (uint32_t)sqlite3_column_int(select, 0);
    *page_size = (uint32_t)sqlite3_column_int(select, 1);
    (void)sqlite3_finalize(select);
    (void)sqlite3_close(db);
    return page;
}

/* Cell i of the index, which is one leaf, becomes the one that was cell order[i]. */
static void arrange(const store_place *place, const char *name, const unsigned *order, unsigned n) {
    uint32_t page_size, page = root_page(place, name, &page_size);
    size_t len;
    uint8_t *file = file_read(place->path, &len), *at = file + (size_t)(page - 1) * page_size, pointers[2 * 512];
    assert_true(n <= 512 && at + page_size <= file + len && at[0] == 10);
    assert_int_equal(at[3] << 8 | at[4], n);
    memcpy(pointers, at + 8, 2 * n);
    for (unsigned i = 0; i < n; i++) memcpy(at + 8 + 2 * i, pointers + 2 * order[i], 2);
    file_write(place->path, file, len);
    free(file);
}

static echo_status count_manifest(void *arg, uint64_t number, echo_bytes text) {
    unsigned *calls = arg;
    (void)number;
    (void)text;
    return ++*calls < CALLS_MAX ? ECHO_OK : ECHO_ERR_LIMIT;
}

static echo_status count_party(void *arg, const echo_key *party) {
    (void)party;
    return ++*(unsigned *)arg < CALLS_MAX ? ECHO_OK : ECHO_ERR_LIMIT;
}

static echo_status count_chunk(void *arg, const echo_hash *name, uint64_t size) {
    (void)name;
    (void)size;
    return ++*(unsigned *)arg < CALLS_MAX ? ECHO_OK : ECHO_ERR_LIMIT;
}

/* A walk over an index in any order ends, well or as damaged. */
static void expect_end(const store_place *place, unsigned rows) {
    echo_store store = store_place_open(place, STORE_READING);
    echo_key party = store_party(1);
    for (unsigned what = 0; what < 3; what++) {
        unsigned calls = 0;
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = what == 0   ? store.ops->list(store.ctx, &party, count_manifest, &calls, &err)
                             : what == 1 ? store.ops->parties(store.ctx, count_party, &calls, &err)
                                         : store.ops->walk(store.ctx, count_chunk, &calls, &err);
        if (status != ECHO_ERR_CORRUPT) assert_int_equal(status, ECHO_OK);
        assert_true(calls <= rows);
    }
    echo_store_close(&store);
}

static bool next_order(unsigned *order, unsigned n) {
    unsigned i = n - 1, k = n - 1;
    while (i > 0 && order[i - 1] >= order[i]) i--;
    if (i == 0) return false;
    while (order[k] <= order[i - 1]) k--;
    unsigned held = order[i - 1];
    order[i - 1] = order[k];
    order[k] = held;
    for (k = n - 1; i < k; i++, k--) {
        held = order[i];
        order[i] = order[k];
        order[k] = held;
    }
    return true;
}

static void publish_rows(const store_place *place, bool parties) {
    echo_store store = store_place_open(place, STORE_CREATE);
    for (unsigned i = 0; i < ROWS; i++) {
        echo_key party = store_party((uint8_t)(parties ? i + 1 : 1));
        OK(store.ops->publish(store.ctx, &party, parties ? 0 : i, (echo_bytes){(const uint8_t *)"text", 4}, NULL));
    }
    echo_store_close(&store);
}

static void test_manifests_in_any_order(void **state) {
    (void)state;
    for (unsigned parties = 0; parties < 2; parties++) {
        unsigned order[ROWS] = {0, 1, 2, 3, 4}, orders = 0;
        do {
            store_place place = store_place_new();
            publish_rows(&place, parties == 1);
            arrange(&place, "manifests", order, ROWS);
            expect_end(&place, ROWS);
            store_place_free(&place);
            orders++;
        } while (next_order(order, ROWS));
        assert_int_equal(orders, 120);
    }
}

/* Names are read 256 at a time. The smallest one stands at the end of the first 256. */
static void test_chunks_out_of_order(void **state) {
    (void)state;
    enum { CHUNKS = 400 };
    unsigned order[CHUNKS], calls = 0;
    echo_error err = ECHO_ERROR_INIT;
    store_place place = store_place_new();
    publish_rows(&place, false);
    char sql[200];
    for (unsigned i = 0; i < CHUNKS; i++) {
        (void)snprintf(sql, sizeof sql, "INSERT INTO chunks(hash, data) VALUES(x'%064x', x'00')", 16 * i + 1);
        (void)store_place_sql(&place, sql);
    }
    for (unsigned i = 0; i < CHUNKS; i++) order[i] = i < 255 ? i + 1 : i == 255 ? 0 : i;
    arrange(&place, "sqlite_autoindex_chunks_1", order, CHUNKS);
    echo_store store = store_place_open(&place, STORE_READING);
    assert_int_equal(store.ops->walk(store.ctx, count_chunk, &calls, &err), ECHO_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "not sorted"));
    echo_store_close(&store);
    store_place_free(&place);
}

/* ---- long rows ---- */

typedef struct lengths {
    size_t count, list[8];
} lengths;

static echo_status note_length(void *arg, uint64_t number, echo_bytes text) {
    lengths *l = arg;
    assert_int_equal(number, 8 - l->count);
    assert_int_equal(text.data == NULL, number > 6); /* these are too long */
    l->list[l->count++] = text.len;
    return ECHO_OK;
}

/* Manifests that are too long are listed without bytes. SQLite looks at one row at a time, and keeps none. */
static void test_long_manifests(void **state) {
    (void)state;
    store_place place = store_place_new();
    publish_rows(&place, false);
    (void)store_place_sql(&place,
                          "INSERT INTO manifests(party, number, data) VALUES(" PARTY_1 ", 6, zeroblob(16777216)), "
                          "(" PARTY_1 ", 7, zeroblob(16777217)), (" PARTY_1 ", 8, zeroblob(30000000))");
    echo_store store = store_place_open(&place, STORE_EXISTING);
    echo_key party = store_party(1);
    lengths l = {.count = 0};
    (void)sqlite3_memory_highwater(1);
    OK(store.ops->list(store.ctx, &party, note_length, &l, NULL));
    assert_true(sqlite3_memory_highwater(0) < (50 << 20));
    assert_int_equal(l.count, 8);
    assert_true(l.list[0] == 0 && l.list[1] == 0 && l.list[2] == 16777216 && l.list[3] == 4);
    OK(store.ops->remove_chunks(store.ctx, NULL, 0, NULL)); /* what is newest counts as seen */
    echo_store_close(&store);
    store_place_free(&place);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifests_in_any_order),
        cmocka_unit_test(test_chunks_out_of_order),
        cmocka_unit_test(test_long_manifests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
