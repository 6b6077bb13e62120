#include "party/item.h"

#include "base/alloc.h"

/*
 * A block: the item, `more`, the room for its state, texts that end with NUL, stored bytes. What comes before the texts
 * is aligned for pointers.
 */

static size_t aligned(size_t size) {
    const size_t align = _Alignof(echo_item);
    return (size + align - 1) / align * align;
}

static bool has_more_inside(const echo_item *item) {
    return item->more == (const echo__item_more *)(const void *)(item + 1);
}

static uint8_t *after_more(const echo_item *item) {
    return (uint8_t *)(uintptr_t)(item + 1) + (has_more_inside(item) ? aligned(sizeof(echo__item_more)) : 0);
}

/* ---- making ---- */

static char *put_text(uint8_t **at, echo_bytes text) {
    if (text.data == NULL) return NULL;
    char *to = (char *)*at;
    if (text.len > 0) memcpy(to, text.data, text.len);
    to[text.len] = '\0';
    *at += text.len + 1;
    return to;
}

static size_t text_size(echo_bytes text) { return text.data == NULL ? 0 : text.len + 1; }

echo_status echo__item_make(echo_item **out, uint8_t **stored, size_t *size, const echo__item_parts *parts) {
    size_t room = parts->room == NULL ? 0 : aligned(parts->room->size);
    *size = sizeof(echo_item) + (parts->more ? aligned(sizeof(echo__item_more)) : 0) + room + text_size(parts->id) +
            text_size(parts->type) + text_size(parts->model) + text_size(parts->parent) + parts->stored;
    *out = NULL;
    echo_item *item = echo__malloc(*size);
    if (item == NULL) return ECHO_ERR_NOMEM;
    memset(item, 0, sizeof *item);
    if (parts->more) {
        item->more = (echo__item_more *)(void *)(item + 1);
        memset(item->more, 0, sizeof *item->more);
    }
    item->folded = true;
    item->has_room = room > 0;
    uint8_t *at = after_more(item) + room;
    item->id = put_text(&at, parts->id);
    item->id_len = (uint32_t)parts->id.len;
    item->type = put_text(&at, parts->type);
    item->model = put_text(&at, parts->model);
    item->parent = put_text(&at, parts->parent);
    *stored = at;
    *out = item;
    return ECHO_OK;
}

echo_status echo__item_new(echo_item **out, echo_bytes id) {
    const echo_bytes none = {NULL, 0};
    const echo__item_parts parts = {id, none, none, none, 0, NULL, true};
    uint8_t *stored;
    size_t size;
    echo_status status = echo__item_make(out, &stored, &size, &parts);
    if (status == ECHO_OK) (*out)->folded = false;
    return status;
}

void echo__item_bytes_free(echo__item_bytes *stored) {
    if (stored->owned) echo__free((void *)(uintptr_t)stored->data);
    *stored = (echo__item_bytes){NULL, 0, false};
}

void echo__item_free(echo_item *item) {
    if (item == NULL) return;
    echo__item_drop_state(item);
    echo__item_bytes_free(&item->stored);
    if (!item->folded) {
        echo__free(item->parent);
        echo__free(item->model);
        echo__free(item->type);
    }
    if (item->more != NULL) {
        echo__log_free(&item->more->log);
        echo__item_forget_of(item);
        echo__free(item->more->target);
        echo__free(item->more->source);
        if (!has_more_inside(item)) echo__free(item->more);
    }
    echo__free(item);
}

/* ---- states ---- */

void *echo__item_room(const echo_item *item) { return item->has_room ? after_more(item) : NULL; }

void echo__item_destroy_state(const echo_item *item, const echo__model *model, void *state) {
    if (state == echo__item_room(item) && state != NULL)
        model->room->clear(state);
    else
        model->ops.destroy(model->ctx, state);
}

void echo__item_drop_state(echo_item *item) {
    if (item->ops == NULL) return;
    echo__item_destroy_state(item, item->ops, item->state);
    item->ops = NULL;
    item->state = NULL;
    item->generation++;
    item->feeds = NULL;
    echo__item_bytes_free(&item->stored);
}

