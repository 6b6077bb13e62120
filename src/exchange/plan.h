/*
 * How to catch up: by the tail of the feeds, or by the chunks that differ and the tail after them. Bytes decide; both
 * are packed on the way about as well. Pure, so that it can be looked at from outside.
 *
 * Nobody falls behind for ever: a fetch by chunks is never given up for a newer snapshot, and ends with the tail; so
 * each fetch ends at a point that peers had reached after it began.
 */
#ifndef ECHO_EXCHANGE_PLAN_H
#define ECHO_EXCHANGE_PLAN_H

#include "tree/tree.h"

typedef struct echo__plan_facts {
    bool offered;           /* there is a snapshot to fetch, and it covers what is here */
    echo__root base;        /* what is here; items 0: nothing */
    echo__root root;        /* what is offered */
    uint64_t covered;       /* messages that it covers and are missing here */
    uint64_t covered_bytes; /* their blocks' */
    uint64_t tail_bytes;    /* of blocks after it */
} echo__plan_facts;

/* Bytes that fetching the chunks would take, about: of `covered` messages to random items. */
uint64_t echo__plan_chunk_bytes(const echo__plan_facts *facts);
typedef enum echo__plan {
    ECHO__PLAN_TAIL,
    ECHO__PLAN_CHUNKS,
    ECHO__PLAN_TRY /* chunks, if the messages went to few items: the first of them will tell (echo__plan_goes_on) */
} echo__plan;
echo__plan echo__plan_make(const echo__plan_facts *facts);
/*
 * While chunks are tried: `done` of the items are settled, at the cost of `spent` bytes; the tail would be `instead`
 * bytes. Ids are spread like random numbers, so the rest will cost in proportion. false: the tail.
 */
bool echo__plan_goes_on(double done, uint64_t spent, uint64_t instead);

#endif
