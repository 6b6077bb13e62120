/*
 * Power cuts and failing disks while a feed is written (test_hypercore_disk.h). P4, P5: what opens is the feed before
 * or after the append, and after it when the append returned.
 */
#include "test_hypercore_disk.h"

#include <stdlib.h>

/* ---- a feed that is put back to the same state again and again */

static const char *const names[] = {"bitfield", "signatures", "tree", "data"};

typedef struct scene {
    test_feed t;
    test_blocks blocks;
    size_t old, batch; /* blocks before, and appended */
    uint8_t *data[4];  /* the files before; NULL when there is none */
    size_t len[4];
    echo_feeds_dir_options options;
} scene;

static void scene_begin(scene *s, size_t old, size_t old_batch, size_t batch) {
    echo_keypair keys;
    memset(s, 0, sizeof *s);
    test_make_keys(&keys, 30);
    test_make_blocks(&s->blocks, old + batch + 40, old > 1000 ? 12 : 700, old + batch);
    s->old = old;
    s->batch = batch;
    s->options = (echo_feeds_dir_options)ECHO_FEEDS_DIR_OPTIONS_INIT;
    test_create(&s->t, &keys);
    test_open(&s->t, NULL);
    for (size_t at = 0; at < old; at += old_batch)
        test_append(&s->t, &s->blocks.at[at], old - at < old_batch ? old - at : old_batch);
    test_close(&s->t);
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
        if (s->data[i] == NULL) {
            unlink(path);
            continue;
        }
        int fd = open(path, O_RDWR | O_CREAT, 0666);
        assert_int_equal(real_pwrite(fd, s->data[i], s->len[i], 0), s->len[i]);
        assert_int_equal(syscall(SYS_ftruncate, fd, (off_t)s->len[i]), 0);
        close(fd);
    }
}

static void scene_end(scene *s) {
    disk.mode = OFF;
    for (size_t i = 0; i < 4; i++) free(s->data[i]);
    test_end(&s->t);
    test_free_blocks(&s->blocks);
}

/* As an app sees the append: the outcome of opening, appending and closing with the disk as it is armed. */
static echo_status scene_append(scene *s) {
    uint64_t first = UINT64_MAX;
    echo_error err = ECHO_ERROR_INIT;
    enum mode mode = disk.mode;
    disk.mode = OFF;
    test_open(&s->t, &s->options);
    disk.mode = mode;
    echo_status status =
        s->t.feeds.ops->append(&first, s->t.feeds.ctx, s->t.feed, &s->blocks.at[s->old], s->batch, &err);
    if (status == ECHO_OK)
        assert_int_equal(first, s->old);
    else
        assert_int_equal(first, UINT64_MAX);
    return status;
}

static echo_status compare_block(void *arg, uint64_t seq, echo_bytes block) {
    const test_blocks *blocks = arg;
    return seq < blocks->count && echo__bytes_equal(block, blocks->at[seq]) ? ECHO_OK : ECHO_ERR_REFUSED;
}

/* Whether the feed opens at `old` or `new` blocks, all of them there and right. */
static bool sound(scene *s, uint64_t old, uint64_t new) {
    echo_feed_info info;
    echo_error err = ECHO_ERROR_INIT;
    bool good = false;
    assert_ok(echo_feeds_open_dir(&s->t.feeds, s->t.folder, NULL, &oops));
    if (s->t.feeds.ops->open(&s->t.feed, s->t.feeds.ctx, &s->t.key, &err) == ECHO_OK) {
        const echo_feed_ops *ops = s->t.feeds.ops;
        good = ops->info(&info, s->t.feeds.ctx, s->t.feed, &err) == ECHO_OK && info.length == info.verified &&
               (info.length == old || info.length == new) &&
               ops->read(s->t.feeds.ctx, s->t.feed, 0, info.length, compare_block, &s->blocks, &err) == ECHO_OK &&
               !ops->has(s->t.feeds.ctx, s->t.feed, info.length);
    }
    test_close(&s->t);
    return good;
}

/* Life goes on: what follows is appended and read, and nothing of the past shows. */
static void goes_on(scene *s) {
    test_open(&s->t, NULL);
    uint64_t length = test_info(&s->t).length;
    assert_int_equal(test_append(&s->t, &s->blocks.at[length], 2), length);
    assert_int_equal(test_append(&s->t, &s->blocks.at[length + 2], 1), length + 2);
    test_read_equal(&s->t, &s->blocks, 0, length + 3);
    test_close(&s->t);
    assert_true(sound(s, length + 3, length + 3));
    test_check_bits(s->t.path, length + 3);
    assert_int_equal(test_size(s->t.path, "signatures"), 32 + 64 * (length + 3));
    assert_int_equal(test_size(s->t.path, "tree"), 32 + 40 * (2 * (length + 3) - 1));
}

