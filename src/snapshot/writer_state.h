/*
 * A writer's state. All that both sides use is under `lock`; the rest is the writer's alone, whoever runs it.
 */
#ifndef ECHO_SNAPSHOT_WRITER_STATE_H
#define ECHO_SNAPSHOT_WRITER_STATE_H

#include <pthread.h>

#include "snapshot/gc.h"
#include "snapshot/order.h"
#include "snapshot/writer_job.h"
#include "tree/update.h"

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
    uint64_t needed;       /* about how many bytes the new roots take in the store */
    echo__gc *gc;
    bool threaded;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t to_writer, to_party;
    echo__batch *first, **last;
    size_t queued;
    bool closed, cancelled, moved, done, ended;
    bool poked;          /* something for the writer came since it waited last */
    uint64_t news, seen; /* events that concern the party's side, and how many it had seen when it waited last */
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
