#include "base/buf.h"

#include <sodium.h>
#include <string.h>

#include "base/alloc.h"
#include "base/format.h"

void echo__buf_free(echo__buf *buf) {
    echo__free(buf->data);
    buf->data = NULL;
    buf->len = buf->cap = 0;
    buf->status = ECHO_OK;
}

void echo__buf_clear(echo__buf *buf) {
    buf->len = 0;
    buf->status = ECHO_OK;
}

uint8_t *echo__buf_grow(echo__buf *buf, size_t len) {
    if (buf->status != ECHO_OK) return NULL;
    size_t need = buf->len + (len > 0 ? len : 1); /* so that data is never NULL after a success */
    if (need < buf->len || !echo__grow(&buf->data, &buf->cap, need, 1)) {
        buf->status = ECHO_ERR_NOMEM;
        return NULL;
    }
    return buf->data + buf->len;
}

void echo__buf_u64(echo__buf *buf, uint64_t value) {
    uint8_t *at = echo__buf_reserve(buf, ECHO__FORMAT_U64_CHARS);
    if (at != NULL) buf->len += echo__format_u64((char *)at, value);
}

void echo__buf_hex(echo__buf *buf, const void *data, size_t len) {
    uint8_t *at = echo__buf_reserve(buf, 2 * len + 1);
    if (at == NULL) return;
    echo__hex_encode((char *)at, data, len);
    buf->len += 2 * len;
}

void echo__buf_base64(echo__buf *buf, const void *data, size_t len) {
    size_t need = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL); /* with its NUL */
    uint8_t *at = echo__buf_reserve(buf, need);
    if (at == NULL) return;
    (void)sodium_bin2base64((char *)at, need, data, len, sodium_base64_VARIANT_ORIGINAL);
    buf->len += need - 1;
}

/* Eight digits at once: a nibble to each byte, then its digit. */
static uint64_t hex_of(const uint8_t data[4]) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t x = (uint64_t)data[0] << 24 | (uint64_t)data[1] << 16 | (uint64_t)data[2] << 8 | data[3];
    x = (x << 16 | x) & UINT64_C(0x0000ffff0000ffff);
    x = (x << 8 | x) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x << 4 | x) & (ones * 15);
    uint64_t letters = (x + ones * 6) >> 4 & ones;
    return x + ones * '0' + letters * ('a' - '0' - 10);
}

void echo__hex_encode(char *out, const uint8_t *data, size_t len) {
    static const char digits[] = "0123456789abcdef";
    for (; len >= 4; len -= 4, data += 4, out += 8) echo__be64_put((uint8_t *)out, hex_of(data));
    for (; len > 0; len--, data++) {
        *out++ = digits[*data >> 4];
        *out++ = digits[*data & 15];
    }
    *out = '\0';
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool echo__hex_decode(uint8_t *out, const char *hex, size_t len) {
    if (len % 2 != 0) return false;
    for (size_t i = 0; i < len; i += 2) {
        int high = hex_digit(hex[i]);
        int low = high < 0 ? -1 : hex_digit(hex[i + 1]);
        if (low < 0) return false;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool echo__base64_decode(uint8_t *out, size_t *out_len, const char *text, size_t len) {
    size_t got = 0;
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)text[i] > 0x7f) return false; /* libsodium takes some of these for digits */
    if (len % 4 != 0 ||
        sodium_base642bin(out, len / 4 * 3, text, len, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    *out_len = got;
    return true;
}

echo_bytes echo__bytes_text(const char *text) {
    return text == NULL ? echo__bytes(NULL, 0) : echo__bytes(text, strlen(text));
}

bool echo__bytes_equal(echo_bytes a, echo_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int echo__bytes_compare(echo_bytes a, echo_bytes b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) return order;
    return a.len < b.len ? -1 : a.len > b.len;
}
