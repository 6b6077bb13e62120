/*
 * The handshake of a channel, step by step (docs/EXCHANGE.md, "Handshake").
 */
#ifndef ECHO_EXCHANGE_CHANNEL_HELLO_H
#define ECHO_EXCHANGE_CHANNEL_HELLO_H

#include "exchange/channel_state.h"

/* Queues what is sent before anything is received. Out of memory is kept in c->out.status. */
void echo__channel_begin(echo__channel *c);
/* Does the next step of the handshake if its bytes have arrived; *went: it was done. */
echo_status echo__channel_shake(echo__channel *c, bool *went);

#endif
