/*
 * How often signatures are verified while a party is opened from its folder: each once, also those that are needed to
 * find the party. Stands before libsodium's function.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <echo/echo.h>

#include "base/crypto.h"
#include "support/folder.h"
#include "support/state.h"

#define CALLS_MAX 4096u

static echo_hash calls[CALLS_MAX]; /* key, signature and text of each call */
static size_t call_count, refusals;

int __real_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *text,
                                       unsigned long long len, const unsigned char *key);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *text,
                                       unsigned long long len, const unsigned char *key);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *text,
                                       unsigned long long len, const unsigned char *key) {
    echo_bytes parts[] = {{key, 32}, {signature, 64}, {text, (size_t)len}};
    assert_true(call_count < CALLS_MAX);
    echo__hash_parts(&calls[call_count++], parts, 3);
    int result = __real_crypto_sign_verify_detached(signature, text, len, key);
    refusals += result != 0;
    return result;
}

static void forget_calls(void) { call_count = refusals = 0; }

static void assert_each_once(void) {
    for (size_t i = 0; i < call_count; i++)
        for (size_t k = 0; k < i; k++)
            if (memcmp(&calls[i], &calls[k], sizeof calls[i]) == 0)
                fail_msg("call %zu of %zu verifies what call %zu did", i, call_count, k);
}

static echo_party *open_with(echo_party_options *options) {
    static echo_registry *models;
    static echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    if (models == NULL) models = registry_object();
    policy.manual = true;
    options->policy = &policy;
    options->models = models;
    forget_calls();
    return party_open(options);
}

static echo_party *open_folder(const char *dir, bool writable) {
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = dir;
    options.writable = writable;
    return open_with(&options);
}

static void take_snapshot(const char *dir) {
    echo_error err = ECHO_ERROR_INIT;
    echo_party *party = open_folder(dir, true);
    assert_ok(echo_party_snapshot(NULL, party, &err), &err);
    echo_party_free(party);
}

/* A party with one feed: the genesis and the manifest. The manifest names the feed's roots, so the own key signed them.
 */
static void test_own_party(void **state) {
    (void)state;
    char *dir = folder_new();
    echo_keypair party_keys, feed_keys;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_keypair_new(&party_keys), &err);
    assert_ok(echo_keypair_new(&feed_keys), &err);
    assert_ok(echo_party_create(dir, &party_keys, &feed_keys, NULL, NULL, &err), &err);
    take_snapshot(dir);
    for (unsigned writable = 0; writable < 2; writable++) {
        echo_party *party = open_folder(dir, writable);
        assert_int_equal(echo_party_report(party)->snapshot, 1);
        assert_each_once();
        assert_int_equal(call_count, 2);
        assert_int_equal(refusals, 0);
        echo_party_free(party);
    }
    folder_remove(dir);
}

#define WRITERS 12u

typedef struct company {
    char *dir;
    echo_keypair party, feeds[WRITERS];
} company;

static char *file_of(const company *c, size_t writer, const char *name) {
    char hex[ECHO_HEX_CHARS], path[96];
    echo_key_hex(hex, &c->feeds[writer].public_key);
    (void)snprintf(path, sizeof path, "feeds/%s/%s", hex, name);
    return folder_path(c->dir, path);
}

static echo_party *open_as(const company *c, size_t writer, echo_verify_level verify) {
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = c->dir;
    options.own_feed = &c->feeds[writer].public_key;
    options.verify = verify;
    return open_with(&options);
}

static void write_as(const company *c, size_t writer, const char *id) {
    echo_error err = ECHO_ERROR_INIT;
    echo_write write = {.id = id, .create = true, .model = ECHO_MODEL_OBJECT};
    echo_party *party = open_as(c, writer, ECHO_VERIFY_ROOT);
    assert_ok(echo_party_write(NULL, party, &write, 1, &err), &err);
    echo_party_free(party);
}

