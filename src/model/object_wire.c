/*
 * The bytes are surveyed before protobuf-c unpacks them, which bounds depth and number of what unpacking allocates.
 */
#include "model/object_wire.h"

#include <string.h>

#include "base/error.h"
#include "base/varint.h"
#include "model/object_number.h"
#include "object.pb-c.h"

typedef Echo__Pb__Object__Value pb_value;
typedef Echo__Pb__Object__ObjectMutation pb_mutation;

#define BLOCK ((size_t)32 << 10)

static void *allocate(void *data, size_t size) { return echo__arena_alloc(data, size); }

static void release(void *data, void *pointer) {
    (void)data;
    (void)pointer;
}

void echo__wire_memory_init(echo__wire_memory *memory, void *first, size_t size) {
    echo__arena_init(&memory->arena, first, size, BLOCK, BLOCK, SIZE_MAX);
    memory->allocator = (ProtobufCAllocator){allocate, release, &memory->arena};
}

void echo__wire_memory_free(echo__wire_memory *memory) { echo__arena_free(&memory->arena); }

/*
 * Unpacking recurses as deep as messages nest, allocates for each, merges embedded messages that come twice, and keeps
 * unknown fields at twenty times their bytes. The survey bounds nesting and number and refuses such repetition, by this
 * schema: which message an embedded field of each message holds.
 */
typedef enum shape {
    SHAPE_SET,
    SHAPE_MUTATION,
    SHAPE_VALUE,
    SHAPE_OBJECT,
    SHAPE_KEY_VALUE,
    SHAPE_ARRAY,
    SHAPE_NONE
} shape;

static shape shape_of(shape in, uint32_t field, bool *repeated) {
    *repeated = false;
    switch (in) {
    case SHAPE_SET: *repeated = true; return field == 1 ? SHAPE_MUTATION : SHAPE_NONE;
    case SHAPE_MUTATION: return field == 3 ? SHAPE_VALUE : SHAPE_NONE;
    case SHAPE_VALUE: return field == 20 ? SHAPE_OBJECT : field == 21 ? SHAPE_ARRAY : SHAPE_NONE;
    case SHAPE_OBJECT: *repeated = true; return field == 1 ? SHAPE_KEY_VALUE : SHAPE_NONE;
    case SHAPE_KEY_VALUE: return field == 2 ? SHAPE_VALUE : SHAPE_NONE;
    case SHAPE_ARRAY: *repeated = true; return field == 1 ? SHAPE_VALUE : SHAPE_NONE;
    default: return SHAPE_NONE;
    }
}

typedef struct surveyed {
    uint32_t nodes, fields;
} surveyed;

static echo_status survey(const uint8_t *at, const uint8_t *end, shape in, uint32_t depth, surveyed *sum) {
    bool seen = false;
    if (in == SHAPE_VALUE && ++depth > ECHO_OBJECT_DEPTH_MAX) return ECHO_ERR_LIMIT;
    while (at < end) {
        uint64_t tag, len = 0;
        if ((at = echo__varint_read(&tag, at, end)) == NULL || tag > UINT32_MAX || tag >> 3 == 0)
            return ECHO_ERR_CORRUPT;
        if (++sum->fields > ECHO__OBJECT_FIELDS_MAX) return ECHO_ERR_LIMIT;
        switch (tag & 7) {
        case 0:
            if ((at = echo__varint_read(&len, at, end)) == NULL) return ECHO_ERR_CORRUPT;
            continue;
        case 1: len = 8; break;
        case 2:
            if ((at = echo__varint_read(&len, at, end)) == NULL) return ECHO_ERR_CORRUPT;
            break;
        case 5: len = 4; break;
        default: return ECHO_ERR_CORRUPT; /* groups were never used */
        }
        if (len > (uint64_t)(end - at)) return ECHO_ERR_CORRUPT;
        bool repeated;
        shape inner = (tag & 7) == 2 ? shape_of(in, (uint32_t)(tag >> 3), &repeated) : SHAPE_NONE;
        if (inner != SHAPE_NONE) {
            if (seen && !repeated) return ECHO_ERR_CORRUPT;
            seen = true;
            if (++sum->nodes > ECHO__OBJECT_NODES_MAX) return ECHO_ERR_LIMIT;
            echo_status status = survey(at, at + len, inner, depth, sum);
            if (status != ECHO_OK) return status;
        }
        at += len;
    }
    return ECHO_OK;
}

/* What decoding a mutation carries around. */
typedef struct reader {
    bool old;
    uint32_t nodes;
    echo__arena *arena;
    echo_error *err;
    echo__seg segs[ECHO__PATH_MAX]; /* of the path being read: kept out of the frames that nest */
} reader;

static echo_status refuse_key(const reader *r, echo_status status) {
    return echo__error(r->err, status,
                       status == ECHO_ERR_LIMIT ? "a key is too long or too deep" : "a key is empty or not valid text");
}

