/*
 * The bitfield: which blocks and nodes are present, and the length that follows from the latter.
 */
#ifndef ECHO_FEED_HYPERCORE_BITFIELD_H
#define ECHO_FEED_HYPERCORE_BITFIELD_H

#include "feed/hypercore_state.h"
#include "feed/proof.h"

/* Reads the tree bits from the end: sets hc->top and hc->bits. *changed: they differ from before. */
echo_status echo__hypercore_scan(echo__hypercore *hc, bool *changed, echo_error *err);
/* Whether a block is present. */
echo_status echo__hypercore_present(echo__hypercore *hc, bool *present, uint64_t seq, echo_error *err);
/* Sets or clears bits of blocks from..to-1, in as few bytes as that takes; pages that are new or cut short are written
 * whole. */
echo_status echo__hypercore_put_data_bits(echo__hypercore *hc, uint64_t from, uint64_t to, bool value, echo_error *err);
/* The same for their leaves and the parents they complete. */
echo_status echo__hypercore_put_tree_bits(echo__hypercore *hc, uint64_t from, uint64_t to, bool value, echo_error *err);
/* Sets the bits of nodes. From the last page back: the length is the new one at once, or it is not. */
echo_status echo__hypercore_put_node_bits(echo__hypercore *hc, const echo__proof_node *nodes, size_t count,
                                          echo_error *err);
/* Clears the data bits at and above the length, which appends left that did not complete. */
echo_status echo__hypercore_clear_after(echo__hypercore *hc, echo_error *err);
/* Whether blocks from..to-1 are all present while a bit of their nodes is missing: an append that power failure cut in
 * two. */
echo_status echo__hypercore_torn(echo__hypercore *hc, bool *torn, uint64_t from, uint64_t to, echo_error *err);

#endif
