/*
 * A peer made by hand after docs/EXCHANGE.md, with libsodium and zstd alone: it can say what the library's never says.
 */
#ifndef TESTS_UNIT_EXCHANGE_SUPPORT_H
#define TESTS_UNIT_EXCHANGE_SUPPORT_H

#include <sodium.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/buf.h"

#define HAND_HELLO 114u
#define HAND_HEADER 24u

typedef struct hand {
    uint8_t role; /* 0: initiator */
    uint8_t secret[32], ephemeral[2][32], shared[32];
    crypto_secretstream_xchacha20poly1305_state push, pull;
} hand;

static inline echo_keypair key_pair(uint8_t n) {
    echo_keypair keys;
    uint8_t seed[32] = {n};
    if (echo_keypair_from_seed(&keys, seed) != ECHO_OK) abort();
    return keys;
}

static inline void hand_start(hand *h, uint8_t role) {
    memset(h, 0, sizeof *h);
    h->role = role;
    randombytes_buf(h->secret, sizeof h->secret);
    (void)crypto_scalarmult_base(h->ephemeral[role], h->secret);
}

static inline void hand_meet(hand *h, const uint8_t theirs[32]) {
    memcpy(h->ephemeral[1 - h->role], theirs, 32);
    if (crypto_scalarmult(h->shared, h->secret, theirs) != 0) abort();
}

static inline void hand_key(uint8_t out[32], const hand *h, const char *text, uint8_t role, const echo_key *party,
                            const echo_key *members) {
    echo__buf in = ECHO__BUF_INIT;
    echo__buf_append(&in, text, strlen(text) + 1);
    echo__buf_byte(&in, role);
    echo__buf_append(&in, h->ephemeral, 64);
    echo__buf_append(&in, party, 32);
    if (members != NULL) echo__buf_append(&in, members, 64);
    (void)crypto_generichash(out, 32, in.data, in.len, h->shared, 32);
    echo__buf_free(&in);
}

typedef struct hand_claim {
    echo_key party;
    echo_key member;
    const echo_keypair *signer;
    uint8_t major;
    uint8_t signed_role;
    const uint8_t (*signed_ephemeral)[32];
    echo_key signed_party;
    const uint8_t *signature; /* instead of one of our own */
} hand_claim;

static inline hand_claim hand_honest(const hand *h, const echo_key *party, const echo_keypair *keys) {
    hand_claim claim = {*party, keys->public_key, keys, 1, h->role, h->ephemeral, *party, NULL};
    return claim;
}

static inline void hand_hello(uint8_t out[HAND_HELLO], const hand *h, const hand_claim *claim) {
    uint8_t plain[98] = {claim->major, 0}, text[17 + 1 + 64 + 32] = "echo/handshake/1", key[32], nonce[12] = {0};
    text[17] = claim->signed_role;
    memcpy(text + 18, claim->signed_ephemeral, 64);
    memcpy(text + 82, &claim->signed_party, 32);
    memcpy(plain + 2, &claim->member, 32);
    (void)crypto_sign_detached(plain + 34, NULL, text, sizeof text, claim->signer->secret);
    if (claim->signature != NULL) memcpy(plain + 34, claim->signature, 64);
    hand_key(key, h, "echo/handshake/1/hello", h->role, &claim->party, NULL);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, sizeof plain, NULL, 0, NULL, nonce, key);
}

/* What the other's hello says: version, member, signature. */
static inline bool hand_hear(uint8_t plain[98], const hand *h, const echo_key *party, const uint8_t in[HAND_HELLO]) {
    uint8_t key[32], nonce[12] = {0};
    hand_key(key, h, "echo/handshake/1/hello", (uint8_t)(1 - h->role), party, NULL);
    return crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, in, HAND_HELLO, NULL, 0, nonce, key) == 0;
}

static inline void hand_begin(hand *h, uint8_t header[HAND_HEADER], const uint8_t theirs[HAND_HEADER],
                              const echo_key *party, const echo_key members[2]) {
    uint8_t key[32];
    hand_key(key, h, "echo/handshake/1/stream", h->role, party, members);
    (void)crypto_secretstream_xchacha20poly1305_init_push(&h->push, header, key);
    hand_key(key, h, "echo/handshake/1/stream", (uint8_t)(1 - h->role), party, members);
    if (theirs != NULL && crypto_secretstream_xchacha20poly1305_init_pull(&h->pull, theirs, key) != 0) abort();
}

static inline void hand_frame(echo__buf *out, hand *h, echo_bytes bytes, uint8_t tag) {
    uint8_t *to = echo__buf_reserve(out, 2 + 17 + bytes.len);
    if (to == NULL || bytes.len > 65535) abort();
    to[0] = (uint8_t)(bytes.len >> 8);
    to[1] = (uint8_t)(bytes.len & 0xff);
    (void)crypto_secretstream_xchacha20poly1305_push(&h->push, to + 2, NULL, bytes.data, bytes.len, NULL, 0, tag);
    out->len += 2 + 17 + bytes.len;
}

/* `zeros` zero bytes behind `bytes`, as one frame of zstd's. */
static inline void hand_pack(echo__buf *out, echo_bytes bytes, uint64_t zeros, int window_log) {
    static const uint8_t nothing[1 << 16];
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    if (zstd == NULL) abort();
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, 1);
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window_log);
    ZSTD_inBuffer in = {bytes.data, bytes.len, 0};
    for (bool done = false; !done;) {
        if (in.pos == in.size && zeros > 0) {
            in.src = nothing;
            in.size = zeros < sizeof nothing ? (size_t)zeros : sizeof nothing;
            in.pos = 0;
            zeros -= in.size;
        }
        uint8_t *to = echo__buf_reserve(out, 1 << 17);
        if (to == NULL) abort();
        ZSTD_outBuffer packed = {to, 1 << 17, 0};
        size_t left = ZSTD_compressStream2(zstd, &packed, &in, zeros > 0 ? ZSTD_e_continue : ZSTD_e_end);
        if (ZSTD_isError(left)) abort();
        out->len += packed.pos;
        done = zeros == 0 && in.pos == in.size && left == 0;
    }
    (void)ZSTD_freeCCtx(zstd);
}

/* Bytes as frames of up to 65535, the last one marked. */
static inline void hand_frames(echo__buf *out, hand *h, echo_bytes bytes) {
    while (bytes.len > 0) {
        size_t n = bytes.len < 65535 ? bytes.len : 65535;
        hand_frame(out, h, echo__bytes(bytes.data, n), n == bytes.len ? 3 : 0);
        bytes = echo__bytes(bytes.data + n, bytes.len - n);
    }
}

#endif
