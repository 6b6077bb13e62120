#include "tree/scan.h"

#include "base/json.h"
#include "base/json_text.h"

bool echo__scan_text(echo__scan *s, echo_bytes *text) { return echo__json_scan_text(text, &s->at, s->end); }

bool echo__scan_u64(echo__scan *s, uint64_t *out) {
    const uint8_t *p = s->at;
    uint64_t value = 0;
    for (; p < s->end && *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    if (p == s->at || (*s->at == '0' && p - s->at > 1)) return false;
    s->at = p;
    *out = value;
    return true;
}

/* A digit's value and one more; 0 for what is no lower-case hex digit. */
static const uint8_t hex_values[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16};

bool echo__scan_hash(echo__scan *s, uint8_t out[32]) {
    if (s->end - s->at < 66 || s->at[0] != '"' || s->at[65] != '"') return false;
    const uint8_t *hex = s->at + 1;
    bool good = true;
    for (size_t i = 0; i < 32; i++) {
        unsigned high = hex_values[hex[2 * i]], low = hex_values[hex[2 * i + 1]];
        good &= high != 0 && low != 0;
        out[i] = (uint8_t)((high - 1) << 4 | ((low - 1) & 15));
    }
    s->at += 66;
    return good;
}

/* After the closing quote of a string that starts at p, or NULL. */
static const uint8_t *skip_string(const uint8_t *p, const uint8_t *end) {
    const uint8_t *quote = echo__json_quote(p + 1, (size_t)(end - p) - 1);
    return quote == NULL ? NULL : quote + 1;
}

static const uint8_t *skip_nested(const uint8_t *p, const uint8_t *end) {
    uint8_t open[ECHO__JSON_DEPTH_MAX];
    size_t depth = 0;
    while (p < end) {
        uint8_t c = *p;
        if (c == '"') {
            p = skip_string(p, end);
            if (p == NULL) return NULL;
            continue;
        }
        if (c == '{' || c == '[') {
            if (depth == ECHO__JSON_DEPTH_MAX) return NULL;
            open[depth++] = (uint8_t)(c + 2); /* '}' and ']' stand two after */
        } else if (c == '}' || c == ']') {
            if (open[--depth] != c) return NULL;
            if (depth == 0) return p + 1;
        }
        p++;
    }
    return NULL;
}

static const uint8_t *skip_word(const uint8_t *p, const uint8_t *end) {
    const uint8_t *from = p;
    while (p < end && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || *p == '-' || *p == '+' || *p == '.'))
        p++;
    return p == from ? NULL : p;
}

bool echo__scan_value(echo__scan *s, echo_bytes *out) {
    if (s->at == s->end) return false;
    const uint8_t *p;
    if (*s->at == '"')
        p = skip_string(s->at, s->end);
    else if (*s->at == '{' || *s->at == '[')
        p = skip_nested(s->at, s->end);
    else
        p = skip_word(s->at, s->end);
    if (p == NULL) return false;
    *out = echo__bytes(s->at, (size_t)(p - s->at));
    s->at = p;
    return true;
}

/* The next byte of a text, or -1 at its quote. */
static int next_byte(const uint8_t **text) {
    if (**text == '"') return -1;
    if (**text == '\\') return echo__json_escape(text);
    return *(*text)++;
}

int echo__text_compare(const uint8_t *a, const uint8_t *b) {
    for (;;) {
        while (*a == *b && *a != '"' && *a != '\\') a++, b++;
        int x = next_byte(&a), y = next_byte(&b);
        if (x != y) return x < y ? -1 : 1;
        if (x < 0) return 0;
    }
}

int echo__text_compare_bytes(const uint8_t *text, echo_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        if (*text == bytes.data[i] && *text != '"' && *text != '\\') {
            text++;
            continue;
        }
        int c = next_byte(&text);
        if (c != bytes.data[i]) return c < bytes.data[i] ? -1 : 1;
    }
    return next_byte(&text) < 0 ? 0 : 1;
}
