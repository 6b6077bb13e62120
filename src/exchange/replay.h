/*
 * The target against the feeds, all of which are present: every item, or a sample that is drawn now.
 */
#ifndef ECHO_EXCHANGE_REPLAY_H
#define ECHO_EXCHANGE_REPLAY_H

#include "exchange/state.h"

/* DONE; BAD: the feeds say otherwise, or have a gap that nobody filled; FAILED. Done once for a target. */
echo__outcome echo__replay_target(echo_exchange *x, echo_error *why) ECHO_MUST_USE;

#endif
