/*
 * Snapshots in the own store that the own key did not sign: somebody who can write to the store takes a signature off,
 * or signs with a key of their own. The state is made from the feeds where these are here, and counts as received where
 * they are not.
 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot/stored.h"
#include "support/replica.h"
#include "support/state.h"
#include "tree/update.h"
#include <echo/object.h>
#include <echo/sys/store.h>

typedef struct scene {
    replica_party with;
    replica a, b;
    echo_registry *models;
} scene;

static void set(replica *p, bool create, int64_t value) {
    echo_object_mutation *m;
    echo_bytes bytes;
    assert_int_equal(echo_object_mutation_new(&m, ECHO_GENERATION_NEW), ECHO_OK);
    echo_object_set_int64(m, "k", value);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
    replica_write(p, "x", create ? ECHO_MODEL_OBJECT : NULL, bytes.data, bytes.len);
    echo_object_mutation_free(m);
}

static int64_t value_of(replica *p) {
    int64_t value;
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, p->party, "x", &err), &err);
    assert_ok(echo_object_get_int64(&value, item, "k", &err), &err);
    return value;
}

static echo_status grab(void *arg, const char *id, echo_bytes line) {
    (void)id;
    *(char **)arg = strndup((const char *)line.data, line.len);
    return ECHO_OK;
}

/* The newest snapshot becomes one that says 777 instead of 12, signed by `signer`, or by nobody. */
static void forge(replica *p, const echo_keypair *signer) {
    char *line = NULL, *at;
    echo__manifest manifest;
    echo__chunks *chunks;
    echo__buf text = ECHO__BUF_INIT, forged = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    const echo_key *party = &p->with->party.public_key;
    assert_ok(echo_snapshot_records(&p->store, party, 0, grab, &line, &err), &err);
    at = strstr(line, "\"k\":12");
    assert_non_null(at);
    echo__buf_append(&forged, line, (size_t)(at - line));
    echo__buf_text(&forged, "\"k\":777");
    echo__buf_text(&forged, at + 6);
    assert_ok(echo__stored_open(&manifest, &chunks, &p->store, party, 0, &err), &err);
    echo__change change = {.id = echo__bytes_text("x"), .line = echo__buf_bytes(&forged)};
    assert_ok(echo__tree_update(&manifest.items, chunks, &manifest.items, &change, 1, &err), &err);
    uint64_t newest = manifest.number++;
    assert_ok(echo__manifest_write(&text, &manifest, signer, &err), &err);
    assert_ok(p->store.ops->publish(p->store.ctx, party, newest, echo__buf_bytes(&text), &err), &err);
    assert_ok(echo_snapshot_verify(&p->store, party, 0, &err), &err); /* nothing is wrong with it in itself */
    echo__buf_free(&text);
    echo__buf_free(&forged);
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
    free(line);
}

/* a and b have each other's blocks; a has a snapshot, in which k is 12. */
static void scene_open(scene *s) {
    echo_error err = ECHO_ERROR_INIT;
    s->models = registry_object();
    replica_party_make(&s->with, 9, 2, NULL, 0);
    replica_init(&s->a, &s->with, 0, s->models);
    replica_init(&s->b, &s->with, 1, s->models);
    replica_open(&s->a);
    replica_open(&s->b);
    set(&s->b, true, 5);
    set(&s->b, false, 6);
    replica_fetch_all(&s->a, &s->b.feeds);
    replica_poll(&s->a);
    set(&s->a, false, 12);
    assert_ok(echo_party_snapshot(NULL, s->a.party, &err), &err);
    echo_party_free(s->a.party);
    s->a.party = NULL;
}

static void scene_close(scene *s) {
    replica_close(&s->a);
    replica_close(&s->b);
    echo_registry_free(s->models);
}

/* What the newest manifest says. */
static void expect_newest(replica *p, bool received, bool attested) {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo__stored_open(&manifest, &chunks, &p->store, &p->with->party.public_key, 0, &err), &err);
    assert_true(manifest.is_signed);
    assert_memory_equal(&manifest.author, p->options.own_feed, sizeof manifest.author);
    assert_int_equal(manifest.received, received);
    assert_int_equal(manifest.attestation_count > 0, attested);
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
}

