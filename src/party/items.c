#include "party/items.h"

#include "party/capture.h"
#include "party/cost.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

void echo__items_init(echo__items *items, const echo_registry *registry) {
    memset(items, 0, sizeof *items);
    echo__map_init(&items->map);
    items->registry = registry;
}

void echo__items_free(echo__items *items) {
    size_t at = 0;
    for (echo_item *item; (item = echo__map_next(&items->map, &at)) != NULL;) echo__item_free(item);
    echo__map_free(&items->map);
    for (size_t i = 0; i < items->names_count; i++) echo__free(items->names[i]);
    echo__free(items->names);
}

const char *echo__items_intern(echo__items *items, const char *name) {
    for (size_t i = 0; i < items->names_count; i++)
        if (strcmp(items->names[i], name) == 0) return items->names[i];
    if (!echo__grow(&items->names, &items->names_cap, items->names_count + 1, sizeof *items->names)) return NULL;
    char *copy = echo__strdup(name);
    if (copy != NULL) items->names[items->names_count++] = copy;
    return copy;
}

/* ---- the list of changed items ---- */

void echo__items_touch(echo__items *items, echo_item *item) {
    if (echo__item_changed(items, item)) return;
    echo__items_hold(items, item);
    item->listed[items->side] = true;
    item->link[items->side] = items->changed;
    items->changed = item;
    items->changed_count++;
    if (echo__item_captured(items, item)) items->capture->again++;
}

uint64_t echo__items_unsaved(const echo__items *items) {
    const echo__capture *capture = items->capture;
    return items->changed_count + (capture == NULL || capture->published ? 0 : capture->left - capture->again);
}

bool echo__items_in_root(const echo__items *items, const echo_item *item) {
    return item->in_root || (echo__item_captured(items, item) && items->capture->published);
}

/* ---- finding ---- */

echo_item *echo__items_peek(const echo__items *items, echo_bytes id) {
    return echo__map_get(&items->map, id.data, id.len);
}

typedef struct loading {
    echo__items *items;
    echo_item *item;
    size_t bytes;
    echo_error *err;
} loading;

static echo_status load_line(void *arg, echo_bytes line) {
    loading *load = arg;
    load->bytes = line.len;
    return echo__item_load(&load->item, load->items->chunks, line, load->err);
}

/* Takes an item that was loaded; frees it when that fails. */
static echo_status adopt(echo_item **out, echo__items *items, echo_item *item, size_t bytes, echo_error *err) {
    if (item->model != NULL) item->root_model = echo__items_intern(items, item->model);
    if ((item->model != NULL && item->root_model == NULL) ||
        !echo__map_put(&items->map, item->id, item->id_len, item)) {
        echo__item_free(item);
        return echo__nomem(err);
    }
    echo__items_weigh(items, item, bytes + item->stored.len);
    echo__items_settle(items, item);
    *out = item;
    return ECHO_OK;
}

static echo_status load(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) {
    *out = NULL;
    if (items->chunks == NULL || items->root->items == 0) return ECHO_ERR_NOT_FOUND;
    loading load = {items, NULL, 0, err};
    echo_status status = echo__tree_get(items->chunks, items->root, id, load_line, &load, err);
    if (status != ECHO_OK) {
        if (status != ECHO_ERR_NOT_FOUND) echo__error_item(err, id.data, id.len);
        return status;
    }
    return adopt(out, items, load.item, load.bytes, err);
}

#define LOADS_PER_MEASURE 8u

static uint64_t clock_of(const echo__items *items) { return items->clock(items->clock_arg); }

/* One in so many loads is measured, the mean of the last few dozen kept. */
static echo_status load_measured(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) {
    bool measured = items->clock != NULL && items->chunks != NULL && items->root->items > 0 &&
                    items->loads++ % LOADS_PER_MEASURE == 0;
    if (!measured) return load(out, items, id, err);
    echo__chunk_counts before, after;
    echo__chunks_counts(items->chunks, &before);
    uint64_t start = clock_of(items);
    echo_status status = load(out, items, id, err);
    uint64_t ns = clock_of(items) - start;
    echo__chunks_counts(items->chunks, &after);
    uint64_t read = after.read - before.read;
    if (read == 0)
        items->load_ns = echo__cost_mean(items->load_ns, ns);
    else
        items->leaf_ns = echo__cost_mean(items->leaf_ns, ns > items->load_ns ? (ns - items->load_ns) / read : 1);
    return status;
}

echo_status echo__items_take(echo__items *items, echo_bytes id, echo_bytes line, echo_error *err) {
    echo_item *item = echo__items_peek(items, id);
    echo_status status = ECHO_OK;
    if (item == NULL) {
        status = echo__item_load(&item, items->chunks, line, err);
        if (status == ECHO_OK) status = adopt(&item, items, item, line.len, err);
    }
    return status == ECHO_OK ? echo__item_hydrate(items, item, err) : status;
}

