/*
 * A hash map from bytes to pointers: open addressing, SipHash with a key of its own, so that chosen ids cannot pile up.
 * The map borrows the keys: they live in the values and must stay where they are while they are in the map.
 * A key is shorter than 4 GiB.
 */
#ifndef ECHO_BASE_MAP_H
#define ECHO_BASE_MAP_H

#include <echo/base.h>

typedef struct echo__map_slot {
    const uint8_t *key; /* NULL: empty, or deleted when value is the tombstone */
    void *value;
    uint32_t len;
    uint32_t hash; /* maps of 2^32 slots still have one for each */
} echo__map_slot;

typedef struct echo__map {
    echo__map_slot *slots;
    size_t mask;  /* slots - 1, 0 when there are none */
    size_t count; /* live */
    size_t used;  /* live and deleted */
    uint8_t seed[16];
} echo__map;

void echo__map_init(echo__map *map);
void echo__map_free(echo__map *map); /* the slots, not the values */
void *echo__map_get(const echo__map *map, const void *key, size_t len);
/* Adds or replaces. false: out of memory, nothing changed. value must not be NULL. */
bool echo__map_put(echo__map *map, const void *key, size_t len, void *value);
/* The value that was removed, or NULL. */
void *echo__map_remove(echo__map *map, const void *key, size_t len);
/* Walks the values in no particular order: start with *at = 0; NULL at the end. Removing the value just returned is
 * allowed. */
void *echo__map_next(const echo__map *map, size_t *at);

#endif
