/*
 * Hypercore feeds on disk, as hypercore 7 and 9 write them ("SLEEP" files): key, secret_key, tree, signatures,
 * bitfield, data in one folder per feed. FORMATS: tree holds 40-byte Merkle nodes in flat-tree order, signatures 64
 * bytes a block, data the blocks' bytes one after the other, bitfield pages of data bits (block present), tree bits
 * (node present) and an index that is hypercore's own affair.
 *
 * Who does what
 *   hypercore.c           the source table; opening and closing a feed
 *   hypercore_file.c      the four files: opened when first needed, headers, whole reads and writes, syncing
 *   hypercore_bitfield.c  length, presence, and writing bits
 *   hypercore_tree.c      nodes, roots, signatures: which length is vouched for
 *   hypercore_read.c      handing out verified blocks
 *   hypercore_append.c    appending
 *   hypercore_create.c    making an empty feed
 *   hypercore_prove.c     proofs for peers
 *   hypercore_put.c       blocks from peers, with their proofs; hypercore_compare.c finds forks before they are stored
 *
 * Trust. The roots of `roots.length` blocks are covered by a signature that verified (or that we just made). Every
 * other node is trusted only when it hashes, with its sibling, to a trusted parent; a block when its leaf does. Where
 * nodes are missing, the roots of a shorter length that is signed may be trusted in the same way.
 *
 * Length. The tree bits define it. An append writes data, nodes, signature and data bits, syncs them, and only then
 * writes tree bits: a crash before that leaves the old length, with bytes behind it that the next append cuts off. A
 * crash amid the tree bits may leave a length inside the batch, which no signature vouches for; then the next signature
 * behind it tells the length.
 */
#ifndef ECHO_FEED_HYPERCORE_H
#define ECHO_FEED_HYPERCORE_H

#include "base/crypto.h"
#include "echo/sys/feed.h"
#include "feed/flat_tree.h"

#define ECHO__HYPERCORE_BLOCK_MAX ((uint64_t)64 << 20) /* bytes of a block that is read */
#define ECHO__HYPERCORE_APPEND_MAX                                                                                     \
    ((uint64_t)8 << 20) /* of one that is written: hypercore peers drop longer messages */

#define ECHO__SEQ_LIMIT (UINT64_C(1) << 53) /* no feed has more blocks: ECHO_SEQ_MAX + 1 */

#define ECHO__HYPERCORE_HEADER 32u
#define ECHO__HYPERCORE_NODE 40u
#define ECHO__HYPERCORE_SIGNATURE 64u
#define ECHO__HYPERCORE_DATA_BITS 1024u /* bytes of a bitfield page */
#define ECHO__HYPERCORE_TREE_BITS 2048u
#define ECHO__HYPERCORE_PAGE_BLOCKS (8u * ECHO__HYPERCORE_DATA_BITS)
#define ECHO__HYPERCORE_PAGE_NODES (8u * ECHO__HYPERCORE_TREE_BITS)
#define ECHO__HYPERCORE_PAGE 3584u /* bytes of a new feed's pages; an old feed's header tells its own */
#define ECHO__HYPERCORE_PAGE_MAX 8192u

typedef enum echo__hypercore_file {
    ECHO__HYPERCORE_BITFIELD, /* the value is also the type byte of the header */
    ECHO__HYPERCORE_SIGNATURES,
    ECHO__HYPERCORE_TREE,
    ECHO__HYPERCORE_DATA,
    ECHO__HYPERCORE_FILES
} echo__hypercore_file;

typedef echo_feed_node echo__hypercore_node;

typedef struct echo__hypercore_roots {
    uint64_t length; /* in blocks */
    uint64_t bytes;
    unsigned count;
    uint64_t index[ECHO__FLAT_ROOTS_MAX];
    echo__hypercore_node node[ECHO__FLAT_ROOTS_MAX];
} echo__hypercore_roots;

