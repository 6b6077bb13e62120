/*
 * The Merkle tree of a feed, as hypercore hashes and signs it (docs/FORMAT.md, "Feeds"). Pure functions: no files, no
 * state.
 */
#ifndef ECHO_FEED_HYPERCORE_MERKLE_H
#define ECHO_FEED_HYPERCORE_MERKLE_H

#include "echo/sys/feed.h"
#include "feed/flat_tree.h"

#define ECHO__SEQ_LIMIT (UINT64_C(1) << 53)            /* no feed has more blocks: ECHO_SEQ_MAX + 1 */
#define ECHO__HYPERCORE_BLOCK_MAX ((uint64_t)64 << 20) /* bytes of a block that is read */
#define ECHO__HYPERCORE_APPEND_MAX                                                                                     \
    ((uint64_t)8 << 20)               /* of one that is written: hypercore peers drop longer messages */
#define ECHO__HYPERCORE_NODE 40u      /* bytes of a node in the file `tree` */
#define ECHO__HYPERCORE_SIGNATURE 64u /* bytes of a signature */

typedef echo_feed_node echo__hypercore_node;

typedef struct echo__hypercore_roots {
    uint64_t length; /* in blocks */
    uint64_t bytes;
    unsigned count;
    uint64_t index[ECHO__FLAT_ROOTS_MAX];
    echo__hypercore_node node[ECHO__FLAT_ROOTS_MAX];
} echo__hypercore_roots;

void echo__hypercore_leaf(echo_hash *out, echo_bytes block);
/* The parent of two siblings. */
void echo__hypercore_join(echo__hypercore_node *out, const echo__hypercore_node *left,
                          const echo__hypercore_node *right);
/* Whether l and r are the children that p's hash and size name. */
bool echo__hypercore_family_ok(const echo__hypercore_node *p, const echo__hypercore_node *l,
                               const echo__hypercore_node *r);
void echo__hypercore_node_decode(echo__hypercore_node *out, const uint8_t bytes[ECHO__HYPERCORE_NODE]);
void echo__hypercore_node_encode(uint8_t out[ECHO__HYPERCORE_NODE], const echo__hypercore_node *node);
bool echo__hypercore_node_blank(const echo__hypercore_node *node);
/* What hypercore 9 signs: the hash of the roots and the length. Hypercore 7 signs the first 32 bytes of it. */
void echo__hypercore_signable(uint8_t out[40], const echo__hypercore_roots *roots);
/* Whether a signature, of either form, is the key's over the roots. Adds to *verifications how many it took; NULL
 * allowed. */
bool echo__hypercore_signed(const echo__hypercore_roots *roots, const uint8_t signature[ECHO__HYPERCORE_SIGNATURE],
                            const echo_key *key, uint64_t *verifications);

#endif
