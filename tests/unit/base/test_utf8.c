/* UTF-8: exactly what RFC 3629 allows. */
#include "support/test.h"

#include "base/buf.h"

/* Every first byte with the bytes where the rules change, against the rules spelled out. */
static bool well_formed(const uint8_t *p, size_t len) {
    for (size_t i = 0; i < len;) {
        uint32_t c = p[i];
        size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
        if (n == 0 || n > len - i) return false;
        if (n > 1) c &= 0x7fu >> n;
        for (size_t k = 1; k < n; k++) {
            if (p[i + k] >> 6 != 2) return false;
            c = c << 6 | (p[i + k] & 0x3f);
        }
        if ((n == 2 && c < 0x80) || (n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff ||
            (c >= 0xd800 && c < 0xe000))
            return false;
        i += n;
    }
    return true;
}

static void utf8(void **state) {
    (void)state;
    static const uint8_t edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    enum { N = sizeof edges };
    for (int first = 0; first < 256; first++)
        for (size_t i = 0; i < (size_t)N * N * N; i++) {
            uint8_t s[4] = {(uint8_t)first, edges[i % N], edges[i / N % N], edges[i / N / N]};
            for (size_t len = 1; len <= 4; len++) {
                if (echo__utf8_valid(echo__bytes(s, len)) != well_formed(s, len))
                    fail_msg("%02x %02x %02x %02x, %d bytes", s[0], s[1], s[2], s[3], (int)len);
            }
        }
    assert_true(echo__utf8_valid(echo__bytes(NULL, 0)));
    assert_true(echo__utf8_valid(echo__bytes("a\0b", 3)));
}

/* A sequence is judged by its own bytes alone. */
static void sequences(void **state) {
    (void)state;
    static const uint8_t text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff";
    assert_int_equal(echo__utf8_sequence(text, 11), 1);
    assert_int_equal(echo__utf8_sequence(text + 1, 10), 2);
    assert_int_equal(echo__utf8_sequence(text + 3, 8), 3);
    assert_int_equal(echo__utf8_sequence(text + 6, 5), 4);
    assert_int_equal(echo__utf8_sequence(text + 6, 3), 0); /* cut short */
    assert_int_equal(echo__utf8_sequence(text + 10, 1), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8),
        cmocka_unit_test(sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
