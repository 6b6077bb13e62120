/*
 * Fetching blocks of feeds, in ascending order, each message with its proof. What a snapshot covers is not fetched,
 * unless the feeds are needed whole to check it, or it is the own feed, which cannot be written to while its end is
 * missing.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/scratch.h"
#include "exchange/exchange.h"

#define BLOCKS_MAX 65536u /* in a message */

void echo__tail_end(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        for (echo__request *r = peer->first; r != NULL; r = r->next)
            if (r->kind == ECHO__REQUEST_TAIL) r->tail = SIZE_MAX; /* what still comes belongs to nothing */
    x->tail_count = 0;
}

/* ---- which feeds, and from where ---- */

static bool is_admitted(const echo_exchange *x, const echo_key *feed, bool *known) {
    const echo_party *party = x->options.opened;
    *known = true;
    if (party != NULL && echo__party_admits(party, feed)) return true;
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

/* The first block that is to be fetched: behind what is covered, and behind what is here without a hole. */
static echo_status first_missing(uint64_t *out, echo_exchange *x, const echo__fetched *tail, bool covered,
                                 echo_error *err) {
    const echo_feed_ops *ops = x->feeds->ops;
    const echo_timeframe *clock = echo__offers_clock(x);
    echo_feed_info info = {0, 0, false};
    uint64_t at = 0, seq;
    echo_status status = tail->feed == NULL ? ECHO_OK : ops->info(&info, x->feeds->ctx, tail->feed->handle, err);
    if (status != ECHO_OK) return status;
    if (!covered && clock != NULL && echo_timeframe_get(&seq, clock, &tail->key)) at = seq + 1;
    if (!covered && x->has_target && echo_timeframe_get(&seq, x->target.timeframe, &tail->key) && seq + 1 > at)
        at = seq + 1;
    if (info.writable && at > info.verified) at = info.verified;
    while (at < info.verified && ops->has(x->feeds->ctx, tail->feed->handle, at)) at++;
    *out = at;
    return ECHO_OK;
}

static echo_status add_feed(echo_exchange *x, size_t sorted, const echo__offered_feed *offered, bool covered,
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
    echo_status status = echo__exchange_feed(&tail->feed, x, &tail->key, known, err);
    if (status == ECHO_ERR_NOT_FOUND && !known) status = ECHO_OK; /* anybody can offer any number of those */
    if (status == ECHO_OK) status = first_missing(&tail->at, x, tail, covered, err);
    if (status == ECHO_OK) x->tail_count++;
    return status;
}

echo_status echo__tail_begin(echo_exchange *x, bool covered, echo_error *err) {
    echo_status status = ECHO_OK;
    echo__tail_end(x);
    x->phase = ECHO_EXCHANGE_PHASE_TAIL;
    for (echo_peer *peer = x->peers; peer != NULL && status == ECHO_OK; peer = peer->next) {
        size_t sorted = x->tail_count; /* an offer has each feed once */
        for (size_t i = 0; echo__peer_ready(peer) && i < peer->offer.feed_count && status == ECHO_OK; i++)
            status = add_feed(x, sorted, &peer->offer.feeds[i], covered, err);
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
        tail->given_up = !any; /* nobody who has more is left */
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

/* ---- what comes ---- */

/* Credentials in the tail may admit feeds whose blocks are wanted too. */
static void look_for_credentials(echo_exchange *x, const echo_key *feed, uint64_t from, const echo_bytes *blocks,
                                 size_t n) {
    echo_codec codec = x->options.codec == NULL ? echo_codec_dxos() : *x->options.codec;
    echo_scratch scratch;
    if (x->admission == NULL) return;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    for (size_t i = 0; i < n; i++) {
        echo_message message;
        echo_error ignored = ECHO_ERROR_INIT;
        echo__scratch_reset(&scratch);
        if (codec.ops->decode(&message, codec.ctx, blocks[i], &scratch, &ignored) == ECHO_OK &&
            message.kind == ECHO_MESSAGE_CREDENTIAL)
            (void)!echo__admission_add(x->admission, feed, from + i, message.credential, NULL, &ignored);
    }
    echo__scratch_free(&scratch);
}

static echo_status read_blocks(echo_bytes **out, size_t *count, echo__reader *r, uint64_t expected, echo_error *err) {
    *out = NULL;
    *count = 0;
    if (expected == 0 || expected > BLOCKS_MAX || expected > r->rest.len / 4)
        return echo__error(err, ECHO_ERR_CORRUPT, "peer: blocks are missing");
    *out = echo__calloc((size_t)expected, sizeof **out);
    if (*out == NULL) return echo__nomem(err);
    for (*count = 0; *count < expected; (*count)++) {
        uint32_t len = echo__read_u32(r);
        (*out)[*count] = echo__read_bytes(r, len);
    }
    return echo__reader_ok(r) ? ECHO_OK : echo__error(err, ECHO_ERR_CORRUPT, "peer: blocks have the wrong shape");
}

/* A fork is its writer's doing, whoever sent it. What is here stays, and others may have what follows it. */
static void forked(echo_peer *peer, const echo__fetched *tail, const echo_error *why) {
    echo__offered_feed *feed = echo__offer_find(&peer->offer, &tail->key);
    if (feed != NULL) feed->length = 0;
    peer->x->state.problem = *why;
    echo__exchange_tell(peer->x, ECHO_EXCHANGE_EVENT_FAILED, peer, why);
}

static echo_status put_blocks(echo_peer *peer, echo__fetched *tail, const echo_bytes *blocks, size_t n,
                              const echo_feed_proof *proof, echo_error *err) {
    echo_exchange *x = peer->x;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = tail->feed == NULL ? echo__exchange_feed(&tail->feed, x, &tail->key, true, &problem) : ECHO_OK;
    if (status == ECHO_OK) status = x->feeds->ops->put(x->feeds->ctx, tail->feed->handle, blocks, proof, &problem);
    if (status == ECHO_ERR_CONFLICT) {
        forked(peer, tail, &problem);
        return ECHO_ERR_CONFLICT;
    }
    if (status != ECHO_OK) {
        if (err != NULL) *err = problem;
        return status;
    }
    look_for_credentials(x, &tail->key, proof->from, blocks, n);
    for (size_t i = 0; i < n; i++) x->state.block_bytes += blocks[i].len;
    x->state.blocks_received += n;
    tail->at = proof->to;
    tail->feed->changed = true;
    return ECHO_OK;
}

/* Not the peer's fault. */
static bool is_here(echo_status status) {
    return status == ECHO_ERR_IO || status == ECHO_ERR_READONLY || status == ECHO_ERR_BUSY;
}

static echo_status take_blocks(echo_peer *peer, echo__fetched *tail, echo__reader *r, echo_error *err) {
    echo_exchange *x = peer->x;
    echo_feed_proof proof;
    echo_bytes *blocks;
    size_t n;
    echo__read_proof(r, &proof);
    if (r->bad || proof.from != tail->at || proof.to <= proof.from || proof.length < proof.to)
        return echo__peer_lied(peer, ECHO_ERR_CORRUPT, "blocks nobody asked for");
    echo_status status = read_blocks(&blocks, &n, r, proof.to - proof.from, err);
    if (status == ECHO_OK) status = put_blocks(peer, tail, blocks, n, &proof, err);
    echo__free(blocks);
    if (status == ECHO_OK || !is_here(status)) return status;
    echo_error problem = err == NULL ? (echo_error)ECHO_ERROR_INIT : *err;
    echo__error_adopt(&problem, status, "blocks cannot be stored");
    echo__exchange_fail(x, &problem);
    return ECHO_OK;
}

echo_status echo__tail_take(echo_peer *peer, echo_bytes payload, echo_error *err) {
    echo_exchange *x = peer->x;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    uint8_t form = echo__read_u8(&r);
    uint64_t useful = peer->useful_ns;
    echo__request *request = echo__peer_answered(peer, ECHO__REQUEST_TAIL, id);
    if (request == NULL || r.bad || form > ECHO__BLOCKS_ABSENT)
        return echo__peer_lied(peer, ECHO_ERR_CORRUPT, "blocks nobody asked for");
    size_t i = request->tail;
    if (i >= x->tail_count) { /* of a fetch that is over: it may go on for ever, and is no use */
        peer->useful_ns = useful;
        if (form != ECHO__BLOCKS_MORE) echo__peer_finish_request(peer);
        return ECHO_OK;
    }
    echo__fetched *tail = &x->tails[i];
    echo_status status = ECHO_OK;
    if (form != ECHO__BLOCKS_ABSENT) status = take_blocks(peer, tail, &r, err);
    if (status == ECHO_ERR_CONFLICT) { /* the rest of this answer is of no use */
        tail->asked = false;
        request->tail = SIZE_MAX;
        if (form != ECHO__BLOCKS_MORE) echo__peer_finish_request(peer);
        return ECHO_OK;
    }
    if (status != ECHO_OK || peer->over || peer->first != request) return status;
    if (form == ECHO__BLOCKS_MORE) return ECHO_OK;
    echo__peer_finish_request(peer);
    if (i >= x->tail_count) return ECHO_OK;
    x->tails[i].asked = false;
    echo__offered_feed *feed = echo__offer_find(&peer->offer, &x->tails[i].key);
    if (feed != NULL && (form == ECHO__BLOCKS_ABSENT || x->tails[i].at < feed->length))
        feed->length = form == ECHO__BLOCKS_ABSENT ? 0 : x->tails[i].at;
    return ECHO_OK;
}

/* ---- steps ---- */

static echo_status sync_feeds(echo_exchange *x, echo_error *err) {
    size_t at = 0;
    for (echo__open_feed *feed; (feed = echo__map_next(&x->open, &at)) != NULL;) {
        if (!feed->changed) continue;
        echo_status status = x->feeds->ops->sync(x->feeds->ctx, feed->handle, err);
        if (status != ECHO_OK) return status;
        feed->changed = false;
    }
    return ECHO_OK;
}

/* The feeds are whole: now the snapshot is compared with them. */
static echo_status check_and_install(echo_exchange *x, echo_error *err) {
    echo_status status = x->replayed ? ECHO_OK : echo__trust_replay(x, err);
    if (status == ECHO_OK) x->replayed = true;
    return status == ECHO_OK ? echo__install(x, err) : status;
}

/* A peer that came while others were fetched from has not been heard, or was not asked for what it has. */
static bool somebody_new(const echo_exchange *x) {
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        if (!peer->over && !peer->finished && (!peer->connected || (peer->serves && !peer->offer.considered)))
            return true;
    return false;
}

/* Connections ended, and what they were to give is missing: nobody is left to say that nothing is. */
static bool was_left(const echo_exchange *x) {
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        if (echo__peer_ready(peer) && peer->serves && !peer->finished) return false;
    for (size_t i = 0; i < x->tail_count; i++)
        if (x->tails[i].at < x->tails[i].to) return true;
    return false;
}

static void finished(echo_exchange *x) {
    echo_error problem = ECHO_ERROR_INIT;
    bool checking = x->phase == ECHO_EXCHANGE_PHASE_CHECKING;
    size_t before = x->tail_count;
    bool left = was_left(x);
    echo_status status = sync_feeds(x, &problem);
    if (status == ECHO_OK && x->admission != NULL) { /* feeds that the tail admitted */
        status = echo__tail_begin(x, checking, &problem);
        if (checking) x->phase = ECHO_EXCHANGE_PHASE_CHECKING;
        if (status == ECHO_OK && x->tail_count > before) return;
    }
    if (status == ECHO_OK && checking && left) { /* what would show that it is right may still come */
        echo__exchange_rest(x);
        x->phase = ECHO_EXCHANGE_PHASE_ASKING;
        return;
    }
    if (status == ECHO_OK && checking) {
        status = check_and_install(x, &problem);
        if (status == ECHO_ERR_BUSY) return;
        if (status == ECHO_ERR_CORRUPT ||
            status == ECHO_ERR_GAP) { /* it is wrong, or nobody has what would show that it is right */
            echo_hash digest = x->target_digest;
            echo__offers_ban(x, &digest, &problem, ECHO__REJECT_WRONG);
            echo__chunks_end(x);
            echo__tail_end(x);
            x->phase = ECHO_EXCHANGE_PHASE_ASKING;
            return;
        }
    }
    if (status != ECHO_OK) {
        echo__exchange_fail(x, &problem);
        return;
    }
    echo__exchange_rest(x);
    if (left || somebody_new(x))
        x->phase = ECHO_EXCHANGE_PHASE_ASKING;
    else
        echo__exchange_tell(x, ECHO_EXCHANGE_EVENT_UP_TO_DATE, NULL, NULL);
}

void echo__tail_step(echo_exchange *x) {
    bool open = false;
    for (size_t i = 0; i < x->tail_count; i++) {
        echo__fetched *tail = &x->tails[i];
        if (!tail->asked && !tail->given_up && tail->at < tail->to) ask(x, i);
        open = open || tail->asked || (!tail->given_up && tail->at < tail->to);
    }
    if (!open) finished(x);
}
