/*
 * Who vouches for the target: the member who signed its manifest, and the members who attest its state, in the
 * manifests that peers offer or when they are asked.
 */
#ifndef ECHO_EXCHANGE_ATTEST_H
#define ECHO_EXCHANGE_ATTEST_H

#include "exchange/state.h"

/* Once members are known: whether a member signed the target's manifest, or attests its state. DONE, BAD, FAILED. */
echo__outcome echo__attest_author(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* Whether enough members attest it; asks them otherwise. DONE, MORE, BAD (ECHO_ERR_REFUSED: too few), FAILED. */
echo__outcome echo__attest_enough(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* An ATTESTED message. Any code but ECHO_OK: the peer is to be dropped. */
echo_status echo__attest_accept(echo_peer *peer, echo_bytes payload, echo_error *err) ECHO_MUST_USE;

#endif
