#include "model/object_frozen.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_text.h"

static echo_status malformed(echo_error *err, const char *what) {
    return echo__error(err, ECHO_ERR_CORRUPT, "stored object state: %s", what);
}

/* ---- the members of a stored state ---- */

typedef struct freezing {
    echo__json_checker json;
    echo_bytes properties;
    uint8_t place_count;
    echo__text_place places[ECHO__TEXT_PLACES];
} freezing;

static bool take(echo__json_checker *c, const char *text) {
    size_t len = strlen(text);
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0) return false;
    c->at += len;
    return true;
}

static void note_place(freezing *f, const uint8_t *key) {
    const uint8_t *text = f->json.start;
    if (f->place_count == ECHO__TEXT_PLACES || f->json.at - text > UINT16_MAX) return;
    f->places[f->place_count++] = (echo__text_place){(uint16_t)(key - text), (uint16_t)(f->json.at - text)};
}

static echo_status check_properties(freezing *f) {
    echo__json_checker *c = &f->json;
    echo_bytes last = {NULL, 0};
    const uint8_t *from = c->at;
    if (!take(c, "{")) return malformed(c->err, "member of a wrong type");
    c->depth++;
    for (bool first = true; !take(c, "}"); first = false) {
        if (!first && !take(c, ",")) return malformed(c->err, "',' or the end of the values expected");
        const uint8_t *key = c->at;
        echo_status status = echo__json_check_key(c, &last, first);
        note_place(f, key);
        if (status == ECHO_OK) status = echo__json_check_value(c);
        if (status != ECHO_OK) return status;
    }
    c->depth--;
    f->properties = (echo_bytes){from, (size_t)(c->at - from)};
    return ECHO_OK;
}

/* One that may be absent, and begins with `opens`. */
static echo_status check_member(freezing *f, const char *key, uint8_t opens) {
    echo__json_checker *c = &f->json;
    if (!take(c, key)) return ECHO_OK;
    if (c->at < c->end && *c->at != opens) return malformed(c->err, "member of a wrong type");
    echo_status status = echo__json_check_value(c);
    if (status != ECHO_OK) return status;
    return take(c, ",") ? ECHO_OK : malformed(c->err, "a member is missing or unknown");
}

static echo_status check_text(freezing *f) {
    echo__json_checker *c = &f->json;
    if (!take(c, "{")) return malformed(c->err, "no object");
    c->depth++;
    echo_status status = check_member(f, "\"feeds\":", '[');
    if (status == ECHO_OK) status = check_member(f, "\"gone\":", '{');
    if (status == ECHO_OK) status = check_member(f, "\"ops\":", '{');
    if (status != ECHO_OK) return status;
    if (!take(c, "\"values\":")) return malformed(c->err, "a member is missing or unknown");
    status = check_properties(f);
    if (status != ECHO_OK) return status;
    if (!take(c, ",\"when\":")) return malformed(c->err, "a member is missing or unknown");
    if (c->at < c->end && *c->at != '[') return malformed(c->err, "member of a wrong type");
    status = echo__json_check_value(c);
    if (status != ECHO_OK) return status;
    return take(c, "}") && c->at == c->end ? ECHO_OK : malformed(c->err, "a member is missing or unknown");
}

/* ---- the form of the properties ---- */

