/*
 * Storing a state; how it is stored is said in object_text.c.
 */
#ifndef ECHO_MODEL_OBJECT_TEXT_H
#define ECHO_MODEL_OBJECT_TEXT_H

#include <cjson/cJSON.h>

#include "base/buf.h"

/* Appends the canonical text. On error nothing is appended; ECHO_ERR_NOMEM sticks to `out`. */
echo_status echo__object_text(echo__buf *out, const void *state, echo_error *err) ECHO_MUST_USE;
/* The hook `snapshot`: the same as a cJSON value. */
echo_status echo__object_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err);

#endif
