/* Reading JSON strictly: what is accepted and as what, what is refused with which code and at which byte, and running
 * out of memory. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "support/fault.h"
#include "support/random.h"

/* Parses a copy that ends where the text ends, so that a sanitizer sees any read beyond it. */
static echo_status parse(cJSON **out, const void *text, size_t len, echo_error *err) {
    char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    *out = (cJSON *)(uintptr_t)1;
    echo_status status = echo__json_parse(out, copy, len, err);
    free(copy);
    if (status != ECHO_OK) assert_null(*out);
    return status;
}

static cJSON *accept(const char *text) {
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    if (parse(&value, text, strlen(text), &err) != ECHO_OK) fail_msg("%s: %s", text, err.message);
    return value;
}

static void refuse(const void *text, size_t len, echo_status code, const char *message) {
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    long before = fault_blocks();
    echo_status status = parse(&value, text, len, &err);
    if (status != code)
        fail_msg("%.*s: %s, %s expected", (int)len, (const char *)text, echo_status_name(status),
                 echo_status_name(code));
    assert_int_equal(err.code, code);
    assert_int_equal(fault_blocks(), before);
    if (strstr(err.message, message) == NULL)
        fail_msg("%.*s: \"%s\", \"%s\" expected", (int)len, (const char *)text, err.message, message);
    assert_int_equal(parse(&value, text, len, NULL), code);
}

static void values(void **state) {
    (void)state;
    cJSON *v = accept(" [ true , false , null , 12 , -1.5e1 , \"text\" , { } , [ ] , {\"a\":{\"b\":[1]}} ] \r\n\t");
    assert_true(cJSON_IsArray(v));
    assert_int_equal(cJSON_GetArraySize(v), 9);
    assert_true(cJSON_IsTrue(cJSON_GetArrayItem(v, 0)));
    assert_true(cJSON_IsFalse(cJSON_GetArrayItem(v, 1)));
    assert_true(cJSON_IsNull(cJSON_GetArrayItem(v, 2)));
    assert_true(cJSON_GetArrayItem(v, 3)->valuedouble == 12);
    assert_int_equal(cJSON_GetArrayItem(v, 3)->valueint, 12);
    assert_true(cJSON_GetArrayItem(v, 4)->valuedouble == -15);
    assert_string_equal(cJSON_GetArrayItem(v, 5)->valuestring, "text");
    assert_true(cJSON_IsObject(cJSON_GetArrayItem(v, 6)) && cJSON_GetArrayItem(v, 6)->child == NULL);
    assert_true(cJSON_IsArray(cJSON_GetArrayItem(v, 7)) && cJSON_GetArrayItem(v, 7)->child == NULL);
    const cJSON *a = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(v, 8), "a");
    assert_true(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(a, "b"), 0)->valuedouble == 1);
    cJSON_Delete(v);
    static const char *scalars[] = {"true", "false", "null", "0", "-0", "1e5", "\"\"", "\"x\"", "[]", "{}"};
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) cJSON_Delete(accept(scalars[i]));
}

