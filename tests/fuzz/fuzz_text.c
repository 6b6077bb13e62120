/* Hex, base64, keys and UTF-8: what decodes encodes to the same text (hex: in lower case), and bytes survive both. */
#include "fuzz.h"

static void hex(const char *text, size_t len) {
    uint8_t *out = malloc(len / 2 + 1);
    char *again = malloc(len + 2);
    FUZZ_CHECK(out != NULL && again != NULL);
    if (echo__hex_decode(out, text, len)) {
        FUZZ_CHECK(len % 2 == 0);
        echo__hex_encode(again, out, len / 2);
        for (size_t i = 0; i < len; i++)
            FUZZ_CHECK(again[i] == text[i] || (text[i] >= 'A' && text[i] <= 'F' && again[i] == text[i] + 32));
        FUZZ_CHECK(again[len] == '\0');
    }
    free(out);
    free(again);
}

static void base64(const char *text, size_t len) {
    uint8_t *out = malloc(len / 4 * 3 + (len < 4));
    size_t got = 0;
    echo__buf again = ECHO__BUF_INIT;
    FUZZ_CHECK(out != NULL);
    if (echo__base64_decode(out, &got, text, len)) {
        FUZZ_CHECK(got <= len / 4 * 3);
        echo__buf_base64(&again, out, got);
        FUZZ_EQUAL(echo__bytes(text, len), echo__buf_bytes(&again));
    }
    echo__buf_free(&again);
    free(out);
}

static void bytes(echo_bytes data) {
    echo__buf text = ECHO__BUF_INIT;
    uint8_t *out = malloc(data.len + 3);
    size_t got = 0;
    FUZZ_CHECK(out != NULL);
    echo__buf_base64(&text, data.data, data.len);
    FUZZ_CHECK(echo__base64_decode(out, &got, (const char *)text.data, text.len));
    FUZZ_EQUAL(data, echo__bytes(out, got));
    echo__buf_clear(&text);
    echo__buf_hex(&text, data.data, data.len);
    FUZZ_CHECK(text.len == 2 * data.len && echo__hex_decode(out, (const char *)text.data, text.len));
    FUZZ_EQUAL(data, echo__bytes(out, data.len));
    echo__buf_free(&text);
    free(out);
}

static void key(const char *text) {
    echo_key parsed;
    echo_hash hash;
    char again[ECHO_HEX_CHARS];
    echo_status status = echo_key_parse(&parsed, text);
    FUZZ_CHECK(status == ECHO_OK || status == ECHO_ERR_INVALID);
    FUZZ_CHECK(echo_hash_parse(&hash, text) == status);
    if (status != ECHO_OK) return;
    echo_key_hex(again, &parsed);
    FUZZ_CHECK(strlen(text) == 64 && strlen(again) == 64);
    FUZZ_CHECK(memcmp(parsed.bytes, hash.bytes, sizeof parsed.bytes) == 0);
}

/* RFC 3629, decoded one code point after the other. */
static bool utf8(echo_bytes text) {
    for (size_t i = 0; i < text.len;) {
        uint8_t c = text.data[i];
        unsigned more = c < 0x80                ? 0
                        : c >= 0xc0 && c < 0xe0 ? 1
                        : c >= 0xe0 && c < 0xf0 ? 2
                        : c >= 0xf0 && c < 0xf8 ? 3
                                                : 9;
        if (more == 9 || text.len - i <= more) return false;
        uint32_t point = more == 0 ? c : c & (0x3fu >> more);
        for (unsigned k = 1; k <= more; k++) {
            if ((text.data[i + k] & 0xc0) != 0x80) return false;
            point = point << 6 | (text.data[i + k] & 0x3fu);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
        i += more + 1;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *copy = fuzz_copy(echo__bytes(data, size), false), *text = fuzz_copy(echo__bytes(data, size), true);
    hex((const char *)copy, size);
    base64((const char *)copy, size);
    bytes(echo__bytes(copy, size));
    key((const char *)text);
    FUZZ_CHECK(echo__utf8_valid(echo__bytes(copy, size)) == utf8(echo__bytes(copy, size)));
    free(copy);
    free(text);
    return 0;
}
