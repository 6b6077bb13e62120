#include "tree/record_write.h"

#include "base/json.h"

static void write_text(echo__buf *out, const char *key, echo_bytes text) {
    if (text.data == NULL) return;
    echo__buf_text(out, key);
    echo__json_string(out, text.data, text.len);
}

static void write_stamp_alone(echo__buf *out, const echo__stamp *stamp) {
    echo__buf_byte(out, '[');
    echo__buf_u64(out, stamp->time);
    echo__buf_text(out, ",\"");
    echo__buf_hex(out, stamp->feed.bytes, sizeof stamp->feed.bytes);
    echo__buf_text(out, "\",");
    echo__buf_u64(out, stamp->seq);
    echo__buf_byte(out, ']');
}

static void write_stamp_within(echo__buf *out, const echo__stamp *stamp, const echo__shared *shared) {
    bool found, usual = stamp->seq < UINT64_MAX && stamp->time == stamp->seq + 1;
    uint32_t feed = echo__feed_place(&found, shared->feeds, shared->feed_count, &stamp->feed);
    bool list = feed > 0 || !usual;
    if (list) {
        echo__buf_byte(out, '[');
        echo__buf_u64(out, feed);
        echo__buf_byte(out, ',');
    }
    echo__buf_u64(out, stamp->seq);
    if (!usual) {
        echo__buf_byte(out, ',');
        echo__buf_u64(out, stamp->time);
    }
    if (list) echo__buf_byte(out, ']');
}

static void write_at(echo__buf *out, const echo__record *record, const echo__shared *shared) {
    const struct {
        const char *key;
        const echo__stamp *stamp; /* NULL: absent */
    } stamps[] = {{"\"deleted\":", record->has_deleted_at ? &record->deleted_at : NULL},
                  {"\"genesis\":", record->has_genesis ? &record->genesis : NULL},
                  {"\"parent\":", record->has_parent_at ? &record->parent_at : NULL}};
    bool any = false;
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
        if (stamps[i].stamp == NULL) continue;
        echo__buf_text(out, any ? "," : ",\"at\":{");
        echo__buf_text(out, stamps[i].key);
        if (shared == NULL)
            write_stamp_alone(out, stamps[i].stamp);
        else
            write_stamp_within(out, stamps[i].stamp, shared);
        any = true;
    }
    if (any) echo__buf_byte(out, '}');
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

static void write_kind(echo__buf *out, const echo__record *record, const echo__shared *shared) {
    if (shared != NULL) {
        if (!echo__record_has_kind(record)) return;
        bool found;
        echo__kind kind = echo__record_kind(record);
        echo__buf_text(out, ",\"kind\":");
        echo__buf_u64(out, echo__kind_place(&found, shared->kinds, shared->kind_count, &kind));
        return;
    }
    write_text(out, ",\"type\":", record->type);
    write_text(out, ",\"model\":", record->model);
    if (record->version != 0) {
        echo__buf_text(out, ",\"version\":");
        echo__buf_u64(out, record->version);
    }
}

void echo__record_write_head(echo__buf *out, const echo__record *record, const echo__shared *shared) {
    write_text(out, "{\"id\":", record->id);
    write_kind(out, record, shared);
    write_text(out, ",\"parent\":", record->parent);
    write_text(out, ",\"source\":", record->source);
    write_text(out, ",\"target\":", record->target);
    if (record->deleted) echo__buf_text(out, ",\"deleted\":true");
    write_at(out, record, shared);
}

void echo__record_write(echo__buf *out, const echo__record *record, const echo__shared *shared) {
    echo__record_write_head(out, record, shared);
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
