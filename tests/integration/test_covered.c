/*
 * Feeds that were replaced under a snapshot (P14): restored from a backup, brought by a file sync, or begun again, and
 * then written by somebody who did not know of the snapshot. The same numbers name other blocks then.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/counting_feeds.h"
#include "support/folder.h"
#include "support/state.h"
#include "support/still_clock.h"
#include <echo/sys/feed.h>

typedef struct place {
    char *dir;
    echo_keypair party, feed, other; /* `feed` is the founder's */
    echo_registry *models;
    echo_party_options options;
} place;

static echo_party_options options_of(const place *p, const char *dir) {
    echo_party_options o = ECHO_PARTY_OPTIONS_INIT;
    o.clock = still_clock;
    o.dir = dir;
    o.models = p->models;
    o.relaxed = true;
    o.own_feed = &p->feed.public_key;
    return o;
}

static void write_as(const place *p, const char *dir, const echo_keypair *writer, size_t n, uint64_t seed) {
    echo_party_options o = options_of(p, dir);
    o.own_feed = &writer->public_key;
    o.use_snapshots = false;
    echo_party *party = party_open(&o);
    party_write_tail(party, 2, n, seed);
    echo_party_free(party);
}

static void take_snapshot(const place *p) {
    echo_error err = ECHO_ERROR_INIT;
    echo_party *party = party_open(&p->options);
    assert_ok(echo_party_snapshot(NULL, party, &err), &err);
    echo_party_free(party);
}

static char *path_in_feed(const char *dir, const echo_key *feed, const char *file) {
    char hex[ECHO_HEX_CHARS], name[ECHO_HEX_CHARS + 32];
    echo_key_hex(hex, feed);
    (void)snprintf(name, sizeof name, "feeds/%s/%s", hex, file);
    return folder_path(dir, name);
}

/* A party of two writers, both with 100 messages, in one folder. */
static place *place_new(void) {
    place *p = calloc(1, sizeof *p);
    echo_error err = ECHO_ERROR_INIT;
    echo_feeds feeds;
    assert_non_null(p);
    p->dir = folder_new();
    assert_int_equal(echo_keypair_new(&p->party), ECHO_OK);
    assert_int_equal(echo_keypair_new(&p->feed), ECHO_OK);
    assert_int_equal(echo_keypair_new(&p->other), ECHO_OK);
    assert_ok(echo_party_create(p->dir, &p->party, &p->feed, NULL, NULL, &err), &err);
    p->models = registry_object();
    p->options = options_of(p, p->dir);
    char *path = folder_path(p->dir, "feeds");
    assert_ok(echo_feeds_open_dir(&feeds, path, NULL, &err), &err);
    assert_ok(echo_feeds_add(&feeds, &p->other.public_key, &err), &err);
    echo_feeds_close(&feeds);
    free(path);
    path = path_in_feed(p->dir, &p->other.public_key, "secret_key");
    file_write(path, p->other.secret, sizeof p->other.secret);
    free(path);
    echo_party *party = party_open(&p->options);
    assert_ok(echo_party_admit_feed(party, &p->other.public_key, &p->party, &err), &err);
    party_write_tail(party, 2, 100, 1);
    echo_party_free(party);
    write_as(p, p->dir, &p->other, 100, 2);
    return p;
}

static void place_free(place *p) {
    echo_registry_free(p->models);
    folder_remove(p->dir);
    free(p);
}

static char *copy_of(const place *p) {
    char *copy = folder_new();
    folder_copy(p->dir, copy);
    return copy;
}

/* The feed of `writer` in the place becomes the one in the copy; without its secret key if it is the other's. */
static void replace_feed(const place *p, const echo_keypair *writer, char *copy) {
    char *from = path_in_feed(copy, &writer->public_key, "");
    folder_remove(path_in_feed(p->dir, &writer->public_key, ""));
    char *to = path_in_feed(p->dir, &writer->public_key, "");
    assert_int_equal(mkdir(to, 0700), 0);
    folder_copy(from, to);
    free(to);
    free(from);
    folder_remove(copy);
    if (writer != &p->other) return;
    char *secret = path_in_feed(p->dir, &writer->public_key, "secret_key");
    assert_int_equal(unlink(secret), 0);
    free(secret);
}

