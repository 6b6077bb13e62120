/*
 * UTF-8 (RFC 3629): surrogates, overlong forms and code points above U+10FFFF are refused.
 */
#ifndef ECHO_BASE_UTF8_H
#define ECHO_BASE_UTF8_H

#include <echo/base.h>
#include <string.h>

/* Length of the sequence at p, which has `left` > 0 bytes; 0 when it is not well-formed. */
static inline size_t echo__utf8_sequence(const uint8_t *p, size_t left) {
    uint8_t c = p[0];
    if (c < 0x80) return 1;
    if (c < 0xc2 || left < 2 || (p[1] & 0xc0) != 0x80) return 0;
    if (c < 0xe0) return 2;
    if (left < 3 || (p[2] & 0xc0) != 0x80) return 0;
    if (c < 0xf0) {
        if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] >= 0xa0)) return 0; /* overlong; surrogates */
        return 3;
    }
    if (left < 4 || (p[3] & 0xc0) != 0x80 || c > 0xf4) return 0;
    if ((c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] >= 0x90)) return 0; /* overlong; beyond U+10FFFF */
    return 4;
}

/* Whether eight bytes are all ASCII. */
static inline bool echo__ascii_8(const uint8_t *p) {
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
    return (eight & UINT64_C(0x8080808080808080)) == 0;
}

/* Whether the whole text is well-formed. */
bool echo__utf8_valid(echo_bytes text);

#endif
