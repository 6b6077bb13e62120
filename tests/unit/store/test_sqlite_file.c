/*
 * The file of a SQLite store: when it is made and when it is left alone, what is ours and what is not, damage, reading
 * only.
 */
#include "support/test.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/folder.h"
#include "support/random.h"
#include "support/store_child.h"
#include "support/store_contract.h"
#include "support/store_place.h"
#include "support/store_stages.h"
#include "support/store_vfs.h"

#define OK(call) assert_int_equal((call), ECHO_OK)
#define CHUNKS_SQL "CREATE TABLE chunks(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, data BLOB NOT NULL)"
#define MANIFESTS_SQL                                                                                                  \
    "CREATE TABLE manifests(party BLOB NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(party, "     \
    "number)) WITHOUT "                                                                                                \
    "ROWID"
#define PINS_SQL                                                                                                       \
    "CREATE TABLE pins(party BLOB NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(party, number)) WITHOUT ROWID"
#define OUR_ID "PRAGMA application_id=0x4563686f;"

static echo_hash states[STORE_STAGES + 1];

static int expect_states(void **state) {
    (void)state;
    store_stages_expect(states, false);
    return 0;
}

/* A store in its state i. */
static store_place place_in_state(unsigned i) {
    store_place place = store_place_new();
    echo_store store = store_place_open(&place, STORE_CREATE);
    for (unsigned at = 0; at < i; at++) OK(store_stage(&store, at, NULL));
    echo_store_close(&store);
    return place;
}

static void assert_state(const echo_store *store, unsigned i) {
    echo_hash now;
    echo_error err = ECHO_ERROR_INIT;
    if (store_stages_digest(store, &now, &err) != ECHO_OK) fail_msg("%s", err.message);
    assert_memory_equal(&now, &states[i], sizeof now);
}

