/*
 * The object model: its tables for the registry.
 */
#ifndef ECHO_MODEL_OBJECT_H
#define ECHO_MODEL_OBJECT_H

#include <echo/model.h>

#include "model/state_room.h"

extern const echo_model_ops echo__object_ops;     /* ECHO_MODEL_OBJECT */
extern const echo_model_ops echo__object_ops_old; /* ECHO_MODEL_OBJECT_OLD */
extern const echo__state_room echo__object_room, echo__object_room_old;
/* What `apply` returns for a mutation, which does not depend on the state but for memory. */
echo_status echo__object_judge(echo_bytes mutation, echo_error *err) ECHO_MUST_USE;
echo_status echo__object_judge_old(echo_bytes mutation, echo_error *err) ECHO_MUST_USE;

#endif
