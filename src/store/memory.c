/*
 * A store in memory: one core, and a handle for each time it was opened. Invariants: every chunk is in the core's map; the pending
 * ones are marked with their handle and on its list too, so that undoing is taking them out again, and other handles look through
 * them. One handle writes at a time. Nothing that can fail happens between the first and the last change of a publish or a removal.
 * The lock is over the core and every pending list; no callback is called with it held.
 */
#include <pthread.h>
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
    const struct memory *owner; /* whose pending put it is; NULL: published */
    struct chunk *next_pending;
    struct chunk *replaced; /* of a pending chunk: the one that had its name before */
    size_t holders;         /* the map, or the chunk that replaced it, and those that read it just now */
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

typedef struct core {
    pthread_mutex_t lock;
    size_t handles;
    echo__map chunks;
    uint64_t bytes;              /* of the chunks in the map */
    uint64_t published;          /* the same before the pending puts */
    const struct memory *writer; /* had puts since its last publish, perhaps of chunks that were there; NULL: nobody has */
    manifest **manifests;        /* in no order: there are few */
    size_t count, cap;
} core;

typedef struct memory {
    core *core;
    chunk *pending;
    echo_status failed; /* pending puts were lost to this; until rollback */
    echo__seen seen;
} memory;

static core *enter(memory *m) {
    (void)pthread_mutex_lock(&m->core->lock);
    return m->core;
}

static echo_status leave(memory *m, echo_status status) {
    (void)pthread_mutex_unlock(&m->core->lock);
    return status;
}

/* ---- with the lock held ---- */

static void let_go(chunk *one) {
    if (one != NULL && --one->holders == 0) echo__free(one);
}

/* What this handle sees of a chunk in the map, which may be NULL. */
static chunk *seen_by(const memory *m, chunk *one) {
    return one != NULL && one->owner != NULL && one->owner != m ? one->replaced : one;
}

static chunk *find(const memory *m, const echo_hash *name) {
    return seen_by(m, echo__map_get(&m->core->chunks, name->bytes, sizeof name->bytes));
}

static bool is_writing(const memory *m) { return m->core->writer == m; }

static echo_status refuse_others(const memory *m, echo_error *err) {
    if (m->core->writer == NULL || is_writing(m)) return ECHO_OK;
    return echo__error(err, ECHO_ERR_BUSY, "another handle is writing to the store");
}

static echo_status refuse_pending(const memory *m, echo_error *err) {
    return is_writing(m) ? echo__store_refuse_pending(err) : refuse_others(m, err);
}

static void undo(memory *m) {
    core *c = m->core;
    if (!is_writing(m)) return;
    while (m->pending != NULL) {
        chunk *gone = m->pending;
        m->pending = gone->next_pending;
        if (gone->replaced == NULL)
            (void)echo__map_remove(&c->chunks, gone->name.bytes, sizeof gone->name.bytes);
        else /* cannot fail: the name has its place */
            (void)echo__map_put(&c->chunks, gone->replaced->name.bytes, sizeof gone->name.bytes, gone->replaced);
        let_go(gone);
    }
    c->bytes = c->published;
    c->writer = NULL;
}

/* What is pending stays: it is in the map. */
static void settle(memory *m) {
    core *c = m->core;
    while (m->pending != NULL) {
        chunk *one = m->pending;
        m->pending = one->next_pending;
        let_go(one->replaced);
        one->replaced = NULL;
        one->owner = NULL;
    }
    c->published = c->bytes;
    c->writer = NULL;
}

/* The manifest with the highest number up to `most`. */
static manifest *newest(const core *c, const echo_key *party, uint64_t most) {
    manifest *best = NULL;
    for (size_t i = 0; i < c->count; i++) {
        manifest *one = c->manifests[i];
        if (one->number <= most && (best == NULL || one->number > best->number) && echo__key_equal(&one->party, party)) best = one;
    }
    return best;
}

/* ---- chunks ---- */

static uint32_t memory_capabilities(void *ctx) {
    (void)ctx;
    return 0;
}

static echo_status memory_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    memory *m = ctx;
    (void)enter(m);
    chunk *found = find(m, name);
    if (found != NULL) found->holders++;
    (void)leave(m, ECHO_OK);
    if (found == NULL) return echo__store_refuse_absent(err);
    echo_status status = fn(arg, echo__bytes(found->data, found->len));
    (void)enter(m);
    let_go(found);
    return leave(m, status);
}

