#include "model/object_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"

static echo__value *make(echo__value_kind kind, size_t extra) {
    if (extra > SIZE_MAX - sizeof(echo__value)) return NULL;
    echo__value *value = echo__malloc(sizeof *value + extra);
    if (value == NULL) return NULL;
    memset(value, 0, sizeof *value);
    value->refs = 1;
    value->kind = (uint8_t)kind;
    return value;
}

echo__value *echo__value_plain(echo__value_kind kind) { return make(kind, 0); }

echo__value *echo__value_int(int64_t integer) {
    echo__value *value = make(ECHO__VALUE_INT, 0);
    if (value != NULL) value->as.integer = integer;
    return value;
}

void echo__value_set_number(echo__value *value, double number) {
    if (number >= -0x1p63 && number < 0x1p63 && number == trunc(number)) {
        value->kind = ECHO__VALUE_INT;
        value->as.integer = (int64_t)number;
    } else {
        value->kind = ECHO__VALUE_FLOAT;
        value->as.number = isnan(number) ? (double)NAN : number;
    }
}

echo__value *echo__value_number(double number) {
    echo__value *value = make(ECHO__VALUE_FLOAT, 0);
    if (value != NULL) echo__value_set_number(value, number);
    return value;
}

echo__value *echo__value_blob(echo__value_kind kind, const void *data, size_t len) {
    echo__value *value = make(kind, len);
    if (value == NULL) return NULL;
    value->as.len = len;
    if (len > 0) memcpy(value->data, data, len);
    value->text = kind == ECHO__VALUE_STRING && (len == 0 || memchr(data, 0, len) == NULL) &&
                  echo__utf8_valid(echo__bytes(data, len));
    return value;
}

echo__value *echo__value_map(bool array) {
    echo__value *value = make(ECHO__VALUE_MAP, 0);
    if (value != NULL) value->array = array;
    return value;
}

echo__value *echo__value_ref(echo__value *value) {
    value->refs++;
    return value;
}

static void free_fields(echo__avl_node *node) {
    if (node == NULL) return;
    free_fields(node->left);
    free_fields(node->right);
    echo__value_unref(((echo__field *)node)->value);
    echo__free(node);
}

void echo__value_unref(echo__value *value) {
    if (value == NULL || --value->refs > 0) return;
    if (value->kind == ECHO__VALUE_MAP) free_fields(value->as.map.root);
    echo__free(value);
}

static echo__field *field_new(const echo__seg *key, echo__value *value) {
    echo__field *field = echo__malloc(sizeof *field + key->len + 1);
    if (field == NULL) return NULL;
    if (key->len > 0) memcpy(field->text, key->text, key->len);
    field->text[key->len] = '\0';
    field->value = value;
    field->node.key = (echo__seg){field->text, key->len, key->index};
    return field;
}

static void add_field(echo__value *map, echo__field *field) {
    echo__avl_insert(&map->as.map.root, &field->node);
    map->as.map.count++;
    if (field->node.key.index != ECHO__NAMED) map->as.map.indices++;
}

/* Copies the shape of a tree of fields and shares their values. */
static bool copy_fields(echo__avl_node **out, const echo__avl_node *node) {
    *out = NULL;
    if (node == NULL) return true;
    const echo__field *from = (const echo__field *)node;
    echo__field *field = field_new(&node->key, NULL);
    if (field == NULL) return false;
    field->value = echo__value_ref(from->value);
    field->node.height = node->height;
    field->node.right = NULL;
    *out = &field->node;
    return copy_fields(&field->node.left, node->left) && copy_fields(&field->node.right, node->right);
}

bool echo__value_own(echo__value **map) {
    echo__value *from = *map;
    if (from->refs == 1) return true;
    echo__value *copy = echo__value_map(from->array);
    if (copy == NULL) return false;
    copy->dense = from->dense;
    copy->as.map.count = from->as.map.count;
    copy->as.map.indices = from->as.map.indices;
    if (!copy_fields(&copy->as.map.root, from->as.map.root)) {
        echo__value_unref(copy);
        return false;
    }
    echo__value_unref(from);
    *map = copy;
    return true;
}

