/*
 * Fetching blocks of feeds, in ascending order, each message with its proof. What a snapshot covers is not fetched
 * (P2), unless the feeds are needed whole to check it, or it is the own feed, which cannot be written to while its end
 * is missing.
 */
#ifndef ECHO_EXCHANGE_FETCH_BLOCKS_H
#define ECHO_EXCHANGE_FETCH_BLOCKS_H

#include "exchange/state.h"

/* Which feeds, and from where: those that peers offer and that are admitted, as far as that is known; `whole`: from
 * their beginning. */
echo_status echo__fetch_blocks_begin(echo_exchange *x, bool whole, echo_error *err) ECHO_MUST_USE;
void echo__fetch_blocks_end(echo_exchange *x);
/* DONE: everything that peers have is present and durable; MORE; LOST: blocks are missing, and nobody is connected who
 * serves; FAILED. `whole` as begun. */
echo__outcome echo__fetch_blocks_step(echo_exchange *x, bool whole, echo_error *why) ECHO_MUST_USE;

/* A BLOCKS message. Any code but ECHO_OK: the peer is to be dropped. *out: FAILED when blocks cannot be stored. */
echo_status echo__fetch_blocks_accept(echo__report *out, echo_peer *peer, echo_bytes payload,
                                      echo_error *err) ECHO_MUST_USE;
/* A request for blocks that will not be answered. */
void echo__fetch_blocks_lost(echo_exchange *x, const echo__request *request);

#endif
