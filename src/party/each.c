/*
 * Walks over items. A walk goes through the snapshot's records and the items in memory in one order. For an item that
 * is in both, the one in memory is used, since it is newer or the same.
 *
 * A walk keeps nothing: an item that is not in memory is lent to the callback, and the next one takes its place. Of the
 * object model the lent item reads the record where it stands in its chunk, so that nothing is allocated. Of models
 * with raw hooks it has a state of its own, made of the record's bytes. Items are kept in one case: their state cannot
 * be made, which is to be reported once, or their record would now be written differently, so that they have changed
 * (P3).
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/item_record.h"
#include "party/item_state.h"
#include "party/party.h"

/* ---- queries ---- */

static bool same(const char *wanted, const char *is) {
    return wanted == NULL || (is != NULL && strcmp(wanted, is) == 0);
}

static bool matches(const echo_query *query, const echo_item_head *head) {
    if (query == NULL) return !head->deleted;
    if (head->deleted && !query->deleted) return false;
    if (query->parent != NULL && query->parent[0] == '\0' ? head->parent != NULL : !same(query->parent, head->parent))
        return false;
    return same(query->type, head->type) && same(query->model, head->model);
}

/* Items that the root does not have, by id. */
typedef struct fresh_list {
    echo_item **items;
    size_t count, at;
} fresh_list;

static int item_order(const void *a, const void *b) {
    const echo_item *const *x = a, *const *y = b;
    return echo__bytes_compare(echo__bytes((*x)->id, (*x)->id_len), echo__bytes((*y)->id, (*y)->id_len));
}

static echo_status collect_fresh(fresh_list *out, const echo__items *items, echo_error *err) {
    memset(out, 0, sizeof *out);
    if (items->added == 0) return ECHO_OK;
    out->items = echo__realloc_array(NULL, (size_t)items->added, sizeof(echo_item *));
    if (out->items == NULL) return echo__nomem(err);
    for (echo_item *item = items->changed; item != NULL; item = item->link[items->side])
        if (!echo__items_in_root(items, item)) out->items[out->count++] = item;
    for (echo_item *item = items->captured; item != NULL; item = item->link[1u - items->side])
        if (!echo__items_in_root(items, item) && !echo__item_changed(items, item)) out->items[out->count++] = item;
    qsort(out->items, out->count, sizeof(echo_item *), item_order);
    return ECHO_OK;
}

static const char *copy_text(uint8_t **to, echo_bytes text) {
    if (text.data == NULL) return NULL;
    const char *copy = (const char *)*to;
    memcpy(*to, text.data, text.len);
    *to += text.len;
    *(*to)++ = 0;
    return copy;
}

/* A record's texts, NUL-terminated: copies in one buffer, but for type and model, which the leaf's header has so. */
static echo_status record_head(echo_item_head *head, const echo__record *record, echo__buf *texts) {
    size_t room = record->id.len + record->parent.len + record->source.len + record->target.len + 4;
    echo__buf_clear(texts);
    uint8_t *to = echo__buf_reserve(texts, room);
    if (to == NULL) return ECHO_ERR_NOMEM;
    head->id = copy_text(&to, record->id);
    head->type = (const char *)record->type.data;
    head->model = (const char *)record->model.data;
    head->parent = copy_text(&to, record->parent);
    head->source = copy_text(&to, record->source);
    head->target = copy_text(&to, record->target);
    head->deleted = record->deleted;
    return ECHO_OK;
}

/* A state of a text model, which lent items share one after the other. */
typedef struct lent_state {
    const echo__model *model;
    void *state;
} lent_state;

typedef struct walk {
    echo_party *party;
    const echo_query *query;
    echo_item_fn fn;           /* NULL: heads are wanted */
    echo_item_head_fn head_fn; /* NULL: items are */
    void *arg;
    fresh_list fresh;
    echo__buf scratch, texts, raw;
    echo_item lent;
    echo__item_more lent_more;
    lent_state states[2]; /* there are two models of this kind */
} walk;

/* ---- items in memory ---- */

static echo_status offer_item(walk *w, echo_item *item, echo_error *err) {
    echo_item_head head;
    echo_item_head_get(&head, item);
    if (!matches(w->query, &head)) return ECHO_OK;
    if (w->fn == NULL) return w->head_fn(w->arg, &head);
    echo_status status = echo__items_hydrate(&w->party->items, item, err);
    return status == ECHO_OK ? w->fn(w->arg, item) : status;
}

/* ---- items that are lent ---- */

/* What was borrowed from a lent item is stale after the callback. */
static echo_status call_lent(walk *w, const echo_item *item) {
    echo_status status = w->fn(w->arg, item);
    w->party->items.epoch++;
    return status;
}

