/*
 * Replays that cannot reach what a snapshot covers: the error names the feed and seq that stand in the way.
 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "snapshot/stored.h"
#include "support/replica.h"
#include "support/state.h"
#include <echo/sys/store.h>

#define MODEL "test:model/any"

typedef struct scene {
    replica_party party;
    replica a, b;
    echo_registry *models;
} scene;

/* b's message 1 comes after a's message 1, which comes after b's message 0. a has a snapshot of all. */
static void scene_open(scene *s) {
    echo_error err = ECHO_ERROR_INIT;
    s->models = registry_object();
    replica_party_make(&s->party, 7, 2, NULL, 0);
    replica_init(&s->a, &s->party, 0, s->models);
    replica_init(&s->b, &s->party, 1, s->models);
    replica_open(&s->a);
    replica_open(&s->b);
    replica_write(&s->a, "x", MODEL, "\1", 1);
    replica_write(&s->b, "y", MODEL, "\2", 1);
    replica_fetch_all(&s->a, &s->b.feeds);
    replica_poll(&s->a);
    replica_write(&s->a, "x", NULL, "\3", 1);
    replica_fetch_all(&s->b, &s->a.feeds);
    replica_poll(&s->b);
    replica_write(&s->b, "x", NULL, "\4", 1);
    replica_fetch_all(&s->a, &s->b.feeds);
    replica_poll(&s->a);
    assert_ok(echo_party_snapshot(NULL, s->a.party, &err), &err);
}

static void scene_close(scene *s) {
    replica_close(&s->a);
    replica_close(&s->b);
    echo_registry_free(s->models);
}

/* a's snapshot under the next number, which says that it covers less of a feed. */
static void cover_less(scene *s, const echo_key *feed, int64_t last) {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo__buf text = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    const echo_key *party = &s->party.party.public_key;
    assert_ok(echo__stored_open(&manifest, &chunks, &s->a.store, party, 0, &err), &err);
    if (last < 0)
        echo_timeframe_unset(manifest.timeframe, feed);
    else
        assert_int_equal(echo_timeframe_set(manifest.timeframe, feed, (uint64_t)last), ECHO_OK);
    manifest.roots.count = 0;
    uint64_t newest = manifest.number++;
    assert_ok(echo__manifest_write(&text, &manifest, NULL, &err), &err);
    assert_ok(s->a.store.ops->publish(s->a.store.ctx, party, newest, echo__buf_bytes(&text), &err), &err);
    echo__buf_free(&text);
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
}

static void expect(scene *s, const echo_feeds *feeds, echo_status status, const echo_key *feed, uint64_t seq) {
    echo_hash digest;
    echo_error err = ECHO_ERROR_INIT;
    echo_party_options options = s->a.options;
    options.feeds = feeds;
    assert_int_equal(echo_snapshot_replay(&digest, &options, &s->a.store, 0, &err), status);
    if (status == ECHO_OK) return;
    assert_true(err.has_seq);
    assert_memory_equal(&err.feed, feed, sizeof err.feed);
    assert_int_equal(err.seq, seq);
}

/* The snapshot covers a message, and not one that comes before it. */
static void test_not_closed(void **state) {
    (void)state;
    scene s;
    scene_open(&s);
    const echo_key *a = &s.party.feeds[0], *b = &s.party.feeds[1];
    expect(&s, &s.a.feeds, ECHO_OK, NULL, 0);
    cover_less(&s, a, 0); /* b's 1 names a's 1 */
    expect(&s, &s.a.feeds, ECHO_ERR_CORRUPT, b, 1);
    cover_less(&s, a, -1);
    expect(&s, &s.a.feeds, ECHO_ERR_CORRUPT, b, 1);
    cover_less(&s, a, 1);
    cover_less(&s, b, -1); /* a's 1 names b's 0 */
    expect(&s, &s.a.feeds, ECHO_ERR_CORRUPT, a, 1);
    cover_less(&s, b, 0); /* closed, though the state is of more */
    expect(&s, &s.a.feeds, ECHO_OK, NULL, 0);
    scene_close(&s);
}

/* What is covered is not here: the first block that is missing is named, not one that waits for it. */
static void test_blocks_are_missing(void **state) {
    (void)state;
    scene s;
    scene_open(&s);
    const echo_key *a = &s.party.feeds[0], *b = &s.party.feeds[1];
    const echo_key *lower = echo__key_compare(a, b) < 0 ? a : b; /* of two that lack blocks */
    echo_feeds some;
    replica part = {.with = &s.party};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(echo_feeds_new_memory(&some), ECHO_OK);
        part.feeds = some;
        for (size_t feed = 0; feed < 2; feed++) {
            echo_keypair keys = {s.party.feeds[feed], {0}};
            if (i == 2 || feed != i % 2) assert_int_equal(echo_feeds_memory_add(&some, &keys), ECHO_OK);
        }
        if (i != 0) replica_fetch(&part, &s.a.feeds, a, i == 1 ? 1 : 2);
        if (i % 2 == 0) replica_fetch(&part, &s.a.feeds, b, i == 0 ? 2 : 1);
        if (i == 0) expect(&s, &some, ECHO_ERR_GAP, a, 0);
        if (i == 1) expect(&s, &some, ECHO_ERR_GAP, lower, lower == a ? 1 : 0);
        if (i == 3) expect(&s, &some, ECHO_ERR_GAP, b, 0);
        if (i == 2) expect(&s, &some, ECHO_ERR_GAP, b, 1);
        echo_feeds_close(&some);
    }
    scene_close(&s);
}

/* Whom the host does not admit does not count, whatever the snapshot covers: neither when it is opened nor in a replay.
 */
static void test_not_admitted(void **state) {
    (void)state;
    scene s;
    echo_hash digest;
    echo_error err = ECHO_ERROR_INIT;
    scene_open(&s);
    echo_party_options options = s.a.options;
    options.admitted_count = 1; /* feed 0 alone */
    assert_memory_equal(&options.admitted[0], &s.party.feeds[0], sizeof s.party.feeds[0]);
    assert_int_equal(echo_snapshot_replay(&digest, &options, &s.a.store, 0, &err), ECHO_ERR_CORRUPT);
    assert_memory_equal(&err.feed, &s.party.feeds[1], sizeof err.feed);
    echo_party_free(s.a.party);
    s.a.party = NULL;
    echo_party *party = party_open(&options);
    const echo_restore_report *report = echo_party_report(party);
    assert_int_equal(report->snapshot, 0);
    assert_int_equal(report->damage_count, 1);
    assert_int_equal(report->damage[0].code, ECHO_ERR_INVALID);
    assert_memory_equal(&report->damage[0].feed, &s.party.feeds[1], sizeof err.feed);
    assert_int_equal(echo_timeframe_size(echo_party_clock(party)), 1);
    echo_party_free(party);
    scene_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_not_closed), cmocka_unit_test(test_blocks_are_missing),
                                       cmocka_unit_test(test_not_admitted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
