/*
 * The stored state (docs/FORMAT.md, "The object model"), straight from the live form, without cJSON nodes in between:
 *
 *   {"feeds":["<hex>",...],"gone":{KEY:STAMP,...},"ops":{KEY:[[STAMP,KIND,[SEGMENT,...],VALUE],...],...},
 *    "values":{...},"when":[STAMP,...]}
 *
 * `values` has every value that is there, of complex slots the fold. `when` has the stamps of the simple slots
 * among them, in the same order. `gone` has the simple slots without a value, `ops` the complex slots with their
 * operations in canonical order, paths leading on from the slot. A STAMP counts in `feeds`, which has exactly the feeds
 * that are referred to, ascending; it is in the short form (base/format.h). KIND is set, delete, push, add, remove or
 * touch; delete and touch have no VALUE. `feeds`, `gone` and `ops` are left out when they are empty.
 */
#include "model/object_text.h"

#include <echo/object.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/format.h"
#include "base/json_format.h"
#include "model/object_state.h"
#include "model/object_view.h"

#define FEEDS_ON_STACK 16u
#define SLOTS_ON_STACK 32u

typedef struct writer {
    echo__buf *out; /* its status takes every failure: whatever is written after one goes nowhere */
    const echo__live *live;
    const echo__slot **slots; /* in the order of their keys' bytes */
    size_t slot_count;
    size_t complex, gone;   /* of the slots: those with operations, and the simple ones without a value */
    bool *used;             /* of each feed: a stamp refers to it */
    const echo_key **feeds; /* those in use, ascending */
    size_t feed_count;
    uint32_t *numbers; /* of each feed in use among them */
} writer;

static void fail(writer *w) { w->out->status = ECHO_ERR_NOMEM; }

/* Slots. */

static int by_text(const void *left, const void *right) {
    const echo__avl_node *const *a = left, *const *b = right;
    return strcmp((*a)->key.text, (*b)->key.text);
}

static void see_slot(writer *w, echo__slot *slot, size_t *room) {
    if (!echo__slot_fold(w->live, slot)) {
        fail(w);
    } else if (slot->simple) {
        w->used[slot->at.feed] = true;
        w->gone += slot->value == NULL;
    } else {
        w->complex++;
        echo__branch_feeds(slot->history, w->used);
    }
    const echo__value *value = slot->value;
    bool blob = value != NULL && (value->kind == ECHO__VALUE_STRING || value->kind == ECHO__VALUE_BYTES);
    *room += 2 * (size_t)slot->node.key.len + (blob ? value->as.len : 0);
}

#define SLOT_ROOM 64u /* punctuation, a stamp of ordinary length, a number */
#define FEED_ROOM (ECHO_HEX_CHARS + 2)

static void list_many(writer *w) {
    size_t i = 0;
    echo__avl_walk walk;
    w->slots = echo__realloc_array(NULL, w->slot_count, sizeof(const echo__slot *));
    if (w->slots == NULL) fail(w);
    for (echo__avl_node *node = echo__avl_first(&walk, w->live->slots); w->slots != NULL && node != NULL;
         node = echo__avl_next(&walk))
        w->slots[i++] = (const echo__slot *)node;
}

/*
 * Items in memory are everywhere, and few of them in the processor's caches: what the walk is about to follow, one node
 * after the other, is fetched level by level, many nodes at a time.
 */
static void fetch_slots(const echo__avl_node *root) {
    const echo__avl_node *nodes[SLOTS_ON_STACK];
    size_t count = 0;
    if (root != NULL) nodes[count++] = root;
    for (size_t i = 0; i < count; i++) {
        const echo__avl_node *next[2] = {nodes[i]->left, nodes[i]->right};
        __builtin_prefetch(((const echo__slot *)nodes[i])->value);
        for (size_t side = 0; side < 2; side++) {
            if (next[side] == NULL || count == SLOTS_ON_STACK) continue;
            __builtin_prefetch(next[side]);
            __builtin_prefetch((const uint8_t *)next[side] + 64);
            nodes[count++] = next[side];
        }
    }
}

