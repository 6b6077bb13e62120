#include "store/store.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/error.h"

void echo_store_close(echo_store *store) {
    if (store == NULL || store->ops == NULL) return;
    store->ops->close(store->ctx);
    *store = (echo_store)ECHO_STORE_INIT;
}

#define REQUIRED(XX)                                                                                                   \
    XX(capabilities)                                                                                                   \
    XX(get) XX(has) XX(put) XX(publish) XX(rollback) XX(list) XX(remove) XX(walk) XX(remove_chunks) XX(close)

echo_status echo__store_check(const echo_store *store, echo_error *err) {
    if (store == NULL || store->ops == NULL) return echo__error(err, ECHO_ERR_INVALID, "store is NULL");
    const echo_store_ops *ops = store->ops;
    if (ops->version != ECHO_STORE_OPS_VERSION)
        return echo__error(err, ECHO_ERR_VERSION, "the store's table has version %u, this library knows %u",
                           (unsigned)ops->version, (unsigned)ECHO_STORE_OPS_VERSION);
#define XX(hook)                                                                                                       \
    if (ops->hook == NULL) return echo__error(err, ECHO_ERR_INVALID, "the store's table lacks the hook " #hook);
    REQUIRED(XX)
#undef XX
    if (ops->pin == NULL && ops->pinned != NULL)
        return echo__error(err, ECHO_ERR_INVALID, "the store's table has pinned and lacks the hook pin");
    if (ops->pin != NULL && ops->pinned == NULL)
        return echo__error(err, ECHO_ERR_INVALID, "the store's table has pin and lacks the hook pinned");
    return ECHO_OK;
}

/* ---- optional hooks ---- */

bool echo__store_has(const echo_store *store, echo__store_hook hook) {
    const echo_store_ops *ops = store->ops;
    switch (hook) {
    case ECHO__STORE_REOPEN: return ops->reopen != NULL;
    case ECHO__STORE_PARTIES: return ops->parties != NULL;
    case ECHO__STORE_WALK_FROM: return ops->walk_from != NULL;
    case ECHO__STORE_USAGE: return ops->usage != NULL;
    case ECHO__STORE_PIN: return ops->pin != NULL;
    case ECHO__STORE_STORED: return ops->stored != NULL;
    case ECHO__STORE_FLUSH: return ops->flush != NULL;
    case ECHO__STORE_PUBLISH_AS: return ops->publish_as != NULL;
    case ECHO__STORE_GET_MANY: return ops->get_many != NULL;
    }
    return false;
}

static echo_status refuse_hook(echo_error *err, const char *what) {
    return echo__error(err, ECHO_ERR_UNSUPPORTED, "this store cannot %s", what);
}

uint64_t echo__store_stored(const echo_store *store) {
    return store->ops->stored != NULL ? store->ops->stored(store->ctx) : 0;
}

echo_status echo__store_reopen(echo_store *out, const echo_store *store, echo_error *err) {
    *out = (echo_store)ECHO_STORE_INIT;
    if (store->ops->reopen == NULL) return refuse_hook(err, "be opened once more");
    return store->ops->reopen(out, store->ctx, err);
}

echo_status echo__store_parties(const echo_store *store, echo_store_party_fn fn, void *arg, echo_error *err) {
    if (store->ops->parties == NULL) return refuse_hook(err, "list its parties");
    return store->ops->parties(store->ctx, fn, arg, err);
}

typedef struct rest_walk {
    const echo_hash *after;
    echo_walk_fn fn;
    void *arg;
} rest_walk;

static echo_status walk_rest(void *arg, const echo_hash *name, uint64_t size) {
    const rest_walk *r = arg;
    return memcmp(name->bytes, r->after->bytes, sizeof name->bytes) > 0 ? r->fn(r->arg, name, size) : ECHO_OK;
}

echo_status echo__store_walk_from(const echo_store *store, const echo_hash *after, echo_walk_fn fn, void *arg,
                                  echo_error *err) {
    rest_walk r = {after, fn, arg};
    if (store->ops->walk_from != NULL) return store->ops->walk_from(store->ctx, after, fn, arg, err);
    return after == NULL ? store->ops->walk(store->ctx, fn, arg, err)
                         : store->ops->walk(store->ctx, walk_rest, &r, err);
}

echo_status echo__store_usage(uint64_t *bytes, const echo_store *store, echo_error *err) {
    *bytes = 0;
    if (store->ops->usage == NULL) return refuse_hook(err, "report its size");
    return store->ops->usage(bytes, store->ctx, err);
}

echo_status echo__store_flush(const echo_store *store, echo_error *err) {
    return store->ops->flush != NULL ? store->ops->flush(store->ctx, err) : ECHO_OK;
}

echo_status echo__store_publish_as(const echo_store *store, const echo_key *party, uint64_t expected, uint64_t number,
                                   echo_bytes manifest, echo_error *err) {
    if (store->ops->publish_as != NULL)
        return store->ops->publish_as(store->ctx, party, expected, number, manifest, err);
    if (number == expected + 1) return store->ops->publish(store->ctx, party, expected, manifest, err);
    return refuse_hook(err, "leave out numbers of snapshots");
}

echo_status echo__store_pin(const echo_store *store, const echo_key *party, uint64_t number, bool pinned,
                            echo_error *err) {
    if (store->ops->pin == NULL) return refuse_hook(err, "pin snapshots");
    return store->ops->pin(store->ctx, party, number, pinned, err);
}

echo_status echo__store_pinned(bool *out, const echo_store *store, const echo_key *party, uint64_t number,
                               echo_error *err) {
    *out = false;
    if (store->ops->pin == NULL) return ECHO_OK;
    return store->ops->pinned(out, store->ctx, party, number, err);
}

/* ---- for applications ---- */

echo_status echo_store_reopen(echo_store *out, const echo_store *store, echo_error *err) {
    if (out == NULL) return echo__error_null(err, "out");
    echo_store twin;
    echo_status status = echo__store_check(store, err);
    if (status == ECHO_OK) status = echo__store_reopen(&twin, store, err);
    *out = status == ECHO_OK ? twin : (echo_store)ECHO_STORE_INIT;
    return status;
}

echo_status echo_store_parties(const echo_store *store, echo_store_party_fn fn, void *arg, echo_error *err) {
    if (fn == NULL) return echo__error(err, ECHO_ERR_INVALID, "fn is NULL");
    echo_status status = echo__store_check(store, err);
    return status == ECHO_OK ? echo__store_parties(store, fn, arg, err) : status;
}

echo_status echo_store_usage(uint64_t *bytes, const echo_store *store, echo_error *err) {
    if (bytes == NULL) return echo__error_null(err, "bytes");
    *bytes = 0;
    echo_status status = echo__store_check(store, err);
    return status == ECHO_OK ? echo__store_usage(bytes, store, err) : status;
}

/* ---- for stores ---- */

echo_status echo__store_check_sizes(const echo_bytes *chunks, size_t n, echo_error *err) {
    for (size_t i = 0; i < n; i++)
        if (chunks[i].len > ECHO_STORE_BYTES_MAX)
            return echo__error(err, ECHO_ERR_LIMIT, "%zu bytes exceed what a store can hold in one piece (%zu)",
                               chunks[i].len, ECHO_STORE_BYTES_MAX);
    return ECHO_OK;
}

echo_status echo__store_check_manifest(echo_bytes manifest, echo_error *err) {
    if (manifest.len <= ECHO_STORE_MANIFEST_MAX) return ECHO_OK;
    return echo__error(err, ECHO_ERR_LIMIT, "a manifest of %zu bytes is longer than a store takes (%zu)", manifest.len,
                       ECHO_STORE_MANIFEST_MAX);
}

echo_status echo__store_check_number(uint64_t newest, uint64_t expected, uint64_t number, echo_error *err) {
    if (newest != expected)
        return echo__error(err, ECHO_ERR_CONFLICT, "snapshot %llu is the newest, not %llu", (unsigned long long)newest,
                           (unsigned long long)expected);
    if (newest >= INT64_MAX || number > INT64_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "no snapshot number is left");
    if (number <= expected)
        return echo__error(err, ECHO_ERR_INVALID, "number %llu is not above %llu, the newest",
                           (unsigned long long)number, (unsigned long long)expected);
    return ECHO_OK;
}

echo_status echo__store_refuse_failed(echo_status failed, echo_error *err) {
    return echo__error(err, failed, "puts were lost when an earlier call failed (%s); roll back first",
                       echo_status_text(failed));
}

echo_status echo__store_refuse_pending(echo_error *err) {
    return echo__error(err, ECHO_ERR_BUSY, "puts are pending; publish or roll back first");
}

echo_status echo__store_refuse_unseen(echo_error *err) {
    return echo__error(err, ECHO_ERR_CONFLICT, "a snapshot was published that this handle has not listed");
}

echo_status echo__store_refuse_absent(echo_error *err) {
    return echo__error(err, ECHO_ERR_NOT_FOUND, "no such chunk in the store");
}

echo_status echo__store_refuse_number(uint64_t number, echo_error *err) {
    return echo__error(err, ECHO_ERR_NOT_FOUND, "no snapshot %llu in the store", (unsigned long long)number);
}

echo_status echo__store_refuse_pinned(uint64_t number, echo_error *err) {
    return echo__error(err, ECHO_ERR_REFUSED, "snapshot %llu is pinned", (unsigned long long)number);
}

void echo__seen_name(echo_hash *out, uint64_t number, echo_bytes manifest) {
    uint8_t digits[8];
    echo__be64_put(digits, number);
    echo_bytes parts[2] = {{digits, sizeof digits}, manifest};
    echo__hash_parts(out, parts, 2);
}

static echo__seen_entry *find(const echo__seen *seen, const echo_key *party) {
    for (size_t i = 0; i < seen->count; i++)
        if (echo__key_equal(&seen->entries[i].party, party)) return &seen->entries[i];
    return NULL;
}

bool echo__seen_note(echo__seen *seen, const echo_key *party, const echo_hash *newest) {
    echo__seen_entry *entry = find(seen, party);
    if (entry == NULL) {
        if (!echo__grow(&seen->entries, &seen->cap, seen->count + 1, sizeof *seen->entries)) return false;
        entry = &seen->entries[seen->count++];
        entry->party = *party;
    }
    entry->newest = *newest;
    return true;
}

bool echo__seen_is(const echo__seen *seen, const echo_key *party, const echo_hash *newest) {
    const echo__seen_entry *entry = find(seen, party);
    return entry != NULL && echo__hash_equal(&entry->newest, newest);
}

void echo__seen_free(echo__seen *seen) {
    echo__free(seen->entries);
    seen->entries = NULL;
    seen->count = seen->cap = 0;
}
