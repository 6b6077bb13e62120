/*
 * Items for the host. A query walks the snapshot's records and the items in memory in one order. For an item that is in
 * both, the head in memory is used, since it is newer or the same. Only heads are read, and no state is made.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/party.h"

echo_status echo_item_get(echo_item **out, echo_party *party, const char *id, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    if (out == NULL) return echo__error_null(err, "out");
    *out = NULL;
    if (party == NULL || id == NULL) return echo__error_null(err, party == NULL ? "party" : "id");
    (void)echo__items_evict(&party->items, ECHO__EVICT_ITEMS);
    echo_status status = echo__items_get(out, &party->items, echo__bytes_text(id), &own);
    return echo__error_return(err, &own, status, "the item cannot be loaded");
}

void echo_item_head_get(echo_item_head *out, const echo_item *item) {
    if (out == NULL) return;
    memset(out, 0, sizeof *out);
    if (item == NULL) return;
    *out = (echo_item_head){item->id, item->type, item->model, item->parent, item->source, item->target, item->deleted};
}

bool echo_item_has_state(const echo_item *item) { return item != NULL && item->ops != NULL; }

const void *echo_item_state(const echo_item *item) { return item == NULL ? NULL : item->state; }

echo_status echo_item_view(cJSON **out, const echo_item *item, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    if (out == NULL) return echo__error_null(err, "out");
    *out = NULL;
    if (item == NULL) return echo__error_null(err, "item");
    if (item->ops == NULL || item->ops->ops.view == NULL) return ECHO_OK;
    echo_status status = item->ops->ops.view(out, item->ops->ctx, item->state, &own);
    if (status == ECHO_OK) return ECHO_OK;
    echo__error_adopt(&own, status, "the model's view hook failed");
    echo__error_item(&own, item->id, item->id_len);
    return echo__error_return(err, &own, status, NULL);
}

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
    const echo_item **items;
    size_t count, at;
} fresh_list;

static int item_order(const void *a, const void *b) {
    const echo_item *const *x = a, *const *y = b;
    return echo__bytes_compare(echo__bytes((*x)->id, (*x)->id_len), echo__bytes((*y)->id, (*y)->id_len));
}

static echo_status collect_fresh(fresh_list *out, const echo__items *items, echo_error *err) {
    memset(out, 0, sizeof *out);
    if (items->added == 0) return ECHO_OK;
    out->items = echo__realloc_array(NULL, (size_t)items->added, sizeof *out->items);
    if (out->items == NULL) return echo__nomem(err);
    for (const echo_item *item = items->changed; item != NULL; item = item->link[items->side])
        if (!echo__items_in_root(items, item)) out->items[out->count++] = item;
    for (const echo_item *item = items->captured; item != NULL; item = item->link[1u - items->side])
        if (!echo__items_in_root(items, item) && !echo__item_changed(items, item)) out->items[out->count++] = item;
    qsort(out->items, out->count, sizeof *out->items, item_order);
    return ECHO_OK;
}

static echo_status offer_item(const echo_item *item, const echo_query *query, echo_item_fn fn, void *arg) {
    echo_item_head head;
    echo_item_head_get(&head, item);
    return matches(query, &head) ? fn(arg, &head) : ECHO_OK;
}

/* NUL-terminated copies of a record's texts, in one buffer. */
static echo_status record_head(echo_item_head *head, const echo__record *record, echo__buf *texts) {
    const echo_bytes from[] = {record->id, record->type, record->model, record->parent, record->source, record->target};
    size_t at[6];
    echo__buf_clear(texts);
    for (size_t i = 0; i < 6; i++) {
        at[i] = texts->len;
        echo__buf_append(texts, from[i].data, from[i].len);
        echo__buf_byte(texts, 0);
    }
    if (texts->status != ECHO_OK) return ECHO_ERR_NOMEM;
    const char **to[] = {&head->id, &head->type, &head->model, &head->parent, &head->source, &head->target};
    for (size_t i = 0; i < 6; i++) *to[i] = from[i].data == NULL ? NULL : (const char *)texts->data + at[i];
    head->deleted = record->deleted;
    return ECHO_OK;
}

typedef struct walk {
    echo_party *party;
    const echo_query *query;
    echo_item_fn fn;
    void *arg;
    fresh_list fresh;
    echo__buf scratch, texts;
} walk;

static echo_status offer_line(walk *w, echo__line line, echo_error *err) {
    echo__record record;
    echo__buf_clear(&w->scratch);
    echo_status status = echo__record_read(&record, line, &w->scratch, err);
    if (status != ECHO_OK) return status;
    for (; w->fresh.at < w->fresh.count; w->fresh.at++) {
        const echo_item *item = w->fresh.items[w->fresh.at];
        if (echo__bytes_compare(echo__bytes(item->id, item->id_len), record.id) > 0) break;
        status = offer_item(item, w->query, w->fn, w->arg);
        if (status != ECHO_OK) return status;
    }
    const echo_item *item = echo__items_peek(&w->party->items, record.id);
    if (item != NULL) return offer_item(item, w->query, w->fn, w->arg);
    echo_item_head head;
    if (record_head(&head, &record, &w->texts) != ECHO_OK) return echo__nomem(err);
    return matches(w->query, &head) ? w->fn(w->arg, &head) : ECHO_OK;
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

echo_status echo_party_each(echo_party *party, const echo_query *query, echo_item_fn fn, void *arg, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    if (party == NULL || fn == NULL) return echo__error_null(err, party == NULL ? "party" : "fn");
    walk w = {party, query, fn, arg, {NULL, 0, 0}, ECHO__BUF_INIT, ECHO__BUF_INIT};
    echo_status status = collect_fresh(&w.fresh, &party->items, &own);
    if (status == ECHO_OK) status = walk_root(&w, &own);
    for (; status == ECHO_OK && w.fresh.at < w.fresh.count; w.fresh.at++)
        status = offer_item(w.fresh.items[w.fresh.at], query, fn, arg);
    echo__free(w.fresh.items);
    echo__buf_free(&w.scratch);
    echo__buf_free(&w.texts);
    return echo__error_return(err, &own, status, "the callback ended the walk");
}
