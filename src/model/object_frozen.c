#include "model/object_frozen.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_text.h"

static echo_status malformed(echo_error *err, const char *what) {
    return echo__error(err, ECHO_ERR_CORRUPT, "stored object state: %s", what);
}

/* ---- the members of a stored state ---- */

static const struct state_member {
    const char *key; /* as in the text, in its order */
    uint8_t opens;   /* the first byte of its value */
    bool required;
} state_members[] = {{"\"feeds\":", '[', false},
                     {"\"gone\":", '{', false},
                     {"\"ops\":", '{', false},
                     {"\"values\":", '{', true},
                     {"\"when\":", '[', true}};

#define STATE_MEMBERS (sizeof state_members / sizeof *state_members)
#define STATE_PROPERTIES 3u

/* The text is canonical. Finds the properties. */
static echo_status find_members(echo_bytes *properties, echo_bytes text, echo_error *err) {
    const uint8_t *at = text.data + 1, *end = text.data + text.len;
    if (*text.data != '{') return malformed(err, "no object");
    for (size_t i = 0; i < STATE_MEMBERS; i++) {
        const struct state_member *member = &state_members[i];
        size_t len = strlen(member->key);
        if ((size_t)(end - at) <= len || memcmp(at, member->key, len) != 0) {
            if (member->required) return malformed(err, "a member is missing or unknown");
            continue;
        }
        at += len;
        if (*at != member->opens) return malformed(err, "member of a wrong type");
        const uint8_t *value = at;
        at = echo__json_skip(at);
        if (i == STATE_PROPERTIES) *properties = (echo_bytes){value, (size_t)(at - value)};
        if (*at == ',') at++;
    }
    return at + 1 == end ? ECHO_OK : malformed(err, "unknown member");
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
    echo_bytes properties = {NULL, 0};
    if (stored != ECHO__OBJECT_STATE_VERSION)
        return echo__error(err, ECHO_ERR_VERSION, "object state has version %u, only %u is read", stored,
                           ECHO__OBJECT_STATE_VERSION);
    if (object->live.slots != NULL) return echo__error(err, ECHO_ERR_INVALID, "object state is not fresh");
    echo_status status = echo__json_check(text, err);
    if (status == ECHO_OK) status = find_members(&properties, text, err);
    if (status != ECHO_OK) return status;
    if (!has_form(properties)) return malformed(err, "a property is malformed");
    echo__free(object->own);
    object->own = NULL;
    object->text = text;
    object->properties = properties;
    object->frozen = true;
    return ECHO_OK;
}

bool echo__object_borrows(const void *state) {
    const echo__object *object = state;
    return object->frozen && object->own == NULL;
}

void echo__object_melt(echo__object *object) {
    echo__free(object->own);
    echo__free(object->room);
    object->own = object->room = NULL;
    object->room_size = 0;
    object->text = object->properties = (echo_bytes){NULL, 0};
    object->frozen = false;
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
        object->own = text.data;
    else
        echo__buf_free(&text);
    return status;
}
