/*
 * How many items there are of each model and stored version: kept with the snapshot, so that stale models are found
 * without reading any item.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "party/models.h"
#include "tree/record.h"

void echo__models_free(echo__model_counts *counts) {
    for (size_t i = 0; i < counts->count; i++) echo__free(counts->list[i].model);
    echo__free(counts->list);
    memset(counts, 0, sizeof *counts);
}

static int order(const char *a, uint32_t version_a, const char *b, uint32_t version_b) {
    int by_name = strcmp(a, b);
    return by_name != 0 ? by_name : (version_a > version_b) - (version_a < version_b);
}

static echo_status append(echo__model_counts *counts, const char *model, uint32_t version, uint64_t items) {
    if (!echo__grow(&counts->list, &counts->cap, counts->count + 1, sizeof *counts->list)) return ECHO_ERR_NOMEM;
    char *name = echo__strdup(model);
    if (name == NULL) return ECHO_ERR_NOMEM;
    counts->list[counts->count++] = (echo__model_count){name, version, items, false};
    return ECHO_OK;
}

echo_status echo__models_append(echo__model_counts *counts, const char *model, uint32_t version, uint64_t items) {
    const echo__model_count *last = counts->count > 0 ? &counts->list[counts->count - 1] : NULL;
    if (last != NULL && order(last->model, last->version, model, version) >= 0) return ECHO_ERR_INVALID;
    return append(counts, model, version, items);
}

const echo__model_count *echo__models_find(const echo__model_counts *counts, echo_bytes model, uint32_t version) {
    size_t low = 0, high = counts->count;
    while (low < high) {
        const echo__model_count *entry = &counts->list[low + (high - low) / 2];
        int by = echo__bytes_compare(echo__bytes_text(entry->model), model);
        if (by == 0) by = (entry->version > version) - (entry->version < version);
        if (by == 0) return entry;
        if (by < 0)
            low = (size_t)(entry - counts->list) + 1;
        else
            high = (size_t)(entry - counts->list);
    }
    return NULL;
}

/* ---- changes ---- */

typedef struct model_change {
    int64_t change;
    const char *model; /* in `pair` */
    uint32_t version;
    uint8_t pair[]; /* the version, and the model with its NUL */
} model_change;

void echo__model_changes_init(echo__model_changes *changes) { echo__map_init(&changes->by_pair); }

void echo__model_changes_free(echo__model_changes *changes) {
    size_t at = 0;
    for (void *change; (change = echo__map_next(&changes->by_pair, &at)) != NULL;) echo__free(change);
    echo__map_free(&changes->by_pair);
}

echo_status echo__model_changes_add(echo__model_changes *changes, const char *model, uint32_t version, int64_t change) {
    size_t chars = strlen(model) + 1, len = sizeof version + chars;
    model_change *fresh = echo__malloc(sizeof *fresh + len);
    if (fresh == NULL) return ECHO_ERR_NOMEM;
    memcpy(fresh->pair, &version, sizeof version);
    memcpy(fresh->pair + sizeof version, model, chars);
    model_change *known = echo__map_get(&changes->by_pair, fresh->pair, len);
    if (known != NULL) {
        echo__free(fresh);
        known->change += change;
        return ECHO_OK;
    }
    fresh->change = change;
    fresh->version = version;
    fresh->model = (const char *)fresh->pair + sizeof version;
    if (echo__map_put(&changes->by_pair, fresh->pair, len, fresh)) return ECHO_OK;
    echo__free(fresh);
    return ECHO_ERR_NOMEM;
}

static int change_order(const void *a, const void *b) {
    const model_change *const *x = a, *const *y = b;
    return order((*x)->model, (*x)->version, (*y)->model, (*y)->version);
}

static echo_status append_sum(echo__model_counts *out, const echo__model_count *before, const model_change *change) {
    uint64_t items = before == NULL ? 0 : before->items;
    int64_t by = change == NULL ? 0 : change->change;
    if (by < 0 && items < (uint64_t)-by) return ECHO_ERR_CORRUPT;
    items += (uint64_t)by;
    if (items == 0) return ECHO_OK;
    echo_status status = before != NULL ? append(out, before->model, before->version, items)
                                        : append(out, change->model, change->version, items);
    if (status == ECHO_OK && before != NULL) out->list[out->count - 1].opaque = before->opaque;
    return status;
}

static echo_status merge(echo__model_counts *out, const echo__model_counts *before, model_change *const *sorted,
                         size_t n) {
    echo_status status = ECHO_OK;
    for (size_t i = 0, k = 0; status == ECHO_OK && (i < before->count || k < n);) {
        const echo__model_count *entry = i < before->count ? &before->list[i] : NULL;
        const model_change *change = k < n ? sorted[k] : NULL;
        int by = entry == NULL    ? 1
                 : change == NULL ? -1
                                  : order(entry->model, entry->version, change->model, change->version);
        status = append_sum(out, by <= 0 ? entry : NULL, by >= 0 ? change : NULL);
        i += by <= 0;
        k += by >= 0;
    }
    return status;
}

echo_status echo__models_changed(echo__model_counts *out, const echo__model_counts *before,
                                 const echo__model_changes *changes) {
    memset(out, 0, sizeof *out);
    size_t n = changes->by_pair.count, at = 0, k = 0;
    model_change **sorted = echo__realloc_array(NULL, n > 0 ? n : 1, sizeof *sorted);
    if (sorted == NULL) return ECHO_ERR_NOMEM;
    for (void *change; (change = echo__map_next(&changes->by_pair, &at)) != NULL;) sorted[k++] = change;
    if (n > 1) qsort(sorted, n, sizeof *sorted, change_order);
    echo_status status = merge(out, before, sorted, n);
    echo__free(sorted);
    if (status != ECHO_OK) echo__models_free(out);
    return status;
}

/* ---- what the host reads ---- */

bool echo__model_is_stale(const echo_registry *registry, const char *model, uint32_t version) {
    const echo__model *found = echo__registry_find_text(registry, model);
    if (version == ECHO__VERSION_FOREIGN) return true;
    if (found == NULL || version == 0) return false;
    return !found->has_hooks || version < found->ops.reads_from || version > found->ops.state_version;
}

bool echo__model_is_opaque(const echo_registry *registry, const char *model, uint32_t version) {
    return echo__registry_find_text(registry, model) == NULL || echo__model_is_stale(registry, model, version);
}
