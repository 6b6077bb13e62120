/*
 * Values as JSON, the "view form" of echo/object.h. Every value has one form and is had back from it exactly, but for
 * the flag of a map that is not shown as an array.
 */
#ifndef ECHO_MODEL_OBJECT_VIEW_H
#define ECHO_MODEL_OBJECT_VIEW_H

#include "base/json.h"
#include "model/object_value.h"

/* NULL when out of memory. */
cJSON *echo__view_make(const echo__value *value);
/* Adds a member, its key escaped; takes the item, which may be NULL. false: out of memory (or there was no item). */
bool echo__view_put(cJSON *object, const char *key, cJSON *item);

/* The same as canonical text, appended (object_view_text.c): what echo__json_print makes of echo__view_make. Errors
 * stick. */
void echo__view_text(echo__buf *out, const echo__value *value);
/* The key of a member, escaped, with the comma before it, unless it is the first, and its colon. */
void echo__view_text_key(echo__buf *out, const echo__seg *key, bool first);

/*
 * Reads a value that `depth` keys lead to; arrays become flagged maps. ECHO_ERR_CORRUPT when it is not in view form,
 * ECHO_ERR_LIMIT, ECHO_ERR_NOMEM.
 */
echo_status echo__view_read(echo__value **out, const cJSON *node, uint32_t depth) ECHO_MUST_USE;
/* Whether an object stands for bytes, a float or a string: {"$bytes":"..."} and the like. */
bool echo__view_is_wrapped(const cJSON *node);
/* The key that a shown one stands for, a view into it; NULL when it is malformed. */
const char *echo__view_key(const char *shown);

#endif
