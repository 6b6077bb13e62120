/* Reading: every block of every fixture, from anywhere, and no byte below. */
#include "test_hypercore_support.h"

static const char *const names_7[] = {"n0", "n1", "n1-empty", "n2", "n2-big", "n3", "n5-empty", "n8", "n1000", NULL};
static const char *const names_9[] = {
    "n0", "n1", "n1-empty", "n2", "n2-big", "n3", "n5-empty", "n8", "n100-batched", "n1000", "replica-of-n100-batched",
    NULL};

static void each_block(const char *set, const char *const *names) {
    for (; *names != NULL; names++) {
        test_feed t;
        test_blocks blocks;
        cJSON *json = test_fixture(set, *names);
        test_load_blocks(&blocks, set, *names, json);
        test_copy(&t, set, *names);
        test_open(&t, NULL);
        echo_feed_info info = test_info(&t);
        assert_int_equal(info.length, blocks.count);
        assert_int_equal(info.verified, blocks.count);
        assert_int_equal(info.writable, strncmp(*names, "replica", 7) != 0);
        test_read_equal(&t, &blocks, 0, blocks.count);
        for (size_t i = 0; i < blocks.count; i++) {
            assert_true(t.feeds.ops->has(t.feeds.ctx, t.feed, i));
            test_read_equal(&t, &blocks, i, i + 1);
        }
        assert_false(t.feeds.ops->has(t.feeds.ctx, t.feed, blocks.count));
        test_end(&t);
        test_free_blocks(&blocks);
        cJSON_Delete(json);
    }
}

static void reads_hypercore_7(void **state) {
    (void)state;
    each_block(FIXTURES_7, names_7);
}

static void reads_hypercore_9(void **state) {
    (void)state;
    each_block(FIXTURES_9, names_9);
}

static void one_signature_is_enough(void **state) {
    (void)state;
    test_feed t;
    test_copy(&t, FIXTURES_9, "n1000");
    test_open(&t, NULL);
    assert_int_equal(echo__hypercore_count(t.feed)->verifications, 1);
    for (int i = 0; i < 10; i++) test_info(&t);
    assert_int_equal(echo__hypercore_count(t.feed)->verifications, 1);
    test_end(&t);

    /* The older form is tried second. */
    test_copy(&t, FIXTURES_7, "n1000");
    test_open(&t, NULL);
    assert_int_equal(echo__hypercore_count(t.feed)->verifications, 2);
    test_end(&t);
}

static uint64_t verifications_of_opening(test_feed *t) {
    t->feeds.ops->close(t->feeds.ctx, t->feed);
    assert_ok(t->feeds.ops->open(&t->feed, t->feeds.ctx, &t->key, &oops));
    return echo__hypercore_count(t->feed)->verifications;
}

/* Changes a byte of a file of the feed; the same call undoes it. */
static void flip(const test_feed *t, const char *file, size_t at) {
    char path[1024];
    size_t len;
    test_path(path, t->path, file);
    uint8_t *bytes = file_read(path, &len);
    assert_true(at < len);
    bytes[at] ^= 1;
    file_write(path, bytes, len);
    free(bytes);
}

/*
 * A feed that its source opened before is not verified again, while nothing of it changed. A changed byte of the
 * signature or of a root is refused as at the first time: what is verified is then shorter, or nothing.
 */
