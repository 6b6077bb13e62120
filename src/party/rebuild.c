#include "party/rebuild.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/apply.h"
#include "party/item_state.h"
#include "party/models.h"

/*
 * The pass makes the states of items whose model is stale. Of items with foreign states it collects all mutations
 * instead, without a model: whatever geneses come, and in whatever order, that is what their state is made of.
 */
struct echo__rebuild {
    echo__items *party_items;
    echo__names stale, foreign; /* ids; one in both counts in `foreign` */
    echo__items states, logs;   /* as they are rebuilt */
    echo_registry *none;        /* of `logs` */
    echo_timeframe *clock;      /* of the pass */
    echo_timeframe *until;
    echo__merge *merge;
    uint64_t target;
    echo__items *installing; /* `states`, then `logs` */
    size_t installed;        /* place in its table */
    size_t added;            /* entries of the party's item that the next one has already */
};

void echo__rebuild_free(echo__rebuild *rebuild) {
    if (rebuild == NULL) return;
    echo__merge_free(rebuild->merge);
    echo__items_free(&rebuild->states);
    echo__items_free(&rebuild->logs);
    echo_registry_free(rebuild->none);
    echo_timeframe_free(rebuild->clock);
    echo_timeframe_free(rebuild->until);
    echo__names_free(&rebuild->stale);
    echo__names_free(&rebuild->foreign);
    echo__free(rebuild);
}

uint64_t echo__rebuild_items(const echo__rebuild *rebuild) {
    return rebuild == NULL ? 0 : rebuild->stale.map.count + rebuild->foreign.map.count;
}

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

static echo_status want(echo__names *ids, echo_bytes id, echo_error *err) {
    return echo__names_get(ids, id, 0, NULL) != NULL ? ECHO_OK : echo__nomem(err);
}

static bool wants(const echo__names *ids, echo_bytes id) { return echo__map_get(&ids->map, id.data, id.len) != NULL; }

/* Finds the items whose record has a stale model or a foreign state; reads only heads. */
static echo_status find_in_root(echo__rebuild *rebuild, echo_error *err) {
    echo__items *items = rebuild->party_items;
    echo__cursor *cursor;
    echo__buf scratch = ECHO__BUF_INIT, name = ECHO__BUF_INIT;
    if (items->chunks == NULL || items->root->items == 0) return ECHO_OK;
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
        else if (record.of_model.data != NULL)
            status = want(&items->foreign, record.id, err);
        else if (echo__model_is_stale(items->registry, (const char *)name.data, record.version))
            status = want(&rebuild->stale, record.id, err);
    }
    echo__cursor_close(cursor);
    echo__buf_free(&scratch);
    echo__buf_free(&name);
    return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
}

static bool prepare(echo__rebuild *rebuild, echo__items *items, const echo_timeframe *covered) {
    rebuild->party_items = items;
    echo__names_init(&rebuild->stale);
    echo__names_init(&rebuild->foreign);
    echo__items_init(&rebuild->states, items->registry);
    echo__items_init(&rebuild->logs, NULL);
    if (echo_registry_new(&rebuild->none) != ECHO_OK) return false;
    rebuild->logs.registry = rebuild->none;
    rebuild->installing = &rebuild->states;
    return echo_timeframe_new(&rebuild->clock) == ECHO_OK && echo_timeframe_copy(&rebuild->until, covered) == ECHO_OK;
}

echo_status echo__rebuild_new(echo__rebuild **out, echo__items *items, bool root, const echo_feeds *feeds,
                              const echo_codec *codec, const echo_timeframe *covered, echo_error *err) {
    *out = NULL;
    echo__rebuild *rebuild = echo__calloc(1, sizeof *rebuild);
    if (rebuild == NULL) return echo__nomem(err);
    echo__merge_hooks hooks = {admits, accepts, rebuild};
    echo_status status = prepare(rebuild, items, covered) ? ECHO_OK : echo__nomem(err);
    if (status == ECHO_OK && root) status = find_in_root(rebuild, err);
    if (status == ECHO_OK)
        status = echo__merge_new(&rebuild->merge, feeds, codec, rebuild->clock, rebuild->until, &hooks, err);
    if (status != ECHO_OK) {
        echo__rebuild_free(rebuild);
        return status;
    }
    echo__names held = rebuild->foreign;
    rebuild->foreign = items->foreign; /* now that nothing can fail */
    items->foreign = held;
    rebuild->target = echo_timeframe_total(rebuild->until);
    *out = rebuild;
    return ECHO_OK;
}

/* ---- the pass ---- */

