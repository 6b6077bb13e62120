/* The folder source: what it lists, opens, makes and refuses. */
#include "test_hypercore_support.h"

#include "feed/hypercore_tree.h"
#include "support/fault.h"

typedef struct listing {
    size_t count;
    echo_key keys[16];
    size_t stop_at;
} listing;

static echo_status add_key(void *arg, const echo_key *key) {
    listing *l = arg;
    assert_true(l->count < 16);
    l->keys[l->count++] = *key;
    return l->count == l->stop_at ? ECHO_ERR_REFUSED : ECHO_OK;
}

static echo_status ignore_block(void *arg, uint64_t seq, echo_bytes block) {
    (void)arg;
    (void)seq;
    (void)block;
    return ECHO_OK;
}

/* What a feed's writer signed is the hash that `root` gives, and it takes the tree alone. */
static void tells_roots(void **state) {
    (void)state;
    static const char *const names[] = {"n1", "n2", "n3", "n8"};
    static const uint64_t lengths[] = {1, 2, 3, 8};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[1024], file[1100];
        size_t len;
        echo_key key;
        echo__hypercore *hc;
        echo_hash root, shorter;
        echo_error err = ECHO_ERROR_INIT;
        cJSON *json = test_fixture(FIXTURES_9, names[i]);
        test_path(path, FIXTURES_9, names[i]);
        assert_ok(echo_key_parse(&key, test_text(json, "key")));
        cJSON_Delete(json);
        echo_feeds_dir_options how = ECHO_FEEDS_DIR_OPTIONS_INIT;
        how.read_only = true;
        assert_ok(echo__hypercore_open(&hc, path, &key, &how, NULL, &oops));
        assert_ok(echo__hypercore_root(&root, hc, lengths[i], &oops));
        test_path(file, path, "signatures");
        uint8_t *signatures = file_read(file, &len), signable[40] = {0};
        assert_true(len >= 32 + 64 * lengths[i]);
        memcpy(signable, root.bytes, sizeof root.bytes);
        signable[39] = (uint8_t)lengths[i];
        assert_true(echo__verify(signatures + 32 + 64 * (lengths[i] - 1), signable, sizeof signable, &key));
        free(signatures);
        for (uint64_t length = 1; length < lengths[i]; length++) {
            assert_ok(echo__hypercore_root(&shorter, hc, length, &oops));
            assert_memory_not_equal(&shorter, &root, sizeof root);
        }
        assert_int_equal(hc->counts.bytes[ECHO__HYPERCORE_DATA], 0);
        assert_status(echo__hypercore_root(&root, hc, 0, &err), ECHO_ERR_NOT_FOUND);
        assert_status(echo__hypercore_root(&root, hc, lengths[i] + 1, &err), ECHO_ERR_NOT_FOUND);
        assert_memory_equal(&err.feed, &key, sizeof key);
        echo__hypercore_close(hc);
    }
}

static void lists_feeds_and_nothing_else(void **state) {
    (void)state;
    static const char *const names[] = {"n1", "n2", "n3", "n8", "sparse-of-n1000"};
    char path[1024];
    char *folder = folder_new();
    for (size_t i = 0; i < 5; i++) {
        char source[1024];
        cJSON *json = test_fixture(FIXTURES_9, names[i]);
        test_path(source, FIXTURES_9, names[i]);
        const char *key = test_text(json, "key");
        assert_non_null(key);
        test_path(path, folder, key != NULL ? key : "");
        folder_copy(source, path);
        cJSON_Delete(json);
    }
    /* Files of an index feed, as ECHO 2.6 has there, and folders that are no feeds. */
    test_path(path, folder, "key");
    file_write(path, "0123456789abcdef0123456789abcdef", 32);
    static const char *const others[] = {"metadata", "0123",
                                         "00000000000000000000000000000000000000000000000000000000000000aa",
                                         "8E0050A7074A66841E509D0914DD115E4C5640E1CAFD80C2B1553D19ABDEB407",
                                         ".8e0050a7074a66841e509d0914dd115e4c5640e1cafd80c2b1553d19abdeb407.1.2.0.tmp"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        test_path(path, folder, others[i]);
        mkdir(path, 0777);
    }
    echo_feeds feeds;
    listing l = {0};
    assert_ok(echo_feeds_open_dir(&feeds, folder, NULL, &oops));
    assert_ok(feeds.ops->list(feeds.ctx, add_key, &l, &oops));
    assert_int_equal(l.count, 5);
    for (size_t i = 1; i < l.count; i++) assert_true(memcmp(l.keys[i - 1].bytes, l.keys[i].bytes, 32) < 0);
    listing stopped = {.stop_at = 2};
    assert_status(feeds.ops->list(feeds.ctx, add_key, &stopped, NULL), ECHO_ERR_REFUSED);
    assert_int_equal(stopped.count, 2);

    /* What is made later is listed too. */
    echo_keypair keys;
    test_make_keys(&keys, 1);
    assert_ok(echo_feed_create(folder, &keys, &oops));
    l.count = 0;
    assert_ok(feeds.ops->list(feeds.ctx, add_key, &l, &oops));
    assert_int_equal(l.count, 6);
    echo_feeds_close(&feeds);
    echo_feeds_close(&feeds);
    echo_feeds_close(NULL);
    folder_remove(folder);
}

