/*
 * Reading blocks.
 */
#ifndef ECHO_FEED_HYPERCORE_READ_H
#define ECHO_FEED_HYPERCORE_READ_H

#include "feed/hypercore_state.h"

/* As echo_feed_ops.read. */
echo_status echo__hypercore_read(echo__hypercore *hc, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                                 echo_error *err);

#endif
