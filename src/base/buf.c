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

/* The value of a digit of base64, plus 1; 0: not a digit. */
#define DIGIT(c, value) [c] = (value) + 1
#define DIGITS_4(c, value)                                                                                             \
    DIGIT(c, value), DIGIT((c) + 1, (value) + 1), DIGIT((c) + 2, (value) + 2), DIGIT((c) + 3, (value) + 3)
#define DIGITS_24(c, value)                                                                                            \
    DIGITS_4(c, value), DIGITS_4((c) + 4, (value) + 4), DIGITS_4((c) + 8, (value) + 8),                                \
        DIGITS_4((c) + 12, (value) + 12), DIGITS_4((c) + 16, (value) + 16), DIGITS_4((c) + 20, (value) + 20)
static const uint8_t digits[256] = {DIGITS_24('A', 0), DIGIT('Y', 24), DIGIT('Z', 25),    DIGITS_24('a', 26),
                                    DIGIT('y', 50),    DIGIT('z', 51), DIGITS_4('0', 52), DIGITS_4('4', 56),
                                    DIGIT('8', 60),    DIGIT('9', 61), DIGIT('+', 62),    DIGIT('/', 63)};

bool echo__base64_digits(const uint8_t *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (digits[text[i]] == 0 && text[i] != '=') return false;
    return true;
}

/* Four digits, 24 bits; false: one of them is no digit. */
static bool decode_four(uint32_t *bits, const uint8_t *text) {
    uint8_t a = digits[text[0]], b = digits[text[1]], c = digits[text[2]], d = digits[text[3]];
    *bits = (uint32_t)(a - 1) << 18 | (uint32_t)(b - 1) << 12 | (uint32_t)(c - 1) << 6 | (uint32_t)(d - 1);
    return a != 0 && b != 0 && c != 0 && d != 0;
}

/* States are stored so: libsodium's decoder, which takes the same time for all digits, took a third of reading them. */
bool echo__base64_decode(uint8_t *out, size_t *out_len, const char *text, size_t len) {
    const uint8_t *at = (const uint8_t *)text;
    uint32_t bits;
    uint8_t *to = out;
    *out_len = 0;
    if (len % 4 != 0) return false;
    if (len == 0) return true;
    for (const uint8_t *last = at + len - 4; at < last; at += 4, to += 3) {
        if (!decode_four(&bits, at)) return false;
        to[0] = (uint8_t)(bits >> 16);
        to[1] = (uint8_t)(bits >> 8);
        to[2] = (uint8_t)bits;
    }
    uint8_t end[4] = {at[0], at[1], at[2], at[3]};
    size_t padded = end[3] != '=' ? 0 : end[2] != '=' ? 1 : 2;
    for (size_t i = 0; i < padded; i++) end[3 - i] = 'A'; /* zeros */
    if (!decode_four(&bits, end)) return false;
    if ((bits & ((1u << 8 * padded) - 1)) != 0) return false; /* another text of the same bytes */
    for (size_t i = 0; i + padded < 3; i++) *to++ = (uint8_t)(bits >> (16 - 8 * i));
    *out_len = (size_t)(to - out);
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
