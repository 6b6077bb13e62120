/*
 * The operations of one complex slot: a tree of branches, one per path, and what reduces it (the rule is in
 * object_ops.c).
 */
#ifndef ECHO_MODEL_OBJECT_BRANCH_H
#define ECHO_MODEL_OBJECT_BRANCH_H

#include "model/object_fold.h"

/* Where an operation stands in the canonical order: its mutation's stamp and its place in the mutation. */
typedef struct echo__pos {
    uint64_t time;
    uint64_t seq;
    uint32_t feed;  /* in a table of feeds */
    uint32_t order; /* among the operations of one stamp */
} echo__pos;

/* Whether a comes after b. `feeds` is the table that both refer to. */
bool echo__pos_after(const echo_key *feeds, const echo__pos *a, const echo__pos *b);

typedef struct echo__entry {
    echo__pos pos;
    echo__op_kind kind;
    echo__value *value;
} echo__entry;

typedef struct echo__branch {
    echo__avl_node node; /* among the branches of the parent, by segment */
    struct echo__branch *parent;
    echo__avl_node *branches;
    echo__entry *entries; /* ascending; of a named path at most one SET or DELETE, which then comes first */
    size_t count, cap;
    size_t need;     /* entries promised to operations that are under way */
    echo__pos touch; /* the TOUCH at this path, when `touched` */
    bool touched;
    bool named;     /* no segment from the slot to here is an index */
    uint32_t depth; /* segments from the slot to here */
    char text[];
} echo__branch;

/* The first branch of a slot (parent and seg NULL) or one more below another. NULL: out of memory. */
echo__branch *echo__branch_new(echo__branch *parent, const echo__seg *seg);
void echo__branch_free(echo__branch *branch); /* and all below; NULL is fine */
/* The path from the slot to a branch: depth segments. */
void echo__branch_path(const echo__branch *branch, echo__seg *path);
/* The branch at a path below, made when absent, with an entry promised. NULL: out of memory, nothing remains of it. */
echo__branch *echo__branch_promise(echo__branch *root, const echo__seg *path, uint32_t count);
/* The promise was kept or is taken back; frees the branch and those above it, but not the first, as far as they hold
 * nothing. */
void echo__branch_release(echo__branch *branch);

/*
 * Adds an operation that has a promise and reduces the tree; takes its value. ECHO__BRANCH_NONE: overtaken, dropped
 * without a trace. ECHO__BRANCH_TOUCHED: overtaken, but left a TOUCH. ECHO__BRANCH_ADDED: it counts.
 */
typedef enum echo__branch_outcome { ECHO__BRANCH_NONE, ECHO__BRANCH_TOUCHED, ECHO__BRANCH_ADDED } echo__branch_outcome;
echo__branch_outcome echo__branch_add(const echo_key *feeds, echo__branch *branch, const echo__entry *entry);
/* An entry known to be the only one, at a first branch. Every promise has room for one such entry besides. */
void echo__branch_start(echo__branch *root, const echo__entry *entry);
/* Whether each TOUCH belongs to a later DELETE at its path: for trees made from stored states. */
bool echo__branch_is_sound(const echo_key *feeds, const echo__branch *branch);

/* Marks the feeds that the operations of a tree come from. */
void echo__branch_feeds(const echo__branch *branch, bool *used);

/* The operations of a tree in canonical order. */
typedef struct echo__past {
    const echo__branch *branch;
    echo__pos pos;
    uint32_t rank; /* of the feed */
    echo__op_kind kind;
    echo__value *value; /* borrowed */
} echo__past;
/* *out is the caller's, for echo__free. `ranks` orders the feeds. false: out of memory. */
bool echo__branch_past(echo__past **out, size_t *count, const echo__branch *root, const uint32_t *ranks);

#endif
