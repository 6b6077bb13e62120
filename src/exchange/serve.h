/*
 * Answering a peer. What it asks is queued, and answered in that order when the host takes bytes to send: so a slow
 * connection holds up nothing but itself, and takes no more memory than a message and the questions that wait, which
 * are limited.
 */
#ifndef ECHO_EXCHANGE_SERVE_H
#define ECHO_EXCHANGE_SERVE_H

#include "exchange/state.h"

/* The longest question of this type that is accepted now; 0: none, or not a question. */
size_t echo__serve_longest(const echo_peer *peer, uint8_t type);
/* Queues a question. Any code but ECHO_OK: the peer is to be dropped. */
echo_status echo__serve_accept(echo_peer *peer, uint8_t type, echo_bytes payload, echo_error *err) ECHO_MUST_USE;
/* Answers until enough waits to be sent. */
void echo__serve_fill(echo_peer *peer);
/* Empties the queue. */
void echo__serve_forget(echo_peer *peer);

#endif
