/*
 * Proofs of blocks: all ranges of small feeds, every part of a proof tampered with, numbers that lie.
 */
#include "feed/proof.h"

#include "test_hypercore_support.h"

#include "support/fault.h"

#define MOST 40u

/* A feed that is nothing but its tree. */
typedef struct tree {
    echo_keypair keys;
    test_blocks blocks;
    echo_feed_node node[4 * MOST];
    bool known[4 * MOST];
    echo__hypercore_roots roots[MOST + 1];
} tree;

static void note(void *arg, uint64_t index, const echo_feed_node *node) {
    tree *t = arg;
    assert_true(index < 4 * MOST && !t->known[index]);
    t->node[index] = *node;
    t->known[index] = true;
}

static void tree_begin(tree *t, uint64_t seed) {
    memset(t, 0, sizeof *t);
    test_make_keys(&t->keys, (uint8_t)seed);
    test_make_blocks(&t->blocks, MOST, 60, seed);
    for (size_t i = 0; i < MOST; i++) {
        echo_feed_node leaf = {.size = t->blocks.at[i].len};
        echo__hypercore_leaf(&leaf.hash, t->blocks.at[i]);
        t->roots[i + 1] = t->roots[i];
        echo__proof_push(&t->roots[i + 1], 2 * i, &leaf, note, t);
    }
}

static echo_status load(void *arg, echo_feed_node *out, bool *present, uint64_t index, unsigned depth,
                        echo_error *err) {
    (void)err;
    const tree *t = arg;
    assert_int_equal(depth, echo__flat_depth(index));
    *present = index < 4 * MOST && t->known[index];
    if (*present) *out = t->node[index];
    return ECHO_OK;
}

static void sign(tree *t, echo_feed_proof *proof, bool seven) {
    uint8_t message[40];
    echo__hypercore_signable(message, &t->roots[proof->length]);
    echo__sign(proof->signature, message, seven ? 32 : 40, &t->keys);
}

static void make(tree *t, echo_feed_proof *proof, uint64_t from, uint64_t to, uint64_t length) {
    memset(proof, 0, sizeof *proof);
    assert_ok(echo__proof_make(proof, from, to, &t->roots[length], &t->keys.public_key, load, t, &oops));
    sign(t, proof, false);
}

static echo_status check(tree *t, echo__proven *proven, const echo_feed_proof *proof) {
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo__proof_check(proven, proof, t->blocks.at + proof->from, &t->keys.public_key, &err);
    if (status == ECHO_OK) return status;
    assert_int_equal(err.code, status);
    assert_null(proven->nodes);
    assert_int_equal(proven->count, 0);
    if (status != ECHO_ERR_NOMEM) assert_true(err.has_feed && echo__key_equal(&err.feed, &t->keys.public_key));
    return status;
}

/* Found the slow way: all complete subtrees inside from..to-1 that are in no larger one. */
static void the_cover_is_the_smallest(void **state) {
    (void)state;
    for (uint64_t to = 0; to <= 70; to++) {
        for (uint64_t from = 0; from <= to; from++) {
            uint64_t index[ECHO_FEED_PROOF_NODES_MAX], at = from;
            size_t n = echo__proof_cover(index, from, to), expected = 0;
            for (uint64_t i = 0; i < 256; i++) {
                unsigned depth = echo__flat_depth(i);
                uint64_t above = echo__flat_parent(i, depth);
                bool inside =
                    echo__flat_left_span(i, depth) >= 2 * from && echo__flat_right_span(i, depth) + 2 <= 2 * to;
                bool larger = echo__flat_left_span(above, depth + 1) >= 2 * from &&
                              echo__flat_right_span(above, depth + 1) + 2 <= 2 * to;
                expected += inside && !larger;
            }
            assert_int_equal(n, expected);
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(echo__flat_left_span(index[i], echo__flat_depth(index[i])), 2 * at);
                at += UINT64_C(1) << echo__flat_depth(index[i]);
            }
            assert_int_equal(at, to);
        }
    }
    uint64_t index[ECHO_FEED_PROOF_NODES_MAX], most = UINT64_C(1) << 53;
    assert_int_equal(echo__proof_cover(index, 1, most - 1), ECHO_FEED_PROOF_NODES_MAX);
    assert_int_equal(echo__proof_cover(index, 1, most), 53);
    assert_int_equal(echo__proof_cover(index, 0, most - 1), 53);
    assert_int_equal(echo__proof_cover(index, 0, most), 1);
    assert_int_equal(index[0], most - 1);
}

