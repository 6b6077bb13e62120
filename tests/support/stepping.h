/*
 * A party in memory whose feeds a generator writes, whose clock goes on by so much whenever somebody looks (steps are
 * as short as the test wants them), and whose snapshots are compared with what replaying their messages gives.
 */
#ifndef TESTS_STEPPING_H
#define TESTS_STEPPING_H

#include <echo/echo.h>

#include "gen/generate.h"
#include "support/counting_feeds.h"

typedef struct stepping {
    generator *g;
    uint64_t seed;
    counting_feeds counting;
    echo_store store; /* in memory */
    echo_registry *models;
    uint64_t now, tick; /* the party's clock, nanoseconds */
    echo_snapshot_policy
        policy; /* manual, no thread, steps of one piece, keeps all; changes count from the next opening on */
    echo_party_options options;
    echo_party *party;
    uint64_t taken, checked; /* snapshots seen, and compared */
    uint64_t copied;         /* records of theirs that were taken before their turn */
} stepping;

/* Everything but the party. */
void stepping_prepare(stepping *s, const generate_options *options);
void stepping_open(stepping *s);
/* Opens it again, whatever is going on. */
void stepping_reopen(stepping *s);
void stepping_close(stepping *s);

/* Writes n more messages, which the party does not see yet. */
void stepping_generate(stepping *s, uint64_t n);
void stepping_poll(stepping *s, uint64_t max);
echo_snapshot_state stepping_state(const stepping *s);
/* Polls, with nothing new, until no snapshot runs. */
void stepping_finish(stepping *s);
/* A snapshot that was completed since the last call says what replaying its messages says. */
void stepping_check(stepping *s);
/*
 * Applies what is there, takes a snapshot, and compares: with a party that replays, with one opened from the snapshot,
 * which must read no message.
 */
void stepping_compare(stepping *s);

#endif
