/*
 * The input of a writer, and its results.
 */
#ifndef ECHO_SNAPSHOT_WRITER_JOB_H
#define ECHO_SNAPSHOT_WRITER_JOB_H

#include "party/capture.h"
#include "snapshot/manifest.h"

/* What to write. All of it is borrowed. From echo__writer_close() until the writer is done only the writer uses it. */
typedef struct echo__job {
    echo__manifest *manifest;      /* its roots are those of the previous snapshot; the writer replaces them */
    uint64_t newest;               /* the newest number in the store, which publishing expects */
    const echo_keypair *keys;      /* to sign with; NULL: the manifest is not signed */
    echo__credential *credentials; /* new ones; the writer sorts them */
    size_t credentials_count;
    echo_item *first; /* of the capture */
    unsigned side;
    uint64_t count;
    uint32_t keep;     /* snapshots to keep, 0: all */
    bool gc;           /* garbage may be collected, */
    uint64_t gc_usage; /* if chunks take more bytes than this in the store; 0: about twice what the new roots need */
} echo__job;

typedef struct echo__written {
    echo_status status; /* of the snapshot */
    echo_error problem;
    echo_hash manifest_hash, digest;
    uint64_t newest; /* after a conflict: the number that was found */
    uint64_t chunks, bytes;
    uint64_t ns_write, ns_publish;
} echo__written;

/* The result of what follows publishing. */
typedef struct echo__swept {
    echo_status status;
    echo_error problem;
    bool collected;
    uint64_t snapshots_removed, chunks_removed;
    uint64_t gc_usage; /* for the next job */
} echo__swept;

typedef struct echo__writer echo__writer;

#endif
