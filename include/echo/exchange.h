/*
 * echo/exchange.h: peers. Joining a party from a snapshot of another member, catching up after being away, and serving
 * both.
 *
 * A machine without sockets, clock or thread of its own: the host carries bytes between the machines of two peers
 * (docs/EXCHANGE.md has them) and tells the time. One exchange serves one party and any number of connections. It
 * belongs to one thread; that of the party, where there is one.
 *
 * Every chunk is hashed before it is stored, every block checked against a signed root, every manifest must be of this
 * party and signed or attested by members (P8). A peer that sends anything else is named and dropped, and what was
 * asked of it is asked of others.
 */
#ifndef ECHO_EXCHANGE_H
#define ECHO_EXCHANGE_H

#include <echo/party.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct echo_exchange echo_exchange;
typedef struct echo_peer echo_peer; /* a connection */

/* How much a snapshot of others has to be vouched for before it is taken; each level includes those before it. */
#define ECHO_TRUST_MAP(XX)                                                                                             \
    XX(RECEIVED, "received") /* its manifest is signed, or its state attested, by a member */                          \
    XX(ATTESTED, "attested") /* so many members attested its state: each computed that root itself */                  \
    XX(SAMPLED, "sampled")   /* so many items, drawn at random once the root was known, are what the feeds say. Needs  \
                                all blocks */                                                                          \
    XX(REPLAYED, "replayed") /* all items are. Needs all blocks */
typedef enum echo_trust {
#define XX(name, text) ECHO_TRUST_##name,
    ECHO_TRUST_MAP(XX)
#undef XX
} echo_trust;
/* "received", ...: a constant; "unknown" for others. */
const char *echo_trust_name(echo_trust trust);

#define ECHO_EXCHANGE_EVENT_MAP(XX)                                                                                    \
    XX(CONNECTED, "connected")   /* both sides have proved to be members; a joiner may know that only later */         \
    XX(DROPPED, "dropped")       /* the peer lied, stalled or broke the protocol: `error` says how */                  \
    XX(CLOSED, "closed")         /* the peer ended the connection */                                                   \
    XX(REFUSED, "refused")       /* an offer was not taken: `error` says why */                                        \
    XX(TARGET, "target")         /* fetching of a snapshot begins: `messages` are those it covers */                   \
    XX(USABLE, "usable")         /* its root is here: echo_exchange_store() can be opened */                           \
    XX(INSTALLED, "installed")   /* it is published in the store as `number`: echo_party_switch() */                   \
    XX(UP_TO_DATE, "up to date") /* nothing that the connected peers have is missing here */                           \
    XX(FAILED, "failed")         /* the store or a feed here failed: `error`. The fetch goes on with the next step */
typedef enum echo_exchange_event_kind {
#define XX(name, text) ECHO_EXCHANGE_EVENT_##name,
    ECHO_EXCHANGE_EVENT_MAP(XX)
#undef XX
        ECHO_EXCHANGE_EVENT_MAX_
} echo_exchange_event_kind;
/* "connected", ...: a constant; "unknown" for others. */
const char *echo_exchange_event_name(echo_exchange_event_kind kind);

typedef struct echo_exchange_event {
    echo_exchange_event_kind kind;
    echo_peer *peer;        /* NULL when it is about none */
    const echo_key *member; /* the peer's key, as far as it is known */
    const echo_error *error;
    uint64_t messages;
    uint64_t number;
} echo_exchange_event;
/* May call neither the exchange nor its peers. */
typedef void (*echo_exchange_event_fn)(void *arg, const echo_exchange_event *event);

