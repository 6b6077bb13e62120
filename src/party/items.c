#include "party/items.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/cost.h"
#include "party/item_record.h"
#include "party/item_state.h"

void echo__items_init(echo__items *items, const echo_registry *registry) {
    memset(items, 0, sizeof *items);
    echo__item_table_init(&items->table);
    echo__names_init(&items->names);
    echo__names_init(&items->foreign);
    items->registry = registry;
}

void echo__items_free(echo__items *items) {
    size_t at = 0;
    for (echo_item *item; (item = echo__item_table_next(&items->table, &at)) != NULL;) echo__item_free(item);
    echo__item_table_free(&items->table);
    echo__names_free(&items->names);
    echo__names_free(&items->foreign);
}

const char *echo__items_intern(echo__items *items, const char *name) {
    const echo__name *shared = echo__names_get(&items->names, echo__bytes_text(name), 0, NULL);
    return shared == NULL ? NULL : shared->text;
}

/* ---- the list of changed items ---- */

void echo__items_touch(echo__items *items, echo_item *item) {
    if (echo__item_changed(items, item)) return;
    echo__evict_hold(&items->evict, item);
    item->listed[items->side] = true;
    item->link[items->side] = items->changed;
    items->changed = item;
    items->changed_count++;
    if (echo__item_captured(items, item)) items->captured_again++;
}

/* The capture writes the record from the item as it is then. */
static bool awaits_capture(const echo__items *items, const echo_item *item) {
    return echo__item_captured(items, item) && !item->taken;
}

void echo__items_before_change(echo__items *items, echo_item *item) {
    if (awaits_capture(items, item)) items->before_change(items->before_change_arg, item);
}

uint64_t echo__items_unsaved(const echo__items *items) {
    return items->changed_count + (items->published ? 0 : items->captured_count - items->captured_again);
}

bool echo__items_in_root(const echo__items *items, const echo_item *item) {
    return item->in_root || (items->published && echo__item_captured(items, item));
}

echo_status echo__items_unfold(echo__items *items, echo_item *item) {
    if (!item->folded) return ECHO_OK;
    echo_status status = echo__item_unfold(item);
    if (status == ECHO_OK) echo__evict_weigh_more(&items->evict, item, sizeof *item->more + item->stored.len);
    return status;
}

echo_status echo__items_add(echo_item **out, echo__items *items, echo_bytes id) {
    *out = NULL;
    echo_item *item;
    if (echo__item_new(&item, id) != ECHO_OK) return ECHO_ERR_NOMEM;
    if (!echo__item_table_put(&items->table, item)) {
        echo__item_free(item);
        return ECHO_ERR_NOMEM;
    }
    item->epoch = &items->epoch;
    *out = item;
    return ECHO_OK;
}

void echo__items_drop(echo__items *items, echo_item *item) {
    echo__item_table_remove(&items->table, item);
    items->epoch++;
    echo__item_free(item);
}

/* ---- states ---- */

void echo__items_report(const echo__items *items, const echo_item *item, const echo_error *problem) {
    if (items->on_refused == NULL) return;
    echo_error report = *problem;
    echo__error_item(&report, item->id, item->id_len);
    items->on_refused(items->on_refused_arg, &report);
}

echo_status echo__items_hydrate(echo__items *items, echo_item *item, echo_error *err) {
    uint32_t generation = (uint32_t)echo__registry_generation(items->registry) + 1;
    if (item->ops != NULL || item->model == NULL || item->tried == generation) return ECHO_OK;
    const echo__model *model = echo__registry_find_text(items->registry, item->model);
    if (model == NULL || !echo__item_reads(item, model)) {
        item->tried = generation;
        return ECHO_OK;
    }
    bool written_anew =
        model->has_hooks && (echo__item_is_foreign(item, NULL) || item->stored_version != model->ops.state_version ||
                             echo__item_log(item)->count > 0);
    if (written_anew && echo__items_unfold(items, item) != ECHO_OK) return echo__nomem(err);
    echo_error problem = ECHO_ERROR_INIT;
    bool differs;
    size_t stored_bytes = item->stored.len;
    echo_status status = echo__item_hydrate(&differs, item, model, &problem);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    if (status != ECHO_OK) { /* kept as bytes (P6) and reported once */
        item->tried = generation;
        echo__items_report(items, item, &problem);
        return ECHO_OK;
    }
    items->hydrated++;
    if (item->folded && item->state != echo__item_room(item)) echo__evict_weigh_more(&items->evict, item, stored_bytes);
    bool stored = echo__items_in_root(items, item) || echo__item_captured(items, item);
    if (differs && stored && !awaits_capture(items, item)) echo__items_touch(items, item);
    return ECHO_OK;
}

/* ---- finding ---- */

echo_item *echo__items_peek(const echo__items *items, echo_bytes id) { return echo__item_table_get(&items->table, id); }

