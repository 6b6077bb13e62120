/* Canonical JSON: one text per value, which reads back as the value. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "support/fault.h"
#include "support/random.h"

static cJSON *parse(const char *text) {
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    if (echo__json_parse(&value, text, strlen(text), &err) != ECHO_OK) fail_msg("%s: %s", text, err.message);
    return value;
}

/* To be freed. */
static char *print(const cJSON *value) {
    echo__buf out = ECHO__BUF_INIT;
    echo_status status = echo__json_print(&out, value);
    if (status != ECHO_OK) fail_msg("%s", echo_status_name(status));
    echo__buf_byte(&out, 0);
    assert_int_equal(out.status, ECHO_OK);
    return (char *)out.data;
}

static void check(const char *text, const char *canonical) {
    cJSON *value = parse(text);
    char *got = print(value);
    assert_string_equal(got, canonical);
    free(got);
    cJSON_Delete(value);
}

static void refuse(const cJSON *value, echo_status code) {
    echo__buf out = ECHO__BUF_INIT;
    echo__buf_text(&out, "before");
    assert_int_equal(echo__json_print(&out, value), code);
    assert_int_equal(out.status, ECHO_OK);
    assert_true(echo__bytes_equal(echo__buf_bytes(&out), echo__bytes_text("before")));
    echo__buf_free(&out);
}

static void canonical(void **state) {
    (void)state;
    check(" { \"b\" : [ 1 , 2.50 , 1E2 , -0.0 , true , false , null ] , \"a\" : { } , \"c\" : [ ] } ",
          "{\"a\":{},\"b\":[1,2.5,100,-0,true,false,null],\"c\":[]}");
    /* Bytewise: capitals first, a prefix before what it begins, UTF-8 by its bytes and not by UTF-16 units. */
    check("{\"b\":1,\"a\":2,\"B\":3,\"ab\":4,\"\":5,\"\xc3\xa9\":6,\"\\uffff\":7,\"\\ud83d\\ude00\":8,\"a\\u0001\":9}",
          "{\"\":5,\"B\":3,\"a\":2,\"a\\u0001\":9,\"ab\":4,\"b\":1,\"\xc3\xa9\":6,\"\xef\xbf\xbf\":7,"
          "\"\xf0\x9f\x98\x80\":8}");
    check("{\"z\":{\"y\":{\"b\":1,\"a\":{\"d\":1,\"c\":2}},\"x\":0},\"w\":[{\"n\":1,\"m\":2}],\"v\":0}",
          "{\"v\":0,\"w\":[{\"m\":2,\"n\":1}],\"z\":{\"x\":0,\"y\":{\"a\":{\"c\":2,\"d\":1},\"b\":1}}}");
    check("[9007199254740992,9007199254740993,-9223372036854775808,18446744073709551615,123456789012345680000,1e21,1e-"
          "7,0.000001]",
          "[9007199254740992,9007199254740993,-9223372036854775808,18446744073709551615,123456789012345680000,1e+21,1e-"
          "7,0.000001]");
    /* Many keys. */
    char text[2000] = "{", expected[2000] = "{";
    size_t len = 1;
    for (int i = 0; i < 100; i++) {
        snprintf(text + strlen(text), 20, "%s\"%02d\":%d", i > 0 ? "," : "", i * 37 % 100, i * 37 % 100);
        len += (size_t)snprintf(expected + len, 20, "%s\"%02d\":%d", i > 0 ? "," : "", i, i);
    }
    check(strcat(text, "}"), strcat(expected, "}"));
}