static void opened_again_is_not_verified_again(void **state) {
    (void)state;
    static const char *const sets[] = {FIXTURES_7, FIXTURES_9};
    for (unsigned i = 0; i < 2; i++) {
        test_feed t;
        uint64_t index[ECHO__FLAT_ROOTS_MAX];
        test_copy(&t, sets[i], "n1000");
        test_open(&t, NULL);
        uint64_t length = test_info(&t).verified, first = echo__hypercore_count(t.feed)->verifications;
        assert_int_equal(length, 1000);
        for (unsigned round = 0; round < 3; round++) {
            assert_int_equal(verifications_of_opening(&t), 0);
            assert_int_equal(test_info(&t).verified, length);
        }
        for (size_t byte = 0; byte < ECHO__HYPERCORE_SIGNATURE; byte += 9) {
            size_t at = ECHO__HYPERCORE_HEADER + 999 * ECHO__HYPERCORE_SIGNATURE + byte;
            flip(&t, "signatures", at);
            assert_true(verifications_of_opening(&t) > first);
            assert_true(test_info(&t).verified < length);
            flip(&t, "signatures", at);
            assert_int_equal(verifications_of_opening(&t), first); /* the shorter length is remembered now */
            assert_int_equal(test_info(&t).verified, length);
        }
        unsigned roots = echo__flat_roots(index, length);
        for (unsigned root = 0; root < roots; root++) {
            for (size_t byte = 0; byte < ECHO__HYPERCORE_NODE; byte += root == 0 ? 7 : 39) {
                size_t at = ECHO__HYPERCORE_HEADER + (size_t)index[root] * ECHO__HYPERCORE_NODE + byte;
                assert_int_equal(test_info(&t).verified, length);
                flip(&t, "tree", at);
                t.feeds.ops->close(t.feeds.ctx, t.feed);
                echo_status status = t.feeds.ops->open(&t.feed, t.feeds.ctx, &t.key, NULL);
                if (status == ECHO_OK) assert_true(test_info(&t).verified < length);
                flip(&t, "tree", at);
                if (status != ECHO_OK) assert_ok(t.feeds.ops->open(&t.feed, t.feeds.ctx, &t.key, &oops));
                (void)verifications_of_opening(&t);
            }
        }
        test_end(&t);
    }
}

/*
 * A root that the own key vouches for needs no signature, at that length and of that hash alone. What is handed to
 * peers has a signature that verifies, or is not handed out.
 */
static void vouched_is_not_verified(void **state) {
    (void)state;
    test_feed t;
    echo_hash root, other;
    echo_key stranger = {{1}};
    echo_feed_proof proof;
    test_copy(&t, FIXTURES_9, "n1000");
    test_open(&t, NULL);
    const echo_feed_ops *ops = t.feeds.ops;
    assert_ok(ops->root(&root, t.feeds.ctx, t.feed, 1000, &oops));
    assert_ok(ops->root(&other, t.feeds.ctx, t.feed, 999, &oops));
    flip(&t, "signatures", ECHO__HYPERCORE_HEADER + 999 * ECHO__HYPERCORE_SIGNATURE);
    assert_false(ops->vouch(t.feeds.ctx, &stranger, &t.key, 1000, &root));
    assert_true(verifications_of_opening(&t) > 0);
    assert_int_equal(test_info(&t).verified, 999);
    assert_true(ops->vouch(t.feeds.ctx, &t.key, &t.key, 1000, &other));
    assert_true(verifications_of_opening(&t) > 0);
    assert_int_equal(test_info(&t).verified, 999);
    assert_true(ops->vouch(t.feeds.ctx, &t.key, &t.key, 999, &root));
    assert_true(verifications_of_opening(&t) > 0);
    assert_int_equal(test_info(&t).verified, 999);
    assert_true(ops->vouch(t.feeds.ctx, &t.key, &t.key, 1000, &root));
    assert_int_equal(verifications_of_opening(&t), 0);
    assert_int_equal(test_info(&t).verified, 1000);
    assert_status(ops->prove(&proof, t.feeds.ctx, t.feed, 0, 1, NULL), ECHO_ERR_SIGNATURE);
    flip(&t, "signatures", ECHO__HYPERCORE_HEADER + 999 * ECHO__HYPERCORE_SIGNATURE);
    assert_ok(ops->prove(&proof, t.feeds.ctx, t.feed, 0, 1, &oops));
    test_end(&t);

    test_copy(&t, FIXTURES_9, "replica-of-n100-batched"); /* its secret key is not here */
    test_open(&t, NULL);
    assert_ok(t.feeds.ops->root(&root, t.feeds.ctx, t.feed, 100, &oops));
    assert_false(t.feeds.ops->vouch(t.feeds.ctx, &t.key, &t.key, 100, &root));
    test_end(&t);
}