/* Reads a key: a path in the new generation, one segment in the old. *path is in the arena. */
static echo_status read_path(reader *r, const echo__seg **path, uint32_t *count, bool has,
                             const ProtobufCBinaryData *key) {
    echo_status status = has ? echo__object_key_check(key->data, key->len) : ECHO_ERR_CORRUPT;
    if (status != ECHO_OK) return refuse_key(r, status);
    char *text = (char *)key->data;
    if (r->old) {
        r->segs[0] = echo__seg_make(text, key->len);
        *count = 1;
    } else if ((status = echo__object_path(r->segs, count, text, key->len)) != ECHO_OK) {
        return refuse_key(r, status);
    }
    r->nodes += *count;
    if (r->nodes > ECHO__OBJECT_NODES_MAX) return echo__error(r->err, ECHO_ERR_LIMIT, "mutation is too large");
    echo__seg *copy = echo__arena_alloc(r->arena, *count * sizeof *copy);
    if (copy == NULL) return echo__nomem(r->err);
    memcpy(copy, r->segs, *count * sizeof *copy);
    *path = copy;
    return ECHO_OK;
}

static echo_status read_value(reader *r, echo__value **out, bool *unset, const pb_value *from, uint32_t depth);

/* An object is the fold of its properties over an empty one. */
static echo_status read_object(reader *r, echo__value **out, const Echo__Pb__Object__Object *from, uint32_t depth) {
    *out = echo__value_map(false);
    if (*out == NULL) return echo__nomem(r->err);
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < from->n_properties; i++) {
        const Echo__Pb__Object__KeyValue *property = from->properties[i];
        const echo__seg *path;
        uint32_t count;
        echo__value *value = NULL;
        bool unset = property->value == NULL;
        status = read_path(r, &path, &count, property->has_key, &property->key);
        if (status == ECHO_OK && !unset) status = read_value(r, &value, &unset, property->value, depth + count);
        if (status == ECHO_OK && count > 0 &&
            !echo__fold(out, unset ? ECHO__OP_DELETE : ECHO__OP_SET, path, count, value))
            status = echo__nomem(r->err);
        echo__value_unref(value);
    }
    return status;
}

