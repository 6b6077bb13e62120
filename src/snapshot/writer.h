/*
 * The writer of one snapshot: sorts its items, puts their records into the tree, publishes, then removes old snapshots
 * and garbage. A state machine whose steps are bounded, except for the store's own calls. It runs on a thread of its
 * own, or the party's thread steps it.
 *
 * Three state machines are nested: the taker (take.h, with the phases that hosts see) makes a writer at the cut, and
 * the writer steps a collection of garbage (gc.h). Phases that go together while nothing fails:
 *
 *     taker             writer                    collection
 *     IDLE, CONVERT     (does not exist)
 *     CAPTURE           OPEN, ORDER, RECORDS
 *     WRITE             RECORDS, TREE, PUBLISH
 *     FINISH            RETAIN, GC, ENDED         PARTIES, LISTS, MARK, REMOVE, SWEEP, DONE
 *
 * The writer may be ahead of the taker, which polls it. A writer that fails is ENDED in any phase of the taker.
 *
 * The party's side uses only the functions below, which may be called while the writer runs. The writer calls only the
 * store.
 */
#ifndef ECHO_SNAPSHOT_WRITER_H
#define ECHO_SNAPSHOT_WRITER_H

#include "snapshot/writer_job.h"

/*
 * Starts a writer. `store` is borrowed. If the store can be opened again, the writer uses a second handle, so that its
 * pending puts stay apart, and also a thread if `threaded` is set and one can be started. That handle is *own: it is
 * opened if its ops is NULL, and left open for the next writer. The caller closes it after the last writer is freed.
 */
echo_status echo__writer_start(echo__writer **out, const echo__job *job, const echo_store *store, echo_store *own,
                               bool threaded, echo_error *err) ECHO_MUST_USE;
/* Cancels the writer if it runs, waits for it, and frees it. */
void echo__writer_free(echo__writer *writer);
bool echo__writer_threaded(const echo__writer *writer);

/* ---- the party's side ---- */

/* Ends it before it publishes. If it is publishing already, that may still succeed. */
void echo__writer_cancel(echo__writer *writer);
/* The items in order, or NULL until they are sorted. Valid until the writer is freed. */
const echo__ordered *echo__writer_order(echo__writer *writer);
/* Whether it accepts more batches now. */
bool echo__writer_has_room(echo__writer *writer);
/* Hands a batch over. */
void echo__writer_give(echo__writer *writer, echo__batch *batch);
/* Permits publishing: all batches were handed over, the manifest's models are counted, the feeds are durable (P5). */
void echo__writer_close(echo__writer *writer);
/* The party is over the new snapshot, or never will be: only after this are old ones removed (P9). */
void echo__writer_moved(echo__writer *writer);
/* Whether the snapshot is published or has failed; *out is then the result. */
bool echo__writer_done(echo__written *out, echo__writer *writer);
/* Whether everything has ended, including the collection of garbage. */
bool echo__writer_ended(echo__writer *writer, echo__swept *out);
/* Does one step; false: nothing can be done before the party's side does something, or everything has ended. Not to be
 * called while the writer has a thread. */
bool echo__writer_step(echo__writer *writer);
/* Waits until the writer's thread has news: it has the order, has room, is done, or has ended. */
void echo__writer_wait(echo__writer *writer);

#endif
