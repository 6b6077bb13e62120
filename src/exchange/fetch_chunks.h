/*
 * Fetching the chunks of the target's trees. Chunks that the host tried to read come first. A chunk that arrives is
 * hashed and kept in the overlay; many of them are stored at once.
 */
#ifndef ECHO_EXCHANGE_FETCH_CHUNKS_H
#define ECHO_EXCHANGE_FETCH_CHUNKS_H

#include "exchange/state.h"

/* Fetches the tree of credentials: DONE, MORE, LOST, BAD (a chunk is not what its node claims), FAILED. */
echo__outcome echo__fetch_chunks_credentials(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* Fetches the tree of items. The same outcomes. */
echo__outcome echo__fetch_chunks_items(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* Stores everything that arrived; DONE, MORE (another handle writes), FAILED. */
echo__outcome echo__fetch_chunks_store(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* While chunks are tried (plan.h): whether they turn out to cost more bytes than the messages they cover. */
bool echo__fetch_chunks_cost_more(const echo_exchange *x);

/* Accepts a CHUNK message. Any code but ECHO_OK: the caller must drop the peer. *out: what the chunk led to. */
echo_status echo__fetch_chunks_accept(echo__report *out, echo_peer *peer, echo_bytes payload,
                                      echo_error *err) ECHO_MUST_USE;
/* To be called for a request for a chunk that will not be answered. */
void echo__fetch_chunks_lost(echo_exchange *x, echo__request *request);

#endif
