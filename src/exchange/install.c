/*
 * Publishing what was fetched: a manifest of our own over the same trees, with the words of those who vouch for them.
 * What it says of the state is what was received; number, time and author are of this store.
 */
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/exchange.h"

typedef struct finding {
    bool found;
    uint64_t number;
    echo_hash text; /* its hash */
} finding;

static echo_status note(void *arg, uint64_t number, echo_bytes text) {
    finding *f = arg;
    if (f->found) return ECHO_OK;
    f->found = true;
    f->number = number;
    echo__hash(&f->text, text.data, text.len);
    return ECHO_OK;
}

typedef struct keeping {
    const echo__root *items, *credentials;
    bool found;
} keeping;

static bool is_same(const echo__root *asked, const echo__root *root) {
    return asked->items == 0 || (root->items > 0 && echo__hash_equal(&asked->hash, &root->hash));
}

static echo_status look_for_roots(void *arg, uint64_t number, echo_bytes text) {
    keeping *k = arg;
    echo__manifest manifest;
    echo_error ignored = ECHO_ERROR_INIT;
    (void)number;
    if (k->found) return ECHO_OK;
    echo_status status = echo__manifest_read(&manifest, text, &ignored);
    if (status != ECHO_OK) return status == ECHO_ERR_NOMEM ? status : ECHO_OK;
    k->found = is_same(k->items, &manifest.items) && is_same(k->credentials, &manifest.credentials);
    echo__manifest_free(&manifest);
    return ECHO_OK;
}

echo_status echo__install_keeps(bool *out, const echo_exchange *x, const echo__root *items,
                                const echo__root *credentials, echo_error *err) {
    keeping k = {items, credentials, items->items == 0 && credentials->items == 0};
    echo_status status = k.found ? ECHO_OK : x->store->ops->list(x->store->ctx, &x->party, look_for_roots, &k, err);
    *out = status == ECHO_OK && k.found;
    return status;
}

static echo_status gone(echo_error *err) {
    return echo__error(err, ECHO_ERR_CONFLICT, "a chunk that was here is gone: somebody removed it meanwhile");
}

/* Those of subtrees that the snapshot before has too are there as long as that snapshot is. */
static echo_status check_base(const echo_exchange *x, echo_error *err) {
    static const echo__root none;
    bool kept;
    echo_status status = echo__install_keeps(&kept, x, x->items.same > 0 ? &x->items.base : &none,
                                             x->credentials.same > 0 ? &x->credentials.base : &none, err);
    return status == ECHO_OK && !kept ? gone(err) : status;
}

/* In the transaction that publishes: every chunk that was fetched or found is there (P4). */
static echo_status check_chunks(const echo_exchange *x, const echo__frontier *f, echo_error *err) {
    for (size_t i = 0; f->names.slots != NULL && i <= f->names.mask; i++) {
        bool has = true;
        if (f->names.bits[i] == 0) continue;
        echo_status status = x->store->ops->has(&has, x->store->ctx, &f->names.slots[i], err);
        if (status != ECHO_OK) return status;
        if (!has) return gone(err);
    }
    return ECHO_OK;
}

typedef struct putting {
    const echo_store *store;
    const echo_hash *name;
    echo__buf copy;
} putting;

static echo_status copy_chunk(void *arg, echo_bytes bytes) {
    putting *p = arg;
    echo__buf_append(&p->copy, bytes.data, bytes.len);
    return p->copy.status;
}

/* Puts a chunk that is there: from here on the store is ours, until we publish. */
static echo_status begin(const echo_exchange *x, echo_error *err) {
    const echo__root *root = x->target.credentials.items > 0 ? &x->target.credentials : &x->target.items;
    putting p = {x->store, &root->hash, ECHO__BUF_INIT};
    if (root->items == 0) return ECHO_OK; /* nothing that could be removed */
    echo_status status = x->store->ops->get(x->store->ctx, p.name, copy_chunk, &p, err);
    echo_bytes bytes = echo__buf_bytes(&p.copy);
    if (status == ECHO_OK) status = x->store->ops->put(NULL, x->store->ctx, p.name, &bytes, 1, err);
    if (status == ECHO_ERR_NOT_FOUND) status = gone(err);
    echo__buf_free(&p.copy);
    return status;
}

static echo_status publish(echo_exchange *x, const finding *newest, echo_error *err) {
    echo__manifest *m = &x->target;
    echo__buf text = ECHO__BUF_INIT;
    bool known;
    const echo_keypair *signer = x->has_keys && echo__trust_member(x, &x->keys.public_key, &known) ? &x->keys : NULL;
    m->number = newest->number + 1;
    m->has_previous = newest->found;
    m->previous = newest->text;
    m->received = x->options.trust < ECHO_TRUST_REPLAYED;
    echo_status status = ECHO_OK;
    if (!m->received && signer != NULL) { /* computed here, from the feeds */
        echo__attestation own;
        echo__attest(&own, &x->target_digest, signer);
        if (echo__manifest_attested(m, &own) != ECHO_OK) status = echo__nomem(err);
    }
    if (status == ECHO_OK) status = echo__manifest_write(&text, m, signer, err);
    if (status == ECHO_OK)
        status = x->store->ops->publish(x->store->ctx, &x->party, newest->number, echo__buf_bytes(&text), err);
    echo__buf_free(&text);
    return status;
}

echo_status echo__install(echo_exchange *x, echo_error *err) {
    finding newest;
    echo_error ignored = ECHO_ERROR_INIT;
    memset(&newest, 0, sizeof newest);
    echo_status status = begin(x, err);
    if (status == ECHO_OK) status = x->store->ops->list(x->store->ctx, &x->party, note, &newest, err);
    if (status == ECHO_OK) status = check_chunks(x, &x->credentials, err);
    if (status == ECHO_OK) status = check_chunks(x, &x->items, err);
    if (status == ECHO_OK) status = check_base(x, err);
    if (status == ECHO_OK) status = publish(x, &newest, err);
    if (status != ECHO_OK) {
        (void)!x->store->ops->rollback(x->store->ctx, &ignored);
        return status;
    }
    x->state.installed = newest.number + 1;
    x->installed = x->target_digest;
    echo_timeframe *clock;
    if (echo_timeframe_copy(&clock, x->target.timeframe) == ECHO_OK) {
        echo_timeframe_free(x->installed_clock);
        x->installed_clock = clock;
    }
    x->state.trust = x->options.trust;
    if (x->options.trust == ECHO_TRUST_RECEIVED && x->state.attested >= x->options.attestations)
        x->state.trust = ECHO_TRUST_ATTESTED;
    echo__exchange_tell(x, ECHO_EXCHANGE_EVENT_INSTALLED, NULL, NULL);
    return ECHO_OK;
}
