/*
 * What the feeds say: a snapshot's messages applied once more, to compare the result with the snapshot.
 */
#ifndef ECHO_SNAPSHOT_REPLAY_H
#define ECHO_SNAPSHOT_REPLAY_H

#include <echo/snapshot.h>

/*
 * Replays what a snapshot covers into a party of its own and takes a snapshot of that in memory, whose root is then the
 * party's; fn looks at it. Otherwise as echo_snapshot_replay().
 */
typedef echo_status (*echo__replayed_fn)(void *arg, const echo_party *replayed, const echo_hash *digest,
                                         echo_error *err);
echo_status echo__snapshot_replay(const echo_party_options *options, const echo_store *store, uint64_t number,
                                  echo__replayed_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;

#endif
