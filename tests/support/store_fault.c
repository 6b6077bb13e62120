#include "support/store_fault.h"

#include <string.h>

#include "base/error.h"
#include "store/store.h"

#define INNER(f, name, ...) (f)->inner.ops->name((f)->inner.ctx, __VA_ARGS__)

static echo_status enter(store_fault *f, store_fault_call kind, echo_error *err) {
    if (f->before != NULL) f->before(f->before_arg, kind);
    f->calls[kind]++;
    f->all++;
    if (f->nth == 0 || (f->kind != STORE_FAULT_ANY && f->kind != kind)) return ECHO_OK;
    f->seen++;
    if (f->seen != f->nth && !(f->stay && f->seen > f->nth)) return ECHO_OK;
    f->hit = true;
    return echo__error(err, f->status, "made to fail by the test");
}

/* A failing put or publish takes pending puts with it. */
static echo_status lose(store_fault *f, echo_status status) {
    (void)INNER(f, rollback, NULL);
    if (f->pending) f->failed = status;
    f->pending = false;
    return status;
}

static uint32_t fault_capabilities(void *ctx) {
    store_fault *f = ctx;
    return f->inner.ops->capabilities(f->inner.ctx);
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
    store_fault *f = ctx;
    get_call call = {f, fn, arg};
    echo_status status = enter(f, STORE_FAULT_GET, err);
    return status != ECHO_OK ? status : INNER(f, get, name, count_chunk, &call, err);
}

static echo_status fault_has(void *ctx, const echo_hash *name, bool *out, echo_error *err) {
    store_fault *f = ctx;
    *out = false;
    echo_status status = enter(f, STORE_FAULT_HAS, err);
    return status != ECHO_OK ? status : INNER(f, has, name, out, err);
}

static echo_status fault_put(void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n, size_t *written, echo_error *err) {
    store_fault *f = ctx;
    size_t fresh = 0;
    echo_status status = enter(f, STORE_FAULT_PUT, err);
    if (f->failed) return echo__error(err, f->failed, "an earlier call was made to fail; roll back first");
    if (status == ECHO_OK) status = INNER(f, put, names, chunks, n, &fresh, err);
    if (status != ECHO_OK) return lose(f, status);
    if (n > 0) f->pending = true;
    for (size_t i = 0; i < n; i++) f->bytes_put += chunks[i].len;
    f->chunks_put += n;
    f->chunks_written += fresh;
    if (written != NULL) *written = fresh;
    return ECHO_OK;
}

static echo_status fault_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest, echo_error *err) {
    store_fault *f = ctx;
    echo_status status = enter(f, STORE_FAULT_PUBLISH, err);
    if (f->failed) return echo__error(err, f->failed, "an earlier call was made to fail; roll back first");
    if (status == ECHO_OK) status = INNER(f, publish, party, expected, manifest, err);
    if (status != ECHO_OK) return lose(f, status);
    f->pending = false;
    f->manifest_bytes += manifest.len;
    return ECHO_OK;
}

static echo_status fault_rollback(void *ctx, echo_error *err) {
    store_fault *f = ctx;
    echo_status status = enter(f, STORE_FAULT_ROLLBACK, err);
    if (status != ECHO_OK) return status;
    f->pending = false;
    f->failed = ECHO_OK;
    return INNER(f, rollback, err);
}

static echo_status fault_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    store_fault *f = ctx;
    echo_status status = enter(f, STORE_FAULT_LIST, err);
    return status != ECHO_OK ? status : INNER(f, list, party, fn, arg, err);
}

static echo_status fault_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    store_fault *f = ctx;
    echo_status status = enter(f, STORE_FAULT_REMOVE, err);
    return status != ECHO_OK ? status : INNER(f, remove, party, number, err);
}

static echo_status fault_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err) {
    store_fault *f = ctx;
    echo_status status = enter(f, STORE_FAULT_WALK, err);
    return status != ECHO_OK ? status : INNER(f, walk, fn, arg, err);
}

static echo_status fault_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err) {
    store_fault *f = ctx;
    echo_status status = enter(f, STORE_FAULT_REMOVE_CHUNKS, err);
    return status != ECHO_OK ? status : INNER(f, remove_chunks, names, n, err);
}

static echo_status fault_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err) {
    store_fault *f = ctx;
    echo_status status = enter(f, STORE_FAULT_PARTIES, err);
    return status != ECHO_OK ? status : echo__store_parties(&f->inner, fn, arg, err);
}

static echo_status fault_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err) {
    store_fault *f = ctx;
    echo_status status = enter(f, STORE_FAULT_WALK_FROM, err);
    return status != ECHO_OK ? status : echo__store_walk_from(&f->inner, after, fn, arg, err);
}

static echo_status fault_usage(uint64_t *bytes, void *ctx, echo_error *err) {
    store_fault *f = ctx;
    *bytes = 0;
    echo_status status = enter(f, STORE_FAULT_USAGE, err);
    return status != ECHO_OK ? status : echo__store_usage(bytes, &f->inner, err);
}

static echo_status fault_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    store_fault *f = ctx;
    echo_status status = enter(f, STORE_FAULT_PIN, err);
    return status != ECHO_OK ? status : echo__store_pin(&f->inner, party, number, pinned, err);
}

static echo_status fault_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    store_fault *f = ctx;
    *out = false;
    echo_status status = enter(f, STORE_FAULT_PINNED, err);
    return status != ECHO_OK ? status : echo__store_pinned(out, &f->inner, party, number, err);
}

static void fault_close(void *ctx) {
    store_fault *f = ctx;
    f->calls[STORE_FAULT_CLOSE]++;
    echo_store_close(&f->inner);
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
    .parties = fault_parties,
    .walk_from = fault_walk_from,
    .usage = fault_usage,
    .pin = fault_pin,
    .pinned = fault_pinned,
};

echo_store store_fault_wrap(store_fault *fault, echo_store inner) {
    memset(fault, 0, sizeof *fault);
    fault->inner = inner;
    echo_store out = {&fault_ops, fault};
    return out;
}

void store_fault_plan(store_fault *fault, store_fault_call kind, uint64_t nth, echo_status status) {
    fault->kind = kind;
    fault->nth = nth;
    fault->seen = 0;
    fault->status = status;
    fault->stay = fault->hit = false;
}

void store_fault_plan_from(store_fault *fault, store_fault_call kind, uint64_t nth, echo_status status) {
    store_fault_plan(fault, kind, nth, status);
    fault->stay = true;
}

bool store_fault_hit(const store_fault *fault) { return fault->hit; }

void store_fault_zero(store_fault *fault) {
    memset(fault->calls, 0, sizeof fault->calls);
    fault->all = fault->chunks_put = fault->bytes_put = fault->chunks_written = 0;
    fault->chunks_got = fault->bytes_got = fault->manifest_bytes = 0;
}
