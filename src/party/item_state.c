#include "party/item_state.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"

bool echo__status_refuses(echo_status status) {
    return status == ECHO_ERR_CORRUPT || status == ECHO_ERR_REFUSED || status == ECHO_ERR_LIMIT ||
           status == ECHO_ERR_UNSUPPORTED;
}

static echo_status create_state(void **state, const echo__model *model, const echo_item *item, echo_error *err) {
    echo_item_info info = {item->id, item->type, item->model};
    void *room = echo__item_room(item);
    *state = NULL;
    if (model->room != NULL && room != NULL && item->ops == NULL) {
        model->room->make(room);
        *state = room;
        return ECHO_OK;
    }
    echo_status status = model->ops.create(state, model->ctx, &info);
    return status == ECHO_OK ? ECHO_OK : echo__error(err, status, "the model's create hook failed");
}

static echo_status apply_mutation(const echo__model *model, void *state, const echo__stamp *stamp, const uint8_t *bytes,
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
static echo_status restore_state(const echo__model *model, void *state, const echo_item *item, echo_error *err) {
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
    if (model->restore_text != NULL)
        return model->restore_text(state, item->stored_version, echo__item_stored(item), err);
    cJSON *value;
    echo_status status = echo__json_parse(&value, item->stored.data, item->stored.len, err);
    if (status != ECHO_OK) return status;
    status = model->ops.restore(model->ctx, state, item->stored_version, value, err);
    cJSON_Delete(value);
    return status;
}

/* Applies the log to a state. applied: which entries the model accepted; NULL for a model without hooks. */
static echo_status replay_log(const echo__model *model, void *state, const echo__log *log, bool *applied,
                              echo_error *err) {
    for (size_t i = 0; i < log->count; i++) {
        const echo__log_entry *entry = &log->entries[i];
        echo_error problem = ECHO_ERROR_INIT;
        echo_status status = apply_mutation(model, state, &entry->stamp, entry->bytes, entry->len, &problem);
        if (status != ECHO_OK && !echo__status_refuses(status)) {
            if (err != NULL) *err = problem;
            return status;
        }
        if (applied != NULL) applied[i] = status == ECHO_OK;
    }
    return ECHO_OK;
}

static void remove_applied(echo__log *log, const bool *applied) {
    size_t kept = 0;
    for (size_t i = 0; i < log->count; i++) {
        if (applied[i])
            echo__free(log->entries[i].bytes);
        else
            log->entries[kept++] = log->entries[i];
    }
    log->count = kept;
    log->sealed_count = 0;
}

bool echo__item_reads(const echo_item *item, const echo__model *model) {
    if (item->stored_version == 0) return true;
    if (echo__item_is_foreign(item, model)) return false;
    return model->has_hooks && model->raw == item->stored_raw && item->stored_version >= model->ops.reads_from &&
           item->stored_version <= model->ops.state_version;
}

static echo_status make_state(void **out, const echo__model *model, const echo_item *item, bool *applied,
                              echo_error *err) {
    void *state;
    echo_status status = create_state(&state, model, item, err);
    if (status != ECHO_OK) return status;
    if (item->stored_version != 0) {
        status = restore_state(model, state, item, err);
        if (status != ECHO_OK) echo__error_adopt(err, status, "the model's restore hook failed");
    }
    if (status == ECHO_OK) status = replay_log(model, state, echo__item_log(item), applied, err);
    if (status != ECHO_OK) {
        echo__item_destroy_state(item, model, state);
        return status;
    }
    *out = state;
    return ECHO_OK;
}

/* Frees the bytes that the state was made from, unless it reads them still. */
static void free_stored(echo_item *item) {
    if (item->stored.data == NULL) return;
    if (item->ops->borrows == NULL || !item->ops->borrows(item->state)) echo__item_bytes_free(&item->stored);
}

echo_status echo__item_make_state(void **out, const echo_item *item, const echo__model *model, echo_error *err) {
    return make_state(out, model, item, NULL, err);
}

echo_status echo__item_hydrate(bool *differs, echo_item *item, const echo__model *model, echo_error *err) {
    bool *applied = NULL;
    size_t mutations = echo__item_log(item)->count;
    *differs = false;
    /* Only a state that stays as it was stored can be without its feeds. */
    if ((model->restore_text == NULL || mutations > 0) && echo__item_complete(item) != ECHO_OK) return echo__nomem(err);
    if (model->has_hooks && mutations > 0) {
        applied = echo__calloc(mutations, sizeof *applied);
        if (applied == NULL) return echo__nomem(err);
    }
    void *state = NULL;
    echo_status status = make_state(&state, model, item, applied, err);
    if (status == ECHO_OK) {
        if (applied != NULL) remove_applied(&item->more->log, applied);
        *differs = echo__item_log(item)->count != mutations ||
                   (model->has_hooks && item->stored_version != model->ops.state_version) ||
                   echo__item_is_foreign(item, NULL); /* its record says so, and will not any more */
        item->ops = model;
        item->state = state;
        item->stored_version = 0;
        echo__item_forget_of(item);
        free_stored(item);
    }
    echo__free(applied);
    return status;
}

/* A mutation that belongs before others in the log: the state is made anew with it in its place. */
static echo_status refold(echo_item *item, const echo__stamp *stamp, uint8_t *copy, size_t len, echo_error *err) {
    void *state;
    echo_status status = create_state(&state, item->ops, item, err);
    if (status != ECHO_OK) return status;
    bool placed = false;
    const echo__log *log = &item->more->log;
    for (size_t i = 0; i <= log->count; i++) {
        echo_error problem = ECHO_ERROR_INIT;
        if (!placed && (i == log->count || echo__stamp_compare(&log->entries[i].stamp, stamp) > 0)) {
            placed = true;
            status = apply_mutation(item->ops, state, stamp, copy, len, &problem);
            if (status != ECHO_OK && !echo__status_refuses(status)) goto failed;
        }
        if (i == log->count) break;
        const echo__log_entry *entry = &log->entries[i];
        status = apply_mutation(item->ops, state, &entry->stamp, entry->bytes, entry->len, &problem);
        if (status != ECHO_OK && !echo__status_refuses(status)) goto failed;
        continue;
    failed:
        echo__item_destroy_state(item, item->ops, state);
        if (err != NULL) *err = problem;
        return status;
    }
    echo__item_destroy_state(item, item->ops, item->state);
    item->state = state;
    return ECHO_OK;
}

echo_status echo__item_mutate(echo_item *item, const echo__stamp *stamp, echo_bytes bytes, bool *refused,
                              echo_error *err) {
    *refused = false;
    item->generation++; /* also when it fails: the state may have moved */
    if (item->ops != NULL && item->ops->has_hooks) {
        echo_status status = apply_mutation(item->ops, item->state, stamp, bytes.data, bytes.len, err);
        free_stored(item);
        if (status == ECHO_OK || !echo__status_refuses(status)) return status;
        *refused = true;
        return echo__log_add(&item->more->log, stamp, bytes) == ECHO_OK ? ECHO_OK : echo__nomem(err);
    }
    uint8_t *copy;
    echo__log *log = &item->more->log;
    if (echo__log_prepare(log, bytes, &copy) != ECHO_OK) return echo__nomem(err);
    if (item->ops != NULL) {
        bool last = log->count == 0 || echo__stamp_compare(&log->entries[log->count - 1].stamp, stamp) < 0;
        echo_status status = last ? apply_mutation(item->ops, item->state, stamp, copy, bytes.len, err)
                                  : refold(item, stamp, copy, bytes.len, err);
        if (status != ECHO_OK && !echo__status_refuses(status)) {
            echo__free(copy);
            return status;
        }
        *refused = status != ECHO_OK;
    }
    echo__log_insert(log, stamp, copy, bytes.len, NULL);
    return ECHO_OK;
}
