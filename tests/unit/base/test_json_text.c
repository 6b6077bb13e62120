/* Canonical JSON in place: what is accepted is exactly what the printer writes. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_text.h"
#include "support/fault.h"
#include "support/random.h"

static echo_status check(const char *text, size_t len) {
    uint8_t *exact = malloc(len + 1); /* exactly the bytes, for the address sanitizer */
    echo_error err = ECHO_ERROR_INIT;
    assert_non_null(exact);
    memcpy(exact, text, len);
    echo_status status = echo__json_check((echo_bytes){exact, len}, &err);
    assert_int_equal(err.code, status);
    assert_true(status == ECHO_OK || err.message[0] != '\0');
    free(exact);
    return status;
}

static void test_accepted(void **state) {
    (void)state;
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1",
        "999999999999999",
        "9007199254740993",
        "-9223372036854775808",
        "18446744073709551615",
        "0.5",
        "1e+21",
        "1e-7",
        "100000000000000000000",
        "\"\"",
        "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
        "\"\\u0001\\u001f\x7f/\"",
        "\"\xc3\xa9\xf0\x9f\x98\x80\"",
        "[]",
        "{}",
        "[1,[2],{\"a\":[]}]",
        "{\"\":1,\"\\u0001\":2,\"!\":3,\"\\\"\":4,\"a\":5,\"aa\":6,\"b\":7,\"\xc3\xa9\":8}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (check(texts[i], strlen(texts[i])) != ECHO_OK) fail_msg("%s", texts[i]);
}

static void test_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        "1 ",
                                        " 1",
                                        "nul",
                                        "nulll",
                                        "+1",
                                        "01",
                                        "00",
                                        "-",
                                        "1.",
                                        "1.0",
                                        "1e21",
                                        "1E+21",
                                        "0.50",
                                        "1e5",
                                        "0.1e1",
                                        "\"",
                                        "\"\\\"",
                                        "\"\\",
                                        "\"\\u",
                                        "\"\\/\"",
                                        "\"\\u0041\"",
                                        "\"\\u000a\"",
                                        "\"\\u0000\"",
                                        "\"\\u001F\"",
                                        "\"\\u0020\"",
                                        "\"\n\"",
                                        "\"\xff\"",
                                        "\"\xed\xa0\x80\"",
                                        "\"\xc3",
                                        "[",
                                        "[1",
                                        "[1,",
                                        "[1,]",
                                        "[,1]",
                                        "[1 ,2]",
                                        "[1]]",
                                        "{",
                                        "{}}",
                                        "{\"a\"",
                                        "{\"a\":",
                                        "{\"a\":1",
                                        "{\"a\":1,}",
                                        "{\"a\" :1}",
                                        "{a:1}",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"b\":1,\"a\":2}",
                                        "{\"aa\":1,\"a\":2}",
                                        "{\"!\":1,\"\\u0001\":1}",
                                        "{]",
                                        "[}",
                                        "9007199254740993.0",
                                        "-0.0",
                                        "\"\\x\""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (check(texts[i], strlen(texts[i])) != ECHO_ERR_CORRUPT) fail_msg("%s", texts[i]);
    assert_int_equal(check("\"\0\"", 3), ECHO_ERR_CORRUPT);
    assert_int_equal(check("\"\\\0\"", 4), ECHO_ERR_CORRUPT);
    static const char *const limits[] = {"1e+400", "18446744073709551616123", "-1e+309"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (check(limits[i], strlen(limits[i])) != ECHO_ERR_LIMIT) fail_msg("%s", limits[i]);
}

static void test_depth(void **state) {
    (void)state;
    char text[2 * ECHO__JSON_DEPTH_MAX + 3];
    for (size_t depth = 1; depth <= ECHO__JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(check(text, 2 * depth), depth <= ECHO__JSON_DEPTH_MAX ? ECHO_OK : ECHO_ERR_LIMIT);
    }
}

/* ---- random texts: the checker agrees with the parser and the printer ---- */

static void put_random(test_random *r, echo__buf *out, int depth) {
    static const char *const scalars[] = {"null",
                                          "true",
                                          "0",
                                          "-5",
                                          "1.5",
                                          "1e+30",
                                          "12345678901234567890",
                                          "\"\"",
                                          "\"a\"",
                                          "\"\\n\"",
                                          "\"$x\\u0002\"",
                                          "\"\xc3\xa9\"",
                                          "-0",
                                          "\"a longer text, with \\\" in it, and more\""};
    uint64_t kind = test_random_below(r, depth > 0 ? 4 : 2);
    if (kind < 2) {
        echo__buf_text(out, scalars[test_random_below(r, sizeof scalars / sizeof *scalars)]);
        return;
    }
    uint64_t n = test_random_below(r, 4);
    echo__buf_byte(out, kind == 2 ? '[' : '{');
    for (uint64_t i = 0; i < n; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%s\"%c\":", i > 0 ? "," : "", (int)('a' + i + test_random_below(r, 2)));
        echo__buf_text(out, kind == 3 ? key : i > 0 ? "," : "");
        put_random(r, out, depth - 1);
    }
    echo__buf_byte(out, kind == 2 ? ']' : '}');
}

