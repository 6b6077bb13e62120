/*
 * What the files of this layer share.
 *
 *   exchange.c   the exchange and its connections; steps
 *   peer.c       one connection: messages in and out, and dropping a peer
 *   serve.c      answering a peer
 *   offers.c     asking peers what they have, and what to do about it
 *   chunks.c     fetching trees: credentials, then items
 *   tail.c       fetching blocks
 *   trust.c      members and attestations
 *   install.c    from "everything is here" to a published snapshot
 *   below: frontier.c (what is missing of a tree), overlay.c (reading what is half here), delta.c, plan.c, wire.c,
 * channel.c
 *
 * A fetch is one machine with a phase; each step asks peers for what the phase needs, within a window for each peer.
 * Peers answer in the order they were asked, so the request that an answer belongs to is the first of the peer's list.
 */
#ifndef ECHO_EXCHANGE_INTERNAL_H
#define ECHO_EXCHANGE_INTERNAL_H

#include "echo/exchange.h"
#include "exchange/channel.h"
#include "exchange/frontier.h"
#include "exchange/overlay.h"
#include "exchange/wire.h"
#include "feed/credentials.h"

#define ECHO__REQUESTS_MAX 4096u /* that a peer has not answered: it takes no more than so many */
#define ECHO__FIRST_WINDOW                                                                                             \
    ((size_t)16 << 10) /* bytes in flight at first, so that what is touched does not wait behind much */

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
    bool delta; /* lines of the base were told */
    bool late;  /* of a target that was given up */
    /* tails */
    size_t tail; /* which, in the exchange's list */
} echo__request;

/* What a peer offered last. */
typedef struct echo__offer {
    bool here;     /* it answered */
    bool snapshot; /* and has one that can be considered: */
    bool banned;
    bool considered; /* it was here when a plan was made */
    echo__buf text;
    echo__manifest manifest;
    echo_hash digest;
    echo_hash text_hash;
    echo__offered_feed *feeds; /* ascending by key */
    size_t feed_count;
} echo__offer;

/* What a peer asked of us. */
typedef struct echo__serving {
    struct echo__serving *next;
    uint8_t type;
    uint32_t id;
    echo_hash hash; /* or a feed's key */
    uint64_t from, to;
    size_t len;
    uint8_t bytes[];
} echo__serving;

struct echo_peer {
    struct echo_peer *next;
    echo_exchange *x;
    echo__channel *channel;
    bool plain;
    bool greeted, connected; /* we said hello; they did */
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
    bool looked;        /* at the time */
    bool finished;      /* we said goodbye */
    unsigned unvouched; /* manifests of its that nobody vouched for */
    bool attest_asked;  /* for its word about the target */
    echo__serving *wanted, **wanted_end;
    size_t wanted_count, wanted_bytes;
};

/* A feed whose blocks are fetched. */
typedef struct echo__fetched {
    echo_key key;
    struct echo__open_feed *feed; /* NULL: it is made when the first of its blocks come */
    uint64_t at, to;              /* blocks at.. to-1 are missing */
    bool asked, given_up;
} echo__fetched;

typedef struct echo__open_feed {
    echo_key key;
    void *handle;
    bool changed; /* blocks were put since it was synced */
} echo__open_feed;

/* Whose offers could not be had or were nonsense, in this fetch. */
typedef struct echo__blamed {
    echo_key member;
    unsigned count;
} echo__blamed;

#define ECHO__ABSENT 16u
#define ECHO__BLAME_MOST 3u /* snapshots of one member that are tried in vain in a fetch */

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

    echo_exchange_phase phase;
    bool usable;                     /* the store was handed out; it shows a target: */
    echo_hash shown;                 /* its digest */
    echo_hash installed;             /* of what was installed last, if anything was */
    echo_timeframe *installed_clock; /* and what it covers */
    bool installed_any;
    echo_exchange_state state;
    echo__admission *admission; /* of the credentials that are here; NULL: none are yet */

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
    echo_hash absent[ECHO__ABSENT]; /* of those that were asked for out of turn, what a peer has not got: they wait for
                                       their turn */
    unsigned absent_count;

    echo__fetched *tails;
    size_t tail_count, tail_cap;
    echo_hash *
        banned; /* digests of states that are not what they claim, and hashes of manifests that no member vouches for */
    size_t banned_count, banned_cap;
    echo__blamed *blamed;
    size_t blamed_count, blamed_cap;
    unsigned attest_asked; /* of this target: peers asked for their word */
};

/* exchange.c */
void echo__exchange_tell(echo_exchange *x, echo_exchange_event_kind kind, const echo_peer *peer,
                         const echo_error *error);
/* A failure here, not of a peer: told; the fetch ends, and start() tries again. */
void echo__exchange_fail(echo_exchange *x, const echo_error *problem);
/* Ends the fetch. */
void echo__exchange_rest(echo_exchange *x);
/* A feed here; made when missing and `make`. */
echo_status echo__exchange_feed(echo__open_feed **out, echo_exchange *x, const echo_key *key, bool make,
                                echo_error *err) ECHO_MUST_USE;

