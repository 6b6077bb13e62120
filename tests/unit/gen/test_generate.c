/* The generator of parties: deterministic, in every shape applicable to the last message, and what it says of itself is
 * so. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/generate.h"
#include "support/folder.h"
#include "support/state.h"
#include <echo/sys/feed.h>
#include "support/still_clock.h"

/* Every feature at once. */
static generate_options busy(void) {
    generate_options options = GENERATE_OPTIONS_INIT;
    options.feeds = 5;
    options.items = 200;
    options.hot = 0.3;
    options.hot_items = 5;
    options.concurrency = 0.6;
    options.deletions = 0.05;
    options.parents = 0.1;
    options.links = 0.1;
    options.nested = 0.2;
    options.varied = 0.5;
    options.hookless = 0.2;
    options.batch = 64;
    return options;
}

static generator *open_with(const generate_options *options, const char *dir) {
    generator *g;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(generate_open(&g, options, dir, &err), &err);
    return g;
}

static void make(generator *g, uint64_t n) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(generate_some(g, n, &err), &err);
}

/* ---- determinism: a hash over all blocks ---- */

static echo_status mix(void *arg, uint64_t seq, echo_bytes block) {
    uint64_t *hash = arg;
    *hash = (*hash ^ seq ^ block.len) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < block.len; i++) *hash = (*hash ^ block.data[i]) * UINT64_C(0x100000001b3);
    return ECHO_OK;
}

static uint64_t hash_of(const generator *g) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t count;
    const echo_key *keys = generate_feeds(g, &count);
    const echo_feeds *feeds = generate_source(g);
    echo_error err = ECHO_ERROR_INIT;
    for (size_t i = 0; i < count; i++) {
        void *feed;
        echo_feed_info info;
        assert_ok(feeds->ops->open(&feed, feeds->ctx, &keys[i], &err), &err);
        assert_ok(feeds->ops->info(&info, feeds->ctx, feed, &err), &err);
        assert_ok(mix(&hash, i, (echo_bytes){keys[i].bytes, sizeof keys[i].bytes}), &err);
        assert_ok(feeds->ops->read(feeds->ctx, feed, 0, info.verified, mix, &hash, &err), &err);
        feeds->ops->close(feeds->ctx, feed);
    }
    return hash;
}

static uint64_t hash_with(const generate_options *options, uint64_t first, uint64_t then) {
    generator *g = open_with(options, NULL);
    make(g, first);
    make(g, then);
    uint64_t hash = hash_of(g);
    generate_close(g);
    return hash;
}

static void test_same_seed(void **arg) {
    (void)arg;
    generate_options options = busy();
    uint64_t hash = hash_with(&options, 1000, 0);
    assert_true(hash == hash_with(&options, 1000, 0));
    assert_true(hash == hash_with(&options, 999, 1));
    assert_true(hash == hash_with(&options, 0, 1000));
    assert_true(hash != hash_with(&options, 1000, 1));
    options.batch = 1;
    assert_true(hash == hash_with(&options, 300, 700));
    options.seed++;
    assert_true(hash != hash_with(&options, 1000, 0));
}

/* The same on every machine: a change of the generator shows here, and moves every number measured with it. */
static void test_known_seed(void **arg) {
    (void)arg;
    char id[ECHO_HEX_CHARS];
    generate_item_id(id, 1, 0);
    assert_string_equal(id, "95272a43739b15d57ff5c2b63123ad932e7e60fc4bc062f106bf61a0be7d9d34");
    generate_options options = GENERATE_OPTIONS_INIT;
    assert_true(hash_with(&options, 1000, 0) == UINT64_C(0xae67017bf0a336f2));
    options = busy();
    assert_true(hash_with(&options, 1000, 0) == UINT64_C(0x5231fcc967054a89));
}

static void test_folder_equals_memory(void **arg) {
    (void)arg;
    generate_options options = busy();
    char *dir = folder_new();
    generator *g = open_with(&options, dir);
    make(g, 1000);
    assert_true(hash_of(g) == hash_with(&options, 1000, 0));
    generate_close(g);
    folder_remove(dir);
}

/* ---- parties ---- */

typedef struct opened {
    echo_registry *registry;
    echo_store store;
    echo_party *party;
} opened;

static opened open_party(const generator *g, const echo_store *store) {
    opened o = {NULL, {NULL, NULL}, NULL};
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_registry_new(&o.registry), NULL);
    assert_ok(generate_models(o.registry, &err), &err);
    if (store == NULL) assert_ok(echo_store_new_memory(&o.store), NULL);
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.clock = still_clock;
    options.feeds = generate_source(g);
    options.party = &generate_party(g)->public_key;
    options.models = o.registry;
    options.store = store == NULL ? &o.store : store;
    options.admitted = generate_feeds(g, &options.admitted_count);
    options.own_feed = &options.admitted[0];
    o.party = party_open(&options);
    return o;
}

