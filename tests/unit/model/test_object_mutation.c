/* The builder: bytes as protobufjs writes them, and what is built reads back as it was given. */
#include "test_object_support.h"

#include <math.h>

#include "base/json_format.h"

static echo_object_mutation *mutation_new(uint32_t generation) {
    echo_object_mutation *m;
    assert_int_equal(echo_object_mutation_new(&m, generation), ECHO_OK);
    return m;
}

/* Takes the mutation. */
static char *finish_hex(echo_object_mutation *m) {
    echo_bytes bytes;
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
    char *hex = malloc(2 * bytes.len + 1);
    assert_non_null(hex);
    echo__hex_encode(hex, bytes.data, bytes.len);
    echo_object_mutation_free(m);
    return hex;
}

/* Takes the mutation and the value. */
static void assert_set(echo_object_mutation *m, const char *key, cJSON *value, const char *expected) {
    echo_object_set(m, key, value);
    cJSON_Delete(value);
    char *hex = finish_hex(m);
    assert_string_equal(hex, expected);
    free(hex);
}

typedef struct encoding_case {
    uint32_t generation;     /* 0: both */
    const char *value, *hex; /* field 3, as in the format's worked examples */
} encoding_case;

static void test_encodings(void **state) {
    (void)state;
    static const encoding_case cases[] = {
        {0, "-1", "1a0b18ffffffffffffffffff01"},
        {0, "0", "1a021800"},
        {0, "4.5", "1a052500009040"},
        {0, "3.14", "1a0f25c3f54840f97f1f85eb51b81e0940"}, /* a float, and the double that it does not hold */
        {0, "1e-50", "1a0f2500000000f97f1fb8d44a7aee8d35"},
        {0, "-0.1", "1a0f25cdccccbdf97f9a9999999999b9bf"},
        {0, "0.1", "1a0f25cdcccc3df97f9a9999999999b93f"},
        {0, "[0.1]", "1a19a201160a140a0130120f25cdcccc3df97f9a9999999999b93f"},
        {0, "true", "1a021001"},
        {0, "false", "1a021000"},
        {0, "null", "1a020801"},
        {0, "\"\"", "1a022a00"},
        {0, "{\"$bytes\":\"AP8MBw==\"}", "1a06620400ff0c07"},
        {0, "{\"$bytes\":\"\"}", "1a026200"},
        {0, "{\"$string\":\"YQA=\"}", "1a042a026100"},
        {0, "{\"$float\":\"NaN\"}", "1a05250000c07f"},
        {0, "{\"$float\":\"-Infinity\"}", "1a0525000080ff"},
        {0, "{}", "1a03a20100"},
        {0, "[]", "1a03a20100"},
        {0, "{\"a\":13,\"b\":\"x\",\"c\":{\"d\":true,\"e\":3}}",
         "1a32a2012f0a070a01611202180d0a080a016212032a01780a1a0a01631215a201120a070a0164120210010a070a016512021803"},
        {0, "{\"b\":1,\"a\":2}", "1a15a201120a070a0162120218010a070a016112021802"}, /* in the order given */
        {0, "[1,\"a\"]", "1a16a201130a070a0130120218010a080a013112032a0161"},
        {0, "{\"$$x\":1}", "1a0da2010a0a080a02247812021801"},
        {0, "2147483647", "1a0618ffffffff07"},
        {2, "2147483648", "1a06188080808008"},
        {2, "9007199254740993", "1a09188180808080808010"},
        {2, "-9223372036854775808", "1a0b1880808080808080808001"},
        {0, "1.00000002004087734272e20", "1a0525ec78ad60"}, /* beyond int64, but a float32 */
        {1, "{\"a.b\":1}", "1a0ea2010b0a090a03612e6212021801"},
        {2, "{\"a.b\":1}", "1a12a2010f0a0d0a075b22612e62225d12021801"}, /* ["a.b"]: not a path */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint32_t generation = 1; generation <= 2; generation++) {
            if (cases[i].generation != 0 && cases[i].generation != generation) continue;
            char expected[512];
            (void)snprintf(expected, sizeof expected, "0a%02zx080012016b%s", 5 + strlen(cases[i].hex) / 2,
                           cases[i].hex);
            assert_set(mutation_new(generation), "k", json(cases[i].value), expected);
        }
}

