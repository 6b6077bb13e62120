/*
 * Fetching the target's trees in chunks. What the host touches comes before what is merely missing. A chunk that
 * arrives is hashed, kept in the overlay, and stored from there in larger pieces.
 */
#ifndef ECHO_EXCHANGE_FETCH_CHUNKS_H
#define ECHO_EXCHANGE_FETCH_CHUNKS_H

#include "exchange/state.h"

/* The tree of credentials: DONE, MORE, LOST, BAD (a chunk is not what its node claims), FAILED. */
echo__outcome echo__fetch_chunks_credentials(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* The same of the items. */
echo__outcome echo__fetch_chunks_items(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* Stores everything that arrived; DONE, MORE (another handle writes), FAILED. */
echo__outcome echo__fetch_chunks_store(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* While chunks are tried: whether they turn out to cost more than the messages they cover. */
bool echo__fetch_chunks_cost_more(const echo_exchange *x);

/* A CHUNK message. Any code but ECHO_OK: the peer is to be dropped. *out: what its content led to. */
echo_status echo__fetch_chunks_accept(echo__report *out, echo_peer *peer, echo_bytes payload,
                                      echo_error *err) ECHO_MUST_USE;
/* A request for a chunk that will not be answered. */
void echo__fetch_chunks_lost(echo_exchange *x, echo__request *request);

#endif
