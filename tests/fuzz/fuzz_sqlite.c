/*
 * Rows of a SQLite store that somebody else wrote: columns of any type, frames and what looks like one. Every reading
 * operation must say what is there or that it is damaged.
 *
 * The input is rows, each a byte for the table and the types of its columns, then its parts. Before each input the
 * tables are emptied.
 */
#include <echo/sys/store.h>
#include <sqlite3.h>

#include "base/crypto.h"
#include "base/zstd.h"
#include "fuzz.h"

#define ROWS 16u

static sqlite3 *db;
static echo_store store;

static void run(const char *sql) { FUZZ_CHECK(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK); }

/* One file and two connections for all inputs: the store's, and one that writes rows as it likes. */
static void prepare(void) {
    static char path[512];
    const echo_store_sqlite_options options = ECHO_STORE_SQLITE_OPTIONS_INIT;
    const echo_key party = {{1}};
    if (db == NULL) {
        (void)snprintf(path, sizeof path, "%s/snapshots.db", fuzz_folder());
        FUZZ_OK(echo_store_open_sqlite(&store, path, &options, NULL));
        FUZZ_OK(store.ops->publish(store.ctx, &party, 0, echo__bytes_text("{}"), NULL));
        FUZZ_OK(store.ops->pin(store.ctx, &party, 1, true, NULL));
        FUZZ_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
        run("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL");
    }
    run("BEGIN; DELETE FROM chunks; DELETE FROM manifests; DELETE FROM pins");
}

static void bind(sqlite3_stmt *statement, int at, unsigned type, fuzz_input *in) {
    echo_bytes part;
    switch (type & 3) {
    case 0:
        part = fuzz_part(in);
        FUZZ_CHECK(sqlite3_bind_blob64(statement, at, part.data, part.len, SQLITE_TRANSIENT) == SQLITE_OK);
        break;
    case 1:
        part = fuzz_part(in);
        FUZZ_CHECK(sqlite3_bind_text64(statement, at, (const char *)part.data, part.len, SQLITE_TRANSIENT,
                                       SQLITE_UTF8) == SQLITE_OK);
        break;
    case 2: FUZZ_CHECK(sqlite3_bind_int64(statement, at, (int64_t)fuzz_u64(in, 8)) == SQLITE_OK); break;
    default: FUZZ_CHECK(sqlite3_bind_double(statement, at, (double)(int16_t)fuzz_u16(in) / 4) == SQLITE_OK);
    }
}

/* A name or key of 32 bytes, of which the input tells the first. */
static void bind_name(sqlite3_stmt *statement, int at, fuzz_input *in) {
    uint8_t name[32] = {fuzz_u8(in)};
    FUZZ_CHECK(sqlite3_bind_blob(statement, at, name, sizeof name, SQLITE_TRANSIENT) == SQLITE_OK);
}

static void add_row(fuzz_input *in) {
    static const char *const tables[] = {
        "INSERT OR REPLACE INTO chunks(hash, data) VALUES(?1, ?2)",
        "INSERT OR REPLACE INTO manifests(party, number, data) VALUES(?1, ?2, ?3)",
        "INSERT OR REPLACE INTO pins(party, number) VALUES(?1, ?2)",
    };
    uint8_t how = fuzz_u8(in);
    unsigned table = how % 3u, types = fuzz_u8(in);
    sqlite3_stmt *statement;
    FUZZ_CHECK(sqlite3_prepare_v2(db, tables[table], -1, &statement, NULL) == SQLITE_OK);
    if (how & 0x80)
        bind(statement, 1, types, in);
    else
        bind_name(statement, 1, in);
    bind(statement, 2, table == 0 ? types >> 2 : (types & 0x40) ? types >> 2 : 2, in);
    if (table == 1) bind(statement, 3, types >> 4, in);
    (void)sqlite3_step(statement); /* a constraint may say no */
    FUZZ_CHECK(sqlite3_finalize(statement) == SQLITE_OK || sqlite3_errcode(db) == SQLITE_CONSTRAINT);
}

/* ---- reading ---- */

