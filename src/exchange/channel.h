/*
 * A channel: one connection between two members of a party, without sockets, clock or threads. Bytes from the transport
 * go in, messages come out; messages go in, bytes for the transport come out (docs/EXCHANGE.md, "Channel").
 *
 *     on bytes:      echo__channel_receive(), then echo__channel_next() until nothing is found
 *     on messages:   echo__channel_write()
 *     after either:  while echo__channel_pending() returns bytes, send some and report them to echo__channel_sent()
 *
 * A channel that failed is dead: every call returns the code it failed with. Bytes that were sealed before stay
 * pending. The host closes the connection without a reply, whatever the code. A channel has no timeouts: the host
 * decides when to give up on a silent peer.
 *
 * Memory: bytes received and not read, bytes written and not sent, the arrived part of the current message, and about
 * 4 MiB of zstd's each for writing and for reading, from the first message of that direction on (up to 9 MiB for
 * reading if the peer compresses with the largest window). For a peer that has not proved its membership it is a few
 * hundred bytes.
 */
#ifndef ECHO_EXCHANGE_CHANNEL_H
#define ECHO_EXCHANGE_CHANNEL_H

#include "exchange/channel_options.h"

/* Options are copied. ECHO_ERR_INVALID, _NOMEM, _IO (no source of random numbers). */
echo_status echo__channel_new(echo__channel **out, const echo__channel_options *options, echo_error *err) ECHO_MUST_USE;
void echo__channel_free(echo__channel *c);

/*
 * Accepts bytes of the connection, cut in any way, and does the handshake. ECHO_ERR_REFUSED: the peer is not a member
 * of the party; a responder reports no reason. _VERSION, _NOMEM, codes of `admits`.
 */
echo_status echo__channel_receive(echo__channel *c, echo_bytes bytes, echo_error *err) ECHO_MUST_USE;
/*
 * The next whole message. *found false: more bytes must be received first. The payload is a view until the next call of
 * this function. ECHO_ERR_CORRUPT: the bytes are not what the peer sealed next, or are malformed. _LIMIT: the message
 * is longer than `most`, or compressed in a way that takes too much memory. _NOMEM.
 */
echo_status echo__channel_next(bool *found, uint8_t *type, echo_bytes *payload, echo__channel *c,
                               echo_error *err) ECHO_MUST_USE;

/*
 * Queues a message whose payload is the concatenation of these parts. Allowed at any time, also before the peer has
 * answered. ECHO_ERR_LIMIT (more than 2^32 - 1 bytes) and _INVALID (after finish) leave the channel unchanged; after
 * _NOMEM it is dead.
 */
echo_status echo__channel_write(echo__channel *c, uint8_t type, const echo_bytes *parts, size_t n,
                                echo_error *err) ECHO_MUST_USE;
/* Ends writing. The peer is notified of it after everything written before. */
void echo__channel_finish(echo__channel *c);
/*
 * Bytes to be sent, a view until the next call with this channel; empty: nothing to send. Queued messages are
 * compressed and sealed now unless a whole frame is waiting already, so small messages that are written together share
 * a frame. If memory runs out, the channel is dead, as echo__channel_status() reports.
 */
echo_bytes echo__channel_pending(echo__channel *c);
/* The first n of those bytes were sent. */
void echo__channel_sent(echo__channel *c, size_t n);
/* The number of compressed bytes that wait to be sent, for a host that stops writing while the peer is slow. */
size_t echo__channel_waiting(const echo__channel *c);

/* ECHO_OK, or the code the channel failed with. */
echo_status echo__channel_status(const echo__channel *c, echo_error *err);
/* Whether the handshake is done. */
bool echo__channel_is_open(const echo__channel *c);
/* Whether the peer ended its stream and every message was handed out. A connection that ends before that was cut. */
bool echo__channel_is_finished(const echo__channel *c);
/* NULL before the handshake is done. */
const echo_key *echo__channel_party(const echo__channel *c);
const echo_key *echo__channel_peer(const echo__channel *c);

echo__channel_counts echo__channel_count(const echo__channel *c);

#endif
