/*
 * Members of a party in processes of their own: servers, and one that joins or catches up and measures that. What modes
 * `join` and `catchup` share.
 */
#ifndef ECHO_BENCH_PEERS_H
#define ECHO_BENCH_PEERS_H

#include <echo/exchange.h>

#include "bench/link.h"
#include "bench/session.h"

#define BENCH_SERVERS 5u
#define BENCH_MEMBERS BENCH_SERVERS /* besides the feeds: the servers after the first, and the fetcher */

typedef struct bench_fetch_args {
    const char *server_dir, *dir; /* the party as the servers have it; the fetcher's folder */
    echo_key party;
    uint64_t seed;
    size_t feeds; /* the number of feeds that write; the keys after theirs are those of members */
    size_t servers;
    bool bare;            /* the servers offer no snapshot, only blocks */
    bool away;            /* the fetcher has an older state of the party already */
    const char *first_id; /* an item to read as soon as possible; NULL: none */
    const bench_link *link;
} bench_fetch_args;

/* One fetch. Times begin when the first byte is sent. */
typedef struct bench_fetched {
    uint64_t ns;                                         /* until the party is open in its new state */
    uint64_t ns_usable, ns_first, ns_installed, ns_here; /* 0: never; here: everything has arrived */
    uint64_t ns_party;                                   /* part of `ns`: opening the party, or applying what is new */
    uint64_t bytes_usable, bytes_first;                  /* received by then */
    uint64_t bytes_in, bytes_out;
    uint64_t cpu, server_cpu; /* computing time of the fetcher, of the servers */
    uint64_t peak;            /* maximum of resident memory */
    uint64_t items, messages_read;
    bool by_chunks; /* the plan that was taken */
    echo_exchange_state state;
    echo_hash digest; /* of the party's new state */
} bench_fetched;

/* For bench_child(). Leaves the fetcher's party with a snapshot of its new state. */
echo_status bench_fetch(void *result, void *arg, echo_error *err);

/* The policy, models and key of a party in a folder; models are the caller's. */
echo_status bench_peers_options(echo_party_options *out, echo_registry **models, const char *dir, const echo_key *party,
                                const echo_snapshot_policy *policy, echo_error *err) ECHO_MUST_USE;

#endif
