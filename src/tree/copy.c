/*
 * The tree is walked from the root, each chunk before those it names. The base is followed beside it, by the last id
 * under each chunk: a chunk that has the same name in the base is there with everything below it. That a chunk is
 * present says nothing about what is below it, because garbage may be incomplete.
 */
#include "tree/copy.h"

#include "base/crypto.h"
#include "base/error.h"
#include "tree/path.h"

#define ID_SHOWN 30 /* bytes of an id in a message */

typedef struct copier {
    const echo__tree_copy *how;
    echo__path from;
    echo__path base;
    bool has_base;
    uint64_t items;
    echo__buf scratch;
    echo_error *err;
} copier;

/* ---- errors ---- */

static echo_status fail_destination(echo_error *err, echo_status status, const echo_error *problem) {
    echo__error(err, status, "destination: %s",
                problem->message[0] != '\0' ? problem->message : echo_status_text(status));
    return status;
}

/* A text of a page as it is shown: what stands before its quote, cut at a character when it is long. */
static void show_text(char out[ID_SHOWN + 4], const uint8_t *text, const uint8_t *end) {
    size_t len = 0;
    while (text + len != end && text[len] != '"' && len <= ID_SHOWN) len += text[len] == '\\' ? 2 : 1;
    bool cut = len > ID_SHOWN;
    if (cut) len = ID_SHOWN;
    while (cut && len > 0 && (text[len] & 0xc0) == 0x80) len--;
    memcpy(out, text, len);
    memcpy(out + len, cut ? "..." : "", cut ? 4 : 1);
}

/* Adds to the message which items are in the chunk that could not be read. */
static echo_status blame_range(const copier *c, echo_status status) {
    char after[ID_SHOWN + 4] = "", last[ID_SHOWN + 4] = "", what[ECHO_ERROR_MESSAGE_CHARS];
    echo__entry entry;
    if (c->err == NULL || status != ECHO_ERR_CORRUPT) return status;
    const uint8_t *before = echo__path_before(&c->from);
    echo__path_entry(&c->from, &entry);
    if (before != NULL) show_text(after, before, NULL);
    if (entry.last.data != NULL) show_text(last, entry.last.data, entry.last.data + entry.last.len);
    memcpy(what, c->err->message, sizeof what);
    if (before == NULL && entry.last.data == NULL) return echo__error(c->err, status, "%s (all items)", what);
    return echo__error(c->err, status, "%s (items%s%s%s%s%s%s)", what, before != NULL ? " after \"" : "", after,
                       before != NULL ? "\"" : "", entry.last.data != NULL ? " up to \"" : "", last,
                       entry.last.data != NULL ? "\"" : "");
}

/* ---- chunks ---- */

static echo_status put_chunk(const echo__tree_copy *how, const echo__chunk *chunk, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__chunks_put_as(&chunk->name, how->to, chunk->bytes, &problem);
    return status == ECHO_OK ? ECHO_OK : fail_destination(err, status, &problem);
}

static echo_status get_chunk(const echo__chunk **out, copier *c, const echo_hash *name) {
    echo_status status = echo__chunks_get(out, c->how->from, name, c->err);
    return status == ECHO_ERR_NOT_FOUND ? echo__chunk_bad(c->err, name, "it is missing") : status;
}

/* A segment names nothing, so that it is enough when it is there. */
static echo_status copy_segment(void *arg, const echo_hash *name) {
    copier *c = arg;
    bool there;
    const echo__chunk *segment;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__chunks_has(&there, c->how->to, name, &problem);
    if (status != ECHO_OK) return fail_destination(c->err, status, &problem);
    if (there) return ECHO_OK;
    status = get_chunk(&segment, c, name);
    if (status != ECHO_OK) return status;
    status = put_chunk(c->how, segment, c->err);
    echo__chunks_release(c->how->from, segment);
    return status;
}

static echo_status copy_log(copier *c, echo_bytes log) {
    return log.data == NULL ? ECHO_OK : echo__record_sealed(log, copy_segment, c, c->err);
}

static echo_status copy_blob(copier *c, const echo_hash *name) {
    const echo__chunk *blob;
    echo__record payload;
    echo_status status = get_chunk(&blob, c, name);
    if (status != ECHO_OK) return status;
    status = put_chunk(c->how, blob, c->err);
    if (status == ECHO_OK) {
        status = echo__record_read_payload(&payload, blob->bytes, c->err);
        if (status == ECHO_OK) status = copy_log(c, payload.log);
    }
    echo__chunks_release(c->how->from, blob);
    return status;
}

