/*
 * Models by stored version: the number of items that the roots hold of each, and whether the host can read them.
 */
#ifndef ECHO_PARTY_MODELS_H
#define ECHO_PARTY_MODELS_H

#include <stddef.h>

#include "base/map.h"
#include "model/registry.h"

/* The number of items in the roots of a (model, stored version) pair; version 0: items with a log only;
 * ECHO__VERSION_FOREIGN: items with a state of another genesis. */
typedef struct echo__model_count {
    char *model;
    uint32_t version;
    uint64_t items;
    bool opaque; /* when last counted, the host could not make their states */
} echo__model_count;

typedef struct echo__model_counts {
    echo__model_count *list; /* ascending by (model, version) */
    size_t count, cap;
} echo__model_counts;

void echo__models_free(echo__model_counts *counts);
/* Adds an entry at the end. ECHO_ERR_INVALID: it is not above the last one. */
echo_status echo__models_append(echo__model_counts *counts, const char *model, uint32_t version,
                                uint64_t items) ECHO_MUST_USE;
/* The entry of a pair; NULL: there is none. */
const echo__model_count *echo__models_find(const echo__model_counts *counts, echo_bytes model, uint32_t version);

/* Changes of counts, in any order: a party may have very many models, since members name them. */
typedef struct echo__model_changes {
    echo__map by_pair;
} echo__model_changes;
void echo__model_changes_init(echo__model_changes *changes);
void echo__model_changes_free(echo__model_changes *changes);
echo_status echo__model_changes_add(echo__model_changes *changes, const char *model, uint32_t version,
                                    int64_t change) ECHO_MUST_USE;
/*
 * The counts after the changes; a pair without items has no entry. *out is empty on failure. ECHO_ERR_CORRUPT: a count
 * would be negative.
 */
echo_status echo__models_changed(echo__model_counts *out, const echo__model_counts *before,
                                 const echo__model_changes *changes) ECHO_MUST_USE;

/* Whether the model is registered but does not read this stored version. Foreign states are stale whatever models are
 * registered (tree/record.h). */
bool echo__model_is_stale(const echo_registry *registry, const char *model, uint32_t version);
/* Whether the host cannot make states of such items: the model is stale or not registered. */
bool echo__model_is_opaque(const echo_registry *registry, const char *model, uint32_t version);

#endif
