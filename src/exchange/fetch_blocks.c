#include "exchange/fetch_blocks.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/event.h"
#include "exchange/here.h"
#include "exchange/members.h"
#include "exchange/offers.h"
#include "exchange/open_feeds.h"
#include "exchange/peer.h"
#include "exchange/roots.h"
#include "feed/proof.h"

#define BLOCKS_MAX 65536u /* in a message */

void echo__fetch_blocks_end(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        for (echo__request *r = peer->first; r != NULL; r = r->next)
            if (r->kind == ECHO__REQUEST_TAIL) r->tail = SIZE_MAX; /* what still arrives belongs to nothing */
    x->tail_count = 0;
}

/* ---- which feeds, and from where ---- */

static bool is_admitted(const echo_exchange *x, const echo_key *feed, bool *known) {
    const echo_party *party = x->options.opened;
    *known = true;
    if (party != NULL && echo__party_admits(party, feed)) return true;
    if (party != NULL && echo__party_admits_by_host(party)) return false;
    if (x->admission != NULL) return echo__admission_admits(x->admission, feed);
    *known = party != NULL;
    return party == NULL; /* nothing is known yet: the party will judge them when it is opened */
}

static int by_key(const void *a, const void *b) {
    return echo__key_compare(&((const echo__fetched *)a)->key, &((const echo__fetched *)b)->key);
}

/* Among the first n, which are sorted. */
static echo__fetched *find_tail(echo_exchange *x, size_t n, const echo_key *key) {
    echo__fetched like;
    like.key = *key;
    return n == 0 ? NULL : bsearch(&like, x->tails, n, sizeof *x->tails, by_key);
}

/* The first block that is to be fetched: after what is covered, and after what is present without a gap. */
static echo_status first_missing(uint64_t *out, echo_exchange *x, const echo__fetched *tail, bool whole,
                                 echo_error *err) {
    const echo_feed_ops *ops = x->feeds->ops;
    const echo_timeframe *clock = echo__here_clock(x);
    echo_feed_info info = {0, 0, false};
    uint64_t at = 0, seq;
    echo_status status = tail->feed == NULL ? ECHO_OK : ops->info(&info, x->feeds->ctx, tail->feed->handle, err);
    if (status != ECHO_OK) return status;
    if (!whole && clock != NULL && echo_timeframe_get(&seq, clock, &tail->key)) at = seq + 1;
    if (!whole && x->has_target && echo_timeframe_get(&seq, x->target.timeframe, &tail->key) && seq + 1 > at)
        at = seq + 1;
    if (info.writable && at > info.verified) at = info.verified;
    while (at < info.verified && ops->has(x->feeds->ctx, tail->feed->handle, at)) at++;
    *out = at;
    return ECHO_OK;
}

static echo_status add_feed(echo_exchange *x, size_t sorted, const echo__offered_feed *offered, bool whole,
                            echo_error *err) {
    echo__fetched *tail = find_tail(x, sorted, &offered->key);
    bool known;
    if (tail != NULL) {
        if (offered->length > tail->to) tail->to = offered->length;
        return ECHO_OK;
    }
    if (!is_admitted(x, &offered->key, &known)) return ECHO_OK;
    if (!echo__grow(&x->tails, &x->tail_cap, x->tail_count + 1, sizeof *x->tails)) return echo__nomem(err);
    tail = &x->tails[x->tail_count];
    memset(tail, 0, sizeof *tail);
    tail->key = offered->key;
    tail->to = offered->length;
    echo_status status = echo__open_feeds_get(&tail->feed, x, &tail->key, known, err);
    if (status == ECHO_ERR_NOT_FOUND && !known) status = ECHO_OK; /* anybody can offer any number of those */
    if (status == ECHO_OK) status = first_missing(&tail->at, x, tail, whole, err);
    if (status == ECHO_OK) x->tail_count++;
    return status;
}

echo_status echo__fetch_blocks_begin(echo_exchange *x, bool whole, echo_error *err) {
    echo_status status = ECHO_OK;
    echo__fetch_blocks_end(x);
    for (echo_peer *peer = x->peers; peer != NULL && status == ECHO_OK; peer = peer->next) {
        size_t sorted = x->tail_count; /* an offer has each feed once */
        for (size_t i = 0; echo__peer_ready(peer) && i < peer->offer.feed_count && status == ECHO_OK; i++)
            status = add_feed(x, sorted, &peer->offer.feeds[i], whole, err);
        if (x->tail_count > 0) qsort(x->tails, x->tail_count, sizeof *x->tails, by_key);
    }
    return status;
}

/* ---- asking ---- */

