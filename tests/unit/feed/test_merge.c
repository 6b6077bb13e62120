#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "feed/merge.h"

/* Messages of a codec of our own: a block is a list of 33-byte frames (feed number, then seq), or "bad". */
static echo_key key_of(uint8_t number) {
    echo_key key = {{0}};
    key.bytes[0] = number;
    return key;
}

static echo_status decode(echo_message *out, void *ctx, echo_bytes block, echo_scratch *scratch, echo_error *err) {
    (void)ctx;
    (void)err;
    if (block.len == 3) return ECHO_ERR_CORRUPT;
    memset(out, 0, sizeof *out);
    out->kind = ECHO_MESSAGE_ITEM;
    size_t n = block.len / 2;
    echo_frame *frames = echo_scratch_alloc(scratch, (n + 1) * sizeof *frames);
    if (frames == NULL) return ECHO_ERR_NOMEM;
    for (size_t i = 0; i < n; i++) frames[i] = (echo_frame){key_of(block.data[2 * i]), block.data[2 * i + 1]};
    out->frames = frames;
    out->frame_count = n;
    return ECHO_OK;
}

static const echo_codec_ops codec_ops = {ECHO_CODEC_OPS_VERSION, decode, NULL, NULL, 1};
static const echo_codec codec = {&codec_ops, NULL};

typedef struct place {
    echo_feeds feeds;
    echo_timeframe *clock;
    echo__merge *merge;
    uint8_t outsider; /* a feed that is not admitted; 0: none */
    bool accept;
} place;

static bool admits(void *arg, const echo_key *feed) {
    return ((place *)arg)->outsider == 0 || feed->bytes[0] != ((place *)arg)->outsider;
}

static echo_status accepts(void *arg, const echo_key *feed, const echo_message *message) {
    (void)feed;
    (void)message;
    return ((place *)arg)->accept ? ECHO_OK : ECHO_ERR_REFUSED;
}

static void open_place(place *p, uint8_t feeds) {
    memset(p, 0, sizeof *p);
    assert_true(echo__crypto_init());
    assert_int_equal(echo_feeds_new_memory(&p->feeds), ECHO_OK);
    for (uint8_t i = 1; i <= feeds; i++) {
        echo_keypair keys = {key_of(i), {0}};
        assert_int_equal(echo_feeds_memory_add(&p->feeds, &keys), ECHO_OK);
    }
    assert_int_equal(echo_timeframe_new(&p->clock), ECHO_OK);
}

static void start(place *p, const echo_timeframe *until) {
    echo__merge_hooks hooks = {admits, accepts, p};
    assert_int_equal(echo__merge_new(&p->merge, &p->feeds, &codec, p->clock, until, &hooks, NULL), ECHO_OK);
}

static void close_place(place *p) {
    echo__merge_free(p->merge);
    echo_timeframe_free(p->clock);
    echo_feeds_close(&p->feeds);
}

static void put(place *p, uint8_t feed, uint64_t seq, const char *frames, size_t len) {
    echo_key key = key_of(feed);
    assert_int_equal(echo_feeds_memory_put(&p->feeds, &key, seq, (echo_bytes){(const uint8_t *)frames, len}), ECHO_OK);
}

/* Takes one message; 0 when there is none, else feed * 100 + seq. */
static int next(place *p) {
    const echo__merge_entry *entry;
    assert_int_equal(echo__merge_peek(&entry, p->merge, NULL), ECHO_OK);
    if (entry == NULL) return 0;
    int taken = entry->stamp.feed.bytes[0] * 100 + (int)entry->stamp.seq;
    assert_int_equal(echo_timeframe_set(p->clock, &entry->stamp.feed, entry->stamp.seq), ECHO_OK);
    echo__merge_advance(p->merge);
    return taken;
}

static void scan(place *p) { assert_int_equal(echo__merge_scan(p->merge, NULL), ECHO_OK); }

