/*
 * The structures of an exchange, which the files of this layer share. From the top down; nothing calls upwards:
 *
 *   exchange.c       the public calls that concern the whole exchange
 *   fetch.c          the machine: the only file that changes the phase, by one table
 *   dispatch.c       a connection for the host: which part each message goes to
 *   offers.c         what peers have            attest.c    who vouches for the target
 *   fetch_chunks.c   chunks of trees            replay.c    the target against the feeds
 *   fetch_delta.c    chunks as deltas          roots.c     blocks against the snapshot
 *   fetch_blocks.c   blocks of feeds            install.c   publishing the target
 *   serve.c          what a peer asks of us     target.c    the snapshot that is being fetched
 *   answer.c         and the answers
 *   members.c        which keys are members
 *   peer.c           one connection: its queue of requests, sending, dropping
 *   here.c           what is present locally    open_feeds.c, event.c
 *   beside them: frontier.c (what is missing of a tree), overlay.c (reading what has arrived in part), delta.c, plan.c,
 *   wire.c, channel.c
 *
 * Parts report and decide nothing: they return an echo__outcome, and fetch.c looks up what follows. Peers answer in the
 * order of the requests, so an answer belongs to the first request in the peer's list.
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
    ECHO__MORE,  /* continues with the next step, or when something arrives */
    ECHO__DONE,  /* nothing is left to do */
    ECHO__LOST,  /* no connected peer has what is missing */
    ECHO__BAD,   /* the target is not what its manifest claims, or too few members vouch for it; see `why` */
    ECHO__FAILED /* the store, a feed or memory failed locally; see `why` */
} echo__outcome;

/* The outcome of a failure to read the target: BAD for codes that its contents can cause, FAILED for others. */
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

/* What an arrived answer led to; ECHO__MORE: nothing to decide. */
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

/* A request that the peer has not answered yet. */
typedef struct echo__request {
    struct echo__request *next;
    uint32_t id;
    echo__request_kind kind;
    size_t expected; /* estimated bytes of the answer */
    /* chunks */
    echo__want *want; /* NULL: a touched chunk, requested out of turn */
    echo__frontier *frontier;
    echo_hash hash;
    size_t most;
    bool delta; /* fingerprints of the base's lines were sent */
    bool late;  /* for a target that was given up */
    /* tails */
    size_t tail; /* index in the exchange's list; beyond its end: for a fetch that is over */
} echo__request;

/* The last offer of a peer. */
typedef struct echo__offer {
    bool here;     /* the offer has arrived */
    bool snapshot; /* it has a snapshot that can be considered: */
    bool banned;
    bool considered; /* the offer had arrived when the plan was made */
    echo__buf text;
    echo__manifest manifest;
    echo_hash digest;
    echo_hash text_hash;
    echo__offered_feed *feeds; /* ascending by key */
    size_t feed_count;
} echo__offer;

/* A question of a peer that we have not answered yet. */
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
    /* Set when the peer is opened; the only calls upwards from peer.c and calls.c. None may drop a peer. */
    void (*lost)(echo_peer *peer, echo__request *request); /* this request will not be answered */
    void (*dropped)(echo_peer *peer);                      /* nothing more will be sent to it */
    void (*destroy)(echo_peer *peer);                      /* frees it */
    bool plain;
    bool greeted, connected; /* we sent a hello; the peer did */
    bool serves;
    bool judged; /* known to be a member */
    bool over;
    bool closing; /* the host closed it within a call (calls.h) */
    bool asked;   /* asked for an offer in this fetch */
    echo__offer offer;
    echo__request *first, **end;
    size_t in_flight, window; /* bytes */
    size_t request_count;
    uint32_t next_id;
    uint64_t useful_ns;  /* when it last sent something requested, or was sent a request while idle */
    uint64_t useful_raw; /* bytes received by then */
    bool lacks;          /* it does not have some chunk of the target */
    bool has_lacked;     /* in this fetch it did not have what it had offered: */
    echo_hash lacked;
    bool timed;         /* useful_ns is set */
    bool finished;      /* we sent the end of the stream */
    unsigned unvouched; /* number of manifests it offered that no member vouches for */
    bool attest_asked;  /* asked for its attestation of the target */
    echo__question *wanted, **wanted_end;
    size_t wanted_count, wanted_bytes;
    unsigned asks_waiting;      /* ASK and ATTEST among them, which take work whatever their length */
    uint64_t offered, rejected; /* offers sent, and what it said of them */
};

/* A feed whose blocks are fetched. */
typedef struct echo__fetched {
    echo_key key;
    struct echo__open_feed *feed; /* NULL: it is created when its first blocks arrive */
    uint64_t at, to;              /* blocks `at` to `to` - 1 are missing */
    bool asked, given_up;
    bool compared; /* with the roots that snapshots name (P14) */
} echo__fetched;

typedef struct echo__open_feed {
    echo_key key;
    void *handle;
    bool changed; /* blocks were put since the last sync */
} echo__open_feed;

/* A member whose offers could not be fetched or were wrong, in this fetch. */
typedef struct echo__blamed {
    echo_key member;
    unsigned count;
} echo__blamed;

#define ECHO__ABSENT 16u

/* What the host asked for within a call of its own (calls.h). */
typedef struct echo__exchange_calls {
    bool running;
    bool free_wanted, has_next;
    void (*after)(echo_exchange *x); /* does either; set when the exchange is made */
    echo_party *held;                /* the party that was open when the call began */
    echo_party *next;                /* with has_next: the party from then on */
} echo__exchange_calls;

struct echo_exchange {
    echo__exchange_calls calls;
    echo_exchange_options options; /* keys, members: see below */
    echo_key party;
    echo_keypair keys;
    bool has_keys;
    echo_key *members;
    const echo_store *store;
    const echo_feeds *feeds;
    echo_feeds party_feeds; /* the party's, if the options named none */
    echo_store own_store;   /* the party's, opened again, if the options named none; ops NULL otherwise */
    echo__overlay overlay;
    echo__chunks *chunks; /* over the overlay */
    echo_peer *peers;
    uint64_t now_ns;
    echo__map open; /* feeds that are served or fetched: echo__open_feed by key */

    echo_exchange_phase phase;       /* only fetch.c writes it */
    bool usable;                     /* the store was handed out, and it shows a target: */
    echo_hash shown;                 /* its digest */
    echo_hash installed;             /* digest of the snapshot installed last, if any */
    echo_timeframe *installed_clock; /* and what it covers */
    echo__feed_roots installed_roots;
    echo_exchange_state state;
    echo__admission *admission; /* of the last target's credentials; NULL: none have arrived yet */

    /* The target. */
    bool has_target;
    echo_hash target_digest;
    echo__manifest target;
    echo__buf target_text;
    echo__frontier credentials, items;
    bool walking;  /* the two frontiers are initialised */
    bool replayed; /* the target was checked against the feeds */
    uint64_t
        instead; /* while chunks are tried: bytes of the tail that may be fetched instead; 0: chunks are decided on */
    uint64_t spent; /* bytes of chunks and fingerprints, for this target */
    char **wishes;  /* ids of items to fetch next, latest last */
    size_t wish_count, wish_cap;
    echo_hash *touching; /* chunks requested out of turn */
    size_t touching_count, touching_cap;
    echo_hash absent[ECHO__ABSENT]; /* chunks requested out of turn that a peer does not have: they wait for their
                                       turn */
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
