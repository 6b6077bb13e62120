/*
 * Feeds in memory: blocks in order of seq, with holes where some were never put.
 */
#ifndef ECHO_FEED_MEMORY_H
#define ECHO_FEED_MEMORY_H

#include "echo/sys/feed.h"

/* What a feed handed out, over all who opened it. */
typedef struct echo__memory_counts {
    uint64_t blocks;
    uint64_t bytes;
    uint64_t lowest; /* seq; UINT64_MAX when nothing was */
} echo__memory_counts;

/* For tests: the counts of a feed that a memory source opened. */
const echo__memory_counts *echo__memory_count(const void *feed);

#endif
