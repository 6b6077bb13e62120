#include "model/object_avl.h"

#include <string.h>

echo__seg echo__seg_make(const char *text, size_t len) {
    echo__seg seg = {text, (uint32_t)len, ECHO__NAMED};
    if (len == 0 || len > 10 || (text[0] == '0' && len > 1)) return seg;
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return seg;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value < ECHO__NAMED) seg.index = (uint32_t)value;
    return seg;
}

echo__seg echo__seg_index(uint32_t index, char room[ECHO__INDEX_TEXT]) {
    char *end = room + ECHO__INDEX_TEXT - 1, *at = end;
    *end = '\0';
    for (uint32_t rest = index; at == end || rest > 0; rest /= 10) *--at = (char)('0' + rest % 10);
    echo__seg seg = {at, (uint32_t)(end - at), index};
    return seg;
}

int echo__seg_compare(const echo__seg *a, const echo__seg *b) {
    if (a->index != b->index) return a->index < b->index ? -1 : 1;
    if (a->index != ECHO__NAMED) return 0;
    size_t len = a->len < b->len ? a->len : b->len;
    int order = len == 0 ? 0 : memcmp(a->text, b->text, len);
    if (order != 0) return order;
    return a->len < b->len ? -1 : a->len > b->len;
}

echo__avl_node *echo__avl_find(echo__avl_node *root, const echo__seg *key) {
    while (root != NULL) {
        int order = echo__seg_compare(key, &root->key);
        if (order == 0) return root;
        root = order < 0 ? root->left : root->right;
    }
    return NULL;
}

echo__avl_node *echo__avl_after(echo__avl_node *root, const echo__seg *key) {
    echo__avl_node *found = NULL;
    while (root != NULL) {
        if (echo__seg_compare(key, &root->key) < 0) {
            found = root;
            root = root->left;
        } else {
            root = root->right;
        }
    }
    return found;
}

static int height(const echo__avl_node *node) { return node == NULL ? 0 : node->height; }

static void measure(echo__avl_node *node) {
    int left = height(node->left), right = height(node->right);
    node->height = 1 + (left > right ? left : right);
}

static echo__avl_node *rotate_right(echo__avl_node *node) {
    echo__avl_node *top = node->left;
    node->left = top->right;
    top->right = node;
    measure(node);
    measure(top);
    return top;
}

static echo__avl_node *rotate_left(echo__avl_node *node) {
    echo__avl_node *top = node->right;
    node->right = top->left;
    top->left = node;
    measure(node);
    measure(top);
    return top;
}

static echo__avl_node *balance(echo__avl_node *node) {
    measure(node);
    int lean = height(node->left) - height(node->right);
    if (lean > 1) {
        if (height(node->left->left) < height(node->left->right)) node->left = rotate_left(node->left);
        return rotate_right(node);
    }
    if (lean < -1) {
        if (height(node->right->right) < height(node->right->left)) node->right = rotate_right(node->right);
        return rotate_left(node);
    }
    return node;
}

static echo__avl_node *insert(echo__avl_node *root, echo__avl_node *node) {
    if (root == NULL) return node;
    if (echo__seg_compare(&node->key, &root->key) < 0)
        root->left = insert(root->left, node);
    else
        root->right = insert(root->right, node);
    return balance(root);
}

void echo__avl_insert(echo__avl_node **root, echo__avl_node *node) {
    node->left = node->right = NULL;
    node->height = 1;
    *root = insert(*root, node);
}

static echo__avl_node *take_first(echo__avl_node *root, echo__avl_node **first) {
    if (root->left == NULL) {
        *first = root;
        return root->right;
    }
    root->left = take_first(root->left, first);
    return balance(root);
}

static echo__avl_node *take(echo__avl_node *root, const echo__seg *key, echo__avl_node **taken) {
    if (root == NULL) return NULL;
    int order = echo__seg_compare(key, &root->key);
    if (order < 0)
        root->left = take(root->left, key, taken);
    else if (order > 0)
        root->right = take(root->right, key, taken);
    else {
        *taken = root;
        if (root->left == NULL) return root->right;
        if (root->right == NULL) return root->left;
        echo__avl_node *heir, *right = take_first(root->right, &heir);
        heir->left = root->left;
        heir->right = right;
        root = heir;
    }
    return balance(root);
}

echo__avl_node *echo__avl_remove(echo__avl_node **root, const echo__seg *key) {
    echo__avl_node *taken = NULL;
    *root = take(*root, key, &taken);
    return taken;
}

echo__avl_node *echo__avl_last_index(echo__avl_node *root) {
    echo__avl_node *last = NULL;
    while (root != NULL) {
        if (root->key.index == ECHO__NAMED) {
            root = root->left;
        } else {
            last = root;
            root = root->right;
        }
    }
    return last;
}

static echo__avl_node *descend(echo__avl_walk *walk, echo__avl_node *node) {
    for (; node != NULL; node = node->left) walk->stack[walk->depth++] = node;
    return walk->depth == 0 ? NULL : walk->stack[walk->depth - 1];
}

echo__avl_node *echo__avl_first(echo__avl_walk *walk, echo__avl_node *root) {
    walk->depth = 0;
    return descend(walk, root);
}

echo__avl_node *echo__avl_next(echo__avl_walk *walk) {
    echo__avl_node *node = walk->stack[--walk->depth];
    return descend(walk, node->right);
}
