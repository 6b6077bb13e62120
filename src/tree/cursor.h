/*
 * Reading a tree: one record by its id, or all of them in ascending order of id.
 */
#ifndef ECHO_TREE_CURSOR_H
#define ECHO_TREE_CURSOR_H

#include "tree/tree.h"

/* Called with the line (no newline), valid during the call. */
typedef echo_status (*echo__line_fn)(void *arg, echo__line line);
/* Calls fn once with the record of that id; ECHO_ERR_NOT_FOUND when the tree has none. Reads height + 1 chunks at most.
 */
echo_status echo__tree_get(echo__chunks *chunks, const echo__root *root, echo_bytes id, echo__line_fn fn, void *arg,
                           echo_error *err) ECHO_MUST_USE;

/*
 * Ordered iteration from the first id >= from (data NULL: from the start). One path is held at a time, and some leaves
 * that were read ahead: two at first, then more, at most 32 and 512 KiB. Leaves of a tree that is larger than a quarter
 * of what may be kept (chunk.h) are not kept when they are left, so that a walk takes the same memory however large the
 * tree is.
 */
typedef struct echo__cursor echo__cursor;
echo_status echo__cursor_open(echo__cursor **out, echo__chunks *chunks, const echo__root *root, echo_bytes from,
                              echo_error *err) ECHO_MUST_USE;
/* The next line, valid until the next call; ECHO_ERR_NOT_FOUND at the end. */
echo_status echo__cursor_next(echo__line *line, echo__cursor *cursor, echo_error *err) ECHO_MUST_USE;
void echo__cursor_close(echo__cursor *cursor);

#endif
