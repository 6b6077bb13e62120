#include "exchange/handshake.h"

#include <sodium.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"

#define PLAIN_BYTES (ECHO__HELLO_BYTES - crypto_aead_chacha20poly1305_ietf_ABYTES)
#define SIGNED_BYTES (sizeof sign_text + 1 + 2 * ECHO__EPHEMERAL_BYTES + ECHO_KEY_BYTES)

/* With their NUL, which ends them in what is hashed. */
static const char sign_text[] = "echo/handshake/1";
static const char hello_text[] = "echo/handshake/1/hello";
static const char stream_text[] = "echo/handshake/1/stream";

static const uint8_t no_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES]; /* each key of a hello is used once */

static echo__role other(echo__role role) { return role == ECHO__INITIATOR ? ECHO__RESPONDER : ECHO__INITIATOR; }

void echo__handshake_start(echo__handshake *h, echo__role role) {
    memset(h, 0, sizeof *h);
    h->role = role;
    randombytes_buf(h->secret, sizeof h->secret);
    (void)crypto_scalarmult_base(h->ephemeral[role], h->secret);
}

bool echo__handshake_meet(echo__handshake *h, const uint8_t theirs[ECHO__EPHEMERAL_BYTES]) {
    memcpy(h->ephemeral[other(h->role)], theirs, ECHO__EPHEMERAL_BYTES);
    bool ok = crypto_scalarmult(h->shared, h->secret, theirs) == 0;
    echo__wipe(h->secret, sizeof h->secret);
    return ok && !sodium_is_zero(h->shared, sizeof h->shared);
}

/* BLAKE2b keyed with the shared secret: only the two sides of the exchange that know the party have such a key. */
static void derive(uint8_t out[32], const echo__handshake *h, const char *text, size_t text_len, echo__role role,
                   const echo_key *party, const echo_key *members) {
    crypto_generichash_state state;
    uint8_t role_byte = (uint8_t)role;
    (void)crypto_generichash_init(&state, h->shared, sizeof h->shared, 32);
    (void)crypto_generichash_update(&state, (const uint8_t *)text, text_len);
    (void)crypto_generichash_update(&state, &role_byte, 1);
    (void)crypto_generichash_update(&state, h->ephemeral[0], sizeof h->ephemeral);
    (void)crypto_generichash_update(&state, party->bytes, sizeof party->bytes);
    for (int i = 0; members != NULL && i < 2; i++)
        (void)crypto_generichash_update(&state, members[i].bytes, ECHO_KEY_BYTES);
    (void)crypto_generichash_final(&state, out, 32);
    echo__wipe(&state, sizeof state);
}

/* What a member signs; it stands for these two ephemeral keys alone, and for one side of them. */
static void signed_bytes(uint8_t out[SIGNED_BYTES], const echo__handshake *h, echo__role role, const echo_key *party) {
    memcpy(out, sign_text, sizeof sign_text);
    out += sizeof sign_text;
    *out++ = (uint8_t)role;
    memcpy(out, h->ephemeral, sizeof h->ephemeral);
    memcpy(out + sizeof h->ephemeral, party->bytes, sizeof party->bytes);
}

void echo__handshake_say(uint8_t out[ECHO__HELLO_BYTES], const echo__handshake *h, const echo_key *party,
                         const echo_keypair *keys) {
    uint8_t key[32], plain[PLAIN_BYTES], text[SIGNED_BYTES];
    plain[0] = ECHO__EXCHANGE_MAJOR;
    plain[1] = ECHO__EXCHANGE_MINOR;
    memcpy(plain + 2, keys->public_key.bytes, ECHO_KEY_BYTES);
    signed_bytes(text, h, h->role, party);
    echo__sign(plain + 2 + ECHO_KEY_BYTES, text, sizeof text, keys);
    derive(key, h, hello_text, sizeof hello_text, h->role, party, NULL);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, sizeof plain, NULL, 0, NULL, no_nonce, key);
    echo__wipe(key, sizeof key);
    echo__wipe(plain, sizeof plain);
}

bool echo__handshake_hear(echo__hello *out, const echo__handshake *h, const echo_key *party,
                          const uint8_t in[ECHO__HELLO_BYTES]) {
    uint8_t key[32], plain[PLAIN_BYTES];
    derive(key, h, hello_text, sizeof hello_text, other(h->role), party, NULL);
    bool ok = crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, in, ECHO__HELLO_BYTES, NULL, 0, no_nonce,
                                                        key) == 0;
    echo__wipe(key, sizeof key);
    if (!ok) return false;
    out->major = plain[0];
    out->minor = plain[1];
    memcpy(out->member.bytes, plain + 2, ECHO_KEY_BYTES);
    memcpy(out->signature, plain + 2 + ECHO_KEY_BYTES, sizeof out->signature);
    return true;
}

bool echo__handshake_proves(const echo__handshake *h, const echo_key *party, const echo__hello *hello,
                            const echo_key *own) {
    echo__hello nobody = {0};
    uint8_t text[SIGNED_BYTES];
    if (hello == NULL) { /* well-formed, so that verifying it goes all the way: a point, and a number below the order */
        nobody.member = *own;
        memcpy(nobody.signature, own->bytes, ECHO_KEY_BYTES);
        memcpy(nobody.signature + 32, own->bytes, 31);
    }
    signed_bytes(text, h, other(h->role), party);
    const echo__hello *tried = hello != NULL ? hello : &nobody;
    bool ok = echo__verify(tried->signature, text, sizeof text, &tried->member);
    return ok && hello != NULL;
}

void echo__handshake_stream_key(uint8_t out[ECHO__STREAM_KEY_BYTES], const echo__handshake *h, echo__role writer,
                                const echo_key *party, const echo_key members[2]) {
    derive(out, h, stream_text, sizeof stream_text, writer, party, members);
}

void echo__handshake_wipe(echo__handshake *h) { echo__wipe(h, sizeof *h); }
