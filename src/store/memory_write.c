/*
 * Writing to a store in memory.
 */
#include "store/memory_write.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/error.h"

/* What is pending stays: it is in the map. */
static void settle(echo__memstore *m) {
    echo__memstore_core *c = m->core;
    while (m->pending != NULL) {
        echo__memstore_chunk *one = m->pending;
        m->pending = one->next_pending;
        echo__memstore_let_go(one->replaced);
        one->replaced = NULL;
        one->owner = NULL;
    }
    c->published = c->bytes;
    c->writer = NULL;
}

static echo_status refuse_others(const echo__memstore *m, echo_error *err) {
    if (m->core->writer == NULL || echo__memstore_is_writing(m)) return ECHO_OK;
    return echo__error(err, ECHO_ERR_BUSY, "another handle is writing to the store");
}

static echo_status refuse_pending(const echo__memstore *m, echo_error *err) {
    return echo__memstore_is_writing(m) ? echo__store_refuse_pending(err) : refuse_others(m, err);
}

/* Takes a chunk from the pending list; false when it is not on it. */
static bool unlink_pending(echo__memstore *m, const echo__memstore_chunk *one) {
    for (echo__memstore_chunk **link = &m->pending; *link != NULL; link = &(*link)->next_pending)
        if (*link == one) {
            *link = one->next_pending;
            return true;
        }
    return false;
}

/* Adds a chunk unless it is there; one that is there with other bytes gives way, and comes back if the puts are undone.
 */
static echo_status add(echo__memstore *m, const echo_hash *name, echo_bytes bytes, size_t *written, echo_error *err) {
    echo__memstore_core *c = m->core;
    echo__memstore_chunk *found = echo__memstore_find(m, name);
    if (found != NULL && echo__bytes_equal(echo__bytes(found->data, found->len), bytes)) return ECHO_OK;
    echo__memstore_chunk *fresh = echo__malloc(sizeof *fresh + bytes.len);
    if (fresh == NULL) return echo__nomem(err);
    fresh->name = *name;
    fresh->owner = m;
    fresh->replaced = found;
    fresh->holders = 1;
    fresh->len = bytes.len;
    if (bytes.len > 0) memcpy(fresh->data, bytes.data, bytes.len);
    if (!echo__map_put(&c->chunks, fresh->name.bytes, sizeof fresh->name.bytes, fresh)) {
        echo__free(fresh);
        return echo__nomem(err);
    }
    c->bytes += bytes.len;
    if (found != NULL) c->bytes -= found->len;
    if (found != NULL && unlink_pending(m, found)) {
        fresh->replaced = found->replaced;
        echo__memstore_let_go(found);
    }
    fresh->next_pending = m->pending;
    m->pending = fresh;
    (*written)++;
    return ECHO_OK;
}

static echo_status put(echo__memstore *m, const echo_hash *names, const echo_bytes *chunks, size_t n, size_t *count,
                       echo_error *err) {
    bool earlier = echo__memstore_is_writing(m);
    echo_status status = echo__store_check_sizes(chunks, n, err);
    if (status == ECHO_OK) status = refuse_others(m, err);
    if (status == ECHO_OK) m->core->writer = m;
    for (size_t i = 0; i < n && status == ECHO_OK; i++) status = add(m, &names[i], chunks[i], count, err);
    if (status == ECHO_OK) return ECHO_OK;
    echo__memstore_undo(m);
    if (earlier) m->failed = status;
    return status;
}

echo_status echo__memstore_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                               echo_error *err) {
    echo__memstore *m = ctx;
    size_t count = 0;
    if (m->failed) return echo__store_refuse_failed(m->failed, err);
    if (n > 0) {
        (void)echo__memstore_enter(m);
        echo_status status = echo__memstore_leave(m, put(m, names, chunks, n, &count, err));
        if (status != ECHO_OK) return status;
    }
    if (written != NULL) *written = count;
    return ECHO_OK;
}

static echo_status publish(echo__memstore *m, const echo_key *party, uint64_t expected, uint64_t number,
                           echo_bytes bytes, echo_error *err) {
    echo__memstore_core *c = m->core;
    echo_status status = echo__store_check_manifest(bytes, err);
    if (status == ECHO_OK) status = refuse_others(m, err);
    if (status != ECHO_OK) return status;
    const echo__memstore_manifest *last = echo__memstore_newest(c, party, UINT64_MAX);
    status = echo__store_check_number(last == NULL ? 0 : last->number, expected, number, err);
    if (status != ECHO_OK) return status;
    if (!echo__grow(&c->manifests, &c->cap, c->count + 1, sizeof(echo__memstore_manifest *))) return echo__nomem(err);
    echo__memstore_manifest *fresh = echo__malloc(sizeof *fresh + bytes.len);
    if (fresh == NULL) return echo__nomem(err);
    fresh->party = *party;
    fresh->number = number;
    fresh->pinned = false;
    fresh->len = bytes.len;
    if (bytes.len > 0) memcpy(fresh->data, bytes.data, bytes.len);
    c->manifests[c->count++] = fresh;
    settle(m);
    return ECHO_OK;
}

