/*
 * Feeds in memory: blocks in order of seq, with holes where some were never put.
 */
#ifndef ECHO_FEED_MEMORY_H
#define ECHO_FEED_MEMORY_H

#include "feed/memory_feed.h"

/* For tests: the counts of a feed that a memory source opened. */
const echo__memory_counts *echo__memory_count(const void *feed);

#endif
