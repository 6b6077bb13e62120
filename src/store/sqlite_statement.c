/*
 * Statements of a SQLite store: their texts, the cache of prepared ones, values in and out.
 */
#include "store/sqlite_statement.h"

#include "base/buf.h"
#include "base/error.h"
#include "store/sqlite_error.h"
#include "store/sqlite_file.h"

#define PACK_LEAST 64u /* shorter chunks are not packed */

/*
 * The bytes of a manifest, or NULL if they are too long for one. In a file that somebody made up many rows can share
 * their pages; the length is in the row itself, so that those pages are not read.
 */
#define BOUNDED_DATA "CASE WHEN typeof(data) = 'blob' AND length(data) > 16777216 THEN NULL ELSE data END"
_Static_assert(ECHO_STORE_MANIFEST_MAX == 16777216, "the number in the statement");

static const char *const sql_text[ECHO__SQL_COUNT] = {
    [ECHO__SQL_GET] = "SELECT data FROM chunks WHERE hash = ?1",
    [ECHO__SQL_HAS] = "SELECT 1 FROM chunks WHERE hash = ?1",
    [ECHO__SQL_WALK] = "SELECT hash, length(data) FROM chunks WHERE hash > ?1 ORDER BY hash LIMIT ?2",
    [ECHO__SQL_PUT] =
        "INSERT INTO chunks(hash, data) VALUES(?1, ?2) ON CONFLICT(hash) DO UPDATE SET data = excluded.data",
    [ECHO__SQL_DROP] = "DELETE FROM chunks WHERE hash = ?1",
    [ECHO__SQL_LIST] =
        "SELECT number, " BOUNDED_DATA " FROM manifests WHERE party = ?1 AND number <= ?2 ORDER BY number DESC LIMIT 1",
    [ECHO__SQL_NEWEST] = "SELECT number FROM manifests WHERE party = ?1 ORDER BY number DESC LIMIT 1",
    [ECHO__SQL_HEADS] = ("SELECT party, number, " BOUNDED_DATA " FROM manifests JOIN "
                         "(SELECT party AS of, max(number) AS newest FROM manifests GROUP BY party) "
                         "ON party = of AND number = newest"),
    [ECHO__SQL_PUBLISH] = "INSERT INTO manifests(party, number, data) VALUES(?1, ?2, ?3)",
    [ECHO__SQL_REMOVE] = "DELETE FROM manifests WHERE party = ?1 AND number = ?2",
    [ECHO__SQL_PARTY] = "SELECT party FROM manifests WHERE party > ?1 ORDER BY party LIMIT 1",
    [ECHO__SQL_USAGE] = ("SELECT (page_count - freelist_count) * page_size "
                         "FROM pragma_page_count, pragma_freelist_count, pragma_page_size"),
    [ECHO__SQL_STANDS] = "SELECT 1 FROM manifests WHERE party = ?1 AND number = ?2",
    [ECHO__SQL_PINS_STAND] = "SELECT 1 FROM sqlite_master WHERE name = 'pins'",
    [ECHO__SQL_PINS_MAKE] = ("CREATE TABLE IF NOT EXISTS " ECHO__PINS_TABLE),
    [ECHO__SQL_PIN] = "INSERT OR IGNORE INTO pins(party, number) VALUES(?1, ?2)",
    [ECHO__SQL_UNPIN] = "DELETE FROM pins WHERE party = ?1 AND number = ?2",
    [ECHO__SQL_PINNED] = ("SELECT 1 FROM pins WHERE party = ?1 AND number = ?2 "
                          "AND EXISTS(SELECT 1 FROM manifests WHERE party = ?1 AND number = ?2)"),
};

echo_status echo__sqlite_statement(sqlite3_stmt **out, echo__sqlite *s, echo__sql which, echo_error *err) {
    *out = NULL;
    if (s->statements[which] == NULL) {
        int rc = sqlite3_prepare_v3(s->db, sql_text[which], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[which], NULL);
        if (rc != SQLITE_OK) return echo__sqlite_fail(s, rc, err, "cannot read snapshot store");
    }
    *out = s->statements[which];
    return ECHO_OK;
}

