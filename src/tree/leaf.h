/*
 * Leaves from lines, and lines out of leaves.
 */
#ifndef ECHO_TREE_LEAF_H
#define ECHO_TREE_LEAF_H

#include "tree/leaf_head.h"

/*
 * Appends the leaf that holds these records: `lines`, each alone and ended by a newline. ECHO_ERR_CORRUPT when a line
 * does not begin as a record does; payloads are taken as they are.
 */
echo_status echo__leaf_pack(echo__buf *out, echo_bytes lines, echo_error *err) ECHO_MUST_USE;
/* Appends the line as it stands alone, without newline. */
echo_status echo__line_expand(echo__buf *out, echo__line line, echo_error *err) ECHO_MUST_USE;
/* Whether two lines are those of equal records. */
echo_status echo__line_equal(bool *out, echo__line a, echo__line b, echo_error *err) ECHO_MUST_USE;

#endif
