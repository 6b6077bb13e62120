/*
 * Splitting records into slots. A value of unexpected shape (it may come from anywhere) is one slot without stamps and
 * not an error. Errors are only records that cannot be read at all, and missing blobs and segments.
 */
#include "snapshot/slots.h"

#include <echo/object.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "model/object_stamp.h"
#include "tree/record_write.h"

static const echo__text_at absent = {0, SIZE_MAX};

/* ---- slots and marks ---- */

static size_t text_begin(echo__slots *d) { return d->texts.len; }

static echo__text_at text_end(const echo__slots *d, size_t at) { return (echo__text_at){at, d->texts.len - at}; }

static echo_status add_slot(echo__slots *d, echo_difference_kind kind, const char *name, echo__text_at value) {
    if (d->texts.status != ECHO_OK || !echo__grow(&d->slots, &d->slots_cap, d->slots_count + 1, sizeof *d->slots))
        return ECHO_ERR_NOMEM;
    d->slots[d->slots_count++] = (echo__slot){kind, name, value, d->marks_count, 0};
    return ECHO_OK;
}

/* Of the last slot. */
static echo_status add_mark(echo__slots *d, const echo__stamp *stamp, echo__text_at what, echo__text_at value) {
    if (d->texts.status != ECHO_OK || !echo__grow(&d->marks, &d->marks_cap, d->marks_count + 1, sizeof *d->marks))
        return ECHO_ERR_NOMEM;
    d->marks[d->marks_count++] = (echo__mark){*stamp, what, value};
    d->slots[d->slots_count - 1].count++;
    return ECHO_OK;
}

static echo_status add_text_slot(echo__slots *d, echo_difference_kind kind, const char *name, echo_bytes text,
                                 const char *quote) {
    size_t at = text_begin(d);
    echo__buf_text(&d->texts, quote);
    echo__buf_append(&d->texts, text.data, text.len);
    echo__buf_text(&d->texts, quote);
    return add_slot(d, kind, name, text_end(d, at));
}

/* ---- heads ---- */

static void put_member(echo__buf *out, const char *name, echo_bytes text, bool *any) {
    if (text.data == NULL) return;
    echo__buf_text(out, *any ? ",\"" : "\"");
    echo__buf_text(out, name);
    echo__buf_text(out, "\":");
    echo__json_string(out, text.data, text.len);
    *any = true;
}

static echo_status add_head(echo__slots *d) {
    const echo__record *r = &d->record;
    bool any = false;
    size_t at = text_begin(d);
    echo__buf_byte(&d->texts, '{');
    put_member(&d->texts, "model", r->model, &any);
    put_member(&d->texts, "source", r->source, &any);
    put_member(&d->texts, "target", r->target, &any);
    put_member(&d->texts, "type", r->type, &any);
    echo__buf_byte(&d->texts, '}');
    echo_status status = add_slot(d, ECHO_DIFFERENCE_HEAD, "genesis", text_end(d, at));
    if (status == ECHO_OK && r->has_genesis) status = add_mark(d, &r->genesis, absent, absent);
    at = text_begin(d);
    if (r->parent.data != NULL) echo__json_string(&d->texts, r->parent.data, r->parent.len);
    if (status == ECHO_OK)
        status = add_slot(d, ECHO_DIFFERENCE_HEAD, "parent", r->parent.data != NULL ? text_end(d, at) : absent);
    if (status == ECHO_OK && r->has_parent_at) status = add_mark(d, &r->parent_at, absent, absent);
    if (status == ECHO_OK)
        status = add_text_slot(d, ECHO_DIFFERENCE_HEAD, "deleted", echo__bytes_text(r->deleted ? "true" : "false"), "");
    if (status == ECHO_OK && r->has_deleted_at) status = add_mark(d, &r->deleted_at, absent, absent);
    if (status != ECHO_OK || r->version == 0) return status;
    at = text_begin(d);
    if (r->of_model.data == NULL) {
        echo__buf_u64(&d->texts, r->version);
    } else { /* of another genesis */
        any = false;
        echo__buf_byte(&d->texts, '{');
        put_member(&d->texts, "model", r->of_model, &any);
        put_member(&d->texts, "type", r->of_type, &any);
        echo__buf_text(&d->texts, ",\"version\":");
        echo__buf_u64(&d->texts, r->version);
        echo__buf_byte(&d->texts, '}');
    }
    return add_slot(d, ECHO_DIFFERENCE_HEAD, "version", text_end(d, at));
}

/* ---- the object model (docs/FORMAT.md, "The object model") ---- */

typedef struct feeds {
    echo_key *keys;
    size_t count;
} feeds;

static echo_status read_feeds(feeds *out, const cJSON *list, bool *good) {
    const cJSON *node;
    size_t n = (size_t)cJSON_GetArraySize(list);
    *good = list == NULL || cJSON_IsArray(list);
    if (n == 0) return ECHO_OK;
    out->keys = echo__realloc_array(NULL, n, sizeof *out->keys);
    if (out->keys == NULL) return ECHO_ERR_NOMEM;
    cJSON_ArrayForEach(node, list) {
        if (!cJSON_IsString(node) || echo_key_parse(&out->keys[out->count], node->valuestring) != ECHO_OK)
            *good = false;
        else
            out->count++;
    }
    return ECHO_OK;
}

