/*
 * An item in memory: its texts, its stamps, its state or the bytes the state is made from, and its mutations. What
 * is done with it is in item_record.h (to and from a record), item_state.h (its state) and items.h (all items of a
 * party), each of which says which of the fields it keeps.
 *
 * Most items are read and never change. Such an item is folded: one block of memory holds it, its texts, the bytes of
 * its state and the state itself, and what many items have in common is kept once, in names. Before an item changes it
 * is unfolded: its texts are its own then, its stored bytes are complete, and it has `more`.
 */
#ifndef ECHO_PARTY_ITEM_H
#define ECHO_PARTY_ITEM_H

#include "base/buf.h"
#include "base/stamp.h"
#include "echo/party.h"
#include "model/log.h"
#include "model/registry.h"
#include "party/names.h"

/* What few items have, or only those that change. */
typedef struct echo__item_more {
    char *source, *target;    /* NULL when absent */
    char *of_type, *of_model; /* what the stored state was made for; of_model NULL: for the item's own type and model */
    echo__stamp genesis, parent_at, deleted_at; /* those that the item has */
    echo__log log; /* all mutations, if the model has no hooks or there are no state and no bytes. Otherwise those that
                      are not in the state: they wait for the model, or the model refused them */

    /* Names of models that the root counts the item under, and will count it under; interned. */
    const char *root_model;
    /* The capture's (capture.h). */
    const char *cut_model;
    uint32_t cut_version;        /* as root_version, of the record that was captured */
    struct echo__copied *copied; /* the record, if it was copied before its turn because the item changed */
} echo__item_more;

/* Bytes from a record. */
typedef struct echo__item_bytes {
    const uint8_t *data; /* NULL: none */
    uint32_t len;        /* a chunk is shorter than 4 GiB */
    bool owned;          /* otherwise they are in the item's block */
} echo__item_bytes;

struct echo_item {
    char *id; /* in the block */
    uint32_t id_len;
    uint32_t stored_version;     /* of `stored`; 0: none are stored */
    char *type, *model, *parent; /* NULL when absent. Unfolded: each its own memory; folded: in the block, or names */
    echo__item_more *more;       /* NULL: none of that */
    struct {                     /* the genesis, without `more` */
        uint64_t time, seq;
        const echo__name *feed;
    } born;

    const echo__model *ops; /* the model that made `state`; NULL: the item is kept as bytes */
    void *state;
    echo__item_bytes stored; /* as in the record; freed once no state reads it (item_state.h) */
    /* Folded: the keys of the feeds that the stored state lacks, which it begins with in the record. NULL: it is
     * complete. */
    const echo__name *feeds;
    /* What was borrowed from the state is stale once `generation` has moved; the set moves *epoch when items leave it,
     * this one perhaps. NULL: in no set. */
    const uint64_t *epoch;
    uint32_t generation;
    uint32_t tried; /* registry generation at which making the state failed, plus 1 */
    bool has_genesis : 1, has_parent_at : 1, has_deleted_at : 1;
    bool deleted : 1;
    bool folded : 1;
    bool has_room : 1;   /* the block has room for a state of the item's model */
    bool stored_raw : 1; /* base64 of a raw model, not a JSON value */

    /* The set's (items.h) and the capture's (capture.h). */
    bool in_root : 1;   /* of a captured item: in the root before the one being written */
    bool taken : 1;     /* the capture has its record */
    bool evictable : 1; /* in the list of items that may leave memory (evict.h), never while it is in one of the others
                         */
    bool listed[2];     /* whether it is in the list of changed items and in the capture's */
    uint32_t root_version; /* that the root counts it under */
    uint32_t weight;       /* bytes the item takes, estimated; what is more than 4 GiB is not counted */
    union {
        struct echo_item *link[2]; /* of the two lists, which swap links at each cut */
        struct {
            struct echo_item *newer, *older; /* of that list */
        };
    };
};

/* An item with an id and nothing else, unfolded. ECHO_ERR_NOMEM. */
echo_status echo__item_new(echo_item **out, echo_bytes id) ECHO_MUST_USE;

/* What a folded item is made of. Texts that are absent have no data. */
typedef struct echo__item_parts {
    echo_bytes id, type, model, parent; /* of type and model: only what is not shared */
    size_t stored;                      /* bytes to make room for */
    const echo__state_room *room;       /* of the state; NULL: none */
    bool more;
} echo__item_parts;
/* A folded item in one block. *stored: where its bytes are to be written; those of `more` are zero. *size: of the
 * block. ECHO_ERR_NOMEM. */
echo_status echo__item_make(echo_item **out, uint8_t **stored, size_t *size,
                            const echo__item_parts *parts) ECHO_MUST_USE;
void echo__item_free(echo_item *item);

/* Makes the stored bytes complete. ECHO_ERR_NOMEM: nothing has changed. */
echo_status echo__item_complete(echo_item *item) ECHO_MUST_USE;
/* To be called before an item changes. ECHO_ERR_NOMEM: as a whole nothing has changed. */
echo_status echo__item_unfold(echo_item *item) ECHO_MUST_USE;
/* Appends a state without its feeds as it is with them. */
void echo__item_put_state(echo__buf *out, const echo__name *feeds, echo_bytes state);

/* The room in the item's block for a state of its model, or NULL. */
void *echo__item_room(const echo_item *item);
/* Destroys the state, with the bytes that it read; the log stays as it is. */
void echo__item_drop_state(echo_item *item);
/* Destroys a state that the model made for this item. */
void echo__item_destroy_state(const echo_item *item, const echo__model *model, void *state);
void echo__item_bytes_free(echo__item_bytes *stored);

static inline echo_bytes echo__item_stored(const echo_item *item) {
    return echo__bytes(item->stored.data, item->stored.len);
}
/*
 * Whether the stored state is foreign: made for another type or model than the item's, before a genesis with a lower
 * stamp arrived. The model, which may be NULL, cannot read it then.
 */
bool echo__item_is_foreign(const echo_item *item, const echo__model *model);
/* The stored state is gone. */
void echo__item_forget_of(echo_item *item);
/* The stamp of the genesis, of an item that has one. */
void echo__item_genesis(echo__stamp *out, const echo_item *item);
/* The mutations that are not in the state; an empty log when the item has none. */
const echo__log *echo__item_log(const echo_item *item);

#endif
