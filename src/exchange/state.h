/*
 * The structures of an exchange, which the files of this layer share. From the top down; nothing calls upwards:
 *
 *   exchange.c       the public calls that concern the whole exchange
 *   fetch.c          the machine: the only file that changes the phase, by one table
 *   dispatch.c       a connection for the host: which part each message goes to
 *   offers.c         what peers have            attest.c    who vouches for the target
 *   fetch_chunks.c   chunks of trees            replay.c    the target against the feeds
 *   fetch_blocks.c   blocks of feeds            install.c   publishing the target
 *   serve.c          what a peer asks of us     target.c    the snapshot that is being fetched
 *   members.c        who is a member
 *   peer.c           one connection: its queue of requests, sending, dropping
 *   here.c           what is present locally    open_feeds.c, event.c
 *   beside them: frontier.c (what is missing of a tree), overlay.c (reading what has arrived in part), delta.c, plan.c,
 *   wire.c, channel.c
 *
 * Parts report and decide nothing: they answer an echo__outcome, and fetch.c looks up where it leads. Peers answer in
 * the order in which they were asked, so the request that an answer belongs to is the first of the peer's list.
 */
#ifndef ECHO_EXCHANGE_STATE_H
#define ECHO_EXCHANGE_STATE_H

#include "base/error.h"
#include "echo/exchange.h"
#include "exchange/channel.h"
#include "exchange/frontier.h"
#include "exchange/overlay.h"
#include "exchange/wire.h"
#include "feed/credentials.h"

/* What a part of a fetch reports. */
typedef enum echo__outcome {
    ECHO__MORE,  /* it goes on with the next step, or when something arrives */
    ECHO__DONE,  /* nothing is left to do */
    ECHO__LOST,  /* no connected peer has what is missing */
    ECHO__BAD,   /* the target is not what its manifest claims, or too few vouch for it: `why` */
    ECHO__FAILED /* the store, a feed or memory failed locally: `why` */
} echo__outcome;

/* A failure to read the target: whose it is. The codes that its contents can cause are its own fault. */
static inline echo__outcome echo__outcome_of(echo_status status, echo_error *why) {
    if (status != ECHO_OK) echo__error_adopt(why, status, "the snapshot could not be read");
    switch (status) {
    case ECHO_OK: return ECHO__DONE;
    case ECHO_ERR_CORRUPT:
    case ECHO_ERR_LIMIT:
    case ECHO_ERR_VERSION:
    case ECHO_ERR_SIGNATURE:
    case ECHO_ERR_REFUSED: return ECHO__BAD;
    default: return ECHO__FAILED;
    }
}

/* What an answer that arrived led to; ECHO__MORE: nothing to decide. */
typedef struct echo__report {
    echo__outcome outcome;
    echo_error why;
} echo__report;

typedef enum echo__request_kind {
    ECHO__REQUEST_ASK,
    ECHO__REQUEST_CHUNK,
    ECHO__REQUEST_TAIL,
    ECHO__REQUEST_ATTEST
} echo__request_kind;

/* What a peer was asked and has not answered yet. */
typedef struct echo__request {
    struct echo__request *next;
    uint32_t id;
    echo__request_kind kind;
    size_t expected; /* bytes, about */
    /* chunks */
    echo__want *want; /* NULL: a touched chunk, wanted out of turn */
    echo__frontier *frontier;
    echo_hash hash;
    size_t most;
    bool delta; /* prints of the base's lines were sent */
    bool late;  /* of a target that was given up */
    /* tails */
    size_t tail; /* which, in the exchange's list; beyond its end: of a fetch that is over */
} echo__request;

/* What a peer offered last. */
typedef struct echo__offer {
    bool here;     /* it answered */
    bool snapshot; /* and has one that can be considered: */
    bool banned;
    bool considered; /* the offer had arrived when a plan was made */
    echo__buf text;
    echo__manifest manifest;
    echo_hash digest;
    echo_hash text_hash;
    echo__offered_feed *feeds; /* ascending by key */
    size_t feed_count;
} echo__offer;

/* What a peer asked of us. */
typedef struct echo__question {
    struct echo__question *next;
    uint8_t type;
    uint32_t id;
    echo_hash hash; /* or a feed's key */
    uint64_t from, to;
    size_t len;
    uint8_t bytes[];
} echo__question;

