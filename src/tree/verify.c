#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "tree/leaf.h"
#include "tree/path.h"
#include "tree/record_write.h"
#include "tree/verify.h"

typedef struct verify {
    echo__chunks *chunks;
    echo_hash *bad; /* may be NULL */
    bool found;
    echo__buf scratch, text;
    echo_error *err;
} verify;

/* Notes the first bad chunk. Being out of memory or unable to read is nobody's fault. */
static echo_status blame_chunk(verify *v, const echo_hash *name, echo_status status) {
    bool fault = status == ECHO_ERR_CORRUPT || status == ECHO_ERR_LIMIT;
    if (fault && !v->found) {
        v->found = true;
        if (v->bad != NULL) *v->bad = *name;
    }
    return status;
}

static echo_status accuse_chunk(verify *v, const echo_hash *name, const char *what) {
    return blame_chunk(v, name, echo__chunk_bad(v->err, name, what));
}

/* A failure of something that knows the record, but not the chunk. */
static echo_status in_chunk(verify *v, const echo_hash *name, echo_status status) {
    if (v->found || status != ECHO_ERR_CORRUPT) return blame_chunk(v, name, status);
    char what[ECHO_ERROR_MESSAGE_CHARS];
    memcpy(what, v->err->message, sizeof what);
    return accuse_chunk(v, name, what);
}

/* Text that reads as JSON and prints as the same bytes. */
static echo_status check_json(verify *v, echo_bytes text) {
    cJSON *value = NULL;
    echo_status status = echo__json_parse(&value, text.data, text.len, v->err);
    if (status == ECHO_OK) {
        echo__buf_clear(&v->text);
        status = echo__json_print(&v->text, value);
        if (status == ECHO_OK && v->text.status != ECHO_OK) status = v->text.status;
        if (status == ECHO_ERR_NOMEM)
            (void)echo__nomem(v->err);
        else if (status != ECHO_OK || !echo__bytes_equal(echo__buf_bytes(&v->text), text))
            status = echo__error(v->err, ECHO_ERR_CORRUPT, "record: its JSON is not canonical");
        cJSON_Delete(value);
    }
    return status == ECHO_ERR_LIMIT ? echo__error(v->err, ECHO_ERR_CORRUPT, "record: its JSON is not canonical")
                                    : status;
}

static echo_status check_base64(verify *v, echo_bytes text) {
    echo__buf_clear(&v->text);
    uint8_t *room = echo__buf_reserve(&v->text, text.len / 4 * 3 + 1);
    if (room == NULL) return echo__nomem(v->err);
    size_t len;
    if (!echo__base64_decode(room, &len, (const char *)text.data, text.len))
        return echo__error(v->err, ECHO_ERR_CORRUPT, "record: bytes are not base64");
    return ECHO_OK;
}

static echo_status check_segment(void *arg, const echo_hash *name) {
    verify *v = arg;
    const echo__chunk *chunk;
    echo_status status = echo__chunks_get(&chunk, v->chunks, name, v->err);
    if (status == ECHO_ERR_NOT_FOUND) return accuse_chunk(v, name, "it is missing");
    if (status != ECHO_OK) return blame_chunk(v, name, status);
    echo__chunks_release(v->chunks, chunk);
    return ECHO_OK;
}

static echo_status check_payload(verify *v, const echo__record *record) {
    echo_status status = ECHO_OK;
    if (record->state.data != NULL) status = check_json(v, record->state);
    if (status == ECHO_OK && record->bytes.data != NULL) status = check_base64(v, record->bytes);
    if (status == ECHO_OK && record->log.data != NULL) status = check_json(v, record->log);
    if (status == ECHO_OK && record->log.data != NULL)
        status = echo__record_sealed(record->log, check_segment, v, v->err);
    return status;
}

static bool has_payload(const echo__record *r) {
    return r->state.data != NULL || r->bytes.data != NULL || r->log.data != NULL;
}

/* A payload stands in the line when the line is short enough with it, and in a blob when not. */
static echo_status check_place(verify *v, const echo__record *record, const echo__record *payload) {
    echo__record whole = *record;
    whole.has_blob = false;
    whole.state = payload->state;
    whole.bytes = payload->bytes;
    whole.log = payload->log;
    if (!has_payload(&whole)) return ECHO_OK;
    echo__buf_clear(&v->text);
    echo__record_write(&v->text, &whole);
    if (v->text.status != ECHO_OK) return echo__nomem(v->err);
    if ((v->text.len > ECHO__RECORD_LINE_MAX) != record->has_blob)
        return echo__error(v->err, ECHO_ERR_CORRUPT,
                           record->has_blob ? "record: a blob holds a payload that fits into the record"
                                            : "record: a payload is too long to be stored without a blob");
    return ECHO_OK;
}

