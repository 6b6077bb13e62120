/*
 * Flat trees: a binary tree laid out in order, as hypercore numbers its Merkle nodes.
 *
 * Leaf of block b is node 2b. The depth of a node is the number of its trailing one bits; a node of depth d has 2^d
 * leaves and, with all below it, fills the contiguous range left_span..right_span. Blocks 0..n-1 make popcount(n)
 * complete subtrees, the roots of n.
 */
#ifndef ECHO_FEED_FLAT_TREE_H
#define ECHO_FEED_FLAT_TREE_H

#include <stdint.h>

#define ECHO__FLAT_ROOTS_MAX 64u

static inline unsigned echo__flat_depth(uint64_t index) {
    unsigned depth = 0;
    while (index & 1) {
        index >>= 1;
        depth++;
    }
    return depth;
}

/* Distance from a node of depth d > 0 to either child; also from a node to the end of its span, plus one. */
static inline uint64_t echo__flat_step(unsigned depth) { return UINT64_C(1) << (depth - 1); }

static inline uint64_t echo__flat_left_span(uint64_t index, unsigned depth) {
    return index + 1 - (UINT64_C(1) << depth);
}
static inline uint64_t echo__flat_right_span(uint64_t index, unsigned depth) {
    return index - 1 + (UINT64_C(1) << depth);
}

static inline uint64_t echo__flat_parent(uint64_t index, unsigned depth) {
    uint64_t bit = UINT64_C(1) << depth;
    return (index & (bit << 1)) ? index - bit : index + bit;
}

/* The number of parents that block b completes: those whose span ends with its leaf. The one of depth d is node 2b + 1
 * - 2^d. */
static inline unsigned echo__flat_completes(uint64_t block) { return echo__flat_depth(block); }

/* Writes the indexes of the roots of n blocks, left to right; returns how many. n is below 2^62. */
static inline unsigned echo__flat_roots(uint64_t roots[ECHO__FLAT_ROOTS_MAX], uint64_t blocks) {
    unsigned count = 0;
    uint64_t at = 0;
    for (unsigned bit = 62; bit-- > 0;) {
        uint64_t leaves = UINT64_C(1) << bit;
        if (!(blocks & leaves)) continue;
        roots[count++] = at + leaves - 1;
        at += 2 * leaves;
    }
    return count;
}

#endif