static void refuses_folders_that_are_none(void **state) {
    (void)state;
    echo_feeds feeds;
    echo_error err = ECHO_ERROR_INIT;
    char path[1024];
    char *folder = folder_new();
    test_path(path, folder, "nothing");
    assert_status(echo_feeds_open_dir(&feeds, path, NULL, &err), ECHO_ERR_NOT_FOUND);
    assert_null(feeds.ops);
    file_write(path, "", 0);
    assert_status(echo_feeds_open_dir(&feeds, path, NULL, &err), ECHO_ERR_INVALID);
    echo_feeds_dir_options options = ECHO_FEEDS_DIR_OPTIONS_INIT;
    options.version = 2;
    assert_status(echo_feeds_open_dir(&feeds, folder, &options, &err), ECHO_ERR_VERSION);
    assert_status(echo_feeds_open_dir(&feeds, NULL, NULL, &err), ECHO_ERR_INVALID);
    folder_remove(folder);
}

static void expect_open(test_feed *t, echo_status expected, const char *about) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_feeds_open_dir(&t->feeds, t->folder, NULL, &oops));
    t->feed = &err;
    echo_status status = t->feeds.ops->open(&t->feed, t->feeds.ctx, &t->key, &err);
    assert_status(status, expected);
    if (status != ECHO_OK) {
        assert_null(t->feed);
        assert_int_equal(err.code, expected);
        assert_true(err.has_feed);
        assert_memory_equal(err.feed.bytes, t->key.bytes, 32);
        assert_non_null(strstr(err.message, about));
    }
    test_close(t);
}

static void keys_must_belong_together(void **state) {
    (void)state;
    test_feed t;
    char path[1024], other[1024];
    /* Another feed's key. */
    test_copy(&t, FIXTURES_9, "n2");
    test_path(path, t.path, "key");
    test_path(other, FIXTURES_9, "n3/key");
    uint8_t *key = file_read(other, NULL);
    file_write(path, key, 32);
    free(key);
    expect_open(&t, ECHO_ERR_CORRUPT, "'key'");
    /* Cut short, and too long. */
    test_cut(t.path, "key", 31);
    expect_open(&t, ECHO_ERR_CORRUPT, "'key'");
    test_cut(t.path, "key", 33);
    expect_open(&t, ECHO_ERR_CORRUPT, "'key'");
    /* Lost: the original would make a new one. */
    unlink(path);
    expect_open(&t, ECHO_ERR_CORRUPT, "'key'");
    test_end(&t);

    test_copy(&t, FIXTURES_9, "n2");
    test_path(path, t.path, "secret_key");
    test_path(other, FIXTURES_9, "n3/secret_key");
    uint8_t *secret = file_read(other, NULL);
    file_write(path, secret, 64);
    expect_open(&t, ECHO_ERR_CORRUPT, "'secret_key'");
    /* The right public half does not make it right. */
    memcpy(secret + 32, t.key.bytes, 32);
    file_write(path, secret, 64);
    expect_open(&t, ECHO_ERR_CORRUPT, "'secret_key'");
    free(secret);
    test_cut(t.path, "secret_key", 63);
    expect_open(&t, ECHO_ERR_CORRUPT, "'secret_key'");
    test_end(&t);
}

