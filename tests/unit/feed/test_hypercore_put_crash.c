/*
 * Power cuts and failing disks while blocks from peers are put (test_hypercore_disk.h). What opens then has the old
 * length or the new one, all of it vouched for, all blocks that were there, and of those that were put some, none or
 * all: each as it should be, or not here.
 */
#include "test_hypercore_disk.h"

static const char *const names[] = {"bitfield", "signatures", "tree", "data"};

typedef struct range {
    uint64_t from, to, length;
} range;

/* A feed that is put back to the same state again and again, and one more range to put. */
typedef struct scene {
    test_feed t;
    echo_keypair keys;
    test_blocks blocks;
    range before[4], put;
    size_t count;
    bool own; /* before[0] was appended here */
    uint64_t old, new;
    uint8_t *data[4];
    size_t len[4];
    echo_feed_proof proof;
} scene;

static void make_proof(scene *s, echo_feed_proof *proof, const range *r) {
    echo_feeds feeds;
    void *feed;
    uint64_t first;
    assert_ok(echo_feeds_new_memory(&feeds));
    assert_ok(echo_feeds_memory_add(&feeds, &s->keys));
    assert_ok(feeds.ops->open(&feed, feeds.ctx, &s->t.key, &oops));
    assert_ok(feeds.ops->append(&first, feeds.ctx, feed, s->blocks.at, (size_t)r->length, &oops));
    assert_ok(feeds.ops->prove(proof, feeds.ctx, feed, r->from, r->to, &oops));
    feeds.ops->close(feeds.ctx, feed);
    echo_feeds_close(&feeds);
}

static echo_status put(scene *s, const echo_feed_proof *proof) {
    return s->t.feeds.ops->put(s->t.feeds.ctx, s->t.feed, s->blocks.at + proof->from, proof, NULL);
}

static void scene_begin(scene *s, bool own, const range *before, size_t count, range more) {
    memset(s, 0, sizeof *s);
    s->own = own;
    s->count = count;
    s->put = more;
    s->old = 0;
    for (size_t i = 0; i < count; i++) s->before[i] = before[i];
    for (size_t i = 0; i < count; i++) s->old = before[i].length > s->old ? before[i].length : s->old;
    s->new = more.length > s->old ? more.length : s->old;
    test_make_keys(&s->keys, 32);
    test_make_blocks(&s->blocks, (size_t)s->new + 8, s->new > 1000 ? 12 : 700, more.length);
    if (own)
        test_create(&s->t, &s->keys);
    else
        test_place(&s->t, &s->keys.public_key);
    assert_ok(echo_feeds_open_dir(&s->t.feeds, s->t.folder, NULL, &oops));
    if (!own) assert_ok(s->t.feeds.ops->make(s->t.feeds.ctx, &s->t.key, &oops));
    test_close(&s->t);
    test_open(&s->t, NULL);
    for (size_t i = 0; i < count; i++) {
        if (own && i == 0) {
            test_append(&s->t, s->blocks.at, (size_t)before[i].length);
            continue;
        }
        make_proof(s, &s->proof, &before[i]);
        assert_ok(put(s, &s->proof));
    }
    assert_ok(s->t.feeds.ops->sync(s->t.feeds.ctx, s->t.feed, &oops));
    test_close(&s->t);
    make_proof(s, &s->proof, &s->put);
    for (size_t i = 0; i < 4; i++) {
        char path[1024];
        test_path(path, s->t.path, names[i]);
        if (file_exists(path)) s->data[i] = file_read(path, &s->len[i]);
    }
}

static void scene_reset(scene *s) {
    disk.mode = OFF;
    for (size_t i = 0; i < 4; i++) {
        char path[1024];
        test_path(path, s->t.path, names[i]);
        unlink(path);
        if (s->data[i] == NULL) continue;
        int fd = open(path, O_RDWR | O_CREAT, 0666);
        assert_int_equal(real_pwrite(fd, s->data[i], s->len[i], 0), s->len[i]);
        close(fd);
    }
    test_open(&s->t, NULL);
}

