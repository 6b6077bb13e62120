/*
 * Sorts the items of a capture by id in bounded steps: gathers them from their list, then merges sorted runs (merge
 * sort). Reads only the id and one link of an item, so it may run on another thread than the party's (capture.h).
 */
#ifndef ECHO_SNAPSHOT_ORDER_H
#define ECHO_SNAPSHOT_ORDER_H

#include "party/capture.h"

typedef struct echo__order {
    echo_item *next; /* the next to gather */
    unsigned side;
    size_t count, gathered;
    echo__ordered *from, *to; /* runs of `width` are sorted in `from`; those before `at` are merged into `to` */
    size_t width, at;
    size_t left, right, out; /* positions in the merge of the two runs at `at` */
    bool merging;
} echo__order;

/* ECHO_ERR_NOMEM. */
echo_status echo__order_begin(echo__order *order, echo_item *first, unsigned side, uint64_t count) ECHO_MUST_USE;
/* Does a few thousand comparisons. true: done, and `from` is sorted. */
bool echo__order_step(echo__order *order);
void echo__order_free(echo__order *order);

#endif
