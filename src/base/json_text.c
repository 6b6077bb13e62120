#include "base/json_text.h"

#include <string.h>

#include "base/error.h"
#include "base/json_number.h"
#include "base/json_parse.h"
#include "base/utf8.h"

typedef echo__json_checker checker;

static echo_status fail(const checker *c, echo_status code, const char *what) {
    return echo__error(c->err, code, "JSON: %s at byte %zu", what, (size_t)(c->at - c->start));
}

/* ---- strings ---- */

static bool is_plain(uint8_t c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

/*
 * The first byte that is not ASCII, or a control character, '"' or '\\': eight bytes at a time. A subtraction borrows
 * from a byte above one that is marked, so marks above the lowest may be wrong.
 */
static const uint8_t *skip_plain(const uint8_t *p, const uint8_t *end) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
    while (end - p >= 8) {
        uint64_t x;
        memcpy(&x, p, sizeof x);
        uint64_t quote = x ^ ones * '"', backslash = x ^ ones * '\\';
        uint64_t marks = ((x - ones * 0x20) | (quote - ones) | (backslash - ones) | x) & tops;
        if (marks != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return p + __builtin_ctzll(marks) / 8;
#else
            break;
#endif
        }
        p += 8;
    }
    while (p < end && is_plain(*p)) p++;
    return p;
}

/* The length of the canonical escape at p; 0 for any other. */
static size_t escape_length(const uint8_t *p, const uint8_t *end) {
    if (end - p < 2) return 0;
    if (p[1] != 'u') return p[1] != 0 && strchr("\"\\bfnrt", p[1]) != NULL ? 2 : 0;
    if (end - p < 6 || p[2] != '0' || p[3] != '0' || (p[4] != '0' && p[4] != '1')) return 0;
    bool digit = p[5] >= '0' && p[5] <= '9', letter = p[5] >= 'a' && p[5] <= 'f';
    if (!digit && !letter) return 0;
    unsigned code = (unsigned)(p[4] - '0') << 4 | (unsigned)(digit ? p[5] - '0' : p[5] - 'a' + 10);
    bool shorter = code == '\b' || code == '\f' || code == '\n' || code == '\r' || code == '\t';
    return code == 0 || shorter ? 0 : 6;
}

bool echo__json_scan_text(echo_bytes *text, const uint8_t **at, const uint8_t *end) {
    if (*at == end || **at != '"') return false;
    const uint8_t *from = ++*at, *p = from;
    for (;;) {
        *at = p = skip_plain(p, end);
        if (p == end) return false;
        if (*p == '"') break;
        size_t n = *p == '\\' ? escape_length(p, end) : *p < 0x20 ? 0 : echo__utf8_sequence(p, (size_t)(end - p));
        if (n == 0) return false;
        p += n;
    }
    *text = (echo_bytes){from, (size_t)(p - from)};
    *at = p + 1;
    return true;
}

static echo_status check_string(checker *c, echo_bytes *text) {
    if (echo__json_scan_text(text, &c->at, c->end)) return ECHO_OK;
    return fail(c, ECHO_ERR_CORRUPT, c->at == c->end ? "text ends inside a string" : "string is not canonical");
}

uint8_t echo__json_escape(const uint8_t **at) {
    const uint8_t *p = *at;
    *at = p + (p[1] == 'u' ? 6 : 2);
    switch (p[1]) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': return (uint8_t)((p[4] - '0') << 4 | (p[5] <= '9' ? p[5] - '0' : p[5] - 'a' + 10));
    default: return p[1];
    }
}

size_t echo__json_unescape(uint8_t *out, echo_bytes text) {
    const uint8_t *p = text.data, *end = p + text.len;
    uint8_t *to = out;
    while (p < end) {
        const uint8_t *backslash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((backslash == NULL ? end : backslash) - p);
        memcpy(to, p, run);
        to += run;
        p += run;
        if (p < end) *to++ = echo__json_escape(&p);
    }
    return (size_t)(to - out);
}

static int next_byte(const uint8_t **at, const uint8_t *end) {
    if (*at == end) return -1;
    return **at == '\\' ? echo__json_escape(at) : *(*at)++;
}

int echo__json_compare(echo_bytes a, echo_bytes b) {
    const uint8_t *x = a.data, *y = b.data;
    for (;;) {
        int left = next_byte(&x, a.data + a.len), right = next_byte(&y, b.data + b.len);
        if (left != right) return left < right ? -1 : 1;
        if (left < 0) return 0;
    }
}

int echo__json_compare_bytes(echo_bytes text, echo_bytes bytes) {
    const uint8_t *at = text.data;
    for (size_t i = 0; i < bytes.len; i++) {
        int c = next_byte(&at, text.data + text.len);
        if (c != bytes.data[i]) return c < bytes.data[i] ? -1 : 1;
    }
    return at == text.data + text.len ? 0 : 1;
}

/* ---- values ---- */

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

#define FEW_DIGITS 15 /* an integer of up to 15 digits is exact as a double, and printed as it is */

