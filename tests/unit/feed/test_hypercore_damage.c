/* Damaged files: a clear error or exactly the right blocks, never wrong bytes. */
#include "test_hypercore_support.h"

typedef struct outcome {
    echo_status open, read;
    echo_feed_info info;
    uint64_t blocks; /* right ones, from the first on */
    echo_error err;
} outcome;

static bool is_damage(echo_status status) {
    return status == ECHO_ERR_CORRUPT || status == ECHO_ERR_SIGNATURE || status == ECHO_ERR_VERSION ||
           status == ECHO_ERR_LIMIT;
}

/* Opens, and reads from the first block on; also each block alone, so that all that can be had is looked at. */
static outcome look(test_feed *t, const test_blocks *blocks, bool one_by_one) {
    outcome o = {.err = ECHO_ERROR_INIT};
    assert_ok(echo_feeds_open_dir(&t->feeds, t->folder, NULL, &oops));
    o.open = t->feeds.ops->open(&t->feed, t->feeds.ctx, &t->key, &o.err);
    if (o.open == ECHO_OK) {
        o.info = test_info(t);
        assert_true(o.info.verified <= blocks->count);
        assert_true(o.info.verified <= o.info.length);
        test_expect expect = {blocks, 0};
        o.read = t->feeds.ops->read(t->feeds.ctx, t->feed, 0, o.info.verified, test_expect_block, &expect, &o.err);
        o.blocks = expect.next;
        if (o.read == ECHO_OK)
            assert_int_equal(o.blocks, o.info.verified);
        else
            assert_true(is_damage(o.read) || o.read == ECHO_ERR_GAP);
        if (o.read != ECHO_OK) assert_true(o.err.has_feed && o.err.has_seq && o.err.seq == o.blocks);
        for (uint64_t seq = 0; one_by_one && seq < o.info.length; seq++) {
            echo_error err = ECHO_ERROR_INIT;
            expect.next = seq;
            echo_status status =
                t->feeds.ops->read(t->feeds.ctx, t->feed, seq, seq + 1, test_expect_block, &expect, &err);
            assert_int_equal(expect.next, status == ECHO_OK ? seq + 1 : seq);
            assert_true(status == ECHO_OK || is_damage(status) || status == ECHO_ERR_GAP);
            if (!t->feeds.ops->has(t->feeds.ctx, t->feed, seq))
                assert_true(status == ECHO_ERR_GAP || seq >= o.info.verified);
        }
    } else {
        assert_true(is_damage(o.open));
        assert_int_equal(o.err.code, o.open);
        assert_true(o.err.has_feed);
        assert_null(t->feed);
    }
    test_close(t);
    return o;
}

typedef struct subject {
    test_feed t;
    test_blocks blocks;
} subject;

static void subject_begin(subject *s, const char *set, const char *name, const char *blocks_of) {
    cJSON *json = test_fixture(set, blocks_of);
    test_load_blocks(&s->blocks, set, blocks_of, json);
    cJSON_Delete(json);
    test_copy(&s->t, set, name);
}

static void subject_end(subject *s) {
    test_end(&s->t);
    test_free_blocks(&s->blocks);
}

static void zero(const char *folder, const char *name, size_t from, size_t len) {
    char path[1024];
    test_path(path, folder, name);
    void *zeros = calloc(1, len);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, zeros, len, (off_t)from), len);
    close(fd);
    free(zeros);
}

