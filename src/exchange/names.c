/*
 * The names of the enumerations in echo/exchange.h.
 */
#include <echo/exchange.h>

#include "base/name.h"

#define XX(name, text) text,
static const char *const events[] = {ECHO_EXCHANGE_EVENT_MAP(XX)};
static const char *const phases[] = {ECHO_EXCHANGE_PHASE_MAP(XX)};
static const char *const levels[] = {ECHO_TRUST_MAP(XX)};
#undef XX

const char *echo_exchange_event_name(echo_exchange_event_kind kind) { return ECHO__NAME(events, kind); }
const char *echo_exchange_phase_name(echo_exchange_phase phase) { return ECHO__NAME(phases, phase); }
const char *echo_trust_name(echo_trust trust) { return ECHO__NAME(levels, trust); }
