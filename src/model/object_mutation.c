#include "model/object_mutation.h"

#include <math.h>
#include <stdalign.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json_format.h"
#include "model/object_number.h"
#include "model/object_view.h"
#include "model/object_wire.h"
#include "object.pb-c.h"

typedef Echo__Pb__Object__Value pb_value;

struct echo_object_mutation {
    bool old;
    echo_status status; /* the first error */
    uint32_t nodes;     /* counted as the reader counts them */
    echo__buf bytes;    /* sets of one operation each: one after the other they are a set of all */
};

echo_status echo_object_mutation_new(echo_object_mutation **out, echo_generation generation) {
    if (out == NULL) return ECHO_ERR_INVALID;
    *out = NULL;
    if (generation != ECHO_GENERATION_OLD && generation != ECHO_GENERATION_NEW) return ECHO_ERR_INVALID;
    echo_object_mutation *m = echo__calloc(1, sizeof *m);
    if (m == NULL) return ECHO_ERR_NOMEM;
    m->old = generation == ECHO_GENERATION_OLD;
    *out = m;
    return ECHO_OK;
}

void echo_object_mutation_free(echo_object_mutation *m) {
    if (m == NULL) return;
    echo__buf_free(&m->bytes);
    echo__free(m);
}

void echo_object_mutation_reset(echo_object_mutation *m) {
    if (m == NULL) return;
    echo__buf_clear(&m->bytes);
    m->nodes = 0;
    m->status = ECHO_OK;
}

typedef struct encoding {
    echo_object_mutation *m;
    echo__arena *arena;
} encoding;

static bool spend(const encoding *e, uint32_t nodes) { return (e->m->nodes += nodes) <= ECHO__OBJECT_NODES_MAX; }

static echo_status encode_value(const encoding *e, pb_value **out, const cJSON *from, uint32_t depth);

static size_t quote_key(char *out, const char *key, size_t len) {
    size_t n = 0;
    out[n++] = '[';
    out[n++] = '"';
    for (size_t i = 0; i < len; i++) {
        if (key[i] == '"' || key[i] == '\\') out[n++] = '\\';
        out[n++] = key[i];
    }
    out[n++] = '"';
    out[n++] = ']';
    return n;
}

/*
 * A key of a nested object as the reader will read it: the old generation takes it as it is; the new one takes it for a
 * path, so a key that is not a path of just itself is quoted.
 */
static echo_status encode_key(const encoding *e, ProtobufCBinaryData *out, const char *key) {
    size_t len = strlen(key);
    char *text = echo__arena_alloc(e->arena, 2 * len + 4);
    if (text == NULL) return ECHO_ERR_NOMEM;
    memcpy(text, key, len);
    if (e->m->old) {
        if (len == 0) return ECHO_ERR_INVALID;
    } else {
        echo__seg segs[ECHO__PATH_MAX];
        uint32_t count = 0;
        bool itself =
            len > 0 && echo__object_path(segs, &count, text, len) == ECHO_OK && count == 1 && segs[0].len == len;
        if (!itself) len = quote_key(text, key, len);
    }
    if (len > ECHO_OBJECT_KEY_BYTES_MAX) return ECHO_ERR_LIMIT;
    out->data = (uint8_t *)text;
    out->len = len;
    return ECHO_OK;
}

static echo_status encode_property(const encoding *e, Echo__Pb__Object__KeyValue **out, const cJSON *from,
                                   const char *key, uint32_t depth) {
    if (key == NULL) return ECHO_ERR_INVALID;
    if (!spend(e, 2)) return ECHO_ERR_LIMIT;
    Echo__Pb__Object__KeyValue *property = echo__arena_alloc(e->arena, sizeof *property);
    if (property == NULL) return ECHO_ERR_NOMEM;
    echo__pb__object__key_value__init(property);
    property->has_key = true;
    echo_status status = encode_key(e, &property->key, key);
    *out = property;
    return status == ECHO_OK ? encode_value(e, &property->value, from, depth) : status;
}