static void test_order(void **arg) {
    (void)arg;
    place p;
    open_place(&p, 2);
    put(&p, 2, 0, "", 0);                 /* time 1 */
    put(&p, 2, 1, "\x02\x00", 2);         /* time 2 */
    put(&p, 1, 0, "", 0);                 /* time 1: the lower key comes first */
    put(&p, 1, 1, "\x01\x00\x02\x01", 4); /* time 2 + 2 */
    put(&p, 2, 2, "\x02\x01\x01\x00", 4); /* time 3 + 1: equal, decided by the key */
    start(&p, NULL);
    static const int expected[] = {100, 200, 201, 101, 202, 0};
    for (size_t i = 0; i < 6; i++) assert_int_equal(next(&p), expected[i]);
    close_place(&p);
}

static void test_held_back(void **arg) {
    (void)arg;
    place p;
    open_place(&p, 3);
    put(&p, 1, 0, "\x02\x01", 2); /* waits for 2:1, which is not here; then for 3:0 */
    put(&p, 2, 0, "", 0);
    start(&p, NULL);
    assert_int_equal(next(&p), 200);
    assert_int_equal(next(&p), 0);
    echo__awaits awaits[2];
    assert_int_equal(echo__merge_awaited(p.merge, awaits, 2), 1);
    assert_int_equal(awaits[0].feed.bytes[0], 1);
    assert_int_equal(awaits[0].awaited_feed.bytes[0], 2);
    assert_int_equal(awaits[0].awaited_seq, 1);
    put(&p, 2, 1, "\x03\x00", 2);
    scan(&p);
    assert_int_equal(next(&p), 0);
    assert_int_equal(echo__merge_awaited(p.merge, awaits, 2), 2);
    put(&p, 3, 0, "", 0);
    scan(&p);
    assert_int_equal(next(&p), 300);
    assert_int_equal(next(&p), 201);
    assert_int_equal(next(&p), 100);
    assert_int_equal(echo__merge_awaited(p.merge, awaits, 2), 0);
    close_place(&p);
}

static void test_starts_behind_the_clock(void **arg) {
    (void)arg;
    place p;
    open_place(&p, 2);
    for (uint64_t i = 0; i < 5; i++) put(&p, 1, i, "", 0);
    put(&p, 2, 0, "", 0);
    echo_key key = key_of(1);
    assert_int_equal(echo_timeframe_set(p.clock, &key, 2), ECHO_OK);
    start(&p, NULL);
    assert_int_equal(next(&p), 200);
    assert_int_equal(next(&p), 103);
    assert_int_equal(next(&p), 104);
    assert_int_equal(next(&p), 0);
    echo__merge_counts counts;
    echo__merge_counts_get(&counts, p.merge);
    assert_int_equal(counts.read, 3);
    close_place(&p);
}

static void test_until(void **arg) {
    (void)arg;
    place p;
    open_place(&p, 2);
    for (uint64_t i = 0; i < 5; i++) put(&p, 1, i, "", 0);
    put(&p, 2, 0, "", 0);
    echo_timeframe *until;
    echo_key key = key_of(1);
    assert_int_equal(echo_timeframe_new(&until), ECHO_OK);
    assert_int_equal(echo_timeframe_set(until, &key, 1), ECHO_OK);
    start(&p, until);
    assert_int_equal(next(&p), 100);
    assert_int_equal(next(&p), 101);
    assert_int_equal(next(&p), 0);
    echo__merge_counts counts;
    echo__merge_counts_get(&counts, p.merge);
    assert_int_equal(counts.read, 2);
    close_place(&p);
    echo_timeframe_free(until);
}

