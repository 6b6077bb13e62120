/*
 * A store that nobody writes to is opened, read and closed without log files and locks, also by a handle that may
 * write; what others write is noticed in time, in the middle of a call too, and nothing of it shows to the caller.
 */
#include "support/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/fault.h"
#include "support/folder.h"
#include "support/store_contract.h"
#include "support/store_place.h"
#include "support/store_stages.h"
#include "support/store_vfs.h"

#define OK(call) assert_int_equal((call), ECHO_OK)

static echo_hash states[STORE_STAGES + 1];

/* ---- in the middle of a call ---- */

static struct {
    store_place *place;
    unsigned at;    /* which step from now on; 0: none */
    unsigned stage; /* that another handle does then */
    bool stays;     /* it stays open, with a log */
    echo_store writer;
} interruption;

static void interrupt(void) {
    echo_store_sqlite_options options = ECHO_STORE_SQLITE_OPTIONS_INIT;
    interruption.at = 0;
    if (interruption.writer.ops == NULL)
        OK(echo_store_open_sqlite(&interruption.writer, interruption.place->path, &options, NULL));
    OK(store_stage(&interruption.writer, interruption.stage, NULL));
    if (!interruption.stays) echo_store_close(&interruption.writer);
}

/* Stands before SQLite's. */
int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement) {
    int rc = __real_sqlite3_step(statement);
    if (interruption.at > 0 && --interruption.at == 0) interrupt();
    return rc;
}

/* ---- places ---- */

static store_place place_in_state(unsigned i, long seconds_ago) {
    store_place place = store_place_new();
    echo_store store = store_place_open(&place, STORE_CREATE);
    for (unsigned at = 0; at < i; at++) OK(store_stage(&store, at, NULL));
    echo_store_close(&store);
    file_stamp(place.path, seconds_ago);
    return place;
}

static void assert_state(const echo_store *store, unsigned i) {
    echo_hash now;
    echo_error err = ECHO_ERROR_INIT;
    if (store_stages_digest(store, &now, &err) != ECHO_OK) fail_msg("%s", err.message);
    assert_int_equal(err.code, ECHO_OK);
    assert_memory_equal(&now, &states[i], sizeof now);
}

/* ---- what it costs ---- */

static void test_no_log_files(void **arg) {
    (void)arg;
    store_vfs_install();
    for (int young = 0; young < 2; young++) {
        store_place place = place_in_state(4, young ? 0 : 3600);
        for (store_how how = STORE_CREATE; how <= STORE_EXISTING; how++) {
            store_vfs_reset();
            echo_store store = store_place_open(&place, how), twin;
            assert_state(&store, 4);
            assert_int_equal(store_place_count(&place), young ? 3 : 1);
            OK(store.ops->reopen(&twin, store.ctx, NULL));
            assert_state(&twin, 4);
            echo_store_close(&twin);
            OK(store.ops->rollback(store.ctx, NULL));
            echo_store_close(&store);
            store_vfs_counts counts = store_vfs_count();
            assert_int_equal(counts.calls[STORE_VFS_WRITE], 0);
            if (young) {
                assert_true(counts.calls[STORE_VFS_SHM] > 0 && counts.calls[STORE_VFS_LOCK] > 0);
                file_stamp(place.path, 0);
                continue;
            }
            assert_int_equal(counts.calls[STORE_VFS_OPEN], 2);
            assert_int_equal(counts.calls[STORE_VFS_DELETE], 0);
            assert_int_equal(counts.calls[STORE_VFS_SHM], 0);
            assert_int_equal(counts.calls[STORE_VFS_LOCK], 0);
        }
        store_place_free(&place);
    }
    store_vfs_remove();
}

/* ---- writing ---- */

static echo_status take_number(void *arg, uint64_t number, echo_bytes manifest) {
    (void)manifest;
    *(uint64_t *)arg = number;
    return ECHO_ERR_GAP; /* the newest is enough */
}

static uint64_t newest(const echo_store *store) {
    echo_key party = store_party(1);
    uint64_t number = 0;
    assert_int_equal(store->ops->list(store->ctx, &party, take_number, &number, NULL), ECHO_ERR_GAP);
    return number;
}

