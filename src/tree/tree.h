/*
 * The tree: records sorted by id, cut into leaves and nodes at places that the ids alone decide (docs/FORMAT.md,
 * "Tree"), so that the same set of records gives the same root whatever the history (P3), and a change rewrites one
 * path.
 *
 * A leaf is a run of record lines, each ended by '\n'; a node a run of lines
 * {"last":"<id>","hash":"<hex>","items":n,"bytes":n}. With h = BLAKE2b-256("echo/boundary/1" || 0x00 || id), a record
 * ends its leaf when the first 4 bits of h (most significant first) are zero, and the entry that ends with it ends its
 * node of level n (1 above the leaves) when the first 4(n+1) bits are. A run without such an end is cut after every
 * 256th entry, counted from the start of the run (that is, from the last boundary of that level). The top is the first
 * level that has a single chunk. "bytes" is the sum of the lengths of the record lines below, newlines included.
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

/* One change of a batch. line without newline; data NULL removes the record if it is there. */
typedef struct echo__change {
    echo_bytes id;
    echo_bytes line;
} echo__change;

/* Called with the line (no newline), valid during the call. */
typedef echo_status (*echo__line_fn)(void *arg, echo_bytes line);
/* For differences: line data NULL on the side that lacks the record. */
typedef echo_status (*echo__diff_fn)(void *arg, echo_bytes id, echo_bytes line_a, echo_bytes line_b);

/* Calls fn once with the record of that id; ECHO_ERR_NOT_FOUND when the tree has none. Reads height + 1 chunks at most.
 */
echo_status echo__tree_get(echo__chunks *chunks, const echo__root *root, echo_bytes id, echo__line_fn fn, void *arg,
                           echo_error *err) ECHO_MUST_USE;
/*
 * The root after applying changes, sorted ascending by id, no id twice (ECHO_ERR_INVALID otherwise). Puts the new
 * chunks, reads and writes only the paths that change, plus what re-cutting touches. `out` may be the same object as
 * `root`. Memory is bounded by the chunks of a few paths, not by the batch or the tree.
 */
echo_status echo__tree_update(echo__root *out, echo__chunks *chunks, const echo__root *root,
                              const echo__change *changes, size_t n, echo_error *err) ECHO_MUST_USE;
/*
 * The same for a batch that comes in parts, in ascending order over all of them: a chunk that later parts change is not
 * written, as it would be if each part were an update of its own. A failed add ends the update; finish may be called
 * once, then only free.
 */
typedef struct echo__update echo__update;
echo_status echo__update_new(echo__update **out, echo__chunks *chunks, const echo__root *root) ECHO_MUST_USE;
echo_status echo__update_add(echo__update *update, const echo__change *changes, size_t n,
                             echo_error *err) ECHO_MUST_USE;
echo_status echo__update_finish(echo__root *out, echo__update *update, echo_error *err) ECHO_MUST_USE;
void echo__update_free(echo__update *update);
/* Walks where hashes differ and tells every record that differs, in ascending order of id. */
echo_status echo__tree_diff(echo__chunks *chunks_a, const echo__root *a, echo__chunks *chunks_b, const echo__root *b,
                            echo__diff_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;
/*
 * Reads the whole tree and checks everything: order, boundaries, counts, bytes, canonical shape of each record,
 * presence of blobs and sealed log segments. err names the chunk. *bad (optional) is the first bad chunk.
 */
echo_status echo__tree_verify(echo__chunks *chunks, const echo__root *root, echo_hash *bad,
                              echo_error *err) ECHO_MUST_USE;
/*
 * Every chunk name reachable from the root, nodes before what they name, blobs and log segments included; a name may
 * come twice. A chunk is read only after fn was told its name, and only when it may name others.
 */
typedef echo_status (*echo__reach_fn)(void *arg, const echo_hash *name);
echo_status echo__tree_reach(echo__chunks *chunks, const echo__root *root, echo__reach_fn fn, void *arg,
                             echo_error *err) ECHO_MUST_USE;

/*
 * The same for those who know some chunks already. *into says whether the chunk is about to be read, which all but log
 * segments are; fn sets it to false to leave out what is below `name`, which is then not read.
 */
typedef echo_status (*echo__visit_fn)(void *arg, const echo_hash *name, bool *into);
echo_status echo__tree_visit(echo__chunks *chunks, const echo__root *root, echo__visit_fn fn, void *arg,
                             echo_error *err) ECHO_MUST_USE;
/*
 * And in steps: each tells one chunk of the tree; a leaf with the blobs and segments of its records. *done is set with
 * the last. After a step that failed, for whatever reason, the visit can only be closed: what it told is not what it
 * read. chunks is borrowed.
 */
typedef struct echo__visitor echo__visitor;
echo_status echo__visitor_open(echo__visitor **out, echo__chunks *chunks, const echo__root *root, echo__visit_fn fn,
                               void *arg, echo_error *err) ECHO_MUST_USE;
echo_status echo__visitor_step(echo__visitor *visitor, bool *done, echo_error *err) ECHO_MUST_USE;
void echo__visitor_close(echo__visitor *visitor); /* NULL is fine */

/* Ordered iteration from the first id >= from (data NULL: from the start). One leaf and one path are held at a time. */
typedef struct echo__cursor echo__cursor;
echo_status echo__cursor_open(echo__cursor **out, echo__chunks *chunks, const echo__root *root, echo_bytes from,
                              echo_error *err) ECHO_MUST_USE;
/* The next line, valid until the next call; ECHO_ERR_NOT_FOUND at the end, which leaves err alone. */
echo_status echo__cursor_next(echo_bytes *line, echo__cursor *cursor, echo_error *err) ECHO_MUST_USE;
void echo__cursor_close(echo__cursor *cursor);

#endif
