/*
 * Random parties against the oracle that replays everything. A peer gets the blocks of all feeds in a random order,
 * with pauses in which it applies, takes snapshots, and restarts, with all models at hand or only some. In the end it
 * must have the oracle's state and the oracle's digest, and must never have read a block that its snapshot covered (P2,
 * P3).
 *
 * In half of the parties, further feeds give items a second genesis, and a third: of other models and types, with
 * stamps above and below that of the first. There the blocks may be read again, to rebuild such items, and snapshots
 * taken while all items are rebuilt have the digest that a replay up to their timeframe gives.
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
#include "support/tally.h"
#include <echo/sys/codec.h>
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

/* ---- rivals: feeds that give items another genesis ---- */

#define RIVALS 2u
#define RIVAL_BLOCKS 12u

typedef struct rivals {
    echo_key keys[RIVALS];
    size_t blocks; /* of each feed; 0: there are none */
} rivals;

static echo_bytes bytes_of(const char *text) { return (echo_bytes){(const uint8_t *)text, strlen(text)}; }

static void encode_block(blocks *all, const echo_key *feed, uint64_t seq, const echo_message *message) {
    echo_codec codec = echo_codec_dxos();
    echo_error err = ECHO_ERROR_INIT;
    uint8_t *encoded;
    size_t len;
    assert_ok(codec.ops->encode(&encoded, &len, codec.ctx, message, &err), &err);
    all->feed = *feed;
    assert_int_equal(take_block(all, seq, (echo_bytes){encoded, len}), ECHO_OK);
    codec.ops->release(codec.ctx, encoded);
}

/* What a rival says that it has seen: of each feed a part, a little or nothing. */
static size_t random_frames(echo_frame *frames, const generator *g, const blocks *all, test_random *r) {
    size_t count, n = 0;
    const echo_key *keys = generate_feeds(g, &count);
    uint64_t share = test_random_below(r, 3);
    for (size_t i = 0; i < count && share > 0; i++) {
        uint64_t length = 0;
        for (size_t k = 0; k < all->count; k++) length += memcmp(&all->list[k].feed, &keys[i], sizeof keys[i]) == 0;
        if (length > 0 && test_random_below(r, 2) == 0)
            frames[n++] = (echo_frame){keys[i], test_random_below(r, share == 1 ? 1 + length / 8 : length)};
    }
    return n;
}

