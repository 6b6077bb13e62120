/* Feeds in memory. */
#include "support/test.h"

#include "feed/memory.h"

#include <stdlib.h>
#include <string.h>

#include "echo/timeframe.h"
#include "support/fault.h"

#define assert_status(call, expected) assert_string_equal(echo_status_name(call), echo_status_name(expected))

static void make_keys(echo_keypair *keys, uint8_t seed) {
    uint8_t bytes[32] = {seed};
    assert_int_equal(echo_keypair_from_seed(keys, bytes), ECHO_OK);
}

static echo_bytes text(const char *s) { return (echo_bytes){(const uint8_t *)s, strlen(s)}; }

typedef struct log {
    uint64_t next;
    char said[256];
} log;

static echo_status say(void *arg, uint64_t seq, echo_bytes block) {
    log *l = arg;
    assert_int_equal(seq, l->next++);
    strncat(l->said, (const char *)block.data, block.len);
    strcat(l->said, ",");
    return ECHO_OK;
}

static void appends_and_reads(void **state) {
    (void)state;
    echo_feeds feeds;
    echo_keypair keys, copy;
    echo_feed_info info;
    void *feed;
    uint64_t first = 9;
    make_keys(&keys, 1);
    assert_int_equal(echo_feeds_new_memory(&feeds), ECHO_OK);
    assert_status(feeds.ops->open(&feed, feeds.ctx, &keys.public_key, NULL), ECHO_ERR_NOT_FOUND);
    assert_null(feed);
    assert_int_equal(echo_feeds_memory_add(&feeds, &keys), ECHO_OK);
    assert_status(echo_feeds_memory_add(&feeds, &keys), ECHO_ERR_EXISTS);
    assert_int_equal(feeds.ops->open(&feed, feeds.ctx, &keys.public_key, NULL), ECHO_OK);
    assert_int_equal(feeds.ops->info(&info, feeds.ctx, feed, NULL), ECHO_OK);
    assert_true(info.length == 0 && info.verified == 0 && info.writable);
    const echo_bytes blocks[] = {text("a"), text(""), text("ccc")};
    assert_int_equal(feeds.ops->append(&first, feeds.ctx, feed, blocks, 3, NULL), ECHO_OK);
    assert_int_equal(first, 0);
    assert_int_equal(feeds.ops->append(&first, feeds.ctx, feed, blocks, 1, NULL), ECHO_OK);
    assert_int_equal(first, 3);
    assert_int_equal(feeds.ops->append(&first, feeds.ctx, feed, NULL, 0, NULL), ECHO_OK);
    assert_int_equal(first, 4);
    assert_int_equal(feeds.ops->info(&info, feeds.ctx, feed, NULL), ECHO_OK);
    assert_true(info.length == 4 && info.verified == 4);
    log l = {1, ""};
    assert_int_equal(feeds.ops->read(feeds.ctx, feed, 1, 4, say, &l, NULL), ECHO_OK);
    assert_string_equal(l.said, ",ccc,a,");
    assert_int_equal(echo__memory_count(feed)->blocks, 3);
    assert_int_equal(echo__memory_count(feed)->lowest, 1);
    assert_int_equal(echo__memory_count(feed)->bytes, 4);
    assert_int_equal(feeds.ops->read(feeds.ctx, feed, 4, 4, say, &l, NULL), ECHO_OK);
    assert_status(feeds.ops->read(feeds.ctx, feed, 2, 1, say, &l, NULL), ECHO_ERR_INVALID);
    assert_int_equal(feeds.ops->keypair(&copy, feeds.ctx, feed), ECHO_OK);
    assert_memory_equal(&copy, &keys, sizeof keys);
    assert_int_equal(feeds.ops->sync(feeds.ctx, feed, NULL), ECHO_OK);

    uint8_t *much = calloc(1, 8388609);
    echo_error err = ECHO_ERROR_INIT;
    const echo_bytes large = {much, 8388609};
    assert_status(feeds.ops->append(&first, feeds.ctx, feed, &large, 1, &err), ECHO_ERR_LIMIT);
    free(much);
    feeds.ops->close(feeds.ctx, feed);
    echo_feeds_close(&feeds);
    assert_null(feeds.ops);
}

