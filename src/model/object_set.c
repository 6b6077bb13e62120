/*
 * Setters without JSON (echo/object.h).
 */
#include <string.h>

#include "model/object_mutation.h"

static void set_scalar(echo_object_mutation *m, const char *key, const echo__value *scalar) {
    echo__op_value value = {.scalar = scalar};
    echo__mutation_set(m, key, &value);
}

static void set_blob(echo_object_mutation *m, const char *key, const void *data, size_t len, bool string) {
    ProtobufCBinaryData blob = {len, (uint8_t *)(uintptr_t)data}; /* only read */
    echo__op_value value = {.blob = &blob, .string = string};
    if (data == NULL && len > 0)
        echo__mutation_fail(m, ECHO_ERR_INVALID);
    else
        echo__mutation_set(m, key, &value);
}

void echo_object_set_string(echo_object_mutation *m, const char *key, const char *text, size_t len) {
    if (len == ECHO_OBJECT_TEXT && text != NULL) len = strlen(text);
    set_blob(m, key, text, len, true);
}

void echo_object_set_bytes(echo_object_mutation *m, const char *key, const void *data, size_t len) {
    set_blob(m, key, data, len, false);
}

void echo_object_set_number(echo_object_mutation *m, const char *key, double number) {
    echo__value value = {.refs = 1};
    echo__value_set_number(&value, number);
    set_scalar(m, key, &value);
}

void echo_object_set_int64(echo_object_mutation *m, const char *key, int64_t number) {
    echo__value value = {.refs = 1, .kind = ECHO__VALUE_INT, .as.integer = number};
    set_scalar(m, key, &value);
}

void echo_object_set_bool(echo_object_mutation *m, const char *key, bool value) {
    echo__value scalar = {.refs = 1, .kind = value ? ECHO__VALUE_TRUE : ECHO__VALUE_FALSE};
    set_scalar(m, key, &scalar);
}

void echo_object_set_null(echo_object_mutation *m, const char *key) {
    echo__value value = {.refs = 1, .kind = ECHO__VALUE_NULL};
    set_scalar(m, key, &value);
}
