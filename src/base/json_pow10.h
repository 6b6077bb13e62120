/*
 * Powers of ten to 128 bits, for reading (json_number.c) and printing (json_format.c) doubles. Every entry is checked
 * against exact arithmetic by tests/unit/base/test_json_number.c.
 */
#ifndef ECHO_BASE_JSON_POW10_H
#define ECHO_BASE_JSON_POW10_H

#include <echo/base.h>

#define ECHO__JSON_POW10_MIN (-342)
#define ECHO__JSON_POW10_MAX 324
#define ECHO__JSON_POW10_EXACT 55 /* 5^55 < 2^128: entries 0 to this one are exact */
/*
 * 10^q = T / 2^127 * 2^floor(log2(10^q)) with T truncated, not rounded, to 128 bits: {high, low} of T for each q from
 * ECHO__JSON_POW10_MIN to ECHO__JSON_POW10_MAX.
 */
extern const uint64_t echo__json_pow10[ECHO__JSON_POW10_MAX - ECHO__JSON_POW10_MIN + 1][2];

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
