#include "base/json_parse.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/format.h"
#include "base/json_number.h"

#define TEXT_MAX ((size_t)256 << 20) /* bounds what a stranger's text can make us allocate */
#define FEW_KEYS 16u                 /* compared pair by pair; more are sorted */

typedef struct parser {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    unsigned depth;
    echo_error *err;
} parser;

static echo_status fail(const parser *p, echo_status code, const char *what) {
    return echo__error(p->err, code, "JSON: %s at byte %zu", what, (size_t)(p->at - p->start));
}

static echo_status fail_here(const parser *p, const char *expected) {
    size_t at = (size_t)(p->at - p->start);
    if (p->at == p->end)
        return echo__error(p->err, ECHO_ERR_CORRUPT, "JSON: %s expected, text ends at byte %zu", expected, at);
    if (*p->at < 0x21 || *p->at > 0x7e)
        return echo__error(p->err, ECHO_ERR_CORRUPT, "JSON: %s expected, byte 0x%02x found at byte %zu", expected,
                           *p->at, at);
    return echo__error(p->err, ECHO_ERR_CORRUPT, "JSON: %s expected, '%c' found at byte %zu", expected, *p->at, at);
}

static void skip_space(parser *p) {
    while (p->at < p->end && *p->at <= ' ' && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

/* Nodes are cJSON's own, so that cJSON_Delete releases them whatever hooks the host has set. */
static cJSON *node_new(int type) {
    cJSON *node = cJSON_malloc(sizeof *node);
    if (node == NULL) return NULL;
    memset(node, 0, sizeof *node);
    node->type = type;
    return node;
}

/* Strings. A first pass finds the end and checks the bytes; a second one copies. */

static bool plain(const uint8_t *p) { /* 8 bytes that are ASCII and neither control characters nor '"' nor '\\' */
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
    uint64_t x;
    memcpy(&x, p, sizeof x);
    uint64_t quote = x ^ ones * '"', backslash = x ^ ones * '\\';
    return (((x - ones * 0x20) | (quote - ones) | (backslash - ones) | x) & tops) == 0;
}

/* Moves to the closing quote. */
static echo_status find_quote(parser *p, bool *escapes) {
    for (;;) {
        while (p->end - p->at >= 8 && plain(p->at)) p->at += 8;
        while (p->at < p->end && *p->at >= 0x20 && *p->at < 0x80 && *p->at != '"' && *p->at != '\\') p->at++;
        if (p->at == p->end) return fail(p, ECHO_ERR_CORRUPT, "text ends inside a string");
        uint8_t c = *p->at;
        if (c == '"') return ECHO_OK;
        if (c < 0x20) return fail(p, ECHO_ERR_CORRUPT, "unescaped control character in a string");
        if (c == '\\') {
            *escapes = true;
            if (p->end - p->at < 2) return fail(p, ECHO_ERR_CORRUPT, "text ends inside a string");
            if (p->at[1] < 0x80) p->at++; /* what follows is looked at when copying */
        }
        size_t n = echo__utf8_sequence(p->at, (size_t)(p->end - p->at));
        if (n == 0) return fail(p, ECHO_ERR_CORRUPT, "invalid UTF-8");
        p->at += n;
    }
}

static int hex4(const uint8_t *p, const uint8_t *end) {
    if (end - p < 4) return -1;
    uint8_t bytes[2];
    return echo__hex_decode(bytes, (const char *)p, 4) ? bytes[0] << 8 | bytes[1] : -1;
}

static uint8_t *put_utf8(uint8_t *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (uint8_t)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (uint8_t)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *to++ = (uint8_t)(0xe0 | code >> 12);
        } else {
            *to++ = (uint8_t)(0xf0 | code >> 18);
            *to++ = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        }
        *to++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    }
    *to++ = (uint8_t)(0x80 | (code & 0x3f));
    return to;
}