/* The heads' texts are the walk's; item->ops is set by the caller. */
static echo_item *lent_item(walk *w, const echo_item_head *head, size_t id_len) {
    echo_item *item = &w->lent;
    const char *const from[] = {head->id, head->type, head->model, head->parent, head->source, head->target};
    char **const to[] = {&item->id,     &item->type,          &item->model,
                         &item->parent, &w->lent_more.source, &w->lent_more.target};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) *to[i] = (char *)(uintptr_t)from[i];
    item->id_len = (uint32_t)id_len;
    item->more = &w->lent_more;
    item->deleted = head->deleted;
    item->ops = NULL;
    item->state = NULL;
    item->epoch = &w->party->items.epoch;
    return item;
}

/* The walk's state of a model; NULL: out of memory. */
static void *shared_state(walk *w, const echo__model *model) {
    lent_state *kept = w->states[0].model == NULL || w->states[0].model == model ? &w->states[0] : &w->states[1];
    if (kept->model == model) return kept->state;
    if (model->ops.create(&kept->state, model->ctx, NULL) != ECHO_OK) return NULL;
    kept->model = model;
    return kept->state;
}

/* Loads an item for one call. An item that has to be kept is taken into the set instead. */
static echo_status lend_loaded(walk *w, const echo__model *model, echo_bytes id, echo__line line, echo_error *err) {
    echo__items *items = &w->party->items;
    echo_item *item;
    echo_error problem = ECHO_ERROR_INIT;
    bool differs;
    echo_status status = echo__items_load(&item, items, line, err);
    if (status != ECHO_OK) return status;
    item->epoch = &items->epoch;
    differs = false;
    if (echo__item_reads(item, model)) status = echo__item_hydrate(&differs, item, model, &problem);
    if (status == ECHO_OK && !differs) {
        status = call_lent(w, item);
        echo__item_free(item);
        return status;
    }
    echo__item_free(item);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    status = echo__items_take(items, id, line, err);
    if (status == ECHO_OK) status = w->fn(w->arg, echo__items_peek(items, id));
    (void)echo__items_evict(items, 1);
    return status;
}

/* The item reads `text`, its state, where it stands. *lent: the text is a state, and the callback was called. */
static echo_status lend_text(bool *lent, walk *w, const echo__model *model, const echo__record *record, echo_item *item,
                             echo_error *err) {
    *lent = false;
    void *state = shared_state(w, model);
    if (state == NULL) return echo__nomem(err);
    if (model->restore_text(state, record->version, record->state, NULL) != ECHO_OK) return ECHO_OK;
    item->ops = model;
    item->state = state;
    *lent = true;
    return call_lent(w, item);
}

/* The same for a state in a blob, which is held meanwhile. */
static echo_status lend_blob(bool *lent, walk *w, const echo__model *model, const echo__record *record, echo_item *item,
                             echo_error *err) {
    echo__chunks *chunks = w->party->chunks;
    const echo__chunk *blob;
    echo__record whole = *record;
    *lent = false;
    echo_status status = echo__chunks_get(&blob, chunks, &record->blob, err);
    if (status != ECHO_OK) {
        if (status == ECHO_ERR_NOT_FOUND)
            status = echo__error(err, ECHO_ERR_CORRUPT, "the chunk with an item's state is missing");
        echo__error_item(err, item->id, item->id_len);
        return status;
    }
    status = echo__record_read_payload(&whole, blob->bytes, err);
    if (status == ECHO_OK && whole.state.data != NULL && whole.log.data == NULL)
        status = lend_text(lent, w, model, &whole, item, err);
    echo__chunks_release(chunks, blob);
    return status;
}

/* The same for a model with raw hooks: a state for one call. An error of a hook is reported by lend_loaded(). */
static echo_status lend_raw(bool *lent, walk *w, const echo__model *model, const echo__record *record, echo_item *item,
                            echo_error *err) {
    echo_bytes text = record->bytes;
    echo_item_info info = {item->id, item->type, item->model};
    size_t len;
    void *state;
    *lent = false;
    echo__buf_clear(&w->raw);
    uint8_t *room = echo__buf_reserve(&w->raw, text.len / 4 * 3 + 1);
    if (room == NULL) return echo__nomem(err);
    if (!echo__base64_decode(room, &len, (const char *)text.data, text.len) ||
        model->ops.create(&state, model->ctx, &info) != ECHO_OK)
        return ECHO_OK;
    echo_status status = ECHO_OK;
    if (model->ops.restore_raw(model->ctx, state, record->version, echo__bytes(room, len), NULL) == ECHO_OK) {
        item->ops = model;
        item->state = state;
        *lent = true;
        status = call_lent(w, item);
    }
    model->ops.destroy(model->ctx, state);
    return status;
}