/* Objects, and arrays as objects with the keys 0, 1, ... as the original writes them. */
static echo_status encode_map(const encoding *e, pb_value *out, const cJSON *from, uint32_t depth) {
    size_t count = 0;
    for (const cJSON *child = from->child; child != NULL; child = child->next) count++;
    Echo__Pb__Object__Object *object = echo__arena_alloc(e->arena, sizeof *object);
    Echo__Pb__Object__KeyValue **list = echo__arena_alloc(e->arena, count * sizeof(Echo__Pb__Object__KeyValue *));
    if (object == NULL || list == NULL) return ECHO_ERR_NOMEM;
    echo__pb__object__object__init(object);
    object->properties = list;
    out->kind_case = ECHO__PB__OBJECT__VALUE__KIND_OBJECT_VALUE;
    out->object_value = object;
    echo_status status = ECHO_OK;
    for (const cJSON *child = from->child; status == ECHO_OK && child != NULL; child = child->next) {
        char room[ECHO__INDEX_TEXT];
        size_t i = object->n_properties++;
        if (i >= ECHO__NAMED) return ECHO_ERR_LIMIT;
        const char *key = cJSON_IsArray(from) ? echo__seg_index((uint32_t)i, room).text : echo__view_key(child->string);
        status = encode_property(e, &list[i], child, key, depth + 1);
    }
    return status;
}

static echo_status encode_int(const encoding *e, pb_value *out, int64_t integer) {
    if (e->m->old && (integer < INT32_MIN || integer > INT32_MAX)) return ECHO_ERR_LIMIT;
    out->kind_case = ECHO__PB__OBJECT__VALUE__KIND_INT_VALUE;
    out->int_value = integer;
    return ECHO_OK;
}

/* A number that is not an int64. */
static echo_status encode_float(const encoding *e, pb_value *out, double number) {
    if (isfinite(number) && fabs(number) >= ECHO__FLOAT_END) return ECHO_ERR_LIMIT;
    out->kind_case = ECHO__PB__OBJECT__VALUE__KIND_FLOAT_VALUE;
    return echo__wire_number_write(&out->base, &out->float_value, number, e->arena) ? ECHO_OK : ECHO_ERR_NOMEM;
}

static void put_blob(pb_value *out, const ProtobufCBinaryData *blob, bool string) {
    out->kind_case = string ? ECHO__PB__OBJECT__VALUE__KIND_STRING_VALUE : ECHO__PB__OBJECT__VALUE__KIND_BYTES_VALUE;
    if (string)
        out->string_value = *blob;
    else
        out->bytes_value = *blob;
}

static echo_status encode_blob(const encoding *e, pb_value *out, const echo__value *value) {
    ProtobufCBinaryData blob = {value->as.len, echo__arena_alloc(e->arena, value->as.len)};
    if (blob.data == NULL) return ECHO_ERR_NOMEM;
    if (blob.len > 0) memcpy(blob.data, value->data, blob.len);
    put_blob(out, &blob, value->kind == ECHO__VALUE_STRING);
    return ECHO_OK;
}

static echo_status encode_scalar(const encoding *e, pb_value *out, const echo__value *value) {
    switch ((echo__value_kind)value->kind) {
    case ECHO__VALUE_NULL:
        out->kind_case = ECHO__PB__OBJECT__VALUE__KIND_NULL_VALUE;
        out->null_value = true;
        return ECHO_OK;
    case ECHO__VALUE_FALSE:
    case ECHO__VALUE_TRUE:
        out->kind_case = ECHO__PB__OBJECT__VALUE__KIND_BOOL_VALUE;
        out->bool_value = value->kind == ECHO__VALUE_TRUE;
        return ECHO_OK;
    case ECHO__VALUE_INT: return encode_int(e, out, value->as.integer);
    case ECHO__VALUE_FLOAT: return encode_float(e, out, value->as.number);
    case ECHO__VALUE_STRING:
    case ECHO__VALUE_BYTES: return encode_blob(e, out, value);
    case ECHO__VALUE_MAP: break;
    }
    return ECHO_ERR_INVALID;
}

