/*
 * The live form of an object's state: slots, and the operations that made them (the semantics are told in object_ops.c).
 */
#ifndef ECHO_MODEL_OBJECT_OPS_H
#define ECHO_MODEL_OBJECT_OPS_H

#include "base/stamp.h"
#include "model/object_fold.h"

/* Where an operation stands in the canonical order: its mutation's stamp and its place in the mutation. */
typedef struct echo__pos {
    uint64_t time;
    uint64_t seq;
    uint32_t feed;  /* in echo__live.feeds */
    uint32_t order; /* among the operations of one stamp */
} echo__pos;

typedef struct echo__entry {
    echo__pos pos;
    echo__op_kind kind;
    echo__value *value;
} echo__entry;

/* The operations at one path of a complex slot. Branches form a tree as paths do. */
typedef struct echo__branch {
    echo__avl_node node; /* among the branches of the parent, by segment */
    struct echo__branch *parent;
    echo__avl_node *branches;
    echo__entry *entries; /* ascending; of a named path at most one SET or DELETE, which then comes first */
    size_t count, cap;
    size_t need;          /* entries promised to operations that are under way */
    echo__pos touch;      /* the TOUCH at this path, when `touched` */
    bool touched;
    bool named;           /* no segment from the slot to here is an index */
    uint32_t depth;       /* segments from the slot to here */
    char text[];
} echo__branch;

/* A top-level key. */
typedef struct echo__slot {
    echo__avl_node node;
    echo__value *value;   /* NULL when absent; of a complex slot the fold of its operations, unless stale */
    bool simple;          /* `at` is the stamp of the one SET or DELETE that counts */
    bool stale;           /* complex: `value` is NULL and must be folded anew */
    bool last_known;      /* complex: `last` is set */
    echo__pos at;
    echo__pos last;       /* complex: of the latest operation */
    echo__branch *history; /* complex: the operations */
    size_t need;
    char text[];
} echo__slot;

typedef struct echo__live {
    echo__avl_node *slots;
    size_t count;
    echo_key *feeds; /* those that stamps refer to, perhaps some more */
    size_t feed_count, feed_cap;
} echo__live;

void echo__live_init(echo__live *live);
void echo__live_free(echo__live *live);
/* The number of a feed, taken up when it is new. false: out of memory. */
bool echo__live_feed(uint32_t *out, echo__live *live, const echo_key *feed);

/* Applies operations, their order counting up from pos->order: all of them or, when out of memory, none. Takes their values. */
bool echo__live_apply(echo__live *live, echo__op *ops, size_t count, const echo__pos *pos);

/* Brings slot->value up to date. false: out of memory. */
bool echo__slot_fold(echo__live *live, echo__slot *slot);

/* The operations of a complex slot in canonical order. */
typedef struct echo__past {
    const echo__branch *branch;
    echo__pos pos;
    echo__op_kind kind;
    echo__value *value; /* borrowed */
    uint32_t rank;      /* of the feed among all feeds */
} echo__past;
/* *out is from echo__malloc. false: out of memory. */
bool echo__slot_past(echo__past **out, size_t *count, const echo__live *live, const echo__slot *slot);
/* The path from the slot to a branch. */
void echo__branch_path(const echo__branch *branch, echo__seg *path);

#endif
