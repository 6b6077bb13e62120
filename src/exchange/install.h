/*
 * Publishing the target, once everything has arrived: a manifest of our own over the same trees, with the attestations
 * of those who vouch for them. What it says of the state is what was received; number, time and author are of this
 * store.
 */
#ifndef ECHO_EXCHANGE_INSTALL_H
#define ECHO_EXCHANGE_INSTALL_H

#include "exchange/state.h"

/* DONE; MORE: another handle is writing (ECHO_ERR_BUSY); LOST: another published, or removed chunks, meanwhile, so that
 * the target has to be planned again; FAILED. */
echo__outcome echo__install_target(echo_exchange *x, echo_error *why) ECHO_MUST_USE;

#endif
