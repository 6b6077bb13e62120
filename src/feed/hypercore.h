/*
 * A folder of hypercore feeds as a source (hypercore_state.h).
 */
#ifndef ECHO_FEED_HYPERCORE_H
#define ECHO_FEED_HYPERCORE_H

#include "feed/hypercore_state.h"

/* Opens the feed in a folder of any name. proved is what the source remembers; borrowed, may be NULL.
 * ECHO_ERR_NOT_FOUND when nothing in it is a feed. */
echo_status echo__hypercore_open(echo__hypercore **out, const char *path, const echo_key *key,
                                 const echo_feeds_dir_options *options, echo__hypercore_proved *proved,
                                 echo_error *err);
void echo__hypercore_close(echo__hypercore *hc);

/* For tests: the counts of a feed that a folder source opened. */
const echo__hypercore_counts *echo__hypercore_count(const void *feed);

#endif
