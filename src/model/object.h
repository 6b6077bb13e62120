/*
 * The object model: its tables for the registry.
 */
#ifndef ECHO_MODEL_OBJECT_H
#define ECHO_MODEL_OBJECT_H

#include <cjson/cJSON.h>
#include <echo/model.h>

extern const echo_model_ops echo__object_ops;     /* ECHO_MODEL_OBJECT */
extern const echo_model_ops echo__object_ops_old; /* ECHO_MODEL_OBJECT_OLD */

/* The properties in view form, without a copy: valid until the state is next changed or destroyed. NULL when out of
 * memory. */
const cJSON *echo__object_properties(const void *state);

#endif
