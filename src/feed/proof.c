#include "feed/proof.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"

#define BYTES_MAX ((uint64_t)INT64_MAX) /* of a feed; more could not be addressed in a file */

size_t echo__proof_cover(uint64_t index[ECHO_FEED_PROOF_NODES_MAX], uint64_t from, uint64_t to) {
    size_t count = 0;
    while (from < to) {
        /* The largest subtree that begins at `from` and ends before `to`. */
        uint64_t leaves = from > 0 ? from & (~from + 1) : ECHO__SEQ_LIMIT;
        while (leaves > to - from) leaves >>= 1;
        index[count++] = 2 * from + leaves - 1;
        from += leaves;
    }
    return count;
}

static bool siblings(uint64_t left, uint64_t right) {
    unsigned depth = echo__flat_depth(left);
    return echo__flat_depth(right) == depth && right - left == UINT64_C(2) << depth &&
           echo__flat_parent(left, depth) == left + (UINT64_C(1) << depth);
}

void echo__proof_push(echo__hypercore_roots *roots, uint64_t index, const echo_feed_node *node, echo__proof_node_fn fn,
                      void *arg) {
    unsigned depth = echo__flat_depth(index);
    roots->index[roots->count] = index;
    roots->node[roots->count++] = *node;
    roots->length += UINT64_C(1) << depth;
    roots->bytes += node->size;
    if (fn != NULL) fn(arg, index, node);
    while (roots->count > 1) {
        unsigned last = roots->count - 1;
        if (!siblings(roots->index[last - 1], roots->index[last])) break;
        echo__hypercore_join(&roots->node[last - 1], &roots->node[last - 1], &roots->node[last]);
        roots->index[last - 1] = (roots->index[last - 1] + roots->index[last]) / 2;
        roots->count = last;
        if (fn != NULL) fn(arg, roots->index[last - 1], &roots->node[last - 1]);
    }
}

static void no_roots(echo__hypercore_roots *roots) {
    roots->length = roots->bytes = 0;
    roots->count = 0;
}

static bool same_roots(const echo__hypercore_roots *a, const echo__hypercore_roots *b) {
    if (a->count != b->count || a->bytes != b->bytes) return false;
    for (unsigned i = 0; i < a->count; i++)
        if (a->index[i] != b->index[i] || !echo__proof_same(&a->node[i], &b->node[i])) return false;
    return true;
}

/* ---- checking */

static echo_status refuse(const echo_key *key, echo_error *err, echo_status code, const char *why) {
    echo__error(err, code, "a proof of blocks %s", why);
    echo__error_feed(err, key);
    return code;
}

/* No number of the proof is used before it went through here. */
static echo_status check_numbers(const echo_feed_proof *proof, const echo_bytes *blocks, const echo_key *key,
                                 echo_error *err) {
    uint64_t index[ECHO_FEED_PROOF_NODES_MAX], bytes = 0;
    if (proof->from >= proof->to || proof->to > proof->length)
        return refuse(key, err, ECHO_ERR_CORRUPT, "is of an empty range");
    if (proof->length > ECHO__SEQ_LIMIT) return refuse(key, err, ECHO_ERR_LIMIT, "claims too many blocks");
    if (proof->left_count != echo__proof_cover(index, 0, proof->from) ||
        proof->right_count != echo__proof_cover(index, proof->to, proof->length))
        return refuse(key, err, ECHO_ERR_CORRUPT, "has too many nodes or too few");
    for (size_t i = 0; i < proof->left_count + proof->right_count; i++) {
        const echo_feed_node *node = i < proof->left_count ? &proof->left[i] : &proof->right[i - proof->left_count];
        if (echo__hypercore_node_blank(node))
            return refuse(key, err, ECHO_ERR_CORRUPT,
                          "has a node of zeros, which in a tree's file marks an absent node");
        if (node->size > BYTES_MAX - bytes) return refuse(key, err, ECHO_ERR_CORRUPT, "claims too many bytes");
        bytes += node->size;
    }
    for (uint64_t i = 0; i < proof->to - proof->from; i++) {
        if (blocks[i].len > ECHO__HYPERCORE_BLOCK_MAX)
            return refuse(key, err, ECHO_ERR_LIMIT, "comes with one that is too large");
        if (blocks[i].len > BYTES_MAX - bytes) return refuse(key, err, ECHO_ERR_CORRUPT, "claims too many bytes");
        bytes += blocks[i].len;
    }
    return ECHO_OK;
}

