#include "model/object_view.h"

#include <echo/object.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"

bool echo__view_put(cJSON *object, const char *key, cJSON *item) {
    bool ok = false;
    if (item != NULL && key[0] == '$') {
        echo__buf escaped = ECHO__BUF_INIT;
        echo__buf_byte(&escaped, '$');
        echo__buf_append(&escaped, key, strlen(key) + 1);
        ok = escaped.status == ECHO_OK && cJSON_AddItemToObject(object, (const char *)escaped.data, item);
        echo__buf_free(&escaped);
    } else if (item != NULL) {
        ok = cJSON_AddItemToObject(object, key, item);
    }
    if (!ok) cJSON_Delete(item);
    return ok;
}

static cJSON *wrap(const char *key, const char *text) {
    cJSON *object = cJSON_CreateObject(), *item = cJSON_CreateString(text);
    if (object != NULL && item != NULL && cJSON_AddItemToObject(object, key, item)) return object;
    cJSON_Delete(object);
    cJSON_Delete(item);
    return NULL;
}

static cJSON *make_base64(const char *key, const echo__value *value) {
    echo__buf text = ECHO__BUF_INIT;
    echo__buf_base64(&text, value->data, value->as.len);
    echo__buf_byte(&text, 0);
    cJSON *object = text.status == ECHO_OK ? wrap(key, (const char *)text.data) : NULL;
    echo__buf_free(&text);
    return object;
}

static cJSON *make_string(const echo__value *value) {
    if (!value->text) return make_base64("$string", value);
    char few[128], *text = few; /* cJSON wants an end */
    if (value->as.len < sizeof few) {
        if (value->as.len > 0) memcpy(few, value->data, value->as.len);
        few[value->as.len] = '\0';
    } else if ((text = echo__strndup(value->data, value->as.len)) == NULL) {
        return NULL;
    }
    cJSON *item = cJSON_CreateString(text);
    if (text != few) echo__free(text);
    return item;
}

static cJSON *make_number(double number) {
    if (isnan(number)) return wrap("$float", "NaN");
    if (isinf(number)) return wrap("$float", number > 0 ? "Infinity" : "-Infinity");
    return cJSON_CreateNumber(number);
}

