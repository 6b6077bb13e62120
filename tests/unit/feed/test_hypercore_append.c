/* Appending: byte for byte what hypercore writes, in batches, to old feeds and new, by one writer at a time. */
#include "test_hypercore_support.h"

#include <sys/file.h>

static const char *const whole_files[] = {"tree", "signatures", "data"};

/* Bitfields agree but for the index, which is hypercore's. */
static void same_bits(const char *a, const char *b) {
    char path[1024];
    size_t len_a, len_b;
    test_path(path, a, "bitfield");
    uint8_t *bits_a = file_read(path, &len_a);
    test_path(path, b, "bitfield");
    uint8_t *bits_b = file_read(path, &len_b);
    assert_int_equal(len_a, len_b);
    assert_memory_equal(bits_a, bits_b, 32);
    for (size_t at = 32; at < len_a; at += 3584) assert_memory_equal(bits_a + at, bits_b + at, 3072);
    free(bits_a);
    free(bits_b);
}

static void build(const char *set, const char *name, bool same_signatures) {
    char fixture[1024];
    echo_keypair keys;
    test_blocks blocks;
    test_feed t;
    cJSON *json = test_fixture(set, name);
    const cJSON *batches = cJSON_GetObjectItemCaseSensitive(json, "batches");
    test_path(fixture, set, name);
    test_keys(&keys, json);
    test_load_blocks(&blocks, set, name, json);
    test_create(&t, &keys);
    test_open(&t, NULL);
    for (size_t at = 0, i = 0; at < blocks.count; i++) {
        size_t n = batches != NULL ? (size_t)cJSON_GetArrayItem(batches, (int)i)->valuedouble : 1;
        assert_int_equal(test_append(&t, &blocks.at[at], n), at);
        at += n;
    }
    for (size_t i = 0; i < 3; i++)
        if (blocks.count > 0 && (same_signatures || i != 1)) test_same_file(t.path, fixture, whole_files[i]);
    same_bits(t.path, fixture);
    assert_int_equal(echo__hypercore_count(t.feed)->verifications, 0);
    test_read_equal(&t, &blocks, 0, blocks.count);
    test_close(&t);
    test_open(&t, NULL);
    assert_int_equal(test_info(&t).verified, blocks.count);
    test_read_equal(&t, &blocks, 0, blocks.count);
    test_end(&t);
    test_free_blocks(&blocks);
    cJSON_Delete(json);
}

static void writes_what_hypercore_9_writes(void **state) {
    (void)state;
    static const char *const names[] = {"n0", "n1", "n1-empty", "n2", "n2-big", "n3", "n5-empty", "n8", "n100-batched"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) build(FIXTURES_9, names[i], true);
}