static void keep(void *arg, uint64_t index, const echo_feed_node *node) {
    echo__proven *out = arg;
    out->nodes[out->count++] = (echo__proof_node){index, *node, false};
}

static void push_left(echo__hypercore_roots *roots, const echo_feed_proof *proof, echo__proof_node_fn fn, void *arg) {
    uint64_t index[ECHO_FEED_PROOF_NODES_MAX];
    size_t n = echo__proof_cover(index, 0, proof->from);
    for (size_t i = 0; i < n; i++) echo__proof_push(roots, index[i], &proof->left[i], fn, arg);
}

/* The leaves of the blocks before `to`. */
static void push_blocks(echo__hypercore_roots *roots, const echo_feed_proof *proof, const echo_bytes *blocks,
                        uint64_t to, echo__proof_node_fn fn, void *arg) {
    for (uint64_t seq = proof->from; seq < to; seq++) {
        echo_feed_node leaf;
        echo_bytes block = blocks[seq - proof->from];
        echo__hypercore_leaf(&leaf.hash, block);
        leaf.size = block.len;
        echo__proof_push(roots, 2 * seq, &leaf, fn, arg);
    }
}

static void walk(echo__proven *out, const echo_feed_proof *proof, const echo_bytes *blocks) {
    uint64_t index[ECHO_FEED_PROOF_NODES_MAX];
    push_left(&out->roots, proof, keep, out);
    out->offset = out->roots.bytes;
    push_blocks(&out->roots, proof, blocks, proof->to, keep, out);
    size_t n = echo__proof_cover(index, proof->to, proof->length);
    for (size_t i = 0; i < n; i++) echo__proof_push(&out->roots, index[i], &proof->right[i], keep, out);
}

static int by_index(const void *a, const void *b) {
    uint64_t x = ((const echo__proof_node *)a)->index, y = ((const echo__proof_node *)b)->index;
    return (x > y) - (x < y);
}

echo_status echo__proof_check(echo__proven *out, const echo_feed_proof *proof, const echo_bytes *blocks,
                              const echo_key *key, echo_error *err) {
    out->nodes = NULL;
    out->count = 0;
    out->offset = 0;
    no_roots(&out->roots);
    echo_status status = check_numbers(proof, blocks, key, err);
    if (status != ECHO_OK) return status;
    /* Each join makes one node of two: there are fewer than those that are pushed. */
    uint64_t pushed = proof->left_count + (proof->to - proof->from) + proof->right_count;
    if (pushed > SIZE_MAX / 2 / sizeof *out->nodes) return refuse(key, err, ECHO_ERR_LIMIT, "is of too many at once");
    out->nodes = echo__realloc_array(NULL, (size_t)(2 * pushed), sizeof *out->nodes);
    if (out->nodes == NULL) return echo__nomem(err);
    walk(out, proof, blocks);
    if (!echo__hypercore_signed(&out->roots, proof->signature, key, NULL)) {
        echo__proven_free(out);
        return refuse(key, err, ECHO_ERR_SIGNATURE, "is not signed by the feed's writer");
    }
    qsort(out->nodes, out->count, sizeof *out->nodes, by_index);
    return ECHO_OK;
}

void echo__proof_root(echo_hash *out, const echo_feed_proof *proof, const echo_bytes *blocks, uint64_t length) {
    echo__hypercore_roots roots;
    uint8_t signable[40];
    no_roots(&roots);
    push_left(&roots, proof, NULL, NULL);
    push_blocks(&roots, proof, blocks, length, NULL, NULL);
    echo__hypercore_signable(signable, &roots);
    memcpy(out->bytes, signable, sizeof out->bytes);
}

void echo__proven_free(echo__proven *proven) {
    echo__free(proven->nodes);
    proven->nodes = NULL;
    proven->count = 0;
}