/* peer.c */
echo_status echo__peer_send(echo_peer *peer, uint8_t type, const echo_bytes *parts, size_t n);
/* Names and drops a peer; what it was asked is asked of others. */
void echo__peer_drop(echo_peer *peer, const echo_error *why);
echo_status echo__peer_lied(echo_peer *peer, echo_status code, const char *what);
echo__request *echo__peer_request(echo_peer *peer, echo__request_kind kind, size_t expected);
/* Forgets the request that was made last: it was not sent, and would be waited for in vain. */
void echo__peer_take_back(echo_peer *peer);
/* The first request, if it is of this kind and id; NULL: nobody asked. */
echo__request *echo__peer_answered(echo_peer *peer, echo__request_kind kind, uint32_t id);
void echo__peer_finish_request(echo_peer *peer); /* frees the first request */
static inline bool echo__peer_ready(const echo_peer *peer) { return peer->connected && !peer->over; }

/* Drops it when it has sent nothing useful for too long. */
void echo__peer_look(echo_peer *peer);
/* Tells why its offer is not taken. */
void echo__peer_reject(echo_peer *peer, uint8_t reason, const echo_error *why);

/* serve.c */
echo_status echo__serve_take(echo_peer *peer, uint8_t type, echo_bytes payload, echo_error *err) ECHO_MUST_USE;
void echo__serve_fill(echo_peer *peer);
void echo__serve_forget(echo_peer *peer);
size_t echo__serve_most(const echo_peer *peer, uint8_t type);

/* offers.c */
void echo__offer_free(echo__offer *offer);
echo_status echo__offers_take(echo_peer *peer, echo_bytes payload, echo_error *err) ECHO_MUST_USE;
void echo__offers_step(echo_exchange *x);
/* A feed in an offer, or NULL. */
echo__offered_feed *echo__offer_find(const echo__offer *offer, const echo_key *key);
/* The snapshot that this peer offered was tried in vain. */
void echo__offers_blame(echo_exchange *x, const echo_peer *peer);
/*
 * The party, as far as it tells what is here; NULL: nothing is. One that was restored from the snapshot that is being
 * fetched covers what is not here yet.
 */
const echo_party *echo__offers_party(const echo_exchange *x);
/* What is covered here: the party's clock, or that of what was installed before it is opened; NULL: nothing. */
const echo_timeframe *echo__offers_clock(const echo_exchange *x);
/* A state, by its digest, is not what it claims to be, or a manifest, by its hash, is vouched for by nobody: no offer
 * of it is taken again. */
void echo__offers_ban(echo_exchange *x, const echo_hash *hash, const echo_error *why, uint8_t reason);

/* chunks.c */
echo_status echo__chunks_begin(echo_exchange *x, const echo__offer *offer, echo_error *err) ECHO_MUST_USE;
void echo__chunks_end(echo_exchange *x);
void echo__chunks_step(echo_exchange *x);
echo_status echo__chunks_take(echo_peer *peer, echo_bytes payload, echo_error *err) ECHO_MUST_USE;
/* A request that will not be answered. */
void echo__chunks_lost(echo_exchange *x, echo__request *request);

/* tail.c */
echo_status echo__tail_begin(echo_exchange *x, bool covered, echo_error *err) ECHO_MUST_USE;
void echo__tail_end(echo_exchange *x);
void echo__tail_step(echo_exchange *x);
echo_status echo__tail_take(echo_peer *peer, echo_bytes payload, echo_error *err) ECHO_MUST_USE;

/* trust.c */
/* Whether a key is a member as far as is known here; *known false: it cannot be told. */
bool echo__trust_member(const echo_exchange *x, const echo_key *key, bool *known);
/* From the target's credentials; then judges its author, its attestations and the peers. */
echo_status echo__trust_credentials(echo_exchange *x, echo_error *err) ECHO_MUST_USE;
void echo__trust_judge_peers(echo_exchange *x);
/* Whether enough members vouch for the target; ECHO_ERR_PENDING: others are asked still. */
echo_status echo__trust_enough(echo_exchange *x, echo_error *err) ECHO_MUST_USE;
void echo__trust_ask(echo_exchange *x);
echo_status echo__trust_take(echo_peer *peer, echo_bytes payload, echo_error *err) ECHO_MUST_USE;
/* SAMPLED and REPLAYED: the target against the feeds. ECHO_ERR_CORRUPT: they differ. */
echo_status echo__trust_replay(echo_exchange *x, echo_error *err) ECHO_MUST_USE;

/* install.c */
/* Whether a snapshot with these trees, those of which no items are asked about, is kept in the store, so that their
 * chunks stay. */
echo_status echo__install_keeps(bool *out, const echo_exchange *x, const echo__root *items,
                                const echo__root *credentials, echo_error *err) ECHO_MUST_USE;
/* ECHO_ERR_BUSY: another time. */
echo_status echo__install(echo_exchange *x, echo_error *err) ECHO_MUST_USE;
#endif
