#include "party/apply.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/item_state.h"

static bool text_ok(echo_bytes text, size_t max) {
    return text.data == NULL ||
           (text.len <= max && (text.len == 0 || memchr(text.data, 0, text.len) == NULL) && echo__utf8_valid(text));
}

/* Limits on what a message may put into an item. They are the same for all peers, so that all peers agree. */
static echo_status check_message(const echo_message *m, echo_error *problem) {
    if (m->item.len == 0) return echo__error(problem, ECHO_ERR_CORRUPT, "message has no item id");
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

/* A message that says nothing about its item makes no record of it. */
static bool says_something(const echo_message *m) {
    return m->has_genesis || m->has_parent || m->action != ECHO_ACTION_NONE || m->has_mutation;
}

/* Everything that applying a message allocates, gathered before anything changes. */
typedef struct item_change {
    char *type, *model, *source, *target, *parent;
    bool genesis, parent_set, deletion;
    bool has_genesis;
    echo__stamp genesis_at;
} item_change;

static bool copy_text(char **out, echo_bytes text) {
    if (text.data == NULL || text.len == 0) return true;
    *out = echo__strndup(text.data, text.len);
    return *out != NULL;
}

static void drop_change(item_change *c) {
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
    if (echo__stamp_compare(&item->more->genesis, stamp) < 0) return false;
    bool same = echo__bytes_equal(echo__bytes_text(item->model), m->model);
    return same || (item->stored_version == 0 && (item->ops == NULL || !item->ops->has_hooks));
}

static bool gather_change(item_change *c, const echo_item *item, const echo__stamp *stamp, const echo_message *m) {
    memset(c, 0, sizeof *c);
    c->genesis = m->has_genesis && genesis_counts(item, stamp, m);
    c->has_genesis = true;
    c->genesis_at = *stamp;
    c->parent_set = m->has_parent && later(item->has_parent_at, &item->more->parent_at, stamp);
    c->deletion = m->action != ECHO_ACTION_NONE && later(item->has_deleted_at, &item->more->deleted_at, stamp);
    if (c->genesis && (!copy_text(&c->type, m->type) || !copy_text(&c->model, m->model) ||
                       !copy_text(&c->source, m->source) || !copy_text(&c->target, m->target)))
        return false;
    return !c->parent_set || copy_text(&c->parent, m->parent);
}

static void swap_text(char **a, char **b) {
    char *held = *a;
    *a = *b;
    *b = held;
}

/* Exchanges the item's genesis with the one in the change; doing it twice undoes it. Cannot fail. */
static void swap_genesis(echo_item *item, item_change *c) {
    bool other = item->model == NULL || c->model == NULL || strcmp(item->model, c->model) != 0;
    if (other) {
        echo__item_drop_state(item); /* made again from the log, by the other model */
        item->tried = 0;
    }
    swap_text(&item->type, &c->type);
    swap_text(&item->model, &c->model);
    swap_text(&item->more->source, &c->source);
    swap_text(&item->more->target, &c->target);
    echo__stamp at = item->more->genesis;
    bool has = item->has_genesis;
    item->more->genesis = c->genesis_at;
    item->has_genesis = c->has_genesis;
    c->genesis_at = at;
    c->has_genesis = has;
}

static void commit_rest(echo_item *item, const echo__stamp *stamp, const echo_message *m, item_change *c) {
    if (c->parent_set) {
        swap_text(&item->parent, &c->parent);
        item->more->parent_at = *stamp;
        item->has_parent_at = true;
    }
    if (c->deletion) {
        item->deleted = m->action == ECHO_ACTION_DELETE;
        item->more->deleted_at = *stamp;
        item->has_deleted_at = true;
    }
}

/* All that can fail comes before all that cannot, except for the genesis, which the mutation may need and which is
 * undone. */
static echo_status change_item(const echo__model **model, echo__items *items, echo_item *item, const echo__stamp *stamp,
                               const echo_message *m, echo_error *err) {
    item_change c;
    if (echo__items_unfold(items, item) != ECHO_OK) return echo__nomem(err);
    echo__items_before_change(items, item);
    if (!gather_change(&c, item, stamp, m)) {
        drop_change(&c);
        return echo__nomem(err);
    }
    if (c.genesis) swap_genesis(item, &c);
    echo_status status = echo__items_hydrate(items, item, err);
    bool refused = false;
    echo_error problem = ECHO_ERROR_INIT;
    if (status == ECHO_OK && m->has_mutation) {
        status = echo__item_mutate(item, stamp, m->mutation, &refused, &problem);
        if (status != ECHO_OK && err != NULL) *err = problem;
    }
    if (status == ECHO_OK) {
        *model = item->ops;
        echo__evict_weigh_more(&items->evict, item, m->mutation.len);
        commit_rest(item, stamp, m, &c);
        if (refused) echo__items_refuse(items, stamp, m->item, &problem);
    } else if (c.genesis) {
        swap_genesis(item, &c);
    }
    drop_change(&c);
    return status;
}

static echo_status apply_new(const echo__model **model, echo__items *items, const echo__stamp *stamp,
                             const echo_message *m, echo_error *err) {
    echo_item *item;
    if (echo__items_add(&item, items, m->item) != ECHO_OK) return echo__nomem(err);
    echo_status status = change_item(model, items, item, stamp, m, err);
    if (status != ECHO_OK) {
        echo__items_drop(items, item);
        return status;
    }
    items->added++;
    echo__items_touch(items, item);
    return ECHO_OK;
}

echo_status echo__apply_message(const echo__model **model, echo__items *items, const echo__stamp *stamp,
                                const echo_message *m, echo_error *err) {
    *model = NULL;
    echo_error problem = ECHO_ERROR_INIT;
    if (check_message(m, &problem) != ECHO_OK) {
        echo__items_refuse(items, stamp, m->item, &problem);
        return ECHO_OK;
    }
    if (!says_something(m)) return ECHO_OK;
    echo_item *item;
    echo_status status = echo__items_find(&item, items, m->item, err);
    if (status == ECHO_ERR_NOT_FOUND) {
        status = apply_new(model, items, stamp, m, err);
    } else if (status == ECHO_OK) {
        status = change_item(model, items, item, stamp, m, err);
        if (status == ECHO_OK) echo__items_touch(items, item);
    }
    if (status != ECHO_OK) {
        echo__error_seq(err, &stamp->feed, stamp->seq);
        echo__error_item(err, m->item.data, m->item.len);
    }
    return status;
}
