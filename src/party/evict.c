#include "party/evict.h"

#define ITEM_BYTES 512u /* of an item with its texts and its place in the map */
#define PLACE_BYTES 64u /* of that place alone, and of what a block of memory takes besides */
#define STATE_FACTOR 4u /* of a state for each byte of its record: what the object model takes */

static void set_weight(echo__evict *evict, echo_item *item, uint64_t weight) {
    if (weight > UINT32_MAX) weight = UINT32_MAX;
    evict->weight += weight - item->weight;
    if (item->evictable) evict->evictable_weight += weight - item->weight;
    item->weight = (uint32_t)weight;
}

void echo__evict_weigh_folded(echo__evict *evict, echo_item *item) {
    uint64_t block = item->weight;
    item->weight = 0;
    set_weight(evict, item, block + PLACE_BYTES);
}

void echo__evict_weigh(echo__evict *evict, echo_item *item, size_t record_bytes) {
    set_weight(evict, item, ITEM_BYTES + STATE_FACTOR * (uint64_t)record_bytes);
}

void echo__evict_weigh_more(echo__evict *evict, echo_item *item, size_t bytes) {
    set_weight(evict, item, (item->weight == 0 ? ITEM_BYTES : item->weight) + STATE_FACTOR * (uint64_t)bytes);
}

void echo__evict_hold(echo__evict *evict, echo_item *item) {
    if (!item->evictable) return;
    if (item->newer != NULL)
        item->newer->older = item->older;
    else
        evict->newest = item->older;
    if (item->older != NULL)
        item->older->newer = item->newer;
    else
        evict->oldest = item->newer;
    item->newer = item->older = NULL;
    item->evictable = false;
    evict->evictable_weight -= item->weight;
}

void echo__evict_use(echo__evict *evict, echo_item *item) {
    if (evict->limit == 0 || evict->newest == item) return;
    echo__evict_hold(evict, item);
    if (item->listed[0] || item->listed[1] || !item->in_root) return;
    item->newer = NULL;
    item->older = evict->newest;
    if (evict->newest != NULL)
        evict->newest->newer = item;
    else
        evict->oldest = item;
    evict->newest = item;
    item->evictable = true;
    evict->evictable_weight += item->weight;
}

echo_item *echo__evict_next(echo__evict *evict) {
    if (evict->limit == 0 || evict->weight <= evict->limit || evict->oldest == NULL) return NULL;
    echo_item *item = evict->oldest;
    echo__evict_hold(evict, item);
    evict->weight -= item->weight;
    evict->evicted++;
    return item;
}