size_t echo__proven_find(const echo__proven *proven, uint64_t index) {
    size_t low = 0, high = proven->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (proven->nodes[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- comparing */

bool echo__proof_same(const echo_feed_node *a, const echo_feed_node *b) {
    return a->size == b->size && echo__hash_equal(&a->hash, &b->hash);
}

bool echo__proof_fork_tells(const echo__proof_fork *fork, uint64_t index) {
    unsigned depth = echo__flat_depth(index);
    uint64_t right = echo__flat_right_span(index, depth);
    return !fork->found || right < fork->right || (right == fork->right && depth < fork->depth);
}

void echo__proof_fork_at(echo__proof_fork *fork, uint64_t index) {
    unsigned depth = echo__flat_depth(index);
    if (!echo__proof_fork_tells(fork, index)) return;
    *fork =
        (echo__proof_fork){true, echo__flat_left_span(index, depth) / 2, echo__flat_right_span(index, depth), depth};
}

echo_status echo__proof_fork_report(const echo__proof_fork *fork, const echo_key *key, echo_error *err) {
    if (!fork->found) return ECHO_OK;
    echo__error(err, ECHO_ERR_CONFLICT,
                "the feed was forked: its writer signed a different block at this seq or after it");
    echo__error_seq(err, key, fork->seq);
    return ECHO_ERR_CONFLICT;
}

/* ---- making */

typedef struct maker {
    const echo_key *key;
    echo__proof_load_fn load;
    void *arg;
    echo__hypercore_roots roots; /* that follow from the nodes so far */
    echo_error *err;
} maker;

/*
 * Loads the cover of from..to-1 into nodes, which may be NULL. *missing is the first block whose node is not here, or
 * `to`. After a hole nothing is joined any more: it would not be roots.
 */
static echo_status load_cover(maker *m, echo_feed_node *nodes, size_t *count, uint64_t *missing, uint64_t from,
                              uint64_t to) {
    uint64_t index[ECHO_FEED_PROOF_NODES_MAX];
    *missing = to;
    *count = echo__proof_cover(index, from, to);
    for (size_t i = 0; i < *count; i++) {
        echo_feed_node node;
        bool present;
        unsigned depth = echo__flat_depth(index[i]);
        echo_status status = m->load(m->arg, &node, &present, index[i], depth, m->err);
        if (status != ECHO_OK) return status;
        uint64_t first = echo__flat_left_span(index[i], depth) / 2;
        if (!present) {
            *missing = first;
            return ECHO_OK;
        }
        if (nodes != NULL) nodes[i] = node;
        if (first == m->roots.length) echo__proof_push(&m->roots, index[i], &node, NULL, NULL);
    }
    return ECHO_OK;
}

static echo_status gap(const maker *m, uint64_t seq) {
    echo__error(m->err, ECHO_ERR_GAP, "a node that the proof needs is not present");
    echo__error_seq(m->err, m->key, seq);
    return ECHO_ERR_GAP;
}

echo_status echo__proof_make(echo_feed_proof *out, uint64_t from, uint64_t to, const echo__hypercore_roots *roots,
                             const echo_key *key, echo__proof_load_fn load, void *arg, echo_error *err) {
    maker m = {.key = key, .load = load, .arg = arg, .err = err};
    uint64_t missing, hole;
    size_t between;
    no_roots(&m.roots);
    out->from = from;
    out->to = to;
    out->length = roots->length;
    echo_status status = load_cover(&m, out->left, &out->left_count, &missing, 0, from);
    if (status != ECHO_OK || missing < from) return status != ECHO_OK ? status : gap(&m, missing);
    status = load_cover(&m, NULL, &between, &hole, from, to);
    if (status != ECHO_OK) return status;
    status = load_cover(&m, out->right, &out->right_count, &missing, to, roots->length);
    if (status != ECHO_OK || missing < roots->length) return status != ECHO_OK ? status : gap(&m, missing);
    if (hole < to || same_roots(&m.roots, roots)) return ECHO_OK;
    echo__error(err, ECHO_ERR_CORRUPT, "the feed's tree nodes do not add up to its signed roots");
    echo__error_feed(err, key);
    return ECHO_ERR_CORRUPT;
}
