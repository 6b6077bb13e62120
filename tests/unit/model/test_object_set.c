/* Setters without JSON: the same bytes as from JSON, and a builder that is used again takes no memory. */
#include "test_object_support.h"

#include <math.h>

static echo_object_mutation *mutation_new(echo_generation generation) {
    echo_object_mutation *m;
    assert_int_equal(echo_object_mutation_new(&m, generation), ECHO_OK);
    return m;
}

/* The same with both: the status, and the bytes. */
static void compare(echo_object_mutation *typed, echo_object_mutation *other) {
    echo_bytes a, b;
    echo_status status = echo_object_mutation_bytes(&a, typed);
    assert_int_equal(status, echo_object_mutation_bytes(&b, other));
    if (status == ECHO_OK) assert_true(a.len > 0);
    assert_true(echo__bytes_equal(a, b));
    echo_object_mutation_reset(typed);
    echo_object_mutation_reset(other);
    assert_int_equal(echo_object_mutation_bytes(&a, typed), ECHO_OK);
    assert_int_equal(a.len, 0);
}

static void from_json(echo_object_mutation *m, const char *key, const char *text) {
    cJSON *value = json(text);
    echo_object_set(m, key, value);
    cJSON_Delete(value);
}

static void test_same_bytes(void **state) {
    (void)state;
    static const struct {
        double number;
        const char *json;
    } numbers[] = {{0, "0"},
                   {-0.0, "-0"},
                   {4.5, "4.5"},
                   {3.14, "3.14"},
                   {-7, "-7"},
                   {1e15, "1000000000000000"},
                   {1e30, "1e30"},
                   {1e300, "1e300"},
                   {0x1p62, "4611686018427387904"},
                   {(double)NAN, "{\"$float\":\"NaN\"}"},
                   {-(double)INFINITY, "{\"$float\":\"-Infinity\"}"}};
    static const struct {
        int64_t number;
        const char *json;
    } integers[] = {{0, "0"},
                    {-1, "-1"},
                    {INT32_MAX, "2147483647"},
                    {INT64_C(2147483648), "2147483648"},
                    {INT64_MAX, "9223372036854775807"},
                    {INT64_MIN, "-9223372036854775808"}};
    for (int generation = 1; generation <= 2; generation++) {
        echo_object_mutation *m = mutation_new((echo_generation)generation);
        echo_object_mutation *other = mutation_new((echo_generation)generation);
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            echo_object_set_number(m, "k", numbers[i].number);
            from_json(other, "k", numbers[i].json);
            compare(m, other);
        }
        for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
            echo_object_set_int64(m, "k", integers[i].number);
            from_json(other, "k", integers[i].json);
            compare(m, other);
        }
        echo_object_set_string(m, "a.b", "text\n", ECHO_OBJECT_TEXT);
        echo_object_set_string(m, "a", "text", 2);
        echo_object_set_string(m, "a", NULL, 0);
        echo_object_set_string(m, "a", "\xff\0", 2);
        echo_object_set_bytes(m, "a", "\0\1", 2);
        echo_object_set_bytes(m, "a", NULL, 0);
        echo_object_set_bool(m, "b", true);
        echo_object_set_bool(m, "b", false);
        echo_object_set_null(m, "c");
        from_json(other, "a.b", "\"text\\n\"");
        from_json(other, "a", "\"te\"");
        from_json(other, "a", "\"\"");
        from_json(other, "a", "{\"$string\":\"/wA=\"}");
        from_json(other, "a", "{\"$bytes\":\"AAE=\"}");
        from_json(other, "a", "{\"$bytes\":\"\"}");
        from_json(other, "b", "true");
        from_json(other, "b", "false");
        from_json(other, "c", "null");
        compare(m, other);
        echo_object_mutation_free(m);
        echo_object_mutation_free(other);
    }
}

static void test_errors(void **state) {
    (void)state;
    echo_object_mutation *m = mutation_new(ECHO_GENERATION_NEW);
    echo_bytes bytes;
    for (int i = 0; i < 6; i++) {
        if (i == 0) echo_object_set_string(m, "k", NULL, 1);
        if (i == 1) echo_object_set_string(m, "k", NULL, ECHO_OBJECT_TEXT);
        if (i == 2) echo_object_set_bytes(m, "k", NULL, 1);
        if (i == 3) echo_object_set_bool(m, NULL, true);
        if (i == 4) echo_object_set_int64(m, "", 1);
        if (i == 5) echo_object_set_string(m, "\xff", "a", 1);
        echo_object_set_null(m, "k"); /* the first error stays */
        assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_ERR_INVALID);
        echo_object_mutation_reset(m);
    }
    echo_object_set_null(m, "k");
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
    assert_true(bytes.len > 0);
    echo_object_mutation_free(m);
    echo_object_mutation_reset(NULL);
    echo_object_set_null(NULL, "k");
    echo_object_set_string(NULL, "k", "a", 1);
    echo_object_set_number(NULL, "k", 1);
}

static void fill(echo_object_mutation *m) {
    char text[1000];
    memset(text, 'x', sizeof text);
    echo_object_set_string(m, "string", text, sizeof text);
    echo_object_set_bytes(m, "bytes.of[1]", text, sizeof text);
    echo_object_set_number(m, "number", 1.25);
    echo_object_set_int64(m, "integer", 5);
    echo_object_set_bool(m, "bool", true);
    echo_object_set_null(m, "null");
    echo_object_delete(m, "deleted");
}

static void test_takes_no_memory(void **state) {
    (void)state;
    echo_object_mutation *m = mutation_new(ECHO_GENERATION_NEW);
    echo_bytes bytes;
    fill(m);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
    size_t len = bytes.len;
    fault_at(1);
    for (int i = 0; i < 1000; i++) {
        echo_object_mutation_reset(m);
        fill(m);
        assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
        assert_int_equal(bytes.len, len);
    }
    assert_int_equal(fault_allocations(), 0);
    assert_false(fault_off());
    echo_object_mutation_free(m);
    for (long nth = 1, failed = 1; failed; nth++) {
        m = mutation_new(ECHO_GENERATION_NEW);
        fault_at(nth);
        fill(m);
        failed = fault_off();
        assert_int_equal(echo_object_mutation_bytes(&bytes, m), failed ? ECHO_ERR_NOMEM : ECHO_OK);
        echo_object_mutation_free(m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_errors),
                                       cmocka_unit_test(test_takes_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
