/*
 * A feed source that passes everything on to another and counts what is read: to prove that covered blocks are not.
 * With a bound set for a feed, reading a block below it is counted as a breach.
 */
#ifndef TESTS_COUNTING_FEEDS_H
#define TESTS_COUNTING_FEEDS_H

#include <echo/echo.h>

typedef struct counting_feeds {
    echo_feeds feeds; /* give this to the party; closing it closes nothing below */
    const echo_feeds *inner;
    const echo_timeframe *covered; /* borrowed; NULL: nothing is */
    uint64_t blocks;               /* handed out */
    uint64_t breaches;             /* of those, at or below the covered seq of their feed */
    uint64_t reads, syncs, appends;
} counting_feeds;

void counting_feeds_init(counting_feeds *c, const echo_feeds *inner);

#endif