static void test_operations(void **state) {
    (void)state;
    cJSON *one = cJSON_CreateNumber(1);
    echo_object_mutation *m = mutation_new(2);
    echo_bytes bytes;
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
    assert_int_equal(bytes.len, 0);
    echo_object_delete(m, "p2");
    echo_object_push(m, "k", one);
    echo_object_set_add(m, "k", one);
    echo_object_set_remove(m, "k", one);
    char *hex = finish_hex(m);
    assert_string_equal(hex, "0a06080112027032"
                             "0a09080212016b1a021801"
                             "0a09080412016b1a021801"
                             "0a09080512016b1a021801");
    free(hex);
    /* the old generation deletes by null, and has no lists */
    m = mutation_new(1);
    echo_object_delete(m, "p2");
    hex = finish_hex(m);
    assert_string_equal(hex, "0a0a0800120270321a020801");
    free(hex);
    for (int i = 0; i < 3; i++) {
        m = mutation_new(1);
        if (i == 0) echo_object_push(m, "k", one);
        if (i == 1) echo_object_set_add(m, "k", one);
        if (i == 2) echo_object_set_remove(m, "k", one);
        assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_ERR_UNSUPPORTED);
        echo_object_mutation_free(m);
    }
    cJSON_Delete(one);
    cJSON *title = cJSON_CreateString("Fixture party");
    assert_set(mutation_new(1), "title", cJSON_Duplicate(title, 1),
               "0a1a080012057469746c651a0f2a0d46697874757265207061727479");
    assert_set(mutation_new(2), "title", title, "0a1a080012057469746c651a0f2a0d46697874757265207061727479");
}

static void test_round_trip(void **state) {
    (void)state;
    static const char *const values[] = {
        "null",
        "true",
        "false",
        "0",
        "-5",
        "4.5",
        "3.14",
        "-1e-300",
        "1e+30",
        "{\"a\":0.1,\"b\":{\"c\":0.2}}",
        "\"\"",
        "\"text\"",
        "{}",
        "9007199254740993",
        "-9223372036854775808",
        "9223372036854775807",
        "{\"$bytes\":\"AP8MBw==\"}",
        "{\"$string\":\"YQA=\"}",
        "{\"$float\":\"NaN\"}",
        "{\"$float\":\"Infinity\"}",
        "{\"$float\":\"-Infinity\"}",
        "{\"$$bytes\":\"AA==\"}",
        "{\"$$\":1,\"$$$$a\":2}",
        "{\"a\":{\"b\":[]}}",
        /* keys that would be paths, or nothing at all */
        "{\"\":0,\" "
        "\":1,\".\":2,\"..\":3,\"[\":4,\"[]\":5,\"[]]\":6,\"a.b\":7,\"a[0]\":8,\"a[b\":9,\"a\\\"b\":10,\"a\\\\.\":11,"
        "\"'.'\":12,\"["
        "\\\"x\\\"]\":13,\"\\n.\":14}",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        object o = object_new(2);
        echo_object_mutation *m = mutation_new(2);
        cJSON *value = json(values[i]), *expected = cJSON_CreateObject();
        echo_bytes bytes;
        echo_object_set(m, "k", value);
        assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
        assert_int_equal(object_apply(&o, bytes, 1, 1, 1, NULL), ECHO_OK);
        cJSON_AddItemToObject(expected, "k", value);
        char *text = canonical(expected);
        /* arrays come back as objects: that is the format */
        if (strstr(text, "[]}}") != NULL) strcpy(strstr(text, "[]}}"), "{}}}}");
        assert_view(&o, text);
        free(text);
        echo_object_mutation_free(m);
        object_free(&o);
    }
}

