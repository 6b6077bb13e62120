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
    bool frozen;         /* `text` is all there is; otherwise `live` is */
    bool owns_text;      /* frozen: otherwise it is borrowed */
    uint8_t place_count; /* frozen: of `places` */
    echo__text_place places[ECHO__TEXT_PLACES];
    union { /* a state of each held item: what is not used at the same time shares its place */
        struct {
            const uint8_t *text; /* frozen: the stored state, checked by echo__object_freeze() */
            uint8_t *room;       /* frozen: of room_size, for strings and bytes that getters decode; NULL at first */
            uint32_t text_len, properties_at, properties_len, room_size; /* a chunk is shorter than 4 GiB */
        };
        echo__live live;
    };
} echo__object;

/* Of a frozen state: its text, and the part of it that holds the properties. */
static inline echo_bytes echo__object_stored(const echo__object *object) {
    return (echo_bytes){object->text, object->text_len};
}
static inline echo_bytes echo__object_properties(const echo__object *object) {
    return (echo_bytes){object->text + object->properties_at, object->properties_len};
}

/* What is shown of a state; NULL when out of memory. */
cJSON *echo__object_show(echo__object *object);

#endif