/* Nodes are linked as cJSON links them: its own functions can take them apart, add to them and compare them. */
static void nodes_are_cjsons(void **state) {
    (void)state;
    const char *text = "{\"list\":[1,2147483648,-3e9,\"\\u00e9\",true],\"n\":null,\"o\":{\"x\":0.25}}";
    cJSON *ours = accept(text), *theirs = cJSON_Parse(text);
    assert_true(cJSON_Compare(ours, theirs, 1));
    for (const cJSON *a = ours->child->child, *b = theirs->child->child; a != NULL; a = a->next, b = b->next) {
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->valueint, b->valueint);
    }
    assert_non_null(cJSON_AddNumberToObject(ours, "more", 1));
    cJSON *list = cJSON_DetachItemFromObjectCaseSensitive(ours, "list");
    cJSON_DeleteItemFromArray(list, 4);
    assert_true(cJSON_AddItemToArray(list, cJSON_CreateNull()));
    assert_int_equal(cJSON_GetArraySize(list), 5);
    assert_ptr_equal(list->child->prev, cJSON_GetArrayItem(list, 4));
    cJSON_Delete(list);
    cJSON_DeleteItemFromObjectCaseSensitive(ours, "n");
    cJSON_DeleteItemFromObjectCaseSensitive(ours, "o");
    assert_string_equal(ours->child->string, "more");
    cJSON_Delete(ours);
    cJSON_Delete(theirs);
}

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "value expected, text is empty"},
        {"   ", "value expected, text ends at byte 3"},
        {"\xef\xbb\xbf{}", "value expected, byte 0xef found at byte 0"},
        {"nul", "value expected, 'n' found at byte 0"},
        {"nulL", "value expected, 'n' found at byte 0"},
        {"True", "value expected, 'T' found at byte 0"},
        {"truefalse", "end of text expected, 'f' found at byte 4"},
        {"NaN", "value expected, 'N' found at byte 0"},
        {"Infinity", "value expected, 'I'"},
        {"-Infinity", "digit expected, 'I' found at byte 1"},
        {"+1", "value expected, '+' found at byte 0"},
        {"01", "end of the number after its leading zero expected, '1' found at byte 1"},
        {"-", "digit expected, text ends at byte 1"},
        {".5", "value expected, '.'"},
        {"1.", "digit expected, text ends at byte 2"},
        {"[1.e3]", "digit expected, 'e' found at byte 3"},
        {"1e+", "digit expected, text ends at byte 3"},
        {"0x10", "end of text expected, 'x' found at byte 1"},
        {"1 2", "end of text expected, '2' found at byte 2"},
        {"[", "value expected, text ends at byte 1"},
        {"[1", "',' or ']' expected, text ends at byte 2"},
        {"[1,", "value expected, text ends at byte 3"},
        {"[1,]", "value expected, ']' found at byte 3"},
        {"[,1]", "value expected, ',' found at byte 1"},
        {"[1 2]", "',' or ']' expected, '2' found at byte 3"},
        {"[1}", "',' or ']' expected, '}' found at byte 2"},
        {"]", "value expected, ']' found at byte 0"},
        {"{", "key expected, text ends at byte 1"},
        {"{\"a\"", "':' expected, text ends at byte 4"},
        {"{\"a\":", "value expected, text ends at byte 5"},
        {"{\"a\" 1}", "':' expected, '1' found at byte 5"},
        {"{\"a\":1", "',' or '}' expected, text ends at byte 6"},
        {"{\"a\":1,}", "key expected, '}' found at byte 7"},
        {"{\"a\":1]", "',' or '}' expected, ']' found at byte 6"},
        {"{a:1}", "key expected, 'a' found at byte 1"},
        {"{1:1}", "key expected, '1' found at byte 1"},
        {"{'a':1}", "key expected, ''' found at byte 1"},
        {"[1]x", "end of text expected, 'x' found at byte 3"},
        {"{} // no", "end of text expected, '/' found at byte 3"},
        {"\"", "text ends inside a string at byte 1"},
        {"\"abc", "text ends inside a string at byte 4"},
        {"\"abc\\", "text ends inside a string at byte 4"},
        {"\"abc\\\"", "text ends inside a string at byte 6"},
        {"\"a\nb\"", "unescaped control character in a string at byte 2"},
        {"\"tab\there and more text\"", "unescaped control character in a string at byte 4"},
        {"\"\x1f\"", "unescaped control character in a string at byte 1"},
        {"\"\\x41\"", "unknown escape at byte 1"},
        {"\"ab\\\n\"", "unknown escape at byte 3"},
        {"\"\\\xc3\xa9\"", "unknown escape at byte 1"},
        {"\"\\u12\"", "\\u without four hexadecimal digits at byte 1"},
        {"\"\\u12g4\"", "\\u without four hexadecimal digits at byte 1"},
        {"\"\\U0041\"", "unknown escape at byte 1"},
        {"\"\\ud800\"", "unpaired surrogate at byte 1"},
        {"\"\\udc00\"", "unpaired surrogate at byte 1"},
        {"\"x\\ud800\\u0041\"", "unpaired surrogate at byte 2"},
        {"\"\\ud800\\ud800\"", "unpaired surrogate at byte 1"},
        {"\"\\ud800\\ue000\"", "unpaired surrogate at byte 1"},
        {"\"\\ud83d\\ude0\"", "unpaired surrogate at byte 1"},
        {"\"\\udc00\\ud800\"", "unpaired surrogate at byte 1"},
        {"\"\\u0000\"", "U+0000 in a string is not supported at byte 1"},
        {"{\"\\u0000\":1}", "U+0000 in a string is not supported at byte 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(cases[i].text, strlen(cases[i].text), ECHO_ERR_CORRUPT, cases[i].message);
    refuse("\"a\0b\"", 5, ECHO_ERR_CORRUPT, "unescaped control character in a string at byte 2");
    refuse("\"\\\0\"", 4, ECHO_ERR_CORRUPT, "unknown escape at byte 1");
    refuse("1\0", 2, ECHO_ERR_CORRUPT, "end of text expected, byte 0x00 found at byte 1");
    refuse("[1\v]", 4, ECHO_ERR_CORRUPT, "byte 0x0b found at byte 2");
}

