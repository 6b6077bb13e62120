/*
 * Parties that were opened by folder hand out what they work with, and an exchange needs nothing but the party.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/folder.h"
#include "support/state.h"

typedef struct side {
    char *dir;
    echo_keypair feed;
    echo_party *party;
    echo_exchange *exchange;
    echo_peer *peer;
} side;

static echo_registry *models;

static void open_party(side *s) {
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = s->dir;
    options.models = models;
    options.relaxed = true;
    s->party = party_open(&options);
}

static void feed_path(char *out, size_t size, const side *s, const echo_key *feed, const char *rest) {
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, feed);
    (void)snprintf(out, size, "%s/feeds/%s%s", s->dir, hex, rest);
}

/* Alice has a party and admits Bob; Bob has a copy of her folder, without her secret key, and a feed of his own. */
static void begin(side sides[2], echo_keypair *party) {
    static const uint8_t seeds[3][32] = {{1}, {2}, {3}};
    char path[1000];
    echo_error err = ECHO_ERROR_INIT;
    memset(sides, 0, 2 * sizeof *sides);
    models = registry_object();
    assert_ok(echo_keypair_from_seed(party, seeds[2]), &err);
    for (int i = 0; i < 2; i++) {
        sides[i].dir = folder_new();
        assert_ok(echo_keypair_from_seed(&sides[i].feed, seeds[i]), &err);
    }
    assert_ok(echo_party_create(sides[0].dir, party, &sides[0].feed, NULL, NULL, &err), &err);
    open_party(&sides[0]);
    assert_ok(echo_party_admit_feed(sides[0].party, &sides[1].feed.public_key, party, &err), &err);
    party_write_tail(sides[0].party, ECHO_GENERATION_NEW, 30, 1);
    folder_copy(sides[0].dir, sides[1].dir);
    feed_path(path, sizeof path, &sides[1], &sides[0].feed.public_key, "/secret_key");
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/feeds", sides[1].dir);
    assert_ok(echo_feed_create(path, &sides[1].feed, &err), &err);
    open_party(&sides[1]);
}

static void end(side sides[2]) {
    for (int i = 0; i < 2; i++) {
        echo_exchange_free(sides[i].exchange);
        echo_party_free(sides[i].party);
        folder_remove(sides[i].dir);
    }
    echo_registry_free(models);
}

static void carry(side *from, side *to) {
    echo_error err = ECHO_ERROR_INIT;
    for (echo_bytes bytes; (bytes = echo_peer_pending(from->peer)).len > 0;) {
        size_t len = bytes.len;
        uint8_t *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, bytes.data, len);
        echo_peer_sent(from->peer, len);
        assert_ok(echo_peer_receive(to->peer, (echo_bytes){copy, len}, &err), &err);
        free(copy);
    }
}

/* Until neither side has anything to do. */
static void exchange(side sides[2]) {
    echo_error err = ECHO_ERROR_INIT;
    uint64_t now = 1;
    for (int i = 0; i < 2; i++) {
        echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
        echo_peer_options how = ECHO_PEER_OPTIONS_INIT;
        options.opened = sides[i].party;
        assert_ok(echo_exchange_new(&sides[i].exchange, &options, &err), &err);
        how.initiator = i == 0;
        assert_ok(echo_peer_open(&sides[i].peer, sides[i].exchange, &how, &err), &err);
        assert_ok(echo_exchange_start(sides[i].exchange, &err), &err);
    }
    for (int turn = 0; turn < 400; turn++, now += 10000000)
        for (int i = 0; i < 2; i++) {
            assert_ok(echo_exchange_step(sides[i].exchange, now, &err), &err);
            carry(&sides[i], &sides[1 - i]);
            assert_ok(echo_party_poll(NULL, sides[i].party, UINT64_MAX, &err), &err);
        }
}

static void test_opened_alone(void **state) {
    (void)state;
    side sides[2];
    echo_keypair party;
    begin(sides, &party);
    party_write_tail(sides[0].party, ECHO_GENERATION_NEW, 200, 2);
    party_write_tail(sides[1].party, ECHO_GENERATION_NEW, 100, 3);
    exchange(sides);
    char *alice = state_of(sides[0].party), *bob = state_of(sides[1].party);
    assert_state_equal(bob, alice);
    assert_int_equal(echo_timeframe_compare(echo_party_clock(sides[0].party), echo_party_clock(sides[1].party)),
                     ECHO_ORDER_EQUAL);
    assert_int_equal(echo_timeframe_size(echo_party_clock(sides[0].party)), 2); /* both wrote */
    free(alice);
    free(bob);
    end(sides);
}

