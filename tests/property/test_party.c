/*
 * Random parties against the oracle that replays everything. A peer gets the blocks of all feeds in a random order,
 * with pauses in which it applies, takes snapshots, and restarts, with all models at hand or only some. In the end it
 * must have the oracle's state and the oracle's digest, and must never have read a block that its snapshot covered (P2,
 * P3).
 *
 *   ECHO_TEST_SEED=n   only that seed
 *   ECHO_TEST_RUNS=n   how many seeds, from 1 on (default 700; 10,000 with ECHO_TEST_LONG)
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/generate.h"
#include "support/counting_feeds.h"
#include "support/random.h"
#include "support/state.h"
#include <echo/sys/feed.h>
#include "support/still_clock.h"

typedef struct block {
    echo_key feed;
    uint64_t seq;
    uint8_t *data;
    size_t len;
} block;

typedef struct blocks {
    block *list;
    size_t count, cap;
    echo_key feed;
} blocks;

static echo_status take_block(void *arg, uint64_t seq, echo_bytes bytes) {
    blocks *all = arg;
    if (all->count == all->cap) {
        all->cap = all->cap == 0 ? 256 : all->cap * 2;
        all->list = realloc(all->list, all->cap * sizeof *all->list);
        assert_non_null(all->list);
    }
    block *b = &all->list[all->count++];
    *b = (block){all->feed, seq, malloc(bytes.len + 1), bytes.len};
    assert_non_null(b->data);
    if (bytes.len > 0) memcpy(b->data, bytes.data, bytes.len);
    return ECHO_OK;
}

static void read_all(blocks *all, const generator *g) {
    const echo_feeds *source = generate_source(g);
    size_t count;
    const echo_key *keys = generate_feeds(g, &count);
    echo_error err = ECHO_ERROR_INIT;
    memset(all, 0, sizeof *all);
    for (size_t i = 0; i < count; i++) {
        void *feed;
        echo_feed_info info;
        all->feed = keys[i];
        assert_ok(source->ops->open(&feed, source->ctx, &keys[i], &err), &err);
        assert_ok(source->ops->info(&info, source->ctx, feed, &err), &err);
        assert_ok(source->ops->read(source->ctx, feed, 0, info.length, take_block, all, &err), &err);
        source->ops->close(source->ctx, feed);
    }
}

/* Shuffles; with `ordered`, each feed's blocks still come in their order. */
static void shuffle(blocks *all, test_random *r, bool ordered) {
    for (size_t i = all->count; i > 1; i--) {
        size_t j = (size_t)test_random_below(r, i);
        block held = all->list[i - 1];
        all->list[i - 1] = all->list[j];
        all->list[j] = held;
    }
    if (!ordered) return;
    for (size_t i = 0; i < all->count; i++) { /* the places of a feed stay, its blocks are sorted into them */
        size_t low = i;
        for (size_t j = i + 1; j < all->count; j++)
            if (memcmp(&all->list[j].feed, &all->list[i].feed, sizeof all->list[i].feed) == 0 &&
                all->list[j].seq < all->list[low].seq)
                low = j;
        block held = all->list[i];
        all->list[i] = all->list[low];
        all->list[low] = held;
    }
}

typedef struct peer {
    echo_feeds feeds;
    counting_feeds counting;
    echo_store store;
    echo_registry *full, *some, *none;
    echo_party_options options;
    echo_party *party;
    echo_timeframe *covered;
    uint64_t restarts, snapshots;
} peer;

static void peer_open(peer *p, echo_registry *models, test_random *r) {
    p->options.models = models;
    p->options.eager = test_random_below(r, 4) == 0;
    p->party = party_open(&p->options);
    const echo_restore_report *report = echo_party_report(p->party);
    assert_int_equal(report->damage_count, 0);
    assert_int_equal(report->messages_skipped, p->covered == NULL ? 0 : echo_timeframe_total(p->covered));
    assert_int_equal(p->counting.breaches, 0);
}

static void peer_snapshot(peer *p) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot(NULL, p->party, &err), &err);
    echo_timeframe_free(p->covered);
    assert_int_equal(echo_timeframe_copy(&p->covered, echo_party_clock(p->party)), ECHO_OK);
    p->counting.covered = p->covered;
    p->snapshots++;
}

static echo_registry *random_models(peer *p, test_random *r) {
    uint64_t n = test_random_below(r, 6);
    return n == 0 ? p->none : n == 1 ? p->some : p->full;
}

static void peer_life(peer *p, const blocks *all, test_random *r) {
    echo_error err = ECHO_ERROR_INIT;
    for (size_t i = 0; i < all->count; i++) {
        const block *b = &all->list[i];
        assert_ok(echo_feeds_memory_put(&p->feeds, &b->feed, b->seq, (echo_bytes){b->data, b->len}), &err);
        uint64_t what = test_random_below(r, 60);
        if (what < 6) assert_ok(echo_party_poll(NULL, p->party, what == 0 ? test_random_below(r, 9) : 0, &err), &err);
        if (what == 7 || what == 8) peer_snapshot(p);
        if (what == 9) {
            echo_party_free(p->party);
            p->restarts++;
            peer_open(p, random_models(p, r), r);
        }
    }
}

