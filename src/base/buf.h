/*
 * A growing byte buffer whose error sticks: emit straight through, check `status` once.
 */
#ifndef ECHO_BASE_BUF_H
#define ECHO_BASE_BUF_H

#include <echo/base.h>
#include <string.h>

#include "base/utf8.h"

typedef struct echo__buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    echo_status status; /* ECHO_OK, or ECHO_ERR_NOMEM from the first failure on */
} echo__buf;
#define ECHO__BUF_INIT                                                                                                 \
    { NULL, 0, 0, ECHO_OK }

void echo__buf_free(echo__buf *buf);                /* also makes it empty and usable again */
void echo__buf_clear(echo__buf *buf);               /* len 0, status OK, memory kept */
void echo__buf_u64(echo__buf *buf, uint64_t value); /* decimal */
void echo__buf_hex(echo__buf *buf, const void *data, size_t len);
void echo__buf_base64(echo__buf *buf, const void *data, size_t len); /* standard alphabet, padded */
uint8_t *echo__buf_grow(echo__buf *buf, size_t len);                 /* echo__buf_reserve when there is no room yet */
/* Room for len more bytes, NULL when out of memory; the caller fills them and adds to buf->len. */
static inline uint8_t *echo__buf_reserve(echo__buf *buf, size_t len) {
    return buf->status == ECHO_OK && len < buf->cap - buf->len ? buf->data + buf->len : echo__buf_grow(buf, len);
}
static inline void echo__buf_append(echo__buf *buf, const void *data, size_t len) {
    uint8_t *at = echo__buf_reserve(buf, len);
    if (at == NULL || len == 0) return;
    memcpy(at, data, len);
    buf->len += len;
}
static inline void echo__buf_byte(echo__buf *buf, uint8_t byte) {
    uint8_t *at = echo__buf_reserve(buf, 1);
    if (at == NULL) return;
    *at = byte;
    buf->len++;
}
static inline void echo__buf_text(echo__buf *buf, const char *text) { echo__buf_append(buf, text, strlen(text)); }
static inline echo_bytes echo__buf_bytes(const echo__buf *buf) {
    echo_bytes b = {buf->data, buf->len};
    return b;
}

/* Text forms. Decoding returns false for anything but the exact form; *out must have room for len / 2 or len / 4 * 3
 * bytes. */
void echo__hex_encode(char *out, const uint8_t *data, size_t len); /* writes 2 * len + 1 chars */
bool echo__hex_decode(uint8_t *out, const char *hex, size_t len);
bool echo__base64_decode(uint8_t *out, size_t *out_len, const char *text, size_t len);
bool echo__base64_digits(const uint8_t *text, size_t len); /* whether it consists of digits and padding */

static inline echo_bytes echo__bytes(const void *data, size_t len) {
    echo_bytes b = {(const uint8_t *)data, len};
    return b;
}
echo_bytes echo__bytes_text(const char *text); /* of a NUL-terminated text; absent for NULL */
bool echo__bytes_equal(echo_bytes a, echo_bytes b);
int echo__bytes_compare(echo_bytes a, echo_bytes b); /* bytewise; a prefix comes first */

static inline uint64_t echo__be64(const uint8_t *p) {
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
           (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | (uint64_t)p[7];
}
static inline void echo__be64_put(uint8_t *p, uint64_t v) {
    for (int i = 7; i >= 0; i--) {
        p[i] = (uint8_t)(v & 0xff);
        v >>= 8;
    }
}

#endif
