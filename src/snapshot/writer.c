/*
 * The functions of a writer for others: its thread, and the party's side.
 */
#include "snapshot/writer.h"

#include <signal.h>

#include "base/alloc.h"
#include "base/error.h"
#include "snapshot/writer_phases.h"
#include "snapshot/writer_state.h"
#include "store/store.h"

#define QUEUE_BYTES ((size_t)4 << 20) /* of batches that wait */

/* ---- its thread ---- */

static void *run_thread(void *arg) {
    echo__writer *w = arg;
    while (w->phase != WRITER_ENDED) {
        if (echo__writer_phases_step(w)) continue;
        echo__writer_lock(w);
        while (!w->poked) (void)pthread_cond_wait(&w->to_writer, &w->lock);
        w->poked = false;
        echo__writer_unlock(w);
    }
    return NULL;
}

/* Signals are the host's: the thread takes none (P10), but for those that report its own faults, for which the host
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
    while (!w->threaded && w->phase != WRITER_ENDED) (void)echo__writer_phases_step(w);
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
    echo__writer_lock(w);
    w->cancelled = true;
    poke(w);
    echo__writer_unlock(w);
}

void echo__writer_moved(echo__writer *w) {
    echo__writer_lock(w);
    w->moved = true;
    poke(w);
    echo__writer_unlock(w);
}

const echo__ordered *echo__writer_order(echo__writer *w) {
    echo__writer_lock(w);
    const echo__ordered *order = w->ordered;
    echo__writer_unlock(w);
    return order;
}

bool echo__writer_has_room(echo__writer *w) {
    echo__writer_lock(w);
    bool room = w->queued < QUEUE_BYTES;
    echo__writer_unlock(w);
    return room;
}

void echo__writer_give(echo__writer *w, echo__batch *batch) {
    echo__writer_lock(w);
    batch->next = NULL;
    *w->last = batch;
    w->last = &batch->next;
    w->queued += echo__batch_bytes(batch);
    poke(w);
    echo__writer_unlock(w);
}

void echo__writer_close(echo__writer *w) {
    echo__writer_lock(w);
    w->closed = true;
    poke(w);
    echo__writer_unlock(w);
}

bool echo__writer_done(echo__written *out, echo__writer *w) {
    echo__writer_lock(w);
    bool done = w->done;
    echo__writer_unlock(w);
    if (done) *out = w->written;
    return done;
}

bool echo__writer_ended(echo__writer *w, echo__swept *out) {
    echo__writer_lock(w);
    bool ended = w->ended;
    echo__writer_unlock(w);
    if (ended) *out = w->swept;
    return ended;
}

bool echo__writer_step(echo__writer *w) { return echo__writer_phases_step(w); }

void echo__writer_wait(echo__writer *w) {
    echo__writer_lock(w);
    while (w->news == w->seen && !w->ended) (void)pthread_cond_wait(&w->to_party, &w->lock);
    w->seen = w->news;
    echo__writer_unlock(w);
}