static void options_of_seed(generate_options *o, uint64_t seed, test_random *r) {
    *o = (generate_options)GENERATE_OPTIONS_INIT;
    o->seed = seed;
    o->generation = test_random_below(r, 5) == 0 ? 1 : 2;
    o->feeds = 1 + (size_t)test_random_below(r, seed % 10 == 0 ? 20 : 5);
    o->items = 1 + test_random_below(r, 60);
    o->properties = 1 + (size_t)test_random_below(r, 5);
    o->value_bytes = test_random_below(r, 40) == 0 ? 6000 : (size_t)test_random_below(r, 30);
    o->concurrency = (double)test_random_below(r, 100) / 100;
    o->hookless = test_random_below(r, 2) == 0 ? 0 : 0.5;
    o->varied = 0.4;
    o->parents = 0.1;
    if (o->generation == 2) {
        o->deletions = 0.05;
        o->links = 0.1;
        o->nested = 0.2;
    }
}

static void peer_init(peer *p, const generator *g) {
    echo_error err = ECHO_ERROR_INIT;
    size_t count;
    const echo_key *keys = generate_feeds(g, &count);
    memset(p, 0, sizeof *p);
    assert_int_equal(echo_feeds_new_memory(&p->feeds), ECHO_OK);
    for (size_t i = 0; i < count; i++) {
        echo_keypair keypair = {keys[i], {0}};
        assert_int_equal(echo_feeds_memory_add(&p->feeds, &keypair), ECHO_OK);
    }
    counting_feeds_init(&p->counting, &p->feeds);
    assert_int_equal(echo_store_new_memory(&p->store), ECHO_OK);
    p->some = registry_object();
    assert_int_equal(echo_registry_new(&p->none), ECHO_OK);
    assert_int_equal(echo_registry_new(&p->full), ECHO_OK);
    assert_ok(generate_models(p->full, &err), &err);
    p->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    p->options.clock = still_clock;
    p->options.party = &generate_party(g)->public_key;
    p->options.feeds = &p->counting.feeds;
    p->options.store = &p->store;
    p->options.admitted = keys;
    p->options.admitted_count = count;
}

static void peer_close(peer *p) {
    echo_party_free(p->party);
    echo_timeframe_free(p->covered);
    echo_store_close(&p->store);
    echo_feeds_close(&p->feeds);
    echo_registry_free(p->full);
    echo_registry_free(p->some);
    echo_registry_free(p->none);
}

static uint64_t total_snapshots, total_restarts;

static void run_seed(uint64_t seed) {
    test_random r = {seed};
    generate_options o;
    generator *g;
    blocks all;
    peer oracle, p;
    echo_error err = ECHO_ERROR_INIT;
    options_of_seed(&o, seed, &r);
    assert_ok(generate_open(&g, &o, NULL, &err), &err);
    assert_ok(generate_some(g, 20 + test_random_below(&r, 200), &err), &err);
    read_all(&all, g);

    peer_init(&oracle, g);
    for (size_t i = 0; i < all.count; i++)
        assert_ok(echo_feeds_memory_put(&oracle.feeds, &all.list[i].feed, all.list[i].seq,
                                        (echo_bytes){all.list[i].data, all.list[i].len}),
                  &err);
    peer_open(&oracle, oracle.full, &r);
    assert_int_equal(echo_timeframe_total(echo_party_clock(oracle.party)), all.count);
    char *expected = state_of(oracle.party);
    echo_hash digest = party_snapshot_digest(oracle.party);

    peer_init(&p, g);
    peer_open(&p, random_models(&p, &r), &r);
    shuffle(&all, &r, test_random_below(&r, 3) != 0);
    peer_life(&p, &all, &r);
    echo_party_free(p.party);
    peer_open(&p, p.full, &r);
    assert_int_equal(echo_timeframe_compare(echo_party_clock(p.party), echo_party_clock(oracle.party)),
                     ECHO_ORDER_EQUAL);
    char *state = state_of(p.party);
    assert_state_equal(state, expected);
    free(state);
    echo_hash reached = party_snapshot_digest(p.party);
    assert_memory_equal(reached.bytes, digest.bytes, sizeof digest.bytes);
    echo_party_free(p.party);
    echo_timeframe_free(p.covered);
    p.covered = NULL;
    p.counting.covered = NULL;
    p.options.verify = ECHO_VERIFY_FULL;
    p.party = party_open(&p.options);
    state = state_of(p.party);
    assert_state_equal(state, expected);
    free(state);
    total_snapshots += p.snapshots;
    total_restarts += p.restarts;

    peer_close(&p);
    peer_close(&oracle);
    free(expected);
    for (size_t i = 0; i < all.count; i++) free(all.list[i].data);
    free(all.list);
    generate_close(g);
}

static uint64_t number_of(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void test_random_parties(void **arg) {
    (void)arg;
    uint64_t only = number_of("ECHO_TEST_SEED", 0);
    uint64_t runs = number_of("ECHO_TEST_RUNS", getenv("ECHO_TEST_LONG") != NULL ? 10000 : 700);
    for (uint64_t seed = only != 0 ? only : 1; seed <= (only != 0 ? only : runs); seed++) {
        fprintf(stderr, "\rseed %llu", (unsigned long long)seed); /* the last one printed is the one that failed */
        run_seed(seed);
    }
    fprintf(stderr, "\r%llu snapshots, %llu restarts\n", (unsigned long long)total_snapshots,
            (unsigned long long)total_restarts);
    if (only == 0) assert_true(total_snapshots > runs && total_restarts > runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_parties)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
