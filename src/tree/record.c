#include "tree/record.h"

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/json_text.h"
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
    *out = echo__bytes(at, echo__json_unescape(at, text));
    scratch->len += out->len;
    return ECHO_OK;
}

static echo_status read_id(echo_bytes *id, echo__scan *s, size_t line_len, echo__buf *scratch, echo_error *err) {
    if (!ECHO__SCAN(s, "{\"id\":")) return bad(err, "does not start with its id");
    echo_status status = read_text(id, s, line_len, scratch, err);
    if (status != ECHO_OK) return status;
    return id->len == 0 || id->len > ECHO__ID_MAX ? bad(err, "id is empty or too long") : ECHO_OK;
}

static bool read_stamp_alone(echo__stamp *out, echo__scan *s) {
    return ECHO__SCAN(s, "[") && echo__scan_u64(s, &out->time) && ECHO__SCAN(s, ",") &&
           echo__scan_hash(s, out->feed.bytes) && ECHO__SCAN(s, ",") && echo__scan_u64(s, &out->seq) &&
           ECHO__SCAN(s, "]");
}

/* In the short form (base/format.h). */
static bool read_stamp(echo__stamp *out, echo__scan *s, const echo__shared *shared) {
    if (shared == NULL) return read_stamp_alone(out, s);
    uint64_t feed = 0;
    bool listed = ECHO__SCAN(s, "["), timed = false;
    if (listed && (!echo__scan_u64(s, &feed) || !ECHO__SCAN(s, ","))) return false;
    if (!echo__scan_u64(s, &out->seq)) return false;
    if (listed) {
        timed = ECHO__SCAN(s, ",");
        if ((timed && !echo__scan_u64(s, &out->time)) || !ECHO__SCAN(s, "]")) return false;
    }
    if (feed >= shared->feed_count) return false;
    out->feed = shared->feeds[feed];
    return echo__stamp_is_short(&out->time, feed, out->seq, listed, timed);
}

/* What follows {, in order of key, at least one stamp; within a leaf more than the genesis alone. */
static bool read_stamps(echo__record *out, echo__scan *s, const echo__shared *shared) {
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
        if (!read_stamp(stamps[i].stamp, &ahead, shared)) return false;
        *stamps[i].has = any = true;
        *s = ahead;
    }
    if (shared != NULL && !out->has_deleted_at && !out->has_parent_at) return false;
    return any && ECHO__SCAN(s, "}");
}

/* What follows "at": a stamp is that of the genesis, within a leaf. */
static bool read_at(echo__record *out, echo__scan *s, const echo__shared *shared) {
    if (ECHO__SCAN(s, "{")) return read_stamps(out, s, shared);
    out->has_genesis = true;
    return shared != NULL && read_stamp(&out->genesis, s, shared);
}

/* ---- the feeds that a state begins with ---- */

static bool scan_feed(echo_key *out, echo__scan *s, const echo__shared *shared) {
    uint64_t feed;
    if (shared == NULL) return echo__scan_hash(s, out->bytes);
    if (!echo__scan_u64(s, &feed) || feed >= shared->feed_count) return false;
    *out = shared->feeds[feed];
    return true;
}

/* What follows "feeds":[, at least one, ascending; within a leaf at least two, since one has no brackets. */
static bool read_feed_list(echo_bytes *out, echo__scan *s, const echo__shared *shared) {
    const uint8_t *start = s->at;
    echo_key feed, before;
    for (bool first = true; scan_feed(&feed, s, shared); first = false, before = feed) {
        if (!first && memcmp(&before, &feed, sizeof feed) >= 0) return false;
        const uint8_t *end = s->at;
        if (ECHO__SCAN(s, "]")) {
            *out = echo__bytes(start, (size_t)(end - start));
            return shared == NULL || !first;
        }
        if (!ECHO__SCAN(s, ",")) return false;
    }
    return false;
}

/* A state that begins with such a list, as it stands alone: *s moves to its next member, or to its end. */
static bool read_feeds_alone(echo_bytes *out, echo__scan *s) {
    echo__scan ahead = *s;
    if (!ECHO__SCAN(&ahead, ",\"state\":{\"feeds\":[") || !read_feed_list(out, &ahead, NULL)) return false;
    if (ahead.at == ahead.end || (*ahead.at != '}' && !ECHO__SCAN(&ahead, ",\""))) return false;
    if (*ahead.at != '}') ahead.at--; /* the quote */
    *s = ahead;
    return true;
}

static bool read_feeds_within(echo_bytes *out, echo__scan *s, const echo__shared *shared) {
    const uint8_t *start = s->at;
    echo_key feed;
    if (ECHO__SCAN(s, "[")) return read_feed_list(out, s, shared);
    if (!scan_feed(&feed, s, shared)) return false;
    *out = echo__bytes(start, (size_t)(s->at - start));
    return true;
}