/* `from` is after the 'u'. NULL, with the reason, when it is not four digits or not a character. */
static const uint8_t *unicode_escape(uint8_t **to, const uint8_t *from, const uint8_t *end, const char **why) {
    int code = hex4(from, end);
    *why = "\\u without four hexadecimal digits";
    if (code < 0) return NULL;
    from += 4;
    if (code >= 0xd800 && code < 0xe000) {
        *why = "unpaired surrogate";
        if (code >= 0xdc00 || end - from < 6 || from[0] != '\\' || from[1] != 'u') return NULL;
        int low = hex4(from + 2, end);
        if (low < 0xdc00 || low >= 0xe000) return NULL;
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
        from += 6;
    }
    *why = "U+0000 in a string is not supported";
    if (code == 0) return NULL;
    *to = put_utf8(*to, (unsigned)code);
    return from;
}

/* Copies [from, end), which never gets longer. p->at is moved to the fault. */
static echo_status unescape(parser *p, uint8_t *to, const uint8_t *from, const uint8_t *end) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    while (from < end) {
        const uint8_t *backslash = memchr(from, '\\', (size_t)(end - from));
        size_t run = (size_t)((backslash == NULL ? end : backslash) - from);
        memcpy(to, from, run);
        to += run;
        from += run;
        if (backslash == NULL) break;
        const char *why = "unknown escape", *letter = strchr(letters, from[1]);
        if (letter != NULL && *letter != '\0') {
            *to++ = (uint8_t)meanings[letter - letters];
            from += 2;
            continue;
        }
        from = from[1] == 'u' ? unicode_escape(&to, from + 2, end, &why) : NULL;
        if (from == NULL) {
            p->at = backslash;
            return fail(p, ECHO_ERR_CORRUPT, why);
        }
    }
    *to = '\0';
    return ECHO_OK;
}

/* At the opening quote. *out is from cJSON_malloc. */
static echo_status parse_string(parser *p, char **out) {
    bool escapes = false;
    const uint8_t *begin = ++p->at;
    echo_status status = find_quote(p, &escapes);
    if (status != ECHO_OK) return status;
    const uint8_t *end = p->at++;
    size_t len = (size_t)(end - begin);
    char *text = cJSON_malloc(len + 1);
    if (text == NULL) return echo__nomem(p->err);
    if (escapes) {
        status = unescape(p, (uint8_t *)text, begin, end);
        if (status != ECHO_OK) {
            cJSON_free(text);
            return status;
        }
    } else {
        memcpy(text, begin, len);
        text[len] = '\0';
    }
    *out = text;
    return ECHO_OK;
}

static echo_status string_value(parser *p, cJSON **out) {
    char *text;
    echo_status status = parse_string(p, &text);
    if (status != ECHO_OK) return status;
    *out = node_new(cJSON_String);
    if (*out == NULL) {
        cJSON_free(text);
        return echo__nomem(p->err);
    }
    (*out)->valuestring = text;
    return ECHO_OK;
}

static void set_number(cJSON *node, double value) {
    node->valuedouble = value;
    node->valueint = value >= INT_MAX ? INT_MAX : value <= INT_MIN ? INT_MIN : (int)value;
}

static bool set_raw(cJSON *node, bool negative, uint64_t magnitude) {
    char digits[ECHO__JSON_NUMBER_CHARS + 1] = "-";
    size_t n = negative + echo__format_u64(digits + negative, magnitude);
    node->valuestring = cJSON_malloc(n + 1);
    if (node->valuestring == NULL) return false;
    memcpy(node->valuestring, digits, n);
    node->valuestring[n] = '\0';
    node->type = cJSON_Raw;
    return true;
}

static echo_status number_value(parser *p, cJSON **out) {
    echo__json_scan number;
    const uint8_t *begin = p->at;
    echo__json_scanned form = echo__json_scan_number(&p->at, p->end, &number);
    if (form == ECHO__JSON_MALFORMED)
        return fail_here(p, *begin == '0' ? "end of the number after its leading zero" : "digit");
    if (form == ECHO__JSON_OVERFLOW || form == ECHO__JSON_IMPRECISE) {
        p->at = begin;
        return fail(p, ECHO_ERR_LIMIT, form == ECHO__JSON_OVERFLOW ? "number too large" : "integer beyond 64 bits");
    }
    cJSON *node = node_new(cJSON_Number);
    if (node == NULL) return echo__nomem(p->err);
    if (form == ECHO__JSON_DOUBLE) {
        set_number(node, number.value);
    } else if (!set_raw(node, number.negative, number.magnitude)) {
        cJSON_Delete(node);
        return echo__nomem(p->err);
    }
    *out = node;
    return ECHO_OK;
}

