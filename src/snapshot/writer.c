/*
 * The phases of a writer. All that both sides use is behind `lock`; the rest is the writer's alone, whoever runs it.
 */
#include "snapshot/writer.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "snapshot/credentials.h"
#include "snapshot/gc.h"
#include "snapshot/keep.h"
#include "snapshot/order.h"
#include "store/store.h"
#include "tree/update.h"

#define QUEUE_BYTES ((size_t)4 << 20) /* of batches that wait */
#define STEP_CHANGES 16u

typedef enum writer_phase {
    WRITER_OPEN, /* a handle of its own, where it has a thread */
    WRITER_ORDER,
    WRITER_RECORDS,
    WRITER_TREE,
    WRITER_PUBLISH,
    WRITER_RETAIN,
    WRITER_GC,
    WRITER_ENDED
} writer_phase;

struct echo__writer {
    echo__job job;
    const echo_store *store; /* the one in use */
    echo_store *own;         /* a handle of its own, kept by the caller */
    echo__chunks *chunks;
    writer_phase phase;
    echo__order order;
    echo__update *update;
    echo__batch *batch;    /* being written */
    size_t at;             /* of its changes */
    echo__written written; /* until done */
    echo__swept swept;     /* until ended */
    echo_key party;        /* after publishing, when the job is no longer ours */
    double packed;         /* bytes that a byte of a chunk takes in the store */
    uint64_t needed;       /* bytes that the new roots take there, about */
    echo__gc *gc;
    bool threaded;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t to_writer, to_party;
    echo__batch *first, **last;
    size_t queued;
    bool closed, cancelled, moved, done, ended;
    bool poked;          /* something for the writer came since it waited last */
    uint64_t news, seen; /* things told to the party's side, and what it waited for last */
    const echo__ordered *ordered;
};

/* ---- both sides ---- */

static void lock(echo__writer *w) { (void)pthread_mutex_lock(&w->lock); }

static void unlock(echo__writer *w) { (void)pthread_mutex_unlock(&w->lock); }

/* With the lock held. */
static void signal_party(echo__writer *w) {
    w->news++;
    (void)pthread_cond_signal(&w->to_party);
}

static void tell(echo__writer *w, bool *what) {
    lock(w);
    *what = true;
    signal_party(w);
    unlock(w);
}

static bool is_cancelled(echo__writer *w) {
    lock(w);
    bool cancelled = w->cancelled;
    unlock(w);
    return cancelled;
}

/* ---- phases ---- */

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
    lock(w);
    w->ordered = w->order.from;
    signal_party(w);
    unlock(w);
    w->phase = WRITER_RECORDS;
}

/* The next batch; NULL with *last set when none will come. */
static echo__batch *next_batch(echo__writer *w, bool *last) {
    lock(w);
    echo__batch *batch = w->first;
    if (batch != NULL) {
        w->first = batch->next;
        if (w->first == NULL) w->last = &w->first;
        w->queued -= echo__batch_bytes(batch);
        signal_party(w);
    }
    *last = batch == NULL && w->closed;
    unlock(w);
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
 * Chunks that the new trees share with the snapshot before are needed by nobody else once that is gone: another process
 * may have removed it, and collected them. From the first put on the store is ours, so that what stands now stands
 * until we publish.
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

/* Who computed a state says so, and others need not take one member's word for it. */
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

/* Reading a tree whose chunks somebody collected looks like damage. */
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
    tell(w, &w->done);
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
    lock(w);
    bool moved = w->moved;
    unlock(w);
    return moved;
}

static echo_status retain(echo__writer *w, bool *idle, echo_error *err) {
    bool gc;
    *idle = !has_moved(w);
    if (*idle) return ECHO_OK;
    echo_status status = echo__keep_retain(w->store, &w->party, w->job.keep, &w->swept.snapshots_removed, err);
    if (status == ECHO_OK) status = wants_gc(&gc, w, err);
    w->phase = WRITER_ENDED;
    if (status != ECHO_OK || !gc) return status;
    echo_gc_options options = ECHO_GC_OPTIONS_INIT;
    options.keep = w->job.keep;
    w->phase = WRITER_GC;
    return echo__gc_new(&w->gc, w->store, &options, err);
}

static echo_status collect(echo__writer *w, echo_error *err) {
    bool done;
    echo_gc_report report;
    echo_status status = echo__gc_step(w->gc, &done, err);
    if (status != ECHO_OK || !done) return status;
    echo__gc_report(w->gc, &report);
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
    case WRITER_RETAIN: return retain(w, idle, err);
    case WRITER_GC: return collect(w, err);
    default: return ECHO_OK;
    }
}

