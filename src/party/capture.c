#include "party/capture.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

/* ---- memory for records taken before their turn ---- */

#define COPIES_BYTES ((size_t)256 << 10)

static void release_copies(echo__capture *capture) {
    echo__arena_free(&capture->copies);
    echo__buf_free(&capture->scratch);
}

/* ---- the cut ---- */

static void copy_before_change(void *arg, echo_item *item);

echo_status echo__capture_begin(echo__capture **out, echo__items *items, echo_clock_fn clock, void *clock_arg,
                                echo_error *err) {
    *out = NULL;
    echo__capture *capture = echo__calloc(1, sizeof *capture);
    if (capture == NULL) return echo__nomem(err);
    echo__model_changes_init(&capture->models);
    echo__arena_init(&capture->copies, NULL, 0, COPIES_BYTES, COPIES_BYTES, SIZE_MAX);
    capture->items = items;
    capture->first = items->captured = items->changed;
    capture->count = items->captured_count = items->changed_count;
    capture->side = items->side;
    capture->clock = clock;
    capture->clock_arg = clock_arg;
    items->before_change = copy_before_change;
    items->before_change_arg = capture;
    items->changed = NULL;
    items->changed_count = 0;
    items->side = 1 - items->side;
    *out = capture;
    return ECHO_OK;
}

