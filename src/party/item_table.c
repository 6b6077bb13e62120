#include "party/item_table.h"

#include <sodium.h>
#include <string.h>

#include "base/alloc.h"

static const echo_item tombstone = {0}; /* its address marks a place whose item was removed */

static bool is_item(const echo_item *item) { return item != NULL && item != &tombstone; }

void echo__item_table_init(echo__item_table *table) {
    memset(table, 0, sizeof *table);
    randombytes_buf(table->seed, sizeof table->seed);
}

void echo__item_table_free(echo__item_table *table) {
    echo__free(table->items);
    echo__free(table->hashes);
    table->items = NULL;
    table->hashes = NULL;
    table->size = table->count = table->used = 0;
}

static uint32_t hash_of(const echo__item_table *table, echo_bytes id) {
    static const uint8_t nothing[1] = {0};
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, id.len == 0 ? nothing : id.data, id.len, table->seed);
    return (uint32_t)hash;
}

/* Its place, or SIZE_MAX. */
static size_t find(const echo__item_table *table, echo_bytes id) {
    if (table->count == 0) return SIZE_MAX;
    uint32_t hash = hash_of(table, id);
    for (size_t mask = table->size - 1, i = hash & mask;; i = (i + 1) & mask) {
        const echo_item *item = table->items[i];
        if (item == NULL) return SIZE_MAX;
        if (table->hashes[i] == hash && is_item(item) && echo__bytes_equal(echo__bytes(item->id, item->id_len), id))
            return i;
    }
}

static void place(echo_item **items, uint32_t *hashes, size_t size, echo_item *item, uint32_t hash) {
    size_t i = hash & (size - 1);
    while (is_item(items[i])) i = (i + 1) & (size - 1);
    items[i] = item;
    hashes[i] = hash;
}

static bool rehash(echo__item_table *table, size_t size) {
    echo_item **items = echo__calloc(size, sizeof *items);
    uint32_t *hashes = echo__realloc_array(NULL, size, sizeof *hashes);
    if (items == NULL || hashes == NULL) {
        echo__free(items);
        echo__free(hashes);
        return false;
    }
    for (size_t i = 0; i < table->size; i++)
        if (is_item(table->items[i])) place(items, hashes, size, table->items[i], table->hashes[i]);
    echo__free(table->items);
    echo__free(table->hashes);
    table->items = items;
    table->hashes = hashes;
    table->size = size;
    table->used = table->count;
    return true;
}

echo_item *echo__item_table_get(const echo__item_table *table, echo_bytes id) {
    size_t i = table->count > 0 ? find(table, id) : SIZE_MAX; /* a walk looks for every id */
    return i == SIZE_MAX ? NULL : table->items[i];
}

bool echo__item_table_put(echo__item_table *table, echo_item *item) {
    if ((table->used + 1) * 4 > table->size * 3) {
        size_t size = 16;
        while (size * 3 < (table->count + 1) * 6) size *= 2; /* at most half full after a rehash */
        if (!rehash(table, size)) return false;
    }
    place(table->items, table->hashes, table->size, item, hash_of(table, echo__bytes(item->id, item->id_len)));
    table->count++;
    table->used++; /* a removed place may be taken again; `used` then over-counts, which only rehashes sooner */
    return true;
}

void echo__item_table_remove(echo__item_table *table, const echo_item *item) {
    size_t i = find(table, echo__bytes(item->id, item->id_len));
    if (i == SIZE_MAX) return;
    table->items[i] = (echo_item *)(uintptr_t)&tombstone; /* never looked into */
    table->count--;
}

echo_item *echo__item_table_next(const echo__item_table *table, size_t *at) {
    while (*at < table->size) {
        echo_item *item = table->items[(*at)++];
        if (is_item(item)) return item;
    }
    return NULL;
}
