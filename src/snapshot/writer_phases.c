#include "snapshot/writer_phases.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "snapshot/credentials.h"
#include "snapshot/keep.h"
#include "snapshot/stored.h"
#include "snapshot/writer_state.h"
#include "store/store.h"

#define STEP_CHANGES 16u

static bool is_cancelled(echo__writer *w) {
    echo__writer_lock(w);
    bool cancelled = w->cancelled;
    echo__writer_unlock(w);
    return cancelled;
}

/* ---- until published ---- */

static echo_status open_store(echo__writer *w, echo_error *err) {
    echo_status status = ECHO_OK;
    if (w->own->ops == NULL)
        status = echo__store_has(w->store, ECHO__STORE_REOPEN) ? echo__store_reopen(w->own, w->store, err)
                                                               : ECHO_ERR_UNSUPPORTED;
    if (status == ECHO_OK) w->store = w->own;
    if (status == ECHO_ERR_UNSUPPORTED && !w->threaded) status = ECHO_OK; /* the party's own handle */
    if (status == ECHO_OK) status = echo__chunks_new(&w->chunks, w->store);
    if (status == ECHO_OK && echo__update_new(&w->update, w->chunks, &w->job.manifest->items) != ECHO_OK)
        status = echo__nomem(err);
    if (status == ECHO_OK && echo__order_begin(&w->order, w->job.first, w->job.side, w->job.count) != ECHO_OK)
        status = echo__nomem(err);
    w->phase = WRITER_ORDER;
    return status;
}

static void find_order(echo__writer *w) {
    if (!echo__order_step(&w->order)) return;
    echo__writer_lock(w);
    w->ordered = w->order.from;
    echo__writer_signal_party(w);
    echo__writer_unlock(w);
    w->phase = WRITER_RECORDS;
}

/* The next batch; NULL with *last set when none will come. */
static echo__batch *next_batch(echo__writer *w, bool *last) {
    echo__writer_lock(w);
    echo__batch *batch = w->first;
    if (batch != NULL) {
        w->first = batch->next;
        if (w->first == NULL) w->last = &w->first;
        w->queued -= echo__batch_bytes(batch);
        echo__writer_signal_party(w);
    }
    *last = batch == NULL && w->closed;
    echo__writer_unlock(w);
    return batch;
}

static echo_status put_loose(echo__writer *w, const echo__loose_chunks *chunks, echo_error *err) {
    const uint8_t *bytes = chunks->bytes.data;
    for (size_t i = 0; i < chunks->count; i++) {
        echo_status status =
            echo__chunks_put_as(&chunks->list[i].name, w->chunks, echo__bytes(bytes, chunks->list[i].len), err);
        if (status != ECHO_OK) return status;
        bytes += chunks->list[i].len;
    }
    return ECHO_OK;
}

static echo_status write_records(echo__writer *w, bool *idle, echo_error *err) {
    bool last = false;
    if (w->batch == NULL) {
        w->batch = next_batch(w, &last);
        w->at = 0;
        if (last) w->phase = WRITER_TREE;
        *idle = w->batch == NULL && !last;
        return w->batch == NULL ? ECHO_OK : put_loose(w, &w->batch->chunks, err);
    }
    size_t n = w->batch->count - w->at < STEP_CHANGES ? w->batch->count - w->at : STEP_CHANGES;
    echo_status status = echo__update_add(w->update, w->batch->changes + w->at, n, err);
    w->at += n;
    if (w->at < w->batch->count) return status;
    echo__batch_free(w->batch);
    w->batch = NULL;
    return status;
}

static echo_status finish_trees(echo__writer *w, echo_error *err) {
    echo__manifest *manifest = w->job.manifest;
    echo_status status = echo__update_finish(&manifest->items, w->update, err);
    if (status == ECHO_OK)
        status = echo__credentials_write(&manifest->credentials, w->chunks, w->job.credentials,
                                         w->job.credentials_count, err);
    echo__chunk_counts counts;
    echo__chunks_counts(w->chunks, &counts);
    w->written.chunks = counts.written;
    w->written.bytes = counts.written_bytes;
    w->packed = counts.written_plain == 0 ? 1 : (double)counts.written_bytes / (double)counts.written_plain;
    w->phase = WRITER_PUBLISH;
    return status;
}

