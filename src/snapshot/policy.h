/*
 * Decides when a snapshot is begun (echo/policy.h), from the facts below only.
 */
#ifndef ECHO_SNAPSHOT_POLICY_H
#define ECHO_SNAPSHOT_POLICY_H

#include <echo/snapshot.h>

#include "tree/tree.h"

/* Current facts; times are by the party's clock. */
typedef struct echo__policy_facts {
    uint64_t now_ns;
    uint64_t messages, bytes; /* since the last snapshot's cut */
    uint64_t first_ns;        /* when the first of them was applied; 0: no messages */
    uint64_t last_ns;         /* when the last was */
    uint64_t expected_open_ns;
    uint64_t base_open_ns;   /* the part of it that a snapshot does not reduce */
    uint64_t expected_bytes; /* expected to be written by a snapshot */
    uint64_t held, memory;   /* bytes of items that cannot be evicted, and their limit; 0: no limit */
} echo__policy_facts;

/* State between decisions. Zeroed at first. */
typedef struct echo__policy {
    uint64_t failed;      /* consecutive failures */
    uint64_t retry_ns;    /* no snapshot before this time */
    uint64_t wanted_ns;   /* since when a snapshot that can wait has been wanted; 0: not wanted */
    uint64_t write_ratio; /* ratio of bytes written to bytes expected, in 1/1024; 0: not measured yet */
} echo__policy;

/* The reason to begin a snapshot now; ECHO_SNAPSHOT_REASON_NONE: do not begin one. */
echo_snapshot_reason echo__policy_decide(echo__policy *policy, const echo_snapshot_policy *rules,
                                         const echo__policy_facts *facts);
/* expected_bytes: what echo__policy_bytes returned for this snapshot with a zeroed policy. */
void echo__policy_succeeded(echo__policy *policy, uint64_t began_ns, uint64_t now_ns, uint64_t expected_bytes,
                            uint64_t bytes);
void echo__policy_failed(echo__policy *policy, const echo_snapshot_policy *rules, uint64_t now_ns);

/* Estimated bytes of new chunks when `changed` items of a tree change or are added, each about as long as those in the
 * tree. For an empty tree the estimate is made from `tail_bytes`. */
uint64_t echo__policy_bytes(const echo__policy *policy, const echo__root *root, uint64_t changed, uint64_t tail_bytes);
/* The number of leaves of the tree that are read for `items` random items. A leaf counts each time it is read again, as
 * happens when the tree is larger than the chunk cache. */
uint64_t echo__policy_leaves(const echo__root *root, uint64_t items);

#endif
