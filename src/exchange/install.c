#include "exchange/install.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/event.h"
#include "exchange/here.h"
#include "exchange/members.h"

typedef struct newest_manifest {
    bool found;
    uint64_t number;
    echo_hash text; /* its hash */
} newest_manifest;

static echo_status copy_newest(void *arg, uint64_t number, echo_bytes text) {
    newest_manifest *newest = arg;
    newest->found = true;
    newest->number = number;
    echo__hash(&newest->text, text.data, text.len);
    return ECHO__STOP;
}

static echo_status find_newest(newest_manifest *out, const echo_exchange *x, echo_error *err) {
    memset(out, 0, sizeof *out);
    echo_status status = x->store->ops->list(x->store->ctx, &x->party, copy_newest, out, err);
    return status == ECHO__STOP ? ECHO_OK : status;
}

static echo_status gone(echo_error *err) {
    return echo__error(err, ECHO_ERR_CONFLICT, "a chunk that was present was removed meanwhile");
}

/* The chunks of subtrees that are shared with the base stay as long as the store keeps a snapshot with them. */
static echo_status check_base(const echo_exchange *x, echo_error *err) {
    static const echo__root none;
    bool kept;
    echo_status status = echo__here_keeps(&kept, x, x->items.same > 0 ? &x->items.base : &none,
                                          x->credentials.same > 0 ? &x->credentials.base : &none, err);
    return status == ECHO_OK && !kept ? gone(err) : status;
}

/* In the transaction that publishes: every chunk that was fetched or found is in the store (P4). */
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

typedef struct copy_args {
    const echo_store *store;
    const echo_hash *name;
    echo__buf copy;
} copy_args;

static echo_status copy_chunk(void *arg, echo_bytes bytes) {
    copy_args *p = arg;
    echo__buf_append(&p->copy, bytes.data, bytes.len);
    return p->copy.status;
}

/* Puts a chunk that is in the store already: from then on no other handle can write, until we publish. */
static echo_status hold_store(const echo_exchange *x, echo_error *err) {
    const echo__root *root = x->target.credentials.items > 0 ? &x->target.credentials : &x->target.items;
    copy_args p = {x->store, &root->hash, ECHO__BUF_INIT};
    if (root->items == 0) return ECHO_OK; /* nothing that could be removed */
    echo_status status = x->store->ops->get(x->store->ctx, p.name, copy_chunk, &p, err);
    echo_bytes bytes = echo__buf_bytes(&p.copy);
    if (status == ECHO_OK) status = x->store->ops->put(NULL, x->store->ctx, p.name, &bytes, 1, err);
    if (status == ECHO_ERR_NOT_FOUND) status = gone(err);
    echo__buf_free(&p.copy);
    return status;
}

static echo_status publish(echo_exchange *x, const newest_manifest *newest, echo_error *err) {
    echo__manifest *m = &x->target;
    echo__buf text = ECHO__BUF_INIT;
    bool known;
    const echo_keypair *signer = x->has_keys && echo__members_has(x, &x->keys.public_key, &known) ? &x->keys : NULL;
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

static void record(echo_exchange *x, uint64_t number) {
    echo_timeframe *clock;
    x->state.installed = number;
    x->installed = x->target_digest;
    if (echo_timeframe_copy(&clock, x->target.timeframe) == ECHO_OK) {
        echo_timeframe_free(x->installed_clock);
        x->installed_clock = clock;
        echo__feed_roots_free(&x->installed_roots);
        x->installed_roots = x->target.roots;
        x->target.roots = (echo__feed_roots){NULL, 0, 0};
    }
    x->state.trust = x->options.trust;
    if (x->options.trust == ECHO_TRUST_RECEIVED && x->state.attested >= x->options.attestations)
        x->state.trust = ECHO_TRUST_ATTESTED;
}

echo__outcome echo__install_target(echo_exchange *x, echo_error *why) {
    newest_manifest newest;
    echo_error ignored = ECHO_ERROR_INIT;
    echo_status status = hold_store(x, why);
    if (status == ECHO_OK) status = find_newest(&newest, x, why);
    if (status == ECHO_OK) status = check_chunks(x, &x->credentials, why);
    if (status == ECHO_OK) status = check_chunks(x, &x->items, why);
    if (status == ECHO_OK) status = check_base(x, why);
    if (status == ECHO_OK) status = publish(x, &newest, why);
    if (status != ECHO_OK) {
        (void)!x->store->ops->rollback(x->store->ctx, &ignored);
        echo__error_adopt(why, status, "the snapshot could not be published");
        return status == ECHO_ERR_BUSY ? ECHO__MORE : status == ECHO_ERR_CONFLICT ? ECHO__LOST : ECHO__FAILED;
    }
    record(x, newest.number + 1);
    echo__event_notify(x, ECHO_EXCHANGE_EVENT_INSTALLED, NULL, NULL);
    return ECHO__DONE;
}
