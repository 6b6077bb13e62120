/*
 * Whether the feeds at hand are those that a snapshot covers (P14): other blocks under the same numbers have other
 * roots.
 */
#ifndef ECHO_SNAPSHOT_COVERED_H
#define ECHO_SNAPSHOT_COVERED_H

#include "snapshot/stored.h"

/* Finds the open handle of a feed; NULL: it is not at hand. */
typedef void *(*echo__covered_feed_fn)(void *arg, const echo_key *feed);

typedef struct echo__covered {
    const echo_feeds *feeds;
    echo__covered_feed_fn feed;
    void *arg;
} echo__covered;

/* Fills err with what it means that a feed has another root than a snapshot names for the blocks up to `seq`; returns
 * ECHO_ERR_CONFLICT. */
echo_status echo__covered_differs(const echo_key *feed, uint64_t seq, echo_error *err);

/*
 * Compares the roots that a snapshot names with those of the feeds, as far as both are known. ECHO_ERR_CONFLICT
 * (err->feed, err->seq: the last one covered): they differ. Reads a few tree nodes of each feed, and no block.
 * *shorter (may be NULL): some feed at hand has blocks, but not as many as are covered.
 */
echo_status echo__covered_check(bool *shorter, const echo__covered *covered, const echo__feed_roots *roots,
                                const echo_timeframe *timeframe, echo_error *err) ECHO_MUST_USE;
/* The same for older manifests, for feeds that are shorter than a newer one says. Manifests that cannot be read are
 * skipped. */
echo_status echo__covered_check_older(const echo__covered *covered, const echo__stored_manifest *list, size_t count,
                                      const echo_key *party, echo_error *err) ECHO_MUST_USE;

#endif
