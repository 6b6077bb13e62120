/*
 * A channel: one connection between two members of a party, without sockets, clock or threads. Bytes from the transport
 * go in, messages come out; messages go in, bytes for the transport come out (docs/EXCHANGE.md, "Channel").
 *
 *     on bytes:      echo__channel_receive(), then echo__channel_next() until nothing is found
 *     on messages:   echo__channel_write()
 *     after either:  while echo__channel_pending() gives bytes, send some and tell echo__channel_sent()
 *
 * A channel that failed is dead: every call answers the code it failed with, what was sealed before stays pending, and
 * the host closes the connection, silently and whatever the code. It limits no time: a peer that says nothing is the
 * host's to give up on.
 *
 * Memory: what was received and not asked for, what was written and not sent, the message that is arriving (as much as
 * arrived), and about 4 MiB of zstd's for writing and for reading, each from its first message on (reading up to 9 when
 * the peer packs with the largest window). A peer that has not proved itself makes it take a few hundred bytes.
 */
#ifndef ECHO_EXCHANGE_CHANNEL_H
#define ECHO_EXCHANGE_CHANNEL_H

#include "exchange/channel_options.h"

/* Options are copied. ECHO_ERR_INVALID, _NOMEM, _IO (no source of random numbers). */
echo_status echo__channel_new(echo__channel **out, const echo__channel_options *options, echo_error *err) ECHO_MUST_USE;
void echo__channel_free(echo__channel *c);

/*
 * Takes bytes of the connection, cut in any way, and goes through the handshake. ECHO_ERR_REFUSED: the peer is not
 * of the party, and a responder does not say why; _VERSION; _NOMEM; what `admits` said.
 */
echo_status echo__channel_receive(echo__channel *c, echo_bytes bytes, echo_error *err) ECHO_MUST_USE;
/*
 * The next whole message. *found false: none before more is received. The payload is a view until the next call of this
 * function. ECHO_ERR_CORRUPT: not what the peer sealed next, or not well-formed; _LIMIT: longer than `most`, or packed
 * in a way that takes too much memory; _NOMEM.
 */
echo_status echo__channel_next(bool *found, uint8_t *type, echo_bytes *payload, echo__channel *c,
                               echo_error *err) ECHO_MUST_USE;

/*
 * Queues a message whose payload is these parts one after the other; at any time, also before the peer has answered.
 * ECHO_ERR_LIMIT (more than 2^32 - 1 bytes) and _INVALID (after finish) leave the channel unchanged; _NOMEM does not.
 */
echo_status echo__channel_write(echo__channel *c, uint8_t type, const echo_bytes *parts, size_t n,
                                echo_error *err) ECHO_MUST_USE;
/* Nothing more will be written. The peer learns it after everything written before. */
void echo__channel_finish(echo__channel *c);
/*
 * Bytes to be sent, a view until the next call with this channel; empty: none. What is queued is packed for it unless a
 * whole frame is waiting already, so small messages that are written together travel together. When memory runs out the
 * channel is dead, as echo__channel_status reports.
 */
echo_bytes echo__channel_pending(echo__channel *c);
/* The first n of those bytes were sent. */
void echo__channel_sent(echo__channel *c, size_t n);
/* Bytes waiting to be sent, as far as they are packed: for a host that stops writing while the other side is slow. */
size_t echo__channel_waiting(const echo__channel *c);

/* ECHO_OK, or what the channel died of. */
echo_status echo__channel_status(const echo__channel *c, echo_error *err);
/* Whether the handshake is done. */
bool echo__channel_is_open(const echo__channel *c);
/* Whether the peer said that this is all, and every message was handed out. A connection that ends without was cut. */
bool echo__channel_is_finished(const echo__channel *c);
/* NULL before the handshake is done. */
const echo_key *echo__channel_party(const echo__channel *c);
const echo_key *echo__channel_peer(const echo__channel *c);

echo__channel_counts echo__channel_count(const echo__channel *c);

#endif
