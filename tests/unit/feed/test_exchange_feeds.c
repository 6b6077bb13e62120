/*
 * One contract of exchanging blocks, on both sources: feeds in folders and in memory.
 */
#include "test_hypercore_support.h"

#include "feed/feeds.h"
#include "feed/proof.h"
#include "support/fault.h"

#define MOST 48u

enum kind { FOLDER, MEMORY, KINDS };

/* A source with one feed, and what it should hold. */
typedef struct place {
    enum kind kind;
    char *folder;
    echo_key key;
    echo_feeds feeds, other; /* `other` opened the same folder once, and stays */
    void *feed, *watcher;
    const test_blocks *blocks;
    bool has[MOST];
    uint64_t length;
} place;

static void place_begin(place *p, enum kind kind, const test_blocks *blocks, const echo_keypair *keys, bool own) {
    memset(p, 0, sizeof *p);
    p->kind = kind;
    p->key = keys->public_key;
    p->blocks = blocks;
    if (kind == FOLDER) {
        p->folder = folder_new();
        assert_ok(echo_feeds_open_dir(&p->feeds, p->folder, NULL, &oops));
        if (own) assert_ok(echo_feed_create(p->folder, keys, &oops));
    } else {
        assert_ok(echo_feeds_new_memory(&p->feeds));
        if (own) assert_ok(echo_feeds_memory_add(&p->feeds, keys));
    }
    if (!own) assert_ok(p->feeds.ops->make(p->feeds.ctx, &p->key, &oops));
    assert_ok(p->feeds.ops->open(&p->feed, p->feeds.ctx, &p->key, &oops));
    if (kind == FOLDER) assert_ok(echo_feeds_open_dir(&p->other, p->folder, NULL, &oops));
    if (kind == FOLDER) assert_ok(p->other.ops->open(&p->watcher, p->other.ctx, &p->key, &oops));
}

static void place_end(place *p) {
    if (p->kind == FOLDER) {
        p->other.ops->close(p->other.ctx, p->watcher);
        echo_feeds_close(&p->other);
    }
    p->feeds.ops->close(p->feeds.ctx, p->feed);
    echo_feeds_close(&p->feeds);
    if (p->kind == FOLDER) folder_remove(p->folder);
}

/* Everything that should be here is, and nothing else. */
static void check_feed(const place *p, const echo_feeds *feeds, void *feed) {
    echo_feed_info info;
    assert_ok(feeds->ops->info(&info, feeds->ctx, feed, &oops));
    assert_int_equal(info.length, p->length);
    assert_int_equal(info.verified, p->length);
    for (uint64_t seq = 0; seq < p->length + 2; seq++) {
        test_expect expect = {p->blocks, seq};
        echo_error err = ECHO_ERROR_INIT;
        bool here = seq < p->length && p->has[seq];
        assert_int_equal(feeds->ops->has(feeds->ctx, feed, seq), here);
        echo_status status = feeds->ops->read(feeds->ctx, feed, seq, seq + 1, test_expect_block, &expect, &err);
        if (here) assert_int_equal(err.code, ECHO_OK);
        if (status != (here ? ECHO_OK : ECHO_ERR_GAP))
            fail_msg("block %d: %s %s", (int)seq, echo_status_name(status), err.message);
        if (!here) assert_true(err.has_seq && err.seq == seq);
    }
    /* All at once, up to the first hole. */
    test_expect expect = {p->blocks, 0};
    uint64_t hole = 0;
    while (hole < p->length && p->has[hole]) hole++;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = feeds->ops->read(feeds->ctx, feed, 0, p->length, test_expect_block, &expect, &err);
    assert_status(status, hole == p->length ? ECHO_OK : ECHO_ERR_GAP);
    assert_int_equal(expect.next, hole);
}

