/*
 * A tree changed by a sorted batch: one root in, another out, and the chunks between them put into the store.
 */
#ifndef ECHO_TREE_UPDATE_H
#define ECHO_TREE_UPDATE_H

#include "tree/tree.h"

/*
 * The root after applying changes, sorted ascending by id, no id twice (ECHO_ERR_INVALID otherwise). Puts the new
 * chunks, reads and writes only the paths that change, plus what re-cutting touches. `out` may be the same object as
 * `root`. Memory is bounded by the chunks of a few paths, not by the batch or the tree.
 */
echo_status echo__tree_update(echo__root *out, echo__chunks *chunks, const echo__root *root,
                              const echo__change *changes, size_t n, echo_error *err) ECHO_MUST_USE;
/*
 * The same for a batch that comes in parts, in ascending order over all of them: a chunk that later parts change is not
 * written, as it would be if each part were an update of its own. A failed add ends the update; finish may be called
 * once, then only free.
 */
typedef struct echo__update echo__update;
echo_status echo__update_new(echo__update **out, echo__chunks *chunks, const echo__root *root) ECHO_MUST_USE;
echo_status echo__update_add(echo__update *update, const echo__change *changes, size_t n,
                             echo_error *err) ECHO_MUST_USE;
echo_status echo__update_finish(echo__root *out, echo__update *update, echo_error *err) ECHO_MUST_USE;
void echo__update_free(echo__update *update);

#endif
