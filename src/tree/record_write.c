#include "tree/record_write.h"

#include "base/format.h"
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
    bool found;
    char *to = (char *)echo__buf_reserve(out, ECHO__FORMAT_STAMP_CHARS);
    if (to == NULL) return;
    uint32_t feed = echo__feed_place(&found, shared->feeds, shared->feed_count, &stamp->feed);
    out->len += echo__format_stamp(to, stamp->time, feed, stamp->seq);
}

static void write_at(echo__buf *out, const echo__record *record, const echo__shared *shared) {
    const struct {
        const char *key;
        const echo__stamp *stamp; /* NULL: absent */
    } stamps[] = {{"\"deleted\":", record->has_deleted_at ? &record->deleted_at : NULL},
                  {"\"genesis\":", record->has_genesis ? &record->genesis : NULL},
                  {"\"parent\":", record->has_parent_at ? &record->parent_at : NULL}};
    bool any = false;
    if (shared != NULL && record->has_genesis && !record->has_deleted_at && !record->has_parent_at) {
        echo__buf_text(out, ",\"at\":");
        write_stamp_within(out, &record->genesis, shared);
        return;
    }
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

/* ---- the feeds that a state begins with ---- */

static void write_feeds_alone(echo__buf *out, const echo__record *record) {
    echo_bytes feeds = record->feeds;
    echo_key feed;
    echo__buf_text(out, "{\"feeds\":[");
    for (bool first = true; echo__record_feed(&feed, record, &feeds); first = false) {
        echo__buf_text(out, first ? "\"" : ",\"");
        echo__buf_hex(out, feed.bytes, sizeof feed.bytes);
        echo__buf_byte(out, '"');
    }
    echo__buf_byte(out, ']');
}

static void write_feeds_within(echo__buf *out, const echo__record *record, const echo__shared *shared) {
    echo_bytes feeds = record->feeds;
    echo_key feed;
    bool found, list = memchr(feeds.data, ',', feeds.len) != NULL;
    echo__buf_text(out, list ? ",\"feeds\":[" : ",\"feeds\":");
    for (bool first = true; echo__record_feed(&feed, record, &feeds); first = false) {
        if (!first) echo__buf_byte(out, ',');
        echo__buf_u64(out, echo__feed_place(&found, shared->feeds, shared->feed_count, &feed));
    }
    echo__buf_text(out, list ? "],\"state\":{" : ",\"state\":{");
}

/* ---- payloads ---- */

void echo__record_write_state(echo__buf *out, const echo__record *record) {
    if (record->feeds.data == NULL || record->shared == NULL) {
        echo__buf_append(out, record->state.data, record->state.len);
        return;
    }
    write_feeds_alone(out, record);
    if (record->state.len > 2) echo__buf_byte(out, ',');
    echo__buf_append(out, record->state.data + 1, record->state.len - 1);
}

static void write_payload(echo__buf *out, const echo__record *record, bool first) {
    if (record->state.data != NULL) {
        echo__buf_text(out, first ? "\"state\":" : ",\"state\":");
        echo__record_write_state(out, record);
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

static void write_head(echo__buf *out, const echo__record *record, const echo__shared *shared) {
    write_text(out, "{\"id\":", record->id);
    write_kind(out, record, shared);
    write_text(out, ",\"parent\":", record->parent);
    write_text(out, ",\"source\":", record->source);
    write_text(out, ",\"target\":", record->target);
    if (record->deleted) echo__buf_text(out, ",\"deleted\":true");
    write_at(out, record, shared);
    if (record->of_model.data == NULL) return;
    echo__buf_text(out, ",\"of\":[");
    if (record->of_type.data == NULL)
        echo__buf_text(out, "null");
    else
        echo__json_string(out, record->of_type.data, record->of_type.len);
    write_text(out, ",", record->of_model);
    echo__buf_byte(out, ']');
}

void echo__record_convert(echo__buf *out, const echo__record *head, echo_bytes rest, const echo__shared *shared) {
    write_head(out, head, shared);
    if (head->feeds.data != NULL && shared != NULL) {
        write_feeds_within(out, head, shared);
    } else if (head->feeds.data != NULL) {
        echo__buf_text(out, ",\"state\":");
        write_feeds_alone(out, head);
        if (*rest.data != '}') echo__buf_byte(out, ',');
    }
    echo__buf_append(out, rest.data, rest.len);
}

void echo__record_write(echo__buf *out, const echo__record *record) {
    write_head(out, record, NULL);
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
