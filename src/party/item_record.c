#include "party/item_record.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/json.h"
#include "tree/record_write.h"

struct echo_writer {
    echo__buf *buf;
    bool invalid; /* bytes were announced and none given */
};

void echo_writer_write(echo_writer *writer, const void *data, size_t len) {
    if (writer == NULL) return;
    if (data == NULL && len > 0)
        writer->invalid = true;
    else
        echo__buf_append(writer->buf, data, len);
}

/* ---- from a record ---- */

static echo_status get_segment(void *arg, const echo_hash *name, echo__buf *out, echo_error *err) {
    echo__chunks *chunks = arg;
    const echo__chunk *chunk;
    echo_status status = echo__chunks_get(&chunk, chunks, name, err);
    if (status != ECHO_OK)
        return status == ECHO_ERR_NOT_FOUND ? echo__error_adopt(err, ECHO_ERR_CORRUPT, "a log segment is missing")
                                            : status;
    echo__buf_append(out, chunk->bytes.data, chunk->bytes.len);
    echo__chunks_release(chunks, chunk);
    return out->status == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

/* More than these are not shared: types are the host's, and any feeds may go together. */
#define TYPES_MAX 1000u
#define FEED_LISTS_MAX 1000u
#define FEEDS_MAX 16u

/* What an item is made of that is not in the record as it is. */
typedef struct loading {
    const echo__item_source *from;
    const echo__record *record;
    const echo__name *type, *model, *feeds, *born; /* NULL: not shared */
    echo__item_parts parts;
    echo__buf text; /* the complete state, if the item does not get it without its feeds */
} loading;

/* *out stays NULL when there is nothing to share, or too much. */
static bool share(const echo__name **out, const loading *l, echo_bytes bytes, size_t most) {
    bool full = false;
    if (l->from->names == NULL || bytes.data == NULL) return true;
    *out = echo__names_get(l->from->names, bytes, most, &full);
    return *out != NULL || full;
}

/* Within a leaf a state is without its feeds. */
static bool share_feeds(loading *l) {
    echo_key keys[FEEDS_MAX];
    size_t count = 0;
    echo_bytes rest = l->record->feeds;
    if (l->record->shared == NULL || rest.data == NULL || l->record->state.data == NULL) return true;
    while (count < FEEDS_MAX && echo__record_feed(&keys[count], l->record, &rest)) count++;
    if (rest.len > 0) return true;
    return share(&l->feeds, l, echo__bytes((const uint8_t *)keys, count * sizeof *keys), FEED_LISTS_MAX);
}

static bool needs_more(const loading *l) {
    const echo__record *r = l->record;
    return r->has_parent_at || r->has_deleted_at || r->source.data != NULL || r->target.data != NULL ||
           r->log.data != NULL || r->of_model.data != NULL || (r->has_genesis && l->born == NULL);
}

static bool prepare(loading *l) {
    const echo__record *r = l->record;
    const echo__model *model =
        l->from->registry == NULL || r->model.data == NULL ? NULL : echo__registry_find(l->from->registry, r->model);
    const echo_bytes none = {NULL, 0};
    if (!share(&l->model, l, r->model, 0) || !share(&l->type, l, r->type, TYPES_MAX) || !share_feeds(l)) return false;
    if (r->has_genesis &&
        !share(&l->born, l, echo__bytes(r->genesis.feed.bytes, sizeof r->genesis.feed.bytes), FEED_LISTS_MAX))
        return false;
    if (r->state.data != NULL && r->feeds.data != NULL && r->shared != NULL && l->feeds == NULL)
        echo__record_write_state(&l->text, r);
    l->parts.id = r->id;
    l->parts.type = l->type == NULL ? r->type : none;
    l->parts.model = l->model == NULL ? r->model : none;
    l->parts.parent = r->parent;
    l->parts.room = model == NULL ? NULL : model->room;
    l->parts.more = needs_more(l);
    return l->text.status == ECHO_OK;
}

static echo_bytes stored_bytes(const loading *l) {
    if (l->record->state.data == NULL) return l->record->bytes;
    return l->text.len > 0 ? echo__buf_bytes(&l->text) : l->record->state;
}

static bool copy_text(char **out, echo_bytes text) {
    if (text.data == NULL) return true;
    *out = echo__strndup(text.data, text.len);
    return *out != NULL;
}

static bool copy_more(echo__item_more *more, const echo__record *record) {
    if (record->has_genesis) more->genesis = record->genesis;
    if (record->has_parent_at) more->parent_at = record->parent_at;
    if (record->has_deleted_at) more->deleted_at = record->deleted_at;
    return copy_text(&more->source, record->source) && copy_text(&more->target, record->target) &&
           copy_text(&more->of_type, record->of_type) && copy_text(&more->of_model, record->of_model);
}

static void fill_item(echo_item *item, const loading *l) {
    const echo__record *record = l->record;
    if (l->type != NULL) item->type = (char *)(uintptr_t)l->type->text;
    if (l->model != NULL) item->model = (char *)(uintptr_t)l->model->text;
    if (item->more != NULL) item->more->root_model = item->model;
    item->feeds = l->feeds;
    item->deleted = record->deleted;
    item->has_genesis = record->has_genesis;
    item->has_parent_at = record->has_parent_at;
    item->has_deleted_at = record->has_deleted_at;
    if (record->has_genesis && item->more == NULL) {
        item->born.time = record->genesis.time;
        item->born.seq = record->genesis.seq;
        item->born.feed = l->born;
    }
    item->in_root = true;
    item->root_version = echo__record_counted(record);
    item->stored_version = record->version;
    item->stored_raw = record->bytes.data != NULL && record->state.data == NULL;
}

static echo_status make_item(echo_item **out, loading *l, echo_error *err) {
    const echo__record *record = l->record;
    uint8_t *to;
    size_t size;
    if (!prepare(l)) return echo__nomem(err);
    echo_bytes stored = stored_bytes(l);
    if (stored.len > UINT32_MAX) return echo__error(err, ECHO_ERR_LIMIT, "the item's state is too long");
    l->parts.stored = stored.data == NULL ? 0 : stored.len;
    if (echo__item_make(out, &to, &size, &l->parts) != ECHO_OK) return echo__nomem(err);
    echo_item *item = *out;
    item->weight = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
    fill_item(item, l);
    if (stored.data != NULL) {
        if (stored.len > 0) memcpy(to, stored.data, stored.len);
        item->stored = (echo__item_bytes){to, (uint32_t)stored.len, false};
    }
    if (item->more != NULL && !copy_more(item->more, record)) return echo__nomem(err);
    if (record->log.data == NULL) return ECHO_OK;
    return echo__log_read(&item->more->log, record->log, get_segment, l->from->chunks, err);
}

static echo_status check_version(const echo__record *record, echo_error *err) {
    if ((record->state.data != NULL || record->bytes.data != NULL) == (record->version != 0)) return ECHO_OK;
    return echo__error(err, ECHO_ERR_CORRUPT, "record has a state without a version, or a version without a state");
}

static echo_status get_blob(const echo__chunk **out, echo__record *record, echo__chunks *chunks, echo_error *err) {
    *out = NULL;
    if (!record->has_blob) return ECHO_OK;
    echo_status status = echo__chunks_get(out, chunks, &record->blob, err);
    if (status == ECHO_ERR_NOT_FOUND)
        return echo__error_adopt(err, ECHO_ERR_CORRUPT, "the chunk with an item's state is missing");
    return status == ECHO_OK ? echo__record_read_payload(record, (*out)->bytes, err) : status;
}

static echo_status load_record(echo_item **out, bool credential, const echo__item_source *from, echo__line line,
                               echo_error *err) {
    *out = NULL;
    echo__record record;
    echo__buf scratch = ECHO__BUF_INIT;
    echo_item *item = NULL;
    const echo__chunk *blob = NULL;
    echo_status status = echo__record_read(&record, line, &scratch, err);
    if (status == ECHO_OK) {
        loading l = {.from = from, .record = &record};
        status = get_blob(&blob, &record, from->chunks, err);
        if (status == ECHO_OK && !credential) status = check_version(&record, err);
        if (status == ECHO_OK) status = make_item(&item, &l, err);
        if (status != ECHO_OK) echo__error_item(err, record.id.data, record.id.len);
        echo__chunks_release(from->chunks, blob);
        echo__buf_free(&l.text);
    }
    if (status != ECHO_OK) {
        echo__item_free(item);
        item = NULL;
    }
    echo__buf_free(&scratch);
    *out = item;
    return status;
}

echo_status echo__item_load(echo_item **out, const echo__item_source *from, echo__line line, echo_error *err) {
    return load_record(out, false, from, line, err);
}

echo_status echo__credential_load(echo_item **out, echo__chunks *chunks, echo__line line, echo_error *err) {
    const echo__item_source from = {chunks, NULL, NULL};
    return load_record(out, true, &from, line, err);
}

/* ---- to a record ---- */

static echo_status snapshot_json(echo__buf *out, const echo_item *item, echo_error *err) {
    if (item->ops->text != NULL) return item->ops->text(out, item->state, err);
    const echo_model_ops *ops = &item->ops->ops;
    cJSON *value = NULL;
    echo_status status = ops->snapshot(&value, item->ops->ctx, item->state, err);
    if (status != ECHO_OK) return echo__error_adopt(err, status, "the model's snapshot hook failed");
    if (value == NULL) return echo__error(err, ECHO_ERR_INVALID, "the model's snapshot hook returned no value");
    status = echo__json_print(out, value);
    cJSON_Delete(value);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    return status == ECHO_OK
               ? ECHO_OK
               : echo__error(err, status, "the model's snapshot hook returned a value that JSON cannot hold");
}

static echo_status snapshot_raw(echo__buf *out, const echo_item *item, echo_error *err) {
    const echo_model_ops *ops = &item->ops->ops;
    echo__buf raw = ECHO__BUF_INIT;
    echo_writer writer = {&raw, false};
    echo_status status = ops->snapshot_raw(&writer, item->ops->ctx, item->state, err);
    if (status != ECHO_OK) status = echo__error_adopt(err, status, "the model's snapshot_raw hook failed");
    if (status == ECHO_OK && raw.status != ECHO_OK) status = echo__nomem(err);
    if (status == ECHO_OK && writer.invalid)
        status = echo__error(err, ECHO_ERR_INVALID, "the model's snapshot_raw hook wrote bytes from NULL");
    if (status == ECHO_OK) echo__buf_base64(out, raw.data, raw.len);
    echo__buf_free(&raw);
    return status;
}

static echo_status put_chunk(void *arg, echo_hash *name, echo_bytes chunk, echo_error *err) {
    return echo__chunks_put(name, arg, chunk, err);
}

echo__sink echo__chunks_sink(echo__chunks *chunks) { return (echo__sink){put_chunk, chunks}; }

static void fill_head(echo__record *record, const echo_item *item) {
    memset(record, 0, sizeof *record);
    record->id = echo__bytes(item->id, item->id_len);
    record->type = echo__bytes_text(item->type);
    record->model = echo__bytes_text(item->model);
    record->parent = echo__bytes_text(item->parent);
    record->source = echo__bytes_text(item->more == NULL ? NULL : item->more->source);
    record->target = echo__bytes_text(item->more == NULL ? NULL : item->more->target);
    if (item->ops == NULL && echo__item_is_foreign(item, NULL)) {
        record->of_type = echo__bytes_text(item->more->of_type);
        record->of_model = echo__bytes_text(item->more->of_model);
    }
    record->deleted = item->deleted;
    record->has_genesis = item->has_genesis;
    record->has_parent_at = item->has_parent_at;
    record->has_deleted_at = item->has_deleted_at;
    if (item->has_genesis) echo__item_genesis(&record->genesis, item);
    if (item->has_parent_at) record->parent_at = item->more->parent_at;
    if (item->has_deleted_at) record->deleted_at = item->more->deleted_at;
}

echo_status echo__record_put(echo__buf *out, echo__record *record, const echo__sink *sink, echo_error *err) {
    size_t start = out->len;
    echo__record_write(out, record);
    if (out->status != ECHO_OK) return echo__nomem(err);
    bool payload = record->state.data != NULL || record->bytes.data != NULL || record->log.data != NULL;
    if (out->len - start <= ECHO__RECORD_LINE_MAX || !payload) return ECHO_OK;
    out->len = start;
    echo__buf blob = ECHO__BUF_INIT;
    echo__record_write_payload(&blob, record);
    echo_status status =
        blob.status != ECHO_OK ? echo__nomem(err) : sink->put(sink->arg, &record->blob, echo__buf_bytes(&blob), err);
    echo__buf_free(&blob);
    if (status != ECHO_OK) return status;
    record->has_blob = true;
    echo__record_write(out, record);
    return out->status == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

echo_status echo__item_put_record_state(echo__buf *out, bool *raw, uint32_t *version, const echo_item *item,
                                        echo_error *err) {
    echo_status status = ECHO_OK;
    *raw = item->stored_raw;
    *version = item->stored_version;
    if (item->feeds != NULL) { /* a state that is frozen reads the same bytes */
        if (item->ops != NULL) *version = item->ops->ops.state_version;
        echo__item_put_state(out, item->feeds, echo__item_stored(item));
    } else if (item->ops != NULL && item->ops->has_hooks) {
        *raw = item->ops->raw;
        *version = item->ops->ops.state_version;
        status = *raw ? snapshot_raw(out, item, err) : snapshot_json(out, item, err);
    } else if (item->stored_version != 0) {
        echo__buf_append(out, item->stored.data, item->stored.len);
    }
    (void)echo__buf_reserve(out, 1); /* an empty state is present all the same */
    return status == ECHO_OK && out->status != ECHO_OK ? echo__nomem(err) : status;
}

echo_status echo__item_record(echo__buf *out, echo_item *item, const echo__sink *sink, uint32_t *version,
                              echo_error *err) {
    echo__record record;
    echo__buf state = ECHO__BUF_INIT, log = ECHO__BUF_INIT;
    bool raw;
    fill_head(&record, item);
    echo_status status = echo__item_put_record_state(&state, &raw, &record.version, item, err);
    if (status == ECHO_OK && record.version != 0) *(raw ? &record.bytes : &record.state) = echo__buf_bytes(&state);
    if (status == ECHO_OK && echo__item_log(item)->count > 0) {
        status = echo__log_write(&log, &item->more->log, sink->put, sink->arg, err);
        record.log = echo__buf_bytes(&log);
    }
    if (status == ECHO_OK) status = echo__record_put(out, &record, sink, err);
    if (status != ECHO_OK) echo__error_item(err, item->id, item->id_len);
    *version = echo__record_counted(&record);
    echo__buf_free(&state);
    echo__buf_free(&log);
    return status;
}

echo_status echo__item_set_aside(echo_item *item, echo_error *problem) {
    echo__buf state = ECHO__BUF_INIT;
    bool raw;
    uint32_t version;
    echo_status status = echo__item_put_record_state(&state, &raw, &version, item, problem);
    if (status == ECHO_OK && state.len > UINT32_MAX)
        status = echo__error(problem, ECHO_ERR_LIMIT, "the item's state is too long");
    if (status == ECHO_ERR_NOMEM) {
        echo__buf_free(&state);
        return status;
    }
    if (status != ECHO_OK) { /* nothing is kept of it */
        echo__buf_clear(&state);
        if (!raw) echo__buf_text(&state, "null");
        if (state.status != ECHO_OK || echo__buf_reserve(&state, 1) == NULL) {
            echo__buf_free(&state);
            return ECHO_ERR_NOMEM;
        }
    }
    echo__item_drop_state(item);
    item->stored = (echo__item_bytes){state.data, (uint32_t)state.len, true};
    item->stored_version = version;
    item->stored_raw = raw;
    return status;
}

static echo_status name_chunk(void *arg, echo_hash *name, echo_bytes chunk, echo_error *err) {
    (void)arg;
    (void)err;
    echo__hash(name, chunk.data, chunk.len);
    return ECHO_OK;
}

echo_status echo__item_line(echo__buf *out, echo_item *item, echo_error *err) {
    static const echo__sink names = {name_chunk, NULL};
    size_t sealed = echo__item_log(item)->sealed_count; /* segments that were put, which those named here are not */
    uint32_t version;
    echo_status status = echo__item_record(out, item, &names, &version, err);
    if (item->more != NULL) item->more->log.sealed_count = sealed;
    return status;
}
