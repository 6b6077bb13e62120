/* mutations.json, objects.json and paths.json: the object model's views and what it keeps. */
#include "vectors.h"

#include "model/object.h"
#include "model/object_path.h"
#include "model/object_text.h"

static void *object_make(const echo_model_ops *ops) {
    void *state = NULL;
    assert_int_equal(ops->create(&state, NULL, NULL), ECHO_OK);
    return state;
}

static char *object_view(const echo_model_ops *ops, void *state) {
    cJSON *view;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(ops->view(&view, NULL, state, &err), ECHO_OK);
    char *text = vector_canonical(view);
    cJSON_Delete(view);
    return text;
}

static void expect_view(const echo_model_ops *ops, void *state, const char *name, const char *expected) {
    char *view = object_view(ops, state);
    if (strcmp(view, expected) != 0) fail_msg("%s:\n%s, not\n%s", name, view, expected);
    free(view);
}

/* ---- Single mutations */

static void expect_outcome(const echo_model_ops *ops, const cJSON *vector, const cJSON *expected, echo_bytes bytes) {
    void *state = object_make(ops);
    echo_error err = ECHO_ERROR_INIT;
    echo_mutation mutation = {bytes, 1, {{0}}, 0};
    const cJSON *code = vector_member(expected, "refused");
    echo_status status = ops->apply(NULL, state, &mutation, &err);
    if (code != NULL) {
        vector_expect_code(vector_name(vector), code->valuestring, status);
        expect_view(ops, state, vector_name(vector), "{}"); /* as a whole or not at all */
    } else {
        if (status != ECHO_OK) fail_msg("%s: %s", vector_name(vector), err.message);
        expect_view(ops, state, vector_name(vector), vector_text(expected, "view"));
    }
    ops->destroy(NULL, state);
}

static void test_mutations(void **at) {
    (void)at;
    cJSON *file = vectors_read("mutations");
    const cJSON *vector;
    size_t count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        echo__buf bytes = vector_unhex(vector_text(vector, "mutation"));
        expect_outcome(&echo__object_ops, vector, vector_member(vector, "new"), echo__buf_bytes(&bytes));
        expect_outcome(&echo__object_ops_old, vector, vector_member(vector, "old"), echo__buf_bytes(&bytes));
        echo__buf_free(&bytes);
        count++;
    }
    assert_true(count >= 100);
    cJSON_Delete(file);
}

/* ---- Items */

/* In canonical order, backwards, and from the middle on. */
static void expect_object(const cJSON *vector, const cJSON *feeds, int order) {
    bool old = strcmp(vector_text(vector, "model"), "old") == 0;
    const echo_model_ops *ops = old ? &echo__object_ops_old : &echo__object_ops;
    void *state = object_make(ops);
    const cJSON *steps = vector_member(vector, "mutations");
    int n = cJSON_GetArraySize(steps);
    for (int i = 0; i < n; i++) {
        int at = order == 0 ? i : order == 1 ? n - 1 - i : (i + n / 2) % n;
        vector_apply(ops, state, cJSON_GetArrayItem(steps, at), feeds);
    }
    expect_view(ops, state, vector_name(vector), vector_text(vector, "view"));
    echo__buf text = ECHO__BUF_INIT;
    assert_int_equal(echo__object_text(&text, state, NULL), ECHO_OK);
    echo__buf_byte(&text, 0);
    const char *is = (const char *)text.data, *expected = vector_text(vector, "state");
    if (strcmp(is, expected) != 0) fail_msg("%s, order %d:\n%s, not\n%s", vector_name(vector), order, is, expected);
    echo__buf_free(&text);
    ops->destroy(NULL, state);
}

static void test_objects(void **at) {
    (void)at;
    cJSON *file = vectors_read("objects");
    const cJSON *vector;
    size_t count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        for (int order = 0; order < 3; order++) expect_object(vector, vector_member(file, "feeds"), order);
        count++;
    }
    assert_true(count >= 60);
    cJSON_Delete(file);
}

/* ---- Paths */

static cJSON *path_of(const char *key, echo_status *status) {
    echo__seg segments[ECHO__PATH_MAX];
    uint32_t n = 0;
    size_t len = strlen(key);
    char *copy = malloc(len > 0 ? len : 1); /* exactly the key, for the address sanitizer */
    assert_non_null(copy);
    memcpy(copy, key, len);
    *status = echo__object_path(segments, &n, copy, len);
    cJSON *out = cJSON_CreateArray();
    for (uint32_t i = 0; *status == ECHO_OK && i < n; i++) {
        char *text = strndup(segments[i].text, segments[i].len);
        cJSON_AddItemToArray(out, cJSON_CreateString(text));
        free(text);
    }
    free(copy);
    return out;
}

static void test_paths(void **at) {
    (void)at;
    cJSON *file = vectors_read("paths");
    const cJSON *vector;
    size_t count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        const char *key = vector_text(vector, "key");
        const cJSON *code = vector_member(vector, "refused");
        echo_status status;
        cJSON *path = path_of(key, &status);
        if (code != NULL) {
            vector_expect_code(key, code->valuestring, status);
        } else {
            char *is = vector_canonical(path), *expected = vector_canonical(vector_member(vector, "segments"));
            if (status != ECHO_OK || strcmp(is, expected) != 0) fail_msg("%s: %s, not %s", key, is, expected);
            free(is);
            free(expected);
        }
        cJSON_Delete(path);
        count++;
    }
    assert_true(count >= 150);
    cJSON_Delete(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations), cmocka_unit_test(test_objects),
                                       cmocka_unit_test(test_paths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
