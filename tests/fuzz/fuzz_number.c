/*
 * Numbers of JSON, against the C library's conversions (in the C locale): the input as text, and its first eight bytes
 * as a double, whose text must be the shortest that reads back.
 */
#include <errno.h>
#include <math.h>

#include "base/format.h"
#include "base/json_number.h"
#include "fuzz.h"

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static unsigned digits_in(const char *text, size_t len) {
    unsigned digits = 0, zeros = 0;
    for (size_t i = 0; i < len && text[i] != 'e'; i++) {
        if (text[i] < '0' || text[i] > '9' || (text[i] == '0' && digits == 0)) continue;
        digits++;
        zeros = text[i] == '0' ? zeros + 1 : 0;
    }
    return digits - zeros;
}

static void print(double value) {
    char text[ECHO__JSON_NUMBER_CHARS + 1], other[64];
    echo__json_scan scan;
    if (!isfinite(value)) return;
    size_t len = echo__json_format_double(text, value);
    FUZZ_CHECK(len > 0 && len <= ECHO__JSON_NUMBER_CHARS);
    text[len] = '\0';
    FUZZ_CHECK(bits_of(strtod(text, NULL)) == bits_of(value));
    const uint8_t *at = (const uint8_t *)text;
    echo__json_scanned scanned = echo__json_scan_number(&at, at + len, &scan);
    FUZZ_CHECK(at == (const uint8_t *)text + len);
    if (scanned == ECHO__JSON_INTEGER)
        FUZZ_CHECK(fabs(value) > (double)ECHO__JSON_INTEGER_MAX && (double)scan.magnitude == fabs(value));
    else
        FUZZ_CHECK(scanned == ECHO__JSON_DOUBLE && bits_of(scan.value) == bits_of(value));
    unsigned digits = digits_in(text, len);
    if (digits < 2) return;
    (void)snprintf(other, sizeof other, "%.*e", (int)digits - 2, value); /* one digit less does not do */
    FUZZ_CHECK(bits_of(strtod(other, NULL)) != bits_of(value));
}

static void read_text(const char *text, size_t len) {
    echo__json_scan scan;
    const uint8_t *start = (const uint8_t *)text, *at = start;
    char *end;
    echo__json_scanned scanned = echo__json_scan_number(&at, start + len, &scan);
    FUZZ_CHECK(at >= start && at <= start + len);
    if (scanned == ECHO__JSON_MALFORMED) return;
    size_t used = (size_t)(at - start);
    FUZZ_CHECK(used > 0);
    char *number = (char *)fuzz_copy(echo__bytes(text, used), true);
    errno = 0;
    double theirs = strtod(number, &end);
    FUZZ_CHECK(end == number + used);
    if (scanned == ECHO__JSON_OVERFLOW) FUZZ_CHECK(!isfinite(theirs));
    if (scanned == ECHO__JSON_DOUBLE) FUZZ_CHECK(bits_of(scan.value) == bits_of(theirs));
    if (scanned == ECHO__JSON_INTEGER) {
        errno = 0;
        FUZZ_CHECK(strtoull(number + (scan.negative ? 1 : 0), &end, 10) == scan.magnitude && errno == 0 &&
                   end == number + used);
        FUZZ_CHECK(scan.magnitude > ECHO__JSON_INTEGER_MAX && (!scan.negative || scan.magnitude <= UINT64_C(1) << 63));
    }
    if (scanned == ECHO__JSON_IMPRECISE)
        FUZZ_CHECK(fabs(theirs) >= 9223372036854775807.0 && strpbrk(number, ".eE") == NULL);
    free(number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = (char *)fuzz_copy(echo__bytes(data, size), false);
    read_text(text, size);
    free(text);
    if (size >= sizeof(double)) {
        double value;
        memcpy(&value, data, sizeof value);
        print(value);
    }
    fuzz_input in = fuzz_input_of(data, size);
    char digits[21];
    uint64_t number = fuzz_u64(&in, 8);
    size_t len = echo__format_u64(digits, number);
    FUZZ_CHECK(len > 0 && len <= 20);
    digits[len] = '\0';
    FUZZ_CHECK(strtoull(digits, NULL, 10) == number);
    return 0;
}
