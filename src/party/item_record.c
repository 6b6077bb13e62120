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

static echo_status copy_field(char **out, echo_bytes text) {
    if (text.data == NULL) return ECHO_OK;
    *out = echo__strndup(text.data, text.len);
    return *out == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

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

static echo_status load_fields(echo_item *item, const echo__record *record, bool credential, echo__chunks *chunks,
                               echo_error *err) {
    if (copy_field(&item->type, record->type) != ECHO_OK || copy_field(&item->model, record->model) != ECHO_OK ||
        copy_field(&item->parent, record->parent) != ECHO_OK || copy_field(&item->source, record->source) != ECHO_OK ||
        copy_field(&item->target, record->target) != ECHO_OK)
        return echo__nomem(err);
    item->deleted = record->deleted;
    item->has_genesis = record->has_genesis;
    item->has_parent_at = record->has_parent_at;
    item->has_deleted_at = record->has_deleted_at;
    item->genesis = record->genesis;
    item->parent_at = record->parent_at;
    item->deleted_at = record->deleted_at;
    item->in_root = true;
    item->root_version = item->stored_version = record->version;
    bool state = record->state.data != NULL, bytes = record->bytes.data != NULL;
    if (!credential && (state || bytes) != (record->version != 0))
        return echo__error(err, ECHO_ERR_CORRUPT, "record has a state without a version, or a version without a state");
    item->stored_raw = bytes && !state;
    if (state)
        echo__record_write_state(&item->stored, record);
    else if (bytes)
        echo__buf_append(&item->stored, record->bytes.data, record->bytes.len);
    if (item->stored.status != ECHO_OK) return echo__nomem(err);
    if (record->log.data != NULL) return echo__log_read(&item->log, record->log, get_segment, chunks, err);
    return ECHO_OK;
}

static echo_status load_blob(echo_item *item, echo__record *record, bool credential, echo__chunks *chunks,
                             echo_error *err) {
    const echo__chunk *blob;
    echo_status status = echo__chunks_get(&blob, chunks, &record->blob, err);
    if (status == ECHO_ERR_NOT_FOUND)
        return echo__error_adopt(err, ECHO_ERR_CORRUPT, "the chunk with an item's state is missing");
    if (status != ECHO_OK) return status;
    status = echo__record_read_payload(record, blob->bytes, err);
    if (status == ECHO_OK) status = load_fields(item, record, credential, chunks, err);
    echo__chunks_release(chunks, blob);
    return status;
}

static echo_status load_record(echo_item **out, bool credential, echo__chunks *chunks, echo__line line,
                               echo_error *err) {
    *out = NULL;
    echo__record record;
    echo__buf scratch = ECHO__BUF_INIT;
    echo_item *item = NULL;
    echo_status status = echo__record_read(&record, line, &scratch, err);
    if (status == ECHO_OK) {
        status = echo__item_new(&item, record.id);
        if (status != ECHO_OK) echo__nomem(err);
    }
    if (status == ECHO_OK)
        status = record.has_blob ? load_blob(item, &record, credential, chunks, err)
                                 : load_fields(item, &record, credential, chunks, err);
    if (status != ECHO_OK && item != NULL) {
        echo__error_item(err, item->id, item->id_len);
        echo__item_free(item);
        item = NULL;
    }
    echo__buf_free(&scratch);
    *out = item;
    return status;
}

echo_status echo__item_load(echo_item **out, echo__chunks *chunks, echo__line line, echo_error *err) {
    return load_record(out, false, chunks, line, err);
}

echo_status echo__credential_load(echo_item **out, echo__chunks *chunks, echo__line line, echo_error *err) {
    return load_record(out, true, chunks, line, err);
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
    record->source = echo__bytes_text(item->source);
    record->target = echo__bytes_text(item->target);
    record->deleted = item->deleted;
    record->has_genesis = item->has_genesis;
    record->has_parent_at = item->has_parent_at;
    record->has_deleted_at = item->has_deleted_at;
    record->genesis = item->genesis;
    record->parent_at = item->parent_at;
    record->deleted_at = item->deleted_at;
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

echo_status echo__item_record(echo__buf *out, echo_item *item, const echo__sink *sink, uint32_t *version,
                              echo_error *err) {
    echo__record record;
    echo__buf state = ECHO__BUF_INIT, log = ECHO__BUF_INIT;
    echo_status status = ECHO_OK;
    fill_head(&record, item);
    echo_bytes stored = echo__bytes(NULL, 0);
    bool raw = item->stored_raw;
    if (item->ops != NULL && item->ops->has_hooks) {
        raw = item->ops->raw;
        status = raw ? snapshot_raw(&state, item, err) : snapshot_json(&state, item, err);
        (void)echo__buf_reserve(&state, 1); /* an empty state is present all the same */
        if (status == ECHO_OK && state.status != ECHO_OK) status = echo__nomem(err);
        stored = echo__buf_bytes(&state);
        record.version = item->ops->ops.state_version;
    } else if (item->stored_version != 0) {
        stored = echo__bytes(item->stored.data == NULL ? (const uint8_t *)"" : item->stored.data, item->stored.len);
        record.version = item->stored_version;
    }
    if (raw)
        record.bytes = stored;
    else
        record.state = stored;
    if (status == ECHO_OK && item->log.count > 0) {
        status = echo__log_write(&log, &item->log, sink->put, sink->arg, err);
        record.log = echo__buf_bytes(&log);
    }
    if (status == ECHO_OK) status = echo__record_put(out, &record, sink, err);
    if (status != ECHO_OK) echo__error_item(err, item->id, item->id_len);
    *version = record.version;
    echo__buf_free(&state);
    echo__buf_free(&log);
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
    size_t sealed = item->log.sealed_count; /* segments that were put, which those named here are not */
    uint32_t version;
    echo_status status = echo__item_record(out, item, &names, &version, err);
    item->log.sealed_count = sealed;
    return status;
}
