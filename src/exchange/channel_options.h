/*
 * How a channel is made, and what it counts.
 */
#ifndef ECHO_EXCHANGE_CHANNEL_OPTIONS_H
#define ECHO_EXCHANGE_CHANNEL_OPTIONS_H

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

typedef struct echo__channel_counts {
    uint64_t raw_in, raw_out;         /* bytes received and sent */
    uint64_t payload_in, payload_out; /* bytes of payloads handed out and written */
} echo__channel_counts;

#endif
