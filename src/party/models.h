/*
 * Models by stored version: how many items the roots hold of each, and whether the host reads them.
 */
#ifndef ECHO_PARTY_MODELS_H
#define ECHO_PARTY_MODELS_H

#include <stddef.h>

#include "model/registry.h"

/* How many items of the roots a (model, stored version) pair has; version 0: logs alone. */
typedef struct echo__model_count {
    char *model;
    uint32_t version;
    uint64_t items;
    bool opaque; /* when last counted, the host could not make states of them */
} echo__model_count;

typedef struct echo__model_counts {
    echo__model_count *list; /* ascending by (model, version) */
    size_t count, cap;
} echo__model_counts;

void echo__models_free(echo__model_counts *counts);
/* ECHO_ERR_NOMEM: *out is empty. */
echo_status echo__models_copy(echo__model_counts *out, const echo__model_counts *counts) ECHO_MUST_USE;
/* Adds to a count, or subtracts from it; a pair without items has no entry. ECHO_ERR_CORRUPT: there are not that many.
 */
echo_status echo__models_add(echo__model_counts *counts, const char *model, uint32_t version,
                             int64_t change) ECHO_MUST_USE;

/* Whether the host has the model and does not read that stored form of it. */
bool echo__model_is_stale(const echo_registry *registry, const char *model, uint32_t version);
/* Whether the host cannot make states of it: the model is stale or not registered. */
bool echo__model_is_opaque(const echo_registry *registry, const char *model, uint32_t version);

#endif
