#include "model/object_state.h"

#include "model/object_view.h"

static cJSON *parse(echo_bytes text) {
    cJSON *value;
    return echo__json_parse(&value, text.data, text.len, NULL) == ECHO_OK ? value : NULL;
}

cJSON *echo__object_show(echo__object *object) {
    if (object->frozen) return parse(echo__object_properties(object));
    cJSON *out = cJSON_CreateObject();
    bool ok = out != NULL;
    echo__avl_walk walk;
    for (echo__avl_node *node = echo__avl_first(&walk, object->live.slots); ok && node != NULL;
         node = echo__avl_next(&walk)) {
        echo__slot *slot = (echo__slot *)node;
        ok = echo__slot_fold(&object->live, slot);
        if (ok && slot->value != NULL) ok = echo__view_put(out, slot->text, echo__view_make(slot->value));
    }
    if (ok) return out;
    cJSON_Delete(out);
    return NULL;
}