/* Whether a node has the digits of an integer that a double does not hold, and that are not the text of one either. */
static bool loses_digits(const cJSON *from, const echo__value *value) {
    uint64_t integer;
    if (value->kind != ECHO__VALUE_FLOAT || !echo__json_get_uint64(from, &integer)) return false;
    if (value->as.number < 0x1p64 && (uint64_t)value->as.number == integer) return false;
    char text[ECHO__JSON_NUMBER_CHARS];
    size_t len = echo__json_format_double(text, value->as.number);
    return strlen(from->valuestring) != len || memcmp(from->valuestring, text, len) != 0;
}

static echo_status encode_value(const encoding *e, pb_value **out, const cJSON *from, uint32_t depth) {
    if (depth > ECHO_OBJECT_DEPTH_MAX || !spend(e, 1)) return ECHO_ERR_LIMIT;
    *out = echo__arena_alloc(e->arena, sizeof **out);
    if (*out == NULL) return ECHO_ERR_NOMEM;
    echo__pb__object__value__init(*out);
    if ((cJSON_IsObject(from) || cJSON_IsArray(from)) && !echo__view_is_wrapped(from))
        return encode_map(e, *out, from, depth);
    echo__value *value;
    echo_status status = echo__view_read(&value, from, depth);
    if (status == ECHO_OK) status = loses_digits(from, value) ? ECHO_ERR_LIMIT : encode_scalar(e, *out, value);
    echo__value_unref(value);
    return status == ECHO_ERR_CORRUPT ? ECHO_ERR_INVALID : status;
}

/* Checks the key and says how many segments the reader will find in it. */
static echo_status check_key(const encoding *e, uint32_t *segments, const char *key, ProtobufCBinaryData *out) {
    size_t len = key == NULL ? 0 : strnlen(key, ECHO_OBJECT_KEY_BYTES_MAX + 1);
    echo_status status = echo__object_key_check(key, len);
    if (status != ECHO_OK) return status == ECHO_ERR_CORRUPT ? ECHO_ERR_INVALID : status;
    char *copy = echo__arena_alloc(e->arena, len);
    out->data = echo__arena_alloc(e->arena, len);
    out->len = len;
    if (copy == NULL || out->data == NULL) return ECHO_ERR_NOMEM;
    memcpy(copy, key, len); /* splitting resolves escapes in place */
    memcpy(out->data, key, len);
    echo__seg segs[ECHO__PATH_MAX];
    *segments = 1;
    return e->m->old ? ECHO_OK : echo__object_path(segs, segments, copy, len);
}

static echo_status append_op(echo__buf *buf, const Echo__Pb__Object__ObjectMutation *op) {
    Echo__Pb__Object__ObjectMutation *one[1];
    memcpy(one, &op, sizeof op);
    Echo__Pb__Object__ObjectMutationSet set = ECHO__PB__OBJECT__OBJECT_MUTATION_SET__INIT;
    set.n_mutations = 1;
    set.mutations = one;
    uint8_t *at = echo__buf_reserve(buf, echo__pb__object__object_mutation_set__get_packed_size(&set));
    if (at == NULL) return ECHO_ERR_NOMEM;
    buf->len += echo__pb__object__object_mutation_set__pack(&set, at);
    return ECHO_OK;
}

#define MEMORY_ON_STACK 2048u

