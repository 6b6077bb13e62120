/*
 * What peers have: asking, reading and weighing their offers. What follows from an offer is decided in fetch.c.
 */
#ifndef ECHO_EXCHANGE_OFFERS_H
#define ECHO_EXCHANGE_OFFERS_H

#include "exchange/plan.h"
#include "exchange/state.h"

void echo__offer_free(echo__offer *offer);
/* A feed in an offer, or NULL. */
echo__offered_feed *echo__offer_find(const echo__offer *offer, const echo_key *key);

/* ---- asking ---- */

/* Asks every peer that was not asked in this fetch. */
void echo__offers_ask(echo_exchange *x);
/* DONE: somebody answered, and nobody is waited for; MORE. */
echo__outcome echo__offers_step(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* An OFFER message. Any code but ECHO_OK: the peer is to be dropped. */
echo_status echo__offers_accept(echo_peer *peer, echo_bytes payload, echo_error *err) ECHO_MUST_USE;
/* Peers are to be asked again. */
void echo__offers_forget(echo_exchange *x);

/* ---- weighing ---- */

/* The peer whose snapshot covers most and is of use, or NULL. Members whose offers were fetched in vain too often are
 * passed over: they could go on like that for ever. */
echo_peer *echo__offers_best(const echo_exchange *x);
/* Messages and bytes that the offer's feeds have and that are missing locally: covered by its snapshot, and after it.
 */
void echo__offers_weigh(echo__plan_facts *facts, const echo_exchange *x, const echo__offer *offer);

/* ---- judging ---- */

/* The snapshot that this peer offered was tried in vain. */
void echo__offers_blame(echo_exchange *x, const echo_peer *peer);
/* A state, by its digest, is not what it claims to be, or no member vouches for a manifest, by its hash: no offer of it
 * is accepted again. Those who offer it are sent the reason. */
void echo__offers_ban(echo_exchange *x, const echo_hash *hash, const echo_error *why, uint8_t reason);

#endif
