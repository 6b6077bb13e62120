/*
 * Reading values of a state where they are, without cJSON: in the text of a frozen state (object_get_text.h) or in a
 * live one (object_get_live.h).
 *
 * A place is where a value is. It is valid until the state changes.
 */
#ifndef ECHO_MODEL_OBJECT_GET_H
#define ECHO_MODEL_OBJECT_GET_H

#include <echo/object.h>

#include "model/object_avl.h"

typedef enum echo__place_form {
    ECHO__PLACE_TEXT,  /* `at` is the first byte of the value in the text */
    ECHO__PLACE_VALUE, /* `at` is an echo__value */
    ECHO__PLACE_SLOTS  /* all properties of a live state; `at` is the state */
} echo__place_form;

typedef struct echo__place {
    const void *at;
    echo__place_form form;
} echo__place;

/* The place of all properties. */
echo__place echo__object_root(const void *state);
/*
 * Follows a path of `count` segments from a place. ECHO_ERR_NOT_FOUND: *gone is the number of segments that were
 * followed, and *out the place that they lead to. ECHO_ERR_NOMEM: a fold could not be made.
 */
echo_status echo__object_find(echo__place *out, uint32_t *gone, const void *state, const echo__place *from,
                              const echo__seg *path, uint32_t count) ECHO_MUST_USE;
/* Element `index` of an array. ECHO_ERR_NOT_FOUND. */
echo_status echo__object_element(echo__place *out, const void *state, const echo__place *array,
                                 size_t index) ECHO_MUST_USE;

/* The value's kind and, as far as the kind has them, boolean, integer and number. */
void echo__object_scalar(echo_object_value *out, const echo__place *place);
/*
 * The bytes of a STRING or BYTES value, borrowed. What is stored in another form than it is read in is decoded to
 * memory of the state, which is taken once for each text. ECHO_ERR_NOMEM.
 */
echo_status echo__object_blob(echo_bytes *out, const void *state, const echo__place *place) ECHO_MUST_USE;
/* The number of elements of an array or members of an object. ECHO_ERR_NOMEM. */
echo_status echo__object_count(size_t *out, const void *state, const echo__place *place) ECHO_MUST_USE;

/*
 * The element or member after *position, which is NULL at the start and moves. `key` is that of a member, and absent
 * for an element. ECHO_ERR_NOT_FOUND: there are no more. ECHO_ERR_NOMEM.
 */
echo_status echo__object_next(echo__place *out, echo_bytes *key, const void **position, const void *state,
                              const echo__place *of) ECHO_MUST_USE;

#endif
