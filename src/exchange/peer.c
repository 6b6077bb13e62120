#include "base/alloc.h"
#include "base/error.h"
#include "exchange/exchange.h"

#define SLOWEST 65536u /* bytes a second below which a peer stalls */
#define REJECT_TEXT 256u

/* ---- requests ---- */

static void was_useful(echo_peer *peer) {
    peer->useful_ns = peer->x->now_ns;
    peer->useful_raw = echo__channel_count(peer->channel).raw_in;
}

echo__request *echo__peer_request(echo_peer *peer, echo__request_kind kind, size_t expected) {
    echo__request *r = echo__calloc(1, sizeof *r);
    if (r == NULL) return NULL;
    r->id = peer->next_id++;
    r->kind = kind;
    r->expected = expected;
    if (peer->first == NULL) was_useful(peer);
    *peer->end = r;
    peer->end = &r->next;
    peer->in_flight += expected;
    peer->request_count++;
    return r;
}

void echo__peer_take_back(echo_peer *peer) {
    echo__request **link = &peer->first;
    while (*link != NULL && (*link)->next != NULL) link = &(*link)->next;
    echo__request *last = *link;
    if (last == NULL) return;
    *link = NULL;
    peer->end = link;
    peer->in_flight -= last->expected;
    peer->request_count--;
    peer->next_id--;
    echo__free(last);
}

echo__request *echo__peer_answered(echo_peer *peer, echo__request_kind kind, uint32_t id) {
    echo__request *r = peer->first;
    if (r == NULL || r->kind != kind || r->id != id) return NULL;
    was_useful(peer);
    return r;
}

void echo__peer_finish_request(echo_peer *peer) {
    echo__request *r = peer->first;
    peer->first = r->next;
    if (peer->first == NULL) peer->end = &peer->first;
    peer->in_flight -= r->expected;
    peer->request_count--;
    echo__free(r);
}

static void lose_requests(echo_peer *peer) {
    while (peer->first != NULL) {
        if (peer->first->kind == ECHO__REQUEST_CHUNK) echo__chunks_lost(peer->x, peer->first);
        if (peer->first->kind == ECHO__REQUEST_TAIL && peer->first->tail < peer->x->tail_count)
            peer->x->tails[peer->first->tail].asked = false;
        echo__peer_finish_request(peer);
    }
}

/* ---- sending, dropping ---- */

echo_status echo__peer_send(echo_peer *peer, uint8_t type, const echo_bytes *parts, size_t n) {
    echo_error problem = ECHO_ERROR_INIT;
    if (peer->over || peer->finished) return ECHO_ERR_REFUSED;
    echo_status status = echo__channel_write(peer->channel, type, parts, n, &problem);
    if (status != ECHO_OK) echo__peer_drop(peer, &problem);
    return status;
}

void echo__peer_drop(echo_peer *peer, const echo_error *why) {
    if (peer->over) return;
    peer->over = true;
    peer->x->state.dropped++;
    lose_requests(peer);
    echo__serve_forget(peer);
    echo__exchange_tell(peer->x, ECHO_EXCHANGE_EVENT_DROPPED, peer, why);
}

echo_status echo__peer_lied(echo_peer *peer, echo_status code, const char *what) {
    echo_error why = ECHO_ERROR_INIT;
    echo__error(&why, code, "peer: %s", what);
    echo__peer_drop(peer, &why);
    return code;
}

/* The longest answer to a request. */
static uint64_t longest(const echo__request *r) {
    switch (r->kind) {
    case ECHO__REQUEST_ASK: return 16 + ECHO__MANIFEST_MAX + (uint64_t)ECHO__FEEDS_MAX * ECHO__OFFERED_FEED_BYTES;
    case ECHO__REQUEST_CHUNK: return 5 + (uint64_t)r->most + 2048;
    case ECHO__REQUEST_TAIL: return 9 + ECHO__PROOF_BYTES_MAX + ECHO__CHUNK_MAX + 2 * ECHO__BLOCKS_BYTES;
    default: return 101;
    }
}

/*
 * A long answer takes its time: bytes that came, as many as the answer can have, count as if they had been expected. So
 * a peer cannot stay by sending anything else.
 */
static uint64_t patience_with(const echo_peer *peer) {
    uint64_t bytes = 0;
    if (peer->first != NULL) {
        uint64_t came = echo__channel_count(peer->channel).raw_in - peer->useful_raw, most = longest(peer->first);
        bytes = peer->first->expected + (came < most ? came : most);
    }
    return peer->x->options.stall_ns + bytes * UINT64_C(1000000000) / SLOWEST;
}

