/*
 * Typed access compared with the cJSON view: every value of a state, reached by its path, by cursors and by indices, is
 * what the view shows.
 */
#ifndef TEST_OBJECT_GETTERS_H
#define TEST_OBJECT_GETTERS_H

#include <echo/party.h>
#include <math.h>

#include "model/object_view.h"
#include "model/registry.h"
#include "party/item.h"
#include "unit/model/test_object_support.h"

/* An item around a state, which stays the test's. */
static inline void getters_item(echo_item *item, const echo_registry *models, const object *o) {
    memset(item, 0, sizeof *item);
    item->id = (char *)(uintptr_t) "item";
    item->id_len = 4;
    item->ops = echo__registry_find_text(models, o->ops->type);
    item->state = o->state;
    assert_non_null(item->ops);
}

/* The path of one key, whatever is in it. */
static inline void getters_path(char *out, const char *key) {
    *out++ = '[';
    *out++ = '"';
    for (; *key != '\0'; key++) {
        if (*key == '"' || *key == '\\') *out++ = '\\';
        *out++ = *key;
    }
    memcpy(out, "\"]", 3);
}

static inline void getters_number(const echo_object_value *value, const cJSON *shown) {
    int64_t integer;
    uint64_t natural;
    if (echo__json_get_int64(shown, &integer)) {
        assert_int_equal(value->kind, ECHO_OBJECT_KIND_INTEGER);
        assert_true(value->integer == integer && value->number == (double)integer);
        return;
    }
    double number = cJSON_IsNumber(shown) ? shown->valuedouble : 0;
    if (cJSON_IsRaw(shown) && echo__json_get_uint64(shown, &natural)) number = (double)natural;
    assert_int_equal(value->kind, ECHO_OBJECT_KIND_FLOAT);
    assert_true(value->number == number);
}

static inline void getters_blob(const echo_object_value *value, const char *expected, size_t len) {
    echo_bytes bytes, again;
    bool string = value->kind == ECHO_OBJECT_KIND_STRING;
    echo_error err = ECHO_ERROR_INIT;
    for (int i = 0; i < 2; i++)
        assert_int_equal(string ? echo_object_value_string(i == 0 ? &bytes : &again, value, &err)
                                : echo_object_value_bytes(i == 0 ? &bytes : &again, value, &err),
                         ECHO_OK);
    assert_int_equal(bytes.len, len);
    if (len > 0) assert_memory_equal(bytes.data, expected, len);
    assert_ptr_equal(bytes.data, again.data); /* what was borrowed stays */
    assert_int_equal(string ? echo_object_value_bytes(&again, value, &err)
                            : echo_object_value_string(&again, value, &err),
                     ECHO_ERR_INVALID);
}

static inline void getters_wrapped(const echo_object_value *value, const cJSON *only) {
    const char *text = only->valuestring;
    if (strcmp(only->string, "$float") == 0) {
        assert_int_equal(value->kind, ECHO_OBJECT_KIND_FLOAT);
        assert_true(text[0] == 'N'   ? isnan(value->number)
                    : text[0] == 'I' ? value->number == (double)INFINITY
                                     : value->number == -(double)INFINITY);
        return;
    }
    assert_int_equal(value->kind,
                     strcmp(only->string, "$bytes") == 0 ? ECHO_OBJECT_KIND_BYTES : ECHO_OBJECT_KIND_STRING);
    size_t len = strlen(text);
    uint8_t *decoded = malloc(len + 1);
    assert_true(decoded != NULL && echo__base64_decode(decoded, &len, text, len));
    getters_blob(value, (const char *)decoded, len);
    free(decoded);
}

static inline void getters_compare(const echo_object_value *value, const cJSON *shown, bool inside);

static inline void getters_members(const echo_object_value *value, const cJSON *shown) {
    echo_object_cursor cursor;
    echo_error err = ECHO_ERROR_INIT;
    size_t count, seen = 0;
    bool more;
    bool array = cJSON_IsArray(shown);
    assert_int_equal(value->kind, array ? ECHO_OBJECT_KIND_ARRAY : ECHO_OBJECT_KIND_OBJECT);
    assert_int_equal(echo_object_value_count(&count, value, &err), ECHO_OK);
    assert_int_equal(count, cJSON_GetArraySize(shown));
    assert_int_equal(echo_object_cursor_open(&cursor, value, &err), ECHO_OK);
    while (echo_object_cursor_next(&more, &cursor, &err) == ECHO_OK && more) {
        char key[600], path[600];
        echo_object_value same;
        assert_int_equal(cursor.index, seen);
        seen++;
        const cJSON *node;
        if (array) {
            (void)snprintf(path, sizeof path, "[%zu]", cursor.index);
            assert_int_equal(echo_object_value_element(&same, value, cursor.index, &err), ECHO_OK);
            node = cJSON_GetArrayItem(shown, (int)cursor.index);
        } else {
            (void)snprintf(key, sizeof key, "%s%.*s", cursor.key.len > 0 && cursor.key.data[0] == '$' ? "$" : "",
                           (int)cursor.key.len, (const char *)cursor.key.data);
            getters_path(path, key[0] == '$' ? key + 1 : key);
            node = cJSON_GetObjectItemCaseSensitive(shown, key);
        }
        if (node == NULL) fail_msg("no member %s", path);
        assert_int_equal(echo_object_value_get(&same, value, path, &err), ECHO_OK);
        getters_compare(&same, node, true);
        getters_compare(&cursor.value, node, true);
    }
    assert_int_equal(seen, count);
    assert_int_equal(echo_object_value_get(&cursor.value, value, "no such member", &err), ECHO_ERR_NOT_FOUND);
    if (array) assert_int_equal(echo_object_value_element(&cursor.value, value, count, &err), ECHO_ERR_NOT_FOUND);
}

static inline void getters_compare(const echo_object_value *value, const cJSON *shown, bool inside) {
    if (cJSON_IsNull(shown)) {
        assert_int_equal(value->kind, ECHO_OBJECT_KIND_NULL);
    } else if (cJSON_IsBool(shown)) {
        assert_int_equal(value->kind, ECHO_OBJECT_KIND_BOOL);
        assert_int_equal(value->boolean, cJSON_IsTrue(shown));
    } else if (cJSON_IsString(shown)) {
        assert_int_equal(value->kind, ECHO_OBJECT_KIND_STRING);
        getters_blob(value, shown->valuestring, strlen(shown->valuestring));
    } else if (cJSON_IsNumber(shown) || cJSON_IsRaw(shown)) {
        getters_number(value, shown);
    } else if (inside && echo__view_is_wrapped(shown)) {
        getters_wrapped(value, shown->child);
    } else {
        getters_members(value, shown);
    }
}

/* Every value of the state. */
static inline void assert_getters(const echo_registry *models, const object *o) {
    echo_item item;
    echo_object_value value;
    cJSON *shown;
    getters_item(&item, models, o);
    assert_int_equal(o->ops->view(&shown, NULL, o->state, NULL), ECHO_OK);
    assert_int_equal(echo_object_get(&value, &item, NULL, NULL), ECHO_OK);
    getters_compare(&value, shown, false);
    for (const cJSON *node = shown->child; node != NULL; node = node->next) {
        char path[600];
        getters_path(path, node->string[0] == '$' ? node->string + 1 : node->string);
        assert_int_equal(echo_object_get(&value, &item, path, NULL), ECHO_OK);
        getters_compare(&value, node, true);
    }
    cJSON_Delete(shown);
}

#endif
