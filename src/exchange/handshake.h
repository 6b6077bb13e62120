/*
 * How two members of a party prove themselves to each other over bytes that anybody can read and change
 * (docs/EXCHANGE.md, "Handshake"): the keys of the hellos and of the streams, and the signatures. Pure computation on
 * fixed lengths; the steps are in channel_hello.c.
 */
#ifndef ECHO_EXCHANGE_HANDSHAKE_H
#define ECHO_EXCHANGE_HANDSHAKE_H

#include <echo/base.h>

#define ECHO__EPHEMERAL_BYTES 32u
#define ECHO__HELLO_BYTES 114u /* version 2, member 32, signature 64, authentication 16 */
#define ECHO__STREAM_KEY_BYTES 32u

#define ECHO__EXCHANGE_MAJOR 1u
#define ECHO__EXCHANGE_MINOR 0u

typedef enum echo__role {
    ECHO__INITIATOR = 0,
    ECHO__RESPONDER = 1
} echo__role; /* the numbers are in what is signed and hashed */

typedef struct echo__handshake {
    echo__role role;                             /* ours */
    uint8_t ephemeral[2][ECHO__EPHEMERAL_BYTES]; /* public, by role */
    uint8_t secret[32];                          /* of our own ephemeral; wiped by echo__handshake_meet */
    uint8_t shared[32];
} echo__handshake;

/* What a hello holds. */
typedef struct echo__hello {
    uint8_t major, minor;
    echo_key member;
    uint8_t signature[64];
} echo__hello;

/* Draws our ephemeral key; ephemeral[role] is to be sent. */
void echo__handshake_start(echo__handshake *h, echo__role role);
/* Takes the other's ephemeral key. false: it is of low order, so that the secret would be no secret. */
bool echo__handshake_meet(echo__handshake *h, const uint8_t theirs[ECHO__EPHEMERAL_BYTES]);
/* Our hello for this party. */
void echo__handshake_say(uint8_t out[ECHO__HELLO_BYTES], const echo__handshake *h, const echo_key *party,
                         const echo_keypair *keys);
/* Opens the other's. false: it is not of this party, this role and this connection; *out is untouched then. */
bool echo__handshake_hear(echo__hello *out, const echo__handshake *h, const echo_key *party,
                          const uint8_t in[ECHO__HELLO_BYTES]);
/* Whether the other's hello is signed by the member it names. With hello NULL the work is done for nothing: the answer
 * is false. */
bool echo__handshake_proves(const echo__handshake *h, const echo_key *party, const echo__hello *hello,
                            const echo_key *own);
/* The key of the stream that this role writes; members by role. */
void echo__handshake_stream_key(uint8_t out[ECHO__STREAM_KEY_BYTES], const echo__handshake *h, echo__role writer,
                                const echo_key *party, const echo_key members[2]);
void echo__handshake_wipe(echo__handshake *h);

#endif
