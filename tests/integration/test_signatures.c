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

static echo_party *open_folder(const char *dir, bool writable) {
    static echo_registry *models;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    static echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    if (models == NULL) models = registry_object();
    policy.manual = true;
    options.policy = &policy;
    options.dir = dir;
    options.models = models;
    options.writable = writable;
    forget_calls();
    return party_open(&options);
}

static void take_snapshot(const char *dir) {
    echo_error err = ECHO_ERROR_INIT;
    echo_party *party = open_folder(dir, true);
    assert_ok(echo_party_snapshot(NULL, party, &err), &err);
    echo_party_free(party);
}

/* A party with one feed: its signature, the genesis and the manifest. */
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
        assert_int_equal(call_count, 3);
        assert_int_equal(refusals, 0);
        echo_party_free(party);
    }
    folder_remove(dir);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_own_party),
                                       cmocka_unit_test(test_parties_of_the_original)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
