#include "party/apply.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/item_record.h"
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
    bool foreign; /* the genesis makes the state foreign */
    bool has_genesis;
    echo__stamp genesis_at;
    char *of_type, *of_model; /* with `foreign`, what the state was made for; NULL when that is known already */
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
    echo__free(c->of_type);
    echo__free(c->of_model);
}

static bool later(bool has, const echo__stamp *at, const echo__stamp *stamp) {
    return !has || echo__stamp_compare(at, stamp) < 0;
}

/* Of several geneses the lowest stamp counts. */
static bool genesis_counts(const echo_item *item, const echo__stamp *stamp) {
    return !item->has_genesis || echo__stamp_compare(&item->more->genesis, stamp) > 0;
}

static bool same_text(const char *a, echo_bytes b) {
    return b.len == 0 ? a == NULL : a != NULL && echo__bytes_equal(echo__bytes_text(a), b);
}

/* Whether the state, made or stored, is not what the message's genesis makes of the item's mutations. */
static bool becomes_foreign(const echo__items *items, const echo_item *item, const echo_message *m) {
    if (item->ops != NULL ? !item->ops->has_hooks : item->stored_version == 0) return false; /* the log has them all */
    const echo__model *model = item->model == NULL ? NULL : echo__registry_find_text(items->registry, item->model);
    bool any_type = model != NULL && model->room != NULL;
    return !same_text(item->model, m->model) || (!any_type && !same_text(item->type, m->type));
}

static bool gather_foreign(item_change *c, echo__items *items, const echo_item *item) {
    if (echo__names_get(&items->foreign, echo__bytes(item->id, item->id_len), 0, NULL) == NULL) return false;
    return item->more->of_model != NULL || (copy_text(&c->of_type, echo__bytes_text(item->type)) &&
                                            copy_text(&c->of_model, echo__bytes_text(item->model)));
}

static bool gather_change(item_change *c, echo__items *items, const echo_item *item, const echo__stamp *stamp,
                          const echo_message *m) {
    memset(c, 0, sizeof *c);
    c->genesis = m->has_genesis && genesis_counts(item, stamp);
    c->foreign = c->genesis && becomes_foreign(items, item, m);
    c->has_genesis = true;
    c->genesis_at = *stamp;
    c->parent_set = m->has_parent && later(item->has_parent_at, &item->more->parent_at, stamp);
    c->deletion = m->action != ECHO_ACTION_NONE && later(item->has_deleted_at, &item->more->deleted_at, stamp);
    if (c->genesis && (!copy_text(&c->type, m->type) || !copy_text(&c->model, m->model) ||
                       !copy_text(&c->source, m->source) || !copy_text(&c->target, m->target)))
        return false;
    if (c->foreign && !gather_foreign(c, items, item)) return false;
    return !c->parent_set || copy_text(&c->parent, m->parent);
}

static void swap_text(char **a, char **b) {
    char *held = *a;
    *a = *b;
    *b = held;
}

/*
 * Exchanges the item's genesis with the one in the change; doing it twice undoes it. Cannot fail. A state that is made
 * of the log is made again, by the other model or for the other type.
 */
static void swap_genesis(echo_item *item, item_change *c) {
    bool hooks = item->ops != NULL && item->ops->has_hooks;
    bool other = !same_text(item->model, echo__bytes_text(c->model));
    if (other || (!hooks && !same_text(item->type, echo__bytes_text(c->type)))) {
        echo__item_drop_state(item);
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

/*
 * Before the genesis changes: the state is bytes from now on, and it is known what they were made for. Undoing the
 * genesis makes that the item's own again. Only running out of memory fails.
 */
static echo_status set_aside(echo__items *items, echo_item *item, item_change *c) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = item->ops != NULL ? echo__item_set_aside(item, &problem) : ECHO_OK;
    if (status == ECHO_ERR_NOMEM) return status;
    if (status != ECHO_OK) echo__items_report(items, item, &problem);
    if (c->of_model != NULL) {
        echo__item_forget_of(item);
        swap_text(&item->more->of_type, &c->of_type);
        swap_text(&item->more->of_model, &c->of_model);
    }
    echo__evict_weigh_more(&items->evict, item, item->stored.len);
    return ECHO_OK;
}

static void report_foreign(const echo__items *items, const echo_item *item, const echo__stamp *stamp) {
    echo_error problem = ECHO_ERROR_INIT;
    if (!echo__item_is_foreign(item, NULL)) return;
    echo__error(&problem, ECHO_ERR_CONFLICT,
                "an earlier genesis has arrived: the item is opaque until it is rebuilt from the feeds");
    echo__error_seq(&problem, &stamp->feed, stamp->seq);
    echo__items_report(items, item, &problem);
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
    if (!gather_change(&c, items, item, stamp, m) || (c.foreign && set_aside(items, item, &c) != ECHO_OK)) {
        drop_change(&c);
        return echo__nomem(err);
    }
    if (c.genesis) swap_genesis(item, &c);
    /* A foreign state stays bytes also where this genesis makes it the item's own again: making the state would use up
     * the log, which is needed if the genesis is undone. */
    echo_status status = c.foreign ? ECHO_OK : echo__items_hydrate(items, item, err);
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
        if (c.foreign) report_foreign(items, item, stamp);
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
