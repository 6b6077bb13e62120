/*
 * Which snapshots are kept; pins; and what of the feeds they make unnecessary.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "snapshot/gc.h"
#include "snapshot/snapshot.h"
#include "store/store.h"

/* ---- what is there ---- */

typedef struct reading {
    echo__holdings *out;
    const echo_store *store;
    const echo_key *party;
    echo_error *err;
} reading;

static echo_status add_holding(void *arg, uint64_t number, echo_bytes text) {
    reading *r = arg;
    echo__manifest manifest;
    if (!echo__grow(&r->out->list, &r->out->cap, r->out->count + 1, sizeof *r->out->list)) return echo__nomem(r->err);
    echo__holding *h = &r->out->list[r->out->count];
    memset(h, 0, sizeof *h);
    h->party = *r->party;
    h->number = number;
    echo__seen_name(&h->name, number, text);
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__manifest_read_as(&manifest, text, r->party, number, &problem);
    if (status == ECHO_OK) {
        h->good = true;
        h->items = manifest.items;
        h->credentials = manifest.credentials;
        echo__manifest_free(&manifest);
    } else if (status != ECHO_ERR_CORRUPT && status != ECHO_ERR_SIGNATURE) {
        if (r->err != NULL) *r->err = problem;
        return echo__snapshot_blame(r->err, r->party, number, status);
    }
    status = echo__store_pinned(&h->pinned, r->store, r->party, number, r->err);
    if (status == ECHO_OK) r->out->count++;
    return status;
}

static void decide(echo__holding *list, size_t count, uint32_t keep) {
    size_t good = 0, last = count; /* the last that is kept for being new */
    for (size_t i = 0; i < count && (keep == 0 || good < keep); i++)
        if (list[i].good) {
            good++;
            last = i;
        }
    for (size_t i = 0; i < count; i++) list[i].keep = keep == 0 || last == count || i <= last || list[i].pinned;
}

echo_status echo__holdings_add(echo__holdings *out, const echo_store *store, const echo_key *party, uint32_t keep,
                               echo_error *err) {
    size_t before = out->count;
    reading r = {out, store, party, err};
    echo_status status = store->ops->list(store->ctx, party, add_holding, &r, err);
    if (status == ECHO_OK)
        decide(out->list + before, out->count - before, keep);
    else
        out->count = before;
    return status;
}

void echo__holdings_free(echo__holdings *holdings) {
    echo__free(holdings->list);
    memset(holdings, 0, sizeof *holdings);
}

echo_status echo__retain(const echo_store *store, const echo_key *party, uint32_t keep, uint64_t *removed,
                         echo_error *err) {
    echo__holdings holdings = {NULL, 0, 0};
    uint64_t count = 0;
    if (removed != NULL) *removed = 0;
    if (keep == 0) return ECHO_OK;
    if (!echo__crypto_init()) return echo__error(err, ECHO_ERR_IO, "the system has no random source");
    echo_status status = echo__holdings_add(&holdings, store, party, keep, err);
    for (size_t i = holdings.count; status == ECHO_OK && i-- > 0;) {
        if (holdings.list[i].keep) continue;
        echo_error problem = ECHO_ERROR_INIT;
        status = store->ops->remove(store->ctx, party, holdings.list[i].number, &problem);
        if (status == ECHO_OK)
            count++;
        else if (status == ECHO_ERR_REFUSED || status == ECHO_ERR_NOT_FOUND)
            status = ECHO_OK; /* pinned or removed meanwhile */
        else if (err != NULL)
            *err = problem;
    }
    echo__holdings_free(&holdings);
    if (removed != NULL) *removed = count;
    return status;
}

static echo_status find_manifest(void *arg, uint64_t number, echo_bytes text) {
    const echo_hash *wanted = arg;
    echo_hash hash;
    (void)number;
    echo__hash(&hash, text.data, text.len);
    return echo__hash_equal(&hash, wanted) ? ECHO_ERR_EXISTS : ECHO_OK;
}