static void cut_everywhere(size_t old, size_t old_batch, size_t batch, uint64_t seeds) {
    scene s;
    bool before = false, after = false;
    uint64_t more = getenv("ECHO_TEST_LONG") != NULL ? 4 : 1;
    scene_begin(&s, old, old_batch, batch);
    for (long at = 1;; at++) {
        bool went_through = false;
        for (uint64_t seed = 0; seed < seeds * more; seed++) {
            scene_reset(&s);
            disk_arm(POWER, at, EIO, seed * 1000 + (uint64_t)at);
            echo_status status = scene_append(&s);
            went_through = !disk.dead;
            assert_status(status, went_through ? ECHO_OK : ECHO_ERR_IO);
            bool made_data = s.data[3] == NULL && !disk.folder_synced;
            disk_restart();
            test_close(&s.t);
            if (made_data && seed % 2) {
                char path[1024];
                test_path(path, s.t.path, "data");
                unlink(path);
            }
            if (!sound(&s, went_through ? old + batch : old, old + batch))
                fail_msg("%zu + %zu blocks, power cut at event %ld, seed %llu", old, batch, at,
                         (unsigned long long)seed);
            test_open(&s.t, NULL);
            if (test_info(&s.t).length == old)
                before = true;
            else
                after = true;
            test_close(&s.t);
            goes_on(&s);
        }
        if (went_through) break;
    }
    assert_true(before && after);
    scene_end(&s);
}

static void power_cuts(void **state) {
    (void)state;
    cut_everywhere(0, 1, 1, 6);
    cut_everywhere(0, 1, 9, 6);
    cut_everywhere(5, 1, 1, 6);
    cut_everywhere(7, 7, 1, 6);
    cut_everywhere(11, 4, 6, 6);
}

/* Batches whose bits lie in several sectors and pages: there a cut leaves lengths in between. */
static void power_cuts_amid_the_bits(void **state) {
    (void)state;
    cut_everywhere(2046, 2046, 5, 6);
    cut_everywhere(2040, 1020, 4500, 4);
    cut_everywhere(8190, 8190, 5, 6);
    cut_everywhere(8100, 8100, 8300, 2);
}

/* A sync fails, and power goes while the append is being taken back. */
static void power_cuts_while_undoing(void **state) {
    (void)state;
    static const size_t olds[] = {7, 11, 2040, 8190}, batches[] = {1, 6, 2100, 5};
    for (size_t i = 0; i < sizeof olds / sizeof *olds; i++) {
        scene s;
        scene_begin(&s, olds[i], olds[i], batches[i]);
        for (long warning = 1;; warning++) {
            bool warned = false;
            for (long more = 1;; more++) {
                bool cut = false;
                for (uint64_t seed = 0; seed < 2; seed++) {
                    scene_reset(&s);
                    disk_arm(POWER, warning + more, EIO, seed * 1000 + (uint64_t)more);
                    disk.warning = warning;
                    echo_status status = scene_append(&s);
                    warned = disk.events >= warning;
                    cut = disk.dead;
                    assert_status(status, warned ? ECHO_ERR_IO : ECHO_OK);
                    disk_restart();
                    test_close(&s.t);
                    if (!sound(&s, warned ? olds[i] : olds[i] + batches[i], olds[i] + batches[i]))
                        fail_msg("%zu + %zu blocks, failure at %ld, power cut %ld later, seed %llu", olds[i],
                                 batches[i], warning, more, (unsigned long long)seed);
                    goes_on(&s);
                }
                if (!cut) break;
            }
            if (!warned) break;
        }
        scene_end(&s);
    }
}