static echo_status count_model(echo__capture *capture, echo_item *item, echo_error *err) {
    echo_status status = ECHO_OK;
    item->more->cut_model = NULL;
    if (item->in_root && item->more->root_model != NULL)
        status = echo__model_changes_add(&capture->models, item->more->root_model, item->root_version, -1);
    if (status == ECHO_OK && item->model != NULL)
        status = echo__model_changes_add(&capture->models, item->model, item->more->cut_version, 1);
    if (status == ECHO_OK && item->model != NULL) {
        item->more->cut_model = echo__items_intern(capture->items, item->model);
        if (item->more->cut_model == NULL) status = ECHO_ERR_NOMEM;
    }
    return status == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

/* The record of an item as it is now. On failure the buffers are as before, except for chunks that no record names. */
static echo_status take_record(echo__capture *capture, echo_item *item, echo__buf *lines, echo__loose_chunks *chunks,
                               echo_error *err) {
    size_t start = lines->len + chunks->bytes.len;
    echo__sink sink = echo__loose_sink(chunks);
    /* With a model that reads the state now, the record is the one that it writes (P3). */
    echo_status status = echo__items_hydrate(capture->items, item, err);
    if (status == ECHO_OK) status = echo__item_record(lines, item, &sink, &item->more->cut_version, err);
    if (status == ECHO_OK) status = count_model(capture, item, err);
    if (status != ECHO_OK) return status;
    echo__evict_weigh(&capture->items->evict, item, lines->len + chunks->bytes.len - start);
    item->taken = true;
    capture->taken++;
    capture->added += !item->in_root;
    return ECHO_OK;
}

static void fail(echo__capture *capture, echo_item *item, echo_status status, const echo_error *problem) {
    if (capture->status != ECHO_OK) return;
    capture->status = status;
    capture->problem = *problem;
    echo__error_adopt(&capture->problem, status, "an item cannot be serialised");
    echo__error_item(&capture->problem, item->id, item->id_len);
}

/* Chunks that were taken for a record that then failed are dropped with it. */
static echo_status copy_record(echo__copied **out, echo__capture *capture, echo_item *item, echo_error *err) {
    echo__loose_chunks chunks;
    memset(&chunks, 0, sizeof chunks);
    echo__buf_clear(&capture->scratch);
    echo_status status = take_record(capture, item, &capture->scratch, &chunks, err);
    echo__copied *copied =
        status == ECHO_OK ? echo__arena_alloc(&capture->copies, sizeof *copied + capture->scratch.len) : NULL;
    if (copied == NULL) {
        echo__loose_free(&chunks);
        return status == ECHO_OK ? echo__nomem(err) : status;
    }
    copied->chunks = chunks;
    copied->len = capture->scratch.len;
    memcpy(copied->line, capture->scratch.data, copied->len);
    *out = copied;
    return ECHO_OK;
}

/* A failure is kept in `status`; the change goes on. */
static void copy_before_change(void *arg, echo_item *item) {
    echo__capture *capture = arg;
    if (capture->over || capture->status != ECHO_OK || item->taken) return;
    uint64_t start = capture->clock(capture->clock_arg);
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = copy_record(&item->more->copied, capture, item, &problem);
    if (status != ECHO_OK) {
        fail(capture, item, status, &problem);
        return;
    }
    capture->copied++;
    uint64_t ns = capture->clock(capture->clock_arg) - start;
    capture->ns_copying += ns;
    if (ns > capture->ns_worst) capture->ns_worst = ns;
}

/* ---- in order ---- */

static echo_status take_copied(echo__batch *batch, echo_item *item, echo_error *err) {
    echo__copied *copied = item->more->copied;
    const uint8_t *bytes = copied->chunks.bytes.data;
    for (size_t i = 0; i < copied->chunks.count; i++) {
        const echo__loose *chunk = &copied->chunks.list[i];
        if (!echo__grow(&batch->chunks.list, &batch->chunks.cap, batch->chunks.count + 1, sizeof *batch->chunks.list))
            return echo__nomem(err);
        echo__buf_append(&batch->chunks.bytes, bytes, chunk->len);
        batch->chunks.list[batch->chunks.count++] = *chunk;
        bytes += chunk->len;
    }
    if (batch->chunks.bytes.status != ECHO_OK) return echo__nomem(err);
    if (copied->chunks.count > 0) echo__loose_free(&copied->chunks);
    batch->copied_bytes += copied->len;
    batch->changes[batch->count++] =
        (echo__change){echo__bytes(item->id, item->id_len), echo__bytes(copied->line, copied->len)};
    return ECHO_OK;
}

static echo_status take_next(echo__capture *capture, echo__batch *batch, echo_item *item, echo_error *err) {
    if (item->more->copied != NULL) return take_copied(batch, item, err);
    size_t start = batch->lines.len;
    echo_status status = take_record(capture, item, &batch->lines, &batch->chunks, err);
    if (status != ECHO_OK) return status;
    batch->changes[batch->count++] =
        (echo__change){echo__bytes(item->id, item->id_len), echo__bytes(NULL, batch->lines.len - start)};
    return ECHO_OK;
}

static echo_status need_batch(echo__capture *capture, echo_error *err) {
    if (capture->batch == NULL) capture->batch = echo__calloc(1, sizeof *capture->batch);
    echo__batch *batch = capture->batch;
    return batch == NULL || echo__batch_reserve(batch) != ECHO_OK ? echo__nomem(err) : ECHO_OK;
}

#define AHEAD 6u /* items in memory are everywhere: the next ones are fetched while this one is written */

static void fetch_ahead(const echo__capture *capture) {
    if (capture->at + 2 * AHEAD < capture->count) __builtin_prefetch(capture->order[capture->at + 2 * AHEAD].item);
    if (capture->at + AHEAD < capture->count) __builtin_prefetch(capture->order[capture->at + AHEAD].item->state);
}

echo_status echo__capture_next(echo__capture *capture, echo__batch **full, echo_error *err) {
    *full = NULL;
    echo_item *item = capture->order[capture->at].item;
    echo_error problem = capture->problem;
    echo_status status = capture->status;
    fetch_ahead(capture);
    if (status == ECHO_OK) status = need_batch(capture, &problem);
    if (status == ECHO_OK) status = take_next(capture, capture->batch, item, &problem);
    if (status != ECHO_OK) {
        fail(capture, item, status, &problem);
        if (err != NULL) *err = capture->problem;
        return status;
    }
    capture->at++;
    const echo__batch *batch = capture->batch;
    if (batch->count >= ECHO__BATCH_ITEMS || echo__batch_bytes(batch) >= ECHO__BATCH_BYTES)
        *full = echo__capture_rest(capture);
    return ECHO_OK;
}

echo__batch *echo__capture_rest(echo__capture *capture) {
    echo__batch *batch = capture->batch;
    if (batch != NULL) echo__batch_close(batch);
    capture->batch = NULL;
    return batch;
}

/* ---- the end ---- */

void echo__capture_over(echo__capture *capture, bool published) {
    capture->over = true;
    capture->items->published = published;
    if (published) capture->items->added -= capture->added;
}

bool echo__capture_settle(echo__capture *capture) {
    echo__items *items = capture->items;
    echo_item *item = items->captured;
    if (item == NULL) return false;
    items->captured = item->link[capture->side];
    if (item->more->copied != NULL) echo__loose_free(&item->more->copied->chunks);
    item->more->copied = NULL;
    if (echo__item_changed(items, item)) items->captured_again--;
    items->captured_count--;
    item->listed[capture->side] = item->taken = false;
    if (items->published) {
        item->in_root = true;
        item->more->root_model = item->more->cut_model;
        item->root_version = item->more->cut_version;
        echo__evict_use(&items->evict, item);
    } else {
        item->more->log.sealed_count = 0; /* segments may have been taken back */
        echo__items_touch(items, item);
    }
    return true;
}

/* When the party is freed while a capture runs: chunks of records that were not handed over. */
static void drop_unsettled(echo__capture *capture) {
    for (echo_item *item = capture->items->captured; item != NULL; item = item->link[capture->side]) {
        if (item->more->copied != NULL) echo__loose_free(&item->more->copied->chunks);
        item->more->copied = NULL;
    }
}

void echo__capture_free(echo__capture *capture) {
    if (capture == NULL) return;
    echo__items *items = capture->items;
    drop_unsettled(capture);
    items->before_change = NULL;
    items->captured = NULL;
    items->captured_count = items->captured_again = 0;
    items->published = false;
    echo__batch_free(capture->batch);
    echo__model_changes_free(&capture->models);
    release_copies(capture);
    echo__free(capture);
}