/* The rows of "measured with hypercore 9.12.0 on copies of n1000". */
static void what_the_original_was_tried_with(void **state) {
    (void)state;
    subject s;
    outcome o;
    /* Bitfield cut to its header, or its tree bits zeroed: no blocks. (Appending to that is refused: see
     * test_hypercore_append.) */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    test_cut(s.t.path, "bitfield", 32);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.open, ECHO_OK);
    assert_int_equal(o.info.length, 0);
    subject_end(&s);
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    zero(s.t.path, "bitfield", 32 + 1024, 2048);
    o = look(&s.t, &s.blocks, true);
    assert_int_equal(o.info.length, 0);
    subject_end(&s);
    /* Data bits zeroed: all known, none here. */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    zero(s.t.path, "bitfield", 32, 1024);
    o = look(&s.t, &s.blocks, true);
    assert_int_equal(o.info.verified, 1000);
    assert_status(o.read, ECHO_ERR_GAP);
    assert_int_equal(o.blocks, 0);
    subject_end(&s);
    /* Half a page: only the index is lost. */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    test_cut(s.t.path, "bitfield", 32 + 1792);
    o = look(&s.t, &s.blocks, true);
    assert_int_equal(o.info.verified, 1000);
    assert_status(o.read, ECHO_OK);
    subject_end(&s);
    /* The last leaf blank: its block cannot be verified; its sibling's can, by the signature before. */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    zero(s.t.path, "tree", 32 + 40 * 1998, 40);
    o = look(&s.t, &s.blocks, true);
    assert_int_equal(o.info.verified, 1000);
    assert_status(o.read, ECHO_ERR_CORRUPT);
    assert_int_equal(o.blocks, 999);
    assert_non_null(strstr(o.err.message, "'tree'"));
    subject_end(&s);
    /* The tree cut by ten nodes: the rest vouches for 996 blocks, though nodes of the last are gone. The original does
     * not open it.
     */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    test_cut(s.t.path, "tree", test_size(s.t.path, "tree") - 400);
    o = look(&s.t, &s.blocks, true);
    assert_int_equal(o.info.length, 1000);
    assert_int_equal(o.info.verified, 996);
    assert_status(o.read, ECHO_ERR_CORRUPT);
    assert_int_equal(
        o.blocks, 995); /* the root of the last four lacks a leaf; the first three of them were signed on their own */
    subject_end(&s);
    /* The data cut by ten bytes. */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    test_cut(s.t.path, "data", test_size(s.t.path, "data") - 10);
    o = look(&s.t, &s.blocks, true);
    assert_int_equal(o.info.verified, 1000);
    assert_status(o.read, ECHO_ERR_CORRUPT);
    assert_int_equal(o.blocks, 999);
    assert_non_null(strstr(o.err.message, "'data'"));
    subject_end(&s);
    /* One byte of data flipped: the original hands out the wrong bytes. */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    test_poke(s.t.path, "data", 5, 0x10);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.read, ECHO_ERR_CORRUPT);
    assert_int_equal(o.blocks, 0);
    assert_non_null(strstr(o.err.message, "'data'"));
    subject_end(&s);
    /* The last signature blank, or cut. */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    zero(s.t.path, "signatures", 32 + 64 * 999, 64);
    o = look(&s.t, &s.blocks, true);
    assert_int_equal(o.info.length, 1000);
    assert_int_equal(o.info.verified, 999);
    assert_status(o.read, ECHO_OK);
    test_cut(s.t.path, "signatures", 32 + 64 * 999 + 63);
    o = look(&s.t, &s.blocks, true);
    assert_int_equal(o.info.verified, 999);
    subject_end(&s);
}

/* In a feed of batches the inner signatures are blank: what is left is a prefix of batches (7, 1, 50, 2, 40). */
static void falls_back_to_the_batch_before(void **state) {
    (void)state;
    static const size_t ends[] = {100, 60, 58, 8, 7};
    subject s;
    subject_begin(&s, FIXTURES_9, "n100-batched", "n100-batched");
    for (size_t i = 0; i < 5; i++) {
        outcome o = look(&s.t, &s.blocks, true);
        assert_int_equal(o.info.length, 100);
        assert_int_equal(o.info.verified, ends[i]);
        assert_status(o.read, ECHO_OK);
        if (i % 2)
            zero(s.t.path, "signatures", 32 + 64 * (ends[i] - 1), 64);
        else
            test_poke(s.t.path, "signatures", 32 + 64 * (ends[i] - 1) + 9, 1);
    }
    outcome o = look(&s.t, &s.blocks, true);
    assert_status(o.open, ECHO_ERR_SIGNATURE);
    assert_non_null(strstr(o.err.message, "'signatures'"));
    subject_end(&s);
}