/* What an open feed did, for tests and measurements. */
typedef struct echo__hypercore_counts {
    uint64_t blocks;                       /* handed out */
    uint64_t lowest;                       /* the lowest seq handed out; UINT64_MAX when none was */
    uint64_t bytes[ECHO__HYPERCORE_FILES]; /* read from each file; of `data` none below the first block asked for */
    uint64_t verifications;                /* Ed25519 */
    uint64_t syncs;                        /* fdatasync and fsync */
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
    echo__hypercore_roots roots; /* roots.length is `verified` */
    bool disputed;               /* nothing is verified although roots and a signature were there to check */

    uint64_t page; /* whose data bits are in page_bits */
    bool page_loaded;
    uint8_t page_bits[ECHO__HYPERCORE_DATA_BITS];
    echo__hypercore_family *families; /* by depth; allocated by the first read that goes deep */

    bool tail_checked; /* the tree bits of the last batch are known to be whole */
    bool synced, folder_synced;
    echo__hypercore_counts counts;
} echo__hypercore;

struct echo__proof_node; /* proof.h */
struct echo__proven;

/* For tests: the counts of a feed that a folder source opened. */
const echo__hypercore_counts *echo__hypercore_count(const void *feed);

/* ---- hypercore_file.c. A missing file reads as an empty one. Errors name file and feed. */

const char *echo__hypercore_name(echo__hypercore_file file);
/* An error about a file of the feed; seq is added by the caller. */
echo_status echo__hypercore_error(const echo__hypercore *hc, echo_error *err, echo_status code,
                                  echo__hypercore_file file, const char *what);
echo_status echo__hypercore_size(echo__hypercore *hc, uint64_t *size, echo__hypercore_file file, echo_error *err);
/* Reads len bytes, or fewer at the end of the file: *got tells. */
echo_status echo__hypercore_pread(echo__hypercore *hc, echo__hypercore_file file, void *buf, size_t len, uint64_t at,
                                  size_t *got, echo_error *err);
/* Writes all of it. The files must be open for writing. */
echo_status echo__hypercore_pwrite(echo__hypercore *hc, echo__hypercore_file file, const void *buf, size_t len,
                                   uint64_t at, echo_error *err);
echo_status echo__hypercore_truncate(echo__hypercore *hc, echo__hypercore_file file, uint64_t size, echo_error *err);
echo_status echo__hypercore_sync_file(echo__hypercore *hc, echo__hypercore_file file, echo_error *err);
echo_status echo__hypercore_sync_folder(echo__hypercore *hc, echo_error *err);
/* The 32 bytes that begin bitfield, signatures or tree. */
void echo__hypercore_header(uint8_t out[ECHO__HYPERCORE_HEADER], echo__hypercore_file file);
/* Checks the headers; a feed that was never written may lack them. Sets page_size and headers. */
echo_status echo__hypercore_check_headers(echo__hypercore *hc, echo_error *err);
/* Opens all four for writing and makes what is missing, headers included. */
echo_status echo__hypercore_open_writing(echo__hypercore *hc, echo_error *err);
/* The lock hypercore 9 takes on an open feed, on the same file; held for one append or put only. ECHO_ERR_BUSY. */
echo_status echo__hypercore_lock(echo__hypercore *hc, echo_error *err);
void echo__hypercore_unlock(echo__hypercore *hc);
/* Writes the headers of files that are too short to have one; size[] is what the files have, and then will have. */
echo_status echo__hypercore_put_headers(echo__hypercore *hc, uint64_t size[ECHO__HYPERCORE_FILES], echo_error *err);
/* Gives back what files have grown since they had these sizes, as far as the disk lets it. */
void echo__hypercore_cut_back(echo__hypercore *hc, const uint64_t size[ECHO__HYPERCORE_FILES]);
/* It is opened again when needed. */
void echo__hypercore_close_file(echo__hypercore *hc, echo__hypercore_file file);
/* fsyncs a folder. */
echo_status echo__hypercore_sync_path(const char *path, echo_error *err);
/* path/name, released with echo__free; NULL when out of memory. */
char *echo__hypercore_join_path(const char *path, const char *name);
/*
 * Reads a small file that should hold exactly len bytes: *found is what it holds, len + 1 standing for more; *exists
 * tells whether there is one. ECHO_ERR_READONLY when it may not be read.
 */
echo_status echo__hypercore_slurp(const char *path, const char *name, uint8_t *buf, size_t len, size_t *found,
                                  bool *exists, echo_error *err);

/* ---- hypercore_bitfield.c */

/* Reads the tree bits from the end: sets hc->top and hc->bits. *changed: they differ from before. */
echo_status echo__hypercore_scan(echo__hypercore *hc, bool *changed, echo_error *err);
/* Whether a block is present. */
echo_status echo__hypercore_present(echo__hypercore *hc, bool *present, uint64_t seq, echo_error *err);
/* Sets or clears bits of blocks from..to-1, in as few bytes as that takes; pages that are new or cut short are written
 * whole. */
