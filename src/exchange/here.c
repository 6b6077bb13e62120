#include "exchange/here.h"

#include "base/crypto.h"
#include "base/error.h"

const echo_party *echo__here_party(const echo_exchange *x) {
    const echo_party *party = x->options.opened;
    if (party == NULL || party->store.ctx != &x->overlay) return party;
    return x->state.installed > 0 && echo__hash_equal(&x->shown, &x->installed) ? party : NULL;
}

const echo_timeframe *echo__here_clock(const echo_exchange *x) {
    const echo_party *party = echo__here_party(x);
    return party == NULL ? x->installed_clock : party->clock;
}

typedef struct roots_search {
    const echo__root *items, *credentials;
} roots_search;

static bool is_same(const echo__root *asked, const echo__root *root) {
    return asked->items == 0 || (root->items > 0 && echo__hash_equal(&asked->hash, &root->hash));
}

static echo_status match_roots(void *arg, uint64_t number, echo_bytes text) {
    const roots_search *search = arg;
    echo__manifest manifest;
    echo_error ignored = ECHO_ERROR_INIT;
    (void)number;
    echo_status status = echo__manifest_read(&manifest, text, &ignored);
    if (status != ECHO_OK) return status == ECHO_ERR_NOMEM ? status : ECHO_OK;
    bool found = is_same(search->items, &manifest.items) && is_same(search->credentials, &manifest.credentials);
    echo__manifest_free(&manifest);
    return found ? ECHO__STOP : ECHO_OK;
}

echo_status echo__here_keeps(bool *out, const echo_exchange *x, const echo__root *items, const echo__root *credentials,
                             echo_error *err) {
    roots_search search = {items, credentials};
    *out = items->items == 0 && credentials->items == 0;
    if (*out) return ECHO_OK;
    echo_status status = x->store->ops->list(x->store->ctx, &x->party, match_roots, &search, err);
    *out = status == ECHO__STOP;
    return *out ? ECHO_OK : status;
}