/* P2: what is asked for, and not a byte of data besides. */
static void starts_where_it_is_told(void **state) {
    (void)state;
    test_feed t;
    test_blocks blocks;
    cJSON *json = test_fixture(FIXTURES_9, "n1000");
    test_load_blocks(&blocks, FIXTURES_9, "n1000", json);
    test_copy(&t, FIXTURES_9, "n1000");
    for (size_t from = 0; from <= blocks.count; from++) {
        uint64_t bytes = 0;
        test_open(&t, NULL);
        test_read_equal(&t, &blocks, from, blocks.count);
        const echo__hypercore_counts *counts = echo__hypercore_count(t.feed);
        for (size_t i = from; i < blocks.count; i++) bytes += blocks.at[i].len;
        assert_int_equal(counts->blocks, blocks.count - from);
        assert_int_equal(counts->bytes[ECHO__HYPERCORE_DATA], bytes);
        if (from < blocks.count)
            assert_int_equal(counts->lowest, from);
        else
            assert_true(counts->lowest == UINT64_MAX);
        test_close(&t);
    }
    test_end(&t);
    test_free_blocks(&blocks);
    cJSON_Delete(json);
}

static void reads_any_range(void **state) {
    (void)state;
    test_feed t;
    test_blocks blocks;
    test_random random = {7};
    cJSON *json = test_fixture(FIXTURES_9, "n1000");
    test_load_blocks(&blocks, FIXTURES_9, "n1000", json);
    test_copy(&t, FIXTURES_9, "n1000");
    test_open(&t, NULL);
    for (int i = 0; i < 3000; i++) {
        uint64_t from = test_random_below(&random, 1001), to = from + test_random_below(&random, 1001 - from),
                 bytes = 0;
        uint64_t before = echo__hypercore_count(t.feed)->bytes[ECHO__HYPERCORE_DATA];
        test_read_equal(&t, &blocks, from, to);
        for (uint64_t k = from; k < to; k++) bytes += blocks.at[k].len;
        assert_int_equal(echo__hypercore_count(t.feed)->bytes[ECHO__HYPERCORE_DATA] - before, bytes);
    }
    test_end(&t);
    test_free_blocks(&blocks);
    cJSON_Delete(json);
}

typedef struct stopper {
    uint64_t calls;
    uint64_t after;
} stopper;

static echo_status stop_after(void *arg, uint64_t seq, echo_bytes block) {
    stopper *s = arg;
    (void)seq;
    (void)block;
    return ++s->calls == s->after ? ECHO_ERR_REFUSED : ECHO_OK;
}

static void the_callback_can_stop(void **state) {
    (void)state;
    test_feed t;
    stopper s = {0, 3};
    echo_error err = ECHO_ERROR_INIT;
    test_copy(&t, FIXTURES_9, "n8");
    test_open(&t, NULL);
    assert_status(t.feeds.ops->read(t.feeds.ctx, t.feed, 0, 8, stop_after, &s, &err), ECHO_ERR_REFUSED);
    assert_int_equal(s.calls, 3);
    assert_status(t.feeds.ops->read(t.feeds.ctx, t.feed, 5, 4, stop_after, &s, &err), ECHO_ERR_INVALID);
    assert_int_equal(s.calls, 3);
    test_end(&t);
}

static void beyond_the_end_is_a_gap(void **state) {
    (void)state;
    test_feed t;
    stopper s = {0, 100};
    echo_error err = ECHO_ERROR_INIT;
    test_copy(&t, FIXTURES_9, "n8");
    test_open(&t, NULL);
    assert_status(t.feeds.ops->read(t.feeds.ctx, t.feed, 6, 10, stop_after, &s, &err), ECHO_ERR_GAP);
    assert_int_equal(s.calls, 2);
    assert_true(err.has_seq && err.seq == 8);
    assert_true(err.has_feed);
    assert_memory_equal(err.feed.bytes, t.key.bytes, 32);
    assert_status(t.feeds.ops->read(t.feeds.ctx, t.feed, UINT64_MAX - 1, UINT64_MAX, stop_after, &s, &err),
                  ECHO_ERR_GAP);
    assert_true(err.seq == UINT64_MAX - 1);
    test_end(&t);
}