static void strings(void **state) {
    (void)state;
    static const struct {
        const char *text, *value;
    } cases[] = {
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\"\\uffff\\u0001\\ud800\\udc00\\udbff\\udfff\"", "\xef\xbf\xbf\x01\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        {"\"Gr\xc3\xbc\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x98\x80 \x7f \xe2\x80\xa8\"",
         "Gr\xc3\xbc\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x98\x80 \x7f \xe2\x80\xa8"},
        {"\"12345678\"", "12345678"},
        {"\"1234567\\n1234567\\n\"", "1234567\n1234567\n"},
        {"\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
         "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *v = accept(cases[i].text);
        assert_string_equal(v->valuestring, cases[i].value);
        cJSON_Delete(v);
    }
    cJSON *v = accept("{\"\\u00e9\\n\":1}");
    assert_string_equal(v->child->string, "\xc3\xa9\n");
    cJSON_Delete(v);
}

/* Each bad sequence at every distance from the 8-byte steps in which strings are scanned. */
static void invalid_utf8(void **state) {
    (void)state;
    static const char *bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3(",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xe2(\xa1",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x9f\x98",
        "\xf0\x9f(\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int before = 0; before < 18; before++)
            for (int after = 0; after < 10; after += 9) {
                char text[64], where[48];
                int n = snprintf(text, sizeof text, "\"%.*s%s%.*s\"", before, "abcdefghijklmnopqrst", bad[i], after,
                                 "uvwxyzuvwxyz");
                snprintf(where, sizeof where, "invalid UTF-8 at byte %d", 1 + before);
                refuse(text, (size_t)n, ECHO_ERR_CORRUPT, where);
                if (after == 0) refuse(text, (size_t)n - 1, ECHO_ERR_CORRUPT, where); /* cut within the sequence */
            }
}

static void duplicate_keys(void **state) {
    (void)state;
    refuse("{\"a\":1,\"a\":2}", 13, ECHO_ERR_CORRUPT, "key \"a\" occurs twice in the object that ends at byte 12");
    refuse("{\"b\":1,\"a\":2,\"b\":3}", 19, ECHO_ERR_CORRUPT, "key \"b\" occurs twice");
    refuse("[{\"a\":{\"x\":1,\"\\u0078\":1}}]", 26, ECHO_ERR_CORRUPT,
           "key \"x\" occurs twice in the object that ends at byte 23");
    refuse("{\"\":1,\"\":2}", 11, ECHO_ERR_CORRUPT, "key \"\" occurs twice");
    cJSON_Delete(accept("{\"a\":1,\"A\":2,\"\":3,\"aa\":4,\"b\":{\"a\":1}}"));
    /* Many keys, in a scattered order, with and without one twice, at every place. */
    for (int n = 15; n < 40; n++)
        for (int twice = -1; twice < n; twice++) {
            char text[600] = "{";
            size_t len = 1;
            for (int i = 0; i < n; i++) {
                int key = i * 7 % 41;
                len += (size_t)snprintf(text + len, sizeof text - len, "%s\"k%d\":%d", i > 0 ? "," : "", key, i);
                if (i == n - 1 && twice >= 0)
                    len += (size_t)snprintf(text + len, sizeof text - len, ",\"k%d\":0", twice * 7 % 41);
            }
            len += (size_t)snprintf(text + len, sizeof text - len, "}");
            char message[48];
            snprintf(message, sizeof message, "key \"k%d\" occurs twice", twice * 7 % 41);
            if (twice < 0)
                cJSON_Delete(accept(text));
            else
                refuse(text, len, ECHO_ERR_CORRUPT, message);
        }
}

static void limits(void **state) {
    (void)state;
    char text[600] = {0};
    for (size_t depth = 127; depth <= 129; depth++)
        for (int object = 0; object < 2; object++) {
            size_t len = 2 * depth;
            memset(text, '[', depth);
            memset(text + depth, ']', depth);
            if (object) { /* the innermost is an object */
                text[depth - 1] = '{';
                text[depth] = '}';
            }
            text[len] = '\0';
            if (depth <= ECHO__JSON_DEPTH_MAX)
                cJSON_Delete(accept(text));
            else
                refuse(text, len, ECHO_ERR_LIMIT, "nested too deeply at byte 128");
        }
    char wide[900] = "["; /* wide is not deep */
    for (size_t i = 0; i < 200; i++) strcat(wide, i % 2 ? "[]," : "{},");
    cJSON_Delete(accept(strcat(wide, "[]]")));
    refuse("[1e400]", 7, ECHO_ERR_LIMIT, "number too large at byte 1");
    refuse("-1e309", 6, ECHO_ERR_LIMIT, "number too large at byte 0");
    refuse("[18446744073709551616]", 22, ECHO_ERR_LIMIT, "integer beyond 64 bits at byte 1");
    refuse("-9223372036854775809", 20, ECHO_ERR_LIMIT, "integer beyond 64 bits at byte 0");
    refuse("123456789012345678901234567890", 30, ECHO_ERR_LIMIT, "integer beyond 64 bits");
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    size_t too_long = ((size_t)256 << 20) + 1;
    assert_int_equal(echo__json_parse(&value, text, too_long, &err), ECHO_ERR_LIMIT); /* asked before a byte is read */
    assert_non_null(strstr(err.message, "the limit is 268435456"));
}

static void numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
        int integer;
    } cases[] = {{"0", 0, 0},
                 {"-0", -0.0, 0},
                 {"-0.0", -0.0, 0},
                 {"12e3", 12000, 12000},
                 {"1E-2", 0.01, 0},
                 {"2147483647", 2147483647, 2147483647},
                 {"2147483648", 2147483648.0, 2147483647},
                 {"-2147483649", -2147483649.0, -2147483647 - 1},
                 {"1e300", 1e300, 2147483647},
                 {"9007199254740992", 9007199254740992.0, 2147483647},
                 {"123456789012345680000", 123456789012345680000.0, 2147483647}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *v = accept(cases[i].text);
        assert_true(cJSON_IsNumber(v));
        assert_true(v->valuedouble == cases[i].value && !signbit(v->valuedouble) == !signbit(cases[i].value));
        assert_int_equal(v->valueint, cases[i].integer);
        cJSON_Delete(v);
    }
    static const char *raw[] = {"9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808",
                                "18446744073709551615"};
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
        cJSON *v = accept(raw[i]);
        assert_true(cJSON_IsRaw(v));
        assert_string_equal(v->valuestring, raw[i]);
        cJSON_Delete(v);
    }
}