/* Bytes an append left behind when it was cut short do not come back. */
static void cut_after_cut(void **state) {
    (void)state;
    scene s;
    scene_begin(&s, 6, 1, 7);
    for (uint64_t seed = 0; seed < 300; seed++) {
        scene_reset(&s);
        for (size_t round = 0; round < 3; round++) {
            size_t batch = s.batch;
            s.batch = 1 + (seed + 5 * round) % 9;
            disk_arm(POWER, 3 + (long)((seed * 7 + round * 3) % 13), EIO, seed * 10 + round);
            /* What is appended must differ each time, or leftovers would be right by chance. */
            for (size_t i = 0; i < s.batch; i++) {
                size_t at = s.old + i;
                if (s.blocks.at[at].len > 0) s.blocks.owned[at][0] ^= (uint8_t)(1 + round);
            }
            size_t old = s.old;
            echo_status status = scene_append(&s);
            disk_restart();
            test_close(&s.t);
            if (!sound(&s, status == ECHO_OK ? old + s.batch : old, old + s.batch))
                fail_msg("seed %llu, round %zu", (unsigned long long)seed, round);
            test_open(&s.t, NULL);
            s.old = (size_t)test_info(&s.t).length;
            test_close(&s.t);
            s.batch = batch;
        }
        goes_on(&s);
        s.old = 6;
    }
    scene_end(&s);
}

/* This program does lose what was not synced: without syncing, feeds break. */
static void the_disk_has_teeth(void **state) {
    (void)state;
    scene s;
    unsigned broken = 0;
    scene_begin(&s, 5, 1, 4);
    s.options.relaxed = true;
    for (uint64_t seed = 0; seed < 40; seed++) {
        scene_reset(&s);
        disk_arm(POWER, 0, EIO, seed);
        assert_status(scene_append(&s), ECHO_OK);
        disk_restart();
        test_close(&s.t);
        broken += !sound(&s, 5, 9);
    }
    assert_true(broken >= 5);
    scene_end(&s);
}

/* One operation fails, those after it work: the feed is as before, and the same append then succeeds. */
static void fail_everywhere(size_t old, size_t batch, int number) {
    scene s;
    scene_begin(&s, old, old > 0 ? old : 1, batch);
    for (long at = 1;; at++) {
        scene_reset(&s);
        disk_arm(FAIL_ONE, at, number, 1);
        echo_status status = scene_append(&s);
        bool failed = disk.events >= at;
        disk.mode = OFF;
        assert_status(status, failed ? ECHO_ERR_IO : ECHO_OK);
        if (!failed) {
            test_close(&s.t);
            break;
        }
        assert_int_equal(test_info(&s.t).length, old);
        assert_int_equal(test_info(&s.t).verified, old);
        test_read_equal(&s.t, &s.blocks, 0, old);
        assert_false(s.t.feeds.ops->has(s.t.feeds.ctx, s.t.feed, old));
        test_close(&s.t);
        assert_true(sound(&s, old, old));
        /* What it took of the disk it gave back, the undo having failed nowhere. */
        for (size_t i = 0; i < 4; i++) assert_true(test_size(s.t.path, names[i]) == s.len[i]);

        /* Without closing in between, too. */
        scene_reset(&s);
        disk_arm(FAIL_ONE, at, number, 1);
        assert_status(scene_append(&s), ECHO_ERR_IO);
        disk.mode = OFF;
        assert_int_equal(test_append(&s.t, &s.blocks.at[old], batch), old);
        test_read_equal(&s.t, &s.blocks, 0, old + batch);
        test_close(&s.t);
        assert_true(sound(&s, old + batch, old + batch));
        test_check_bits(s.t.path, old + batch);
    }
    scene_end(&s);
}

static void failing_disks(void **state) {
    (void)state;
    fail_everywhere(0, 3, ENOSPC);
    fail_everywhere(6, 1, ENOSPC);
    fail_everywhere(6, 5, EIO);
    fail_everywhere(8190, 5, ENOSPC);
}

/* The disk is gone for good at some point: nothing wrong is ever seen. */
static void disks_that_stay_away(void **state) {
    (void)state;
    scene s;
    scene_begin(&s, 6, 1, 5);
    for (long at = 1;; at++) {
        scene_reset(&s);
        disk_arm(FAIL_ALL, at, EIO, 1);
        echo_status status = scene_append(&s);
        bool failed = disk.dead;
        disk.mode = OFF;
        assert_status(status, failed ? ECHO_ERR_IO : ECHO_OK);
        echo_feed_info info = test_info(&s.t);
        assert_true(info.length == 6 || info.length == 11);
        test_read_equal(&s.t, &s.blocks, 0, info.length);
        test_close(&s.t);
        assert_true(sound(&s, 6, 11));
        goes_on(&s);
        if (!failed) break;
    }
    scene_end(&s);
}

static void short_writes(void **state) {
    (void)state;
    scene s;
    scene_begin(&s, 6, 1, 20);
    disk_arm(SHORT, 0, 0, 1);
    assert_status(scene_append(&s), ECHO_OK);
    disk.mode = OFF;
    test_close(&s.t);
    assert_true(sound(&s, 26, 26));
    test_check_bits(s.t.path, 26);
    goes_on(&s);
    scene_end(&s);
}

