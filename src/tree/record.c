#include "tree/record.h"

#include "base/error.h"
#include "base/json.h"
#include "tree/scan.h"

static echo_status bad(echo_error *err, const char *what) {
    return echo__error(err, ECHO_ERR_CORRUPT, "record: %s", what);
}

/*
 * The string of the next text. Unescaped strings share `scratch`, which takes room for a whole line at the first of
 * them, so that it never moves under an earlier view.
 */
static echo_status read_text(echo_bytes *out, echo__scan *s, size_t line_len, echo__buf *scratch, echo_error *err) {
    echo_bytes text;
    if (!echo__scan_text(s, &text)) return bad(err, "a text is not canonical");
    if (memchr(text.data, '\\', text.len) == NULL) {
        *out = text;
        return ECHO_OK;
    }
    uint8_t *at = echo__buf_reserve(scratch, scratch->len == 0 ? line_len : text.len);
    if (at == NULL) return echo__nomem(err);
    *out = echo__bytes(at, echo__text_unescape(at, text));
    scratch->len += out->len;
    return ECHO_OK;
}

static echo_status read_id(echo_bytes *id, echo__scan *s, size_t line_len, echo__buf *scratch, echo_error *err) {
    if (!ECHO__SCAN(s, "{\"id\":")) return bad(err, "does not start with its id");
    echo_status status = read_text(id, s, line_len, scratch, err);
    if (status != ECHO_OK) return status;
    return id->len == 0 || id->len > ECHO__ID_MAX ? bad(err, "id is empty or too long") : ECHO_OK;
}

static bool read_stamp(echo__stamp *out, echo__scan *s) {
    return ECHO__SCAN(s, "[") && echo__scan_u64(s, &out->time) && ECHO__SCAN(s, ",") &&
           echo__scan_hash(s, out->feed.bytes) && ECHO__SCAN(s, ",") && echo__scan_u64(s, &out->seq) &&
           ECHO__SCAN(s, "]");
}

/* What follows "at":{, in order of key, at least one stamp. */
static bool read_at(echo__record *out, echo__scan *s) {
    const struct {
        const char *key;
        bool *has;
        echo__stamp *stamp;
    } stamps[] = {{"\"deleted\":", &out->has_deleted_at, &out->deleted_at},
                  {"\"genesis\":", &out->has_genesis, &out->genesis},
                  {"\"parent\":", &out->has_parent_at, &out->parent_at}};
    bool any = false;
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
        echo__scan ahead = *s;
        if (any && !ECHO__SCAN(&ahead, ",")) break;
        if (!echo__scan_bytes(&ahead, stamps[i].key, strlen(stamps[i].key))) continue;
        if (!read_stamp(stamps[i].stamp, &ahead)) return false;
        *stamps[i].has = any = true;
        *s = ahead;
    }
    return any && ECHO__SCAN(s, "}");
}

static bool read_base64(echo_bytes *out, echo__scan *s) {
    if (!ECHO__SCAN(s, "\"")) return false;
    const uint8_t *quote = memchr(s->at, '"', (size_t)(s->end - s->at));
    if (quote == NULL) return false;
    *out = echo__bytes(s->at, (size_t)(quote - s->at));
    for (const uint8_t *p = s->at; p < quote; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '+' ||
              *p == '/' || *p == '='))
            return false;
    s->at = quote + 1;
    return out->len % 4 == 0;
}

/* State, bytes and log, those that are present. */
static bool read_payload(echo__record *out, echo__scan *s, bool first) {
    echo__scan ahead = *s;
    if ((first || ECHO__SCAN(&ahead, ",")) && ECHO__SCAN(&ahead, "\"state\":")) {
        if (!echo__scan_value(&ahead, &out->state)) return false;
        *s = ahead;
        first = false;
    }
    ahead = *s;
    if ((first || ECHO__SCAN(&ahead, ",")) && ECHO__SCAN(&ahead, "\"bytes\":")) {
        if (!read_base64(&out->bytes, &ahead)) return false;
        *s = ahead;
        first = false;
    }
    ahead = *s;
    if ((first || ECHO__SCAN(&ahead, ",")) && ECHO__SCAN(&ahead, "\"log\":")) {
        if (ahead.at == ahead.end || *ahead.at != '{' || !echo__scan_value(&ahead, &out->log)) return false;
        *s = ahead;
    }
    return true;
}

