/*
 * The object model's state: its structure, and how it is stored (object_state.c).
 */
#ifndef ECHO_MODEL_OBJECT_STATE_H
#define ECHO_MODEL_OBJECT_STATE_H

#include <echo/model.h>

#include "base/json.h"
#include "model/object_ops.h"

#define ECHO__OBJECT_STATE_VERSION 1u

typedef struct echo__object {
    bool old;
    bool frozen;             /* restored and not changed since: the parts below are all there is */
    cJSON *at, *feeds, *ops; /* frozen: as stored; ops may be NULL */
    cJSON *properties;       /* frozen: as stored; else a copy of what is shown, NULL when it is to be made */
    echo__live live;
} echo__object;

/* The hooks `snapshot` and `restore`. */
echo_status echo__object_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err);
echo_status echo__object_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err);
void echo__object_drop_parts(echo__object *object);
/* What is shown of a live state; NULL when out of memory. */
cJSON *echo__object_show(echo__object *object);

#endif