/* The first write goes over to locks, whichever it is; other handles see what it did. */
static void test_first_write(void **arg) {
    (void)arg;
    echo_key party = store_party(1);
    for (unsigned kind = 0; kind < 5; kind++) {
        store_place place = place_in_state(5, 3600);
        echo_store store = store_place_open(&place, STORE_EXISTING), other = store_place_open(&place, STORE_EXISTING);
        echo_hash name = {{0}};
        assert_state(&store, 5);
        assert_state(&other, 5);
        assert_int_equal(store_place_count(&place), 1);
        if (kind == 0) OK(store_stage(&store, 5, NULL));
        if (kind == 1) OK(store_put_made(&store, 900, 10, NULL, NULL));
        if (kind == 2) OK(store.ops->pin(store.ctx, &party, newest(&store), true, NULL));
        if (kind == 3) OK(store.ops->remove(store.ctx, &party, newest(&store), NULL));
        if (kind == 4) (void)!store.ops->remove_chunks(store.ctx, &name, 1, NULL);
        assert_int_equal(store_place_count(&place), 3);
        if (kind == 0) assert_state(&other, 6);
        if (kind == 1) store_assert_absent(&other, 900, 10); /* pending */
        if (kind == 1) store_assert_made(&store, 900, 10);
        if (kind == 1) assert_int_equal(store_put_made(&other, 901, 10, NULL, NULL), ECHO_ERR_BUSY);
        if (kind == 1) OK(store.ops->rollback(store.ctx, NULL));
        if (kind == 1) assert_state(&other, 5);
        echo_store_close(&store);
        if (kind == 0) OK(store_stage(&other, 6, NULL));
        if (kind == 0) assert_state(&other, 7);
        echo_store_close(&other);
        assert_int_equal(store_place_count(&place), 1);
        store_place_free(&place);
    }
}

/* ---- overtaken ---- */

static void test_between_calls(void **arg) {
    (void)arg;
    for (int stays = 0; stays < 2; stays++) {
        store_place place = place_in_state(2, 3600);
        echo_store store = store_place_open(&place, STORE_EXISTING), writer = ECHO_STORE_INIT;
        for (unsigned i = 2; i < STORE_STAGES; i++) {
            assert_state(&store, i);
            if (writer.ops == NULL) writer = store_place_open(&place, STORE_EXISTING);
            OK(store_stage(&writer, i, NULL));
            if (!stays) echo_store_close(&writer);
        }
        assert_state(&store, STORE_STAGES);
        echo_store_close(&writer);
        echo_store_close(&store);
        store_place_free(&place);
    }
}

/* What a call tells of the store: "not there", or what it handed out. */
typedef struct told {
    char text[4096];
    size_t len;
} told;

static void tell(told *t, const void *data, size_t len) {
    for (size_t i = 0; i < len; i++)
        t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%02x", ((const uint8_t *)data)[i]);
    t->text[t->len++] = ' ';
    assert_true(t->len + 2048 < sizeof t->text);
}

static echo_status tell_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    tell(arg, &number, sizeof number);
    tell(arg, manifest.data, manifest.len < 100 ? manifest.len : 100);
    return ECHO_ERR_GAP; /* the newest alone: the others are other calls */
}

static echo_status tell_party(void *arg, const echo_key *party) {
    tell(arg, party->bytes, 2);
    return ECHO_ERR_GAP;
}

static echo_status tell_chunk(void *arg, echo_bytes bytes) {
    tell(arg, bytes.data, bytes.len);
    return ECHO_OK;
}

static echo_status count_name(void *arg, const echo_hash *name, uint64_t size) {
    (void)size;
    tell(arg, name->bytes, 4);
    return ECHO_OK;
}

enum { CALLS = 7 };

/* `common` is a chunk that is there before and after; all calls but the last are of one moment. */
static void call(told *t, const echo_store *store, unsigned which, const store_chunk *common, echo_error *err) {
    const echo_store_ops *ops = store->ops;
    echo_key party = store_party(1);
    bool yes = false;
    uint64_t bytes = 0;
    echo_status status = ECHO_OK;
    memset(t, 0, sizeof *t);
    if (which == 0) status = ops->get(store->ctx, &common->name, tell_chunk, t, err);
    if (which == 1) status = ops->has(&yes, store->ctx, &common->name, err);
    if (which == 2) status = ops->list(store->ctx, &party, tell_manifest, t, err);
    if (which == 3) status = ops->parties(store->ctx, tell_party, t, err);
    if (which == 4) status = ops->pinned(&yes, store->ctx, &party, 1, err);
    if (which == 5) status = ops->walk_from(store->ctx, NULL, count_name, t, err);
    if (which == 6) status = ops->usage(&bytes, store->ctx, err);
    if (status != ECHO_OK && status != ECHO_ERR_GAP) fail_msg("call %u: %s", which, err->message);
    tell(t, &yes, sizeof yes);
}

