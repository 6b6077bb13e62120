#include "model/object_get.h"

#include "model/object_get_live.h"
#include "model/object_get_text.h"

echo__place echo__object_root(const void *state) {
    const echo__object *object = state;
    if (object->frozen) return (echo__place){object->text + object->properties_at, ECHO__PLACE_TEXT};
    return (echo__place){object, ECHO__PLACE_SLOTS};
}

static echo_status find_member(echo__place *out, const void *state, const echo__place *in, const echo__seg *key) {
    if (in->form != ECHO__PLACE_TEXT) return echo__live_member(out, state, in, key);
    const uint8_t *at = echo__text_member(state, in->at, key);
    if (at == NULL) return ECHO_ERR_NOT_FOUND;
    *out = (echo__place){at, ECHO__PLACE_TEXT};
    return ECHO_OK;
}

echo_status echo__object_find(echo__place *out, uint32_t *gone, const void *state, const echo__place *from,
                              const echo__seg *path, uint32_t count) {
    *out = *from;
    for (*gone = 0; *gone < count; ++*gone) {
        echo__place next;
        echo_status status = find_member(&next, state, out, &path[*gone]);
        if (status != ECHO_OK) return status;
        *out = next;
    }
    return ECHO_OK;
}

echo_status echo__object_element(echo__place *out, const void *state, const echo__place *array, size_t index) {
    char room[ECHO__INDEX_TEXT];
    if (index >= ECHO__NAMED) return ECHO_ERR_NOT_FOUND;
    echo__seg key = echo__seg_index((uint32_t)index, room);
    return find_member(out, state, array, &key);
}

void echo__object_scalar(echo_object_value *out, const echo__place *place) {
    if (place->form == ECHO__PLACE_TEXT)
        echo__text_scalar(out, place->at);
    else
        echo__live_scalar(out, place);
}

echo_status echo__object_blob(echo_bytes *out, const void *state, const echo__place *place) {
    if (place->form == ECHO__PLACE_TEXT) return echo__text_blob(out, (echo__object *)state, place->at);
    *out = echo__live_blob(place->at);
    return ECHO_OK;
}

echo_status echo__object_count(size_t *out, const void *state, const echo__place *place) {
    if (place->form != ECHO__PLACE_TEXT) return echo__live_count(out, state, place);
    *out = echo__text_count(place->at);
    return ECHO_OK;
}

echo_status echo__object_next(echo__place *out, echo_bytes *key, const void **position, const void *state,
                              const echo__place *of) {
    if (of->form != ECHO__PLACE_TEXT) return echo__live_next(out, key, position, state, of);
    const uint8_t *at;
    out->form = ECHO__PLACE_TEXT;
    echo_status status = echo__text_next(&at, key, position, (echo__object *)state, of->at);
    out->at = at;
    return status;
}
