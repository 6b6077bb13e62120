#include "party/rebuild.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/apply.h"
#include "party/item_state.h"
#include "party/models.h"

struct echo__rebuild {
    echo__items *party_items;
    echo__map wanted; /* id => wanted_id */
    struct wanted_id *ids;
    uint64_t count;
    echo__items items;     /* as they are rebuilt */
    echo_timeframe *clock; /* of the pass */
    echo_timeframe *until;
    echo__merge *merge;
    uint64_t target;
    size_t installed; /* place in the map of items */
};

typedef struct wanted_id {
    struct wanted_id *next;
    size_t len;
    char id[];
} wanted_id;

void echo__rebuild_free(echo__rebuild *rebuild) {
    if (rebuild == NULL) return;
    echo__merge_free(rebuild->merge);
    echo__items_free(&rebuild->items);
    echo_timeframe_free(rebuild->clock);
    echo_timeframe_free(rebuild->until);
    echo__map_free(&rebuild->wanted);
    for (struct wanted_id *id = rebuild->ids; id != NULL;) {
        struct wanted_id *next = id->next;
        echo__free(id);
        id = next;
    }
    echo__free(rebuild);
}

uint64_t echo__rebuild_items(const echo__rebuild *rebuild) { return rebuild == NULL ? 0 : rebuild->count; }

static bool admits(void *arg, const echo_key *feed) { /* every feed that is covered was admitted */
    const echo__rebuild *rebuild = arg;
    return echo_timeframe_get(NULL, rebuild->until, feed);
}

static echo_status accepts(void *arg, const echo_key *feed, const echo_message *message) {
    (void)arg;
    (void)feed;
    (void)message;
    return ECHO_ERR_REFUSED;
}

static echo_status want(echo__rebuild *rebuild, echo_bytes id, echo_error *err) {
    wanted_id *wanted = echo__malloc(sizeof *wanted + id.len);
    if (wanted == NULL) return echo__nomem(err);
    wanted->len = id.len;
    memcpy(wanted->id, id.data, id.len);
    wanted->next = rebuild->ids;
    rebuild->ids = wanted;
    if (!echo__map_put(&rebuild->wanted, wanted->id, wanted->len, wanted)) return echo__nomem(err);
    rebuild->count++;
    return ECHO_OK;
}

/* Finds the items whose record has a stale model; reads only heads. */
static echo_status find_wanted(echo__rebuild *rebuild, echo_error *err) {
    const echo__items *items = rebuild->party_items;
    echo__cursor *cursor;
    echo__buf scratch = ECHO__BUF_INIT, name = ECHO__BUF_INIT;
    echo_status status = echo__cursor_open(&cursor, items->chunks, items->root, echo__bytes(NULL, 0), err);
    while (status == ECHO_OK) {
        echo__line line;
        echo__record record;
        status = echo__cursor_next(&line, cursor, err);
        if (status != ECHO_OK) break;
        echo__buf_clear(&scratch);
        status = echo__record_read(&record, line, &scratch, err);
        if (status != ECHO_OK || record.model.data == NULL) continue;
        echo__buf_clear(&name);
        echo__buf_append(&name, record.model.data, record.model.len);
        echo__buf_byte(&name, 0);
        if (name.status != ECHO_OK)
            status = echo__nomem(err);
        else if (echo__model_is_stale(items->registry, (const char *)name.data, record.version))
            status = want(rebuild, record.id, err);
    }
    echo__cursor_close(cursor);
    echo__buf_free(&scratch);
    echo__buf_free(&name);
    return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
}

echo_status echo__rebuild_new(echo__rebuild **out, echo__items *items, const echo_feeds *feeds, const echo_codec *codec,
                              const echo_timeframe *covered, echo_error *err) {
    *out = NULL;
    echo__rebuild *rebuild = echo__calloc(1, sizeof *rebuild);
    if (rebuild == NULL) return echo__nomem(err);
    rebuild->party_items = items;
    echo__map_init(&rebuild->wanted);
    echo__items_init(&rebuild->items, items->registry);
    echo__merge_hooks hooks = {admits, accepts, rebuild};
    echo_status status =
        echo_timeframe_new(&rebuild->clock) == ECHO_OK && echo_timeframe_copy(&rebuild->until, covered) == ECHO_OK
            ? ECHO_OK
            : echo__nomem(err);
    if (status == ECHO_OK) status = find_wanted(rebuild, err);
    if (status == ECHO_OK)
        status = echo__merge_new(&rebuild->merge, feeds, codec, rebuild->clock, rebuild->until, &hooks, err);
    if (status != ECHO_OK) {
        echo__rebuild_free(rebuild);
        return status;
    }
    rebuild->target = echo_timeframe_total(rebuild->until);
    *out = rebuild;
    return ECHO_OK;
}

/* ---- the pass ---- */