/* At each step of each call somebody publishes: what is told is of the moment before or after. */
static void test_in_the_middle(void **arg) {
    (void)arg;
    store_chunk common = store_chunk_make(700, 500);
    unsigned interrupted = 0, changed = 0;
    for (unsigned which = 0; which < CALLS; which++)
        for (unsigned at = 1; at < 3 * 2; at++) {
            store_place place = store_place_new();
            echo_store store = store_place_open(&place, STORE_CREATE);
            told before, meanwhile, after;
            echo_error err = ECHO_ERROR_INIT;
            OK(store_put_made(&store, 700, 500, NULL, NULL));
            OK(store.ops->flush(store.ctx, NULL));
            for (unsigned i = 0; i < 4; i++) OK(store_stage(&store, i, NULL));
            call(&before, &store, which, &common, &err);
            echo_store_close(&store);
            file_stamp(place.path, 3600);
            store = store_place_open(&place, STORE_EXISTING);
            interruption.place = &place;
            interruption.stage = 4;
            interruption.stays = at % 2 == 0;
            interruption.at = (at + 1) / 2;
            call(&meanwhile, &store, which, &common, &err);
            assert_int_equal(err.code, ECHO_OK); /* it did not show */
            interrupted += interruption.at == 0;
            interruption.at = 0;
            call(&after, &store, which, &common, &err);
            bool is_before = strcmp(meanwhile.text, before.text) == 0;
            if (!is_before) assert_string_equal(meanwhile.text, after.text);
            changed += !is_before;
            echo_store_close(&interruption.writer);
            echo_store_close(&store);
            store_place_free(&place);
        }
    store_chunk_free(&common);
    print_message("%u calls were interrupted, %u of them told what is new\n", interrupted, changed);
    assert_true(interrupted >= 2 * CALLS && changed >= 4);
}

/* One call is of one moment, and fn is called once, with the bytes of that moment. */
static echo_status count_call(void *arg, echo_bytes bytes) {
    ++*(unsigned *)arg;
    assert_int_equal(bytes.len, 700);
    return ECHO_ERR_BUSY; /* of fn's own: passed through */
}

static void test_callback_once(void **arg) {
    (void)arg;
    store_place place = store_place_new();
    echo_store store = store_place_open(&place, STORE_CREATE);
    store_chunk chunk = store_chunk_make(1, 700);
    unsigned calls = 0;
    OK(store_put_made(&store, 1, 700, NULL, NULL));
    OK(store.ops->flush(store.ctx, NULL));
    for (unsigned i = 0; i < 2; i++) OK(store_stage(&store, i, NULL));
    echo_store_close(&store);
    file_stamp(place.path, 3600);
    store = store_place_open(&place, STORE_EXISTING);
    interruption.place = &place;
    interruption.stage = 2;
    interruption.stays = false;
    interruption.at = 1;
    assert_int_equal(store.ops->get(store.ctx, &chunk.name, count_call, &calls, NULL), ECHO_ERR_BUSY);
    assert_int_equal(interruption.at, 0);
    assert_int_equal(calls, 1);
    echo_store_close(&store);
    store_chunk_free(&chunk);
    store_place_free(&place);
}

/* ---- another file in its place ---- */

static void test_replaced(void **arg) {
    (void)arg;
    for (int deleted = 0; deleted < 2; deleted++) {
        store_place place = place_in_state(2, 3600), other = place_in_state(5, 3600);
        echo_error err = ECHO_ERROR_INIT;
        echo_store store = store_place_open(&place, STORE_EXISTING);
        assert_state(&store, 2);
        if (deleted)
            assert_int_equal(unlink(place.path), 0);
        else
            assert_int_equal(rename(other.path, place.path), 0);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(store_stage(&store, 2, &err), ECHO_ERR_IO);
            assert_state(&store, 2); /* it stays with the file that it has */
        }
        echo_store_close(&store);
        if (!deleted) {
            store = store_place_open(&place, STORE_READING);
            assert_state(&store, 5);
            echo_store_close(&store);
        }
        assert_int_equal(store_place_count(&place), deleted ? 0 : 1);
        store_place_free(&place);
        store_place_free(&other);
    }
}

static void test_nomem(void **arg) {
    (void)arg;
    store_place place = place_in_state(3, 3600);
    for (long nth = 1;; nth++) {
        echo_store store = ECHO_STORE_INIT;
        echo_error err = ECHO_ERROR_INIT;
        echo_hash now;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = store_place_try(&place, STORE_EXISTING, &store, &err);
        if (status == ECHO_OK) status = store_stages_digest(&store, &now, &err);
        bool failed = fault_off();
        assert_true(status == ECHO_OK || (failed && status == ECHO_ERR_NOMEM && err.code == ECHO_ERR_NOMEM));
        if (status == ECHO_OK) assert_memory_equal(&now, &states[3], sizeof now);
        echo_store_close(&store);
        assert_true(fault_blocks() <= before); /* the digest's own memory is not counted when it is taken */
        if (!failed) break;
    }
    store_place_free(&place);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_log_files),  cmocka_unit_test(test_first_write),
        cmocka_unit_test(test_between_calls), cmocka_unit_test(test_in_the_middle),
        cmocka_unit_test(test_callback_once), cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_nomem),
    };
    store_stages_expect(states, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
