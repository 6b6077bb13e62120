#include "snapshot/order.h"

#include <string.h>

#include "base/alloc.h"

#define STEP 2048u /* items gathered, or merged */
#define RUN 16u    /* sorted by insertion when they are gathered */

echo_status echo__order_begin(echo__order *order, echo_item *first, unsigned side, uint64_t count) {
    memset(order, 0, sizeof *order);
    if (count > SIZE_MAX) return ECHO_ERR_NOMEM;
    order->next = first;
    order->side = side;
    order->count = (size_t)count;
    order->from = echo__realloc_array(NULL, order->count, sizeof *order->from);
    order->to = echo__realloc_array(NULL, order->count, sizeof *order->to);
    if (order->from != NULL && order->to != NULL) return ECHO_OK;
    echo__order_free(order);
    return ECHO_ERR_NOMEM;
}

void echo__order_free(echo__order *order) {
    echo__free(order->from);
    echo__free(order->to);
    order->from = order->to = NULL;
}

static uint64_t prefix_of(const echo_item *item) {
    uint8_t bytes[8] = {0};
    memcpy(bytes, item->id, item->id_len < sizeof bytes ? item->id_len : sizeof bytes);
    return echo__be64(bytes);
}

static bool before(const echo__ordered *a, const echo__ordered *b) {
    if (a->prefix != b->prefix) return a->prefix < b->prefix;
    return echo__bytes_compare(echo__bytes(a->item->id, a->item->id_len), echo__bytes(b->item->id, b->item->id_len)) <
           0;
}

static void gather(echo__order *order) {
    for (size_t n = 0; n < STEP && order->gathered < order->count; n++) {
        echo__ordered entry = {prefix_of(order->next), order->next};
        size_t start = order->gathered / RUN * RUN, at = order->gathered++;
        for (; at > start && before(&entry, &order->from[at - 1]); at--) order->from[at] = order->from[at - 1];
        order->from[at] = entry;
        order->next = order->next->link[order->side];
    }
    if (order->gathered == order->count) order->width = RUN;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Merges the two runs at `at`, or goes on with it. */
static void merge_some(echo__order *order) {
    size_t middle = least(order->at + order->width, order->count), end = least(middle + order->width, order->count);
    if (!order->merging) {
        order->left = order->out = order->at;
        order->right = middle;
        order->merging = true;
    }
    for (size_t n = 0; n < STEP && order->out < end; n++) {
        bool right = order->left == middle ||
                     (order->right < end && before(&order->from[order->right], &order->from[order->left]));
        order->to[order->out++] = order->from[right ? order->right++ : order->left++];
    }
    if (order->out < end) return;
    order->merging = false;
    order->at = end;
}

bool echo__order_step(echo__order *order) {
    if (order->gathered < order->count) {
        gather(order);
        return false;
    }
    if (order->width == 0 || order->width >= order->count) return true;
    if (order->at < order->count) {
        merge_some(order);
        return false;
    }
    echo__ordered *held = order->from;
    order->from = order->to;
    order->to = held;
    order->at = 0;
    order->width *= 2;
    return false;
}