static echo_status apply_wanted(echo__rebuild *rebuild, const echo__merge_entry *entry, echo_error *err) {
    const echo_message *message = &entry->message;
    const echo__model *model;
    const echo__stamp *stamp = &entry->stamp;
    echo_status status = ECHO_OK;
    if (!echo_timeframe_get(NULL, rebuild->clock, &stamp->feed)) { /* what can fail of moving the clock, as in poll.c */
        if (echo_timeframe_set(rebuild->clock, &stamp->feed, stamp->seq) != ECHO_OK) return echo__nomem(err);
        echo_timeframe_unset(rebuild->clock, &stamp->feed);
    }
    if (entry->decoded == ECHO_OK && message->kind == ECHO_MESSAGE_ITEM && message->item.data != NULL) {
        if (wants(&rebuild->foreign, message->item))
            status = echo__apply_message(&model, &rebuild->logs, stamp, message, err);
        else if (wants(&rebuild->stale, message->item))
            status = echo__apply_message(&model, &rebuild->states, stamp, message, err);
    }
    if (status == ECHO_OK) status = echo_timeframe_set(rebuild->clock, &stamp->feed, stamp->seq);
    return status;
}

static void move_log(echo__log *to, echo__log *from) {
    echo__log_free(to);
    *to = *from;
    echo__log_init(from);
}

/* What arrived after the pass's end is in the log of the party's item. Can be called again after an error. */
static echo_status add_later(echo__rebuild *rebuild, echo_item *made, const echo__log *log, echo_error *err) {
    for (; rebuild->added < log->count; rebuild->added++) {
        const echo__log_entry *entry = &log->entries[rebuild->added];
        uint64_t covered;
        bool refused;
        echo_error problem = ECHO_ERROR_INIT; /* also filled when the model refuses the mutation */
        if (echo_timeframe_get(&covered, rebuild->until, &entry->stamp.feed) && entry->stamp.seq <= covered) continue;
        echo_status status =
            echo__item_mutate(made, &entry->stamp, echo__bytes(entry->bytes, entry->len), &refused, &problem);
        if (status != ECHO_OK && err != NULL) *err = problem;
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

/*
 * The rebuilt state, or log, takes the place of the stored bytes; what arrived after the pass's end goes on top. All
 * that can fail happens on the rebuilt item, before anything of the party's changes.
 */
static echo_status install(echo__rebuild *rebuild, echo_item *made, echo_error *err) {
    echo__items *items = rebuild->party_items;
    bool states = rebuild->installing == &rebuild->states;
    echo_bytes id = echo__bytes(made->id, made->id_len);
    echo_item *item;
    echo_status status = echo__items_get(&item, items, id, err);
    if (status != ECHO_OK) return status;
    if (item->ops != NULL || item->stored_version == 0) return ECHO_OK;
    if (states && echo__item_is_foreign(made, NULL)) return want(&items->foreign, id, err);
    if (states && (made->ops == NULL || echo__item_is_foreign(item, NULL))) return ECHO_OK;
    if (echo__items_unfold(items, item) != ECHO_OK) return echo__nomem(err);
    status = add_later(rebuild, made, &item->more->log, err);
    if (status != ECHO_OK) return status;
    echo__items_before_change(items, item);
    item->ops = made->ops;
    item->state = made->state;
    item->generation++;
    item->tried = 0;
    made->ops = NULL;
    made->state = NULL;
    item->stored_version = 0;
    echo__item_forget_of(item);
    echo__item_bytes_free(&item->stored);
    item->stored = made->stored; /* the state may read it */
    made->stored = (echo__item_bytes){NULL, 0, false};
    move_log(&item->more->log, &made->more->log);
    echo__items_touch(items, item);
    return echo__items_hydrate(items, item, err); /* if that fails, getting the item again does it */
}

/* The next item to install; NULL: all are. */
static echo_item *next_made(size_t *at, echo__rebuild *rebuild) {
    *at = rebuild->installed;
    echo_item *made = echo__item_table_next(&rebuild->installing->table, at);
    if (made != NULL || rebuild->installing == &rebuild->logs) return made;
    rebuild->installing = &rebuild->logs;
    *at = rebuild->installed = 0;
    return echo__item_table_next(&rebuild->installing->table, at);
}

/* Installs up to max items (0: all). One that failed is tried again; those installed have no state left in `made`. */
static echo_status install_some(echo__rebuild_outcome *out, echo__rebuild *rebuild, uint64_t max, echo_error *err) {
    size_t at;
    for (uint64_t done = 0; max == 0 || done < max; done++) {
        echo_item *made = next_made(&at, rebuild);
        if (made == NULL) break;
        echo_status status = install(rebuild, made, err);
        if (status != ECHO_OK) return status;
        rebuild->installed = at;
        rebuild->added = 0;
    }
    *out = next_made(&at, rebuild) != NULL ? ECHO__REBUILD_MORE : ECHO__REBUILD_DONE;
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
            "blocks that are needed to rebuild items of stale models, or with several geneses, are not present: they "
            "stay opaque");
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
