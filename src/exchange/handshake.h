/*
 * The cryptography of the handshake (docs/EXCHANGE.md, "Handshake"), by which two members of a party prove their
 * membership to each other over a connection that anybody can read and change: the keys of the hellos and of the
 * streams, and the signatures. Pure computation on fixed lengths; the steps are in channel_hello.c.
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
} echo__role; /* the numbers are part of what is signed and hashed */

typedef struct echo__handshake {
    echo__role role;                             /* the own role */
    uint8_t ephemeral[2][ECHO__EPHEMERAL_BYTES]; /* public, by role */
    uint8_t secret[32];                          /* of the own ephemeral key; wiped by echo__handshake_meet() */
    uint8_t shared[32];
} echo__handshake;

/* What a hello holds. */
typedef struct echo__hello {
    uint8_t major, minor;
    echo_key member;
    uint8_t signature[64];
} echo__hello;

/* Draws the own ephemeral key; ephemeral[role] is to be sent. */
void echo__handshake_start(echo__handshake *h, echo__role role);
/* Accepts the peer's ephemeral key. false: it is of low order, so the shared secret would not be secret. */
bool echo__handshake_meet(echo__handshake *h, const uint8_t theirs[ECHO__EPHEMERAL_BYTES]);
/* Writes the own hello for this party. */
void echo__handshake_say(uint8_t out[ECHO__HELLO_BYTES], const echo__handshake *h, const echo_key *party,
                         const echo_keypair *keys);
/* Opens the peer's hello. false: it is not for this party, role and connection, and *out is unchanged. */
bool echo__handshake_hear(echo__hello *out, const echo__handshake *h, const echo_key *party,
                          const uint8_t in[ECHO__HELLO_BYTES]);
/* Whether the peer's hello is signed by the member it names. With hello NULL the same time is spent, and the result is
 * false. */
bool echo__handshake_proves(const echo__handshake *h, const echo_key *party, const echo__hello *hello,
                            const echo_key *own);
/* The key of the stream that role `writer` writes; `members` is indexed by role. */
void echo__handshake_stream_key(uint8_t out[ECHO__STREAM_KEY_BYTES], const echo__handshake *h, echo__role writer,
                                const echo_key *party, const echo_key members[2]);
void echo__handshake_wipe(echo__handshake *h);

#endif
