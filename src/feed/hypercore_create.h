/*
 * Making an empty feed.
 */
#ifndef ECHO_FEED_HYPERCORE_CREATE_H
#define ECHO_FEED_HYPERCORE_CREATE_H

#include <echo/base.h>

/* Makes an empty feed without a secret key, in a folder of feeds. */
echo_status echo__hypercore_make(const char *path, const echo_key *key, echo_error *err);

#endif