static void check(const place *p) {
    check_feed(p, &p->feeds, p->feed);
    if (p->kind != FOLDER) return;
    check_feed(p, &p->other, p->watcher);
    echo_feeds fresh;
    void *feed;
    assert_ok(echo_feeds_open_dir(&fresh, p->folder, NULL, &oops));
    assert_ok(fresh.ops->open(&feed, fresh.ctx, &p->key, &oops));
    check_feed(p, &fresh, feed);
    fresh.ops->close(fresh.ctx, feed);
    echo_feeds_close(&fresh);
}

/* What the writer's own source says when it has `length` blocks; or hypercore 7's writer. */
static void make_proof(echo_feed_proof *proof, const test_blocks *blocks, const echo_keypair *keys, uint64_t from,
                       uint64_t to, uint64_t length, bool seven) {
    echo_feeds feeds;
    void *feed;
    uint64_t first;
    assert_ok(echo_feeds_new_memory(&feeds));
    assert_ok(echo_feeds_memory_add(&feeds, keys));
    assert_ok(feeds.ops->open(&feed, feeds.ctx, &keys->public_key, &oops));
    assert_ok(feeds.ops->append(&first, feeds.ctx, feed, blocks->at, (size_t)length, &oops));
    assert_ok(feeds.ops->prove(proof, feeds.ctx, feed, from, to, &oops));
    assert_int_equal(proof->length, length);
    feeds.ops->close(feeds.ctx, feed);
    echo_feeds_close(&feeds);
    if (!seven) return;
    echo__proven proven;
    uint8_t message[40];
    assert_ok(echo__proof_check(&proven, proof, blocks->at + from, &keys->public_key, &oops));
    echo__hypercore_signable(message, &proven.roots);
    echo__sign(proof->signature, message, 32, keys);
    echo__proven_free(&proven);
}

static echo_status put_of(place *p, const test_blocks *blocks, const echo_keypair *keys, uint64_t from, uint64_t to,
                          uint64_t length, echo_error *err) {
    echo_feed_proof proof;
    make_proof(&proof, blocks, keys, from, to, length, (from + length) % 3 == 0);
    return p->feeds.ops->put(p->feeds.ctx, p->feed, blocks->at + from, &proof, err);
}

static void put(place *p, const echo_keypair *keys, uint64_t from, uint64_t to, uint64_t length) {
    assert_ok(put_of(p, p->blocks, keys, from, to, length, &oops));
    for (uint64_t seq = from; seq < to; seq++) p->has[seq] = true;
    if (length > p->length) p->length = length;
}

static echo_status count_key(void *arg, const echo_key *key) {
    (void)key;
    ++*(size_t *)arg;
    return ECHO_OK;
}

static void feeds_are_made(void **state) {
    (void)state;
    echo_keypair keys, other;
    test_blocks blocks;
    test_make_keys(&keys, 41);
    test_make_blocks(&blocks, MOST, 60, 1);
    for (enum kind kind = FOLDER; kind < KINDS; kind++) {
        place p;
        echo_error err = ECHO_ERROR_INIT;
        uint64_t first = 7;
        size_t count = 0;
        place_begin(&p, kind, &blocks, &keys, false);
        assert_true(echo__feeds_can_exchange(&p.feeds));
        assert_ok(echo__feeds_check(&p.feeds, &oops));
        check(&p);
        assert_ok(p.feeds.ops->list(p.feeds.ctx, count_key, &count, &oops));
        assert_int_equal(count, 1);
        assert_status(p.feeds.ops->make(p.feeds.ctx, &p.key, &err), ECHO_ERR_EXISTS);
        assert_true(err.has_feed && echo__key_equal(&err.feed, &p.key));
        echo_feed_info info;
        assert_ok(p.feeds.ops->info(&info, p.feeds.ctx, p.feed, &oops));
        assert_false(info.writable);
        assert_status(p.feeds.ops->append(&first, p.feeds.ctx, p.feed, blocks.at, 1, NULL), ECHO_ERR_READONLY);
        assert_status(p.feeds.ops->keypair(&other, p.feeds.ctx, p.feed), ECHO_ERR_READONLY);
        put(&p, &keys, 3, 5, 9);
        assert_status(p.feeds.ops->append(&first, p.feeds.ctx, p.feed, blocks.at, 1, NULL), ECHO_ERR_READONLY);
        assert_ok(p.feeds.ops->sync(p.feeds.ctx, p.feed, &oops));
        check(&p);
        place_end(&p);
    }
    test_free_blocks(&blocks);
}