static void writes_what_hypercore_7_writes_but_signatures(void **state) {
    (void)state;
    static const char *const names[] = {"n0", "n1", "n2", "n3", "n5-empty", "n8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) build(FIXTURES_7, names[i], false);
}

/* A thousand appends, not synced: the same bytes as a thousand of hypercore's. */
static void a_thousand_appends(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks blocks;
    test_feed t;
    cJSON *json = test_fixture(FIXTURES_9, "n1000");
    test_keys(&keys, json);
    test_load_blocks(&blocks, FIXTURES_9, "n1000", json);
    test_create(&t, &keys);
    echo_feeds_dir_options options = ECHO_FEEDS_DIR_OPTIONS_INIT;
    options.relaxed = true;
    test_open(&t, &options);
    for (size_t i = 0; i < blocks.count; i++) test_append(&t, &blocks.at[i], 1);
    for (size_t i = 0; i < 3; i++) test_same_file(t.path, FIXTURES_9 "/n1000", whole_files[i]);
    same_bits(t.path, FIXTURES_9 "/n1000");
    assert_int_equal(echo__hypercore_count(t.feed)->syncs, 0);
    assert_ok(t.feeds.ops->sync(t.feeds.ctx, t.feed, &oops));
    assert_true(echo__hypercore_count(t.feed)->syncs >= 4);
    test_end(&t);
    test_free_blocks(&blocks);
    cJSON_Delete(json);
}

static void worked_example(void **state) {
    (void)state;
    static const char *const tree = "0faa02852808a83099e3b8243231d674816550fb31ccf3988570722e4b2310300000000000000005"
                                    "1a4f56f8296492b91e3f329f8b67aee80158ad86b5ee207c057eb752cb28f915000000000000000e"
                                    "73cae8421ca19238d9abb4d1f0c0e595aa6831d7cd377a493b8f0e1f23c16ed60000000000000009";
    static const char *const signature = "35e6e9d16a3864bcb3b36bec4d3532947a942a7c2f8ff71440488e3c5ccf9c2f"
                                         "126137d10cef41310d61dec8319dff495c4a75860a86afda8780c53b87b24704";
    echo_keypair keys;
    test_feed t;
    char path[1024], hex[512];
    size_t len;
    cJSON *json = test_fixture(FIXTURES_9, "n2");
    test_keys(&keys, json);
    cJSON_Delete(json);
    test_create(&t, &keys);
    test_open(&t, NULL);
    const uint8_t one[] = {0x00, 0x07, 0x0e, 0x15, 0x1c},
                  two[] = {0x1f, 0x26, 0x2d, 0x34, 0x3b, 0x42, 0x49, 0x50, 0x57};
    const echo_bytes blocks[] = {{one, sizeof one}, {two, sizeof two}};
    test_append(&t, blocks, 1);
    test_append(&t, blocks + 1, 1);
    test_path(path, t.path, "tree");
    uint8_t *data = file_read(path, &len);
    assert_int_equal(len, 152);
    echo__hex_encode(hex, data + 32, 120);
    assert_string_equal(hex, tree);
    free(data);
    test_path(path, t.path, "signatures");
    data = file_read(path, &len);
    assert_int_equal(len, 160);
    echo__hex_encode(hex, data + 96, 64);
    assert_string_equal(hex, signature);
    free(data);
    test_path(path, t.path, "bitfield");
    data = file_read(path, &len);
    assert_int_equal(len, 3616);
    assert_int_equal(data[32], 0xc0);
    assert_int_equal(data[1056], 0xe0);
    free(data);
    test_end(&t);
}

static void continues_old_feeds(void **state) {
    (void)state;
    static const char *const sets[] = {FIXTURES_7, FIXTURES_9};
    static const char *const names[] = {"n0", "n1",       "n1-empty", "n2",    "n2-big",
                                        "n3", "n5-empty", "n8",       "n1000", "n100-batched"};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < sizeof names / sizeof *names - (s == 0); i++) {
            test_feed t;
            test_blocks old, more;
            char path[1024];
            cJSON *json = test_fixture(sets[s], names[i]);
            test_load_blocks(&old, sets[s], names[i], json);
            test_make_blocks(&more, old.count + 30, 200, i);
            for (size_t k = 0; k < old.count; k++) more.at[k] = old.at[k];
            test_copy(&t, sets[s], names[i]);
            test_path(path, t.path, "bitfield");
            size_t len;
            uint8_t *before = file_read(path, &len);
            test_open(&t, NULL);
            for (size_t k = 0; k < 30; k += k == 20 ? 10 : 1)
                assert_int_equal(test_append(&t, &more.at[old.count + k], k == 20 ? 10 : 1), old.count + k);
            test_read_equal(&t, &more, 0, more.count);
            test_close(&t);
            test_open(&t, NULL);
            assert_int_equal(test_info(&t).verified, more.count);
            test_read_equal(&t, &more, 0, more.count);
            test_read_equal(&t, &more, old.count, more.count);
            test_close(&t);
            /* Hypercore's index is as it was. */
            uint8_t *after = file_read(path, NULL);
            if (len > 32) assert_memory_equal(before + 32 + 3072, after + 32 + 3072, 512);
            free(before);
            free(after);
            test_end(&t);
            test_free_blocks(&more);
            test_free_blocks(&old);
            cJSON_Delete(json);
        }
    }
}

