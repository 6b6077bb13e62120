/*
 * Offers, which describe what peers have: asking for them, reading them and weighing them. fetch.c decides what follows
 * from an offer.
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
/* DONE: at least one peer answered, and no answer is outstanding. MORE. */
echo__outcome echo__offers_step(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* Accepts an OFFER message. Any code but ECHO_OK: the caller must drop the peer. */
echo_status echo__offers_accept(echo_peer *peer, echo_bytes payload, echo_error *err) ECHO_MUST_USE;
/* Forgets all offers, so that peers are asked again. */
void echo__offers_forget(echo_exchange *x);

/* ---- weighing ---- */

/* The peer with the useful snapshot that covers the most messages, or NULL. Offers of a member whose snapshots failed
 * too often in this fetch are skipped, since the member could go on like that for ever. */
echo_peer *echo__offers_best(const echo_exchange *x);
/* Counts the messages and bytes of the offer's feeds that are missing locally: those its snapshot covers, and those
 * after it. */
void echo__offers_weigh(echo__plan_facts *facts, const echo_exchange *x, const echo__offer *offer);

/* ---- judging ---- */

/* Counts a failed attempt to fetch the snapshot that this peer offered. */
void echo__offers_blame(echo_exchange *x, const echo_peer *peer);
/* Bans a state by its digest (it is not what it claims), or a manifest by its hash (no member vouches for it): no offer
 * of it is accepted again. Peers that offer it are sent the reason. */
void echo__offers_ban(echo_exchange *x, const echo_hash *hash, const echo_error *why, uint8_t reason);

#endif
