/* The balanced tree against a sorted array. */
#include "test_object_support.h"

enum { KEYS = 2000 };

typedef struct item {
    echo__avl_node node;
    char text[16];
    bool in;
} item;

static item items[KEYS];

/* Indices and names, in key order. */
static void make_items(void) {
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(items[i].text, sizeof items[i].text, i < KEYS / 2 ? "%d" : "n%04d", i * 3);
        items[i].node.key = echo__seg_make(items[i].text, strlen(items[i].text));
        items[i].in = false;
    }
}

/* Order, reach and balance. */
static int check(const echo__avl_node *node) {
    if (node == NULL) return 0;
    int left = check(node->left), right = check(node->right);
    assert_in_range(left - right + 1, 0, 2);
    if (node->left != NULL) assert_true(echo__seg_compare(&node->left->key, &node->key) < 0);
    if (node->right != NULL) assert_true(echo__seg_compare(&node->right->key, &node->key) > 0);
    assert_int_equal(node->height, 1 + (left > right ? left : right));
    return node->height;
}

static void check_all(echo__avl_node *root) {
    echo__avl_walk walk;
    echo__avl_node *at = echo__avl_first(&walk, root);
    const echo__avl_node *last = NULL;
    for (int i = 0; i < KEYS; i++) {
        assert_ptr_equal(echo__avl_find(root, &items[i].node.key), items[i].in ? &items[i].node : NULL);
        if (!items[i].in) continue;
        assert_ptr_equal(at, &items[i].node);
        at = echo__avl_next(&walk);
        if (i < KEYS / 2) last = &items[i].node;
    }
    assert_null(at);
    assert_ptr_equal(echo__avl_last_index(root), last);
    (void)check(root);
}

static void put(echo__avl_node **root, int i) {
    if (items[i].in) return;
    echo__avl_insert(root, &items[i].node);
    items[i].in = true;
}

static void drop(echo__avl_node **root, int i) {
    assert_ptr_equal(echo__avl_remove(root, &items[i].node.key), items[i].in ? &items[i].node : NULL);
    items[i].in = false;
}

static void test_runs(void **state) {
    (void)state;
    for (int order = 0; order < 3; order++) { /* up, down, from both ends */
        echo__avl_node *root = NULL;
        make_items();
        for (int i = 0; i < KEYS; i++)
            put(&root, order == 0 ? i : order == 1 ? KEYS - 1 - i : i % 2 == 0 ? i / 2 : KEYS - 1 - i / 2);
        check_all(root);
        assert_true(root->height <= 16); /* 1.44 log2(2000) */
        for (int i = 0; i < KEYS; i++) {
            drop(&root, order == 0 ? i : order == 1 ? KEYS - 1 - i : (i * 7) % KEYS);
            if (i % 191 == 0) check_all(root);
        }
        for (int i = 0; i < KEYS; i++) drop(&root, i);
        assert_null(root);
    }
}

static void test_random_steps(void **state) {
    (void)state;
    test_random random_numbers = {7};
    echo__avl_node *root = NULL;
    make_items();
    check_all(root);
    for (int step = 0; step < 20000; step++) {
        int i = (int)test_random_below(&random_numbers, KEYS), bias = step / 5000; /* grow and shrink in turn */
        if (test_random_below(&random_numbers, 4) < (bias % 2 == 0 ? 3u : 1u))
            put(&root, i);
        else
            drop(&root, i);
        if (step % 499 == 0) check_all(root);
    }
    check_all(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_random_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
