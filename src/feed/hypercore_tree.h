/*
 * Nodes, roots and signatures in the files: the length that a signature vouches for.
 */
#ifndef ECHO_FEED_HYPERCORE_TREE_H
#define ECHO_FEED_HYPERCORE_TREE_H

#include "feed/hypercore_state.h"

/* A node as the file has it, or as its descendants in the file make it; *present is false when they do not suffice.
 * Not verified. */
echo_status echo__hypercore_load_node(echo__hypercore *hc, echo__hypercore_node *out, bool *present, uint64_t index,
                                      unsigned depth, echo_error *err);
/* Looks at the bitfield again and, when it gives another length, at the signatures. On error nothing changes. */
echo_status echo__hypercore_refresh(echo__hypercore *hc, echo_error *err);
/* The number of blocks at the last signature below `length`; 0 when none exists. */
echo_status echo__hypercore_last_batch(echo__hypercore *hc, uint64_t *start, uint64_t length, echo_error *err);
/*
 * The roots of the shortest signed length above `after` and below the verified one; length 0 when there is none. In a
 * sparse feed some blocks may lead to such roots and not to the newest ones, because the nodes between were not yet
 * received with a proof.
 */
echo_status echo__hypercore_older_roots(echo__hypercore *hc, echo__hypercore_roots *roots, uint64_t after,
                                        echo_error *err);
/* The hash over the roots of the first `length` blocks, from the nodes in the file. ECHO_ERR_NOT_FOUND when they do not
 * suffice. */
echo_status echo__hypercore_root(echo_hash *out, echo__hypercore *hc, uint64_t length, echo_error *err);
/* The number of signatures after `length` that verify; stops counting at 2. */
echo_status echo__hypercore_signed_after(echo__hypercore *hc, unsigned *count, uint64_t length, echo_error *err);

#endif