/* Feeds of several members, of which the first one's secret key is here. */
static void company_make(company *c) {
    echo_error err = ECHO_ERROR_INIT;
    memset(c, 0, sizeof *c);
    c->dir = folder_new();
    assert_ok(echo_keypair_new(&c->party), &err);
    for (size_t i = 0; i < WRITERS; i++) assert_ok(echo_keypair_new(&c->feeds[i]), &err);
    assert_ok(echo_party_create(c->dir, &c->party, &c->feeds[0], NULL, NULL, &err), &err);
    echo_party *party = open_as(c, 0, ECHO_VERIFY_ROOT);
    for (size_t i = 1; i < WRITERS; i++)
        assert_ok(echo_party_admit_feed(party, &c->feeds[i].public_key, &c->party, &err), &err);
    echo_party_free(party);
    char *feeds = folder_path(c->dir, "feeds");
    for (size_t i = 1; i < WRITERS; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "item/%zu", i);
        assert_ok(echo_feed_create(feeds, &c->feeds[i], &err), &err);
        write_as(c, i, id);
        char *secret = file_of(c, i, "secret_key");
        assert_int_equal(remove(secret), 0);
        free(secret);
    }
    free(feeds);
    party = open_as(c, 0, ECHO_VERIFY_ROOT);
    assert_ok(echo_party_snapshot(NULL, party, &err), &err);
    echo_party_free(party);
}

static size_t verified_by_opening(const company *c, echo_verify_level verify) {
    echo_party *party = open_as(c, 0, verify);
    assert_int_equal(echo_party_report(party)->snapshot, 1);
    assert_int_equal(echo_party_report(party)->damage_count, 0);
    assert_int_equal(echo_timeframe_size(echo_party_clock(party)), WRITERS);
    echo_party_free(party);
    assert_each_once();
    assert_int_equal(refusals, 0);
    return call_count;
}

/*
 * What the own key signed about others' feeds needs no signature of theirs: the credentials and the manifest are
 * verified. Where it is not the own key's word, or full verification is asked for, they are.
 */
static void test_feeds_of_others(void **state) {
    (void)state;
    const size_t few = WRITERS + 1;
    company c;
    company_make(&c);
    assert_int_equal(verified_by_opening(&c, ECHO_VERIFY_ROOT), few);
    assert_int_equal(verified_by_opening(&c, ECHO_VERIFY_FULL), few + WRITERS);

    char *secret = file_of(&c, 0, "secret_key"), *away = file_of(&c, 0, "away");
    assert_int_equal(rename(secret, away), 0);
    assert_int_equal(verified_by_opening(&c, ECHO_VERIFY_ROOT), few + WRITERS);
    assert_int_equal(rename(away, secret), 0);
    free(secret);
    free(away);

    write_as(&c, 0, "another"); /* what comes after the snapshot is verified */
    assert_int_equal(verified_by_opening(&c, ECHO_VERIFY_ROOT), few + 1);
    folder_remove(c.dir);
}

/* Parties of the original, with identities, key chains and feeds of others, with a snapshot and without. */
static void test_parties_of_the_original(void **state) {
    (void)state;
    static const char *const fixtures[] = {"a-echo-2.33.8-arrays/storage", "a-echo-2.6.17-single/storage",
                                           "b-echo-2.6.17-2peers/peer0"};
    for (unsigned i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        char *dir = folder_new(), *source = folder_path(TEST_FIXTURES, fixtures[i]);
        folder_copy(source, dir);
        for (unsigned round = 0; round < 2; round++) {
            echo_party *party = open_folder(dir, false);
            assert_each_once();
            assert_true(call_count > 2);
            echo_party_free(party);
            if (round == 0) take_snapshot(dir);
        }
        free(source);
        folder_remove(dir);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_own_party), cmocka_unit_test(test_feeds_of_others),
                                       cmocka_unit_test(test_parties_of_the_original)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