static echo_status read_texts(echo__record *out, echo__scan *s, size_t line_len, echo__buf *scratch, echo_error *err) {
    echo_status status = ECHO_OK;
    if (ECHO__SCAN(s, ",\"type\":")) status = read_text(&out->type, s, line_len, scratch, err);
    if (status == ECHO_OK && ECHO__SCAN(s, ",\"model\":")) status = read_text(&out->model, s, line_len, scratch, err);
    if (status == ECHO_OK && ECHO__SCAN(s, ",\"version\":")) {
        uint64_t version;
        if (!echo__scan_u64(s, &version) || version == 0 || version > UINT32_MAX) return bad(err, "bad version");
        out->version = (uint32_t)version;
    }
    if (status == ECHO_OK && ECHO__SCAN(s, ",\"parent\":")) status = read_text(&out->parent, s, line_len, scratch, err);
    if (status == ECHO_OK && ECHO__SCAN(s, ",\"source\":")) status = read_text(&out->source, s, line_len, scratch, err);
    if (status == ECHO_OK && ECHO__SCAN(s, ",\"target\":")) status = read_text(&out->target, s, line_len, scratch, err);
    return status;
}

echo_status echo__record_read(echo__record *out, echo_bytes line, echo__buf *scratch, echo_error *err) {
    echo__record record;
    memset(&record, 0, sizeof record);
    echo__buf_clear(scratch);
    echo__scan s = echo__scan_of(line);
    echo_status status = read_id(&record.id, &s, line.len, scratch, err);
    if (status == ECHO_OK) status = read_texts(&record, &s, line.len, scratch, err);
    if (status != ECHO_OK) return status;
    record.deleted = ECHO__SCAN(&s, ",\"deleted\":true");
    if (ECHO__SCAN(&s, ",\"at\":{") && !read_at(&record, &s)) return bad(err, "bad stamps");
    if (ECHO__SCAN(&s, ",\"blob\":")) {
        if (!echo__scan_hash(&s, record.blob.bytes)) return bad(err, "bad blob");
        record.has_blob = true;
    } else if (!read_payload(&record, &s, false)) {
        return bad(err, "bad payload");
    }
    if (!ECHO__SCAN(&s, "}") || s.at != s.end) return bad(err, "unknown, misplaced or missing key");
    *out = record;
    return ECHO_OK;
}

echo_status echo__record_read_id(echo_bytes *id, echo_bytes line, echo__buf *scratch, echo_error *err) {
    echo__buf_clear(scratch);
    echo__scan s = echo__scan_of(line);
    return read_id(id, &s, line.len, scratch, err);
}

echo_status echo__record_read_payload(echo__record *out, echo_bytes text, echo_error *err) {
    echo__record payload;
    memset(&payload, 0, sizeof payload);
    echo__scan s = echo__scan_of(text);
    if (!ECHO__SCAN(&s, "{") || !read_payload(&payload, &s, true) || !ECHO__SCAN(&s, "}") || s.at != s.end ||
        (payload.state.data == NULL && payload.bytes.data == NULL && payload.log.data == NULL))
        return bad(err, "a blob does not hold a payload");
    out->state = payload.state;
    out->bytes = payload.bytes;
    out->log = payload.log;
    return ECHO_OK;
}

