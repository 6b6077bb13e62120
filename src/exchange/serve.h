/*
 * Answering a peer. Its questions are queued, and answered in order when the host takes bytes to send. So a slow
 * connection delays only itself, and takes only the memory of one message and of the waiting questions, which are
 * limited.
 */
#ifndef ECHO_EXCHANGE_SERVE_H
#define ECHO_EXCHANGE_SERVE_H

#include "exchange/state.h"

/* The maximum length of a question of this type that is accepted now; 0: not accepted, or not a question. */
size_t echo__serve_longest(const echo_peer *peer, uint8_t type);
/* Queues a question. Any code but ECHO_OK: the caller must drop the peer. */
echo_status echo__serve_accept(echo_peer *peer, uint8_t type, echo_bytes payload, echo_error *err) ECHO_MUST_USE;
/* Answers questions until enough bytes wait to be sent. */
void echo__serve_fill(echo_peer *peer);
/* Empties the queue. */
void echo__serve_forget(echo_peer *peer);

#endif
