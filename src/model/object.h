/*
 * The object model's state, and its hooks for the registry.
 */
#ifndef ECHO_MODEL_OBJECT_H
#define ECHO_MODEL_OBJECT_H

#include <echo/model.h>

#include "base/json.h"
#include "model/object_ops.h"

#define ECHO__OBJECT_STATE_VERSION 1u

extern const echo_model_ops echo__object_ops;     /* ECHO_MODEL_OBJECT */
extern const echo_model_ops echo__object_ops_old; /* ECHO_MODEL_OBJECT_OLD */

/* The properties in view form, without a copy: valid until the state is next changed or destroyed. NULL when out of
 * memory. */
const cJSON *echo__object_properties(const void *state);
/*
 * A restored state is decoded when a mutation first needs it; this does it at once. ECHO_ERR_CORRUPT when the stored
 * state is malformed: it is kept as it is then, and mutations are refused with the same code.
 */
echo_status echo__object_thaw(void *state, echo_error *err) ECHO_MUST_USE;

typedef struct echo__object {
    bool old;
    bool frozen;             /* restored and not changed since: the parts below are all there is */
    cJSON *at, *feeds, *ops; /* frozen: as stored; ops may be NULL */
    cJSON *properties;       /* frozen: as stored; else a copy of what is shown, NULL when it is to be made */
    echo__live live;
} echo__object;

/* Hooks that live in object_state.c. */
echo_status echo__object_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err);
echo_status echo__object_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err);
void echo__object_drop_parts(echo__object *object);
/*
 * The snapshot hook's third flavour, for this library alone (object_text.c): appends the canonical text of what
 * echo__object_snapshot gives, without making that. On error nothing is appended; ECHO_ERR_NOMEM sticks to `out`.
 */
echo_status echo__object_text(echo__buf *out, const void *state, echo_error *err) ECHO_MUST_USE;
/* What is shown of a live state; NULL when out of memory. */
cJSON *echo__object_show(echo__object *object);

#endif
