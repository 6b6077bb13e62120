#include "exchange/frontier.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "tree/path.h"

/* Bits of a name: the kinds as which the chunk is present, and as which it was requested. */
#define HERE(kind) ((uint8_t)(1u << (kind)))
#define ASKED(kind) ((uint8_t)(8u << (kind)))
#define HERE_AT_ALL (HERE(ECHO__WANT_PAGE) | HERE(ECHO__WANT_BLOB) | HERE(ECHO__WANT_SEGMENT))

static size_t text_len(const uint8_t *text) { /* of a text in a page, which its quote ends */
    const uint8_t *end = text;
    for (; *end != '"'; end++)
        if (*end == '\\') end++;
    return (size_t)(end - text) + 1;
}

static void push(echo__frontier *f, echo__want *want) {
    want->next = f->stack;
    f->stack = want;
}

static echo__want *pop(echo__frontier *f) {
    echo__want *want = f->stack;
    f->stack = want->next;
    want->next = NULL;
    return want;
}

/* A want for a page, with copies of the texts. */
static echo__want *page_want(const echo__entry *entry, uint32_t level, const uint8_t *after) {
    size_t last_len = entry->last.data == NULL ? 0 : entry->last.len + 1,
           after_len = after == NULL ? 0 : text_len(after);
    echo__want *want = echo__malloc(sizeof *want + last_len + after_len);
    if (want == NULL) return NULL;
    memset(want, 0, sizeof *want);
    uint8_t *texts = (uint8_t *)(want + 1);
    want->hash = entry->hash;
    want->kind = ECHO__WANT_PAGE;
    want->level = level;
    want->entry = *entry;
    if (last_len > 0) {
        memcpy(texts, entry->last.data, last_len);
        want->entry.last.data = texts;
    }
    if (after_len > 0) want->after = memcpy(texts + last_len, after, after_len);
    want->exact = level == 0;
    want->most = level > 0 ? ECHO__NODE_MAX : entry->bytes > ECHO__CHUNK_MAX ? ECHO__CHUNK_MAX : (size_t)entry->bytes;
    return want;
}

static echo__want *plain_want(const echo_hash *hash, echo__want_kind kind) {
    echo__want *want = echo__calloc(1, sizeof *want);
    if (want == NULL) return NULL;
    want->hash = *hash;
    want->kind = kind;
    want->most = ECHO__CHUNK_MAX;
    return want;
}

echo_status echo__frontier_init(echo__frontier *f, echo__chunks *chunks, const echo__root *root, const echo__root *base,
                                echo_error *err) {
    echo__path check;
    memset(f, 0, sizeof *f);
    echo__hash_set_init(&f->names);
    f->chunks = chunks;
    f->root = *root;
    if (base != NULL) f->base = *base;
    echo_status status = echo__path_init(&check, chunks, root, err); /* the root's numbers */
    if (status != ECHO_OK || root->items == 0) return status;
    if (echo__hash_equal(&root->hash, &f->base.hash) && f->base.items > 0) {
        f->items = root->items;
        f->same = 1;
        return ECHO_OK;
    }
    echo__entry top = {echo__bytes(NULL, 0), root->hash, root->items, root->bytes};
    echo__want *want = page_want(&top, root->height, NULL);
    if (want == NULL) return echo__nomem(err);
    push(f, want);
    return ECHO_OK;
}

void echo__frontier_free(echo__frontier *f) {
    while (f->stack != NULL) echo__free(pop(f));
    echo__hash_set_free(&f->names);
}

/* ---- the base ---- */

/* Whether the base has this very chunk at its place, and which it has there; nothing is known where the base cannot be
 * read. */
static bool look_in_base(echo__frontier *f, echo__path *path, echo__want *want) {
    echo_error ignored = ECHO_ERROR_INIT;
    echo__entry entry;
    if (f->base.items == 0 || want->level >= f->base.height || want->entry.last.data == NULL) return false;
    if (echo__path_entry_at(&entry, path, want->level, want->entry.last, &ignored) != ECHO_OK) return false;
    want->has_base = true;
    want->base = entry.hash;
    return echo__hash_equal(&entry.hash, &want->hash);
}

