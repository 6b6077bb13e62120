#include "model/object_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* A stack of members in the order of their keys' bytes, one run per map being written whose own order is another. */
typedef struct writer {
    echo__buf *out;
    const echo__avl_node **sorted;
    size_t count, cap;
} writer;

void echo__view_text_key(echo__buf *out, const echo__seg *key, bool first) {
    if (!first) echo__buf_byte(out, ',');
    bool escape = key->len > 0 && key->text[0] == '$';
    if (escape) echo__buf_byte(out, '"');
    size_t quote = out->len;
    echo__json_string(out, key->text, key->len);
    if (escape && out->status == ECHO_OK) out->data[quote] = '$'; /* "" and what follows becomes "$ and that */
    echo__buf_byte(out, ':');
}

static void put_base64(echo__buf *out, const char *head, const echo__value *value) {
    echo__buf_text(out, head);
    echo__buf_base64(out, value->data, value->as.len);
    echo__buf_text(out, "\"}");
}

static void put_integer(echo__buf *out, int64_t integer) {
    if (integer < 0) echo__buf_byte(out, '-');
    echo__buf_u64(out, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
}

static void put_number(echo__buf *out, double number) {
    if (isnan(number))
        echo__buf_text(out, "{\"$float\":\"NaN\"}");
    else if (isinf(number))
        echo__buf_text(out, number > 0 ? "{\"$float\":\"Infinity\"}" : "{\"$float\":\"-Infinity\"}");
    else
        echo__json_number(out, number);
}

static void put_value(writer *w, const echo__value *value);

static void put_array(writer *w, const echo__value *map) {
    bool first = true;
    echo__avl_walk walk;
    echo__buf_byte(w->out, '[');
    for (const echo__avl_node *node = echo__avl_first(&walk, map->as.map.root); node != NULL;
         node = echo__avl_next(&walk)) {
        if (!first) echo__buf_byte(w->out, ',');
        put_value(w, ((const echo__field *)node)->value);
        first = false;
    }
    echo__buf_byte(w->out, ']');
}

static int by_text(const void *left, const void *right) {
    const echo__avl_node *const *a = left, *const *b = right;
    return strcmp((*a)->key.text, (*b)->key.text);
}

/* Whether the walk's order, indices by number and then names, is that of the bytes ("$" doubled or not: it is the
 * same). */
static bool is_ascending(const echo__value *map) {
    if (map->as.map.indices == 0) return true;
    echo__avl_walk walk;
    const echo__avl_node *last = echo__avl_first(&walk, map->as.map.root);
    for (uint32_t i = 0; i < map->as.map.indices; i++) { /* each with the one after it */
        const echo__avl_node *node = echo__avl_next(&walk);
        if (node == NULL) return true;
        if (strcmp(last->key.text, node->key.text) > 0) return false;
        last = node;
    }
    return true;
}

static void put_sorted(writer *w, const echo__value *map) {
    size_t begin = w->count, count = map->as.map.count;
    if (!echo__grow(&w->sorted, &w->cap, begin + count, sizeof(const echo__avl_node *))) {
        w->out->status = ECHO_ERR_NOMEM;
        return;
    }
    echo__avl_walk walk;
    for (const echo__avl_node *node = echo__avl_first(&walk, map->as.map.root); node != NULL;
         node = echo__avl_next(&walk))
        w->sorted[w->count++] = node;
    qsort(w->sorted + begin, count, sizeof(const echo__avl_node *), by_text);
    for (size_t i = 0; i < count; i++) {
        const echo__field *field = (const echo__field *)w->sorted[begin + i];
        echo__view_text_key(w->out, &field->node.key, i == 0);
        put_value(w, field->value);
    }
    w->count = begin;
}

static void put_object(writer *w, const echo__value *map) {
    bool first = true;
    echo__avl_walk walk;
    echo__buf_byte(w->out, '{');
    if (!is_ascending(map)) {
        put_sorted(w, map);
    } else {
        for (const echo__avl_node *node = echo__avl_first(&walk, map->as.map.root); node != NULL;
             node = echo__avl_next(&walk)) {
            echo__view_text_key(w->out, &node->key, first);
            put_value(w, ((const echo__field *)node)->value);
            first = false;
        }
    }
    echo__buf_byte(w->out, '}');
}

static void put_value(writer *w, const echo__value *value) {
    switch ((echo__value_kind)value->kind) {
    case ECHO__VALUE_NULL: echo__buf_text(w->out, "null"); return;
    case ECHO__VALUE_FALSE: echo__buf_text(w->out, "false"); return;
    case ECHO__VALUE_TRUE: echo__buf_text(w->out, "true"); return;
    case ECHO__VALUE_INT: put_integer(w->out, value->as.integer); return;
    case ECHO__VALUE_FLOAT: put_number(w->out, value->as.number); return;
    case ECHO__VALUE_BYTES: put_base64(w->out, "{\"$bytes\":\"", value); return;
    case ECHO__VALUE_STRING:
        if (value->text)
            echo__json_string(w->out, value->data, value->as.len);
        else
            put_base64(w->out, "{\"$string\":\"", value);
        return;
    case ECHO__VALUE_MAP: echo__value_is_array(value) ? put_array(w, value) : put_object(w, value); return;
    }
}

void echo__view_text(echo__buf *out, const echo__value *value) {
    writer w = {out, NULL, 0, 0};
    put_value(&w, value);
    echo__free(w.sorted);
}
