/*
 * The target: the snapshot that is being fetched.
 */
#ifndef ECHO_EXCHANGE_TARGET_H
#define ECHO_EXCHANGE_TARGET_H

#include "exchange/state.h"

/* Makes what is offered the target, and reports it. On failure the target is begun in part: end it. */
echo_status echo__target_begin(echo_exchange *x, const echo__offer *offer, echo_error *err) ECHO_MUST_USE;
/* Forgets it. Chunks that were asked for may still arrive, and belong to nothing. */
void echo__target_end(echo_exchange *x);
/* Whether a peer's last offer is of the target. */
bool echo__target_is_offered(const echo_exchange *x, const echo_peer *peer);
/* From the target's root on, the host can read it: shows it in the overlay and reports that, once. */
void echo__target_show(echo_exchange *x);

#endif
