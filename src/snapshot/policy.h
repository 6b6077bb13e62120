/*
 * When a snapshot is begun (echo/policy.h), decided from facts and nothing else.
 */
#ifndef ECHO_SNAPSHOT_POLICY_H
#define ECHO_SNAPSHOT_POLICY_H

#include <echo/snapshot.h>

#include "tree/tree.h"

/* Facts of the moment; times are of the party's clock. */
typedef struct echo__policy_facts {
    uint64_t now_ns;
    uint64_t messages, bytes; /* since the last snapshot's cut */
    uint64_t first_ns;        /* when the first of them was applied; 0: there were none */
    uint64_t last_ns;         /* when the last was */
    uint64_t expected_open_ns;
    uint64_t base_open_ns;   /* of that, what no snapshot makes less */
    uint64_t expected_bytes; /* that a snapshot would write */
    uint64_t held, memory;   /* bytes of items that cannot be evicted, and the bound; 0: none */
} echo__policy_facts;

/* What it remembers. Zeroed at first. */
typedef struct echo__policy {
    uint64_t failed;      /* in a row */
    uint64_t retry_ns;    /* nothing before this moment */
    uint64_t wanted_ns;   /* a snapshot that can wait has been wanted since; 0: none is */
    uint64_t write_ratio; /* bytes written to bytes expected, in 1/1024; 0: never compared */
} echo__policy;

/* Whether to begin one now, and why; ECHO_SNAPSHOT_REASON_NONE: not now. */
echo_snapshot_reason echo__policy_decide(echo__policy *policy, const echo_snapshot_policy *rules,
                                         const echo__policy_facts *facts);
/* expected_bytes: what echo__policy_bytes gave for it with a policy that has compared nothing yet. */
void echo__policy_succeeded(echo__policy *policy, uint64_t began_ns, uint64_t now_ns, uint64_t expected_bytes,
                            uint64_t bytes);
void echo__policy_failed(echo__policy *policy, const echo_snapshot_policy *rules, uint64_t now_ns);

/* Bytes of new chunks when `changed` items of a tree change or are added, each about as long as those in the tree;
 * `tail_bytes` when it is empty. */
uint64_t echo__policy_bytes(const echo__policy *policy, const echo__root *root, uint64_t changed, uint64_t tail_bytes);
/* How many leaves of the tree are read for that many random items; each time anew when the tree is larger than what is
 * kept of it. */
uint64_t echo__policy_leaves(const echo__root *root, uint64_t items);

#endif
