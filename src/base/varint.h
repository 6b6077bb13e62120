/*
 * Protobuf's varints.
 */
#ifndef ECHO_BASE_VARINT_H
#define ECHO_BASE_VARINT_H

#include <echo/base.h>

/* Reads a varint of up to ten bytes (bits above the 64th are dropped, as protobuf does); NULL when it is cut short or
 * longer. */
static inline const uint8_t *echo__varint_read(uint64_t *value, const uint8_t *at, const uint8_t *end) {
    *value = 0;
    for (unsigned shift = 0; shift < 70 && at < end; shift += 7) {
        uint8_t byte = *at++;
        if (shift < 64) *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return at;
    }
    return NULL;
}

#endif