static echo_status memory_has(void *ctx, const echo_hash *name, bool *out, echo_error *err) {
    memory *m = ctx;
    (void)err;
    (void)enter(m);
    *out = find(m, name) != NULL;
    return leave(m, ECHO_OK);
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
    core *c = m->core;
    chunk *found = find(m, name);
    if (found != NULL && echo__bytes_equal(echo__bytes(found->data, found->len), bytes)) return ECHO_OK;
    chunk *fresh = echo__malloc(sizeof *fresh + bytes.len);
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
        let_go(found);
    }
    fresh->next_pending = m->pending;
    m->pending = fresh;
    (*written)++;
    return ECHO_OK;
}

static echo_status put(memory *m, const echo_hash *names, const echo_bytes *chunks, size_t n, size_t *count, echo_error *err) {
    bool earlier = is_writing(m);
    echo_status status = echo__store_check_sizes(chunks, n, err);
    if (status == ECHO_OK) status = refuse_others(m, err);
    if (status == ECHO_OK) m->core->writer = m;
    for (size_t i = 0; i < n && status == ECHO_OK; i++) status = add(m, &names[i], chunks[i], count, err);
    if (status == ECHO_OK) return ECHO_OK;
    undo(m);
    if (earlier) m->failed = status;
    return status;
}

static echo_status memory_put(void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n, size_t *written,
                              echo_error *err) {
    memory *m = ctx;
    size_t count = 0;
    if (m->failed) return echo__store_refuse_failed(m->failed, err);
    if (n > 0) {
        (void)enter(m);
        echo_status status = leave(m, put(m, names, chunks, n, &count, err));
        if (status != ECHO_OK) return status;
    }
    if (written != NULL) *written = count;
    return ECHO_OK;
}

/* ---- manifests ---- */

static echo_status publish(memory *m, const echo_key *party, uint64_t expected, echo_bytes bytes, echo_error *err) {
    core *c = m->core;
    echo_status status = echo__store_check_sizes(&bytes, 1, err);
    if (status == ECHO_OK) status = refuse_others(m, err);
    if (status != ECHO_OK) return status;
    const manifest *last = newest(c, party, UINT64_MAX);
    uint64_t number = last == NULL ? 0 : last->number;
    status = echo__store_check_number(number, expected, err);
    if (status != ECHO_OK) return status;
    if (!echo__grow(&c->manifests, &c->cap, c->count + 1, sizeof(manifest *))) return echo__nomem(err);
    manifest *fresh = echo__malloc(sizeof *fresh + bytes.len);
    if (fresh == NULL) return echo__nomem(err);
    fresh->party = *party;
    fresh->number = number + 1;
    fresh->pinned = false;
    fresh->len = bytes.len;
    if (bytes.len > 0) memcpy(fresh->data, bytes.data, bytes.len);
    c->manifests[c->count++] = fresh;
    settle(m);
    return ECHO_OK;
}

static echo_status memory_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes bytes, echo_error *err) {
    memory *m = ctx;
    if (m->failed) return echo__store_refuse_failed(m->failed, err);
    (void)enter(m);
    bool earlier = is_writing(m);
    echo_status status = publish(m, party, expected, bytes, err);
    if (status != ECHO_OK) {
        undo(m);
        if (earlier) m->failed = status;
    }
    return leave(m, status);
}

static echo_status memory_rollback(void *ctx, echo_error *err) {
    memory *m = ctx;
    (void)err;
    (void)enter(m);
    undo(m);
    m->failed = ECHO_OK;
    return leave(m, ECHO_OK);
}

