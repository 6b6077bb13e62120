#include "model/object_fold.h"

const char *const echo__op_names[ECHO__OP_KINDS] = {"set", "delete", "push", "add", "remove", "touch"};

/* Makes *at a map of its own, fit for a write to `key`. */
static bool enter(echo__value **at, const echo__seg *key) {
    bool index = key->index != ECHO__NAMED;
    if (*at == NULL || (*at)->kind != ECHO__VALUE_MAP) {
        echo__value *map = echo__value_map(index);
        if (map == NULL) return false;
        echo__value_unref(*at);
        *at = map;
        return true;
    }
    if (!echo__value_own(at)) return false;
    if (!index) (*at)->array = false;
    return true;
}

/* Makes *at a flagged map of its own. */
static bool enter_list(echo__value **at) {
    if (*at == NULL || (*at)->kind != ECHO__VALUE_MAP) {
        echo__value *map = echo__value_map(true);
        if (map == NULL) return false;
        echo__value_unref(*at);
        *at = map;
        return true;
    }
    if (!echo__value_own(at)) return false;
    (*at)->array = true;
    return true;
}

static bool touch(echo__value **at, const echo__seg *path, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!enter(at, &path[i])) return false;
        if (i + 1 < count && (at = echo__value_place(*at, &path[i])) == NULL) return false;
    }
    return true;
}

static bool erase(echo__value **at, const echo__seg *path, uint32_t count) {
    const echo__value *seen = *at;
    for (uint32_t i = 0; i < count && seen != NULL; i++)
        seen = seen->kind == ECHO__VALUE_MAP ? echo__value_get(seen, &path[i]) : NULL;
    if (seen == NULL) return true; /* nothing to delete, so nothing to copy either */
    if (count == 0) {
        echo__value_unref(*at);
        *at = NULL;
        return true;
    }
    for (uint32_t i = 0; i + 1 < count; i++) {
        if (!echo__value_own(at)) return false;
        echo__avl_node *node = echo__avl_find((*at)->as.map.root, &path[i]);
        at = &((echo__field *)node)->value;
    }
    if (!echo__value_own(at)) return false;
    echo__value_remove(*at, &path[count - 1]);
    return true;
}

bool echo__fold(echo__value **root, echo__op_kind kind, const echo__seg *path, uint32_t count, echo__value *value) {
    if (kind == ECHO__OP_TOUCH) return touch(root, path, count);
    if (kind == ECHO__OP_DELETE) return erase(root, path, count);
    echo__value **at = root;
    for (uint32_t i = 0; i < count; i++)
        if (!enter(at, &path[i]) || (at = echo__value_place(*at, &path[i])) == NULL) return false;
    if (kind == ECHO__OP_SET) {
        echo__value *old = *at;
        *at = echo__value_ref(value);
        echo__value_unref(old);
        return true;
    }
    if (!enter_list(at)) return false;
    if (kind == ECHO__OP_PUSH) return echo__value_push(*at, value);
    return kind == ECHO__OP_ADD ? echo__value_set_add(*at, value) : echo__value_set_remove(*at, value);
}
