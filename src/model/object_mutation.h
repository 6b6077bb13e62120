/*
 * The builder of mutations from the inside.
 */
#ifndef ECHO_MODEL_OBJECT_MUTATION_H
#define ECHO_MODEL_OBJECT_MUTATION_H

#include <echo/object.h>
#include <protobuf-c/protobuf-c.h>

#include "model/object_value.h"

/* The value of an operation: the one that is not NULL, or none for a deletion. A view. */
typedef struct echo__op_value {
    const struct cJSON *json;
    const echo__value *scalar;       /* neither a string nor bytes */
    const ProtobufCBinaryData *blob; /* a string or bytes */
    bool string;
} echo__op_value;

/* Adds a SET, unless the builder has an error. m may be NULL. */
void echo__mutation_set(echo_object_mutation *m, const char *key, const echo__op_value *value);
/* Makes this the builder's error, unless it has one. m may be NULL. */
void echo__mutation_fail(echo_object_mutation *m, echo_status status);

#endif
