/*
 * The items of a party in memory, over the root of a snapshot: an item is loaded from the root when it is touched, and gets its state
 * from its model then. Items that changed since the root are in a list of their own.
 */
#ifndef ECHO_PARTY_ITEMS_H
#define ECHO_PARTY_ITEMS_H

#include "base/map.h"
#include "base/stamp.h"
#include "echo/party.h"
#include "model/log.h"
#include "model/registry.h"
#include "tree/tree.h"

struct echo_item {
    char *id;
    size_t id_len;
    char *type, *model, *parent, *source, *target; /* NULL when absent */
    bool has_genesis, has_parent_at, has_deleted_at;
    bool deleted;
    echo__stamp genesis, parent_at, deleted_at;

    const echo__model *ops;    /* the model that made `state`; NULL: kept as bytes */
    void *state;
    uint32_t stored_version;   /* of the bytes below; 0: none are stored */
    bool stored_raw;           /* base64 of a raw model, not a JSON value */
    echo__buf stored;          /* as in the record; dropped once the state is made */
    echo__log log;             /* all mutations (model without hooks, or not at hand without stored state); otherwise those that are not in
                                  the state: waiting for the model, or refused by it */
    uint64_t tried;            /* registry generation at which making the state failed, plus 1 */

    bool changed;              /* since the root; then in the list */
    bool in_root;
    uint32_t root_version;     /* model and version that the root counts it under */
    char *root_model;
    struct echo_item *prev, *next; /* list of changed items */
};

typedef struct echo__items {
    echo__map map;
    const echo_registry *registry;
    echo__chunks *chunks;      /* NULL: there is no root */
    const echo__root *root;
    echo_item *changed;        /* most recently changed first */
    size_t changed_count;
    uint64_t added;            /* items that are not in the root */
    uint64_t hydrated;
    uint64_t refused;
    echo_refused_fn on_refused;
    void *on_refused_arg;
} echo__items;

void echo__items_init(echo__items *items, const echo_registry *registry);
void echo__items_free(echo__items *items);

/* The item, loaded if need be, its state made if its model is at hand. ECHO_ERR_NOT_FOUND. */
echo_status echo__items_get(echo_item **out, echo__items *items, echo_bytes id, echo_error *err) ECHO_MUST_USE;
/* Makes the state of the item of that record; `line` is used when it is not in memory yet. */
echo_status echo__items_take(echo__items *items, echo_bytes id, echo_bytes line, echo_error *err) ECHO_MUST_USE;
/* The item as it is in memory, or NULL. */
echo_item *echo__items_peek(const echo__items *items, echo_bytes id);
/* Whether there is such an item, without making its state. */
echo_status echo__items_exists(bool *out, echo__items *items, echo_bytes id, echo_error *err) ECHO_MUST_USE;
/*
 * Applies an item message, all or nothing. Messages that break a limit or that the model refuses are passed over: ECHO_OK, counted and
 * told. Any other error means "not now".
 */
echo_status echo__items_apply(echo__items *items, const echo__stamp *stamp, const echo_message *message, echo_error *err) ECHO_MUST_USE;
/* Tells a message that was passed over. */
void echo__items_refuse(echo__items *items, const echo__stamp *stamp, echo_bytes id, const echo_error *problem);
void echo__items_touch(echo__items *items, echo_item *item); /* marks it changed */
/* Changed items become clean; drops nothing. For use after a publish, with the new root in place. */
void echo__items_clean(echo__items *items);

/* item_state.c: making and changing states. */
echo_status echo__item_hydrate(echo__items *items, echo_item *item, echo_error *err) ECHO_MUST_USE;
/* Puts a mutation into state or log. *kept_out is set when the model refused it (it is in the log then); problem says why. */
echo_status echo__item_mutate(echo_item *item, const echo__stamp *stamp, echo_bytes bytes, bool *refused, echo_error *err)
    ECHO_MUST_USE;
void echo__item_drop_state(echo_item *item);
bool echo__status_refuses(echo_status status);

/* item_record.c: items to records and back. */
echo_status echo__item_new(echo_item **out, echo_bytes id) ECHO_MUST_USE;
void echo__item_free(echo_item *item);
echo_status echo__item_load(echo_item **out, echo__chunks *chunks, echo_bytes line, echo_error *err) ECHO_MUST_USE;
/* A credential's record: id and stored bytes alone. */
echo_status echo__credential_load(echo_item **out, echo__chunks *chunks, echo_bytes line, echo_error *err) ECHO_MUST_USE;
/* Appends a record's line; a payload that would make it too long is put as a blob, which the record then names. */
echo_status echo__record_put(echo__buf *out, echo__record *record, echo__chunks *chunks, echo_error *err) ECHO_MUST_USE;
/* Appends the item's line; long payloads and log segments are put as chunks. *version: what the record says. */
echo_status echo__item_record(echo__buf *out, echo_item *item, echo__chunks *chunks, uint32_t *version, echo_error *err) ECHO_MUST_USE;

#endif