static void scene_end(scene *s) {
    disk.mode = OFF;
    for (size_t i = 0; i < 4; i++) free(s->data[i]);
    test_end(&s->t);
    test_free_blocks(&s->blocks);
}

static bool in(uint64_t seq, const range *r) { return seq >= r->from && seq < r->to; }

static bool was_here(const scene *s, uint64_t seq) {
    bool here = false;
    for (size_t i = 0; i < s->count; i++) here |= in(seq, &s->before[i]);
    return here;
}

static uint64_t fresh(const scene *s) {
    uint64_t count = 0;
    for (uint64_t seq = s->put.from; seq < s->put.to; seq++) count += !was_here(s, seq);
    return count;
}

/* How many of the blocks that were put, and not here before, are here; fails when anything is not as it should be. */
static uint64_t examine(scene *s, const char *when, long at, uint64_t seed) {
    const echo_feed_ops *ops = s->t.feeds.ops;
    echo_feed_info info = test_info(&s->t);
    uint64_t found = 0;
    if (info.length != info.verified || (info.length != s->old && info.length != s->new))
        fail_msg("%s at %ld, seed %d: length %d, verified %d", when, at, (int)seed, (int)info.length,
                 (int)info.verified);
    /* Of large feeds the part that matters. */
    for (uint64_t seq = 0; seq < s->new + 2; seq++) {
        if (s->new > 1000 && !was_here(s, seq) && !in(seq, &s->put) && seq % 97) continue;
        test_expect expect = {&s->blocks, seq};
        bool has = ops->has(s->t.feeds.ctx, s->t.feed, seq);
        if (has ? !was_here(s, seq) && !in(seq, &s->put) : was_here(s, seq))
            fail_msg("%s at %ld, seed %d: block %d is %s", when, at, (int)seed, (int)seq, has ? "here" : "gone");
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = ops->read(s->t.feeds.ctx, s->t.feed, seq, seq + 1, test_expect_block, &expect, &err);
        if (status != (has ? ECHO_OK : ECHO_ERR_GAP))
            fail_msg("%s at %ld, seed %d: block %d of %d, %d..%d of %d put: %s %s", when, at, (int)seed, (int)seq,
                     (int)info.length, (int)s->put.from, (int)s->put.to, (int)s->put.length, echo_status_name(status),
                     err.message);
        found += has && in(seq, &s->put) && !was_here(s, seq);
    }
    return found;
}

/* The same put works then; and an own feed goes on. */
static void goes_on(scene *s, long at, uint64_t seed) {
    uint64_t old = s->old, first;
    assert_ok(put(s, &s->proof));
    s->old = s->new;
    assert_int_equal(examine(s, "again", at, seed), fresh(s));
    if (s->own) {
        assert_ok(s->t.feeds.ops->append(&first, s->t.feeds.ctx, s->t.feed, s->blocks.at + s->new, 3, &oops));
        assert_int_equal(first, s->new);
        test_read_equal(&s->t, &s->blocks, s->new, s->new + 3);
        assert_int_equal(test_info(&s->t).verified, s->new + 3);
    }
    s->old = old;
}

static void cut_everywhere(bool own, const range *before, size_t count, range more, uint64_t seeds) {
    scene s;
    bool none = false, all = false;
    scene_begin(&s, own, before, count, more);
    for (long at = 1;; at++) {
        bool went_through = false;
        for (uint64_t seed = 0; seed < seeds; seed++) {
            scene_reset(&s);
            disk_arm(POWER, at, EIO, seed * 1000 + (uint64_t)at);
            echo_status status = put(&s, &s.proof);
            if (seed % 2 && status == ECHO_OK) status = s.t.feeds.ops->sync(s.t.feeds.ctx, s.t.feed, NULL);
            went_through = !disk.dead;
            assert_status(status, went_through ? ECHO_OK : ECHO_ERR_IO);
            disk_restart();
            test_close(&s.t);
            test_open(&s.t, NULL);
            uint64_t found = examine(&s, "cut", at, seed);
            none |= found == 0;
            all |= found == fresh(&s);
            if (went_through && seed % 2) assert_int_equal(found, fresh(&s));
            goes_on(&s, at, seed);
            test_close(&s.t);
        }
        if (went_through) break;
    }
    assert_true(none && all);
    scene_end(&s);
}

