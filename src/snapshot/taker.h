/*
 * Taking snapshots, on the party's thread: a machine of small pieces, which the party drives between messages, and a
 * blocking call drives to its end. take.c has the pieces, steps.c drives them.
 */
#ifndef ECHO_SNAPSHOT_TAKER_H
#define ECHO_SNAPSHOT_TAKER_H

#include "snapshot/policy.h"
#include "snapshot/writer.h"

typedef struct echo__convert echo__convert;

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

    /* between messages (steps.c) */
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

/* Makes the party's taker, where it has a store and may write. */
echo_status echo__taker_new(echo_party *party, echo_error *err) ECHO_MUST_USE;
/* The party is complete: from now on it is driven between messages. */
void echo__taker_attach(echo_party *party);

/* ---- take.c ---- */

/* Begins one. None may be running. On error nothing was begun. */
echo_status echo__taker_begin(echo__taker *taker, echo_snapshot_reason reason, bool threaded,
                              echo_error *err) ECHO_MUST_USE;
/* One piece of what is to be done; false: nothing can be done before the writer's thread has news. */
bool echo__taker_piece(echo__taker *taker);
/* It is to end unpublished; `status` and `problem` will be why. */
void echo__taker_fail(echo__taker *taker, echo_status status, const echo_error *problem);
/* Begins one unless one is being captured or written, and drives it to its end. */
echo_status echo__taker_run(echo__taker *taker, echo_snapshot_reason reason, echo_error *err) ECHO_MUST_USE;

/* Ends the snapshot that is running, as echo_party_snapshot_cancel() does, and what comes after it: the taker is idle
 * then. */
void echo__taker_quit(echo_party *party);

/* ---- convert.c: items whose record would be written otherwise by the models at hand ---- */

/* *out is NULL when there can be none. */
echo_status echo__convert_begin(echo__convert **out, echo_party *party, echo_error *err) ECHO_MUST_USE;
/* Looks at one record; makes its item a changed one if need be. */
echo_status echo__convert_next(echo__convert *convert, bool *done, echo_error *err) ECHO_MUST_USE;
void echo__convert_free(echo__convert *convert);

#endif
