/*
 * echo/object.h: the built-in object model: a tree of properties, as in ECHO's ObjectModel, but convergent.
 *
 * Its state always equals the fold of the item's mutations in stamp order, whatever order they arrived in.
 * docs/FORMAT.md
 * ("The object model") specifies how keys, paths, arrays and sets behave. The operations and their bytes are those of
 * @dxos/object-model 2.6.17 (called "old" below) and 2.33.8 ("new").
 *
 * Values in JSON, in views and in records:
 *
 * - null, booleans, numbers, strings, objects and arrays are themselves;
 *
 * - bytes are {"$bytes":"<base64>"};
 *
 * - integers beyond +/-2^53 are exact digits (cJSON_Raw);
 *
 * - NaN and infinities are {"$float":"NaN"}, {"$float":"Infinity"} and {"$float":"-Infinity"};
 *
 * - strings that JSON or C cannot hold (invalid UTF-8, U+0000) are {"$string":"<base64>"};
 *
 * - a user's key that begins with "$" is shown with one more "$".
 */
#ifndef ECHO_OBJECT_H
#define ECHO_OBJECT_H

#include <echo/base.h>
#include <echo/codec.h>
#include <echo/party.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cJSON;

#define ECHO_MODEL_OBJECT "dxos:model/object"                        /* new: keys are paths, null is a value */
#define ECHO_MODEL_OBJECT_OLD "wrn://protocol.dxos.org/model/object" /* old: keys are literal, null deletes */

/* Maximum depth of nested values and path segments of a key, and maximum bytes of one key. A mutation beyond them is
 * refused with ECHO_ERR_LIMIT. */
#define ECHO_OBJECT_DEPTH_MAX 64u
#define ECHO_OBJECT_KEY_BYTES_MAX 4096u

/* ---- Writing ---- */

/*
 * A builder for the bytes of one mutation (an ObjectMutationSet). It keeps its first error, which
 * echo_object_mutation_bytes() returns. A key or value that is NULL is ECHO_ERR_INVALID; if the builder is NULL, the
 * functions below do nothing.
 */
typedef struct echo_object_mutation echo_object_mutation;

/* ECHO_GENERATION_NEW encodes for ECHO_MODEL_OBJECT, ECHO_GENERATION_OLD for ECHO_MODEL_OBJECT_OLD. */
echo_status echo_object_mutation_new(echo_object_mutation **out, echo_generation generation) ECHO_MUST_USE;
void echo_object_mutation_free(echo_object_mutation *m);
/* Makes the builder empty and forgets its error, but keeps its memory: a builder that is used again and again soon
 * takes no more. */
void echo_object_mutation_reset(echo_object_mutation *m);
/*
 * Sets a key to a value, in the form described above. Arrays are written as ECHO writes them: as objects with the keys
 * "0", "1", ...
 *
 * Numbers are read back as they were given (-0 as 0). Integers are int64, in the old generation int32. Any other number
 * is written as a 32-bit float, the only kind that the original knows, and the double beside it: the original, and
 * versions of this library before 0.2.0, read 3.14 as 3.140000104904175. ECHO_ERR_LIMIT: an integer beyond int32 in the
 * old generation, a magnitude of 3.4028235677973366e38 or more (its float would be infinite), and digits of an integer
 * that no double has.
 */
void echo_object_set(echo_object_mutation *m, const char *key, const struct cJSON *value);
/*
 * The same without cJSON. `len` is in bytes; ECHO_OBJECT_TEXT: up to the NUL. A string that is not UTF-8, or that holds
 * U+0000, is written as it is. The data may be NULL only if len is 0. An integer beyond 32 bits is ECHO_ERR_LIMIT in
 * the old generation.
 */
#define ECHO_OBJECT_TEXT ((size_t)-1)
void echo_object_set_string(echo_object_mutation *m, const char *key, const char *text, size_t len);
void echo_object_set_bytes(echo_object_mutation *m, const char *key, const void *data, size_t len);
void echo_object_set_number(echo_object_mutation *m, const char *key, double number);
void echo_object_set_int64(echo_object_mutation *m, const char *key, int64_t number);
void echo_object_set_bool(echo_object_mutation *m, const char *key, bool value);
/* In the old generation null deletes. */
void echo_object_set_null(echo_object_mutation *m, const char *key);
void echo_object_delete(echo_object_mutation *m, const char *key);
/* Operations on arrays and sets exist in the new generation only; in the old one they are ECHO_ERR_UNSUPPORTED. */
void echo_object_push(echo_object_mutation *m, const char *key, const struct cJSON *value);
void echo_object_set_add(echo_object_mutation *m, const char *key, const struct cJSON *value);
void echo_object_set_remove(echo_object_mutation *m, const char *key, const struct cJSON *value);
/* The encoded mutation: a view, valid until m is changed or freed. */
echo_status echo_object_mutation_bytes(echo_bytes *out, const echo_object_mutation *m) ECHO_MUST_USE;

/* ---- Reading ----
 *
 * Properties of an item are read where they are: no cJSON value is made, and in the usual case no memory is taken.
 * (Memory is taken once for an item whose bytes, or strings with escapes, are read while it is as it was stored, and
 * once for a value that list operations have to be folded into.)
 *
 * A path has the syntax of the keys of ECHO_MODEL_OBJECT, for items of both models: `a.b[1].c`, `a["x.y"]`. An index
 * leads into an array. A path has at most ECHO_OBJECT_DEPTH_MAX segments and ECHO_OBJECT_KEY_BYTES_MAX bytes. Where it
 * may be NULL, NULL stands for all properties of the item, as one object.
 *
 * All functions return, and say in err:
 *
 * - ECHO_ERR_NOT_FOUND: nothing is at the path. The message says so if it leads through a string, a number or the like;
 *
 * - ECHO_ERR_INVALID: the value is of another kind, which the message names; or an argument is NULL;
 *
 * - ECHO_ERR_UNSUPPORTED: the item is not of the object model, or it is opaque (echo_item_has_state());
 *
 * - ECHO_ERR_LIMIT: the path is too long;
 *
 * - ECHO_ERR_CONFLICT: a value or cursor is stale, because its item has changed or has left memory since;
 *
 * - ECHO_ERR_NOMEM.
 *
 * On error *out is untouched.
 */