/* What is known afterwards: the right nodes, in order, and no node that follows is missing. */
static void check_known(const tree *t, const echo__proven *proven, const echo_feed_proof *proof) {
    bool known[4 * MOST] = {false};
    for (size_t i = 0; i < proven->count; i++) {
        uint64_t index = proven->nodes[i].index;
        assert_true(i == 0 || index > proven->nodes[i - 1].index);
        assert_true(echo__proof_same(&proven->nodes[i].node, &t->node[index]));
        assert_false(proven->nodes[i].here);
        assert_int_equal(echo__proven_find(proven, index), i);
        known[index] = true;
    }
    assert_int_equal(echo__proven_find(proven, UINT64_MAX), proven->count);
    for (uint64_t seq = proof->from; seq < proof->to; seq++) assert_true(known[2 * seq]);
    for (uint64_t i = 1; i < 2 * MOST; i += 2) {
        unsigned depth = echo__flat_depth(i);
        if (echo__flat_right_span(i, depth) >= 2 * proof->length) continue;
        if (known[i - echo__flat_step(depth)] && known[i + echo__flat_step(depth)]) assert_true(known[i]);
    }
}

/* The hash of the roots at each length that the proof reaches with its blocks. */
static void check_roots(const tree *t, const echo_feed_proof *proof) {
    for (uint64_t length = proof->from; length <= proof->to; length++) {
        uint8_t signable[40];
        echo_hash root;
        echo__hypercore_signable(signable, &t->roots[length]);
        echo__proof_root(&root, proof, t->blocks.at + proof->from, length);
        assert_memory_equal(root.bytes, signable, sizeof root.bytes);
    }
}

static void every_range(void **state) {
    (void)state;
    tree t;
    tree_begin(&t, 3);
    for (uint64_t length = 1; length <= MOST; length++) {
        for (uint64_t to = 1; to <= length; to++) {
            for (uint64_t from = 0; from < to; from++) {
                echo_feed_proof proof;
                echo__proven proven;
                make(&t, &proof, from, to, length);
                if ((from + to) % 2) sign(&t, &proof, true);
                assert_status(check(&t, &proven, &proof), ECHO_OK);
                assert_int_equal(proven.roots.length, length);
                assert_int_equal(proven.roots.bytes, t.roots[length].bytes);
                assert_int_equal(proven.roots.count, t.roots[length].count);
                for (unsigned i = 0; i < proven.roots.count; i++) {
                    assert_int_equal(proven.roots.index[i], t.roots[length].index[i]);
                    assert_true(echo__proof_same(&proven.roots.node[i], &t.roots[length].node[i]));
                }
                assert_int_equal(proven.offset, t.roots[from].bytes);
                check_known(&t, &proven, &proof);
                if (length == MOST) check_roots(&t, &proof);
                echo__proven_free(&proven);
            }
        }
    }
    test_free_blocks(&t.blocks);
}

static void refused(tree *t, const echo_feed_proof *proof, echo_status expected) {
    echo__proven proven;
    echo_status status = check(t, &proven, proof);
    if (status != expected) fail_msg("%s, not %s", echo_status_name(status), echo_status_name(expected));
}

static void tampered_nodes(tree *t, const echo_feed_proof *good) {
    for (size_t i = 0; i < good->left_count + good->right_count; i++) {
        echo_feed_proof bad = *good;
        echo_feed_node *node = i < good->left_count ? &bad.left[i] : &bad.right[i - good->left_count];
        node->hash.bytes[i % 32] ^= 1;
        refused(t, &bad, ECHO_ERR_SIGNATURE);
        node->hash.bytes[i % 32] ^= 1;
        node->size++;
        refused(t, &bad, ECHO_ERR_SIGNATURE);
        /* The sum is as before. */
        if (i + 1 < good->left_count) {
            bad.left[i + 1].size--;
            refused(t, &bad, ECHO_ERR_SIGNATURE);
        }
        node->size = UINT64_MAX;
        refused(t, &bad, ECHO_ERR_CORRUPT);
    }
}

