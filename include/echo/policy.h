/*
 * echo/policy.h: when the library takes snapshots by itself, and what that may cost the host.
 *
 * The host says how long opening may take and how much may be written; the library measures what applying messages,
 * loading items and writing chunks cost on this machine, and chooses. Everything is decided on the party's thread, in
 * echo_party_restore(), echo_party_poll() and echo_party_write(), from the messages that came and the party's clock
 * alone: with a clock that a test supplies it is deterministic.
 *
 * A snapshot begins when one of these holds, there is something new, none is running, and no failure has to be waited
 * out:
 *
 *   recovery   opening the party took longer than `open_ns` (one at once, when it is opened)
 *   opening    opening it now would take nearly that long (four fifths of open_ns), a quarter of it or more because of
 * what is new: the first duty, whatever is written memory     items that changed since the last snapshot, which cannot
 * be evicted, take half of the party's memory bound messages, bytes, age one of the legs below is reached, and what the
 * snapshot would write is within `write_factor`; then it waits for a pause of `quiet_ms`, but for no longer than
 * `patience_ms` request    the host asked (echo/snapshot.h)
 */
#ifndef ECHO_POLICY_H
#define ECHO_POLICY_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct echo_snapshot_policy {
    uint32_t version; /* 1 */
    bool manual;      /* begin none but those the host asks for; all below `retry_max_ms` counts for these too */
    bool thread; /* a thread of the library's own writes the snapshot (true). false: the host's calls do the writing as
                    well, in steps of `budget_ns`; publishing is then one step, which takes as long as the store
                    needs to make everything durable. A store that cannot be opened again is written that way too */
    uint64_t open_ns;      /* how long opening may take; 0: that does not matter */
    double write_factor;   /* bytes written to the store per byte of the feeds since the last snapshot; 0: that does not
                              matter. Opening   comes first: where both cannot be held (scattered changes to many items)
                              more is written */
    uint64_t messages;     /* leg: so many messages (>=) since the last snapshot; 0: no such leg */
    uint64_t bytes;        /* leg: so many bytes of their blocks; 0: no such leg */
    uint64_t age_ms;       /* leg: the oldest of them was applied so long ago; 0: no such leg */
    uint64_t quiet_ms;     /* a snapshot that can wait waits until no message came for so long; 0: it does not wait */
    uint64_t patience_ms;  /* but begins after so long all the same */
    uint64_t retry_ms;     /* after a failure nothing is begun for so long; twice as long after each further one, ... */
    uint64_t retry_max_ms; /* ... up to this */
    uint64_t budget_ns;    /* how long one step may keep the party's thread, besides one item's own serialisation; 0: as
                              short as can be */
    uint32_t share; /* percent of the thread's time, 1 to 100, that steps take while messages are applied; a poll that
                       finds none takes a whole step */
    uint32_t keep;  /* newest snapshots to keep, beside those that are pinned; older ones are removed. 0: remove none */
    bool collect_garbage; /* remove chunks that no snapshot needs (true); false: leave them to echo_snapshot_gc() */
} echo_snapshot_policy;

#define ECHO_SNAPSHOT_POLICY_INIT                                                                                      \
    { 1u, false, true, 100000000u, 2.0, 1000u, 0u, 86400000u, 250u, 5000u, 1000u, 300000u, 1000000u, 10u, 2u, true }

#ifdef __cplusplus
}
#endif
#endif