/* Takes the list off the payload. Within a leaf it is a member of its own, and the state does not begin with one. */
static bool read_feeds(echo__record *out, echo__scan *s, const echo__shared *shared) {
    echo__scan ahead = *s;
    if (shared == NULL) {
        (void)read_feeds_alone(&out->feeds, s);
        return true;
    }
    if (!ECHO__SCAN(s, ",\"feeds\":")) return !read_feeds_alone(&out->feeds, &ahead);
    return read_feeds_within(&out->feeds, s, shared) && ECHO__SCAN(s, ",\"state\":{");
}

bool echo__record_feed(echo_key *out, const echo__record *record, echo_bytes *rest) {
    if (rest->len == 0) return false;
    echo__scan s = echo__scan_of(*rest);
    if (!scan_feed(out, &s, record->shared)) return false;
    (void)ECHO__SCAN(&s, ",");
    *rest = echo__bytes(s.at, (size_t)(s.end - s.at));
    return true;
}

/* ---- payloads ---- */

static bool read_base64(echo_bytes *out, echo__scan *s) {
    if (!ECHO__SCAN(s, "\"")) return false;
    const uint8_t *quote = memchr(s->at, '"', (size_t)(s->end - s->at));
    if (quote == NULL) return false;
    *out = echo__bytes(s->at, (size_t)(quote - s->at));
    s->at = quote + 1;
    return out->len % 4 == 0 && echo__base64_digits(out->data, out->len);
}

static bool read_state(echo_bytes *out, echo__scan *s, bool first) {
    echo__scan ahead = *s;
    if ((!first && !ECHO__SCAN(&ahead, ",")) || !ECHO__SCAN(&ahead, "\"state\":")) return true;
    *s = ahead;
    return echo__scan_value(s, out);
}