/* Copies out the party's newest manifest up to number `most`; *number is 0 when there is none. */
static echo_status read_manifest(echo__buf *out, uint64_t *number, memory *m, const echo_key *party, uint64_t most,
                                 echo_error *err) {
    const manifest *one = newest(enter(m), party, most);
    *number = one == NULL ? 0 : one->number;
    echo__buf_clear(out);
    if (one != NULL) echo__buf_append(out, one->data, one->len);
    (void)leave(m, ECHO_OK);
    return out->status == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

/* Each manifest is copied for its call: fn may remove it, and so may others. */
static echo_status memory_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    memory *m = ctx;
    echo__buf copy = ECHO__BUF_INIT;
    echo_hash first = {{0}};
    bool any = false;
    uint64_t number, most = UINT64_MAX;
    echo_status status;
    while ((status = read_manifest(&copy, &number, m, party, most, err)) == ECHO_OK && number != 0) {
        if (!any) echo__seen_name(&first, number, echo__buf_bytes(&copy));
        any = true;
        status = fn(arg, number, echo__buf_bytes(&copy));
        if (status != ECHO_OK) break;
        most = number - 1;
    }
    if (status == ECHO_OK && any && !echo__seen_note(&m->seen, party, &first)) status = echo__nomem(err);
    echo__buf_free(&copy);
    return status;
}

static echo_status remove_manifest(memory *m, const echo_key *party, uint64_t number, echo_error *err) {
    core *c = m->core;
    echo_status status = refuse_pending(m, err);
    if (status != ECHO_OK) return status;
    for (size_t i = 0; i < c->count; i++) {
        manifest *one = c->manifests[i];
        if (one->number != number || !echo__key_equal(&one->party, party)) continue;
        if (one->pinned) return echo__store_refuse_pinned(number, err);
        c->manifests[i] = c->manifests[--c->count];
        echo__free(one);
        return ECHO_OK;
    }
    return echo__store_refuse_number(number, err);
}

static echo_status memory_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    memory *m = ctx;
    (void)enter(m);
    return leave(m, remove_manifest(m, party, number, err));
}

static echo_status pin(memory *m, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    echo_status status = refuse_pending(m, err);
    if (status != ECHO_OK) return status;
    manifest *one = newest(m->core, party, number);
    if (one == NULL || one->number != number) return echo__store_refuse_number(number, err);
    one->pinned = pinned;
    return ECHO_OK;
}

static echo_status memory_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    memory *m = ctx;
    (void)enter(m);
    return leave(m, pin(m, party, number, pinned, err));
}

static echo_status memory_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    memory *m = ctx;
    (void)err;
    const manifest *one = newest(enter(m), party, number);
    *out = one != NULL && one->number == number && one->pinned;
    return leave(m, ECHO_OK);
}

/* The lowest party above *after, or of all when that is NULL; false when there is none. */
static bool read_party(echo_key *out, memory *m, const echo_key *after) {
    const core *c = enter(m);
    const echo_key *next = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const echo_key *party = &c->manifests[i]->party;
        if (after != NULL && echo__key_compare(party, after) <= 0) continue;
        if (next == NULL || echo__key_compare(party, next) < 0) next = party;
    }
    if (next != NULL) *out = *next;
    (void)leave(m, ECHO_OK);
    return next != NULL;
}

static echo_status memory_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err) {
    memory *m = ctx;
    echo_key party, last;
    const echo_key *after = NULL;
    (void)err;
    while (read_party(&party, m, after)) {
        last = party;
        after = &last;
        echo_status status = fn(arg, &party);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

/* ---- all chunks ---- */

static echo_status memory_usage(uint64_t *bytes, void *ctx, echo_error *err) {
    memory *m = ctx;
    (void)err;
    const core *c = enter(m);
    *bytes = is_writing(m) ? c->bytes : c->published;
    return leave(m, ECHO_OK);
}

typedef struct entry {
    echo_hash name;
    uint64_t size;
} entry;

static int by_name(const void *a, const void *b) {
    const entry *x = a, *y = b;
    return memcmp(x->name.bytes, y->name.bytes, sizeof x->name.bytes);
}

/* Copies out what the handle sees above *after, in no order; NULL when memory is short. */
static entry *read_entries(size_t *n, memory *m, const echo_hash *after) {
    const core *c = enter(m);
    size_t at = 0;
    *n = 0;
    entry *list = echo__realloc_array(NULL, c->chunks.count, sizeof *list);
    for (chunk *one; list != NULL && (one = echo__map_next(&c->chunks, &at)) != NULL;) {
        const chunk *found = seen_by(m, one);
        if (found == NULL || (after != NULL && memcmp(found->name.bytes, after->bytes, sizeof after->bytes) <= 0)) continue;
        list[*n].name = found->name;
        list[(*n)++].size = found->len;
    }
    (void)leave(m, ECHO_OK);
    return list;
}

static echo_status memory_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err) {
    size_t n;
    entry *sorted = read_entries(&n, ctx, after);
    if (sorted == NULL) return echo__nomem(err);
    qsort(sorted, n, sizeof *sorted, by_name);
    echo_status status = ECHO_OK;
    for (size_t i = 0; i < n && status == ECHO_OK; i++) status = fn(arg, &sorted[i].name, sorted[i].size);
    echo__free(sorted);
    return status;
}

static echo_status memory_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err) {
    return memory_walk_from(ctx, NULL, fn, arg, err);
}