static void no_signature_at_all(void **state) {
    (void)state;
    subject s;
    outcome o;
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    test_cut(s.t.path, "signatures", 32);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.open, ECHO_ERR_SIGNATURE);
    subject_end(&s);

    /* Wrong ones: the search ends. */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    for (size_t i = 0; i < 1000; i++) test_poke(s.t.path, "signatures", 32 + 64 * i + 3, 4);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.open, ECHO_ERR_SIGNATURE);
    subject_end(&s);

    /* Also when there is a good one, but far back; not so far, it is found. */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    for (size_t i = 940; i < 1000; i++) test_poke(s.t.path, "signatures", 32 + 64 * i + 3, 4);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.open, ECHO_OK);
    assert_int_equal(o.info.verified, 940);
    for (size_t i = 900; i < 940; i++) test_poke(s.t.path, "signatures", 32 + 64 * i + 3, 4);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.open, ECHO_ERR_SIGNATURE);
    subject_end(&s);

    /* A tree that cannot be checked at all is a matter of structure. */
    subject_begin(&s, FIXTURES_9, "n1000", "n1000");
    test_cut(s.t.path, "tree", 32);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.open, ECHO_ERR_CORRUPT);
    assert_non_null(strstr(o.err.message, "'tree'"));
    subject_end(&s);
}

/* A feed that has something cannot be without one of its files: least of all is it an empty feed. */
static void files_lost(void **state) {
    (void)state;
    static const char *const files[] = {"bitfield", "signatures", "tree"};
    for (size_t f = 0; f < 3; f++) {
        for (int size = -1; size < 32; size++) {
            subject s;
            char path[1024], quoted[32];
            subject_begin(&s, FIXTURES_9, "n1", "n1");
            test_path(path, s.t.path, files[f]);
            if (size < 0)
                unlink(path);
            else
                test_cut(s.t.path, files[f], (size_t)size);
            outcome o = look(&s.t, &s.blocks, true);
            assert_status(o.open, ECHO_ERR_CORRUPT);
            snprintf(quoted, sizeof quoted, "'%s'", files[f]);
            assert_non_null(strstr(o.err.message, quoted));
            subject_end(&s);
        }
    }
    subject s;
    char path[1024];
    subject_begin(&s, FIXTURES_9, "n8", "n8");
    test_path(path, s.t.path, "data");
    unlink(path);
    outcome o = look(&s.t, &s.blocks, true);
    assert_status(o.open, ECHO_OK);
    assert_status(o.read, ECHO_ERR_CORRUPT);
    assert_int_equal(o.blocks, 0);
    subject_end(&s);
}

static void files_exchanged(void **state) {
    (void)state;
    static const char *const files[] = {"bitfield", "signatures", "tree", "data", "key", "secret_key"};
    for (size_t a = 0; a < 6; a++) {
        for (size_t b = a + 1; b < 6; b++) {
            char from[1024], to[1024], aside[1024];
            subject s;
            subject_begin(&s, FIXTURES_9, "n8", "n8");
            test_path(from, s.t.path, files[a]);
            test_path(to, s.t.path, files[b]);
            test_path(aside, s.t.path, "aside");
            assert_int_equal(rename(from, aside), 0);
            assert_int_equal(rename(to, from), 0);
            assert_int_equal(rename(aside, to), 0);
            outcome o = look(&s.t, &s.blocks, true);
            assert_status(o.open, ECHO_ERR_CORRUPT);
            subject_end(&s);
        }
    }
}

