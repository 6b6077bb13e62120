#include "feed/memory_feed.h"

#include <string.h>

#include "base/alloc.h"

uint64_t echo__memory_length(const echo__memory_feed *feed) {
    uint64_t length = feed->count > 0 ? feed->blocks[feed->count - 1].seq + 1 : 0;
    return length > feed->roots.length ? length : feed->roots.length;
}

size_t echo__memory_find(const echo__memory_feed *feed, uint64_t seq) {
    size_t low = 0, high = feed->count;
    if (high > 0 && feed->blocks[high - 1].seq < seq) return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (feed->blocks[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint8_t *echo__memory_copy(echo_bytes bytes) {
    uint8_t *copy = echo__malloc(bytes.len);
    if (copy != NULL && bytes.len > 0) memcpy(copy, bytes.data, bytes.len);
    return copy;
}

void echo__memory_free(echo__memory_feed *feed) {
    for (size_t i = 0; i < feed->count; i++) echo__free(feed->blocks[i].data);
    echo__free(feed->blocks);
    echo__free(feed->nodes);
    echo__free(feed);
}
