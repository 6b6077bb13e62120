/*
 * Balanced trees of nodes with keys: the properties of a value, the slots of an item, the branches of a slot's
 * operations. Chosen over hashing because removal must not fail, because lists are read in the order of their indices,
 * and because no choice of keys makes it slow.
 */
#ifndef ECHO_MODEL_OBJECT_AVL_H
#define ECHO_MODEL_OBJECT_AVL_H

#include <echo/base.h>

#define ECHO__NAMED UINT32_MAX /* the index of a segment that is not an index */
#define ECHO__INDEX_TEXT 11u   /* room for the text of an index */

/* One segment of a path. A view. Two segments with the same text have the same index. */
typedef struct echo__seg {
    const char *text;
    uint32_t len;
    uint32_t index; /* the number when the text is a canonical decimal integer below 2^32-1, else ECHO__NAMED */
} echo__seg;

/* Reads the index off the text. */
echo__seg echo__seg_make(const char *text, size_t len);
/* The segment of an index below ECHO__NAMED; its text is written to `room`. */
echo__seg echo__seg_index(uint32_t index, char room[ECHO__INDEX_TEXT]);
/* Indices first, in numeric order; then names, bytewise. */
int echo__seg_compare(const echo__seg *a, const echo__seg *b);

typedef struct echo__avl_node {
    struct echo__avl_node *left, *right;
    echo__seg key; /* its text lives in the structure around the node */
    int height;
} echo__avl_node;

echo__avl_node *echo__avl_find(echo__avl_node *root, const echo__seg *key);
/* The key must not be in the tree. */
void echo__avl_insert(echo__avl_node **root, echo__avl_node *node);
/* Takes the node with the key out of the tree; NULL when none exists. */
echo__avl_node *echo__avl_remove(echo__avl_node **root, const echo__seg *key);
/* The first node after a key, which need not be in the tree; NULL when none exists. */
echo__avl_node *echo__avl_after(echo__avl_node *root, const echo__seg *key);
/* The node with the highest index; NULL when there are only names. */
echo__avl_node *echo__avl_last_index(echo__avl_node *root);

/* A walk in key order. The tree must not change meanwhile. */
typedef struct echo__avl_walk {
    echo__avl_node *stack[64]; /* a balanced tree of 2^44 nodes is not as high */
    unsigned depth;
} echo__avl_walk;
echo__avl_node *echo__avl_first(echo__avl_walk *walk, echo__avl_node *root);
echo__avl_node *echo__avl_next(echo__avl_walk *walk);

#endif