static void test_handed_out(void **state) {
    (void)state;
    side sides[2];
    echo_keypair party, keys;
    echo_store twin;
    echo_feed_info info;
    echo_error err = ECHO_ERROR_INIT;
    begin(sides, &party);
    for (int i = 0; i < 2; i++) {
        const echo_party *p = sides[i].party;
        assert_memory_equal(echo_party_own_feed(p), &sides[i].feed.public_key, sizeof(echo_key));
        assert_ok(echo_party_own_keypair(&keys, p, &err), &err);
        assert_memory_equal(&keys, &sides[i].feed, sizeof keys);
        assert_ok(echo_feeds_info(&info, echo_party_feeds(p), echo_party_own_feed(p), &err), &err);
        assert_true(info.writable);
        assert_ok(echo_store_reopen(&twin, echo_party_store(p), &err), &err);
        echo_store_close(&twin);
    }
    assert_null(echo_party_feeds(NULL));
    assert_null(echo_party_store(NULL));
    assert_null(echo_party_own_feed(NULL));
    assert_int_equal(echo_party_own_keypair(&keys, NULL, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_party_own_keypair(NULL, sides[0].party, &err), ECHO_ERR_INVALID);
    end(sides);
}

/* Without an own feed there are no keys; without a store there is no exchange. */
static void test_without(void **state) {
    (void)state;
    side sides[2];
    echo_keypair party, keys;
    echo_error err = ECHO_ERROR_INIT;
    echo_party *reader;
    begin(sides, &party);
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.party = &party.public_key;
    options.feeds = echo_party_feeds(sides[1].party);
    options.own_feed = &sides[0].feed.public_key; /* whose secret key is not in the folder */
    options.models = models;
    assert_ok(echo_party_restore(&reader, &options, &err), &err);
    assert_int_equal(echo_party_own_keypair(&keys, reader, &err), ECHO_ERR_READONLY);
    assert_int_equal(err.code, ECHO_ERR_READONLY);
    assert_null(echo_party_store(reader));
    echo_exchange_options how = ECHO_EXCHANGE_OPTIONS_INIT;
    echo_exchange *x;
    how.opened = reader;
    assert_int_equal(echo_exchange_new(&x, &how, &err), ECHO_ERR_INVALID);
    assert_null(x);
    assert_string_equal(err.message, "the party has no store");
    echo_party_free(reader);
    end(sides);
}

/* A table is checked wherever it enters. */
static void test_tables(void **state) {
    (void)state;
    side sides[2];
    echo_keypair party;
    echo_error err = ECHO_ERROR_INIT;
    echo_exchange *x;
    begin(sides, &party);
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.opened = sides[0].party;
    echo_store no_store = ECHO_STORE_INIT;
    echo_feeds no_feeds = ECHO_FEEDS_INIT;
    echo_codec no_codec = {NULL, NULL};
    options.store = &no_store;
    assert_int_equal(echo_exchange_new(&x, &options, &err), ECHO_ERR_INVALID);
    options.store = NULL;
    options.feeds = &no_feeds;
    assert_int_equal(echo_exchange_new(&x, &options, &err), ECHO_ERR_INVALID);
    options.feeds = NULL;
    options.codec = &no_codec;
    assert_int_equal(echo_exchange_new(&x, &options, &err), ECHO_ERR_INVALID);
    options.codec = NULL;
    options.version = 2;
    assert_int_equal(echo_exchange_new(&x, &options, &err), ECHO_ERR_VERSION);
    echo_party *p;
    echo_party_options with = ECHO_PARTY_OPTIONS_INIT;
    with.dir = sides[0].dir;
    with.models = models;
    with.codec = &no_codec;
    assert_int_equal(echo_party_restore(&p, &with, &err), ECHO_ERR_INVALID);
    with.codec = NULL;
    with.feeds = &no_feeds;
    assert_int_equal(echo_party_restore(&p, &with, &err), ECHO_ERR_INVALID);
    with.feeds = NULL;
    with.store = &no_store;
    assert_int_equal(echo_party_restore(&p, &with, &err), ECHO_ERR_INVALID);
    end(sides);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened_alone),
        cmocka_unit_test(test_handed_out),
        cmocka_unit_test(test_without),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