void echo__sqlite_done(sqlite3_stmt *statement) {
    if (statement == NULL) return;
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
}

echo_status echo__sqlite_step(bool *row, echo__sqlite *s, sqlite3_stmt *statement, echo_error *err, const char *what) {
    int rc = sqlite3_step(statement);
    *row = rc == SQLITE_ROW;
    if (echo__sqlite_overtaken(s))
        return echo__error(err, ECHO_ERR_BUSY, "%s: another process wrote to it while it was read (%s)", what, s->path);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) return ECHO_OK;
    return echo__sqlite_fail(s, rc, err, what);
}

echo_status echo__sqlite_run(echo__sqlite *s, sqlite3_stmt *statement, echo_error *err, const char *what) {
    bool row;
    echo_status status = echo__sqlite_step(&row, s, statement, err, what);
    echo__sqlite_done(statement);
    return status;
}

/* ---- values ---- */

void echo__sqlite_bind_bytes(sqlite3_stmt *statement, int at, echo_bytes bytes) {
    /* A NULL pointer would bind NULL, which is not the blob of length 0. */
    (void)sqlite3_bind_blob64(statement, at, bytes.len == 0 ? "" : (const void *)bytes.data, bytes.len, SQLITE_STATIC);
}

void echo__sqlite_bind_hash(sqlite3_stmt *statement, int at, const echo_hash *hash) {
    echo__sqlite_bind_bytes(statement, at, echo__bytes(hash->bytes, sizeof hash->bytes));
}

void echo__sqlite_bind_key(sqlite3_stmt *statement, int at, const echo_key *key) {
    echo__sqlite_bind_bytes(statement, at, echo__bytes(key->bytes, sizeof key->bytes));
}

/* A column that must be a blob. */
echo_status echo__sqlite_column_bytes(echo_bytes *out, const echo__sqlite *s, sqlite3_stmt *statement, int at,
                                      echo_error *err) {
    static const uint8_t nothing[1] = {0};
    if (sqlite3_column_type(statement, at) != SQLITE_BLOB)
        return echo__sqlite_fail(s, SQLITE_CORRUPT, err, "cannot read snapshot store");
    const void *data = sqlite3_column_blob(statement, at);
    size_t len = (size_t)sqlite3_column_bytes(statement, at);
    if (data == NULL && len > 0) return echo__nomem(err);
    *out = echo__bytes(data == NULL ? nothing : data, len);
    return ECHO_OK;
}

/* ---- chunks ---- */

static echo__zstd *packer_of(echo__sqlite *s) {
    if (s->packer == NULL) s->packer = echo__zstd_new();
    return s->packer;
}

echo_status echo__sqlite_unpack(echo_bytes *out, echo__sqlite *s, echo_bytes data) {
    if (!echo__zstd_is_frame(data)) {
        *out = data;
        return ECHO_OK;
    }
    return packer_of(s) == NULL ? ECHO_ERR_NOMEM : echo__zstd_unpack(out, s->packer, data, ECHO_STORE_BYTES_MAX);
}

/* As it is when packing saves less than an eighth; but never what looks like a frame. */
echo_status echo__sqlite_pack(echo_bytes *out, echo__sqlite *s, echo_bytes chunk) {
    bool frame = echo__zstd_is_frame(chunk);
    *out = chunk;
    if (chunk.len < PACK_LEAST && !frame) return ECHO_OK;
    echo_bytes packed;
    if (packer_of(s) == NULL) return ECHO_ERR_NOMEM;
    echo_status status = echo__zstd_pack(&packed, s->packer, chunk);
    if (status == ECHO_OK && (frame || packed.len < chunk.len - chunk.len / 8)) *out = packed;
    return status;
}

/* A column that must be a snapshot's number. */
echo_status echo__sqlite_column_number(uint64_t *out, const echo__sqlite *s, sqlite3_stmt *statement, int at,
                                       echo_error *err) {
    int64_t number = sqlite3_column_int64(statement, at);
    if (sqlite3_column_type(statement, at) != SQLITE_INTEGER || number < 1)
        return echo__sqlite_fail(s, SQLITE_CORRUPT, err, "cannot read snapshot store");
    *out = (uint64_t)number;
    return ECHO_OK;
}