void echo__peer_look(echo_peer *peer) {
    const echo_exchange *x = peer->x;
    if (!peer->looked) peer->useful_ns = x->now_ns; /* when it was opened nobody may have told the time yet */
    peer->looked = true;
    if (peer->over || (peer->connected && peer->first == NULL)) return;
    if (x->now_ns - peer->useful_ns < patience_with(peer)) return;
    (void)echo__peer_lied(peer, ECHO_ERR_IO,
                          peer->connected ? "it was asked and sends nothing" : "it does not say who it is");
}

void echo__peer_reject(echo_peer *peer, uint8_t reason, const echo_error *why) {
    size_t len = strlen(why->message);
    echo_bytes parts[2] = {{&reason, 1}, echo__bytes(why->message, len < REJECT_TEXT ? len : REJECT_TEXT)};
    (void)!echo__peer_send(peer, ECHO__MESSAGE_REJECT, parts, 2);
    echo__exchange_tell(peer->x, ECHO_EXCHANGE_EVENT_REFUSED, peer, why);
}

/* ---- receiving ---- */

static echo_status admits(void *arg, const echo_key *party, const echo_key *member) {
    echo_peer *peer = arg;
    bool known, is = echo__trust_member(peer->x, member, &known);
    (void)party;
    peer->judged = known;
    return is || !known ? ECHO_OK : ECHO_ERR_REFUSED;
}

static size_t most(void *arg, uint8_t type) {
    const echo_peer *peer = arg;
    const echo__request *first = peer->first;
    if (!peer->connected) return type == ECHO__MESSAGE_HELLO ? 64 : 0;
    switch (type) {
    case ECHO__MESSAGE_OFFER: return first != NULL && first->kind == ECHO__REQUEST_ASK ? (size_t)longest(first) : 0;
    case ECHO__MESSAGE_CHUNK: return first != NULL && first->kind == ECHO__REQUEST_CHUNK ? (size_t)longest(first) : 0;
    case ECHO__MESSAGE_BLOCKS: return first != NULL && first->kind == ECHO__REQUEST_TAIL ? (size_t)longest(first) : 0;
    case ECHO__MESSAGE_ATTESTED:
        return first != NULL && first->kind == ECHO__REQUEST_ATTEST ? (size_t)longest(first) : 0;
    case ECHO__MESSAGE_REJECT: return 1 + REJECT_TEXT;
    default: return echo__serve_most(peer, type);
    }
}

static echo_status take_hello(echo_peer *peer, echo_bytes payload) {
    echo__reader r = echo__reader_of(payload);
    uint32_t version = echo__read_u32(&r), flags = echo__read_u32(&r);
    if (r.bad || version == 0) return echo__peer_lied(peer, ECHO_ERR_CORRUPT, "its greeting has the wrong shape");
    peer->connected = true;
    peer->serves = (flags & ECHO__HELLO_SERVES) != 0;
    echo__exchange_tell(peer->x, ECHO_EXCHANGE_EVENT_CONNECTED, peer, NULL);
    return ECHO_OK;
}

static echo_status take_reject(echo_peer *peer, echo_bytes payload) {
    echo_error told = ECHO_ERROR_INIT;
    if (payload.len < 1) return echo__peer_lied(peer, ECHO_ERR_CORRUPT, "a message has the wrong shape");
    echo__error(&told, ECHO_ERR_REFUSED, "the peer did not take what was offered: %.*s", (int)(payload.len - 1),
                (const char *)payload.data + 1);
    echo__exchange_tell(peer->x, ECHO_EXCHANGE_EVENT_REFUSED, peer, &told);
    return ECHO_OK;
}

static echo_status take(echo_peer *peer, uint8_t type, echo_bytes payload, echo_error *err) {
    switch (type) {
    case ECHO__MESSAGE_HELLO: return take_hello(peer, payload);
    case ECHO__MESSAGE_OFFER: return echo__offers_take(peer, payload, err);
    case ECHO__MESSAGE_CHUNK: return echo__chunks_take(peer, payload, err);
    case ECHO__MESSAGE_BLOCKS: return echo__tail_take(peer, payload, err);
    case ECHO__MESSAGE_ATTESTED: return echo__trust_take(peer, payload, err);
    case ECHO__MESSAGE_REJECT: return take_reject(peer, payload);
    default: return echo__serve_take(peer, type, payload, err);
    }
}

static void greet(echo_peer *peer) {
    uint8_t hello[8] = {0, 0, 0, ECHO__EXCHANGE_VERSION, 0, 0, 0, !peer->x->options.serve ? 0 : ECHO__HELLO_SERVES};
    echo_bytes part = {hello, sizeof hello};
    if (echo__peer_send(peer, ECHO__MESSAGE_HELLO, &part, 1) == ECHO_OK) peer->greeted = true;
}

