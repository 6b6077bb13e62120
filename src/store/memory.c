/*
 * A store in memory: its table; opening and closing.
 */
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "store/memory_read.h"
#include "store/memory_write.h"

static void free_core(echo__memstore_core *c) {
    size_t at = 0;
    for (void *one; (one = echo__map_next(&c->chunks, &at)) != NULL;) echo__free(one);
    echo__map_free(&c->chunks);
    for (size_t i = 0; i < c->count; i++) echo__free(c->manifests[i]);
    echo__free(c->manifests);
    (void)pthread_mutex_destroy(&c->lock);
    echo__free(c);
}

static void memory_close(void *ctx) {
    echo__memstore *m = ctx;
    echo__memstore_core *c = echo__memstore_enter(m);
    echo__memstore_undo(m);
    bool last = --c->handles == 0;
    (void)echo__memstore_leave(m, ECHO_OK);
    if (last) free_core(c);
    echo__seen_free(&m->seen);
    echo__free(m);
}

static echo_status memory_reopen(echo_store *out, void *ctx, echo_error *err);

static const echo_store_ops memory_ops = {
    .version = ECHO_STORE_OPS_VERSION,
    .capabilities = echo__memstore_capabilities,
    .get = echo__memstore_get,
    .has = echo__memstore_has,
    .put = echo__memstore_put,
    .publish = echo__memstore_publish,
    .rollback = echo__memstore_rollback,
    .flush = echo__memstore_flush,
    .publish_as = echo__memstore_publish_as,
    .get_many = echo__memstore_get_many,
    .list = echo__memstore_list,
    .remove = echo__memstore_remove,
    .walk = echo__memstore_walk,
    .remove_chunks = echo__memstore_remove_chunks,
    .close = memory_close,
    .reopen = memory_reopen,
    .parties = echo__memstore_parties,
    .walk_from = echo__memstore_walk_from,
    .usage = echo__memstore_usage,
    .pin = echo__memstore_pin,
    .pinned = echo__memstore_pinned,
};

/* One more handle; NULL when memory is short. */
static echo__memstore *open_handle(echo__memstore_core *c) {
    echo__memstore *m = echo__calloc(1, sizeof *m);
    if (m == NULL) return NULL;
    m->core = c;
    echo__memstore_enter(m)->handles++;
    (void)echo__memstore_leave(m, ECHO_OK);
    return m;
}

/* The handle that is given may be in use: of it, only what never changes is read. */
static echo_status memory_reopen(echo_store *out, void *ctx, echo_error *err) {
    const echo__memstore *m = ctx;
    echo__memstore *twin = open_handle(m->core);
    *out = twin == NULL ? (echo_store){NULL, NULL} : (echo_store){&memory_ops, twin};
    return twin == NULL ? echo__nomem(err) : ECHO_OK;
}

echo_status echo_store_new_memory(echo_store *out) {
    if (out == NULL) return ECHO_ERR_INVALID;
    *out = (echo_store){NULL, NULL};
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    echo__memstore_core *c = echo__calloc(1, sizeof *c);
    if (c == NULL) return ECHO_ERR_NOMEM;
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        echo__free(c);
        return ECHO_ERR_NOMEM;
    }
    echo__map_init(&c->chunks);
    echo__memstore *m = open_handle(c);
    if (m == NULL) {
        free_core(c);
        return ECHO_ERR_NOMEM;
    }
    *out = (echo_store){&memory_ops, m};
    return ECHO_OK;
}
