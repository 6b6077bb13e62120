/*
 * What is still missing of a tree: a walk, depth first in ascending order of id, over chunks of which some are here. It
 * hands out what is missing, goes on below what arrives, and passes over subtrees that a complete tree (the base) holds
 * as well. Only what lies beside the way down is kept: a few hundred entries, whatever the size of the tree.
 *
 * Chunks are checked as everywhere in the tree: hash, order of ids, and the counts and last ids that their node claims.
 * A chunk whose hash is right and whose claims are wrong is the fault of who made the tree, not of who sent the chunk:
 * ECHO_ERR_CORRUPT.
 */
#ifndef ECHO_EXCHANGE_FRONTIER_H
#define ECHO_EXCHANGE_FRONTIER_H

#include "base/hash_set.h"
#include "tree/page.h"

#define ECHO__NODE_MAX ((size_t)ECHO__TREE_RUN_MAX * (6u * ECHO__ID_MAX + 192u)) /* bytes of a node, at most */

typedef enum echo__want_kind {
    ECHO__WANT_PAGE,   /* a node, or a leaf (level 0) */
    ECHO__WANT_BLOB,   /* a record's payload */
    ECHO__WANT_SEGMENT /* of a log */
} echo__want_kind;

/* A chunk that is wanted. Its texts follow it in memory. */
typedef struct echo__want {
    echo_hash hash;
    echo__want_kind kind;
    uint32_t level;
    echo__entry entry;    /* pages */
    const uint8_t *after; /* pages: the text of the id before, or NULL */
    size_t most;          /* maximum length; a leaf has exactly this length */
    bool exact;
    bool asked;    /* it was handed out */
    bool has_base; /* the base has a page where it belongs: most of its lines may be in it */
    echo_hash base;
    struct echo__want *next;
} echo__want;

typedef struct echo__frontier {
    echo__chunks *chunks; /* borrowed; a chunk that is not here is ECHO_ERR_PENDING */
    echo__root root, base;
    echo__want *stack; /* what comes next on top */
    size_t out;        /* handed out and neither arrived nor given back */
    echo__hash_set
        names; /* of all chunks that are here and not only in the base; until done, also of some that are asked for */
    uint64_t items; /* in leaves that are here or in the base */
    uint64_t kept;  /* pages that were here already, the base's not counted */
    uint64_t same;  /* subtrees passed over */
} echo__frontier;

/* base: a tree that is complete in the same store, or NULL. Reads nothing. */
echo_status echo__frontier_init(echo__frontier *f, echo__chunks *chunks, const echo__root *root, const echo__root *base,
                                echo_error *err) ECHO_MUST_USE;
void echo__frontier_free(echo__frontier *f);
/*
 * The next missing chunk, for the caller to fetch and then give to one of the functions below; *out is NULL when there
 * is none now. Looks at up to *looks chunks that are here, and counts them down: at 0 there may be more.
 */
echo_status echo__frontier_next(echo__want **out, echo__frontier *f, unsigned *looks, echo_error *err) ECHO_MUST_USE;
/* It can be read now. Frees it; also on failure, which is the end of the walk unless it was ECHO_ERR_NOMEM, after which
 * it is wanted again. */
echo_status echo__frontier_arrived(echo__frontier *f, echo__want *want, echo_error *err) ECHO_MUST_USE;
/* It did not come: it is next again. */
void echo__frontier_return(echo__frontier *f, echo__want *want);
/* Whether the root has come. */
bool echo__frontier_begun(const echo__frontier *f);
/* Everything is here. */
static inline bool echo__frontier_done(const echo__frontier *f) { return f->stack == NULL && f->out == 0; }

#endif