/* Opening fails with this code in every way of opening, and leaves the folder as it was. */
static void assert_refused(const store_place *place, echo_status status) {
    char *before = folder_digest(place->folder);
    for (store_how how = STORE_CREATE; how <= STORE_READING; how++) {
        echo_store store;
        echo_error err = ECHO_ERROR_INIT;
        memset(&store, 7, sizeof store);
        echo_status got = store_place_try(place, how, &store, &err);
        if (got != status) fail_msg("%s: %s, not %s", err.message, echo_status_name(got), echo_status_name(status));
        assert_int_equal(err.code, status);
        assert_true(strlen(err.message) > 10);
        assert_null(store.ops);
        assert_null(store.ctx);
    }
    char *after = folder_digest(place->folder);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* ---- making it ---- */

static void test_made_by_first_write(void **state) {
    (void)state;
    store_place place = store_place_new();
    echo_store store, other = store_place_open(&place, STORE_CREATE);
    echo_error err = ECHO_ERROR_INIT, untouched = ECHO_ERROR_INIT;
    OK(store_place_try(&place, STORE_CREATE, &store, &err));
    assert_memory_equal(&err, &untouched, sizeof err);
    assert_state(&store, 0);
    OK(store.ops->rollback(store.ctx, NULL));
    OK(store.ops->put(NULL, store.ctx, NULL, NULL, 0, NULL));
    assert_int_equal(store_place_count(&place), 0);
    echo_key party = store_party(1);
    assert_int_equal(store.ops->remove(store.ctx, &party, 1, NULL), ECHO_ERR_NOT_FOUND);
    echo_hash name = {{0}};
    OK(store.ops->remove_chunks(store.ctx, &name, 1, NULL));
    assert_int_equal(store_place_count(&place), 0);

    OK(store_put_made(&store, 1, 10, NULL, NULL));
    assert_true(store_place_has(&place, ""));
    assert_state(&other, 0); /* made, but nothing published */
    OK(store.ops->rollback(store.ctx, NULL));
    store_assert_absent(&store, 1, 10);
    assert_state(&store, 0);
    OK(store_stage(&store, 0, NULL));
    assert_state(&store, 1);
    assert_state(&other, 1); /* a handle that opened before there was a file finds it */
    OK(store_stage(&other, 1, NULL));
    assert_state(&store, 2);
    echo_store_close(&store);
    echo_store_close(&other);
    assert_int_equal(store_place_count(&place), 1);
    assert_int_equal(store_place_sql(&place, "PRAGMA application_id"), 0x4563686f);
    assert_int_equal(store_place_sql(&place, "PRAGMA user_version"), 1);
    assert_int_equal(store_place_sql(&place, "PRAGMA page_size"), 32768);
    assert_int_equal(store_place_sql(&place, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    store_place_free(&place);
}

/* A file of 0 bytes, and one whose making stopped before the first publish, are as good as none. */
static void test_not_yet_made(void **state) {
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        store_place place = store_place_new();
        echo_store store;
        assert_int_equal(store_place_try(&place, STORE_EXISTING, &store, NULL), ECHO_ERR_NOT_FOUND);
        assert_int_equal(store_place_try(&place, STORE_READING, &store, NULL), ECHO_ERR_NOT_FOUND);
        assert_int_equal(store_place_count(&place), 0);
        if (round == 0) {
            file_write(place.path, "", 0);
        } else {
            store = store_place_open(&place, STORE_CREATE);
            OK(store_put_made(&store, 1, 10, NULL, NULL));
            echo_store_close(&store);
        }
        assert_int_equal(store_place_count(&place), 1);
        assert_int_equal(store_place_try(&place, STORE_EXISTING, &store, NULL), ECHO_ERR_NOT_FOUND);
        assert_int_equal(store_place_try(&place, STORE_READING, &store, NULL), ECHO_ERR_NOT_FOUND);
        store = store_place_open(&place, STORE_CREATE);
        assert_state(&store, 0);
        OK(store_stage(&store, 0, NULL));
        assert_state(&store, 1);
        echo_store_close(&store);
        store_place_free(&place);
    }
}

static void test_odd_names(void **state) {
    (void)state;
    static const char *const names[] = {":memory:", "file:x?mode=memory", "a b%41?x=1#y",
                                        "-",        "\xc3\xa4\xff'\"",    "x.db-wal"};
    store_place place = store_place_new();
    char here[512];
    assert_non_null(getcwd(here, sizeof here));
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        echo_store store;
        echo_store_sqlite_options options = ECHO_STORE_SQLITE_OPTIONS_INIT;
        assert_int_equal(chdir(place.folder), 0);
        OK(echo_store_open_sqlite(&store, names[i], &options, NULL));
        assert_int_equal(chdir(here), 0); /* the name means what it meant when it was given */
        OK(store_stage(&store, 0, NULL));
        assert_state(&store, 1);
        echo_store_close(&store);
        char *path = folder_path(place.folder, names[i]);
        assert_true(file_exists(path));
        options.read_only = true;
        OK(echo_store_open_sqlite(&store, path, &options, NULL));
        assert_state(&store, 1);
        echo_store_close(&store);
        free(path);
        assert_int_equal(store_place_count(&place), i + 1);
    }
    store_place_free(&place);
}

static void test_impossible_names(void **state) {
    (void)state;
    store_place place = store_place_new();
    echo_store store;
    echo_error err = ECHO_ERROR_INIT;
    echo_store_sqlite_options options = ECHO_STORE_SQLITE_OPTIONS_INIT;
    assert_int_equal(echo_store_open_sqlite(&store, "", NULL, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_store_open_sqlite(&store, NULL, NULL, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_store_open_sqlite(NULL, place.path, NULL, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_store_open_sqlite(&store, "/", NULL, &err), ECHO_ERR_INVALID);
    for (uint32_t version = 0; version < 3; version += 2) {
        options.version = version;
        assert_int_equal(echo_store_open_sqlite(&store, place.path, &options, &err), ECHO_ERR_VERSION);
    }
    assert_null(store.ops);
    assert_int_equal(echo_store_open_sqlite(&store, "/no/such/folder/snapshots.db", NULL, &err), ECHO_ERR_IO);
    assert_non_null(strstr(err.message, "/no/such/folder"));
    assert_int_equal(mkdir(place.path, 0755), 0);
    assert_refused(&place, ECHO_ERR_IO); /* a folder */
    char *below = folder_path(place.path, "x.db");
    assert_int_equal(rmdir(place.path), 0);
    file_write(place.path, "x", 1);
    assert_int_equal(echo_store_open_sqlite(&store, below, NULL, &err), ECHO_ERR_IO); /* a file is no folder */
    free(below);
    assert_int_equal(unlink(place.path), 0);
    assert_int_equal(mkfifo(place.path, 0644), 0);
    assert_int_equal(store_place_try(&place, STORE_CREATE, &store, &err), ECHO_ERR_IO); /* must not wait for a writer */
    char longest[6000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(echo_store_open_sqlite(&store, longest, NULL, &err), ECHO_ERR_IO);
    store_place_free(&place);
}

static void test_symbolic_link(void **state) {
    (void)state;
    store_place place = store_place_new();
    char *target = folder_path(place.folder, "target.db");
    assert_int_equal(symlink(target, place.path), 0);
    echo_store store = store_place_open(&place, STORE_CREATE);
    OK(store_stage(&store, 0, NULL));
    echo_store reader = store_place_open(&place, STORE_READING); /* finds the log beside the target, not the link */
    assert_state(&reader, 1);
    OK(store_stage(&store, 1, NULL));
    assert_state(&reader, 2);
    echo_store_close(&reader);
    echo_store_close(&store);
    assert_true(file_exists(target));
    assert_int_equal(store_place_count(&place), 2);
    free(target);
    store_place_free(&place);
}

/* ---- writing nothing, and writing little ---- */

static void test_unchanged(void **state) {
    (void)state;
    store_place place = place_in_state(4);
    struct stat before, after;
    assert_int_equal(stat(place.path, &before), 0);
    char *digest = folder_digest(place.folder);
    store_vfs_install();
    for (store_how how = STORE_CREATE; how <= STORE_READING; how++) {
        store_vfs_reset();
        echo_store store = store_place_open(&place, how);
        assert_state(&store, 4);
        OK(store.ops->rollback(store.ctx, NULL));
        echo_store_close(&store);
        store_vfs_counts counts = store_vfs_count();
        assert_int_equal(counts.calls[STORE_VFS_WRITE], 0);
        assert_int_equal(counts.calls[STORE_VFS_SYNC], 0);
        assert_int_equal(counts.calls[STORE_VFS_TRUNCATE], 0);
        assert_true(counts.calls[STORE_VFS_READ] > 0);
    }
    store_vfs_remove();
    assert_int_equal(stat(place.path, &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    char *now = folder_digest(place.folder);
    assert_string_equal(digest, now);
    free(digest);
    free(now);
    store_place_free(&place);
}

/* A publish is one transaction: one sync of the log (and one of its head, when the log is new), whatever the number of
 * puts. */
static void test_syncs(void **state) {
    (void)state;
    store_place place = place_in_state(1);
    echo_key party = store_party(1);
    echo_bytes manifest = {(const uint8_t *)"manifest", 8};
    store_vfs_install();
    store_vfs_reset();
    echo_store store = store_place_open(&place, STORE_CREATE);
    for (uint64_t round = 1; round <= 3; round++) {
        store_vfs_counts before = store_vfs_count();
        for (uint64_t i = 0; i < 20; i++) OK(store_put_made(&store, round * 100 + i, 1000, NULL, NULL));
        store_vfs_counts middle = store_vfs_count();
        assert_int_equal(middle.calls[STORE_VFS_SYNC], before.calls[STORE_VFS_SYNC]);
        OK(store.ops->publish(store.ctx, &party, round, manifest, NULL));
        store_vfs_counts after = store_vfs_count();
        uint64_t syncs = after.calls[STORE_VFS_SYNC] - before.calls[STORE_VFS_SYNC];
        assert_true(syncs >= 1); /* durable (P4) */
        assert_true(syncs <= (round == 1 ? 2 : 1));
        assert_true(after.bytes_written - before.bytes_written < 20 * 1000 + 10 * 32768);
    }
    echo_store_close(&store);
    store_vfs_reset();
    store_vfs_remove();
    store_place_free(&place);
}

/* No call leaves a read transaction behind, so that a checkpoint by somebody else can always finish. */
static void assert_no_pin(const store_place *place) {
    assert_int_equal(
        store_place_sql(place, "UPDATE manifests SET data = data WHERE number = 1; PRAGMA wal_checkpoint(TRUNCATE)"),
        0);
}

static echo_status refuse_chunk(void *arg, echo_bytes bytes) {
    (void)arg;
    (void)bytes;
    return ECHO_ERR_REFUSED;
}

static echo_status refuse_name(void *arg, const echo_hash *name, uint64_t size) {
    (void)name;
    (void)size;
    return --*(int *)arg <= 0 ? ECHO_ERR_REFUSED : ECHO_OK;
}

static echo_status refuse_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    (void)arg;
    (void)number;
    (void)manifest;
    return ECHO_ERR_REFUSED;
}

static void test_no_pin(void **state) {
    (void)state;
    store_place place = place_in_state(8);
    echo_store store = store_place_open(&place, STORE_EXISTING);
    assert_no_pin(&place);
    assert_state(&store, 8);
    assert_no_pin(&place);
    store_chunk chunk = store_chunk_make(1, 8000);
    assert_int_equal(store.ops->get(store.ctx, &chunk.name, refuse_chunk, NULL, NULL), ECHO_ERR_REFUSED);
    assert_no_pin(&place);
    for (int stop = 1; stop < 4; stop++) {
        int left = stop;
        assert_int_equal(store.ops->walk(store.ctx, refuse_name, &left, NULL), ECHO_ERR_REFUSED);
        assert_no_pin(&place);
    }
    echo_key party = store_party(1);
    assert_int_equal(store.ops->list(store.ctx, &party, refuse_manifest, NULL, NULL), ECHO_ERR_REFUSED);
    assert_no_pin(&place);
    bool there;
    OK(store.ops->has(&there, store.ctx, &chunk.name, NULL));
    assert_no_pin(&place);
    assert_int_equal(store.ops->remove(store.ctx, &party, 77, NULL), ECHO_ERR_NOT_FOUND);
    assert_no_pin(&place);
    assert_int_equal(store.ops->remove_chunks(store.ctx, &chunk.name, 1, NULL), ECHO_OK);
    assert_no_pin(&place);
    store_chunk_free(&chunk);
    echo_store_close(&store);
    store_place_free(&place);
}

/* ---- what is not ours ---- */

static void test_not_sqlite(void **state) {
    (void)state;
    static const size_t lengths[] = {2, 15, 16, 99, 100, 511, 512, 100000};
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        store_place place = store_place_new();
        store_chunk junk = store_chunk_make(i, lengths[i]);
        file_write(place.path, junk.bytes.data, junk.bytes.len);
        assert_refused(&place, ECHO_ERR_CORRUPT);
        store_chunk_free(&junk);
        store_place_free(&place);
    }
}

static void test_not_ours(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        echo_status status;
    } files[] = {
        {"CREATE TABLE t(a)", ECHO_ERR_CORRUPT},
        {"PRAGMA application_id=7", ECHO_ERR_CORRUPT},
        {"PRAGMA user_version=1", ECHO_ERR_CORRUPT},
        {"PRAGMA application_id=7;PRAGMA user_version=9;CREATE TABLE t(a)", ECHO_ERR_CORRUPT},
        {CHUNKS_SQL ";" MANIFESTS_SQL, ECHO_ERR_CORRUPT},
        {CHUNKS_SQL ";" MANIFESTS_SQL ";PRAGMA user_version=1", ECHO_ERR_CORRUPT},
        {OUR_ID, ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1", ECHO_ERR_CORRUPT},
        {OUR_ID CHUNKS_SQL ";" MANIFESTS_SQL, ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=-1;" CHUNKS_SQL ";" MANIFESTS_SQL, ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" CHUNKS_SQL, ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" MANIFESTS_SQL, ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" MANIFESTS_SQL ";CREATE TABLE chunks(hash, data)", ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" CHUNKS_SQL ";" MANIFESTS_SQL ";CREATE TABLE more(a)", ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" CHUNKS_SQL ";" MANIFESTS_SQL ";CREATE UNIQUE INDEX i ON chunks(length(data))",
         ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" CHUNKS_SQL ";" MANIFESTS_SQL
                ";CREATE TRIGGER t AFTER INSERT ON chunks BEGIN DELETE FROM manifests; END",
         ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" MANIFESTS_SQL ";CREATE VIEW chunks AS SELECT 1 AS hash, 2 AS data",
         ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" CHUNKS_SQL ";" MANIFESTS_SQL ";CREATE TABLE pins(party, number)",
         ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" MANIFESTS_SQL ";" PINS_SQL, ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=1;" CHUNKS_SQL ";" MANIFESTS_SQL ";" PINS_SQL ";CREATE TABLE more(a)",
         ECHO_ERR_CORRUPT},
        {OUR_ID "PRAGMA user_version=2", ECHO_ERR_VERSION},
        {OUR_ID "PRAGMA user_version=2147483647;CREATE TABLE t(a)", ECHO_ERR_VERSION},
    };
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++)
        for (unsigned wal = 0; wal < 2; wal++) {
            store_place place = store_place_new();
            if (wal) (void)store_place_sql(&place, "PRAGMA journal_mode=WAL");
            (void)store_place_sql(&place, files[i].sql);
            assert_refused(&place, files[i].status);
            store_place_free(&place);
        }
    /* And one that is, however it came to be. */
    store_place place = store_place_new();
    (void)store_place_sql(&place, OUR_ID "PRAGMA user_version=1;" CHUNKS_SQL ";" MANIFESTS_SQL ";ANALYZE");
    echo_store store = store_place_open(&place, STORE_EXISTING);
    assert_state(&store, 0);
    OK(store_stage(&store, 0, NULL));
    assert_state(&store, 1);
    echo_store_close(&store);
    assert_int_equal(store_place_sql(&place, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    store_place_free(&place);
}

/* The table of pins comes with the first pin; a file without it has nothing pinned. */
static void test_pins_table(void **state) {
    (void)state;
    static const char tables[] = "SELECT count(*) FROM sqlite_master WHERE name = 'pins'";
    store_place place = store_place_new();
    echo_key party = store_party(1);
    bool pinned = true;
    echo_store store = store_place_open(&place, STORE_CREATE);
    for (unsigned i = 0; i < 3; i++) OK(store_stage(&store, i, NULL));
    echo_store other = store_place_open(&place, STORE_EXISTING);
    OK(other.ops->pinned(&pinned, other.ctx, &party, 2, NULL));
    OK(other.ops->pin(other.ctx, &party, 2, false, NULL));
    OK(other.ops->remove(other.ctx, &party, 1, NULL));
    assert_false(pinned);
    assert_int_equal(store_place_sql(&place, tables), 0);
    OK(store.ops->pin(store.ctx, &party, 2, true, NULL));
    assert_int_equal(store_place_sql(&place, tables), 1);
    OK(other.ops->pinned(&pinned, other.ctx, &party, 2, NULL)); /* which it had opened without */
    assert_true(pinned);
    assert_int_equal(other.ops->remove(other.ctx, &party, 2, NULL), ECHO_ERR_REFUSED);
    echo_store_close(&store);
    echo_store_close(&other);

    echo_error err = ECHO_ERROR_INIT;
    store = store_place_open(&place, STORE_READING);
    OK(store.ops->pinned(&pinned, store.ctx, &party, 2, NULL));
    assert_true(pinned);
    assert_int_equal(store.ops->pin(store.ctx, &party, 2, false, &err), ECHO_ERR_READONLY);
    assert_int_equal(err.code, ECHO_ERR_READONLY);
    echo_store twin;
    OK(store.ops->reopen(&twin, store.ctx, NULL));
    assert_int_equal(twin.ops->capabilities(twin.ctx), ECHO_STORE_DURABLE | ECHO_STORE_READONLY);
    echo_store_close(&twin);
    echo_store_close(&store);

    /* A pin whose snapshot somebody deleted otherwise pins nothing. */
    (void)store_place_sql(&place, "DELETE FROM manifests");
    store = store_place_open(&place, STORE_EXISTING);
    OK(store.ops->pinned(&pinned, store.ctx, &party, 2, NULL));
    assert_false(pinned);
    assert_int_equal(store.ops->remove(store.ctx, &party, 2, NULL), ECHO_ERR_NOT_FOUND);
    echo_store_close(&store);
    store_place_free(&place);
}

/* The twin of a handle does not make the file again that was deleted. */
static void test_twin_of_deleted(void **state) {
    (void)state;
    store_place place = store_place_new();
    echo_store store = store_place_open(&place, STORE_CREATE), twin = {NULL, NULL};
    OK(store_stage(&store, 0, NULL));
    assert_int_equal(remove(place.path), 0);
    assert_int_equal(store.ops->reopen(&twin, store.ctx, NULL), ECHO_ERR_IO);
    assert_null(twin.ops);
    echo_store_close(&store);
    assert_false(store_place_has(&place, ""));
    store_place_free(&place);
}

static echo_status refuse_party(void *arg, const echo_key *party) {
    (void)arg;
    (void)party;
    fail_msg("a party that is none");
    return ECHO_OK;
}

/* Rows that no store of ours wrote. */
static void test_odd_rows(void **state) {
    (void)state;
#define PARTY_1 "x'0101010101010101010101010101010101010101010101010101010101010101'"
#define HASH_0 "x'0000000000000000000000000000000000000000000000000000000000000000'"
    echo_hash name = {{0}};
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    int left = 1000;
    store_place place = store_place_new();
    (void)store_place_sql(&place, OUR_ID "PRAGMA user_version=1;" CHUNKS_SQL ";" MANIFESTS_SQL);
    (void)store_place_sql(&place, "INSERT INTO chunks(hash, data) VALUES(" HASH_0 ", 'text')");
    echo_store store = store_place_open(&place, STORE_EXISTING);
    assert_int_equal(store.ops->get(store.ctx, &name, refuse_chunk, NULL, &err), ECHO_ERR_CORRUPT);
    (void)store_place_sql(&place, "UPDATE chunks SET data = 42");
    assert_int_equal(store.ops->get(store.ctx, &name, refuse_chunk, NULL, &err), ECHO_ERR_CORRUPT);
    (void)store_place_sql(&place, "UPDATE chunks SET data = zeroblob(67108864 + 65536)");
    assert_int_equal(store.ops->get(store.ctx, &name, refuse_chunk, NULL, &err), ECHO_ERR_LIMIT);
    OK(store.ops->walk(store.ctx, refuse_name, &left, NULL));
    (void)store_place_sql(&place, "UPDATE chunks SET data = x'00', hash = x'0001'");
    assert_int_equal(store.ops->walk(store.ctx, refuse_name, &left, &err), ECHO_ERR_CORRUPT);

    static const char *const manifests[] = {PARTY_1 ", 0, x'00'", PARTY_1 ", -5, x'00'", PARTY_1 ", 'x', x'00'",
                                            PARTY_1 ", 1, 'text'", "x'01', 1, x'00'"};
    for (unsigned i = 0; i < sizeof manifests / sizeof *manifests; i++) {
        char sql[300];
        (void)snprintf(sql, sizeof sql, "DELETE FROM manifests; INSERT INTO manifests VALUES(%s)", manifests[i]);
        (void)store_place_sql(&place, sql);
        echo_status listed = store.ops->list(store.ctx, &party, refuse_manifest, NULL, &err);
        assert_true(listed == ECHO_ERR_CORRUPT ||
                    listed == ECHO_OK); /* a text for a number sorts behind all numbers, out of sight */
        assert_int_equal(store.ops->remove_chunks(store.ctx, &name, 1, &err),
                         i == 3 ? ECHO_ERR_CORRUPT : ECHO_ERR_CORRUPT);
        if (i == 4) assert_int_equal(store.ops->parties(store.ctx, refuse_party, NULL, &err), ECHO_ERR_CORRUPT);
    }
    echo_store_close(&store);
    store_place_free(&place);
}

/* ---- damage ---- */

static echo_status collect(void *arg, const echo_hash *name, uint64_t size) {
    (void)arg;
    (void)name;
    (void)size;
    return ECHO_OK;
}

static echo_status no_party(void *arg, const echo_key *party) {
    (void)arg;
    (void)party;
    return ECHO_OK;
}

/* Everything a store does, on a file that may be damaged: it may fail, in the right class, and must not do worse. */
static void exercise(const store_place *place, store_how how, bool *opened) {
    echo_store store;
    echo_hash digest;
    uint64_t bytes;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status[8] = {store_place_try(place, how, &store, &err)};
    *opened = status[0] == ECHO_OK;
    if (*opened) {
        echo_key party = store_party(1);
        status[1] = store_stages_digest(&store, &digest, &err); /* SIGNATURE here: a chunk is not what its name says */
        status[2] = how == STORE_READING ? ECHO_OK : store_stage(&store, 7, &err);
        status[3] = how == STORE_READING ? ECHO_OK : store.ops->remove(store.ctx, &party, 2, &err);
        status[4] = store.ops->walk(store.ctx, collect, NULL, &err);
        status[5] = store.ops->parties(store.ctx, no_party, NULL, &err);
        status[6] = store.ops->usage(&bytes, store.ctx, &err);
        status[7] = how == STORE_READING ? ECHO_OK : store.ops->pin(store.ctx, &party, 1, true, &err);
        echo_store_close(&store);
    }
    for (unsigned i = 0; i < 8; i++) switch (status[i]) {
        case ECHO_OK:
        case ECHO_ERR_CORRUPT: break;
        case ECHO_ERR_VERSION: assert_int_equal(i, 0); break;
        case ECHO_ERR_SIGNATURE: assert_int_equal(i, 1); break;
        case ECHO_ERR_NOT_FOUND:
        case ECHO_ERR_CONFLICT:
        case ECHO_ERR_LIMIT:
        case ECHO_ERR_READONLY: break;
        default: fail_msg("step %u: %s: %s", i, echo_status_name(status[i]), err.message);
        }
}

static void test_truncated(void **state) {
    (void)state;
    store_place place = place_in_state(7);
    size_t len;
    uint8_t *data = file_read(place.path, &len);
    unsigned refused = 0, tries = 0;
    for (size_t cut = 1; cut < len; cut += cut < 200 ? 7 : 1021) {
        for (store_how how = STORE_EXISTING; how <= STORE_READING; how++) {
            bool opened;
            file_write(place.path, data, cut);
            file_stamp(place.path, 60); /* or it would be waited for, as for a file being written */
            exercise(&place, how, &opened);
            refused += !opened;
            tries++;
        }
    }
    assert_true(refused > tries / 2);
    free(data);
    store_place_free(&place);
}

static void test_flipped(void **state) {
    (void)state;
    store_place place = place_in_state(5);
    size_t len;
    uint8_t *data = file_read(place.path, &len);
    test_random random = {42};
    store_vfs_install(); /* no syncs */
    for (unsigned i = 0; i < 2500; i++) {
        bool opened;
        /* The head of the file in full, then the heads of pages, then anywhere. */
        size_t at = i < 800 ? i / 8 : (size_t)test_random_below(&random, i < 1600 ? len / 32768 : len);
        if (i >= 800 && i < 1600) at = at * 32768 + (size_t)test_random_below(&random, 64);
        uint8_t flip = (uint8_t)(1u << (i < 800 ? i % 8 : test_random_below(&random, 8)));
        data[at] ^= flip;
        file_write(place.path, data, len);
        file_stamp(place.path, 60);
        exercise(&place, i % 3 == 0 ? STORE_READING : STORE_EXISTING, &opened);
        data[at] ^= flip;
    }
    store_vfs_reset();
    store_vfs_remove();
    free(data);
    store_place_free(&place);
}

/* ---- taken away ---- */

static void test_deleted(void **state) {
    (void)state;
    store_place place = place_in_state(2);
    echo_error err = ECHO_ERROR_INIT;
    echo_hash digest;
    echo_store store = store_place_open(&place, STORE_CREATE), reader = store_place_open(&place, STORE_READING);
    echo_key party = store_party(1);
    assert_state(&reader, 2);
    OK(store_put_made(&store, 77, 10, NULL, NULL));
    assert_int_equal(unlink(place.path), 0);
    echo_bytes manifest = {(const uint8_t *)"lost", 4};
    assert_int_equal(store.ops->publish(store.ctx, &party, 2, manifest, &err),
                     ECHO_ERR_IO); /* acknowledging it would be a lie */
    OK(store.ops->rollback(store.ctx, NULL));
    assert_int_equal(store_put_made(&store, 78, 10, NULL, &err), ECHO_ERR_IO); /* and noticed as soon as may be */
    assert_int_equal(store_stage(&store, 2, &err), ECHO_ERR_IO);
    assert_int_equal(store.ops->remove(store.ctx, &party, 1, &err), ECHO_ERR_IO);
    assert_int_equal(store_stages_digest(&reader, &digest, &err), ECHO_ERR_IO);
    echo_store_close(&store);
    assert_false(store_place_has(&place, ""));
    assert_int_equal(store_stages_digest(&reader, &digest, &err), ECHO_ERR_IO);
    echo_store_close(&reader);
    store_place_free(&place);
}

static void test_replaced(void **state) {
    (void)state;
    store_place place = place_in_state(2), other = place_in_state(5);
    echo_error err = ECHO_ERROR_INIT;
    echo_store store = store_place_open(&place, STORE_EXISTING);
    assert_state(&store, 2);
    size_t before_len, after_len;
    uint8_t *before = file_read(other.path, &before_len);
    assert_int_equal(rename(other.path, place.path), 0);
    assert_int_equal(store_stage(&store, 2, &err), ECHO_ERR_IO);
    echo_store_close(&store);
    uint8_t *after = file_read(place.path, &after_len);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, after_len);
    free(before);
    free(after);
    store_place_free(&place);
    store_place_free(&other);
}

/* A handle that only reads follows the file, as whoever opens it anew would. */
static void test_replaced_read_only(void **state) {
    (void)state;
    store_place place = place_in_state(2), other = place_in_state(5);
    echo_store reader = store_place_open(&place, STORE_READING);
    assert_state(&reader, 2);
    assert_int_equal(rename(other.path, place.path), 0);
    assert_state(&reader, 5);
    file_write(place.path, "", 0);
    echo_hash digest;
    assert_int_equal(store_stages_digest(&reader, &digest, NULL), ECHO_ERR_IO);
    echo_store_close(&reader);
    store_place_free(&place);
    store_place_free(&other);
}

/* ---- reading only ---- */

static void test_read_only(void **state) {
    (void)state;
    store_place place = place_in_state(6);
    echo_store store = store_place_open(&place, STORE_READING);
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    echo_hash name = {{0}};
    echo_bytes bytes = {(const uint8_t *)"x", 1};
    assert_int_equal(store.ops->capabilities(store.ctx), ECHO_STORE_DURABLE | ECHO_STORE_READONLY);
    assert_state(&store, 6);
    assert_int_equal(store.ops->put(NULL, store.ctx, &name, &bytes, 1, &err), ECHO_ERR_READONLY);
    assert_int_equal(store.ops->put(NULL, store.ctx, NULL, NULL, 0, &err), ECHO_ERR_READONLY);
    assert_int_equal(store.ops->publish(store.ctx, &party, 3, bytes, &err), ECHO_ERR_READONLY);
    assert_int_equal(store.ops->remove(store.ctx, &party, 3, &err), ECHO_ERR_READONLY);
    assert_int_equal(store.ops->remove_chunks(store.ctx, &name, 1, &err), ECHO_ERR_READONLY);
    OK(store.ops->rollback(store.ctx, &err));
    assert_state(&store, 6);
    assert_int_equal(store_place_count(&place), 1);

    /* It sees what a writer publishes meanwhile, and when he is gone. */
    echo_store writer = store_place_open(&place, STORE_EXISTING);
    assert_state(&store, 6);
    OK(store_stage(&writer, 6, NULL));
    assert_state(&store, 7);
    echo_store_close(&writer);
    assert_state(&store, 7);
    writer = store_place_open(&place, STORE_EXISTING);
    OK(store_stage(&writer, 7, NULL));
    assert_state(&store, 8);
    echo_store_close(&store);
    echo_store_close(&writer);
    assert_int_equal(store_place_count(&place), 1);
    store = store_place_open(&place, STORE_READING);
    assert_state(&store, 8);
    echo_store_close(&store);
    assert_int_equal(store_place_count(&place), 1);
    store_place_free(&place);
}

/* A writer who is gone before the clock of the file system moves on: times and sizes tell nothing then. */
static void test_read_only_in_a_hurry(void **state) {
    (void)state;
    store_place place = store_place_new();
    store_vfs_install(); /* no syncs, so that it goes fast */
    echo_key party = store_party(1);
    for (uint64_t round = 0; round < 20; round++) {
        echo_bytes manifest = {(const uint8_t *)&round, sizeof round};
        echo_store writer = store_place_open(&place, STORE_CREATE), reader = {NULL, NULL};
        if (round > 0) { /* beside the open writer, who has written nothing yet: without locks */
            reader = store_place_open(&place, STORE_READING);
            store_assert_made(&reader, round - 1, 20);
        }
        OK(store_put_made(&writer, round, 20, NULL, NULL));
        OK(writer.ops->publish(writer.ctx, &party, round, manifest, NULL));
        struct stat before;
        if (round > 0) assert_int_equal(stat(place.path, &before), 0);
        echo_store_close(&writer);
        if (round > 0) {
            struct timespec times[2] = {before.st_atim, before.st_mtim};
            assert_int_equal(utimensat(AT_FDCWD, place.path, times, 0), 0); /* as if no time had passed */
            store_assert_made(&reader, round, 20);
            echo_store_close(&reader);
        }
    }
    store_vfs_reset();
    store_vfs_remove();
    store_place_free(&place);
}

/* As one who may not write: returns 0 when all is as it should be. */
typedef struct powerless {
    store_place place;
    unsigned state;
    unsigned files;
} powerless;

static int read_without_rights(store_child *self, void *arg) {
    const powerless *p = arg;
    (void)self;
    echo_store store;
    echo_hash now;
    CHECK(access(p->place.folder, W_OK) != 0);
    CHECK(store_place_try(&p->place, STORE_READING, &store, NULL) == ECHO_OK);
    CHECK(store_stages_digest(&store, &now, NULL) == ECHO_OK);
    CHECK(memcmp(&now, &states[p->state], sizeof now) == 0);
    echo_store_close(&store);
    CHECK(store_place_count(&p->place) == p->files);
    echo_error err = ECHO_ERROR_INIT;
    CHECK(store_place_try(&p->place, STORE_EXISTING, &store, &err) == ECHO_ERR_READONLY);
    CHECK(store_place_try(&p->place, STORE_CREATE, &store, &err) == ECHO_ERR_READONLY);
    CHECK(store_place_count(&p->place) == p->files);
    return 0;
}

static void as_powerless(powerless *p, store_child_fn fn) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (unsigned i = 0; i < 3; i++) {
        char name[600];
        (void)snprintf(name, sizeof name, "%s%s", p->place.path, suffixes[i]);
        if (file_exists(name)) assert_int_equal(chmod(name, 0444), 0);
    }
    assert_int_equal(chmod(p->place.folder, 0555), 0);
    char *before = folder_digest(p->place.folder);
    store_child child = store_child_start_powerless(fn, p);
    int line = store_child_end(&child);
    if (line != 0) fail_msg("line %d", line);
    char *after = folder_digest(p->place.folder);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void test_without_rights(void **state) {
    (void)state;
    powerless p = {place_in_state(6), 6, 1};
    as_powerless(&p, read_without_rights);
    store_place_free(&p.place);
}

/* Writes state 3, and goes without closing. */
static int crash(store_child *self, void *arg) {
    echo_store store;
    CHECK(store_place_try(arg, STORE_CREATE, &store, NULL) == ECHO_OK);
    for (unsigned i = 0; i < 3; i++) CHECK(store_stage(&store, i, NULL) == ECHO_OK);
    CHECK(store_child_tell(self, 'x'));
    (void)store_child_await(self);
    return 0;
}

static store_place crashed(void) {
    store_place place = store_place_new();
    store_child child = store_child_start(crash, &place);
    assert_int_equal(store_child_await(&child), 'x');
    store_child_kill(&child);
    assert_true(store_place_has(&place, "-wal") && store_place_has(&place, "-shm"));
    return place;
}

/* What a crash left in the log is read too. */
static void test_read_only_after_crash(void **state) {
    (void)state;
    powerless p = {crashed(), 3, 3};
    as_powerless(&p, read_without_rights);
    assert_int_equal(chmod(p.place.folder, 0755), 0);
    echo_store store = store_place_open(&p.place, STORE_READING);
    assert_state(&store, 3);
    echo_store_close(&store);
    assert_int_equal(store_place_count(&p.place), 3);

    /* Without the index it cannot be done without writing, and is not tried. */
    char shm[600];
    (void)snprintf(shm, sizeof shm, "%s-shm", p.place.path);
    assert_int_equal(unlink(shm), 0);
    char *before = folder_digest(p.place.folder);
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(store_place_try(&p.place, STORE_READING, &store, &err), ECHO_ERR_READONLY);
    assert_non_null(strstr(err.message, "open it for writing once"));
    char *after = folder_digest(p.place.folder);
    assert_string_equal(before, after);
    free(before);
    free(after);
    static const char *const suffixes[] = {"", "-wal"};
    for (unsigned i = 0; i < 2; i++) {
        char name[600];
        (void)snprintf(name, sizeof name, "%s%s", p.place.path, suffixes[i]);
        assert_int_equal(chmod(name, 0644), 0);
    }
    store = store_place_open(&p.place, STORE_EXISTING);
    assert_state(&store, 3);
    echo_store_close(&store);
    store = store_place_open(&p.place, STORE_READING);
    assert_state(&store, 3);
    echo_store_close(&store);
    assert_int_equal(store_place_count(&p.place), 1);
    store_place_free(&p.place);
}

/* A journal, as a crash may leave when a file is being made. */
static void test_read_only_with_journal(void **state) {
    (void)state;
    store_place place = place_in_state(2);
    char journal[600];
    echo_store store;
    (void)snprintf(journal, sizeof journal, "%s-journal", place.path);
    store_chunk junk = store_chunk_make(1, 9000);
    file_write(journal, junk.bytes.data, junk.bytes.len);
    assert_int_equal(store_place_try(&place, STORE_READING, &store, NULL), ECHO_ERR_READONLY);
    assert_int_equal(store_place_count(&place), 2);
    store = store_place_open(&place, STORE_EXISTING);
    assert_state(&store, 2);
    echo_store_close(&store);
    store = store_place_open(&place, STORE_READING);
    assert_state(&store, 2);
    echo_store_close(&store);
    assert_int_equal(store_place_count(&place), 1);
    store_chunk_free(&junk);
    store_place_free(&place);
}

/* A writer is at work, and we may only look. */
static int look_at_writer(store_child *self, void *arg) {
    const powerless *p = arg;
    echo_store store;
    echo_hash now;
    for (unsigned i = p->state;; i++) {
        if (i == p->state) CHECK(store_place_try(&p->place, STORE_READING, &store, NULL) == ECHO_OK);
        CHECK(store_stages_digest(&store, &now, NULL) == ECHO_OK);
        CHECK(memcmp(&now, &states[i], sizeof now) == 0);
        if (i == STORE_STAGES) break;
        CHECK(store_child_tell(self, 'n'));
        CHECK(store_child_await(self) == 'g');
    }
    echo_store_close(&store);
    return 0;
}

static void test_look_at_writer(void **state) {
    (void)state;
    powerless p = {place_in_state(2), 2, 1};
    assert_int_equal(chmod(p.place.folder, 0755), 0);
    store_child child = store_child_start_powerless(look_at_writer, &p);
    echo_store store = {NULL, NULL};
    for (unsigned i = 2; i < STORE_STAGES; i++) {
        assert_int_equal(store_child_await(&child), 'n');
        if (i % 3 == 0) echo_store_close(&store); /* the writer comes and goes */
        if (store.ops == NULL) store = store_place_open(&p.place, STORE_EXISTING);
        OK(store_stage(&store, i, NULL));
        assert_true(store_child_tell(&child, 'g'));
    }
    int line = store_child_end(&child);
    if (line != 0) fail_msg("line %d", line);
    echo_store_close(&store);
    assert_int_equal(store_place_count(&p.place), 1);
    store_place_free(&p.place);
}

/* A file that does not exist, in a folder that may not be written to. */
static int create_without_rights(store_child *self, void *arg) {
    const powerless *p = arg;
    echo_store store;
    echo_error err = ECHO_ERROR_INIT;
    (void)self;
    CHECK(store_place_try(&p->place, STORE_READING, &store, &err) == ECHO_ERR_NOT_FOUND);
    CHECK(store_place_try(&p->place, STORE_CREATE, &store, &err) == ECHO_OK);
    CHECK(store_put_made(&store, 1, 10, NULL, &err) == ECHO_ERR_READONLY);
    CHECK(err.code == ECHO_ERR_READONLY);
    echo_store_close(&store);
    CHECK(store_place_count(&p->place) == 0);
    return 0;
}

/* One that may be written to itself, in such a folder: there is no room for its log. */
static int log_without_rights(store_child *self, void *arg) {
    const powerless *p = arg;
    echo_store store;
    echo_error err = ECHO_ERROR_INIT;
    echo_hash now;
    (void)self;
    CHECK(access(p->place.path, W_OK) == 0);
    CHECK(store_place_try(&p->place, STORE_CREATE, &store, &err) == ECHO_ERR_READONLY);
    CHECK(store_place_try(&p->place, STORE_READING, &store, NULL) == ECHO_OK);
    CHECK(store_stages_digest(&store, &now, NULL) == ECHO_OK);
    CHECK(memcmp(&now, &states[p->state], sizeof now) == 0);
    echo_store_close(&store);
    return 0;
}

/* One that may not even be read. */
static int open_secret(store_child *self, void *arg) {
    const powerless *p = arg;
    echo_store store;
    echo_error err = ECHO_ERROR_INIT;
    (void)self;
    CHECK(store_place_try(&p->place, STORE_READING, &store, &err) == ECHO_ERR_IO);
    CHECK(store_place_try(&p->place, STORE_CREATE, &store, &err) == ECHO_ERR_IO);
    return 0;
}

static void test_other_rights(void **state) {
    (void)state;
    powerless p = {store_place_new(), 0, 0};
    as_powerless(&p, create_without_rights);
    store_place_free(&p.place);

    p.place = place_in_state(2);
    p.state = 2;
    assert_int_equal(chmod(p.place.path, 0666), 0);
    assert_int_equal(chmod(p.place.folder, 0555), 0);
    store_child child = store_child_start_powerless(log_without_rights, &p);
    int line = store_child_end(&child);
    if (line != 0) fail_msg("line %d", line);
    assert_int_equal(chmod(p.place.path, 0), 0);
    child = store_child_start_powerless(open_secret, &p);
    line = store_child_end(&child);
    if (line != 0) fail_msg("line %d", line);
    store_place_free(&p.place);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_by_first_write),
        cmocka_unit_test(test_not_yet_made),
        cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_impossible_names),
        cmocka_unit_test(test_symbolic_link),
        cmocka_unit_test(test_unchanged),
        cmocka_unit_test(test_syncs),
        cmocka_unit_test(test_no_pin),
        cmocka_unit_test(test_not_sqlite),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_pins_table),
        cmocka_unit_test(test_twin_of_deleted),
        cmocka_unit_test(test_odd_rows),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_deleted),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_replaced_read_only),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_read_only_in_a_hurry),
        cmocka_unit_test(test_without_rights),
        cmocka_unit_test(test_read_only_after_crash),
        cmocka_unit_test(test_read_only_with_journal),
        cmocka_unit_test(test_look_at_writer),
        cmocka_unit_test(test_other_rights),
    };
    return cmocka_run_group_tests_name("the file of a store", tests, expect_states, NULL);
}
