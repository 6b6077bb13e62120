/*
 * A store in memory: opening and closing, and what its handles share.
 */
#include "store/memory.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"

echo__memory_core *echo__memory_enter(echo__memory *m) {
    (void)pthread_mutex_lock(&m->core->lock);
    return m->core;
}

echo_status echo__memory_leave(echo__memory *m, echo_status status) {
    (void)pthread_mutex_unlock(&m->core->lock);
    return status;
}

void echo__memory_let_go(echo__memory_chunk *one) {
    if (one != NULL && --one->holders == 0) echo__free(one);
}

echo__memory_chunk *echo__memory_seen_by(const echo__memory *m, echo__memory_chunk *one) {
    return one != NULL && one->owner != NULL && one->owner != m ? one->replaced : one;
}

echo__memory_chunk *echo__memory_find(const echo__memory *m, const echo_hash *name) {
    return echo__memory_seen_by(m, echo__map_get(&m->core->chunks, name->bytes, sizeof name->bytes));
}

bool echo__memory_is_writing(const echo__memory *m) { return m->core->writer == m; }

void echo__memory_undo(echo__memory *m) {
    echo__memory_core *c = m->core;
    if (!echo__memory_is_writing(m)) return;
    while (m->pending != NULL) {
        echo__memory_chunk *gone = m->pending;
        m->pending = gone->next_pending;
        if (gone->replaced == NULL)
            (void)echo__map_remove(&c->chunks, gone->name.bytes, sizeof gone->name.bytes);
        else /* cannot fail: the name has its place */
            (void)echo__map_put(&c->chunks, gone->replaced->name.bytes, sizeof gone->name.bytes, gone->replaced);
        echo__memory_let_go(gone);
    }
    c->bytes = c->published;
    c->writer = NULL;
}

echo__memory_manifest *echo__memory_newest(const echo__memory_core *c, const echo_key *party, uint64_t most) {
    echo__memory_manifest *best = NULL;
    for (size_t i = 0; i < c->count; i++) {
        echo__memory_manifest *one = c->manifests[i];
        if (one->number <= most && (best == NULL || one->number > best->number) && echo__key_equal(&one->party, party)) best = one;
    }
    return best;
}

static void free_core(echo__memory_core *c) {
    size_t at = 0;
    for (void *one; (one = echo__map_next(&c->chunks, &at)) != NULL;) echo__free(one);
    echo__map_free(&c->chunks);
    for (size_t i = 0; i < c->count; i++) echo__free(c->manifests[i]);
    echo__free(c->manifests);
    (void)pthread_mutex_destroy(&c->lock);
    echo__free(c);
}

static void memory_close(void *ctx) {
    echo__memory *m = ctx;
    echo__memory_core *c = echo__memory_enter(m);
    echo__memory_undo(m);
    bool last = --c->handles == 0;
    (void)echo__memory_leave(m, ECHO_OK);
    if (last) free_core(c);
    echo__seen_free(&m->seen);
    echo__free(m);
}

static echo_status memory_reopen(echo_store *out, void *ctx, echo_error *err);

static const echo_store_ops memory_ops = {
    .version = ECHO_STORE_OPS_VERSION,
    .capabilities = echo__memory_capabilities,
    .get = echo__memory_get,
    .has = echo__memory_has,
    .put = echo__memory_put,
    .publish = echo__memory_publish,
    .rollback = echo__memory_rollback,
    .flush = echo__memory_flush,
    .list = echo__memory_list,
    .remove = echo__memory_remove,
    .walk = echo__memory_walk,
    .remove_chunks = echo__memory_remove_chunks,
    .close = memory_close,
    .reopen = memory_reopen,
    .parties = echo__memory_parties,
    .walk_from = echo__memory_walk_from,
    .usage = echo__memory_usage,
    .pin = echo__memory_pin,
    .pinned = echo__memory_pinned,
};

/* One more handle; NULL when memory is short. */
static echo__memory *open_handle(echo__memory_core *c) {
    echo__memory *m = echo__calloc(1, sizeof *m);
    if (m == NULL) return NULL;
    m->core = c;
    echo__memory_enter(m)->handles++;
    (void)echo__memory_leave(m, ECHO_OK);
    return m;
}

/* The handle that is given may be in use: of it, only what never changes is read. */
static echo_status memory_reopen(echo_store *out, void *ctx, echo_error *err) {
    const echo__memory *m = ctx;
    echo__memory *twin = open_handle(m->core);
    *out = twin == NULL ? (echo_store){NULL, NULL} : (echo_store){&memory_ops, twin};
    return twin == NULL ? echo__nomem(err) : ECHO_OK;
}

echo_status echo_store_new_memory(echo_store *out) {
    *out = (echo_store){NULL, NULL};
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    echo__memory_core *c = echo__calloc(1, sizeof *c);
    if (c == NULL) return ECHO_ERR_NOMEM;
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        echo__free(c);
        return ECHO_ERR_NOMEM;
    }
    echo__map_init(&c->chunks);
    echo__memory *m = open_handle(c);
    if (m == NULL) {
        free_core(c);
        return ECHO_ERR_NOMEM;
    }
    *out = (echo_store){&memory_ops, m};
    return ECHO_OK;
}
