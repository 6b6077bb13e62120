/*
 * The object model's state: its structure, and what is shown of it.
 */
#ifndef ECHO_MODEL_OBJECT_STATE_H
#define ECHO_MODEL_OBJECT_STATE_H

#include <echo/model.h>

#include "base/json.h"
#include "model/object_ops.h"

#define ECHO__OBJECT_STATE_VERSION 1u

/* Where a property is in the text: its key's opening quote, and its value's first byte. */
typedef struct echo__text_place {
    uint16_t key, value;
} echo__text_place;
#define ECHO__TEXT_PLACES 8u /* the first few, as far as 16 bits reach */

/*
 * A restored state is kept as its text ("frozen") until a mutation changes it: most items are read, not written to.
 */
typedef struct echo__object {
    bool old;
    bool frozen;           /* `text` is all there is, `live` is empty */
    echo_bytes text;       /* frozen: the stored state, checked by echo__object_freeze() */
    echo_bytes properties; /* frozen: the part of it that holds the properties */
    uint8_t place_count;   /* frozen: of `places` */
    echo__text_place places[ECHO__TEXT_PLACES];
    uint8_t *own;  /* frozen: the text, when it belongs to the state; NULL when it is borrowed */
    uint8_t *room; /* frozen: of the text's length, for strings and bytes that getters decode; NULL at first */
    size_t room_size;
    echo__live live;
} echo__object;

/* What is shown of a state; NULL when out of memory. */
cJSON *echo__object_show(echo__object *object);

#endif