static void tells_what_is_no_feed_of_ours(void **state) {
    (void)state;
    test_feed t;
    char path[1024];
    echo_keypair keys;
    test_make_keys(&keys, 2);
    test_place(&t, &keys.public_key);
    expect_open(&t, ECHO_ERR_NOT_FOUND, "no feed has this key");
    mkdir(t.path, 0777);
    expect_open(&t, ECHO_ERR_NOT_FOUND, "no feed has this key");
    test_path(path, t.path, "oplog");
    file_write(path, "x", 1);
    expect_open(&t, ECHO_ERR_VERSION, "hypercore 10");
    test_end(&t);

    static const char *const files[] = {"bitfield", "signatures", "tree"};
    for (size_t i = 0; i < 3; i++) {
        test_copy(&t, FIXTURES_9, "n2");
        test_poke(t.path, files[i], 4, 1);
        expect_open(&t, ECHO_ERR_VERSION, files[i]);
        test_end(&t);
        test_copy(&t, FIXTURES_9, "n2");
        test_poke(t.path, files[i], 0, 1);
        expect_open(&t, ECHO_ERR_CORRUPT, files[i]);
        test_end(&t);
    }
}

static void own_keys_and_others(void **state) {
    (void)state;
    test_feed t;
    echo_keypair keys, expected;
    cJSON *json = test_fixture(FIXTURES_9, "n2");
    test_keys(&expected, json);
    cJSON_Delete(json);
    test_copy(&t, FIXTURES_9, "n2");
    test_open(&t, NULL);
    assert_ok(t.feeds.ops->keypair(&keys, t.feeds.ctx, t.feed));
    assert_memory_equal(&keys, &expected, sizeof keys);
    assert_true(test_info(&t).writable);
    test_close(&t);

    /* Read-only keeps the keys, which sign more than blocks. */
    echo_feeds_dir_options options = ECHO_FEEDS_DIR_OPTIONS_INIT;
    options.read_only = true;
    uint64_t first = 77;
    echo_bytes block = {(const uint8_t *)"x", 1};
    test_open(&t, &options);
    assert_false(test_info(&t).writable);
    assert_ok(t.feeds.ops->keypair(&keys, t.feeds.ctx, t.feed));
    assert_status(t.feeds.ops->append(&first, t.feeds.ctx, t.feed, &block, 1, NULL), ECHO_ERR_READONLY);
    assert_int_equal(first, 77);
    test_end(&t);

    test_copy(&t, FIXTURES_9, "replica-of-n100-batched");
    test_open(&t, NULL);
    assert_false(test_info(&t).writable);
    assert_status(t.feeds.ops->keypair(&keys, t.feeds.ctx, t.feed), ECHO_ERR_READONLY);
    assert_status(t.feeds.ops->append(&first, t.feeds.ctx, t.feed, &block, 1, NULL), ECHO_ERR_READONLY);
    test_end(&t);
}

static void looking_changes_nothing(void **state) {
    (void)state;
    static const char *const names[] = {"n0", "n8", "n1000", "sparse-of-n1000"};
    for (size_t i = 0; i < 4; i++) {
        test_feed t;
        test_copy(&t, FIXTURES_9, names[i]);
        char *before = folder_digest(t.folder);
        test_open(&t, NULL);
        uint64_t length = test_info(&t).length;
        (void)!t.feeds.ops->read(t.feeds.ctx, t.feed, 0, length, ignore_block, NULL, NULL);
        t.feeds.ops->has(t.feeds.ctx, t.feed, 3);
        assert_ok(t.feeds.ops->sync(t.feeds.ctx, t.feed, &oops));
        test_close(&t);
        char *after = folder_digest(t.folder);
        assert_string_equal(before, after);
        free(before);
        free(after);
        test_end(&t);
    }
}

