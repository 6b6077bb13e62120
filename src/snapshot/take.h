/*
 * Taking one snapshot, on the party's thread: a state machine of small pieces, which drive.c drives. Its phases are
 * those of echo/snapshot.h; writer.h shows which phases of the writer and of the garbage collection go with them.
 */
#ifndef ECHO_SNAPSHOT_TAKE_H
#define ECHO_SNAPSHOT_TAKE_H

#include "snapshot/convert.h"
#include "snapshot/policy.h"
#include "snapshot/writer.h"

typedef struct echo__taker {
    echo_party *party;
    echo_store store; /* the handle for writers; ops NULL: not needed yet, or the party's own handle is used */

    echo_snapshot_phase phase;
    echo_snapshot_reason reason;
    bool threaded; /* the running snapshot may use a thread */
    bool again;    /* another was requested while this one is finishing */
    bool cancelled;
    uint64_t began_ns;
    uint64_t generation; /* of the registry when it was begun */
    uint64_t expected_bytes;
    echo_snapshot_result result; /* of the running snapshot, or of the last */
    echo_status status;          /* of the last that ended */
    echo_error error;            /* why it failed */

    echo__convert *convert;
    echo__capture *capture;
    echo__writer *writer;
    echo__manifest manifest; /* timeframe: what it covers */
    echo__model_counts models;
    echo_keypair keys;
    echo__credential *credentials; /* in the writer's order; their bytes are the party's */
    size_t credentials_count;      /* how many, from the beginning of the party's list */
    size_t synced;                 /* the number of frames in the timeframe whose feeds are durable (P5), */
    size_t rooted;                 /* and of those whose roots are in the manifest (P14) */
    uint64_t ns_writing;           /* time that writing took on this thread */

    /* between messages (drive.c) */
    uint32_t countdown; /* messages until the clock is read next */
    uint32_t unstepped; /* readings of the clock since the last step */
    uint64_t rested_ns; /* when the last step ended */
    uint64_t last_message_ns;
    uint64_t seen_messages;
    bool recovery; /* opening took too long: take a snapshot at once */
    echo__policy policy;

    /* since the party was opened */
    uint64_t taken, bytes_written, ns_worst;
    bool has_last;
    echo_snapshot_result last;
    uint64_t snapshots_removed, chunks_removed, gc_usage;
    echo_error gc_error;
} echo__taker;

/* Begins a snapshot. None may be running. On error nothing was begun. */
echo_status echo__take_begin(echo__taker *taker, echo_snapshot_reason reason, bool threaded,
                             echo_error *err) ECHO_MUST_USE;
/* Does one piece of work; false: nothing can be done before the writer's thread has news. */
bool echo__take_piece(echo__taker *taker);
/* Makes the snapshot end unpublished, with `status` and `problem` as the reason. */
void echo__take_fail(echo__taker *taker, echo_status status, const echo_error *problem);
/* Frees what the running snapshot has, but for its capture and writer. */
void echo__take_release(echo__taker *taker);

#endif
