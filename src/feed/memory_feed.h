/*
 * A feed in memory: its blocks, and what is known of its tree.
 */
#ifndef ECHO_FEED_MEMORY_FEED_H
#define ECHO_FEED_MEMORY_FEED_H

#include "feed/proof.h"

/* What a feed handed out, over all who opened it. */
typedef struct echo__memory_counts {
    uint64_t blocks;
    uint64_t bytes;
    uint64_t lowest; /* seq; UINT64_MAX when nothing was */
} echo__memory_counts;

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

/* The number of blocks known: up to the last that is present, or the length that a proof gave. */
uint64_t echo__memory_length(const echo__memory_feed *feed);
/* The position of the first block at or above seq. */
size_t echo__memory_find(const echo__memory_feed *feed, uint64_t seq);
/* NULL when out of memory. */
uint8_t *echo__memory_copy(echo_bytes bytes);

void echo__memory_free(echo__memory_feed *feed);

#endif
