/*
 * Numbers of JSON text, read without the C library's conversions, which follow the locale; rounded to the nearest
 * double, ties to even.
 *
 * Algorithm: Eisel-Lemire (D. Lemire, "Number Parsing at a Gigabyte per Second", 2021): the first 19 digits times a
 * 128-bit power of ten, with a bound on the error of the product. Texts for which the bound leaves two doubles possible
 * are compared exactly, as big integers, with the middle of the two (W. Clinger, "How to Read Floating Point Numbers
 * Accurately", 1990).
 */
#ifndef ECHO_BASE_JSON_NUMBER_H
#define ECHO_BASE_JSON_NUMBER_H

#include "base/json_format.h"

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

/* Scans the number at *at, which moves to the byte after it, or to the offending byte. */
echo__json_scanned echo__json_scan_number(const uint8_t **at, const uint8_t *end, echo__json_scan *out);

#endif
