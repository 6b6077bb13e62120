/*
 * The stream of messages that moves a party: from the merge of its feeds into its items, then the clock.
 */
#ifndef ECHO_PARTY_POLL_H
#define ECHO_PARTY_POLL_H

#include "party/party.h"

/* Opens the stream after the clock. */
echo_status echo__party_open_feeds(echo_party *party, echo_error *err) ECHO_MUST_USE;
/* Applies up to max messages (0: all that can be applied now). *applied may be NULL. */
echo_status echo__party_pump(echo_party *party, uint64_t max, uint64_t *applied, echo_error *err) ECHO_MUST_USE;
/* echo_party_poll() from within a call. */
echo_status echo__party_poll(uint64_t *applied, echo_party *party, uint64_t max, echo_error *err) ECHO_MUST_USE;
/* Determines the own feed and whether writing to it is safe. To be called whenever admission or feeds have changed. */
void echo__party_find_own(echo_party *party);
/* Counts the stale models and starts rebuilding their items and those with foreign states, in the root and in memory;
 * echo_party_poll() continues that. */
echo_status echo__party_rebuild(echo_party *party, echo_error *err) ECHO_MUST_USE;
/* Rebuilds to the end. ECHO_ERR_GAP: blocks are missing. */
echo_status echo__party_rebuild_all(echo_party *party, echo_error *err) ECHO_MUST_USE;

#endif
