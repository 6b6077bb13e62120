/*
 * The stored state, version 1 (docs/FORMAT.md, "The object model"):
 *
 *   {"at":{KEY:[time,feed,seq],...},"feeds":["<hex>",...],"ops":{KEY:[[time,feed,seq,KIND,[SEGMENT,...],VALUE],...],...},"properties":{...}}
 *
 * `at` has the simple slots, `ops` the complex ones with their operations in canonical order (it is left out when there
 * are none), paths leading on from the slot. `feed` counts in `feeds`, which has exactly the feeds that are referred
 * to, ascending. `properties` has every value that is there, of complex slots the fold. KIND is set, delete, push, add,
 * remove or touch; delete and touch have no VALUE.
 *
 * A restored state keeps these parts as they came until a mutation needs them ("frozen"): most items are read, not
 * written to.
 */
#include "model/object_state.h"

#include <echo/object.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/object_view.h"

void echo__object_drop_parts(echo__object *object) {
    cJSON_Delete(object->at);
    cJSON_Delete(object->feeds);
    cJSON_Delete(object->ops);
    cJSON_Delete(object->properties);
    object->at = object->feeds = object->ops = object->properties = NULL;
}

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

cJSON *echo__object_show(echo__object *object) {
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

static cJSON *write_frozen(const echo__object *object) {
    cJSON *out = cJSON_CreateObject();
    if (out != NULL && put(out, "at", cJSON_Duplicate(object->at, true)) &&
        put(out, "feeds", cJSON_Duplicate(object->feeds, true)) &&
        (object->ops == NULL || put(out, "ops", cJSON_Duplicate(object->ops, true))) &&
        put(out, "properties", cJSON_Duplicate(object->properties, true)))
        return out;
    cJSON_Delete(out);
    return NULL;
}

echo_status echo__object_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    echo__object *object = (echo__object *)state; /* stale folds are brought up to date on the way */
    *out = object->frozen ? write_frozen(object) : write_live(object);
    return *out == NULL ? echo__nomem(err) : ECHO_OK;
}

/* Reading: at first only the shape. */

static echo_status malformed(echo_error *err, const char *what) {
    return echo__error(err, ECHO_ERR_CORRUPT, "stored object state: %s", what);
}

echo_status echo__object_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    echo__object *object = state;
    cJSON *at = NULL, *feeds = NULL, *ops = NULL, *properties = NULL;
    if (stored != ECHO__OBJECT_STATE_VERSION)
        return echo__error(err, ECHO_ERR_VERSION, "object state has version %u, only %u is read", stored,
                           ECHO__OBJECT_STATE_VERSION);
    if (object->frozen || object->live.slots != NULL)
        return echo__error(err, ECHO_ERR_INVALID, "object state is not fresh");
    if (!cJSON_IsObject(value)) return malformed(err, "no object");
    for (cJSON *part = value->child; part != NULL; part = part->next) {
        const char *name = part->string == NULL ? "" : part->string;
        cJSON **to = strcmp(name, "at") == 0           ? &at
                     : strcmp(name, "feeds") == 0      ? &feeds
                     : strcmp(name, "ops") == 0        ? &ops
                     : strcmp(name, "properties") == 0 ? &properties
                                                       : NULL;
        if (to == NULL || *to != NULL) return malformed(err, "unknown or repeated member");
        if (to == &feeds ? !cJSON_IsArray(part) : !cJSON_IsObject(part))
            return malformed(err, "member of a wrong type");
        *to = part;
    }
    if (at == NULL || feeds == NULL || properties == NULL) return malformed(err, "a member is missing");
    object->at = cJSON_DetachItemViaPointer(value, at);
    object->feeds = cJSON_DetachItemViaPointer(value, feeds);
    object->ops = ops == NULL ? NULL : cJSON_DetachItemViaPointer(value, ops);
    object->properties = cJSON_DetachItemViaPointer(value, properties);
    object->frozen = true;
    return ECHO_OK;
}