static echo_status find(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) {
    *out = echo__items_peek(items, id);
    if (*out == NULL) return load_measured(out, items, id, err);
    if ((*out)->evictable) echo__items_settle(items, *out); /* used just now */
    return ECHO_OK;
}

echo_status echo__items_get(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) {
    echo_item *item;
    *out = NULL;
    echo_status status = find(&item, items, id, err);
    if (status == ECHO_ERR_NOT_FOUND) {
        echo__error(err, status, "there is no such item");
        echo__error_item(err, id.data, id.len);
    }
    if (status == ECHO_OK) status = echo__item_hydrate(items, item, err);
    if (status == ECHO_OK) *out = item;
    return status;
}

static echo_status ignore_line(void *arg, echo_bytes line) {
    (void)arg;
    (void)line;
    return ECHO_OK;
}

echo_status echo__items_exists(bool *out, echo__items *items, echo_bytes id, echo_error *err) {
    *out = echo__items_peek(items, id) != NULL;
    if (*out || items->chunks == NULL || items->root->items == 0) return ECHO_OK;
    echo_status status = echo__tree_get(items->chunks, items->root, id, ignore_line, NULL, err);
    *out = status == ECHO_OK;
    return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
}

/* ---- applying ---- */

void echo__items_refuse(echo__items *items, const echo__stamp *stamp, echo_bytes id, const echo_error *problem) {
    items->refused++;
    if (items->on_refused == NULL) return;
    echo_error told = *problem;
    echo__error_seq(&told, &stamp->feed, stamp->seq);
    if (id.data != NULL) echo__error_item(&told, id.data, id.len);
    items->on_refused(items->on_refused_arg, &told);
}

static bool text_ok(echo_bytes text, size_t max) {
    return text.data == NULL ||
           (text.len <= max && (text.len == 0 || memchr(text.data, 0, text.len) == NULL) && echo__utf8_valid(text));
}

/* What no peer may put into an item: the same for all of them, so that they agree. */
static echo_status check(const echo_message *m, echo_error *problem) {
    if (m->item.len == 0) return echo__error(problem, ECHO_ERR_CORRUPT, "message names no item");
    if (m->item.len > ECHO_ID_BYTES_MAX)
        return echo__error(problem, ECHO_ERR_LIMIT, "item id has %zu bytes, more than %u", m->item.len,
                           ECHO_ID_BYTES_MAX);
    if (!text_ok(m->item, ECHO_ID_BYTES_MAX))
        return echo__error(problem, ECHO_ERR_CORRUPT, "item id is not UTF-8 text");
    if (m->has_parent && !text_ok(m->parent, ECHO_ID_BYTES_MAX))
        return echo__error(problem, ECHO_ERR_CORRUPT, "parent id is too long or not UTF-8 text");
    if (m->has_genesis) {
        if (m->model.len == 0 || !text_ok(m->model, ECHO_MODEL_TYPE_BYTES_MAX))
            return echo__error(problem, ECHO_ERR_CORRUPT, "genesis has no usable model type");
        if (!text_ok(m->type, ECHO_ID_BYTES_MAX) || !text_ok(m->source, ECHO_ID_BYTES_MAX) ||
            !text_ok(m->target, ECHO_ID_BYTES_MAX))
            return echo__error(problem, ECHO_ERR_CORRUPT, "genesis has a text that is too long or not UTF-8");
    }
    return ECHO_OK;
}

/* Everything of a message that needs memory, gathered before anything changes. */
typedef struct change {
    char *type, *model, *source, *target, *parent;
    bool genesis, parent_set, deletion;
    bool has_genesis;
    echo__stamp genesis_at;
} change;

static bool copy_text(char **out, echo_bytes text) {
    if (text.data == NULL || text.len == 0) return true;
    *out = echo__strndup(text.data, text.len);
    return *out != NULL;
}

static void drop_change(change *c) {
    echo__free(c->type);
    echo__free(c->model);
    echo__free(c->source);
    echo__free(c->target);
    echo__free(c->parent);
}

static bool later(bool has, const echo__stamp *at, const echo__stamp *stamp) {
    return !has || echo__stamp_compare(at, stamp) < 0;
}

/*
 * Of several geneses the lowest stamp counts. One that would give the item another model than the one its state was
 * made by cannot be honoured without all mutations at hand; a model with hooks then keeps the first it saw, which peers
 * may see differently. Ids are 32 random bytes, so this takes a member who tries.
 */
static bool genesis_counts(const echo_item *item, const echo__stamp *stamp, const echo_message *m) {
    if (!item->has_genesis) return true;
    if (echo__stamp_compare(&item->genesis, stamp) < 0) return false;
    bool same = echo__bytes_equal(echo__bytes_text(item->model), m->model);
    return same || (item->stored_version == 0 && (item->ops == NULL || !item->ops->has_hooks));
}

