/*
 * The options of a channel, and its counters.
 */
#ifndef ECHO_EXCHANGE_CHANNEL_OPTIONS_H
#define ECHO_EXCHANGE_CHANNEL_OPTIONS_H

#include <echo/base.h>

typedef struct echo__channel echo__channel;

#define ECHO__MESSAGE_HEAD 5u /* length and type, in the packed stream */

typedef struct echo__channel_options {
    bool initiator;
    bool plain; /* the transport authenticates and encrypts: the one party is in `parties`, and `peer` is the member */
    echo_key peer;            /* plain only */
    const echo_keypair *keys; /* the own keys, of a member; copied, and wiped by free. May be NULL if plain */
    const echo_key *parties;  /* the initiator's one, or those a responder serves (0 or more); copied */
    size_t party_count;
    /*
     * Whether this key is a member of the party: ECHO_OK or ECHO_ERR_REFUSED; another code passes through. Required.
     * Called only for keys whose signature was verified. The initiator may return ECHO_OK for a key that it cannot
     * judge yet. A responder should return quickly: otherwise a stranger who knows the party's key could detect the
     * call by its time. Neither hook may call the channel.
     */
    echo_status (*admits)(void *arg, const echo_key *party, const echo_key *member);
    /* The maximum payload of a message of this type that is accepted now; 0: this type is not accepted. Required. */
    size_t (*most)(void *arg, uint8_t type);
    void *arg;
} echo__channel_options;

typedef struct echo__channel_counts {
    uint64_t raw_in, raw_out;         /* bytes received and sent */
    uint64_t payload_in, payload_out; /* bytes of payloads handed out and written */
} echo__channel_counts;

#endif
