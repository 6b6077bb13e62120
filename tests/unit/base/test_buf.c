/* The byte buffer whose error sticks, and the text forms of bytes: hex, base64, UTF-8. */
#include "support/test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "support/fault.h"
#include "support/random.h"

static void holds(const echo__buf *buf, const char *text) {
    assert_int_equal(buf->status, ECHO_OK);
    if (!echo__bytes_equal(echo__buf_bytes(buf), echo__bytes_text(text)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)buf->len, (const char *)buf->data, text);
}

static void appending(void **state) {
    (void)state;
    echo__buf buf = ECHO__BUF_INIT;
    echo__buf_append(&buf, NULL, 0);
    holds(&buf, "");
    echo__buf_text(&buf, "a");
    echo__buf_byte(&buf, 'b');
    echo__buf_append(&buf, "cde", 2);
    echo__buf_u64(&buf, 0);
    echo__buf_byte(&buf, ' ');
    echo__buf_u64(&buf, UINT64_MAX);
    echo__buf_byte(&buf, ' ');
    echo__buf_u64(&buf, 1234567890);
    echo__buf_hex(&buf, "\x00\x9f\xff", 3);
    echo__buf_hex(&buf, NULL, 0);
    echo__buf_base64(&buf, "\xfb\xff", 2);
    echo__buf_base64(&buf, "", 0);
    holds(&buf, "abcd0 18446744073709551615 1234567890009fff+/8=");
    echo__buf_clear(&buf);
    holds(&buf, "");
    assert_true(buf.cap > 0);
    uint8_t *at = echo__buf_reserve(&buf, 1000);
    assert_ptr_equal(at, buf.data);
    assert_int_equal(buf.len, 0);
    assert_true(buf.cap >= 1000);
    echo__buf_free(&buf);
    assert_true(buf.data == NULL && buf.cap == 0);
    echo__buf_text(&buf, "again");
    holds(&buf, "again");
    echo__buf_free(&buf);
    echo__buf_free(&buf);
}

static void long_ones(void **state) {
    (void)state;
    echo__buf buf = ECHO__BUF_INIT;
    for (uint32_t i = 0; i < 100000; i++) echo__buf_append(&buf, &i, sizeof i);
    assert_int_equal(buf.len, 400000);
    for (uint32_t i = 0; i < 100000; i++) assert_memory_equal(buf.data + 4 * i, &i, sizeof i);
    echo__buf_free(&buf);
}

static void emit(echo__buf *buf, int which) {
    static const uint8_t bytes[64];
    switch (which) {
    case 0: echo__buf_append(buf, bytes, sizeof bytes); break;
    case 1: echo__buf_byte(buf, 1); break;
    case 2: echo__buf_text(buf, "text"); break;
    case 3: echo__buf_u64(buf, 12345); break;
    case 4: echo__buf_hex(buf, bytes, sizeof bytes); break;
    case 5: echo__buf_base64(buf, bytes, sizeof bytes); break;
    default: assert_null(echo__buf_reserve(buf, 1)); break;
    }
}

