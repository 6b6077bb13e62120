#include "exchange/roots.h"

#include "base/crypto.h"
#include "base/error.h"
#include "exchange/here.h"
#include "feed/proof.h"
#include "snapshot/covered.h"

/* A snapshot, as far as it says which blocks it covers. */
typedef struct named_roots {
    const echo__feed_roots *roots;
    const echo_timeframe *timeframe; /* NULL: no snapshot */
} named_roots;

/* What the feed is at `length` blocks, by what arrived or else by what is present; *known is false if neither says. */
static echo_status root_at(echo_hash *out, bool *known, echo_exchange *x, const echo__fetched *tail, uint64_t length,
                           const echo_bytes *blocks, const echo_feed_proof *proof, echo_error *err) {
    const echo_feed_ops *ops = x->feeds->ops;
    *known = true;
    if (length >= proof->from && length <= proof->to) {
        echo__proof_root(out, proof, blocks, length);
        return ECHO_OK;
    }
    *known = false;
    if (length > proof->to || tail->feed == NULL || ops->root == NULL) return ECHO_OK;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = ops->root(out, x->feeds->ctx, tail->feed->handle, length, &problem);
    *known = status == ECHO_OK;
    if (status == ECHO_OK || status == ECHO_ERR_NOT_FOUND) return ECHO_OK;
    if (err != NULL) *err = problem;
    return status;
}

static echo_status compare(const named_roots *named, echo_exchange *x, const echo__fetched *tail,
                           const echo_bytes *blocks, const echo_feed_proof *proof, echo_error *err) {
    uint64_t seq;
    echo_hash root;
    bool known;
    const echo_hash *expected = echo__feed_roots_get(named->roots, &tail->key);
    if (expected == NULL || !echo_timeframe_get(&seq, named->timeframe, &tail->key)) return ECHO_OK;
    echo_status status = root_at(&root, &known, x, tail, seq + 1, blocks, proof, err);
    if (status != ECHO_OK || !known || echo__hash_equal(&root, expected)) return status;
    return echo__covered_differs(&tail->key, seq, err);
}

/* Whether the snapshot names the feed's root, and at which length. */
static bool names_root(uint64_t *length, const named_roots *named, const echo_key *feed) {
    uint64_t seq;
    if (named->timeframe == NULL || echo__feed_roots_get(named->roots, feed) == NULL ||
        !echo_timeframe_get(&seq, named->timeframe, feed))
        return false;
    *length = seq + 1;
    return true;
}

/* ECHO_ERR_REFUSED: it does not hold. */
static echo_status check_proof(const echo__fetched *tail, const echo_bytes *blocks, const echo_feed_proof *proof,
                               echo_error *err) {
    echo__proven proven;
    echo_error ignored = ECHO_ERROR_INIT;
    echo_status status = echo__proof_check(&proven, proof, blocks, &tail->key, &ignored);
    if (status == ECHO_OK) echo__proven_free(&proven);
    return status == ECHO_OK ? ECHO_OK : status == ECHO_ERR_NOMEM ? echo__nomem(err) : ECHO_ERR_REFUSED;
}

echo_status echo__roots_check_blocks(echo_exchange *x, echo__fetched *tail, const echo_bytes *blocks,
                                     const echo_feed_proof *proof, echo_error *err) {
    const echo_party *party = echo__here_party(x);
    const named_roots named[2] = {
        {&x->installed_roots, x->installed_clock},
        {party != NULL ? &party->feed_roots : NULL, party != NULL ? party->root_clock : NULL}};
    echo_status status = ECHO_OK;
    bool proved = false, later = false;
    for (size_t i = 0; i < sizeof named / sizeof *named && status == ECHO_OK && !tail->compared; i++) {
        uint64_t length;
        if (!names_root(&length, &named[i], &tail->key)) continue;
        later = later || length > proof->to;
        if (length > proof->to) continue;
        if (!proved && length >= proof->from) status = check_proof(tail, blocks, proof, err);
        if (status == ECHO_ERR_REFUSED) return ECHO_OK;
        proved = proved || length >= proof->from;
        if (status == ECHO_OK) status = compare(&named[i], x, tail, blocks, proof, err);
    }
    if (status == ECHO_OK && !later) tail->compared = true;
    return status;
}

static void *open_feed(void *arg, const echo_key *feed) {
    const echo_exchange *x = arg;
    const echo__open_feed *open = echo__map_get(&x->open, feed->bytes, sizeof feed->bytes);
    return open == NULL ? NULL : open->handle;
}

echo__outcome echo__roots_check_target(echo_exchange *x, echo_error *why) {
    const echo__covered covered = {x->feeds, open_feed, x};
    echo_status status = echo__covered_check(NULL, &covered, &x->target.roots, x->target.timeframe, why);
    if (status == ECHO_OK) return ECHO__DONE;
    echo__error_adopt(why, status, "the snapshot could not be compared with the feeds");
    return status == ECHO_ERR_CONFLICT ? ECHO__BAD : ECHO__FAILED;
}
