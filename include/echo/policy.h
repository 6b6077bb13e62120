/*
 * echo/policy.h: when the library takes snapshots by itself, and what that may cost the host.
 *
 * The host states how long opening may take and how many bytes may be written. The library measures, on this machine,
 * the cost of applying messages, loading items and writing chunks, and chooses. It decides on the party's thread, in
 * echo_party_restore(), echo_party_poll() and echo_party_write(). It looks only at the messages that came and at the
 * party's clock: with a clock that a test supplies, every decision is deterministic.
 *
 * A snapshot begins when something is new, no snapshot is running, no retry delay is pending, and one of these holds:
 *
 * - recovery: opening the party took longer than `open_ns`. The snapshot begins as soon as the party is open.
 *
 * - opening: opening the party now would take at least four fifths of `open_ns`, and what is new since the last
 * snapshot accounts for a quarter of that or more. This comes before the limit on writing.
 *
 * - memory: the items changed since the last snapshot, which cannot be evicted, take half of the party's memory bound.
 *
 * - messages, bytes, age: one of the triggers below is reached, and the snapshot would write no more than
 * `write_factor` allows. The snapshot then waits for a pause of `quiet_ms`, but no longer than `patience_ms`.
 *
 * - request: the host asked for it (echo/snapshot.h).
 */
#ifndef ECHO_POLICY_H
#define ECHO_POLICY_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values in parentheses are those of ECHO_SNAPSHOT_POLICY_INIT. */
typedef struct echo_snapshot_policy {
    uint32_t version; /* 1 */
    /* Begin only the snapshots that the host asks for (false). The fields from `budget_ns` on apply to those too. */
    bool manual;
    /* Write snapshots on a thread of the library's own (true). Otherwise the host's calls do the writing as well, in
     * steps of `budget_ns`, and publishing is one step, which takes as long as the store needs to make everything
     * durable. A store that cannot be opened a second time is written without a thread in either case. */
    bool thread;
    /* How long opening may take (100 ms). 0: no limit. */
    uint64_t open_ns;
    /* How many bytes may be written to the store per byte of the feeds since the last snapshot (2). 0: no limit. If
     * both limits cannot be met (scattered changes to many items), the limit on opening wins and more is written. */
    double write_factor;
    /* Trigger after this many messages since the last snapshot (1,000). 0: disabled. */
    uint64_t messages;
    /* Trigger after this many bytes of blocks since the last snapshot (0). 0: disabled. */
    uint64_t bytes;
    /* Trigger when the oldest message that the last snapshot does not cover was applied this long ago (one day). 0:
     * disabled. */
    uint64_t age_ms;
    /* A snapshot that may wait begins once no message has come for this long (250 ms). 0: it does not wait. */
    uint64_t quiet_ms;
    /* It waits no longer than this (5 s). */
    uint64_t patience_ms;
    /* After a failure no snapshot begins for this long (1 s); the delay doubles with each further failure ... */
    uint64_t retry_ms;
    /* ... up to this maximum (5 min). */
    uint64_t retry_max_ms;
    /* Maximum time that one step occupies the party's thread, not counting the serialisation of a single item (1 ms).
     * 0: the shortest possible step. */
    uint64_t budget_ns;
    /* Maximum share of the thread's time, in percent, 1 to 100, that steps take while messages are applied (10). A poll
     * that finds no message takes a whole step. */
    uint32_t share;
    /* How many of the newest snapshots to keep (2), besides those that are pinned. Older ones are removed. 0: remove
     * none. */
    uint32_t keep;
    /* Remove chunks that no snapshot needs (true). Otherwise they stay until the host calls echo_snapshot_gc(). */
    bool collect_garbage;
} echo_snapshot_policy;

#define ECHO_SNAPSHOT_POLICY_INIT                                                                                      \
    { 1u, false, true, 100000000u, 2.0, 1000u, 0u, 86400000u, 250u, 5000u, 1000u, 300000u, 1000000u, 10u, 2u, true }

#ifdef __cplusplus
}
#endif
#endif
