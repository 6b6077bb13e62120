/*
 * One snapshot, piece by piece: convert, cut, capture, write, and finish, always: success makes the items clean,
 * failure makes them changed again; the party went on meanwhile in both cases.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "snapshot/take.h"

static uint64_t now_ns(const echo__taker *t) { return echo__party_clock_ns(t->party); }

/* ---- the end ---- */

void echo__take_release(echo__taker *t) {
    echo__convert_free(t->convert);
    t->convert = NULL;
    echo_timeframe_free(t->manifest.timeframe);
    echo__free(t->manifest.attestations);
    echo__feed_roots_free(&t->manifest.roots);
    echo__models_free(&t->models);
    memset(&t->manifest, 0, sizeof t->manifest);
    echo__wipe(&t->keys, sizeof t->keys);
    echo__free(t->credentials);
    t->credentials = NULL;
    t->credentials_count = 0;
}

static void record_failure(echo__taker *t, echo_status status, const echo_error *problem) {
    t->status = status;
    t->error = *problem;
    echo__error_adopt(&t->error, status, "the snapshot cannot be taken");
    if (!t->cancelled) echo__policy_failed(&t->policy, &t->party->policy, now_ns(t));
}

static void record_success(echo__taker *t) {
    t->status = ECHO_OK;
    echo__error_clear(&t->error);
    t->policy.failed = 0;
    t->taken++;
    t->has_last = true;
    t->last = t->result;
    if (t->result.unchanged) return;
    t->bytes_written += t->result.bytes_written;
    echo__policy_succeeded(&t->policy, t->began_ns, now_ns(t), t->expected_bytes, t->result.bytes_written);
}

/* ---- publish ---- */

/* The party continues the snapshot that was published. */
static void succeed(echo__taker *t, const echo__written *written) {
    echo_party *party = t->party;
    party->root = t->manifest.items;
    party->credentials_root = t->manifest.credentials;
    echo__models_free(&party->models);
    party->models = t->models;
    memset(&t->models, 0, sizeof t->models);
    for (size_t i = 0; i < t->credentials_count; i++) echo__free(party->credentials[i].bytes);
    party->credentials_count -= t->credentials_count;
    if (party->credentials_count > 0)
        memmove(party->credentials, party->credentials + t->credentials_count,
                party->credentials_count * sizeof *party->credentials);
    echo_timeframe_free(party->root_clock);
    party->root_clock = t->manifest.timeframe;
    t->manifest.timeframe = NULL;
    echo__feed_roots_free(&party->feed_roots);
    party->feed_roots = t->manifest.roots;
    t->manifest.roots = (echo__feed_roots){NULL, 0, 0};
    party->number = ++party->newest;
    party->manifest_hash = written->manifest_hash;
    echo__costs_saved(&party->costs);
}

static void fill_result(echo__taker *t, const echo__written *written) {
    echo_snapshot_result *r = &t->result;
    r->number = t->party->newest;
    r->items_written = t->capture->count;
    r->items_copied = t->capture->copied;
    r->chunks_written = written->chunks;
    r->bytes_written = written->bytes;
    r->ns_capture += t->capture->ns_copying;
    r->ns_write = written->ns_write;
    r->ns_publish += written->ns_publish;
    r->digest = written->digest;
    if (t->capture->ns_worst > r->ns_worst_step) r->ns_worst_step = t->capture->ns_worst;
}

static void conclude(echo__taker *t, const echo__written *written) {
    bool ok = written->status == ECHO_OK;
    if (ok) {
        succeed(t, written);
        fill_result(t, written);
        record_success(t);
    } else {
        if (written->status == ECHO_ERR_CONFLICT) t->party->newest = written->newest;
        echo__costs_unsaved(&t->party->costs);
        if (t->status == ECHO_OK)
            record_failure(t, written->status, &written->problem); /* else why it was given up is known */
    }
    echo__capture_over(t->capture, ok);
    echo__take_release(t);
    echo__writer_moved(t->writer);
    t->phase = ECHO_SNAPSHOT_PHASE_FINISH;
}

void echo__take_fail(echo__taker *t, echo_status status, const echo_error *problem) {
    record_failure(t, status, problem);
    if (t->phase == ECHO_SNAPSHOT_PHASE_CONVERT) {
        echo__take_release(t);
        t->phase = ECHO_SNAPSHOT_PHASE_IDLE;
        return;
    }
    echo__writer_cancel(t->writer);
    t->phase = ECHO_SNAPSHOT_PHASE_WRITE;
}