static void not_when_only_reading(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks blocks;
    place p;
    echo_feed_proof proof;
    echo_feeds_dir_options options = ECHO_FEEDS_DIR_OPTIONS_INIT;
    echo_feeds feeds;
    void *feed;
    test_make_keys(&keys, 41);
    test_make_blocks(&blocks, MOST, 60, 1);
    place_begin(&p, FOLDER, &blocks, &keys, false);
    put(&p, &keys, 0, 4, 6);
    options.read_only = true;
    assert_ok(echo_feeds_open_dir(&feeds, p.folder, &options, &oops));
    assert_ok(feeds.ops->open(&feed, feeds.ctx, &p.key, &oops));
    make_proof(&proof, &blocks, &keys, 4, 6, 6, false);
    echo_key another = {{1, 2, 3}};
    assert_status(feeds.ops->put(feeds.ctx, feed, blocks.at + 4, &proof, NULL), ECHO_ERR_READONLY);
    assert_status(feeds.ops->make(feeds.ctx, &another, NULL), ECHO_ERR_READONLY);
    assert_ok(feeds.ops->prove(&proof, feeds.ctx, feed, 0, 4, &oops));
    feeds.ops->close(feeds.ctx, feed);
    echo_feeds_close(&feeds);
    check(&p);
    place_end(&p);
    test_free_blocks(&blocks);
}

/* Whatever this place proves holds, and it can prove at least what it was told last. */
static void check_proofs(place *p) {
    for (uint64_t from = 0; from < p->length; from += 3) {
        for (uint64_t to = from + 1; to <= p->length; to += 4) {
            echo_feed_proof proof;
            echo__proven proven;
            echo_error err = ECHO_ERROR_INIT;
            echo_status status = p->feeds.ops->prove(&proof, p->feeds.ctx, p->feed, from, to, &err);
            if (status == ECHO_ERR_GAP) assert_true(err.has_seq && err.seq < p->length);
            if (status == ECHO_ERR_GAP) continue;
            assert_status(status, ECHO_OK);
            assert_true(proof.from == from && proof.to == to && proof.length == p->length);
            assert_ok(echo__proof_check(&proven, &proof, p->blocks->at + from, &p->key, &oops));
            echo__proven_free(&proven);
        }
    }
    echo_feed_proof proof;
    assert_status(p->feeds.ops->prove(&proof, p->feeds.ctx, p->feed, 0, p->length + 1, NULL), ECHO_ERR_INVALID);
    assert_status(p->feeds.ops->prove(&proof, p->feeds.ctx, p->feed, 1, 1, NULL), ECHO_ERR_INVALID);
}

static void in_any_order(void **state) {
    (void)state;
    echo_keypair keys;
    test_make_keys(&keys, 42);
    for (uint64_t seed = 0; seed < 60; seed++) {
        test_blocks blocks;
        test_make_blocks(&blocks, MOST, seed % 4 ? 60 : 2, seed);
        for (enum kind kind = FOLDER; kind < KINDS; kind++) {
            test_random random = {seed};
            place p;
            place_begin(&p, kind, &blocks, &keys, false);
            for (unsigned i = 0; i < 10; i++) {
                uint64_t length = 1 + test_random_below(&random, MOST - 4), from = test_random_below(&random, length);
                uint64_t to = from + 1 + test_random_below(&random, length - from < 9 ? length - from : 9);
                put(&p, &keys, from, to, length);
                echo_feed_proof proof;
                if (length == p.length) assert_ok(p.feeds.ops->prove(&proof, p.feeds.ctx, p.feed, from, to, &oops));
                check(&p);
            }
            check_proofs(&p);
            put(&p, &keys, 0, p.length, p.length);
            check(&p);
            check_proofs(&p);
            place_end(&p);
        }
        test_free_blocks(&blocks);
    }
}