/* Files of one feed among those of another. */
static void files_of_another_feed(void **state) {
    (void)state;
    static const struct {
        const char *name;
        echo_status open, read;
    } files[] = {
        {"tree", ECHO_ERR_SIGNATURE, ECHO_OK},     {"signatures", ECHO_ERR_SIGNATURE, ECHO_OK},
        {"data", ECHO_OK, ECHO_ERR_CORRUPT},       {"key", ECHO_ERR_CORRUPT, ECHO_OK},
        {"secret_key", ECHO_ERR_CORRUPT, ECHO_OK},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        subject s;
        char from[1024], to[1024];
        size_t len;
        subject_begin(&s, FIXTURES_9, "n8", "n8");
        test_path(from, FIXTURES_9 "/n1000", files[i].name);
        test_path(to, s.t.path, files[i].name);
        uint8_t *data = file_read(from, &len);
        file_write(to, data, len);
        free(data);
        outcome o = look(&s.t, &s.blocks, true);
        assert_status(o.open, files[i].open);
        if (o.open == ECHO_OK) assert_status(o.read, files[i].read);
        assert_true(o.blocks <= 1); /* the first blocks begin alike */
        subject_end(&s);
    }
}

/* The blocks of the prefix that was verified stay right, whatever is appended to a damaged feed. */
static void append_if_it_lets(test_feed *t, const test_blocks *blocks) {
    uint64_t first;
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes block = {(const uint8_t *)"appended", 8};
    echo_feeds_dir_options options = ECHO_FEEDS_DIR_OPTIONS_INIT;
    options.relaxed = true;
    assert_ok(echo_feeds_open_dir(&t->feeds, t->folder, &options, &oops));
    if (t->feeds.ops->open(&t->feed, t->feeds.ctx, &t->key, &err) == ECHO_OK) {
        echo_feed_info info = test_info(t);
        test_expect expect = {blocks, 0};
        echo_status status = t->feeds.ops->append(&first, t->feeds.ctx, t->feed, &block, 1, &err);
        if (status == ECHO_OK) {
            assert_int_equal(first, info.length);
            assert_int_equal(info.length, info.verified);
            assert_int_equal(test_info(t).verified, info.length + 1);
        } else {
            assert_true(status == ECHO_ERR_CORRUPT || status == ECHO_ERR_READONLY);
            assert_int_equal(test_info(t).length, info.length);
        }
        status = t->feeds.ops->read(t->feeds.ctx, t->feed, 0, info.verified, test_expect_block, &expect, &err);
        assert_true(status == ECHO_OK || is_damage(status) || status == ECHO_ERR_GAP);
    }
    test_close(t);
}

static const char *const all_files[] = {"bitfield", "signatures", "tree", "data", "key", "secret_key"};

/* A feed's files in memory, to undo damage in place: making files anew costs far more. */
typedef struct backup {
    uint8_t *data[6];
    size_t len[6];
} backup;

static void backup_begin(backup *b, const char *set, const char *name) {
    for (size_t f = 0; f < 6; f++) {
        char folder[1024], path[1024];
        test_path(folder, set, name);
        test_path(path, folder, all_files[f]);
        b->data[f] = file_exists(path) ? file_read(path, &b->len[f]) : NULL;
    }
}

static void put_back(const backup *b, const test_feed *t) {
    for (size_t f = 0; f < 6; f++) {
        char path[1024];
        test_path(path, t->path, all_files[f]);
        if (b->data[f] == NULL) continue;
        int fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, b->data[f], b->len[f], 0), b->len[f]);
        assert_int_equal(ftruncate(fd, (off_t)b->len[f]), 0);
        close(fd);
    }
}

static void backup_end(backup *b) {
    for (size_t f = 0; f < 6; f++) free(b->data[f]);
}

static void cut_anywhere(const char *set, const char *name, const char *blocks_of, size_t step) {
    subject s;
    backup whole;
    backup_begin(&whole, set, name);
    subject_begin(&s, set, name, blocks_of);
    for (size_t f = 0; f < 6; f++) {
        size_t size = test_size(s.t.path, all_files[f]);
        for (size_t at = 0; at < size; at += at < 40 || (size - at < 90 && size < 20000) ? 1 : step) {
            test_cut(s.t.path, all_files[f], at);
            outcome o = look(&s.t, &s.blocks, false);
            if (f == 4 || f == 5) assert_status(o.open, ECHO_ERR_CORRUPT);
            if (f < 4) append_if_it_lets(&s.t, &s.blocks);
            put_back(&whole, &s.t);
        }
    }
    outcome o = look(&s.t, &s.blocks, false);
    assert_status(o.open, ECHO_OK);
    subject_end(&s);
    backup_end(&whole);
}

