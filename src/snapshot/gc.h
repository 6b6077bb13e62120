/*
 * Collecting garbage: chunks that no kept snapshot needs (P9). Uses only the given store handle, on the calling thread;
 * the party is not touched.
 */
#ifndef ECHO_SNAPSHOT_GC_H
#define ECHO_SNAPSHOT_GC_H

#include <echo/snapshot.h>

/*
 * The collection of garbage in steps. A step reads one party's manifests or one chunk of a tree (with the blobs of a
 * leaf), removes one manifest, checks about 2,000 names, or removes at most 512 chunks. A store without walk_from is
 * walked in one step.
 *
 * Its phases: list the parties, list the snapshots of each, mark what the kept ones need, remove the other manifests,
 * sweep what is not marked. If a snapshot was published meanwhile, the phases begin again with the first. A writer runs
 * a collection in its last phase (writer.h); echo_snapshot_gc() runs one by itself.
 *
 * After a failed step the collection may be stepped again, for example after ECHO_ERR_BUSY: it continues or begins
 * anew, and its counts of removed snapshots and chunks stay. It can be freed at any time.
 */
typedef struct echo__gc echo__gc;
/* store is borrowed. options may be NULL. ECHO_ERR_UNSUPPORTED: the store cannot list its parties. ECHO_ERR_VERSION:
 * the version of the options is not known. */
echo_status echo__gc_new(echo__gc **out, const echo_store *store, const echo_gc_options *options,
                         echo_error *err) ECHO_MUST_USE;
echo_status echo__gc_step(bool *done, echo__gc *gc, echo_error *err) ECHO_MUST_USE;
void echo__gc_report(echo_gc_report *out, const echo__gc *gc); /* so far */
void echo__gc_free(echo__gc *gc);                              /* NULL is fine */

#endif