/* The one with the least to do; *any: somebody has more, though none may have room now. */
static echo_peer *find_source(echo_exchange *x, const echo__fetched *tail, bool *any) {
    echo_peer *best = NULL;
    *any = false;
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!echo__peer_ready(peer) || peer->finished) continue;
        const echo__offered_feed *feed = echo__offer_find(&peer->offer, &tail->key);
        if (feed == NULL || feed->length <= tail->at) continue;
        *any = true;
        if (peer->request_count >= ECHO__REQUESTS_MAX) continue;
        if (best == NULL || peer->in_flight < best->in_flight) best = peer;
    }
    return best;
}

static void ask(echo_exchange *x, size_t i) {
    echo__fetched *tail = &x->tails[i];
    bool any;
    echo_peer *peer = find_source(x, tail, &any);
    if (peer == NULL) {
        tail->given_up = !any; /* no peer that has more is left */
        return;
    }
    uint64_t to = echo__offer_find(&peer->offer, &tail->key)->length;
    echo__request *r = echo__peer_request(peer, ECHO__REQUEST_TAIL, ECHO__BLOCKS_BYTES);
    if (r == NULL) return;
    r->tail = i;
    tail->asked = true;
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, r->id);
    echo__buf_append(&out, tail->key.bytes, sizeof tail->key.bytes);
    echo__write_u64(&out, tail->at);
    echo__write_u64(&out, to < tail->to ? to : tail->to);
    echo_bytes part = echo__buf_bytes(&out);
    if (out.status == ECHO_OK) {
        (void)!echo__peer_send(peer, ECHO__MESSAGE_TAIL, &part, 1);
    } else {
        tail->asked = false;
        echo__peer_take_back(peer);
    }
    echo__buf_free(&out);
}

/* ---- what arrives ---- */

static echo_status read_blocks(echo_bytes **out, size_t *count, echo__reader *r, uint64_t expected, echo_error *err) {
    *out = NULL;
    *count = 0;
    if (expected == 0 || expected > BLOCKS_MAX || expected > r->rest.len / 4)
        return echo__error(err, ECHO_ERR_CORRUPT, "peer: the number of blocks does not fit the message");
    *out = echo__calloc((size_t)expected, sizeof **out);
    if (*out == NULL) return echo__nomem(err);
    for (*count = 0; *count < expected; (*count)++) {
        uint32_t len = echo__read_u32(r);
        (*out)[*count] = echo__read_bytes(r, len);
    }
    return echo__reader_ok(r) ? ECHO_OK : echo__error(err, ECHO_ERR_CORRUPT, "peer: blocks have the wrong shape");
}

/* A fork is its writer's doing, whoever sent it. What is present locally stays, blocks or a snapshot, and others may
 * have what follows it. */
static void report_fork(echo_peer *peer, const echo__fetched *tail, const echo_error *why) {
    echo__offered_feed *feed = echo__offer_find(&peer->offer, &tail->key);
    if (feed != NULL) feed->length = 0;
    peer->x->state.problem = *why;
    echo__event_notify(peer->x, ECHO_EXCHANGE_EVENT_FAILED, peer, why);
}

/* Stores blocks. *local: the failure is not that of the peer. */
static echo_status store_blocks(bool *local, echo_exchange *x, echo__fetched *tail, const echo_bytes *blocks,
                                const echo_feed_proof *proof, echo_error *err) {
    echo_status status = echo__roots_check_blocks(x, tail, blocks, proof, err);
    if (status == ECHO_OK && tail->feed == NULL) status = echo__open_feeds_get(&tail->feed, x, &tail->key, true, err);
    *local = status != ECHO_OK;
    if (status != ECHO_OK) return status;
    status = x->feeds->ops->put(x->feeds->ctx, tail->feed->handle, blocks, proof, err);
    if (status == ECHO_OK || status == ECHO_ERR_CONFLICT) return status;
    /* A proof that holds is all that the peer owes: what failed then is the feed that is present locally. */
    echo__proven proven;
    echo_error ignored = ECHO_ERROR_INIT;
    echo_status holds = echo__proof_check(&proven, proof, blocks, &tail->key, &ignored);
    if (holds == ECHO_OK) echo__proven_free(&proven);
    *local = holds == ECHO_OK || holds == ECHO_ERR_NOMEM;
    return status;
}

static echo_status put_blocks(bool *local, echo_peer *peer, echo__fetched *tail, const echo_bytes *blocks, size_t n,
                              const echo_feed_proof *proof, echo_error *err) {
    echo_exchange *x = peer->x;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = store_blocks(local, x, tail, blocks, proof, &problem);
    if (status == ECHO_ERR_CONFLICT) {
        report_fork(peer, tail, &problem);
        return ECHO_ERR_CONFLICT;
    }
    if (status != ECHO_OK) {
        if (err != NULL) *err = problem;
        return status;
    }
    for (size_t i = 0; i < n; i++) x->state.block_bytes += blocks[i].len;
    x->state.blocks_received += n;
    tail->at = proof->to;
    tail->feed->changed = true;
    *local = true;
    return echo__members_admit_blocks(x, &tail->key, proof->from, blocks, n, err);
}

