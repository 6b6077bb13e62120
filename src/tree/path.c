#include "tree/path.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_text.h"

echo_status echo__path_init(echo__path *path, echo__chunks *chunks, const echo__root *root, echo_error *err) {
    static const echo_hash none;
    memset(path, 0, sizeof *path);
    if (root->height > ECHO__TREE_HEIGHT_MAX)
        return echo__error(err, ECHO_ERR_CORRUPT, "a tree of height %u", (unsigned)root->height);
    if (root->items == 0 && (root->height != 0 || root->bytes != 0 || memcmp(&root->hash, &none, sizeof none) != 0))
        return echo__error(err, ECHO_ERR_CORRUPT, "a root without items is not empty");
    path->chunks = chunks;
    path->root = *root;
    path->level = root->height + 1;
    path->done = root->items == 0;
    return ECHO_OK;
}

void echo__path_free(echo__path *path) {
    while (path->level <= path->root.height) echo__path_up(path);
}

const uint8_t *echo__path_before(const echo__path *path) {
    for (uint32_t l = path->level; l <= path->root.height; l++)
        if (path->at[l] > 0) return echo__page_key(&path->pages[l], path->at[l] - 1);
    return NULL;
}

void echo__path_entry(const echo__path *path, echo__entry *out) {
    if (path->level <= path->root.height) {
        echo__page_entry(echo__path_page(path), path->at[path->level], out);
        return;
    }
    *out = (echo__entry){echo__bytes(NULL, 0), path->root.hash, path->root.items, path->root.bytes};
}

void echo__path_below(const echo__path *path, echo_hash *name) {
    echo__entry entry;
    echo__path_entry(path, &entry);
    *name = entry.hash;
}

echo_status echo__path_down(echo__path *path, echo_error *err) {
    echo__entry entry;
    echo__path_entry(path, &entry);
    uint32_t level = path->level - 1;
    echo_status status =
        echo__page_open(&path->pages[level], path->chunks, &entry, level, echo__path_before(path), err);
    if (status != ECHO_OK) return status;
    path->level = level;
    path->at[level] = 0;
    if (level > 0 && level == path->root.height && echo__path_page(path)->lines->count == 1) {
        echo__path_up(path);
        return echo__chunk_bad(err, &entry.hash, "a root above a single chunk");
    }
    return ECHO_OK;
}

void echo__path_up(echo__path *path) {
    echo__page *page = &path->pages[path->level++];
    if (path->once && path->level <= 2)
        echo__page_forget(path->chunks, page);
    else
        echo__page_close(path->chunks, page);
}

void echo__path_next(echo__path *path) {
    while (path->level <= path->root.height) {
        if (++path->at[path->level] < echo__path_page(path)->lines->count) return;
        echo__path_up(path);
    }
    path->done = true;
}

bool echo__path_more(const echo__path *path) {
    for (uint32_t l = path->level + 1; l <= path->root.height; l++)
        if (path->at[l] + 1 < path->pages[l].lines->count) return true;
    return false;
}

echo_status echo__path_seek(echo__path *path, uint32_t level, echo_bytes id, echo_error *err) {
    while (path->level < path->root.height) { /* up to the first page that reaches as far as id, or the root */
        const echo__page *page = echo__path_page(path);
        if (echo__text_compare_bytes(echo__page_key(page, page->lines->count - 1), id) >= 0) break;
        echo__path_up(path);
    }
    if (path->level > path->root.height) {
        echo_status status = echo__path_down(path, err);
        if (status != ECHO_OK) return status;
    }
    for (;;) {
        const echo__page *page = echo__path_page(path);
        uint32_t at = echo__page_find(page, path->at[path->level], id);
        if (path->level == level) {
            path->at[level] = at;
            return ECHO_OK;
        }
        path->at[path->level] = at < page->lines->count ? at : at - 1;
        echo_status status = echo__path_down(path, err);
        if (status != ECHO_OK) return status;
    }
}

echo_status echo__path_entry_at(echo__entry *out, echo__path *path, uint32_t level, echo_bytes last, echo_error *err) {
    uint8_t room[ECHO__ID_MAX];
    if (memchr(last.data, '\\', last.len) != NULL) last = echo__bytes(room, echo__json_unescape(room, last));
    echo_status status = echo__path_seek(path, level + 1, last, err);
    if (status != ECHO_OK) return status;
    const echo__page *page = echo__path_page(path);
    uint32_t at = path->at[path->level];
    echo__page_entry(page, at < page->lines->count ? at : at - 1, out);
    return ECHO_OK;
}