/* What a replay of the feeds shows. */
static char *replayed(const place *p) {
    echo_party_options o = p->options;
    o.use_snapshots = false;
    echo_party *party = party_open(&o);
    char *state = state_of(party);
    echo_party_free(party);
    return state;
}

/* Snapshot 1, which names a root of the feed that was replaced. */
static void expect_verify(const place *p, const echo_keypair *writer) {
    echo_store store;
    echo_feeds feeds;
    echo_error err = ECHO_ERROR_INIT;
    char *db = folder_path(p->dir, "snapshots.db"), *path = folder_path(p->dir, "feeds");
    assert_ok(echo_store_open_sqlite(&store, db, NULL, &err), &err);
    assert_ok(echo_feeds_open_dir(&feeds, path, NULL, &err), &err);
    assert_ok(echo_snapshot_verify(&store, &p->party.public_key, 1, &err), &err);
    assert_int_equal(echo_snapshot_verify_feeds(&store, &feeds, &p->party.public_key, 1, &err), ECHO_ERR_CONFLICT);
    assert_true(err.has_seq);
    assert_memory_equal(&err.feed, &writer->public_key, sizeof err.feed);
    echo_feeds_close(&feeds);
    echo_store_close(&store);
    free(path);
    free(db);
}

/* Opening tells of a replaced feed, `passed` times, shows what the feeds hold, and heals with the next snapshot. */
static void expect_told(const place *p, const echo_keypair *writer, size_t passed, uint64_t seq) {
    char *expected = replayed(p);
    expect_verify(p, writer);
    for (int round = 0; round < 2; round++) {
        echo_party *party = party_open(&p->options);
        const echo_restore_report *report = echo_party_report(party);
        assert_int_equal(report->snapshot, 0);
        assert_int_equal(report->damage_count, passed);
        for (size_t i = 0; i < passed; i++) {
            assert_int_equal(report->damage[i].code, ECHO_ERR_CONFLICT);
            assert_true(report->damage[i].has_feed && report->damage[i].has_seq);
            assert_memory_equal(&report->damage[i].feed, &writer->public_key, sizeof writer->public_key);
        }
        assert_int_equal(report->damage[passed - 1].seq, seq);
        char *is = state_of(party);
        assert_state_equal(is, expected);
        free(is);
        if (round == 1) {
            echo_error err = ECHO_ERROR_INIT;
            assert_ok(echo_party_snapshot(NULL, party, &err), &err);
        }
        echo_party_free(party);
    }
    echo_party *party = party_open(&p->options);
    assert_int_equal(echo_party_report(party)->damage_count, 0);
    assert_int_equal(echo_party_report(party)->snapshot, passed + 1);
    char *is = state_of(party);
    assert_state_equal(is, expected);
    free(is);
    free(expected);
    echo_party_free(party);
}

static uint64_t length_of(const place *p, const echo_keypair *writer) {
    echo_feeds feeds;
    echo_feed_info info;
    echo_error err = ECHO_ERROR_INIT;
    char *path = folder_path(p->dir, "feeds");
    assert_ok(echo_feeds_open_dir(&feeds, path, NULL, &err), &err);
    assert_ok(echo_feeds_info(&info, &feeds, &writer->public_key, &err), &err);
    echo_feeds_close(&feeds);
    free(path);
    return info.length;
}

/* As many other blocks, or more. */
static void replaced(bool own, size_t more) {
    place *p = place_new();
    const echo_keypair *writer = own ? &p->feed : &p->other;
    char *copy = copy_of(p);
    write_as(p, p->dir, writer, 5, 3);
    uint64_t last = length_of(p, writer) - 1;
    take_snapshot(p);
    write_as(p, copy, writer, 5 + more, 4);
    replace_feed(p, writer, copy);
    expect_told(p, writer, 1, last);
    place_free(p);
}