/* ---- unfolding ---- */

void echo__item_put_state(echo__buf *out, const echo__name *feeds, echo_bytes state) {
    if (feeds == NULL) {
        echo__buf_append(out, state.data, state.len);
        return;
    }
    for (size_t at = 0; at < feeds->len; at += ECHO_KEY_BYTES) {
        echo__buf_text(out, at == 0 ? "{\"feeds\":[\"" : "\",\"");
        echo__buf_hex(out, feeds->text + at, ECHO_KEY_BYTES);
    }
    echo__buf_text(out, state.len > 2 ? "\"]," : "\"]");
    echo__buf_append(out, state.data + 1, state.len - 1);
}

echo_status echo__item_complete(echo_item *item) {
    if (item->feeds == NULL) return ECHO_OK;
    echo__buf text = ECHO__BUF_INIT;
    echo__item_put_state(&text, item->feeds, echo__item_stored(item));
    echo_status status = text.status;
    /* A state that reads the old text passes over to the new one. */
    if (status == ECHO_OK && item->ops != NULL)
        status = item->ops->restore_text(item->state, item->ops->ops.state_version, echo__buf_bytes(&text), NULL);
    if (status != ECHO_OK) {
        echo__buf_free(&text);
        return ECHO_ERR_NOMEM;
    }
    echo__item_bytes_free(&item->stored);
    item->stored = (echo__item_bytes){text.data, (uint32_t)text.len, true};
    item->feeds = NULL;
    item->generation++;
    return ECHO_OK;
}

static bool copy_text(char **out, const char *text) {
    *out = text == NULL ? NULL : echo__strdup(text);
    return text == NULL || *out != NULL;
}

static bool add_more(echo_item *item) {
    if (item->more != NULL) return true;
    echo__item_more *more = echo__calloc(1, sizeof *more);
    if (more == NULL) return false;
    if (item->has_genesis) echo__item_genesis(&more->genesis, item);
    more->root_model = item->model; /* a name: it stays as it is when the item has another text */
    item->more = more;
    return true;
}

echo_status echo__item_unfold(echo_item *item) {
    if (!item->folded) return ECHO_OK;
    char *type = NULL, *model = NULL, *parent = NULL;
    if (!copy_text(&type, item->type) || !copy_text(&model, item->model) || !copy_text(&parent, item->parent) ||
        !add_more(item) || echo__item_complete(item) != ECHO_OK) {
        echo__free(type);
        echo__free(model);
        echo__free(parent);
        return ECHO_ERR_NOMEM;
    }
    item->type = type;
    item->model = model;
    item->parent = parent;
    item->folded = false;
    return ECHO_OK;
}

/* ---- states of another genesis ---- */

static bool same_text(const char *a, const char *b) { return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0; }

bool echo__item_is_foreign(const echo_item *item, const echo__model *model) {
    const echo__item_more *more = item->more;
    if (more == NULL || more->of_model == NULL) return false;
    bool any_type = model != NULL && model->room != NULL; /* the object model's states are the same for all types */
    return !same_text(more->of_model, item->model) || (!any_type && !same_text(more->of_type, item->type));
}

void echo__item_forget_of(echo_item *item) {
    if (item->more == NULL) return;
    echo__free(item->more->of_type);
    echo__free(item->more->of_model);
    item->more->of_type = item->more->of_model = NULL;
}

/* ---- looking ---- */

void echo__item_genesis(echo__stamp *out, const echo_item *item) {
    if (item->more != NULL) {
        *out = item->more->genesis;
        return;
    }
    out->time = item->born.time;
    out->seq = item->born.seq;
    memcpy(out->feed.bytes, item->born.feed->text, sizeof out->feed.bytes);
}

const echo__log *echo__item_log(const echo_item *item) {
    static const echo__log none;
    return item->more == NULL ? &none : &item->more->log;
}
