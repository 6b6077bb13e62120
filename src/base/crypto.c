#include "base/crypto.h"

#include <sodium.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

bool echo__crypto_init(void) { return sodium_init() >= 0; }

bool echo__crypto_ready(echo_error *err) {
    if (echo__crypto_init()) return true;
    echo__error(err, ECHO_ERR_IO, "the system's random source does not work");
    return false;
}

void echo__hash(echo_hash *out, const void *data, size_t len) {
    (void)crypto_generichash(out->bytes, sizeof out->bytes, data, len, NULL, 0);
}

void echo__hash_parts(echo_hash *out, const echo_bytes *parts, size_t n) {
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof out->bytes);
    for (size_t i = 0; i < n; i++) (void)crypto_generichash_update(&state, parts[i].data, parts[i].len);
    (void)crypto_generichash_final(&state, out->bytes, sizeof out->bytes);
}

bool echo__hash_equal(const echo_hash *a, const echo_hash *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int echo__key_compare(const echo_key *a, const echo_key *b) { return memcmp(a->bytes, b->bytes, sizeof a->bytes); }

bool echo__key_equal(const echo_key *a, const echo_key *b) { return echo__key_compare(a, b) == 0; }

void echo__wipe(void *data, size_t len) { sodium_memzero(data, len); }

void echo__sign(uint8_t signature[64], const void *data, size_t len, const echo_keypair *keys) {
    (void)crypto_sign_detached(signature, NULL, data, len, keys->secret);
}

bool echo__verify(const uint8_t signature[64], const void *data, size_t len, const echo_key *key) {
    return crypto_sign_verify_detached(signature, data, len, key->bytes) == 0;
}

static void print_hex(char *out, const uint8_t *bytes) {
    if (out == NULL) return;
    if (bytes == NULL)
        *out = '\0';
    else
        echo__hex_encode(out, bytes, 32);
}

void echo_key_hex(char out[ECHO_HEX_CHARS], const echo_key *key) { print_hex(out, key == NULL ? NULL : key->bytes); }

void echo_hash_hex(char out[ECHO_HEX_CHARS], const echo_hash *hash) {
    print_hex(out, hash == NULL ? NULL : hash->bytes);
}

static echo_status parse_hex(uint8_t *out, const char *hex) {
    if (out == NULL || hex == NULL || strnlen(hex, ECHO_HEX_CHARS) != ECHO_HEX_CHARS - 1) return ECHO_ERR_INVALID;
    return echo__hex_decode(out, hex, ECHO_HEX_CHARS - 1) ? ECHO_OK : ECHO_ERR_INVALID;
}

echo_status echo_key_parse(echo_key *out, const char *hex) { return parse_hex(out == NULL ? NULL : out->bytes, hex); }

echo_status echo_hash_parse(echo_hash *out, const char *hex) { return parse_hex(out == NULL ? NULL : out->bytes, hex); }

echo_status echo_keypair_new(echo_keypair *out) {
    if (out == NULL) return ECHO_ERR_INVALID;
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    return crypto_sign_keypair(out->public_key.bytes, out->secret) == 0 ? ECHO_OK : ECHO_ERR_IO;
}

echo_status echo_keypair_from_seed(echo_keypair *out, const uint8_t seed[32]) {
    if (out == NULL || seed == NULL) return ECHO_ERR_INVALID;
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    return crypto_sign_seed_keypair(out->public_key.bytes, out->secret, seed) == 0 ? ECHO_OK : ECHO_ERR_IO;
}