static void truncations(void **state) {
    (void)state;
    cut_anywhere(FIXTURES_9, "n5-empty", "n5-empty", 1);
    cut_anywhere(FIXTURES_7, "n8", "n8", 1);
    cut_anywhere(FIXTURES_9, "n100-batched", "n100-batched", 97);
    cut_anywhere(FIXTURES_9, "n1000", "n1000", 29989);
    cut_anywhere(FIXTURES_9, "sparse-of-n1000", "n1000", 29989);
}

static void flip_anywhere(const char *set, const char *name, const char *blocks_of, int rounds, uint64_t seed) {
    subject s;
    backup whole;
    test_random random = {seed};
    backup_begin(&whole, set, name);
    subject_begin(&s, set, name, blocks_of);
    for (int i = 0; i < rounds; i++) {
        /* Most files are mostly the same; the interesting ones are hit as often as the large one. */
        const char *file = all_files[test_random_below(&random, 6)];
        size_t size = test_size(s.t.path, file);
        if (size == 0) continue;
        /* Bitfields are nearly all zero: half of the flips go where bits are. */
        size_t at = (size_t)test_random_below(&random, size);
        if (file == all_files[0] && test_random_below(&random, 2))
            at = 32 + 1024 + (size_t)test_random_below(&random, 260);
        if (at >= size) at = size - 1;
        uint8_t mask = (uint8_t)(1u << test_random_below(&random, 8));
        test_poke(s.t.path, file, at, mask);
        look(&s.t, &s.blocks, false);
        if (i % 8 == 0) {
            append_if_it_lets(&s.t, &s.blocks);
            put_back(&whole, &s.t);
        } else {
            test_poke(s.t.path, file, at, mask);
        }
    }
    outcome o = look(&s.t, &s.blocks, false);
    assert_status(o.open, ECHO_OK);
    subject_end(&s);
    backup_end(&whole);
}

static void bit_flips(void **state) {
    (void)state;
    flip_anywhere(FIXTURES_9, "n8", "n8", 1500, 1);
    flip_anywhere(FIXTURES_7, "n5-empty", "n5-empty", 800, 2);
    flip_anywhere(FIXTURES_9, "n100-batched", "n100-batched", 800, 3);
    flip_anywhere(FIXTURES_9, "n1000", "n1000", 250, 4);
    flip_anywhere(FIXTURES_9, "sparse-of-n1000", "n1000", 250, 5);
}

/* Every single bit of a small feed's tree, signatures and data. */
static void every_bit_of_a_small_feed(void **state) {
    (void)state;
    static const char *const files[] = {"tree", "signatures", "data"};
    subject s;
    subject_begin(&s, FIXTURES_9, "n2", "n2");
    for (size_t f = 0; f < 3; f++) {
        size_t size = test_size(s.t.path, files[f]);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            test_poke(s.t.path, files[f], bit / 8, (uint8_t)(1u << bit % 8));
            outcome o = look(&s.t, &s.blocks, false);
            bool first_signature = f == 1 && bit >= 8 * 32 && bit < 8 * 96;
            assert_int_equal(o.open == ECHO_OK && o.read == ECHO_OK && o.blocks == 2, first_signature);
            test_poke(s.t.path, files[f], bit / 8, (uint8_t)(1u << bit % 8));
        }
    }
    subject_end(&s);
}

