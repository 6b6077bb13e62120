/*
 * Blocks from peers.
 */
#ifndef ECHO_FEED_HYPERCORE_PUT_H
#define ECHO_FEED_HYPERCORE_PUT_H

#include "feed/hypercore_state.h"

/* As echo_feed_ops.put. */
echo_status echo__hypercore_put(echo__hypercore *hc, const echo_bytes *blocks, const echo_feed_proof *proof,
                                echo_error *err);

#endif
