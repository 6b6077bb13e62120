/*
 * Canonical JSON (docs/FORMAT.md, "Canonical JSON") read where it stands, without building values. What checks comes
 * first: echo__json_check() or echo__json_scan_text(). The other functions take what these accepted, and check nothing
 * again.
 *
 * `at` is the first byte of a value. A string's "text" is what stands between its quotes, with the escapes. Canonical
 * text has one form for each string, and each escape stands for one byte, so a text is never shorter than its string.
 */
#ifndef ECHO_BASE_JSON_TEXT_H
#define ECHO_BASE_JSON_TEXT_H

#include <echo/base.h>

/*
 * Checks that the whole text is the canonical text of one value: no spaces, keys ascending, shortest escapes, numbers
 * as they are printed. Takes no memory. ECHO_ERR_CORRUPT; ECHO_ERR_LIMIT for nesting beyond ECHO__JSON_DEPTH_MAX and
 * for numbers that json_parse.h refuses with it.
 */
echo_status echo__json_check(echo_bytes text, echo_error *err) ECHO_MUST_USE;

/* The same piece by piece. */
typedef struct echo__json_checker {
    const uint8_t *start, *at, *end;
    unsigned depth; /* of the objects and arrays around */
    echo_error *err;
} echo__json_checker;
static inline echo__json_checker echo__json_checker_of(echo_bytes text, echo_error *err) {
    echo__json_checker c = {text.data, text.data, text.data + text.len, 0, err};
    return c;
}
/* One value; moves after it. */
echo_status echo__json_check_value(echo__json_checker *c) ECHO_MUST_USE;
/* The key of a member, with its colon, which comes after that of *last unless it is the first. *last is its text then.
 */
echo_status echo__json_check_key(echo__json_checker *c, echo_bytes *last, bool first) ECHO_MUST_USE;

/*
 * Reads a string, from its opening quote; *at moves after the closing one. false: it is not canonical, and *at is
 * where.
 */
bool echo__json_scan_text(echo_bytes *text, const uint8_t **at, const uint8_t *end);

/* The byte that the escape at *at stands for; moves after it. */
uint8_t echo__json_escape(const uint8_t **at);
/* The quote that ends a string's text, which begins at `from`; NULL if the next `len` bytes do not have it. */
const uint8_t *echo__json_quote(const uint8_t *from, size_t len);
/* The byte after a value that is inside an object or an array. */
const uint8_t *echo__json_skip(const uint8_t *at);
/* The text of a string. */
echo_bytes echo__json_text(const uint8_t *at);
/* Writes the string of a text, which is never longer than the text, and returns its length. */
size_t echo__json_unescape(uint8_t *out, echo_bytes text);
/* Compares the strings of two texts bytewise. */
int echo__json_compare(echo_bytes a, echo_bytes b);
/* Compares the string of a text with bytes. */
int echo__json_compare_bytes(echo_bytes text, echo_bytes bytes);

#endif
