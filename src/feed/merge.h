/*
 * Many feeds, one stream of messages in canonical order.
 *
 * A message may be taken when the clock covers its timeframe. Among those that may be taken the one with the lowest
 * stamp (logical time, feed key, seq) comes first; logical time is the sum of seq + 1 over the message's timeframe
 * merged with its own position. Reading starts after the clock: no block at or below it is read (P2). The clock is the
 * caller's: it moves between peek and advance, after the message was accepted (P1).
 */
#ifndef ECHO_FEED_MERGE_H
#define ECHO_FEED_MERGE_H

#include "base/stamp.h"
#include "echo/sys/codec.h"
#include "echo/sys/feed.h"
#include "echo/timeframe.h"

typedef struct echo__merge echo__merge;

typedef struct echo__merge_hooks {
    /* Whether a feed's messages count. */
    bool (*admits)(void *arg, const echo_key *feed);
    /* Whether this message may be taken from a feed that is not admitted: ECHO_OK or ECHO_ERR_REFUSED; anything else
     * means not now. */
    echo_status (*accepts)(void *arg, const echo_key *feed, const echo_message *message);
    void *arg;
} echo__merge_hooks;

/* The message on offer; valid until advance. */
typedef struct echo__merge_entry {
    echo__stamp stamp; /* names feed and seq as well */
    echo_message message;
    size_t size;         /* bytes of the block */
    echo_status decoded; /* ECHO_OK, or why the block is no message: it is passed over, as ECHO_MESSAGE_UNKNOWN */
    echo_error problem;  /* then */
} echo__merge_entry;

typedef struct echo__merge_counts {
    uint64_t read;      /* blocks read */
    uint64_t outsiders; /* of those, heads of feeds that are not admitted, looked at and left */
    uint64_t feeds;     /* admitted and present */
    uint64_t waiting;
    uint64_t stopped;
    echo_error stop; /* the first reason, in order of feed key */
} echo__merge_counts;

typedef struct echo__awaits {
    echo_key feed, awaited_feed;
    uint64_t seq, awaited_seq;
} echo__awaits;

/*
 * feeds, codec and clock are borrowed. until, when not NULL, bounds the reading: no block above it is read, feeds
 * absent from it are not read at all.
 */
echo_status echo__merge_new(echo__merge **out, const echo_feeds *feeds, const echo_codec *codec,
                            const echo_timeframe *clock, const echo_timeframe *until, const echo__merge_hooks *hooks,
                            echo_error *err) ECHO_MUST_USE;
void echo__merge_free(echo__merge *merge);
/* Finds new feeds and new blocks; tries again what had stopped. */
echo_status echo__merge_scan(echo__merge *merge, echo_error *err) ECHO_MUST_USE;
/* *out is NULL when nothing can be taken now. An error (out of memory) changes nothing. */
echo_status echo__merge_peek(const echo__merge_entry **out, echo__merge *merge, echo_error *err) ECHO_MUST_USE;
/* The message on offer was taken and the clock covers it. */
void echo__merge_advance(echo__merge *merge);
/* Admission grew: look again at the feeds that were not admitted. */
void echo__merge_retrust(echo__merge *merge);

void echo__merge_counts_get(echo__merge_counts *out, const echo__merge *merge);
/* Copies up to max of what is awaited; returns how many there are. */
size_t echo__merge_awaited(const echo__merge *merge, echo__awaits *out, size_t max);
/* Why the feed's next message is not taken: the code, with *err filled as for any failure. ECHO_OK: nothing is in the
 * way, or the feed is not here. */
echo_status echo__merge_obstacle(const echo__merge *merge, const echo_key *feed, echo_error *err);
/* The handle of a feed that is open here, NULL when it is not. */
void *echo__merge_feed(const echo__merge *merge, const echo_key *feed);
/* Walks the feeds in ascending order of key: index 0.. until NULL. */
const echo_key *echo__merge_key(const echo__merge *merge, size_t i, void **handle, echo_feed_info *info);

/* Logical time of a message at block seq of `feed`. false: out of memory. */
bool echo__logical_time(uint64_t *out, const echo_frame *frames, size_t n, const echo_key *feed, uint64_t seq);

#endif