static void crosses_pages(void **state) {
    (void)state;
    static const size_t batches[] = {1, 8190, 1, 1, 8191, 3000, 5192, 1, 17, 12000};
    echo_keypair keys;
    test_blocks blocks;
    test_feed t;
    test_random random = {11};
    test_make_keys(&keys, 20);
    test_make_blocks(&blocks, 36594, 12, 21);
    test_create(&t, &keys);
    echo_feeds_dir_options options = ECHO_FEEDS_DIR_OPTIONS_INIT;
    options.relaxed = true;
    test_open(&t, &options);
    size_t at = 0;
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        test_append(&t, &blocks.at[at], batches[i]);
        at += batches[i];
        test_check_bits(t.path, at);
        assert_int_equal(test_info(&t).verified, at);
    }
    assert_int_equal(at, blocks.count);
    test_close(&t);
    test_open(&t, NULL);
    assert_int_equal(test_info(&t).verified, blocks.count);
    test_read_equal(&t, &blocks, 0, blocks.count);
    for (int i = 0; i < 300; i++) {
        uint64_t from = test_random_below(&random, at + 1),
                 to = from + test_random_below(&random, i % 2 ? 20 : at + 1 - from);
        test_read_equal(&t, &blocks, from, to < at ? to : at);
    }
    test_end(&t);
    test_free_blocks(&blocks);
}

static void large_blocks(void **state) {
    (void)state;
    static const size_t sizes[] = {5, 300000, 0, 262144, 262145, 1, 262135, 262136, 4000000, 7, 8388608, 3};
    echo_keypair keys;
    test_blocks blocks;
    test_feed t;
    test_make_keys(&keys, 22);
    test_make_blocks(&blocks, sizeof sizes / sizeof *sizes, 0, 1);
    for (size_t i = 0; i < blocks.count; i++) {
        free(blocks.owned[i]);
        blocks.owned[i] = malloc(sizes[i] + 1);
        memset(blocks.owned[i], (int)(i + 1), sizes[i]);
        blocks.at[i] = echo__bytes(blocks.owned[i], sizes[i]);
    }
    test_create(&t, &keys);
    test_open(&t, NULL);
    test_append(&t, blocks.at, 3);
    test_append(&t, blocks.at + 3, blocks.count - 3);
    for (uint64_t from = 0; from < blocks.count; from++) test_read_equal(&t, &blocks, from, blocks.count);
    test_close(&t);
    test_open(&t, NULL);
    test_read_equal(&t, &blocks, 0, blocks.count);

    /* One byte more than peers accept. */
    uint64_t first = 5;
    echo_error err = ECHO_ERROR_INIT;
    char *before = folder_digest(t.folder);
    uint8_t *much = calloc(1, 8388609);
    const echo_bytes batch[] = {{much, 1}, {much, 8388609}};
    assert_status(t.feeds.ops->append(&first, t.feeds.ctx, t.feed, batch, 2, &err), ECHO_ERR_LIMIT);
    assert_int_equal(first, 5);
    assert_true(err.has_feed);
    char *after = folder_digest(t.folder);
    assert_string_equal(before, after);
    free(before);
    free(after);
    free(much);
    test_end(&t);
    test_free_blocks(&blocks);
}

static void an_empty_batch_is_nothing(void **state) {
    (void)state;
    test_feed t;
    test_copy(&t, FIXTURES_9, "n8");
    test_open(&t, NULL);
    char *before = folder_digest(t.folder);
    assert_int_equal(test_append(&t, NULL, 0), 8);
    char *after = folder_digest(t.folder);
    assert_string_equal(before, after);
    free(before);
    free(after);
    test_end(&t);
}

