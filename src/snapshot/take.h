/*
 * Taking one snapshot, on the party's thread: a machine of small pieces. drive.h says who drives it.
 */
#ifndef ECHO_SNAPSHOT_TAKE_H
#define ECHO_SNAPSHOT_TAKE_H

#include "snapshot/convert.h"
#include "snapshot/policy.h"
#include "snapshot/writer.h"

typedef struct echo__taker {
    echo_party *party;
    echo_store store; /* the writers' handle; ops NULL: none was needed yet, or the party's own is used */

    echo_snapshot_phase phase;
    echo_snapshot_reason reason;
    bool threaded; /* the one that runs may use a thread */
    bool again;    /* another was asked for while this one is finishing */
    bool cancelled;
    uint64_t began_ns;
    uint64_t generation; /* of the registry when it was begun */
    uint64_t expected_bytes;
    echo_snapshot_result result; /* of the one that runs, or the last */
    echo_status status;          /* of the last that ended */
    echo_error error;            /* why it failed */

    echo__convert *convert;
    echo__capture *capture;
    echo__writer *writer;
    echo__manifest manifest; /* timeframe: what it covers */
    echo_keypair keys;
    echo__credential *credentials; /* in the writer's order; their bytes are the party's */
    size_t credentials_count;      /* the first ones of the party's list */
    size_t synced;                 /* frames of the timeframe whose feeds are durable (P5) */
    uint64_t ns_writing;           /* that writing took on this thread */

    /* between messages (drive.c) */
    uint32_t countdown; /* messages to the next look at the clock */
    uint32_t unstepped; /* looks since the last step */
    uint64_t rested_ns; /* when the last step ended */
    uint64_t last_message_ns;
    uint64_t seen_messages;
    bool recovery; /* opening took too long: one at once */
    echo__policy policy;

    /* since the party was opened */
    uint64_t taken, bytes_written, ns_worst;
    bool has_last;
    echo_snapshot_result last;
    uint64_t snapshots_removed, chunks_removed, gc_usage;
    echo_error gc_error;
} echo__taker;

/* Begins one. None may be running. On error nothing was begun. */
echo_status echo__take_begin(echo__taker *taker, echo_snapshot_reason reason, bool threaded,
                             echo_error *err) ECHO_MUST_USE;
/* One piece of what is to be done; false: nothing can be done before the writer's thread has news. */
bool echo__take_piece(echo__taker *taker);
/* It is to end unpublished; `status` and `problem` will be why. */
void echo__take_fail(echo__taker *taker, echo_status status, const echo_error *problem);

#endif