static void close_party(opened *o) {
    echo_party_free(o->party);
    echo_store_close(&o->store);
    echo_registry_free(o->registry);
}

static uint64_t count_items(echo_party *party);

/* All of it was applied, nothing refused, nothing waits. */
static void check_party(echo_party *party, const generator *g) {
    echo_party_status status;
    generate_counts counts;
    echo_party_status_get(&status, party);
    generate_counts_get(&counts, g);
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)), counts.messages);
    assert_int_equal(status.refused, 0);
    assert_int_equal(status.waiting, 0);
    assert_int_equal(status.stopped, 0);
    assert_int_equal(status.items, counts.items);
    assert_int_equal(count_items(party), counts.items);
}

static echo_status count_one(void *arg, const echo_item_head *head) {
    (void)head;
    ++*(uint64_t *)arg;
    return ECHO_OK;
}

static uint64_t count_items(echo_party *party) {
    uint64_t n = 0;
    echo_error err = ECHO_ERROR_INIT;
    echo_query all = {.deleted = true};
    assert_ok(echo_party_each_head(party, &all, count_one, &n, &err), &err);
    return n;
}

static void check_shape(const generate_options *options, uint64_t messages) {
    generator *g = open_with(options, NULL);
    make(g, messages);
    opened o = open_party(g, NULL);
    assert_int_equal(echo_party_report(o.party)->damage_count, 0);
    check_party(o.party, g);
    char id[ECHO_HEX_CHARS];
    generate_counts counts;
    generate_counts_get(&counts, g);
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    generate_item_id(id, options->seed, counts.items - 1);
    assert_ok(echo_item_get(&item, o.party, id, &err), &err);
    assert_true(echo_item_has_state(item));
    generate_item_id(id, options->seed, counts.items);
    assert_int_equal(echo_item_get(&item, o.party, id, NULL), ECHO_ERR_NOT_FOUND);
    close_party(&o);
    generate_close(g);
}

static void test_shapes(void **arg) {
    (void)arg;
    generate_options options = GENERATE_OPTIONS_INIT;
    check_shape(&options, 1);
    check_shape(&options, 500);
    options.generation = 1;
    options.varied = 0.5;
    options.parents = 0.2;
    check_shape(&options, 500);
    options = busy();
    check_shape(&options, 2000);
    for (options.seed = 2; options.seed < 12; options.seed++) check_shape(&options, 300);
    options.feeds = 23;
    options.concurrency = 1.0;
    check_shape(&options, 2000);
    options.create = 0.0; /* a new item only where nothing is known to write to */
    options.hookless = 1.0;
    check_shape(&options, 500);
}

/* A party that is open takes the tail; one from its snapshot and the rest of the tail is at the same state as replay.
 */
static void test_tail(void **arg) {
    (void)arg;
    generate_options options = busy();
    generator *g = open_with(&options, NULL);
    make(g, 1000);
    opened live = open_party(g, NULL);
    (void)party_snapshot_digest(live.party);
    make(g, 100);
    echo_error err = ECHO_ERROR_INIT;
    uint64_t applied;
    assert_ok(echo_party_poll(&applied, live.party, 0, &err), &err);
    assert_int_equal(applied, 100);
    check_party(live.party, g);

    make(g, 50);
    opened restored = open_party(g, &live.store);
    const echo_restore_report *report = echo_party_report(restored.party);
    assert_int_equal(report->messages_skipped, 1000);
    assert_int_equal(report->messages_applied, 150);
    check_party(restored.party, g);
    opened replayed = open_party(g, NULL);
    char *is = state_of(restored.party), *expected = state_of(replayed.party);
    assert_state_equal(is, expected);
    free(is);
    free(expected);
    echo_hash a = party_snapshot_digest(restored.party), b = party_snapshot_digest(replayed.party);
    assert_memory_equal(a.bytes, b.bytes, sizeof a.bytes);
    close_party(&restored);
    close_party(&replayed);
    close_party(&live);
    generate_close(g);
}

