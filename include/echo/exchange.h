/*
 * echo/exchange.h: exchanging snapshots and blocks with peers: joining a party, catching up after being away, and
 * serving both.
 *
 * An exchange is a state machine without sockets, clock or threads. The host carries bytes between the exchanges of two
 * peers (docs/EXCHANGE.md specifies them) and passes in the time. One exchange serves one party and any number of
 * connections. It belongs to one thread; if the party is open, to the party's thread.
 *
 * Every chunk is hashed before it is stored. Every block is checked against a signed root. Every manifest must belong
 * to this party and be signed or attested by members (P8). A peer that sends anything else is reported and dropped, and
 * what was requested from it is requested from other peers.
 */
#ifndef ECHO_EXCHANGE_H
#define ECHO_EXCHANGE_H

#include <echo/party.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct echo_exchange echo_exchange;
typedef struct echo_peer echo_peer; /* a connection */

/* What a snapshot from others needs before it is installed. Each level includes the levels before it. */
#define ECHO_TRUST_MAP(XX)                                                                                             \
    XX(RECEIVED, "received") /* a member signed its manifest, or attested its state */                                 \
    XX(ATTESTED, "attested") /* `attestations` members attested its state: each of them computed that root itself */   \
    XX(SAMPLED, "sampled")   /* `samples` items, drawn at random after the root was known, equal what the feeds say.   \
                                Needs all blocks */                                                                    \
    XX(REPLAYED, "replayed") /* all items equal what the feeds say. Needs all blocks */
typedef enum echo_trust {
#define XX(name, text) ECHO_TRUST_##name,
    ECHO_TRUST_MAP(XX)
#undef XX
} echo_trust;
/* "received" and so on, a constant; "unknown" for other values. */
const char *echo_trust_name(echo_trust trust);

#define ECHO_EXCHANGE_EVENT_MAP(XX)                                                                                    \
    XX(CONNECTED, "connected") /* both sides proved to be members; a joiner may learn that only later */               \
    /* The peer lied, stalled or broke the protocol: `error`. ECHO_ERR_NOMEM: memory ran out amid its connection. */   \
    XX(DROPPED, "dropped")                                                                                             \
    XX(CLOSED, "closed")         /* the peer ended the connection */                                                   \
    XX(REFUSED, "refused")       /* an offer was refused; `error` says why */                                          \
    XX(TARGET, "target")         /* fetching a snapshot begins; it covers `messages` messages */                       \
    XX(USABLE, "usable")         /* the snapshot's root arrived: echo_exchange_store() can be opened */                \
    XX(INSTALLED, "installed")   /* the snapshot is in the store as `number`; call echo_party_switch() */              \
    XX(UP_TO_DATE, "up to date") /* nothing is missing that the connected peers have */                                \
    /* The local store, a feed or memory failed: `error`; echo_exchange_start() tries again. ECHO_ERR_CONFLICT: a      \
     * feed was forked, perhaps not by `peer`, which sent its blocks; the fetch continues. */                          \
    XX(FAILED, "failed")
typedef enum echo_exchange_event_kind {
#define XX(name, text) ECHO_EXCHANGE_EVENT_##name,
    ECHO_EXCHANGE_EVENT_MAP(XX)
#undef XX
        ECHO_EXCHANGE_EVENT_MAX_
} echo_exchange_event_kind;
/* "connected" and so on, a constant; "unknown" for other values. */
const char *echo_exchange_event_name(echo_exchange_event_kind kind);

typedef struct echo_exchange_event {
    echo_exchange_event_kind kind;
    echo_peer *peer;        /* the connection concerned, or NULL */
    const echo_key *member; /* the peer's key, or NULL while it is not known */
    const echo_error *error;
    uint64_t messages;
    uint64_t number;
} echo_exchange_event;
/*
 * Called during calls on the exchange and its peers. From there, and from hooks of the store and the feeds, all
 * functions of the exchange and its peers are ECHO_ERR_BUSY, and so are those that change or walk the open party;
 * echo_peer_pending() returns nothing. Allowed are echo_exchange_state_get(), echo_exchange_store(),
 * echo_peer_is_over(), echo_peer_finish() and echo_peer_sent(). What echo_peer_close(), echo_exchange_free(),
 * echo_exchange_set_party() and echo_party_free() do is done when the outer call ends, in this order.
 */
typedef void (*echo_exchange_event_fn)(void *arg, const echo_exchange_event *event);