static void reads_feeds_of_echo(void **state) {
    (void)state;
    static const char *const folders[] = {
        "a-echo-2.33.8-arrays/storage/feeds",        "a-echo-2.6.17-single/storage/feeds",
        "b-echo-2.33.8-2peers-conflict/peer0/feeds", "b-echo-2.33.8-2peers-conflict/peer1/feeds",
        "b-echo-2.6.17-2peers/peer0/feeds",          "b-echo-2.6.17-2peers/peer1/feeds",
    };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[1024];
        echo_feeds feeds;
        listing l = {0};
        test_path(path, TEST_FIXTURES, folders[i]);
        assert_ok(echo_feeds_open_dir(&feeds, path, NULL, &oops));
        assert_ok(feeds.ops->list(feeds.ctx, add_key, &l, &oops));
        assert_true(l.count > 0);
        for (size_t k = 0; k < l.count; k++) {
            void *feed;
            echo_feed_info info;
            assert_ok(feeds.ops->open(&feed, feeds.ctx, &l.keys[k], &oops));
            assert_ok(feeds.ops->info(&info, feeds.ctx, feed, &oops));
            assert_true(info.length > 0);
            assert_int_equal(info.length, info.verified);
            assert_ok(feeds.ops->read(feeds.ctx, feed, 0, info.length, ignore_block, NULL, &oops));
            assert_int_equal(echo__hypercore_count(feed)->blocks, info.length);
            feeds.ops->close(feeds.ctx, feed);
        }
        echo_feeds_close(&feeds);
    }
}

