/*
 * Garbage: chunks that no snapshot needs that is kept (P9). All of it is store calls on the handle that is given, on
 * the thread that calls, and hashing in between: the party is not touched.
 */
#ifndef ECHO_SNAPSHOT_GC_H
#define ECHO_SNAPSHOT_GC_H

#include <echo/snapshot.h>

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
