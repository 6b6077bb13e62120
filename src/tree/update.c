/*
 * Update: all levels at once, each a stream from the old chunks of that level to the new ones.
 *
 * A run is cut where an id has a boundary or at its 256th entry, so what a chunk holds depends on nothing but where it
 * starts. Hence a level that has just ended a chunk exactly where an old one ends is `aligned`: the old chunks from
 * there on are right as they are, up to the next change. Such a level is not `open`, and moves over whole chunks
 * without reading them.
 *
 * A level that is not open looks at one old page, of which nothing was copied. It opens when something is to be added
 * or removed there: the page's entry is dropped from the level above (which opens for that), the lines so far are
 * copied, and from then on old lines and new ones are written to `out` in order, page after page, until it is aligned
 * again.
 *
 * Entries and removals always reach a level in ascending order of id, so each level goes forward only; it acts on the
 * level above it and on none below. The old root has nothing above it: its page is copied like any other, and the
 * levels above it start empty. A finished chunk is handed up when the next line comes, not before, so that no level is
 * started above a chunk that is alone.
 */
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/json_text.h"
#include "tree/leaf.h"
#include "tree/path.h"
#include "tree/update.h"

typedef struct level {
    echo__path old; /* its lowest page is of this level; lines before `at` are dealt with */
    bool has_old;
    bool open;
    bool deferred;  /* handed up at the end, but not put yet */
    bool complete;  /* `out` ends where a run or a cut ends */
    uint32_t count; /* lines in out */
    uint32_t depth; /* boundary of the last one */
    size_t last;    /* where it starts */
    uint64_t items;
    uint64_t bytes;  /* of leaves: known when they are put */
    uint64_t passed; /* chunks that were completed and handed up before the one in `out` */
    echo__buf out;
} level;

typedef struct echo__update update;
struct echo__update {
    echo__chunks *chunks;
    echo__root root;
    level *levels[ECHO__TREE_HEIGHT_MAX + 1];
    echo_error *err;    /* of the call that is going on */
    echo_status broken; /* what an earlier call failed with */
    echo__buf leaf;     /* the one being put */
    echo__buf line;     /* an old one */
    echo__buf scratch;  /* of a change that is checked */
    size_t before_len;  /* of the id of the last change, 0 at first */
    uint8_t before[ECHO__ID_MAX];
};

static echo_status add_entry(update *u, uint32_t l, const echo__entry *entry, uint32_t depth);

static echo_status need_level(update *u, uint32_t l) {
    if (l > ECHO__TREE_HEIGHT_MAX)
        return echo__error(u->err, ECHO_ERR_LIMIT, "the tree would be higher than %u", ECHO__TREE_HEIGHT_MAX);
    if (u->levels[l] != NULL) return ECHO_OK;
    level *lv = echo__calloc(1, sizeof *lv);
    if (lv == NULL) return echo__nomem(u->err);
    echo_status status = echo__path_init(&lv->old, u->chunks, &u->root, u->err);
    if (status != ECHO_OK) {
        echo__free(lv);
        return status;
    }
    lv->has_old = u->root.items > 0 && l <= u->root.height;
    u->levels[l] = lv;
    return ECHO_OK;
}

static void free_levels(update *u) {
    for (uint32_t l = 0; l <= ECHO__TREE_HEIGHT_MAX; l++) {
        if (u->levels[l] == NULL) continue;
        echo__path_free(&u->levels[l]->old);
        echo__buf_free(&u->levels[l]->out);
        echo__free(u->levels[l]);
    }
    echo__buf_free(&u->leaf);
    echo__buf_free(&u->line);
    echo__buf_free(&u->scratch);
}

/* Whether the next line written starts a chunk. */
static bool aligned(const level *lv) { return lv->count == 0 || lv->complete; }

/* The entry of what is in `out`, but for its hash. */
static void describe(const level *lv, uint32_t l, echo__entry *entry) {
    const uint8_t *text = lv->out.data + lv->last + (l == 0 ? sizeof "{\"id\":\"" : sizeof "{\"last\":\"") - 1;
    size_t len = 0;
    while (text[len] != '"') len += text[len] == '\\' ? 2 : 1;
    *entry = (echo__entry){echo__bytes(text, len), {{0}}, lv->items, lv->bytes};
}

