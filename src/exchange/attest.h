/*
 * Who vouches for the target: the member who signed its manifest, and the members who attest its state. Attestations
 * are in the manifests that peers offer, and peers are asked for theirs.
 */
#ifndef ECHO_EXCHANGE_ATTEST_H
#define ECHO_EXCHANGE_ATTEST_H

#include "exchange/state.h"

/* Once members are known: checks that one signed the target's manifest or attests its state. DONE, BAD, FAILED. */
echo__outcome echo__attest_author(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* Checks that enough members attest it, and asks peers if not. DONE, MORE, BAD (ECHO_ERR_REFUSED: too few), FAILED. */
echo__outcome echo__attest_enough(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* Accepts an ATTESTED message. Any code but ECHO_OK: the caller must drop the peer. */
echo_status echo__attest_accept(echo_peer *peer, echo_bytes payload, echo_error *err) ECHO_MUST_USE;

#endif