static void test_feeds_are_here(void **state) {
    (void)state;
    for (int way = 0; way < 3; way++) {
        scene s;
        echo_error err = ECHO_ERROR_INIT;
        scene_open(&s);
        if (way < 2) forge(&s.a, way == 0 ? NULL : &s.with.keys[1]); /* a member's, but not the own one */
        replica_open(&s.a);
        const echo_restore_report *report = echo_party_report(s.a.party);
        assert_int_equal(report->damage_count, way < 2 ? 1 : 0);
        if (way < 2) assert_int_equal(report->damage[0].code, ECHO_ERR_SIGNATURE);
        assert_int_equal(report->snapshot, 1); /* the one before it */
        assert_int_equal(value_of(&s.a), 12);
        set(&s.a, false, 13);
        assert_ok(echo_party_snapshot(NULL, s.a.party, &err), &err);
        expect_newest(&s.a, false, true);
        scene_close(&s);
    }
}

/* The only snapshot: a replay takes its place, and the next one is opened again. */
static void test_replayed(void **state) {
    (void)state;
    scene s;
    echo_error err = ECHO_ERROR_INIT;
    scene_open(&s);
    forge(&s.a, NULL);
    assert_ok(s.a.store.ops->remove(s.a.store.ctx, &s.with.party.public_key, 1, &err), &err);
    replica_open(&s.a);
    assert_int_equal(echo_party_report(s.a.party)->snapshot, 0);
    assert_int_equal(value_of(&s.a), 12);
    assert_ok(echo_party_snapshot(NULL, s.a.party, &err), &err);
    expect_newest(&s.a, false, true);
    echo_party_free(s.a.party);
    replica_open(&s.a);
    assert_int_equal(echo_party_report(s.a.party)->snapshot, 3);
    assert_int_equal(echo_party_report(s.a.party)->damage_count, 0);
    scene_close(&s);
}

static void lose_blocks(scene *s, int way) {
    echo_feeds some;
    replica part = {.with = &s->with};
    assert_int_equal(echo_feeds_new_memory(&some), ECHO_OK);
    part.feeds = some;
    echo_keypair b = {s->with.feeds[1], {0}};
    assert_int_equal(echo_feeds_memory_add(&some, &s->with.keys[0]), ECHO_OK);
    replica_fetch(&part, &s->a.feeds, &s->with.feeds[0], UINT64_MAX);
    if (way > 0) assert_int_equal(echo_feeds_memory_add(&some, &b), ECHO_OK);
    if (way == 1) replica_fetch(&part, &s->a.feeds, &s->with.feeds[1], 1);
    if (way == 2)
        assert_int_equal(echo_feeds_memory_put(&some, &b.public_key, 1, (echo_bytes){(const uint8_t *)"", 0}), ECHO_OK);
    echo_feeds_close(&s->a.feeds);
    s->a.feeds = some;
}

/* Blocks are missing: the feed, its end, or a hole. There is nothing but the snapshot, which counts as received. */
static void test_blocks_are_missing(void **state) {
    (void)state;
    for (int way = 0; way < 3; way++) {
        scene s;
        echo_error err = ECHO_ERROR_INIT;
        scene_open(&s);
        forge(&s.a, NULL);
        assert_ok(s.a.store.ops->remove(s.a.store.ctx, &s.with.party.public_key, 1, &err), &err);
        lose_blocks(&s, way);
        replica_open(&s.a);
        assert_int_equal(echo_party_report(s.a.party)->snapshot, 2);
        assert_int_equal(value_of(&s.a), 777);
        set(&s.a, false, 13);
        assert_ok(echo_party_snapshot(NULL, s.a.party, &err), &err);
        expect_newest(&s.a, true, false);
        scene_close(&s);
    }
}

/* Without an own key there is nobody whose signature could be expected. */
static void test_no_own_key(void **state) {
    (void)state;
    scene s;
    scene_open(&s);
    forge(&s.a, NULL);
    s.a.options.writable = false;
    s.a.options.own_feed = &s.with.feeds[1];
    replica_open(&s.a);
    assert_int_equal(echo_party_report(s.a.party)->snapshot, 2);
    scene_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feeds_are_here),
        cmocka_unit_test(test_replayed),
        cmocka_unit_test(test_blocks_are_missing),
        cmocka_unit_test(test_no_own_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
