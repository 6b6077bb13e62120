#include "tree/leaf_head.h"

#include "base/json.h"
#include "base/json_text.h"

/* Whether another item of a list follows, whose '[' was read. *ok: the list is canonical so far. */
static bool next_in_list(echo__scan *s, bool first, bool *ok) {
    if (ECHO__SCAN(s, "]")) {
        *ok = true;
        return false;
    }
    *ok = first || ECHO__SCAN(s, ",");
    return *ok;
}

/* A string's text, or null: data NULL. */
static bool scan_text_or_null(echo__scan *s, echo_bytes *text) {
    *text = echo__bytes(NULL, 0);
    return ECHO__SCAN(s, "null") || echo__scan_text(s, text);
}

/* Here the members of a kind are texts, which their quotes end. */
static bool scan_kind(echo__scan *s, echo__kind *out) {
    uint64_t version;
    if (!ECHO__SCAN(s, "[") || !scan_text_or_null(s, &out->type) || !ECHO__SCAN(s, ",") ||
        !scan_text_or_null(s, &out->model) || !ECHO__SCAN(s, ",") || !echo__scan_u64(s, &version) ||
        !ECHO__SCAN(s, "]") || version >= UINT32_MAX) /* the last one is no state's (record.h) */
        return false;
    out->version = (uint32_t)version;
    return out->type.data != NULL || out->model.data != NULL || version != 0;
}

static int compare_texts(echo_bytes a, echo_bytes b) {
    if (a.data == NULL || b.data == NULL) return (a.data != NULL) - (b.data != NULL);
    return echo__text_compare(a.data, b.data);
}

static bool kinds_ascend(const echo__kind *a, const echo__kind *b) {
    int order = compare_texts(a->type, b->type);
    if (order == 0) order = compare_texts(a->model, b->model);
    return order < 0 || (order == 0 && a->version < b->version);
}

static const char *scan_feeds(echo__scan *s, size_t *size) {
    echo_key feed, before = {{0}};
    bool ok;
    for (bool first = true; next_in_list(s, first, &ok); first = false) {
        if (!echo__scan_hash(s, feed.bytes)) return "its header has a bad feed";
        if (!first && memcmp(&before, &feed, sizeof feed) >= 0) return "the feeds of its header are not ascending";
        before = feed;
        *size += sizeof feed;
    }
    return ok ? NULL : "its header has a bad list of feeds";
}

static const char *scan_kinds(echo__scan *s, size_t *size) {
    echo__kind kind, before = {{NULL, 0}, {NULL, 0}, 0};
    bool ok;
    for (bool first = true; next_in_list(s, first, &ok); first = false) {
        if (!scan_kind(s, &kind)) return "its header has a bad kind";
        if (!first && !kinds_ascend(&before, &kind)) return "the kinds of its header are not ascending";
        before = kind;
        *size += sizeof kind + kind.type.len + kind.model.len + 2;
    }
    return ok ? NULL : "its header has a bad list of kinds";
}

const char *echo__shared_scan(echo__scan *s, size_t *size) {
    *size = 0;
    if (!ECHO__SCAN(s, "{\"feeds\":[")) return "it does not start with its header";
    const char *wrong = scan_feeds(s, size);
    if (wrong == NULL && !ECHO__SCAN(s, ",\"kinds\":[")) wrong = "its header has no kinds";
    if (wrong == NULL) wrong = scan_kinds(s, size);
    if (wrong == NULL && !ECHO__SCAN(s, "}\n")) wrong = "its header does not end where it should";
    return wrong;
}

/* The string of a text, put where *at is. */
static echo_bytes place_text(uint8_t **at, echo_bytes text) {
    if (text.data == NULL) return text;
    echo_bytes string = echo__bytes(*at, echo__json_unescape(*at, text));
    *at += string.len;
    *(*at)++ = 0;
    return string;
}

void echo__shared_fill(echo__shared *out, void *room, echo_bytes header) {
    echo__scan s = echo__scan_of(header), count = s;
    echo__kind kind, *kinds = room;
    echo_key feed;
    bool ok;
    size_t size = 0;
    memset(out, 0, sizeof *out);
    (void)ECHO__SCAN(&count, "{\"feeds\":[");
    (void)scan_feeds(&count, &size);
    (void)ECHO__SCAN(&count, ",\"kinds\":[");
    for (bool first = true; next_in_list(&count, first, &ok) && scan_kind(&count, &kind); first = false)
        out->kind_count++;
    uint8_t *feeds = (uint8_t *)(kinds + out->kind_count), *texts = feeds + size;
    out->feeds = (const echo_key *)feeds;
    out->kinds = kinds;
    (void)ECHO__SCAN(&s, "{\"feeds\":[");
    for (bool first = true; next_in_list(&s, first, &ok) && echo__scan_hash(&s, feed.bytes); first = false)
        memcpy(feeds + out->feed_count++ * sizeof feed, &feed, sizeof feed);
    (void)ECHO__SCAN(&s, ",\"kinds\":[");
    for (bool first = true; next_in_list(&s, first, &ok) && scan_kind(&s, &kind); first = false) {
        kind.type = place_text(&texts, kind.type);
        kind.model = place_text(&texts, kind.model);
        *kinds++ = kind;
    }
}

static int compare_strings(echo_bytes a, echo_bytes b) {
    if (a.data == NULL || b.data == NULL) return (a.data != NULL) - (b.data != NULL);
    return echo__bytes_compare(a, b);
}

static int compare_kinds(const echo__kind *a, const echo__kind *b) {
    int order = compare_strings(a->type, b->type);
    if (order == 0) order = compare_strings(a->model, b->model);
    return order != 0 ? order : (a->version > b->version) - (a->version < b->version);
}

uint32_t echo__feed_place(bool *found, const echo_key *feeds, uint32_t count, const echo_key *feed) {
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memcmp(&feeds[middle], feed, sizeof *feed) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < count && memcmp(&feeds[low], feed, sizeof *feed) == 0;
    return low;
}

uint32_t echo__kind_place(bool *found, const echo__kind *kinds, uint32_t count, const echo__kind *kind) {
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_kinds(&kinds[middle], kind) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < count && compare_kinds(&kinds[low], kind) == 0;
    return low;
}

static void write_text_or_null(echo__buf *out, echo_bytes text) {
    if (text.data == NULL)
        echo__buf_text(out, "null");
    else
        echo__json_string(out, text.data, text.len);
}

void echo__shared_write(echo__buf *out, const echo__shared *shared) {
    echo__buf_text(out, "{\"feeds\":[");
    for (uint32_t i = 0; i < shared->feed_count; i++) {
        echo__buf_text(out, i == 0 ? "\"" : ",\"");
        echo__buf_hex(out, shared->feeds[i].bytes, sizeof shared->feeds[i].bytes);
        echo__buf_byte(out, '"');
    }
    echo__buf_text(out, "],\"kinds\":[");
    for (uint32_t i = 0; i < shared->kind_count; i++) {
        echo__buf_text(out, i == 0 ? "[" : ",[");
        write_text_or_null(out, shared->kinds[i].type);
        echo__buf_byte(out, ',');
        write_text_or_null(out, shared->kinds[i].model);
        echo__buf_byte(out, ',');
        echo__buf_u64(out, shared->kinds[i].version);
        echo__buf_byte(out, ']');
    }
    echo__buf_text(out, "]}\n");
}
