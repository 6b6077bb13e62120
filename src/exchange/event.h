/*
 * Reporting to the host.
 */
#ifndef ECHO_EXCHANGE_EVENT_H
#define ECHO_EXCHANGE_EVENT_H

#include "exchange/state.h"

/* Calls the host's event hook, if one is set; peer and error may be NULL. */
void echo__event_notify(echo_exchange *x, echo_exchange_event_kind kind, const echo_peer *peer,
                        const echo_error *error);

#endif