/* Whether the newest manifest of every party is one that this handle has listed. */
static bool seen_all(const memory *m) {
    const core *c = m->core;
    for (size_t i = 0; i < c->count; i++) {
        const manifest *one = c->manifests[i];
        if (newest(c, &one->party, UINT64_MAX) != one) continue;
        echo_hash name;
        echo__seen_name(&name, one->number, echo__bytes(one->data, one->len));
        if (!echo__seen_is(&m->seen, &one->party, &name)) return false;
    }
    return true;
}

static echo_status remove_chunks(memory *m, const echo_hash *names, size_t n, echo_error *err) {
    core *c = m->core;
    echo_status status = refuse_pending(m, err);
    if (status != ECHO_OK) return status;
    if (!seen_all(m)) return echo__store_refuse_unseen(err);
    for (size_t i = 0; i < n; i++) {
        chunk *gone = echo__map_remove(&c->chunks, names[i].bytes, sizeof names[i].bytes);
        if (gone != NULL) c->bytes -= gone->len;
        let_go(gone);
    }
    c->published = c->bytes;
    return ECHO_OK;
}

static echo_status memory_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err) {
    memory *m = ctx;
    (void)enter(m);
    return leave(m, remove_chunks(m, names, n, err));
}

/* ---- opening and closing ---- */

static void free_core(core *c) {
    size_t at = 0;
    for (void *one; (one = echo__map_next(&c->chunks, &at)) != NULL;) echo__free(one);
    echo__map_free(&c->chunks);
    for (size_t i = 0; i < c->count; i++) echo__free(c->manifests[i]);
    echo__free(c->manifests);
    (void)pthread_mutex_destroy(&c->lock);
    echo__free(c);
}

static void memory_close(void *ctx) {
    memory *m = ctx;
    core *c = enter(m);
    undo(m);
    bool last = --c->handles == 0;
    (void)leave(m, ECHO_OK);
    if (last) free_core(c);
    echo__seen_free(&m->seen);
    echo__free(m);
}

static echo_status memory_reopen(echo_store *out, void *ctx, echo_error *err);

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
    .reopen = memory_reopen,
    .parties = memory_parties,
    .walk_from = memory_walk_from,
    .usage = memory_usage,
    .pin = memory_pin,
    .pinned = memory_pinned,
};

/* One more handle; NULL when memory is short. */
static memory *open_handle(core *c) {
    memory *m = echo__calloc(1, sizeof *m);
    if (m == NULL) return NULL;
    m->core = c;
    enter(m)->handles++;
    (void)leave(m, ECHO_OK);
    return m;
}

/* The handle that is given may be in use: of it, only what never changes is read. */
static echo_status memory_reopen(echo_store *out, void *ctx, echo_error *err) {
    const memory *m = ctx;
    memory *twin = open_handle(m->core);
    *out = twin == NULL ? (echo_store){NULL, NULL} : (echo_store){&memory_ops, twin};
    return twin == NULL ? echo__nomem(err) : ECHO_OK;
}

echo_status echo_store_new_memory(echo_store *out) {
    *out = (echo_store){NULL, NULL};
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    core *c = echo__calloc(1, sizeof *c);
    if (c == NULL) return ECHO_ERR_NOMEM;
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        echo__free(c);
        return ECHO_ERR_NOMEM;
    }
    echo__map_init(&c->chunks);
    memory *m = open_handle(c);
    if (m == NULL) {
        free_core(c);
        return ECHO_ERR_NOMEM;
    }
    *out = (echo_store){&memory_ops, m};
    return ECHO_OK;
}
