/* numbers.json: doubles and integers as canonical JSON, and as values of the object model. */
#include "vectors.h"

#include "model/object_view.h"

static void expect_text(const char *what, echo__buf *text, const char *expected) {
    echo__buf_byte(text, 0);
    assert_int_equal(text->status, ECHO_OK);
    if (strcmp((const char *)text->data, expected) != 0) fail_msg("%s: %s, not %s", what, text->data, expected);
    echo__buf_free(text);
}

/* As text, and as cJSON that is printed. */
static void expect_shown(const char *what, echo__value *value, const char *expected) {
    echo__buf text = ECHO__BUF_INIT;
    assert_non_null(value);
    echo__view_text(&text, value);
    expect_text(what, &text, expected);
    cJSON *view = echo__view_make(value);
    assert_int_equal(echo__json_print(&text, view), ECHO_OK);
    expect_text(what, &text, expected);
    cJSON_Delete(view);
    echo__value_unref(value);
}

static void expect_double(const cJSON *vector, const char *bits) {
    uint64_t number = strtoull(bits, NULL, 16);
    double value;
    memcpy(&value, &number, sizeof value);
    echo__buf text = ECHO__BUF_INIT;
    echo__json_number(&text, value);
    expect_text(bits, &text, vector_text(vector, "json"));
    expect_shown(bits, echo__value_number(value), vector_text(vector, "value"));
}

static void expect_read(const cJSON *vector, const char *read) {
    cJSON *value = NULL;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo__json_parse(&value, read, strlen(read), &err);
    if (vector_member(vector, "refused") != NULL) {
        if (status != ECHO_ERR_CORRUPT && status != ECHO_ERR_LIMIT) fail_msg("%s: %s", read, echo_status_name(status));
        return;
    }
    if (status != ECHO_OK) fail_msg("%s: %s", read, err.message);
    echo__buf text = ECHO__BUF_INIT;
    assert_int_equal(echo__json_print(&text, value), ECHO_OK);
    expect_text(read, &text, vector_text(vector, "json"));
    cJSON_Delete(value);
}

static void test_numbers(void **state) {
    (void)state;
    cJSON *file = vectors_read("numbers");
    const cJSON *vector;
    size_t count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        const char *bits = cJSON_GetStringValue(vector_member(vector, "double")),
                   *integer = cJSON_GetStringValue(vector_member(vector, "int")),
                   *read = cJSON_GetStringValue(vector_member(vector, "read"));
        if (bits != NULL)
            expect_double(vector, bits);
        else if (integer != NULL)
            expect_shown(integer, echo__value_int(strtoll(integer, NULL, 10)), vector_text(vector, "value"));
        else
            expect_read(vector, read);
        count++;
    }
    assert_true(count >= 90);
    cJSON_Delete(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
