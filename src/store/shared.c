#include "store/shared.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/error.h"

/* Recursive, because the callback of `list` may call the store. */
typedef struct shared {
    echo_store inner;
    pthread_mutex_t lock;
} shared;

static const echo_store *enter(void *ctx) {
    shared *s = ctx;
    (void)pthread_mutex_lock(&s->lock);
    return &s->inner;
}

static echo_status leave(void *ctx, echo_status status) {
    shared *s = ctx;
    (void)pthread_mutex_unlock(&s->lock);
    return status;
}

static uint32_t shared_capabilities(void *ctx) {
    const echo_store *in = enter(ctx);
    uint32_t bits = in->ops->capabilities(in->ctx);
    (void)leave(ctx, ECHO_OK);
    return bits;
}

static echo_status shared_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, in->ops->get(in->ctx, name, fn, arg, err));
}

static echo_status shared_has(void *ctx, const echo_hash *name, bool *out, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, in->ops->has(in->ctx, name, out, err));
}

static echo_status shared_put(void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n, size_t *written, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, in->ops->put(in->ctx, names, chunks, n, written, err));
}

static echo_status shared_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, in->ops->publish(in->ctx, party, expected, manifest, err));
}

static echo_status shared_rollback(void *ctx, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, in->ops->rollback(in->ctx, err));
}

static echo_status shared_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, in->ops->list(in->ctx, party, fn, arg, err));
}

static echo_status shared_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, in->ops->remove(in->ctx, party, number, err));
}

static echo_status shared_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, in->ops->walk(in->ctx, fn, arg, err));
}

static echo_status shared_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, in->ops->remove_chunks(in->ctx, names, n, err));
}

/* Version 2: absent hooks are told as such by what these answer. */

static echo_status shared_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, echo__store_parties(in, fn, arg, err));
}

static echo_status shared_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, echo__store_walk_from(in, after, fn, arg, err));
}

static echo_status shared_usage(uint64_t *bytes, void *ctx, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, echo__store_usage(bytes, in, err));
}

static echo_status shared_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, echo__store_pin(in, party, number, pinned, err));
}

static echo_status shared_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    const echo_store *in = enter(ctx);
    return leave(ctx, echo__store_pinned(out, in, party, number, err));
}

static void shared_close(void *ctx) {
    shared *s = ctx;
    (void)pthread_mutex_destroy(&s->lock);
    echo__free(s);
}

static const echo_store_ops shared_ops = {
    .version = ECHO_STORE_OPS_VERSION,
    .capabilities = shared_capabilities,
    .get = shared_get,
    .has = shared_has,
    .put = shared_put,
    .publish = shared_publish,
    .rollback = shared_rollback,
    .list = shared_list,
    .remove = shared_remove,
    .walk = shared_walk,
    .remove_chunks = shared_remove_chunks,
    .close = shared_close,
    .parties = shared_parties,
    .walk_from = shared_walk_from,
    .usage = shared_usage,
    .pin = shared_pin,
    .pinned = shared_pinned,
};

const echo_store *echo__store_shared_inner(const echo_store *store) {
    const shared *s = store->ctx;
    return &s->inner;
}

static bool init_lock(pthread_mutex_t *lock) {
    pthread_mutexattr_t how;
    if (pthread_mutexattr_init(&how) != 0) return false;
    bool made = pthread_mutexattr_settype(&how, PTHREAD_MUTEX_RECURSIVE) == 0 && pthread_mutex_init(lock, &how) == 0;
    (void)pthread_mutexattr_destroy(&how);
    return made;
}

echo_status echo__store_share(echo_store *out, const echo_store *inner, echo_error *err) {
    *out = (echo_store){NULL, NULL};
    shared *s = echo__calloc(1, sizeof *s);
    if (s == NULL) return echo__nomem(err);
    s->inner = *inner;
    if (!init_lock(&s->lock)) {
        echo__free(s);
        return echo__nomem(err);
    }
    *out = (echo_store){&shared_ops, s};
    return ECHO_OK;
}
