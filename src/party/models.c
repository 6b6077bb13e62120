/*
 * How many items there are of each model and stored version: kept with the snapshot, so that stale models are found
 * without reading any item.
 */
#include <string.h>

#include "base/alloc.h"
#include "party/models.h"
#include "tree/record.h"

void echo__models_free(echo__model_counts *counts) {
    for (size_t i = 0; i < counts->count; i++) echo__free(counts->list[i].model);
    echo__free(counts->list);
    memset(counts, 0, sizeof *counts);
}

static int order(const echo__model_count *entry, const char *model, uint32_t version) {
    int by_name = strcmp(entry->model, model);
    if (by_name != 0) return by_name;
    return entry->version < version ? -1 : entry->version > version;
}

echo_status echo__models_add(echo__model_counts *counts, const char *model, uint32_t version, int64_t change) {
    size_t at = 0;
    while (at < counts->count && order(&counts->list[at], model, version) < 0) at++;
    if (at == counts->count || order(&counts->list[at], model, version) != 0) {
        if (!echo__grow(&counts->list, &counts->cap, counts->count + 1, sizeof *counts->list)) return ECHO_ERR_NOMEM;
        char *name = echo__strdup(model);
        if (name == NULL) return ECHO_ERR_NOMEM;
        memmove(counts->list + at + 1, counts->list + at, (counts->count - at) * sizeof *counts->list);
        counts->list[at] = (echo__model_count){name, version, 0, false};
        counts->count++;
    }
    if (change < 0 && counts->list[at].items < (uint64_t)-change) return ECHO_ERR_CORRUPT;
    counts->list[at].items += (uint64_t)change;
    if (counts->list[at].items > 0) return ECHO_OK;
    echo__free(counts->list[at].model);
    memmove(counts->list + at, counts->list + at + 1, (counts->count - at - 1) * sizeof *counts->list);
    counts->count--;
    return ECHO_OK;
}

echo_status echo__models_copy(echo__model_counts *out, const echo__model_counts *counts) {
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < counts->count; i++) {
        echo_status status =
            echo__models_add(out, counts->list[i].model, counts->list[i].version, (int64_t)counts->list[i].items);
        if (status != ECHO_OK) {
            echo__models_free(out);
            return status;
        }
        out->list[out->count - 1].opaque = counts->list[i].opaque;
    }
    return ECHO_OK;
}

bool echo__model_is_stale(const echo_registry *registry, const char *model, uint32_t version) {
    const echo__model *found = echo__registry_find_text(registry, model);
    if (version == ECHO__VERSION_FOREIGN) return true;
    if (found == NULL || version == 0) return false;
    return !found->has_hooks || version < found->ops.reads_from || version > found->ops.state_version;
}

bool echo__model_is_opaque(const echo_registry *registry, const char *model, uint32_t version) {
    return echo__registry_find_text(registry, model) == NULL || echo__model_is_stale(registry, model, version);
}
