/*
 * Which items leave memory first: a list of the evictable items, most recently used first, and the weight of all items.
 *
 * Invariant: an item is in the list exactly while it is in the root, unchanged, and not being captured. So every item
 * in the list can be dropped and loaded again.
 */
#ifndef ECHO_PARTY_EVICT_H
#define ECHO_PARTY_EVICT_H

#include "party/item.h"

typedef struct echo__evict {
    echo_item *newest, *oldest; /* items that can be evicted */
    uint64_t weight;            /* of all items in memory, in bytes */
    uint64_t evictable_weight;  /* of those in the list */
    uint64_t limit;             /* maximum of `weight`; 0: no limit, and the list stays empty */
    uint64_t evicted;
} echo__evict;

/* An item that was loaded weighs what its block takes. */
void echo__evict_weigh_folded(echo__evict *evict, echo_item *item);
/* Estimates the memory an item takes, from the length of its record, or from the bytes that a message adds to it. */
void echo__evict_weigh(echo__evict *evict, echo_item *item, size_t record_bytes);
void echo__evict_weigh_more(echo__evict *evict, echo_item *item, size_t bytes);
/* An item was used: puts it at the front, if it may be in the list. */
void echo__evict_use(echo__evict *evict, echo_item *item);
/* Removes an item from the list, because it is about to change. */
void echo__evict_hold(echo__evict *evict, echo_item *item);
/* Removes the item to evict next from the list and returns it. NULL: the weight is within the limit, or the list is
 * empty. */
echo_item *echo__evict_next(echo__evict *evict);

#endif
