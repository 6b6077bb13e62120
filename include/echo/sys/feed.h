/*
 * echo/sys/feed.h: the table a feed source implements: a set of append-only signed feeds, each named by its public key.
 *
 * Applications do not call through it: echo/feeds.h has their functions. A source has one thread: that of the party
 * that uses it. No hook may keep a pointer it is given longer than the call, except through *feed.
 */
#ifndef ECHO_SYS_FEED_H
#define ECHO_SYS_FEED_H

#include <echo/feeds.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ECHO_FEED_OPS_VERSION 1u

/* Called once per block by `read`, in order of seq; any code but ECHO_OK ends the reading and is returned by it. */
typedef echo_status (*echo_block_fn)(void *arg, uint64_t seq, echo_bytes block);

/* A node of a feed's Merkle tree (docs/FORMAT.md, "Feeds"; the tree is hypercore's). */
typedef struct echo_feed_node {
    echo_hash hash;
    uint64_t size; /* bytes of the blocks below */
} echo_feed_node;

/*
 * Shows that blocks from..to-1 are the feed's, at a length that its writer signed: the roots of the tree of `from`
 * blocks, and the fewest nodes that cover to..length-1, each left to right. Which nodes these are follows from the
 * three numbers. With the blocks themselves they make the roots of `length` blocks, over which the signature is
 * (hypercore 9's form, or 7's).
 */
#define ECHO_FEED_PROOF_NODES_MAX                                                                                      \
    104u /* nodes at most on the right of feeds of up to 2^53 blocks; on the left there are 53 at most */
typedef struct echo_feed_proof {
    uint64_t from, to, length; /* from < to <= length */
    size_t left_count, right_count;
    echo_feed_node left[ECHO_FEED_PROOF_NODES_MAX], right[ECHO_FEED_PROOF_NODES_MAX];
    uint8_t signature[64];
} echo_feed_proof;

typedef struct echo_feed_ops {
    uint32_t version; /* ECHO_FEED_OPS_VERSION. Another one is refused with ECHO_ERR_VERSION */

    /* ---- Required: a table without one of them is refused with ECHO_ERR_INVALID, which names it. ---- */

    /* The keys of all feeds of the source, in ascending order of key. */
    echo_status (*list)(void *ctx, echo_feed_list_fn fn, void *arg, echo_error *err);
    /* Opens a feed. ECHO_ERR_NOT_FOUND when the source does not have it. *feed is owned by the caller until
     * `close`. */
    echo_status (*open)(void **feed, void *ctx, const echo_key *key, echo_error *err);
    void (*close)(void *ctx, void *feed);
    /* What is known of the feed. Cheap; reads again what is stored, so that blocks which another process appended are
     * found. */
    echo_status (*info)(echo_feed_info *info, void *ctx, void *feed, echo_error *err);
    /*
     * Hands the blocks from..to-1 to fn, each checked against a signed root before (P8). Reads no block below `from`
     * and none at or above `to`. ECHO_ERR_GAP (err->seq) at the first block that is not present, after those before it
     * were handed out.
     */
    echo_status (*read)(void *ctx, void *feed, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                        echo_error *err);
    /* Whether block seq is present (a sparse feed has holes). */
    bool (*has)(void *ctx, void *feed, uint64_t seq);
    /*
     * Appends n blocks as one batch, signed; durable when it returns ECHO_OK, unless the source was opened as relaxed.
     * *first is the seq of blocks[0]. All or none: after an error the feed reads as before.
     */
    echo_status (*append)(uint64_t *first, void *ctx, void *feed, const echo_bytes *blocks, size_t n, echo_error *err);
    /* Makes all that `info` reports durable (P5). */
    echo_status (*sync)(void *ctx, void *feed, echo_error *err);
    /*
     * Copies the feed's key pair, for signing manifests in its name. ECHO_ERR_READONLY when the secret key is not
     * present.
     */
    echo_status (*keypair)(echo_keypair *out, void *ctx, void *feed);
    /* Releases the source. Called once, after every feed was closed. */
    void (*destroy)(void *ctx);

    /* ---- Optional, all three or none: exchanging blocks with peers ---- */
    /* Without them a party works, and echo_exchange_new() returns ECHO_ERR_UNSUPPORTED. */

    /* Makes an empty feed of this key, which nobody can append to. ECHO_ERR_EXISTS, ECHO_ERR_READONLY. */
    echo_status (*make)(void *ctx, const echo_key *key, echo_error *err);
    /*
     * The proof of blocks from..to-1 at the verified length; the blocks themselves are not needed. ECHO_ERR_GAP
     * (err->seq) when a node that it takes is not present; ECHO_ERR_INVALID unless from < to <= verified.
     */
    echo_status (*prove)(echo_feed_proof *out, void *ctx, void *feed, uint64_t from, uint64_t to, echo_error *err);
    /*
     * Checks blocks proof->from..to-1 against their proof and stores them; durable after `sync`. `info` then reports
     * a length of at least proof->length, `read` hands them out, and blocks that are not present are ECHO_ERR_GAP.
     * Blocks that are present already are left as they are. Also for the own feed, when its copy is shorter than the
     * peer's. ECHO_ERR_CORRUPT: number or bytes of the blocks are not those of the proof. ECHO_ERR_SIGNATURE: the
     * signature does not verify over what blocks and proof make. ECHO_ERR_LIMIT. ECHO_ERR_CONFLICT (err->feed,
     * err->seq: the first block known to differ, or, where no more than a node of both is known, the first below it):
     * both are signed and differ, so the feed was forked by its writer. Nothing is stored then.
     */
    echo_status (*put)(void *ctx, void *feed, const echo_bytes *blocks, const echo_feed_proof *proof, echo_error *err);

    /* ---- Optional ---- */

    /*
     * The hash over the Merkle roots of the feed's first `length` blocks, which is what its writer signs at that length
     * (docs/FORMAT.md, "Feeds"). Snapshots name it, so that a feed which was replaced under them is noticed. Reads no
     * block. ECHO_ERR_NOT_FOUND: the feed is shorter, or too little of its tree is present. Called on the party's
     * thread.
     */
    echo_status (*root)(echo_hash *out, void *ctx, void *feed, uint64_t length, echo_error *err);
    /*
     * Called before feeds are opened, for each root that a snapshot names, once the snapshot's signature and the
     * membership of its author were verified: `author` says that this is the hash over the Merkle roots of the first
     * `length` blocks of `feed`. A source that holds the secret key of `author` may take that for the signature of the
     * feed's writer at this length, so that opening many feeds does not verify a signature each. false: it does not
     * hold that key, and need not be asked again.
     */
    bool (*vouch)(void *ctx, const echo_key *author, const echo_key *feed, uint64_t length, const echo_hash *root);
} echo_feed_ops;

#ifdef __cplusplus
}
#endif
#endif
