#include "model/object_path.h"

#include <string.h>

#include "base/buf.h"

echo_status echo__object_key_check(const void *key, size_t len) {
    if (len == 0) return ECHO_ERR_CORRUPT;
    if (len > ECHO_OBJECT_KEY_BYTES_MAX) return ECHO_ERR_LIMIT;
    if (memchr(key, 0, len) != NULL || !echo__utf8_valid(echo__bytes(key, len))) return ECHO_ERR_CORRUPT;
    return ECHO_OK;
}

/* What "." of a JavaScript regular expression does not match: LF, CR, U+2028, U+2029. */
static bool ends_line(const char *at, const char *end) {
    if (*at == '\n' || *at == '\r') return true;
    return end - at >= 3 && memcmp(at, "\xe2\x80", 2) == 0 && (at[2] == '\xa8' || at[2] == '\xa9');
}

/* At `["` or `['`: the end of the quoted group, after its "]"; NULL when it is not one. */
static const char *quoted_end(const char *at, const char *end) {
    if (end - at < 2 || (at[1] != '"' && at[1] != '\'')) return NULL;
    char quote = at[1];
    for (at += 2; at < end; at++) {
        if (*at == quote) return end - at >= 2 && at[1] == ']' ? at + 2 : NULL;
        if (*at == '\\' && (++at == end || ends_line(at, end))) return NULL;
    }
    return NULL;
}

static bool is_digit(const char *at, const char *end) { return at < end && *at >= '0' && *at <= '9'; }

/* At "[": the end of a group such as [1], [-1] or [1.5]; NULL when it is not one. */
static const char *number_end(const char *at, const char *end) {
    at++;
    if (at < end && *at == '-') at++;
    if (!is_digit(at, end)) return NULL;
    while (is_digit(at, end)) at++;
    if (at < end && *at == '.') {
        if (!is_digit(at + 1, end)) return NULL;
        for (at++; is_digit(at, end);) at++;
    }
    return at < end && *at == ']' ? at + 1 : NULL;
}

static bool is_bracket(char c) { return c == '[' || c == ']'; }

/*
 * lodash's isKey, the other way round: a key with a dot, or with brackets around what has none. That is one where "]"
 * comes after
 * "[", for between the last "[" before a "]" and that one there are no others; quotes make no difference.
 */
static bool is_deep(const char *key, size_t len) {
    const char *open = memchr(key, '[', len);
    return memchr(key, '.', len) != NULL || (open != NULL && memchr(open, ']', (size_t)(key + len - open)) != NULL);
}

/* "." or "[]": how many bytes a separator takes here, 0 for none. */
static size_t separator(const char *at, const char *end) {
    if (at < end && *at == '.') return 1;
    return end - at >= 2 && at[0] == '[' && at[1] == ']' ? 2 : 0;
}

static size_t unescape(char *text, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\\') i++; /* an escape is whole: quoted_end saw to it */
        text[n++] = text[i];
    }
    return n;
}

static bool add(echo__seg segs[ECHO__PATH_MAX], uint32_t *count, const char *text, size_t len) {
    if (*count == ECHO__PATH_MAX) return false;
    segs[(*count)++] = echo__seg_make(text, len);
    return true;
}

echo_status echo__object_path(echo__seg segs[ECHO__PATH_MAX], uint32_t *count, char *key, size_t len) {
    *count = 0;
    if (!is_deep(key, len)) return add(segs, count, key, len) ? ECHO_OK : ECHO_ERR_LIMIT;
    const char *end = key + len;
    bool ok = *key != '.' || add(segs, count, key, 0);
    for (char *at = key; ok && at < end;) {
        const char *next = at;
        while (next < end && *next != '.' && !is_bracket(*next)) next++;
        if (next > at) {
            ok = add(segs, count, at, (size_t)(next - at));
        } else if (*at == '[' && (next = number_end(at, end)) != NULL) {
            ok = add(segs, count, at + 1, (size_t)(next - at) - 2);
        } else if (*at == '[' && (next = quoted_end(at, end)) != NULL) {
            ok = add(segs, count, at + 2, unescape(at + 2, (size_t)(next - at) - 4));
        } else {
            size_t width = separator(at, end);
            const char *after = at + width;
            if (width > 0 && (after == end || separator(after, end) > 0)) ok = add(segs, count, at, 0);
            next = at + 1;
        }
        at += next - at;
    }
    return ok ? ECHO_OK : ECHO_ERR_LIMIT;
}