static void test_own_feed(void **arg) {
    (void)arg;
    replaced(true, 0);
    replaced(true, 7);
}

static void test_feed_of_another(void **arg) {
    (void)arg;
    replaced(false, 0);
    replaced(false, 1);
}

/* Shorter than the newest snapshot covers, and still not what the one before covers. */
static void test_shorter(void **arg) {
    (void)arg;
    place *p = place_new();
    char *copy = copy_of(p);
    write_as(p, p->dir, &p->other, 5, 3);
    uint64_t last = length_of(p, &p->other) - 1;
    take_snapshot(p);
    write_as(p, p->dir, &p->other, 50, 4);
    take_snapshot(p);
    write_as(p, copy, &p->other, 8, 5);
    replace_feed(p, &p->other, copy);
    expect_told(p, &p->other, 2, last);
    place_free(p);
}

/* A feed that is only shorter is no other feed: nothing of it is known to differ. */
static void test_older_copy(void **arg) {
    (void)arg;
    place *p = place_new();
    take_snapshot(p);
    char *copy = copy_of(p);
    write_as(p, p->dir, &p->other, 5, 3);
    take_snapshot(p);
    echo_party *party = party_open(&p->options);
    char *before = state_of(party);
    echo_party_free(party);
    replace_feed(p, &p->other, copy);
    party = party_open(&p->options);
    assert_int_equal(echo_party_report(party)->snapshot, 2);
    char *is = state_of(party);
    assert_state_equal(is, before);
    free(is);
    free(before);
    echo_party_free(party);
    place_free(p);
}

/* A writer that lost its folder and began at block 0 again, with the same keys. */
static void test_begun_again(void **arg) {
    (void)arg;
    place *p = place_new();
    echo_error err = ECHO_ERROR_INIT;
    uint64_t last = length_of(p, &p->feed) - 1;
    take_snapshot(p);
    char *copy = folder_new();
    assert_ok(echo_party_create(copy, &p->party, &p->feed, NULL, NULL, &err), &err);
    write_as(p, copy, &p->feed, (size_t)last + 3, 9);
    replace_feed(p, &p->feed, copy);
    expect_told(p, &p->feed, 1, last);
    place_free(p);
}

/* No block is read for it, and a source that cannot tell roots works as before. */
static void test_no_block_is_read(void **arg) {
    (void)arg;
    place *p = place_new();
    echo_error err = ECHO_ERROR_INIT;
    echo_feeds feeds;
    counting_feeds counting;
    char *path = folder_path(p->dir, "feeds");
    take_snapshot(p);
    assert_ok(echo_feeds_open_dir(&feeds, path, NULL, &err), &err);
    counting_feeds_init(&counting, &feeds);
    echo_party_options o = p->options;
    o.party = &p->party.public_key;
    o.feeds = &counting.feeds;
    echo_party *party = party_open(&o);
    assert_int_equal(echo_party_report(party)->snapshot, 1);
    assert_int_equal(counting.blocks, 0);
    echo_party_free(party);

    echo_feed_ops blind = *feeds.ops;
    blind.root = NULL;
    const echo_feeds without = {&blind, feeds.ctx};
    counting_feeds_init(&counting, &without);
    o.feeds = &without;
    party = party_open(&o);
    assert_int_equal(echo_party_report(party)->snapshot, 1);
    party_write_tail(party, 2, 3, 12);
    assert_ok(echo_party_snapshot(NULL, party, &err), &err);
    echo_party_free(party);
    party = party_open(&o);
    assert_int_equal(echo_party_report(party)->snapshot, 2);
    assert_int_equal(echo_party_report(party)->damage_count, 0);
    echo_party_free(party);
    echo_feeds_close(&feeds);
    free(path);
    place_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_feed),    cmocka_unit_test(test_feed_of_another),
        cmocka_unit_test(test_shorter),     cmocka_unit_test(test_older_copy),
        cmocka_unit_test(test_begun_again), cmocka_unit_test(test_no_block_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