/* Lists the slots; asks for the room that the text takes in the usual case at once. */
static void list_slots(writer *w) {
    bool ascending = true;
    size_t room = 0;
    const echo__avl_node *last = NULL;
    echo__avl_walk walk;
    fetch_slots(w->live->slots);
    for (echo__avl_node *node = echo__avl_first(&walk, w->live->slots); node != NULL; node = echo__avl_next(&walk)) {
        if (w->slot_count < SLOTS_ON_STACK) w->slots[w->slot_count] = (const echo__slot *)node;
        if (last != NULL && last->key.index != ECHO__NAMED && strcmp(last->key.text, node->key.text) > 0)
            ascending = false;
        see_slot(w, (echo__slot *)node, &room);
        last = node;
        w->slot_count++;
    }
    (void)echo__buf_reserve(w->out, room + SLOT_ROOM * (w->slot_count + 1) + FEED_ROOM * w->live->feed_count);
    if (w->slot_count > SLOTS_ON_STACK) list_many(w);
    if (w->out->status == ECHO_OK && !ascending) qsort(w->slots, w->slot_count, sizeof(const echo__slot *), by_text);
}

/* Feeds. */

static int by_key(const void *left, const void *right) {
    const echo_key *const *a = left, *const *b = right;
    return memcmp(*a, *b, sizeof **a);
}

static void number_feeds(writer *w) {
    bool ascending = true;
    for (size_t i = 0; i < w->live->feed_count; i++) {
        if (!w->used[i]) continue;
        const echo_key *feed = &w->live->feeds[i];
        ascending = ascending && (w->feed_count == 0 || memcmp(w->feeds[w->feed_count - 1], feed, sizeof *feed) < 0);
        w->feeds[w->feed_count++] = feed;
    }
    if (!ascending) qsort(w->feeds, w->feed_count, sizeof *w->feeds, by_key);
    for (size_t i = 0; i < w->feed_count; i++) w->numbers[w->feeds[i] - w->live->feeds] = (uint32_t)i;
}

static void put_feeds(writer *w) {
    if (w->feed_count == 0) return;
    echo__buf_text(w->out, "\"feeds\":[");
    for (size_t i = 0; i < w->feed_count; i++) {
        echo__buf_text(w->out, i == 0 ? "\"" : ",\"");
        echo__buf_hex(w->out, w->feeds[i], sizeof *w->feeds[i]);
        echo__buf_byte(w->out, '"');
    }
    echo__buf_text(w->out, "],");
}

/* Members. */

static void put_key(writer *w, const echo__seg *key, bool first) {
    if (!first) echo__buf_byte(w->out, ',');
    echo__json_string(w->out, key->text, key->len);
    echo__buf_byte(w->out, ':');
}

static void put_stamp(writer *w, const echo__pos *pos) {
    char *to = (char *)echo__buf_reserve(w->out, ECHO__FORMAT_STAMP_CHARS);
    if (to != NULL) w->out->len += echo__format_stamp(to, pos->time, w->numbers[pos->feed], pos->seq);
}

static void put_gone(writer *w) {
    bool first = true;
    if (w->gone == 0) return;
    echo__buf_text(w->out, "\"gone\":{");
    for (size_t i = 0; i < w->slot_count; i++) {
        const echo__slot *slot = w->slots[i];
        if (!slot->simple || slot->value != NULL) continue;
        put_key(w, &slot->node.key, first);
        put_stamp(w, &slot->at);
        first = false;
    }
    echo__buf_text(w->out, "},");
}

static void put_past(writer *w, const echo__past *past) {
    echo__seg path[ECHO_OBJECT_DEPTH_MAX];
    echo__branch_path(past->branch, path);
    echo__buf_byte(w->out, '[');
    put_stamp(w, &past->pos);
    echo__buf_text(w->out, ",\"");
    echo__buf_text(w->out, echo__op_names[past->kind]);
    echo__buf_text(w->out, "\",[");
    for (uint32_t i = 0; i < past->branch->depth; i++) {
        if (i > 0) echo__buf_byte(w->out, ',');
        echo__json_string(w->out, path[i].text, path[i].len);
    }
    echo__buf_byte(w->out, ']');
    if (past->value != NULL) {
        echo__buf_byte(w->out, ',');
        echo__view_text(w->out, past->value);
    }
    echo__buf_byte(w->out, ']');
}

