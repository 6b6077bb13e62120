/*
 * The stored state, version 1 (docs/FORMAT.md, "The object model"):
 *
 *   {"at":{KEY:[time,feed,seq],...},"feeds":["<hex>",...],"ops":{KEY:[[time,feed,seq,KIND,[SEGMENT,...],VALUE],...],...},"properties":{...}}
 *
 * `at` has the simple slots, `ops` the complex ones with their operations in canonical order (it is left out when there
 * are none), paths leading on from the slot. `feed` counts in `feeds`, which has exactly the feeds that are referred
 * to, ascending. `properties` has every value that is there, of complex slots the fold. KIND is set, delete, push, add,
 * remove or touch; delete and touch have no VALUE.
 */
#include "model/object_state.h"

#include <echo/object.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/object_view.h"

/* Adds to an array or, under a plain key, to an object; takes the item, which may be NULL. */
static bool push(cJSON *array, cJSON *item) {
    if (item != NULL && cJSON_AddItemToArray(array, item)) return true;
    cJSON_Delete(item);
    return false;
}

static bool put(cJSON *object, const char *key, cJSON *item) {
    if (item != NULL && cJSON_AddItemToObject(object, key, item)) return true;
    cJSON_Delete(item);
    return false;
}

static cJSON *parse(echo_bytes text) {
    cJSON *value;
    return echo__json_parse(&value, text.data, text.len, NULL) == ECHO_OK ? value : NULL;
}

cJSON *echo__object_show(echo__object *object) {
    if (object->frozen) return parse(object->properties);
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

/* Writing. */

typedef struct writing {
    const echo__live *live;
    uint32_t *ranks;   /* of each feed among all */
    uint32_t *numbers; /* of each feed in `feeds` */
} writing;

static cJSON *write_pos(const writing *w, const echo__pos *pos) {
    cJSON *array = cJSON_CreateArray();
    if (array == NULL) return NULL;
    if (push(array, echo__json_uint64(pos->time)) && push(array, cJSON_CreateNumber(w->numbers[pos->feed])) &&
        push(array, echo__json_uint64(pos->seq)))
        return array;
    cJSON_Delete(array);
    return NULL;
}

static cJSON *write_path(const echo__branch *branch) {
    cJSON *array = cJSON_CreateArray();
    echo__seg path[ECHO_OBJECT_DEPTH_MAX];
    echo__branch_path(branch, path);
    bool ok = array != NULL;
    for (uint32_t i = 0; ok && i < branch->depth; i++)
        ok = push(array, cJSON_CreateString(path[i].text)); /* ends with a NUL */
    if (ok) return array;
    cJSON_Delete(array);
    return NULL;
}

static cJSON *write_past(const writing *w, const echo__past *past) {
    cJSON *array = write_pos(w, &past->pos);
    if (array == NULL) return NULL;
    bool ok = push(array, cJSON_CreateString(echo__op_names[past->kind])) && push(array, write_path(past->branch));
    if (ok && past->value != NULL) ok = push(array, echo__view_make(past->value));
    if (ok) return array;
    cJSON_Delete(array);
    return NULL;
}

static cJSON *write_history(const writing *w, const echo__slot *slot) {
    echo__past *past;
    size_t count;
    if (!echo__branch_past(&past, &count, slot->history, w->ranks)) return NULL;
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;
    for (size_t i = 0; ok && i < count; i++) ok = push(array, write_past(w, &past[i]));
    echo__free(past);
    if (ok) return array;
    cJSON_Delete(array);
    return NULL;
}

/* Numbers the feeds that are in use and lists them. */
static cJSON *write_feeds(writing *w) {
    size_t n = w->live->feed_count;
    bool *used = echo__calloc(n, sizeof *used);
    uint32_t *by_rank = echo__calloc(n, sizeof *by_rank), next = 0;
    cJSON *array = cJSON_CreateArray();
    bool ok = used != NULL && by_rank != NULL && array != NULL;
    echo__avl_walk walk;
    for (const echo__avl_node *node = echo__avl_first(&walk, w->live->slots); ok && node != NULL;
         node = echo__avl_next(&walk)) {
        const echo__slot *slot = (const echo__slot *)node;
        if (slot->simple)
            used[slot->at.feed] = true;
        else
            echo__branch_feeds(slot->history, used);
    }
    for (uint32_t i = 0; ok && i < n; i++) by_rank[w->ranks[i]] = i;
    for (size_t rank = 0; ok && rank < n; rank++) {
        uint32_t feed = by_rank[rank];
        if (!used[feed]) continue;
        char hex[ECHO_HEX_CHARS];
        echo_key_hex(hex, &w->live->feeds[feed]);
        w->numbers[feed] = next++;
        ok = push(array, cJSON_CreateString(hex));
    }
    echo__free(used);
    echo__free(by_rank);
    if (ok) return array;
    cJSON_Delete(array);
    return NULL;
}

static bool write_slots(const writing *w, cJSON *at, cJSON *ops) {
    echo__avl_walk walk;
    for (const echo__avl_node *node = echo__avl_first(&walk, w->live->slots); node != NULL;
         node = echo__avl_next(&walk)) {
        const echo__slot *slot = (const echo__slot *)node;
        if (!(slot->simple ? put(at, slot->text, write_pos(w, &slot->at))
                           : put(ops, slot->text, write_history(w, slot))))
            return false;
    }
    return true;
}

/* Adds a member and gives it back, still to be filled. NULL: out of memory. */
static cJSON *grow(cJSON *object, const char *key, cJSON *item) { return put(object, key, item) ? item : NULL; }

static bool write_parts(writing *w, cJSON *out, echo__object *object) {
    if (w->numbers == NULL || out == NULL || !echo__live_ranks(&w->ranks, w->live)) return false;
    cJSON *at = grow(out, "at", cJSON_CreateObject());
    if (at == NULL || !put(out, "feeds", write_feeds(w))) return false;
    cJSON *ops = grow(out, "ops", cJSON_CreateObject());
    if (ops == NULL || !write_slots(w, at, ops)) return false;
    if (ops->child == NULL) cJSON_Delete(cJSON_DetachItemViaPointer(out, ops));
    return put(out, "properties", echo__object_show(object));
}

static cJSON *write_live(echo__object *object) {
    const echo__live *live = &object->live;
    writing w = {live, NULL, echo__calloc(live->feed_count, sizeof *w.numbers)};
    cJSON *out = cJSON_CreateObject();
    bool ok = write_parts(&w, out, object);
    echo__free(w.numbers);
    echo__free(w.ranks);
    if (ok) return out;
    cJSON_Delete(out);
    return NULL;
}

echo_status echo__object_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    echo__object *object = (echo__object *)state; /* stale folds are brought up to date on the way */
    *out = object->frozen ? parse(object->text) : write_live(object);
    return *out == NULL ? echo__nomem(err) : ECHO_OK;
}
