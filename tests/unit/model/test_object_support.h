/*
 * For tests of the object model: mutations written by hand on the wire, without the library's own builder; states
 * driven through the hooks; values as canonical text.
 */
#ifndef TEST_OBJECT_SUPPORT_H
#define TEST_OBJECT_SUPPORT_H

#include "support/test.h"

#include <echo/object.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "model/object.h"
#include "model/object_frozen.h"
#include "model/object_state.h"
#include "model/object_text.h"
#include "model/object_thaw.h"
#include "support/fault.h"
#include "support/random.h"

/* The wire. */

static inline void wire_varint(echo__buf *out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) echo__buf_byte(out, (uint8_t)(value | 0x80));
    echo__buf_byte(out, (uint8_t)value);
}

static inline void wire_int(echo__buf *out, uint32_t field, uint64_t value) {
    wire_varint(out, (uint64_t)field << 3);
    wire_varint(out, value);
}

static inline void wire_bytes(echo__buf *out, uint32_t field, const void *data, size_t len) {
    wire_varint(out, (uint64_t)field << 3 | 2);
    wire_varint(out, len);
    echo__buf_append(out, data, len);
}

/* Takes the inner message. */
static inline void wire_message(echo__buf *out, uint32_t field, echo__buf *inner) {
    wire_bytes(out, field, inner->data, inner->len);
    echo__buf_free(inner);
}

static inline void wire_text(echo__buf *out, uint32_t field, const char *text) {
    wire_bytes(out, field, text, strlen(text));
}

/* A number as a float and, in field 2047, as a double. */
static inline void wire_double(echo__buf *out, double number) {
    float rounded = (float)number;
    uint32_t narrow;
    uint64_t wide;
    memcpy(&narrow, &rounded, sizeof narrow);
    memcpy(&wide, &number, sizeof wide);
    wire_varint(out, 4 << 3 | 5);
    for (int i = 0; i < 4; i++, narrow >>= 8) echo__buf_byte(out, (uint8_t)narrow);
    wire_varint(out, 2047 << 3 | 1);
    for (int i = 0; i < 8; i++, wide >>= 8) echo__buf_byte(out, (uint8_t)wide);
}

enum { WIRE_SET = 0, WIRE_DELETE = 1, WIRE_PUSH = 2, WIRE_ADD = 4, WIRE_REMOVE = 5 };

/* One operation, as a set of its own: such sets one after the other are one set. `value` is an encoded Value, or NULL;
 * it is taken.
 */
static inline void wire_op(echo__buf *out, int64_t operation, const char *key, echo__buf *value) {
    echo__buf op = ECHO__BUF_INIT;
    wire_int(&op, 1, (uint64_t)operation);
    wire_text(&op, 2, key);
    if (value != NULL) wire_message(&op, 3, value);
    wire_message(out, 1, &op);
}

/* A Value from JSON: numbers, strings, booleans, null, objects, and arrays as the protocol's own arrays. */
static inline echo__buf wire_value(const cJSON *from) {
    echo__buf value = ECHO__BUF_INIT, inner = ECHO__BUF_INIT;
    if (cJSON_IsNull(from))
        wire_int(&value, 1, 1);
    else if (cJSON_IsBool(from))
        wire_int(&value, 2, cJSON_IsTrue(from) ? 1 : 0);
    else if (cJSON_IsNumber(from) && from->valuedouble != trunc(from->valuedouble))
        wire_double(&value, from->valuedouble);
    else if (cJSON_IsNumber(from))
        wire_int(&value, 3, (uint64_t)(int64_t)from->valuedouble);
    else if (cJSON_IsString(from))
        wire_text(&value, 5, from->valuestring);
    else {
        for (const cJSON *child = from->child; child != NULL; child = child->next) {
            echo__buf member = wire_value(child), property = ECHO__BUF_INIT;
            if (cJSON_IsObject(from)) {
                wire_text(&property, 1, child->string);
                wire_message(&property, 2, &member);
                wire_message(&inner, 1, &property);
            } else {
                wire_message(&inner, 1, &member);
            }
        }
        wire_message(&value, cJSON_IsObject(from) ? 20 : 21, &inner);
    }
    return value;
}

/* JSON. */

static inline cJSON *json(const char *text) {
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    if (echo__json_parse(&value, text, strlen(text), &err) != ECHO_OK) fail_msg("%s: %s", text, err.message);
    return value;
}

/* Canonical text; takes the value. For the caller to free(). */
static inline char *canonical(cJSON *value) {
    echo__buf text = ECHO__BUF_INIT;
    assert_int_equal(echo__json_print(&text, value), ECHO_OK);
    echo__buf_byte(&text, 0);
    assert_int_equal(text.status, ECHO_OK);
    cJSON_Delete(value);
    return (char *)text.data;
}

/* States. */

typedef struct object {
    const echo_model_ops *ops;
    void *state;
    uint64_t time;
} object;

static inline object object_new(int generation) {
    object o = {generation == 1 ? &echo__object_ops_old : &echo__object_ops, NULL, 0};
    assert_int_equal(o.ops->create(&o.state, NULL, NULL), ECHO_OK);
    return o;
}

