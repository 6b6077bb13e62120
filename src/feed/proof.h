/*
 * Proofs that blocks are a feed's (echo_feed_proof in <echo/sys/feed.h>). Pure functions: no files, no state.
 *
 * The nodes of a proof are the fewest that cover the blocks before `from`, and those from `to` to the end. With the
 * leaves of the blocks between, joined wherever two siblings meet, they make the roots of `length` blocks, which the
 * signature is over.
 */
#ifndef ECHO_FEED_PROOF_H
#define ECHO_FEED_PROOF_H

#include "feed/hypercore_merkle.h"

/* The fewest nodes that cover blocks from..to-1, left to right; returns how many. to is at most ECHO__SEQ_LIMIT. */
size_t echo__proof_cover(uint64_t index[ECHO_FEED_PROOF_NODES_MAX], uint64_t from, uint64_t to);

typedef struct echo__proof_node {
    uint64_t index;
    echo_feed_node node;
    bool here; /* for the feed source: it has it */
} echo__proof_node;

/* What a proof that holds makes known. */
typedef struct echo__proven {
    echo__hypercore_roots roots; /* of proof->length blocks */
    uint64_t offset;             /* bytes of the blocks before proof->from */
    size_t count;
    echo__proof_node
        *nodes; /* the given ones, the leaves, and all parents they have inside the roots: by index, each once */
} echo__proven;

/*
 * Checks a proof, which may come from anybody, with its blocks, as many as it says. ECHO_ERR_CORRUPT: its numbers
 * contradict each other; ECHO_ERR_SIGNATURE, ECHO_ERR_LIMIT, ECHO_ERR_NOMEM. On error *out is empty and nothing is to
 * be freed.
 */
echo_status echo__proof_check(echo__proven *out, const echo_feed_proof *proof, const echo_bytes *blocks,
                              const echo_key *key, echo_error *err) ECHO_MUST_USE;
void echo__proven_free(echo__proven *proven);
/* The hash over the roots of the feed's first `length` blocks, by a proof that echo__proof_check() accepted. from <=
 * length <= to. */
void echo__proof_root(echo_hash *out, const echo_feed_proof *proof, const echo_bytes *blocks, uint64_t length);
/* The position in proven->nodes of the first node at or above index. */
size_t echo__proven_find(const echo__proven *proven, uint64_t index);

/*
 * The tree node that shows most precisely where two versions of a feed diverge: of the nodes that differ, the one that
 * ends first, and of those the lowest. Starts as zeros.
 */
typedef struct echo__proof_fork {
    bool found;
    uint64_t seq; /* the first block below it */
    uint64_t right;
    unsigned depth;
} echo__proof_fork;

/* Whether the node of this index, were it to differ, would tell more than what was found. */
bool echo__proof_fork_tells(const echo__proof_fork *fork, uint64_t index);
/* The node differs. */
void echo__proof_fork_at(echo__proof_fork *fork, uint64_t index);
/* ECHO_OK when nothing was found, or ECHO_ERR_CONFLICT. */
echo_status echo__proof_fork_report(const echo__proof_fork *fork, const echo_key *key, echo_error *err);
bool echo__proof_same(const echo_feed_node *a, const echo_feed_node *b);

/* Gets a node of a feed; *present is false when it is not here. */
typedef echo_status (*echo__proof_load_fn)(void *arg, echo_feed_node *out, bool *present, uint64_t index,
                                           unsigned depth, echo_error *err);
/*
 * The proof of blocks from..to-1, from < to <= roots->length, all but its signature. ECHO_ERR_GAP (err->seq) when a
 * node is missing; ECHO_ERR_CORRUPT when those that are there do not make the roots, as far as it can be decided
 * without the blocks.
 */
echo_status echo__proof_make(echo_feed_proof *out, uint64_t from, uint64_t to, const echo__hypercore_roots *roots,
                             const echo_key *key, echo__proof_load_fn load, void *arg, echo_error *err) ECHO_MUST_USE;

/* Adds a node after those that the roots cover and joins what it completes; reports each node to `fn`, which may be
 * NULL. */
typedef void (*echo__proof_node_fn)(void *arg, uint64_t index, const echo_feed_node *node);
void echo__proof_push(echo__hypercore_roots *roots, uint64_t index, const echo_feed_node *node, echo__proof_node_fn fn,
                      void *arg);

#endif
