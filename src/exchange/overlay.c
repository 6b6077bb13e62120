#include "exchange/overlay.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "store/store.h"

static void note(echo__overlay *o, const echo_hash *name) {
    if (!o->noting) return;
    for (size_t i = 0; i < o->touched_count; i++)
        if (echo__hash_equal(&o->touched[i], name)) return;
    if (o->touched_count == ECHO__OVERLAY_TOUCHED) {
        memmove(o->touched, o->touched + 1, (ECHO__OVERLAY_TOUCHED - 1) * sizeof *o->touched);
        o->touched_count--;
    }
    o->touched[o->touched_count++] = *name;
}

typedef struct reading {
    const echo_hash *name;
    echo_chunk_fn fn;
    void *arg;
    bool rotten;
} reading;

/* A chunk that is damaged locally is fetched again. */
static echo_status check(void *arg, echo_bytes bytes) {
    reading *r = arg;
    echo_hash hash;
    echo__hash(&hash, bytes.data, bytes.len);
    r->rotten = !echo__hash_equal(&hash, r->name);
    return r->rotten ? ECHO_ERR_PENDING : r->fn(r->arg, bytes);
}

static echo_status overlay_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    echo__overlay *o = ctx;
    const echo__received *received = echo__map_get(&o->map, name->bytes, sizeof name->bytes);
    if (received != NULL) return fn(arg, echo__bytes(received->data, received->len));
    reading r = {name, fn, arg, false};
    echo_status status = o->under->ops->get(o->under->ctx, name, check, &r, err);
    if (status != ECHO_ERR_NOT_FOUND && !r.rotten) return status;
    note(o, name);
    return echo__error(err, ECHO_ERR_PENDING, "a chunk has not been fetched from a peer yet");
}

static echo_status overlay_has(bool *out, void *ctx, const echo_hash *name, echo_error *err) {
    echo__overlay *o = ctx;
    *out = echo__map_get(&o->map, name->bytes, sizeof name->bytes) != NULL;
    return *out ? ECHO_OK : o->under->ops->has(out, o->under->ctx, name, err);
}

static echo_status overlay_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    echo__overlay *o = ctx;
    (void)err;
    if (o->number == 0 || !echo__key_equal(party, &o->party)) return ECHO_OK;
    return fn(arg, o->number, echo__buf_bytes(&o->manifest));
}

static uint32_t overlay_capabilities(void *ctx) {
    (void)ctx;
    return ECHO_STORE_READONLY;
}

static echo_status refuse(echo_error *err) {
    return echo__error(err, ECHO_ERR_READONLY,
                       "the snapshot is still being fetched; nothing can be saved until it is complete");
}

static echo_status overlay_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                               echo_error *err) {
    (void)ctx, (void)names, (void)chunks, (void)n, (void)written;
    return refuse(err);
}

static echo_status overlay_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest,
                                   echo_error *err) {
    (void)ctx, (void)party, (void)expected, (void)manifest;
    return refuse(err);
}

static echo_status overlay_rollback(void *ctx, echo_error *err) {
    (void)ctx, (void)err;
    return ECHO_OK;
}

static echo_status overlay_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    (void)ctx, (void)party, (void)number;
    return refuse(err);
}

static echo_status overlay_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err) {
    echo__overlay *o = ctx;
    return o->under->ops->walk(o->under->ctx, fn, arg, err);
}

static echo_status overlay_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err) {
    (void)ctx, (void)names, (void)n;
    return refuse(err);
}

static void overlay_close(void *ctx) { (void)ctx; }

void echo__overlay_init(echo__overlay *o, const echo_store *under) {
    static const echo_store_ops ops = {
        .version = 1,
        .capabilities = overlay_capabilities,
        .get = overlay_get,
        .has = overlay_has,
        .put = overlay_put,
        .publish = overlay_publish,
        .rollback = overlay_rollback,
        .list = overlay_list,
        .remove = overlay_remove,
        .walk = overlay_walk,
        .remove_chunks = overlay_remove_chunks,
        .close = overlay_close,
    };
    memset(o, 0, sizeof *o);
    echo__map_init(&o->map);
    o->store = (echo_store){&ops, o};
    o->under = under;
    o->end = &o->first;
}

static void forget(echo__overlay *o) {
    for (echo__received *one = o->first, *next; one != NULL; one = next) {
        next = one->next;
        echo__free(one);
    }
    echo__map_free(&o->map);
    echo__map_init(&o->map);
    o->first = NULL;
    o->end = &o->first;
    o->bytes = 0;
}

void echo__overlay_free(echo__overlay *o) {
    forget(o);
    echo__map_free(&o->map);
    echo__buf_free(&o->manifest);
}

echo_status echo__overlay_add(echo__overlay *o, const echo_hash *name, echo_bytes chunk, echo_error *err) {
    if (echo__map_get(&o->map, name->bytes, sizeof name->bytes) != NULL) return ECHO_OK;
    echo__received *one = echo__malloc(sizeof *one + chunk.len);
    if (one == NULL) return echo__nomem(err);
    one->name = *name;
    one->next = NULL;
    one->len = chunk.len;
    if (chunk.len > 0) memcpy(one->data, chunk.data, chunk.len);
    if (!echo__map_put(&o->map, one->name.bytes, sizeof one->name.bytes, one)) {
        echo__free(one);
        return echo__nomem(err);
    }
    *o->end = one;
    o->end = &one->next;
    o->bytes += chunk.len;
    return ECHO_OK;
}

echo_status echo__overlay_store(echo__overlay *o, echo_error *err) {
    const echo_store *under = o->under;
    if (o->first == NULL) return ECHO_OK;
    echo_status status = ECHO_OK;
    for (const echo__received *one = o->first; status == ECHO_OK && one != NULL; one = one->next) {
        echo_bytes bytes = echo__bytes(one->data, one->len);
        status = under->ops->put(NULL, under->ctx, &one->name, &bytes, 1, err);
    }
    if (status == ECHO_OK) status = echo__store_flush(under, err);
    if (status == ECHO_OK) {
        forget(o);
    } else {
        echo_error ignored = ECHO_ERROR_INIT;
        (void)!under->ops->rollback(under->ctx, &ignored);
    }
    return status;
}

echo_status echo__overlay_show(echo__overlay *o, const echo_key *party, uint64_t number, echo_bytes manifest) {
    o->number = 0;
    echo__buf_clear(&o->manifest);
    if (manifest.len == 0) return ECHO_OK;
    echo__buf_append(&o->manifest, manifest.data, manifest.len);
    if (o->manifest.status != ECHO_OK) return ECHO_ERR_NOMEM;
    o->party = *party;
    o->number = number;
    return ECHO_OK;
}