static void out_of_memory(void **state) {
    (void)state;
    static const char *texts[] = {
        "{\"id\":\"b1\",\"type\":null,\"model\":\"m\\n\",\"big\":9007199254740993,\"state\":{\"a\":[1,true,false,\"x\","
        "{\"y\":[]}],"
        "\"b\":2}}",
        "{\"q\":1,\"p\":1,\"o\":1,\"n\":1,\"m\":1,\"l\":1,\"k\":1,\"j\":1,\"i\":1,\"h\":1,\"g\":1,\"f\":1,\"e\":1,"
        "\"d\":1,\"c\":1,"
        "\"b\":1,\"a\":1}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (long nth = 1;; nth++) {
            cJSON *value = NULL;
            echo_error err = ECHO_ERROR_INIT;
            long before = fault_blocks();
            fault_at(nth);
            echo_status status = echo__json_parse(&value, texts[i], strlen(texts[i]), &err);
            if (!fault_off()) {
                assert_int_equal(status, ECHO_OK);
                assert_true(nth > 26); /* as many as there are nodes, keys and strings */
                cJSON_Delete(value);
                break;
            }
            assert_int_equal(status, ECHO_ERR_NOMEM);
            assert_int_equal(err.code, ECHO_ERR_NOMEM);
            assert_null(value);
            assert_int_equal(fault_blocks(), before);
        }
}