static echo_status encode_op_value(const encoding *e, pb_value **out, const echo__op_value *value, uint32_t depth) {
    if (value->json != NULL) return encode_value(e, out, value->json, depth);
    if (value->scalar == NULL && value->blob == NULL) return ECHO_OK;
    if (depth > ECHO_OBJECT_DEPTH_MAX || !spend(e, 1)) return ECHO_ERR_LIMIT;
    *out = echo__arena_alloc(e->arena, sizeof **out);
    if (*out == NULL) return ECHO_ERR_NOMEM;
    echo__pb__object__value__init(*out);
    if (value->scalar != NULL) return encode_scalar(e, *out, value->scalar);
    put_blob(*out, value->blob, value->string);
    return ECHO_OK;
}

/* `list`: the value becomes an element of the list at the key. */
static echo_status encode_op(echo_object_mutation *m, int64_t operation, const char *key, const echo__op_value *value,
                             bool list) {
    alignas(max_align_t) uint8_t first[MEMORY_ON_STACK];
    echo__wire_memory memory;
    echo__wire_memory_init(&memory, first, sizeof first);
    encoding e = {m, &memory.arena};
    Echo__Pb__Object__ObjectMutation op = ECHO__PB__OBJECT__OBJECT_MUTATION__INIT;
    uint32_t segments;
    op.has_operation = op.has_key = true;
    op.operation = operation;
    echo_status status = check_key(&e, &segments, key, &op.key);
    if (status == ECHO_OK && !spend(&e, 1 + segments)) status = ECHO_ERR_LIMIT;
    if (status == ECHO_OK) status = encode_op_value(&e, &op.value, value, segments + list);
    if (status == ECHO_OK) status = append_op(&m->bytes, &op);
    echo__wire_memory_free(&memory);
    return status;
}

void echo__mutation_set(echo_object_mutation *m, const char *key, const echo__op_value *value) {
    if (m != NULL && m->status == ECHO_OK) m->status = encode_op(m, 0, key, value, false);
}

void echo__mutation_fail(echo_object_mutation *m, echo_status status) {
    if (m != NULL && m->status == ECHO_OK) m->status = status;
}

static echo_status encode_json(echo_object_mutation *m, int64_t operation, const char *key, const cJSON *json,
                               bool list) {
    echo__op_value value = {.json = json};
    return json == NULL ? ECHO_ERR_INVALID : encode_op(m, operation, key, &value, list);
}

void echo_object_set(echo_object_mutation *m, const char *key, const cJSON *value) {
    if (m == NULL || m->status != ECHO_OK) return;
    m->status = encode_json(m, 0, key, value, false);
}

void echo_object_delete(echo_object_mutation *m, const char *key) {
    echo__op_value none = {.json = NULL};
    if (m == NULL || m->status != ECHO_OK) return;
    /* the old generation names the operation, but its software throws at it: what deletes there is null */
    static const echo__value null = {.kind = ECHO__VALUE_NULL};
    if (m->old) none.scalar = &null;
    m->status = encode_op(m, m->old ? 0 : 1, key, &none, false);
}

static void list_op(echo_object_mutation *m, int64_t operation, const char *key, const cJSON *value) {
    if (m == NULL || m->status != ECHO_OK) return;
    m->status = m->old ? ECHO_ERR_UNSUPPORTED : encode_json(m, operation, key, value, true);
}

void echo_object_push(echo_object_mutation *m, const char *key, const cJSON *value) { list_op(m, 2, key, value); }

void echo_object_set_add(echo_object_mutation *m, const char *key, const cJSON *value) { list_op(m, 4, key, value); }

void echo_object_set_remove(echo_object_mutation *m, const char *key, const cJSON *value) { list_op(m, 5, key, value); }

echo_status echo_object_mutation_bytes(echo_bytes *out, const echo_object_mutation *m) {
    if (out == NULL) return ECHO_ERR_INVALID;
    *out = (echo_bytes){NULL, 0};
    if (m == NULL) return ECHO_ERR_INVALID;
    if (m->status == ECHO_OK) *out = echo__buf_bytes(&m->bytes);
    return m->status;
}