/* Sets k to the number and reads it back. */
static echo_status number_back(int generation, double number, echo__buf *back) {
    object o = object_new(generation);
    echo_object_mutation *m = mutation_new((uint32_t)generation);
    cJSON *value = cJSON_CreateNumber(number);
    echo_bytes bytes;
    echo_object_set(m, "k", value);
    echo_status status = echo_object_mutation_bytes(&bytes, m);
    if (status == ECHO_OK) {
        assert_int_equal(object_apply(&o, bytes, 1, 1, 1, NULL), ECHO_OK);
        char *view = object_view(&o);
        echo__buf_text(back, view);
        free(view);
    }
    cJSON_Delete(value);
    echo_object_mutation_free(m);
    object_free(&o);
    return status;
}

/* Every double that rounds to a finite float is read back as it was. */
static void test_any_number(void **state) {
    (void)state;
    test_random r = {1};
    size_t taken[2] = {0, 0}, refused[2] = {0, 0};
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = test_random_u64(&r);
        if (i % 2 == 0) /* every second one: exponents around those of floats */
            bits = (bits & ~(UINT64_C(0x7ff) << 52)) | (UINT64_C(1023) - 160 + test_random_below(&r, 320)) << 52;
        double number;
        memcpy(&number, &bits, sizeof number);
        if (!isfinite(number)) continue;
        char expected[64] = "{\"k\":", digits[ECHO__JSON_NUMBER_CHARS + 1];
        size_t len = echo__json_format_double(digits, number);
        memcpy(digits + len, "}", 2);
        strcat(expected, strcmp(digits, "-0}") == 0 ? "0}" : digits);
        for (int generation = 1; generation <= 2; generation++) {
            bool integer = fabs(number) < 0x1p63 && number == trunc(number);
            echo__buf back = ECHO__BUF_INIT;
            echo_status status = number_back(generation, number, &back);
            echo__buf_byte(&back, 0);
            bool fits = generation == 1 && integer ? fabs(number) < 0x1p31 : fabs(number) < 0x1.ffffffp127;
            assert_int_equal(status, fits ? ECHO_OK : ECHO_ERR_LIMIT);
            /* the text of an integer within int64 has all of its digits, that of a double the shortest */
            if (fits && fabs(number) < 0x1p53) assert_string_equal((const char *)back.data, expected);
            if (fits && !integer) assert_string_equal((const char *)back.data, expected);
            (*(fits ? &taken : &refused))[generation - 1]++;
            echo__buf_free(&back);
        }
    }
    for (int i = 0; i < 2; i++) assert_true(taken[i] > 8000 && refused[i] > 2000);
}

typedef struct fault_case {
    uint32_t generation;
    const char *key, *value;
    echo_status status;
} fault_case;