/* An integer is any number that is one within 64 bits, however it was written; every other number is a float. */
#define ECHO_OBJECT_KIND_MAP(XX)                                                                                       \
    XX(NULL, "null")                                                                                                   \
    XX(BOOL, "boolean")                                                                                                \
    XX(INTEGER, "integer")                                                                                             \
    XX(FLOAT, "float")                                                                                                 \
    XX(STRING, "string")                                                                                               \
    XX(BYTES, "bytes")                                                                                                 \
    XX(ARRAY, "array")                                                                                                 \
    XX(OBJECT, "object")
typedef enum echo_object_kind {
#define XX(name, text) ECHO_OBJECT_KIND_##name,
    ECHO_OBJECT_KIND_MAP(XX)
#undef XX
} echo_object_kind;
/* "null", "boolean", ...; "unknown" for any other number. */
const char *echo_object_kind_name(echo_object_kind kind);

/*
 * A value, on the caller's stack. It is borrowed from its item: it becomes stale when the item changes or leaves
 * memory, and what a stale value is asked for is ECHO_ERR_CONFLICT. It may not be used after the party was freed or
 * switched.
 */
typedef struct echo_object_value {
    echo_object_kind kind;
    bool boolean;    /* BOOL */
    int64_t integer; /* INTEGER */
    double number;   /* INTEGER (rounded beyond +/-2^53) and FLOAT, which may be infinite or NaN */
    struct {         /* the library's own */
        const echo_item *item;
        const uint64_t *epoch_at;
        uint64_t epoch, generation;
        const void *at;
        int form;
    } place;
} echo_object_value;

/* The value at a path; path may be NULL. */
echo_status echo_object_get(echo_object_value *out, const echo_item *item, const char *path,
                            echo_error *err) ECHO_MUST_USE;
/* The value at a path that starts from another value, an object or an array. */
echo_status echo_object_value_get(echo_object_value *out, const echo_object_value *from, const char *path,
                                  echo_error *err) ECHO_MUST_USE;
/* Element `index` of an array. */
echo_status echo_object_value_element(echo_object_value *out, const echo_object_value *array, size_t index,
                                      echo_error *err) ECHO_MUST_USE;
/* The number of elements of an array, or of members of an object. */
echo_status echo_object_value_count(size_t *out, const echo_object_value *value, echo_error *err) ECHO_MUST_USE;
/* The bytes of a string, without NUL, and those of bytes. Borrowed until the value is stale. */
echo_status echo_object_value_string(echo_bytes *out, const echo_object_value *value, echo_error *err) ECHO_MUST_USE;
echo_status echo_object_value_bytes(echo_bytes *out, const echo_object_value *value, echo_error *err) ECHO_MUST_USE;

/* The same in one call. Borrowed bytes are valid until the item changes or leaves memory. */
echo_status echo_object_get_string(echo_bytes *out, const echo_item *item, const char *path,
                                   echo_error *err) ECHO_MUST_USE;
echo_status echo_object_get_bytes(echo_bytes *out, const echo_item *item, const char *path,
                                  echo_error *err) ECHO_MUST_USE;
/* Any number; an integer beyond +/-2^53 is rounded. */
echo_status echo_object_get_number(double *out, const echo_item *item, const char *path, echo_error *err) ECHO_MUST_USE;
/* An integer within 64 bits; a float is ECHO_ERR_INVALID. */
echo_status echo_object_get_int64(int64_t *out, const echo_item *item, const char *path, echo_error *err) ECHO_MUST_USE;
echo_status echo_object_get_bool(bool *out, const echo_item *item, const char *path, echo_error *err) ECHO_MUST_USE;
/* Whether the value, which must exist, is null. */
echo_status echo_object_get_is_null(bool *out, const echo_item *item, const char *path, echo_error *err) ECHO_MUST_USE;
/* The number of elements or members; path may be NULL. */
echo_status echo_object_get_count(size_t *out, const echo_item *item, const char *path, echo_error *err) ECHO_MUST_USE;

/*
 * Walks the elements of an array, by index, or the members of an object, in an order that is not specified:
 *
 *     status = echo_object_cursor_open(&cursor, &value, &err);
 *     while (status == ECHO_OK && (status = echo_object_cursor_next(&more, &cursor, &err)) == ECHO_OK && more)
 *         use(cursor.key, &cursor.value);
 *
 * A cursor is on the caller's stack and needs no closing. It becomes stale with its value.
 */
typedef struct echo_object_cursor {
    echo_bytes key; /* of a member, as the user wrote it: UTF-8 without U+0000, not ended by a NUL. Borrowed */
    size_t index;   /* of an element, or the number of members before this one */
    echo_object_value value;
    struct { /* the library's own */
        echo_object_value of;
        const void *position;
        size_t next;
    } walk;
} echo_object_cursor;
echo_status echo_object_cursor_open(echo_object_cursor *out, const echo_object_value *of,
                                    echo_error *err) ECHO_MUST_USE;
/* Moves to the next element or member. *more is false at the end. */
echo_status echo_object_cursor_next(bool *more, echo_object_cursor *cursor, echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
