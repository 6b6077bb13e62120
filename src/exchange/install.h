/*
 * Publishing the target, once everything has arrived: a new manifest over the same trees, with the attestations of
 * those who vouch for them. It describes the state as received; number, time and author are set locally.
 */
#ifndef ECHO_EXCHANGE_INSTALL_H
#define ECHO_EXCHANGE_INSTALL_H

#include "exchange/state.h"

/* DONE. MORE: another handle is writing (ECHO_ERR_BUSY). LOST: another handle has published or removed chunks
 * meanwhile, so the target must be planned again. FAILED. */
echo__outcome echo__install_target(echo_exchange *x, echo_error *why) ECHO_MUST_USE;

#endif