echo_status echo__hypercore_put_data_bits(echo__hypercore *hc, uint64_t from, uint64_t to, bool value, echo_error *err);
/* The same for their leaves and the parents they complete. */
echo_status echo__hypercore_put_tree_bits(echo__hypercore *hc, uint64_t from, uint64_t to, bool value, echo_error *err);
/* Sets the bits of nodes. From the last page back: the length is the new one at once, or it is not. */
echo_status echo__hypercore_put_node_bits(echo__hypercore *hc, const struct echo__proof_node *nodes, size_t count,
                                          echo_error *err);
/* Clears the data bits at and above the length: of those that came to nothing. */
echo_status echo__hypercore_clear_behind(echo__hypercore *hc, echo_error *err);
/* Whether blocks from..to-1 are all present while a bit of their nodes is missing: an append that power failure cut in
 * two. */
echo_status echo__hypercore_torn(echo__hypercore *hc, bool *torn, uint64_t from, uint64_t to, echo_error *err);

/* ---- hypercore_tree.c */

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
/* A node as the file has it, or as its descendants there make it; *present is false when they do not suffice. Not
 * verified. */
echo_status echo__hypercore_load_node(echo__hypercore *hc, echo__hypercore_node *out, bool *present, uint64_t index,
                                      unsigned depth, echo_error *err);
/* What hypercore 9 signs: the hash of the roots and the length. Hypercore 7 signs the first 32 bytes of it. */
void echo__hypercore_signable(uint8_t out[40], const echo__hypercore_roots *roots);
/* Whether a signature, of either form, is the key's over the roots. Adds to *verifications how many it took; NULL
 * allowed. */
bool echo__hypercore_signed(const echo__hypercore_roots *roots, const uint8_t signature[ECHO__HYPERCORE_SIGNATURE],
                            const echo_key *key, uint64_t *verifications);
/* Looks at the bitfield again and, when it tells another length, at the signatures. On error nothing changes. */
echo_status echo__hypercore_refresh(echo__hypercore *hc, echo_error *err);
/* The number of blocks at the last signature below `length`; 0 when there is none. */
echo_status echo__hypercore_last_batch(echo__hypercore *hc, uint64_t *start, uint64_t length, echo_error *err);
/*
 * The roots of the shortest length above `after` and below the verified one that a signature vouches for; length 0 when
 * there is none. A sparse feed may have blocks that lead to such roots and not to the newest: the nodes between came
 * with no proof yet.
 */
echo_status echo__hypercore_older_roots(echo__hypercore *hc, echo__hypercore_roots *roots, uint64_t after,
                                        echo_error *err);
/* How many signatures behind `length` verify; stops counting at 2. */
echo_status echo__hypercore_signed_behind(echo__hypercore *hc, unsigned *count, uint64_t length, echo_error *err);

/* ---- hypercore_compare.c */

/*
 * Compares what a proof made known with what is stored: marks the nodes that are the same. ECHO_ERR_CONFLICT (err->seq)
 * when one differs that a signature vouches for. Nodes that nothing vouches for are left unmarked, to be written over.
 */
echo_status echo__hypercore_compare(echo__hypercore *hc, struct echo__proven *proven, echo_error *err);

/* ---- the rest */

/* Opens the feed in a folder of any name. ECHO_ERR_NOT_FOUND when nothing in it is a feed. */
echo_status echo__hypercore_open(echo__hypercore **out, const char *path, const echo_key *key,
                                 const echo_feeds_dir_options *options, echo_error *err);
void echo__hypercore_close(echo__hypercore *hc);
echo_status echo__hypercore_read(echo__hypercore *hc, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                                 echo_error *err);
/* Makes an empty feed without a secret key, in a folder of feeds. */
echo_status echo__hypercore_make(const char *path, const echo_key *key, echo_error *err);
echo_status echo__hypercore_prove(echo_feed_proof *out, echo__hypercore *hc, uint64_t from, uint64_t to,
                                  echo_error *err);
echo_status echo__hypercore_put(echo__hypercore *hc, const echo_bytes *blocks, const echo_feed_proof *proof,
                                echo_error *err);
echo_status echo__hypercore_append(uint64_t *first, echo__hypercore *hc, const echo_bytes *blocks, size_t n,
                                   echo_error *err);

#endif
