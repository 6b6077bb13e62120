#include "tree/leaf.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tree/record_write.h"
#include "tree/tree.h"

#define FEED_CHARS 67u /* of a feed in a header, with its quotes and what separates it from the next */

typedef struct packed_line {
    echo__record head;
    echo_bytes rest;
} packed_line;

/* The records of a leaf, and what they refer to, while it is put together. */
typedef struct packing {
    packed_line *lines;
    size_t count, cap;
    echo_key *feeds;
    size_t feed_count, feed_cap;
    echo__kind *kinds;
    size_t kind_count, kind_cap;
    echo__buf scratch; /* of all lines */
} packing;

static void free_packing(packing *p) {
    echo__free(p->lines);
    echo__free(p->kinds);
    echo__free(p->feeds);
    echo__buf_free(&p->scratch);
}

static bool add_feed(packing *p, const echo_key *feed) {
    bool found;
    size_t at = echo__feed_place(&found, p->feeds, (uint32_t)p->feed_count, feed);
    if (found) return true;
    if (!echo__grow(&p->feeds, &p->feed_cap, p->feed_count + 1, sizeof *feed)) return false;
    memmove(&p->feeds[at + 1], &p->feeds[at], (p->feed_count++ - at) * sizeof *feed);
    p->feeds[at] = *feed;
    return true;
}

static bool add_kind(packing *p, const echo__record *record) {
    echo__kind kind = echo__record_kind(record);
    bool found;
    if (!echo__record_has_kind(record)) return true;
    size_t at = echo__kind_place(&found, p->kinds, (uint32_t)p->kind_count, &kind);
    if (found) return true;
    if (!echo__grow(&p->kinds, &p->kind_cap, p->kind_count + 1, sizeof kind)) return false;
    memmove(&p->kinds[at + 1], &p->kinds[at], (p->kind_count++ - at) * sizeof kind);
    p->kinds[at] = kind;
    return true;
}

static bool add_references(packing *p, const echo__record *record) {
    echo_bytes feeds = record->feeds;
    echo_key feed;
    while (echo__record_feed(&feed, record, &feeds))
        if (!add_feed(p, &feed)) return false;
    return add_kind(p, record) && (!record->has_genesis || add_feed(p, &record->genesis.feed)) &&
           (!record->has_parent_at || add_feed(p, &record->parent_at.feed)) &&
           (!record->has_deleted_at || add_feed(p, &record->deleted_at.feed));
}

/* Takes the next line off the front, without its newline; false at the end. */
static bool take_line(echo_bytes *line, echo_bytes *rest) {
    if (rest->len == 0) return false;
    const uint8_t *end = memchr(rest->data, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data), taken = len + (end != NULL);
    *line = echo__bytes(rest->data, len);
    *rest = echo__bytes(rest->data + taken, rest->len - taken);
    return true;
}

static echo_status too_long(echo_error *err) {
    return echo__error(err, ECHO_ERR_LIMIT, "a leaf has too many records, or is too long");
}

static echo_status read_lines(packing *p, echo_bytes lines, size_t most, echo_error *err) {
    echo_bytes line;
    if (echo__buf_reserve(&p->scratch, lines.len) == NULL) return echo__nomem(err);
    while (take_line(&line, &lines)) {
        if (p->count == ECHO__TREE_RUN_MAX || p->feed_count > most / FEED_CHARS) return too_long(err);
        if (!echo__grow(&p->lines, &p->cap, p->count + 1, sizeof *p->lines)) return echo__nomem(err);
        packed_line *to = &p->lines[p->count++];
        echo_status status = echo__record_read_head(&to->head, &to->rest, echo__line_alone(line), &p->scratch, err);
        if (status != ECHO_OK) return status;
        if (!add_references(p, &to->head)) return echo__nomem(err);
    }
    return ECHO_OK;
}

echo_status echo__leaf_pack(echo__buf *out, echo_bytes lines, size_t most, echo_error *err) {
    packing p;
    size_t before = out->len;
    memset(&p, 0, sizeof p);
    echo_status status = read_lines(&p, lines, most, err);
    const echo__shared shared = {(uint32_t)p.feed_count, (uint32_t)p.kind_count, p.feeds, p.kinds};
    if (status == ECHO_OK) {
        echo__shared_write(out, &shared);
        for (size_t i = 0; i < p.count; i++) {
            echo__record_convert(out, &p.lines[i].head, p.lines[i].rest, &shared);
            echo__buf_byte(out, '\n');
        }
        if (out->status != ECHO_OK) status = echo__nomem(err);
    }
    if (status == ECHO_OK && out->len - before > most) status = too_long(err);
    free_packing(&p);
    return status;
}

/* The header of a leaf; *room is to be freed. */
static echo_status read_header(echo__shared *out, void **room, echo_bytes *rest, echo_bytes leaf, echo_error *err) {
    size_t size;
    echo__scan s = echo__scan_of(leaf);
    const char *wrong = echo__shared_scan(&s, &size);
    if (wrong != NULL) return echo__error(err, ECHO_ERR_CORRUPT, "leaf: %s", wrong);
    *room = echo__malloc(size + 1);
    if (*room == NULL) return echo__nomem(err);
    echo__shared_fill(out, *room, echo__bytes(leaf.data, (size_t)(s.at - leaf.data)));
    *rest = echo__bytes(s.at, (size_t)(s.end - s.at));
    return ECHO_OK;
}

echo_status echo__leaf_expand(echo__buf *out, echo_bytes leaf, size_t most, echo_error *err) {
    echo__shared shared;
    void *room = NULL;
    echo_bytes rest = {NULL, 0};
    size_t before = out->len, count = 0;
    echo_status status = read_header(&shared, &room, &rest, leaf, err);
    for (echo__line line = {{NULL, 0}, &shared}; status == ECHO_OK && take_line(&line.text, &rest);) {
        status = count++ == ECHO__TREE_RUN_MAX ? too_long(err) : echo__line_expand(out, line, err);
        echo__buf_byte(out, '\n');
        if (status == ECHO_OK && out->status != ECHO_OK) status = echo__nomem(err);
        if (status == ECHO_OK && out->len - before > most) status = too_long(err);
    }
    echo__free(room);
    return status;
}

echo_status echo__line_expand(echo__buf *out, echo__line line, echo_error *err) {
    if (line.shared == NULL) {
        echo__buf_append(out, line.text.data, line.text.len);
        return out->status == ECHO_OK ? ECHO_OK : echo__nomem(err);
    }
    echo__record record;
    echo_bytes rest;
    echo__buf scratch = ECHO__BUF_INIT;
    echo_status status = echo__record_read_head(&record, &rest, line, &scratch, err);
    if (status == ECHO_OK) {
        echo__record_convert(out, &record, rest, NULL);
        if (out->status != ECHO_OK) status = echo__nomem(err);
    }
    echo__buf_free(&scratch);
    return status;
}

echo_status echo__line_equal(bool *out, echo__line a, echo__line b, echo_error *err) {
    *out = false;
    if (a.shared == b.shared) {
        *out = echo__bytes_equal(a.text, b.text);
        return ECHO_OK;
    }
    echo__buf text_a = ECHO__BUF_INIT, text_b = ECHO__BUF_INIT;
    echo_status status = echo__line_expand(&text_a, a, err);
    if (status == ECHO_OK) status = echo__line_expand(&text_b, b, err);
    if (status == ECHO_OK) *out = echo__bytes_equal(echo__buf_bytes(&text_a), echo__buf_bytes(&text_b));
    echo__buf_free(&text_a);
    echo__buf_free(&text_b);
    return status;
}