/* Every beginning of a text is refused, and changed bytes never lead anywhere but to a value or an error. */
static void damaged(void **state) {
    (void)state;
    const char *text = "{\"id\":\"b\xc3\xa9\",\"n\":[-1.25e2,0,9007199254740993,true,null],\"s\":{\"\\u20ac\":"
                       "\"\\ud83d\\ude00\\n\",\"z\":[[],{}]}}";
    size_t len = strlen(text);
    cJSON *value;
    cJSON_Delete(accept(text));
    for (size_t cut = 0; cut < len; cut++) assert_int_equal(parse(&value, text, cut, NULL), ECHO_ERR_CORRUPT);
    test_random random = {7};
    int accepted = 0;
    for (int i = 0; i < 50000; i++) {
        char copy[128];
        memcpy(copy, text, len);
        for (uint64_t n = test_random_below(&random, 3) + 1; n > 0; n--) {
            char c = i % 2 ? (char)test_random_u64(&random) : "\"\\{}[],:0-.eu \n"[test_random_below(&random, 15)];
            copy[test_random_below(&random, len)] = c;
        }
        echo_status status = parse(&value, copy, len, NULL);
        assert_true(status == ECHO_OK || status == ECHO_ERR_CORRUPT || status == ECHO_ERR_LIMIT);
        if (status != ECHO_OK) continue;
        accepted++;
        echo__buf out = ECHO__BUF_INIT;
        assert_int_equal(echo__json_print(&out, value), ECHO_OK); /* what is accepted can be printed */
        echo__buf_free(&out);
        cJSON_Delete(value);
    }
    assert_true(accepted > 100);
}

