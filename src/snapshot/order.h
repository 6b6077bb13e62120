/*
 * The items of a capture in ascending order of id, found in bounded steps: their list is walked, then sorted by merging
 * runs. Reads nothing of an item but its id and one link, so that it may be done on another thread than the party's
 * (capture.h).
 */
#ifndef ECHO_SNAPSHOT_ORDER_H
#define ECHO_SNAPSHOT_ORDER_H

#include "party/capture.h"

typedef struct echo__order {
    echo_item *next; /* to be gathered */
    unsigned side;
    size_t count, gathered;
    echo__ordered *from, *to; /* runs of `width` are sorted in `from`; those before `at` are merged into `to` */
    size_t width, at;
    size_t left, right, out; /* where the merging of the runs at `at` stands */
    bool merging;
} echo__order;

/* ECHO_ERR_NOMEM. */
echo_status echo__order_begin(echo__order *order, echo_item *first, unsigned side, uint64_t count) ECHO_MUST_USE;
/* Some thousand comparisons; true when it is done: `from` is then in order. */
bool echo__order_step(echo__order *order);
void echo__order_free(echo__order *order);

#endif
