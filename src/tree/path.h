/*
 * A path: a way down a tree, from the root to any level, holding one page per level. It is what lookup, cursors,
 * update, differences and verification walk with.
 */
#ifndef ECHO_TREE_PATH_H
#define ECHO_TREE_PATH_H

#include "tree/page.h"

typedef struct echo__path {
    echo__chunks *chunks;
    echo__root root;
    uint32_t
        level; /* of the lowest open page; root.height + 1: none is open, and the whole tree is ahead unless `done` */
    bool done; /* after the end */
    bool once; /* leaves, and the nodes above them, are not wanted again when the path has left them */
    echo__page pages[ECHO__TREE_HEIGHT_MAX + 1];
    uint32_t
        at[ECHO__TREE_HEIGHT_MAX + 1]; /* the line each page is at; below the lowest open page nothing is read yet */
} echo__path;

/* Checks the root's numbers, reads nothing. An empty tree is done at once. */
echo_status echo__path_init(echo__path *path, echo__chunks *chunks, const echo__root *root,
                            echo_error *err) ECHO_MUST_USE;
void echo__path_free(echo__path *path);

/* Opens the page below where the path is, at its first line. */
echo_status echo__path_down(echo__path *path, echo_error *err) ECHO_MUST_USE;
/* Closes the lowest page; the path is at its entry again. */
void echo__path_up(echo__path *path);
/* To the next line, higher up when the page ends there; done after the last. */
void echo__path_next(echo__path *path);
/* Whether anything follows the lowest open page. */
bool echo__path_more(const echo__path *path);
/*
 * Goes to the page of `level` that has or would have id, and there to the first line not below id. `at` is after the
 * last line only when id is above all ids of the tree. Reads only what is not open yet; id must not be below those of
 * an earlier seek.
 */
echo_status echo__path_seek(echo__path *path, uint32_t level, echo_bytes id, echo_error *err) ECHO_MUST_USE;

/*
 * In a tree that is followed beside another: the entry of the chunk of `level`, below the root, which holds the id of
 * this text, or would. Ids may not descend, as for a seek.
 */
echo_status echo__path_entry_at(echo__entry *out, echo__path *path, uint32_t level, echo_bytes last,
                                echo_error *err) ECHO_MUST_USE;

/* The name of the chunk that down would open. */
void echo__path_below(const echo__path *path, echo_hash *name);
/* Its whole entry, as the page above or the root states it. */
void echo__path_entry(const echo__path *path, echo__entry *out);
/* The text of the last id before the current line of the lowest open page, which is before the chunk that down would
 * open; NULL at the start of the tree. */
const uint8_t *echo__path_before(const echo__path *path);

static inline const echo__page *echo__path_page(const echo__path *path) { return &path->pages[path->level]; }
/* The line that a path to a leaf is at. */
static inline echo__line echo__path_line(const echo__path *path) {
    return echo__page_line(echo__path_page(path), path->at[path->level]);
}

#endif
