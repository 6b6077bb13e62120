/*
 * A fetch as one machine with a phase (docs/ARCHITECTURE.md, "The way of an exchange"). This file alone changes the
 * phase: the parts report an outcome, and its table says where each leads.
 */
#ifndef ECHO_EXCHANGE_FETCH_H
#define ECHO_EXCHANGE_FETCH_H

#include "exchange/state.h"

/* Begins one, unless one is going on. */
void echo__fetch_start(echo_exchange *x);
/* Asks for more, and goes forward through as many phases as are done. */
void echo__fetch_step(echo_exchange *x);
/* An answer that arrived led to this. */
void echo__fetch_conclude(echo_exchange *x, const echo__report *report);
/* Forgets the target and the blocks that are fetched. */
void echo__fetch_end(echo_exchange *x);

#endif
