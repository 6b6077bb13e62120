#include "model/object_get_live.h"

static bool is_map(const echo__place *place) {
    return place->form == ECHO__PLACE_SLOTS || ((const echo__value *)place->at)->kind == ECHO__VALUE_MAP;
}

static echo__avl_node *members(const echo__place *place) {
    if (place->form == ECHO__PLACE_SLOTS) return ((const echo__object *)place->at)->live.slots;
    return ((const echo__value *)place->at)->as.map.root;
}

/* The value of a slot or a field; *out is NULL for a slot without one. */
static echo_status node_value(const echo__value **out, const echo__object *object, const echo__place *in,
                              echo__avl_node *node) {
    if (in->form != ECHO__PLACE_SLOTS) {
        *out = ((const echo__field *)node)->value;
        return ECHO_OK;
    }
    echo__slot *slot = (echo__slot *)node;
    if (!echo__slot_fold(&object->live, slot)) return ECHO_ERR_NOMEM;
    *out = slot->value;
    return ECHO_OK;
}

echo_status echo__live_member(echo__place *out, const echo__object *object, const echo__place *in,
                              const echo__seg *key) {
    const echo__value *value = NULL;
    echo__avl_node *node = is_map(in) ? echo__avl_find(members(in), key) : NULL;
    echo_status status = node == NULL ? ECHO_ERR_NOT_FOUND : node_value(&value, object, in, node);
    if (status == ECHO_OK && value == NULL) status = ECHO_ERR_NOT_FOUND;
    if (status == ECHO_OK) *out = (echo__place){value, ECHO__PLACE_VALUE};
    return status;
}

void echo__live_scalar(echo_object_value *out, const echo__place *place) {
    const echo__value *value = place->at;
    out->kind = ECHO_OBJECT_KIND_OBJECT;
    if (place->form == ECHO__PLACE_SLOTS) return;
    switch ((echo__value_kind)value->kind) {
    case ECHO__VALUE_NULL: out->kind = ECHO_OBJECT_KIND_NULL; break;
    case ECHO__VALUE_FALSE:
    case ECHO__VALUE_TRUE:
        out->kind = ECHO_OBJECT_KIND_BOOL;
        out->boolean = value->kind == ECHO__VALUE_TRUE;
        break;
    case ECHO__VALUE_INT:
        out->kind = ECHO_OBJECT_KIND_INTEGER;
        out->integer = value->as.integer;
        out->number = (double)value->as.integer;
        break;
    case ECHO__VALUE_FLOAT:
        out->kind = ECHO_OBJECT_KIND_FLOAT;
        out->number = value->as.number;
        break;
    case ECHO__VALUE_STRING: out->kind = ECHO_OBJECT_KIND_STRING; break;
    case ECHO__VALUE_BYTES: out->kind = ECHO_OBJECT_KIND_BYTES; break;
    case ECHO__VALUE_MAP:
        if (echo__value_is_array(value)) out->kind = ECHO_OBJECT_KIND_ARRAY;
        break;
    }
}

echo_bytes echo__live_blob(const echo__value *value) { return (echo_bytes){value->data, value->as.len}; }

/* The first node after `node` (NULL: the first of all) that has a value. */
static echo_status next_node(echo__avl_node **out, const echo__value **value, const echo__object *object,
                             const echo__place *of, const echo__avl_node *node) {
    static const echo__seg before = {"0", 1, 0};
    echo__avl_node *root = members(of), *next;
    echo_status status = ECHO_OK;
    if (node == NULL) {
        next = echo__avl_find(root, &before); /* the lowest key that there can be */
        if (next == NULL) next = echo__avl_after(root, &before);
    } else {
        next = echo__avl_after(root, &node->key);
    }
    for (; next != NULL; next = echo__avl_after(root, &next->key)) {
        status = node_value(value, object, of, next);
        if (status != ECHO_OK || *value != NULL) break;
    }
    *out = next;
    return next == NULL ? ECHO_ERR_NOT_FOUND : status;
}

echo_status echo__live_count(size_t *out, const echo__object *object, const echo__place *place) {
    const echo__value *value;
    echo__avl_node *node = NULL;
    *out = 0;
    if (place->form == ECHO__PLACE_VALUE) {
        *out = ((const echo__value *)place->at)->as.map.count;
        return ECHO_OK;
    }
    for (;;) {
        echo_status status = next_node(&node, &value, object, place, node);
        if (status != ECHO_OK) return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
        ++*out;
    }
}

echo_status echo__live_next(echo__place *out, echo_bytes *key, const void **position, const echo__object *object,
                            const echo__place *of) {
    const echo__value *value;
    echo__avl_node *node;
    *key = (echo_bytes){NULL, 0};
    echo_status status = next_node(&node, &value, object, of, *position);
    if (status != ECHO_OK) return status;
    bool array = of->form == ECHO__PLACE_VALUE && echo__value_is_array(of->at);
    if (!array) *key = (echo_bytes){(const uint8_t *)node->key.text, node->key.len};
    *out = (echo__place){value, ECHO__PLACE_VALUE};
    *position = node;
    return ECHO_OK;
}
