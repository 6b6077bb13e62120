/*
 * Numbers of JSON text, without the C library's conversions, which follow the locale. Reading rounds to the nearest
 * double, ties to even; printing gives what ECMAScript's Number::toString gives, and "-0" for negative zero, since it
 * must read back exactly.
 */
#ifndef ECHO_BASE_JSON_NUMBER_H
#define ECHO_BASE_JSON_NUMBER_H

#include <echo/base.h>

#define ECHO__JSON_NUMBER_CHARS 32u                       /* room for any number's text */
#define ECHO__JSON_INTEGER_MAX UINT64_C(9007199254740992) /* 2^53: up to here a double holds every integer */

#define ECHO__JSON_POW10_MIN (-342)
#define ECHO__JSON_POW10_MAX 324
#define ECHO__JSON_POW10_EXACT 55 /* 5^55 < 2^128: entries 0 to here are not cut */
extern const uint64_t echo__json_pow10[ECHO__JSON_POW10_MAX - ECHO__JSON_POW10_MIN + 1][2];

typedef enum echo__json_scanned {
    ECHO__JSON_MALFORMED, /* not a number of RFC 8259 */
    ECHO__JSON_OVERFLOW,  /* no finite double is near */
    ECHO__JSON_IMPRECISE, /* an integer beyond 64 bits that is not the canonical text of a double */
    ECHO__JSON_DOUBLE,    /* `value` */
    ECHO__JSON_INTEGER    /* beyond +/-2^53: `negative` and `magnitude`, within int64 or uint64 */
} echo__json_scanned;

typedef struct echo__json_scan {
    double value;
    uint64_t magnitude;
    bool negative;
} echo__json_scan;

/* Scans the number at *at, which moves behind it, or to the offending byte. */
echo__json_scanned echo__json_scan_number(const uint8_t **at, const uint8_t *end, echo__json_scan *out);

/* Write the text without a NUL and give its length. */
size_t echo__json_format_double(char out[ECHO__JSON_NUMBER_CHARS], double value); /* finite */
size_t echo__json_format_u64(char *out, uint64_t value);                          /* up to 20 */

/* 64 x 64 -> 128 bits. */
static inline uint64_t echo__mul64(uint64_t a, uint64_t b, uint64_t *low) {
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 u128;
    u128 product = (u128)a * b;
    *low = (uint64_t)product;
    return (uint64_t)(product >> 64);
#else
    uint64_t a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
    uint64_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0;
    uint64_t middle = (p00 >> 32) + (p01 & 0xffffffff) + (p10 & 0xffffffff);
    *low = middle << 32 | (p00 & 0xffffffff);
    return a1 * b1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32);
#endif
}

#endif
