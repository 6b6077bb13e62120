/*
 * An item in memory: its texts, its stamps, its state or the bytes the state is made from, and its mutations. What
 * is done with it is in item_record.h (to and from a record), item_state.h (its state) and items.h (all items of a
 * party), each of which says which of the fields it keeps.
 */
#ifndef ECHO_PARTY_ITEM_H
#define ECHO_PARTY_ITEM_H

#include "base/buf.h"
#include "base/stamp.h"
#include "echo/party.h"
#include "model/log.h"
#include "model/registry.h"

struct echo_item {
    char *id;
    size_t id_len;
    char *type, *model, *parent, *source, *target; /* NULL when absent */
    bool has_genesis, has_parent_at, has_deleted_at;
    bool deleted;
    echo__stamp genesis, parent_at, deleted_at;

    const echo__model *ops; /* the model that made `state`; NULL: the item is kept as bytes */
    void *state;
    uint32_t stored_version; /* of the bytes below; 0: none are stored */
    bool stored_raw;         /* base64 of a raw model, not a JSON value */
    echo__buf stored;        /* as in the record; freed once no state reads it (item_state.h) */
    echo__log log;  /* all mutations, if the model has no hooks or there are no state and no bytes. Otherwise those that
                       are not in the state: they wait for the model, or the model refused them */
    uint64_t tried; /* registry generation at which making the state failed, plus 1 */
    /* What was borrowed from the state is stale once `generation` has moved; the set moves *epoch when items leave it,
     * this one perhaps. NULL: in no set. */
    uint64_t generation;
    const uint64_t *epoch;

    /* The set's (items.h) and the capture's (capture.h). */
    bool in_root;           /* of a captured item: in the root before the one being written */
    const char *root_model; /* model and version that the root counts it under; interned */
    uint32_t root_version;
    uint32_t cut_version; /* the same of the record that was captured */
    const char *cut_model;
    struct echo_item *link[2]; /* of the list of changed items and of the capture's; the lists swap links at each cut */
    bool listed[2];            /* whether it is in those lists */
    bool taken;                /* the capture has its record */
    struct echo__copied *copied; /* that record, if it was copied before its turn because the item changed */

    /* The list of items that may leave memory (evict.h). */
    struct echo_item *newer, *older;
    bool evictable;  /* in that list */
    uint64_t weight; /* bytes the item takes, estimated */
};

/* An item with an id and nothing else. ECHO_ERR_NOMEM. */
echo_status echo__item_new(echo_item **out, echo_bytes id) ECHO_MUST_USE;
void echo__item_free(echo_item *item);
/* Destroys the state, with the bytes that it read; the log stays as it is. */
void echo__item_drop_state(echo_item *item);

#endif