static echo_status receive(echo_peer *peer, echo_bytes bytes, echo_error *err) {
    echo_status status = echo__channel_receive(peer->channel, bytes, err);
    if (status == ECHO_OK && !peer->greeted && echo__channel_is_open(peer->channel)) greet(peer);
    while (status == ECHO_OK && !peer->over) {
        uint8_t type;
        echo_bytes payload;
        bool found;
        status = echo__channel_next(&found, &type, &payload, peer->channel, err);
        if (status != ECHO_OK || !found) break;
        status = take(peer, type, payload, err);
    }
    return status;
}

echo_status echo_peer_receive(echo_peer *peer, echo_bytes bytes, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    if (peer->over) return echo__error(err, ECHO_ERR_REFUSED, "the peer was dropped");
    echo_status status = receive(peer, bytes, &problem);
    if (status != ECHO_OK) {
        echo__error_adopt(&problem, status, "the peer sent what was not to be sent");
        echo__peer_drop(peer, &problem); /* unless it was, for the same reason */
        if (err != NULL) *err = problem;
        return status;
    }
    if (!peer->over && echo__channel_is_finished(peer->channel)) {
        peer->over = true;
        lose_requests(peer);
        echo__serve_forget(peer);
        echo__exchange_tell(peer->x, ECHO_EXCHANGE_EVENT_CLOSED, peer, NULL);
    }
    return ECHO_OK;
}

/* ---- the host's side ---- */

echo_bytes echo_peer_pending(echo_peer *peer) {
    echo_error problem = ECHO_ERROR_INIT;
    if (!peer->over) echo__serve_fill(peer);
    echo_bytes bytes = echo__channel_pending(peer->channel);
    if (echo__channel_status(peer->channel, &problem) != ECHO_OK) echo__peer_drop(peer, &problem); /* unless it was */
    return bytes;
}

void echo_peer_sent(echo_peer *peer, size_t n) { echo__channel_sent(peer->channel, n); }

bool echo_peer_is_over(const echo_peer *peer) { return peer->over; }

void echo_peer_finish(echo_peer *peer) {
    if (peer->finished) return;
    peer->finished = true;
    echo__channel_finish(peer->channel);
}

echo_status echo_peer_open(echo_peer **out, echo_exchange *x, const echo_peer_options *options, echo_error *err) {
    *out = NULL;
    if (options == NULL || options->version != 1)
        return echo__error(err, ECHO_ERR_INVALID, "options of a peer have another version than 1");
    if (options->plain != (options->member != NULL))
        return echo__error(err, ECHO_ERR_INVALID, "a plain connection needs the peer's key, and no other has one");
    if (!options->plain && !x->has_keys) return echo__error(err, ECHO_ERR_INVALID, "no keys to prove membership with");
    echo_peer *peer = echo__calloc(1, sizeof *peer);
    if (peer == NULL) return echo__nomem(err);
    peer->x = x;
    peer->end = &peer->first;
    peer->wanted_end = &peer->wanted;
    peer->window = ECHO__FIRST_WINDOW;
    peer->plain = options->plain;
    echo__channel_options how = {.initiator = options->initiator,
                                 .plain = options->plain,
                                 .keys = x->has_keys ? &x->keys : NULL,
                                 .parties = &x->party,
                                 .party_count = 1,
                                 .admits = admits,
                                 .most = most,
                                 .arg = peer};
    if (options->plain) how.peer = *options->member;
    echo_status status = echo__channel_new(&peer->channel, &how, err);
    if (status != ECHO_OK) {
        echo__free(peer);
        return status;
    }
    if (options->plain) {
        bool known, is = echo__trust_member(x, options->member, &known);
        peer->judged = known;
        if (known && !is) {
            echo__channel_free(peer->channel);
            echo__free(peer);
            return echo__error(err, ECHO_ERR_REFUSED, "the peer is no member of the party");
        }
    }
    peer->next = x->peers;
    x->peers = peer;
    x->state.peers++;
    *out = peer;
    return ECHO_OK;
}

void echo_peer_close(echo_peer *peer) {
    if (peer == NULL) return;
    echo_exchange *x = peer->x;
    echo__channel_counts counts = echo__channel_count(peer->channel);
    lose_requests(peer);
    echo__serve_forget(peer);
    echo__offer_free(&peer->offer);
    for (echo_peer **link = &x->peers; *link != NULL; link = &(*link)->next)
        if (*link == peer) {
            *link = peer->next;
            break;
        }
    x->state.peers--;
    x->state.bytes_received += counts.raw_in;
    x->state.bytes_sent += counts.raw_out;
    echo__channel_free(peer->channel);
    echo__free(peer);
}
