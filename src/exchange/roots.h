/*
 * Whether blocks that arrive continue the blocks that a snapshot covers (P14): the snapshot names the root of each
 * feed, and signed blocks that give another one are those of a fork.
 */
#ifndef ECHO_EXCHANGE_ROOTS_H
#define ECHO_EXCHANGE_ROOTS_H

#include "exchange/state.h"

/*
 * Compares with the snapshot that is installed, and the one that the party stands on, before blocks are stored.
 * ECHO_ERR_CONFLICT (err->feed, err->seq: the last block covered): the proof holds, and contradicts a snapshot. ECHO_OK
 * also when the proof does not hold, which the feed's `put` reports. ECHO_ERR_NOMEM, or what the source's `root`
 * returned.
 */
echo_status echo__roots_check_blocks(echo_exchange *x, echo__fetched *tail, const echo_bytes *blocks,
                                     const echo_feed_proof *proof, echo_error *err) ECHO_MUST_USE;
/* Compares the target with the feeds that were fetched to check it. BAD: it names other roots. */
echo__outcome echo__roots_check_target(echo_exchange *x, echo_error *why) ECHO_MUST_USE;

#endif
