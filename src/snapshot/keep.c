#include "snapshot/keep.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "store/store.h"

typedef struct list_args {
    echo__holdings *out;
    const echo_store *store;
    const echo_key *party;
} list_args;

static echo_status add_holding(void *arg, uint64_t number, echo_bytes text, echo_error *err) {
    const list_args *l = arg;
    echo__manifest manifest;
    if (!echo__grow(&l->out->list, &l->out->cap, l->out->count + 1, sizeof *l->out->list)) return echo__nomem(err);
    echo__holding *h = &l->out->list[l->out->count];
    memset(h, 0, sizeof *h);
    h->party = *l->party;
    h->id.number = number;
    echo__hash(&h->id.hash, text.data, text.len);
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__stored_read_as(&manifest, text, l->party, number, &problem);
    if (status == ECHO_OK) {
        h->good = true;
        h->items = manifest.items;
        h->credentials = manifest.credentials;
        echo__manifest_free(&manifest);
    } else if (status != ECHO_ERR_CORRUPT && status != ECHO_ERR_SIGNATURE) {
        if (err != NULL) *err = problem;
        return echo__stored_blame(err, l->party, number, status);
    }
    status = echo__store_pinned(&h->pinned, l->store, l->party, number, err);
    if (status == ECHO_OK) l->out->count++;
    return status;
}

static void decide_kept(echo__holding *list, size_t count, uint32_t keep) {
    size_t good = 0, last = count; /* the last that is kept for being new */
    for (size_t i = 0; i < count && (keep == 0 || good < keep); i++)
        if (list[i].good) {
            good++;
            last = i;
        }
    for (size_t i = 0; i < count; i++) list[i].keep = keep == 0 || last == count || i <= last || list[i].pinned;
}

echo_status echo__keep_list(echo__holdings *out, const echo_store *store, const echo_key *party, uint32_t keep,
                            echo_error *err) {
    size_t before = out->count;
    list_args l = {out, store, party};
    echo_status status = echo__stored_each(store, party, add_holding, &l, err);
    if (status == ECHO_OK)
        decide_kept(out->list + before, out->count - before, keep);
    else
        out->count = before;
    return status;
}

void echo__keep_free(echo__holdings *holdings) {
    echo__free(holdings->list);
    memset(holdings, 0, sizeof *holdings);
}

echo_status echo__keep_retain(uint64_t *removed, const echo_store *store, const echo_key *party, uint32_t keep,
                              echo_error *err) {
    echo__holdings holdings = {NULL, 0, 0};
    uint64_t count = 0;
    if (removed != NULL) *removed = 0;
    if (keep == 0) return ECHO_OK;
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    echo_status status = echo__keep_list(&holdings, store, party, keep, err);
    for (size_t i = holdings.count; status == ECHO_OK && i-- > 0;) {
        if (holdings.list[i].keep) continue;
        echo_error problem = ECHO_ERROR_INIT;
        status = store->ops->remove(store->ctx, party, holdings.list[i].id.number, &problem);
        if (status == ECHO_OK)
            count++;
        else if (status == ECHO_ERR_REFUSED || status == ECHO_ERR_NOT_FOUND)
            status = ECHO_OK; /* pinned or removed meanwhile */
        else if (err != NULL)
            *err = problem;
    }
    echo__keep_free(&holdings);
    if (removed != NULL) *removed = count;
    return status;
}
