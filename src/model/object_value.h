/*
 * Values of the object model in memory: counted references, shared between an operation and the state it made, copied
 * before they are written to. A number is an ECHO__VALUE_INT whenever it is an integer within int64, so that equal
 * numbers look the same.
 */
#ifndef ECHO_MODEL_OBJECT_VALUE_H
#define ECHO_MODEL_OBJECT_VALUE_H

#include "model/object_avl.h"

struct cJSON;

typedef enum echo__value_kind {
    ECHO__VALUE_NULL,
    ECHO__VALUE_FALSE,
    ECHO__VALUE_TRUE,
    ECHO__VALUE_INT,
    ECHO__VALUE_FLOAT,
    ECHO__VALUE_STRING,
    ECHO__VALUE_BYTES,
    ECHO__VALUE_MAP
} echo__value_kind;

typedef struct echo__value {
    uint32_t refs;
    uint8_t kind;
    bool text;  /* STRING: a JSON text can hold it */
    bool array; /* MAP: flagged */
    bool dense; /* MAP: known to have the indices 0..n-1 and no two equal scalars at them */
    union {
        int64_t integer;
        double number;
        size_t len; /* STRING, BYTES: of data */
        struct {
            echo__avl_node *root; /* of echo__field */
            uint32_t count;       /* of all keys */
            uint32_t indices;     /* of those that are indices */
        } map;
    } as;
    uint8_t data[];
} echo__value;

typedef struct echo__field {
    echo__avl_node node;
    echo__value *value; /* never NULL but while it is being written */
    char text[];
} echo__field;

/* All return NULL when out of memory. */
echo__value *echo__value_plain(echo__value_kind kind); /* NULL, FALSE, TRUE */
echo__value *echo__value_int(int64_t integer);
echo__value *echo__value_number(double number);
/* Makes a value that is the caller's, on the stack, a number. */
void echo__value_set_number(echo__value *value, double number);
echo__value *echo__value_blob(echo__value_kind kind, const void *data, size_t len); /* STRING, BYTES */
echo__value *echo__value_map(bool array);
echo__value *echo__value_ref(echo__value *value);
void echo__value_unref(echo__value *value); /* NULL is fine */

/* Maps. Those that write need the map to themselves: echo__value_own replaces a shared one by a copy. false: out of
 * memory. */
bool echo__value_own(echo__value **map);
echo__value *echo__value_get(const echo__value *map, const echo__seg *key); /* borrowed, or NULL */
/* The place of a key, made when absent: then *place is NULL and the caller must fill it or give the map up. */
echo__value **echo__value_place(echo__value *map, const echo__seg *key);
void echo__value_remove(echo__value *map, const echo__seg *key);
bool echo__value_push(echo__value *map, echo__value *value);    /* with a reference of its own */
bool echo__value_set_add(echo__value *map, echo__value *value); /* likewise */
bool echo__value_set_remove(echo__value *map, const echo__value *value);

/* Whether a map is shown as an array: it is flagged and its keys are exactly 0..n-1. */
bool echo__value_is_array(const echo__value *map);
/* SameValueZero; maps and bytes are not the same as anything. */
bool echo__value_same(const echo__value *a, const echo__value *b);
/* Whether two values look the same when shown. Either may be NULL, for an absent one. */
bool echo__value_looks(const echo__value *a, const echo__value *b);
/* Clears the flag of maps that are not shown as arrays: what is stored is what is seen. The value must not be shared
 * yet. */
void echo__value_settle(echo__value *value);

#endif
