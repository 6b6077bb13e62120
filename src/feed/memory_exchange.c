#include "feed/memory_exchange.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"

#define PUSHED_MAX 64u /* nodes that one block adds: its leaf, and the parents it completes */

static echo_bytes bytes_of(const echo__memory_block *block) { return (echo_bytes){block->data, block->len}; }

static size_t find_node(const echo__memory_feed *feed, uint64_t index) {
    size_t low = 0, high = feed->node_count;
    if (high > 0 && feed->nodes[high - 1].index < index) return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (feed->nodes[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const echo_feed_node *node_at(const echo__memory_feed *feed, uint64_t index) {
    size_t at = find_node(feed, index);
    return at < feed->node_count && feed->nodes[at].index == index ? &feed->nodes[at].node : NULL;
}

/* There is room for it. */
static void add_node(void *arg, uint64_t index, const echo_feed_node *node) {
    echo__memory_feed *feed = arg;
    size_t at = find_node(feed, index);
    if (at < feed->node_count && feed->nodes[at].index == index) return;
    memmove(feed->nodes + at + 1, feed->nodes + at, (feed->node_count - at) * sizeof *feed->nodes);
    feed->nodes[at] = (echo__proof_node){index, *node, false};
    feed->node_count++;
}

/* Brings the tree of a feed that is written here to where its blocks are, or to the first hole. */
static echo_status grow_tree(echo__memory_feed *feed, echo_error *err) {
    size_t at = echo__memory_find(feed, feed->roots.length);
    if (!feed->writable) return ECHO_OK;
    for (; at < feed->count && feed->blocks[at].seq == feed->roots.length; at++) {
        if (!echo__grow(&feed->nodes, &feed->node_cap, feed->node_count + PUSHED_MAX, sizeof *feed->nodes))
            return echo__nomem(err);
        echo_feed_node leaf = {.size = feed->blocks[at].len};
        echo__hypercore_leaf(&leaf.hash, bytes_of(&feed->blocks[at]));
        echo__proof_push(&feed->roots, 2 * feed->blocks[at].seq, &leaf, add_node, feed);
    }
    return ECHO_OK;
}

static echo_status load(void *arg, echo_feed_node *out, bool *present, uint64_t index, unsigned depth,
                        echo_error *err) {
    (void)depth;
    (void)err;
    const echo_feed_node *node = node_at(arg, index);
    *present = node != NULL;
    if (node != NULL) *out = *node;
    return ECHO_OK;
}

static echo_status refuse(const echo__memory_feed *feed, echo_error *err, echo_status code, const char *why) {
    echo__error(err, code, "%s", why);
    echo__error_feed(err, &feed->keys.public_key);
    return code;
}

echo_status echo__memory_prove(echo_feed_proof *out, void *ctx, void *feed, uint64_t from, uint64_t to,
                               echo_error *err) {
    (void)ctx;
    echo__memory_feed *f = feed;
    echo_feed_proof proof;
    if (from >= to || to > echo__memory_length(f))
        return refuse(f, err, ECHO_ERR_INVALID, "no proof exists for an empty range");
    echo_status status = grow_tree(f, err);
    if (status != ECHO_OK) return status;
    if (to > f->roots.length && !f->writable)
        return refuse(f, err, ECHO_ERR_SIGNATURE, "the blocks were put without a signature");
    if (to > f->roots.length) {
        echo__error(err, ECHO_ERR_GAP, "a block before those to prove is not present");
        echo__error_seq(err, &f->keys.public_key, f->roots.length);
        return ECHO_ERR_GAP;
    }
    if (f->signed_length < f->roots.length) {
        uint8_t message[40];
        echo__hypercore_signable(message, &f->roots);
        echo__sign(f->signature, message, sizeof message, &f->keys);
        f->signed_length = f->roots.length;
    }
    status = echo__proof_make(&proof, from, to, &f->roots, &f->keys.public_key, load, f, err);
    if (status != ECHO_OK) return status;
    memcpy(proof.signature, f->signature, sizeof proof.signature);
    *out = proof;
    return ECHO_OK;
}

/* ---- putting */

static bool has(const echo__memory_feed *feed, uint64_t seq, size_t *at) {
    *at = echo__memory_find(feed, seq);
    return *at < feed->count && feed->blocks[*at].seq == seq;
}

/* A block that was put without a signature counts here: no one learns that blocks change. */
static echo_status compare(const echo__memory_feed *feed, const echo__proven *proven, const echo_bytes *blocks,
                           const echo_feed_proof *proof, echo_error *err) {
    echo__proof_fork fork = {0};
    for (size_t i = 0; i < proven->count; i++) {
        const echo_feed_node *node = node_at(feed, proven->nodes[i].index);
        if (node != NULL && !echo__proof_same(node, &proven->nodes[i].node))
            echo__proof_fork_at(&fork, proven->nodes[i].index);
    }
    for (uint64_t seq = proof->from; seq < proof->to; seq++) {
        size_t at;
        echo_bytes given = blocks[seq - proof->from];
        if (!has(feed, seq, &at)) continue;
        if (feed->blocks[at].len != given.len ||
            (given.len > 0 && memcmp(feed->blocks[at].data, given.data, given.len) != 0))
            echo__proof_fork_at(&fork, 2 * seq);
    }
    return echo__proof_fork_report(&fork, &feed->keys.public_key, err);
}

/* Copies of the blocks that are not here; *count of them. NULL when out of memory. */
static echo__memory_block *copy_blocks(size_t *count, const echo__memory_feed *feed, const echo_bytes *blocks,
                                       const echo_feed_proof *proof) {
    echo__memory_block *fresh = echo__realloc_array(NULL, (size_t)(proof->to - proof->from), sizeof *fresh);
    *count = 0;
    for (uint64_t seq = proof->from; fresh != NULL && seq < proof->to; seq++) {
        size_t at;
        echo_bytes given = blocks[seq - proof->from];
        if (has(feed, seq, &at)) continue;
        uint8_t *data = echo__memory_copy(given);
        if (data != NULL) {
            fresh[(*count)++] = (echo__memory_block){seq, data, given.len};
            continue;
        }
        while (*count > 0) echo__free(fresh[--*count].data);
        echo__free(fresh);
        return NULL;
    }
    return fresh;
}

static void add_blocks(echo__memory_feed *feed, const echo__memory_block *fresh, size_t count) {
    size_t at = feed->count + count;
    for (size_t old = feed->count; count > 0;) {
        bool behind = old > 0 && feed->blocks[old - 1].seq > fresh[count - 1].seq;
        feed->blocks[--at] = behind ? feed->blocks[--old] : fresh[--count];
    }
}

/* All that can fail comes first. */
static echo_status store(echo__memory_feed *feed, const echo__proven *proven, const echo_bytes *blocks,
                         const echo_feed_proof *proof, echo_error *err) {
    size_t count;
    echo__memory_block *fresh = copy_blocks(&count, feed, blocks, proof);
    if (fresh == NULL) return echo__nomem(err);
    if (!echo__grow(&feed->blocks, &feed->cap, feed->count + count, sizeof *feed->blocks) ||
        !echo__grow(&feed->nodes, &feed->node_cap, feed->node_count + proven->count, sizeof *feed->nodes)) {
        while (count > 0) echo__free(fresh[--count].data);
        echo__free(fresh);
        return echo__nomem(err);
    }
    add_blocks(feed, fresh, count);
    feed->count += count;
    echo__free(fresh);
    for (size_t i = 0; i < proven->count; i++) add_node(feed, proven->nodes[i].index, &proven->nodes[i].node);
    if (proof->length > feed->roots.length) {
        feed->roots = proven->roots;
        feed->signed_length = proof->length;
        memcpy(feed->signature, proof->signature, sizeof feed->signature);
    }
    return ECHO_OK;
}

echo_status echo__memory_put(void *ctx, void *feed, const echo_bytes *blocks, const echo_feed_proof *proof,
                             echo_error *err) {
    (void)ctx;
    echo__memory_feed *f = feed;
    echo__proven proven;
    echo_status status = echo__proof_check(&proven, proof, blocks, &f->keys.public_key, err);
    if (status != ECHO_OK) return status;
    status = grow_tree(f, err); /* what was appended here counts */
    if (status == ECHO_OK) status = compare(f, &proven, blocks, proof, err);
    if (status == ECHO_OK) status = store(f, &proven, blocks, proof, err);
    echo__proven_free(&proven);
    return status;
}