static void blocks_put_in_any_order(void **state) {
    (void)state;
    echo_feeds feeds;
    echo_keypair keys;
    echo_feed_info info;
    void *feed;
    uint64_t first;
    echo_error err = ECHO_ERROR_INIT;
    make_keys(&keys, 2);
    memset(keys.secret, 0, sizeof keys.secret);
    assert_int_equal(echo_feeds_new_memory(&feeds), ECHO_OK);
    assert_status(echo_feeds_memory_put(&feeds, &keys.public_key, 0, text("x")), ECHO_ERR_NOT_FOUND);
    assert_int_equal(echo_feeds_memory_add(&feeds, &keys), ECHO_OK);
    assert_int_equal(feeds.ops->open(&feed, feeds.ctx, &keys.public_key, NULL), ECHO_OK);
    static const uint64_t order[] = {5, 3, 9, 4, 1000000000, 8};
    static const char *const names[] = {"5", "3", "9", "4", "far", "8"};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(echo_feeds_memory_put(&feeds, &keys.public_key, order[i], text(names[i])), ECHO_OK);
    assert_int_equal(feeds.ops->info(&info, feeds.ctx, feed, NULL), ECHO_OK);
    assert_true(info.length == 1000000001 && info.verified == info.length && !info.writable);
    for (uint64_t seq = 0; seq < 12; seq++)
        assert_int_equal(feeds.ops->has(feeds.ctx, feed, seq), (seq >= 3 && seq <= 5) || seq == 8 || seq == 9);
    log l = {3, ""};
    assert_status(feeds.ops->read(feeds.ctx, feed, 3, 10, say, &l, &err), ECHO_ERR_GAP);
    assert_string_equal(l.said, "3,4,5,");
    assert_true(err.has_seq && err.seq == 6 && err.has_feed);
    assert_memory_equal(err.feed.bytes, keys.public_key.bytes, 32);
    l = (log){8, ""};
    assert_int_equal(feeds.ops->read(feeds.ctx, feed, 8, 10, say, &l, &err), ECHO_OK);
    assert_string_equal(l.said, "8,9,");

    /* The same again is nothing new; something else is refused. */
    assert_int_equal(echo_feeds_memory_put(&feeds, &keys.public_key, 5, text("5")), ECHO_OK);
    assert_status(echo_feeds_memory_put(&feeds, &keys.public_key, 5, text("6")), ECHO_ERR_EXISTS);
    assert_status(echo_feeds_memory_put(&feeds, &keys.public_key, 5, text("55")), ECHO_ERR_EXISTS);
    assert_status(echo_feeds_memory_put(&feeds, &keys.public_key, ECHO_SEQ_MAX + 1, text("")), ECHO_ERR_LIMIT);
    const echo_bytes block = text("x");
    assert_status(feeds.ops->append(&first, feeds.ctx, feed, &block, 1, NULL), ECHO_ERR_READONLY);
    assert_status(feeds.ops->keypair(&keys, feeds.ctx, feed), ECHO_ERR_READONLY);
    echo_feeds_close(&feeds);
}

typedef struct listing {
    size_t count;
    echo_key keys[32];
} listing;

static echo_status add_key(void *arg, const echo_key *key) {
    listing *l = arg;
    l->keys[l->count++] = *key;
    return l->count == 30 ? ECHO_ERR_REFUSED : ECHO_OK;
}