/* Of the last blocks no more than a parent comes to be known, to the left of what was: the length grows all the same.
 */
static void grows_by_a_parent(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 43);
    test_make_blocks(&blocks, MOST, 60, 2);
    for (enum kind kind = FOLDER; kind < KINDS; kind++) {
        place p;
        place_begin(&p, kind, &blocks, &keys, false);
        put(&p, &keys, 6, 7, 7);
        check(&p);
        put(&p, &keys, 0, 1, 8);
        check(&p);
        put(&p, &keys, 1, 2, 6);
        check(&p);
        place_end(&p);
    }
    test_free_blocks(&blocks);
}

static void refused_and_untouched(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 44);
    test_make_blocks(&blocks, MOST, 60, 3);
    for (enum kind kind = FOLDER; kind < KINDS; kind++) {
        place p;
        echo_feed_proof good, bad;
        place_begin(&p, kind, &blocks, &keys, false);
        put(&p, &keys, 2, 4, 9);
        char *digest = kind == FOLDER ? folder_digest(p.folder) : NULL;
        make_proof(&good, &blocks, &keys, 5, 8, 20, false);
        bad = good;
        bad.signature[3] ^= 1;
        assert_status(p.feeds.ops->put(p.feeds.ctx, p.feed, blocks.at + 5, &bad, NULL), ECHO_ERR_SIGNATURE);
        assert_status(p.feeds.ops->put(p.feeds.ctx, p.feed, blocks.at + 6, &good, NULL), ECHO_ERR_SIGNATURE);
        bad = good;
        bad.right_count = 77;
        assert_status(p.feeds.ops->put(p.feeds.ctx, p.feed, blocks.at + 5, &bad, NULL), ECHO_ERR_CORRUPT);
        bad = good;
        bad.length = UINT64_C(1) << 60;
        assert_status(p.feeds.ops->put(p.feeds.ctx, p.feed, blocks.at + 5, &bad, NULL), ECHO_ERR_LIMIT);
        check(&p);
        if (digest != NULL) {
            char *now = folder_digest(p.folder);
            assert_string_equal(now, digest);
            free(now);
        }
        free(digest);
        place_end(&p);
    }
    test_free_blocks(&blocks);
}

/* The same blocks up to `fork`, others from there on; both signed. */
static void make_fork(test_blocks *b, const test_blocks *a, uint64_t fork, uint64_t seed) {
    test_make_blocks(b, a->count, 60, seed);
    for (uint64_t i = 0; i < fork; i++) {
        free(b->owned[i]);
        b->owned[i] = malloc(a->at[i].len + 1);
        if (a->at[i].len > 0) memcpy(b->owned[i], a->at[i].data, a->at[i].len);
        b->at[i] = echo__bytes(b->owned[i], a->at[i].len);
    }
}

static void conflict(place *p, const test_blocks *blocks, const echo_keypair *keys, uint64_t from, uint64_t to,
                     uint64_t length, uint64_t seq) {
    echo_error err = ECHO_ERROR_INIT;
    char *before = p->kind == FOLDER ? folder_digest(p->folder) : NULL;
    assert_status(put_of(p, blocks, keys, from, to, length, &err), ECHO_ERR_CONFLICT);
    if (!err.has_seq || err.seq != seq)
        fail_msg("%d..%d of %d: forked at %d, not %d", (int)from, (int)to, (int)length, (int)err.seq, (int)seq);
    assert_true(err.has_feed && echo__key_equal(&err.feed, &p->key));
    if (before != NULL) {
        char *after = folder_digest(p->folder);
        assert_string_equal(after, before);
        free(after);
    }
    free(before);
    check(p);
}