static bool gather(change *c, const echo_item *item, const echo__stamp *stamp, const echo_message *m) {
    memset(c, 0, sizeof *c);
    c->genesis = m->has_genesis && genesis_counts(item, stamp, m);
    c->has_genesis = true;
    c->genesis_at = *stamp;
    c->parent_set = m->has_parent && later(item->has_parent_at, &item->parent_at, stamp);
    c->deletion = m->action != ECHO_ACTION_NONE && later(item->has_deleted_at, &item->deleted_at, stamp);
    if (c->genesis && (!copy_text(&c->type, m->type) || !copy_text(&c->model, m->model) ||
                       !copy_text(&c->source, m->source) || !copy_text(&c->target, m->target)))
        return false;
    return !c->parent_set || copy_text(&c->parent, m->parent);
}

static void swap(char **a, char **b) {
    char *held = *a;
    *a = *b;
    *b = held;
}

/* Exchanges the item's genesis with the one in the change; doing it twice undoes it. Cannot fail. */
static void swap_genesis(echo_item *item, change *c) {
    bool other = item->model == NULL || c->model == NULL || strcmp(item->model, c->model) != 0;
    if (other) {
        echo__item_drop_state(item); /* made again from the log, by the other model */
        item->tried = 0;
    }
    swap(&item->type, &c->type);
    swap(&item->model, &c->model);
    swap(&item->source, &c->source);
    swap(&item->target, &c->target);
    echo__stamp at = item->genesis;
    bool has = item->has_genesis;
    item->genesis = c->genesis_at;
    item->has_genesis = c->has_genesis;
    c->genesis_at = at;
    c->has_genesis = has;
}

static void commit_rest(echo_item *item, const echo__stamp *stamp, const echo_message *m, change *c) {
    if (c->parent_set) {
        swap(&item->parent, &c->parent);
        item->parent_at = *stamp;
        item->has_parent_at = true;
    }
    if (c->deletion) {
        item->deleted = m->action == ECHO_ACTION_DELETE;
        item->deleted_at = *stamp;
        item->has_deleted_at = true;
    }
}

/* All that can fail comes before all that cannot, except for the genesis, which the mutation may need and which is
 * undone. */
static echo_status change_item(echo__items *items, echo_item *item, const echo__stamp *stamp, const echo_message *m,
                               echo_error *err) {
    change c;
    if (echo__item_captured(items, item) && !item->taken) echo__capture_before_change(items->capture, item);
    if (!gather(&c, item, stamp, m)) {
        drop_change(&c);
        return echo__nomem(err);
    }
    if (c.genesis) swap_genesis(item, &c);
    echo_status status = echo__item_hydrate(items, item, err);
    bool refused = false;
    echo_error problem = ECHO_ERROR_INIT;
    if (status == ECHO_OK && m->has_mutation) {
        status = echo__item_mutate(item, stamp, m->mutation, &refused, &problem);
        if (status != ECHO_OK && err != NULL) *err = problem;
    }
    if (status == ECHO_OK) {
        items->last_model = item->ops;
        echo__items_weigh_more(items, item, m->mutation.len);
        commit_rest(item, stamp, m, &c);
        if (refused) echo__items_refuse(items, stamp, m->item, &problem);
    } else if (c.genesis) {
        swap_genesis(item, &c);
    }
    drop_change(&c);
    return status;
}

static echo_status apply_new(echo__items *items, const echo__stamp *stamp, const echo_message *m, echo_error *err) {
    echo_item *item;
    if (echo__item_new(&item, m->item) != ECHO_OK) return echo__nomem(err);
    if (!echo__map_put(&items->map, item->id, item->id_len, item)) {
        echo__item_free(item);
        return echo__nomem(err);
    }
    echo_status status = change_item(items, item, stamp, m, err);
    if (status != ECHO_OK) {
        (void)echo__map_remove(&items->map, item->id, item->id_len);
        echo__item_free(item);
        return status;
    }
    items->added++;
    echo__items_touch(items, item);
    return ECHO_OK;
}

echo_status echo__items_apply(echo__items *items, const echo__stamp *stamp, const echo_message *m, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    if (check(m, &problem) != ECHO_OK) {
        echo__items_refuse(items, stamp, m->item, &problem);
        return ECHO_OK;
    }
    echo_item *item;
    echo_status status = find(&item, items, m->item, err);
    if (status == ECHO_ERR_NOT_FOUND) {
        status = apply_new(items, stamp, m, err);
    } else if (status == ECHO_OK) {
        status = change_item(items, item, stamp, m, err);
        if (status == ECHO_OK) echo__items_touch(items, item);
    }
    if (status != ECHO_OK) {
        echo__error_seq(err, &stamp->feed, stamp->seq);
        echo__error_item(err, m->item.data, m->item.len);
    }
    return status;
}
