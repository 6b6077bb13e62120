#include "base/json_print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_number.h"
#include "base/json_parse.h"

/* A stack of members in the order of their keys, one run per object being printed whose own order is another. */
typedef struct printer {
    echo__buf *out;
    const cJSON **sorted;
    size_t count;
    size_t cap;
} printer;

static bool needs_escape(uint8_t c) { return c < 0x20 || c == '"' || c == '\\'; }

static void put_escape(echo__buf *out, uint8_t c) {
    static const char letters[] = "btn\0fr"; /* of U+0008 and following */
    char letter = c == '"' || c == '\\' ? (char)c : c >= 8 && c <= 13 ? letters[c - 8] : '\0';
    echo__buf_byte(out, '\\');
    if (letter != '\0') {
        echo__buf_byte(out, (uint8_t)letter);
    } else {
        echo__buf_text(out, "u00");
        echo__buf_hex(out, &c, 1);
    }
}

static bool any_needs_escape(uint64_t x) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
    uint64_t quote = x ^ ones * '"', backslash = x ^ ones * '\\';
    return (((x - ones * 0x20) | (quote - ones) | (backslash - ones)) & ~x & tops) != 0;
}

static bool copy_word(uint8_t *to, const uint8_t *text) {
    uint64_t x;
    memcpy(&x, text, sizeof x);
    if (any_needs_escape(x)) return false;
    memcpy(to, &x, sizeof x);
    return true;
}

/* Copies the leading bytes that are printed as they are, and counts them. The last words may overlap. */
static size_t copy_plain(uint8_t *to, const uint8_t *text, size_t len) {
    size_t i = 0;
    if (len >= 8) {
        while (len - i >= 8 && copy_word(to + i, text + i)) i += 8;
        if (len - i < 8 && copy_word(to + len - 8, text + len - 8)) return len;
    } else if (len >= 4) {
        uint32_t first, last;
        memcpy(&first, text, sizeof first);
        memcpy(&last, text + len - 4, sizeof last);
        if (!any_needs_escape(first | (uint64_t)last << 32)) {
            memcpy(to, &first, sizeof first);
            memcpy(to + len - 4, &last, sizeof last);
            return len;
        }
    }
    for (; i < len && !needs_escape(text[i]); i++) to[i] = text[i];
    return i;
}

void echo__json_string(echo__buf *out, const void *text, size_t len) {
    const uint8_t *from = text;
    echo__buf_byte(out, '"');
    for (;;) {
        uint8_t *to = echo__buf_reserve(out, len + 1);
        if (to == NULL) return;
        size_t run = copy_plain(to, from, len);
        out->len += run;
        if (run == len) break;
        put_escape(out, from[run++]);
        from += run;
        len -= run;
    }
    echo__buf_byte(out, '"');
}

void echo__json_number(echo__buf *out, double value) {
    uint8_t *to = echo__buf_reserve(out, ECHO__JSON_NUMBER_CHARS);
    if (to != NULL) out->len += echo__json_format_double((char *)to, value);
}

static bool ascii(const char *text, size_t len) {
    uint64_t seen = 0, x;
    for (; len >= 8; text += 8, len -= 8) {
        memcpy(&x, text, sizeof x);
        seen |= x;
    }
    for (; len > 0; len--) seen |= (uint8_t)text[len - 1];
    return (seen & UINT64_C(0x8080808080808080)) == 0;
}

static echo_status print_string(printer *p, const char *text) {
    if (text == NULL) return ECHO_ERR_INVALID;
    size_t len = strlen(text);
    if (!ascii(text, len) && !echo__utf8_valid(echo__bytes(text, len))) return ECHO_ERR_INVALID;
    echo__json_string(p->out, text, len);
    return p->out->status;
}

static echo_status print_number(printer *p, double value) {
    if (!isfinite(value)) return ECHO_ERR_INVALID;
    echo__json_number(p->out, value);
    return p->out->status;
}

/* Raw nodes hold a number's text. It is printed as if it had been read. */
static echo_status print_raw(printer *p, const char *text) {
    if (text == NULL) return ECHO_ERR_INVALID;
    echo__json_scan number;
    const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
    echo__json_scanned form = echo__json_scan_number(&at, end, &number);
    if (at != end) return ECHO_ERR_INVALID;
    if (form == ECHO__JSON_DOUBLE) return print_number(p, number.value);
    if (form != ECHO__JSON_INTEGER) return ECHO_ERR_INVALID;
    echo__buf_append(p->out, text, strlen(text));
    return p->out->status;
}

