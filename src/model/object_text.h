/*
 * Printing a state without making its cJSON value.
 */
#ifndef ECHO_MODEL_OBJECT_TEXT_H
#define ECHO_MODEL_OBJECT_TEXT_H

#include "base/buf.h"

/*
 * The snapshot hook's third flavour, for this library alone: appends the canonical text of what
 * echo__object_snapshot gives, without making that. On error nothing is appended; ECHO_ERR_NOMEM sticks to `out`.
 */
echo_status echo__object_text(echo__buf *out, const void *state, echo_error *err) ECHO_MUST_USE;

#endif