static void test_faults(void **state) {
    (void)state;
    static const fault_case cases[] = {
        {1, "k", "2147483648", ECHO_ERR_LIMIT},
        {1, "k", "-2147483649", ECHO_ERR_LIMIT},
        {1, "k", "9007199254740993", ECHO_ERR_LIMIT},
        {2, "k", "1e39", ECHO_ERR_LIMIT},
        {2, "k", "3.4028235677973366e38", ECHO_ERR_LIMIT}, /* the least that rounds to infinity */
        {2, "k", "3.4028234663852886e38", ECHO_OK},
        {2, "k", "-3.4028235677973366e38", ECHO_ERR_LIMIT},
        {2, "k", "3.4028235677973362e38", ECHO_OK},
        {2, "k", "10000000000000000000", ECHO_OK}, /* not an int64, but a double */
        {2, "k", "10000000000000000001", ECHO_ERR_LIMIT},
        {2, "k", "18446744073709551615", ECHO_ERR_LIMIT},
        {2, "k", "18446744073709552000", ECHO_OK}, /* the text of 2^64 */
        {2, "k", "9223372036854777856", ECHO_OK},  /* 2^63 + 2^11 */
        {2, "k", "9223372036854778000", ECHO_OK},  /* its text */
        {2, "k", "1e30", ECHO_OK},
        {2, "k", "{\"$x\":1}", ECHO_ERR_INVALID},
        {2, "k", "{\"$bytes\":\"A\"}", ECHO_ERR_INVALID},
        {2, "k", "{\"$bytes\":1}", ECHO_ERR_INVALID},
        {2, "k", "{\"$float\":\"1\"}", ECHO_ERR_INVALID},
        {2, "k", "{\"$string\":\"YQ==\"}", ECHO_ERR_INVALID}, /* an ordinary text */
        {2, "k", "{\"$bytes\":\"\",\"a\":1}", ECHO_ERR_INVALID},
        {1, "k", "{\"\":1}", ECHO_ERR_INVALID}, /* old readers stumble over it */
        {2, "", "1", ECHO_ERR_INVALID},
        {2, NULL, "1", ECHO_ERR_INVALID},
        {2, "\xff", "1", ECHO_ERR_INVALID},
        {2, "k", NULL, ECHO_ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        echo_object_mutation *m = mutation_new(cases[i].generation);
        cJSON *value = cases[i].value == NULL ? NULL : json(cases[i].value), *one = cJSON_CreateNumber(1);
        echo_bytes bytes = {(const uint8_t *)"x", 1};
        echo_object_set(m, "good", one);
        echo_object_set(m, cases[i].key, value);
        echo_object_set(m, "good", one);
        if (echo_object_mutation_bytes(&bytes, m) != cases[i].status) fail_msg("%s", cases[i].value);
        assert_int_equal(bytes.len == 0, cases[i].status != ECHO_OK);
        cJSON_Delete(value);
        cJSON_Delete(one);
        echo_object_mutation_free(m);
    }
    echo_object_mutation *m;
    echo_bytes bytes;
    assert_int_equal(echo_object_mutation_new(&m, 0), ECHO_ERR_INVALID);
    assert_null(m);
    assert_int_equal(echo_object_mutation_new(&m, 3), ECHO_ERR_INVALID);
    assert_int_equal(echo_object_mutation_new(NULL, 2), ECHO_ERR_INVALID);
    assert_int_equal(echo_object_mutation_bytes(&bytes, NULL), ECHO_ERR_INVALID);
    echo_object_set(NULL, "k", NULL);
    echo_object_delete(NULL, "k");
    echo_object_push(NULL, "k", NULL);
    echo_object_mutation_free(NULL);
    m = mutation_new(2);
    cJSON *value = cJSON_CreateNumber((double)NAN), *broken = cJSON_CreateString("\xff");
    echo_object_set(m, "k", value);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_ERR_INVALID);
    echo_object_mutation_free(m);
    m = mutation_new(2);
    echo_object_set(m, "k", broken);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_ERR_INVALID);
    echo_object_mutation_free(m);
    cJSON_Delete(value);
    cJSON_Delete(broken);
}

/* What the builder lets through the model takes, up to the last segment, level and byte. */
static void test_limits_agree(void **state) {
    (void)state;
    for (int list = 0; list < 2; list++)
        for (size_t segments = 1; segments < 68; segments += 3)
            for (size_t levels = 0; levels < 68; levels++) {
                char key[256] = "a";
                for (size_t i = 1; i < segments; i++) strcat(key, ".b");
                cJSON *value = cJSON_CreateNumber(1);
                for (size_t i = 0; i < levels; i++) {
                    cJSON *outer = i % 2 == 0 ? cJSON_CreateObject() : cJSON_CreateArray();
                    if (i % 2 == 0)
                        cJSON_AddItemToObject(outer, "x", value);
                    else
                        cJSON_AddItemToArray(outer, value);
                    value = outer;
                }
                bool fits = segments + levels + (size_t)list <= ECHO_OBJECT_DEPTH_MAX;
                echo_object_mutation *m = mutation_new(2);
                echo_bytes bytes;
                if (list)
                    echo_object_push(m, key, value);
                else
                    echo_object_set(m, key, value);
                assert_int_equal(echo_object_mutation_bytes(&bytes, m), fits ? ECHO_OK : ECHO_ERR_LIMIT);
                if (fits) {
                    object o = object_new(2);
                    assert_int_equal(object_apply(&o, bytes, 1, 1, 1, NULL), ECHO_OK);
                    object_free(&o);
                }
                echo_object_mutation_free(m);
                cJSON_Delete(value);
            }
    static char key[ECHO_OBJECT_KEY_BYTES_MAX + 2];
    memset(key, 'k', ECHO_OBJECT_KEY_BYTES_MAX);
    cJSON *one = cJSON_CreateNumber(1), *outer = cJSON_CreateObject();
    echo_object_mutation *m = mutation_new(2);
    echo_bytes bytes;
    echo_object_set(m, key, one);
    cJSON_AddItemReferenceToObject(outer, key, one);
    echo_object_set(m, "k", outer);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
    object o = object_new(2);
    assert_int_equal(object_apply(&o, bytes, 1, 1, 1, NULL), ECHO_OK);
    object_free(&o);
    key[0] = '.'; /* quoting makes it longer than a key may be */
    cJSON_AddItemReferenceToObject(outer, key, one);
    echo_object_set(m, "k", outer);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_ERR_LIMIT);
    echo_object_mutation_free(m);
    key[ECHO_OBJECT_KEY_BYTES_MAX] = 'k';
    m = mutation_new(2);
    echo_object_set(m, key, one);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_ERR_LIMIT);
    echo_object_mutation_free(m);
    cJSON_Delete(outer);
    cJSON_Delete(one);
}

