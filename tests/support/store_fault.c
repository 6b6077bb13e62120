#include "support/store_fault.h"

#include <string.h>

#include "base/error.h"
#include "store/store.h"

#define INNER(h, name, ...) (h)->inner.ops->name((h)->inner.ctx, __VA_ARGS__)

/* Whether it is this call's turn to fail, and with what. */
static echo_status planned(const store_fault_handle *h, store_fault_call kind) {
    store_fault *f = h->fault;
    echo_status status = ECHO_OK;
    (void)pthread_mutex_lock(&f->lock);
    if (f->nth != 0 && (f->kind == STORE_FAULT_ANY || f->kind == kind)) {
        f->seen++;
        if (f->seen == f->nth || (f->stay && f->seen > f->nth)) status = f->status;
        if (status != ECHO_OK) {
            f->hit_kind = kind;
            f->hit_twin = h->twin;
            f->hit = true;
        }
    }
    (void)pthread_mutex_unlock(&f->lock);
    return status;
}

static echo_status enter(store_fault_handle *h, store_fault_call kind, echo_error *err) {
    store_fault *f = h->fault;
    if (f->before != NULL) f->before(f->before_arg, kind);
    f->calls[kind]++;
    f->all++;
    echo_status status = planned(h, kind);
    return status == ECHO_OK ? ECHO_OK : echo__error(err, status, "made to fail by the test");
}

/* A failing put or publish takes pending puts with it. */
static echo_status lose(store_fault_handle *h, echo_status status) {
    (void)INNER(h, rollback, NULL);
    if (h->pending) h->failed = status;
    h->pending = false;
    return status;
}

static uint32_t fault_capabilities(void *ctx) {
    store_fault_handle *h = ctx;
    return h->inner.ops->capabilities(h->inner.ctx);
}

typedef struct get_call {
    store_fault *fault;
    echo_chunk_fn fn;
    void *arg;
} get_call;

static echo_status count_chunk(void *arg, echo_bytes bytes) {
    get_call *call = arg;
    call->fault->chunks_got++;
    call->fault->bytes_got += bytes.len;
    return call->fn(call->arg, bytes);
}

static echo_status fault_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    store_fault_handle *h = ctx;
    get_call call = {h->fault, fn, arg};
    echo_status status = enter(h, STORE_FAULT_GET, err);
    return status != ECHO_OK ? status : INNER(h, get, name, count_chunk, &call, err);
}

static echo_status fault_has(bool *out, void *ctx, const echo_hash *name, echo_error *err) {
    store_fault_handle *h = ctx;
    *out = false;
    echo_status status = enter(h, STORE_FAULT_HAS, err);
    return status != ECHO_OK ? status : h->inner.ops->has(out, h->inner.ctx, name, err);
}

static echo_status fault_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                             echo_error *err) {
    store_fault_handle *h = ctx;
    size_t fresh = 0;
    echo_status status = enter(h, STORE_FAULT_PUT, err);
    if (h->failed) return echo__error(err, h->failed, "an earlier call was made to fail; roll back first");
    if (status == ECHO_OK) status = h->inner.ops->put(&fresh, h->inner.ctx, names, chunks, n, err);
    if (status != ECHO_OK) return lose(h, status);
    if (n > 0) h->pending = true;
    for (size_t i = 0; i < n; i++) h->fault->bytes_put += chunks[i].len;
    h->fault->chunks_put += n;
    h->fault->chunks_written += fresh;
    if (written != NULL) *written = fresh;
    return ECHO_OK;
}

static echo_status fault_publish_as(void *ctx, const echo_key *party, uint64_t expected, uint64_t number,
                                    echo_bytes manifest, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_PUBLISH, err);
    if (h->failed) return echo__error(err, h->failed, "an earlier call was made to fail; roll back first");
    if (status == ECHO_OK) status = echo__store_publish_as(&h->inner, party, expected, number, manifest, err);
    if (status != ECHO_OK) return lose(h, status);
    h->pending = false;
    h->fault->manifest_bytes += manifest.len;
    return ECHO_OK;
}

static echo_status fault_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest,
                                 echo_error *err) {
    return fault_publish_as(ctx, party, expected, expected + 1, manifest, err);
}

static echo_status fault_flush(void *ctx, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_FLUSH, err);
    if (h->failed) return echo__error(err, h->failed, "an earlier call was made to fail; roll back first");
    if (status == ECHO_OK) status = echo__store_flush(&h->inner, err);
    if (status != ECHO_OK) return lose(h, status);
    h->pending = false;
    return ECHO_OK;
}

static uint64_t fault_stored(void *ctx) {
    store_fault_handle *h = ctx;
    return echo__store_stored(&h->inner);
}

static echo_status fault_rollback(void *ctx, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_ROLLBACK, err);
    if (status != ECHO_OK) return status;
    h->pending = false;
    h->failed = ECHO_OK;
    return INNER(h, rollback, err);
}

static echo_status fault_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_LIST, err);
    return status != ECHO_OK ? status : INNER(h, list, party, fn, arg, err);
}

static echo_status fault_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_REMOVE, err);
    return status != ECHO_OK ? status : INNER(h, remove, party, number, err);
}

static echo_status fault_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_WALK, err);
    return status != ECHO_OK ? status : INNER(h, walk, fn, arg, err);
}

