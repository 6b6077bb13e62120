/*
 * A replica: a member of a party with feeds, a store and an own feed in memory; what goes over the wire between
 * replicas is carried by hand: blocks in order, and whole snapshots.
 */
#ifndef TESTS_REPLICA_H
#define TESTS_REPLICA_H

#include <echo/echo.h>

#define REPLICA_FEEDS_MAX 8u

/* Who takes part: the same for all members. */
typedef struct replica_party {
    echo_keypair party;
    echo_keypair keys[REPLICA_FEEDS_MAX]; /* only the first `own` can be written to by a member */
    echo_key feeds[REPLICA_FEEDS_MAX];
    size_t count;
} replica_party;

typedef struct replica {
    const replica_party *with;
    echo_feeds feeds;
    echo_store store;
    echo_snapshot_policy policy; /* manual, no thread, keeps all */
    echo_party_options options;
    echo_party *party;
} replica;

/* n feeds that members write to, and those of others. */
void replica_party_make(replica_party *out, uint8_t seed, size_t n, const echo_key *others, size_t others_count);
/* Member `own`, who writes to feed `own`. The party is not opened yet; models must be registered for all of them. */
void replica_init(replica *p, const replica_party *with, size_t own, echo_registry *models);
void replica_open(replica *p);
void replica_poll(replica *p);
void replica_close(replica *p);

/* Blocks 0 to n - 1 of a feed, or as many as there are, where they are not here yet. */
void replica_fetch(replica *p, const echo_feeds *from, const echo_key *feed, uint64_t n);
/* The same of all feeds. */
void replica_fetch_all(replica *p, const echo_feeds *from);
/* How many blocks of a feed a source has; 0 also when there is no such feed. */
uint64_t replica_length(const echo_feeds *from, const echo_key *feed);
/*
 * Copies the newest snapshot of one store, with all chunks but `spared` (or NULL), under the next number of the other.
 * signer: who signs it there, as the one who receives a snapshot does; NULL: nobody.
 */
uint64_t replica_copy_snapshot(const echo_store *to, const echo_store *from, const echo_key *party,
                               const echo_hash *spared, const echo_keypair *signer);

/* One message to the own feed: bytes for an item's model; model NULL unless the item is new. */
void replica_write(replica *p, const char *id, const char *model, const void *bytes, size_t len);

#endif
