/*
 * One end of a connection to an exchange, played by the test: it says what the test says, whatever was asked, and notes
 * what it hears.
 */
#ifndef TESTS_PUPPET_H
#define TESTS_PUPPET_H

#include "exchange/channel.h"
#include "exchange/wire.h"
#include "support/network.h"

typedef struct puppet {
    network *p;
    echo_keypair keys;
    echo__channel *channel;
    echo_peer *peer;    /* the exchange's end */
    unsigned heard[16]; /* messages, by type */
    bool over;          /* its channel failed, or ended */
    /* Called with each message; NULL: it is only counted. */
    void (*hear)(struct puppet *puppet, uint8_t type, echo_bytes payload);
    void *arg;
} puppet;

/* Connects to member `to`'s exchange, as its responder when `is_joined`, else as initiator. It greets by itself, as one
 * that serves. */
void puppet_begin(puppet *u, network *p, size_t to, const echo_keypair *keys, bool is_joined);
void puppet_end(puppet *u); /* also closes the exchange's end, unless u->peer is NULL */
void puppet_say(puppet *u, uint8_t type, const echo__buf *payload);
/* Says it and empties the payload. */
void puppet_send(puppet *u, uint8_t type, echo__buf *payload);
/* Carries bytes both ways; false: there were none. */
bool puppet_carry(puppet *u);
/* Answers to what an exchange asks. */
void puppet_offer(puppet *u, uint32_t id, echo_bytes manifest, const echo__offered_feed *feeds, size_t n);
/* An honest answer to WANT, TAIL and ATTEST out of a member's store and feeds. */
void puppet_answer_honestly(puppet *u, const member *m, uint8_t type, echo_bytes payload);

#endif
