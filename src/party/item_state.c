/*
 * States: an item's model makes them, from what the record stores or from the mutations in the log. A model without
 * hooks is always the fold of its log in stamp order; a model with hooks takes mutations as they come, and its log
 * holds only what is not in the state.
 */
#include <cjson/cJSON.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "party/items.h"

bool echo__status_refuses(echo_status status) {
    return status == ECHO_ERR_CORRUPT || status == ECHO_ERR_REFUSED || status == ECHO_ERR_LIMIT ||
           status == ECHO_ERR_UNSUPPORTED;
}

static void destroy(const echo__model *model, void *state) { model->ops.destroy(model->ctx, state); }

void echo__item_drop_state(echo_item *item) {
    if (item->ops == NULL) return;
    destroy(item->ops, item->state);
    item->ops = NULL;
    item->state = NULL;
}

static echo_status create(void **state, const echo__model *model, const echo_item *item, echo_error *err) {
    echo_item_info info = {item->id, item->type, item->model};
    *state = NULL;
    echo_status status = model->ops.create(state, model->ctx, &info);
    return status == ECHO_OK ? ECHO_OK : echo__error(err, status, "the model's create hook failed");
}

static echo_status apply(const echo__model *model, void *state, const echo__stamp *stamp, const uint8_t *bytes,
                         size_t len, echo_error *err) {
    echo_mutation mutation = {{bytes, len}, stamp->time, stamp->feed, stamp->seq};
    echo__error_clear(err);
    echo_status status = model->ops.apply(model->ctx, state, &mutation, err);
    if (status != ECHO_OK) {
        echo__error_adopt(err, status, "the model's apply hook failed");
        echo__error_seq(err, &stamp->feed, stamp->seq);
    }
    return status;
}

/* Fills a fresh state from what the record stores. */
static echo_status restore(const echo__model *model, void *state, const echo_item *item, echo_error *err) {
    if (!item->ops && model->raw) {
        uint8_t *raw = echo__malloc(item->stored.len / 4 * 3 + 1);
        if (raw == NULL) return echo__nomem(err);
        size_t len = 0;
        echo_status status =
            echo__base64_decode(raw, &len, (const char *)item->stored.data, item->stored.len)
                ? model->ops.restore_raw(model->ctx, state, item->stored_version, echo__bytes(raw, len), err)
                : echo__error(err, ECHO_ERR_CORRUPT, "stored bytes are not base64");
        echo__free(raw);
        return status;
    }
    cJSON *value;
    echo_status status = echo__json_parse(&value, item->stored.data, item->stored.len, err);
    if (status != ECHO_OK) return status;
    status = model->ops.restore(model->ctx, state, item->stored_version, value, err);
    cJSON_Delete(value);
    return status;
}

/* Applies the log to a state. Entries that are refused stay; of the others those of a model with hooks are marked to
 * leave. */
static echo_status replay(const echo__model *model, void *state, const echo__log *log, bool *taken, echo_error *err) {
    for (size_t i = 0; i < log->count; i++) {
        const echo__log_entry *entry = &log->entries[i];
        echo_error problem = ECHO_ERROR_INIT;
        echo_status status = apply(model, state, &entry->stamp, entry->bytes, entry->len, &problem);
        if (status != ECHO_OK && !echo__status_refuses(status)) {
            if (err != NULL) *err = problem;
            return status;
        }
        if (taken != NULL) taken[i] = status == ECHO_OK;
    }
    return ECHO_OK;
}

static void leave_taken(echo__log *log, const bool *taken) {
    size_t kept = 0;
    for (size_t i = 0; i < log->count; i++) {
        if (taken[i])
            echo__free(log->entries[i].bytes);
        else
            log->entries[kept++] = log->entries[i];
    }
    log->count = kept;
    log->sealed_count = 0;
}

static bool reads(const echo__model *model, const echo_item *item) {
    if (item->stored_version == 0) return true;
    return model->has_hooks && model->raw == item->stored_raw && item->stored_version >= model->ops.reads_from &&
           item->stored_version <= model->ops.state_version;
}

static echo_status make_state(void **out, const echo__model *model, const echo_item *item, bool *taken,
                              echo_error *err) {
    void *state;
    echo_status status = create(&state, model, item, err);
    if (status != ECHO_OK) return status;
    if (item->stored_version != 0) {
        status = restore(model, state, item, err);
        if (status != ECHO_OK) echo__error_adopt(err, status, "the model's restore hook failed");
    }
    if (status == ECHO_OK) status = replay(model, state, &item->log, taken, err);
    if (status != ECHO_OK) {
        destroy(model, state);
        return status;
    }
    *out = state;
    return ECHO_OK;
}

