/*
 * One connection: the requests it has not answered, its window, its patience, sending and dropping. It calls no part of
 * a fetch: who waits for a request, and who queues answers, learns of the end by peer->lost and peer->dropped.
 */
#ifndef ECHO_EXCHANGE_PEER_H
#define ECHO_EXCHANGE_PEER_H

#include "exchange/state.h"

#define ECHO__REQUESTS_MAX 4096u /* a peer with more requests unanswered is asked nothing more */
#define ECHO__FIRST_WINDOW                                                                                             \
    ((size_t)16 << 10) /* bytes in flight at first, so that what is touched does not wait for much before it */
#define ECHO__REJECT_TEXT 256u

static inline bool echo__peer_ready(const echo_peer *peer) { return peer->connected && !peer->over; }

/* ---- requests ---- */

/* Adds a request to the peer's list, to be sent next; NULL: out of memory. */
echo__request *echo__peer_request(echo_peer *peer, echo__request_kind kind, size_t expected);
/* Forgets the request that was added last: it was not sent, and would be waited for in vain. */
void echo__peer_take_back(echo_peer *peer);
/* The first request, if it is of this kind and id; NULL: nobody asked. */
echo__request *echo__peer_answered(echo_peer *peer, echo__request_kind kind, uint32_t id);
void echo__peer_finish_request(echo_peer *peer); /* frees the first request */
/* The length of the longest answer to a request. */
uint64_t echo__peer_longest_answer(const echo__request *request);
/* Bytes of an answer arrived: the window doubles with each round trip, up to options.window. */
void echo__peer_grow_window(echo_peer *peer, size_t len);

/* ---- sending, dropping ---- */

/* Queues a message; ECHO_ERR_REFUSED after the end. On failure the peer is dropped. */
echo_status echo__peer_send(echo_peer *peer, uint8_t type, const echo_bytes *parts, size_t n);
/* Sends a REJECT with the reason that its offer is not taken, and reports it. */
void echo__peer_reject(echo_peer *peer, uint8_t reason, const echo_error *why);
/* Ends the requests and the queue of a peer that is over, or about to be freed. */
void echo__peer_end(echo_peer *peer);
/* Drops a peer, which is reported with the reason; once. What it was asked is asked of others. */
void echo__peer_drop(echo_peer *peer, const echo_error *why);
/* The same for something the peer did; returns the code. */
echo_status echo__peer_drop_for(echo_peer *peer, echo_status code, const char *what);
/* Drops it when it has sent nothing useful for too long. */
void echo__peer_check_stall(echo_peer *peer);

#endif
