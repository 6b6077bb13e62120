/*
 * Reading values in the text of a frozen state, which was checked when it was frozen. `at` is the first byte of a value
 * in its properties.
 */
#ifndef ECHO_MODEL_OBJECT_GET_TEXT_H
#define ECHO_MODEL_OBJECT_GET_TEXT_H

#include <echo/object.h>

#include "model/object_state.h"

/* The member or element with this key; NULL if it does not exist, or if the value has neither. */
const uint8_t *echo__text_member(const echo__object *object, const uint8_t *at, const echo__seg *key);
void echo__text_scalar(echo_object_value *out, const uint8_t *at);
/* Texts with escapes and base64 are decoded to object->room. ECHO_ERR_NOMEM. */
echo_status echo__text_blob(echo_bytes *out, echo__object *object, const uint8_t *at) ECHO_MUST_USE;
size_t echo__text_count(const uint8_t *at);
/* *position: NULL, or the byte after the last value. ECHO_ERR_NOT_FOUND at the end, ECHO_ERR_NOMEM. */
echo_status echo__text_next(const uint8_t **out, echo_bytes *key, const void **position, echo__object *object,
                            const uint8_t *at) ECHO_MUST_USE;

#endif