static bool read_stamp(echo__stamp *out, const cJSON *node, const feeds *from) {
    uint64_t index;
    if (!echo__object_stamp(&out->time, &index, &out->seq, node) || index >= from->count) return false;
    out->feed = from->keys[index];
    return true;
}

/* What the operation does; its stamp names a feed by its place in a list that differs from record to record. */
static echo_status add_operation(echo__slots *d, const cJSON *op, const feeds *from, bool *good) {
    echo__stamp stamp;
    const cJSON *first = cJSON_IsArray(op) ? op->child : NULL;
    *good = first != NULL && read_stamp(&stamp, first, from);
    if (!*good) return ECHO_OK;
    const cJSON *kind = first->next, *path = kind == NULL ? NULL : kind->next,
                *value = path == NULL ? NULL : path->next;
    *good = cJSON_IsString(kind) && cJSON_IsArray(path);
    if (!*good) return ECHO_OK;
    size_t at = text_begin(d);
    echo_status status = echo__json_print(&d->texts, kind);
    if (status == ECHO_OK) status = echo__json_print(&d->texts, path);
    echo__text_at what = text_end(d, at);
    at = text_begin(d);
    if (status == ECHO_OK && value != NULL) status = echo__json_print(&d->texts, value);
    return status == ECHO_OK ? add_mark(d, &stamp, what, value != NULL ? text_end(d, at) : absent) : status;
}

static const char *key_of(const cJSON *node) { return node == NULL ? NULL : node->string; }

/* Of a property, as users write it: in values a leading $ is doubled. */
static const char *plain_key_of(const cJSON *node) {
    return node == NULL ? NULL : node->string[0] == '$' ? node->string + 1 : node->string;
}

static const char *lower(const char *a, const char *b) {
    return a == NULL ? b : b == NULL ? a : strcmp(a, b) <= 0 ? a : b;
}

static bool advance_if_named(const cJSON **out, const cJSON **at, const char *key, const char *wanted) {
    *out = NULL;
    if (key == NULL || strcmp(key, wanted) != 0) return false;
    *out = *at;
    *at = (*at)->next;
    return true;
}

/* As the operation that a whole-key SET or DELETE is in a complex slot. */
static echo_status add_simple(echo__slots *d, echo__text_at value, const echo__stamp *stamp) {
    size_t at = text_begin(d);
    echo__buf_text(&d->texts, value.len != SIZE_MAX ? "\"set\"[]" : "\"delete\"[]");
    return add_mark(d, stamp, text_end(d, at), value);
}

static echo_status add_property(echo__slots *d, const char *name, const cJSON *value, const cJSON *stamp,
                                const cJSON *ops, const feeds *from, bool *good) {
    echo__stamp simple;
    size_t at = text_begin(d);
    echo_status status = value == NULL ? ECHO_OK : echo__json_print(&d->texts, value);
    if (status == ECHO_OK)
        status = add_slot(d, ECHO_DIFFERENCE_PROPERTY, name, value != NULL ? text_end(d, at) : absent);
    if (stamp != NULL && !read_stamp(&simple, stamp, from))
        *good = false;
    else if (status == ECHO_OK && stamp != NULL)
        status = add_simple(d, d->slots[d->slots_count - 1].value, &simple);
    const cJSON *op = ops == NULL ? NULL : ops->child;
    for (; status == ECHO_OK && *good && op != NULL; op = op->next) status = add_operation(d, op, from, good);
    return status;
}

/* Three lists in step, each ascending by key; a value without operations has the next stamp of a fourth. */
static echo_status add_properties(echo__slots *d, bool *good) {
    const cJSON *gone = cJSON_GetObjectItemCaseSensitive(d->state, "gone"),
                *ops = cJSON_GetObjectItemCaseSensitive(d->state, "ops"),
                *values = cJSON_GetObjectItemCaseSensitive(d->state, "values"),
                *when = cJSON_GetObjectItemCaseSensitive(d->state, "when");
    feeds from = {NULL, 0};
    echo_status status = read_feeds(&from, cJSON_GetObjectItemCaseSensitive(d->state, "feeds"), good);
    *good = *good && cJSON_IsObject(values) && cJSON_IsArray(when) && (gone == NULL || cJSON_IsObject(gone)) &&
            (ops == NULL || cJSON_IsObject(ops));
    const cJSON *g = *good && gone != NULL ? gone->child : NULL, *o = *good && ops != NULL ? ops->child : NULL,
                *v = *good ? values->child : NULL, *w = *good ? when->child : NULL;
    while (status == ECHO_OK && *good && (g != NULL || o != NULL || v != NULL)) {
        const cJSON *stamp, *list, *value;
        const char *name = lower(lower(key_of(g), key_of(o)), plain_key_of(v));
        (void)advance_if_named(&stamp, &g, key_of(g), name);
        (void)advance_if_named(&list, &o, key_of(o), name);
        if (advance_if_named(&value, &v, plain_key_of(v), name) && list == NULL) {
            *good = stamp == NULL && w != NULL;
            stamp = w;
            w = w == NULL ? NULL : w->next;
        }
        if (*good) status = add_property(d, name, value, stamp, list, &from, good);
    }
    *good = *good && w == NULL;
    echo__free(from.keys);
    return status;
}