echo_status echo__memstore_publish_as(void *ctx, const echo_key *party, uint64_t expected, uint64_t number,
                                      echo_bytes bytes, echo_error *err) {
    echo__memstore *m = ctx;
    if (m->failed) return echo__store_refuse_failed(m->failed, err);
    (void)echo__memstore_enter(m);
    bool earlier = echo__memstore_is_writing(m);
    echo_status status = publish(m, party, expected, number, bytes, err);
    if (status != ECHO_OK) {
        echo__memstore_undo(m);
        if (earlier) m->failed = status;
    }
    return echo__memstore_leave(m, status);
}

echo_status echo__memstore_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes bytes,
                                   echo_error *err) {
    return echo__memstore_publish_as(ctx, party, expected, expected + 1, bytes, err);
}

echo_status echo__memstore_flush(void *ctx, echo_error *err) {
    echo__memstore *m = ctx;
    if (m->failed) return echo__store_refuse_failed(m->failed, err);
    (void)echo__memstore_enter(m);
    if (echo__memstore_is_writing(m)) settle(m);
    return echo__memstore_leave(m, ECHO_OK);
}

echo_status echo__memstore_rollback(void *ctx, echo_error *err) {
    echo__memstore *m = ctx;
    (void)err;
    (void)echo__memstore_enter(m);
    echo__memstore_undo(m);
    m->failed = ECHO_OK;
    return echo__memstore_leave(m, ECHO_OK);
}

static echo_status remove_manifest(echo__memstore *m, const echo_key *party, uint64_t number, echo_error *err) {
    echo__memstore_core *c = m->core;
    echo_status status = refuse_pending(m, err);
    if (status != ECHO_OK) return status;
    for (size_t i = 0; i < c->count; i++) {
        echo__memstore_manifest *one = c->manifests[i];
        if (one->number != number || !echo__key_equal(&one->party, party)) continue;
        if (one->pinned) return echo__store_refuse_pinned(number, err);
        c->manifests[i] = c->manifests[--c->count];
        echo__free(one);
        return ECHO_OK;
    }
    return echo__store_refuse_number(number, err);
}

echo_status echo__memstore_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    echo__memstore *m = ctx;
    (void)echo__memstore_enter(m);
    return echo__memstore_leave(m, remove_manifest(m, party, number, err));
}

static echo_status pin(echo__memstore *m, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    echo_status status = refuse_pending(m, err);
    if (status != ECHO_OK) return status;
    echo__memstore_manifest *one = echo__memstore_newest(m->core, party, number);
    if (one == NULL || one->number != number) return echo__store_refuse_number(number, err);
    one->pinned = pinned;
    return ECHO_OK;
}

echo_status echo__memstore_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    echo__memstore *m = ctx;
    (void)echo__memstore_enter(m);
    return echo__memstore_leave(m, pin(m, party, number, pinned, err));
}

/* Whether the newest manifest of every party is one that this handle has listed. */
static bool seen_all(const echo__memstore *m) {
    const echo__memstore_core *c = m->core;
    for (size_t i = 0; i < c->count; i++) {
        const echo__memstore_manifest *one = c->manifests[i];
        if (echo__memstore_newest(c, &one->party, UINT64_MAX) != one) continue;
        echo_hash name;
        echo__seen_name(&name, one->number, echo__bytes(one->data, one->len));
        if (!echo__seen_is(&m->seen, &one->party, &name)) return false;
    }
    return true;
}

static echo_status remove_chunks(echo__memstore *m, const echo_hash *names, size_t n, echo_error *err) {
    echo__memstore_core *c = m->core;
    echo_status status = refuse_pending(m, err);
    if (status != ECHO_OK) return status;
    if (!seen_all(m)) return echo__store_refuse_unseen(err);
    for (size_t i = 0; i < n; i++) {
        echo__memstore_chunk *gone = echo__map_remove(&c->chunks, names[i].bytes, sizeof names[i].bytes);
        if (gone != NULL) c->bytes -= gone->len;
        echo__memstore_let_go(gone);
    }
    c->published = c->bytes;
    return ECHO_OK;
}

echo_status echo__memstore_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err) {
    echo__memstore *m = ctx;
    (void)echo__memstore_enter(m);
    return echo__memstore_leave(m, remove_chunks(m, names, n, err));
}