static echo_status print_value(printer *p, const cJSON *value, unsigned depth);

static echo_status print_array(printer *p, const cJSON *array, unsigned depth) {
    echo__buf_byte(p->out, '[');
    for (const cJSON *node = array->child; node != NULL; node = node->next) {
        if (node != array->child) echo__buf_byte(p->out, ',');
        echo_status status = print_value(p, node, depth);
        if (status != ECHO_OK) return status;
    }
    echo__buf_byte(p->out, ']');
    return p->out->status;
}

static int compare_members(const void *a, const void *b) {
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* Pushes the members sorted, unless they are sorted in the object. */
static echo_status sort_members(printer *p, const cJSON *object) {
    bool ascending = true;
    size_t count = 0;
    for (const cJSON *node = object->child, *last = NULL; node != NULL; last = node, node = node->next, count++) {
        if (node->string == NULL) return ECHO_ERR_INVALID;
        ascending = ascending && (last == NULL || strcmp(last->string, node->string) < 0);
    }
    if (ascending) return ECHO_OK;
    if (!echo__grow(&p->sorted, &p->cap, p->count + count, sizeof *p->sorted)) return p->out->status = ECHO_ERR_NOMEM;
    const cJSON **run = p->sorted + p->count;
    for (const cJSON *node = object->child; node != NULL; node = node->next) p->sorted[p->count++] = node;
    qsort(run, count, sizeof *run, compare_members);
    for (size_t i = 1; i < count; i++)
        if (strcmp(run[i - 1]->string, run[i]->string) == 0)
            return ECHO_ERR_INVALID; /* one text per value, and readable */
    return ECHO_OK;
}

static echo_status print_member(printer *p, const cJSON *member, bool first, unsigned depth) {
    if (!first) echo__buf_byte(p->out, ',');
    echo_status status = print_string(p, member->string);
    echo__buf_byte(p->out, ':');
    return status == ECHO_OK ? print_value(p, member, depth) : status;
}

static echo_status print_object(printer *p, const cJSON *object, unsigned depth) {
    size_t begin = p->count;
    echo_status status = sort_members(p, object);
    size_t end = p->count;
    echo__buf_byte(p->out, '{');
    if (begin == end)
        for (const cJSON *node = object->child; node != NULL && status == ECHO_OK; node = node->next)
            status = print_member(p, node, node == object->child, depth);
    for (size_t i = begin; i < end && status == ECHO_OK; i++) status = print_member(p, p->sorted[i], i == begin, depth);
    echo__buf_byte(p->out, '}');
    p->count = begin;
    return status == ECHO_OK ? p->out->status : status;
}

static echo_status print_value(printer *p, const cJSON *value, unsigned depth) {
    switch (value->type & 0xff) {
    case cJSON_NULL: echo__buf_append(p->out, "null", 4); return p->out->status;
    case cJSON_False: echo__buf_append(p->out, "false", 5); return p->out->status;
    case cJSON_True: echo__buf_append(p->out, "true", 4); return p->out->status;
    case cJSON_Number: return print_number(p, value->valuedouble);
    case cJSON_String: return print_string(p, value->valuestring);
    case cJSON_Raw: return print_raw(p, value->valuestring);
    case cJSON_Array:
    case cJSON_Object: break;
    default: return ECHO_ERR_INVALID;
    }
    if (depth == ECHO__JSON_DEPTH_MAX) return ECHO_ERR_LIMIT; /* it could not be read back */
    return (value->type & 0xff) == cJSON_Array ? print_array(p, value, depth + 1) : print_object(p, value, depth + 1);
}

echo_status echo__json_print(echo__buf *out, const cJSON *value) {
    if (out->status != ECHO_OK) return out->status;
    printer p = {out, NULL, 0, 0};
    size_t len = out->len;
    echo_status status = value == NULL ? ECHO_ERR_INVALID : print_value(&p, value, 0);
    echo__free(p.sorted);
    if (status != ECHO_OK) out->len = len;
    return status;
}
