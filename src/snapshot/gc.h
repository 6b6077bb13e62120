/*
 * Which snapshots a store keeps, and its garbage: what is needed by no snapshot that is kept (P9).
 *
 * All of it is store calls on the handle that is given, on the thread that calls, and hashing in between: the party is
 * not touched.
 */
#ifndef ECHO_SNAPSHOT_GC_H
#define ECHO_SNAPSHOT_GC_H

#include "echo/snapshot.h"
#include "tree/tree.h"

/* A stored snapshot, as far as it matters for keeping it. */
typedef struct echo__holding {
    echo_key party;
    uint64_t number;
    echo_hash name; /* of its number and bytes: numbers are given out again */
    bool good;      /* its manifest can be read; one that cannot is damaged, and needs nothing */
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
echo_status echo__holdings_add(echo__holdings *out, const echo_store *store, const echo_key *party, uint32_t keep,
                               echo_error *err) ECHO_MUST_USE;
void echo__holdings_free(echo__holdings *holdings);

/*
 * Removes the old snapshots of one party by the same rule; their chunks stay. Cheap: reads the manifests, no tree. keep
 * 0 removes none. *removed (may be NULL) counts those that were removed, also when a later one could not be.
 */
echo_status echo__retain(const echo_store *store, const echo_key *party, uint32_t keep, uint64_t *removed,
                         echo_error *err) ECHO_MUST_USE;

/*
 * Whether the snapshot whose manifest has this hash is still in the store. Who writes a tree on top of its roots names
 * chunks without putting them, and they are safe only while it stands: so ask after the first put, when the store is
 * locked, and before publishing.
 */
echo_status echo__snapshot_stands(bool *out, const echo_store *store, const echo_key *party, const echo_hash *manifest,
                                  echo_error *err) ECHO_MUST_USE;

/*
 * The collection of garbage in steps. A step reads one party's manifests or one chunk of a tree (with the blobs of a
 * leaf), removes one manifest, looks at some 2,000 names, or removes 512 chunks at most; a store without walk_from is
 * walked in one step.
 *
 * After a step that failed the collection may be stepped again, when that makes sense (ECHO_ERR_BUSY): it goes on where
 * it was, or begins anew, and what was removed stays counted. It can be freed at any point.
 */
typedef struct echo__gc echo__gc;
/* store is borrowed. options may be NULL. ECHO_ERR_UNSUPPORTED: the store cannot tell its parties. ECHO_ERR_VERSION: of
 * the options. */
echo_status echo__gc_new(echo__gc **out, const echo_store *store, const echo_gc_options *options,
                         echo_error *err) ECHO_MUST_USE;
echo_status echo__gc_step(echo__gc *gc, bool *done, echo_error *err) ECHO_MUST_USE;
void echo__gc_report(const echo__gc *gc, echo_gc_report *out); /* so far */
void echo__gc_free(echo__gc *gc);                              /* NULL is fine */

#endif
