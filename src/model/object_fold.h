/*
 * Operations and what each does to a value (the semantics are in object_ops.c).
 */
#ifndef ECHO_MODEL_OBJECT_FOLD_H
#define ECHO_MODEL_OBJECT_FOLD_H

#include "model/object_value.h"

typedef enum echo__op_kind {
    ECHO__OP_SET,
    ECHO__OP_DELETE,
    ECHO__OP_PUSH,
    ECHO__OP_ADD,
    ECHO__OP_REMOVE,
    ECHO__OP_TOUCH /* never in a mutation: what is left of an operation that a deletion overtook */
} echo__op_kind;
#define ECHO__OP_KINDS 6u
extern const char *const echo__op_names[ECHO__OP_KINDS]; /* as in stored states: "set", "delete", ... */

/* One operation. A view, but for the value. */
typedef struct echo__op {
    echo__op_kind kind;
    uint32_t count; /* segments of the path, 1 or more */
    const echo__seg *path;
    echo__value *value; /* owned; NULL for DELETE and TOUCH */
} echo__op;

/*
 * Applies an operation to the value at *root (NULL when absent), `path` leading on from there: count may be 0. false:
 * out of memory, and *root is fit for nothing but echo__value_unref.
 */
bool echo__fold(echo__value **root, echo__op_kind kind, const echo__seg *path, uint32_t count, echo__value *value);

#endif
