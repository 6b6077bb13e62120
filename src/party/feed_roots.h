/*
 * The roots of feeds that a snapshot names (P14): per feed of its timeframe the hash over the Merkle roots, at the
 * length that the timeframe covers.
 */
#ifndef ECHO_PARTY_FEED_ROOTS_H
#define ECHO_PARTY_FEED_ROOTS_H

#include <echo/base.h>

typedef struct echo__feed_root {
    echo_key feed;
    echo_hash root;
} echo__feed_root;

typedef struct echo__feed_roots {
    echo__feed_root *list; /* ascending by feed; a feed whose root is not known has no entry */
    size_t count, cap;
} echo__feed_roots;

void echo__feed_roots_free(echo__feed_roots *roots); /* also makes it empty */
/* NULL: not known. */
const echo_hash *echo__feed_roots_get(const echo__feed_roots *roots, const echo_key *feed);
/* Adds a feed above all others. */
echo_status echo__feed_roots_add(echo__feed_roots *roots, const echo_key *feed, const echo_hash *root) ECHO_MUST_USE;

#endif
