/*
 * Which snapshots a store keeps. All of it is store calls on the handle that is given, on the thread that calls.
 */
#ifndef ECHO_SNAPSHOT_KEEP_H
#define ECHO_SNAPSHOT_KEEP_H

#include "snapshot/stored.h"

/* A stored snapshot, as far as it matters for keeping it. */
typedef struct echo__holding {
    echo_key party;
    echo__stored_id id;
    bool good; /* its manifest can be read; one that cannot is damaged, and needs nothing */
    bool pinned;
    bool keep;
    echo__root items, credentials; /* of a good one */
} echo__holding;

/* Zeroed is empty. */
typedef struct echo__holdings {
    echo__holding *list;
    size_t count, cap;
} echo__holdings;

/*
 * Adds a party's snapshots, newest first, and decides: the newest `keep` good ones are kept (0: all), those that are
 * pinned, and damaged ones that are newer than the last of the former, or are all there is. A manifest that cannot be
 * read for any other reason than damage (a newer format, a limit, memory, the store) is an error that names it; then
 * nothing is added.
 */
echo_status echo__keep_list(echo__holdings *out, const echo_store *store, const echo_key *party, uint32_t keep,
                            echo_error *err) ECHO_MUST_USE;
void echo__keep_free(echo__holdings *holdings);

/*
 * Removes the old snapshots of one party by the same rule; their chunks stay. Cheap: reads the manifests, no tree. keep
 * 0 removes none. *removed (may be NULL) counts those that were removed, also when a later one could not be.
 */
echo_status echo__keep_retain(const echo_store *store, const echo_key *party, uint32_t keep, uint64_t *removed,
                              echo_error *err) ECHO_MUST_USE;

#endif
