/*
 * echo/sys/feed.h: the table a feed source implements: a set of append-only signed feeds, each named by its public key.
 *
 * The library brings two: echo_feeds_open_dir() for hypercore directories and echo_feeds_new_memory(). A source has one
 * thread: that of the party that uses it. No hook may keep a pointer it is given longer than the call, except through
 * *feed.
 */
#ifndef ECHO_SYS_FEED_H
#define ECHO_SYS_FEED_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ECHO_FEED_OPS_VERSION 2u /* tables of version 1, which end before `make`, are taken too */

typedef struct echo_feed_info {
    uint64_t length; /* blocks the feed is known to have; seqs run from 0 to length - 1 */
    uint64_t
        verified;  /* of those, how many a valid signature vouches for; blocks at or above it are never handed out */
    bool writable; /* append can work: the secret key is here and the source was not opened read-only */
} echo_feed_info;

/* Called once per feed by `list`; any code but ECHO_OK ends the listing and is returned by it. */
typedef echo_status (*echo_feed_list_fn)(void *arg, const echo_key *key);
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
    uint32_t version; /* 1 or 2 */

    /* The keys of all feeds of the source, in ascending order of key. */
    echo_status (*list)(void *ctx, echo_feed_list_fn fn, void *arg, echo_error *err);
    /* Opens a feed. ECHO_ERR_NOT_FOUND when the source has none of that key. *feed is owned by the caller until
     * `close`. */
    echo_status (*open)(void **feed, void *ctx, const echo_key *key, echo_error *err);
    void (*close)(void *ctx, void *feed);
    /* What is known of the feed. Cheap; looks again at what is stored, so that blocks another process appended are
     * seen. */
    echo_status (*info)(echo_feed_info *info, void *ctx, void *feed, echo_error *err);
    /*
     * Hands the blocks from..to-1 to fn, each checked against a signed root before (P8). Reads no block below `from`
     * and none at or above `to`. ECHO_ERR_GAP (err->seq) at the first block that is not present, after those before it
     * were handed out.
     */
    echo_status (*read)(void *ctx, void *feed, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                        echo_error *err);
    /* Whether block seq is present here (a sparse feed has holes). */
    bool (*has)(void *ctx, void *feed, uint64_t seq);
    /*
     * Appends n blocks as one batch, signed; durable when it returns ECHO_OK unless the source was told to relax that.
     * *first is the seq of blocks[0]. All or none: after an error the feed reads as before.
     */
    echo_status (*append)(uint64_t *first, void *ctx, void *feed, const echo_bytes *blocks, size_t n, echo_error *err);
    /* Makes all that `info` reports durable (P5). */
    echo_status (*sync)(void *ctx, void *feed, echo_error *err);
    /*
     * Copies the feed's key pair, for signing manifests in its name. ECHO_ERR_READONLY when the secret key is not here.
     */
    echo_status (*keypair)(echo_keypair *out, void *ctx, void *feed);
    /* Releases the source. Called once, after every feed was closed. */
    void (*destroy)(void *ctx);

    /* ---- Version 2, all or none of them: exchanging blocks with peers. ---- */

    /* Makes an empty feed of this key, to which nobody can append here. ECHO_ERR_EXISTS, ECHO_ERR_READONLY. */
    echo_status (*make)(void *ctx, const echo_key *key, echo_error *err);
    /*
     * The proof of blocks from..to-1 at the verified length; needs none of the blocks. ECHO_ERR_GAP (err->seq) when
     * nodes are not here that it takes; ECHO_ERR_INVALID unless from < to <= verified.
     */
    echo_status (*prove)(echo_feed_proof *out, void *ctx, void *feed, uint64_t from, uint64_t to, echo_error *err);
    /*
     * Checks blocks proof->from..to-1 against their proof and stores them; durable after `sync`. `info` then tells a
     * length of at least proof->length, `read` hands them out, and blocks that are not here are ECHO_ERR_GAP. Blocks
     * that are here already are left as they are. Also for a feed that is written here, whose copy fell behind.
     * ECHO_ERR_CORRUPT: the proof is not one of this many blocks and bytes. ECHO_ERR_SIGNATURE: the signature does not
     * verify over what blocks and proof make. ECHO_ERR_LIMIT. ECHO_ERR_CONFLICT (err->feed, err->seq: the first block
     * known to differ, or, where no more than a node of both is known, the first below it): both are signed and differ,
     * so the feed was forked by its writer. Nothing is stored then.
     */
    echo_status (*put)(void *ctx, void *feed, const echo_bytes *blocks, const echo_feed_proof *proof, echo_error *err);
} echo_feed_ops;

/* A source: its table and its context. Plain data. */
typedef struct echo_feeds {
    const echo_feed_ops *ops;
    void *ctx;
} echo_feeds;

/* Releases a source made by one of the functions below; does nothing when ops is NULL. */
void echo_feeds_close(echo_feeds *feeds);

/* Options of hypercore directories. */
typedef struct echo_feeds_dir_options {
    uint32_t version; /* 1 */
    bool read_only;   /* never writes, `writable` is always false */
    bool relaxed; /* appends are not synced to disk: after a power failure the last ones may be gone, and a peer that
                     has them will see the feed fork when it is written again. For tests and bulk generation. */
} echo_feeds_dir_options;
#define ECHO_FEEDS_DIR_OPTIONS_INIT                                                                                    \
    { 1u, false, false }

/*
 * A folder of hypercore 9 (SLEEP) feeds, one sub-folder per feed named by its key in hex. Other entries are left alone.
 * ECHO_ERR_NOT_FOUND when the folder does not exist. options may be NULL.
 */
echo_status echo_feeds_open_dir(echo_feeds *out, const char *path, const echo_feeds_dir_options *options,
                                echo_error *err) ECHO_MUST_USE;
/*
 * Makes an empty feed, with its folder if need be, from a key pair. ECHO_ERR_EXISTS when there is one. The folder's
 * feeds become visible to `list` of sources that are open already.
 */
echo_status echo_feed_create(const char *path, const echo_keypair *keys, echo_error *err) ECHO_MUST_USE;

/* Feeds in memory, for tests and tools. */
echo_status echo_feeds_new_memory(echo_feeds *out) ECHO_MUST_USE;
/* Adds an empty feed; writable when keys->secret is not all zero. */
echo_status echo_feeds_memory_add(echo_feeds *feeds, const echo_keypair *keys) ECHO_MUST_USE;
/*
 * Puts block seq of a feed as if replicated: any order, holes allowed; length becomes at least seq + 1. Not signed:
 * `prove` refuses such blocks with ECHO_ERR_SIGNATURE or, where the secret key is here to sign them, from the first
 * hole on with ECHO_ERR_GAP.
 */
echo_status echo_feeds_memory_put(echo_feeds *feeds, const echo_key *key, uint64_t seq, echo_bytes block) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