echo__value *echo__value_get(const echo__value *map, const echo__seg *key) {
    const echo__field *field = (const echo__field *)echo__avl_find(map->as.map.root, key);
    return field == NULL ? NULL : field->value;
}

echo__value **echo__value_place(echo__value *map, const echo__seg *key) {
    echo__field *field = (echo__field *)echo__avl_find(map->as.map.root, key);
    if (key->index != ECHO__NAMED) map->dense = false;
    if (field == NULL) {
        field = field_new(key, NULL);
        if (field == NULL) return NULL;
        add_field(map, field);
    }
    return &field->value;
}

void echo__value_remove(echo__value *map, const echo__seg *key) {
    echo__field *field = (echo__field *)echo__avl_remove(&map->as.map.root, key);
    if (field == NULL) return;
    map->as.map.count--;
    if (key->index != ECHO__NAMED) {
        map->as.map.indices--;
        map->dense = false;
    }
    echo__value_unref(field->value);
    echo__free(field);
}

static bool append(echo__value *map, uint32_t index, echo__value *value) {
    char room[ECHO__INDEX_TEXT];
    echo__seg key = echo__seg_index(index, room);
    echo__field *field = field_new(&key, NULL);
    if (field == NULL) return false;
    field->value = echo__value_ref(value);
    add_field(map, field);
    return true;
}

bool echo__value_push(echo__value *map, echo__value *value) {
    const echo__avl_node *last = echo__avl_last_index(map->as.map.root);
    uint32_t index = last == NULL ? 0 : last->key.index + 1;
    if (index == ECHO__NAMED) return true; /* no index is left */
    map->dense = false;
    return append(map, index, value);
}

static bool is_scalar(const echo__value *value) {
    return value->kind != ECHO__VALUE_MAP && value->kind != ECHO__VALUE_BYTES;
}

/* A total order in which the same scalars, and only they, are equal. */
static int compare_scalars(const echo__value *a, const echo__value *b) {
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    switch ((echo__value_kind)a->kind) {
    case ECHO__VALUE_INT: return a->as.integer < b->as.integer ? -1 : a->as.integer > b->as.integer;
    case ECHO__VALUE_FLOAT:
        if (isnan(a->as.number) || isnan(b->as.number)) return !!isnan(a->as.number) - !!isnan(b->as.number);
        return a->as.number < b->as.number ? -1 : a->as.number > b->as.number;
    case ECHO__VALUE_STRING:
        return echo__bytes_compare(echo__bytes(a->data, a->as.len), echo__bytes(b->data, b->as.len));
    default: return 0;
    }
}

bool echo__value_same(const echo__value *a, const echo__value *b) {
    return a->kind == b->kind && is_scalar(a) && compare_scalars(a, b) == 0;
}

/* The elements of a list, borrowed, in the order of their indices, while the list is rewritten. */
typedef struct element {
    echo__value *value;
    uint32_t at;
    bool drop;
} element;

static element *list_elements(const echo__value *map) {
    element *list = echo__realloc_array(NULL, map->as.map.indices, sizeof *list);
    if (list == NULL) return NULL;
    echo__avl_walk walk;
    const echo__avl_node *node = echo__avl_first(&walk, map->as.map.root);
    for (uint32_t i = 0; i < map->as.map.indices; i++, node = echo__avl_next(&walk)) /* indices come first */
        list[i] = (element){((const echo__field *)node)->value, i, false};
    return list;
}

static int by_value(const void *left, const void *right) {
    const element *a = left, *b = right;
    int order = is_scalar(a->value) != is_scalar(b->value) ? (is_scalar(a->value) ? -1 : 1)
                : is_scalar(a->value)                      ? compare_scalars(a->value, b->value)
                                                           : 0;
    return order != 0 ? order : a->at < b->at ? -1 : a->at > b->at;
}

static int by_place(const void *left, const void *right) {
    const element *a = left, *b = right;
    return a->at < b->at ? -1 : a->at > b->at;
}