static void power_cuts(void **state) {
    (void)state;
    const range some[] = {{2, 5, 11}, {7, 8, 11}}, late[] = {{0, 3, 6}, {12, 14, 20}}, own[] = {{0, 7, 7}};
    cut_everywhere(false, NULL, 0, (range){0, 1, 1}, 12);
    cut_everywhere(false, NULL, 0, (range){3, 6, 9}, 12);
    cut_everywhere(false, some, 2, (range){5, 7, 11}, 12);
    cut_everywhere(false, some, 2, (range){11, 16, 16}, 12);
    cut_everywhere(false, some, 2, (range){14, 16, 21}, 12);
    cut_everywhere(false, late, 2, (range){3, 6, 10}, 12);
    cut_everywhere(true, own, 1, (range){7, 12, 12}, 12);
    cut_everywhere(true, own, 1, (range){9, 12, 20}, 12);
}

/* Bits in several sectors and pages. */
static void power_cuts_amid_the_bits(void **state) {
    (void)state;
    const range small[] = {{2, 5, 11}}, page[] = {{0, 3, 8190}};
    cut_everywhere(false, small, 1, (range){2040, 2060, 2100}, 8);
    cut_everywhere(false, page, 1, (range){8189, 8195, 8200}, 8);
    cut_everywhere(false, small, 1, (range){20000, 20003, 26000}, 4);
    cut_everywhere(false, small, 1, (range){4, 6, 16384}, 4);
}

/* An interrupted put leaves nothing behind that a longer one would bring to light. */
static void cut_after_cut(void **state) {
    (void)state;
    scene s;
    const range before[] = {{0, 4, 6}};
    scene_begin(&s, false, before, 1, (range){10, 14, 30});
    echo_feed_proof longer;
    make_proof(&s, &longer, &(range){20, 22, 25});
    for (uint64_t seed = 0; seed < 200; seed++) {
        scene_reset(&s);
        disk_arm(POWER, 1 + (long)(seed % 14), EIO, seed);
        (void)put(&s, &longer);
        disk_restart();
        test_close(&s.t);
        test_open(&s.t, NULL);
        uint64_t length = test_info(&s.t).length;
        assert_true(length == 6 || length == 25);
        disk_arm(POWER, 1 + (long)(seed / 14 % 14), EIO, seed);
        (void)put(&s, &s.proof);
        disk_restart();
        test_close(&s.t);
        test_open(&s.t, NULL);
        length = test_info(&s.t).length;
        assert_true(length == 6 || length == 25 || length == 30);
        for (uint64_t seq = 0; seq < length; seq++) {
            test_expect expect = {&s.blocks, seq};
            bool has = s.t.feeds.ops->has(s.t.feeds.ctx, s.t.feed, seq);
            if (has && !in(seq, &s.before[0]) && !in(seq, &s.put) && (seq < 20 || seq >= 22))
                fail_msg("seed %d: %d", (int)seed, (int)seq);
            assert_status(s.t.feeds.ops->read(s.t.feeds.ctx, s.t.feed, seq, seq + 1, test_expect_block, &expect, NULL),
                          has ? ECHO_OK : ECHO_ERR_GAP);
        }
        test_close(&s.t);
    }
    scene_end(&s);
}