static echo_status apply_wanted(echo__rebuild *rebuild, const echo__merge_entry *entry, echo_error *err) {
    const echo_message *message = &entry->message;
    bool wanted = entry->decoded == ECHO_OK && message->kind == ECHO_MESSAGE_ITEM && message->item.data != NULL &&
                  echo__map_get(&rebuild->wanted, message->item.data, message->item.len) != NULL;
    const echo__model *model;
    echo_status status = wanted ? echo__apply_message(&model, &rebuild->items, &entry->stamp, message, err) : ECHO_OK;
    if (status == ECHO_OK && echo_timeframe_set(rebuild->clock, &entry->stamp.feed, entry->stamp.seq) != ECHO_OK)
        return echo__nomem(err);
    return status;
}

static void move_log(echo__log *to, echo__log *from) {
    echo__log_free(to);
    *to = *from;
    echo__log_init(from);
}

/*
 * The rebuilt state takes the place of the stored bytes; what arrived after the pass's end, which is in the log of the
 * party's item, goes on top. All that can fail happens on the rebuilt item, before anything of the party's changes;
 * made->tried counts the entries that are on it already, so that going on after running out of memory applies none
 * twice.
 */
static echo_status install(echo__rebuild *rebuild, echo_item *made, echo_error *err) {
    echo__items *items = rebuild->party_items;
    echo_item *item;
    echo_status status = echo__items_get(&item, items, echo__bytes(made->id, made->id_len), err);
    if (status != ECHO_OK) return status;
    if (item->ops != NULL || made->ops == NULL) return ECHO_OK;
    if (echo__items_unfold(items, item) != ECHO_OK) return echo__nomem(err);
    for (; made->tried < item->more->log.count; made->tried++) {
        const echo__log_entry *entry = &item->more->log.entries[made->tried];
        uint64_t covered;
        bool refused;
        echo_error problem = ECHO_ERROR_INIT; /* also filled when the model refuses the mutation */
        if (echo_timeframe_get(&covered, rebuild->until, &entry->stamp.feed) && entry->stamp.seq <= covered) continue;
        status = echo__item_mutate(made, &entry->stamp, echo__bytes(entry->bytes, entry->len), &refused, &problem);
        if (status != ECHO_OK && err != NULL) *err = problem;
        if (status != ECHO_OK) return status;
    }
    echo__items_before_change(items, item);
    item->ops = made->ops;
    item->state = made->state;
    item->generation++;
    made->ops = NULL;
    made->state = NULL;
    item->stored_version = 0;
    echo__item_bytes_free(&item->stored);
    item->stored = made->stored; /* the state may read it */
    made->stored = (echo__item_bytes){NULL, 0, false};
    move_log(&item->more->log, &made->more->log);
    echo__items_touch(items, item);
    return ECHO_OK;
}

/* Installs up to max items (0: all). One that failed is tried again; those installed have no state left in `made`. */
static echo_status install_some(echo__rebuild_outcome *out, echo__rebuild *rebuild, uint64_t max, echo_error *err) {
    for (uint64_t done = 0; max == 0 || done < max; done++) {
        size_t at = rebuild->installed;
        echo_item *made = echo__item_table_next(&rebuild->items.table, &at);
        if (made == NULL) break;
        echo_status status = install(rebuild, made, err);
        if (status != ECHO_OK) return status;
        rebuild->installed = at;
    }
    size_t at = rebuild->installed;
    *out = echo__item_table_next(&rebuild->items.table, &at) != NULL ? ECHO__REBUILD_MORE : ECHO__REBUILD_DONE;
    return ECHO_OK;
}

static void find_missing(echo_error *missing, echo__rebuild *rebuild) {
    echo__merge_counts counts;
    echo__merge_counts_get(&counts, rebuild->merge);
    if (counts.stopped > 0)
        *missing = counts.stop;
    else
        echo__error(
            missing, ECHO_ERR_GAP,
            "blocks that are needed to rebuild the items of stale models are not present: the items stay opaque");
}

echo_status echo__rebuild_step(echo__rebuild_outcome *out, echo_error *missing, echo__rebuild *rebuild, uint64_t max,
                               echo_error *err) {
    *out = ECHO__REBUILD_MORE;
    for (uint64_t done = 0; max == 0 || done < max; done++) {
        const echo__merge_entry *entry;
        echo_status status = echo__merge_peek(&entry, rebuild->merge, err);
        if (status != ECHO_OK) return status;
        if (entry == NULL && echo_timeframe_total(rebuild->clock) == rebuild->target)
            return install_some(out, rebuild, max, err);
        if (entry == NULL) {
            find_missing(missing, rebuild);
            *out = ECHO__REBUILD_MISSING;
            return ECHO_OK;
        }
        status = apply_wanted(rebuild, entry, err);
        if (status != ECHO_OK) return status;
        echo__merge_advance(rebuild->merge);
    }
    return ECHO_OK;
}
