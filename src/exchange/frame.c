#include "exchange/frame.h"

#include "base/crypto.h"

/* A frame: u16 length ‖ sealed, or u16 length ‖ u8 tag ‖ bytes when plain. The length is that of the bytes inside. */
#define LENGTH_BYTES 2u
#define SEAL_BYTES crypto_secretstream_xchacha20poly1305_ABYTES
#define TAG_MORE crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
#define TAG_LAST crypto_secretstream_xchacha20poly1305_TAG_FINAL

void echo__cipher_begin_sealing(echo__cipher *cipher, uint8_t header[ECHO__FRAME_HEADER], const uint8_t *key) {
    cipher->plain = key == NULL;
    if (key != NULL) (void)crypto_secretstream_xchacha20poly1305_init_push(&cipher->state, header, key);
}

void echo__cipher_begin_opening(echo__cipher *cipher, const uint8_t header[ECHO__FRAME_HEADER], const uint8_t *key) {
    cipher->plain = key == NULL;
    if (key != NULL) (void)crypto_secretstream_xchacha20poly1305_init_pull(&cipher->state, header, key);
}

void echo__cipher_wipe(echo__cipher *cipher) { echo__wipe(cipher, sizeof *cipher); }

static size_t around(const echo__cipher *cipher) { return LENGTH_BYTES + (cipher->plain ? 1 : SEAL_BYTES); }

echo_status echo__frame_seal(echo__buf *out, echo__cipher *cipher, echo_bytes bytes, bool last) {
    size_t whole = around(cipher) + bytes.len;
    uint8_t *to = echo__buf_reserve(out, whole), tag = last ? TAG_LAST : TAG_MORE;
    if (to == NULL) return ECHO_ERR_NOMEM;
    to[0] = (uint8_t)(bytes.len >> 8);
    to[1] = (uint8_t)(bytes.len & 0xff);
    if (cipher->plain) {
        to[LENGTH_BYTES] = tag;
        memcpy(to + LENGTH_BYTES + 1, bytes.data, bytes.len);
    } else {
        to += LENGTH_BYTES;
        (void)crypto_secretstream_xchacha20poly1305_push(&cipher->state, to, NULL, bytes.data, bytes.len, NULL, 0, tag);
    }
    out->len += whole;
    return ECHO_OK;
}

echo_status echo__frame_open(echo__buf *out, bool *last, size_t *used, echo__cipher *cipher, echo_bytes raw) {
    *used = 0;
    if (raw.len < LENGTH_BYTES) return ECHO_OK;
    size_t len = (size_t)raw.data[0] << 8 | raw.data[1], whole = around(cipher) + len;
    if (len == 0) return ECHO_ERR_CORRUPT;
    if (raw.len < whole) return ECHO_OK;
    echo__buf_clear(out);
    uint8_t *to = echo__buf_reserve(out, len), tag = 0;
    if (to == NULL) return ECHO_ERR_NOMEM;
    const uint8_t *from = raw.data + LENGTH_BYTES;
    size_t sealed = whole - LENGTH_BYTES;
    if (cipher->plain) {
        tag = *from;
        memcpy(to, from + 1, len);
    } else if (crypto_secretstream_xchacha20poly1305_pull(&cipher->state, to, NULL, &tag, from, sealed, NULL, 0) != 0) {
        return ECHO_ERR_CORRUPT;
    }
    if (tag != TAG_MORE && tag != TAG_LAST) return ECHO_ERR_CORRUPT;
    out->len = len;
    *last = tag == TAG_LAST;
    *used = whole;
    return ECHO_OK;
}
