/*
 * The live form of an object's state: slots, and the operations that made them (the semantics are in
 * object_ops.c).
 */
#ifndef ECHO_MODEL_OBJECT_OPS_H
#define ECHO_MODEL_OBJECT_OPS_H

#include "model/object_branch.h"

/* A top-level key. */
typedef struct echo__slot {
    echo__avl_node node;
    echo__value *value; /* NULL when absent; of a complex slot the fold of its operations, unless stale */
    bool simple;        /* `at` is the stamp of the one SET or DELETE that counts */
    bool stale;         /* complex: `value` is NULL and has to be folded anew */
    bool started;       /* complex: `last` is set */
    echo__pos at;
    echo__pos last;        /* complex: of the latest operation */
    echo__branch *history; /* complex: the operations */
    size_t need;           /* operations that are under way */
    char text[];
} echo__slot;

typedef struct echo__live {
    echo__avl_node *slots;
    echo_key *feeds; /* those that stamps refer to, perhaps some more */
    size_t feed_count, feed_cap;
} echo__live;

void echo__live_init(echo__live *live);
void echo__live_free(echo__live *live);
/* The number of a feed, taken up when it is new. false: out of memory. */
bool echo__live_feed(uint32_t *out, echo__live *live, const echo_key *feed);
/* The rank of each feed in the order of their keys. *out is the caller's, for echo__free. false: out of memory. */
bool echo__live_ranks(uint32_t **out, const echo__live *live);

/* The slot of a key; `make` one that is new and empty when it has none. NULL: none, or out of memory. */
echo__slot *echo__live_slot(echo__live *live, const echo__seg *key, bool make);

/*
 * Applies operations, their order counting up from pos->order: all of them (true) or, when out of memory, none. Takes
 * their values when it applies them.
 */
bool echo__live_apply(echo__live *live, echo__op *ops, size_t count, const echo__pos *pos);

/* Brings slot->value up to date. false: out of memory. */
bool echo__slot_fold(const echo__live *live, echo__slot *slot);

#endif
