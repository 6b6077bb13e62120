/*
 * The items of a set by id. As base/map.h, but a place takes 12 bytes: the key is in the item.
 */
#ifndef ECHO_PARTY_ITEM_TABLE_H
#define ECHO_PARTY_ITEM_TABLE_H

#include "party/item.h"

typedef struct echo__item_table {
    echo_item **items; /* NULL: empty; see item_table.c for removed ones */
    uint32_t *hashes;
    size_t size;  /* a power of two, or 0 */
    size_t count; /* items */
    size_t used;  /* items and removed ones */
    uint8_t seed[16];
} echo__item_table;

void echo__item_table_init(echo__item_table *table);
void echo__item_table_free(echo__item_table *table); /* not the items */
echo_item *echo__item_table_get(const echo__item_table *table, echo_bytes id);
/* Adds an item whose id is not in the table. false: out of memory, nothing changed. */
bool echo__item_table_put(echo__item_table *table, echo_item *item);
void echo__item_table_remove(echo__item_table *table, const echo_item *item);
/* Walks the items in no particular order: start with *at = 0; NULL at the end. Removing the item just returned is
 * allowed. */
echo_item *echo__item_table_next(const echo__item_table *table, size_t *at);

#endif
