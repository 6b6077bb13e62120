/*
 * Writing to a SQLite store: one transaction from the first put to the publish.
 */
#include "store/sqlite_write.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/sqlite_error.h"
#include "store/sqlite_file.h"
#include "store/sqlite_pin.h"
#include "store/sqlite_statement.h"

/* Undoes pending puts; what was lost is remembered until rollback. */
static echo_status lose(echo__sqlite *s, echo_status status) {
    if (s->writing) s->failed = status;
    s->writing = false;
    echo__sqlite_abandon(s);
    return status;
}

uint64_t echo__sqlite_stored(void *ctx) { return ((const echo__sqlite *)ctx)->stored; }

/* Whether the chunk's row holds these bytes. */
static echo_status holds(bool *out, echo__sqlite *s, const echo_hash *name, echo_bytes chunk, echo_error *err) {
    sqlite3_stmt *statement = NULL;
    echo_bytes data, bytes;
    bool row = false;
    *out = false;
    echo_status status = echo__sqlite_statement(&statement, s, ECHO__SQL_GET, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_hash(statement, 1, name);
    status = echo__sqlite_step(&row, s, statement, err, "cannot read a chunk");
    if (status == ECHO_OK && row) {
        status = echo__sqlite_column_bytes(&data, s, statement, 0, err);
        if (status == ECHO_OK && (status = echo__sqlite_unpack(&bytes, s, data)) == ECHO_ERR_NOMEM)
            (void)echo__nomem(err);
        *out = status == ECHO_OK && echo__bytes_equal(bytes, chunk);
        if (status == ECHO_ERR_CORRUPT || status == ECHO_ERR_LIMIT) status = ECHO_OK;
    }
    echo__sqlite_done(statement);
    return status;
}

static echo_status put_one(bool *written, echo__sqlite *s, const echo_hash *name, echo_bytes chunk, echo_error *err) {
    sqlite3_stmt *statement = NULL;
    bool good = false;
    *written = false;
    echo_status status = holds(&good, s, name, chunk, err);
    if (status != ECHO_OK || good) return status;
    echo_bytes data;
    if (echo__sqlite_pack(&data, s, chunk) != ECHO_OK) return echo__nomem(err);
    status = echo__sqlite_statement(&statement, s, ECHO__SQL_PUT, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_hash(statement, 1, name);
    echo__sqlite_bind_bytes(statement, 2, data);
    status = echo__sqlite_run(s, statement, err, "cannot put a chunk");
    if (status == ECHO_OK) {
        *written = true;
        s->stored += data.len;
    }
    return status;
}

static echo_status put(echo__sqlite *s, const echo_hash *names, const echo_bytes *chunks, size_t n, size_t *count,
                       echo_error *err) {
    echo_status status = echo__store_check_sizes(chunks, n, err);
    if (status == ECHO_OK && !s->writing) status = echo__sqlite_begin(s, err);
    for (size_t i = 0; i < n && status == ECHO_OK; i++) {
        bool written;
        status = put_one(&written, s, &names[i], chunks[i], err);
        *count += written;
    }
    return status;
}

echo_status echo__sqlite_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                             echo_error *err) {
    echo__sqlite *s = ctx;
    size_t count = 0;
    if (s->read_only) return echo__sqlite_refuse_read_only(s, err);
    if (s->failed) return echo__store_refuse_failed(s->failed, err);
    if (n > 0) {
        echo_status status = put(s, names, chunks, n, &count, err);
        if (status != ECHO_OK) return lose(s, status);
        s->writing = true;
    }
    if (written != NULL) *written = count;
    return ECHO_OK;
}

static echo_status newest(uint64_t *out, echo__sqlite *s, const echo_key *party, echo_error *err) {
    sqlite3_stmt *statement;
    bool row = false;
    *out = 0;
    echo_status status = echo__sqlite_statement(&statement, s, ECHO__SQL_NEWEST, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_key(statement, 1, party);
    status = echo__sqlite_step(&row, s, statement, err, "cannot read the newest number");
    if (status == ECHO_OK && row) status = echo__sqlite_column_number(out, s, statement, 0, err);
    echo__sqlite_done(statement);
    return status;
}

static echo_status publish(echo__sqlite *s, const echo_key *party, uint64_t expected, uint64_t number,
                           echo_bytes manifest, echo_error *err) {
    sqlite3_stmt *statement = NULL;
    uint64_t last = 0;
    echo_status status = echo__store_check_manifest(manifest, err);
    if (status == ECHO_OK && !s->writing) status = echo__sqlite_begin(s, err);
    if (status == ECHO_OK) status = newest(&last, s, party, err);
    if (status == ECHO_OK) status = echo__store_check_number(last, expected, number, err);
    if (status == ECHO_OK) status = echo__sqlite_statement(&statement, s, ECHO__SQL_PUBLISH, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_key(statement, 1, party);
    (void)sqlite3_bind_int64(statement, 2, (int64_t)number);
    echo__sqlite_bind_bytes(statement, 3, manifest);
    status = echo__sqlite_run(s, statement, err, "cannot publish");
    return status == ECHO_OK ? echo__sqlite_commit(s, err) : status;
}

echo_status echo__sqlite_publish_as(void *ctx, const echo_key *party, uint64_t expected, uint64_t number,
                                    echo_bytes manifest, echo_error *err) {
    echo__sqlite *s = ctx;
    if (s->read_only) return echo__sqlite_refuse_read_only(s, err);
    if (s->failed) return echo__store_refuse_failed(s->failed, err);
    echo_status status = publish(s, party, expected, number, manifest, err);
    if (status != ECHO_OK) return lose(s, status);
    s->writing = false;
    return ECHO_OK;
}

echo_status echo__sqlite_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest,
                                 echo_error *err) {
    return echo__sqlite_publish_as(ctx, party, expected, expected + 1, manifest, err);
}

echo_status echo__sqlite_flush(void *ctx, echo_error *err) {
    echo__sqlite *s = ctx;
    if (s->failed) return echo__store_refuse_failed(s->failed, err);
    if (!s->writing) return ECHO_OK;
    echo_status status = echo__sqlite_commit(s, err);
    if (status != ECHO_OK) return lose(s, status);
    s->writing = false;
    return ECHO_OK;
}

echo_status echo__sqlite_rollback(void *ctx, echo_error *err) {
    echo__sqlite *s = ctx;
    (void)err;
    echo__sqlite_abandon(s);
    s->writing = false;
    s->failed = ECHO_OK;
    return ECHO_OK;
}

static echo_status remove_manifest(echo__sqlite *s, const echo_key *party, uint64_t number, echo_error *err) {
    sqlite3_stmt *statement = NULL;
    bool pinned = false;
    echo_status status = echo__sqlite_begin(s, err);
    if (status == ECHO_OK) status = echo__sqlite_is_pinned(&pinned, s, party, number, err);
    if (status == ECHO_OK && pinned) status = echo__store_refuse_pinned(number, err);
    if (status == ECHO_OK) status = echo__sqlite_statement(&statement, s, ECHO__SQL_REMOVE, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_key(statement, 1, party);
    (void)sqlite3_bind_int64(statement, 2, (int64_t)number);
    status = echo__sqlite_run(s, statement, err, "cannot remove a manifest");
    if (status == ECHO_OK && sqlite3_changes(s->db) == 0) status = echo__store_refuse_number(number, err);
    return status == ECHO_OK ? echo__sqlite_commit(s, err) : status;
}

echo_status echo__sqlite_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    echo__sqlite *s = ctx;
    if (s->read_only) return echo__sqlite_refuse_read_only(s, err);
    if (s->writing) return echo__store_refuse_pending(err);
    if (number > INT64_MAX) return echo__store_refuse_number(number, err);
    echo_status status = echo__sqlite_ready(s, err);
    if (status == ECHO_ERR_NOT_FOUND) return echo__store_refuse_number(number, err);
    if (status == ECHO_OK) status = remove_manifest(s, party, number, err);
    if (status != ECHO_OK) echo__sqlite_abandon(s);
    return status;
}

/* Whether the newest manifest of every party is one that this handle has listed: ECHO_ERR_CONFLICT if not. */
static echo_status seen_all(echo__sqlite *s, echo_error *err) {
    sqlite3_stmt *statement = NULL;
    bool row = false;
    echo_status status = echo__sqlite_statement(&statement, s, ECHO__SQL_HEADS, err);
    while (status == ECHO_OK &&
           (status = echo__sqlite_step(&row, s, statement, err, "cannot read the manifests")) == ECHO_OK && row) {
        echo_bytes party, manifest;
        uint64_t number = 0;
        echo_hash name;
        echo_key key;
        status = echo__sqlite_column_bytes(&party, s, statement, 0, err);
        if (status == ECHO_OK) status = echo__sqlite_column_number(&number, s, statement, 1, err);
        if (status == ECHO_OK && sqlite3_column_type(statement, 2) == SQLITE_NULL)
            manifest = echo__bytes(NULL, 0); /* too long, as it is listed */
        else if (status == ECHO_OK)
            status = echo__sqlite_column_bytes(&manifest, s, statement, 2, err);
        if (status == ECHO_OK && party.len != sizeof key.bytes)
            status = echo__sqlite_fail(s, SQLITE_CORRUPT, err, "cannot read the manifests");
        if (status != ECHO_OK) break;
        memcpy(key.bytes, party.data, sizeof key.bytes);
        echo__seen_name(&name, number, manifest);
        if (!echo__seen_is(&s->seen, &key, &name)) status = echo__store_refuse_unseen(err);
    }
    echo__sqlite_done(statement);
    return status;
}

static echo_status remove_chunks(echo__sqlite *s, const echo_hash *names, size_t n, echo_error *err) {
    sqlite3_stmt *statement = NULL;
    echo_status status = echo__sqlite_begin(s, err);
    if (status == ECHO_OK) status = seen_all(s, err);
    if (status == ECHO_OK) status = echo__sqlite_statement(&statement, s, ECHO__SQL_DROP, err);
    for (size_t i = 0; i < n && status == ECHO_OK; i++) {
        echo__sqlite_bind_hash(statement, 1, &names[i]);
        status = echo__sqlite_run(s, statement, err, "cannot remove a chunk");
    }
    return status == ECHO_OK ? echo__sqlite_commit(s, err) : status;
}

echo_status echo__sqlite_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err) {
    echo__sqlite *s = ctx;
    if (s->read_only) return echo__sqlite_refuse_read_only(s, err);
    if (s->writing) return echo__store_refuse_pending(err);
    echo_status status = echo__sqlite_ready(s, err);
    if (status == ECHO_ERR_NOT_FOUND) return ECHO_OK;
    if (status == ECHO_OK) status = remove_chunks(s, names, n, err);
    if (status != ECHO_OK) echo__sqlite_abandon(s);
    return status;
}