typedef struct echo_exchange_options {
    uint32_t version;        /* 1 */
    const echo_key *party;   /* required; copied */
    const echo_store *store; /* required; borrowed. A handle of its own, or one that nobody else puts into: what is
                                received is put and kept in it */
    const echo_feeds *feeds; /* required, of a table of version 2; borrowed */
    const echo_keypair
        *keys; /* a member's, such as the own feed's: what this side proves to be. Copied. NULL: transports do that */
    echo_party *opened; /* the party, when it is open here: tells members, feeds and what is covered. Borrowed; see
                           echo_exchange_set_party */
    const echo_registry *models; /* NULL: any versions are taken. Otherwise a snapshot with a model version it does not
                                   read is refused when there is another way */
    const echo_codec *codec;     /* NULL: echo_codec_dxos() */
    const echo_key *members;     /* keys that an invitation named: who may be a peer before the party's credentials are
                                    here. None: any     member, judged when they are. Copied */
    size_t member_count;
    bool serve;            /* offer what is present locally to others (true) */
    echo_trust trust;      /* the least that is accepted */
    uint32_t attestations; /* ATTESTED and above: by how many members (2) */
    uint32_t samples;      /* SAMPLED: how many items (100) */
    uint64_t stall_ns;     /* a peer that was asked and sends nothing useful for so long is dropped (10 s) */
    size_t window;         /* bytes asked for ahead, at most, of each peer (2 MiB) */
    echo_exchange_event_fn event;
    void *event_arg;
} echo_exchange_options;
#define ECHO_EXCHANGE_OPTIONS_INIT                                                                                     \
    {                                                                                                                  \
        1u, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, true, ECHO_TRUST_RECEIVED, 2u, 100u,                    \
            UINT64_C(10000000000), (size_t)2 << 20, NULL, NULL                                                         \
    }

/* ECHO_ERR_INVALID, ECHO_ERR_VERSION (of the options), ECHO_ERR_UNSUPPORTED (the feeds cannot exchange blocks),
 * ECHO_ERR_NOMEM, errors of the store. */
echo_status echo_exchange_new(echo_exchange **out, const echo_exchange_options *options, echo_error *err) ECHO_MUST_USE;
/* Its peers are closed. What was received stays in the store for the next time. */
void echo_exchange_free(echo_exchange *exchange);
/* The party was opened, or another took its place (echo_party_switch); NULL: it is about to be freed. */
void echo_exchange_set_party(echo_exchange *exchange, echo_party *party);

/* ---- Connections ---- */

typedef struct echo_peer_options {
    uint32_t version;       /* 1 */
    bool initiator;         /* who connected; exactly one side */
    bool plain;             /* the transport proves who the peer is, and encrypts: then `member` is the peer's key */
    const echo_key *member; /* plain only; copied */
} echo_peer_options;
#define ECHO_PEER_OPTIONS_INIT                                                                                         \
    { 1u, false, false, NULL }

/*
 * A connection was made. *out belongs to the exchange until echo_peer_close(). ECHO_ERR_INVALID, ECHO_ERR_VERSION (of
 * the options), ECHO_ERR_REFUSED (plain: the peer is known not to be a member), ECHO_ERR_NOMEM.
 */
echo_status echo_peer_open(echo_peer **out, echo_exchange *exchange, const echo_peer_options *options,
                           echo_error *err) ECHO_MUST_USE;
/* The connection ended, or is to end. */
void echo_peer_close(echo_peer *peer);
/*
 * Bytes came, in any pieces. Any code but ECHO_OK: the peer is dropped, the host should send what is pending, end the
 * connection and call echo_peer_close(). ECHO_ERR_REFUSED: no member, or not of this party, or neither: a stranger is
 * not told which.
 */
echo_status echo_peer_receive(echo_peer *peer, echo_bytes bytes, echo_error *err) ECHO_MUST_USE;
/* What to send next; a view until the next call about this peer. Empty: nothing now. */
echo_bytes echo_peer_pending(echo_peer *peer);
/* So many of those bytes are sent. */
void echo_peer_sent(echo_peer *peer, size_t n);
/* Says goodbye behind what is queued: nothing more is asked of this peer or told to it. */
void echo_peer_finish(echo_peer *peer);
/* The peer was dropped, or said goodbye: send what is pending and close. */
bool echo_peer_is_over(const echo_peer *peer);