echo_status echo__record_sealed(echo_bytes log, echo__sealed_fn fn, void *arg, echo_error *err) {
    echo__scan s = echo__scan_of(log);
    uint64_t n;
    if (!ECHO__SCAN(&s, "{\"n\":") || !echo__scan_u64(&s, &n)) return bad(err, "bad log");
    if (ECHO__SCAN(&s, ",\"sealed\":[")) {
        do {
            echo_hash name;
            if (!echo__scan_hash(&s, name.bytes)) return bad(err, "bad log segment");
            echo_status status = fn(arg, &name);
            if (status != ECHO_OK) return status;
        } while (ECHO__SCAN(&s, ","));
        if (!ECHO__SCAN(&s, "]")) return bad(err, "bad log segment");
    }
    echo_bytes tail;
    if (!ECHO__SCAN(&s, ",\"tail\":") || s.at == s.end || *s.at != '[' || !echo__scan_value(&s, &tail) ||
        !ECHO__SCAN(&s, "}") || s.at != s.end)
        return bad(err, "bad log tail");
    return ECHO_OK;
}

static void write_text(echo__buf *out, const char *key, echo_bytes text) {
    if (text.data == NULL) return;
    echo__buf_text(out, key);
    echo__json_string(out, text.data, text.len);
}

static void write_stamp(echo__buf *out, const char *key, const echo__stamp *stamp, bool *first) {
    echo__buf_text(out, *first ? ",\"at\":{" : ",");
    *first = false;
    echo__buf_text(out, key);
    echo__buf_u64(out, stamp->time);
    echo__buf_text(out, ",\"");
    echo__buf_hex(out, stamp->feed.bytes, sizeof stamp->feed.bytes);
    echo__buf_text(out, "\",");
    echo__buf_u64(out, stamp->seq);
    echo__buf_byte(out, ']');
}

static void write_payload(echo__buf *out, const echo__record *record, bool first) {
    if (record->state.data != NULL) {
        echo__buf_text(out, first ? "\"state\":" : ",\"state\":");
        echo__buf_append(out, record->state.data, record->state.len);
        first = false;
    }
    if (record->bytes.data != NULL) {
        echo__buf_text(out, first ? "\"bytes\":\"" : ",\"bytes\":\"");
        echo__buf_append(out, record->bytes.data, record->bytes.len);
        echo__buf_byte(out, '"');
        first = false;
    }
    if (record->log.data != NULL) {
        echo__buf_text(out, first ? "\"log\":" : ",\"log\":");
        echo__buf_append(out, record->log.data, record->log.len);
    }
}

void echo__record_write(echo__buf *out, const echo__record *record) {
    write_text(out, "{\"id\":", record->id);
    write_text(out, ",\"type\":", record->type);
    write_text(out, ",\"model\":", record->model);
    if (record->version != 0) {
        echo__buf_text(out, ",\"version\":");
        echo__buf_u64(out, record->version);
    }
    write_text(out, ",\"parent\":", record->parent);
    write_text(out, ",\"source\":", record->source);
    write_text(out, ",\"target\":", record->target);
    if (record->deleted) echo__buf_text(out, ",\"deleted\":true");
    bool first = true;
    if (record->has_deleted_at) write_stamp(out, "\"deleted\":[", &record->deleted_at, &first);
    if (record->has_genesis) write_stamp(out, "\"genesis\":[", &record->genesis, &first);
    if (record->has_parent_at) write_stamp(out, "\"parent\":[", &record->parent_at, &first);
    if (!first) echo__buf_byte(out, '}');
    if (record->has_blob) {
        echo__buf_text(out, ",\"blob\":\"");
        echo__buf_hex(out, record->blob.bytes, sizeof record->blob.bytes);
        echo__buf_byte(out, '"');
    } else {
        write_payload(out, record, false);
    }
    echo__buf_byte(out, '}');
}

void echo__record_write_payload(echo__buf *out, const echo__record *record) {
    echo__buf_byte(out, '{');
    write_payload(out, record, true);
    echo__buf_byte(out, '}');
}