static cJSON *make_map(const echo__value *map) {
    bool array = echo__value_is_array(map), ok = true;
    cJSON *out = array ? cJSON_CreateArray() : cJSON_CreateObject();
    if (out == NULL) return NULL;
    echo__avl_walk walk;
    for (const echo__avl_node *node = echo__avl_first(&walk, map->as.map.root); ok && node != NULL;
         node = echo__avl_next(&walk)) {
        const echo__field *field = (const echo__field *)node;
        cJSON *item = echo__view_make(field->value);
        if (!array) {
            ok = echo__view_put(out, field->text, item);
        } else if (!(ok = item != NULL && cJSON_AddItemToArray(out, item))) {
            cJSON_Delete(item);
        }
    }
    if (ok) return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *echo__view_make(const echo__value *value) {
    switch ((echo__value_kind)value->kind) {
    case ECHO__VALUE_NULL: return cJSON_CreateNull();
    case ECHO__VALUE_FALSE: return cJSON_CreateFalse();
    case ECHO__VALUE_TRUE: return cJSON_CreateTrue();
    case ECHO__VALUE_INT: return echo__json_int64(value->as.integer);
    case ECHO__VALUE_FLOAT: return make_number(value->as.number);
    case ECHO__VALUE_STRING: return make_string(value);
    case ECHO__VALUE_BYTES: return make_base64("$bytes", value);
    case ECHO__VALUE_MAP: return make_map(value);
    }
    return NULL;
}

bool echo__view_is_wrapped(const cJSON *node) {
    const cJSON *only = node->child;
    if (!cJSON_IsObject(node) || only == NULL || only->next != NULL || only->string == NULL || !cJSON_IsString(only))
        return false;
    return strcmp(only->string, "$bytes") == 0 || strcmp(only->string, "$string") == 0 ||
           strcmp(only->string, "$float") == 0;
}

const char *echo__view_key(const char *shown) {
    if (shown == NULL) return NULL;
    if (shown[0] == '$') {
        if (shown[1] != '$') return NULL;
        shown++;
    }
    size_t len = strnlen(shown, ECHO_OBJECT_KEY_BYTES_MAX + 1);
    return len <= ECHO_OBJECT_KEY_BYTES_MAX && echo__utf8_valid(echo__bytes(shown, len)) ? shown : NULL;
}

static echo_status found(echo__value *value) { return value == NULL ? ECHO_ERR_NOMEM : ECHO_OK; }

static echo_status read_base64(echo__value **out, const char *text, bool bytes) {
    size_t len = strlen(text), room = len / 4 * 3, got = 0;
    uint8_t *data = echo__malloc(room);
    if (data == NULL) return ECHO_ERR_NOMEM;
    echo_status status = ECHO_ERR_CORRUPT;
    if (echo__base64_decode(data, &got, text, len)) {
        *out = echo__value_blob(bytes ? ECHO__VALUE_BYTES : ECHO__VALUE_STRING, data, got);
        status = found(*out);
    }
    echo__free(data);
    if (status != ECHO_OK || !(*out)->text) return status;
    echo__value_unref(*out); /* an ordinary string is not wrapped */
    *out = NULL;
    return ECHO_ERR_CORRUPT;
}

static echo_status read_wrapped(echo__value **out, const cJSON *only) {
    const char *text = only->valuestring;
    if (strcmp(only->string, "$float") != 0) return read_base64(out, text, strcmp(only->string, "$bytes") == 0);
    double number = strcmp(text, "NaN") == 0         ? (double)NAN
                    : strcmp(text, "Infinity") == 0  ? (double)INFINITY
                    : strcmp(text, "-Infinity") == 0 ? -(double)INFINITY
                                                     : 0;
    if (number == 0) return ECHO_ERR_CORRUPT;
    *out = echo__value_number(number);
    return found(*out);
}

static echo_status read_number(echo__value **out, const cJSON *node) {
    int64_t integer;
    uint64_t natural;
    if (cJSON_IsNumber(node)) {
        if (!isfinite(node->valuedouble)) return ECHO_ERR_CORRUPT;
        *out = echo__value_number(node->valuedouble);
    } else if (node->valuestring == NULL) {
        return ECHO_ERR_CORRUPT;
    } else if (echo__json_get_int64(node, &integer)) {
        *out = echo__value_int(integer);
    } else if (echo__json_get_uint64(node, &natural)) {
        *out = echo__value_number((double)natural); /* the digits of a float beyond int64 */
    } else {
        return ECHO_ERR_CORRUPT;
    }
    return found(*out);
}

static echo_status read_string(echo__value **out, const char *text) {
    if (text == NULL) return ECHO_ERR_CORRUPT;
    *out = echo__value_blob(ECHO__VALUE_STRING, text, strlen(text));
    return *out == NULL ? ECHO_ERR_NOMEM : (*out)->text ? ECHO_OK : ECHO_ERR_CORRUPT;
}

static echo_status read_member(echo__value *map, const cJSON *node, bool array, uint32_t depth) {
    echo__value *value = NULL;
    echo_status status = echo__view_read(&value, node, depth);
    if (status != ECHO_OK) return status;
    if (array) {
        status = echo__value_push(map, value) ? ECHO_OK : ECHO_ERR_NOMEM;
        echo__value_unref(value);
        return status;
    }
    const char *key = echo__view_key(node->string);
    echo__value **place = NULL;
    if (key == NULL) {
        status = ECHO_ERR_CORRUPT;
    } else {
        echo__seg seg = echo__seg_make(key, strlen(key));
        place = echo__value_place(map, &seg);
        status = place == NULL ? ECHO_ERR_NOMEM : *place != NULL ? ECHO_ERR_CORRUPT : ECHO_OK;
    }
    if (status == ECHO_OK)
        *place = value;
    else
        echo__value_unref(value);
    return status;
}

static echo_status read_any(echo__value **out, const cJSON *node, uint32_t depth) {
    switch (node->type & 0xff) {
    case cJSON_NULL: *out = echo__value_plain(ECHO__VALUE_NULL); return found(*out);
    case cJSON_False: *out = echo__value_plain(ECHO__VALUE_FALSE); return found(*out);
    case cJSON_True: *out = echo__value_plain(ECHO__VALUE_TRUE); return found(*out);
    case cJSON_Number:
    case cJSON_Raw: return read_number(out, node);
    case cJSON_String: return read_string(out, node->valuestring);
    case cJSON_Array:
    case cJSON_Object: break;
    default: return ECHO_ERR_CORRUPT;
    }
    if (echo__view_is_wrapped(node)) return read_wrapped(out, node->child);
    bool array = cJSON_IsArray(node);
    *out = echo__value_map(array);
    echo_status status = found(*out);
    for (const cJSON *child = node->child; status == ECHO_OK && child != NULL; child = child->next)
        status = read_member(*out, child, array, depth + 1);
    return status;
}

echo_status echo__view_read(echo__value **out, const cJSON *node, uint32_t depth) {
    *out = NULL;
    if (depth > ECHO_OBJECT_DEPTH_MAX) return ECHO_ERR_LIMIT;
    echo_status status = read_any(out, node, depth);
    if (status == ECHO_OK) return ECHO_OK;
    echo__value_unref(*out);
    *out = NULL;
    return status;
}
