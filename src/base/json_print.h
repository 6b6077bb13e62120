/*
 * Printing canonical JSON (json.h): no spaces, keys of objects sorted bytewise, strings with the shortest escapes
 * (\" \\ \b \f \n \r \t, \u00xx for other control characters, everything else as UTF-8), numbers as ECMAScript
 * prints them (the shortest digits that read back exactly), integers beyond 2^53 as exact digits. Independent of the
 * locale.
 */
#ifndef ECHO_BASE_JSON_PRINT_H
#define ECHO_BASE_JSON_PRINT_H

#include <cjson/cJSON.h>

#include "base/buf.h"

/* Appends the canonical text of a value. ECHO_ERR_INVALID for what JSON cannot hold (NaN, invalid UTF-8,
 * cJSON_Invalid). */
echo_status echo__json_print(echo__buf *out, const cJSON *value) ECHO_MUST_USE;

/* Pieces of canonical text, for those who emit straight through. */
void echo__json_string(echo__buf *out, const void *text, size_t len); /* with quotes; text is valid UTF-8 */
void echo__json_number(echo__buf *out, double value);                 /* finite */

#endif