static void get_integers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool fits_int64, fits_uint64;
        int64_t i;
        uint64_t u;
    } cases[] = {
        {"0", true, true, 0, 0},
        {"-0", true, true, 0, 0},
        {"7", true, true, 7, 7},
        {"1e3", true, true, 1000, 1000},
        {"-7", true, false, -7, 0},
        {"9007199254740992", true, true, INT64_C(9007199254740992), UINT64_C(9007199254740992)},
        {"9007199254740993", true, true, INT64_C(9007199254740993), UINT64_C(9007199254740993)},
        {"-9007199254740993", true, false, INT64_C(-9007199254740993), 0},
        {"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
        {"9223372036854775808", false, true, 0, UINT64_C(9223372036854775808)},
        {"-9223372036854775808", true, false, INT64_MIN, 0},
        {"18446744073709551615", false, true, 0, UINT64_MAX},
        {"0.5", false, false, 0, 0},
        {"-1.5", false, false, 0, 0},
        {"1e16", false, false, 0, 0}, /* a double beyond 2^53 tells no integer for sure */
        {"1e300", false, false, 0, 0},
        {"\"1\"", false, false, 0, 0},
        {"true", false, false, 0, 0},
        {"null", false, false, 0, 0},
        {"[1]", false, false, 0, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        cJSON *v = accept(cases[k].text);
        int64_t i = 99;
        uint64_t u = 99;
        if (echo__json_get_int64(v, &i) != cases[k].fits_int64) fail_msg("int64 of %s", cases[k].text);
        if (echo__json_get_uint64(v, &u) != cases[k].fits_uint64) fail_msg("uint64 of %s", cases[k].text);
        assert_true(i == (cases[k].fits_int64 ? cases[k].i : 99));
        assert_true(u == (cases[k].fits_uint64 ? cases[k].u : 99));
        cJSON_Delete(v);
    }
    int64_t i;
    uint64_t u;
    assert_false(echo__json_get_int64(NULL, &i));
    assert_false(echo__json_get_uint64(NULL, &u));
    static const char *raw[] = {"", "x", "1x", "12345678901234567890123", "{}", "1.5"}; /* as a host may make them */
    for (size_t k = 0; k < sizeof raw / sizeof *raw; k++) {
        cJSON *v = cJSON_CreateRaw(raw[k]);
        assert_false(echo__json_get_int64(v, &i));
        cJSON_Delete(v);
    }
    cJSON *v = cJSON_CreateNumber((double)NAN);
    assert_false(echo__json_get_int64(v, &i));
    cJSON_Delete(v);
}

static void make_integers(void **state) {
    (void)state;
    static const int64_t signed_values[] = {0,
                                            1,
                                            -1,
                                            INT64_C(9007199254740992),
                                            INT64_C(-9007199254740992),
                                            INT64_C(9007199254740993),
                                            INT64_C(-9007199254740993),
                                            INT64_MAX,
                                            INT64_MIN};
    static const uint64_t unsigned_values[] = {0, UINT64_C(9007199254740992), UINT64_C(9007199254740993), UINT64_MAX};
    for (size_t k = 0; k < sizeof signed_values / sizeof *signed_values; k++) {
        cJSON *v = echo__json_int64(signed_values[k]);
        int64_t got = 0;
        assert_true(echo__json_get_int64(v, &got) && got == signed_values[k]);
        assert_int_equal(cJSON_IsRaw(v), k >= 5);
        cJSON_Delete(v);
    }
    for (size_t k = 0; k < sizeof unsigned_values / sizeof *unsigned_values; k++) {
        cJSON *v = echo__json_uint64(unsigned_values[k]);
        uint64_t got = 0;
        assert_true(echo__json_get_uint64(v, &got) && got == unsigned_values[k]);
        assert_int_equal(cJSON_IsRaw(v), k >= 2);
        cJSON_Delete(v);
    }
    for (long nth = 1; nth <= 2; nth++) {
        long before = fault_blocks();
        fault_at(nth);
        assert_null(echo__json_int64(INT64_MAX));
        assert_true(fault_off());
        assert_int_equal(fault_blocks(), before);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),  cmocka_unit_test(nodes_are_cjsons), cmocka_unit_test(refused),
        cmocka_unit_test(strings), cmocka_unit_test(invalid_utf8),     cmocka_unit_test(duplicate_keys),
        cmocka_unit_test(limits),  cmocka_unit_test(numbers),          cmocka_unit_test(out_of_memory),
        cmocka_unit_test(damaged), cmocka_unit_test(get_integers),     cmocka_unit_test(make_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
