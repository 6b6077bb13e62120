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

#include <echo/base.h>

typedef struct echo__channel echo__channel;

#define ECHO__MESSAGE_HEAD 5u /* length and type, in the packed stream */

typedef struct echo__channel_options {
    bool initiator;
    bool plain;    /* the transport authenticates and encrypts: the party is named, and `peer` is who the other is */
    echo_key peer; /* plain only */
    const echo_keypair *keys; /* ours, of a member; copied, and wiped by free. May be NULL when plain */
    const echo_key *parties;  /* the initiator's one, or those a responder serves, which may be none; copied */
    size_t party_count;
    /*
     * Whether this key is a member of the party: ECHO_OK or ECHO_ERR_REFUSED; another code passes through. Required. It
     * is asked about keys that signed. The initiator may answer ECHO_OK for a key it cannot judge yet. A responder's
     * answer should be quick: a stranger who knows the party's key could tell by the clock that it was asked. Neither
     * hook may call the channel.
     */
    echo_status (*admits)(void *arg, const echo_key *party, const echo_key *member);
    /* The longest payload of a message of this type that is acceptable right now; 0: none may come. Required. */
    size_t (*most)(void *arg, uint8_t type);
    void *arg;
} echo__channel_options;

/* Options are copied. ECHO_ERR_INVALID, _NOMEM, _IO (no source of random numbers). */
echo_status echo__channel_new(echo__channel **out, const echo__channel_options *options, echo_error *err) ECHO_MUST_USE;
void echo__channel_free(echo__channel *c);

/*
 * Takes bytes of the connection, cut in any way, and goes through the handshake. ECHO_ERR_REFUSED: the peer is none of
 * ours, and a responder tells nobody why; _VERSION; _NOMEM; what `admits` said.
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
 * ECHO_ERR_LIMIT (more than 2^32 - 1 bytes) and _INVALID (after finish) leave the channel as it was; _NOMEM does not.
 */
echo_status echo__channel_write(echo__channel *c, uint8_t type, const echo_bytes *parts, size_t n,
                                echo_error *err) ECHO_MUST_USE;
/* Nothing more will be written. The peer is told behind everything that was. */
void echo__channel_finish(echo__channel *c);
/*
 * Bytes to be sent, a view until the next call with this channel; empty: none. What is queued is packed for it unless a
 * whole frame is waiting already, so small messages that are written together travel together. When memory runs out the
 * channel is dead, as echo__channel_status tells.
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

typedef struct echo__channel_counts {
    uint64_t raw_in, raw_out;         /* bytes received and sent */
    uint64_t payload_in, payload_out; /* bytes of payloads handed out and written */
} echo__channel_counts;
echo__channel_counts echo__channel_count(const echo__channel *c);

#endif
