/*
 * A feed in memory, from inside: memory.c has the table, the blocks and who appends them, memory_exchange.c their tree
 * and its proofs.
 */
#ifndef ECHO_FEED_MEMORY_FEED_H
#define ECHO_FEED_MEMORY_FEED_H

#include "feed/memory.h"
#include "feed/proof.h"

typedef struct echo__memory_block {
    uint64_t seq;
    uint8_t *data;
    size_t len;
} echo__memory_block;

/*
 * The tree is not made before somebody asks for it. Of a feed whose secret key is here it is made of the blocks and
 * signed here; of others it is what came with proofs, and blocks that came without are in no tree.
 */
typedef struct echo__memory_feed {
    echo_keypair keys;
    bool writable;
    echo__memory_block *blocks; /* ascending */
    size_t count, cap;
    echo__hypercore_roots roots; /* of as many blocks as the tree has */
    uint64_t signed_length; /* what the signature is over: all of the roots, or less when blocks were added since */
    uint8_t signature[ECHO__HYPERCORE_SIGNATURE];
    echo__proof_node *nodes; /* by index; a root vouches for each */
    size_t node_count, node_cap;
    echo__memory_counts counts;
} echo__memory_feed;

/* Blocks known: one behind the last that is here, or what a proof told. */
uint64_t echo__memory_length(const echo__memory_feed *feed);
/* The position of the first block at or above seq. */
size_t echo__memory_find(const echo__memory_feed *feed, uint64_t seq);
/* NULL when out of memory. */
uint8_t *echo__memory_copy(echo_bytes bytes);

/*
 * ECHO_ERR_SIGNATURE when blocks to prove came by echo_feeds_memory_put to a feed whose secret key is not here;
 * ECHO_ERR_GAP when it is, and there is a hole before them.
 */
echo_status echo__memory_prove(echo_feed_proof *out, void *ctx, void *feed, uint64_t from, uint64_t to,
                               echo_error *err);
echo_status echo__memory_put(void *ctx, void *feed, const echo_bytes *blocks, const echo_feed_proof *proof,
                             echo_error *err);

#endif
