/*
 * The writer of one snapshot: finds the order of its items, puts their records into the tree, publishes, then removes
 * old snapshots and garbage. A machine of bounded steps, but for the store's own calls: it runs on a thread of its own,
 * or the party's thread steps it.
 *
 * Three machines stand in one another: the taker (take.h, with the phases that hosts see) makes a writer at the cut,
 * and the writer steps a collection of garbage (gc.h). Which phases go together, as long as nothing fails:
 *
 *     taker             writer                    collection
 *     IDLE, CONVERT     (does not exist)
 *     CAPTURE           OPEN, ORDER, RECORDS
 *     WRITE             RECORDS, TREE, PUBLISH
 *     FINISH            RETAIN, GC, ENDED         PARTIES, LISTS, MARK, REMOVE, SWEEP, DONE
 *
 * The writer may be ahead of the taker, which asks it for news; a writer that fails is ENDED whatever the taker's
 * phase.
 *
 * What the party's side gives it and asks it goes through the functions below, which may be called while it runs. It
 * calls nothing but the store.
 */
#ifndef ECHO_SNAPSHOT_WRITER_H
#define ECHO_SNAPSHOT_WRITER_H

#include "snapshot/writer_job.h"

/*
 * Starts it. `store` is borrowed; the writer uses a handle of its own on it when the store can be opened again, so that
 * its pending puts are its own; and with that a thread, when `threaded` and one can be had. That handle
 * is *own: opened when its ops is NULL, and left open for the next writer; the caller closes it when the last is gone.
 */
echo_status echo__writer_start(echo__writer **out, const echo__job *job, const echo_store *store, echo_store *own,
                               bool threaded, echo_error *err) ECHO_MUST_USE;
/* Cancels it if it runs, waits for it, and releases it. */
void echo__writer_free(echo__writer *writer);
bool echo__writer_threaded(const echo__writer *writer);

/* ---- the party's side ---- */

/* Ends it before it publishes; what is being published goes through or not. */
void echo__writer_cancel(echo__writer *writer);
/* The order, once known, else NULL. Valid as long as the writer. */
const echo__ordered *echo__writer_order(echo__writer *writer);
/* Whether it takes more batches now. */
bool echo__writer_has_room(echo__writer *writer);
/* Hands a batch over. */
void echo__writer_give(echo__writer *writer, echo__batch *batch);
/* All batches were given, the manifest's models are counted, and the feeds are durable: it may publish (P5). */
void echo__writer_close(echo__writer *writer);
/* The party stands on the new snapshot, or will never: only then are old ones removed (P9). */
void echo__writer_moved(echo__writer *writer);
/* Whether the snapshot is published or has failed; then *out says how. */
bool echo__writer_done(echo__writer *writer, echo__written *out);
/* Whether all is over, garbage included. */
bool echo__writer_ended(echo__writer *writer, echo__swept *out);
/* One step; false when nothing can be done before the party's side does something, or at all. Not while it has a
 * thread. */
bool echo__writer_step(echo__writer *writer);
/* Waits until a thread has news: the order, room, done, ended. */
void echo__writer_wait(echo__writer *writer);

#endif
