/*
 * A party inside: its items and credentials over the last snapshot's roots, its clock, and the stream of messages that
 * moves it. Layers below (snapshot, exchange) see all of it.
 */
#ifndef ECHO_PARTY_INTERNAL_H
#define ECHO_PARTY_INTERNAL_H

#include "feed/credentials.h"
#include "feed/merge.h"
#include "party/cost.h"
#include "party/items.h"

/* How many items of the roots a (model, stored version) pair has; version 0: logs alone. */
typedef struct echo__model_count {
    char *model;
    uint32_t version;
    uint64_t items;
    bool opaque; /* when last counted, the host could not make states of them */
} echo__model_count;

typedef struct echo__model_counts {
    echo__model_count *list; /* ascending by (model, version) */
    size_t count, cap;
} echo__model_counts;

/* A credential that is not in the credentials root yet. */
typedef struct echo__credential {
    echo__stamp stamp;
    uint8_t *bytes;
    size_t len;
} echo__credential;

typedef struct echo__rebuild echo__rebuild;

struct echo_party {
    echo_key key;
    echo_party_options
        options; /* pointers to what was copied or taken over are NULL, but for own_feed; clock is never NULL */
    echo_snapshot_policy policy;
    echo_feeds feeds;
    bool owns_feeds;
    echo_store store; /* ops NULL: none */
    bool owns_store;
    echo_store below;         /* opened by us, in use until another took its place; ops NULL: there is none */
    echo_error store_problem; /* why there is no store although one was wanted */
    echo_codec codec;
    echo_key *admitted; /* the host's list */
    size_t admitted_count;

    echo__items items;
    echo_timeframe *clock;
    echo_timeframe *durable; /* what the feeds were synced at (P5) */
    echo__admission *admission;
    echo__merge *merge;
    uint32_t generation; /* dialect of the party's messages, 0: none seen */

    echo__chunks *chunks; /* over the store; NULL without one */
    echo__root root;      /* of the items, as of snapshot `number` */
    echo__root credentials_root;
    echo_timeframe *root_clock; /* what that snapshot covers */
    echo__model_counts models;
    uint64_t number; /* of the snapshot the roots are of; 0: none */
    uint64_t newest; /* highest number in the store, good or not */
    bool received;   /* the snapshot was made by others, or continues one that was */
    echo_hash manifest_hash;
    echo__credential *credentials;
    size_t credentials_count, credentials_cap;

    echo_key wanted; /* the feed to write to that the host named: options.own_feed points here, or is NULL */
    bool has_own;
    echo_key own; /* feed to write to */
    bool behind;  /* it is shorter than the snapshot says: never write */

    echo__rebuild *rebuild; /* of stale models, while it runs */
    uint64_t applied;
    echo__costs costs;
    /*
     * What is done between messages (taking snapshots, in the layer below); NULL: nothing. idle: there are no messages
     * now. It cannot fail, and counts what it took in ns_between.
     */
    void (*between)(struct echo_party *party, bool idle);
    struct echo__taker *taker;                /* that layer's own */
    void (*detach)(struct echo_party *party); /* ends and releases it */
    uint64_t ns_between;
    bool cancelled; /* by the host's progress callback */
    echo_restore_report report;
    echo_error *damage;
    size_t damage_cap;
};

/* An empty party over the given parts; options are checked by the caller. */
echo_status echo__party_new(echo_party **out, const echo_key *key, const echo_party_options *options,
                            echo_error *err) ECHO_MUST_USE;
uint64_t echo__party_clock_ns(const echo_party *party);
/* Opens the stream behind the clock. */
echo_status echo__party_open_feeds(echo_party *party, echo_error *err) ECHO_MUST_USE;
/* Applies up to max messages (0: all that can be applied now). */
echo_status echo__party_pump(echo_party *party, uint64_t max, uint64_t *applied, echo_error *err) ECHO_MUST_USE;
/* Which feed to write to, and whether that is safe; after admission or feeds changed. */
void echo__party_find_own(echo_party *party);
/* Calls the host's progress callback, if there is one. */
echo_status echo__party_progress(echo_party *party, const char *phase, uint64_t done, uint64_t total) ECHO_MUST_USE;
/* Tells a problem in the report; being out of memory for that is no error. */
void echo__party_damage(echo_party *party, const echo_error *problem);
/* Takes one credential into admission and, if it is not in the root, into the list. */
echo_status echo__party_credential(echo_party *party, const echo__stamp *stamp, echo_bytes bytes, bool stored,
                                   echo_error *err) ECHO_MUST_USE;
bool echo__party_admits(const echo_party *party, const echo_key *feed);

/* Counts. */
void echo__models_free(echo__model_counts *counts);
echo_status echo__models_copy(echo__model_counts *out, const echo__model_counts *counts) ECHO_MUST_USE;
echo_status echo__models_add(echo__model_counts *counts, const char *model, uint32_t version,
                             int64_t change) ECHO_MUST_USE;

/* rebuild.c: items of stale models, made again from the feeds. */
/* Which items: those whose model and stored version the registry does not read. Starts it when there are any and all
 * blocks are here. */
echo_status echo__rebuild_start(echo_party *party, echo_error *err) ECHO_MUST_USE;
/* Applies up to max messages of the pass (0: to the end). */
echo_status echo__rebuild_step(echo_party *party, uint64_t max, echo_error *err) ECHO_MUST_USE;
void echo__rebuild_free(echo__rebuild *rebuild);
uint64_t echo__rebuild_items(const echo__rebuild *rebuild);
/* Whether the registry reads that stored form of a model; a model that is not registered is not stale. */
bool echo__model_is_stale(const echo_registry *registry, const char *model, uint32_t version);
/* Whether the host can make states of it. */
bool echo__model_is_opaque(const echo_registry *registry, const char *model, uint32_t version);

#endif