static echo_status put_chunk(update *u, echo_hash *name, uint32_t l) {
    level *lv = u->levels[l];
    if (lv->out.status != ECHO_OK) return echo__nomem(u->err);
    if (l > 0) return echo__chunks_put(name, u->chunks, echo__buf_bytes(&lv->out), u->err);
    echo__buf_clear(&u->leaf);
    echo_status status = echo__leaf_pack(&u->leaf, echo__buf_bytes(&lv->out), SIZE_MAX, u->err);
    if (status != ECHO_OK) return status;
    lv->bytes = u->leaf.len;
    return echo__chunks_put(name, u->chunks, echo__buf_bytes(&u->leaf), u->err);
}

/* Tells the level above of the chunk in `out`. */
static echo_status add_entry_of(update *u, uint32_t l, const echo_hash *name) {
    echo__entry entry;
    describe(u->levels[l], l, &entry);
    entry.hash = *name;
    return add_entry(u, l + 1, &entry, u->levels[l]->depth);
}

/* Puts the chunk in `out` and hands it to the level above. */
static echo_status flush_chunk(update *u, uint32_t l) {
    level *lv = u->levels[l];
    echo_hash name;
    echo_status status = put_chunk(u, &name, l);
    if (status == ECHO_OK) status = add_entry_of(u, l, &name);
    if (status != ECHO_OK) return status;
    lv->passed++;
    lv->complete = false;
    lv->count = 0;
    lv->items = lv->bytes = 0;
    echo__buf_clear(&lv->out);
    return ECHO_OK;
}

/* Makes sure that a line can be written, and remembers where it starts. */
static echo_status start_line(update *u, uint32_t l) {
    level *lv = u->levels[l];
    echo_status status = lv->complete ? flush_chunk(u, l) : ECHO_OK;
    lv->last = lv->out.len;
    return status;
}

static echo_status end_line(update *u, uint32_t l, uint32_t lines, uint32_t depth, uint64_t items, uint64_t bytes) {
    level *lv = u->levels[l];
    if (lv->out.status != ECHO_OK) return echo__nomem(u->err);
    lv->count += lines;
    lv->depth = depth;
    lv->items += items;
    lv->bytes += bytes;
    lv->complete = depth > l || lv->count == ECHO__TREE_RUN_MAX;
    return ECHO_OK;
}

/* Appends n lines of an old node. */
static void append_entries(level *lv, const echo__page *page, uint32_t from, uint32_t n, uint64_t *items,
                           uint64_t *bytes) {
    const uint8_t *start = echo__page_text(page, from).data,
                  *end = page->chunk->bytes.data + page->lines->ends[from + n - 1];
    lv->last += (size_t)(echo__page_text(page, from + n - 1).data - start);
    echo__buf_append(&lv->out, start, (size_t)(end - start));
    *items = *bytes = 0;
    for (uint32_t i = from; i < from + n; i++) {
        echo__entry entry;
        echo__page_entry(page, i, &entry);
        *items += entry.items;
        *bytes += entry.bytes;
    }
}

/* Appends n lines of an old leaf, as they stand alone. */
static echo_status append_records(update *u, const echo__page *page, uint32_t from, uint32_t n) {
    level *lv = u->levels[0];
    for (uint32_t i = from; i < from + n; i++) {
        lv->last = lv->out.len;
        echo_status status = echo__line_expand(&lv->out, echo__page_line(page, i), u->err);
        if (status != ECHO_OK) return echo__page_blame(u->err, page, i, status);
        echo__buf_byte(&lv->out, '\n');
    }
    return ECHO_OK;
}

/* Copies old lines up to `stop`. Only the last line of an old page can have a boundary of this level. */
static echo_status copy_lines(update *u, uint32_t l, uint32_t stop) {
    level *lv = u->levels[l];
    const echo__page *page = echo__path_page(&lv->old);
    const echo__lines *lines = page->lines;
    uint32_t *at = &lv->old.at[l];
    while (*at < stop) {
        echo_status status = start_line(u, l);
        if (status != ECHO_OK) return status;
        uint32_t n = stop - *at, room = ECHO__TREE_RUN_MAX - lv->count;
        if (n > room) n = room;
        if (n > 1 && *at + n == lines->count) n--;
        uint32_t depth = 0;
        if (*at + n == lines->count) {
            uint8_t id[ECHO__ID_MAX];
            depth = echo__boundary(echo__page_id(page, *at, id));
        }
        uint64_t items = n, bytes = 0;
        if (l > 0)
            append_entries(lv, page, *at, n, &items, &bytes);
        else
            status = append_records(u, page, *at, n);
        if (status == ECHO_OK) status = end_line(u, l, n, depth, items, bytes);
        if (status != ECHO_OK) return status;
        *at += n;
    }
    return ECHO_OK;
}

