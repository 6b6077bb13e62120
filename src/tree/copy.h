/*
 * Copying a tree from one store to another.
 */
#ifndef ECHO_TREE_COPY_H
#define ECHO_TREE_COPY_H

#include "tree/tree.h"

/* Called after each chunk of the tree; items: records copied or found to be there, so far. A code other than ECHO_OK
 * ends the copy and is returned; fn fills err. */
typedef echo_status (*echo__copied_fn)(void *arg, uint64_t items, echo_error *err);

typedef struct echo__tree_copy {
    echo__chunks *from, *to; /* borrowed */
    /* A tree that is whole in `to`, and stays so until the puts are published: what both share is passed over, and not
     * read in `from`. NULL, or without items: none. */
    const echo__root *base;
    echo__copied_fn fn;
    void *arg;
} echo__tree_copy;

/*
 * Puts every chunk that the tree needs: nodes, leaves, blobs and sealed log segments. Each is checked by its hash, and
 * nodes and leaves as every page is, before it is put; a segment that `to` has is not read. Memory: one path of pages a
 * store, and one blob.
 *
 * ECHO_ERR_CORRUPT names the chunk, and the ids between which its records are, or the item (err->item). A failure of
 * `to` begins with "destination: ". A base that cannot be read for damage is ignored.
 */
echo_status echo__tree_copy_all(const echo__tree_copy *copy, const echo__root *root, echo_error *err) ECHO_MUST_USE;
/* Puts the root's chunk alone, if the tree has one: from then on no other handle can write to the store. */
echo_status echo__tree_copy_root(const echo__tree_copy *copy, const echo__root *root, echo_error *err) ECHO_MUST_USE;

#endif
