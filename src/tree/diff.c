/*
 * Differences: both trees are walked in step, and whatever subtree of the same height starts on both sides where they
 * stand is passed over when its names are equal. Otherwise the side that stands higher goes down, both when they stand
 * equally high.
 */
#include "base/error.h"
#include "tree/diff.h"
#include "tree/leaf.h"
#include "tree/path.h"

/* The height up to which subtrees start where a path stands: that of chunks, 0 for leaves; -1 when it is inside a leaf.
 */
static int starts_up_to(const echo__path *path) {
    int top = (int)path->level - 1;
    for (uint32_t l = path->level; l <= path->root.height && path->at[l] == 0; l++) top = (int)l;
    return top;
}

static void subtree(const echo__path *path, uint32_t level, echo_hash *name) {
    if (level < path->level)
        echo__path_below(path, name);
    else
        *name = path->pages[level].chunk->name;
}

/* Passes over the subtree of that level that starts here. */
static void skip_subtree(echo__path *path, uint32_t level) {
    while (path->level <= level) echo__path_up(path);
    echo__path_next(path);
}

static bool skip_equal(echo__path *a, echo__path *b) {
    int top_a = starts_up_to(a), top_b = starts_up_to(b);
    uint32_t low = a->level > b->level ? a->level : b->level;
    for (int l = top_a < top_b ? top_a : top_b; l >= 0 && l + 1 >= (int)low; l--) {
        echo_hash name_a, name_b;
        subtree(a, (uint32_t)l, &name_a);
        subtree(b, (uint32_t)l, &name_b);
        if (memcmp(&name_a, &name_b, sizeof name_a) != 0) continue;
        skip_subtree(a, (uint32_t)l);
        skip_subtree(b, (uint32_t)l);
        return true;
    }
    return false;
}

/* Reports the line that one side stands at, or both. */
static echo_status report_lines(echo__path *a, echo__path *b, echo__diff_fn fn, void *arg, echo_error *err) {
    int order = 0;
    if (a == NULL)
        order = 1;
    else if (b == NULL)
        order = -1;
    else
        order = echo__text_compare(echo__page_key(echo__path_page(a), a->at[0]),
                                   echo__page_key(echo__path_page(b), b->at[0]));
    echo__path *first = order <= 0 ? a : b;
    uint8_t room[ECHO__ID_MAX];
    echo_bytes id = echo__page_id(echo__path_page(first), first->at[0], room);
    const echo__line none = {{NULL, 0}, NULL};
    echo__line line_a = order <= 0 ? echo__path_line(a) : none, line_b = order >= 0 ? echo__path_line(b) : none;
    bool equal = false;
    echo_status status = order == 0 ? echo__line_equal(&equal, line_a, line_b, err) : ECHO_OK;
    if (status == ECHO_OK && !equal) status = fn(arg, id, line_a, line_b);
    if (order <= 0) echo__path_next(a);
    if (order >= 0) echo__path_next(b);
    return status;
}

static echo_status walk_both(echo__path *a, echo__path *b, echo__diff_fn fn, void *arg, echo_error *err) {
    while (!a->done || !b->done) {
        if (!a->done && !b->done && skip_equal(a, b)) continue;
        uint32_t level_a = a->done ? 0 : a->level, level_b = b->done ? 0 : b->level;
        if (level_a == 0 && level_b == 0) {
            echo_status status = report_lines(a->done ? NULL : a, b->done ? NULL : b, fn, arg, err);
            if (status != ECHO_OK) return status;
            continue;
        }
        echo_status status = ECHO_OK;
        if (level_a >= level_b) status = echo__path_down(a, err);
        if (status == ECHO_OK && level_b >= level_a) status = echo__path_down(b, err);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

echo_status echo__tree_diff(echo__chunks *chunks_a, const echo__root *a, echo__chunks *chunks_b, const echo__root *b,
                            echo__diff_fn fn, void *arg, echo_error *err) {
    echo__path path_a, path_b;
    echo_status status = echo__path_init(&path_a, chunks_a, a, err);
    if (status != ECHO_OK) return status;
    status = echo__path_init(&path_b, chunks_b, b, err);
    if (status == ECHO_OK) {
        status = walk_both(&path_a, &path_b, fn, arg, err);
        echo__path_free(&path_b);
    }
    echo__path_free(&path_a);
    return status;
}
