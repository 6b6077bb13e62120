/*
 * What is present locally: the state that a fetch counts from.
 */
#ifndef ECHO_EXCHANGE_HERE_H
#define ECHO_EXCHANGE_HERE_H

#include "exchange/state.h"

/*
 * The open party, if its clock and roots say what is present; NULL otherwise. A party that was restored from the
 * snapshot that is being fetched covers what has not arrived yet, so it does not.
 */
const echo_party *echo__here_party(const echo_exchange *x);
/* What is covered: the party's clock, or that of what was installed before a party is opened; NULL: nothing. */
const echo_timeframe *echo__here_clock(const echo_exchange *x);
/* Whether the store keeps a snapshot with these trees, so that their chunks stay. A tree without items is not looked
 * for. */
echo_status echo__here_keeps(bool *out, const echo_exchange *x, const echo__root *items, const echo__root *credentials,
                             echo_error *err) ECHO_MUST_USE;

#endif
