/*
 * From the stored text of a state to its live form. Nothing in the text is taken on trust: what the library would not
 * have written is ECHO_ERR_CORRUPT. The operations of complex slots are applied again, one by one, which checks that
 * they are reduced and gives the fold.
 */
#include "model/object_thaw.h"

#include <echo/object.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/object_frozen.h"
#include "model/object_stamp.h"
#include "model/object_view.h"

/* The text's members. */
typedef struct stored_parts {
    bool old;
    const cJSON *feeds, *gone, *ops; /* may be NULL */
    const cJSON *properties, *when;
} stored_parts;

typedef struct thawing {
    const stored_parts *object;
    echo__live *live;
    bool *used;      /* of each feed */
    uint32_t *ranks; /* of each feed: they come in order */
    const char *fault;
} thawing;

static echo_status fault(thawing *t, const char *what) {
    t->fault = what;
    return ECHO_ERR_CORRUPT;
}

static echo_status thaw_feeds(thawing *t) {
    const cJSON *list = t->object->feeds;
    if (list != NULL && list->child == NULL) return fault(t, "a list of no feeds");
    for (const cJSON *node = list == NULL ? NULL : list->child; node != NULL; node = node->next) {
        echo_key key;
        char hex[ECHO_HEX_CHARS];
        if (!cJSON_IsString(node) || node->valuestring == NULL || strlen(node->valuestring) != ECHO_HEX_CHARS - 1 ||
            echo_key_parse(&key, node->valuestring) != ECHO_OK)
            return fault(t, "a feed is not a key");
        echo_key_hex(hex, &key);
        echo__live *live = t->live;
        if (strcmp(hex, node->valuestring) != 0 || live->feed_count == UINT32_MAX ||
            (live->feed_count > 0 && memcmp(&live->feeds[live->feed_count - 1], &key, sizeof key) >= 0))
            return fault(t, "feeds are not in order");
        if (!echo__grow(&live->feeds, &live->feed_cap, live->feed_count + 1, sizeof *live->feeds))
            return ECHO_ERR_NOMEM;
        live->feeds[live->feed_count++] = key;
    }
    t->used = echo__calloc(t->live->feed_count, sizeof *t->used);
    return t->used == NULL || !echo__live_ranks(&t->ranks, t->live) ? ECHO_ERR_NOMEM : ECHO_OK;
}

static bool read_pos(thawing *t, echo__pos *out, const cJSON *node) {
    uint64_t feed;
    memset(out, 0, sizeof *out);
    if (!echo__object_stamp(&out->time, &feed, &out->seq, node) || feed >= t->live->feed_count) return false;
    out->feed = (uint32_t)feed;
    t->used[out->feed] = true;
    return true;
}

/* Reads a key of `gone`, `ops` or a path: plain text, not escaped. */
static bool read_seg(echo__seg *out, const char *text) {
    size_t len = text == NULL ? SIZE_MAX : strnlen(text, ECHO_OBJECT_KEY_BYTES_MAX + 1);
    if (len > ECHO_OBJECT_KEY_BYTES_MAX || !echo__utf8_valid(echo__bytes(text, len))) return false;
    *out = echo__seg_make(text, len);
    return true;
}

/* A simple slot, which the state does not have yet, from its stamp. */
static echo_status thaw_simple(thawing *t, echo__slot **out, const echo__seg *key, const cJSON *stamp) {
    echo__pos pos;
    if (!read_pos(t, &pos, stamp)) return fault(t, "a stamp is malformed or missing");
    *out = echo__live_slot(t->live, key, true);
    if (*out == NULL) return ECHO_ERR_NOMEM;
    (*out)->simple = true;
    (*out)->at = pos;
    return ECHO_OK;
}

