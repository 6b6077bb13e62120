/*
 * Calls to the system that fail, and memory that runs out, at every place in turn: the call says so with the right
 * code, the store stays in the one state or the other, in the same handle and in the next, and life goes on.
 */
#include "support/test.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "support/fault.h"
#include "support/folder.h"
#include "support/store_place.h"
#include "support/store_stages.h"
#include "support/store_vfs.h"

static echo_hash states[STORE_STAGES + 1];
static store_place before[STORE_STAGES + 1]; /* files in these states, to start from */

/* SQLite's memory comes from this program's malloc, so that one counter covers both. Each block knows its size. */
typedef union header {
    size_t size;
    max_align_t align;
} header;

static void *sqlite_malloc(int size) {
    header *h = malloc(sizeof *h + (size_t)size);
    if (h == NULL) return NULL;
    h->size = (size_t)size;
    return h + 1;
}
static void sqlite_free(void *p) {
    if (p != NULL) free((header *)p - 1);
}
static void *sqlite_realloc(void *p, int size) {
    if (p == NULL) return sqlite_malloc(size);
    header *h = realloc((header *)p - 1, sizeof *h + (size_t)size);
    if (h == NULL) return NULL;
    h->size = (size_t)size;
    return h + 1;
}
static int sqlite_size(void *p) { return p == NULL ? 0 : (int)((header *)p - 1)->size; }
static int sqlite_roundup(int size) { return (size + 7) & ~7; }
static int sqlite_start(void *p) {
    (void)p;
    return SQLITE_OK;
}
static void sqlite_stop(void *p) { (void)p; }

static void use_own_memory(void) {
    static const sqlite3_mem_methods methods = {sqlite_malloc,  sqlite_free,  sqlite_realloc, sqlite_size,
                                                sqlite_roundup, sqlite_start, sqlite_stop,    NULL};
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
}

static int prepare(void **state) {
    (void)state;
    store_stages_expect(states, false);
    for (unsigned i = 0; i <= STORE_STAGES; i++) {
        before[i] = store_place_new();
        if (i > 0) folder_copy(before[i - 1].folder, before[i].folder);
        if (i == 0) continue;
        echo_store store = store_place_open(&before[i], STORE_CREATE);
        assert_int_equal(store_stage(&store, i - 1, NULL), ECHO_OK);
        echo_store_close(&store);
    }
    return 0;
}

static int tidy(void **state) {
    (void)state;
    for (unsigned i = 0; i <= STORE_STAGES; i++) store_place_free(&before[i]);
    store_vfs_reset();
    return 0;
}

/* Which state the store is in: i or i + 1. */
static unsigned which(const echo_store *store, unsigned i) {
    echo_hash now;
    echo_error err = ECHO_ERROR_INIT;
    if (store_stages_digest(store, &now, &err) != ECHO_OK) fail_msg("stage %u: %s", i, err.message);
    if (echo__hash_equal(&now, &states[i])) return i;
    assert_true(i < STORE_STAGES);
    assert_memory_equal(&now, &states[i + 1], sizeof now);
    return i + 1;
}

/* Runs a stage to its end, or tells that it is there. */
static void finish(const echo_store *store, unsigned i) {
    if (which(store, i) == i) {
        echo_error err = ECHO_ERROR_INIT;
        if (store_stage(store, i, &err) != ECHO_OK) fail_msg("stage %u: %s", i, err.message);
        assert_int_equal(which(store, i), i + 1);
    }
}

/* Opening, a look at everything, a stage, a look at everything. */
static echo_status attempt(const store_place *place, unsigned i, echo_store *store, echo_error *err) {
    echo_hash digest;
    echo_status status = store_place_try(place, STORE_CREATE, store, err);
    if (status == ECHO_OK) status = store_stages_digest(store, &digest, err);
    if (status == ECHO_OK) assert_memory_equal(&digest, &states[i], sizeof digest);
    if (status == ECHO_OK) status = store_stage(store, i, err);
    if (status == ECHO_OK) status = store_stages_digest(store, &digest, err);
    if (status == ECHO_OK) assert_memory_equal(&digest, &states[i + 1], sizeof digest);
    return status;
}