/* Writes the elements that are not dropped back as 0..n-1. Names stay. */
static bool list_rewrite(echo__value *map, const element *list) {
    uint32_t n = map->as.map.indices, next = 0;
    echo__value *fresh = echo__value_map(false);
    bool ok = fresh != NULL;
    for (uint32_t i = 0; ok && i < n; i++)
        if (!list[i].drop) ok = append(fresh, next++, list[i].value);
    echo__avl_walk walk;
    const echo__avl_node *node = echo__avl_first(&walk, map->as.map.root);
    for (uint32_t i = 0; node != NULL; i++, node = echo__avl_next(&walk)) {
        if (!ok || i < n) continue;
        echo__field *copy = field_new(&node->key, NULL);
        ok = copy != NULL;
        if (!ok) continue;
        copy->value = echo__value_ref(((const echo__field *)node)->value);
        add_field(fresh, copy);
    }
    if (ok) {
        free_fields(map->as.map.root);
        map->as.map = fresh->as.map;
        fresh->as.map.root = NULL;
    }
    echo__value_unref(fresh);
    return ok;
}

/* Makes the list what a JS Set of it gives: the first of the same scalars stays. */
static bool list_to_set(echo__value *map) {
    if (map->dense) return true;
    element *list = list_elements(map);
    if (list == NULL) return false;
    uint32_t n = map->as.map.indices;
    qsort(list, n, sizeof *list, by_value);
    for (uint32_t i = 1; i < n; i++) list[i].drop = echo__value_same(list[i].value, list[i - 1].value);
    qsort(list, n, sizeof *list, by_place);
    bool ok = list_rewrite(map, list);
    echo__free(list);
    map->dense = ok;
    return ok;
}

static bool list_has(const echo__value *map, const echo__value *value) {
    echo__avl_walk walk;
    const echo__avl_node *node = echo__avl_first(&walk, map->as.map.root);
    for (uint32_t i = 0; i < map->as.map.indices; i++, node = echo__avl_next(&walk))
        if (echo__value_same(((const echo__field *)node)->value, value)) return true;
    return false;
}

bool echo__value_set_add(echo__value *map, echo__value *value) {
    if (!list_to_set(map)) return false;
    return list_has(map, value) || append(map, map->as.map.indices, value);
}

bool echo__value_set_remove(echo__value *map, const echo__value *value) {
    if (!list_to_set(map)) return false;
    if (!list_has(map, value)) return true;
    element *list = list_elements(map);
    if (list == NULL) return false;
    for (uint32_t i = 0; i < map->as.map.indices; i++) list[i].drop = echo__value_same(list[i].value, value);
    bool ok = list_rewrite(map, list);
    echo__free(list);
    return ok;
}

bool echo__value_is_array(const echo__value *map) {
    if (!map->array || map->as.map.count != map->as.map.indices) return false;
    const echo__avl_node *last = echo__avl_last_index(map->as.map.root);
    return last == NULL || last->key.index == map->as.map.count - 1;
}

static bool maps_look(const echo__value *a, const echo__value *b) {
    if (a->as.map.count != b->as.map.count || echo__value_is_array(a) != echo__value_is_array(b)) return false;
    echo__avl_walk walk_a, walk_b;
    const echo__avl_node *x = echo__avl_first(&walk_a, a->as.map.root), *y = echo__avl_first(&walk_b, b->as.map.root);
    for (; x != NULL; x = echo__avl_next(&walk_a), y = echo__avl_next(&walk_b))
        if (echo__seg_compare(&x->key, &y->key) != 0 ||
            !echo__value_looks(((const echo__field *)x)->value, ((const echo__field *)y)->value))
            return false;
    return true;
}

bool echo__value_looks(const echo__value *a, const echo__value *b) {
    if (a == NULL || b == NULL) return a == b;
    if (a->kind != b->kind) return false;
    if (a->kind == ECHO__VALUE_MAP) return maps_look(a, b);
    if (a->kind == ECHO__VALUE_BYTES)
        return echo__bytes_equal(echo__bytes(a->data, a->as.len), echo__bytes(b->data, b->as.len));
    return compare_scalars(a, b) == 0;
}

void echo__value_settle(echo__value *value) {
    if (value->kind != ECHO__VALUE_MAP) return;
    value->array = echo__value_is_array(value);
    echo__avl_walk walk;
    for (echo__avl_node *node = echo__avl_first(&walk, value->as.map.root); node != NULL; node = echo__avl_next(&walk))
        echo__value_settle(((echo__field *)node)->value);
}
