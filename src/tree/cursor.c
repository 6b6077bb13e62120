#include "base/alloc.h"
#include "base/error.h"
#include "tree/cursor.h"
#include "tree/path.h"

echo_status echo__tree_get(echo__chunks *chunks, const echo__root *root, echo_bytes id, echo__line_fn fn, void *arg,
                           echo_error *err) {
    echo__path path;
    echo_status status = echo__path_init(&path, chunks, root, err);
    if (status != ECHO_OK) return status;
    bool found = false;
    if (!path.done && id.len > 0 && id.len <= ECHO__ID_MAX) {
        status = echo__path_seek(&path, 0, id, err);
        if (status == ECHO_OK) {
            const echo__page *leaf = echo__path_page(&path);
            found =
                path.at[0] < leaf->lines->count && echo__text_compare_bytes(echo__page_key(leaf, path.at[0]), id) == 0;
        }
    }
    if (found) {
        status = fn(arg, echo__path_line(&path));
    } else if (status == ECHO_OK) {
        status = echo__error(err, ECHO_ERR_NOT_FOUND, "no such record");
        echo__error_item(err, id.data, id.len);
    }
    echo__path_free(&path);
    return status;
}

struct echo__cursor {
    echo__path path; /* at the line that next gives out */
    bool gave;       /* at the line that next gave out */
    uint32_t ahead;  /* of the node above the leaves: the entries before this one were read ahead */
    uint32_t window; /* how many are read at once; grows, since a walk may end soon */
};

echo_status echo__cursor_open(echo__cursor **out, echo__chunks *chunks, const echo__root *root, echo_bytes from,
                              echo_error *err) {
    *out = NULL;
    echo__cursor *cursor = echo__calloc(1, sizeof *cursor);
    if (cursor == NULL) return echo__nomem(err);
    cursor->window = 1;
    echo_status status = echo__path_init(&cursor->path, chunks, root, err);
    if (status != ECHO_OK) {
        echo__free(cursor);
        return status;
    }
    cursor->path.passing = root->bytes > echo__chunks_budget(chunks);
    if (!cursor->path.done) {
        status = echo__path_seek(&cursor->path, 0, from, err);
        if (status != ECHO_OK) {
            echo__cursor_close(cursor);
            return status;
        }
        if (cursor->path.at[0] == echo__path_page(&cursor->path)->lines->count)
            cursor->path.done = true; /* all ids are below */
    }
    *out = cursor;
    return ECHO_OK;
}

/* The leaves to come are read together. */
static void read_ahead(echo__cursor *cursor) {
    const echo__path *path = &cursor->path;
    const echo__page *node = echo__path_page(path);
    uint32_t at = path->at[path->level], n = 0;
    echo_hash names[ECHO__CHUNKS_AHEAD];
    if (at == 0) cursor->ahead = 0;
    if (at < cursor->ahead) return;
    for (; n < cursor->window && at + n < node->lines->count; n++) {
        echo__entry entry;
        echo__page_entry(node, at + n, &entry);
        names[n] = entry.hash;
    }
    echo__chunks_ahead(path->chunks, names, n);
    cursor->ahead = at + n;
    cursor->window = cursor->window * 2 < ECHO__CHUNKS_AHEAD ? cursor->window * 2 : ECHO__CHUNKS_AHEAD;
}

echo_status echo__cursor_next(echo__line *line, echo__cursor *cursor, echo_error *err) {
    echo__path *path = &cursor->path;
    memset(line, 0, sizeof *line);
    if (cursor->gave) {
        cursor->gave = false;
        echo__path_next(path);
    }
    if (path->done) return ECHO_ERR_NOT_FOUND;
    while (path->level > 0) {
        if (path->level == 1 && path->root.height > 0) read_ahead(cursor);
        echo_status status = echo__path_down(path, err);
        if (status != ECHO_OK) return status;
    }
    cursor->gave = true;
    *line = echo__path_line(path);
    return ECHO_OK;
}

void echo__cursor_close(echo__cursor *cursor) {
    if (cursor == NULL) return;
    echo__path_free(&cursor->path);
    echo__free(cursor);
}