static echo_status check_blob(verify *v, const echo__record *record) {
    const echo__chunk *blob;
    echo_status status = echo__chunks_get(&blob, v->chunks, &record->blob, v->err);
    if (status == ECHO_ERR_NOT_FOUND) return accuse_chunk(v, &record->blob, "it is missing");
    if (status != ECHO_OK) return blame_chunk(v, &record->blob, status);
    echo__record payload;
    status = echo__record_read_payload(&payload, blob->bytes, v->err);
    if (status == ECHO_OK) status = check_place(v, record, &payload);
    if (status == ECHO_OK) status = check_payload(v, &payload);
    if (status != ECHO_OK) status = in_chunk(v, &record->blob, status);
    echo__chunks_release(v->chunks, blob);
    return status;
}

static echo_status check_record(verify *v, const echo__page *leaf, uint32_t i) {
    echo__record record;
    echo_status status = echo__record_read(&record, echo__page_line(leaf, i), &v->scratch, v->err);
    if (status == ECHO_OK && record.has_blob) {
        status = check_blob(v, &record);
    } else if (status == ECHO_OK) {
        status = check_place(v, &record, &record);
        if (status == ECHO_OK) status = check_payload(v, &record);
    }
    if (status == ECHO_OK) return ECHO_OK;
    status = in_chunk(v, &leaf->chunk->name, status);
    uint8_t room[ECHO__ID_MAX];
    echo_bytes id = echo__page_id(leaf, i, room);
    echo__error_item(v->err, id.data, id.len);
    return status;
}

/* A leaf is what its records make of it: its header lists what they refer to, and nothing else. */
static echo_status check_leaf(verify *v, const echo__page *leaf) {
    echo_status status = ECHO_OK;
    echo__buf_clear(&v->scratch);
    echo__buf_clear(&v->text);
    for (uint32_t i = 0; status == ECHO_OK && i < leaf->lines->count; i++) {
        status = echo__line_expand(&v->scratch, echo__page_line(leaf, i), v->err);
        echo__buf_byte(&v->scratch, '\n');
    }
    if (status == ECHO_OK && v->scratch.status != ECHO_OK) status = echo__nomem(v->err);
    if (status == ECHO_OK) status = echo__leaf_pack(&v->text, echo__buf_bytes(&v->scratch), SIZE_MAX, v->err);
    if (status != ECHO_OK) return in_chunk(v, &leaf->chunk->name, status);
    return echo__bytes_equal(echo__buf_bytes(&v->text), leaf->chunk->bytes)
               ? ECHO_OK
               : accuse_chunk(v, &leaf->chunk->name,
                              "its header lists what no record refers to, or a line is not canonical");
}

/* Each chunk ends where its last id has a boundary or at its 256th line, or ends its level; and nowhere else. */
static const char *wrong_cut(const echo__page *page, uint32_t level, bool more) {
    uint8_t id[ECHO__ID_MAX];
    uint32_t last = page->lines->count - 1;
    for (uint32_t i = 0; i < last; i++)
        if (echo__boundary(echo__page_id(page, i, id)) > level) return "it should end sooner";
    if (more && last + 1 < ECHO__TREE_RUN_MAX && echo__boundary(echo__page_id(page, last, id)) <= level)
        return "it should not end here";
    return NULL;
}

static echo_status check_tree(verify *v, echo__path *path) {
    while (!path->done) {
        echo_hash name;
        echo__path_below(path, &name);
        echo_status status = echo__path_down(path, v->err);
        if (status != ECHO_OK) return blame_chunk(v, &name, status);
        const echo__page *page = echo__path_page(path);
        const char *wrong = wrong_cut(page, path->level, echo__path_more(path));
        if (wrong != NULL) return accuse_chunk(v, &name, wrong);
        if (path->level > 0) continue;
        for (uint32_t i = 0; i < page->lines->count; i++) {
            status = check_record(v, page, i);
            if (status != ECHO_OK) return status;
        }
        status = check_leaf(v, page);
        if (status != ECHO_OK) return status;
        echo__path_up(path);
        echo__path_next(path);
    }
    return ECHO_OK;
}

echo_status echo__tree_verify(echo__chunks *chunks, const echo__root *root, echo_hash *bad, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT; /* the messages of one step are put into those of the next */
    verify v = {chunks, bad, false, ECHO__BUF_INIT, ECHO__BUF_INIT, &own};
    echo__path path;
    echo_status status = echo__path_init(&path, chunks, root, &own);
    if (status == ECHO_OK)
        status = check_tree(&v, &path);
    else
        blame_chunk(&v, &root->hash, status);
    echo__path_free(&path);
    echo__buf_free(&v.scratch);
    echo__buf_free(&v.text);
    if (status != ECHO_OK && err != NULL) *err = own;
    return status;
}