static void everything_tampered(void **state) {
    (void)state;
    static const uint64_t cases[][3] = {{0, 1, 1},    {0, 40, 40}, {5, 9, 40},  {7, 8, 29},
                                        {21, 22, 37}, {0, 3, 31},  {30, 31, 31}};
    tree t;
    tree_begin(&t, 4);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        echo_feed_proof good, bad;
        make(&t, &good, cases[c][0], cases[c][1], cases[c][2]);
        tampered_nodes(&t, &good);
        for (size_t i = 0; i < 64; i++) {
            bad = good;
            bad.signature[i] ^= 0x10;
            refused(&t, &bad, ECHO_ERR_SIGNATURE);
        }
        for (uint64_t seq = good.from; seq < good.to; seq++) {
            if (t.blocks.at[seq].len == 0) continue;
            t.blocks.owned[seq][0] ^= 1;
            refused(&t, &good, ECHO_ERR_SIGNATURE);
            t.blocks.owned[seq][0] ^= 1;
            t.blocks.at[seq].len--;
            refused(&t, &good, ECHO_ERR_SIGNATURE);
            t.blocks.at[seq].len++;
        }
        /* Somebody else's key. */
        echo__proven proven;
        echo_keypair other;
        test_make_keys(&other, 77);
        assert_status(echo__proof_check(&proven, &good, t.blocks.at + good.from, &other.public_key, NULL),
                      ECHO_ERR_SIGNATURE);
        /* The signature of another length, in either form. */
        for (unsigned seven = 0; seven < 2; seven++) {
            bad = good;
            bad.length = good.length == MOST ? MOST - 1 : good.length + 1;
            sign(&t, &bad, seven);
            bad.length = good.length;
            refused(&t, &bad, ECHO_ERR_SIGNATURE);
        }
    }
    test_free_blocks(&t.blocks);
}

/* Nothing of this may be read, hashed or allocated by: blocks is no pointer to what the numbers say. */
static void hostile_numbers(void **state) {
    (void)state;
    tree t;
    echo_feed_proof good, bad;
    tree_begin(&t, 5);
    make(&t, &good, 5, 9, 37);
    const size_t counts[] = {0, 1, 54, 103, 104, 105, 1000, SIZE_MAX / 2, SIZE_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        bad = good;
        bad.left_count = counts[i];
        if (counts[i] != good.left_count) refused(&t, &bad, ECHO_ERR_CORRUPT);
        bad = good;
        bad.right_count = counts[i];
        if (counts[i] != good.right_count) refused(&t, &bad, ECHO_ERR_CORRUPT);
    }
    const uint64_t most = UINT64_C(1) << 53;
    const struct {
        uint64_t from, to, length;
        echo_status expected;
    } ranges[] = {
        {5, 5, 37, ECHO_ERR_CORRUPT},          {9, 5, 37, ECHO_ERR_CORRUPT},
        {5, 38, 37, ECHO_ERR_CORRUPT},         {0, 0, 0, ECHO_ERR_CORRUPT},
        {5, 9, 8, ECHO_ERR_CORRUPT},           {5, 9, UINT64_MAX, ECHO_ERR_LIMIT},
        {5, 9, most + 1, ECHO_ERR_LIMIT},      {5, 9, most, ECHO_ERR_CORRUPT},
        {4, 9, 37, ECHO_ERR_CORRUPT},          {5, 10, 37, ECHO_ERR_CORRUPT},
        {5, 9, 38, ECHO_ERR_SIGNATURE},        {UINT64_MAX, 0, 37, ECHO_ERR_CORRUPT},
        {5, UINT64_MAX, 37, ECHO_ERR_CORRUPT}, {5, UINT64_MAX, UINT64_MAX, ECHO_ERR_LIMIT},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        echo__proven proven;
        bad = good;
        bad.from = ranges[i].from;
        bad.to = ranges[i].to;
        bad.length = ranges[i].length;
        assert_status(echo__proof_check(&proven, &bad, t.blocks.at, &t.keys.public_key, NULL), ranges[i].expected);
        assert_null(proven.nodes);
    }
    /* Sizes that are well by themselves and too many bytes together, blocks included. */
    bad = good;
    bad.left[0].size = (uint64_t)INT64_MAX - bad.left[1].size;
    refused(&t, &bad, ECHO_ERR_CORRUPT);
    bad = good;
    bad.left[0].size = bad.right[0].size = (uint64_t)1 << 62;
    refused(&t, &bad, ECHO_ERR_CORRUPT);
    bad = good;
    uint64_t others = t.roots[37].bytes - good.left[0].size;
    bad.left[0].size = (uint64_t)INT64_MAX - others;
    refused(&t, &bad, ECHO_ERR_SIGNATURE);
    bad.left[0].size++;
    refused(&t, &bad, ECHO_ERR_CORRUPT);
    /* A block of more than can be read back. */
    echo_bytes kept = t.blocks.at[6];
    t.blocks.at[6].len = ECHO__HYPERCORE_BLOCK_MAX + 1;
    refused(&t, &good, ECHO_ERR_LIMIT);
    t.blocks.at[6] = kept;
    echo__proven proven;
    assert_status(check(&t, &proven, &good), ECHO_OK);
    echo__proven_free(&proven);
    test_free_blocks(&t.blocks);
}