static void rivals_make(rivals *out, blocks *all, const generator *g, const generate_options *o, test_random *r) {
    static const char *const models[] = {TALLY_JSON,           TALLY_RAW,         GENERATE_MODEL_LOG,
                                         "test:model/unknown", ECHO_MODEL_OBJECT, ECHO_MODEL_OBJECT_OLD};
    static const char *const types[] = {"example:type/t1", "example:type/other", ""};
    echo_frame frames[64];
    generate_counts counts;
    generate_counts_get(&counts, g);
    out->blocks = test_random_below(r, 2) == 0 || counts.items == 0 ? 0 : 1 + test_random_below(r, RIVAL_BLOCKS);
    for (size_t k = 0; k < RIVALS; k++) {
        memset(&out->keys[k], k == 0 ? 0x01 : 0xfe, sizeof out->keys[k]);
        for (size_t i = 0; i < out->blocks; i++) {
            char id[ECHO_HEX_CHARS];
            uint8_t mutation[] = {(uint8_t)test_random_below(r, 256), (uint8_t)i, (uint8_t)k};
            generate_item_id(id, o->seed, test_random_below(r, counts.items < 8 ? counts.items : 8));
            echo_message m = {.kind = ECHO_MESSAGE_ITEM, .generation = o->generation, .item = bytes_of(id)};
            m.frames = frames;
            m.frame_count = random_frames(frames, g, all, r);
            m.has_genesis = test_random_below(r, 4) != 0;
            m.model = bytes_of(models[test_random_below(r, sizeof models / sizeof *models)]);
            m.type = bytes_of(types[test_random_below(r, sizeof types / sizeof *types)]);
            m.has_mutation = !m.has_genesis || test_random_below(r, 2) == 0;
            m.mutation = (echo_bytes){mutation, sizeof mutation};
            encode_block(all, &out->keys[k], i, &m);
        }
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
    bool rivals;
    echo_key keys[32];
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
    assert_true(p->rivals || p->counting.breaches == 0);
}

static uint64_t peer_rebuilding(const peer *p) {
    echo_party_status status;
    echo_party_status_get(&status, p->party);
    return status.rebuilding;
}

static void peer_rebuild(peer *p) {
    echo_error err = ECHO_ERROR_INIT;
    for (int i = 0; i < 1000 && peer_rebuilding(p) > 0; i++) assert_ok(echo_party_poll(NULL, p->party, 0, &err), &err);
    assert_int_equal(peer_rebuilding(p), 0);
}

static uint64_t total_snapshots, total_restarts, total_replays, total_rebuilt;

/* What a snapshot has that was taken with all models, and with no item waiting for a rebuild, a replay has too. */
static void peer_replay(peer *p, const echo_hash *digest) {
    echo_error err = ECHO_ERROR_INIT;
    echo_hash replayed;
    assert_ok(echo_snapshot_replay(&replayed, &p->options, &p->store, 0, &err), &err);
    assert_memory_equal(&replayed, digest, sizeof replayed);
    total_replays++;
}

static void peer_snapshot(peer *p) {
    echo_error err = ECHO_ERROR_INIT;
    echo_snapshot_result result;
    bool whole = p->options.models == p->full && peer_rebuilding(p) == 0;
    assert_ok(echo_party_snapshot(&result, p->party, &err), &err);
    if (p->rivals && whole && p->snapshots % 4 == 0) peer_replay(p, &result.digest);
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

static void peer_init(peer *p, const generator *g, const rivals *also) {
    echo_error err = ECHO_ERROR_INIT;
    size_t count;
    const echo_key *keys = generate_feeds(g, &count);
    memset(p, 0, sizeof *p);
    assert_true(count + RIVALS <= sizeof p->keys / sizeof *p->keys);
    memcpy(p->keys, keys, count * sizeof *keys);
    p->rivals = also->blocks > 0;
    for (size_t i = 0; i < RIVALS && p->rivals; i++) p->keys[count++] = also->keys[i];
    keys = p->keys;
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
    tally_register(p->full);
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

static void run_seed(uint64_t seed) {
    test_random r = {seed};
    generate_options o;
    generator *g;
    blocks all;
    rivals also;
    peer oracle, p;
    echo_error err = ECHO_ERROR_INIT;
    options_of_seed(&o, seed, &r);
    assert_ok(generate_open(&g, &o, NULL, &err), &err);
    assert_ok(generate_some(g, 20 + test_random_below(&r, 200), &err), &err);
    read_all(&all, g);
    rivals_make(&also, &all, g, &o, &r);

    peer_init(&oracle, g, &also);
    for (size_t i = 0; i < all.count; i++)
        assert_ok(echo_feeds_memory_put(&oracle.feeds, &all.list[i].feed, all.list[i].seq,
                                        (echo_bytes){all.list[i].data, all.list[i].len}),
                  &err);
    peer_open(&oracle, oracle.full, &r);
    assert_int_equal(echo_timeframe_total(echo_party_clock(oracle.party)), all.count);
    peer_rebuild(&oracle);
    char *expected = state_of(oracle.party);
    echo_hash digest = party_snapshot_digest(oracle.party);

    peer_init(&p, g, &also);
    peer_open(&p, random_models(&p, &r), &r);
    shuffle(&all, &r, test_random_below(&r, 3) != 0);
    peer_life(&p, &all, &r);
    echo_party_free(p.party);
    peer_open(&p, p.full, &r);
    total_rebuilt += peer_rebuilding(&p);
    peer_rebuild(&p);
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
    fprintf(stderr, "\r%llu snapshots, %llu replayed, %llu restarts, %llu items rebuilt in the end\n",
            (unsigned long long)total_snapshots, (unsigned long long)total_replays, (unsigned long long)total_restarts,
            (unsigned long long)total_rebuilt);
    if (only == 0) assert_true(total_snapshots > runs && total_restarts > runs && total_replays > runs / 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_parties)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
