/*
 * Members of one party, each with feeds, a store and an own feed in memory, and what goes over the wire between them:
 * blocks in order, and whole snapshots.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include <echo/echo.h>

#define PEER_FEEDS_MAX 8u

/* Who takes part: the same for all members. */
typedef struct peer_party {
    echo_keypair party;
    echo_keypair keys[PEER_FEEDS_MAX]; /* only the first `own` can be written to by a member */
    echo_key feeds[PEER_FEEDS_MAX];
    size_t count;
} peer_party;

typedef struct peer {
    const peer_party *with;
    echo_feeds feeds;
    echo_store store;
    echo_snapshot_policy policy; /* manual, no thread, keeps all */
    echo_party_options options;
    echo_party *party;
} peer;

/* n feeds that members write to, and those of others. */
void peer_party_make(peer_party *out, uint8_t seed, size_t n, const echo_key *others, size_t others_count);
/* Member `own`, who writes to feed `own`. The party is not opened yet; models must be registered for all of them. */
void peer_init(peer *p, const peer_party *with, size_t own, echo_registry *models);
void peer_open(peer *p);
void peer_poll(peer *p);
void peer_close(peer *p);

/* Blocks 0 to n - 1 of a feed, or as many as there are, where they are not here yet. */
void peer_fetch(peer *p, const echo_feeds *from, const echo_key *feed, uint64_t n);
/* The same of all feeds. */
void peer_fetch_all(peer *p, const echo_feeds *from);
/* How many blocks of a feed a source has; 0 also when there is no such feed. */
uint64_t peer_length(const echo_feeds *from, const echo_key *feed);
/* Copies the newest snapshot of one store, with all chunks but `spared` (or NULL), under the next number of the other.
 */
uint64_t peer_copy_snapshot(const echo_store *to, const echo_store *from, const echo_key *party,
                            const echo_hash *spared);

/* One message to the own feed: bytes for an item's model; model NULL unless the item is new. */
void peer_write(peer *p, const char *id, const char *model, const void *bytes, size_t len);

#endif
