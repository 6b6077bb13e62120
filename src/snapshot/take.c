/*
 * Taking a snapshot: capture (records of what changed, in order of id), write (trees and chunks), publish, and finish, always: success
 * makes the items clean, failure leaves them changed and takes back what was put. Capture is one step here, on the host's thread.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "echo/snapshot.h"
#include "snapshot/manifest.h"
#include "snapshot/snapshot.h"

#define BATCH_ITEMS 16384u /* records serialised before they go into the tree */

uint64_t echo__now_ns(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

typedef struct captured {
    echo_item *item;
    uint32_t version; /* what its record says */
    char *model;      /* to be root_model, when that is another than before */
} captured;

typedef struct taking {
    echo_party *party;
    captured *items; /* ascending by id */
    size_t count;
    echo__root root, credentials_root;
    echo__model_counts models;
    echo_snapshot_result result;
} taking;

/* ---- items whose record would be written otherwise by the models at hand ---- */

static bool converts(const echo_party *party, const echo__model_count *entry) {
    const echo__model *model = echo__registry_find_text(party->options.models, entry->model);
    if (model == NULL || echo__model_is_stale(party->options.models, entry->model, entry->version)) return false;
    uint32_t written = model->has_hooks ? model->ops.state_version : 0;
    return entry->version != written || (entry->opaque && model->has_hooks);
}

static const echo__model_count *entry_of(const echo_party *party, const echo__record *record) {
    for (size_t i = 0; i < party->models.count; i++) {
        const echo__model_count *entry = &party->models.list[i];
        if (entry->version == record->version && echo__bytes_equal(echo__bytes_text(entry->model), record->model)) return entry;
    }
    return NULL;
}

static echo_status convert_line(echo_party *party, echo_bytes line, echo__buf *scratch, echo_error *err) {
    echo__record record;
    echo__buf_clear(scratch);
    echo_status status = echo__record_read(&record, line, scratch, err);
    if (status != ECHO_OK || record.model.data == NULL) return status;
    const echo__model_count *entry = entry_of(party, &record);
    if (entry == NULL || !converts(party, entry)) return ECHO_OK;
    echo_item *item;
    return echo__items_get(&item, &party->items, record.id, err);
}

/* P3: two peers with the same models at the same timeframe write the same bytes, whatever models they had before. */
static echo_status convert(echo_party *party, echo_error *err) {
    bool any = false;
    for (size_t i = 0; i < party->models.count; i++) any = any || converts(party, &party->models.list[i]);
    if (!any) return ECHO_OK;
    echo__cursor *cursor;
    echo__buf scratch = ECHO__BUF_INIT;
    echo_status status = echo__cursor_open(&cursor, party->chunks, &party->root, echo__bytes(NULL, 0), err);
    while (status == ECHO_OK) {
        echo_bytes line;
        status = echo__cursor_next(&line, cursor, err);
        if (status == ECHO_OK) status = convert_line(party, line, &scratch, err);
    }
    echo__cursor_close(cursor);
    echo__buf_free(&scratch);
    return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
}

/* ---- capture ---- */

static int by_id(const void *a, const void *b) {
    const echo_item *x = ((const captured *)a)->item, *y = ((const captured *)b)->item;
    return echo__bytes_compare(echo__bytes(x->id, x->id_len), echo__bytes(y->id, y->id_len));
}

static echo_status list_changed(taking *t, echo_error *err) {
    const echo__items *items = &t->party->items;
    t->items = echo__calloc(items->changed_count, sizeof *t->items);
    if (t->items == NULL) return echo__nomem(err);
    for (echo_item *item = items->changed; item != NULL; item = item->next) t->items[t->count++].item = item;
    qsort(t->items, t->count, sizeof *t->items, by_id);
    return ECHO_OK;
}

static echo_status count_model(taking *t, captured *c, echo_error *err) {
    const echo_item *item = c->item;
    echo_status status = ECHO_OK;
    if (item->in_root && item->root_model != NULL) status = echo__models_add(&t->models, item->root_model, item->root_version, -1);
    if (status == ECHO_OK && item->model != NULL) status = echo__models_add(&t->models, item->model, c->version, 1);
    if (status == ECHO_OK && item->model != NULL && (item->root_model == NULL || strcmp(item->root_model, item->model) != 0)) {
        c->model = echo__strdup(item->model);
        if (c->model == NULL) status = ECHO_ERR_NOMEM;
    }
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    return status == ECHO_OK ? ECHO_OK : echo__error(err, status, "the snapshot's counts of models do not agree with its items");
}

static echo_status capture_batch(taking *t, size_t from, size_t to, echo__buf *lines, echo__change *changes, echo_error *err) {
    echo_status status = ECHO_OK;
    uint64_t start = echo__now_ns();
    echo__buf_clear(lines);
    for (size_t i = from; status == ECHO_OK && i < to; i++) {
        captured *c = &t->items[i];
        size_t at = lines->len;
        status = echo__item_record(lines, c->item, t->party->chunks, &c->version, err);
        if (status == ECHO_OK) status = count_model(t, c, err);
        changes[i - from] = (echo__change){echo__bytes(c->item->id, c->item->id_len), echo__bytes((const uint8_t *)"", lines->len - at)};
    }
    const uint8_t *line = lines->data; /* placed at last: the buffer may have moved while it grew */
    for (size_t i = 0; status == ECHO_OK && i < to - from; i++) {
        changes[i].line.data = line;
        line += changes[i].line.len;
    }
    t->result.ns_capture += echo__now_ns() - start;
    return status;
}

static echo_status write_batches(taking *t, echo__update *update, echo__buf *lines, echo__change *changes, echo_error *err) {
    echo_status status = ECHO_OK;
    for (size_t from = 0; status == ECHO_OK && from < t->count; from += BATCH_ITEMS) {
        size_t to = t->count - from > BATCH_ITEMS ? from + BATCH_ITEMS : t->count;
        status = capture_batch(t, from, to, lines, changes, err);
        uint64_t start = echo__now_ns();
        if (status == ECHO_OK) status = echo__update_add(update, changes, to - from, err);
        t->result.ns_write += echo__now_ns() - start;
        if (status == ECHO_OK) status = echo__party_progress(t->party, "items", to, t->count);
    }
    return status;
}

static echo_status write_items(taking *t, echo_error *err) {
    echo__buf lines = ECHO__BUF_INIT;
    echo__update *update = NULL;
    echo__change *changes = echo__calloc(t->count < BATCH_ITEMS ? t->count : BATCH_ITEMS, sizeof *changes);
    echo_status status = changes == NULL || echo__update_new(&update, t->party->chunks, &t->root) != ECHO_OK ? echo__nomem(err) : ECHO_OK;
    if (status == ECHO_OK) status = write_batches(t, update, &lines, changes, err);
    uint64_t start = echo__now_ns();
    if (status == ECHO_OK) status = echo__update_finish(&t->root, update, err);
    t->result.ns_write += echo__now_ns() - start;
    echo__update_free(update);
    echo__free(changes);
    echo__buf_free(&lines);
    return status;
}

/* ---- publish ---- */

/* P5: what the snapshot covers is durable in the feeds before it is published. */
static echo_status sync_feeds(echo_party *party, echo_error *err) {
    if (party->options.relaxed) return ECHO_OK;
    echo_frame frame;
    for (size_t i = 0; echo_timeframe_at(party->clock, i, &frame); i++) {
        uint64_t seq;
        if (echo_timeframe_get(party->durable, &frame.feed, &seq) && seq >= frame.seq) continue;
        void *handle = echo__merge_feed(party->merge, &frame.feed);
        if (handle == NULL) continue; /* covered by the snapshot we started from, and gone since: nothing of it is new */
        echo_status status = party->feeds.ops->sync(party->feeds.ctx, handle, err);
        if (status == ECHO_OK) status = echo_timeframe_set(party->durable, &frame.feed, frame.seq);
        if (status != ECHO_OK) {
            echo__error_adopt(err, status, "feed cannot be made durable");
            echo__error_feed(err, &frame.feed);
            return status;
        }
    }
    return ECHO_OK;
}

static int64_t now_ms(const echo_party *party) {
    if (party->options.now != NULL) return party->options.now(party->options.now_arg);
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const echo_keypair *own_keys(echo_keypair *keys, const echo_party *party) {
    if (!party->has_own || party->behind) return NULL;
    void *handle = echo__merge_feed(party->merge, &party->own);
    if (handle == NULL || party->feeds.ops->keypair(keys, party->feeds.ctx, handle) != ECHO_OK) return NULL;
    return keys;
}

static void mark_opaque(taking *t) {
    for (size_t i = 0; i < t->models.count; i++)
        t->models.list[i].opaque = echo__model_is_opaque(t->party->options.models, t->models.list[i].model, t->models.list[i].version);
}

static echo_status publish(taking *t, echo_hash *manifest_hash, echo_error *err) {
    echo_party *party = t->party;
    echo__manifest manifest = {.party = party->key,
                               .number = party->newest + 1,
                               .timeframe = party->clock,
                               .items = t->root,
                               .credentials = t->credentials_root,
                               .models = t->models,
                               .generation = party->generation,
                               .time = now_ms(party),
                               .has_previous = party->number != 0,
                               .previous = party->manifest_hash};
    echo_keypair keys;
    echo__buf text = ECHO__BUF_INIT;
    mark_opaque(t);
    echo_status status = echo__manifest_write(&text, &manifest, own_keys(&keys, party), err);
    if (status == ECHO_OK && echo__manifest_digest(&t->result.digest, &manifest) != ECHO_OK) status = echo__nomem(err);
    if (status == ECHO_OK) {
        echo__hash(manifest_hash, text.data, text.len);
        status = party->store.ops->publish(party->store.ctx, &party->key, party->newest, echo__buf_bytes(&text), err);
    }
    echo__wipe(&keys, sizeof keys);
    echo__buf_free(&text);
    return status;
}

/* ---- finish, always ---- */

static void succeed(taking *t, const echo_hash *manifest_hash, echo_timeframe *covered) {
    echo_party *party = t->party;
    for (size_t i = 0; i < t->count; i++) {
        captured *c = &t->items[i];
        c->item->root_version = c->version;
        if (c->model == NULL) continue;
        echo__free(c->item->root_model);
        c->item->root_model = c->model;
        c->model = NULL;
    }
    echo__items_clean(&party->items);
    party->root = t->root;
    party->credentials_root = t->credentials_root;
    echo__models_free(&party->models);
    party->models = t->models;
    memset(&t->models, 0, sizeof t->models);
    for (size_t i = 0; i < party->credentials_count; i++) echo__free(party->credentials[i].bytes);
    party->credentials_count = 0;
    echo_timeframe_free(party->root_clock);
    party->root_clock = covered;
    party->number = ++party->newest;
    party->manifest_hash = *manifest_hash;
    party->items.chunks = party->chunks;
}

static echo_status see_newest(void *arg, uint64_t number, echo_bytes manifest) {
    uint64_t *newest = arg;
    (void)manifest;
    if (number > *newest) *newest = number;
    return ECHO_OK;
}

/* Behind somebody else's snapshot the next attempt comes after it. */
static void fail(taking *t, echo_status status) {
    const echo_store *store = &t->party->store;
    echo_error ignored = ECHO_ERROR_INIT;
    (void)!store->ops->rollback(store->ctx, &ignored);
    if (status == ECHO_ERR_CONFLICT) (void)!store->ops->list(store->ctx, &t->party->key, see_newest, &t->party->newest, &ignored);
    for (size_t i = 0; i < t->count; i++) t->items[i].item->log.sealed_count = 0; /* segments may have been taken back */
}

static echo_status take(taking *t, echo_error *err) {
    echo_party *party = t->party;
    echo_hash manifest_hash;
    echo_timeframe *covered = NULL;
    echo_status status = echo__models_copy(&t->models, &party->models) == ECHO_OK ? list_changed(t, err) : echo__nomem(err);
    if (status == ECHO_OK && echo_timeframe_copy(&covered, party->clock) != ECHO_OK) status = echo__nomem(err);
    if (status == ECHO_OK) status = write_items(t, err);
    if (status == ECHO_OK) status = echo__credentials_write(&t->credentials_root, party, err);
    uint64_t start = echo__now_ns();
    if (status == ECHO_OK) status = sync_feeds(party, err);
    if (status == ECHO_OK) status = publish(t, &manifest_hash, err);
    t->result.ns_publish = echo__now_ns() - start;
    if (status == ECHO_OK) {
        succeed(t, &manifest_hash, covered);
    } else {
        fail(t, status);
        echo_timeframe_free(covered);
    }
    for (size_t i = 0; i < t->count; i++) echo__free(t->items[i].model);
    echo__free(t->items);
    echo__models_free(&t->models);
    return status;
}

static echo_status check(const echo_party *party, echo_error *err) {
    if (party->options.no_write) return echo__error(err, ECHO_ERR_READONLY, "the party was opened without leave to write");
    if (party->store.ops != NULL) return ECHO_OK;
    if (party->store_problem.code == ECHO_OK) return echo__error(err, ECHO_ERR_READONLY, "the party was opened without a store");
    if (err != NULL) *err = party->store_problem;
    return party->store_problem.code;
}

static bool unchanged(const echo_party *party) {
    return party->number != 0 && party->number == party->newest && party->items.changed_count == 0 && party->credentials_count == 0 &&
           echo_timeframe_compare(party->clock, party->root_clock) == ECHO_ORDER_EQUAL;
}

static echo_status digest_of(echo_hash *out, echo_party *party) {
    echo__manifest manifest = {.party = party->key, .timeframe = party->clock, .items = party->root, .credentials = party->credentials_root, .models = party->models};
    return echo__manifest_digest(out, &manifest);
}

static echo_status snapshot(echo_party *party, echo_snapshot_result *out, echo_error *err) {
    echo_status status = check(party, err);
    if (status == ECHO_OK) status = convert(party, err);
    if (status != ECHO_OK) return status;
    taking t = {.party = party, .root = party->root, .credentials_root = party->credentials_root};
    if (unchanged(party)) {
        t.result.unchanged = true;
        if (digest_of(&t.result.digest, party) != ECHO_OK) return echo__nomem(err);
    } else {
        echo__chunk_counts before, after;
        echo__chunks_counts(party->chunks, &before);
        t.result.items_written = party->items.changed_count;
        status = take(&t, err);
        echo__chunks_counts(party->chunks, &after);
        t.result.chunks_written = after.written - before.written;
        t.result.bytes_written = after.written_bytes - before.written_bytes;
    }
    t.result.number = party->newest;
    if (status == ECHO_OK && out != NULL) *out = t.result;
    return status;
}

echo_status echo_party_snapshot(echo_party *party, echo_snapshot_result *out, echo_error *err) {
    echo__error_clear(err);
    echo_status status = snapshot(party, out, err);
    return status == ECHO_OK ? ECHO_OK : echo__error_adopt(err, status, "the snapshot cannot be taken");
}
