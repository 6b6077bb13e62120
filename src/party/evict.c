/*
 * Items leave memory. Invariant: an item is in the list exactly while it is in the root, unchanged, and not being
 * captured; so whatever is in the list can be dropped and loaded again.
 */
#include "party/items.h"

#define ITEM_BYTES 512u /* of an item with its texts and its place in the map */
#define STATE_FACTOR 4u /* of a state for each byte of its record: what the object model takes */

static void set_weight(echo__items *items, echo_item *item, uint64_t weight) {
    items->weight += weight - item->weight;
    if (item->evictable) items->evictable_weight += weight - item->weight;
    item->weight = weight;
}

void echo__items_weigh(echo__items *items, echo_item *item, size_t record_bytes) {
    set_weight(items, item, ITEM_BYTES + STATE_FACTOR * (uint64_t)record_bytes);
}

void echo__items_weigh_more(echo__items *items, echo_item *item, size_t bytes) {
    set_weight(items, item, (item->weight == 0 ? ITEM_BYTES : item->weight) + STATE_FACTOR * (uint64_t)bytes);
}

void echo__items_hold(echo__items *items, echo_item *item) {
    if (!item->evictable) return;
    if (item->newer != NULL)
        item->newer->older = item->older;
    else
        items->newest = item->older;
    if (item->older != NULL)
        item->older->newer = item->newer;
    else
        items->oldest = item->newer;
    item->newer = item->older = NULL;
    item->evictable = false;
    items->evictable_weight -= item->weight;
}

void echo__items_settle(echo__items *items, echo_item *item) {
    if (items->limit == 0 || items->newest == item) return;
    echo__items_hold(items, item);
    if (item->listed[0] || item->listed[1] || !item->in_root) return;
    item->older = items->newest;
    if (items->newest != NULL)
        items->newest->newer = item;
    else
        items->oldest = item;
    items->newest = item;
    item->evictable = true;
    items->evictable_weight += item->weight;
}

bool echo__items_evict(echo__items *items, size_t most) {
    for (size_t i = 0; i < most; i++) {
        if (items->limit == 0 || items->weight <= items->limit || items->oldest == NULL) return false;
        echo_item *item = items->oldest;
        echo__items_hold(items, item);
        items->weight -= item->weight;
        (void)echo__map_remove(&items->map, item->id, item->id_len);
        echo__item_free(item);
        items->evicted++;
    }
    return true;
}
