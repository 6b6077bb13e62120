/*
 * Reading the test vectors. Whatever a vector lacks fails the test with its description.
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include "support/test.h"

#include <cjson/cJSON.h>
#include <echo/echo.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

/* A file's text, for free(). */
static inline char *vector_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("%s cannot be opened", path);
    echo__buf text = ECHO__BUF_INIT;
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;) echo__buf_append(&text, piece, n);
    fclose(file);
    echo__buf_byte(&text, 0);
    assert_int_equal(text.status, ECHO_OK);
    return (char *)text.data;
}

/* tests/vectors/<name>.json. The caller's, for cJSON_Delete. */
static inline cJSON *vectors_read(const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.json", TEST_VECTORS, name);
    char *text = vector_file(path);
    cJSON *out = cJSON_Parse(text);
    free(text);
    if (out == NULL) fail_msg("%s is not JSON", path);
    return out;
}

static inline const cJSON *vector_member(const cJSON *of, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(of, name);
}

static inline const char *vector_text(const cJSON *of, const char *name) {
    const char *text = cJSON_GetStringValue(vector_member(of, name));
    if (text == NULL) fail_msg("a vector lacks %s", name);
    return text;
}

/* What a case is called when it fails. */
static inline const char *vector_name(const cJSON *of) { return vector_text(of, "description"); }

/* The bytes of a text of hex digits, in memory of exactly their length. The caller's, for echo__buf_free. */
static inline echo__buf vector_unhex(const char *hex) {
    echo__buf out = ECHO__BUF_INIT;
    size_t len = strlen(hex) / 2;
    out.data = malloc(len > 0 ? len : 1);
    assert_non_null(out.data);
    assert_true(echo__hex_decode(out.data, hex, 2 * len));
    out.len = out.cap = len;
    return out;
}

static inline echo_key vector_key(const char *hex) {
    echo_key key;
    assert_int_equal(strlen(hex), 64);
    assert_true(echo__hex_decode(key.bytes, hex, 64));
    return key;
}

/* Canonical JSON of a value, for free(). */
static inline char *vector_canonical(const cJSON *value) {
    echo__buf text = ECHO__BUF_INIT;
    assert_int_equal(echo__json_print(&text, value), ECHO_OK);
    echo__buf_byte(&text, 0);
    assert_int_equal(text.status, ECHO_OK);
    return (char *)text.data;
}

/* Fails unless a refusal is the one that the case expects: `code` is the text after ECHO_ERR_. */
static inline void vector_expect_code(const char *name, const char *code, echo_status status) {
    static const struct {
        const char *code;
        echo_status status;
    } codes[] = {{"CORRUPT", ECHO_ERR_CORRUPT},
                 {"LIMIT", ECHO_ERR_LIMIT},
                 {"UNSUPPORTED", ECHO_ERR_UNSUPPORTED},
                 {"SIGNATURE", ECHO_ERR_SIGNATURE}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(codes[i].code, code) == 0) {
            if (status != codes[i].status) fail_msg("%s: %s, not %s", name, echo_status_name(status), code);
            return;
        }
    fail_msg("%s: code %s is unknown", name, code);
}

/*
 * Applies a step of objects.json: [time, feed, seq, bytes], where feed is an index into `feeds`. One that is refused
 * changes nothing.
 */
static inline void vector_apply(const echo_model_ops *ops, void *state, const cJSON *step, const cJSON *feeds) {
    echo__buf bytes = vector_unhex(cJSON_GetArrayItem(step, 3)->valuestring);
    echo_error err = ECHO_ERROR_INIT;
    echo_mutation mutation = {echo__buf_bytes(&bytes), (uint64_t)cJSON_GetArrayItem(step, 0)->valuedouble, {{0}}, 0};
    mutation.feed = vector_key(cJSON_GetArrayItem(feeds, cJSON_GetArrayItem(step, 1)->valueint)->valuestring);
    mutation.seq = (uint64_t)cJSON_GetArrayItem(step, 2)->valuedouble;
    echo_status status = ops->apply(NULL, state, &mutation, &err);
    assert_true(status == ECHO_OK || status == ECHO_ERR_UNSUPPORTED || status == ECHO_ERR_CORRUPT);
    echo__buf_free(&bytes);
}

#endif
