#include "model/object_get_text.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_number.h"
#include "base/json_text.h"

/* An object that stands for a value: its only key begins with one "$". */
static bool is_wrapped(const uint8_t *at) { return at[0] == '{' && at[1] == '"' && at[2] == '$' && at[3] != '$'; }

/* The text in a wrapped value, after its key. */
static echo_bytes wrapped_text(const uint8_t *at) {
    echo_bytes key = echo__json_text(at + 1);
    return echo__json_text(key.data + key.len + 2);
}

/* ---- members ---- */

/* Whether the text of a key is as long as the key, and the same but for a "$" before it. */
static bool is_plain(const echo__seg *key) {
    for (uint32_t i = 0; i < key->len; i++)
        if ((uint8_t)key->text[i] < 0x20 || key->text[i] == '"' || key->text[i] == '\\') return false;
    return true;
}

static bool key_is(echo_bytes text, const echo__seg *key, bool plain) {
    bool dollar = key->len > 0 && key->text[0] == '$';
    if (dollar) {
        if (text.len == 0 || text.data[0] != '$') return false;
        text.data++;
        text.len--;
    }
    if (plain) return text.len == key->len && memcmp(text.data, key->text, text.len) == 0;
    return echo__json_compare_bytes(text, (echo_bytes){(const uint8_t *)key->text, key->len}) == 0;
}

/* In an object, from the opening quote of a member or from its end. */
static const uint8_t *find_key(const uint8_t *at, const echo__seg *key, bool plain) {
    for (; *at != '}'; at += *at == ',') {
        echo_bytes text = echo__json_text(at);
        at = text.data + text.len + 2; /* the quote and the colon */
        if (key_is(text, key, plain)) return at;
        at = echo__json_skip(at);
    }
    return NULL;
}

/* Most properties were noted when the text was checked; most keys stand there as they are. */
static const uint8_t *find_property(const echo__object *object, const echo__seg *key) {
    const uint8_t *text = object->text;
    bool whole = object->place_count < ECHO__TEXT_PLACES && object->text_len <= UINT16_MAX, plain = is_plain(key);
    if (object->place_count == 0 || !plain || key->text[0] == '$')
        return find_key(text + object->properties_at + 1, key, plain);
    const echo__text_place *place = object->places, *end = place + object->place_count;
    for (; place < end; place++)
        if (place->value - place->key - 3u == key->len && memcmp(text + place->key + 1, key->text, key->len) == 0)
            return text + place->value;
    if (whole) return NULL;
    const uint8_t *at = echo__json_skip(text + end[-1].value);
    return find_key(at + (*at == ','), key, plain);
}

static const uint8_t *find_index(const uint8_t *at, uint32_t index) {
    at++;
    for (; *at != ']'; at += *at == ',') {
        if (index-- == 0) return at;
        at = echo__json_skip(at);
    }
    return NULL;
}

const uint8_t *echo__text_member(const echo__object *object, const uint8_t *at, const echo__seg *key) {
    if (at == object->text + object->properties_at) return find_property(object, key);
    if (*at == '[') return key->index == ECHO__NAMED ? NULL : find_index(at, key->index);
    return *at == '{' && !is_wrapped(at) ? find_key(at + 1, key, is_plain(key)) : NULL;
}

size_t echo__text_count(const uint8_t *at) {
    size_t count = 0;
    bool object = *at == '{';
    for (at++; *at != '}' && *at != ']'; at += *at == ',') {
        if (object) {
            echo_bytes key = echo__json_text(at);
            at = key.data + key.len + 2;
        }
        at = echo__json_skip(at);
        count++;
    }
    return count;
}

/* ---- scalars ---- */

static void set_number(echo_object_value *out, double number) {
    out->number = number;
    out->kind = ECHO_OBJECT_KIND_FLOAT;
    if (!(number >= -0x1p63 && number < 0x1p63 && number == trunc(number))) return;
    out->kind = ECHO_OBJECT_KIND_INTEGER;
    out->integer = (int64_t)number;
    out->number = (double)out->integer; /* no negative zero */
}

