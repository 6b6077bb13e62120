/*
 * Canonical JSON over cJSON (docs/FORMAT.md, "Canonical JSON"): one text per value.
 *
 * Printing: no spaces, keys of objects sorted bytewise, strings with the shortest escapes (\" \\ \b \f \n \r \t, \u00xx
 * for other control characters, everything else as UTF-8), numbers as ECMAScript prints them (the shortest digits that
 * read back exactly), integers beyond 2^53 as exact digits. Independent of the locale.
 *
 * Reading is strict: RFC 8259, valid UTF-8 only, no duplicate keys, depth and size limited, no number that overflows.
 * Integers beyond
 * +/-2^53 become cJSON_Raw nodes holding their digits, so that nothing is lost; up to 2^53 ordinary cJSON numbers. An
 * integer literal outside int64 and uint64 is refused with ECHO_ERR_LIMIT, unless it is the canonical text of a double
 * (as 2^70 is). U+0000 in a string is refused (C strings cannot hold it).
 */
#ifndef ECHO_BASE_JSON_H
#define ECHO_BASE_JSON_H

#include <cjson/cJSON.h>
#include "base/buf.h"

#define ECHO__JSON_DEPTH_MAX 128u

/* Parses a whole text. *out is the caller's, released with cJSON_Delete. ECHO_ERR_CORRUPT, _LIMIT, _NOMEM. */
echo_status echo__json_parse(cJSON **out, const void *text, size_t len, echo_error *err) ECHO_MUST_USE;
/* Appends the canonical text of a value. ECHO_ERR_INVALID for what JSON cannot hold (NaN, invalid UTF-8,
 * cJSON_Invalid). */
echo_status echo__json_print(echo__buf *out, const cJSON *value) ECHO_MUST_USE;

/* Pieces of canonical text, for those who emit straight through. */
void echo__json_string(echo__buf *out, const void *text, size_t len); /* with quotes; text is valid UTF-8 */
void echo__json_number(echo__buf *out, double value);                 /* finite */

/* A number node: plain up to 2^53, raw digits beyond. NULL when out of memory. */
cJSON *echo__json_int64(int64_t value);
cJSON *echo__json_uint64(uint64_t value);
/* Reads an integer node of either form; false when it is no integer or out of range. */
bool echo__json_get_int64(const cJSON *node, int64_t *out);
bool echo__json_get_uint64(const cJSON *node, uint64_t *out);

#endif
