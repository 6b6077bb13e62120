/*
 * A connection as the host sees it: bytes in and out, and which part each message belongs to.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "exchange/attest.h"
#include "exchange/calls.h"
#include "exchange/event.h"
#include "exchange/fetch.h"
#include "exchange/fetch_blocks.h"
#include "exchange/fetch_chunks.h"
#include "exchange/members.h"
#include "exchange/offers.h"
#include "exchange/peer.h"
#include "exchange/serve.h"

#define REJECTS_MAX 4u /* of one offer: each is an event, and may be a line in the host's log */

/* ---- hooks of the channel and of the peer ---- */

static echo_status admit_member(void *arg, const echo_key *party, const echo_key *member) {
    echo_peer *peer = arg;
    bool known, is = echo__members_has(peer->x, member, &known);
    (void)party;
    peer->judged = known;
    return is || !known ? ECHO_OK : ECHO_ERR_REFUSED;
}

static size_t longest(void *arg, uint8_t type) {
    const echo_peer *peer = arg;
    const echo__request *first = peer->first;
    echo__request_kind kind;
    if (!peer->connected) return type == ECHO__MESSAGE_HELLO ? 64 : 0;
    switch (type) {
    case ECHO__MESSAGE_OFFER: kind = ECHO__REQUEST_ASK; break;
    case ECHO__MESSAGE_CHUNK: kind = ECHO__REQUEST_CHUNK; break;
    case ECHO__MESSAGE_BLOCKS: kind = ECHO__REQUEST_TAIL; break;
    case ECHO__MESSAGE_ATTESTED: kind = ECHO__REQUEST_ATTEST; break;
    case ECHO__MESSAGE_REJECT: return 1 + ECHO__REJECT_TEXT;
    default: return echo__serve_longest(peer, type);
    }
    return first != NULL && first->kind == kind ? (size_t)echo__peer_longest_answer(first) : 0;
}

static void request_lost(echo_peer *peer, echo__request *request) {
    if (request->kind == ECHO__REQUEST_CHUNK) echo__fetch_chunks_lost(peer->x, request);
    if (request->kind == ECHO__REQUEST_TAIL) echo__fetch_blocks_lost(peer->x, request);
}

/* ---- receiving ---- */

static echo_status accept_hello(echo_peer *peer, echo_bytes payload, echo_error *err) {
    echo__reader r = echo__reader_of(payload);
    uint32_t version = echo__read_u32(&r), flags = echo__read_u32(&r);
    if (r.bad || version == 0) return echo__error(err, ECHO_ERR_CORRUPT, "peer: its hello message has the wrong shape");
    peer->connected = true;
    peer->serves = (flags & ECHO__HELLO_SERVES) != 0;
    echo__event_notify(peer->x, ECHO_EXCHANGE_EVENT_CONNECTED, peer, NULL);
    return ECHO_OK;
}

static echo_status accept_reject(echo_peer *peer, echo_bytes payload, echo_error *err) {
    echo_error refusal = ECHO_ERROR_INIT;
    if (payload.len < 1) return echo__error(err, ECHO_ERR_CORRUPT, "peer: a message has the wrong shape");
    if (peer->rejected++ >= REJECTS_MAX * peer->offered)
        return echo__error(err, ECHO_ERR_LIMIT, "peer: it rejects more than it was offered");
    echo__error(&refusal, ECHO_ERR_REFUSED, "the peer rejected the offer: %.*s", (int)(payload.len - 1),
                (const char *)payload.data + 1);
    echo__event_notify(peer->x, ECHO_EXCHANGE_EVENT_REFUSED, peer, &refusal);
    return ECHO_OK;
}

static echo_status accept_message(echo__report *report, echo_peer *peer, uint8_t type, echo_bytes payload,
                                  echo_error *err) {
    switch (type) {
    case ECHO__MESSAGE_HELLO: return accept_hello(peer, payload, err);
    case ECHO__MESSAGE_REJECT: return accept_reject(peer, payload, err);
    case ECHO__MESSAGE_OFFER: return echo__offers_accept(peer, payload, err);
    case ECHO__MESSAGE_ATTESTED: return echo__attest_accept(peer, payload, err);
    case ECHO__MESSAGE_CHUNK: return echo__fetch_chunks_accept(report, peer, payload, err);
    case ECHO__MESSAGE_BLOCKS: return echo__fetch_blocks_accept(report, peer, payload, err);
    default: return echo__serve_accept(peer, type, payload, err);
    }
}