/* The values that one mutation may have are counted over all of its operations, and as the reader counts them. */
static void test_node_limit(void **state) {
    (void)state;
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < 8730; i++) cJSON_AddItemToArray(list, cJSON_CreateTrue());
    echo_object_mutation *m = mutation_new(2);
    echo_bytes bytes;
    size_t count = 0, len = 0;
    do {
        assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
        len = bytes.len;
        echo_object_set(m, "k", list);
        count++;
    } while (echo_object_mutation_bytes(&bytes, m) == ECHO_OK && count < 1000);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_ERR_LIMIT);
    assert_int_equal(count, (1u << 20) / (8730 * 3 + 3) + 1);
    echo_object_mutation_free(m);
    m = mutation_new(2);
    for (size_t i = 0; i + 1 < count; i++) echo_object_set(m, "k", list);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
    assert_int_equal(bytes.len, len);
    object o = object_new(2);
    assert_int_equal(object_apply(&o, bytes, 1, 1, 1, NULL), ECHO_OK);
    echo__buf more = ECHO__BUF_INIT; /* one more is too many for the reader as well */
    echo__buf_append(&more, bytes.data, bytes.len);
    echo__buf_append(&more, bytes.data, bytes.len / (count - 1));
    assert_int_equal(object_apply(&o, echo__buf_bytes(&more), 2, 1, 2, NULL), ECHO_ERR_LIMIT);
    echo__buf_free(&more);
    object_free(&o);
    echo_object_mutation_free(m);
    cJSON_Delete(list);
}

static void test_out_of_memory(void **state) {
    (void)state;
    cJSON *value = json(
        "{\"a\":[1,\"text\",{\"$bytes\":\"AP8MBw==\"},{\"b.c\":4.5}],\"d\":\"a text that is too long for any small "
        "room on the stack, "
        "or so one hopes: it goes on and on and on and on and on and on and on and on and on and on\"}");
    for (long nth = 1;; nth++) {
        long before = fault_blocks();
        echo_object_mutation *m = NULL;
        echo_bytes bytes;
        fault_at(nth);
        echo_status status = echo_object_mutation_new(&m, 2);
        for (int i = 0; i < 40; i++) {
            echo_object_set(m, "k.l", value);
            echo_object_push(m, "k.m", value);
        }
        if (status == ECHO_OK) status = echo_object_mutation_bytes(&bytes, m);
        bool failed = fault_off();
        echo_object_mutation_free(m);
        assert_int_equal(fault_blocks(), before);
        assert_int_equal(status, failed ? ECHO_ERR_NOMEM : ECHO_OK);
        if (!failed) break;
    }
    cJSON_Delete(value);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodings),  cmocka_unit_test(test_operations),    cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_any_number), cmocka_unit_test(test_faults),        cmocka_unit_test(test_limits_agree),
        cmocka_unit_test(test_node_limit), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