static void one_writer_at_a_time(void **state) {
    (void)state;
    test_feed t;
    test_blocks blocks;
    char path[1024];
    uint64_t first = 99;
    echo_error err = ECHO_ERROR_INIT;
    test_make_blocks(&blocks, 10, 50, 1);
    test_copy(&t, FIXTURES_9, "n0");
    test_open(&t, NULL);
    test_append(&t, blocks.at, 2);
    /* As hypercore 9 does for as long as it has the feed open. */
    test_path(path, t.path, "bitfield");
    int fd = open(path, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_status(t.feeds.ops->append(&first, t.feeds.ctx, t.feed, &blocks.at[2], 1, &err), ECHO_ERR_BUSY);
    assert_int_equal(first, 99);
    assert_true(err.has_feed);
    assert_int_equal(test_info(&t).length, 2);
    test_read_equal(&t, &blocks, 0, 2);
    close(fd);
    test_append(&t, &blocks.at[2], 1);
    /* Nothing is locked between appends. */
    fd = open(path, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    close(fd);
    test_read_equal(&t, &blocks, 0, 3);
    test_end(&t);
    test_free_blocks(&blocks);
}

static void writers_take_turns(void **state) {
    (void)state;
    test_feed a, b;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 23);
    test_make_blocks(&blocks, 60, 90, 4);
    test_create(&a, &keys);
    b = a;
    test_open(&a, NULL);
    test_open(&b, NULL);
    for (size_t at = 0; at < 60; at += 3) {
        test_feed *writer = (at / 3) % 2 ? &a : &b;
        assert_int_equal(test_append(writer, &blocks.at[at], 3), at);
        test_read_equal(writer, &blocks, 0, at + 3);
    }
    assert_int_equal(test_info(&a).length, 60);
    test_read_equal(&a, &blocks, 0, 60);
    test_check_bits(a.path, 60);
    test_close(&b);
    test_end(&a);
    test_free_blocks(&blocks);
}

static void refuse(test_feed *t, echo_status expected, const char *about) {
    uint64_t first = 99;
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes block = {(const uint8_t *)"x", 1};
    test_open(t, NULL);
    echo_feed_info info = test_info(t);
    char *before = folder_digest(t->folder);
    assert_status(t->feeds.ops->append(&first, t->feeds.ctx, t->feed, &block, 1, &err), expected);
    assert_non_null(strstr(err.message, about));
    assert_true(err.has_feed);
    assert_int_equal(first, 99);
    char *after = folder_digest(t->folder);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_int_equal(test_info(t).length, info.length);
    assert_int_equal(test_info(t).verified, info.verified);
    test_end(t);
}

/* Where an append would bury something that is not an append cut short. */
static void does_not_fork(void **state) {
    (void)state;
    test_feed t;
    /* The last block is not vouched for. */
    test_copy(&t, FIXTURES_9, "n1000");
    test_cut(t.path, "signatures", 32 + 64 * 999);
    refuse(&t, ECHO_ERR_CORRUPT, "'signatures'");
    /* The bitfield was lost, whole or in part. */
    test_copy(&t, FIXTURES_9, "n1000");
    test_cut(t.path, "bitfield", 32);
    refuse(&t, ECHO_ERR_CORRUPT, "'bitfield'");
    test_copy(&t, FIXTURES_9, "n1000");
    test_cut(t.path, "bitfield", 32 + 1024 + 100);
    refuse(&t, ECHO_ERR_CORRUPT, "'bitfield'");
    /* The data is cut. */
    test_copy(&t, FIXTURES_9, "n1000");
    test_cut(t.path, "data", test_size(t.path, "data") - 10);
    refuse(&t, ECHO_ERR_CORRUPT, "'data'");
}

typedef struct appending_reader {
    test_feed *t;
    const test_blocks *blocks;
    uint64_t next;
} appending_reader;

static echo_status append_next(void *arg, uint64_t seq, echo_bytes block) {
    appending_reader *r = arg;
    assert_true(echo__bytes_equal(block, r->blocks->at[seq]));
    test_append(r->t, &r->blocks->at[r->next++], 1);
    return ECHO_OK;
}

static void the_callback_may_append(void **state) {
    (void)state;
    test_feed t;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 24);
    test_make_blocks(&blocks, 40, 90, 5);
    test_create(&t, &keys);
    test_open(&t, NULL);
    test_append(&t, blocks.at, 20);
    appending_reader r = {&t, &blocks, 20};
    assert_ok(t.feeds.ops->read(t.feeds.ctx, t.feed, 0, 20, append_next, &r, &oops));
    assert_int_equal(r.next, 40);
    test_read_equal(&t, &blocks, 0, 40);
    test_end(&t);
    test_free_blocks(&blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example),
        cmocka_unit_test(writes_what_hypercore_9_writes),
        cmocka_unit_test(writes_what_hypercore_7_writes_but_signatures),
        cmocka_unit_test(a_thousand_appends),
        cmocka_unit_test(continues_old_feeds),
        cmocka_unit_test(crosses_pages),
        cmocka_unit_test(large_blocks),
        cmocka_unit_test(an_empty_batch_is_nothing),
        cmocka_unit_test(one_writer_at_a_time),
        cmocka_unit_test(writers_take_turns),
        cmocka_unit_test(does_not_fork),
        cmocka_unit_test(the_callback_may_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
