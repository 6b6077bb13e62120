/*
 * The items of a party in memory, over the root of a snapshot: an item is loaded from the root when it is used, and
 * gets its state from its model then. Items that changed since the root are in a list; the others can be evicted, least
 * recently used first.
 *
 * While a capture runs (capture.h, which is built on this) the items that it is about are in a list of their own,
 * linked through the other of an item's two links. They may be in the list of changed items as well: those that changed
 * since the cut. The capture learns of a change before it happens, through before_change.
 *
 * | item                | event                        | then                | what happens |
 * |---------------------|------------------------------|---------------------|-----------------------------------------|
 * | not in memory       | used                         | clean               | loaded from the root, evictable | | not
 * in memory       | message with a new id        | changed             | made; counted in `added`                | |
 * clean               | used                         | clean               | evicted last                            |
 * | clean               | changed                      | changed             | leaves the eviction list | | clean |
 * memory beyond the limit      | not in memory       | freed                                   | | changed | cut |
 * awaits capture      | the list of changed becomes the cut's   | | awaits capture      | its turn | taken | its record
 * is written                   | | awaits capture      | about to change              | taken and changed   |
 * before_change copies its record first   | | taken               | changed                      | taken and changed |
 * counted in `captured_again`             | | taken               | settled, published           | clean | in the root;
 * evictable                  | | taken, or awaits    | settled, failed              | changed             | back in the
 * list of changed             | | taken and changed   | settled, published or failed | changed             | in the
 * root, if published               |
 *
 * "Changed" is every change of what the item's record would say: a message, a state that is written otherwise than the
 * bytes it was made from, a rebuilt state. One event makes no change: a state that is made while the item awaits
 * capture, since the capture writes the record from that state.
 */
#ifndef ECHO_PARTY_ITEMS_H
#define ECHO_PARTY_ITEMS_H

#include "base/map.h"
#include "party/evict.h"
#include "party/item.h"
#include "tree/cursor.h"
#include "tree/tree.h"

typedef struct echo__items {
    echo__map map;
    const echo_registry *registry;
    echo__chunks *chunks; /* NULL: there is no root */
    const echo__root *root;
    echo_item *changed; /* most recently changed first */
    size_t changed_count;
    unsigned side; /* which link that list uses */

    /* The capture's list. */
    void (*before_change)(void *arg, echo_item *item); /* an item that awaits capture is about to change; NULL: no
                                                          capture runs */
    void *before_change_arg;
    echo_item *captured;     /* items of the cut that are not settled yet */
    uint64_t captured_count; /* of them */
    uint64_t captured_again; /* of those, the ones that changed since the cut */
    bool published;          /* the root is the one that the capture wrote */

    echo__evict evict;
    char **names; /* interned */
    size_t names_count, names_cap;
    echo_clock_fn clock; /* measures what loading costs; NULL: it is not measured */
    void *clock_arg;
    uint64_t loads;
    uint64_t load_ns; /* loading an item whose leaf is in memory, measured on some; 0: never measured */
    uint64_t leaf_ns; /* reading a leaf */
    uint64_t added;   /* items that are not in the root */
    uint64_t hydrated;
    uint64_t refused;
    echo_refused_fn on_refused;
    void *on_refused_arg;
} echo__items;

/* Since the root, or since the cut. */
static inline bool echo__item_changed(const echo__items *items, const echo_item *item) {
    return item->listed[items->side];
}
static inline bool echo__item_captured(const echo__items *items, const echo_item *item) {
    return item->listed[1u - items->side];
}

void echo__items_init(echo__items *items, const echo_registry *registry);
void echo__items_free(echo__items *items);

/* ---- Finding ---- */

/* The item, loaded if need be, its state made if its model is registered. ECHO_ERR_NOT_FOUND. */
echo_status echo__items_get(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) ECHO_MUST_USE;
/* The item, loaded if need be; its state is not made. ECHO_ERR_NOT_FOUND, which leaves err alone. */
echo_status echo__items_find(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) ECHO_MUST_USE;
/* Makes the state of the item of that record; `line` is used when the item is not in memory yet. */
echo_status echo__items_take(echo__items *items, echo_bytes id, echo_bytes line, echo_error *err) ECHO_MUST_USE;
/* The item as it is in memory, or NULL. */
echo_item *echo__items_peek(const echo__items *items, echo_bytes id);
/* Whether there is such an item, without making its state. */
echo_status echo__items_exists(bool *out, echo__items *items, echo_bytes id, echo_error *err) ECHO_MUST_USE;
/* Makes the item's state when its model is registered and reads it. One that cannot be made is reported once and is no
 * error: the item is kept as bytes (P6). */
echo_status echo__items_hydrate(echo__items *items, echo_item *item, echo_error *err) ECHO_MUST_USE;

/* ---- Changing ---- */

/* An item that is not there yet. ECHO_ERR_NOMEM. echo__items_drop undoes it, as long as the item was not touched. */
echo_status echo__items_add(echo_item **out, echo__items *items, echo_bytes id) ECHO_MUST_USE;
void echo__items_drop(echo__items *items, echo_item *item);
/* The item is about to change: the capture that runs copies its record first, if it awaits that. */
void echo__items_before_change(echo__items *items, echo_item *item);
/* Marks the item changed. */
void echo__items_touch(echo__items *items, echo_item *item);
/* Counts and reports a message that was passed over. */
void echo__items_refuse(echo__items *items, const echo__stamp *stamp, echo_bytes id, const echo_error *problem);

/* ---- What is not in the root ---- */

/* The number of items that changed since the last snapshot. */
uint64_t echo__items_unsaved(const echo__items *items);
/* Whether the party's root holds the item. */
bool echo__items_in_root(const echo__items *items, const echo_item *item);
/* One copy of each name; NULL: out of memory. They live as long as the items. */
const char *echo__items_intern(echo__items *items, const char *name);

/* ---- Memory ---- */

#define ECHO__EVICT_ITEMS 32u /* per call of the host */
/* Evicts up to `max` items while all together weigh more than the limit. Pointers to items are invalid then. false:
 * there was nothing left to evict. */
bool echo__items_evict(echo__items *items, size_t max);
/* Bytes of the items that cannot be evicted. */
static inline uint64_t echo__items_held(const echo__items *items) {
    return items->evict.weight - items->evict.evictable_weight;
}

#endif