static echo_status fault_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_REMOVE_CHUNKS, err);
    return status != ECHO_OK ? status : INNER(h, remove_chunks, names, n, err);
}

static echo_status fault_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_PARTIES, err);
    return status != ECHO_OK ? status : echo__store_parties(&h->inner, fn, arg, err);
}

static echo_status fault_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_WALK_FROM, err);
    return status != ECHO_OK ? status : echo__store_walk_from(&h->inner, after, fn, arg, err);
}

static echo_status fault_usage(uint64_t *bytes, void *ctx, echo_error *err) {
    store_fault_handle *h = ctx;
    *bytes = 0;
    echo_status status = enter(h, STORE_FAULT_USAGE, err);
    return status != ECHO_OK ? status : echo__store_usage(bytes, &h->inner, err);
}

static echo_status fault_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_status status = enter(h, STORE_FAULT_PIN, err);
    return status != ECHO_OK ? status : echo__store_pin(&h->inner, party, number, pinned, err);
}

static echo_status fault_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    store_fault_handle *h = ctx;
    *out = false;
    echo_status status = enter(h, STORE_FAULT_PINNED, err);
    return status != ECHO_OK ? status : echo__store_pinned(out, &h->inner, party, number, err);
}

/* Finds a place for one more handle, which closes the inner one when there is none. */
static echo_status open_handle(echo_store *out, store_fault *f, echo_store inner, bool twin, echo_error *err) {
    store_fault_handle *free_one = NULL;
    (void)pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < STORE_FAULT_HANDLES && free_one == NULL; i++)
        if (f->handles[i].fault == NULL) free_one = &f->handles[i];
    if (free_one != NULL) *free_one = (store_fault_handle){f, inner, twin, false, ECHO_OK};
    (void)pthread_mutex_unlock(&f->lock);
    if (free_one != NULL) {
        *out = (echo_store){&f->ops, free_one};
        return ECHO_OK;
    }
    echo_store_close(&inner);
    return echo__error(err, ECHO_ERR_LIMIT, "the test opens more handles than it has places for");
}

static echo_status fault_reopen(echo_store *out, void *ctx, echo_error *err) {
    store_fault_handle *h = ctx;
    echo_store inner;
    *out = (echo_store){NULL, NULL};
    echo_status status = enter(h, STORE_FAULT_REOPEN, err);
    if (status == ECHO_OK) status = echo__store_reopen(&inner, &h->inner, err);
    return status == ECHO_OK ? open_handle(out, h->fault, inner, true, err) : status;
}

static void fault_close(void *ctx) {
    store_fault_handle *h = ctx;
    store_fault *f = h->fault;
    f->calls[STORE_FAULT_CLOSE]++;
    echo_store_close(&h->inner);
    (void)pthread_mutex_lock(&f->lock);
    h->fault = NULL;
    (void)pthread_mutex_unlock(&f->lock);
}

static const echo_store_ops fault_ops = {
    .version = ECHO_STORE_OPS_VERSION,
    .capabilities = fault_capabilities,
    .get = fault_get,
    .has = fault_has,
    .put = fault_put,
    .publish = fault_publish,
    .rollback = fault_rollback,
    .list = fault_list,
    .remove = fault_remove,
    .walk = fault_walk,
    .remove_chunks = fault_remove_chunks,
    .close = fault_close,
    .reopen = fault_reopen,
    .parties = fault_parties,
    .walk_from = fault_walk_from,
    .usage = fault_usage,
    .pin = fault_pin,
    .pinned = fault_pinned,
    .stored = fault_stored,
    .flush = fault_flush,
    .publish_as = fault_publish_as,
};

echo_store store_fault_wrap(store_fault *fault, echo_store inner) {
    echo_store out = {NULL, NULL};
    memset(fault, 0, sizeof *fault);
    fault->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    fault->ops = fault_ops;
    if (!echo__store_has(&inner, ECHO__STORE_REOPEN)) fault->ops.reopen = NULL;
    if (!echo__store_has(&inner, ECHO__STORE_STORED)) fault->ops.stored = NULL;
    (void)open_handle(&out, fault, inner, false, NULL); /* the first has its place */
    return out;
}

static void plan(store_fault *fault, store_fault_call kind, uint64_t nth, echo_status status, bool stay) {
    (void)pthread_mutex_lock(&fault->lock);
    fault->kind = kind;
    fault->nth = nth;
    fault->seen = 0;
    fault->status = status;
    fault->stay = stay;
    fault->hit = false;
    (void)pthread_mutex_unlock(&fault->lock);
}

void store_fault_plan(store_fault *fault, store_fault_call kind, uint64_t nth, echo_status status) {
    plan(fault, kind, nth, status, false);
}

void store_fault_plan_from(store_fault *fault, store_fault_call kind, uint64_t nth, echo_status status) {
    plan(fault, kind, nth, status, true);
}

bool store_fault_hit(const store_fault *fault) { return fault->hit; }

void store_fault_zero(store_fault *fault) {
    for (size_t i = 0; i < STORE_FAULT_CALLS; i++) fault->calls[i] = 0;
    fault->all = fault->chunks_put = fault->bytes_put = fault->chunks_written = 0;
    fault->chunks_got = fault->bytes_got = fault->manifest_bytes = 0;
}