/* After a failure: in the same handle, if it opened, and in a new one. */
static void recover(const store_place *place, unsigned i, echo_store *store) {
    if (store->ops != NULL) finish(store, i);
    echo_store_close(store);
    echo_store again = store_place_open(place, STORE_CREATE);
    finish(&again, i);
    echo_store_close(&again);
    assert_int_equal(
        store_place_sql(place, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

/* ---- the system ---- */

typedef struct kind {
    store_vfs_kind kind;
    int code;
    echo_status status;
    const char *text; /* to be found in the message */
} kind;

static const kind kinds[] = {
    {STORE_VFS_OPEN, SQLITE_CANTOPEN, ECHO_ERR_IO, NULL},
    {STORE_VFS_READ, SQLITE_IOERR_READ, ECHO_ERR_IO, NULL},
    {STORE_VFS_WRITE, SQLITE_IOERR_WRITE, ECHO_ERR_IO, NULL},
    {STORE_VFS_WRITE, SQLITE_FULL, ECHO_ERR_IO, "disk full"},
    {STORE_VFS_SYNC, SQLITE_IOERR_FSYNC, ECHO_ERR_IO, NULL},
    {STORE_VFS_SYNC, SQLITE_FULL, ECHO_ERR_IO, "disk full"},
    {STORE_VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE, ECHO_ERR_IO, NULL},
    {STORE_VFS_DELETE, SQLITE_IOERR_DELETE, ECHO_ERR_IO, NULL},
    {STORE_VFS_SHM, SQLITE_IOERR_SHMMAP, ECHO_ERR_IO, NULL},
    {STORE_VFS_LOCK, SQLITE_IOERR_LOCK, ECHO_ERR_IO, NULL},
    {STORE_VFS_LOCK, SQLITE_BUSY, ECHO_ERR_BUSY, NULL},
    {STORE_VFS_WRITE, SQLITE_IOERR_NOMEM, ECHO_ERR_NOMEM, NULL},
    {STORE_VFS_SHM, SQLITE_NOMEM, ECHO_ERR_NOMEM, NULL},
};

static bool fail_once(const kind *k, uint64_t nth, bool stay, unsigned i, unsigned *failures) {
    store_place place = store_place_new();
    echo_store store = {NULL, NULL};
    echo_error err = ECHO_ERROR_INIT;
    folder_copy(before[i].folder, place.folder);
    store_vfs_fail(k->kind, nth, k->code, stay);
    echo_status status = attempt(&place, i, &store, &err);
    bool hit = store_vfs_failed();
    if (status != ECHO_OK) {
        assert_true(hit);
        (*failures)++;
        if (status != k->status || err.code != status || (k->text != NULL && strstr(err.message, k->text) == NULL))
            fail_msg("kind %d, code %d, stage %u, call %u: %s: %s", (int)k->kind, k->code, i, (unsigned)nth,
                     echo_status_name(status), err.message);
    }
    store_vfs_fail(k->kind, 0, SQLITE_OK, false);
    recover(&place, i, &store);
    store_vfs_reset();
    store_place_free(&place);
    return hit;
}

static void test_system(void **state) {
    (void)state;
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        unsigned failures = 0, tries = 0;
        for (unsigned stay = 0; stay < 2; stay++)
            for (unsigned i = 0; i < STORE_STAGES; i++)
                for (uint64_t nth = 1; fail_once(&kinds[k], nth, stay != 0, i, &failures); nth++) tries++;
        print_message("kind %u: %u calls failed, %u were noticed\n", k, tries, failures);
    }
}

/* The same while the store is closed: nothing can be told then, and nothing may be lost. */
static void test_close(void **state) {
    (void)state;
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (uint64_t nth = 1;; nth++) {
            store_place place = store_place_new();
            echo_store store = {NULL, NULL};
            folder_copy(before[1].folder, place.folder);
            assert_int_equal(attempt(&place, 1, &store, NULL), ECHO_OK);
            store_vfs_fail(kinds[k].kind, nth, kinds[k].code, true);
            echo_store_close(&store);
            bool hit = store_vfs_failed();
            store_vfs_reset();
            store = store_place_open(&place, STORE_EXISTING);
            assert_int_equal(which(&store, 2), 2);
            echo_store_close(&store);
            store_place_free(&place);
            if (!hit) break;
        }
    }
}

/* ---- memory ---- */

typedef echo_status (*starve_fn)(const store_place *, unsigned, echo_store *, echo_error *);

/* One try with the nth allocation failing, and with `stay` all that follow; false when fewer were made. */
static bool starve_at(const store_place *place, long nth, bool stay, unsigned i, echo_store *store, starve_fn body,
                      unsigned *failures) {
    echo_error err = ECHO_ERROR_INIT;
    if (stay)
        fault_from(nth);
    else
        fault_at(nth);
    echo_status status = body(place, i, store, &err);
    bool hit = fault_off();
    if (status != ECHO_OK) {
        (*failures)++;
        if (status != ECHO_ERR_NOMEM || err.code != status)
            fail_msg("stage %u, allocation %ld: %s", i, nth, err.message);
    }
    return hit;
}

/* The same in new files, and what follows. */
static bool starve(long nth, bool stay, unsigned i, starve_fn body, unsigned *failures) {
    store_place place = store_place_new();
    echo_store store = {NULL, NULL};
    folder_copy(before[i].folder, place.folder);
    bool hit = starve_at(&place, nth, stay, i, &store, body, failures);
    recover(&place, i, &store);
    store_vfs_reset();
    store_place_free(&place);
    return hit;
}

/* A life in which much resembles: some of its allocations. */
static void test_memory(void **state) {
    (void)state;
    unsigned failures = 0;
    for (unsigned i = 0; i < STORE_STAGES; i++)
        for (long nth = 1 + i; starve(nth, nth % 2 == 0, i, attempt, &failures);) nth += 13;
    print_message("%u allocations failed\n", failures);
}

/* Opening, and the least that can be done: every allocation. */
static echo_status little(const store_place *place, unsigned i, echo_store *store, echo_error *err) {
    echo_hash name = {{(uint8_t)i}};
    bool there;
    echo_status status = store_place_try(place, STORE_CREATE, store, err);
    if (status == ECHO_OK) status = store->ops->has(&there, store->ctx, &name, err);
    if (status == ECHO_OK) status = store->ops->put(NULL, store->ctx, &name, &(echo_bytes){NULL, 0}, 1, err);
    if (store->ops != NULL) {
        echo_status undone = store->ops->rollback(store->ctx, err);
        if (status == ECHO_OK) status = undone;
    }
    return status;
}

static void test_memory_opening(void **state) {
    (void)state;
    unsigned failures = 0;
    for (unsigned stay = 0; stay < 2; stay++)
        for (unsigned i = 0; i < 2; i++) /* a store to be made, and one that is there */
            for (long nth = 1; starve(nth, stay != 0, i, little, &failures); nth++) continue;
    print_message("%u allocations failed\n", failures);
}

/* The same for one who only reads. */
static echo_status look(const store_place *place, unsigned i, echo_store *store, echo_error *err) {
    echo_hash digest;
    echo_status status = store_place_try(place, STORE_READING, store, err);
    if (status == ECHO_OK) status = store_stages_digest(store, &digest, err);
    if (status == ECHO_OK) assert_memory_equal(&digest, &states[i], sizeof digest);
    if (status != ECHO_OK || store->ops != NULL) echo_store_close(store);
    return status;
}

/*
 * Reading changes nothing, so the next try may read the same files as long as no other file stands beside them. Each
 * try is followed by one that succeeds; every sixteenth goes through all of recover().
 *
 * A file that was written lately is opened anew at each call (see open_reading), which makes ten times as many
 * allocations, most of them those of the first openings again: of these, every thirteenth fails, or all with --long.
 */
static void test_memory_reading(void **state) {
    (void)state;
    bool whole = getenv("ECHO_TEST_LONG") != NULL;
    for (unsigned round = 0; round < 4; round++) {
        bool young = round / 2 != 0, stay = round % 2 != 0, hit = true;
        store_place place = {NULL, NULL};
        unsigned failures = 0, tries = 0;
        for (long nth = 1; hit; nth += !young || whole || nth < 700 ? 1 : 13) {
            if (place.folder == NULL) {
                place = store_place_new();
                folder_copy(before[1].folder, place.folder);
            }
            file_stamp(place.path, young ? -3600 : 3600);
            unsigned files = store_place_count(&place);
            echo_store store = {NULL, NULL};
            hit = starve_at(&place, nth, stay, 1, &store, look, &failures);
            file_stamp(place.path, 3600);
            if (++tries % 16 == 0)
                recover(&place, 1, &store);
            else
                assert_int_equal(look(&place, 1, &(echo_store){NULL, NULL}, NULL), ECHO_OK);
            store_vfs_reset();
            if (tries % 16 == 0 || store_place_count(&place) != files) store_place_free(&place);
        }
        store_place_free(&place);
        print_message("%s file: %u of %u tries failed\n", young ? "young" : "old", failures, tries);
        /* Until no allocation was left to fail; how many there are depends on SQLite: 341 with 3.46, 527 with 3.40. */
        assert_true(failures > 200 && failures > tries / 2);
    }
}

/* A store whose texts have to be converted before they can be compared, for which SQLite needs memory. */
static void test_memory_wide(void **state) {
    (void)state;
    store_place empty = before[0];
    unsigned failures = 0;
    before[0] = store_place_new();
    (void)store_place_sql(&before[0],
                          "PRAGMA encoding='UTF-16le'; PRAGMA application_id=0x4563686f; PRAGMA user_version=1;"
                          "CREATE TABLE chunks(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, data BLOB NOT NULL);"
                          "CREATE TABLE manifests(party BLOB NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, "
                          "PRIMARY KEY(party, number)) WITHOUT ROWID");
    for (unsigned stay = 0; stay < 2; stay++)
        for (long nth = 1; starve(nth, stay != 0, 0, little, &failures); nth++) continue;
    store_place_free(&before[0]);
    before[0] = empty;
    print_message("%u allocations failed\n", failures);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system),         cmocka_unit_test(test_close),
        cmocka_unit_test(test_memory),         cmocka_unit_test(test_memory_opening),
        cmocka_unit_test(test_memory_reading), cmocka_unit_test(test_memory_wide),
    };
    use_own_memory();
    store_vfs_install();
    return cmocka_run_group_tests_name("faults", tests, prepare, tidy);
}