/* All that the tree bits speak of is synced before they are written, and they are synced last. */
static void durable_when_it_returns(void **state) {
    (void)state;
    scene s;
    scene_begin(&s, 6, 1, 5);
    for (uint64_t seed = 0; seed < 50; seed++) {
        scene_reset(&s);
        disk_arm(POWER, 0, EIO, seed);
        assert_status(scene_append(&s), ECHO_OK);
        assert_int_equal(disk.count, 0);
        disk_restart();
        test_close(&s.t);
        assert_true(sound(&s, 11, 11));
    }
    scene_end(&s);
}

static void sync_makes_durable(void **state) {
    (void)state;
    scene s;
    scene_begin(&s, 6, 1, 5);
    s.options.relaxed = true;
    for (uint64_t seed = 0; seed < 50; seed++) {
        scene_reset(&s);
        disk_arm(POWER, 0, EIO, seed);
        assert_status(scene_append(&s), ECHO_OK);
        assert_true(disk.count > 0);
        assert_ok(s.t.feeds.ops->sync(s.t.feeds.ctx, s.t.feed, &oops));
        assert_int_equal(disk.count, 0);
        disk_restart();
        test_close(&s.t);
        assert_true(sound(&s, 11, 11));
    }
    /* A sync that fails says so, and is not taken for done. */
    scene_reset(&s);
    disk.mode = OFF;
    assert_status(scene_append(&s), ECHO_OK);
    disk_arm(FAIL_ONE, 1, EIO, 0);
    assert_status(s.t.feeds.ops->sync(s.t.feeds.ctx, s.t.feed, NULL), ECHO_ERR_IO);
    assert_ok(s.t.feeds.ops->sync(s.t.feeds.ctx, s.t.feed, &oops));
    assert_true(disk.events >= 5);
    disk.mode = OFF;
    scene_end(&s);
}

static echo_status count_key(void *arg, const echo_key *key) {
    (void)key;
    ++*(size_t *)arg;
    return ECHO_OK;
}

static void creation_is_all_or_none(void **state) {
    (void)state;
    echo_keypair keys;
    test_make_keys(&keys, 31);
    for (unsigned mode = 0; mode < 2; mode++) {
        for (long at = 1;; at++) {
            bool went_through = false;
            for (uint64_t seed = 0; seed < 10; seed++) {
                test_feed t;
                size_t count = 0;
                echo_error err = ECHO_ERROR_INIT;
                test_place(&t, &keys.public_key);
                disk_arm(mode == 0 ? POWER : FAIL_ONE, at, ENOSPC, seed);
                echo_status status = echo_feed_create(t.folder, &keys, &err);
                went_through = mode == 0 ? !disk.dead : disk.events < at;
                assert_status(status, went_through ? ECHO_OK : ECHO_ERR_IO);
                disk_restart();
                assert_ok(echo_feeds_open_dir(&t.feeds, t.folder, NULL, &oops));
                assert_ok(t.feeds.ops->list(t.feeds.ctx, count_key, &count, &oops));
                status = t.feeds.ops->open(&t.feed, t.feeds.ctx, &t.key, &err);
                assert_status(status, count == 1 ? ECHO_OK : ECHO_ERR_NOT_FOUND);
                if (went_through) assert_int_equal(count, 1);
                if (count == 1) {
                    echo_bytes block = {(const uint8_t *)"x", 1};
                    assert_true(test_info(&t).writable);
                    assert_int_equal(test_append(&t, &block, 1), 0);
                }
                test_close(&t);
                if (count == 0) {
                    /* A second try works. */
                    assert_ok(echo_feed_create(t.folder, &keys, &oops));
                    test_open(&t, NULL);
                }
                test_end(&t);
            }
            if (went_through) break;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cuts),
        cmocka_unit_test(power_cuts_amid_the_bits),
        cmocka_unit_test(power_cuts_while_undoing),
        cmocka_unit_test(cut_after_cut),
        cmocka_unit_test(the_disk_has_teeth),
        cmocka_unit_test(failing_disks),
        cmocka_unit_test(disks_that_stay_away),
        cmocka_unit_test(short_writes),
        cmocka_unit_test(durable_when_it_returns),
        cmocka_unit_test(sync_makes_durable),
        cmocka_unit_test(creation_is_all_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
