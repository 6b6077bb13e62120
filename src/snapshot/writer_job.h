/*
 * What a writer is given, and what it returns.
 */
#ifndef ECHO_SNAPSHOT_WRITER_JOB_H
#define ECHO_SNAPSHOT_WRITER_JOB_H

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
    uint64_t gc_usage; /* when chunks take more than this in the store; 0: more than twice what the roots count */
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

#endif
