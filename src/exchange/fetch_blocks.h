/*
 * Fetching blocks of feeds, in ascending order, each message with its proof. Blocks that a snapshot covers are not
 * fetched (P2), with two exceptions: all blocks are fetched if the snapshot is checked against the feeds, and those of
 * the own feed, which cannot be written to while its end is missing.
 */
#ifndef ECHO_EXCHANGE_FETCH_BLOCKS_H
#define ECHO_EXCHANGE_FETCH_BLOCKS_H

#include "exchange/state.h"

/* Determines the feeds and the first missing block of each. The feeds are those that peers offer and that are admitted,
 * as far as that is known. whole: from the beginning of each feed. */
echo_status echo__fetch_blocks_begin(echo_exchange *x, bool whole, echo_error *err) ECHO_MUST_USE;
void echo__fetch_blocks_end(echo_exchange *x);
/* DONE: everything that peers have is present and durable. MORE. LOST: blocks are missing, and no connected peer serves
 * them. FAILED. `whole` is the same as for echo__fetch_blocks_begin(). */
echo__outcome echo__fetch_blocks_step(echo_exchange *x, bool whole, echo_error *why) ECHO_MUST_USE;

/* Accepts a BLOCKS message. Any code but ECHO_OK: the caller must drop the peer. *out FAILED: storing failed. */
echo_status echo__fetch_blocks_accept(echo__report *out, echo_peer *peer, echo_bytes payload,
                                      echo_error *err) ECHO_MUST_USE;
/* To be called for a request for blocks that will not be answered. */
void echo__fetch_blocks_lost(echo_exchange *x, const echo__request *request);

#endif
