/*
 * Forks: a proof against what is stored.
 */
#ifndef ECHO_FEED_HYPERCORE_COMPARE_H
#define ECHO_FEED_HYPERCORE_COMPARE_H

#include "feed/hypercore_state.h"
#include "feed/proof.h"

/*
 * Compares what a proof made known with what is stored: marks the nodes that are the same. ECHO_ERR_CONFLICT (err->seq)
 * when one differs that a signature vouches for. Nodes that nothing vouches for are left unmarked, to be written over.
 */
echo_status echo__hypercore_compare(echo__hypercore *hc, echo__proven *proven, echo_error *err);

#endif