/* Bytes and log, those that are present. */
static bool read_bytes_and_log(echo__record *out, echo__scan *s, bool first) {
    echo__scan ahead = *s;
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

static bool ends_with(const uint8_t *from, const uint8_t *to, const char *text, size_t len) {
    return (size_t)(to - from) >= len && memcmp(to - len, text, len) == 0;
}

/* Whether `rest` may have members after its state. No string has these bytes, since quotes in strings are escaped. */
static bool may_go_on(echo_bytes rest) {
    static const char log[] = ",\"log\"", bytes[] = ",\"bytes\"";
    const uint8_t *end = rest.data + rest.len, *at = rest.data;
    for (; (at = memchr(at, ':', (size_t)(end - at))) != NULL; at++)
        if (ends_with(rest.data, at, log, sizeof log - 1) || ends_with(rest.data, at, bytes, sizeof bytes - 1))
            return true;
    return false;
}

/* A state that nothing follows ends where the record does: what is between is not looked at. */
static bool read_last_state(echo_bytes *out, echo__scan *s) {
    echo_bytes rest = echo__bytes(s->at, (size_t)(s->end - s->at));
    if (rest.len < 2 || rest.data[rest.len - 1] != '}' || may_go_on(rest)) return false;
    *out = echo__bytes(rest.data, rest.len - 1);
    s->at = s->end - 1;
    return true;
}

/* What follows the head, of which the feeds may have been taken off. */
static bool read_payload(echo__record *out, echo__scan *s, bool quick) {
    if (out->feeds.data != NULL)
        s->at = out->shared != NULL ? s->at - 1 : out->feeds.data - (sizeof "{\"feeds\":[" - 1);
    else if (!ECHO__SCAN(s, ",\"state\":"))
        return read_bytes_and_log(out, s, false);
    if (quick && read_last_state(&out->state, s)) return true;
    return echo__scan_value(s, &out->state) && read_bytes_and_log(out, s, false);
}

static bool same_text(echo_bytes a, echo_bytes b) {
    return (a.data == NULL) == (b.data == NULL) && (a.data == NULL || echo__bytes_equal(a, b));
}

/* What follows ,"of":[ */
static echo_status read_of(echo__record *out, echo__scan *s, size_t line_len, echo__buf *scratch, echo_error *err) {
    echo_status status = ECHO_OK;
    if (!ECHO__SCAN(s, "null")) status = read_text(&out->of_type, s, line_len, scratch, err);
    if (status == ECHO_OK && !ECHO__SCAN(s, ",")) return bad(err, "bad genesis of its state");
    if (status == ECHO_OK) status = read_text(&out->of_model, s, line_len, scratch, err);
    if (status != ECHO_OK) return status;
    bool own = same_text(out->of_type, out->type) && same_text(out->of_model, out->model);
    if (!ECHO__SCAN(s, "]") || own || out->version == 0 || out->model.data == NULL)
        return bad(err, "bad genesis of its state");
    return ECHO_OK;
}

static echo_status read_kind_alone(echo__record *out, echo__scan *s, size_t line_len, echo__buf *scratch,
                                   echo_error *err) {
    echo_status status = ECHO_OK;
    if (ECHO__SCAN(s, ",\"type\":")) status = read_text(&out->type, s, line_len, scratch, err);
    if (status == ECHO_OK && ECHO__SCAN(s, ",\"model\":")) status = read_text(&out->model, s, line_len, scratch, err);
    if (status == ECHO_OK && ECHO__SCAN(s, ",\"version\":")) {
        uint64_t version;
        if (!echo__scan_u64(s, &version) || version == 0 || version > ECHO__VERSION_MAX) return bad(err, "bad version");
        out->version = (uint32_t)version;
    }
    return status;
}

static echo_status read_kind(echo__record *out, echo__scan *s, const echo__shared *shared, echo_error *err) {
    uint64_t kind;
    if (!ECHO__SCAN(s, ",\"kind\":")) return ECHO_OK;
    if (!echo__scan_u64(s, &kind) || kind >= shared->kind_count)
        return bad(err, "its kind is not in the leaf's header");
    out->type = shared->kinds[kind].type;
    out->model = shared->kinds[kind].model;
    out->version = shared->kinds[kind].version;
    return ECHO_OK;
}

static echo_status read_texts(echo__record *out, echo__scan *s, size_t line_len, echo__buf *scratch, echo_error *err) {
    echo_status status = ECHO_OK;
    if (ECHO__SCAN(s, ",\"parent\":")) status = read_text(&out->parent, s, line_len, scratch, err);
    if (status == ECHO_OK && ECHO__SCAN(s, ",\"source\":")) status = read_text(&out->source, s, line_len, scratch, err);
    if (status == ECHO_OK && ECHO__SCAN(s, ",\"target\":")) status = read_text(&out->target, s, line_len, scratch, err);
    return status;
}

/* Whether what follows the head may be the rest of a record. */
static bool starts_rest(echo__scan s) {
    return ECHO__SCAN(&s, "}") || ECHO__SCAN(&s, ",\"state\":") || ECHO__SCAN(&s, ",\"bytes\":") ||
           ECHO__SCAN(&s, ",\"log\":") || ECHO__SCAN(&s, ",\"blob\":");
}

echo_status echo__record_read_head(echo__record *out, echo_bytes *rest, echo__line line, echo__buf *scratch,
                                   echo_error *err) {
    echo__record record;
    memset(&record, 0, sizeof record);
    record.shared = line.shared;
    echo__scan s = echo__scan_of(line.text);
    echo_status status = read_id(&record.id, &s, line.text.len, scratch, err);
    if (status == ECHO_OK)
        status = line.shared == NULL ? read_kind_alone(&record, &s, line.text.len, scratch, err)
                                     : read_kind(&record, &s, line.shared, err);
    if (status == ECHO_OK) status = read_texts(&record, &s, line.text.len, scratch, err);
    if (status != ECHO_OK) return status;
    record.deleted = ECHO__SCAN(&s, ",\"deleted\":true");
    if (ECHO__SCAN(&s, ",\"at\":") && !read_at(&record, &s, line.shared)) return bad(err, "bad stamps");
    if (ECHO__SCAN(&s, ",\"of\":[")) status = read_of(&record, &s, line.text.len, scratch, err);
    if (status != ECHO_OK) return status;
    if (!read_feeds(&record, &s, line.shared)) return bad(err, "bad feeds");
    if (record.feeds.data == NULL ? !starts_rest(s) : s.at == s.end)
        return bad(err, "unknown, misplaced or missing key");
    *rest = echo__bytes(s.at, (size_t)(s.end - s.at));
    *out = record;
    return ECHO_OK;
}

static echo_status read_record(echo__record *out, echo__line line, echo__buf *scratch, bool quick, echo_error *err) {
    echo__record record;
    echo_bytes rest;
    echo__buf_clear(scratch);
    echo_status status = echo__record_read_head(&record, &rest, line, scratch, err);
    if (status != ECHO_OK) return status;
    echo__scan s = echo__scan_of(rest);
    if (record.feeds.data == NULL && ECHO__SCAN(&s, ",\"blob\":")) {
        if (!echo__scan_hash(&s, record.blob.bytes)) return bad(err, "bad blob");
        record.has_blob = true;
    } else if (!read_payload(&record, &s, quick)) {
        return bad(err, "bad payload");
    }
    if (!ECHO__SCAN(&s, "}") || s.at != s.end) return bad(err, "unknown, misplaced or missing key");
    *out = record;
    return ECHO_OK;
}

echo_status echo__record_read(echo__record *out, echo__line line, echo__buf *scratch, echo_error *err) {
    return read_record(out, line, scratch, false, err);
}

echo_status echo__record_read_quick(echo__record *out, echo__line line, echo__buf *scratch, echo_error *err) {
    return read_record(out, line, scratch, true, err);
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
    if (!ECHO__SCAN(&s, "{") || !read_state(&payload.state, &s, true) ||
        !read_bytes_and_log(&payload, &s, payload.state.data == NULL) || !ECHO__SCAN(&s, "}") || s.at != s.end ||
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