echo_status echo__snapshot_stands(bool *out, const echo_store *store, const echo_key *party, const echo_hash *manifest,
                                  echo_error *err) {
    echo_hash wanted = *manifest;
    *out = false;
    echo_status status = store->ops->list(store->ctx, party, find_manifest, &wanted, err);
    *out = status == ECHO_ERR_EXISTS; /* ours: no store answers it to a list */
    return *out ? ECHO_OK : status;
}

/* ---- pins ---- */

echo_status echo_snapshot_pin(const echo_store *store, const echo_key *party, uint64_t number, bool pinned,
                              echo_error *err) {
    echo_status status = echo__store_check(store, err);
    if (status != ECHO_OK) return status;
    if (party == NULL) return echo__error(err, ECHO_ERR_INVALID, "no party was given");
    return echo__store_pin(store, party, number, pinned, err);
}

/* ---- advice ---- */

static echo_status verified(echo__manifest *out, const echo_store *store, const echo__candidate *candidate,
                            const echo_key *party, echo_error *err) {
    echo__chunks *chunks;
    echo_status status = echo__candidate_read(out, candidate, party, err);
    if (status != ECHO_OK) return echo__snapshot_blame(err, party, candidate->number, status);
    status = echo__chunks_new(&chunks, store) == ECHO_OK ? ECHO_OK : echo__nomem(err);
    if (status == ECHO_OK) {
        status = echo__manifest_verify(out, chunks, err);
        echo__chunks_free(chunks);
    }
    if (status == ECHO_OK) return ECHO_OK;
    echo__manifest_free(out);
    return echo__snapshot_blame(err, party, candidate->number, status);
}

/* *low becomes what both cover. */
static echo_status meet(echo_timeframe **low, const echo_timeframe *other, echo_error *err) {
    echo_timeframe *both;
    echo_frame frame;
    echo_status status = echo_timeframe_new(&both);
    for (size_t i = 0; status == ECHO_OK && echo_timeframe_at(&frame, other, i); i++) {
        uint64_t seq;
        if (!echo_timeframe_get(&seq, *low, &frame.feed)) continue;
        status = echo_timeframe_set(both, &frame.feed, seq < frame.seq ? seq : frame.seq);
    }
    if (status != ECHO_OK) {
        echo_timeframe_free(both);
        return echo__nomem(err);
    }
    echo_timeframe_free(*low);
    *low = both;
    return ECHO_OK;
}

static echo_status covered_by_all(echo_timeframe **out, const echo_store *store, const echo__candidates *candidates,
                                  const echo_key *party, echo_error *err) {
    echo_status status = ECHO_OK;
    *out = NULL;
    for (size_t i = 0; i < candidates->count && status == ECHO_OK; i++) {
        echo__manifest manifest;
        status = verified(&manifest, store, &candidates->list[i], party, err);
        if (status != ECHO_OK) break;
        if (i > 0)
            status = meet(out, manifest.timeframe, err);
        else if (echo_timeframe_copy(out, manifest.timeframe) != ECHO_OK)
            status = echo__nomem(err);
        echo__manifest_free(&manifest);
    }
    return status;
}

echo_status echo_snapshot_prune_advice(const echo_store *store, const echo_key *party, echo_prune_fn fn, void *arg,
                                       echo_error *err) {
    echo__candidates candidates;
    echo_timeframe *covered = NULL;
    echo_frame frame;
    echo_status status = echo__store_check(store, err);
    if (status != ECHO_OK) return status;
    if (party == NULL || fn == NULL) return echo__error(err, ECHO_ERR_INVALID, "no party or nobody to tell");
    if (!echo__crypto_init()) return echo__error(err, ECHO_ERR_IO, "the system has no random source");
    status = echo__candidates_list(&candidates, store, party, err);
    if (status != ECHO_OK) return status;
    if (candidates.count == 0)
        status = echo__error(err, ECHO_ERR_NOT_FOUND, "there is no snapshot");
    else
        status = covered_by_all(&covered, store, &candidates, party, err);
    for (size_t i = 0; status == ECHO_OK && echo_timeframe_at(&frame, covered, i); i++) {
        echo_prune_advice advice = {frame.feed, frame.seq};
        status = fn(arg, &advice);
    }
    echo_timeframe_free(covered);
    echo__candidates_free(&candidates);
    return status;
}
