#include "party/write_check.h"

#include <string.h>

#include "base/error.h"
#include "party/trial.h"

/* ---- one write by itself ---- */

static bool has(const char *text) { return text != NULL && text[0] != '\0'; }

static bool text_fits(const char *text, size_t max) {
    return text == NULL || (strlen(text) <= max && echo__utf8_valid(echo__bytes_text(text)));
}

static echo_status check_texts(const echo_write *w, echo_error *err) {
    if (!has(w->id)) return echo__error(err, ECHO_ERR_INVALID, "a write has no item id");
    if (!text_fits(w->id, ECHO_ID_BYTES_MAX))
        return echo__error(err, ECHO_ERR_INVALID, "an item id is longer than %u bytes or not UTF-8", ECHO_ID_BYTES_MAX);
    if (!text_fits(w->type, ECHO_ID_BYTES_MAX) || !text_fits(w->parent, ECHO_ID_BYTES_MAX) ||
        !text_fits(w->source, ECHO_ID_BYTES_MAX) || !text_fits(w->target, ECHO_ID_BYTES_MAX) ||
        !text_fits(w->model, ECHO_MODEL_TYPE_BYTES_MAX))
        return echo__error(err, ECHO_ERR_INVALID, "a text is too long or not UTF-8");
    return ECHO_OK;
}

/* What a field says must not be lost because another one is not set. */
static const char *contradiction(const echo_write *w) {
    if (w->create && !has(w->model)) return "a new item needs a model";
    if (!w->create && (w->type != NULL || w->source != NULL || w->target != NULL || w->model != NULL))
        return "type, model and link can be set only when the item is created";
    if (has(w->source) != has(w->target)) return "a link needs both `source` and `target`";
    if (!w->set_parent && w->parent != NULL) return "a parent was given without `set_parent`";
    if (w->set_parent && has(w->parent) && strcmp(w->parent, w->id) == 0) return "an item cannot be its own parent";
    if (w->action != ECHO_ACTION_NONE && w->action != ECHO_ACTION_DELETE && w->action != ECHO_ACTION_RESTORE)
        return "the action is not a known one";
    if (!w->create && !w->set_parent && w->action == ECHO_ACTION_NONE && w->mutation == NULL)
        return "a write changes nothing: it has no mutation, action, parent or `create`";
    return NULL;
}

static echo_status check_shape(const echo_write *w, echo_error *err) {
    if (w->mutation != NULL && w->mutation->data == NULL && w->mutation->len > 0)
        return echo__error_null(err, "the bytes of a mutation");
    echo_status status = check_texts(w, err);
    const char *wrong = status == ECHO_OK ? contradiction(w) : NULL;
    return wrong == NULL ? status : echo__error(err, ECHO_ERR_INVALID, "%s", wrong);
}

/* ---- against the items ---- */

typedef struct checking {
    echo_party *party;
    echo__map created; /* ids that writes before this one create */
    echo__trials trials;
    echo__stamp stamp; /* of this one's message */
} checking;

static echo_status check_exists(checking *c, const echo_write *w, echo_error *err) {
    size_t len = strlen(w->id);
    bool exists = echo__map_get(&c->created, w->id, len) != NULL;
    echo_status status = exists ? ECHO_OK : echo__items_exists(&exists, &c->party->items, echo__bytes_text(w->id), err);
    if (status != ECHO_OK) return status;
    if (w->create && exists) return echo__error(err, ECHO_ERR_EXISTS, "the item exists already");
    if (!w->create && !exists) return echo__error(err, ECHO_ERR_NOT_FOUND, "the item does not exist");
    if (w->create && !echo__map_put(&c->created, w->id, len, (void *)(uintptr_t)w)) return echo__nomem(err);
    return ECHO_OK;
}

/* The stamp that the first message will have: its timeframe is the clock, with all of the own feed. */
static echo_status first_stamp(echo__stamp *out, const echo_party *party, echo_error *err) {
    echo_feed_info info;
    uint64_t covered;
    uint64_t others = echo_timeframe_total(party->clock);
    if (echo_timeframe_get(&covered, party->clock, &party->own)) others -= covered + 1;
    echo_status status =
        party->feeds.ops->info(&info, party->feeds.ctx, echo__merge_feed(party->merge, &party->own), err);
    if (status != ECHO_OK) return status;
    *out = (echo__stamp){.time = others + info.length + 1, .feed = party->own, .seq = info.length};
    return ECHO_OK;
}

echo_status echo__write_check(echo_party *party, const echo_write *writes, size_t n, echo_error *err) {
    checking c = {.party = party};
    echo__map_init(&c.created);
    echo__trials_init(&c.trials, &party->items);
    echo_status status = first_stamp(&c.stamp, party, err);
    for (size_t i = 0; status == ECHO_OK && i < n; i++, c.stamp.seq++, c.stamp.time++) {
        status = check_shape(&writes[i], err);
        if (status == ECHO_OK) status = check_exists(&c, &writes[i], err);
        if (status == ECHO_OK) status = echo__trials_write(&c.trials, &writes[i], &c.stamp, err);
        if (status != ECHO_OK && writes[i].id != NULL) echo__error_item(err, writes[i].id, strlen(writes[i].id));
    }
    echo__trials_free(&c.trials);
    echo__map_free(&c.created);
    return status;
}