/* Data bits that an append left when the power went speak of nothing; a longer feed must not make them true. */
static void stale_bits_do_not_count(void **state) {
    (void)state;
    scene s;
    const range before[] = {{0, 7, 7}};
    scene_begin(&s, true, before, 1, (range){9, 12, 12});
    test_poke(s.t.path, "bitfield", 32, 0x01);
    test_poke(s.t.path, "bitfield", 33, 0x80);
    test_open(&s.t, NULL);
    assert_ok(put(&s, &s.proof));
    s.old = s.new;
    assert_int_equal(examine(&s, "put", 0, 0), 3);
    scene_end(&s);
}

/* One operation fails, those after it work, or none does any more. */
static void failing_disks(void **state) {
    (void)state;
    const range before[] = {{0, 4, 6}, {7, 9, 12}};
    const range more[] = {{4, 7, 12}, {9, 17, 17}, {20, 22, 31}};
    for (size_t i = 0; i < 3; i++) {
        scene s;
        scene_begin(&s, false, before, 2, more[i]);
        for (unsigned mode = 0; mode < 2; mode++) {
            for (long at = 1;; at++) {
                scene_reset(&s);
                disk_arm(mode == 0 ? FAIL_ONE : FAIL_ALL, at, ENOSPC, 1);
                echo_status status = put(&s, &s.proof);
                bool failed = disk.events >= at;
                disk.mode = OFF;
                assert_status(status, failed ? ECHO_ERR_IO : ECHO_OK);
                examine(&s, "failed", at, mode);
                goes_on(&s, at, mode);
                test_close(&s.t);
                if (!failed) break;
            }
        }
        scene_end(&s);
    }
}

/* What a put took of the disk before it failed it gives back, as long as nothing points there. */
static void gives_back(void **state) {
    (void)state;
    scene s;
    const range before[] = {{0, 4, 6}};
    scene_begin(&s, false, before, 1, (range){6, 12, 20});
    scene_reset(&s);
    disk_arm(FAIL_ONE, 9, ENOSPC, 1); /* amid the nodes */
    assert_status(put(&s, &s.proof), ECHO_ERR_IO);
    disk.mode = OFF;
    for (size_t i = 0; i < 4; i++) assert_int_equal(test_size(s.t.path, names[i]), s.len[i]);
    scene_end(&s);
}

/* Syncing what the bits speak of is what keeps them true; what is relaxed does not sync until it is told to. */
static void syncs_before_the_bits(void **state) {
    (void)state;
    scene s;
    echo_feeds_dir_options relaxed = ECHO_FEEDS_DIR_OPTIONS_INIT;
    relaxed.relaxed = true;
    const range before[] = {{0, 4, 6}};
    scene_begin(&s, false, before, 1, (range){6, 12, 20});
    scene_reset(&s);
    uint64_t syncs = echo__hypercore_count(s.t.feed)->syncs;
    assert_ok(put(&s, &s.proof));
    assert_int_equal(echo__hypercore_count(s.t.feed)->syncs - syncs, 4); /* the folder, once; all but the bitfield */
    assert_ok(put(&s, &s.proof));
    assert_int_equal(echo__hypercore_count(s.t.feed)->syncs - syncs, 4); /* there was nothing to write */
    test_close(&s.t);
    scene_reset(&s);
    test_close(&s.t);
    test_open(&s.t, &relaxed);
    assert_ok(put(&s, &s.proof));
    assert_int_equal(echo__hypercore_count(s.t.feed)->syncs, 0);
    assert_ok(s.t.feeds.ops->sync(s.t.feeds.ctx, s.t.feed, &oops));
    assert_int_equal(echo__hypercore_count(s.t.feed)->syncs, 5);
    scene_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cuts),
        cmocka_unit_test(power_cuts_amid_the_bits),
        cmocka_unit_test(cut_after_cut),
        cmocka_unit_test(stale_bits_do_not_count),
        cmocka_unit_test(failing_disks),
        cmocka_unit_test(gives_back),
        cmocka_unit_test(syncs_before_the_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