static echo_status check_number(checker *c) {
    const uint8_t *from = c->at, *p = from + (*from == '-'), *digits = p;
    while (p < c->end && is_digit(*p)) p++;
    bool integer = p == c->end || *p == ',' || *p == '}' || *p == ']';
    if (integer && p > digits && p - digits <= FEW_DIGITS && (*digits != '0' || p - digits == 1)) {
        c->at = p;
        return ECHO_OK;
    }
    echo__json_scan number;
    char text[ECHO__JSON_NUMBER_CHARS];
    p = from;
    echo__json_scanned form = echo__json_scan_number(&p, c->end, &number);
    if (form == ECHO__JSON_MALFORMED) return fail(c, ECHO_ERR_CORRUPT, "value expected");
    if (form == ECHO__JSON_OVERFLOW || form == ECHO__JSON_IMPRECISE)
        return fail(c, ECHO_ERR_LIMIT, "number is out of range");
    if (form == ECHO__JSON_DOUBLE) {
        size_t len = echo__json_format_double(text, number.value);
        if (len != (size_t)(p - from) || memcmp(text, from, len) != 0)
            return fail(c, ECHO_ERR_CORRUPT, "number is not canonical");
    }
    c->at = p;
    return ECHO_OK;
}

static echo_status check_word(checker *c, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0) return fail(c, ECHO_ERR_CORRUPT, "value expected");
    c->at += n;
    return ECHO_OK;
}

echo_status echo__json_check_key(checker *c, echo_bytes *last, bool first) {
    echo_bytes key;
    if (c->at == c->end || *c->at != '"') return fail(c, ECHO_ERR_CORRUPT, "key expected");
    echo_status status = check_string(c, &key);
    if (status != ECHO_OK) return status;
    if (!first && echo__json_compare(*last, key) >= 0) return fail(c, ECHO_ERR_CORRUPT, "keys are not ascending");
    if (c->at == c->end || *c->at != ':') return fail(c, ECHO_ERR_CORRUPT, "':' expected");
    c->at++;
    *last = key;
    return ECHO_OK;
}

/* Members up to `close`; object: each with a key. */
static echo_status check_members(checker *c, uint8_t close) {
    echo_bytes last = {NULL, 0};
    if (c->depth == ECHO__JSON_DEPTH_MAX) return fail(c, ECHO_ERR_LIMIT, "nested too deeply");
    c->at++;
    if (c->at < c->end && *c->at == close) {
        c->at++;
        return ECHO_OK;
    }
    c->depth++;
    for (bool first = true;; first = false) {
        echo_status status = close == '}' ? echo__json_check_key(c, &last, first) : ECHO_OK;
        if (status == ECHO_OK) status = echo__json_check_value(c);
        if (status != ECHO_OK) return status;
        if (c->at == c->end || (*c->at != ',' && *c->at != close))
            return fail(c, ECHO_ERR_CORRUPT, "',' or the end of an object or array expected");
        if (*c->at++ == close) break;
    }
    c->depth--;
    return ECHO_OK;
}

echo_status echo__json_check_value(checker *c) {
    echo_bytes text;
    if (c->at == c->end) return fail(c, ECHO_ERR_CORRUPT, "value expected");
    switch (*c->at) {
    case '"': return check_string(c, &text);
    case '{': return check_members(c, '}');
    case '[': return check_members(c, ']');
    case 't': return check_word(c, "true");
    case 'f': return check_word(c, "false");
    case 'n': return check_word(c, "null");
    default: return check_number(c);
    }
}

echo_status echo__json_check(echo_bytes text, echo_error *err) {
    checker c = echo__json_checker_of(text, err);
    echo_status status = echo__json_check_value(&c);
    if (status != ECHO_OK || c.at == c.end) return status;
    return fail(&c, ECHO_ERR_CORRUPT, "end of the text expected");
}

/* ---- text that was checked ---- */

/* A quote after an odd number of backslashes is one of the text. */
static bool is_escaped(const uint8_t *from, const uint8_t *quote) {
    const uint8_t *at = quote;
    while (at > from && at[-1] == '\\') at--;
    return (quote - at) % 2 != 0;
}

const uint8_t *echo__json_quote(const uint8_t *from, size_t len) {
    for (size_t at = 0; at < len;) {
        const uint8_t *quote = memchr(from + at, '"', len - at);
        if (quote == NULL || !is_escaped(from, quote)) return quote;
        at = (size_t)(quote - from) + 1;
    }
    return NULL;
}

echo_bytes echo__json_text(const uint8_t *at) {
    const uint8_t *quote = echo__json_quote(at + 1, PTRDIFF_MAX); /* there is one, beyond which nothing is read */
    return (echo_bytes){at + 1, (size_t)(quote - at) - 1};
}

static const uint8_t *skip_string(const uint8_t *at) {
    echo_bytes text = echo__json_text(at);
    return text.data + text.len + 1;
}

const uint8_t *echo__json_skip(const uint8_t *at) {
    size_t depth = 0;
    for (;;) {
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else {
            at++;
            if (depth > 0) continue;
            while (*at != ',' && *at != '}' && *at != ']') at++;
        }
        if (depth == 0) return at;
    }
}
