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

#define AHEAD_MAX 32u
#define AHEAD_BYTES ((size_t)512 << 10)

struct echo__cursor {
    echo__path path; /* at the line that next gives out */
    bool gave;       /* at the line that next gave out */
    /* Leaves that were read ahead: those after the open one in the node above it. */
    const echo__chunk *ahead[AHEAD_MAX];
    uint32_t ahead_at, ahead_count;
    uint32_t window; /* how many are read the next time; a walk that ends soon has not read many */
};

static void drop_ahead(echo__cursor *cursor) {
    for (; cursor->ahead_at < cursor->ahead_count; cursor->ahead_at++)
        echo__chunks_release(cursor->path.chunks, cursor->ahead[cursor->ahead_at]);
}

/* Reads the leaves from where the path is in the lowest node on. */
static echo_status read_ahead(echo__cursor *cursor, echo_error *err) {
    echo__path *path = &cursor->path;
    const echo__page *node = echo__path_page(path);
    echo_hash names[AHEAD_MAX];
    uint32_t n = 0;
    for (uint64_t bytes = 0; n < cursor->window && path->at[1] + n < node->lines->count; n++) {
        echo__entry entry;
        echo__page_entry(node, path->at[1] + n, &entry);
        if (n > 0 && entry.bytes > AHEAD_BYTES - bytes) break;
        bytes += entry.bytes < AHEAD_BYTES ? entry.bytes : AHEAD_BYTES;
        names[n] = entry.hash;
    }
    if (cursor->window < AHEAD_MAX) cursor->window *= 2;
    cursor->ahead_at = cursor->ahead_count = 0;
    if (n < 2) return ECHO_OK;
    echo_status status = echo__chunks_ahead(cursor->ahead, path->chunks, names, n, err);
    if (status == ECHO_OK) cursor->ahead_count = n;
    return status;
}

/* Opens the next page below. */
static echo_status go_down(echo__cursor *cursor, echo_error *err) {
    echo__path *path = &cursor->path;
    echo_status status = ECHO_OK;
    if (path->level == 1 && cursor->ahead_at == cursor->ahead_count) status = read_ahead(cursor, err);
    bool leaf = path->level == 1;
    if (status == ECHO_OK) status = echo__path_down(path, err);
    if (status == ECHO_OK && leaf && cursor->ahead_at < cursor->ahead_count)
        echo__chunks_release(path->chunks, cursor->ahead[cursor->ahead_at++]); /* the page has it */
    return status;
}

echo_status echo__cursor_open(echo__cursor **out, echo__chunks *chunks, const echo__root *root, echo_bytes from,
                              echo_error *err) {
    *out = NULL;
    echo__cursor *cursor = echo__calloc(1, sizeof *cursor);
    if (cursor == NULL) return echo__nomem(err);
    cursor->window = 2;
    echo_status status = echo__path_init(&cursor->path, chunks, root, err);
    if (status != ECHO_OK) {
        echo__free(cursor);
        return status;
    }
    cursor->path.once = root->bytes > echo__chunks_budget(chunks) / 4;
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

echo_status echo__cursor_next(echo__line *line, echo__cursor *cursor, echo_error *err) {
    echo__path *path = &cursor->path;
    memset(line, 0, sizeof *line);
    if (cursor->gave) {
        cursor->gave = false;
        echo__path_next(path);
    }
    if (path->done) return ECHO_ERR_NOT_FOUND;
    while (path->level > 0) {
        echo_status status = go_down(cursor, err);
        if (status != ECHO_OK) return status;
    }
    cursor->gave = true;
    *line = echo__path_line(path);
    return ECHO_OK;
}

void echo__cursor_close(echo__cursor *cursor) {
    if (cursor == NULL) return;
    drop_ahead(cursor);
    echo__path_free(&cursor->path);
    echo__free(cursor);
}