static void strings(void **state) {
    (void)state;
    check("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    check("\"\\u0001\\u0007\\u000b\\u000e\\u001F\\u0020\\u007f\\u0080\\u2028\"",
          "\"\\u0001\\u0007\\u000b\\u000e\\u001f \x7f\xc2\x80\xe2\x80\xa8\"");
    check("\"plain text of more than eight\\nbytes, \\\"twice\\\"\"",
          "\"plain text of more than eight\\nbytes, \\\"twice\\\"\"");
    echo__buf out = ECHO__BUF_INIT;
    echo__json_string(&out, "a\0b", 3);
    echo__json_string(&out, NULL, 0);
    assert_true(echo__bytes_equal(echo__buf_bytes(&out), echo__bytes_text("\"a\\u0000b\"\"\"")));
    echo__buf_free(&out);
    /* Every byte that needs an escape, at every distance from the 8-byte steps. */
    for (int c = 1; c < 0x80; c++)
        for (int before = 0; before < 10; before++) {
            char one[40];
            snprintf(one, sizeof one, "%.*s%cabcdefgh", before, "0123456789", c);
            cJSON *value = cJSON_CreateString(one);
            char *text = print(value);
            assert_int_equal(strlen(text), strlen(one) + (c == '"' || c == '\\' || (c >= 8 && c <= 13 && c != 11) ? 3
                                                          : c < 0x20                                              ? 7
                                                                                                                  : 2));
            cJSON *back = parse(text);
            assert_string_equal(back->valuestring, one);
            cJSON_Delete(back);
            cJSON_Delete(value);
            free(text);
        }
}

/* Every length around the steps of 4 and 8 bytes, with an escape at every place or nowhere, two of them at times. */
static void lengths(void **state) {
    (void)state;
    for (size_t len = 0; len < 27; len++)
        for (size_t at = 0; at <= len; at++)
            for (size_t second = at; second <= len; second += 5) {
                char text[32], expected[64] = "\"";
                size_t to = 1;
                for (size_t i = 0; i < len; i++) {
                    text[i] = i == at || i == second ? '\n' : (char)('#' + i * 2 % 40);
                    to += (size_t)snprintf(expected + to, 3, text[i] == '\n' ? "\\n" : "%c", text[i]);
                }
                expected[to++] = '"';
                char *exact = malloc(len + 1); /* no byte before or behind, for the address sanitizer */
                assert_non_null(exact);
                memcpy(exact + 1, text, len);
                echo__buf out = ECHO__BUF_INIT;
                echo__json_string(&out, exact + 1, len);
                assert_true(echo__bytes_equal(echo__buf_bytes(&out), echo__bytes(expected, to)));
                echo__buf_free(&out);
                free(exact);
            }
}

static void refused(void **state) {
    (void)state;
    cJSON *v = cJSON_CreateNumber((double)NAN);
    refuse(v, ECHO_ERR_INVALID);
    v->valuedouble = (double)INFINITY;
    refuse(v, ECHO_ERR_INVALID);
    v->valuedouble = -(double)INFINITY;
    refuse(v, ECHO_ERR_INVALID);
    v->type = cJSON_Invalid;
    refuse(v, ECHO_ERR_INVALID);
    v->type = cJSON_String; /* without one */
    refuse(v, ECHO_ERR_INVALID);
    v->type = cJSON_Raw;
    refuse(v, ECHO_ERR_INVALID);
    v->type = cJSON_Number | cJSON_Array;
    refuse(v, ECHO_ERR_INVALID);
    cJSON_Delete(v);
    refuse(NULL, ECHO_ERR_INVALID);

    static const char *bad[] = {"\x80", "abcdefgh\xc3", "\xed\xa0\x80", "\xc0\x80", "abcdefghi\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        v = cJSON_CreateString(bad[i]);
        refuse(v, ECHO_ERR_INVALID);
        cJSON_Delete(v);
        v = cJSON_CreateObject();
        assert_non_null(cJSON_AddTrueToObject(v, bad[i]));
        refuse(v, ECHO_ERR_INVALID);
        cJSON_Delete(v);
    }
    static const char *raw[] = {"", "x", "01", "1 ", " 1", "1x", "\"s\"", "{}", "1e999", "18446744073709551616", "-"};
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
        v = cJSON_CreateRaw(raw[i]);
        refuse(v, ECHO_ERR_INVALID);
        cJSON_Delete(v);
    }
    v = parse("{\"a\":1,\"c\":{\"x\":1}}");
    assert_non_null(cJSON_AddTrueToObject(v, "a"));
    refuse(v, ECHO_ERR_INVALID); /* a key twice */
    cJSON_DeleteItemFromObjectCaseSensitive(v, "a");
    assert_non_null(cJSON_AddTrueToObject(v, "c"));
    refuse(v, ECHO_ERR_INVALID); /* twice in a row, in order otherwise */
    v->child->string[0] = 'b';
    char *key = v->child->next->string;
    v->child->next->string = NULL;
    refuse(v, ECHO_ERR_INVALID); /* no key */
    v->child->next->string = key;
    cJSON_Delete(v);
}