static void damage(test_random *r, echo__buf *text) {
    static const char bytes[] = "\"\\{}[],:0 1e.-u\n\xff";
    size_t at = (size_t)test_random_below(r, text->len);
    if (test_random_below(r, 2) == 0)
        text->data[at] = (uint8_t)bytes[test_random_below(r, sizeof bytes - 1)];
    else
        memmove(text->data + at, text->data + at + 1, --text->len - at);
}

static void compare(const echo__buf *text) {
    cJSON *value = NULL;
    echo__buf printed = ECHO__BUF_INIT;
    bool same = text->len > 0 && echo__json_parse(&value, text->data, text->len, NULL) == ECHO_OK &&
                echo__json_print(&printed, value) == ECHO_OK &&
                echo__bytes_equal(echo__buf_bytes(&printed), echo__buf_bytes(text));
    if ((check((const char *)text->data, text->len) == ECHO_OK) != same) fail_msg("%.*s", (int)text->len, text->data);
    cJSON_Delete(value);
    echo__buf_free(&printed);
}

static void test_agrees_with_the_printer(void **state) {
    (void)state;
    test_random r = {11};
    size_t good = 0;
    for (int run = 0; run < 20000; run++) {
        echo__buf text = ECHO__BUF_INIT;
        put_random(&r, &text, 4);
        for (uint64_t n = test_random_below(&r, 3); n > 0 && text.len > 1; n--) damage(&r, &text);
        compare(&text);
        good += check((const char *)text.data, text.len) == ECHO_OK;
        echo__buf_free(&text);
    }
    assert_true(good > 2000 && good < 18000);
}

/* ---- reading in place ---- */

static void test_skip(void **state) {
    (void)state;
    static const char *const values[] = {
        "1", "-1.5e-7", "null", "\"a]\\\"}\"", "[]", "{}", "[1,[2,\"]\"],{\"}\":{}}]", "{\"a\":[\"\\\\\"]}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (int last = 0; last < 2; last++) {
            char text[64];
            (void)snprintf(text, sizeof text, "[%s%s]", values[i], last ? "" : ",2");
            assert_int_equal(check(text, strlen(text)), ECHO_OK);
            const uint8_t *after = echo__json_skip((const uint8_t *)text + 1);
            assert_int_equal(after - (const uint8_t *)text, 1 + strlen(values[i]));
        }
}

static echo_bytes text_of(const char *text) { return (echo_bytes){(const uint8_t *)text, strlen(text)}; }

static void test_strings(void **state) {
    (void)state;
    echo_bytes text = echo__json_text((const uint8_t *)"\"a\\\"\\u001f\\n\",");
    assert_int_equal(text.len, 11);
    uint8_t room[16];
    assert_int_equal(echo__json_unescape(room, text), 4);
    assert_memory_equal(room, "a\"\x1f\n", 4);
    assert_int_equal(echo__json_unescape(room, text_of("")), 0);
    assert_int_equal(echo__json_compare_bytes(text, (echo_bytes){room, 4}), 0);
    assert_true(echo__json_compare_bytes(text, (echo_bytes){room, 3}) > 0);
    assert_true(echo__json_compare_bytes(text_of("a"), text_of("b")) < 0);
    assert_true(echo__json_compare_bytes(text_of("a"), text_of("ab")) < 0);
    static const char *const ascending[] = {"", "\\u0001", "\\n", "!", "\\\"", "a", "aa", "b", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++)
        for (size_t j = 0; j < sizeof ascending / sizeof *ascending; j++) {
            int order = echo__json_compare(text_of(ascending[i]), text_of(ascending[j]));
            assert_true(i < j ? order < 0 : i > j ? order > 0 : order == 0);
        }
}

static void test_takes_no_memory(void **state) {
    (void)state;
    fault_at(1000);
    assert_int_equal(check("{\"a\":[1,2.5,\"\\n\"]}", 18), ECHO_OK);
    assert_int_equal(fault_allocations(), 1); /* the copy in check() */
    assert_false(fault_off());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_agrees_with_the_printer),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
