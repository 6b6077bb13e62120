/*
 * Models by stored version: the number of items that the roots hold of each, and whether the host can read them.
 */
#ifndef ECHO_PARTY_MODELS_H
#define ECHO_PARTY_MODELS_H

#include <stddef.h>

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
/* ECHO_ERR_NOMEM: *out is empty. */
echo_status echo__models_copy(echo__model_counts *out, const echo__model_counts *counts) ECHO_MUST_USE;
/* Adds `change` to a count; a pair without items has no entry. ECHO_ERR_CORRUPT: the count would be negative. */
echo_status echo__models_add(echo__model_counts *counts, const char *model, uint32_t version,
                             int64_t change) ECHO_MUST_USE;

/* Whether the model is registered but does not read this stored version. Foreign states are stale whatever models are
 * registered (tree/record.h). */
bool echo__model_is_stale(const echo_registry *registry, const char *model, uint32_t version);
/* Whether the host cannot make states of such items: the model is stale or not registered. */
bool echo__model_is_opaque(const echo_registry *registry, const char *model, uint32_t version);

#endif
