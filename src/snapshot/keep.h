/*
 * Deciding which snapshots a store keeps. Uses only the given store handle, on the calling thread.
 */
#ifndef ECHO_SNAPSHOT_KEEP_H
#define ECHO_SNAPSHOT_KEEP_H

#include "snapshot/stored.h"

/* A stored snapshot: what is needed to decide whether it is kept. */
typedef struct echo__holding {
    echo_key party;
    echo__stored_id id;
    bool good; /* its manifest can be read; otherwise it is damaged, and needs no chunks */
    bool pinned;
    bool keep;
    echo__root items, credentials; /* if good */
} echo__holding;

/* Zeroed is empty. */
typedef struct echo__holdings {
    echo__holding *list;
    size_t count, cap;
} echo__holdings;

/*
 * Adds a party's snapshots, newest first, and decides which are kept: the newest `keep` good ones (0: all), the pinned
 * ones, and damaged ones that are newer than the last of the newest `keep` good ones, or all damaged ones if none is
 * good. A manifest that cannot be read for a reason other than damage (a newer format, a limit, memory, the store) is
 * an error that names it, and nothing is added.
 */
echo_status echo__keep_list(echo__holdings *out, const echo_store *store, const echo_key *party, uint32_t keep,
                            echo_error *err) ECHO_MUST_USE;
void echo__keep_free(echo__holdings *holdings);

/*
 * Removes the old snapshots of one party by the same rule; their chunks stay. Cheap: reads the manifests and no tree.
 * With `keep` 0 none is removed. *removed (may be NULL) is the number of removed snapshots, also after a later removal
 * failed.
 */
echo_status echo__keep_retain(uint64_t *removed, const echo_store *store, const echo_key *party, uint32_t keep,
                              echo_error *err) ECHO_MUST_USE;

#endif
