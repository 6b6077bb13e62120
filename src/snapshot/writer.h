/*
 * The writer of one snapshot: finds the order of its items, puts their records into the tree, publishes, then removes
 * old snapshots and garbage. A machine of bounded steps, but for the store's own calls: it runs on a thread of its own,
 * or the party's thread steps it.
 *
 * What the party's side gives it and asks it goes through the functions below, which may be called while it runs. It
 * calls nothing but the store.
 */
#ifndef ECHO_SNAPSHOT_WRITER_H
#define ECHO_SNAPSHOT_WRITER_H

#include "party/capture.h"
#include "snapshot/manifest.h"

/* What is to be written. All of it is borrowed, and left alone by others from closing until the writer is done. */
typedef struct echo__job {
    echo__manifest *manifest;      /* roots: of the snapshot before; then the new ones */
    uint64_t newest;               /* number that publishing expects */
    const echo_keypair *keys;      /* to sign with; NULL: it is not signed */
    echo__credential *credentials; /* new ones; put in order */
    size_t credentials_count;
    echo_item *first; /* of the capture */
    unsigned side;
    uint64_t count;
    uint32_t keep;     /* snapshots to keep, 0: all */
    bool gc;           /* garbage may be collected: */
    uint64_t gc_usage; /* when chunks take more than this in the store; 0: more than twice what the roots tell */
} echo__job;

typedef struct echo__written {
    echo_status status; /* of the snapshot */
    echo_error problem;
    echo_hash manifest_hash, digest;
    uint64_t newest; /* after a conflict: the number that was found */
    uint64_t chunks, bytes;
    uint64_t ns_write, ns_publish;
} echo__written;

/* After publishing. */
typedef struct echo__swept {
    echo_status status;
    echo_error problem;
    bool collected;
    uint64_t snapshots_removed, chunks_removed;
    uint64_t gc_usage; /* for the next job */
} echo__swept;

typedef struct echo__writer echo__writer;

/*
 * Starts it. `store` is borrowed; the writer uses a handle of its own on it when the store can be opened again, so that
 * what it puts and takes back is nobody else's; and with that a thread, when `threaded` and one can be had. That handle
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
/* One step; false when there is nothing to do before the party's side does something, or at all. Not while it has a
 * thread. */
bool echo__writer_step(echo__writer *writer);
/* Waits until a thread has news: the order, room, done, ended. */
void echo__writer_wait(echo__writer *writer);

#endif