static void read_number(echo_object_value *out, const uint8_t *at) {
    echo__json_scan number;
    const uint8_t *end = echo__json_skip(at);
    if (echo__json_scan_number(&at, end, &number) != ECHO__JSON_INTEGER) {
        set_number(out, number.value);
        return;
    }
    if (number.magnitude > (uint64_t)INT64_MAX + number.negative) {
        set_number(out, (double)number.magnitude); /* the digits of a float beyond int64 */
        return;
    }
    out->kind = ECHO_OBJECT_KIND_INTEGER;
    out->integer = number.negative ? -(int64_t)(number.magnitude - 1) - 1 : (int64_t)number.magnitude;
    out->number = (double)out->integer;
}

static void read_wrapped(echo_object_value *out, const uint8_t *at) {
    if (at[3] == 'b') {
        out->kind = ECHO_OBJECT_KIND_BYTES;
    } else if (at[3] == 's') {
        out->kind = ECHO_OBJECT_KIND_STRING;
    } else {
        uint8_t first = wrapped_text(at).data[0];
        out->kind = ECHO_OBJECT_KIND_FLOAT;
        out->number = first == 'N' ? (double)NAN : first == 'I' ? (double)INFINITY : -(double)INFINITY;
    }
}

void echo__text_scalar(echo_object_value *out, const uint8_t *at) {
    switch (*at) {
    case 'n': out->kind = ECHO_OBJECT_KIND_NULL; break;
    case 't':
    case 'f':
        out->kind = ECHO_OBJECT_KIND_BOOL;
        out->boolean = *at == 't';
        break;
    case '"': out->kind = ECHO_OBJECT_KIND_STRING; break;
    case '[': out->kind = ECHO_OBJECT_KIND_ARRAY; break;
    case '{':
        if (is_wrapped(at))
            read_wrapped(out, at);
        else
            out->kind = ECHO_OBJECT_KIND_OBJECT;
        break;
    default: read_number(out, at); break;
    }
}

/* ---- strings and bytes ---- */

/*
 * Where to decode a text to: as far into `room` as the text is in the state's. What is decoded is never longer than its
 * text. So the same text is always decoded to the same bytes at the same place, nothing has to be remembered, and what
 * was borrowed before stays as it is.
 */
static uint8_t *room_of(echo__object *object, const uint8_t *text) {
    if (object->room_size < object->text_len) {
        uint8_t *room = echo__malloc(object->text_len);
        if (room == NULL) return NULL;
        echo__free(object->room);
        object->room = room;
        object->room_size = object->text_len;
    }
    return object->room + (text - object->text);
}

static echo_status unescape(echo_bytes *out, echo__object *object, echo_bytes text) {
    *out = text;
    if (text.len == 0 || memchr(text.data, '\\', text.len) == NULL) return ECHO_OK;
    uint8_t *to = room_of(object, text.data);
    if (to == NULL) return ECHO_ERR_NOMEM;
    *out = (echo_bytes){to, echo__json_unescape(to, text)};
    return ECHO_OK;
}

echo_status echo__text_blob(echo_bytes *out, echo__object *object, const uint8_t *at) {
    if (*at == '"') return unescape(out, object, echo__json_text(at));
    echo_bytes text = wrapped_text(at);
    uint8_t *to = room_of(object, text.data);
    size_t len = 0;
    if (to == NULL) return ECHO_ERR_NOMEM;
    (void)echo__base64_decode(to, &len, (const char *)text.data, text.len); /* it was checked */
    *out = (echo_bytes){to, len};
    return ECHO_OK;
}

/* ---- iteration ---- */

echo_status echo__text_next(const uint8_t **out, echo_bytes *key, const void **position, echo__object *object,
                            const uint8_t *at) {
    const uint8_t *next = *position == NULL ? at + 1 : (const uint8_t *)*position;
    *key = (echo_bytes){NULL, 0};
    *out = NULL;
    if (*next == ',') next++;
    if (*next == '}' || *next == ']') return ECHO_ERR_NOT_FOUND;
    if (*at == '{') {
        echo_bytes text = echo__json_text(next);
        next = text.data + text.len + 2;
        if (text.len > 0 && text.data[0] == '$') text = (echo_bytes){text.data + 1, text.len - 1};
        echo_status status = unescape(key, object, text);
        if (status != ECHO_OK) return status;
    }
    *out = next;
    *position = echo__json_skip(next);
    return ECHO_OK;
}
