/*
 * echo/model.h: models and their registry. A model is a table of functions that applies mutations to the states of its
 * items. docs/WRITING-A-MODEL.md is the guide; this page is the contract.
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

/* What `create` learns about the item. Views, valid during the call. */
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

/*
 * The output of a `snapshot_raw` hook. Errors are kept: the hook may ignore them, the library checks once at the end.
 * data may be NULL only when len is 0.
 */
typedef struct echo_writer echo_writer;
void echo_writer_write(echo_writer *writer, const void *data, size_t len);

/*
 * All hooks are called on the party's thread. They may not change or walk the party: that is ECHO_ERR_BUSY
 * (echo/party.h, "Calling back"). A hook's error code is returned to the host unchanged. A hook that fails may fill
 * err->message; the library adds item, feed and seq. ctx is the pointer that was given at registration.
 */
typedef struct echo_model_ops {
    uint32_t version;       /* ECHO_MODEL_OPS_VERSION */
    const char *type;       /* the model's type; copied */
    uint32_t state_version; /* version of what `snapshot` writes, 1 or more */
    uint32_t reads_from;    /* the oldest stored version that `restore` reads; 0: state_version only */

    /* Required. Makes the empty state of an item. On error *state is ignored and destroy is not called. */
    echo_status (*create)(void **state, void *ctx, const echo_item_info *item);
    /* Required. Frees a state. Called exactly once for each state that create made. */
    void (*destroy)(void *ctx, void *state);
    /*
     * Required. Applies one mutation, all or nothing, to this state alone: there may be several states of one item,
     * such as a copy on which a mutation is tried before it is written. ECHO_ERR_CORRUPT, _REFUSED, _LIMIT and
     * _UNSUPPORTED mean that this mutation can never be applied: the item continues without it, its bytes are kept, and
     * it is reported. Any other error (such as ECHO_ERR_NOMEM) means "not now": the message stays uncovered and is
     * tried again.
     *
     * A model with snapshot hooks receives mutations in an order that respects causality. Concurrent mutations may come
     * in any order, and the state must not depend on that order (use the stamp). A model without snapshot hooks
     * receives them in the one canonical order: if one arrives late, the state is destroyed and made anew, and all are
     * applied again.
     */
    echo_status (*apply)(void *ctx, void *state, const echo_mutation *mutation, echo_error *err);

    /* Optional pair, JSON flavour. Equal states must give equal values; the order of an object's keys does not matter.
     */
    /*
     * Makes a cJSON value that holds the whole state (`view` may leave things out). The caller owns *out and frees it
     * with cJSON_Delete(). Called between messages, and directly before `apply` for an item that is to be saved as it
     * was; the message waits meanwhile (P7).
     */
    echo_status (*snapshot)(struct cJSON **out, void *ctx, const void *state, echo_error *err);
    /*
     * Fills a state that `create` just made with a stored value, which `snapshot` wrote at version `stored`
     * (reads_from..state_version). The hook may detach parts of `value` and keep them; the library deletes the rest.
     * Integers above 2^53 are cJSON_Raw with their digits. On error the state is destroyed and the item stays opaque.
     */
    echo_status (*restore)(void *ctx, void *state, uint32_t stored, struct cJSON *value, echo_error *err);

    /* Optional pair, raw flavour: the same with bytes instead of cJSON. A table has one pair, the other, or neither. */
    echo_status (*snapshot_raw)(echo_writer *out, void *ctx, const void *state, echo_error *err);
    echo_status (*restore_raw)(void *ctx, void *state, uint32_t stored, echo_bytes value, echo_error *err);

    /* Optional. Makes a cJSON object for people and queries. The caller owns *out and frees it with cJSON_Delete(). */
    echo_status (*view)(struct cJSON **out, void *ctx, const void *state, echo_error *err);

    /*
     * Optional. Returns what `apply` would return for this mutation of the host's own, and changes nothing. Called
     * before a message is appended: what is refused is not written. Without this hook the library applies the mutation
     * to a copy of the state, which `snapshot` and `restore` make (or `create` and `apply`, from all mutations, for a
     * model without them): give it where states are large or histories long.
     */
    echo_status (*check)(void *ctx, const void *state, const echo_mutation *mutation, echo_error *err);
} echo_model_ops;

typedef struct echo_registry echo_registry;

/*
 * A registry may be shared by the parties of one thread and must outlive them. Models may be registered at any time,
 * also while parties are open: items of that model, which were opaque until then, get their state when they are next
 * read.
 */
echo_status echo_registry_new(echo_registry **out) ECHO_MUST_USE;
void echo_registry_free(echo_registry *registry);
/*
 * Checks the table (version, type, required hooks, complete pairs, one flavour, 1 <= reads_from <= state_version) and
 * copies it. ECHO_ERR_INVALID: the message says what is wrong. ECHO_ERR_EXISTS: the type is registered already.
 * ECHO_ERR_VERSION: the table has an unknown version.
 */
echo_status echo_registry_add(echo_registry *registry, const echo_model_ops *ops, void *ctx,
                              echo_error *err) ECHO_MUST_USE;
/* Adds the library's object model under both of its names, ECHO_MODEL_OBJECT and ECHO_MODEL_OBJECT_OLD. */
echo_status echo_registry_add_object(echo_registry *registry, echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
