/*
 * Reading from a SQLite store. Every statement is reset before the operation returns, and long lists are read in pieces
 * that start after the last key handed out, so that no read transaction outlives a call or a piece.
 */
#include "store/sqlite_read.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/sqlite_error.h"
#include "store/sqlite_file.h"
#include "store/sqlite_statement.h"

#define WALK_BATCH 256

uint32_t echo__sqlite_capabilities(void *ctx) {
    const echo__sqlite *s = ctx;
    return ECHO_STORE_DURABLE | (s->read_only ? ECHO_STORE_READONLY : 0);
}

static echo_status unpack(echo_bytes *bytes, echo__sqlite *s, const echo_hash *name, echo_error *err) {
    char hex[ECHO_HEX_CHARS];
    echo_status status = echo__sqlite_unpack(bytes, s, *bytes);
    echo_hash_hex(hex, name);
    if (status == ECHO_ERR_CORRUPT && echo__sqlite_in_doubt(s))
        return echo__error(err, ECHO_ERR_BUSY, "chunk %s: another process wrote to the store meanwhile (%s)", hex,
                           s->path);
    if (status == ECHO_ERR_CORRUPT)
        return echo__error(err, status, "chunk %s: what the store holds is damaged (%s)", hex, s->path);
    if (status == ECHO_ERR_LIMIT) return echo__error(err, status, "chunk %s: too long for a store (%s)", hex, s->path);
    return status == ECHO_OK ? status : echo__nomem(err);
}

typedef struct get_args {
    const echo_hash *name;
    sqlite3_stmt *statement; /* at the chunk's row */
    bool row;
    echo_bytes bytes;
} get_args;

/* Bytes come from the file as late as they are asked for: only then is it known whether somebody wrote meanwhile. */
static echo_status find_chunk(void *args, echo__sqlite *s, echo_error *err) {
    get_args *g = args;
    g->row = false;
    echo_status status = echo__sqlite_statement(&g->statement, s, ECHO__SQL_GET, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_hash(g->statement, 1, g->name);
    int rc = sqlite3_step(g->statement);
    g->row = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) status = echo__sqlite_fail(s, rc, err, "cannot read a chunk");
    if (g->row) status = echo__sqlite_column_bytes(&g->bytes, s, g->statement, 0, err);
    if (status == ECHO_OK && echo__sqlite_overtaken(s))
        status = echo__error(err, ECHO_ERR_BUSY,
                             "cannot read a chunk: another process wrote to it while it was read (%s)", s->path);
    if (status == ECHO_OK && g->row) status = unpack(&g->bytes, s, g->name, err);
    if (status != ECHO_OK) {
        echo__sqlite_done(g->statement);
        g->statement = NULL;
    }
    return status;
}

echo_status echo__sqlite_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    get_args g = {name, NULL, false, {NULL, 0}};
    bool there;
    echo_status status = echo__sqlite_read(&there, ctx, find_chunk, &g, err);
    if (status == ECHO_OK) status = there && g.row ? fn(arg, g.bytes) : echo__store_refuse_absent(err);
    echo__sqlite_done(g.statement);
    return status;
}

/* One chunk of several. */
static echo_status read_one(echo__sqlite *s, sqlite3_stmt *statement, const echo_hash *name, size_t index,
                            echo_chunk_at_fn fn, void *arg, echo_error *err) {
    echo_bytes bytes = {NULL, 0};
    echo__sqlite_bind_hash(statement, 1, name);
    int rc = sqlite3_step(statement);
    echo_status status = ECHO_OK;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) status = echo__sqlite_fail(s, rc, err, "cannot read a chunk");
    if (rc == SQLITE_ROW) status = echo__sqlite_column_bytes(&bytes, s, statement, 0, err);
    if (rc == SQLITE_ROW && status == ECHO_OK) status = unpack(&bytes, s, name, err);
    if (rc == SQLITE_ROW && status == ECHO_OK) status = fn(arg, index, bytes);
    echo__sqlite_done(statement);
    return status;
}