/* The blocks of one message; *out: they cannot be read or stored, which is not the peer's fault. */
static echo_status accept_blocks(echo__report *out, echo_peer *peer, echo__fetched *tail, echo__reader *r,
                                 echo_error *err) {
    echo_feed_proof proof;
    echo_bytes *blocks;
    size_t n;
    bool local;
    echo__read_proof(r, &proof);
    if (r->bad || proof.from != tail->at || proof.to <= proof.from || proof.length < proof.to)
        return echo__error(err, ECHO_ERR_CORRUPT, "peer: unsolicited blocks");
    echo_status status = read_blocks(&blocks, &n, r, proof.to - proof.from, err);
    local = status == ECHO_ERR_NOMEM;
    if (status == ECHO_OK) status = put_blocks(&local, peer, tail, blocks, n, &proof, err);
    echo__free(blocks);
    if (status == ECHO_OK || status == ECHO_ERR_CONFLICT || !local) return status;
    if (err != NULL) out->why = *err;
    out->outcome = ECHO__FAILED;
    return echo__error_adopt(&out->why, status, "blocks cannot be stored");
}

/* The answer is complete: the peer does not have the blocks that it did not send. */
static void finish_tail(echo_peer *peer, echo__fetched *tail, uint8_t form) {
    echo__offered_feed *feed = echo__offer_find(&peer->offer, &tail->key);
    tail->asked = false;
    if (feed != NULL && (form == ECHO__BLOCKS_ABSENT || tail->at < feed->length))
        feed->length = form == ECHO__BLOCKS_ABSENT ? 0 : tail->at;
}

echo_status echo__fetch_blocks_accept(echo__report *out, echo_peer *peer, echo_bytes payload, echo_error *err) {
    echo_exchange *x = peer->x;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    uint8_t form = echo__read_u8(&r);
    uint64_t useful = peer->useful_ns;
    echo_status status = ECHO_OK;
    echo__request *request = echo__peer_answered(peer, ECHO__REQUEST_TAIL, id);
    if (request == NULL || r.bad || form > ECHO__BLOCKS_ABSENT)
        return echo__error(err, ECHO_ERR_CORRUPT, "peer: unsolicited blocks");
    echo__fetched *tail = request->tail < x->tail_count ? &x->tails[request->tail] : NULL;
    if (tail == NULL) /* of a fetch that is over: it may go on for ever, and is no use */
        peer->useful_ns = useful;
    else if (form != ECHO__BLOCKS_ABSENT)
        status = accept_blocks(out, peer, tail, &r, err);
    if (status == ECHO_ERR_CONFLICT) { /* the rest of this answer is of no use */
        tail->asked = false;
        request->tail = SIZE_MAX;
    } else if (status != ECHO_OK && out->outcome == ECHO__MORE) {
        return status;
    }
    if (form == ECHO__BLOCKS_MORE) return ECHO_OK;
    echo__peer_finish_request(peer);
    if (tail != NULL && status == ECHO_OK) finish_tail(peer, tail, form);
    return ECHO_OK;
}

void echo__fetch_blocks_lost(echo_exchange *x, const echo__request *request) {
    if (request->tail < x->tail_count) x->tails[request->tail].asked = false;
}

/* ---- steps ---- */

/* Connections ended before their blocks arrived, and no peer is left that could report them absent. */
static bool was_left(const echo_exchange *x) {
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        if (echo__peer_ready(peer) && peer->serves && !peer->finished) return false;
    for (size_t i = 0; i < x->tail_count; i++)
        if (x->tails[i].at < x->tails[i].to) return true;
    return false;
}

/* Asks for what is missing; false: nothing is waited for any more. */
static bool ask_missing(echo_exchange *x) {
    bool open = false;
    for (size_t i = 0; i < x->tail_count; i++) {
        echo__fetched *tail = &x->tails[i];
        if (!tail->asked && !tail->given_up && tail->at < tail->to) ask(x, i);
        open = open || tail->asked || (!tail->given_up && tail->at < tail->to);
    }
    return open;
}

echo__outcome echo__fetch_blocks_step(echo_exchange *x, bool whole, echo_error *why) {
    if (ask_missing(x)) return ECHO__MORE;
    size_t before = x->tail_count;
    bool left = was_left(x);
    if (echo__open_feeds_sync(x, why) != ECHO_OK) return ECHO__FAILED;
    if (x->admission != NULL) { /* feeds that the tail admitted */
        if (echo__fetch_blocks_begin(x, whole, why) != ECHO_OK) return ECHO__FAILED;
        if (x->tail_count > before) return ECHO__MORE;
    }
    return left ? ECHO__LOST : ECHO__DONE;
}
