/*
 * The registry from the inside: how a party finds the model of an item.
 */
#ifndef ECHO_MODEL_REGISTRY_H
#define ECHO_MODEL_REGISTRY_H

#include <echo/model.h>

#include "base/buf.h"
#include "model/state_room.h"

typedef struct echo__model {
    echo_model_ops ops; /* a copy; ops.type is the registry's, ops.reads_from is never 0 */
    void *ctx;
    bool has_hooks; /* snapshot and restore of either flavour; without them the library keeps a log */
    bool raw;       /* the hooks are the raw ones */
    /* Appends the text that the JSON hook's value prints as, in place of the hook; NULL for hosts' models. Errors as
     * the hook's. */
    echo_status (*text)(echo__buf *out, const void *state, echo_error *err);
    /* With `text`, in place of the JSON hook `restore`: makes a stored text the state, which reads it for as long as
     * borrows() is true (model/object_frozen.h). */
    echo_status (*restore_text)(void *state, uint32_t stored, echo_bytes text, echo_error *err);
    bool (*borrows)(const void *state);
    /* Whether `apply` would refuse the mutation, whatever the state; NULL: it depends on the state. */
    echo_status (*judge)(echo_bytes mutation, echo_error *err);
    const echo__state_room *room; /* NULL: `create` makes states */
} echo__model;

/* NULL when none exists. The pointer stays valid as long as the registry. */
const echo__model *echo__registry_find(const echo_registry *registry, echo_bytes type);
const echo__model *echo__registry_find_text(const echo_registry *registry, const char *type);
/* Grows with every model added: a party compares it to notice late registrations. */
uint64_t echo__registry_generation(const echo_registry *registry);

#endif
