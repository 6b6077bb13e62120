

#include "support/test.h"

#include "exchange/handshake.h"
#include "exchange_support.h"

#define VECTOR_HELLO                                                                                                   \
    "1e055d00e3c219cfc776a15b81ba2952e245418a310c69bf90074b0a1786ece7263517188c716370e9d5fc35b6e71f06f391947fdba9c978" \
    "64"                                                                                                               \
    "1384ccbf0fdaaa934cb93b5e9e5a1c22638b3849f639a20076e0552e30a6124263c9402b71d3f70d22af3f8438e634275f4e64aad295db93" \
    "f2"
#define VECTOR_STREAM "8dffa98ec9051fbc7291b0e30b6b1de485b48eda5cf12928b10cc5996bbee8a4"

/* Two that met. */
static void meet(echo__handshake *i, echo__handshake *r) {
    echo__handshake_start(i, ECHO__INITIATOR);
    echo__handshake_start(r, ECHO__RESPONDER);
    assert_true(echo__handshake_meet(i, r->ephemeral[ECHO__RESPONDER]));
    assert_true(echo__handshake_meet(r, i->ephemeral[ECHO__INITIATOR]));
}

static void test_hello(void **state) {
    (void)state;
    echo__handshake i, r;
    echo__hello hello;
    echo_keypair keys = key_pair(1), other = key_pair(2);
    echo_key party = key_pair(3).public_key, another = key_pair(4).public_key;
    uint8_t bytes[ECHO__HELLO_BYTES];
    meet(&i, &r);
    assert_true(sodium_is_zero(i.secret, sizeof i.secret));
    echo__handshake_say(bytes, &i, &party, &keys);
    assert_true(echo__handshake_hear(&hello, &r, &party, bytes));
    assert_int_equal(hello.major, 1);
    assert_int_equal(hello.minor, 0);
    assert_memory_equal(&hello.member, &keys.public_key, 32);
    assert_true(echo__handshake_proves(&r, &party, &hello, &other.public_key));
    assert_false(echo__handshake_proves(&r, &another, &hello, &other.public_key));
    assert_false(echo__handshake_proves(&r, &party, NULL, &other.public_key));
    assert_false(echo__handshake_hear(&hello, &r, &another, bytes));
    assert_false(echo__handshake_hear(&hello, &i, &party, bytes)); /* one's own */
    for (size_t n = 0; n < sizeof bytes * 8; n++) {
        bytes[n / 8] ^= (uint8_t)(1u << n % 8);
        assert_false(echo__handshake_hear(&hello, &r, &party, bytes));
        bytes[n / 8] ^= (uint8_t)(1u << n % 8);
    }
    hello.member = other.public_key;
    assert_false(echo__handshake_proves(&r, &party, &hello, &other.public_key));
    echo__handshake_wipe(&i);
    assert_true(sodium_is_zero((const uint8_t *)&i, sizeof i));
}

/* Each key is another one: by role, party, members and connection. */
static void test_stream_keys(void **state) {
    (void)state;
    echo__handshake i, r, i2, r2;
    echo_key party = key_pair(3).public_key, another = key_pair(4).public_key;
    echo_key members[2] = {key_pair(1).public_key, key_pair(2).public_key}, swapped[2] = {members[1], members[0]};
    uint8_t keys[6][ECHO__STREAM_KEY_BYTES];
    meet(&i, &r);
    meet(&i2, &r2);
    echo__handshake_stream_key(keys[0], &i, ECHO__INITIATOR, &party, members);
    echo__handshake_stream_key(keys[1], &r, ECHO__INITIATOR, &party, members);
    assert_memory_equal(keys[0], keys[1], sizeof keys[0]);
    echo__handshake_stream_key(keys[1], &r, ECHO__RESPONDER, &party, members);
    echo__handshake_stream_key(keys[2], &r, ECHO__INITIATOR, &another, members);
    echo__handshake_stream_key(keys[3], &r, ECHO__INITIATOR, &party, swapped);
    echo__handshake_stream_key(keys[4], &r2, ECHO__INITIATOR, &party, members);
    memcpy(keys[5], i.shared, sizeof i.shared);
    for (int a = 0; a < 6; a++) {
        for (int b = 0; b < a; b++) assert_memory_not_equal(keys[a], keys[b], sizeof keys[a]);
    }
}

/* The numbers of docs/EXCHANGE.md, so that they stay what they are. */
static void test_vector(void **state) {
    (void)state;
    echo__handshake i = {.role = ECHO__INITIATOR}, r = {.role = ECHO__RESPONDER};
    echo_keypair keys = key_pair(1);
    echo_key party = {{0}}, members[2] = {keys.public_key, key_pair(2).public_key};
    uint8_t hello[ECHO__HELLO_BYTES], stream[32];
    char hex[2 * ECHO__HELLO_BYTES + 1];
    memset(i.secret, 1, 32);
    memset(r.secret, 2, 32);
    memset(party.bytes, 3, 32);
    (void)crypto_scalarmult_base(i.ephemeral[0], i.secret);
    (void)crypto_scalarmult_base(r.ephemeral[1], r.secret);
    assert_true(echo__handshake_meet(&i, r.ephemeral[1]));
    echo__handshake_say(hello, &i, &party, &keys);
    echo__hex_encode(hex, hello, sizeof hello);
    assert_string_equal(hex, VECTOR_HELLO);
    echo__handshake_stream_key(stream, &i, ECHO__INITIATOR, &party, members);
    echo__hex_encode(hex, stream, sizeof stream);
    assert_string_equal(hex, VECTOR_STREAM);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hello), cmocka_unit_test(test_stream_keys),
                                       cmocka_unit_test(test_vector)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
