/*
 * A party inside: its items and credentials over the last snapshot's roots, its clock, and the stream of messages that
 * moves it (poll.h). Layers above (snapshot, exchange) see all of it.
 */
#ifndef ECHO_PARTY_INTERNAL_H
#define ECHO_PARTY_INTERNAL_H

#include "feed/credentials.h"
#include "feed/merge.h"
#include "party/cost.h"
#include "party/feed_roots.h"
#include "party/items.h"
#include "party/models.h"
#include "party/rebuild.h"

/* A credential that is not in the credentials root yet. */
typedef struct echo__credential {
    echo__stamp stamp;
    uint8_t *bytes;
    size_t len;
} echo__credential;

struct echo_party {
    echo_key key;
    echo_party_options
        options; /* pointers to what was copied or taken over are NULL, except own_feed; clock is never NULL */
    echo_snapshot_policy policy;
    echo_feeds feeds;
    bool owns_feeds;
    echo_store store; /* ops NULL: none */
    bool owns_store;
    echo_store below; /* the one the party opened itself, while a store of the host is in its place; ops NULL: none */
    echo_error store_problem; /* why the store that the host wanted is not used */
    echo_codec codec;
    echo_key *admitted; /* the host's list */
    size_t admitted_count;

    echo__items items;
    echo_timeframe *clock;
    echo_timeframe *durable; /* the clock when the feeds were last synced (P5) */
    echo__admission *admission;
    echo__merge *merge;
    uint32_t generation; /* dialect of the party's messages; 0: no message was seen */

    echo__chunks *chunks; /* over the store; NULL: no store */
    echo__root root;      /* of the items, as of snapshot `number` */
    echo__root credentials_root;
    echo_timeframe *root_clock;  /* what that snapshot covers */
    echo__feed_roots feed_roots; /* of the feeds, as far as it covers them */
    echo__model_counts models;
    uint64_t number; /* of the snapshot that the roots belong to; 0: none */
    uint64_t newest; /* highest snapshot number in the store, damaged ones included */
    bool received;   /* the snapshot was received from others, or continues one that was */
    echo_hash manifest_hash;
    echo__credential *credentials;
    size_t credentials_count, credentials_cap;

    echo_key wanted; /* the feed to write to, if the host named one: options.own_feed points to this, or is NULL */
    bool has_own;
    echo_key own; /* the feed to write to */
    bool behind;  /* that feed is shorter than the snapshot says: nothing may be written */
    bool blocked; /* it has blocks that were not applied: what is written would come after them */

    echo__rebuild *rebuild; /* of items that are stale or foreign, while it runs */
    uint64_t rebuilt_at;    /* the clock's total when the last one began since opening; 0: none did */
    uint64_t applied;
    echo__costs costs;
    /*
     * Called between messages: takes snapshots, in the layer above; NULL: nothing is called. idle: no message is
     * waiting. It cannot fail, and adds the time it took to ns_between.
     */
    void (*between)(struct echo_party *party, bool idle);
    struct echo__taker *taker;                /* belongs to that layer */
    void (*detach)(struct echo_party *party); /* ends and frees the taker */
    uint64_t ns_between;
    bool cancelled;   /* by the host's progress callback */
    unsigned calls;   /* that run, one within the other (echo__party_enter()) */
    bool asking;      /* the host's `admit` runs */
    bool free_wanted; /* once they have ended */
    echo_restore_report report;
    echo_error *damage;
    size_t damage_cap;
};

/* An empty party; options are checked by the caller. */
echo_status echo__party_new(echo_party **out, const echo_key *key, const echo_party_options *options,
                            echo_error *err) ECHO_MUST_USE;
/*
 * Sets the party's feeds and store (ops NULL: no store). newest: the highest number of a snapshot in the store. The
 * caller owns both until owns_feeds and owns_store are set.
 */
echo_status echo__party_over(echo_party *party, const echo_feeds *feeds, const echo_store *store, uint64_t newest,
                             echo_error *err) ECHO_MUST_USE;
/* Frees the party now, whoever is in a call. */
void echo__party_destroy(echo_party *party);

/*
 * Calls within calls. A hook, a callback or a walk of the host runs inside a call on the party, and finds the party in
 * the middle of something. Calls from there that would change or walk the party are refused; those that only read are
 * answered.
 *
 * enter begins a call that changes or walks the party. ECHO_ERR_BUSY within another one, ECHO_ERR_INVALID for NULL.
 * hold is the same for calls that only read, around a hook of the host's, and always allowed. leave ends either: it
 * frees the party if that was asked for meanwhile, so nothing may touch it afterwards.
 */
echo_status echo__party_enter(echo_party *party, echo_error *err) ECHO_MUST_USE;
void echo__party_hold(const echo_party *party);
void echo__party_leave(const echo_party *party);
/* The party of an item that the host has; NULL: of none. */
const echo_party *echo__party_of(const echo_item *item);

uint64_t echo__party_clock_ns(const echo_party *party);
/* Calls the host's progress callback, if one is set. */
echo_status echo__party_progress(echo_party *party, const char *phase, uint64_t done, uint64_t total) ECHO_MUST_USE;
/* Adds a problem to the report; it is left out when memory runs out. */
void echo__party_damage(echo_party *party, const echo_error *problem);
/* Adds one credential to admission and, if it is not in the root, to the list. */
echo_status echo__party_credential(echo_party *party, const echo__stamp *stamp, echo_bytes bytes, bool stored,
                                   echo_error *err) ECHO_MUST_USE;
/* The number of items with foreign states that wait for a rebuild that has not begun. */
uint64_t echo__party_awaits_rebuild(const echo_party *party);
/* Whether the party applies the feed's messages. */
bool echo__party_admits(const echo_party *party, const echo_key *feed);
/* Whether the host decides which feeds count (`admit` or `admitted`), so that credentials do not. */
bool echo__party_admits_by_host(const echo_party *party);
/*
 * Whether this is a member's key: of a feed that the party admits, or, unless the host decides, one that the
 * credentials trust. Everybody who asks that of an open party asks this.
 */
bool echo__party_is_member(const echo_party *party, const echo_key *key);
/* ECHO_OK if this message of a feed that is not admitted is a credential that admits it; ECHO_ERR_REFUSED otherwise. */
echo_status echo__party_accepts(const echo_party *party, const echo_key *feed, const echo_message *message);

#endif
