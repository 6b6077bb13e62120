/*
 * A network: members of one party in one process, each with feeds and a store of its own in memory, and connections
 * between their exchanges that carry bytes in random pieces.
 */
#ifndef TESTS_NETWORK_H
#define TESTS_NETWORK_H

#include <echo/echo.h>

#define NETWORK_MEMBERS 8u

typedef struct member {
    echo_keypair keys; /* of its feed, which is what it proves to be */
    echo_feeds feeds;
    echo_store store;  /* of the party */
    echo_store own;    /* the exchange's handle */
    echo_party *party; /* NULL: it has not joined yet */
    echo_exchange *exchange;
    unsigned events[ECHO_EXCHANGE_EVENT_MAX_];
    unsigned changes[3];      /* told by the last switch, by echo_change */
    echo_error last_error;    /* of the last event with one */
    const echo_key *admitted; /* the only feed that counts for this member's host; NULL: credentials decide */
    echo_admit_fn admit;      /* or what decides; its argument is the member */
} member;

typedef struct network {
    uint64_t seed, random;
    echo_keypair party;
    echo_registry *models;
    member members[NETWORK_MEMBERS];
    size_t count;
    uint64_t now_ns;
} network;

/* A connection; the first member is the initiator. */
typedef struct wire {
    network *p;
    echo_peer *ends[2];
    member *who[2];
    uint64_t carried[2]; /* bytes from end 0, from end 1 */
    uint64_t cut_after;  /* bytes from end 1 after which nothing passes any more; 0: never */
    bool broken;
    /* Changes bytes on their way from end 1; returns the new length. */
    size_t (*meddle)(void *arg, uint8_t *bytes, size_t len);
    void *meddle_arg;
} wire;

/* A party with members, all admitted, feed 0 being the genesis feed; nobody but member 0 has anything yet. */
void network_begin(network *p, uint64_t seed, size_t count);
void network_end(network *p);
uint64_t network_random(network *p, uint64_t n); /* 0..n-1 */
/* Opens a member's party from its feeds and store. */
void network_open(network *p, size_t i);
/* Member i makes items named <prefix><n>, from..to-1, or changes them when they are there; one property of this value
 * each. */
void network_write(network *p, size_t i, const char *prefix, size_t from, size_t to, const char *value);
/* Every member's feeds get all blocks of all others', without an exchange; open parties are polled. */
void network_replicate(network *p);
void network_replicate_to(network *p, size_t to);
/* Makes the member's exchange; options may be NULL. */
void network_exchange(network *p, size_t i, const echo_exchange_options *options);
void network_exchange_end(network *p, size_t i);
/* Takes a snapshot; returns its number. */
uint64_t network_snapshot(network *p, size_t i);
/* Moves an open party to what was installed, or opens it. */
void network_switch(network *p, size_t i);
/* The same items with the same views. */
void network_assert_same(network *p, size_t a, size_t b);

void wire_open(wire *w, network *p, size_t initiator, size_t responder);
void wire_close(wire *w);
/* Carries some bytes each way; false: there were none. */
bool wire_carry(wire *w);
/* Carries and steps until nothing moves any more, or until fn says so. Time passes by a millisecond a round. */
void wires_run(wire *wires, size_t n, bool (*enough)(void *arg), void *arg);

#endif
