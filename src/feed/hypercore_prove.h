/*
 * Proofs for peers.
 */
#ifndef ECHO_FEED_HYPERCORE_PROVE_H
#define ECHO_FEED_HYPERCORE_PROVE_H

#include "feed/hypercore_state.h"

/* As echo_feed_ops.prove. */
echo_status echo__hypercore_prove(echo_feed_proof *out, echo__hypercore *hc, uint64_t from, uint64_t to,
                                  echo_error *err);

#endif
