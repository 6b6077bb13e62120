/* Results as text and JSON: foreign texts that are hostile, units, and a failed write that is not forgotten. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <math.h>

#include "cli/output.h"

typedef struct written {
    echo_cli_out out;
    char *text;
    size_t len;
} written;

static void start(written *w) {
    FILE *file = open_memstream(&w->text, &w->len);
    assert_non_null(file);
    echo_cli_out_init(&w->out, file);
}

static void end_is(written *w, const char *expected) {
    assert_true(echo_cli_out_flush(&w->out));
    assert_string_equal(w->text, expected);
    (void)fclose(w->out.file);
    free(w->text);
}

static void test_json(void **unused) {
    written w;
    uint8_t key[32] = {0xab};
    (void)unused;
    start(&w);
    echo_cli_json_object(&w.out, NULL);
    echo_cli_json_number(&w.out, "most", UINT64_MAX);
    echo_cli_json_integer(&w.out, "least", INT64_MIN);
    echo_cli_json_array(&w.out, "list");
    echo_cli_json_flag(&w.out, NULL, true);
    echo_cli_json_string(&w.out, NULL, NULL);
    echo_cli_json_object(&w.out, NULL);
    echo_cli_json_end(&w.out);
    echo_cli_json_end(&w.out);
    echo_cli_json_hex(&w.out, "key", key);
    echo_cli_json_hex(&w.out, "none", NULL);
    echo_cli_json_raw(&w.out, "raw", "[1]");
    echo_cli_json_end(&w.out);
    end_is(&w,
           "{\"most\":18446744073709551615,\"least\":-9223372036854775808,\"list\":[true,null,{}],"
           "\"key\":\"ab00000000000000000000000000000000000000000000000000000000000000\",\"none\":null,\"raw\":[1]}\n");
}

static void test_json_list(void **unused) {
    written w;
    (void)unused;
    start(&w);
    echo_cli_json_list(&w.out);
    echo_cli_json_end(&w.out);
    end_is(&w, "[]\n");
    start(&w);
    for (uint64_t i = 0; i < 2; i++) {
        echo_cli_json_list(&w.out);
        echo_cli_json_array(&w.out, NULL);
        echo_cli_json_number(&w.out, NULL, i);
        echo_cli_json_end(&w.out);
    }
    echo_cli_json_end(&w.out);
    end_is(&w, "[\n[0],\n[1]\n]\n");
}

static void test_strings(void **unused) {
    static const struct {
        const char *from, *json, *text;
    } cases[] = {
        {"", "\"\"", ""},
        {"plain", "\"plain\"", "plain"},
        {"\"\\/", "\"\\\"\\\\/\"", "\"\\/"},
        {"\x1b[1m\n\x7f", "\"\\u001b[1m\\u000a\\u007f\"", "?[1m??"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
         "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xc2\x9b"
         "31m",
         "\"\\u009b31m\"", "?31m"}, /* a control character of two bytes */
        {"\xc2\x80|\xc2\xa0|\xd8\x9c", "\"\\u0080|\xc2\xa0|\\u061c\"", "?|\xc2\xa0|?"},
        {"a\xe2\x80\xae"
         "b\xe2\x81\xa9\xe2\x80\x8f\xe2\x80\xa8",
         "\"a\\u202eb\\u2069\\u200f\\u2028\"", "a?b???"},
        {"\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa", "\"\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\"",
         "\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"}, /* their neighbours */
        {"\xff|\x80|\xc3", "\"\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd\"", "?|?|?"},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"", "??"},                  /* longer than need be */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "???"}, /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "????"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        written w;
        start(&w);
        echo_cli_json_string(&w.out, NULL, cases[i].from);
        end_is(&w, cases[i].json);
        start(&w);
        echo_cli_print_text(&w.out, cases[i].from, 0);
        end_is(&w, cases[i].text);
    }
}

/* Texts that are JSON already: what a record or a manifest says. */
static void test_raw_json(void **unused) {
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"{\"id\":\"a\\u001b\"}", "{\"id\":\"a\\u001b\"}"},
        {"{\"id\":\"\xc2\x9b"
         "1m\"}",
         "{\"id\":\"\\u009b1m\"}"},
        {"[\"\xe2\x80\xae\",\"\xc3\xa9\"]", "[\"\\u202e\",\"\xc3\xa9\"]"},
        {"[\n1,\x1b 2]", "[ 1,  2]"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        written w;
        start(&w);
        echo_cli_json_raw(&w.out, NULL, cases[i].from);
        end_is(&w, cases[i].to);
        start(&w);
        echo_cli_json_text(&w.out, (echo_bytes){(const uint8_t *)cases[i].from, strlen(cases[i].from)});
        end_is(&w, cases[i].to);
    }
}

static void test_columns(void **unused) {
    written w;
    (void)unused;
    start(&w);
    echo_cli_print_text(&w.out, "\xc3\xa9", 3);
    echo_cli_print_text(&w.out, NULL, 2);
    echo_cli_print_text(&w.out, "long", 2);
    end_is(&w, "\xc3\xa9  - long");
}

