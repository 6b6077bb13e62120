/*
 * Checking the target against the feeds, all of which are present: every item, or a sample that is drawn now.
 */
#ifndef ECHO_EXCHANGE_REPLAY_H
#define ECHO_EXCHANGE_REPLAY_H

#include "exchange/state.h"

/* DONE. BAD: the result differs from the target, or no peer has blocks that are missing. FAILED. Once for a target. */
echo__outcome echo__replay_target(echo_exchange *x, echo_error *why) ECHO_MUST_USE;

#endif