static echo_status position(update *u, uint32_t l, echo_bytes id);
static echo_status open_page(update *u, uint32_t l);

/* Takes the entry of the lowest page of level l out of the level above. */
static echo_status drop_entry(update *u, uint32_t l) {
    const echo__page *page = echo__path_page(&u->levels[l]->old);
    uint8_t room[ECHO__ID_MAX];
    echo_bytes id = echo__page_id(page, 0, room);
    echo_status status = need_level(u, l + 1);
    if (status == ECHO_OK) status = position(u, l + 1, id);
    if (status == ECHO_OK) status = open_page(u, l + 1);
    if (status != ECHO_OK) return status;
    echo__path *above = &u->levels[l + 1]->old;
    echo_hash name = {{0}};
    if (above->at[l + 1] < echo__path_page(above)->lines->count) echo__path_below(above, &name);
    if (!echo__hash_equal(&name, &page->chunk->name))
        return echo__chunk_bad(u->err, &page->chunk->name, "it stands in two places");
    above->at[l + 1]++;
    return ECHO_OK;
}

/* Something is about to be written or removed where level l is. */
static echo_status open_page(update *u, uint32_t l) {
    level *lv = u->levels[l];
    if (!lv->has_old || lv->open) return ECHO_OK;
    const echo__page *page = echo__path_page(&lv->old);
    uint32_t stop = lv->old.at[l], count = page->lines->count;
    if (l < u->root.height) {
        uint8_t id[ECHO__ID_MAX];
        if (stop == count && (count == ECHO__TREE_RUN_MAX || echo__boundary(echo__page_id(page, count - 1, id)) > l)) {
            lv->open = true; /* after the last chunk, which stays */
            return ECHO_OK;
        }
        echo_status status = drop_entry(u, l);
        if (status != ECHO_OK) return status;
    }
    lv->open = true;
    lv->old.at[l] = 0;
    return copy_lines(u, l, stop);
}

/* The run goes on into the next old page, which exists. */
static echo_status next_page(update *u, uint32_t l) {
    echo__path *old = &u->levels[l]->old;
    old->at[l] = echo__path_page(old)->lines->count - 1;
    echo__path_next(old);
    while (old->level > l) {
        echo_status status = echo__path_down(old, u->err);
        if (status != ECHO_OK) return status;
    }
    return drop_entry(u, l);
}

/* Brings level l to the first old line that is not below id; what is before it is copied, or passed over in whole
 * chunks. */
static echo_status position(update *u, uint32_t l, echo_bytes id) {
    level *lv = u->levels[l];
    if (!lv->has_old) return ECHO_OK;
    while (lv->open) {
        const echo__page *page = echo__path_page(&lv->old);
        uint32_t count = page->lines->count;
        echo_status status = copy_lines(u, l, echo__page_find(page, lv->old.at[l], id));
        if (status != ECHO_OK) return status;
        if (lv->old.at[l] < count || !echo__path_more(&lv->old)) return ECHO_OK;
        if (!aligned(lv)) {
            status = next_page(u, l);
        } else {
            if (echo__text_compare_bytes(echo__page_key(page, count - 1), id) >= 0)
                return ECHO_OK; /* id goes before the next page */
            if (lv->complete) status = flush_chunk(u, l);
            lv->open = false;
        }
        if (status != ECHO_OK) return status;
    }
    return echo__path_seek(&lv->old, l, id, u->err);
}

static echo_status add_entry(update *u, uint32_t l, const echo__entry *entry, uint32_t depth) {
    echo_status status = need_level(u, l);
    if (status != ECHO_OK) return status;
    uint8_t room[ECHO__ID_MAX];
    status = position(u, l, echo__bytes(room, echo__json_unescape(room, entry->last)));
    if (status == ECHO_OK) status = open_page(u, l);
    if (status == ECHO_OK) status = start_line(u, l);
    if (status != ECHO_OK) return status;
    echo__entry_write(&u->levels[l]->out, entry);
    return end_line(u, l, 1, depth, entry->items, entry->bytes);
}