static mode_t mode_of(const char *folder, const char *name) {
    char path[1024];
    struct stat st;
    test_path(path, folder, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void creates_empty_feeds(void **state) {
    (void)state;
    test_feed t;
    echo_keypair keys;
    echo_error err = ECHO_ERROR_INIT;
    mode_t mask = umask(022);
    test_make_keys(&keys, 3);
    test_create(&t, &keys);
    assert_int_equal(mode_of(t.path, "secret_key"), 0600);
    assert_int_equal(mode_of(t.path, "key"), 0644);
    assert_int_equal(mode_of(t.path, "."), 0755);
    umask(mask);
    test_same_file(t.path, FIXTURES_9 "/n0", "bitfield");
    test_same_file(t.path, FIXTURES_9 "/n0", "signatures");
    test_same_file(t.path, FIXTURES_9 "/n0", "tree");
    assert_int_equal(test_size(t.path, "key"), 32);
    assert_int_equal(test_size(t.path, "secret_key"), 64);
    test_open(&t, NULL);
    echo_feed_info info = test_info(&t);
    assert_int_equal(info.length, 0);
    assert_int_equal(info.verified, 0);
    assert_true(info.writable);
    assert_int_equal(echo__hypercore_count(t.feed)->verifications, 0);
    test_close(&t);

    char *before = folder_digest(t.folder);
    assert_status(echo_feed_create(t.folder, &keys, &err), ECHO_ERR_EXISTS);
    assert_true(err.has_feed);
    char *after = folder_digest(t.folder);
    assert_string_equal(before, after);
    free(before);
    free(after);

    /* Folders that are missing are made; a trailing slash does not matter. */
    char deep[1024];
    listing l = {0};
    test_path(deep, t.folder, "a/b//c/");
    assert_ok(echo_feed_create(deep, &keys, &oops));
    echo_feeds feeds;
    assert_ok(echo_feeds_open_dir(&feeds, deep, NULL, &oops));
    assert_ok(feeds.ops->list(feeds.ctx, add_key, &l, &oops));
    assert_int_equal(l.count, 1);
    echo_feeds_close(&feeds);
    test_end(&t);
}

static void creates_nothing_over_something(void **state) {
    (void)state;
    test_feed t;
    echo_keypair keys, wrong;
    char path[1024];
    test_make_keys(&keys, 4);
    test_make_keys(&wrong, 5);
    test_place(&t, &keys.public_key);
    memcpy(wrong.public_key.bytes, keys.public_key.bytes, 32);
    assert_status(echo_feed_create(t.folder, &wrong, NULL), ECHO_ERR_INVALID);
    memset(wrong.secret, 0, sizeof wrong.secret);
    assert_status(echo_feed_create(t.folder, &wrong, NULL), ECHO_ERR_INVALID);
    assert_status(echo_feed_create(NULL, &keys, NULL), ECHO_ERR_INVALID);

    /* A folder with something in it stays as it is, and nothing is left beside it. */
    mkdir(t.path, 0777);
    test_path(path, t.path, "data");
    file_write(path, "precious", 8);
    char *before = folder_digest(t.folder);
    assert_status(echo_feed_create(t.folder, &keys, NULL), ECHO_ERR_EXISTS);
    char *after = folder_digest(t.folder);
    assert_string_equal(before, after);
    free(before);
    free(after);
    unlink(path);
    assert_ok(echo_feed_create(t.folder, &keys, &oops));
    test_open(&t, NULL);
    test_end(&t);
}

/* Hypercore makes its files one after the other: what a crash of it leaves is an empty feed. */
static void files_may_be_missing_while_empty(void **state) {
    (void)state;
    static const char *const files[] = {"bitfield", "signatures", "tree"};
    static const char *const all[] = {"tree", "signatures", "data"};
    test_blocks blocks;
    test_make_blocks(&blocks, 3, 20, 1);
    for (unsigned mask = 0; mask < 64; mask++) {
        echo_keypair keys;
        test_feed t, whole;
        test_make_keys(&keys, 6);
        test_create(&t, &keys);
        test_create(&whole, &keys);
        for (unsigned i = 0, m = mask; i < 3; i++, m /= 4) {
            char path[1024];
            test_path(path, t.path, files[i]);
            if (m % 4 == 1) unlink(path);
            if (m % 4 > 1) test_cut(t.path, files[i], m % 4 == 2 ? 0 : 17);
        }
        test_open(&t, NULL);
        test_open(&whole, NULL);
        assert_int_equal(test_info(&t).length, 0);
        assert_int_equal(test_append(&t, blocks.at, 3), 0);
        test_append(&whole, blocks.at, 3);
        test_read_equal(&t, &blocks, 0, 3);
        for (unsigned i = 0; i < 3; i++) test_same_file(t.path, whole.path, all[i]);
        test_same_file(t.path, whole.path, "bitfield");
        test_end(&t);
        test_end(&whole);
    }
    test_free_blocks(&blocks);
}

static void sees_what_others_append(void **state) {
    (void)state;
    test_feed ours, theirs;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 7);
    test_make_blocks(&blocks, 40, 60, 2);
    test_create(&ours, &keys);
    theirs = ours;
    test_open(&ours, NULL);
    test_open(&theirs, NULL);
    for (uint64_t i = 0; i < blocks.count; i++) {
        assert_int_equal(test_info(&ours).length, i);
        assert_int_equal(test_append(&theirs, &blocks.at[i], 1), i);
        assert_int_equal(test_info(&ours).length, i + 1);
        assert_int_equal(test_info(&ours).verified, i + 1);
        assert_true(ours.feeds.ops->has(ours.feeds.ctx, ours.feed, i));
        test_read_equal(&ours, &blocks, 0, i + 1);
    }
    /* One verification per step, none when nothing changed. */
    assert_int_equal(echo__hypercore_count(ours.feed)->verifications, blocks.count);
    assert_int_equal(echo__hypercore_count(theirs.feed)->verifications, 0);
    test_close(&theirs);
    test_end(&ours);
    test_free_blocks(&blocks);
}

static void reading_looks_again_too(void **state) {
    (void)state;
    test_feed ours, theirs;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 9);
    test_make_blocks(&blocks, 20, 60, 2);
    test_create(&ours, &keys);
    theirs = ours;
    test_open(&ours, NULL);
    test_open(&theirs, NULL);
    for (uint64_t i = 0; i < blocks.count; i += 5) {
        test_append(&theirs, &blocks.at[i], 5);
        test_read_equal(&ours, &blocks, i, i + 5);
    }
    test_close(&theirs);
    test_end(&ours);
    test_free_blocks(&blocks);
}

