/*
 * How to catch up: by the tail of the feeds, or by the chunks that differ and the tail after the snapshot. The number
 * of bytes decides; both compress about equally well. Pure functions, so that they can be tested.
 *
 * No peer lags for ever: a fetch by chunks is never given up for a newer snapshot, and ends with the tail. So each
 * fetch ends at a point that peers had reached after it began.
 */
#ifndef ECHO_EXCHANGE_PLAN_H
#define ECHO_EXCHANGE_PLAN_H

#include "tree/tree.h"

typedef struct echo__plan_facts {
    bool offered;           /* a snapshot is offered, and it covers what is present locally */
    echo__root base;        /* present locally; items 0: nothing */
    echo__root root;        /* offered */
    uint64_t covered;       /* messages that the offer covers and that are missing locally */
    uint64_t covered_bytes; /* bytes of their blocks */
    uint64_t tail_bytes;    /* bytes of the blocks after the snapshot */
} echo__plan_facts;

/* Estimated bytes of the chunks to fetch, if the `covered` messages went to random items. */
uint64_t echo__plan_chunk_bytes(const echo__plan_facts *facts);
typedef enum echo__plan {
    ECHO__PLAN_TAIL,
    ECHO__PLAN_CHUNKS,
    ECHO__PLAN_TRY /* try chunks, which is better if the messages went to few items: the first chunks show it
                      (echo__plan_goes_on) */
} echo__plan;
echo__plan echo__plan_make(const echo__plan_facts *facts);
/*
 * Whether to continue while chunks are tried; false: fetch the tail instead. The fraction `done` of the items is
 * settled and took `spent` bytes; the tail would take `instead` bytes. Ids are distributed like random numbers, so the
 * rest will take bytes in proportion.
 */
bool echo__plan_goes_on(double done, uint64_t spent, uint64_t instead);

#endif