static void sparse_feeds_have_gaps(void **state) {
    (void)state;
    test_feed t;
    test_blocks blocks;
    cJSON *json = test_fixture(FIXTURES_9, "sparse-of-n1000"), *whole = test_fixture(FIXTURES_9, "n1000");
    test_load_blocks(&blocks, FIXTURES_9, "n1000", whole);
    test_copy(&t, FIXTURES_9, "sparse-of-n1000");
    test_open(&t, NULL);
    echo_feed_info info = test_info(&t);
    assert_int_equal(info.length, 1000);
    assert_int_equal(info.verified, 1000);
    assert_false(info.writable);
    bool has[1001] = {false};
    const cJSON *seq;
    cJSON_ArrayForEach(seq, cJSON_GetObjectItemCaseSensitive(json, "has")) has[(size_t)seq->valuedouble] = true;
    for (uint64_t i = 0; i < 1000; i++) {
        test_expect expect = {&blocks, i};
        echo_error err = ECHO_ERROR_INIT;
        uint64_t end = i;
        while (has[end]) end++;
        assert_int_equal(t.feeds.ops->has(t.feeds.ctx, t.feed, i), has[i]);
        uint64_t before = echo__hypercore_count(t.feed)->bytes[ECHO__HYPERCORE_DATA];
        echo_status status = t.feeds.ops->read(t.feeds.ctx, t.feed, i, 1000, test_expect_block, &expect, &err);
        uint64_t bytes = echo__hypercore_count(t.feed)->bytes[ECHO__HYPERCORE_DATA] - before;
        for (uint64_t k = i; k < end; k++) bytes -= blocks.at[k].len;
        assert_int_equal(bytes, 0);
        assert_int_equal(expect.next, end);
        assert_status(status, end == 1000 ? ECHO_OK : ECHO_ERR_GAP);
        if (end < 1000) assert_true(err.has_seq && err.seq == end);
        if (has[i]) test_read_equal(&t, &blocks, i, i + 1);
    }
    test_end(&t);
    test_free_blocks(&blocks);
    cJSON_Delete(json);
    cJSON_Delete(whole);
}

/* Nodes between a present block and the roots may be missing as long as what is below them is there. */
static void missing_parents_are_computed(void **state) {
    (void)state;
    static const uint8_t blank[40];
    test_feed t;
    test_blocks blocks;
    char path[1024];
    size_t len;
    cJSON *json = test_fixture(FIXTURES_9, "n1000");
    test_load_blocks(&blocks, FIXTURES_9, "n1000", json);
    test_copy(&t, FIXTURES_9, "n1000");
    test_path(path, t.path, "tree");
    uint8_t *tree = file_read(path, &len);
    for (size_t index = 0; 32 + 40 * index < len; index++)
        if (index & 1) memcpy(tree + 32 + 40 * index, blank, sizeof blank);
    file_write(path, tree, len);
    test_open(&t, NULL);
    assert_int_equal(test_info(&t).verified, 1000);
    test_read_equal(&t, &blocks, 0, 1000);
    test_read_equal(&t, &blocks, 777, 778);
    test_close(&t);

    /* A missing leaf ends what can be verified here, where every root above it is to be computed. */
    test_expect expect = {&blocks, 0};
    echo_error err = ECHO_ERROR_INIT;
    memset(tree + 32 + 40 * 84, 0, 40);
    file_write(path, tree, len);
    test_open(&t, NULL);
    assert_int_equal(test_info(&t).length, 1000);
    assert_int_equal(test_info(&t).verified, 42);
    assert_status(t.feeds.ops->read(t.feeds.ctx, t.feed, 0, 50, test_expect_block, &expect, &err), ECHO_ERR_SIGNATURE);
    assert_int_equal(expect.next, 42);
    assert_true(err.has_seq && err.seq == 42);
    test_end(&t);
    free(tree);
    test_free_blocks(&blocks);
    cJSON_Delete(json);
}

