#include "exchange/peer.h"

#include "base/alloc.h"
#include "base/error.h"
#include "exchange/event.h"

#define SLOWEST 65536u /* bytes a second below which a peer stalls */

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

void echo__peer_grow_window(echo_peer *peer, size_t len) {
    size_t most = peer->x->options.window;
    peer->window = peer->window + len < most ? peer->window + len : most;
}

/* ---- sending, dropping ---- */

echo_status echo__peer_send(echo_peer *peer, uint8_t type, const echo_bytes *parts, size_t n) {
    echo_error problem = ECHO_ERROR_INIT;
    if (peer->over || peer->finished) return ECHO_ERR_REFUSED;
    echo_status status = echo__channel_write(peer->channel, type, parts, n, &problem);
    if (status != ECHO_OK) echo__peer_drop(peer, &problem);
    return status;
}

void echo__peer_end(echo_peer *peer) {
    while (peer->first != NULL) {
        peer->lost(peer, peer->first);
        echo__peer_finish_request(peer);
    }
    peer->dropped(peer);
}

void echo__peer_drop(echo_peer *peer, const echo_error *why) {
    if (peer->over) return;
    peer->over = true;
    peer->x->state.dropped++;
    echo__peer_end(peer);
    echo__event_notify(peer->x, ECHO_EXCHANGE_EVENT_DROPPED, peer, why);
}

echo_status echo__peer_drop_for(echo_peer *peer, echo_status code, const char *what) {
    echo_error why = ECHO_ERROR_INIT;
    echo__error(&why, code, "peer: %s", what);
    echo__peer_drop(peer, &why);
    return code;
}

uint64_t echo__peer_longest_answer(const echo__request *r) {
    switch (r->kind) {
    case ECHO__REQUEST_ASK: return 16 + ECHO__MANIFEST_MAX + (uint64_t)ECHO__FEEDS_MAX * ECHO__OFFERED_FEED_BYTES;
    case ECHO__REQUEST_CHUNK: return 5 + (uint64_t)r->most + 2048;
    case ECHO__REQUEST_TAIL: return 9 + ECHO__PROOF_BYTES_MAX + ECHO__CHUNK_MAX + 2 * ECHO__BLOCKS_BYTES;
    default: return 101;
    }
}

/*
 * A long answer takes its time: bytes that arrived, up to the length the answer can have, count as if they had been
 * expected. So a peer cannot stay by sending anything else.
 */
static uint64_t patience_with(const echo_peer *peer) {
    uint64_t bytes = 0;
    if (peer->first != NULL) {
        uint64_t came = echo__channel_count(peer->channel).raw_in - peer->useful_raw,
                 most = echo__peer_longest_answer(peer->first);
        bytes = peer->first->expected + (came < most ? came : most);
    }
    return peer->x->options.stall_ns + bytes * UINT64_C(1000000000) / SLOWEST;
}

void echo__peer_check_stall(echo_peer *peer) {
    const echo_exchange *x = peer->x;
    if (!peer->timed) peer->useful_ns = x->now_ns; /* when it was opened the host may not have given the time yet */
    peer->timed = true;
    if (peer->over || (peer->connected && peer->first == NULL)) return;
    if (x->now_ns - peer->useful_ns < patience_with(peer)) return;
    (void)echo__peer_drop_for(peer, ECHO_ERR_IO, peer->connected ? "request timed out" : "handshake timed out");
}

void echo__peer_reject(echo_peer *peer, uint8_t reason, const echo_error *why) {
    size_t len = strlen(why->message);
    echo_bytes parts[2] = {{&reason, 1}, echo__bytes(why->message, len < ECHO__REJECT_TEXT ? len : ECHO__REJECT_TEXT)};
    (void)!echo__peer_send(peer, ECHO__MESSAGE_REJECT, parts, 2);
    echo__event_notify(peer->x, ECHO_EXCHANGE_EVENT_REFUSED, peer, why);
}
