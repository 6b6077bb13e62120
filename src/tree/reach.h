/*
 * The names of all chunks that a tree needs.
 */
#ifndef ECHO_TREE_REACH_H
#define ECHO_TREE_REACH_H

#include "tree/tree.h"

/*
 * Every chunk name reachable from the root, nodes before what they name, blobs and log segments included; a name may
 * come twice. A chunk is read only after fn was told its name, and only when it may name others.
 */
typedef echo_status (*echo__reach_fn)(void *arg, const echo_hash *name);
echo_status echo__tree_reach(echo__chunks *chunks, const echo__root *root, echo__reach_fn fn, void *arg,
                             echo_error *err) ECHO_MUST_USE;

/*
 * The same for those who know some chunks already. *into says whether the chunk is about to be read, which all but log
 * segments are; fn sets it to false to leave out what is below `name`, which is then not read.
 */
typedef echo_status (*echo__visit_fn)(void *arg, const echo_hash *name, bool *into);
echo_status echo__tree_visit(echo__chunks *chunks, const echo__root *root, echo__visit_fn fn, void *arg,
                             echo_error *err) ECHO_MUST_USE;
/*
 * And in steps: each tells one chunk of the tree; a leaf with the blobs and segments of its records. *done is set with
 * the last. After a step that failed, for whatever reason, the visit can only be closed: what it told is not what it
 * read. chunks is borrowed.
 */
typedef struct echo__visitor echo__visitor;
echo_status echo__visitor_open(echo__visitor **out, echo__chunks *chunks, const echo__root *root, echo__visit_fn fn,
                               void *arg, echo_error *err) ECHO_MUST_USE;
echo_status echo__visitor_step(echo__visitor *visitor, bool *done, echo_error *err) ECHO_MUST_USE;
void echo__visitor_close(echo__visitor *visitor); /* NULL is fine */

#endif
