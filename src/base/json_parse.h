/*
 * Reading canonical JSON and any other (json.h): strict RFC 8259, valid UTF-8 only, no duplicate keys, depth and size
 * limited, no number that overflows.
 *
 * Integers beyond +/-2^53 become cJSON_Raw nodes holding their digits, so that nothing is lost; up to 2^53 ordinary
 * cJSON numbers. An integer literal outside int64 and uint64 is refused with ECHO_ERR_LIMIT, unless it is the canonical
 * text of a double (as 2^70 is). U+0000 in a string is refused (C strings cannot hold it).
 */
#ifndef ECHO_BASE_JSON_PARSE_H
#define ECHO_BASE_JSON_PARSE_H

#include <cjson/cJSON.h>
#include <echo/base.h>

#define ECHO__JSON_DEPTH_MAX 128u /* arrays and objects inside each other, read or printed */

/* Parses a whole text. *out is the caller's, released with cJSON_Delete. ECHO_ERR_CORRUPT, _LIMIT, _NOMEM. */
echo_status echo__json_parse(cJSON **out, const void *text, size_t len, echo_error *err) ECHO_MUST_USE;

/* A number node: plain up to 2^53, raw digits beyond. NULL when out of memory. */
cJSON *echo__json_int64(int64_t value);
cJSON *echo__json_uint64(uint64_t value);
/* Reads an integer node of either form; false when it is not an integer or out of range. */
bool echo__json_get_int64(const cJSON *node, int64_t *out);
bool echo__json_get_uint64(const cJSON *node, uint64_t *out);

#endif
