/*
 * What holds for every feed source, whoever wrote its table.
 */
#ifndef ECHO_FEED_FEEDS_H
#define ECHO_FEED_FEEDS_H

#include "echo/sys/feed.h"

/* ECHO_ERR_VERSION: a table this library does not know; ECHO_ERR_INVALID: no table, or one without a required hook or
 * with a part of the hooks for exchanging. */
echo_status echo__feeds_check(const echo_feeds *feeds, echo_error *err) ECHO_MUST_USE;
/* Whether it can make feeds, prove blocks and put them. */
bool echo__feeds_can_exchange(const echo_feeds *feeds);

#endif
