/*
 * The items of a party in memory, over the root of a snapshot: an item is loaded from the root when it is touched, and
 * gets its state from its model then. Items that changed since the root are in a list; the others can be evicted, least
 * recently used first.
 *
 * While a capture runs (capture.h) the items that it is about are in a list of their own, linked through the other of
 * an item's two links, and may be in the list of changed items as well: those changed since the cut.
 */
#ifndef ECHO_PARTY_ITEMS_H
#define ECHO_PARTY_ITEMS_H

#include "base/map.h"
#include "base/stamp.h"
#include "echo/party.h"
#include "model/log.h"
#include "model/registry.h"
#include "tree/cursor.h"

struct echo_item {
    char *id;
    size_t id_len;
    char *type, *model, *parent, *source, *target; /* NULL when absent */
    bool has_genesis, has_parent_at, has_deleted_at;
    bool deleted;
    echo__stamp genesis, parent_at, deleted_at;

    const echo__model *ops; /* the model that made `state`; NULL: kept as bytes */
    void *state;
    uint32_t stored_version; /* of the bytes below; 0: none are stored */
    bool stored_raw;         /* base64 of a raw model, not a JSON value */
    echo__buf stored;        /* as in the record; dropped once the state is made */
    echo__log log; /* all mutations (model without hooks, or not at hand without stored state); otherwise those that are
                      not in the state: waiting for the model, or refused by it */
    uint64_t tried; /* registry generation at which making the state failed, plus 1 */

    bool in_root;           /* of a captured item: as of the root before it */
    const char *root_model; /* model and version that the root counts it under; interned */
    uint32_t root_version;
    uint32_t cut_version; /* the same of the record that was captured */
    const char *cut_model;
    struct echo_item *link[2]; /* the list of changed items and that of the capture, which change places at each cut */
    bool listed[2];            /* whether it is in them */
    bool taken;                /* its record of the capture is */
    struct echo__copied *copied;     /* that record, taken before its turn because the item changed since */
    struct echo_item *newer, *older; /* the items that can be evicted: not changed, not being captured, in the root */
    bool evictable;                  /* in that list */
    uint64_t weight;                 /* bytes it takes, estimated */
};

typedef struct echo__items {
    echo__map map;
    const echo_registry *registry;
    echo__chunks *chunks; /* NULL: there is no root */
    const echo__root *root;
    echo_item *changed; /* most recently changed first */
    size_t changed_count;
    unsigned side;                 /* which link that list uses */
    struct echo__capture *capture; /* the one that runs, or NULL */
    echo_item *newest, *oldest;    /* items that can be evicted */
    uint64_t weight;               /* of all items in memory */
    uint64_t evictable_weight;     /* of those */
    uint64_t limit;                /* what `weight` should not pass; 0: none */
    uint64_t evicted;
    char **names; /* interned */
    size_t names_count, names_cap;
    echo_clock_fn clock; /* for what loading costs; NULL: it is not measured */
    void *clock_arg;
    uint64_t loads;
    uint64_t load_ns;              /* what one costs whose leaf is at hand, measured on some; 0: none was */
    uint64_t leaf_ns;              /* what reading a leaf costs besides */
    const echo__model *last_model; /* of the item that the last message changed, or NULL */
    uint64_t added;                /* items that are not in the root */
    uint64_t hydrated;
    uint64_t refused;
    echo_refused_fn on_refused;
    void *on_refused_arg;
} echo__items;

/* Since the root, or since the cut. */
static inline bool echo__item_changed(const echo__items *items, const echo_item *item) {
    return item->listed[items->side];
}
static inline bool echo__item_captured(const echo__items *items, const echo_item *item) {
    return item->listed[1u - items->side];
}

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
 * Applies an item message, all or nothing. Messages that break a limit or that the model refuses are passed over:
 * ECHO_OK, counted and told. Any other error means "not now".
 */
echo_status echo__items_apply(echo__items *items, const echo__stamp *stamp, const echo_message *message,
                              echo_error *err) ECHO_MUST_USE;
/* Tells a message that was passed over. */
void echo__items_refuse(echo__items *items, const echo__stamp *stamp, echo_bytes id, const echo_error *problem);
void echo__items_touch(echo__items *items, echo_item *item); /* marks it changed */
/* How many changed since the last snapshot. */
uint64_t echo__items_unsaved(const echo__items *items);
/* Whether the party's root holds the item. */
bool echo__items_in_root(const echo__items *items, const echo_item *item);
/* One copy of each name; NULL: out of memory. They live as long as the items. */
const char *echo__items_intern(echo__items *items, const char *name);

/* evict.c: items leave memory. Those that may are in a list, least recently used last. */
/* Estimates what an item takes, from the bytes of its record or from those that a message adds to it. */
void echo__items_weigh(echo__items *items, echo_item *item, size_t record_bytes);
void echo__items_weigh_more(echo__items *items, echo_item *item, size_t bytes);
/* Puts an item that was used just now in front, if it may be evicted: it is in the root, and neither changed nor being
 * captured. */
void echo__items_settle(echo__items *items, echo_item *item);
/* Takes it out of the list: it is about to change. */
void echo__items_hold(echo__items *items, echo_item *item);
#define ECHO__EVICT_ITEMS 32u /* per call of the host */
/* Evicts up to `most` items while all together weigh more than the limit. Pointers to items are void then. false: none
 * was left to evict. */
bool echo__items_evict(echo__items *items, size_t most);

/* item_state.c: making and changing states. */
echo_status echo__item_hydrate(echo__items *items, echo_item *item, echo_error *err) ECHO_MUST_USE;
/* Puts a mutation into state or log. *kept_out is set when the model refused it (it is in the log then); problem says
 * why. */
echo_status echo__item_mutate(echo_item *item, const echo__stamp *stamp, echo_bytes bytes, bool *refused,
                              echo_error *err) ECHO_MUST_USE;
void echo__item_drop_state(echo_item *item);
bool echo__status_refuses(echo_status status);

/* item_record.c: items to records and back. */
echo_status echo__item_new(echo_item **out, echo_bytes id) ECHO_MUST_USE;
void echo__item_free(echo_item *item);
echo_status echo__item_load(echo_item **out, echo__chunks *chunks, echo_bytes line, echo_error *err) ECHO_MUST_USE;
/* Where chunks go that a record names. */
typedef struct echo__sink {
    echo_status (*put)(void *arg, echo_hash *name, echo_bytes chunk, echo_error *err);
    void *arg;
} echo__sink;
echo__sink echo__chunks_sink(echo__chunks *chunks);
/* A credential's record: id and stored bytes alone. */
echo_status echo__credential_load(echo_item **out, echo__chunks *chunks, echo_bytes line,
                                  echo_error *err) ECHO_MUST_USE;
/* Appends a record's line; a payload that would make it too long is put as a blob, which the record then names. */
echo_status echo__record_put(echo__buf *out, echo__record *record, const echo__sink *sink,
                             echo_error *err) ECHO_MUST_USE;
/* Appends the item's line; long payloads and log segments go to the sink. *version: what the record says. */
echo_status echo__item_record(echo__buf *out, echo_item *item, const echo__sink *sink, uint32_t *version,
                              echo_error *err) ECHO_MUST_USE;
/* Appends the same line and leaves the item as it was: the chunks that the line names are hashed, and put nowhere. */
echo_status echo__item_line(echo__buf *out, echo_item *item, echo_error *err) ECHO_MUST_USE;

#endif