static void end(echo__writer *w) {
    echo__gc_free(w->gc);
    w->gc = NULL;
    echo__update_free(w->update);
    w->update = NULL;
    echo__chunks_free(w->chunks);
    w->chunks = NULL;
    if (w->closed)
        echo__order_free(&w->order); /* the party's side has no more use for it; large memory is slow to give back */
    tell(w, &w->ended);
}

/* false: nothing can be done now. */
static bool step(echo__writer *w) {
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
        tell(w, &w->done);
    }
    if (w->phase == WRITER_ENDED) end(w);
    return !idle;
}

static void *run_thread(void *arg) {
    echo__writer *w = arg;
    while (w->phase != WRITER_ENDED) {
        if (step(w)) continue;
        lock(w);
        while (!w->poked) (void)pthread_cond_wait(&w->to_writer, &w->lock);
        w->poked = false;
        unlock(w);
    }
    return NULL;
}

/* Signals are the host's: the thread takes none (P10), but for those that tell of its own faults, for which the host
 * may have a handler. */
static bool start_thread(echo__writer *w) {
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigset_t all, before;
    (void)sigfillset(&all);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) (void)sigdelset(&all, own[i]);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
    bool started = pthread_create(&w->thread, NULL, run_thread, w) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static bool init_locks(echo__writer *w) {
    if (pthread_mutex_init(&w->lock, NULL) != 0) return false;
    if (pthread_cond_init(&w->to_writer, NULL) == 0) {
        if (pthread_cond_init(&w->to_party, NULL) == 0) return true;
        (void)pthread_cond_destroy(&w->to_writer);
    }
    (void)pthread_mutex_destroy(&w->lock);
    return false;
}

echo_status echo__writer_start(echo__writer **out, const echo__job *job, const echo_store *store, echo_store *own,
                               bool threaded, echo_error *err) {
    *out = NULL;
    echo__writer *w = echo__calloc(1, sizeof *w);
    if (w == NULL) return echo__nomem(err);
    w->job = *job;
    w->store = store;
    w->own = own;
    w->last = &w->first;
    if (!init_locks(w)) {
        echo__free(w);
        return echo__nomem(err);
    }
    w->threaded = threaded && echo__store_has(store, ECHO__STORE_REOPEN);
    if (w->threaded && !start_thread(w)) w->threaded = false;
    *out = w;
    return ECHO_OK;
}

void echo__writer_free(echo__writer *w) {
    if (w == NULL) return;
    echo__writer_cancel(w);
    if (w->threaded) (void)pthread_join(w->thread, NULL);
    while (!w->threaded && w->phase != WRITER_ENDED) (void)step(w);
    echo__order_free(&w->order);
    echo__batch_free(w->batch);
    for (echo__batch *batch = w->first; batch != NULL;) {
        echo__batch *next = batch->next;
        echo__batch_free(batch);
        batch = next;
    }
    (void)pthread_cond_destroy(&w->to_writer);
    (void)pthread_cond_destroy(&w->to_party);
    (void)pthread_mutex_destroy(&w->lock);
    echo__free(w);
}

bool echo__writer_threaded(const echo__writer *w) { return w->threaded; }

/* ---- the party's side ---- */

/* With the lock held. */
static void poke(echo__writer *w) {
    w->poked = true;
    (void)pthread_cond_signal(&w->to_writer);
}

void echo__writer_cancel(echo__writer *w) {
    lock(w);
    w->cancelled = true;
    poke(w);
    unlock(w);
}

void echo__writer_moved(echo__writer *w) {
    lock(w);
    w->moved = true;
    poke(w);
    unlock(w);
}

const echo__ordered *echo__writer_order(echo__writer *w) {
    lock(w);
    const echo__ordered *order = w->ordered;
    unlock(w);
    return order;
}

bool echo__writer_has_room(echo__writer *w) {
    lock(w);
    bool room = w->queued < QUEUE_BYTES;
    unlock(w);
    return room;
}

void echo__writer_give(echo__writer *w, echo__batch *batch) {
    lock(w);
    batch->next = NULL;
    *w->last = batch;
    w->last = &batch->next;
    w->queued += echo__batch_bytes(batch);
    poke(w);
    unlock(w);
}

void echo__writer_close(echo__writer *w) {
    lock(w);
    w->closed = true;
    poke(w);
    unlock(w);
}

bool echo__writer_done(echo__writer *w, echo__written *out) {
    lock(w);
    bool done = w->done;
    unlock(w);
    if (done) *out = w->written;
    return done;
}

bool echo__writer_ended(echo__writer *w, echo__swept *out) {
    lock(w);
    bool ended = w->ended;
    unlock(w);
    if (ended) *out = w->swept;
    return ended;
}

bool echo__writer_step(echo__writer *w) { return step(w); }

void echo__writer_wait(echo__writer *w) {
    lock(w);
    while (w->news == w->seen && !w->ended) (void)pthread_cond_wait(&w->to_party, &w->lock);
    w->seen = w->news;
    unlock(w);
}
