/*
 * The blocks of a hypercore directory, read one after the other: nothing is verified, holes are not known. For tests
 * that need real blocks but not the library's own reader. Every function fails the running test on trouble.
 */
#ifndef TESTS_SUPPORT_FIXTURE_FEED_H
#define TESTS_SUPPORT_FIXTURE_FEED_H

#include <echo/base.h>

typedef struct fixture_feed {
    char *path;
    echo_key key;
    size_t count;
    echo_bytes *blocks;
    uint8_t *data; /* what the blocks are views of */
} fixture_feed;

typedef struct fixture_feeds {
    size_t count;
    fixture_feed *feeds; /* in ascending order of path */
} fixture_feeds;

/* Reads the feeds in the sub-folders of `folder` that are named by a key. */
void fixture_feeds_read(fixture_feeds *out, const char *folder);
void fixture_feeds_free(fixture_feeds *feeds);
/* The feed of a key, NULL when there is none. */
const fixture_feed *fixture_feeds_find(const fixture_feeds *feeds, const echo_key *key);

/* A file's bytes and a NUL behind them; *len may be NULL. For the caller to free(). */
char *fixture_file(const char *path, size_t *len);

#endif