/*
 * Does what is due: asks for more, stores what came, looks for peers that stall. Call it after bytes came and now and
 * then; now_ns: any clock that never goes back. A call is short (some chunks looked at, some MiB stored), but for two:
 * the one that publishes looks for each chunk of the snapshot, and with ECHO_TRUST_SAMPLED and above one replays the
 * feeds. ECHO_OK, also when something failed, which is reported as an event and in the state; ECHO_ERR_INVALID: no
 * exchange.
 */
echo_status echo_exchange_step(echo_exchange *exchange, uint64_t now_ns, echo_error *err) ECHO_MUST_USE;

/* ---- Fetching ---- */

/*
 * Fetches until nothing is missing here that connected peers have: joins when there is nothing here yet, otherwise
 * catches up, by the tail of the feeds or by the chunks that differ, whichever is fewer bytes. Call it again to look
 * for more. Fetching goes on in steps. ECHO_ERR_INVALID: no exchange.
 */
echo_status echo_exchange_start(echo_exchange *exchange, echo_error *err) ECHO_MUST_USE;
/*
 * From ECHO_EXCHANGE_EVENT_USABLE on, until the party is freed that uses it: a store, for reading, with the snapshot
 * that is being fetched. Of a party that is restored from it items can be read that are here; others are
 * ECHO_ERR_PENDING, and are fetched next. Absent items are ECHO_ERR_NOT_FOUND once the way to where they would be is
 * here, which proves it. Borrowed. NULL before.
 */
const echo_store *echo_exchange_store(echo_exchange *exchange);
/* Fetch this item next. Any number; the last one named comes first. */
echo_status echo_exchange_want(echo_exchange *exchange, const char *id, echo_error *err) ECHO_MUST_USE;

#define ECHO_EXCHANGE_PHASE_MAP(XX)                                                                                    \
    XX(IDLE, "idle")                                                                                                   \
    XX(ASKING, "asking")     /* what peers have */                                                                     \
    XX(MEMBERS, "members")   /* credentials, which say who is a member */                                              \
    XX(ITEMS, "items")       /* chunks */                                                                              \
    XX(TAIL, "blocks")       /* blocks */                                                                              \
    XX(CHECKING, "checking") /* feeds against the snapshot (SAMPLED, REPLAYED) */
typedef enum echo_exchange_phase {
#define XX(name, text) ECHO_EXCHANGE_PHASE_##name,
    ECHO_EXCHANGE_PHASE_MAP(XX)
#undef XX
} echo_exchange_phase;
/* "idle", ...: a constant; "unknown" for others. */
const char *echo_exchange_phase_name(echo_exchange_phase phase);

typedef struct echo_exchange_state {
    echo_exchange_phase phase;
    bool by_chunks; /* the plan: chunks and then the tail behind them; otherwise the tail alone */
    uint64_t items,
        items_here; /* of the snapshot that is fetched; those whose leaves are here, as far as it was looked */
    uint64_t chunks_received, chunks_kept; /* from peers; found here already, or in the snapshot before */
    uint64_t chunk_bytes;                  /* received, unpacked */
    uint64_t blocks_received, block_bytes;
    uint64_t bytes_received, bytes_sent; /* on the wire, over all connections */
    uint64_t peers, dropped;
    uint64_t installed; /* number of the last snapshot that was published, 0: none */
    uint64_t covered;   /* messages that it covers, and whose blocks were not transferred for that */
    uint32_t attested;  /* members who attested it */
    echo_trust trust;   /* that was reached */
    uint64_t sampled;   /* items compared */
    double detection;   /* SAMPLED: probability that one wrong item among them all would have been found */
    echo_error problem; /* the last failure; code ECHO_OK when none */
} echo_exchange_state;
void echo_exchange_state_get(echo_exchange_state *out, const echo_exchange *exchange);

/* ---- Invitations ---- */

/*
 * What a member gives to somebody who is to join, as text of less than 1 KB (docs/EXCHANGE.md): the party, whom to
 * expect, and optionally the digest of a state. Where to find peers is the host's business. The joiner's feed has to be
 * admitted as well (echo_party_admit_feed).
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
