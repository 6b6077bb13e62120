/*
 * The items of a party in memory, over the root of a snapshot: an item is loaded from the root when it is used, and
 * gets its state from its model then. Items that changed since the root are in a list; the others can be evicted, least
 * recently used first.
 *
 * While a capture runs (capture.h, which is built on this), its items are in a list of their own, which uses the other
 * of an item's two links. Those that changed since the cut are in the list of changed items too. The capture is
 * notified before an item changes, through before_change.
 *
 * | item              | event                        | then              | what happens                          |
 * |-------------------|------------------------------|-------------------|---------------------------------------|
 * | not in memory     | used                         | clean             | loaded from the root, evictable       |
 * | not in memory     | message with a new id        | changed           | made; counted in `added`              |
 * | clean             | used                         | clean             | evicted last                          |
 * | clean             | changed                      | changed           | leaves the eviction list              |
 * | clean             | memory beyond the limit      | not in memory     | freed                                 |
 * | changed           | cut                          | awaits capture    | the list of changed becomes the cut's |
 * | awaits capture    | its turn                     | taken             | its record is written                 |
 * | awaits capture    | about to change              | taken and changed | before_change copies its record first |
 * | taken             | changed                      | taken and changed | counted in `captured_again`           |
 * | taken             | settled, published           | clean             | in the root; evictable                |
 * | taken, or awaits  | settled, failed              | changed           | back in the list of changed           |
 * | taken and changed | settled, published or failed | changed           | in the root, if published             |
 *
 * "Changed" is every change of the record that would be written: by a message, by a state that is written differently
 * from the bytes it was made from, or by a rebuilt state. One event does not count as a change: a state that is made
 * while the item awaits capture, since the capture writes the record from that state.
 */
#ifndef ECHO_PARTY_ITEMS_H
#define ECHO_PARTY_ITEMS_H

#include "party/evict.h"
#include "party/item_table.h"
#include "tree/cursor.h"
#include "tree/tree.h"

typedef struct echo__items {
    echo__item_table table;
    uint64_t epoch; /* moves whenever an item is freed (item.h) */
    const echo_registry *registry;
    echo__chunks *chunks; /* NULL: no root */
    const echo__root *root;
    echo_item *changed; /* most recently changed first */
    size_t changed_count;
    unsigned side; /* which link that list uses */

    /* The capture's list. */
    void (*before_change)(void *arg, echo_item *item); /* an item that awaits capture is about to change; NULL: no
                                                          capture runs */
    void *before_change_arg;
    echo_item *captured;     /* items of the cut that are not settled yet */
    uint64_t captured_count; /* the number of those items */
    uint64_t captured_again; /* of those, the number that changed since the cut */
    bool published;          /* the root is the one that the capture wrote */

    echo__evict evict;
    echo__names names;
    echo__names foreign; /* ids of items whose state became foreign, which are to be rebuilt */
    echo_clock_fn clock; /* measures the time of loading; NULL: not measured */
    void *clock_arg;
    uint64_t loads;
    uint64_t load_ns; /* time to load an item whose leaf is in memory, sampled; 0: never measured */
    uint64_t leaf_ns; /* time to read a leaf */
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

/* Loads the item if it is not in memory, and makes its state if its model is registered. ECHO_ERR_NOT_FOUND. */
echo_status echo__items_get(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) ECHO_MUST_USE;
/* Loads the item if it is not in memory; does not make its state. ECHO_ERR_NOT_FOUND: err is not filled. */
echo_status echo__items_find(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) ECHO_MUST_USE;
/* Makes the state of the item with this id. `line`, its record, is used when the item is not in memory. */
echo_status echo__items_take(echo__items *items, echo_bytes id, echo__line line, echo_error *err) ECHO_MUST_USE;
/* The item if it is in memory, or NULL. */
echo_item *echo__items_peek(const echo__items *items, echo_bytes id);
/* Whether the item exists; its state is not made. */
echo_status echo__items_exists(bool *out, echo__items *items, echo_bytes id, echo_error *err) ECHO_MUST_USE;
/* Makes the item's state if its model is registered and reads the stored version. A state that cannot be made is
 * reported once and is not an error: the item stays bytes (P6). */
echo_status echo__items_hydrate(echo__items *items, echo_item *item, echo_error *err) ECHO_MUST_USE;

/* The item of a record of the root's, which is not in the set: the caller frees it, before the set. */
echo_status echo__items_load(echo_item **out, echo__items *items, echo__line line, echo_error *err) ECHO_MUST_USE;

/* ---- Changing ---- */

/* Adds an item that does not exist. ECHO_ERR_NOMEM. echo__items_drop undoes it until the item is touched. */
echo_status echo__items_add(echo_item **out, echo__items *items, echo_bytes id) ECHO_MUST_USE;
void echo__items_drop(echo__items *items, echo_item *item);
/* To be called before the item changes, and whatever else is done before that. ECHO_ERR_NOMEM: nothing has changed. */
echo_status echo__items_unfold(echo__items *items, echo_item *item) ECHO_MUST_USE;
/* To be called before the item changes: if it awaits capture, its record is copied first. */
void echo__items_before_change(echo__items *items, echo_item *item);
/* Marks the item, which is unfolded, as changed. */
void echo__items_touch(echo__items *items, echo_item *item);
/* Reports why an item is opaque now. */
void echo__items_report(const echo__items *items, const echo_item *item, const echo_error *problem);
/* Counts and reports a message that was skipped. */
void echo__items_refuse(echo__items *items, const echo__stamp *stamp, echo_bytes id, const echo_error *problem);

/* ---- What is not in the root ---- */

/* The number of items that changed since the last snapshot. */
uint64_t echo__items_unsaved(const echo__items *items);
/* Whether the party's root holds the item. */
bool echo__items_in_root(const echo__items *items, const echo_item *item);
/* The one copy of this name; NULL: out of memory. Valid until the items are freed. */
const char *echo__items_intern(echo__items *items, const char *name);

/* ---- Memory ---- */

#define ECHO__EVICT_ITEMS 32u /* per call of the host */
/* Evicts up to `max` items while their total weight exceeds the limit. Pointers to items are invalid afterwards. false:
 * nothing was left to evict. */
bool echo__items_evict(echo__items *items, size_t max);
/* Bytes of the items that cannot be evicted. */
static inline uint64_t echo__items_held(const echo__items *items) {
    return items->evict.weight - items->evict.evictable_weight;
}

#endif
