/*
 * The missing chunks of a tree: a walk, depth first in ascending order of id, over a tree that is present locally in
 * part. It hands out missing chunks, continues below those that arrive, and skips subtrees that a complete tree (the
 * base) has too. It keeps only the siblings along the path from the root: a few hundred entries for a tree of any size.
 *
 * Chunks are checked as everywhere in the tree: hash, order of ids, and the counts and last ids that their node claims.
 * A chunk with the right hash that does not match those claims is the fault of the author of the tree, not of the peer
 * that sent it: ECHO_ERR_CORRUPT.
 */
#ifndef ECHO_EXCHANGE_FRONTIER_H
#define ECHO_EXCHANGE_FRONTIER_H

#include "base/hash_set.h"
#include "tree/page.h"

#define ECHO__NODE_MAX ((size_t)ECHO__TREE_RUN_MAX * (6u * ECHO__ID_MAX + 192u)) /* maximum bytes of a node */

typedef enum echo__want_kind {
    ECHO__WANT_PAGE,   /* a node, or a leaf (level 0) */
    ECHO__WANT_BLOB,   /* a record's payload */
    ECHO__WANT_SEGMENT /* a segment of a log */
} echo__want_kind;

/* A wanted chunk. Its texts follow it in memory. */
typedef struct echo__want {
    echo_hash hash;
    echo__want_kind kind;
    uint32_t level;
    echo__entry entry;    /* pages */
    const uint8_t *after; /* pages: the text of the id before its first, or NULL */
    size_t most;          /* maximum length; if `exact`, the length */
    bool exact;
    bool asked;    /* it was handed out */
    bool has_base; /* the base has a page in its place, which may share most of its lines: */
    echo_hash base;
    struct echo__want *next;
} echo__want;

typedef struct echo__frontier {
    echo__chunks *chunks; /* borrowed; a chunk that is not present locally is ECHO_ERR_PENDING */
    echo__root root, base;
    echo__want *stack; /* the next want is on top */
    size_t out;        /* number of wants handed out, neither arrived nor returned */
    /* All chunks present locally, except those only in the base. Until done, also some that were requested. */
    echo__hash_set names;
    uint64_t items; /* in leaves that are present locally or in the base */
    uint64_t kept;  /* pages that were already present, outside the base */
    uint64_t same;  /* subtrees skipped because the base has them */
} echo__frontier;

/* base: a tree that is complete in the same store, or NULL. Reads nothing. */
echo_status echo__frontier_init(echo__frontier *f, echo__chunks *chunks, const echo__root *root, const echo__root *base,
                                echo_error *err) ECHO_MUST_USE;
void echo__frontier_free(echo__frontier *f);
/*
 * The next missing chunk, for the caller to fetch and then pass to one of the functions below; *out is NULL if none is
 * known now. Examines up to *looks chunks that are present and counts *looks down: at 0, call again for more.
 */
echo_status echo__frontier_next(echo__want **out, echo__frontier *f, unsigned *looks, echo_error *err) ECHO_MUST_USE;
/* The chunk can be read now. Frees the want, also on failure. A failure ends the walk, except ECHO_ERR_NOMEM, after
 * which the chunk is wanted again. */
echo_status echo__frontier_arrived(echo__frontier *f, echo__want *want, echo_error *err) ECHO_MUST_USE;
/* The chunk did not arrive: it is the next one again. */
void echo__frontier_return(echo__frontier *f, echo__want *want);
/* Whether the root has arrived. */
bool echo__frontier_begun(const echo__frontier *f);
/* Whether everything is present locally. */
static inline bool echo__frontier_done(const echo__frontier *f) { return f->stack == NULL && f->out == 0; }

#endif
