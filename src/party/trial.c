#include "party/trial.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/item_record.h"
#include "party/item_state.h"

typedef struct trial {
    echo_item item;           /* what the model learns about the item: id, type, model */
    const echo__model *model; /* NULL: nobody can tell */
    const echo_item *live;    /* NULL: the batch creates it */
    void *state;              /* NULL: not needed yet */
    bool has_checked;         /* the live state accepts this mutation, by `check`: */
    echo_mutation checked;
} trial;

void echo__trials_init(echo__trials *trials, echo__items *items) {
    trials->items = items;
    echo__map_init(&trials->by_id);
}

void echo__trials_free(echo__trials *trials) {
    size_t at = 0;
    for (trial *t; (t = echo__map_next(&trials->by_id, &at)) != NULL;) {
        if (t->state != NULL) t->model->ops.destroy(t->model->ctx, t->state);
        echo__free(t);
    }
    echo__map_free(&trials->by_id);
}

/* A copy of the live item's state, which is made as it is at opening. NULL: it cannot be copied. */
static echo_status copy_state(trial *t, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_item copy = t->item;
    echo__buf stored = ECHO__BUF_INIT;
    echo_status status = ECHO_OK;
    bool raw = false;
    if (t->model->has_hooks) {
        status = echo__item_put_record_state(&stored, &raw, &copy.stored_version, t->live, &problem);
        copy.stored = (echo__item_bytes){stored.data, (uint32_t)stored.len, false};
        copy.stored_raw = raw;
    } else {
        copy.more = t->live->more;
    }
    if (status == ECHO_OK) status = echo__item_make_state(&t->state, &copy, t->model, &problem);
    echo__buf_free(&stored);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    if (status != ECHO_OK) t->model = NULL; /* it shows when the message is applied, as for the messages of others */
    return ECHO_OK;
}

static echo_status apply_to(const trial *t, const echo_mutation *mutation, echo_error *err) {
    echo_status status = t->model->ops.apply(t->model->ctx, t->state, mutation, err);
    return status == ECHO_OK ? ECHO_OK : echo__error_adopt(err, status, "the model's apply hook failed");
}

static echo_status make_state(trial *t, echo_error *err) {
    if (t->live == NULL) return echo__item_make_state(&t->state, &t->item, t->model, err);
    echo_status status = copy_state(t, err);
    return status == ECHO_OK && t->model != NULL && t->has_checked ? apply_to(t, &t->checked, err) : status;
}

static echo_status try_mutation(trial *t, const echo_mutation *mutation, echo_error *err) {
    if (t->model == NULL) return ECHO_OK;
    if (t->model->judge != NULL) return t->model->judge(mutation->bytes, err);
    if (t->model->ops.check != NULL && t->live != NULL && !t->has_checked) {
        echo_status status = t->model->ops.check(t->model->ctx, t->live->state, mutation, err);
        t->has_checked = true;
        t->checked = *mutation;
        return status == ECHO_OK ? ECHO_OK : echo__error_adopt(err, status, "the model's check hook failed");
    }
    echo_status status = t->state == NULL ? make_state(t, err) : ECHO_OK;
    return status == ECHO_OK && t->model != NULL ? apply_to(t, mutation, err) : status;
}

static echo_status find_model(trial *t, echo__trials *trials, const echo_write *w, echo_error *err) {
    t->item.id = (char *)(uintptr_t)w->id;
    t->item.id_len = (uint32_t)strlen(w->id);
    if (w->create) {
        t->item.type = (char *)(uintptr_t)w->type;
        t->item.model = (char *)(uintptr_t)w->model;
        t->model = echo__registry_find_text(trials->items->registry, w->model);
        return ECHO_OK;
    }
    echo_item *live;
    echo_status status = echo__items_get(&live, trials->items, echo__bytes_text(w->id), err);
    if (status != ECHO_OK) return status;
    t->live = live;
    t->item.type = live->type;
    t->item.model = live->model;
    t->model = live->ops;
    return ECHO_OK;
}

static echo_status get_trial(trial **out, echo__trials *trials, const echo_write *w, echo_error *err) {
    size_t len = strlen(w->id);
    *out = echo__map_get(&trials->by_id, w->id, len);
    if (*out != NULL) return ECHO_OK;
    trial *made = echo__calloc(1, sizeof *made);
    if (made == NULL) return echo__nomem(err);
    echo_status status = find_model(made, trials, w, err);
    if (status == ECHO_OK && !echo__map_put(&trials->by_id, w->id, len, made)) status = echo__nomem(err);
    if (status != ECHO_OK) {
        echo__free(made);
        return status;
    }
    *out = made;
    return ECHO_OK;
}

echo_status echo__trials_write(echo__trials *trials, const echo_write *w, const echo__stamp *stamp, echo_error *err) {
    trial *t;
    if (!w->create && w->mutation == NULL) return ECHO_OK;
    echo_status status = get_trial(&t, trials, w, err);
    if (status != ECHO_OK || w->mutation == NULL) return status;
    echo_mutation mutation = {*w->mutation, stamp->time, stamp->feed, stamp->seq};
    return try_mutation(t, &mutation, err);
}