static echo_status change_record(update *u, const echo__change *change) {
    level *lv = u->levels[0];
    echo_status status = position(u, 0, change->id);
    if (status != ECHO_OK) return status;
    bool exists = false;
    if (lv->has_old) {
        const echo__page *page = echo__path_page(&lv->old);
        uint32_t at = lv->old.at[0];
        exists = at < page->lines->count && echo__text_compare_bytes(echo__page_key(page, at), change->id) == 0;
        if (exists && change->line.data != NULL) {
            echo__buf_clear(&u->line);
            status = echo__line_expand(&u->line, echo__page_line(page, at), NULL);
            if (status == ECHO_ERR_NOMEM) return echo__nomem(u->err);
            bool same = status == ECHO_OK && echo__bytes_equal(change->line, echo__buf_bytes(&u->line));
            if (same) return ECHO_OK; /* one that is damaged is replaced */
        }
    }
    if (!exists && change->line.data == NULL) return ECHO_OK;
    status = open_page(u, 0);
    if (status != ECHO_OK) return status;
    if (exists) lv->old.at[0]++;
    if (change->line.data == NULL) return ECHO_OK;
    status = start_line(u, 0);
    if (status != ECHO_OK) return status;
    echo__buf_append(&lv->out, change->line.data, change->line.len);
    echo__buf_byte(&lv->out, '\n');
    return end_line(u, 0, 1, echo__boundary(change->id), 1, 0);
}

static echo_status check_change(update *u, const echo__change *change) {
    echo_bytes id = change->id, line = change->line, rest;
    echo__record head;
    if (id.len == 0 || id.len > ECHO__ID_MAX)
        return echo__error(u->err, ECHO_ERR_INVALID, "a change has no id, or an id that is too long");
    if (echo__bytes_compare(echo__bytes(u->before, u->before_len), id) >= 0)
        return echo__error(u->err, ECHO_ERR_INVALID, "changes are not in ascending order of id");
    memcpy(u->before, id.data, id.len);
    u->before_len = id.len;
    if (line.data == NULL) return ECHO_OK;
    if (line.len >= ECHO__LINE_MAX)
        return echo__error(u->err, ECHO_ERR_LIMIT, "a record of %zu bytes is too long", line.len);
    echo__buf_clear(&u->scratch);
    echo_status status = echo__record_read_head(&head, &rest, echo__line_alone(line), &u->scratch, NULL);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(u->err);
    if (status != ECHO_OK || !echo__bytes_equal(head.id, id) || memchr(line.data, '\n', line.len) != NULL)
        return echo__error(u->err, ECHO_ERR_INVALID, "the line of a change is not a record of its id");
    return ECHO_OK;
}

/* Copies what belongs to the chunk being written, until old chunks are right again. */
static echo_status settle_level(update *u, uint32_t l) {
    level *lv = u->levels[l];
    if (!lv->has_old || !lv->open) return ECHO_OK;
    for (;;) {
        echo_status status = copy_lines(u, l, echo__path_page(&lv->old)->lines->count);
        if (status != ECHO_OK || aligned(lv) || !echo__path_more(&lv->old)) return status;
        status = next_page(u, l);
        if (status != ECHO_OK) return status;
    }
}

/* Hands up the last chunk of a level. A node of one line is put when it is known that the root is above it, if it is.
 */
static echo_status hand_up(update *u, uint32_t l) {
    level *lv = u->levels[l];
    if (lv->count == 0) return ECHO_OK;
    echo_hash name;
    lv->deferred = l > 0 && lv->count == 1 && lv->passed == 0;
    echo_status status = ECHO_OK;
    if (lv->deferred)
        echo__hash(&name, lv->out.data, lv->out.len);
    else
        status = put_chunk(u, &name, l);
    return status == ECHO_OK ? add_entry_of(u, l, &name) : status;
}

/* The root when all that is left of the tree is one chunk of level l that was there before. */
static echo_status old_root(echo__root *out, update *u, uint32_t l, echo__entry entry) {
    entry.last = echo__bytes(NULL, 0);
    while (l > 0) {
        echo__page page;
        echo_status status = echo__page_open(&page, u->chunks, &entry, l, NULL, u->err);
        if (status != ECHO_OK) return status;
        bool alone = page.lines->count == 1;
        if (alone) echo__page_entry(&page, 0, &entry);
        entry.last = echo__bytes(NULL, 0);
        echo__page_close(u->chunks, &page);
        if (!alone) break;
        l--;
    }
    *out = (echo__root){entry.hash, l, entry.items, entry.bytes};
    return ECHO_OK;
}

