/*
 * Two sequences are walked in step, ascending by id: the records that differ in the two trees, and the items that
 * either party has in memory with unsaved changes, which stand before their party's tree.
 */
#include "snapshot/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/item_record.h"
#include "tree/cursor.h"
#include "tree/diff.h"
#include "tree/leaf.h"

/* One of the parties. */
typedef struct side {
    const echo_party *party;
    echo_item **unsaved; /* ascending by id */
    size_t count, at;
    echo__buf line;      /* room for one */
    echo_error *problem; /* of looking one up */
} side;

typedef struct comparison {
    echo__changes *out;
    side before, after;
    echo__buf scratch;
    echo_error *err;
} comparison;

/* ---- items with unsaved changes ---- */

static echo_bytes id_of(const echo_item *item) { return echo__bytes(item->id, item->id_len); }

static int by_id(const void *a, const void *b) {
    const echo_item *const *x = a, *const *y = b;
    return echo__bytes_compare(id_of(*x), id_of(*y));
}

static echo_status open_side(side *s, const echo_party *party, echo_error *err) {
    const echo__items *items = &party->items;
    s->party = party;
    if (items->changed_count == 0) return ECHO_OK;
    s->unsaved = echo__realloc_array(NULL, items->changed_count, sizeof *s->unsaved);
    if (s->unsaved == NULL) return echo__nomem(err);
    for (echo_item *item = items->changed; item != NULL; item = item->link[items->side]) s->unsaved[s->count++] = item;
    qsort(s->unsaved, s->count, sizeof *s->unsaved, by_id);
    return ECHO_OK;
}

static void close_side(side *s) {
    echo__free(s->unsaved);
    echo__buf_free(&s->line);
}

static const echo_item *next_unsaved(const side *s) { return s->at < s->count ? s->unsaved[s->at] : NULL; }

/* ---- lines ---- */

static echo_status copy_line(void *arg, echo__line line) {
    side *s = arg;
    return echo__line_expand(&s->line, line, s->problem);
}

/* What the party shows for an id. known: *line is what its tree has; otherwise it is looked up. Its text is NULL when
 * the party has no such item. */
static echo_status line_of(echo__line *line, side *s, echo_bytes id, bool known, echo_error *err) {
    const echo_item *item = next_unsaved(s);
    echo__buf_clear(&s->line);
    if (item != NULL && echo__bytes_equal(id_of(item), id)) {
        echo_status status = echo__item_line(&s->line, s->unsaved[s->at++], err);
        *line = echo__line_alone(echo__buf_bytes(&s->line));
        return status;
    }
    if (known) return ECHO_OK;
    *line = echo__line_alone(echo__bytes(NULL, 0));
    if (s->party->root.items == 0) return ECHO_OK;
    echo_error problem = ECHO_ERROR_INIT;
    s->problem = &problem;
    echo_status status = echo__tree_get(s->party->chunks, &s->party->root, id, copy_line, s, &problem);
    if (status == ECHO_ERR_NOT_FOUND) return ECHO_OK;
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    *line = echo__line_alone(echo__buf_bytes(&s->line));
    return echo__error_return(err, &problem, status, NULL);
}

/* ---- reporting ---- */

static echo_status add_change(comparison *c, echo_change change, echo__line line) {
    echo__changes *out = c->out;
    echo__record record;
    echo__buf_clear(&c->scratch);
    echo_status status = echo__record_read(&record, line, &c->scratch, c->err);
    if (status != ECHO_OK) return status;
    if (!echo__grow(&out->list, &out->cap, out->count + 1, sizeof *out->list)) return echo__nomem(c->err);
    echo__change_entry *entry = &out->list[out->count];
    const echo_bytes from[] = {record.id, record.type, record.model, record.parent, record.source, record.target};
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        entry->texts[i] = from[i].data == NULL ? SIZE_MAX : out->texts.len;
        if (from[i].data == NULL) continue;
        echo__buf_append(&out->texts, from[i].data, from[i].len);
        echo__buf_byte(&out->texts, 0);
    }
    if (out->texts.status != ECHO_OK) return echo__nomem(c->err);
    entry->change = change;
    entry->deleted = record.deleted;
    out->count++;
    return ECHO_OK;
}

static echo_status compare_item(comparison *c, echo_bytes id, bool known, echo__line before, echo__line after) {
    echo_status status = line_of(&before, &c->before, id, known, c->err);
    if (status == ECHO_OK) status = line_of(&after, &c->after, id, known, c->err);
    if (status != ECHO_OK) {
        echo__error_item(c->err, id.data, id.len);
        return status;
    }
    if (before.text.data == NULL) return after.text.data == NULL ? ECHO_OK : add_change(c, ECHO_CHANGE_ADDED, after);
    if (after.text.data == NULL) return add_change(c, ECHO_CHANGE_REMOVED, before);
    bool equal;
    status = echo__line_equal(&equal, before, after, c->err);
    return status != ECHO_OK || equal ? status : add_change(c, ECHO_CHANGE_CHANGED, after);
}

/* Compares items with unsaved changes whose id is below `end`; data NULL: all of them. */
static echo_status compare_unsaved(comparison *c, echo_bytes end) {
    echo_status status = ECHO_OK;
    while (status == ECHO_OK) {
        const echo_item *a = next_unsaved(&c->before), *b = next_unsaved(&c->after);
        if (a == NULL && b == NULL) break;
        echo_bytes id = b == NULL || (a != NULL && by_id(&a, &b) < 0) ? id_of(a) : id_of(b);
        if (end.data != NULL && echo__bytes_compare(id, end) >= 0) break;
        const echo__line unknown = {{NULL, 0}, NULL};
        status = compare_item(c, id, false, unknown, unknown);
    }
    return status;
}

static echo_status compare_difference(void *arg, echo_bytes id, echo__line before, echo__line after) {
    comparison *c = arg;
    echo_status status = compare_unsaved(c, id);
    return status == ECHO_OK ? compare_item(c, id, true, before, after) : status;
}

echo_status echo__changes_find(echo__changes *out, const echo_party *before, const echo_party *after, echo_error *err) {
    comparison c = {
        .out = out, .before.line = ECHO__BUF_INIT, .after.line = ECHO__BUF_INIT, .scratch = ECHO__BUF_INIT, .err = err};
    echo_status status = open_side(&c.before, before, err);
    if (status == ECHO_OK) status = open_side(&c.after, after, err);
    if (status == ECHO_OK)
        status =
            echo__tree_diff(before->chunks, &before->root, after->chunks, &after->root, compare_difference, &c, err);
    if (status == ECHO_OK) status = compare_unsaved(&c, echo__bytes(NULL, 0));
    close_side(&c.before);
    close_side(&c.after);
    echo__buf_free(&c.scratch);
    return status;
}

echo_status echo__changes_report(const echo__changes *changes, echo_change_fn fn, void *arg) {
    for (size_t i = 0; i < changes->count; i++) {
        const echo__change_entry *entry = &changes->list[i];
        const char *texts[6];
        for (size_t k = 0; k < 6; k++)
            texts[k] = entry->texts[k] == SIZE_MAX ? NULL : (const char *)changes->texts.data + entry->texts[k];
        echo_item_head head = {texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], entry->deleted};
        echo_status status = fn(arg, entry->change, &head);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

void echo__changes_free(echo__changes *changes) {
    echo__free(changes->list);
    echo__buf_free(&changes->texts);
    memset(changes, 0, sizeof *changes);
}