static void put_history(writer *w, const echo__slot *slot) {
    echo__past *past;
    size_t count;
    /* the numbers of feeds are in the order of their keys, and a history's feeds all have one: they do as ranks */
    if (!echo__branch_past(&past, &count, slot->history, w->numbers)) {
        fail(w);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        echo__buf_byte(w->out, i == 0 ? '[' : ',');
        put_past(w, &past[i]);
    }
    echo__buf_byte(w->out, ']');
    echo__free(past);
}

static void put_ops(writer *w) {
    bool first = true;
    if (w->complex == 0) return;
    echo__buf_text(w->out, "\"ops\":{");
    for (size_t i = 0; i < w->slot_count; i++) {
        if (w->slots[i]->simple) continue;
        put_key(w, &w->slots[i]->node.key, first);
        put_history(w, w->slots[i]);
        first = false;
    }
    echo__buf_text(w->out, "},");
}

static void put_properties(writer *w) {
    bool first = true;
    echo__buf_text(w->out, "\"values\":{");
    for (size_t i = 0; i < w->slot_count; i++) {
        const echo__slot *slot = w->slots[i];
        if (slot->value == NULL) continue;
        echo__view_text_key(w->out, &slot->node.key, first);
        echo__view_text(w->out, slot->value);
        first = false;
    }
    echo__buf_text(w->out, "},");
}

static void put_when(writer *w) {
    bool first = true;
    echo__buf_text(w->out, "\"when\":[");
    for (size_t i = 0; i < w->slot_count; i++) {
        const echo__slot *slot = w->slots[i];
        if (!slot->simple || slot->value == NULL) continue;
        if (!first) echo__buf_byte(w->out, ',');
        put_stamp(w, &slot->at);
        first = false;
    }
    echo__buf_byte(w->out, ']');
}

static void put_parts(writer *w) {
    list_slots(w);
    if (w->out->status != ECHO_OK) return;
    number_feeds(w);
    echo__buf_byte(w->out, '{');
    put_feeds(w);
    put_gone(w);
    put_ops(w);
    put_properties(w);
    put_when(w);
    echo__buf_byte(w->out, '}');
}

static void put_live(echo__buf *out, const echo__live *live) {
    const echo__slot *slots[SLOTS_ON_STACK];
    const echo_key *feeds[FEEDS_ON_STACK];
    uint32_t numbers[FEEDS_ON_STACK];
    bool used[FEEDS_ON_STACK] = {false};
    writer w = {out, live, slots, 0, 0, 0, used, feeds, 0, numbers};
    if (live->feed_count > FEEDS_ON_STACK) {
        w.used = echo__calloc(live->feed_count, sizeof *w.used);
        w.feeds = echo__realloc_array(NULL, live->feed_count, sizeof(const echo_key *));
        w.numbers = echo__realloc_array(NULL, live->feed_count, sizeof *w.numbers);
    }
    if (w.used != NULL && w.feeds != NULL && w.numbers != NULL)
        put_parts(&w);
    else
        fail(&w);
    if (w.slots != slots) echo__free(w.slots);
    if (w.used != used) echo__free(w.used);
    if (w.feeds != feeds) echo__free(w.feeds);
    if (w.numbers != numbers) echo__free(w.numbers);
}

echo_status echo__object_text(echo__buf *out, const void *state, echo_error *err) {
    echo__object *object = (echo__object *)state; /* stale folds are brought up to date on the way */
    size_t len = out->len;
    if (out->status == ECHO_OK && object->frozen)
        echo__buf_append(out, object->text, object->text_len);
    else if (out->status == ECHO_OK)
        put_live(out, &object->live);
    if (out->status == ECHO_OK) return ECHO_OK;
    out->len = len;
    return echo__nomem(err);
}

echo_status echo__object_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    echo__buf text = ECHO__BUF_INIT;
    echo_status status = echo__object_text(&text, state, err);
    if (status == ECHO_OK) status = echo__json_parse(out, text.data, text.len, err);
    echo__buf_free(&text);
    return status;
}
