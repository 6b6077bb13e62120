#include "base/map.h"

#include <sodium.h>
#include <string.h>

#include "base/alloc.h"

static const char tombstone = 0; /* its address marks a slot whose value was removed */

void echo__map_init(echo__map *map) {
    memset(map, 0, sizeof *map);
    randombytes_buf(map->seed, sizeof map->seed);
}

void echo__map_free(echo__map *map) {
    echo__free(map->slots);
    map->slots = NULL;
    map->mask = map->count = map->used = 0;
}

static uint32_t hash_of(const echo__map *map, const void *key, size_t len) {
    static const uint8_t nothing[1] = {0};
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, len == 0 ? nothing : key, len, map->seed);
    return (uint32_t)hash;
}

static echo__map_slot *find(const echo__map *map, const void *key, size_t len, uint32_t hash) {
    if (map->slots == NULL) return NULL;
    for (size_t i = hash & map->mask;; i = (i + 1) & map->mask) {
        echo__map_slot *slot = &map->slots[i];
        if (slot->key == NULL) {
            if (slot->value == NULL) return NULL;
            continue; /* removed */
        }
        if (slot->hash == hash && slot->len == len && (len == 0 || memcmp(slot->key, key, len) == 0)) return slot;
    }
}

void *echo__map_get(const echo__map *map, const void *key, size_t len) {
    if (map->count == 0) return NULL;
    echo__map_slot *slot = find(map, key, len, hash_of(map, key, len));
    return slot == NULL ? NULL : slot->value;
}

static void place(echo__map_slot *slots, size_t mask, const echo__map_slot *entry) {
    size_t i = entry->hash & mask;
    while (slots[i].key != NULL) i = (i + 1) & mask;
    slots[i] = *entry;
}

static bool rehash(echo__map *map, size_t size) {
    echo__map_slot *slots = echo__calloc(size, sizeof *slots);
    if (slots == NULL) return false;
    if (map->slots != NULL)
        for (size_t i = 0; i <= map->mask; i++)
            if (map->slots[i].key != NULL) place(slots, size - 1, &map->slots[i]);
    echo__free(map->slots);
    map->slots = slots;
    map->mask = size - 1;
    map->used = map->count;
    return true;
}

bool echo__map_put(echo__map *map, const void *key, size_t len, void *value) {
    uint32_t hash = hash_of(map, key, len);
    echo__map_slot *slot = find(map, key, len, hash);
    if (slot != NULL) {
        slot->key = key;
        slot->value = value;
        return true;
    }
    if (map->slots == NULL || (map->used + 1) * 4 > (map->mask + 1) * 3) {
        size_t size = 16;
        while (size * 3 < (map->count + 1) * 6) size *= 2; /* at most half full after a rehash */
        if (!rehash(map, size)) return false;
    }
    echo__map_slot entry = {key, value, (uint32_t)len, hash};
    place(map->slots, map->mask,
          &entry); /* a removed slot may be taken again; `used` then over-counts, which only rehashes sooner */
    map->count++;
    map->used++;
    return true;
}

void *echo__map_remove(echo__map *map, const void *key, size_t len) {
    echo__map_slot *slot = map->count == 0 ? NULL : find(map, key, len, hash_of(map, key, len));
    if (slot == NULL) return NULL;
    void *value = slot->value;
    slot->key = NULL;
    slot->value = (void *)(uintptr_t)&tombstone; /* never looked into */
    map->count--;
    return value;
}

void *echo__map_next(const echo__map *map, size_t *at) {
    if (map->slots == NULL) return NULL;
    while (*at <= map->mask) {
        const echo__map_slot *slot = &map->slots[(*at)++];
        if (slot->key != NULL) return slot->value;
    }
    return NULL;
}