static void forks_are_found(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks a, b;
    test_make_keys(&keys, 45);
    test_make_blocks(&a, MOST, 60, 4);
    for (enum kind kind = FOLDER; kind < KINDS; kind++) {
        for (uint64_t fork = 0; fork < 20; fork++) {
            place p;
            make_fork(&b, &a, fork, 100 + fork);
            place_begin(&p, kind, &a, &keys, kind == MEMORY && fork % 2);
            put(&p, &keys, 0, 20, 20);
            conflict(&p, &b, &keys, fork, fork + 1, fork + 1, fork);
            conflict(&p, &b, &keys, fork, fork + 1, 20, fork);
            conflict(&p, &b, &keys, fork, fork + 1, 33, fork);
            conflict(&p, &b, &keys, 0, 20, 20, fork);
            conflict(&p, &b, &keys, 0, 33, 33, fork);
            /* From behind, the roots of `from` tell, the first of those that hold the fork. */
            for (uint64_t from = fork + 1; from < 20; from++) {
                uint64_t index[ECHO_FEED_PROOF_NODES_MAX];
                size_t n = echo__proof_cover(index, 0, from), i = 0;
                while (i < n && echo__flat_right_span(index[i], echo__flat_depth(index[i])) < 2 * fork) i++;
                conflict(&p, &b, &keys, from, from + 1, 21,
                         echo__flat_left_span(index[i], echo__flat_depth(index[i])) / 2);
            }
            /* What is the same goes on. */
            if (fork > 0) assert_ok(put_of(&p, &b, &keys, 0, fork, fork, &oops));
            check(&p);
            place_end(&p);
            test_free_blocks(&b);
        }
    }
    test_free_blocks(&a);
}

/* Where nothing yet joins what both sides signed, both are kept, each under its signature; what joins them tells. */
static void forks_are_found_late(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks a, b;
    test_make_keys(&keys, 46);
    test_make_blocks(&a, MOST, 60, 5);
    make_fork(&b, &a, 9, 6);
    for (enum kind kind = FOLDER; kind < KINDS; kind++) {
        place p;
        place_begin(&p, kind, &a, &keys, false);
        put(&p, &keys, 0, 10, 10);
        assert_ok(put_of(&p, &b, &keys, 15, 16, 20, &oops));
        test_blocks mixed = a;
        echo_bytes at[MOST];
        memcpy(at, a.at, sizeof at);
        at[15] = b.at[15];
        mixed.at = at;
        p.blocks = &mixed;
        p.has[15] = true;
        p.length = 20;
        check(&p);
        conflict(&p, &b, &keys, 10, 11, 20, 8);
        conflict(&p, &b, &keys, 9, 10, 20, 9);
        conflict(&p, &b, &keys, 0, 20, 20, 9);
        place_end(&p);
    }
    test_free_blocks(&a);
    test_free_blocks(&b);
}