static void raw_numbers_are_canonical(void **state) {
    (void)state;
    static const struct {
        const char *raw, *text;
    } cases[] = {{"7", "7"},
                 {"1.50", "1.5"},
                 {"1e2", "100"},
                 {"-0", "-0"},
                 {"9007199254740993", "9007199254740993"},
                 {"123456789012345680000", "123456789012345680000"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *v = cJSON_CreateRaw(cases[i].raw);
        char *text = print(v);
        assert_string_equal(text, cases[i].text);
        free(text);
        cJSON_Delete(v);
    }
}

static cJSON *nested(size_t depth) {
    cJSON *outer = cJSON_CreateArray();
    for (cJSON *at = outer; depth > 1; depth--) {
        cJSON *inner = depth % 2 ? cJSON_CreateArray() : cJSON_CreateObject();
        assert_true(cJSON_IsArray(at) ? cJSON_AddItemToArray(at, inner) : cJSON_AddItemToObject(at, "k", inner));
        at = inner;
    }
    return outer;
}

/* What is printed can be read, and what is too deep for the one is for the other. */
static void depth(void **state) {
    (void)state;
    cJSON *v = nested(ECHO__JSON_DEPTH_MAX);
    char *text = print(v);
    cJSON *back = parse(text);
    cJSON_Delete(back);
    cJSON_Delete(v);
    free(text);
    v = nested(ECHO__JSON_DEPTH_MAX + 1);
    refuse(v, ECHO_ERR_LIMIT);
    cJSON_Delete(v);
}

static void input_is_not_modified(void **state) {
    (void)state;
    const char *text = "{\"b\":[{\"z\":1,\"y\":\"\xc3\xa9\"}],\"a\":{\"d\":1,\"c\":9007199254740993}}";
    cJSON *v = parse(text);
    free(print(v));
    char *after = cJSON_PrintUnformatted(v);
    assert_string_equal(after, text);
    assert_ptr_equal(v->child->prev, v->child->next);
    cJSON_free(after);
    cJSON_Delete(v);
}

static void appends(void **state) {
    (void)state;
    cJSON *v = parse("{\"b\":1,\"a\":[]}");
    echo__buf out = ECHO__BUF_INIT;
    echo__buf_text(&out, "x");
    assert_int_equal(echo__json_print(&out, v), ECHO_OK);
    echo__json_number(&out, 0.5);
    assert_int_equal(echo__json_print(&out, v), ECHO_OK);
    assert_true(echo__bytes_equal(echo__buf_bytes(&out), echo__bytes_text("x{\"a\":[],\"b\":1}0.5{\"a\":[],\"b\":1}")));
    echo__buf_free(&out);
    out.status = ECHO_ERR_NOMEM; /* from an earlier call */
    assert_int_equal(echo__json_print(&out, v), ECHO_ERR_NOMEM);
    assert_int_equal(out.len, 0);
    echo__buf_free(&out);
    cJSON_Delete(v);
}

static void out_of_memory(void **state) {
    (void)state;
    cJSON *v = parse(
        "{\"s\":\"a longer text, so that the buffer grows often\",\"a\":[1,2,{\"d\":1,\"c\":\"another one, for the "
        "same reason\"}],\"n\":1e100}");
    for (long nth = 1;; nth++) {
        echo__buf out = ECHO__BUF_INIT;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo__json_print(&out, v);
        if (!fault_off()) {
            assert_int_equal(status, ECHO_OK);
            assert_true(nth > 5);
            echo__buf_free(&out);
            break;
        }
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_int_equal(out.status, ECHO_ERR_NOMEM);
        assert_int_equal(out.len, 0);
        echo__buf_free(&out);
        assert_int_equal(fault_blocks(), before);
    }
    cJSON_Delete(v);
}

/* Random values: printed, read and printed again they give the same text, as does the value with its members in another
 * order. */

static void random_text(test_random *random, char *out) {
    static const char *pieces[] = {"a",  "b",          "key", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                   "\"", "\\",         "\n",  "\x01",     "\x1f",         " ",
                                   "/",  "longer text"};
    out[0] = '\0';
    for (uint64_t n = test_random_below(random, 6); n > 0; n--)
        strcat(out, pieces[test_random_below(random, sizeof pieces / sizeof *pieces)]);
}

static cJSON *random_number(test_random *random) {
    double value;
    uint64_t bits = test_random_u64(random);
    switch (test_random_below(random, 4)) {
    case 0: return echo__json_int64((int64_t)(bits >> test_random_below(random, 64)));
    case 1: return echo__json_uint64(bits);
    case 2: return cJSON_CreateNumber((double)((int64_t)bits >> 40) / 100);
    default: break;
    }
    memcpy(&value, &bits, sizeof value);
    return cJSON_CreateNumber(isfinite(value) ? value : 0);
}

static cJSON *random_value(test_random *random, int levels) {
    char text[80];
    uint64_t kind = test_random_below(random, levels > 0 ? 7 : 5);
    switch (kind) {
    case 0: return cJSON_CreateNull();
    case 1: return cJSON_CreateBool((int)test_random_below(random, 2));
    case 2: return random_number(random);
    case 3:
    case 4: random_text(random, text); return cJSON_CreateString(text);
    default: break;
    }
    cJSON *value = kind == 5 ? cJSON_CreateArray() : cJSON_CreateObject();
    for (uint64_t n = test_random_below(random, 7); n > 0; n--) {
        random_text(random, text);
        if (kind == 5)
            assert_true(cJSON_AddItemToArray(value, random_value(random, levels - 1)));
        else if (!cJSON_HasObjectItem(value, text)) /* it ignores case, which does not matter here */
            assert_true(cJSON_AddItemToObject(value, text, random_value(random, levels - 1)));
    }
    return value;
}

static void reverse(cJSON *value) {
    cJSON *children[16];
    int n = 0;
    for (cJSON *child = value->child; child != NULL; child = child->next) {
        reverse(child);
        children[n++] = child;
    }
    if (!cJSON_IsObject(value) || n < 2) return;
    for (int i = 0; i < n; i++) {
        children[i]->prev = i == n - 1 ? children[0] : children[i + 1];
        children[i]->next = i == 0 ? NULL : children[i - 1];
    }
    value->child = children[n - 1];
}

static void same_number(const cJSON *a, const cJSON *b) {
    uint64_t x = 0, y = 0;
    if (cJSON_IsNumber(b)) { /* exactly, -0 too */
        memcpy(&x, &a->valuedouble, sizeof x);
        memcpy(&y, &b->valuedouble, sizeof y);
    } else { /* beyond 2^53 its digits were printed: they still read as the very double */
        double value = strtod(b->valuestring, NULL);
        memcpy(&x, &a->valuedouble, sizeof x);
        memcpy(&y, &value, sizeof y);
    }
    assert_true(x == y);
}

static void random_values(void **state) {
    (void)state;
    test_random random = {11};
    for (int i = 0; i < 20000; i++) {
        cJSON *value = random_value(&random, 4);
        char *text = print(value);
        cJSON *back = parse(text);
        if (cJSON_IsNumber(value)) same_number(value, back);
        char *again = print(back);
        assert_string_equal(again, text);
        reverse(value);
        free(again);
        again = print(value);
        assert_string_equal(again, text);
        free(again);
        free(text);
        cJSON_Delete(back);
        cJSON_Delete(value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical),     cmocka_unit_test(strings),
        cmocka_unit_test(lengths),       cmocka_unit_test(refused),
        cmocka_unit_test(depth),         cmocka_unit_test(raw_numbers_are_canonical),
        cmocka_unit_test(appends),       cmocka_unit_test(input_is_not_modified),
        cmocka_unit_test(out_of_memory), cmocka_unit_test(random_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