static void test_gap_and_growth(void **arg) {
    (void)arg;
    place p;
    open_place(&p, 1);
    put(&p, 1, 0, "", 0);
    put(&p, 1, 2, "", 0);
    start(&p, NULL);
    assert_int_equal(next(&p), 100);
    assert_int_equal(next(&p), 0);
    echo__awaits awaits[1];
    assert_int_equal(echo__merge_awaited(p.merge, awaits, 1), 1);
    assert_int_equal(awaits[0].awaited_feed.bytes[0], 1);
    assert_int_equal(awaits[0].awaited_seq, 1);
    put(&p, 1, 1, "", 0);
    scan(&p);
    assert_int_equal(next(&p), 101);
    assert_int_equal(next(&p), 102);
    echo_keypair keys = {key_of(9), {0}}; /* a feed that comes later */
    assert_int_equal(echo_feeds_memory_add(&p.feeds, &keys), ECHO_OK);
    put(&p, 9, 0, "", 0);
    scan(&p);
    assert_int_equal(next(&p), 900);
    close_place(&p);
}

static void test_undecodable_is_offered_as_such(void **arg) {
    (void)arg;
    place p;
    open_place(&p, 1);
    put(&p, 1, 0, "bad", 3);
    put(&p, 1, 1, "", 0);
    start(&p, NULL);
    const echo__merge_entry *entry;
    assert_int_equal(echo__merge_peek(&entry, p.merge, NULL), ECHO_OK);
    assert_int_equal(entry->decoded, ECHO_ERR_CORRUPT);
    assert_int_equal(entry->problem.code, ECHO_ERR_CORRUPT);
    assert_true(entry->problem.has_seq && entry->problem.seq == 0);
    assert_int_equal(next(&p), 100);
    assert_int_equal(next(&p), 101);
    close_place(&p);
}

static void test_outsiders(void **arg) {
    (void)arg;
    place p;
    open_place(&p, 2);
    p.outsider = 2;
    put(&p, 1, 0, "", 0);
    for (uint64_t i = 0; i < 3; i++) put(&p, 2, i, "", 0);
    start(&p, NULL);
    assert_int_equal(next(&p), 100);
    assert_int_equal(next(&p), 0);
    echo__merge_counts counts;
    echo__merge_counts_get(&counts, p.merge);
    assert_int_equal(counts.read, 2); /* of the outsider just the head */
    assert_int_equal(counts.outsiders, 1);
    assert_int_equal(counts.feeds, 1);
    p.accept = true;
    echo__merge_retrust(p.merge);
    assert_int_equal(next(&p), 200);
    p.accept = false;
    assert_int_equal(next(&p), 0);
    p.outsider = 0;
    echo__merge_retrust(p.merge);
    assert_int_equal(next(&p), 201);
    assert_int_equal(next(&p), 202);
    close_place(&p);
}

static void test_logical_time(void **arg) {
    (void)arg;
    echo_key own = key_of(1);
    uint64_t time;
    assert_true(echo__logical_time(&time, NULL, 0, &own, 4));
    assert_int_equal(time, 5);
    echo_frame few[] = {{key_of(1), 2}, {key_of(2), 9}, {key_of(2), 5}, {key_of(3), 0}};
    assert_true(echo__logical_time(&time, few, 4, &own, 4)); /* own position counts where it is higher; 2 counts once */
    assert_int_equal(time, 5 + 10 + 1);
    few[0].seq = 7;
    assert_true(echo__logical_time(&time, few, 4, &own, 4));
    assert_int_equal(time, 8 + 10 + 1);
    echo_frame many[40];
    for (size_t i = 0; i < 40; i++) many[i] = (echo_frame){key_of((uint8_t)(1 + i % 20)), i};
    assert_true(echo__logical_time(&time, many, 40, &own, 0));
    uint64_t sum = 0;
    for (uint64_t i = 20; i < 40; i++) sum += i + 1;
    assert_int_equal(time, sum);
    few[1].seq = UINT64_MAX - 1;
    assert_true(echo__logical_time(&time, few, 4, &own, 4));
    assert_true(time == UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_held_back),
        cmocka_unit_test(test_starts_behind_the_clock),
        cmocka_unit_test(test_until),
        cmocka_unit_test(test_gap_and_growth),
        cmocka_unit_test(test_undecodable_is_offered_as_such),
        cmocka_unit_test(test_outsiders),
        cmocka_unit_test(test_logical_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