static void test_units(void **unused) {
    written w;
    (void)unused;
    start(&w);
    const uint64_t bytes[] = {0, 1023, 1024, 1536, (uint64_t)5 << 20, UINT64_MAX};
    for (size_t i = 0; i < 6; i++) {
        echo_cli_print_bytes(&w.out, bytes[i]);
        echo_cli_print(&w.out, "|");
    }
    echo_cli_print_ns(&w.out, 1234567);
    echo_cli_print(&w.out, "|");
    echo_cli_print_ns(&w.out, 12345678900);
    echo_cli_print(&w.out, "|");
    echo_cli_print_time(&w.out, 1795363759568);
    echo_cli_print(&w.out, "|");
    echo_cli_print_time(&w.out, INT64_MAX);
    end_is(&w, "0 bytes|1023 bytes|1.0 KiB|1.5 KiB|5.0 MiB|16.0 EiB|1.2 ms|12.3 s|2026-11-22 16:09:19 "
               "UTC|292278994-08-17 07:12:55 UTC");
}

static void test_errors(void **unused) {
    written w;
    echo_error err = ECHO_ERROR_INIT;
    (void)unused;
    err.code = ECHO_ERR_GAP;
    start(&w);
    echo_cli_print_error(&w.out, &err);
    end_is(&w, "ECHO_ERR_GAP: a block is not present");
    err.has_feed = err.has_seq = true;
    err.feed.bytes[31] = 1;
    err.seq = 7;
    strcpy(err.item, "i\x1b");
    strcpy(err.message, "what");
    start(&w);
    echo_cli_print_error(&w.out, &err);
    end_is(&w,
           "ECHO_ERR_GAP: what, feed 0000000000000000000000000000000000000000000000000000000000000001, seq 7, item i?");
    start(&w);
    echo_cli_json_error(&w.out, NULL, &err, "dir");
    end_is(&w, "{\"code\":\"ECHO_ERR_GAP\",\"message\":\"what\",\"path\":\"dir\","
               "\"feed\":\"0000000000000000000000000000000000000000000000000000000000000001\",\"seq\":7,\"item\":"
               "\"i\\u001b\"}\n");
}

static void put_value(written *w, cJSON *value) {
    start(w);
    assert_non_null(value);
    assert_true(echo_cli_json_value(&w->out, NULL, value));
    cJSON_Delete(value);
}

static void test_values(void **unused) {
    static const char *const same[] = {"null",
                                       "true",
                                       "false",
                                       "\"\\u0001\"",
                                       "0",
                                       "-0",
                                       "1.5",
                                       "9007199254740991",
                                       "-9007199254740991",
                                       "1000000000000001",
                                       "0.1",
                                       "0.30000000000000004",
                                       "3.140000104904175",
                                       "2.2250738585072014e-308",
                                       "1.7976931348623157e+308",
                                       "4.94065645841247e-324"};
    written w;
    (void)unused;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        put_value(&w, cJSON_Parse(same[i]));
        end_is(&w, same[i]);
    }
    put_value(&w, cJSON_Parse("{\"\\\"\":[1,{\"b\":[]},{}]}"));
    end_is(&w, "{\"\\\"\":[1,{\"b\":[]},{}]}\n");
    put_value(&w, cJSON_CreateRaw("9223372036854775807"));
    end_is(&w, "9223372036854775807");
    put_value(&w, cJSON_CreateNumber((double)INFINITY));
    end_is(&w, "null");
    start(&w);
    assert_true(echo_cli_json_value(&w.out, NULL, NULL));
    end_is(&w, "null");
}

static void test_depth(void **unused) {
    written w;
    (void)unused;
    cJSON *value = cJSON_CreateArray();
    for (unsigned i = 1; i < ECHO_CLI_JSON_DEPTH; i++) {
        cJSON *outer = cJSON_CreateArray();
        assert_true(cJSON_AddItemToArray(outer, value));
        value = outer;
    }
    start(&w);
    assert_true(echo_cli_json_value(&w.out, NULL, value));
    assert_true(echo_cli_out_flush(&w.out));
    (void)fclose(w.out.file);
    free(w.text);
    start(&w);
    echo_cli_json_object(&w.out, NULL);
    assert_false(echo_cli_json_value(&w.out, "deep", value));
    echo_cli_json_end(&w.out);
    end_is(&w, "{\"deep\":null}\n");
    cJSON_Delete(value);
}

static void test_full(void **unused) {
    echo_cli_out out;
    (void)unused;
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL) skip();
    echo_cli_out_init(&out, full);
    for (int i = 0; i < 100000 && echo_cli_out_ok(&out); i++) echo_cli_json_number(&out, NULL, 1);
    assert_false(echo_cli_out_ok(&out));
    assert_false(echo_cli_out_flush(&out));
    assert_int_not_equal(out.problem, 0);
    (void)fclose(full);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_json),    cmocka_unit_test(test_json_list),
                                       cmocka_unit_test(test_strings), cmocka_unit_test(test_raw_json),
                                       cmocka_unit_test(test_columns), cmocka_unit_test(test_units),
                                       cmocka_unit_test(test_errors),  cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_depth),   cmocka_unit_test(test_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
