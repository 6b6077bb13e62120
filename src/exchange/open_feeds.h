/*
 * The feeds that an exchange has open, by key: each is opened once, when it is first served or fetched, and closed with
 * the exchange.
 */
#ifndef ECHO_EXCHANGE_OPEN_FEEDS_H
#define ECHO_EXCHANGE_OPEN_FEEDS_H

#include "exchange/state.h"

/* The feed with this key. make: create it if it does not exist locally. ECHO_ERR_NOT_FOUND, _NOMEM, errors of the feed
 * source. */
echo_status echo__open_feeds_get(echo__open_feed **out, echo_exchange *x, const echo_key *key, bool make,
                                 echo_error *err) ECHO_MUST_USE;
/* Makes the blocks that were put durable. */
echo_status echo__open_feeds_sync(echo_exchange *x, echo_error *err) ECHO_MUST_USE;
void echo__open_feeds_close(echo_exchange *x);

#endif
