/*
 * Which items leave memory first: a list of those that may, most recently used first, and what all items weigh.
 *
 * Invariant: an item is in the list exactly while it is in the root, unchanged, and not being captured; so whatever is
 * in the list can be dropped and loaded again.
 */
#ifndef ECHO_PARTY_EVICT_H
#define ECHO_PARTY_EVICT_H

#include "party/item.h"

typedef struct echo__evict {
    echo_item *newest, *oldest; /* items that can be evicted */
    uint64_t weight;            /* of all items in memory, in bytes */
    uint64_t evictable_weight;  /* of those in the list */
    uint64_t limit;             /* what `weight` should not exceed; 0: none, and the list stays empty */
    uint64_t evicted;
} echo__evict;

/* Estimates what an item takes, from the bytes of its record or from those that a message adds to it. */
void echo__evict_weigh(echo__evict *evict, echo_item *item, size_t record_bytes);
void echo__evict_weigh_more(echo__evict *evict, echo_item *item, size_t bytes);
/* An item was used just now: puts it first, if it may be in the list. */
void echo__evict_use(echo__evict *evict, echo_item *item);
/* Takes an item out of the list: it is about to change. */
void echo__evict_hold(echo__evict *evict, echo_item *item);
/* Takes the item out of the list that is to leave memory next, while all together weigh more than the limit. NULL: none
 * has to, or none may. */
echo_item *echo__evict_next(echo__evict *evict);

#endif