static void lists_in_order(void **state) {
    (void)state;
    echo_feeds feeds;
    listing l = {0};
    assert_int_equal(echo_feeds_new_memory(&feeds), ECHO_OK);
    assert_int_equal(feeds.ops->list(feeds.ctx, add_key, &l, NULL), ECHO_OK);
    assert_int_equal(l.count, 0);
    for (uint8_t i = 0; i < 20; i++) {
        echo_keypair keys;
        make_keys(&keys, i);
        assert_int_equal(echo_feeds_memory_add(&feeds, &keys), ECHO_OK);
    }
    assert_int_equal(feeds.ops->list(feeds.ctx, add_key, &l, NULL), ECHO_OK);
    assert_int_equal(l.count, 20);
    for (size_t i = 1; i < 20; i++) assert_true(memcmp(l.keys[i - 1].bytes, l.keys[i].bytes, 32) < 0);
    assert_status(feeds.ops->list(feeds.ctx, add_key, &l, NULL), ECHO_ERR_REFUSED);
    assert_int_equal(l.count, 30);
    echo_feeds_close(&feeds);
}

typedef struct writer {
    echo_feeds *feeds;
    void *feed;
    const echo_key *key;
    uint64_t read;
} writer;

/* Blocks put before and behind while reading. */
static echo_status write_more(void *arg, uint64_t seq, echo_bytes block) {
    writer *w = arg;
    uint64_t first;
    const echo_bytes more = text("more");
    assert_int_equal(seq, 10 + w->read);
    assert_true(block.len == 4);
    w->read++;
    assert_int_equal(echo_feeds_memory_put(w->feeds, w->key, 9 - w->read, more), ECHO_OK);
    assert_int_equal(w->feeds->ops->append(&first, w->feeds->ctx, w->feed, &more, 1, NULL), ECHO_OK);
    return ECHO_OK;
}

static void the_callback_may_write(void **state) {
    (void)state;
    echo_feeds feeds;
    echo_keypair keys;
    writer w = {&feeds, NULL, &keys.public_key, 0};
    make_keys(&keys, 3);
    assert_int_equal(echo_feeds_new_memory(&feeds), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&feeds, &keys), ECHO_OK);
    assert_int_equal(echo_feeds_memory_put(&feeds, &keys.public_key, 10, text("more")), ECHO_OK);
    assert_int_equal(feeds.ops->open(&w.feed, feeds.ctx, &keys.public_key, NULL), ECHO_OK);
    assert_int_equal(feeds.ops->read(feeds.ctx, w.feed, 10, 18, write_more, &w, NULL), ECHO_OK);
    assert_int_equal(w.read, 8);
    echo_feeds_close(&feeds);
}

static void memory_runs_out(void **state) {
    (void)state;
    echo_keypair keys;
    make_keys(&keys, 4);
    for (long nth = 1;; nth++) {
        echo_feeds feeds = {NULL, NULL};
        void *feed = NULL;
        uint64_t first = 77;
        const echo_bytes blocks[] = {text("a"), text("b"), text("c")};
        listing l = {0};
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo_feeds_new_memory(&feeds);
        if (status == ECHO_OK) status = echo_feeds_memory_add(&feeds, &keys);
        if (status == ECHO_OK) status = feeds.ops->open(&feed, feeds.ctx, &keys.public_key, NULL);
        if (status == ECHO_OK) status = echo_feeds_memory_put(&feeds, &keys.public_key, 4, text("put"));
        if (status == ECHO_OK) status = feeds.ops->append(&first, feeds.ctx, feed, blocks, 3, NULL);
        if (status == ECHO_OK) status = feeds.ops->list(feeds.ctx, add_key, &l, NULL);
        bool failed = fault_off();
        assert_status(status, failed ? ECHO_ERR_NOMEM : ECHO_OK);
        if (feed != NULL && first == 77) {
            echo_feed_info info;
            assert_int_equal(feeds.ops->info(&info, feeds.ctx, feed, NULL), ECHO_OK);
            assert_true(info.length == 0 || info.length == 5);
        }
        echo_feeds_close(&feeds);
        assert_int_equal(fault_blocks(), before);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_and_reads), cmocka_unit_test(blocks_put_in_any_order),
        cmocka_unit_test(lists_in_order),    cmocka_unit_test(the_callback_may_write),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