/* Files of holes that claim to be huge take neither memory nor time. */
static void huge_claims(void **state) {
    (void)state;
    subject s;
    outcome o;
    subject_begin(&s, FIXTURES_9, "n8", "n8");
    test_cut(s.t.path, "bitfield", (size_t)1 << 40);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.open, ECHO_ERR_CORRUPT);
    assert_non_null(strstr(o.err.message, "'bitfield'"));
    subject_end(&s);

    subject_begin(&s, FIXTURES_9, "n8", "n8");
    test_cut(s.t.path, "signatures", (size_t)1 << 40);
    test_cut(s.t.path, "data", (size_t)1 << 40);
    test_cut(s.t.path, "tree", (size_t)1 << 40);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.read, ECHO_OK);
    assert_int_equal(o.blocks, 8);
    append_if_it_lets(&s.t, &s.blocks);
    subject_end(&s);

    /* A tree bit far out. */
    subject_begin(&s, FIXTURES_9, "n8", "n8");
    test_cut(s.t.path, "bitfield", 32 + 900 * 3584);
    test_poke(s.t.path, "bitfield", 32 + 899 * 3584 + 1024 + 7, 1);
    o = look(&s.t, &s.blocks, false);
    assert_int_equal(o.info.length, 899 * 8192 + 64); /* node 63 of that page stands for 64 blocks */
    assert_int_equal(o.info.verified, 8);
    assert_status(o.read, ECHO_OK);
    subject_end(&s);
}

/* Sizes that do not add up, in a tree whose hashes do: the leaf's hash tells. */
static void sizes_that_lie(void **state) {
    (void)state;
    subject s;
    char path[1024];
    size_t len;
    subject_begin(&s, FIXTURES_9, "n8", "n8");
    test_path(path, s.t.path, "tree");
    uint8_t *tree = file_read(path, &len);
    /* Leaves 0 and 1 exchange a byte: the parent's preimage stays the same. */
    tree[32 + 39]++;
    tree[32 + 80 + 39]--;
    file_write(path, tree, len);
    outcome o = look(&s.t, &s.blocks, true);
    assert_status(o.read, ECHO_ERR_CORRUPT);
    assert_int_equal(o.blocks, 0);
    /* Sizes that add up only modulo 2^64. */
    tree[32 + 39]--;
    tree[32 + 80 + 39]++;
    tree[32 + 32] ^= 0x80;
    tree[32 + 80 + 32] ^= 0x80;
    file_write(path, tree, len);
    o = look(&s.t, &s.blocks, true);
    assert_status(o.read, ECHO_ERR_CORRUPT);
    assert_int_equal(o.blocks, 0);
    free(tree);
    subject_end(&s);
}

/* Something that cannot be read at all. */
static void folders_in_place_of_files(void **state) {
    (void)state;
    for (size_t f = 0; f < 6; f++) {
        subject s;
        char path[1024];
        echo_error err = ECHO_ERROR_INIT;
        subject_begin(&s, FIXTURES_9, "n8", "n8");
        test_path(path, s.t.path, all_files[f]);
        unlink(path);
        mkdir(path, 0777);
        assert_ok(echo_feeds_open_dir(&s.t.feeds, s.t.folder, NULL, &oops));
        echo_status status = s.t.feeds.ops->open(&s.t.feed, s.t.feeds.ctx, &s.t.key, &err);
        if (status == ECHO_OK) {
            test_expect expect = {&s.blocks, 0};
            assert_int_equal(f, 3);
            status = s.t.feeds.ops->read(s.t.feeds.ctx, s.t.feed, 0, 8, test_expect_block, &expect, &err);
        }
        assert_true(status == ECHO_ERR_IO || status == ECHO_ERR_CORRUPT);
        subject_end(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_original_was_tried_with),
        cmocka_unit_test(falls_back_to_the_batch_before),
        cmocka_unit_test(no_signature_at_all),
        cmocka_unit_test(files_lost),
        cmocka_unit_test(files_exchanged),
        cmocka_unit_test(files_of_another_feed),
        cmocka_unit_test(truncations),
        cmocka_unit_test(bit_flips),
        cmocka_unit_test(every_bit_of_a_small_feed),
        cmocka_unit_test(huge_claims),
        cmocka_unit_test(sizes_that_lie),
        cmocka_unit_test(folders_in_place_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
