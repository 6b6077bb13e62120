/*
 * The whole tree read and checked, for a reader who trusts nobody.
 */
#ifndef ECHO_TREE_VERIFY_H
#define ECHO_TREE_VERIFY_H

#include "tree/tree.h"

/*
 * Reads the whole tree and checks everything: order, boundaries, counts, bytes, canonical shape of each record,
 * presence of blobs and sealed log segments. err names the chunk. *bad (optional) is the first bad chunk.
 */
echo_status echo__tree_verify(echo__chunks *chunks, const echo__root *root, echo_hash *bad,
                              echo_error *err) ECHO_MUST_USE;

#endif