/* Values in parentheses are those of ECHO_EXCHANGE_OPTIONS_INIT. */
typedef struct echo_exchange_options {
    uint32_t version;         /* 1 */
    const echo_key *party;    /* required unless `opened` is set; copied */
    const echo_store *store;  /* required unless `opened` is set, whose store is then opened again; borrowed. Must be a
                                 handle through which nothing else writes: received chunks are stored in it */
    const echo_feeds *feeds;  /* required unless `opened` is set, whose feeds are used then; with the hooks for
                                 exchanging  blocks; borrowed */
    const echo_keypair *keys; /* a member's key pair: the identity that this side proves. Copied. NULL: the own feed's
                                 of `opened`; without one, only for transports that prove identities themselves
                                 (echo_peer_options.plain) */
    echo_party *opened; /* the party, if it is open in this process: it knows members, feeds and what is covered. It
                           alone suffices. Borrowed; see echo_exchange_set_party(). If its feeds are used, the exchange
                           must be freed before the party */
    const echo_registry *models; /* if set, a snapshot with a model version that the registry does not read is refused
                                    when there is another way. NULL: any versions are accepted */
    const echo_codec *codec;     /* NULL: echo_codec_dxos() */
    const echo_key *members;     /* keys named by an invitation: who may be a peer until the party's credentials have
                                    arrived. Without any, every member may be, and is judged once they have. Copied */
    size_t member_count;
    bool serve;            /* offer what is stored locally to others (true) */
    echo_trust trust;      /* the minimum that is accepted (RECEIVED) */
    uint32_t attestations; /* ATTESTED and above: how many members must attest (2) */
    uint32_t samples;      /* SAMPLED: how many items are compared (100) */
    uint64_t stall_ns;     /* a peer with open requests that sends nothing useful for this long is dropped (10 s) */
    size_t window;         /* maximum number of requested bytes that are outstanding per peer (2 MiB) */
    echo_exchange_event_fn event; /* optional */
    void *event_arg;
} echo_exchange_options;
#define ECHO_EXCHANGE_OPTIONS_INIT                                                                                     \
    {                                                                                                                  \
        1u, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, true, ECHO_TRUST_RECEIVED, 2u, 100u,                    \
            UINT64_C(10000000000), (size_t)2 << 20, NULL, NULL                                                         \
    }

/*
 * ECHO_ERR_INVALID, ECHO_ERR_VERSION (of the options), ECHO_ERR_UNSUPPORTED (the feeds cannot exchange blocks, or the
 * party's store cannot be opened a second time), ECHO_ERR_NOMEM, errors of the store.
 */
echo_status echo_exchange_new(echo_exchange **out, const echo_exchange_options *options, echo_error *err) ECHO_MUST_USE;
/* Closes its peers and frees it. What was received stays in the store for the next time. */
void echo_exchange_free(echo_exchange *exchange);
/* Call it when the party was opened, after echo_party_switch() replaced it, and with NULL before it is freed. */
void echo_exchange_set_party(echo_exchange *exchange, echo_party *party);

/* ---- Connections ---- */

typedef struct echo_peer_options {
    uint32_t version;       /* 1 */
    bool initiator;         /* exactly one of the two peers sets this: the one that connected */
    bool plain;             /* the transport encrypts and proves who the peer is; `member` is then the peer's key */
    const echo_key *member; /* plain only; copied */
} echo_peer_options;
#define ECHO_PEER_OPTIONS_INIT                                                                                         \
    { 1u, false, false, NULL }

/*
 * Call it for each new connection. *out belongs to the exchange and is valid until echo_peer_close(). ECHO_ERR_INVALID,
 * ECHO_ERR_VERSION (of the options), ECHO_ERR_REFUSED (plain: the peer is not a member), ECHO_ERR_NOMEM.
 */
echo_status echo_peer_open(echo_peer **out, echo_exchange *exchange, const echo_peer_options *options,
                           echo_error *err) ECHO_MUST_USE;
/* Call it when the connection ended or is to end. Frees the peer. */
void echo_peer_close(echo_peer *peer);
/*
 * Passes in bytes that arrived, in pieces of any size. On any code but ECHO_OK the peer is dropped: the host sends what
 * is pending, ends the connection and calls echo_peer_close(). ECHO_ERR_REFUSED: the peer is not a member, or belongs
 * to another party; a stranger does not learn which.
 */
echo_status echo_peer_receive(echo_peer *peer, echo_bytes bytes, echo_error *err) ECHO_MUST_USE;
/* The bytes to send next: a view, valid until the next call on this peer. Empty: nothing to send now. */
echo_bytes echo_peer_pending(echo_peer *peer);
/* Reports that the first n of the pending bytes were sent. */
void echo_peer_sent(echo_peer *peer, size_t n);
/* Sends a close message after the queued output. Nothing further is requested from or sent to this peer. */
void echo_peer_finish(echo_peer *peer);
/* Whether the peer was dropped or sent a close message: send what is pending, then close. */
bool echo_peer_is_over(const echo_peer *peer);