/* Zeros are no node in a tree's file: whoever signed them. */
static void a_blank_node_is_refused(void **state) {
    tree t;
    echo_feed_proof proof;
    uint8_t message[40];
    uint64_t index[ECHO_FEED_PROOF_NODES_MAX];
    echo__hypercore_roots roots;
    (void)state;
    tree_begin(&t, 7);
    make(&t, &proof, 0, 1, 2);
    memset(&proof.right[0], 0, sizeof proof.right[0]);
    memset(&roots, 0, sizeof roots);
    echo__proof_push(&roots, 0, &t.node[0], NULL, NULL);
    assert_int_equal(echo__proof_cover(index, 1, 2), 1);
    echo__proof_push(&roots, index[0], &proof.right[0], NULL, NULL);
    echo__hypercore_signable(message, &roots);
    echo__sign(proof.signature, message, sizeof message, &t.keys);
    refused(&t, &proof, ECHO_ERR_CORRUPT);
    proof.right[0].hash.bytes[0] = 1;
    refused(&t, &proof, ECHO_ERR_SIGNATURE);
    test_free_blocks(&t.blocks);
}

static void what_is_missing_is_a_gap(void **state) {
    (void)state;
    tree t;
    echo_feed_proof proof;
    tree_begin(&t, 6);
    for (uint64_t i = 0; i < 2 * MOST; i++) {
        if (!t.known[i]) continue;
        t.known[i] = false;
        for (uint64_t from = 0; from < 37; from += 3) {
            uint64_t left[ECHO_FEED_PROOF_NODES_MAX], right[ECHO_FEED_PROOF_NODES_MAX], to = from + 1 + from % 2;
            size_t n = echo__proof_cover(left, 0, from), m = echo__proof_cover(right, to, 39);
            bool needed = false;
            for (size_t k = 0; k < n; k++) needed |= left[k] == i;
            for (size_t k = 0; k < m; k++) needed |= right[k] == i;
            echo_error err = ECHO_ERROR_INIT;
            echo_status status = echo__proof_make(&proof, from, to, &t.roots[39], &t.keys.public_key, load, &t, &err);
            assert_status(status, needed ? ECHO_ERR_GAP : ECHO_OK);
            if (needed) assert_true(err.has_seq && err.seq == echo__flat_left_span(i, echo__flat_depth(i)) / 2);
        }
        t.known[i] = true;
    }
    /* A node that is there and wrong is not passed on, as long as the blocks' own are there to tell. */
    t.node[7].hash.bytes[3] ^= 1;
    assert_status(echo__proof_make(&proof, 8, 9, &t.roots[39], &t.keys.public_key, load, &t, NULL), ECHO_ERR_CORRUPT);
    t.known[16] = false;
    assert_ok(echo__proof_make(&proof, 8, 9, &t.roots[39], &t.keys.public_key, load, &t, &oops));
    test_free_blocks(&t.blocks);
}

static void forks_are_told_where_they_begin(void **state) {
    (void)state;
    echo__proof_fork fork = {0};
    echo_error err = ECHO_ERROR_INIT;
    echo_key key = {{7}};
    assert_ok(echo__proof_fork_report(&fork, &key, &oops));
    static const uint64_t order[] = {15, 7,  23, 11,
                                     20, 10, 9,  12}; /* of those that end first, the lowest: 10 is block 5 */
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) echo__proof_fork_at(&fork, order[i]);
    assert_status(echo__proof_fork_report(&fork, &key, &err), ECHO_ERR_CONFLICT);
    assert_true(err.has_seq && err.seq == 5 && echo__key_equal(&err.feed, &key));
}

static void memory_runs_out(void **state) {
    (void)state;
    tree t;
    echo_feed_proof proof;
    echo__proven proven;
    tree_begin(&t, 7);
    make(&t, &proof, 3, 20, 33);
    for (long nth = 1;; nth++) {
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = check(&t, &proven, &proof);
        if (!fault_off()) break;
        assert_status(status, ECHO_ERR_NOMEM);
        assert_int_equal(fault_blocks(), before);
    }
    echo__proven_free(&proven);
    test_free_blocks(&t.blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cover_is_the_smallest), cmocka_unit_test(every_range),
        cmocka_unit_test(everything_tampered),       cmocka_unit_test(hostile_numbers),
        cmocka_unit_test(what_is_missing_is_a_gap),  cmocka_unit_test(forks_are_told_where_they_begin),
        cmocka_unit_test(a_blank_node_is_refused),   cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
