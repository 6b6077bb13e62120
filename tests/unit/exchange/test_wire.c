#include "exchange/wire.h"

#include "unit/tree/tree_support.h"

static void test_integers(void **state) {
    (void)state;
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, 0x01020304);
    echo__write_u64(&out, UINT64_C(0x1112131415161718));
    echo__buf_byte(&out, 0xff);
    static const uint8_t expected[] = {1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0xff};
    assert_int_equal(out.len, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    echo__reader r = echo__reader_of(echo__buf_bytes(&out));
    assert_int_equal(echo__read_u32(&r), 0x01020304);
    assert_false(echo__reader_ok(&r)); /* something is left */
    assert_true(echo__read_u64(&r) == UINT64_C(0x1112131415161718));
    assert_int_equal(echo__read_u8(&r), 0xff);
    assert_true(echo__reader_ok(&r));
    assert_int_equal(echo__read_u8(&r), 0);
    assert_true(r.bad);
    echo__buf_free(&out);
}

/* From the first time there is too little, everything is: no later read takes what is left. */
static void test_too_little_stays(void **state) {
    (void)state;
    uint8_t bytes[7] = {1, 2, 3, 4, 5, 6, 7}, room[8];
    for (size_t len = 0; len < sizeof bytes; len++) {
        echo__reader r = echo__reader_of(echo__bytes(bytes, len));
        memset(room, 0xee, sizeof room);
        echo__read_into(&r, room, sizeof room);
        for (size_t i = 0; i < sizeof room; i++) assert_int_equal(room[i], 0);
        assert_true(r.bad);
        assert_int_equal(echo__read_u8(&r), 0);
        assert_int_equal(echo__read_u32(&r), 0);
        assert_true(echo__read_u64(&r) == 0);
        assert_int_equal(echo__read_bytes(&r, 0).len, 0);
        assert_false(echo__reader_ok(&r));
    }
    echo__reader r = echo__reader_of(echo__bytes(bytes, sizeof bytes));
    assert_int_equal(echo__read_bytes(&r, SIZE_MAX).len, 0);
    assert_true(r.bad);
    r = echo__reader_of(echo__bytes(NULL, 0));
    assert_int_equal(echo__read_bytes(&r, 0).len, 0);
    assert_true(echo__reader_ok(&r));
}

static void test_offered_feed(void **state) {
    (void)state;
    echo__buf out = ECHO__BUF_INIT;
    echo__offered_feed feed = {.length = 7, .bytes = UINT64_MAX}, read;
    memset(feed.key.bytes, 0x5a, sizeof feed.key.bytes);
    echo__write_offered_feed(&out, &feed);
    assert_int_equal(out.len, ECHO__OFFERED_FEED_BYTES);
    echo__reader r = echo__reader_of(echo__buf_bytes(&out));
    echo__read_offered_feed(&r, &read);
    assert_true(echo__reader_ok(&r));
    assert_memory_equal(read.key.bytes, feed.key.bytes, sizeof feed.key.bytes);
    assert_true(read.length == 7 && read.bytes == UINT64_MAX);
    echo__buf_free(&out);
}

static void random_bytes(test_random *rng, void *out, size_t len) {
    for (size_t i = 0; i < len; i++) ((uint8_t *)out)[i] = (uint8_t)test_random_u64(rng);
}

static void make_proof(echo_feed_proof *proof, test_random *rng, size_t left, size_t right) {
    memset(proof, 0, sizeof *proof);
    proof->from = test_random_u64(rng);
    proof->to = test_random_u64(rng);
    proof->length = test_random_u64(rng);
    proof->left_count = left;
    proof->right_count = right;
    for (size_t i = 0; i < left; i++) random_bytes(rng, &proof->left[i], sizeof proof->left[i]);
    for (size_t i = 0; i < right; i++) random_bytes(rng, &proof->right[i], sizeof proof->right[i]);
    random_bytes(rng, proof->signature, sizeof proof->signature);
}

/* What is read is what was written; every truncation is too little, and nothing is read beyond the end. */
static void test_proofs(void **state) {
    (void)state;
    test_random rng = {11};
    for (unsigned round = 0; round < 60; round++) {
        echo_feed_proof proof, read;
        size_t left = round == 0 ? ECHO_FEED_PROOF_NODES_MAX : (size_t)test_random_below(&rng, 12);
        size_t right = round <= 1 ? ECHO_FEED_PROOF_NODES_MAX : (size_t)test_random_below(&rng, 12);
        make_proof(&proof, &rng, left, right);
        echo__buf out = ECHO__BUF_INIT;
        echo__write_proof(&out, &proof);
        assert_in_range(out.len, 1, ECHO__PROOF_BYTES_MAX);
        if (round == 0) assert_int_equal(out.len, ECHO__PROOF_BYTES_MAX);
        echo__reader r = echo__reader_of(echo__buf_bytes(&out));
        echo__read_proof(&r, &read);
        assert_true(echo__reader_ok(&r));
        assert_memory_equal(&read, &proof, sizeof proof);
        for (size_t len = 0; len < out.len; len++) {
            uint8_t *cut = malloc(len + 1); /* exactly so long, for the sanitizer */
            memcpy(cut, out.data, len);
            cut = realloc(cut, len == 0 ? 1 : len);
            r = echo__reader_of(echo__bytes(cut, len));
            echo__read_proof(&r, &read);
            assert_true(r.bad);
            free(cut);
        }
        echo__buf_free(&out);
    }
}

/* A number of nodes that a proof has no room for is refused before a node is read. */
static void test_too_many_nodes(void **state) {
    (void)state;
    for (unsigned side = 0; side < 2; side++)
        for (unsigned count = ECHO_FEED_PROOF_NODES_MAX + 1; count < 256; count++) {
            size_t len = 26 + 2 * 255 * 40 + 64;
            uint8_t *bytes = calloc(1, len);
            bytes[24 + side] = (uint8_t)count;
            echo_feed_proof proof;
            echo__reader r = echo__reader_of(echo__bytes(bytes, len));
            echo__read_proof(&r, &proof);
            assert_true(r.bad);
            free(bytes);
        }
}

/* Every bit that is changed makes another proof, or none: nothing is ignored, so that the signature sees it. */
static void test_every_bit_counts(void **state) {
    (void)state;
    test_random rng = {12};
    echo_feed_proof proof, read;
    make_proof(&proof, &rng, 3, 4);
    echo__buf out = ECHO__BUF_INIT;
    echo__write_proof(&out, &proof);
    for (size_t bit = 0; bit < out.len * 8; bit++) {
        out.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        echo__reader r = echo__reader_of(echo__buf_bytes(&out));
        echo__read_proof(&r, &read);
        assert_true(!echo__reader_ok(&r) || memcmp(&read, &proof, sizeof proof) != 0);
        out.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    echo__buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),       cmocka_unit_test(test_too_little_stays),
        cmocka_unit_test(test_offered_feed),   cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_too_many_nodes), cmocka_unit_test(test_every_bit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