/* From the first failure on nothing is appended, also when memory is there again. */
static void errors_stick(void **state) {
    (void)state;
    for (int which = 0; which <= 6; which++) {
        echo__buf buf = ECHO__BUF_INIT;
        long before = fault_blocks();
        fault_at(1);
        emit(&buf, which);
        assert_true(fault_off());
        assert_int_equal(buf.status, ECHO_ERR_NOMEM);
        for (int next = 0; next <= 6; next++) emit(&buf, next);
        assert_int_equal(buf.status, ECHO_ERR_NOMEM);
        assert_int_equal(buf.len, 0);
        echo__buf_clear(&buf);
        echo__buf_text(&buf, "usable");
        holds(&buf, "usable");
        buf.status = ECHO_ERR_NOMEM;
        echo__buf_free(&buf);
        assert_int_equal(buf.status, ECHO_OK);
        assert_int_equal(fault_blocks(), before);
    }
    echo__buf buf = ECHO__BUF_INIT;
    echo__buf_text(&buf, "kept");
    assert_null(echo__buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(buf.status, ECHO_ERR_NOMEM);
    assert_true(echo__bytes_equal(echo__buf_bytes(&buf), echo__bytes_text("kept")));
    echo__buf_free(&buf);
}

static void hex(void **state) {
    (void)state;
    uint8_t all[256], back[256];
    char text[513];
    for (size_t i = 0; i < 256; i++) all[i] = (uint8_t)i;
    echo__hex_encode(text, all, 256);
    for (size_t i = 0; i < 256; i++) {
        char two[3];
        snprintf(two, sizeof two, "%02x", (unsigned)i);
        assert_memory_equal(text + 2 * i, two, 2);
    }
    assert_int_equal(text[512], 0);
    assert_true(echo__hex_decode(back, text, 512));
    assert_memory_equal(back, all, 256);
    for (size_t len = 0; len < 12; len++) { /* it goes by four bytes, then by one */
        char some[32];
        memset(some, '#', sizeof some);
        echo__hex_encode(some, all + 0xb7, len);
        assert_memory_equal(some, text + 2 * (size_t)0xb7, 2 * len);
        assert_int_equal(some[2 * len], '\0');
        assert_int_equal(some[2 * len + 1], '#');
    }
    assert_true(echo__hex_decode(back, "ABcdEF", 6) && memcmp(back, "\xab\xcd\xef", 3) == 0);
    assert_true(echo__hex_decode(back, NULL, 0));
    assert_false(echo__hex_decode(back, "abcd", 3));
    for (int c = 0; c < 256; c++) {
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        char pair[2] = {(char)c, '0'}, riap[2] = {'0', (char)c};
        assert_int_equal(echo__hex_decode(back, pair, 2), digit);
        assert_int_equal(echo__hex_decode(back, riap, 2), digit);
    }
}

static void base64(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *text;
    } rfc4648[] = {{"", ""},
                   {"f", "Zg=="},
                   {"fo", "Zm8="},
                   {"foo", "Zm9v"},
                   {"foob", "Zm9vYg=="},
                   {"fooba", "Zm9vYmE="},
                   {"foobar", "Zm9vYmFy"}};
    uint8_t out[300];
    size_t len;
    for (size_t i = 0; i < sizeof rfc4648 / sizeof *rfc4648; i++) {
        echo__buf buf = ECHO__BUF_INIT;
        echo__buf_base64(&buf, rfc4648[i].bytes, strlen(rfc4648[i].bytes));
        holds(&buf, rfc4648[i].text);
        assert_true(echo__base64_decode(out, &len, rfc4648[i].text, strlen(rfc4648[i].text)));
        assert_int_equal(len, strlen(rfc4648[i].bytes));
        assert_memory_equal(out, rfc4648[i].bytes, len);
        echo__buf_free(&buf);
    }
    static const char *bad[] = {"Z",      "Zg",   "Zg=",        "Zg===",   "=Zg=",   "Zm8",
                                "Zm9v\n", "Zm9 ", "Zh==",       "Zm9=",    "Zm-_",   "Zm9vZg==Zm9v",
                                "====",   "Z===", "QI\xd7\xff", "Zm9\xaf", "\x80m9v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (echo__base64_decode(out, &len, bad[i], strlen(bad[i]))) fail_msg("%s is accepted", bad[i]);
    test_random random = {3};
    for (size_t n = 0; n < 200; n++) {
        uint8_t bytes[200];
        for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)test_random_u64(&random);
        echo__buf buf = ECHO__BUF_INIT;
        echo__buf_base64(&buf, bytes, n);
        assert_int_equal(buf.len, (n + 2) / 3 * 4);
        uint8_t *exact = malloc(buf.len / 4 * 3 + 1); /* the room that the header asks for */
        assert_non_null(exact);
        assert_true(echo__base64_decode(exact, &len, (const char *)buf.data, buf.len));
        assert_int_equal(len, n);
        if (n > 0) assert_memory_equal(exact, bytes, n);
        free(exact);
        echo__buf_free(&buf);
    }
}

static void comparing(void **state) {
    (void)state;
    static const char *ascending[] = {"", "A", "a", "aa", "ab", "b", "b\x01", "\x7f", "\x80", "\xff"};
    enum { N = sizeof ascending / sizeof *ascending };
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            echo_bytes a = echo__bytes_text(ascending[i]), b = echo__bytes_text(ascending[k]);
            int order = echo__bytes_compare(a, b);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
            assert_int_equal(echo__bytes_equal(a, b), i == k);
        }
    echo_bytes none = echo__bytes_text(NULL);
    assert_true(none.data == NULL && none.len == 0);
    assert_true(echo__bytes_equal(none, echo__bytes_text("")));
    assert_int_equal(echo__bytes_compare(none, echo__bytes_text("")), 0);
    assert_true(echo__bytes_compare(none, echo__bytes_text("a")) < 0);
}

static void big_endian(void **state) {
    (void)state;
    uint8_t bytes[8];
    echo__be64_put(bytes, UINT64_C(0x0102030405060708));
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10", 8);
    assert_true(echo__be64(bytes) == UINT64_C(0x0102030405060708));
    echo__be64_put(bytes, UINT64_MAX);
    assert_true(echo__be64(bytes) == UINT64_MAX);
    echo__be64_put(bytes, UINT64_C(1) << 63);
    assert_true(bytes[0] == 0x80 && echo__be64(bytes) == UINT64_C(1) << 63);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appending), cmocka_unit_test(long_ones), cmocka_unit_test(errors_stick), cmocka_unit_test(hex),
        cmocka_unit_test(base64),    cmocka_unit_test(comparing), cmocka_unit_test(big_endian),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
