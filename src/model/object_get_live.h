/*
 * Reading values of a live state. Stale folds are brought up to date on the way.
 */
#ifndef ECHO_MODEL_OBJECT_GET_LIVE_H
#define ECHO_MODEL_OBJECT_GET_LIVE_H

#include "model/object_get.h"
#include "model/object_state.h"

/* ECHO_ERR_NOT_FOUND, ECHO_ERR_NOMEM. */
echo_status echo__live_member(echo__place *out, const echo__object *object, const echo__place *in,
                              const echo__seg *key) ECHO_MUST_USE;
void echo__live_scalar(echo_object_value *out, const echo__place *place);
echo_bytes echo__live_blob(const echo__value *value);
echo_status echo__live_count(size_t *out, const echo__object *object, const echo__place *place) ECHO_MUST_USE;
/* *position: NULL, or the node of the last member. ECHO_ERR_NOT_FOUND at the end, ECHO_ERR_NOMEM. */
echo_status echo__live_next(echo__place *out, echo_bytes *key, const void **position, const echo__object *object,
                            const echo__place *of) ECHO_MUST_USE;

#endif
