/*
 * Calls within calls: what an event callback, or a hook of the host that runs within the exchange, calls on it. Calls
 * that would change the exchange are refused; what frees or replaces is done when the outer call ends.
 */
#ifndef ECHO_EXCHANGE_CALLS_H
#define ECHO_EXCHANGE_CALLS_H

#include "exchange/state.h"

/* Begins a call, also on the open party. ECHO_ERR_BUSY within another one of either. */
echo_status echo__exchange_enter(echo_exchange *x, echo_error *err) ECHO_MUST_USE;
/* Ends it, and does what was put off: nothing may touch the exchange or its peers afterwards. */
void echo__exchange_leave(echo_exchange *x);

#endif