static bool is_object(const echo__record *r) {
    return r->version == 1 && r->of_model.data == NULL &&
           (echo__bytes_equal(r->model, echo__bytes_text(ECHO_MODEL_OBJECT)) ||
            echo__bytes_equal(r->model, echo__bytes_text(ECHO_MODEL_OBJECT_OLD)));
}

static echo_status add_object(echo__slots *d, echo_bytes text, bool *good) {
    *good = false;
    if (!is_object(&d->record)) return ECHO_OK;
    echo_status status = echo__json_parse(&d->state, text.data, text.len, NULL);
    if (status == ECHO_OK) status = add_properties(d, good);
    return status;
}

static echo_status add_state(echo__slots *d) {
    size_t slots = d->slots_count, marks = d->marks_count;
    bool good = false;
    echo__buf whole = ECHO__BUF_INIT;
    echo__record_write_state(&whole, &d->record);
    echo_status status = whole.status;
    if (status == ECHO_OK) status = add_object(d, echo__buf_bytes(&whole), &good);
    if (status != ECHO_ERR_NOMEM && !good) { /* of any other shape */
        d->slots_count = slots;
        d->marks_count = marks;
        status = add_text_slot(d, ECHO_DIFFERENCE_STATE, "state", echo__buf_bytes(&whole), "");
    }
    echo__buf_free(&whole);
    return status;
}

/* ---- the rest of the payload ---- */

static echo_status get_segment(void *arg, const echo_hash *name, echo__buf *out, echo_error *err) {
    const echo__chunk *chunk;
    echo_status status = echo__chunks_get(&chunk, arg, name, err);
    if (status != ECHO_OK)
        return status == ECHO_ERR_NOT_FOUND ? echo__error_adopt(err, ECHO_ERR_CORRUPT, "a log segment is missing")
                                            : status;
    echo__buf_append(out, chunk->bytes.data, chunk->bytes.len);
    echo__chunks_release(arg, chunk);
    return out->status == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

static echo_status add_log(echo__slots *d, echo__chunks *chunks, echo_error *err) {
    echo__log log;
    echo__log_init(&log);
    echo_status status = echo__log_read(&log, d->record.log, get_segment, chunks, err);
    if (status != ECHO_OK) return status;
    size_t at = text_begin(d);
    echo__buf_u64(&d->texts, log.count);
    status = add_slot(d, ECHO_DIFFERENCE_LOG, "log", text_end(d, at));
    for (size_t i = 0; status == ECHO_OK && i < log.count; i++) {
        at = text_begin(d);
        echo__buf_append(&d->texts, log.entries[i].bytes, log.entries[i].len);
        status = add_mark(d, &log.entries[i].stamp, absent, text_end(d, at));
    }
    echo__log_free(&log);
    return status == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

static echo_status read_slots(echo__slots *d, echo__chunks *chunks, echo_error *err) {
    d->has_state = d->record.state.data != NULL;
    d->has_bytes = d->record.bytes.data != NULL;
    echo_status status = add_head(d);
    if (status == ECHO_OK && d->has_state) status = add_state(d);
    if (status == ECHO_OK && d->has_bytes)
        status = add_text_slot(d, ECHO_DIFFERENCE_BYTES, "bytes", d->record.bytes, "\"");
    if (status != ECHO_OK) return echo__nomem(err);
    return d->record.log.data != NULL ? add_log(d, chunks, err) : ECHO_OK;
}

echo_status echo__slots_read(echo__slots *d, echo__chunks *chunks, echo__line line, echo_error *err) {
    d->present = line.text.data != NULL;
    if (!d->present) return ECHO_OK;
    echo_status status = echo__record_read(&d->record, line, &d->scratch, err);
    if (status != ECHO_OK || !d->record.has_blob) return status == ECHO_OK ? read_slots(d, chunks, err) : status;
    const echo__chunk *blob;
    status = echo__chunks_get(&blob, chunks, &d->record.blob, err);
    if (status == ECHO_ERR_NOT_FOUND)
        return echo__error_adopt(err, ECHO_ERR_CORRUPT, "the chunk with an item's state is missing");
    if (status != ECHO_OK) return status;
    status = echo__record_read_payload(&d->record, blob->bytes, err);
    if (status == ECHO_OK) status = read_slots(d, chunks, err);
    echo__chunks_release(chunks, blob);
    return status;
}

void echo__slots_clear(echo__slots *d) {
    cJSON_Delete(d->state);
    d->state = NULL;
    d->slots_count = d->marks_count = 0;
    echo__buf_clear(&d->texts);
}
