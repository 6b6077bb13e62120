/*
 * Hashing and signing, through libsodium.
 */
#ifndef ECHO_BASE_CRYPTO_H
#define ECHO_BASE_CRYPTO_H

#include <echo/base.h>

/* Initialises libsodium (idempotent, thread-safe). false when the system has no random source. Each entry point that
 * opens calls it. */
bool echo__crypto_init(void);
/* The same; when it fails, `err` says so (ECHO_ERR_IO). */
bool echo__crypto_ready(echo_error *err);

/* BLAKE2b-256, unkeyed. */
void echo__hash(echo_hash *out, const void *data, size_t len);
/* Of several parts one after the other. */
void echo__hash_parts(echo_hash *out, const echo_bytes *parts, size_t n);
bool echo__hash_equal(const echo_hash *a, const echo_hash *b);
int echo__key_compare(const echo_key *a, const echo_key *b);
bool echo__key_equal(const echo_key *a, const echo_key *b);

/* Overwrites secrets. */
void echo__wipe(void *data, size_t len);

/* Ed25519 detached. */
void echo__sign(uint8_t signature[64], const void *data, size_t len, const echo_keypair *keys);
bool echo__verify(const uint8_t signature[64], const void *data, size_t len, const echo_key *key);

#endif
