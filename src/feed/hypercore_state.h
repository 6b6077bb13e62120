/*
 * Hypercore feeds on disk, as hypercore 7 and 9 write them ("SLEEP" files): key, secret_key, tree, signatures,
 * bitfield, data in one folder per feed. tree holds 40-byte Merkle nodes in flat-tree order, signatures 64 bytes a
 * block, data the blocks' bytes one after the other, bitfield pages of data bits (block present), tree bits (node
 * present) and an index that only hypercore itself uses (docs/FORMAT.md, "Feeds").
 *
 * This header has the structures alone. Who does what, from the top down:
 *   hypercore.c           the source table; opening and closing a feed
 *   hypercore_put.c       blocks from peers, with their proofs
 *   hypercore_compare.c   finds forks before they are stored
 *   hypercore_prove.c     proofs for peers
 *   hypercore_append.c    appending
 *   hypercore_read.c      handing out verified blocks
 *   hypercore_tree.c      nodes, roots, signatures: the length that a signature vouches for
 *   hypercore_bitfield.c  length, presence, and writing bits
 *   hypercore_create.c    making an empty feed
 *   hypercore_file.c      the four files: opened when first needed, headers, whole reads and writes, syncing
 *   hypercore_proved.c    what a source remembers of its feeds' signatures
 *   proof.c, hypercore_merkle.c, flat_tree.h   pure functions
 *
 * Trust. The roots of `roots.length` blocks are covered by a signature that verified (or that we just made). Every
 * other node is trusted only when it hashes, with its sibling, to a trusted parent; a block when its leaf does. Where
 * nodes are missing, the roots of a shorter length that is signed may be trusted in the same way.
 *
 * Length. The tree bits define it. An append writes data, nodes, signature and data bits, syncs them, and only then
 * writes tree bits: a crash before that leaves the old length, followed by bytes that the next append cuts off. A crash
 * amid the tree bits may leave a length inside the batch, which no signature vouches for; then the next signature after
 * it gives the length.
 */
#ifndef ECHO_FEED_HYPERCORE_STATE_H
#define ECHO_FEED_HYPERCORE_STATE_H

#include "base/crypto.h"
#include "feed/hypercore_merkle.h"
#include "feed/hypercore_proved.h"

#define ECHO__HYPERCORE_HEADER 32u
#define ECHO__HYPERCORE_DATA_BITS 1024u /* bytes of a bitfield page */
#define ECHO__HYPERCORE_TREE_BITS 2048u
#define ECHO__HYPERCORE_PAGE_BLOCKS (8u * ECHO__HYPERCORE_DATA_BITS)
#define ECHO__HYPERCORE_PAGE_NODES (8u * ECHO__HYPERCORE_TREE_BITS)
#define ECHO__HYPERCORE_PAGE 3584u /* bytes of a new feed's pages; an old feed's header says its own */
#define ECHO__HYPERCORE_PAGE_MAX 8192u

typedef enum echo__hypercore_file {
    ECHO__HYPERCORE_BITFIELD, /* the value is also the type byte of the header */
    ECHO__HYPERCORE_SIGNATURES,
    ECHO__HYPERCORE_TREE,
    ECHO__HYPERCORE_DATA,
    ECHO__HYPERCORE_FILES
} echo__hypercore_file;

/* What an open feed did, for tests and measurements. */
typedef struct echo__hypercore_counts {
    uint64_t blocks; /* handed out */
    uint64_t lowest; /* the lowest seq handed out; UINT64_MAX when there was none */
    uint64_t
        bytes[ECHO__HYPERCORE_FILES]; /* read from each file; of `data` no bytes before the first block asked for */
    uint64_t verifications;           /* Ed25519 */
    uint64_t syncs;                   /* fdatasync and fsync */
} echo__hypercore_counts;

/* The last verified family at one depth: its children hash to `parent`, whoever vouches for that. */
typedef struct echo__hypercore_family {
    echo_hash parent;
    echo__hypercore_node left, right;
    bool known;
} echo__hypercore_family;

typedef struct echo__hypercore {
    char *path;
    echo_key key;
    bool has_secret, read_only, relaxed;
    echo_keypair keys;

    int fd[ECHO__HYPERCORE_FILES]; /* -1 until needed */
    bool writing;                  /* they are open for writing, all of them */
    bool headers;                  /* checked, and none is missing */
    size_t page_size;

    uint64_t top; /* highest node that has its tree bit, and what length the bits tell */
    uint64_t bits;
    uint64_t length;
    echo__hypercore_roots roots;    /* roots.length is `verified` */
    echo__hypercore_proved *proved; /* of the source, borrowed; may be NULL */
    bool disputed;                  /* nothing is verified although roots and a signature were there to check */

    uint64_t page; /* whose data bits are in page_bits */
    bool page_loaded;
    uint8_t page_bits[ECHO__HYPERCORE_DATA_BITS];
    echo__hypercore_family *families; /* by depth; allocated by the first read that goes deep */

    bool tail_checked; /* the tree bits of the last batch are known to be whole */
    bool synced, folder_synced;
    echo__hypercore_counts counts;
} echo__hypercore;

#endif
