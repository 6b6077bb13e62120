/*
 * Feeds in memory: their trees, and proofs for and from peers.
 */
#ifndef ECHO_FEED_MEMORY_EXCHANGE_H
#define ECHO_FEED_MEMORY_EXCHANGE_H

#include "feed/memory_feed.h"

/*
 * ECHO_ERR_SIGNATURE when blocks to prove came by echo_feeds_memory_put to a feed whose secret key is not here;
 * ECHO_ERR_GAP when it is, and there is a hole before them.
 */
echo_status echo__memory_prove(echo_feed_proof *out, void *ctx, void *feed, uint64_t from, uint64_t to,
                               echo_error *err);
echo_status echo__memory_put(void *ctx, void *feed, const echo_bytes *blocks, const echo_feed_proof *proof,
                             echo_error *err);

#endif
