#include "base/json_text.h"
#include "unit/tree/tree_support.h"

#include "tree/scan.h"

static bool reads_text(const char *json, echo_bytes *out) {
    echo__scan s = echo__scan_of(text(json));
    return echo__scan_text(&s, out) && s.at == s.end;
}

static void test_texts(void **state) {
    (void)state;
    static const char *const good[] = {"\"\"", "\"a b/\x7f\"", "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
                                       "\"\\u0001\\u001f\\u000b\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""};
    static const char *const bad[] = {"",
                                      "a",
                                      "\"",
                                      "\"a",
                                      "\"\\\"",
                                      "\"\\",
                                      "\"\n\"",
                                      "\"\x1f\"",
                                      "\"\\/\"",
                                      "\"\\x\"",
                                      "\"\\u\"",
                                      "\"\\u0000\"",
                                      "\"\\u000a\"",
                                      "\"\\u0008\"",
                                      "\"\\u000c\"",
                                      "\"\\u001F\"",
                                      "\"\\u000B\"",
                                      "\"\\u0020\"",
                                      "\"\\u0041\"",
                                      "\"\\u00e9\"",
                                      "\"\\u1001\"",
                                      "\"\\u0101\"",
                                      "\"\\u001\"",
                                      "\"\\U0001\"",
                                      "\"\xff\"",
                                      "\"\xc3\"",
                                      "\"\xc0\x80\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\\u001g\""};
    echo_bytes out;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(reads_text(good[i], &out));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (reads_text(bad[i], &out)) fail_msg("accepted %s", bad[i]);
    assert_true(reads_text(good[3], &out));
    uint8_t room[32];
    assert_int_equal(echo__json_unescape(room, out), 3);
    assert_memory_equal(room, "\x01\x1f\x0b", 3);
    assert_true(reads_text(good[2], &out));
    assert_int_equal(echo__json_unescape(room, out), 7);
    assert_memory_equal(room, "\"\\\b\f\n\r\t", 7);
}

static bool reads_u64(const char *digits, uint64_t *out) {
    echo__scan s = echo__scan_of(text(digits));
    return echo__scan_u64(&s, out) && s.at == s.end;
}

static void test_numbers(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", "-1", "+1", "00", "01", "1.0", "1e3", " 1", "18446744073709551616", "99999999999999999999", "x"};
    uint64_t n;
    assert_true(reads_u64("0", &n) && n == 0);
    assert_true(reads_u64("9007199254740993", &n) && n == UINT64_C(9007199254740993));
    assert_true(reads_u64("18446744073709551615", &n) && n == UINT64_MAX);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (reads_u64(bad[i], &n)) fail_msg("accepted %s", bad[i]);
}

static void test_hashes(void **state) {
    (void)state;
    char hex[] = "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"";
    uint8_t out[32];
    echo__scan s = echo__scan_of(text(hex));
    assert_true(echo__scan_hash(&s, out) && s.at == s.end && out[15] == 0xff);
    static const char replace[] = {'A', 'g', '"', ' '};
    for (size_t i = 0; i < sizeof replace; i++) {
        hex[12] = replace[i];
        s = echo__scan_of(text(hex));
        assert_false(echo__scan_hash(&s, out));
    }
    hex[12] = '5';
    for (size_t len = 0; len < sizeof hex - 1; len++) {
        s = echo__scan_of(echo__bytes(hex, len));
        assert_false(echo__scan_hash(&s, out));
    }
}

static size_t value_len(const char *json) {
    echo__scan s = echo__scan_of(text(json));
    echo_bytes out;
    return echo__scan_value(&s, &out) ? out.len : 0;
}

static void test_values(void **state) {
    (void)state;
    assert_int_equal(value_len("12,"), 2);
    assert_int_equal(value_len("-1.5e+30}"), 8);
    assert_int_equal(value_len("true]"), 4);
    assert_int_equal(value_len("\"a,}\\\"]\\\\\"}"), 10);
    assert_int_equal(value_len("{\"a\":[{},[],\"]}\"]}}}"), 18);
    static const char *const bad[] = {"",  ",",  "}",  "\"",   "\"\\", "\"a\\\"", "{",
                                      "[", "[}", "{]", "[[}]", "{\"}", "[\"]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (value_len(bad[i]) != 0) fail_msg("accepted %s", bad[i]);
    char deep[2 * 129 + 1];
    memset(deep, '[', 128);
    memset(deep + 128, ']', 128);
    deep[256] = '\0';
    assert_int_equal(value_len(deep), 256);
    memset(deep, '[', 129);
    memset(deep + 129, ']', 129);
    deep[258] = '\0';
    assert_int_equal(value_len(deep), 0);
}

/* Order of texts is the order of what they stand for: escapes do not count. */
static void test_order(void **state) {
    (void)state;
    static const char *const ascending[] = {"",
                                            "\x01",
                                            "\x08",
                                            "\n",
                                            "\x1f",
                                            " ",
                                            "!",
                                            "\"",
                                            "\"a",
                                            "#",
                                            "A",
                                            "A\x01",
                                            "A\"",
                                            "AA",
                                            "\\",
                                            "\\\\",
                                            "a",
                                            "a\x7f",
                                            "\x7f",
                                            "\xc3\xa9",
                                            "\xe2\x82\xac",
                                            "\xf0\x9f\x98\x80"};
    enum { N = sizeof ascending / sizeof *ascending };
    echo__buf lines[N];
    for (size_t i = 0; i < N; i++) {
        lines[i] = (echo__buf)ECHO__BUF_INIT;
        echo__record r;
        memset(&r, 0, sizeof r);
        r.id = text(ascending[i]);
        echo__record_write(&lines[i], &r);
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            int expected = (i > j) - (i < j);
            const uint8_t *a = lines[i].data + 7, *b = lines[j].data + 7;
            assert_int_equal(echo__bytes_compare(text(ascending[i]), text(ascending[j])) > 0, expected > 0);
            assert_int_equal(echo__text_compare(a, b), expected);
            assert_int_equal(echo__text_compare_bytes(a, text(ascending[j])), expected);
        }
    }
    for (size_t i = 0; i < N; i++) echo__buf_free(&lines[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),  cmocka_unit_test(test_numbers), cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_values), cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