/* A copy of the own feed that fell behind gets its blocks back, all or some, and is written on. */
static void own_feeds_are_healed(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks blocks, b;
    test_make_keys(&keys, 47);
    test_make_blocks(&blocks, MOST, 60, 7);
    make_fork(&b, &blocks, 10, 8);
    for (enum kind kind = FOLDER; kind < KINDS; kind++) {
        for (uint64_t from = 10; from < 20; from++) {
            place p;
            uint64_t first;
            place_begin(&p, kind, &blocks, &keys, true);
            assert_ok(p.feeds.ops->append(&first, p.feeds.ctx, p.feed, blocks.at, 10, &oops));
            for (uint64_t seq = 0; seq < 10; seq++) p.has[seq] = true;
            p.length = 10;
            put(&p, &keys, from, 20, 20);
            check(&p);
            conflict(&p, &b, &keys, 19, 20, 20, 0); /* blocks 0..15 have one node in the proof */
            assert_ok(p.feeds.ops->append(&first, p.feeds.ctx, p.feed, blocks.at + 20, 3, &oops));
            assert_int_equal(first, 20);
            p.has[20] = p.has[21] = p.has[22] = true;
            p.length = 23;
            check(&p);
            check_proofs(&p);
            /* The hole can be filled later, from somebody who knows no more than 20, or 12. */
            if (from > 10) put(&p, &keys, 10, from < 12 ? from : 12, from % 2 ? 12 : 20);
            check(&p);
            put(&p, &keys, 0, 23, 23);
            check(&p);
            place_end(&p);
        }
        /* Written differently meanwhile: a fork. */
        place p;
        uint64_t first;
        place_begin(&p, kind, &blocks, &keys, true);
        assert_ok(p.feeds.ops->append(&first, p.feeds.ctx, p.feed, blocks.at, 12, &oops));
        for (uint64_t seq = 0; seq < 12; seq++) p.has[seq] = true;
        p.length = 12;
        conflict(&p, &b, &keys, 10, 20, 20, 10);
        conflict(&p, &b, &keys, 15, 16, 20, 8); /* no block is on both sides, a node is */
        place_end(&p);
    }
    test_free_blocks(&blocks);
    test_free_blocks(&b);
}

/* An empty block after a hole: nothing is written for it, and still what follows has its place. */
static void empty_blocks_behind_holes(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 51);
    test_make_blocks(&blocks, MOST, 60, 12);
    blocks.at[9].len = 0;
    for (enum kind kind = FOLDER; kind < KINDS; kind++) {
        place p;
        uint64_t first;
        place_begin(&p, kind, &blocks, &keys, true);
        put(&p, &keys, 9, 10, 10);
        check(&p);
        assert_ok(p.feeds.ops->append(&first, p.feeds.ctx, p.feed, blocks.at + 10, 2, &oops));
        assert_int_equal(first, 10);
        p.has[10] = p.has[11] = true;
        p.length = 12;
        check(&p);
        place_end(&p);
    }
    test_free_blocks(&blocks);
}

/* From source to source, each proving what the one before put there. */
static void passed_on(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 48);
    test_make_blocks(&blocks, MOST, 60, 9);
    place p[4];
    for (unsigned i = 0; i < 4; i++) place_begin(&p[i], i % 2 ? MEMORY : FOLDER, &blocks, &keys, false);
    put(&p[0], &keys, 0, 17, 40);
    put(&p[0], &keys, 17, 40, 40);
    for (int i = 1; i < 4; i++) {
        for (uint64_t from = 0; from < 40; from += 5) {
            uint64_t at = (from * 7 + 5 * (uint64_t)i) % 40;
            echo_feed_proof proof;
            assert_ok(p[i - 1].feeds.ops->prove(&proof, p[i - 1].feeds.ctx, p[i - 1].feed, at, at + 5, &oops));
            assert_ok(p[i].feeds.ops->put(p[i].feeds.ctx, p[i].feed, blocks.at + at, &proof, &oops));
            for (uint64_t seq = at; seq < at + 5; seq++) p[i].has[seq] = true;
            p[i].length = 40;
            check(&p[i]);
        }
    }
    for (int i = 0; i < 4; i++) place_end(&p[i]);
    test_free_blocks(&blocks);
}