/*
 * Does what is due: requests more, stores what arrived, checks for stalled peers. Call it after bytes arrived and from
 * time to time; now_ns is any clock that never goes back. A call is short (it looks at some chunks and stores some
 * MiB), with two exceptions: the call that publishes looks up each chunk of the snapshot, and with ECHO_TRUST_SAMPLED
 * and above one call replays the feeds. Returns ECHO_OK also when the fetch failed; that is reported as an event, and
 * in the state. ECHO_ERR_INVALID: no exchange.
 */
echo_status echo_exchange_step(echo_exchange *exchange, uint64_t now_ns, echo_error *err) ECHO_MUST_USE;

/* ---- Fetching ---- */

/*
 * Starts fetching, until nothing is missing that connected peers have. It joins the party if nothing of it is stored
 * locally; otherwise it catches up, by the tail of the feeds or by the chunks that differ, whichever takes fewer bytes.
 * Fetching proceeds in echo_exchange_step(). Call it again to look for more.
 * ECHO_ERR_INVALID: no exchange.
 */
echo_status echo_exchange_start(echo_exchange *exchange, echo_error *err) ECHO_MUST_USE;
/*
 * A read-only store with the snapshot that is being fetched; borrowed. NULL before the event USABLE; valid until the
 * party that uses it is freed. You may restore a party from this store. Items whose chunks have arrived can be read;
 * others return ECHO_ERR_PENDING and are fetched next. ECHO_ERR_NOT_FOUND is returned only once the chunks that prove
 * the item's absence have arrived.
 */
const echo_store *echo_exchange_store(echo_exchange *exchange);
/* Fetches this item before the rest. May be called any number of times; the last item named is fetched first. */
echo_status echo_exchange_want(echo_exchange *exchange, const char *id, echo_error *err) ECHO_MUST_USE;

#define ECHO_EXCHANGE_PHASE_MAP(XX)                                                                                    \
    XX(IDLE, "idle")         /* nothing is fetched */                                                                  \
    XX(ASKING, "asking")     /* asking peers what they have */                                                         \
    XX(MEMBERS, "members")   /* fetching credentials, from which the members follow */                                 \
    XX(ITEMS, "items")       /* fetching chunks */                                                                     \
    XX(TAIL, "blocks")       /* fetching blocks */                                                                     \
    XX(CHECKING, "checking") /* comparing the snapshot with the feeds (SAMPLED, REPLAYED) */
typedef enum echo_exchange_phase {
#define XX(name, text) ECHO_EXCHANGE_PHASE_##name,
    ECHO_EXCHANGE_PHASE_MAP(XX)
#undef XX
} echo_exchange_phase;
/* "idle" and so on, a constant; "unknown" for other values. */
const char *echo_exchange_phase_name(echo_exchange_phase phase);

typedef struct echo_exchange_state {
    echo_exchange_phase phase;
    bool by_chunks;           /* the plan: chunks and then the tail after them; false: the tail alone */
    uint64_t items;           /* in the snapshot that is being fetched */
    uint64_t items_here;      /* of those, how many have their leaf stored locally, as far as leaves were looked at */
    uint64_t chunks_received; /* from peers */
    uint64_t chunks_kept;     /* not requested, because they were stored locally or in the previous snapshot */
    uint64_t chunk_bytes;     /* of the received chunks, unpacked */
    uint64_t blocks_received, block_bytes;
    uint64_t bytes_received, bytes_sent; /* on the wire, over all connections */
    uint64_t peers, dropped;
    uint64_t installed; /* number of the last snapshot that was published; 0: none */
    uint64_t covered;   /* messages that it covers and whose blocks were therefore not transferred */
    uint32_t attested;  /* members who attested it */
    echo_trust trust;   /* the level that was reached */
    uint64_t sampled;   /* items compared with the feeds */
    double detection;   /* SAMPLED: the probability that a single wrong item would have been found */
    echo_error problem; /* the last failure; its code is ECHO_OK if nothing failed */
} echo_exchange_state;
void echo_exchange_state_get(echo_exchange_state *out, const echo_exchange *exchange);

/* ---- Invitations ---- */

/*
 * A member gives an invitation to somebody who is to join: text of less than 1 KB (docs/EXCHANGE.md) with the party's
 * key, the members to expect, and optionally the digest of a state. The host knows where to find peers. The joiner's
 * feed must be admitted as well (echo_party_admit_feed()).
 */
#define ECHO_INVITATION_MEMBERS_MAX 8u
#define ECHO_INVITATION_CHARS 1024u
typedef struct echo_invitation {
    echo_key party;
    echo_key members[ECHO_INVITATION_MEMBERS_MAX];
    size_t member_count;
    bool has_digest;
    echo_hash digest;
} echo_invitation;
echo_status echo_invitation_write(char out[ECHO_INVITATION_CHARS], const echo_invitation *invitation) ECHO_MUST_USE;
/* ECHO_ERR_INVALID: not an invitation. */
echo_status echo_invitation_read(echo_invitation *out, const char *text, echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
