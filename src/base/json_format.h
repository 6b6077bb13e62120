/*
 * Doubles as text, without the C library's conversions, which follow the locale: the text that ECMAScript's
 * Number::toString gives, and "-0" for negative zero, because it must read back exactly. The shortest digits are found
 * with Schubfach.
 */
#ifndef ECHO_BASE_JSON_FORMAT_H
#define ECHO_BASE_JSON_FORMAT_H

#include <echo/base.h>

#define ECHO__JSON_NUMBER_CHARS 32u                       /* room for any number's text */
#define ECHO__JSON_INTEGER_MAX UINT64_C(9007199254740992) /* 2^53: up to it a double holds every integer */

/* Writes the text of a finite number without a NUL and returns its length. */
size_t echo__json_format_double(char out[ECHO__JSON_NUMBER_CHARS], double value);

#endif
