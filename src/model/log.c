#include "model/log.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"

void echo__log_init(echo__log *log) { memset(log, 0, sizeof *log); }

void echo__log_free(echo__log *log) {
    for (size_t i = 0; i < log->count; i++) echo__free(log->entries[i].bytes);
    echo__free(log->entries);
    echo__free(log->sealed);
    echo__log_init(log);
}

echo_status echo__log_prepare(echo__log *log, echo_bytes bytes, uint8_t **copy) {
    *copy = NULL;
    if (!echo__grow(&log->entries, &log->cap, log->count + 1, sizeof *log->entries)) return ECHO_ERR_NOMEM;
    *copy = (uint8_t *)echo__strndup(bytes.data, bytes.len);
    return *copy == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

void echo__log_insert(echo__log *log, const echo__stamp *stamp, uint8_t *copy, size_t len, bool *last) {
    size_t low = 0, high = log->count;
    if (high > 0 && echo__stamp_compare(&log->entries[high - 1].stamp, stamp) <= 0) low = high; /* the usual case */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (echo__stamp_compare(&log->entries[mid].stamp, stamp) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (last != NULL) *last = low == log->count;
    memmove(log->entries + low + 1, log->entries + low, (log->count - low) * sizeof *log->entries);
    log->entries[low] = (echo__log_entry){*stamp, copy, len};
    log->count++;
    size_t intact = low / ECHO__LOG_SEGMENT; /* segments wholly before the new entry keep their bytes */
    if (log->sealed_count > intact) log->sealed_count = intact;
}

echo_status echo__log_add(echo__log *log, const echo__stamp *stamp, echo_bytes bytes) {
    uint8_t *copy;
    echo_status status = echo__log_prepare(log, bytes, &copy);
    if (status == ECHO_OK) echo__log_insert(log, stamp, copy, bytes.len, NULL);
    return status;
}

static void write_entry(echo__buf *out, const echo__log_entry *entry) {
    echo__buf_byte(out, '[');
    echo__buf_u64(out, entry->stamp.time);
    echo__buf_text(out, ",\"");
    echo__buf_hex(out, entry->stamp.feed.bytes, sizeof entry->stamp.feed.bytes);
    echo__buf_text(out, "\",");
    echo__buf_u64(out, entry->stamp.seq);
    echo__buf_text(out, ",\"");
    echo__buf_base64(out, entry->bytes, entry->len);
    echo__buf_text(out, "\"]");
}

static echo_status seal(echo__log *log, echo__log_put_fn put, void *arg, echo_error *err) {
    size_t full = log->count / ECHO__LOG_SEGMENT;
    if (!echo__grow(&log->sealed, &log->sealed_cap, full, sizeof *log->sealed)) return echo__nomem(err);
    echo__buf chunk = ECHO__BUF_INIT;
    echo_status status = ECHO_OK;
    while (status == ECHO_OK && log->sealed_count < full) {
        echo__buf_clear(&chunk);
        const echo__log_entry *first = log->entries + log->sealed_count * ECHO__LOG_SEGMENT;
        for (size_t i = 0; i < ECHO__LOG_SEGMENT; i++) {
            write_entry(&chunk, &first[i]);
            echo__buf_byte(&chunk, '\n');
        }
        status = chunk.status != ECHO_OK ? echo__nomem(err)
                                         : put(arg, &log->sealed[log->sealed_count], echo__buf_bytes(&chunk), err);
        if (status == ECHO_OK) log->sealed_count++;
    }
    echo__buf_free(&chunk);
    return status;
}

echo_status echo__log_write(echo__buf *out, echo__log *log, echo__log_put_fn put, void *arg, echo_error *err) {
    echo_status status = seal(log, put, arg, err);
    if (status != ECHO_OK) return status;
    echo__buf_text(out, "{\"n\":");
    echo__buf_u64(out, log->count);
    for (size_t i = 0; i < log->sealed_count; i++) {
        echo__buf_text(out, i == 0 ? ",\"sealed\":[\"" : ",\"");
        echo__buf_hex(out, log->sealed[i].bytes, sizeof log->sealed[i].bytes);
        echo__buf_byte(out, '"');
    }
    echo__buf_text(out, log->sealed_count > 0 ? "],\"tail\":[" : ",\"tail\":[");
    for (size_t i = log->sealed_count * ECHO__LOG_SEGMENT; i < log->count; i++) {
        if (i > log->sealed_count * ECHO__LOG_SEGMENT) echo__buf_byte(out, ',');
        write_entry(out, &log->entries[i]);
    }
    echo__buf_text(out, "]}");
    return out->status == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

static echo_status bad(echo_error *err, const char *what) {
    return echo__error(err, ECHO_ERR_CORRUPT, "mutation log: %s", what);
}

static echo_status read_entry(echo__log *log, const cJSON *node, echo_error *err) {
    const cJSON *time = cJSON_IsArray(node) ? node->child : NULL;
    const cJSON *feed = time == NULL ? NULL : time->next;
    const cJSON *seq = feed == NULL ? NULL : feed->next;
    const cJSON *bytes = seq == NULL ? NULL : seq->next;
    if (bytes == NULL || bytes->next != NULL || !cJSON_IsString(feed) || !cJSON_IsString(bytes))
        return bad(err, "an entry has the wrong shape");
    echo__stamp stamp;
    if (!echo__json_get_uint64(time, &stamp.time) || !echo__json_get_uint64(seq, &stamp.seq) ||
        echo_key_parse(&stamp.feed, feed->valuestring) != ECHO_OK)
        return bad(err, "an entry has a bad stamp");
    if (log->count > 0 && echo__stamp_compare(&log->entries[log->count - 1].stamp, &stamp) >= 0)
        return bad(err, "entries are not in order");
    size_t len = strlen(bytes->valuestring);
    uint8_t *copy = echo__malloc(len / 4 * 3 + 1);
    if (copy == NULL) return echo__nomem(err);
    size_t got;
    if (!echo__base64_decode(copy, &got, bytes->valuestring, len)) {
        echo__free(copy);
        return bad(err, "an entry is not base64");
    }
    if (!echo__grow(&log->entries, &log->cap, log->count + 1, sizeof *log->entries)) {
        echo__free(copy);
        return echo__nomem(err);
    }
    log->entries[log->count++] = (echo__log_entry){stamp, copy, got};
    return ECHO_OK;
}

static echo_status read_segment(echo__log *log, echo_bytes chunk, echo_error *err) {
    size_t lines = 0;
    for (size_t at = 0; at < chunk.len;) {
        const uint8_t *end = memchr(chunk.data + at, '\n', chunk.len - at);
        if (end == NULL || ++lines > ECHO__LOG_SEGMENT)
            return bad(err, "a sealed segment has the wrong number of lines");
        size_t len = (size_t)(end - (chunk.data + at));
        cJSON *node;
        echo_status status = echo__json_parse(&node, chunk.data + at, len, err);
        if (status != ECHO_OK) return status;
        status = read_entry(log, node, err);
        cJSON_Delete(node);
        if (status != ECHO_OK) return status;
        at += len + 1;
    }
    return lines == ECHO__LOG_SEGMENT ? ECHO_OK : bad(err, "a sealed segment has the wrong number of lines");
}

static echo_status read_sealed(echo__log *log, const cJSON *node, echo__log_get_fn get, void *arg, echo_error *err) {
    echo_hash name;
    if (!cJSON_IsString(node) || echo_hash_parse(&name, node->valuestring) != ECHO_OK)
        return bad(err, "a sealed segment has no name");
    echo__buf chunk = ECHO__BUF_INIT;
    echo_status status = get(arg, &name, &chunk, err);
    if (status == ECHO_OK) status = read_segment(log, echo__buf_bytes(&chunk), err);
    echo__buf_free(&chunk);
    if (status != ECHO_OK) return status;
    if (!echo__grow(&log->sealed, &log->sealed_cap, log->sealed_count + 1, sizeof *log->sealed))
        return echo__nomem(err);
    log->sealed[log->sealed_count++] = name;
    return ECHO_OK;
}

static echo_status read_all(echo__log *log, const cJSON *root, echo__log_get_fn get, void *arg, echo_error *err) {
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(root, "n");
    const cJSON *sealed = cJSON_GetObjectItemCaseSensitive(root, "sealed");
    const cJSON *tail = cJSON_GetObjectItemCaseSensitive(root, "tail");
    uint64_t count;
    if (!echo__json_get_uint64(n, &count) || !cJSON_IsArray(tail) || (sealed != NULL && !cJSON_IsArray(sealed)))
        return bad(err, "it has the wrong shape");
    echo_status status = ECHO_OK;
    const cJSON *node;
    if (sealed != NULL) cJSON_ArrayForEach(node, sealed) {
            if (status == ECHO_OK) status = read_sealed(log, node, get, arg, err);
        }
    cJSON_ArrayForEach(node, tail) {
        if (status == ECHO_OK) status = read_entry(log, node, err);
    }
    if (status != ECHO_OK) return status;
    if (log->count != count || log->count / ECHO__LOG_SEGMENT != log->sealed_count)
        return bad(err, "counts do not agree");
    return ECHO_OK;
}

echo_status echo__log_read(echo__log *log, echo_bytes text, echo__log_get_fn get, void *arg, echo_error *err) {
    cJSON *root;
    echo_status status = echo__json_parse(&root, text.data, text.len, err);
    if (status != ECHO_OK) return status;
    status = read_all(log, root, get, arg, err);
    cJSON_Delete(root);
    if (status != ECHO_OK) echo__log_free(log);
    return status;
}
