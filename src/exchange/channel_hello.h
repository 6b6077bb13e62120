/*
 * The handshake of a channel, step by step (docs/EXCHANGE.md, "Handshake").
 */
#ifndef ECHO_EXCHANGE_CHANNEL_HELLO_H
#define ECHO_EXCHANGE_CHANNEL_HELLO_H

#include "exchange/channel_state.h"

/* What is sent before anything is received. Memory: c->out.status. */
void echo__channel_begin(echo__channel *c);
/* One step of the handshake, when its bytes have arrived; *went: it was taken. */
echo_status echo__channel_shake(echo__channel *c, bool *went);

#endif
