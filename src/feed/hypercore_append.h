/*
 * Appending blocks.
 */
#ifndef ECHO_FEED_HYPERCORE_APPEND_H
#define ECHO_FEED_HYPERCORE_APPEND_H

#include "feed/hypercore_state.h"

/* As echo_feed_ops.append. */
echo_status echo__hypercore_append(uint64_t *first, echo__hypercore *hc, const echo_bytes *blocks, size_t n,
                                   echo_error *err);

#endif