static bool text_is(echo_bytes text, const char *word) {
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

#define PIECE 1024u /* digits of base64 that are decoded at a time */

static bool is_base64(echo_bytes text) {
    uint8_t room[PIECE / 4 * 3];
    size_t got;
    for (; text.len > PIECE; text.data += PIECE, text.len -= PIECE)
        if (!echo__base64_decode(room, &got, (const char *)text.data, PIECE) || got != sizeof room) return false;
    return echo__base64_decode(room, &got, (const char *)text.data, text.len);
}

/* What follows the key `name` of a wrapped value: {"$bytes":"..."} and the like. */
static bool is_wrapped(echo_bytes name, const uint8_t *at) {
    if (*at != '"') return false;
    echo_bytes text = echo__json_text(at);
    if (text.data[text.len + 1] != '}') return false; /* a member alone */
    if (text_is(name, "$bytes") || text_is(name, "$string")) return is_base64(text);
    return text_is(name, "$float") && (text_is(text, "NaN") || text_is(text, "Infinity") || text_is(text, "-Infinity"));
}

/* Each key that begins with "$" has one more, unless the object is a wrapped value. Nested as deep as JSON may be. */
static bool check_form(const uint8_t **at, bool inside) {
    if (**at != '{' && **at != '[') {
        *at = echo__json_skip(*at);
        return true;
    }
    bool object = *(*at)++ == '{', first = true;
    for (; **at != '}' && **at != ']'; first = false) {
        if (!first) (*at)++;
        if (object) {
            echo_bytes key = echo__json_text(*at);
            *at = key.data + key.len + 2; /* the quote and the colon */
            bool bare = key.len > 0 && key.data[0] == '$' && (key.len == 1 || key.data[1] != '$');
            if (bare && !(inside && first && is_wrapped(key, *at))) return false;
        }
        if (!check_form(at, true)) return false;
    }
    (*at)++;
    return true;
}

/* Most properties have no such key, which is found quickly. */
static bool has_form(echo_bytes properties) {
    const uint8_t *at = properties.data, *end = at + properties.len;
    while ((at = memchr(at, '$', (size_t)(end - at))) != NULL && at[-1] != '"') at++;
    if (at == NULL) return true;
    at = properties.data;
    return check_form(&at, false);
}

/* ---- freezing ---- */

echo_status echo__object_freeze(void *state, uint32_t stored, echo_bytes text, echo_error *err) {
    echo__object *object = state;
    freezing f = {echo__json_checker_of(text, err), {NULL, 0}, 0, {{0, 0}}};
    if (stored != ECHO__OBJECT_STATE_VERSION)
        return echo__error(err, ECHO_ERR_VERSION, "object state has version %u, only %u is read", stored,
                           ECHO__OBJECT_STATE_VERSION);
    if (!object->frozen && object->live.slots != NULL)
        return echo__error(err, ECHO_ERR_INVALID, "object state is not fresh");
    echo_status status = check_text(&f);
    if (status != ECHO_OK) return status;
    if (!has_form(f.properties)) return malformed(err, "a property is malformed");
    if (text.len > UINT32_MAX) return echo__error(err, ECHO_ERR_LIMIT, "stored object state: it is too long");
    if (!object->frozen) {
        echo__live_free(&object->live);
        object->room = NULL;
        object->room_size = 0;
    } else if (object->owns_text) {
        echo__free((void *)(uintptr_t)object->text);
    }
    object->owns_text = false;
    object->text = text.data;
    object->text_len = (uint32_t)text.len;
    object->properties_at = (uint32_t)(f.properties.data - text.data);
    object->properties_len = (uint32_t)f.properties.len;
    object->place_count = f.place_count;
    memcpy(object->places, f.places, sizeof f.places);
    object->frozen = true;
    return ECHO_OK;
}

bool echo__object_borrows(const void *state) {
    const echo__object *object = state;
    return object->frozen && !object->owns_text;
}

void echo__object_melt(echo__object *object) {
    if (!object->frozen) return;
    if (object->owns_text) echo__free((void *)(uintptr_t)object->text);
    echo__free(object->room);
    object->frozen = object->owns_text = false;
    echo__live_init(&object->live);
}

echo_status echo__object_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    echo__object *object = state;
    echo__buf text = ECHO__BUF_INIT;
    if (object->frozen) return echo__error(err, ECHO_ERR_INVALID, "object state is not fresh");
    echo_status status = echo__json_print(&text, value);
    if (status == ECHO_OK)
        status = echo__object_freeze(object, stored, echo__buf_bytes(&text), err);
    else
        status = status == ECHO_ERR_NOMEM ? echo__nomem(err) : malformed(err, "it holds a value that JSON cannot hold");
    if (status == ECHO_OK)
        object->owns_text = true;
    else
        echo__buf_free(&text);
    return status;
}