/* What could not be read is not taken for seen. */
static void looks_again_after_a_failure(void **state) {
    (void)state;
    static const char *const files[] = {"bitfield", "signatures", "tree"};
    test_feed ours, theirs;
    echo_keypair keys;
    echo_feed_info info;
    echo_error err = ECHO_ERROR_INIT;
    test_blocks blocks;
    test_make_keys(&keys, 10);
    test_make_blocks(&blocks, 3, 60, 2);
    test_create(&ours, &keys);
    theirs = ours;
    for (size_t i = 0; i < 3; i++) test_cut(ours.path, files[i], 0);
    test_open(&ours, NULL);
    test_open(&theirs, NULL);
    test_append(&theirs, blocks.at, 3);
    test_poke(ours.path, "tree", 0, 1);
    assert_status(ours.feeds.ops->info(&info, ours.feeds.ctx, ours.feed, &err), ECHO_ERR_CORRUPT);
    assert_status(ours.feeds.ops->info(&info, ours.feeds.ctx, ours.feed, &err), ECHO_ERR_CORRUPT);
    test_poke(ours.path, "tree", 0, 1);
    assert_int_equal(test_info(&ours).verified, 3);
    test_read_equal(&ours, &blocks, 0, 3);
    test_close(&theirs);
    test_end(&ours);
    test_free_blocks(&blocks);
}

static void memory_runs_out(void **state) {
    (void)state;
    test_feed t;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 8);
    test_make_blocks(&blocks, 200, 300, 3);
    test_create(&t, &keys);
    test_open(&t, NULL);
    test_append(&t, blocks.at, 100);
    test_close(&t);
    char *fresh = folder_new();
    unsigned forgotten = 0;
    for (long nth = 1;; nth++) {
        listing l = {0};
        uint64_t first = 0;
        echo_error err = ECHO_ERROR_INIT;
        bool failed = false;
        echo_status status;
        long before = fault_blocks();
        fault_at(nth);
        if ((status = echo_feeds_open_dir(&t.feeds, t.folder, NULL, &err)) == ECHO_OK) {
            if ((status = t.feeds.ops->list(t.feeds.ctx, add_key, &l, &err)) == ECHO_OK &&
                (status = t.feeds.ops->open(&t.feed, t.feeds.ctx, &t.key, &err)) == ECHO_OK &&
                (status = t.feeds.ops->read(t.feeds.ctx, t.feed, 0, 100, ignore_block, NULL, &err)) == ECHO_OK &&
                (status = t.feeds.ops->append(&first, t.feeds.ctx, t.feed, &blocks.at[100], 1, &err)) == ECHO_OK)
                status = echo_feed_create(fresh, &keys, &err);
        }
        failed = fault_off();
        if (failed && status == ECHO_OK) {
            forgotten++;
        } else if (failed) {
            assert_status(status, ECHO_ERR_NOMEM);
            assert_int_equal(err.code, ECHO_ERR_NOMEM);
        }
        if (t.feed != NULL && status != ECHO_OK && first == 0) {
            assert_int_equal(test_info(&t).length, 100);
            test_read_equal(&t, &blocks, 0, 100);
        }
        test_close(&t);
        assert_int_equal(fault_blocks(), before);
        if (failed && status == ECHO_OK) {
            folder_remove(fresh);
            fresh = folder_new();
        }
        if (first != 0) {
            /* It went in: put the feed back to where it was. */
            char path[1024];
            test_path(path, t.path, "x");
            folder_remove(t.folder);
            test_create(&t, &keys);
            test_open(&t, NULL);
            test_append(&t, blocks.at, 100);
            test_close(&t);
        }
        if (!failed) {
            assert_status(status, ECHO_OK);
            break;
        }
    }
    assert_int_equal(forgotten, 2); /* a source that cannot remember a signature, verifies it again */
    folder_remove(fresh);
    test_end(&t);
    test_free_blocks(&blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_roots),
        cmocka_unit_test(lists_feeds_and_nothing_else),
        cmocka_unit_test(refuses_folders_that_are_none),
        cmocka_unit_test(keys_must_belong_together),
        cmocka_unit_test(tells_what_is_no_feed_of_ours),
        cmocka_unit_test(own_keys_and_others),
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(reads_feeds_of_echo),
        cmocka_unit_test(creates_empty_feeds),
        cmocka_unit_test(creates_nothing_over_something),
        cmocka_unit_test(files_may_be_missing_while_empty),
        cmocka_unit_test(sees_what_others_append),
        cmocka_unit_test(reading_looks_again_too),
        cmocka_unit_test(looks_again_after_a_failure),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
