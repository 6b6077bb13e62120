/*
 * A writer's state. `lock` protects what both sides use; only the thread that runs the writer uses the rest.
 */
#ifndef ECHO_SNAPSHOT_WRITER_STATE_H
#define ECHO_SNAPSHOT_WRITER_STATE_H

#include <pthread.h>

#include "snapshot/gc.h"
#include "snapshot/order.h"
#include "snapshot/writer_job.h"
#include "tree/update.h"

typedef enum writer_phase {
    WRITER_OPEN, /* opens the second handle, if it has a thread */
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
    const echo_store *store; /* the handle in use */
    echo_store *own;         /* the second handle, kept by the caller */
    echo__chunks *chunks;
    writer_phase phase;
    echo__order order;
    echo__update *update;
    echo__batch *batch;    /* being written */
    size_t at;             /* the next of the batch's changes */
    echo__written written; /* complete when done */
    echo__swept swept;     /* complete when ended */
    echo_key party;        /* for use after publishing, when the job may not be used any more */
    double packed;         /* ratio of bytes in the store to bytes of chunks */
    uint64_t needed;       /* estimate of the bytes that the new roots take in the store */
    echo__gc *gc;
    bool threaded;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t to_writer, to_party;
    echo__batch *first, **last;
    size_t queued;
    bool closed, cancelled, moved, done, ended;
    bool poked;          /* something for the writer came since it last waited */
    uint64_t news, seen; /* number of events for the party's side, and of those it had seen when it last waited */
    const echo__ordered *ordered;
};

static inline void echo__writer_lock(echo__writer *w) { (void)pthread_mutex_lock(&w->lock); }

static inline void echo__writer_unlock(echo__writer *w) { (void)pthread_mutex_unlock(&w->lock); }

/* With the lock held. */
static inline void echo__writer_signal_party(echo__writer *w) {
    w->news++;
    (void)pthread_cond_signal(&w->to_party);
}

/* Sets a flag of the state and reports it to the party's side. */
static inline void echo__writer_report(echo__writer *w, bool *flag) {
    echo__writer_lock(w);
    *flag = true;
    echo__writer_signal_party(w);
    echo__writer_unlock(w);
}

#endif