static echo_status take_chunk(void *arg, echo_bytes bytes) {
    const echo_hash *name = arg;
    sqlite3_stmt *statement;
    FUZZ_CHECK(bytes.len == 0 || bytes.data != NULL);
    FUZZ_CHECK(sqlite3_prepare_v2(db, "SELECT data FROM chunks WHERE hash = ?1", -1, &statement, NULL) == SQLITE_OK);
    FUZZ_CHECK(sqlite3_bind_blob(statement, 1, name->bytes, ECHO_HASH_BYTES, SQLITE_STATIC) == SQLITE_OK);
    FUZZ_CHECK(sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_BLOB);
    echo_bytes row = {sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0)};
    if (!echo__zstd_is_frame(row)) FUZZ_EQUAL(row, bytes);
    FUZZ_CHECK(sqlite3_finalize(statement) == SQLITE_OK);
    return ECHO_OK;
}

static echo_status take_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    uint64_t *last = arg;
    FUZZ_CHECK(number >= 1 && number <= INT64_MAX && (*last == 0 || number < *last));
    FUZZ_CHECK(manifest.len == 0 || manifest.data != NULL);
    *last = number;
    return ECHO_OK;
}

static echo_status take_name(void *arg, const echo_hash *name, uint64_t bytes) {
    echo_hash *last = arg;
    FUZZ_CHECK(bytes <= INT64_MAX);
    FUZZ_CHECK(memcmp(last->bytes, name->bytes, ECHO_HASH_BYTES) < 0 || last->bytes[0] == 0);
    *last = *name;
    return ECHO_OK;
}

static echo_status take_party(void *arg, const echo_key *party) {
    echo_key *last = arg;
    FUZZ_CHECK(memcmp(last->bytes, party->bytes, ECHO_KEY_BYTES) < 0 || last->bytes[0] == 0);
    *last = *party;
    return ECHO_OK;
}

static void read_all(void) {
    echo_hash last_name = {{0}};
    echo_key last_party = {{0}};
    echo_error err = ECHO_ERROR_INIT;
    uint64_t bytes;
    for (unsigned i = 0; i < 8; i++) {
        echo_hash name = {{(uint8_t)i}};
        echo_key party = {{(uint8_t)i}};
        bool there, pinned;
        uint64_t number = 0;
        FUZZ_OK(store.ops->has(&there, store.ctx, &name, &err));
        echo_status status = store.ops->get(store.ctx, &name, take_chunk, &name, &err);
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_NOT_FOUND);
        FUZZ_CHECK(there == (status != ECHO_ERR_NOT_FOUND));
        status = store.ops->list(store.ctx, &party, take_manifest, &number, &err);
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
        status = store.ops->pinned(&pinned, store.ctx, &party, 1, &err);
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT);
    }
    echo_status status = store.ops->walk(store.ctx, take_name, &last_name, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    status = store.ops->parties(store.ctx, take_party, &last_party, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT);
    FUZZ_OK(store.ops->usage(&bytes, store.ctx, &err));
}

/* A chunk that is put where another one stands is what is read then. */
static void write_chunk(echo_bytes chunk) {
    const echo_key party = {{9}};
    echo_error err = ECHO_ERROR_INIT;
    echo_hash name = {{3}};
    bool there;
    echo_status status = store.ops->put(NULL, store.ctx, &name, &chunk, 1, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    FUZZ_OK(status);
    FUZZ_OK(store.ops->has(&there, store.ctx, &name, &err));
    FUZZ_CHECK(there);
    FUZZ_OK(store.ops->rollback(store.ctx, &err));
    status = store.ops->publish(store.ctx, &party, 0, chunk, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_CONFLICT, ECHO_ERR_LIMIT);
    status = store.ops->remove(store.ctx, &party, 1, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_NOT_FOUND, ECHO_ERR_REFUSED);
    status = store.ops->remove_chunks(store.ctx, &name, 1, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_CONFLICT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    prepare();
    for (unsigned i = 0; i < ROWS && fuzz_left(&in) > 0; i++) add_row(&in);
    run("COMMIT");
    read_all();
    if (size % 8 == 0)
        write_chunk(echo__bytes(size == 0 ? (const uint8_t *)"" : data, size)); /* syncs, hence not always */
    return 0;
}
