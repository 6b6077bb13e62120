/*
 * The target: the snapshot that is being fetched.
 */
#ifndef ECHO_EXCHANGE_TARGET_H
#define ECHO_EXCHANGE_TARGET_H

#include "exchange/state.h"

/* Makes the offered snapshot the target, and reports it. After a failure echo__target_end() must be called. */
echo_status echo__target_begin(echo_exchange *x, const echo__offer *offer, echo_error *err) ECHO_MUST_USE;
/* Forgets the target. Requested chunks may still arrive; they belong to no target. */
void echo__target_end(echo_exchange *x);
/* Whether a peer's last offer is the target. */
bool echo__target_is_offered(const echo_exchange *x, const echo_peer *peer);
/* Once the target's root has arrived, the host can read it: shows it in the overlay and reports that, once. */
void echo__target_show(echo_exchange *x);

#endif
