/*
 * One connection: its unanswered requests, window and timeout, sending, and dropping. It calls no part of a fetch: the
 * parts are notified through peer->lost (a request will not be answered) and peer->dropped.
 */
#ifndef ECHO_EXCHANGE_PEER_H
#define ECHO_EXCHANGE_PEER_H

#include "exchange/state.h"

#define ECHO__REQUESTS_MAX 4096u /* unanswered requests after which a peer is asked nothing more */
#define ECHO__FIRST_WINDOW                                                                                             \
    ((size_t)16 << 10) /* initial bytes in flight: small, so that a touched chunk does not wait for long */
#define ECHO__REJECT_TEXT 256u

static inline bool echo__peer_ready(const echo_peer *peer) { return peer->connected && !peer->over; }

/* ---- requests ---- */

/* Adds a request to the peer's list, to be sent next; NULL: out of memory. */
echo__request *echo__peer_request(echo_peer *peer, echo__request_kind kind, size_t expected);
/* Removes the request that was added last, because it was not sent. */
void echo__peer_take_back(echo_peer *peer);
/* The first request, if it has this kind and id; NULL: the answer is unsolicited. */
echo__request *echo__peer_answered(echo_peer *peer, echo__request_kind kind, uint32_t id);
void echo__peer_finish_request(echo_peer *peer); /* frees the first request */
/* The maximum length of an answer to a request. */
uint64_t echo__peer_longest_answer(const echo__request *request);
/* Bytes of an answer arrived: the window doubles with each round trip, up to options.window. */
void echo__peer_grow_window(echo_peer *peer, size_t len);

/* ---- sending, dropping ---- */

/* Queues a message; ECHO_ERR_REFUSED if the peer is over. On failure the peer is dropped. */
echo_status echo__peer_send(echo_peer *peer, uint8_t type, const echo_bytes *parts, size_t n);
/* Sends a REJECT with the reason why its offer is not used, and reports it. */
void echo__peer_reject(echo_peer *peer, uint8_t reason, const echo_error *why);
/* Ends the requests and the queue of a peer that is over, or about to be freed. */
void echo__peer_end(echo_peer *peer);
/* Drops a peer and reports the reason, once. Its requests are sent to other peers. */
void echo__peer_drop(echo_peer *peer, const echo_error *why);
/* Drops a peer for something it did; returns the code. */
echo_status echo__peer_drop_for(echo_peer *peer, echo_status code, const char *what);
/* Drops a peer that has sent nothing useful for too long. */
void echo__peer_check_stall(echo_peer *peer);

#endif
