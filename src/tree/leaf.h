/*
 * Leaves from lines, and lines out of leaves.
 */
#ifndef ECHO_TREE_LEAF_H
#define ECHO_TREE_LEAF_H

#include "tree/leaf_head.h"

/*
 * Appends the leaf that holds these records: `lines`, each alone and ended by a newline. ECHO_ERR_CORRUPT when a line
 * does not begin as a record does; payloads are taken as they are. ECHO_ERR_LIMIT when there are more lines than a leaf
 * has, or the leaf would be longer than `most`: a header that grows beyond it ends the work early.
 */
echo_status echo__leaf_pack(echo__buf *out, echo_bytes lines, size_t most, echo_error *err) ECHO_MUST_USE;
/*
 * Appends the records of a leaf, each alone and ended by a newline: what echo__leaf_pack() takes. ECHO_ERR_CORRUPT when
 * the header or the beginning of a line is not that of a leaf; payloads are taken as they are. ECHO_ERR_LIMIT when the
 * records take more than `most` bytes, or are more than a leaf has.
 */
echo_status echo__leaf_expand(echo__buf *out, echo_bytes leaf, size_t most, echo_error *err) ECHO_MUST_USE;
/* Appends the line as it stands alone, without newline. */
echo_status echo__line_expand(echo__buf *out, echo__line line, echo_error *err) ECHO_MUST_USE;
/* Whether two lines are those of equal records. */
echo_status echo__line_equal(bool *out, echo__line a, echo__line b, echo_error *err) ECHO_MUST_USE;

#endif