/* ---- continuing below a chunk that is present ---- */

/* Puts a list in front of the stack, in its order. */
static void push_all(echo__frontier *f, echo__want *list) {
    echo__want *reversed = NULL, *next;
    for (; list != NULL; list = next) {
        next = list->next;
        list->next = reversed;
        reversed = list;
    }
    while (reversed != NULL) {
        next = reversed->next;
        push(f, reversed);
        reversed = next;
    }
}

static void free_all(echo__want *list) {
    for (echo__want *next; list != NULL; list = next) {
        next = list->next;
        echo__free(list);
    }
}

typedef struct found {
    echo__want *first, **end;
    bool nomem;
} found;

static void found_add(found *list, echo__want *want) {
    list->nomem = list->nomem || want == NULL;
    if (want == NULL) return;
    *list->end = want;
    list->end = &want->next;
}

static void find_children(found *list, echo__frontier *f, const echo__page *page, const echo__want *want,
                          uint64_t *items, uint64_t *same) {
    echo__path base;
    echo_error ignored = ECHO_ERROR_INIT;
    if (echo__path_init(&base, f->chunks, &f->base, &ignored) != ECHO_OK) memset(&f->base, 0, sizeof f->base);
    for (uint32_t i = 0; i < page->lines->count && !list->nomem; i++) {
        echo__entry entry;
        echo__page_entry(page, i, &entry);
        echo__want *child = page_want(&entry, want->level - 1, i > 0 ? echo__page_key(page, i - 1) : want->after);
        if (child != NULL && look_in_base(f, &base, child)) {
            *items += entry.items;
            (*same)++;
            echo__free(child);
        } else {
            found_add(list, child);
        }
    }
    echo__path_free(&base);
}

static echo_status find_segment(void *arg, const echo_hash *name) {
    found_add(arg, plain_want(name, ECHO__WANT_SEGMENT));
    return ((found *)arg)->nomem ? ECHO_ERR_NOMEM : ECHO_OK;
}

static echo_status find_payloads(found *list, const echo__page *page, echo_error *err) {
    echo__buf scratch = ECHO__BUF_INIT;
    echo_status status = ECHO_OK;
    for (uint32_t i = 0; i < page->lines->count && status == ECHO_OK && !list->nomem; i++) {
        echo__record record;
        status = echo__record_read(&record, echo__page_line(page, i), &scratch, err);
        if (status == ECHO_OK && record.has_blob) found_add(list, plain_want(&record.blob, ECHO__WANT_BLOB));
        if (status == ECHO_OK && record.log.data != NULL)
            status = echo__record_sealed(record.log, find_segment, list, err);
    }
    echo__buf_free(&scratch);
    return status;
}

static echo_status look_into_page(found *list, echo__frontier *f, const echo__want *want, uint64_t *items,
                                  uint64_t *same, echo_error *err) {
    echo__page page;
    echo_status status = echo__page_open(&page, f->chunks, &want->entry, want->level, want->after, err);
    if (status != ECHO_OK) return status;
    if (want->level > 0 && want->level == f->root.height && page.lines->count == 1) {
        status = echo__chunk_bad(err, &want->hash, "a root above a single chunk");
    } else if (want->level > 0) {
        find_children(list, f, &page, want, items, same);
    } else {
        *items += want->entry.items;
        status = find_payloads(list, &page, err);
    }
    echo__page_close(f->chunks, &page);
    return status;
}