struct echo_peer {
    struct echo_peer *next;
    echo_exchange *x;
    echo__channel *channel;
    /* Set when it is opened; the only ways up from peer.c. Neither may drop a peer. */
    void (*lost)(echo_peer *peer, echo__request *request); /* this request will not be answered */
    void (*dropped)(echo_peer *peer);                      /* nothing more will be sent to it */
    bool plain;
    bool greeted, connected; /* we said hello; the peer did */
    bool serves;
    bool judged; /* it is known to be a member */
    bool over;
    bool asked; /* of this fetch */
    echo__offer offer;
    echo__request *first, **end;
    size_t in_flight, window; /* bytes */
    size_t request_count;
    uint32_t next_id;
    uint64_t useful_ns;  /* when it last sent something that was asked for, or was asked while idle */
    uint64_t useful_raw; /* bytes received by then */
    bool lacks;          /* chunks of the target */
    bool has_lacked;     /* in this fetch it could not give what it offered: */
    echo_hash lacked;
    bool timed;         /* useful_ns is set */
    bool finished;      /* we said goodbye */
    unsigned unvouched; /* manifests it offered that nobody vouched for */
    bool attest_asked;  /* for its word about the target */
    echo__question *wanted, **wanted_end;
    size_t wanted_count, wanted_bytes;
};

/* A feed whose blocks are fetched. */
typedef struct echo__fetched {
    echo_key key;
    struct echo__open_feed *feed; /* NULL: it is made when the first of its blocks arrive */
    uint64_t at, to;              /* blocks at.. to-1 are missing */
    bool asked, given_up;
} echo__fetched;

typedef struct echo__open_feed {
    echo_key key;
    void *handle;
    bool changed; /* blocks were put since it was synced */
} echo__open_feed;

/* A member whose offers could not be fetched or were wrong, in this fetch. */
typedef struct echo__blamed {
    echo_key member;
    unsigned count;
} echo__blamed;

#define ECHO__ABSENT 16u

struct echo_exchange {
    echo_exchange_options options; /* keys, members: see below */
    echo_key party;
    echo_keypair keys;
    bool has_keys;
    echo_key *members;
    const echo_store *store;
    const echo_feeds *feeds;
    echo_feeds party_feeds; /* the party's, when the options named none */
    echo_store own_store;   /* the party's, opened again, when the options named none; ops NULL otherwise */
    echo__overlay overlay;
    echo__chunks *chunks; /* over the overlay */
    echo_peer *peers;
    uint64_t now_ns;
    echo__map open; /* feeds that are served or fetched: echo__open_feed by key */

    echo_exchange_phase phase;       /* fetch.c alone writes it */
    bool usable;                     /* the store was handed out; it shows a target: */
    echo_hash shown;                 /* its digest */
    echo_hash installed;             /* digest of what was installed last, if anything was */
    echo_timeframe *installed_clock; /* and what it covers */
    echo_exchange_state state;
    echo__admission *admission; /* of the last target's credentials; NULL: none have arrived yet */

    /* The target. */
    bool has_target;
    echo_hash target_digest;
    echo__manifest target;
    echo__buf target_text;
    echo__frontier credentials, items;
    bool walking;  /* they are initialised */
    bool replayed; /* it is what the feeds say */
    uint64_t
        instead;    /* bytes of the tail that may be fetched instead, while chunks are tried; 0: they are settled on */
    uint64_t spent; /* bytes of chunks and prints, for this target */
    char **wishes;  /* items to fetch next, latest last */
    size_t wish_count, wish_cap;
    echo_hash *touching; /* chunks asked for out of turn */
    size_t touching_count, touching_cap;
    echo_hash absent[ECHO__ABSENT]; /* chunks that were asked for out of turn and that a peer does not have: they wait
                                       for their turn */
    unsigned absent_count;

    echo__fetched *tails;
    size_t tail_count, tail_cap;
    echo_hash *banned; /* digests of states that are not what they claim, and hashes of manifests that no member vouches
                          for */
    size_t banned_count, banned_cap;
    echo__blamed *blamed;
    size_t blamed_count, blamed_cap;
};
#endif
