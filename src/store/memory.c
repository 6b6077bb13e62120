/*
 * A store in memory. Invariants: every chunk is in the map; those put since the last publish are on the pending list too, so that
 * undoing is taking them out again. Nothing that can fail happens between the first and the last change of a publish or a removal.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/map.h"
#include "store/store.h"

typedef struct chunk {
    echo_hash name;
    struct chunk *next_pending;
    struct chunk *replaced; /* of a pending chunk: the one that had its name before */
    size_t len;
    uint8_t data[];
} chunk;

typedef struct manifest {
    echo_key party;
    uint64_t number;
    bool pinned;
    size_t len;
    uint8_t data[];
} manifest;

typedef struct memory {
    echo__map chunks;
    uint64_t bytes;       /* of the chunks in the map */
    chunk *pending;
    bool writing;         /* there were puts since the last publish, perhaps of chunks that were there */
    echo_status failed;   /* pending puts were lost to this; until rollback */
    manifest **manifests; /* in no order: there are few */
    size_t count, cap;
    echo__seen seen;
} memory;

static void undo(memory *m) {
    while (m->pending != NULL) {
        chunk *gone = m->pending;
        m->pending = gone->next_pending;
        m->bytes -= gone->len;
        if (gone->replaced != NULL) m->bytes += gone->replaced->len;
        if (gone->replaced == NULL)
            (void)echo__map_remove(&m->chunks, gone->name.bytes, sizeof gone->name.bytes);
        else /* cannot fail: the name has its place */
            (void)echo__map_put(&m->chunks, gone->replaced->name.bytes, sizeof gone->name.bytes, gone->replaced);
        echo__free(gone);
    }
    m->writing = false;
}

/* What is pending stays: it is in the map. */
static void settle(memory *m) {
    for (chunk *one = m->pending; one != NULL; one = one->next_pending) {
        echo__free(one->replaced);
        one->replaced = NULL;
    }
    m->pending = NULL;
    m->writing = false;
}

/* The manifest with the highest number up to `most`. */
static manifest *newest(const memory *m, const echo_key *party, uint64_t most) {
    manifest *best = NULL;
    for (size_t i = 0; i < m->count; i++) {
        manifest *one = m->manifests[i];
        if (one->number <= most && (best == NULL || one->number > best->number) && echo__key_equal(&one->party, party)) best = one;
    }
    return best;
}

static uint32_t memory_capabilities(void *ctx) {
    (void)ctx;
    return 0;
}

static echo_status memory_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    const memory *m = ctx;
    const chunk *found = echo__map_get(&m->chunks, name->bytes, sizeof name->bytes);
    if (found == NULL) return echo__store_refuse_absent(err);
    return fn(arg, echo__bytes(found->data, found->len));
}

static echo_status memory_has(void *ctx, const echo_hash *name, bool *out, echo_error *err) {
    const memory *m = ctx;
    (void)err;
    *out = echo__map_get(&m->chunks, name->bytes, sizeof name->bytes) != NULL;
    return ECHO_OK;
}

/* Takes a chunk from the pending list; false when it is not on it. */
static bool unlink_pending(memory *m, const chunk *one) {
    for (chunk **link = &m->pending; *link != NULL; link = &(*link)->next_pending)
        if (*link == one) {
            *link = one->next_pending;
            return true;
        }
    return false;
}

/* Adds a chunk unless it is there; one that is there with other bytes gives way, and comes back if the puts are undone. */
static echo_status add(memory *m, const echo_hash *name, echo_bytes bytes, size_t *written, echo_error *err) {
    chunk *found = echo__map_get(&m->chunks, name->bytes, sizeof name->bytes);
    if (found != NULL && echo__bytes_equal(echo__bytes(found->data, found->len), bytes)) return ECHO_OK;
    chunk *fresh = echo__malloc(sizeof *fresh + bytes.len);
    if (fresh == NULL) return echo__nomem(err);
    fresh->name = *name;
    fresh->replaced = found;
    fresh->len = bytes.len;
    if (bytes.len > 0) memcpy(fresh->data, bytes.data, bytes.len);
    if (!echo__map_put(&m->chunks, fresh->name.bytes, sizeof fresh->name.bytes, fresh)) {
        echo__free(fresh);
        return echo__nomem(err);
    }
    m->bytes += bytes.len;
    if (found != NULL) m->bytes -= found->len;
    if (found != NULL && unlink_pending(m, found)) {
        fresh->replaced = found->replaced;
        echo__free(found);
    }
    fresh->next_pending = m->pending;
    m->pending = fresh;
    (*written)++;
    return ECHO_OK;
}

