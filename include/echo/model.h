/*
 * echo/model.h: models give items their meaning: a table of functions per model type, gathered in a registry.
 * docs/WRITING-A-MODEL.md is the guide; this page is the contract.
 */
#ifndef ECHO_MODEL_H
#define ECHO_MODEL_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cJSON;

#define ECHO_MODEL_OPS_VERSION 1u

/* A model type is a URL or any other UTF-8 text of 1 to this many bytes. */
#define ECHO_MODEL_TYPE_BYTES_MAX 256u

/* What a model is told of its item at creation. Views. */
typedef struct echo_item_info {
    const char *id;
    const char *type; /* NULL when the item has none */
    const char *model;
} echo_item_info;

/*
 * One mutation. (time, feed, seq) is its stamp; stamps are totally ordered in that order, keys bytewise, and the order
 * extends causality: a mutation whose writer had seen another has the greater stamp. All peers compute the same stamps.
 */
typedef struct echo_mutation {
    echo_bytes bytes;
    uint64_t time; /* logical time */
    echo_key feed;
    uint64_t seq;
} echo_mutation;

/* Where a raw `snapshot` hook writes. Errors stick: write on, the library checks once. data is NULL only with len 0. */
typedef struct echo_writer echo_writer;
void echo_writer_write(echo_writer *writer, const void *data, size_t len);

/*
 * All hooks are called on the thread that owns the party. A hook may not call the party. Its status passes through
 * unchanged; a hook that fails may fill err->message, the library fills in item, feed and seq. ctx is what was given at
 * registration.
 */
typedef struct echo_model_ops {
    uint32_t version;       /* ECHO_MODEL_OPS_VERSION; the groups below belong to version 1 */
    const char *type;       /* the model's type; copied */
    uint32_t state_version; /* of what `snapshot` writes, 1 or more */
    uint32_t reads_from;    /* the oldest stored version that `restore` reads; 0 means state_version alone */

    /* Required. Makes the state of a new item. On error nothing is kept and destroy is not called. */
    echo_status (*create)(void **state, void *ctx, const echo_item_info *item);
    /* Required. Called exactly once per state that create made. */
    void (*destroy)(void *ctx, void *state);
    /*
     * Required. Applies one mutation, all or nothing. ECHO_ERR_CORRUPT, _REFUSED, _LIMIT and _UNSUPPORTED say that
     * these bytes can never be applied: the item goes on without them, they are kept and reported. Any other error
     * (ECHO_ERR_NOMEM) means "not now": the message stays uncovered and is tried again.
     *
     * A model with snapshot hooks gets mutations in an order that respects causality, in which concurrent ones may come
     * in any order, and must end in the same state whatever that order was (the stamp helps). A model without gets them
     * in the one canonical order: when one arrives late, the state is destroyed, made anew and all are applied again.
     */
    echo_status (*apply)(void *ctx, void *state, const echo_mutation *mutation, echo_error *err);

    /* Optional pair, JSON flavour. The same state must give the same value, whatever the order of its keys. */
    /*
     * Makes a cJSON value that tells the whole state; the caller owns it. Not the same as `view`. Called between
     * messages, and right before `apply` for an item that is to be saved as it was: the message waits for it (P7).
     */
    echo_status (*snapshot)(struct cJSON **out, void *ctx, const void *state, echo_error *err);
    /*
     * Fills a state fresh from create with a stored value, written by `snapshot` at version `stored`
     * (reads_from..state_version). The hook may detach parts of `value` and keep them; what it leaves the library
     * deletes. Integers above 2^53 come as cJSON_Raw digits. On error the state is destroyed and the item kept as it
     * is, as bytes.
     */
    echo_status (*restore)(void *ctx, void *state, uint32_t stored, struct cJSON *value, echo_error *err);

    /* Optional pair, raw flavour: bytes instead of cJSON. A table has one pair or the other or neither. */
    echo_status (*snapshot_raw)(echo_writer *out, void *ctx, const void *state, echo_error *err);
    echo_status (*restore_raw)(void *ctx, void *state, uint32_t stored, echo_bytes value, echo_error *err);

    /* Optional. A cJSON object for people and queries: what `properties` shows. The caller owns it. */
    echo_status (*view)(struct cJSON **out, void *ctx, const void *state, echo_error *err);
} echo_model_ops;

typedef struct echo_registry echo_registry;

/*
 * A registry may be shared by parties of one thread and must outlive them. Models can be registered at any time, also
 * while parties are open: items of that model, kept as bytes until then, get their state when next touched.
 */
echo_status echo_registry_new(echo_registry **out) ECHO_MUST_USE;
void echo_registry_free(echo_registry *registry);
/*
 * Checks the table (version, type, required hooks, whole pairs, one flavour, 1 <= reads_from <= state_version) and
 * copies it. ECHO_ERR_INVALID names the fault; ECHO_ERR_EXISTS when the type is taken; ECHO_ERR_VERSION for a table of
 * a newer version.
 */
echo_status echo_registry_add(echo_registry *registry, const echo_model_ops *ops, void *ctx,
                              echo_error *err) ECHO_MUST_USE;
/* The library's object model under both of its names, ECHO_MODEL_OBJECT and ECHO_MODEL_OBJECT_OLD. */
echo_status echo_registry_add_object(echo_registry *registry, echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