static void finish_snapshot(echo__taker *t, const echo__swept *swept) {
    echo__writer_free(t->writer);
    t->writer = NULL;
    t->snapshots_removed += swept->snapshots_removed;
    t->chunks_removed += swept->chunks_removed;
    if (swept->collected) t->gc_usage = swept->gc_usage;
    if (t->status == ECHO_OK) t->gc_error = swept->problem;
    t->phase = ECHO_SNAPSHOT_PHASE_IDLE;
    t->result.ns_total = now_ns(t) - t->began_ns;
    if (t->status == ECHO_OK) t->last = t->result;
}

/* ---- the cut ---- */

static int64_t now_ms(const echo_party *party) {
    if (party->options.now != NULL) return party->options.now(party->options.now_arg);
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool copy_own_keys(echo_keypair *keys, const echo_party *party) {
    if (!party->has_own || party->behind) return false;
    void *handle = echo__merge_feed(party->merge, &party->own);
    return handle != NULL && party->feeds.ops->keypair(keys, party->feeds.ctx, handle) == ECHO_OK;
}

static bool unchanged(const echo_party *party) {
    return party->number != 0 && party->number == party->newest && party->items.changed_count == 0 &&
           party->credentials_count == 0 && echo_timeframe_compare(party->clock, party->root_clock) == ECHO_ORDER_EQUAL;
}

static echo_status nothing_new(echo__taker *t, echo_error *err) {
    echo_party *party = t->party;
    echo__manifest manifest = {.party = party->key,
                               .timeframe = party->clock,
                               .items = party->root,
                               .credentials = party->credentials_root,
                               .models = party->models};
    if (echo__manifest_digest(&t->result.digest, &manifest) != ECHO_OK) return echo__nomem(err);
    t->result.unchanged = true;
    t->result.number = party->newest;
    echo__take_release(t);
    t->phase = ECHO_SNAPSHOT_PHASE_IDLE;
    record_success(t);
    return ECHO_OK;
}

static echo_status fill_manifest(echo__taker *t, echo_error *err) {
    echo_party *party = t->party;
    t->manifest = (echo__manifest){.party = party->key,
                                   .number = party->newest + 1,
                                   .items = party->root,
                                   .credentials = party->credentials_root,
                                   .generation = party->generation,
                                   .time = now_ms(party),
                                   .has_previous = party->number != 0,
                                   .previous = party->manifest_hash,
                                   .received = party->received};
    t->credentials_count = party->credentials_count;
    t->credentials = echo__realloc_array(NULL, t->credentials_count, sizeof *t->credentials);
    if (t->credentials == NULL || echo_timeframe_copy(&t->manifest.timeframe, party->clock) != ECHO_OK)
        return echo__nomem(err);
    if (t->credentials_count > 0)
        memcpy(t->credentials, party->credentials, t->credentials_count * sizeof *t->credentials);
    return ECHO_OK;
}

static echo_status start_writer(echo__taker *t, echo_error *err) {
    const echo_party *party = t->party;
    bool has_keys = copy_own_keys(&t->keys, party);
    echo__job job = {.manifest = &t->manifest,
                     .newest = party->newest,
                     .keys = has_keys ? &t->keys : NULL,
                     .credentials = t->credentials,
                     .credentials_count = t->credentials_count,
                     .first = t->capture->first,
                     .side = t->capture->side,
                     .count = t->capture->count,
                     .keep = party->policy.keep,
                     .gc = party->policy.keep > 0 && party->policy.collect_garbage,
                     .gc_usage = t->gc_usage};
    return echo__writer_start(&t->writer, &job, &party->store, &t->store, t->threaded, err);
}

/* Between two messages (P1). On error nothing was begun, but for a capture that only has to be settled. */
static echo_status cut(echo__taker *t, echo_error *err) {
    echo_party *party = t->party;
    if (unchanged(party)) return nothing_new(t, err);
    echo_status status = fill_manifest(t, err);
    if (status == ECHO_OK)
        status = echo__capture_begin(&t->capture, &party->items, party->options.clock, party->options.clock_arg, err);
    if (status == ECHO_OK) status = start_writer(t, err);
    if (status != ECHO_OK) {
        if (t->capture != NULL) echo__capture_over(t->capture, false);
        echo__take_release(t);
        t->phase = t->capture != NULL ? ECHO_SNAPSHOT_PHASE_FINISH : ECHO_SNAPSHOT_PHASE_IDLE;
        return status;
    }
    echo__costs_cut(&party->costs);
    static const echo__policy uncorrected;
    t->expected_bytes = echo__policy_bytes(&uncorrected, &party->root, t->capture->count, party->costs.tail.bytes);
    t->result.messages = echo_timeframe_total(t->manifest.timeframe);
    t->synced = t->rooted = 0;
    t->phase = ECHO_SNAPSHOT_PHASE_CAPTURE;
    return ECHO_OK;
}

echo_status echo__take_begin(echo__taker *t, echo_snapshot_reason reason, bool threaded, echo_error *err) {
    memset(&t->result, 0, sizeof t->result);
    t->result.reason = t->reason = reason;
    t->threaded = threaded;
    t->cancelled = false;
    t->status = ECHO_OK;
    t->began_ns = now_ns(t);
    t->generation = echo__registry_generation(t->party->options.models);
    echo_status status = echo__convert_begin(&t->convert, t->party, err);
    if (status == ECHO_OK && t->convert == NULL)
        status = cut(t, err);
    else if (status == ECHO_OK)
        t->phase = ECHO_SNAPSHOT_PHASE_CONVERT;
    if (status != ECHO_OK) {
        echo_error problem = ECHO_ERROR_INIT;
        record_failure(t, status, err != NULL ? err : &problem);
    }
    return status;
}

/* ---- pieces ---- */

static bool write_piece(echo__taker *t) {
    if (echo__writer_threaded(t->writer)) return false;
    uint64_t start = now_ns(t);
    bool progress = echo__writer_step(t->writer);
    t->ns_writing += now_ns(t) - start;
    return progress;
}

static bool convert_piece(echo__taker *t) {
    bool done = false;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__convert_next(&done, t->convert, &problem);
    if (status == ECHO_OK && done) {
        echo__convert_free(t->convert);
        t->convert = NULL;
        status = cut(t, &problem);
        if (status != ECHO_OK) record_failure(t, status, &problem);
    } else if (status != ECHO_OK) {
        echo__take_fail(t, status, &problem);
    }
    return true;
}

/* P5: what the snapshot covers is durable in the feeds before it is published. One feed at a time. */
static bool sync_piece(echo__taker *t) {
    echo_party *party = t->party;
    echo_frame frame;
    uint64_t seq;
    if (party->options.relaxed || !echo_timeframe_at(&frame, t->manifest.timeframe, t->synced)) return false;
    t->synced++;
    if (echo_timeframe_get(&seq, party->durable, &frame.feed) && seq >= frame.seq) return true;
    void *handle = echo__merge_feed(party->merge, &frame.feed);
    if (handle == NULL) return true; /* covered by the snapshot we started from, and gone since: nothing of it is new */
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = party->feeds.ops->sync(party->feeds.ctx, handle, &problem);
    if (status == ECHO_OK) status = echo_timeframe_set(party->durable, &frame.feed, frame.seq);
    if (status != ECHO_OK) {
        echo__error_adopt(&problem, status, "feed cannot be made durable");
        echo__error_feed(&problem, &frame.feed);
        echo__take_fail(t, status, &problem);
    }
    t->result.feeds_synced++;
    return true;
}

/* The root that the snapshot before named, as long as the feed did not go on; NULL: there is none. */
static const echo_hash *known_root(const echo_party *party, const echo_frame *frame) {
    uint64_t seq;
    if (!echo_timeframe_get(&seq, party->root_clock, &frame->feed) || seq != frame->seq) return NULL;
    return echo__feed_roots_get(&party->feed_roots, &frame->feed);
}

/* A source may not be able to tell: then the snapshot does not name the feed's root. */
static echo_status find_root(bool *found, echo_hash *out, const echo_party *party, const echo_frame *frame,
                             echo_error *err) {
    void *handle = echo__merge_feed(party->merge, &frame->feed);
    *found = false;
    if (party->feeds.ops->root == NULL || handle == NULL) return ECHO_OK;
    echo_status status = party->feeds.ops->root(out, party->feeds.ctx, handle, frame->seq + 1, err);
    *found = status == ECHO_OK;
    return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
}

/* P14: what the snapshot covers is named by content. One feed at a time. */
static bool root_piece(echo__taker *t) {
    echo_frame frame;
    echo_hash hash;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = ECHO_OK;
    if (!echo_timeframe_at(&frame, t->manifest.timeframe, t->rooted)) return false;
    t->rooted++;
    const echo_hash *root = known_root(t->party, &frame);
    if (root == NULL) {
        bool found;
        status = find_root(&found, &hash, t->party, &frame, &problem);
        if (status == ECHO_OK && found) root = &hash;
    }
    if (status == ECHO_OK && root != NULL) status = echo__feed_roots_add(&t->manifest.roots, &frame.feed, root);
    if (status != ECHO_OK) {
        echo__error_adopt(&problem, status, "the root of a feed cannot be read");
        echo__error_feed(&problem, &frame.feed);
        echo__take_fail(t, status, &problem);
    }
    return true;
}

static bool count_models(echo__taker *t) {
    echo_error problem = ECHO_ERROR_INIT;
    echo__models_free(&t->models);
    echo_status status = echo__models_changed(&t->models, &t->party->models, &t->capture->models);
    if (status == ECHO_OK) return true;
    if (status == ECHO_ERR_NOMEM)
        (void)echo__nomem(&problem);
    else
        echo__error(&problem, status, "the snapshot's counts of models do not agree with its items");
    echo__take_fail(t, status, &problem);
    return false;
}

static void close_writer(echo__taker *t) {
    echo__model_counts *models = &t->models;
    if (!count_models(t)) return;
    const echo_registry *registry = t->party->options.models;
    bool same = echo__registry_generation(registry) ==
                t->generation; /* else some records may have been taken without their model */
    for (size_t i = 0; i < models->count; i++) {
        echo__model_count *entry = &models->list[i];
        entry->opaque = !same || echo__model_is_opaque(registry, entry->model, entry->version);
    }
    t->manifest.models = *models; /* a view until the writer is done */
    echo__writer_close(t->writer);
    t->phase = ECHO_SNAPSHOT_PHASE_WRITE;
}

static bool capture_item(echo__taker *t) {
    echo_error problem = ECHO_ERROR_INIT;
    echo__batch *full = NULL;
    if (t->capture->batch == NULL && !echo__writer_has_room(t->writer)) return write_piece(t);
    echo_status status = echo__capture_next(t->capture, &full, &problem);
    if (status != ECHO_OK)
        echo__take_fail(t, status, &problem);
    else if (full != NULL)
        echo__writer_give(t->writer, full);
    return true;
}

static bool capture_piece(echo__taker *t) {
    echo__capture *capture = t->capture;
    echo__written written;
    if (capture->status != ECHO_OK) {
        echo__take_fail(t, capture->status, &capture->problem);
        return true;
    }
    if (capture->batch == NULL && echo__writer_done(&written, t->writer)) { /* it failed */
        conclude(t, &written);
        return true;
    }
    if (capture->order == NULL) capture->order = echo__writer_order(t->writer);
    if (capture->order == NULL) return write_piece(t);
    if (!echo__capture_complete(capture)) return capture_item(t);
    echo__batch *rest = echo__capture_rest(capture);
    if (rest != NULL) echo__writer_give(t->writer, rest);
    if (!sync_piece(t) && !root_piece(t)) close_writer(t);
    return true;
}

static bool finish_piece(echo__taker *t) {
    echo__swept swept = {ECHO_OK, ECHO_ERROR_INIT, false, 0, 0, 0};
    if (t->capture != NULL) {
        if (echo__capture_settle(t->capture)) return true;
        echo__capture_free(t->capture);
        t->capture = NULL;
    }
    if (t->writer != NULL && !echo__writer_ended(t->writer, &swept)) return write_piece(t);
    finish_snapshot(t, &swept);
    return true;
}

bool echo__take_piece(echo__taker *t) {
    echo__written written;
    switch (t->phase) {
    case ECHO_SNAPSHOT_PHASE_CONVERT: return convert_piece(t);
    case ECHO_SNAPSHOT_PHASE_CAPTURE: return capture_piece(t);
    case ECHO_SNAPSHOT_PHASE_WRITE:
        if (!echo__writer_done(&written, t->writer)) return write_piece(t);
        conclude(t, &written);
        return true;
    case ECHO_SNAPSHOT_PHASE_FINISH: return finish_piece(t);
    default: return false;
    }
}