static echo_status look_into_chunk(found *list, echo__frontier *f, const echo__want *want, echo_error *err) {
    const echo__chunk *chunk;
    echo_status status = echo__chunks_get(&chunk, f->chunks, &want->hash, err);
    if (status != ECHO_OK || want->kind == ECHO__WANT_SEGMENT) {
        if (status == ECHO_OK) echo__chunks_release(f->chunks, chunk);
        return status;
    }
    echo__record payload;
    status = echo__record_read_payload(&payload, chunk->bytes, err);
    if (status == ECHO_OK && payload.log.data != NULL)
        status = echo__record_sealed(payload.log, find_segment, list, err);
    echo__chunks_release(f->chunks, chunk);
    return status;
}

/* All or nothing: makes what is below the chunk wanted. ECHO_ERR_PENDING: the chunk is not present. */
static echo_status look_into(echo__frontier *f, const echo__want *want, echo_error *err) {
    found list = {NULL, NULL, false};
    list.end = &list.first;
    uint64_t items = 0, same = 0;
    bool news;
    echo_status status = want->kind == ECHO__WANT_PAGE ? look_into_page(&list, f, want, &items, &same, err)
                                                       : look_into_chunk(&list, f, want, err);
    if (status == ECHO_OK && list.nomem) status = echo__nomem(err);
    if (status == ECHO_OK && !echo__hash_set_add(&f->names, &want->hash, HERE(want->kind), &news))
        status = echo__nomem(err);
    if (status != ECHO_OK) {
        free_all(list.first);
        return status;
    }
    f->items += items;
    f->same += same;
    push_all(f, list.first);
    return ECHO_OK;
}

/*
 * A payload or segment that was named before, and came or is still to come. Below a segment is nothing; a payload that
 * is known as a segment is looked into all the same.
 */
static bool is_known(const echo__frontier *f, const echo__want *want) {
    uint8_t bits = echo__hash_set_get(&f->names, &want->hash), asked = ASKED(want->kind);
    if (want->kind == ECHO__WANT_PAGE) return false;
    if (want->kind == ECHO__WANT_SEGMENT) asked |= ASKED(ECHO__WANT_BLOB);
    return (bits & (want->kind == ECHO__WANT_SEGMENT ? HERE_AT_ALL : HERE(want->kind))) != 0 ||
           (!want->asked && (bits & asked) != 0);
}

static echo_status hand_out(echo__want **out, echo__frontier *f, echo__want *want, echo_error *err) {
    bool news;
    if (want->kind != ECHO__WANT_PAGE && !echo__hash_set_add(&f->names, &want->hash, ASKED(want->kind), &news)) {
        push(f, want);
        return echo__nomem(err);
    }
    want->asked = true;
    f->out++;
    *out = want;
    return ECHO_OK;
}

echo_status echo__frontier_next(echo__want **out, echo__frontier *f, unsigned *looks, echo_error *err) {
    *out = NULL;
    while (f->stack != NULL && *looks > 0) {
        echo__want *want = pop(f);
        if (is_known(f, want)) {
            echo__free(want);
            continue;
        }
        (*looks)--;
        echo_error problem = ECHO_ERROR_INIT;
        echo_status status = look_into(f, want, &problem);
        if (status == ECHO_ERR_PENDING) return hand_out(out, f, want, err);
        if (status != ECHO_OK) {
            push(f, want);
            if (err != NULL) *err = problem;
            return status;
        }
        f->kept++;
        echo__free(want);
    }
    return ECHO_OK;
}

echo_status echo__frontier_arrived(echo__frontier *f, echo__want *want, echo_error *err) {
    f->out--;
    echo_status status = look_into(f, want, err);
    if (status == ECHO_ERR_NOMEM)
        push(f, want);
    else
        echo__free(want);
    return status;
}

void echo__frontier_return(echo__frontier *f, echo__want *want) {
    f->out--;
    push(f, want);
}

bool echo__frontier_begun(const echo__frontier *f) {
    return f->root.items == 0 || f->same > 0 ||
           (echo__hash_set_get(&f->names, &f->root.hash) & HERE(ECHO__WANT_PAGE)) != 0;
}
