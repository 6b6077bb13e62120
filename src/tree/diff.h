/*
 * What two trees do not have in common.
 */
#ifndef ECHO_TREE_DIFF_H
#define ECHO_TREE_DIFF_H

#include "tree/tree.h"

/* For differences: the text of a line is NULL on the side that lacks the record. */
typedef echo_status (*echo__diff_fn)(void *arg, echo_bytes id, echo__line line_a, echo__line line_b);

/* Walks where hashes differ and calls fn for every record that differs, in ascending order of id. */
echo_status echo__tree_diff(echo__chunks *chunks_a, const echo__root *a, echo__chunks *chunks_b, const echo__root *b,
                            echo__diff_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;

#endif