static echo_status word_value(parser *p, cJSON **out, const char *word, int type) {
    size_t n = strlen(word);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0) return fail_here(p, "value");
    p->at += n;
    *out = node_new(type);
    if (*out == NULL) return echo__nomem(p->err);
    (*out)->valueint = type == cJSON_True; /* as cJSON does */
    return ECHO_OK;
}

static void append(cJSON *parent, cJSON *node) {
    if (parent->child == NULL) {
        parent->child = node;
    } else {
        node->prev = parent->child->prev;
        node->prev->next = node;
    }
    parent->child->prev = node; /* the first one's prev is the last */
}

static echo_status parse_value(parser *p, cJSON **out);

/* Either comma or the closing bracket. */
static echo_status next_member(parser *p, uint8_t close, bool *more) {
    skip_space(p);
    if (p->at == p->end || (*p->at != ',' && *p->at != close))
        return fail_here(p, close == ']' ? "',' or ']'" : "',' or '}'");
    *more = *p->at++ == ',';
    if (*more) skip_space(p);
    return ECHO_OK;
}

static echo_status parse_array(parser *p, cJSON *array) {
    bool more = true;
    p->at++;
    skip_space(p);
    if (p->at < p->end && *p->at == ']') {
        p->at++;
        return ECHO_OK;
    }
    while (more) {
        cJSON *node = NULL;
        echo_status status = parse_value(p, &node);
        if (status == ECHO_OK) {
            append(array, node);
            status = next_member(p, ']', &more);
        }
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

static int compare_keys(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static echo_status duplicate(const parser *p, const char *key) {
    return echo__error(p->err, ECHO_ERR_CORRUPT, "JSON: key \"%.64s\" occurs twice in the object that ends at byte %zu",
                       key, (size_t)(p->at - p->start - 1));
}

/* For an object whose keys do not ascend. */
static echo_status check_keys(const parser *p, const cJSON *object, size_t count) {
    const char *few[FEW_KEYS], **keys = few;
    if (count > FEW_KEYS) keys = echo__realloc_array(NULL, count, sizeof *keys);
    if (keys == NULL) return echo__nomem(p->err);
    size_t n = 0;
    const char *twice = NULL;
    for (const cJSON *node = object->child; node != NULL; node = node->next) {
        if (keys == few)
            for (size_t i = 0; i < n; i++)
                if (strcmp(keys[i], node->string) == 0) twice = node->string;
        keys[n++] = node->string;
    }
    if (keys != few) {
        qsort(keys, n, sizeof *keys, compare_keys);
        for (size_t i = 1; i < n; i++)
            if (strcmp(keys[i - 1], keys[i]) == 0) twice = keys[i];
        echo__free(keys);
    }
    return twice == NULL ? ECHO_OK : duplicate(p, twice);
}

static echo_status parse_member(parser *p, cJSON **out) {
    char *key;
    if (p->at == p->end || *p->at != '"') return fail_here(p, "key");
    echo_status status = parse_string(p, &key);
    if (status != ECHO_OK) return status;
    skip_space(p);
    if (p->at == p->end || *p->at != ':') {
        status = fail_here(p, "':'");
    } else {
        p->at++;
        skip_space(p);
        status = parse_value(p, out);
    }
    if (status == ECHO_OK)
        (*out)->string = key;
    else
        cJSON_free(key);
    return status;
}

static echo_status parse_object(parser *p, cJSON *object) {
    bool more = true, ascending = true;
    size_t count = 0;
    p->at++;
    skip_space(p);
    if (p->at < p->end && *p->at == '}') {
        p->at++;
        return ECHO_OK;
    }
    const char *last = NULL;
    while (more) {
        cJSON *node = NULL;
        echo_status status = parse_member(p, &node);
        if (status == ECHO_OK) {
            append(object, node);
            ascending = ascending && (last == NULL || strcmp(last, node->string) < 0);
            last = node->string;
            count++;
            status = next_member(p, '}', &more);
        }
        if (status != ECHO_OK) return status;
    }
    return ascending ? ECHO_OK : check_keys(p, object, count);
}

static echo_status container(parser *p, cJSON **out, int type) {
    if (p->depth == ECHO__JSON_DEPTH_MAX) return fail(p, ECHO_ERR_LIMIT, "nested too deeply");
    cJSON *node = node_new(type);
    if (node == NULL) return echo__nomem(p->err);
    p->depth++;
    echo_status status = type == cJSON_Array ? parse_array(p, node) : parse_object(p, node);
    p->depth--;
    if (status == ECHO_OK)
        *out = node;
    else
        cJSON_Delete(node);
    return status;
}

static echo_status parse_value(parser *p, cJSON **out) {
    if (p->at == p->end) return fail_here(p, "value");
    switch (*p->at) {
    case '{': return container(p, out, cJSON_Object);
    case '[': return container(p, out, cJSON_Array);
    case '"': return string_value(p, out);
    case 't': return word_value(p, out, "true", cJSON_True);
    case 'f': return word_value(p, out, "false", cJSON_False);
    case 'n': return word_value(p, out, "null", cJSON_NULL);
    default: break;
    }
    if (*p->at != '-' && (*p->at < '0' || *p->at > '9')) return fail_here(p, "value");
    return number_value(p, out);
}

echo_status echo__json_parse(cJSON **out, const void *text, size_t len, echo_error *err) {
    parser p = {text, text, NULL, 0, err};
    *out = NULL;
    if (len > TEXT_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "JSON: text of %zu bytes, the limit is %zu", len, TEXT_MAX);
    if (len == 0) return echo__error(err, ECHO_ERR_CORRUPT, "JSON: value expected, text is empty");
    p.end = p.start + len;
    skip_space(&p);
    cJSON *value = NULL;
    echo_status status = parse_value(&p, &value);
    if (status != ECHO_OK) return status;
    skip_space(&p);
    if (p.at != p.end) {
        cJSON_Delete(value);
        return fail_here(&p, "end of text");
    }
    *out = value;
    return ECHO_OK;
}

/* Integer nodes. */

static cJSON *integer_node(bool negative, uint64_t magnitude) {
    cJSON *node = node_new(cJSON_Number);
    if (node == NULL) return NULL;
    if (magnitude <= ECHO__JSON_INTEGER_MAX) {
        set_number(node, negative ? -(double)magnitude : (double)magnitude);
    } else if (!set_raw(node, negative, magnitude)) {
        cJSON_Delete(node);
        return NULL;
    }
    return node;
}

cJSON *echo__json_int64(int64_t value) {
    return integer_node(value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

cJSON *echo__json_uint64(uint64_t value) { return integer_node(false, value); }

static bool get_integer(const cJSON *node, bool *negative, uint64_t *magnitude) {
    double value;
    if (node == NULL) return false;
    if (cJSON_IsRaw(node) && node->valuestring != NULL) {
        echo__json_scan number;
        const uint8_t *at = (const uint8_t *)node->valuestring, *end = at + strlen(node->valuestring);
        echo__json_scanned form = echo__json_scan_number(&at, end, &number);
        if (at != end || (form != ECHO__JSON_INTEGER && form != ECHO__JSON_DOUBLE)) return false;
        *negative = number.negative;
        *magnitude = number.magnitude;
        if (form == ECHO__JSON_INTEGER) return true;
        value = number.value;
    } else if (cJSON_IsNumber(node)) {
        value = node->valuedouble;
    } else {
        return false;
    }
    *negative = value < 0;
    if (*negative) value = -value;
    if (!(value <= (double)ECHO__JSON_INTEGER_MAX)) return false; /* NaN too */
    *magnitude = (uint64_t)value;
    return (double)*magnitude == value;
}

bool echo__json_get_int64(const cJSON *node, int64_t *out) {
    bool negative;
    uint64_t magnitude;
    if (!get_integer(node, &negative, &magnitude) || magnitude > (uint64_t)INT64_MAX + negative) return false;
    *out = negative ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    return true;
}

bool echo__json_get_uint64(const cJSON *node, uint64_t *out) {
    bool negative;
    uint64_t magnitude;
    if (!get_integer(node, &negative, &magnitude) || negative) return false;
    *out = magnitude;
    return true;
}
