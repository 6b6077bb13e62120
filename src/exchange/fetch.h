/*
 * A fetch as one state machine (docs/ARCHITECTURE.md, "The way of an exchange"). Only fetch.c changes the phase: the
 * parts report an outcome, and a table in fetch.c maps it to what happens next.
 */
#ifndef ECHO_EXCHANGE_FETCH_H
#define ECHO_EXCHANGE_FETCH_H

#include "exchange/state.h"

/* Begins a fetch, unless one is running. */
void echo__fetch_start(echo_exchange *x);
/* Requests more, and advances through all phases that are done. */
void echo__fetch_step(echo_exchange *x);
/* Acts on what an arrived answer led to. */
void echo__fetch_conclude(echo_exchange *x, const echo__report *report);
/* Forgets the target and the feeds whose blocks are fetched. */
void echo__fetch_end(echo_exchange *x);

#endif