static echo_status copy_records(copier *c, const echo__page *leaf) {
    for (uint32_t i = 0; i < leaf->lines->count; i++) {
        echo__record record;
        echo_status status = echo__record_read(&record, echo__page_line(leaf, i), &c->scratch, c->err);
        if (status == ECHO_OK && record.has_blob) status = copy_blob(c, &record.blob);
        if (status == ECHO_OK) status = copy_log(c, record.log);
        if (status != ECHO_OK) return echo__page_blame(c->err, leaf, i, status);
        c->items++;
    }
    return ECHO_OK;
}

/* ---- the base ---- */

static echo_status fail_base(copier *c, echo_status status, const echo_error *problem) {
    if (status != ECHO_ERR_CORRUPT && status != ECHO_ERR_LIMIT) return fail_destination(c->err, status, problem);
    c->has_base = false; /* damaged: all that follows is copied */
    return ECHO_OK;
}

/* Whether the base has this chunk, at this level and place. */
static echo_status is_in_base(bool *out, copier *c, const echo__entry *entry, uint32_t level) {
    const echo__root *root = c->how->base;
    echo_error problem = ECHO_ERROR_INIT;
    *out = c->has_base && level == root->height && echo__hash_equal(&entry->hash, &root->hash);
    if (!c->has_base || level >= root->height || entry->last.data == NULL) return ECHO_OK;
    echo__entry found;
    echo_status status = echo__path_entry_at(&found, &c->base, level, entry->last, &problem);
    if (status != ECHO_OK) return fail_base(c, status, &problem);
    *out = echo__hash_equal(&found.hash, &entry->hash);
    return ECHO_OK;
}

/* ---- the tree ---- */

static echo_status copy_next(copier *c) {
    echo__path *path = &c->from;
    echo__entry entry;
    bool shared;
    echo__path_entry(path, &entry);
    echo_status status = is_in_base(&shared, c, &entry, path->level - 1);
    if (status != ECHO_OK) return status;
    if (shared) {
        c->items += entry.items;
        echo__path_next(path);
        return ECHO_OK;
    }
    status = echo__path_down(path, c->err);
    if (status != ECHO_OK) return blame_range(c, status);
    const echo__page *page = echo__path_page(path);
    status = put_chunk(c->how, page->chunk, c->err);
    if (status != ECHO_OK || path->level > 0) return status;
    status = copy_records(c, page);
    if (status != ECHO_OK) return status;
    echo__path_up(path);
    echo__path_next(path);
    return ECHO_OK;
}

static echo_status open_base(copier *c) {
    echo_error problem = ECHO_ERROR_INIT;
    if (c->how->base == NULL || c->how->base->items == 0) return ECHO_OK;
    echo_status status = echo__path_init(&c->base, c->how->to, c->how->base, &problem);
    c->has_base = status == ECHO_OK;
    return status == ECHO_OK ? ECHO_OK : fail_base(c, status, &problem);
}

echo_status echo__tree_copy_all(const echo__tree_copy *copy, const echo__root *root, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT; /* the messages of one step are put into those of the next */
    copier c = {.how = copy, .scratch = ECHO__BUF_INIT, .err = &own};
    static const echo__root none;
    (void)!echo__path_init(&c.base, copy->to, &none, NULL); /* so that it can be freed */
    echo_status status = echo__path_init(&c.from, copy->from, root, &own);
    if (status == ECHO_OK) status = open_base(&c);
    while (status == ECHO_OK && !c.from.done) {
        status = copy_next(&c);
        if (status == ECHO_OK) status = copy->fn(copy->arg, c.items, &own);
    }
    echo__path_free(&c.from);
    echo__path_free(&c.base);
    echo__buf_free(&c.scratch);
    return echo__error_return(err, &own, status, NULL);
}

echo_status echo__tree_copy_root(const echo__tree_copy *copy, const echo__root *root, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    copier c = {.how = copy, .err = &own};
    echo_status status = echo__path_init(&c.from, copy->from, root, &own);
    if (status == ECHO_OK && !c.from.done) {
        status = echo__path_down(&c.from, &own);
        status = status == ECHO_OK ? put_chunk(copy, echo__path_page(&c.from)->chunk, &own) : blame_range(&c, status);
    }
    echo__path_free(&c.from);
    return echo__error_return(err, &own, status, NULL);
}