static echo_status offer_record(walk *w, const echo__record *record, const echo_item_head *head, echo__line line,
                                echo_error *err) {
    const echo__model *model =
        head->model == NULL ? NULL : echo__registry_find(w->party->items.registry, record->model);
    echo_item *item = lent_item(w, head, record->id.len);
    bool lent = false;
    echo_status status = ECHO_OK;
    item->stored_version = record->version;
    item->stored_raw = model != NULL && model->raw; /* if it is not, loading finds out */
    if (model == NULL || !echo__item_reads(item, model)) return call_lent(w, item);
    if (record->of_model.data != NULL) return lend_loaded(w, model, record->id, line, err); /* tells whether it fits */
    if (model->restore_text != NULL && record->has_blob)
        status = lend_blob(&lent, w, model, record, item, err);
    else if (model->restore_text != NULL && record->state.data != NULL && record->log.data == NULL)
        status = lend_text(&lent, w, model, record, item, err);
    else if (model->raw && record->version == model->ops.state_version && record->bytes.data != NULL &&
             record->state.data == NULL && record->log.data == NULL)
        status = lend_raw(&lent, w, model, record, item, err);
    return status != ECHO_OK || lent ? status : lend_loaded(w, model, record->id, line, err);
}

/* ---- the walk ---- */

static echo_status offer_line(walk *w, echo__line line, echo_error *err) {
    echo__record record;
    echo__buf_clear(&w->scratch);
    echo_status status = echo__record_read_quick(&record, line, &w->scratch, err);
    if (status != ECHO_OK) return status;
    for (; w->fresh.at < w->fresh.count; w->fresh.at++) {
        echo_item *item = w->fresh.items[w->fresh.at];
        if (echo__bytes_compare(echo__bytes(item->id, item->id_len), record.id) > 0) break;
        status = offer_item(w, item, err);
        if (status != ECHO_OK) return status;
    }
    echo_item *item = echo__items_peek(&w->party->items, record.id);
    if (item != NULL) return offer_item(w, item, err);
    echo_item_head head;
    if (record_head(&head, &record, &w->texts) != ECHO_OK) return echo__nomem(err);
    if (!matches(w->query, &head)) return ECHO_OK;
    return w->fn == NULL ? w->head_fn(w->arg, &head) : offer_record(w, &record, &head, line, err);
}

static echo_status walk_root(walk *w, echo_error *err) {
    if (w->party->chunks == NULL || w->party->root.items == 0) return ECHO_OK;
    echo__cursor *cursor;
    echo_status status = echo__cursor_open(&cursor, w->party->chunks, &w->party->root, echo__bytes(NULL, 0), err);
    while (status == ECHO_OK) {
        echo__line line;
        status = echo__cursor_next(&line, cursor, err);
        if (status == ECHO_ERR_NOT_FOUND) {
            status = ECHO_OK;
            break;
        }
        if (status == ECHO_OK) status = offer_line(w, line, err);
    }
    echo__cursor_close(cursor);
    return status;
}

static echo_status run_walk(walk *w, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    echo_status status = collect_fresh(&w->fresh, &w->party->items, &own);
    if (status == ECHO_OK) status = walk_root(w, &own);
    for (; status == ECHO_OK && w->fresh.at < w->fresh.count; w->fresh.at++)
        status = offer_item(w, w->fresh.items[w->fresh.at], &own);
    for (size_t i = 0; i < sizeof w->states / sizeof *w->states; i++)
        if (w->states[i].model != NULL) w->states[i].model->ops.destroy(w->states[i].model->ctx, w->states[i].state);
    echo__free(w->fresh.items);
    echo__buf_free(&w->scratch);
    echo__buf_free(&w->texts);
    echo__buf_free(&w->raw);
    return echo__error_return(err, &own, status, "the callback ended the walk");
}

static echo_status enter_walk(walk *w, echo_error *err) {
    echo_status status = echo__party_enter(w->party, err);
    if (status != ECHO_OK) return status;
    status = run_walk(w, err);
    echo__party_leave(w->party);
    return status;
}

echo_status echo_party_each(echo_party *party, const echo_query *query, echo_item_fn fn, void *arg, echo_error *err) {
    if (party == NULL || fn == NULL) return echo__error_null(err, party == NULL ? "party" : "fn");
    walk w = {.party = party, .query = query, .fn = fn, .arg = arg};
    return enter_walk(&w, err);
}

echo_status echo_party_each_head(echo_party *party, const echo_query *query, echo_item_head_fn fn, void *arg,
                                 echo_error *err) {
    if (party == NULL || fn == NULL) return echo__error_null(err, party == NULL ? "party" : "fn");
    walk w = {.party = party, .query = query, .head_fn = fn, .arg = arg};
    return enter_walk(&w, err);
}