static echo_status read_array(reader *r, echo__value **out, const Echo__Pb__Object__Array *from, uint32_t depth) {
    *out = echo__value_map(true);
    if (*out == NULL) return echo__nomem(r->err);
    for (size_t i = 0; i < from->n_values; i++) {
        echo__value *value = NULL;
        bool unset = false;
        echo_status status = read_value(r, &value, &unset, from->values[i], depth + 1);
        if (status == ECHO_OK && !echo__value_push(*out, value)) status = echo__nomem(r->err);
        echo__value_unref(value);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

static echo__value *read_text(const ProtobufCBinaryData *text, echo__value_kind kind) {
    return echo__value_blob(kind, text->data, text->len);
}

/*
 * *unset: the value stands for a deletion. `depth` is the number of keys that lead to the value. On error *out may hold
 * a part and is still the caller's.
 */
static echo_status read_value(reader *r, echo__value **out, bool *unset, const pb_value *from, uint32_t depth) {
    if (depth > ECHO_OBJECT_DEPTH_MAX) return echo__error(r->err, ECHO_ERR_LIMIT, "value is nested too deeply");
    *unset = false;
    switch (from->kind_case) {
    case ECHO__PB__OBJECT__VALUE__KIND_NULL_VALUE:
        if (!from->null_value) break;
        if ((*unset = r->old)) return ECHO_OK;
        *out = echo__value_plain(ECHO__VALUE_NULL);
        return *out == NULL ? echo__nomem(r->err) : ECHO_OK;
    case ECHO__PB__OBJECT__VALUE__KIND_BOOL_VALUE:
        *out = echo__value_plain(from->bool_value ? ECHO__VALUE_TRUE : ECHO__VALUE_FALSE);
        return *out == NULL ? echo__nomem(r->err) : ECHO_OK;
    case ECHO__PB__OBJECT__VALUE__KIND_INT_VALUE:
        *out = echo__value_int(r->old ? (int32_t)(uint32_t)((uint64_t)from->int_value & UINT32_MAX) : from->int_value);
        return *out == NULL ? echo__nomem(r->err) : ECHO_OK;
    case ECHO__PB__OBJECT__VALUE__KIND_FLOAT_VALUE:
        *out = echo__value_number(echo__wire_number_read(&from->base, from->float_value));
        return *out == NULL ? echo__nomem(r->err) : ECHO_OK;
    case ECHO__PB__OBJECT__VALUE__KIND_STRING_VALUE:
    case ECHO__PB__OBJECT__VALUE__KIND_TIMESTAMP_VALUE:
    case ECHO__PB__OBJECT__VALUE__KIND_DATETIME_VALUE:
        *out = read_text(&from->string_value, ECHO__VALUE_STRING); /* members of one union of the same type */
        return *out == NULL ? echo__nomem(r->err) : ECHO_OK;
    case ECHO__PB__OBJECT__VALUE__KIND_BYTES_VALUE:
        *out = read_text(&from->bytes_value, ECHO__VALUE_BYTES);
        return *out == NULL ? echo__nomem(r->err) : ECHO_OK;
    case ECHO__PB__OBJECT__VALUE__KIND_OBJECT_VALUE: return read_object(r, out, from->object_value, depth);
    case ECHO__PB__OBJECT__VALUE__KIND_ARRAY_VALUE:
        if (r->old) break;
        return read_array(r, out, from->array_value, depth);
    default: break;
    }
    /* Not a value that this generation knows: the old one deletes, the new one throws. */
    if ((*unset = r->old)) return ECHO_OK;
    return echo__error(r->err, ECHO_ERR_UNSUPPORTED, "value is of an unknown kind");
}

static echo_status read_kind(const reader *r, echo__op_kind *out, const pb_mutation *from) {
    int64_t operation = from->has_operation ? from->operation : 0;
    switch (operation) {
    case 0: *out = ECHO__OP_SET; return ECHO_OK;
    case 1: *out = ECHO__OP_DELETE; return ECHO_OK;
    case 2: *out = ECHO__OP_PUSH; break;
    case 4: *out = ECHO__OP_ADD; break;
    case 5: *out = ECHO__OP_REMOVE; break;
    default: operation = -1; break;
    }
    if (operation >= 0 && !r->old) return ECHO_OK;
    return echo__error(r->err, ECHO_ERR_UNSUPPORTED, "operation %lld is unknown", (long long)from->operation);
}

/* Reads one operation; out->count is 0 when it leads nowhere. */
static echo_status read_op(reader *r, echo__op *out, const pb_mutation *from) {
    bool unset = false;
    echo_status status = read_kind(r, &out->kind, from);
    if (status == ECHO_OK) status = read_path(r, &out->path, &out->count, from->has_key, &from->key);
    if (status != ECHO_OK) return status;
    bool list = out->kind != ECHO__OP_SET && out->kind != ECHO__OP_DELETE;
    if (list && from->value == NULL) return echo__error(r->err, ECHO_ERR_CORRUPT, "operation has no value");
    if (out->kind == ECHO__OP_SET && from->value == NULL) out->kind = ECHO__OP_DELETE;
    if (out->kind != ECHO__OP_DELETE) {
        status = read_value(r, &out->value, &unset, from->value, out->count + list);
        if (status != ECHO_OK) return status;
        if (unset)
            out->kind = ECHO__OP_DELETE;
        else
            echo__value_settle(out->value);
    }
    return ECHO_OK;
}

void echo__ops_release(echo__ops *ops) {
    for (size_t i = 0; i < ops->count; i++) {
        echo__value_unref(ops->list[i].value);
        ops->list[i].value = NULL;
    }
    ops->count = 0;
}

static echo_status read_ops(reader *r, echo__ops *out, const Echo__Pb__Object__ObjectMutationSet *set) {
    out->list = echo__arena_alloc(r->arena, set->n_mutations * sizeof *out->list);
    if (out->list == NULL) return echo__nomem(r->err);
    for (size_t i = 0; i < set->n_mutations; i++) {
        echo__op *op = &out->list[out->count];
        memset(op, 0, sizeof *op);
        out->count++;
        echo_status status = read_op(r, op, set->mutations[i]);
        if (status != ECHO_OK) return status;
        if (op->count > 0) continue;
        echo__value_unref(op->value);
        out->count--;
    }
    return ECHO_OK;
}

echo_status echo__ops_decode(echo__ops *out, echo_bytes bytes, bool old, echo__wire_memory *memory, echo_error *err) {
    static const uint8_t nothing[1] = {0};
    *out = (echo__ops){NULL, 0};
    reader r;
    r.old = old;
    r.arena = &memory->arena;
    r.err = err;
    const uint8_t *data = bytes.len == 0 ? nothing : bytes.data;
    surveyed sum = {0, 0};
    echo_status status = survey(data, data + bytes.len, SHAPE_SET, 0, &sum);
    r.nodes = sum.nodes;
    if (status == ECHO_ERR_LIMIT) return echo__error(err, status, "mutation is too large or nested too deeply");
    if (status != ECHO_OK) return echo__error(err, status, "mutation is not well-formed");
    Echo__Pb__Object__ObjectMutationSet *set =
        echo__pb__object__object_mutation_set__unpack(&memory->allocator, bytes.len, data);
    if (set == NULL)
        return memory->arena.failed ? echo__nomem(err)
                                    : echo__error(err, ECHO_ERR_CORRUPT, "mutation is not well-formed");
    status = read_ops(&r, out, set);
    if (status != ECHO_OK) echo__ops_release(out);
    return status;
}