echo_status echo__items_load(echo_item **out, echo__items *items, echo__line line, echo_error *err) {
    const echo__item_source from = {items->chunks, items->registry, &items->names};
    return echo__item_load(out, &from, line, err);
}

typedef struct load_args {
    echo__items *items;
    echo_item *item;
    echo_error *err;
} load_args;

static echo_status load_line(void *arg, echo__line line) {
    load_args *load = arg;
    return echo__items_load(&load->item, load->items, line, load->err);
}

/* Takes an item that was loaded; frees it when that fails. */
static echo_status adopt(echo_item **out, echo__items *items, echo_item *item, echo_error *err) {
    if (!echo__item_table_put(&items->table, item)) {
        echo__item_free(item);
        return echo__nomem(err);
    }
    item->epoch = &items->epoch;
    echo__evict_weigh_folded(&items->evict, item);
    echo__evict_use(&items->evict, item);
    *out = item;
    return ECHO_OK;
}

static echo_status load_item(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) {
    *out = NULL;
    if (items->chunks == NULL || items->root->items == 0) return ECHO_ERR_NOT_FOUND;
    echo_error problem = ECHO_ERROR_INIT;
    load_args load = {items, NULL, &problem};
    echo_status status = echo__tree_get(items->chunks, items->root, id, load_line, &load, &problem);
    if (status != ECHO_OK) {
        if (status == ECHO_ERR_NOT_FOUND || err == NULL) return status;
        *err = problem;
        echo__error_item(err, id.data, id.len);
        return status;
    }
    return adopt(out, items, load.item, err);
}

#define LOADS_PER_MEASURE 8u

static uint64_t clock_of(const echo__items *items) { return items->clock(items->clock_arg); }

/* Only some loads are measured; the mean of the last few dozen is kept. */
static echo_status load_measured(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) {
    bool measured = items->clock != NULL && items->chunks != NULL && items->root->items > 0 &&
                    items->loads++ % LOADS_PER_MEASURE == 0;
    if (!measured) return load_item(out, items, id, err);
    echo__chunk_counts before, after;
    echo__chunks_counts(items->chunks, &before);
    uint64_t start = clock_of(items);
    echo_status status = load_item(out, items, id, err);
    uint64_t ns = clock_of(items) - start;
    echo__chunks_counts(items->chunks, &after);
    uint64_t read = after.read - before.read;
    if (read == 0)
        items->load_ns = echo__cost_mean(items->load_ns, ns);
    else
        items->leaf_ns = echo__cost_mean(items->leaf_ns, ns > items->load_ns ? (ns - items->load_ns) / read : 1);
    return status;
}

echo_status echo__items_take(echo__items *items, echo_bytes id, echo__line line, echo_error *err) {
    echo_item *item = echo__items_peek(items, id);
    echo_status status = ECHO_OK;
    if (item == NULL) {
        status = echo__items_load(&item, items, line, err);
        if (status == ECHO_OK) status = adopt(&item, items, item, err);
    }
    return status == ECHO_OK ? echo__items_hydrate(items, item, err) : status;
}

echo_status echo__items_find(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) {
    *out = echo__items_peek(items, id);
    if (*out == NULL) return load_measured(out, items, id, err);
    if ((*out)->evictable) echo__evict_use(&items->evict, *out);
    return ECHO_OK;
}

echo_status echo__items_get(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) {
    echo_item *item;
    *out = NULL;
    echo_status status = echo__items_find(&item, items, id, err);
    if (status == ECHO_ERR_NOT_FOUND) {
        echo__error(err, status, "the item does not exist");
        echo__error_item(err, id.data, id.len);
    }
    if (status == ECHO_OK) status = echo__items_hydrate(items, item, err);
    if (status == ECHO_OK) *out = item;
    return status;
}

static echo_status ignore_line(void *arg, echo__line line) {
    (void)arg;
    (void)line;
    return ECHO_OK;
}

echo_status echo__items_exists(bool *out, echo__items *items, echo_bytes id, echo_error *err) {
    *out = echo__items_peek(items, id) != NULL;
    if (*out || items->chunks == NULL || items->root->items == 0) return ECHO_OK;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__tree_get(items->chunks, items->root, id, ignore_line, NULL, &problem);
    *out = status == ECHO_OK;
    return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : echo__error_return(err, &problem, status, NULL);
}

/* ---- refused messages ---- */

void echo__items_refuse(echo__items *items, const echo__stamp *stamp, echo_bytes id, const echo_error *problem) {
    items->refused++;
    if (items->on_refused == NULL) return;
    echo_error report = *problem;
    echo__error_seq(&report, &stamp->feed, stamp->seq);
    if (id.data != NULL) echo__error_item(&report, id.data, id.len);
    items->on_refused(items->on_refused_arg, &report);
}

/* ---- memory ---- */

bool echo__items_evict(echo__items *items, size_t max) {
    for (size_t i = 0; i < max; i++) {
        echo_item *item = echo__evict_next(&items->evict);
        if (item == NULL) return false;
        echo__items_drop(items, item);
    }
    return true;
}