/* The root is the chunk in `out` of level `top`, or what is below it as long as that is but one chunk. */
static echo_status make_root(echo__root *out, update *u, uint32_t top) {
    echo__entry only = {{NULL, 0}, {{0}}, 0, 0};
    uint32_t l = top;
    while (l > 0 && u->levels[l]->count == 1) {
        echo__buf *node = &u->levels[l]->out;
        (void)echo__entry_read(&only, echo__bytes(node->data, node->len - 1)); /* we wrote it */
        if (u->levels[--l]->count == 0) return old_root(out, u, l, only);
    }
    level *lv = u->levels[l];
    echo__root root = {only.hash, l, lv->items, lv->bytes};
    if (lv->count == 0) { /* nothing is left */
        memset(&root, 0, sizeof root);
    } else if (l == top) {
        echo_status status = put_chunk(u, &root.hash, l);
        if (status != ECHO_OK) return status;
        root.bytes = lv->bytes;
    }
    for (uint32_t below = 1; below < l; below++) {
        if (!u->levels[below]->deferred) continue;
        echo_status status = put_chunk(u, NULL, below);
        if (status != ECHO_OK) return status;
    }
    *out = root;
    return ECHO_OK;
}

static echo_status finish_levels(echo__root *out, update *u) {
    uint32_t height = u->root.items > 0 ? u->root.height : 0;
    for (uint32_t l = 0;; l++) {
        echo_status status = need_level(u, l);
        if (status == ECHO_OK) status = settle_level(u, l);
        if (status != ECHO_OK) return status;
        if (l >= height && u->levels[l]->passed == 0) return make_root(out, u, l);
        status = hand_up(u, l);
        if (status != ECHO_OK) return status;
    }
}

static bool has_changes(const update *u) {
    const level *lv = u->levels[0];
    return lv != NULL && (lv->open || lv->passed > 0 || lv->count > 0 || u->levels[1] != NULL);
}

static void init_update(update *u, echo__chunks *chunks, const echo__root *root) {
    memset(u, 0, sizeof *u);
    u->chunks = chunks;
    u->root = *root;
}

echo_status echo__update_add(update *u, const echo__change *changes, size_t n, echo_error *err) {
    if (u->broken != ECHO_OK) return echo__error(err, u->broken, "the update failed earlier");
    u->err = err;
    echo_status status = need_level(u, 0);
    for (size_t i = 0; status == ECHO_OK && i < n; i++) {
        status = check_change(u, &changes[i]);
        if (status == ECHO_OK) status = change_record(u, &changes[i]);
        if (status != ECHO_OK) echo__error_item(err, changes[i].id.data, changes[i].id.len);
    }
    u->broken = status;
    return status;
}

echo_status echo__update_finish(echo__root *out, update *u, echo_error *err) {
    if (u->broken != ECHO_OK) return echo__error(err, u->broken, "the update failed earlier");
    u->err = err;
    echo__root root = u->root;
    echo_status status = has_changes(u) ? finish_levels(&root, u) : ECHO_OK;
    u->broken = status == ECHO_OK ? ECHO_ERR_INVALID : status; /* once only */
    if (status == ECHO_OK) *out = root;
    return status;
}

echo_status echo__update_new(update **out, echo__chunks *chunks, const echo__root *root) {
    *out = echo__malloc(sizeof **out);
    if (*out == NULL) return ECHO_ERR_NOMEM;
    init_update(*out, chunks, root);
    return ECHO_OK;
}

void echo__update_free(update *u) {
    if (u == NULL) return;
    free_levels(u);
    echo__free(u);
}

echo_status echo__tree_update(echo__root *out, echo__chunks *chunks, const echo__root *root,
                              const echo__change *changes, size_t n, echo_error *err) {
    update u;
    init_update(&u, chunks, root);
    echo_status status = echo__update_add(&u, changes, n, err);
    if (status == ECHO_OK) status = echo__update_finish(out, &u, err);
    free_levels(&u);
    return status;
}