static echo_status thaw_gone(thawing *t) {
    const cJSON *gone = t->object->gone;
    if (gone != NULL && gone->child == NULL) return fault(t, "a list of no tombstones");
    for (const cJSON *node = gone == NULL ? NULL : gone->child; node != NULL; node = node->next) {
        echo__seg key;
        echo__slot *slot;
        if (!read_seg(&key, node->string)) return fault(t, "a key is malformed");
        if (echo__live_slot(t->live, &key, false) != NULL) return fault(t, "a key is repeated");
        echo_status status = thaw_simple(t, &slot, &key, node);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

static echo_status read_kind(thawing *t, echo__op_kind *out, const cJSON *node) {
    const char *name = cJSON_IsString(node) ? node->valuestring : NULL;
    for (unsigned i = 0; name != NULL && i < ECHO__OP_KINDS; i++)
        if (strcmp(name, echo__op_names[i]) == 0) {
            *out = (echo__op_kind)i;
            return ECHO_OK;
        }
    return fault(t, "an operation is of no known kind");
}

static echo_status read_path(thawing *t, echo__seg path[ECHO_OBJECT_DEPTH_MAX], uint32_t *count, const cJSON *array) {
    if (!cJSON_IsArray(array)) return fault(t, "an operation has no path");
    for (const cJSON *node = array->child; node != NULL; node = node->next)
        if (*count == ECHO_OBJECT_DEPTH_MAX || !cJSON_IsString(node) || !read_seg(&path[(*count)++], node->valuestring))
            return fault(t, "a path is malformed");
    return ECHO_OK;
}

/* A TOUCH is of a named path below the slot. */
static bool may_touch(const echo__seg *path, uint32_t count) {
    for (uint32_t i = 1; i < count; i++)
        if (path[i].index != ECHO__NAMED) return false;
    return count > 1;
}

static echo_status thaw_op(thawing *t, const echo__seg *key, const cJSON *entry, uint32_t order) {
    echo__seg path[ECHO_OBJECT_DEPTH_MAX];
    echo__op op = {ECHO__OP_SET, 1, path, NULL};
    echo__pos pos;
    const cJSON *node = cJSON_IsArray(entry) ? entry->child : NULL;
    if (node == NULL || !read_pos(t, &pos, node) || (node = node->next) == NULL || node->next == NULL)
        return fault(t, "an operation is malformed");
    pos.order = order;
    echo_status status = read_kind(t, &op.kind, node);
    path[0] = *key;
    if (status == ECHO_OK) status = read_path(t, path, &op.count, node->next);
    if (status != ECHO_OK) return status;
    const cJSON *value = node->next->next;
    bool bare = op.kind == ECHO__OP_DELETE || op.kind == ECHO__OP_TOUCH, list = !bare && op.kind != ECHO__OP_SET;
    if ((value == NULL) != bare || (value != NULL && value->next != NULL)) return fault(t, "an operation is malformed");
    if (op.kind == ECHO__OP_TOUCH && !may_touch(path, op.count)) return fault(t, "a touch is misplaced");
    if (value != NULL && (status = echo__view_read(&op.value, value, op.count + list)) != ECHO_OK)
        return status == ECHO_ERR_NOMEM ? status : fault(t, "a value is malformed");
    if (echo__live_apply(t->live, &op, 1, &pos)) return ECHO_OK;
    echo__value_unref(op.value);
    return ECHO_ERR_NOMEM;
}

/* Whether this operation would be written exactly as it is stored. */
static bool is_stored(thawing *t, const echo__past *past, const cJSON *entry) {
    echo__seg stored[ECHO_OBJECT_DEPTH_MAX], path[ECHO_OBJECT_DEPTH_MAX];
    uint32_t count = 0;
    echo__pos pos;
    echo__op_kind kind;
    const cJSON *node = entry->child->next;
    if (!read_pos(t, &pos, entry->child) || read_kind(t, &kind, node) != ECHO_OK ||
        read_path(t, stored, &count, node->next) != ECHO_OK)
        return false;
    if (kind != past->kind || pos.time != past->pos.time || pos.feed != past->pos.feed || pos.seq != past->pos.seq)
        return false;
    if (count != past->branch->depth) return false;
    echo__branch_path(past->branch, path);
    for (uint32_t i = 0; i < count; i++)
        if (echo__seg_compare(&stored[i], &path[i]) != 0) return false;
    return true;
}

/* The operations have been applied: were they in order and reduced, and does each TOUCH have its place? */
static echo_status check_history(thawing *t, const echo__slot *slot, const cJSON *list) {
    echo__past *past;
    size_t count, i = 0;
    if (slot == NULL || slot->history == NULL || !echo__branch_is_sound(t->live->feeds, slot->history))
        return fault(t, "operations are not in order or not reduced");
    if (!echo__branch_past(&past, &count, slot->history, t->ranks)) return ECHO_ERR_NOMEM;
    const cJSON *entry = list->child;
    for (; i < count && entry != NULL && is_stored(t, &past[i], entry); entry = entry->next) i++;
    echo__free(past);
    return i == count && entry == NULL ? ECHO_OK : fault(t, "operations are not in order or not reduced");
}

static echo_status thaw_history(thawing *t, const cJSON *list) {
    echo__seg key;
    uint32_t order = 0;
    if (!read_seg(&key, list->string) || !cJSON_IsArray(list) || list->child == NULL)
        return fault(t, "operations are malformed");
    if (echo__live_slot(t->live, &key, false) != NULL) return fault(t, "a key is repeated");
    for (const cJSON *entry = list->child; entry != NULL; entry = entry->next) {
        echo_status status = thaw_op(t, &key, entry, order++);
        if (status != ECHO_OK) return status;
    }
    return check_history(t, echo__live_slot(t->live, &key, false), list);
}

static echo_status thaw_ops(thawing *t) {
    const cJSON *ops = t->object->ops;
    if (ops == NULL) return ECHO_OK;
    if (ops->child == NULL || t->object->old) return fault(t, "operations where there should be none");
    for (const cJSON *list = ops->child; list != NULL; list = list->next) {
        echo_status status = thaw_history(t, list);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

/* A simple slot is made here, with the stamp that is next; the value of a complex slot must be the fold. */
static echo_status thaw_property(thawing *t, const cJSON *node, const cJSON **when) {
    const char *text = echo__view_key(node->string);
    echo__seg key;
    if (text == NULL || !read_seg(&key, text)) return fault(t, "a property is malformed");
    echo__slot *slot = echo__live_slot(t->live, &key, false);
    if (slot == NULL) {
        echo_status status = thaw_simple(t, &slot, &key, *when);
        if (status != ECHO_OK) return status;
        *when = (*when)->next;
    } else if (slot->simple || slot->need > 0) {
        return fault(t, "a property is repeated");
    }
    slot->need = 1; /* seen */
    echo__value *value;
    echo_status status = echo__view_read(&value, node, 1);
    if (status != ECHO_OK) return status == ECHO_ERR_NOMEM ? status : fault(t, "a property is malformed");
    if (slot->simple) {
        slot->value = value;
        return ECHO_OK;
    }
    bool same = echo__slot_fold(t->live, slot) && echo__value_looks(slot->value, value);
    echo__value_unref(value);
    if (same) return ECHO_OK;
    return slot->stale ? ECHO_ERR_NOMEM : fault(t, "a property is not what its operations give");
}

static echo_status thaw_properties(thawing *t) {
    const cJSON *when = t->object->when->child;
    for (const cJSON *node = t->object->properties->child; node != NULL; node = node->next) {
        echo_status status = thaw_property(t, node, &when);
        if (status != ECHO_OK) return status;
    }
    if (when != NULL) return fault(t, "there is a stamp without a property");
    echo__avl_walk walk;
    for (echo__avl_node *node = echo__avl_first(&walk, t->live->slots); node != NULL; node = echo__avl_next(&walk)) {
        echo__slot *slot = (echo__slot *)node;
        if (!echo__slot_fold(t->live, slot)) return ECHO_ERR_NOMEM;
        if (slot->value != NULL && slot->need == 0) return fault(t, "a property is missing");
        slot->need = 0;
    }
    for (size_t i = 0; i < t->live->feed_count; i++)
        if (!t->used[i]) return fault(t, "a feed is listed for nothing");
    return ECHO_OK;
}

static echo_status thaw_parts(echo__live *live, const stored_parts *parts, echo_error *err) {
    thawing t = {parts, live, NULL, NULL, ""};
    echo_status status = thaw_feeds(&t);
    if (status == ECHO_OK) status = thaw_gone(&t);
    if (status == ECHO_OK) status = thaw_ops(&t);
    if (status == ECHO_OK) status = thaw_properties(&t);
    echo__free(t.used);
    echo__free(t.ranks);
    if (status == ECHO_OK) return ECHO_OK;
    return status == ECHO_ERR_NOMEM ? echo__nomem(err) : echo__error(err, status, "stored object state: %s", t.fault);
}

echo_status echo__object_thaw(void *state, echo_error *err) {
    echo__object *object = state;
    cJSON *value;
    if (!object->frozen) return ECHO_OK;
    echo_status status = echo__json_parse(&value, object->text, object->text_len, err);
    if (status != ECHO_OK) return status;
    stored_parts parts = {object->old,
                          cJSON_GetObjectItemCaseSensitive(value, "feeds"),
                          cJSON_GetObjectItemCaseSensitive(value, "gone"),
                          cJSON_GetObjectItemCaseSensitive(value, "ops"),
                          cJSON_GetObjectItemCaseSensitive(value, "values"),
                          cJSON_GetObjectItemCaseSensitive(value, "when")};
    echo__live live;
    echo__live_init(&live);
    status = thaw_parts(&live, &parts, err);
    cJSON_Delete(value);
    if (status != ECHO_OK) {
        echo__live_free(&live);
        return status;
    }
    echo__object_melt(object);
    object->live = live;
    return ECHO_OK;
}