echo_status echo__item_hydrate(echo__items *items, echo_item *item, echo_error *err) {
    if (item->ops != NULL || item->model == NULL || item->tried == echo__registry_generation(items->registry) + 1)
        return ECHO_OK;
    const echo__model *model = echo__registry_find_text(items->registry, item->model);
    if (model == NULL || !reads(model, item)) {
        item->tried = echo__registry_generation(items->registry) + 1;
        return ECHO_OK;
    }
    bool *taken = NULL;
    if (model->has_hooks && item->log.count > 0) {
        taken = echo__calloc(item->log.count, sizeof *taken);
        if (taken == NULL) return echo__nomem(err);
    }
    echo_error problem = ECHO_ERROR_INIT;
    void *state = NULL;
    echo_status status = make_state(&state, model, item, taken, &problem);
    if (status == ECHO_ERR_NOMEM) {
        echo__free(taken);
        return echo__nomem(err);
    }
    if (status != ECHO_OK) { /* kept as bytes (P6) and told once */
        item->tried = echo__registry_generation(items->registry) + 1;
        echo__free(taken);
        echo__error_item(&problem, item->id, item->id_len);
        if (items->on_refused != NULL) items->on_refused(items->on_refused_arg, &problem);
        return ECHO_OK;
    }
    size_t before = item->log.count;
    if (taken != NULL) leave_taken(&item->log, taken);
    echo__free(taken);
    bool differs = item->log.count != before || (model->has_hooks && item->stored_version != model->ops.state_version);
    item->ops = model;
    item->state = state;
    item->stored_version = 0;
    echo__buf_free(&item->stored);
    items->hydrated++;
    bool waiting = echo__item_captured(items, item) && !item->taken; /* the capture sees it as it is now */
    bool stored = echo__items_in_root(items, item) || echo__item_captured(items, item);
    if (differs && !waiting && stored) echo__items_touch(items, item); /* its record would be written otherwise */
    return ECHO_OK;
}

/* A mutation that belongs before others in the log: the state is made anew with it in its place. */
static echo_status refold(echo_item *item, const echo__stamp *stamp, uint8_t *copy, size_t len, echo_error *err) {
    void *state;
    echo_status status = create(&state, item->ops, item, err);
    if (status != ECHO_OK) return status;
    bool placed = false;
    for (size_t i = 0; i <= item->log.count; i++) {
        echo_error problem = ECHO_ERROR_INIT;
        if (!placed && (i == item->log.count || echo__stamp_compare(&item->log.entries[i].stamp, stamp) > 0)) {
            placed = true;
            status = apply(item->ops, state, stamp, copy, len, &problem);
            if (status != ECHO_OK && !echo__status_refuses(status)) goto failed;
        }
        if (i == item->log.count) break;
        const echo__log_entry *entry = &item->log.entries[i];
        status = apply(item->ops, state, &entry->stamp, entry->bytes, entry->len, &problem);
        if (status != ECHO_OK && !echo__status_refuses(status)) goto failed;
        continue;
    failed:
        destroy(item->ops, state);
        if (err != NULL) *err = problem;
        return status;
    }
    destroy(item->ops, item->state);
    item->state = state;
    return ECHO_OK;
}

echo_status echo__item_mutate(echo_item *item, const echo__stamp *stamp, echo_bytes bytes, bool *refused,
                              echo_error *err) {
    *refused = false;
    if (item->ops != NULL && item->ops->has_hooks) {
        echo_status status = apply(item->ops, item->state, stamp, bytes.data, bytes.len, err);
        if (status == ECHO_OK || !echo__status_refuses(status)) return status;
        *refused = true;
        return echo__log_add(&item->log, stamp, bytes) == ECHO_OK ? ECHO_OK : echo__nomem(err);
    }
    uint8_t *copy;
    if (echo__log_prepare(&item->log, bytes, &copy) != ECHO_OK) return echo__nomem(err);
    if (item->ops != NULL) {
        size_t n = item->log.count;
        bool last = n == 0 || echo__stamp_compare(&item->log.entries[n - 1].stamp, stamp) < 0;
        echo_status status = last ? apply(item->ops, item->state, stamp, copy, bytes.len, err)
                                  : refold(item, stamp, copy, bytes.len, err);
        if (status != ECHO_OK && !echo__status_refuses(status)) {
            echo__free(copy);
            return status;
        }
        *refused = status != ECHO_OK;
    }
    echo__log_insert(&item->log, stamp, copy, bytes.len, NULL);
    return ECHO_OK;
}