static echo_status memory_put(void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n, size_t *written,
                              echo_error *err) {
    memory *m = ctx;
    if (m->failed) return echo__store_refuse_failed(m->failed, err);
    size_t count = 0;
    bool earlier = m->writing;
    echo_status status = echo__store_check_sizes(chunks, n, err);
    for (size_t i = 0; i < n && status == ECHO_OK; i++) status = add(m, &names[i], chunks[i], &count, err);
    if (status != ECHO_OK) {
        undo(m);
        if (earlier) m->failed = status;
        return status;
    }
    if (n > 0) m->writing = true;
    if (written != NULL) *written = count;
    return ECHO_OK;
}

static echo_status publish(memory *m, const echo_key *party, uint64_t expected, echo_bytes bytes, echo_error *err) {
    echo_status status = echo__store_check_sizes(&bytes, 1, err);
    if (status != ECHO_OK) return status;
    const manifest *last = newest(m, party, UINT64_MAX);
    uint64_t number = last == NULL ? 0 : last->number;
    status = echo__store_check_number(number, expected, err);
    if (status != ECHO_OK) return status;
    if (!echo__grow(&m->manifests, &m->cap, m->count + 1, sizeof(manifest *))) return echo__nomem(err);
    manifest *fresh = echo__malloc(sizeof *fresh + bytes.len);
    if (fresh == NULL) return echo__nomem(err);
    fresh->party = *party;
    fresh->number = number + 1;
    fresh->pinned = false;
    fresh->len = bytes.len;
    if (bytes.len > 0) memcpy(fresh->data, bytes.data, bytes.len);
    m->manifests[m->count++] = fresh;
    settle(m);
    return ECHO_OK;
}

static echo_status memory_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes bytes, echo_error *err) {
    memory *m = ctx;
    if (m->failed) return echo__store_refuse_failed(m->failed, err);
    bool earlier = m->writing;
    echo_status status = publish(m, party, expected, bytes, err);
    if (status != ECHO_OK) {
        undo(m);
        if (earlier) m->failed = status;
    }
    return status;
}

static echo_status memory_rollback(void *ctx, echo_error *err) {
    memory *m = ctx;
    (void)err;
    undo(m);
    m->failed = ECHO_OK;
    return ECHO_OK;
}

/* Each manifest is copied for its call: fn may remove it. */
static echo_status memory_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    memory *m = ctx;
    echo__buf copy = ECHO__BUF_INIT;
    echo_status status = ECHO_OK;
    echo_hash first = {{0}};
    bool any = false;
    for (uint64_t most = UINT64_MAX; status == ECHO_OK;) {
        const manifest *one = newest(m, party, most);
        if (one == NULL) break;
        uint64_t number = one->number;
        echo__buf_clear(&copy);
        echo__buf_append(&copy, one->data, one->len);
        if (copy.status != ECHO_OK) {
            status = echo__nomem(err);
            break;
        }
        if (!any) echo__seen_name(&first, number, echo__buf_bytes(&copy));
        any = true;
        status = fn(arg, number, echo__buf_bytes(&copy));
        most = number - 1;
    }
    if (status == ECHO_OK && any && !echo__seen_note(&m->seen, party, &first)) status = echo__nomem(err);
    echo__buf_free(&copy);
    return status;
}

static echo_status memory_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    memory *m = ctx;
    if (m->writing) return echo__store_refuse_pending(err);
    for (size_t i = 0; i < m->count; i++) {
        manifest *one = m->manifests[i];
        if (one->number != number || !echo__key_equal(&one->party, party)) continue;
        if (one->pinned) return echo__store_refuse_pinned(number, err);
        m->manifests[i] = m->manifests[--m->count];
        echo__free(one);
        return ECHO_OK;
    }
    return echo__store_refuse_number(number, err);
}

static echo_status memory_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    memory *m = ctx;
    if (m->writing) return echo__store_refuse_pending(err);
    manifest *one = newest(m, party, number);
    if (one == NULL || one->number != number) return echo__store_refuse_number(number, err);
    one->pinned = pinned;
    return ECHO_OK;
}