/* With its parents there, a missing leaf takes its own block and its sibling's, and nothing else. */
static void a_missing_leaf_is_corrupt(void **state) {
    (void)state;
    static const uint8_t blank[40];
    test_feed t;
    test_blocks blocks;
    char path[1024];
    cJSON *json = test_fixture(FIXTURES_9, "n1000");
    test_load_blocks(&blocks, FIXTURES_9, "n1000", json);
    test_copy(&t, FIXTURES_9, "n1000");
    test_path(path, t.path, "tree");
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, blank, 40, 32 + 40 * 86), 40);
    close(fd);
    test_expect expect = {&blocks, 0};
    echo_error err = ECHO_ERROR_INIT;
    test_open(&t, NULL);
    assert_int_equal(test_info(&t).verified, 1000);
    assert_status(t.feeds.ops->read(t.feeds.ctx, t.feed, 0, 1000, test_expect_block, &expect, &err), ECHO_ERR_CORRUPT);
    /* Block 42, beside it, was signed on its own: an older signature vouches for it. */
    assert_int_equal(expect.next, 43);
    assert_true(err.has_seq && err.seq == 43);
    assert_non_null(strstr(err.message, "'tree'"));
    test_read_equal(&t, &blocks, 44, 1000);
    test_end(&t);
    test_free_blocks(&blocks);
    cJSON_Delete(json);
}

static void blocks_too_large_are_refused(void **state) {
    (void)state;
    /* A feed of one block whose signed leaf tells 64 MiB and one byte. */
    echo_keypair keys;
    test_feed t;
    test_make_keys(&keys, 9);
    test_create(&t, &keys);
    uint8_t node[40] = {1, 2, 3}, message[40], signature[64], bits = 0x80, page[3584] = {0};
    echo__be64_put(node + 32, ECHO__HYPERCORE_BLOCK_MAX + 1);
    echo__hypercore_roots roots = {.length = 1, .count = 1};
    echo__hypercore_node_decode(&roots.node[0], node);
    echo__hypercore_signable(message, &roots);
    echo__sign(signature, message, sizeof message, &keys);
    page[0] = page[1024] = bits;
    static const char *const files[] = {"tree", "signatures", "bitfield"};
    const void *const data[] = {node, signature, page};
    const size_t lens[] = {40, 64, 3584};
    for (size_t i = 0; i < 3; i++) {
        char path[1024];
        test_path(path, t.path, files[i]);
        FILE *file = fopen(path, "ab");
        assert_int_equal(fwrite(data[i], 1, lens[i], file), lens[i]);
        fclose(file);
    }
    stopper s = {0, 100};
    echo_error err = ECHO_ERROR_INIT;
    test_open(&t, NULL);
    assert_int_equal(test_info(&t).verified, 1);
    assert_status(t.feeds.ops->read(t.feeds.ctx, t.feed, 0, 1, stop_after, &s, &err), ECHO_ERR_LIMIT);
    assert_int_equal(s.calls, 0);
    test_close(&t);

    /* Within the limit, but more than the file holds: no memory is taken for it. */
    echo__be64_put(node + 32, ECHO__HYPERCORE_BLOCK_MAX);
    echo__hypercore_node_decode(&roots.node[0], node);
    echo__hypercore_signable(message, &roots);
    echo__sign(signature, message, sizeof message, &keys);
    char path[1024];
    test_path(path, t.path, "tree");
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, node, 40, 32), 40);
    close(fd);
    test_path(path, t.path, "signatures");
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, signature, 64, 32), 64);
    close(fd);
    test_open(&t, NULL);
    assert_status(t.feeds.ops->read(t.feeds.ctx, t.feed, 0, 1, stop_after, &s, &err), ECHO_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "'data'"));
    test_end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_hypercore_7),
        cmocka_unit_test(reads_hypercore_9),
        cmocka_unit_test(one_signature_is_enough),
        cmocka_unit_test(opened_again_is_not_verified_again),
        cmocka_unit_test(vouched_is_not_verified),
        cmocka_unit_test(starts_where_it_is_told),
        cmocka_unit_test(reads_any_range),
        cmocka_unit_test(the_callback_can_stop),
        cmocka_unit_test(beyond_the_end_is_a_gap),
        cmocka_unit_test(sparse_feeds_have_gaps),
        cmocka_unit_test(missing_parents_are_computed),
        cmocka_unit_test(a_missing_leaf_is_corrupt),
        cmocka_unit_test(blocks_too_large_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
