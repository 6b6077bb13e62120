/* Hashes as b2sum prints them, signatures as RFC 8032 has them, keys and hashes as text. */
#include "support/test.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"

static void hash_is(const echo_hash *hash, const char *expected) {
    char hex[ECHO_HEX_CHARS];
    echo_hash_hex(hex, hash);
    assert_string_equal(hex, expected);
}

#define B2_EMPTY "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"
#define B2_ABC "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"

static void hashing(void **state) {
    (void)state;
    echo_hash hash, parts;
    echo__hash(&hash, "", 0);
    hash_is(&hash, B2_EMPTY);
    echo__hash(&hash, NULL, 0);
    hash_is(&hash, B2_EMPTY);
    echo__hash(&hash, "abc", 3);
    hash_is(&hash, B2_ABC);
    echo_bytes run[] = {echo__bytes("a", 1), echo__bytes(NULL, 0), echo__bytes("bc", 2)};
    echo__hash_parts(&parts, run, 3);
    hash_is(&parts, B2_ABC);
    assert_true(echo__hash_equal(&hash, &parts));
    echo__hash_parts(&parts, NULL, 0);
    hash_is(&parts, B2_EMPTY);
    for (size_t i = 0; i < ECHO_HASH_BYTES; i++) {
        parts = hash;
        parts.bytes[i] ^= 1;
        assert_false(echo__hash_equal(&hash, &parts));
    }
}

static void key_text(void **state) {
    (void)state;
    static const char *hex = "0123456789abcdef00112233445566778899aabbccddeeff0123456789ABCDEF";
    echo_key key = {{0}}, untouched;
    echo_hash hash;
    char back[ECHO_HEX_CHARS];
    assert_int_equal(echo_key_parse(&key, hex), ECHO_OK);
    assert_int_equal(key.bytes[0], 0x01);
    assert_int_equal(key.bytes[31], 0xef);
    echo_key_hex(back, &key);
    assert_string_equal(back, "0123456789abcdef00112233445566778899aabbccddeeff0123456789abcdef");
    assert_int_equal(echo_hash_parse(&hash, hex), ECHO_OK);
    assert_memory_equal(hash.bytes, key.bytes, 32);
    untouched = key;
    char text[80];
    strcpy(text, hex);
    for (size_t i = 0; i < 64; i++) {
        text[i] = 'g';
        assert_int_equal(echo_key_parse(&key, text), ECHO_ERR_INVALID);
        text[i] = hex[i];
    }
    text[63] = '\0';
    assert_int_equal(echo_key_parse(&key, text), ECHO_ERR_INVALID);
    strcpy(text + 63, "00");
    assert_int_equal(echo_key_parse(&key, text), ECHO_ERR_INVALID);
    assert_int_equal(echo_key_parse(&key, ""), ECHO_ERR_INVALID);
    assert_int_equal(echo_key_parse(&key, NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo_hash_parse(&hash, "00"), ECHO_ERR_INVALID);
    assert_memory_equal(&key, &untouched, sizeof key); /* out parameters are untouched on error */
}

static void comparing(void **state) {
    (void)state;
    echo_key low = {{0}}, high = {{0}};
    for (size_t i = 0; i < ECHO_KEY_BYTES; i++) {
        high = low;
        high.bytes[i] = 0x80; /* bytes are unsigned */
        assert_true(echo__key_compare(&low, &high) < 0 && echo__key_compare(&high, &low) > 0);
        assert_false(echo__key_equal(&low, &high));
        assert_true(echo__key_equal(&high, &high) && echo__key_compare(&high, &high) == 0);
    }
}

static void unhex(uint8_t *out, const char *hex) { assert_true(echo__hex_decode(out, hex, strlen(hex))); }

/* RFC 8032, section 7.1, tests 1 and 3. */
static void rfc8032(void **state) {
    (void)state;
    static const struct {
        const char *seed, *public_key, *message, *signature;
    } cases[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bb"
         "e24655141438"
         "e7a100b"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed"
         "28dc027becee"
         "a1ec40a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        echo_keypair keys;
        uint8_t seed[32], message[8], signature[64], expected[64];
        size_t len = strlen(cases[i].message) / 2;
        unhex(seed, cases[i].seed);
        unhex(message, cases[i].message);
        unhex(expected, cases[i].signature);
        assert_int_equal(echo_keypair_from_seed(&keys, seed), ECHO_OK);
        char hex[ECHO_HEX_CHARS];
        echo_key_hex(hex, &keys.public_key);
        assert_string_equal(hex, cases[i].public_key);
        assert_memory_equal(keys.secret, seed, 32); /* seed || public key */
        assert_memory_equal(keys.secret + 32, keys.public_key.bytes, 32);
        echo__sign(signature, message, len, &keys);
        assert_memory_equal(signature, expected, 64);
        assert_true(echo__verify(signature, message, len, &keys.public_key));
    }
}

static void changed_signatures(void **state) {
    (void)state;
    echo_keypair keys, others;
    uint8_t signature[64], message[20] = "what was signed";
    assert_int_equal(echo_keypair_new(&keys), ECHO_OK);
    assert_int_equal(echo_keypair_new(&others), ECHO_OK);
    assert_false(echo__key_equal(&keys.public_key, &others.public_key));
    echo__sign(signature, message, sizeof message, &keys);
    assert_true(echo__verify(signature, message, sizeof message, &keys.public_key));
    assert_false(echo__verify(signature, message, sizeof message, &others.public_key));
    assert_false(echo__verify(signature, message, sizeof message - 1, &keys.public_key));
    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 0x10;
        assert_false(echo__verify(signature, message, sizeof message, &keys.public_key));
        signature[i] ^= 0x10;
    }
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] ^= 1;
        assert_false(echo__verify(signature, message, sizeof message, &keys.public_key));
        message[i] ^= 1;
    }
    echo_key zero = {{0}};
    assert_false(echo__verify(signature, message, sizeof message, &zero));
}

static void init_is_idempotent(void **state) {
    (void)state;
    assert_true(echo__crypto_init());
    assert_true(echo__crypto_init());
}

static void null_is_refused(void **state) {
    (void)state;
    echo_key key;
    echo_hash hash;
    echo_keypair keys;
    char text[ECHO_HEX_CHARS] = "x";
    assert_int_equal(echo_key_parse(NULL, text), ECHO_ERR_INVALID);
    assert_int_equal(echo_key_parse(&key, NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo_hash_parse(NULL, text), ECHO_ERR_INVALID);
    assert_int_equal(echo_hash_parse(&hash, NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo_keypair_new(NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo_keypair_from_seed(NULL, key.bytes), ECHO_ERR_INVALID);
    assert_int_equal(echo_keypair_from_seed(&keys, NULL), ECHO_ERR_INVALID);
    echo_key_hex(NULL, &key);
    echo_key_hex(text, NULL);
    assert_string_equal(text, "");
    text[0] = 'x';
    echo_hash_hex(text, NULL);
    assert_string_equal(text, "");
    echo_hash_hex(NULL, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_is_idempotent), cmocka_unit_test(hashing), cmocka_unit_test(key_text),
        cmocka_unit_test(comparing),          cmocka_unit_test(rfc8032), cmocka_unit_test(changed_signatures),
        cmocka_unit_test(null_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