static bool is_answer(uint8_t type) {
    return type == ECHO__MESSAGE_OFFER || type == ECHO__MESSAGE_ATTESTED || type == ECHO__MESSAGE_CHUNK;
}

/* Memory ran out over an answer: that is a failure of the fetch, and no fault of the peer. The answer was all of its
 * request. */
static void lose_answer(echo__report *report, echo_peer *peer, uint32_t id, const echo_error *why) {
    if (peer->first != NULL && peer->first->id == id) {
        peer->lost(peer, peer->first);
        echo__peer_finish_request(peer);
    }
    report->outcome = ECHO__FAILED;
    report->why = *why;
    echo__error_adopt(&report->why, ECHO_ERR_NOMEM, "an answer could not be read");
}

/* What a part concludes from an answer is decided only after it returned. */
static echo_status accept(echo_peer *peer, uint8_t type, echo_bytes payload, echo_error *err) {
    echo__report report = {ECHO__MORE, ECHO_ERROR_INIT};
    echo_error problem = ECHO_ERROR_INIT;
    uint32_t id = peer->first == NULL ? 0 : peer->first->id;
    echo_status status = accept_message(&report, peer, type, payload, &problem);
    if (status == ECHO_ERR_NOMEM && is_answer(type) && !peer->over) {
        lose_answer(&report, peer, id, &problem);
        status = ECHO_OK;
    }
    echo__fetch_conclude(peer->x, &report);
    if (status != ECHO_OK && err != NULL) *err = problem;
    return status;
}

static void greet(echo_peer *peer) {
    uint8_t hello[8] = {0, 0, 0, ECHO__EXCHANGE_VERSION, 0, 0, 0, peer->x->options.serve ? ECHO__HELLO_SERVES : 0};
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
        status = accept(peer, type, payload, err);
    }
    return status;
}

static echo_status receive_all(echo_peer *peer, echo_bytes bytes, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    if (peer->over) return echo__error(err, ECHO_ERR_REFUSED, "the peer was dropped");
    echo_status status = receive(peer, bytes, &problem);
    if (status != ECHO_OK) {
        echo__error_adopt(&problem, status, "the peer broke the protocol");
        echo__peer_drop(peer, &problem); /* unless it was dropped already */
        if (err != NULL) *err = problem;
        return status;
    }
    if (!peer->over && echo__channel_is_finished(peer->channel)) {
        peer->over = true;
        echo__peer_end(peer);
        echo__event_notify(peer->x, ECHO_EXCHANGE_EVENT_CLOSED, peer, NULL);
    }
    return ECHO_OK;
}

/* ---- the host's side ---- */

static echo_status no_peer(echo_error *err) { return echo__error(err, ECHO_ERR_INVALID, "the peer is NULL"); }

echo_status echo_peer_receive(echo_peer *peer, echo_bytes bytes, echo_error *err) {
    if (peer == NULL) return no_peer(err);
    echo_exchange *x = peer->x;
    echo_status status = echo__exchange_enter(x, err);
    if (status != ECHO_OK) return status;
    status = receive_all(peer, bytes, err);
    echo__exchange_leave(x);
    return status;
}

echo_bytes echo_peer_pending(echo_peer *peer) {
    echo_error problem = ECHO_ERROR_INIT;
    const echo_bytes none = {NULL, 0};
    if (peer == NULL) return none;
    echo_exchange *x = peer->x;
    if (echo__exchange_enter(x, &problem) != ECHO_OK) return none;
    if (!peer->over) echo__serve_fill(peer);
    echo_bytes bytes = echo__channel_pending(peer->channel);
    if (echo__channel_status(peer->channel, &problem) != ECHO_OK) echo__peer_drop(peer, &problem);
    if (peer->closing || x->calls.free_wanted) bytes = none;
    echo__exchange_leave(x);
    return bytes;
}

