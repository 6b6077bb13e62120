/*
 * Scanning canonical JSON (docs/FORMAT.md, "Canonical JSON") piece by piece, without building values. Each function
 * takes what it reads off the front and answers false for anything but the one canonical form; the position is then of
 * no use any more.
 *
 * A "text" is what stands between the quotes of a string, with its escapes. Canonical text holds no raw quote, control
 * character or NUL, so the quote after it ends it, and equal texts mean equal strings. Each escape stands for one
 * byte.
 */
#ifndef ECHO_TREE_SCAN_H
#define ECHO_TREE_SCAN_H

#include <string.h>

#include "base/buf.h"

typedef struct echo__scan {
    const uint8_t *at, *end;
} echo__scan;

static inline echo__scan echo__scan_of(echo_bytes bytes) {
    echo__scan s = {bytes.data, bytes.data + bytes.len};
    return s;
}

static inline bool echo__scan_bytes(echo__scan *s, const char *expect, size_t len) {
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, expect, len) != 0) return false;
    s->at += len;
    return true;
}
/* A literal, such as ECHO__SCAN(&s, "{\"id\":"). */
#define ECHO__SCAN(s, literal) echo__scan_bytes((s), (literal), sizeof(literal) - 1)

bool echo__scan_text(echo__scan *s, echo_bytes *text); /* a string; its text without the quotes */
bool echo__scan_u64(echo__scan *s, uint64_t *out);     /* decimal, no leading zeros */
bool echo__scan_hash(echo__scan *s, uint8_t out[32]);  /* a string of 64 lower-case hex digits */
/* Delimits any value by its quotes and brackets, at most 128 deep, without checking what stands between. */
bool echo__scan_value(echo__scan *s, echo_bytes *out);

/* Order of two strings, bytewise, given their texts; each must be followed by its quote. */
int echo__text_compare(const uint8_t *a, const uint8_t *b);
int echo__text_compare_bytes(const uint8_t *text, echo_bytes bytes);

#endif