static inline void object_free(object *o) {
    o->ops->destroy(NULL, o->state);
    o->state = NULL;
}

static inline echo_status object_apply(object *o, echo_bytes bytes, uint64_t time, uint8_t feed, uint64_t seq,
                                       echo_error *err) {
    echo_mutation mutation = {bytes, time, {{0}}, seq};
    memset(mutation.feed.bytes, feed, sizeof mutation.feed.bytes);
    return o->ops->apply(NULL, o->state, &mutation, err);
}

/* One operation at the next time; `value` is JSON text or NULL. */
static inline echo_status object_try(object *o, int64_t operation, const char *key, const char *value) {
    echo__buf bytes = ECHO__BUF_INIT;
    if (value == NULL) {
        wire_op(&bytes, operation, key, NULL);
    } else {
        cJSON *parsed = json(value);
        echo__buf encoded = wire_value(parsed);
        wire_op(&bytes, operation, key, &encoded);
        cJSON_Delete(parsed);
    }
    echo_error err = ECHO_ERROR_INIT;
    o->time++;
    echo_status status = object_apply(o, echo__buf_bytes(&bytes), o->time, 1, o->time, &err);
    assert_int_equal(err.code, status);
    echo__buf_free(&bytes);
    return status;
}

static inline void object_do(object *o, int64_t operation, const char *key, const char *value) {
    assert_int_equal(object_try(o, operation, key, value), ECHO_OK);
}

/* The same at a given stamp. */
static inline void object_do_at(object *o, uint64_t time, uint8_t feed, int64_t operation, const char *key,
                                const char *value) {
    echo__buf bytes = ECHO__BUF_INIT, encoded = ECHO__BUF_INIT;
    if (value != NULL) {
        cJSON *parsed = json(value);
        encoded = wire_value(parsed);
        cJSON_Delete(parsed);
    }
    wire_op(&bytes, operation, key, value == NULL ? NULL : &encoded);
    echo_error err = ECHO_ERROR_INIT;
    if (object_apply(o, echo__buf_bytes(&bytes), time, feed, time, &err) != ECHO_OK) fail_msg("%s", err.message);
    echo__buf_free(&bytes);
}

static inline echo_status object_try_hex(object *o, const char *hex) {
    size_t len = strlen(hex) / 2;
    uint8_t *bytes = malloc(len + 1); /* exactly the bytes, for the address sanitizer */
    assert_non_null(bytes);
    assert_true(echo__hex_decode(bytes, hex, 2 * len));
    echo_error err = ECHO_ERROR_INIT;
    o->time++;
    echo_status status = object_apply(o, echo__bytes(bytes, len), o->time, 1, o->time, &err);
    assert_int_equal(err.code, status);
    free(bytes);
    return status;
}

static inline char *object_view(const object *o) {
    cJSON *view;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(o->ops->view(&view, NULL, o->state, &err), ECHO_OK);
    return canonical(view);
}

/* The state as text, for the caller to free(): made without cJSON, behind something else, first; then by the hook, the
 * same. */
static inline char *object_snapshot(const object *o) {
    echo__buf text = ECHO__BUF_INIT;
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    echo__buf_byte(&text, '#');
    if (echo__object_text(&text, o->state, &err) != ECHO_OK) fail_msg("%s", err.message);
    echo__buf_byte(&text, 0);
    assert_int_equal(o->ops->snapshot(&value, NULL, o->state, &err), ECHO_OK);
    char *printed = canonical(value);
    assert_int_equal(text.data[0], '#');
    assert_string_equal((const char *)text.data + 1, printed);
    echo__buf_free(&text);
    return printed;
}

/* A state from stored text, not thawed. */
static inline object object_restore(int generation, const char *text) {
    object o = object_new(generation);
    cJSON *value = json(text);
    echo_error err = ECHO_ERROR_INIT;
    if (o.ops->restore(NULL, o.state, 1, value, &err) != ECHO_OK) fail_msg("%s: %s", text, err.message);
    cJSON_Delete(value);
    return o;
}

static inline void assert_view(const object *o, const char *expected) {
    char *view = object_view(o);
    assert_string_equal(view, expected);
    free(view);
}

/* What is stored is `expected`, and what is restored from it is stored and shown as the same, frozen and thawed. */
static inline void assert_stored(const object *o, const char *expected) {
    char *stored = object_snapshot(o), *shown = object_view(o);
    assert_string_equal(stored, expected);
    object again = object_restore(o->ops == &echo__object_ops_old ? 1 : 2, stored);
    for (int thawed = 0; thawed < 2; thawed++) {
        char *second = object_snapshot(&again);
        assert_string_equal(second, stored);
        free(second);
        assert_view(&again, shown);
        echo_error err = ECHO_ERROR_INIT;
        if (echo__object_thaw(again.state, &err) != ECHO_OK) fail_msg("%s", err.message);
    }
    object_free(&again);
    free(stored);
    free(shown);
}

#endif