/*
 * Another process may have removed the snapshot that this one continues, and collected the chunks that the new trees
 * share with it. From the first put on no other handle can write, so what exists now still exists when we publish.
 */
static echo_status check_base(const echo__writer *w, echo_error *err) {
    const echo__manifest *manifest = w->job.manifest;
    const echo__stored_id previous = {0, manifest->previous};
    bool stands = true;
    if (!manifest->has_previous) return ECHO_OK;
    echo_status status = echo__stored_has(&stands, w->store, &manifest->party, &previous, err);
    if (status != ECHO_OK || stands) return status;
    return echo__error(err, ECHO_ERR_CONFLICT,
                       "the snapshot that this one continues was removed by another process: open the party again");
}

/* Every member that computed a state attests it, so that others need not trust one member alone. */
static echo_status attest(echo__manifest *manifest, const echo_keypair *keys, echo_error *err) {
    echo_hash digest;
    echo__attestation own;
    if (echo__manifest_digest(&digest, manifest) != ECHO_OK) return echo__nomem(err);
    echo__attest(&own, &digest, keys);
    return echo__manifest_attested(manifest, &own) == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

static echo_status publish(echo__writer *w, echo_error *err) {
    echo__manifest *manifest = w->job.manifest;
    echo__buf text = ECHO__BUF_INIT;
    echo_status status = check_base(w, err);
    if (status == ECHO_OK && w->job.keys != NULL && !manifest->received) status = attest(manifest, w->job.keys, err);
    if (status == ECHO_OK) status = echo__manifest_write(&text, manifest, w->job.keys, err);
    if (status == ECHO_OK && echo__manifest_digest(&w->written.digest, manifest) != ECHO_OK) status = echo__nomem(err);
    if (status == ECHO_OK) {
        echo__hash(&w->written.manifest_hash, text.data, text.len);
        status = w->store->ops->publish(w->store->ctx, &manifest->party, w->job.newest, echo__buf_bytes(&text), err);
    }
    echo__buf_free(&text);
    w->party = manifest->party;
    w->needed = (uint64_t)(w->packed * (double)(manifest->items.bytes + manifest->credentials.bytes));
    w->phase = WRITER_RETAIN;
    return status;
}

/* Reading a tree whose chunks another process collected looks like damage. */
static echo_status explain(echo__writer *w, echo_status status, echo_error *problem) {
    echo_error gone = ECHO_ERROR_INIT;
    if (status != ECHO_ERR_CORRUPT || w->chunks == NULL || check_base(w, &gone) != ECHO_ERR_CONFLICT) return status;
    *problem = gone;
    return ECHO_ERR_CONFLICT;
}

/* After somebody else's snapshot the next attempt gets the number after that one's. */
static void give_up(echo__writer *w, echo_status status) {
    echo_error ignored = ECHO_ERROR_INIT;
    const echo_store *store = w->store;
    echo__stored_id newest;
    w->written.status = status;
    if (w->chunks != NULL)
        (void)!store->ops->rollback(store->ctx, &ignored); /* else it was not opened, and `store` is the party's */
    w->written.newest = w->job.newest;
    if (status == ECHO_ERR_CONFLICT &&
        echo__stored_newest(&newest, store, &w->job.manifest->party, &ignored) == ECHO_OK &&
        newest.number > w->job.newest)
        w->written.newest = newest.number;
    w->phase = WRITER_ENDED;
    echo__writer_report(w, &w->done);
}

/* ---- after publishing ---- */

#define GC_LEAST ((uint64_t)4 << 20) /* garbage that is not worth reading the trees for */

static echo_status wants_gc(bool *out, echo__writer *w, echo_error *err) {
    uint64_t usage = 0;
    *out = false;
    if (!w->job.gc) return ECHO_OK;
    echo_status status = echo__store_usage(&usage, w->store, err);
    if (status == ECHO_ERR_UNSUPPORTED) return ECHO_OK;
    if (status != ECHO_OK) return status;
    *out = usage > (w->job.gc_usage > 0 ? w->job.gc_usage : 2 * w->needed + GC_LEAST);
    return ECHO_OK;
}

static bool has_moved(echo__writer *w) {
    echo__writer_lock(w);
    bool moved = w->moved;
    echo__writer_unlock(w);
    return moved;
}

static echo_status remove_old(echo__writer *w, bool *idle, echo_error *err) {
    bool gc;
    *idle = !has_moved(w);
    if (*idle) return ECHO_OK;
    echo_status status = echo__keep_retain(&w->swept.snapshots_removed, w->store, &w->party, w->job.keep, err);
    if (status == ECHO_OK) status = wants_gc(&gc, w, err);
    w->phase = WRITER_ENDED;
    if (status != ECHO_OK || !gc) return status;
    echo_gc_options options = ECHO_GC_OPTIONS_INIT;
    options.keep = w->job.keep;
    w->phase = WRITER_GC;
    return echo__gc_new(&w->gc, w->store, &options, err);
}

static echo_status collect_garbage(echo__writer *w, echo_error *err) {
    bool done;
    echo_gc_report report;
    echo_status status = echo__gc_step(&done, w->gc, err);
    if (status != ECHO_OK || !done) return status;
    echo__gc_report(&report, w->gc);
    w->swept.chunks_removed = report.chunks_removed;
    w->swept.collected = true;
    w->phase = WRITER_ENDED;
    status = echo__store_usage(&w->swept.gc_usage, w->store, err);
    w->swept.gc_usage += report.bytes_kept > GC_LEAST ? report.bytes_kept : GC_LEAST;
    return status;
}

/* ---- running ---- */

static echo_status run_phase(echo__writer *w, bool *idle, echo_error *err) {
    switch (w->phase) {
    case WRITER_OPEN: return open_store(w, err);
    case WRITER_ORDER: find_order(w); return ECHO_OK;
    case WRITER_RECORDS: return write_records(w, idle, err);
    case WRITER_TREE: return finish_trees(w, err);
    case WRITER_PUBLISH: return publish(w, err);
    case WRITER_RETAIN: return remove_old(w, idle, err);
    case WRITER_GC: return collect_garbage(w, err);
    default: return ECHO_OK;
    }
}

static void end_writer(echo__writer *w) {
    echo__gc_free(w->gc);
    w->gc = NULL;
    echo__update_free(w->update);
    w->update = NULL;
    echo__chunks_free(w->chunks);
    w->chunks = NULL;
    if (w->closed)
        echo__order_free(&w->order); /* the party's side does not need it any more; freeing much memory is slow */
    echo__writer_report(w, &w->ended);
}

bool echo__writer_phases_step(echo__writer *w) {
    bool idle = false, cancelled = is_cancelled(w), before = w->phase < WRITER_RETAIN;
    uint64_t start = echo__now_ns();
    writer_phase phase = w->phase;
    if (w->ended) return false;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = cancelled ? echo__error(&problem, ECHO_ERR_REFUSED, "the snapshot was cancelled")
                                   : run_phase(w, &idle, &problem);
    uint64_t ns = echo__now_ns() - start;
    if (phase == WRITER_PUBLISH)
        w->written.ns_publish += ns;
    else if (before)
        w->written.ns_write += ns;
    if (status != ECHO_OK && before) {
        status = explain(w, status, &problem);
        echo__error_adopt(&problem, status, "the snapshot cannot be written");
        w->written.problem = problem;
        give_up(w, status);
    } else if (status != ECHO_OK) {
        if (!cancelled) echo__error_adopt(&problem, status, "old snapshots cannot be removed");
        w->swept.status = cancelled ? ECHO_OK : status;
        if (!cancelled) w->swept.problem = problem;
        w->phase = WRITER_ENDED;
    } else if (phase == WRITER_PUBLISH) {
        echo__writer_report(w, &w->done);
    }
    if (w->phase == WRITER_ENDED) end_writer(w);
    return !idle;
}
