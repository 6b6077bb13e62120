/*
 * The tree: records sorted by id, cut into leaves and nodes at places that the ids alone decide (docs/FORMAT.md,
 * "Tree"), so that the same set of records gives the same root whatever the history (P3), and a change rewrites one
 * path.
 *
 * A leaf is a header line (leaf_head.h) and a run of record lines, each ended by '\n'; a node a run of lines
 * {"last":"<id>","hash":"<hex>","items":n,"bytes":n}. With h = BLAKE2b-256("echo/boundary/1" || 0x00 || id), a record
 * ends its leaf when the first 4 bits of h (most significant first) are zero, and the entry that ends with it ends its
 * node of level n (1 above the leaves) when the first 4(n+1) bits are. A run without such an end is cut after every
 * 256th entry, counted from the start of the run (that is, from the last boundary of that level). The top is the first
 * level that has a single chunk. "bytes" is the sum of the lengths of the leaves below.
 *
 * Chunks may come from strangers: every chunk that is read is checked for its hash, the order of its ids and the sums
 * and ids that its node claims for it, so that no answer is wrong silently; what else a tree has to be,
 * echo__tree_verify checks. A chunk that is missing from the store, or is not what it should be, is ECHO_ERR_CORRUPT
 * and err names it. Codes of the store pass through.
 */
#ifndef ECHO_TREE_TREE_H
#define ECHO_TREE_TREE_H

#include "tree/chunk.h"
#include "tree/record.h"

#ifndef ECHO__TREE_BITS
#define ECHO__TREE_BITS 4u /* part of the format: see docs/DESIGN.md for how it was chosen */
#endif
#ifndef ECHO__TREE_RUN_MAX
#define ECHO__TREE_RUN_MAX 256u
#endif
#define ECHO__TREE_HEIGHT_MAX 40u
#define ECHO__LINE_MAX                                                                                                 \
    ((size_t)256 << 10) /* bytes of a record line with its newline, so that 256 of them fit a chunk */

/* A root: plain data. items == 0 is the empty tree, which has no chunk. */
typedef struct echo__root {
    echo_hash hash;
    uint32_t height; /* 0: the root is a leaf */
    uint64_t items;
    uint64_t bytes;
} echo__root;

/* One change of a batch. line: alone, without newline; data NULL removes the record if it is there. */
typedef struct echo__change {
    echo_bytes id;
    echo_bytes line;
} echo__change;

#endif
