/*
 * What is present locally: the state that a fetch counts from.
 */
#ifndef ECHO_EXCHANGE_HERE_H
#define ECHO_EXCHANGE_HERE_H

#include "exchange/state.h"

/*
 * The open party, if its clock and roots describe what is present; NULL otherwise. They do not if the party was
 * restored from the snapshot that is being fetched: it covers what has not arrived yet.
 */
const echo_party *echo__here_party(const echo_exchange *x);
/* What is covered: the party's clock, or, before a party is opened, that of the installed snapshot; NULL: nothing. */
const echo_timeframe *echo__here_clock(const echo_exchange *x);
/* Whether the store keeps a snapshot with these trees, so that their chunks stay. A tree without items is ignored. */
echo_status echo__here_keeps(bool *out, const echo_exchange *x, const echo__root *items, const echo__root *credentials,
                             echo_error *err) ECHO_MUST_USE;

#endif