/* A handle without locks looks once, at the end, whether it was overtaken. */
echo_status echo__sqlite_get_many(void *ctx, const echo_hash *names, size_t n, echo_chunk_at_fn fn, void *arg,
                                  echo_error *err) {
    echo__sqlite *s = ctx;
    sqlite3_stmt *statement = NULL;
    bool begun = false;
    echo_status status = echo__sqlite_ready(s, err);
    if (status == ECHO_ERR_NOT_FOUND) return ECHO_OK;
    if (status == ECHO_OK) status = echo__sqlite_begin_read(&begun, s, err);
    if (status == ECHO_OK) status = echo__sqlite_statement(&statement, s, ECHO__SQL_GET, err);
    for (size_t i = 0; i < n && status == ECHO_OK; i++) status = read_one(s, statement, &names[i], i, fn, arg, err);
    if (status == ECHO_OK && echo__sqlite_overtaken(s))
        status = echo__error(err, ECHO_ERR_BUSY, "another process wrote to the store while it was read (%s)", s->path);
    echo__sqlite_end_read(s, begun);
    return status;
}

typedef struct has_args {
    const echo_hash *name;
    bool has;
} has_args;

static echo_status look_for_chunk(void *args, echo__sqlite *s, echo_error *err) {
    has_args *h = args;
    sqlite3_stmt *statement;
    bool row = false;
    echo_status status = echo__sqlite_statement(&statement, s, ECHO__SQL_HAS, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_hash(statement, 1, h->name);
    status = echo__sqlite_step(&row, s, statement, err, "cannot look for a chunk");
    echo__sqlite_done(statement);
    h->has = status == ECHO_OK && row;
    return status;
}

echo_status echo__sqlite_has(bool *out, void *ctx, const echo_hash *name, echo_error *err) {
    has_args h = {name, false};
    bool there;
    echo_status status = echo__sqlite_read(&there, ctx, look_for_chunk, &h, err);
    *out = h.has;
    return status;
}

typedef struct manifest_args {
    echo__buf *out;
    uint64_t number; /* 0: none exists */
    const echo_key *party;
    uint64_t most;
    bool too_long; /* its bytes are not read */
} manifest_args;

/* Copies out the party's newest manifest up to number `most`. */
static echo_status read_manifest(void *args, echo__sqlite *s, echo_error *err) {
    manifest_args *m = args;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    echo_bytes bytes;
    m->number = 0;
    echo__buf_clear(m->out);
    echo_status status = echo__sqlite_statement(&statement, s, ECHO__SQL_LIST, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_key(statement, 1, m->party);
    (void)sqlite3_bind_int64(statement, 2, (int64_t)m->most);
    status = echo__sqlite_step(&row, s, statement, err, "cannot read a manifest");
    if (status == ECHO_OK && row) {
        status = echo__sqlite_column_number(&m->number, s, statement, 0, err);
        m->too_long = sqlite3_column_type(statement, 1) == SQLITE_NULL;
        if (status == ECHO_OK && !m->too_long) status = echo__sqlite_column_bytes(&bytes, s, statement, 1, err);
        if (status == ECHO_OK && !m->too_long) echo__buf_append(m->out, bytes.data, bytes.len);
        if (status == ECHO_OK && m->out->status != ECHO_OK) status = echo__nomem(err);
        if (status == ECHO_OK && echo__sqlite_overtaken(s)) /* its bytes may have come from other pages */
            status = echo__error(err, ECHO_ERR_BUSY,
                                 "cannot read a manifest: another process wrote to it while it was read (%s)", s->path);
    }
    echo__sqlite_done(statement);
    return status;
}

echo_status echo__sqlite_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    echo__sqlite *s = ctx;
    echo__buf copy = ECHO__BUF_INIT;
    echo_hash first = {{0}};
    bool any = false;
    manifest_args m = {&copy, 0, party, INT64_MAX, false};
    bool there;
    echo_status status;
    while ((status = echo__sqlite_read(&there, s, read_manifest, &m, err)) == ECHO_OK && there && m.number != 0) {
        echo_bytes text = m.too_long ? echo__bytes(NULL, 0) : echo__buf_bytes(&copy);
        if (!any) echo__seen_name(&first, m.number, text);
        any = true;
        status = fn(arg, m.number, text);
        if (status != ECHO_OK) break;
        m.most = m.number - 1;
    }
    if (status == ECHO_OK && any && !echo__seen_note(&s->seen, party, &first)) status = echo__nomem(err);
    echo__buf_free(&copy);
    return status;
}

typedef struct batch {
    echo_bytes after;
    size_t count;
    echo_hash names[WALK_BATCH];
    uint64_t sizes[WALK_BATCH];
} batch;

static echo_status read_batch(void *args, echo__sqlite *s, echo_error *err) {
    batch *out = args;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    echo_bytes before = out->after;
    out->count = 0;
    echo_status status = echo__sqlite_statement(&statement, s, ECHO__SQL_WALK, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_bytes(statement, 1, out->after);
    (void)sqlite3_bind_int(statement, 2, WALK_BATCH);
    while ((status = echo__sqlite_step(&row, s, statement, err, "cannot walk the chunks")) == ECHO_OK && row &&
           out->count < WALK_BATCH) {
        echo_bytes name;
        status = echo__sqlite_column_bytes(&name, s, statement, 0, err);
        if (status == ECHO_OK && name.len != ECHO_HASH_BYTES)
            status = echo__sqlite_fail(s, SQLITE_CORRUPT, err, "cannot walk the chunks");
        if (status != ECHO_OK) break;
        /* SQLite compares what it seeks, but not whether what follows is in order: the next batch could begin anew. */
        if (echo__bytes_compare(name, before) <= 0) {
            status = echo__sqlite_fail(s, SQLITE_CORRUPT, err, "the index of chunks is not sorted");
            break;
        }
        memcpy(out->names[out->count].bytes, name.data, ECHO_HASH_BYTES);
        before = echo__bytes(out->names[out->count].bytes, ECHO_HASH_BYTES);
        out->sizes[out->count++] = (uint64_t)sqlite3_column_int64(statement, 1);
    }
    echo__sqlite_done(statement);
    return status;
}

echo_status echo__sqlite_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err) {
    batch found;
    echo_hash last;
    bool there;
    found.count = 0;
    found.after = after == NULL ? echo__bytes(NULL, 0) : echo__bytes(after->bytes, sizeof after->bytes);
    do {
        echo_status status = echo__sqlite_read(&there, ctx, read_batch, &found, err);
        for (size_t i = 0; i < found.count && status == ECHO_OK; i++) status = fn(arg, &found.names[i], found.sizes[i]);
        if (status != ECHO_OK) return status;
        if (found.count > 0) last = found.names[found.count - 1];
        found.after = echo__bytes(last.bytes, sizeof last.bytes);
    } while (there && found.count == WALK_BATCH);
    return ECHO_OK;
}

echo_status echo__sqlite_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err) {
    return echo__sqlite_walk_from(ctx, NULL, fn, arg, err);
}