/* Messages about items that were chosen: these change, and no others. */
static void test_changes(void **arg) {
    (void)arg;
    static const uint32_t items[] = {3, 49, 3, 0}, absent[] = {1, 50};
    generate_options options = GENERATE_OPTIONS_INIT;
    options.feeds = 3;
    options.items = 50;
    options.create = 1.0;
    generator *g = open_with(&options, NULL);
    make(g, 50);
    opened live = open_party(g, NULL);
    (void)party_snapshot_digest(live.party);
    echo_error err = ECHO_ERROR_INIT;
    uint64_t applied;
    assert_ok(generate_changes(g, items, 4, &err), &err);
    assert_ok(echo_party_poll(&applied, live.party, 0, &err), &err);
    assert_int_equal(applied, 4);
    check_party(live.party, g);
    echo_party_status status;
    echo_party_status_get(&status, live.party);
    assert_int_equal(status.items_changed, 3);
    assert_int_equal(generate_changes(g, absent, 2, &err), ECHO_ERR_INVALID);
    close_party(&live);
    generate_close(g);
}

/* Members are admitted beside the feeds, which have no less for that; they have no feeds until they write. */
static void test_credentials(void **arg) {
    (void)arg;
    generate_options options = busy();
    options.credentials = true;
    options.members = 2;
    char *dir = folder_new();
    generator *g = open_with(&options, dir);
    make(g, 1000);
    echo_registry *registry;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_registry_new(&registry), NULL);
    assert_ok(generate_models(registry, &err), &err);
    echo_party_options how = ECHO_PARTY_OPTIONS_INIT;
    how.clock = still_clock;
    how.dir = dir;
    how.models = registry;
    how.own_feed = &generate_feed(g, 1)->public_key;
    echo_party *party = party_open(&how);
    assert_memory_equal(echo_party_key(party), &generate_party(g)->public_key, sizeof(echo_key));
    echo_party_status status;
    echo_party_status_get(&status, party);
    assert_int_equal(status.feeds, options.feeds);
    assert_int_equal(status.refused, 0);
    assert_int_equal(echo_party_report(party)->messages_applied, 1000 + options.feeds + options.members);
    assert_true(status.writable);
    echo_keypair keys;
    assert_ok(generate_keys(&keys, options.seed, 1), NULL);
    assert_memory_equal(&keys.public_key, &generate_feed(g, 1)->public_key, sizeof(echo_key));
    echo_party_free(party);
    echo_registry_free(registry);

    generator *second = g;
    assert_int_equal(generate_open(&second, &options, dir, &err), ECHO_ERR_EXISTS);
    assert_null(second);
    generate_close(g);
    folder_remove(dir);
}

/* ---- what it says of itself ---- */

static void test_counts(void **arg) {
    (void)arg;
    generate_options options = GENERATE_OPTIONS_INIT;
    options.items = 1000;
    options.create = 1.0;
    generator *g = open_with(&options, NULL);
    generate_counts counts;
    make(g, 999);
    generate_counts_get(&counts, g);
    assert_int_equal(counts.items, 999);
    assert_int_equal(counts.mutations, 0);
    make(g, 4001);
    generate_counts_get(&counts, g);
    assert_int_equal(counts.messages, 5000);
    assert_int_equal(counts.items, 1000);
    assert_int_equal(counts.mutations, 4000);
    assert_int_equal(counts.concurrent, 0);
    generate_close(g);

    options.create = 0.1;
    g = open_with(&options, NULL);
    make(g, 5000);
    generate_counts_get(&counts, g);
    assert_in_range(counts.bytes / counts.messages, 140, 160);
    generate_close(g);

    options = busy();
    g = open_with(&options, NULL);
    make(g, 5000);
    generate_counts_get(&counts, g);
    assert_in_range(counts.concurrent, 2300, 3000);
    assert_in_range(counts.deletions, 180, 300);
    assert_in_range(counts.parents, 380, 600);
    generate_close(g);
}

static void test_refused_options(void **arg) {
    (void)arg;
    generate_options bad[9];
    for (size_t i = 0; i < 9; i++) bad[i] = (generate_options)GENERATE_OPTIONS_INIT;
    bad[0].feeds = 0;
    bad[1].items = 0;
    bad[2].hot = 1.5;
    bad[3].generation = 3;
    bad[4].generation = 1;
    bad[4].deletions = 0.1;
    bad[5].batch = 0;
    bad[6].feeds = 1001;
    bad[7].properties = 0;
    bad[8].members = 1;
    for (size_t i = 0; i < 9; i++) {
        generator *g = NULL;
        echo_error err = ECHO_ERROR_INIT;
        assert_int_equal(generate_open(&g, &bad[i], NULL, &err), ECHO_ERR_INVALID);
        assert_null(g);
        assert_int_equal(err.code, ECHO_ERR_INVALID);
        assert_true(err.message[0] != '\0');
    }
    generate_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed),
        cmocka_unit_test(test_known_seed),
        cmocka_unit_test(test_folder_equals_memory),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_tail),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_refused_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