static void memory_runs_out(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 49);
    test_make_blocks(&blocks, MOST, 60, 10);
    for (enum kind kind = FOLDER; kind < KINDS; kind++) {
        place p;
        echo_feed_proof proof, first;
        uint64_t at;
        place_begin(&p, kind, &blocks, &keys, true);
        assert_ok(p.feeds.ops->append(&at, p.feeds.ctx, p.feed, blocks.at, 5, &oops));
        for (uint64_t seq = 0; seq < 5; seq++) p.has[seq] = true;
        p.length = 5;
        make_proof(&proof, &blocks, &keys, 9, 20, 30, false);
        for (long nth = 1;; nth++) {
            fault_at(nth);
            echo_status status = p.feeds.ops->prove(&first, p.feeds.ctx, p.feed, 1, 3, NULL);
            if (!fault_off()) break;
            assert_status(status, ECHO_ERR_NOMEM);
        }
        for (long nth = 1;; nth++) {
            fault_at(nth);
            echo_status status = p.feeds.ops->put(p.feeds.ctx, p.feed, blocks.at + 9, &proof, NULL);
            if (!fault_off()) {
                assert_status(status, ECHO_OK);
                break;
            }
            assert_status(status, ECHO_ERR_NOMEM);
            check(&p);
        }
        for (uint64_t seq = 9; seq < 20; seq++) p.has[seq] = true;
        p.length = 30;
        check(&p);
        echo_key another = {{5, 6}};
        for (long nth = 1;; nth++) {
            fault_at(nth);
            echo_status status = p.feeds.ops->make(p.feeds.ctx, &another, NULL);
            if (!fault_off()) {
                assert_status(status, ECHO_OK);
                break;
            }
            assert_status(status, ECHO_ERR_NOMEM);
        }
        place_end(&p);
    }
    test_free_blocks(&blocks);
}

/* What tests put without a signature is read as before, and cannot be proved to anybody. */
static void unsigned_blocks(void **state) {
    (void)state;
    echo_keypair keys;
    test_blocks blocks;
    test_make_keys(&keys, 50);
    test_make_blocks(&blocks, MOST, 60, 11);
    for (int own = 0; own < 2; own++) {
        place p;
        echo_feed_proof proof;
        echo_error err = ECHO_ERROR_INIT;
        place_begin(&p, MEMORY, &blocks, &keys, own);
        const uint64_t seqs[] = {0, 1, 5};
        for (size_t i = 0; i < 3; i++) assert_ok(echo_feeds_memory_put(&p.feeds, &p.key, seqs[i], blocks.at[seqs[i]]));
        for (size_t i = 0; i < 3; i++) p.has[seqs[i]] = true;
        p.length = 6;
        check(&p);
        test_blocks b;
        make_fork(&b, &blocks, 5, 99);
        conflict(&p, &b, &keys, 5, 6, 6, 5);
        assert_status(p.feeds.ops->prove(&proof, p.feeds.ctx, p.feed, 5, 6, &err),
                      own ? ECHO_ERR_GAP : ECHO_ERR_SIGNATURE);
        if (own) assert_true(err.has_seq && err.seq == 2);
        assert_status(p.feeds.ops->prove(&proof, p.feeds.ctx, p.feed, 0, 2, NULL), own ? ECHO_OK : ECHO_ERR_SIGNATURE);
        put(&p, &keys, 1, 3, 4);
        check(&p);
        assert_ok(p.feeds.ops->prove(&proof, p.feeds.ctx, p.feed, 1, 3, &oops));
        put(&p, &keys, 3, 8, 9);
        check(&p);
        assert_ok(echo_feeds_memory_put(&p.feeds, &p.key, 12, blocks.at[12]));
        p.has[12] = true;
        p.length = 13;
        conflict(&p, &b, &keys, 12, 13, 13, 0);
        test_free_blocks(&b);
        place_end(&p);
    }
    test_free_blocks(&blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feeds_are_made),
        cmocka_unit_test(not_when_only_reading),
        cmocka_unit_test(in_any_order),
        cmocka_unit_test(grows_by_a_parent),
        cmocka_unit_test(refused_and_untouched),
        cmocka_unit_test(forks_are_found),
        cmocka_unit_test(forks_are_found_late),
        cmocka_unit_test(own_feeds_are_healed),
        cmocka_unit_test(empty_blocks_behind_holes),
        cmocka_unit_test(passed_on),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(unsigned_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