static echo_status memory_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    const memory *m = ctx;
    (void)err;
    const manifest *one = newest(m, party, number);
    *out = one != NULL && one->number == number && one->pinned;
    return ECHO_OK;
}

static echo_status memory_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err) {
    const memory *m = ctx;
    const echo_key *last = NULL;
    (void)err;
    for (;;) {
        const echo_key *next = NULL;
        for (size_t i = 0; i < m->count; i++) {
            const echo_key *party = &m->manifests[i]->party;
            if (last != NULL && echo__key_compare(party, last) <= 0) continue;
            if (next == NULL || echo__key_compare(party, next) < 0) next = party;
        }
        if (next == NULL) return ECHO_OK;
        echo_status status = fn(arg, next);
        if (status != ECHO_OK) return status;
        last = next;
    }
}

static echo_status memory_usage(uint64_t *bytes, void *ctx, echo_error *err) {
    const memory *m = ctx;
    (void)err;
    *bytes = m->bytes;
    return ECHO_OK;
}

static int by_name(const void *a, const void *b) {
    const chunk *const *x = a, *const *y = b;
    return memcmp((*x)->name.bytes, (*y)->name.bytes, sizeof(*x)->name.bytes);
}

static echo_status memory_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err) {
    const memory *m = ctx;
    size_t n = 0, at = 0;
    const chunk **sorted = echo__realloc_array(NULL, m->chunks.count, sizeof *sorted);
    if (sorted == NULL) return echo__nomem(err);
    for (const chunk *one; (one = echo__map_next(&m->chunks, &at)) != NULL;)
        if (after == NULL || memcmp(one->name.bytes, after->bytes, sizeof after->bytes) > 0) sorted[n++] = one;
    qsort(sorted, n, sizeof *sorted, by_name);
    echo_status status = ECHO_OK;
    for (size_t i = 0; i < n && status == ECHO_OK; i++) status = fn(arg, &sorted[i]->name, sorted[i]->len);
    echo__free(sorted);
    return status;
}

static echo_status memory_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err) {
    return memory_walk_from(ctx, NULL, fn, arg, err);
}

/* Whether the newest manifest of every party is one that this handle has listed. */
static bool seen_all(const memory *m) {
    for (size_t i = 0; i < m->count; i++) {
        const manifest *one = m->manifests[i];
        if (newest(m, &one->party, UINT64_MAX) != one) continue;
        echo_hash name;
        echo__seen_name(&name, one->number, echo__bytes(one->data, one->len));
        if (!echo__seen_is(&m->seen, &one->party, &name)) return false;
    }
    return true;
}

static echo_status memory_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err) {
    memory *m = ctx;
    if (m->writing) return echo__store_refuse_pending(err);
    if (!seen_all(m)) return echo__store_refuse_unseen(err);
    for (size_t i = 0; i < n; i++) {
        chunk *gone = echo__map_remove(&m->chunks, names[i].bytes, sizeof names[i].bytes);
        if (gone != NULL) m->bytes -= gone->len;
        echo__free(gone);
    }
    return ECHO_OK;
}

static void memory_close(void *ctx) {
    memory *m = ctx;
    size_t at = 0;
    undo(m);
    for (void *one; (one = echo__map_next(&m->chunks, &at)) != NULL;) echo__free(one);
    echo__map_free(&m->chunks);
    for (size_t i = 0; i < m->count; i++) echo__free(m->manifests[i]);
    echo__free(m->manifests);
    echo__seen_free(&m->seen);
    echo__free(m);
}

static const echo_store_ops memory_ops = {
    .version = ECHO_STORE_OPS_VERSION,
    .capabilities = memory_capabilities,
    .get = memory_get,
    .has = memory_has,
    .put = memory_put,
    .publish = memory_publish,
    .rollback = memory_rollback,
    .list = memory_list,
    .remove = memory_remove,
    .walk = memory_walk,
    .remove_chunks = memory_remove_chunks,
    .close = memory_close,
    .parties = memory_parties,
    .walk_from = memory_walk_from,
    .usage = memory_usage,
    .pin = memory_pin,
    .pinned = memory_pinned,
};

echo_status echo_store_new_memory(echo_store *out) {
    out->ops = NULL;
    out->ctx = NULL;
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    memory *m = echo__calloc(1, sizeof *m);
    if (m == NULL) return ECHO_ERR_NOMEM;
    echo__map_init(&m->chunks);
    out->ops = &memory_ops;
    out->ctx = m;
    return ECHO_OK;
}
