/*
 * Applying a snapshot's messages again from the feeds, to compare the result with the snapshot.
 */
#ifndef ECHO_SNAPSHOT_REPLAY_H
#define ECHO_SNAPSHOT_REPLAY_H

#include <echo/snapshot.h>

/*
 * Replays what a snapshot covers into a new party and takes a snapshot of that in memory, so that the party is over its
 * root; then calls fn with the party and the snapshot's digest. Otherwise the same as echo_snapshot_replay().
 */
typedef echo_status (*echo__replayed_fn)(void *arg, const echo_party *replayed, const echo_hash *digest,
                                         echo_error *err);
echo_status echo__snapshot_replay(const echo_party_options *options, const echo_store *store, uint64_t number,
                                  echo__replayed_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;

#endif