typedef struct party_args {
    echo_key *out;
    echo_bytes after;
    bool found;
} party_args;

/* The first party above `after`. */
static echo_status read_party(void *args, echo__sqlite *s, echo_error *err) {
    party_args *p = args;
    sqlite3_stmt *statement = NULL;
    echo_bytes party;
    p->found = false;
    echo_status status = echo__sqlite_statement(&statement, s, ECHO__SQL_PARTY, err);
    if (status != ECHO_OK) return status;
    echo__sqlite_bind_bytes(statement, 1, p->after);
    status = echo__sqlite_step(&p->found, s, statement, err, "cannot read the parties");
    if (status == ECHO_OK && p->found) {
        status = echo__sqlite_column_bytes(&party, s, statement, 0, err);
        if (status == ECHO_OK && party.len != sizeof p->out->bytes)
            status = echo__sqlite_fail(s, SQLITE_CORRUPT, err, "cannot read the parties");
        if (status == ECHO_OK) memcpy(p->out->bytes, party.data, sizeof p->out->bytes);
    }
    echo__sqlite_done(statement);
    return status;
}

echo_status echo__sqlite_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err) {
    echo_key party, last; /* a party that is read is overwritten when it is read again */
    party_args p = {&party, {NULL, 0}, false};
    bool there;
    echo_status status;
    while ((status = echo__sqlite_read(&there, ctx, read_party, &p, err)) == ECHO_OK && there && p.found) {
        status = fn(arg, &party);
        if (status != ECHO_OK) break;
        last = party;
        p.after = echo__bytes(last.bytes, sizeof last.bytes);
    }
    return status;
}

static echo_status read_usage(void *args, echo__sqlite *s, echo_error *err) {
    uint64_t *bytes = args;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    echo_status status = echo__sqlite_statement(&statement, s, ECHO__SQL_USAGE, err);
    if (status != ECHO_OK) return status;
    status = echo__sqlite_step(&row, s, statement, err, "cannot tell how large the store is");
    if (status == ECHO_OK && row && sqlite3_column_int64(statement, 0) > 0)
        *bytes = (uint64_t)sqlite3_column_int64(statement, 0);
    echo__sqlite_done(statement);
    return status;
}

echo_status echo__sqlite_usage(uint64_t *bytes, void *ctx, echo_error *err) {
    bool there;
    *bytes = 0;
    return echo__sqlite_read(&there, ctx, read_usage, bytes, err);
}