void echo_peer_sent(echo_peer *peer, size_t n) {
    if (peer != NULL) echo__channel_sent(peer->channel, n);
}

bool echo_peer_is_over(const echo_peer *peer) { return peer == NULL || peer->over; }

void echo_peer_finish(echo_peer *peer) {
    if (peer == NULL || peer->finished) return;
    peer->finished = true;
    echo__channel_finish(peer->channel);
}

static echo_status check_options(const echo_exchange *x, const echo_peer_options *options, echo_error *err) {
    if (x == NULL || options == NULL)
        return echo__error(err, ECHO_ERR_INVALID, "the exchange or the options of the peer are NULL");
    if (options->version != 1)
        return echo__error(err, ECHO_ERR_VERSION, "the options of the peer have version %u, this library knows 1",
                           options->version);
    if (options->plain != (options->member != NULL))
        return echo__error(err, ECHO_ERR_INVALID, "`member` must be set for a plain connection, and for no other");
    if (!options->plain && !x->has_keys)
        return echo__error(err, ECHO_ERR_INVALID, "the exchange has no `keys` to prove membership with");
    return ECHO_OK;
}

static echo_status open_channel(echo_peer *peer, const echo_peer_options *options, echo_error *err) {
    echo_exchange *x = peer->x;
    echo__channel_options how = {.initiator = options->initiator,
                                 .plain = options->plain,
                                 .keys = x->has_keys ? &x->keys : NULL,
                                 .parties = &x->party,
                                 .party_count = 1,
                                 .admits = admit_member,
                                 .most = longest,
                                 .arg = peer};
    if (options->plain) {
        bool known, is = echo__members_has(x, options->member, &known);
        how.peer = *options->member;
        peer->judged = known;
        if (known && !is) return echo__error(err, ECHO_ERR_REFUSED, "the peer is not a member of the party");
    }
    return echo__channel_new(&peer->channel, &how, err);
}

static void destroy_peer(echo_peer *peer) {
    echo_exchange *x = peer->x;
    echo__channel_counts counts = echo__channel_count(peer->channel);
    echo__peer_end(peer);
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

static echo_status open_peer(echo_peer **out, echo_exchange *x, const echo_peer_options *options, echo_error *err) {
    echo_status status;
    echo_peer *peer = echo__calloc(1, sizeof *peer);
    if (peer == NULL) return echo__nomem(err);
    peer->x = x;
    peer->lost = request_lost;
    peer->dropped = echo__serve_forget;
    peer->destroy = destroy_peer;
    peer->end = &peer->first;
    peer->wanted_end = &peer->wanted;
    peer->window = ECHO__FIRST_WINDOW;
    peer->plain = options->plain;
    status = open_channel(peer, options, err);
    if (status != ECHO_OK) {
        echo__free(peer);
        return status;
    }
    peer->next = x->peers;
    x->peers = peer;
    x->state.peers++;
    *out = peer;
    return ECHO_OK;
}

echo_status echo_peer_open(echo_peer **out, echo_exchange *x, const echo_peer_options *options, echo_error *err) {
    if (out == NULL) return echo__error_null(err, "out");
    *out = NULL;
    echo_status status = check_options(x, options, err);
    if (status == ECHO_OK) status = echo__exchange_enter(x, err);
    if (status != ECHO_OK) return status;
    status = open_peer(out, x, options, err);
    echo__exchange_leave(x);
    return status;
}

void echo_peer_close(echo_peer *peer) {
    if (peer == NULL) return;
    echo_exchange *x = peer->x;
    bool running = x->calls.running;
    if (!running && echo__exchange_enter(x, NULL) != ECHO_OK) {
        destroy_peer(peer); /* within a call on the party alone, which has no peers */
        return;
    }
    peer->closing = true;
    if (running) peer->over = true; /* freed when that call ends; until then nothing is done with it */
    if (!running) echo__exchange_leave(x);
}
