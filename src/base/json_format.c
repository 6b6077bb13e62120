#include "base/json_format.h"

#include <math.h>
#include <string.h>

#include "base/format.h"
#include "base/json_pow10.h"

/* The shortest decimal that reads back as the double, the one nearest to it when there are several. */
typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

/* floor(g * cp / 2^128), with its lowest bit set when bits were lost that matter to a comparison. */
static uint64_t round_to_odd(uint64_t high, uint64_t low, uint64_t cp) {
    uint64_t x0, y0, x1 = echo__mul64(low, cp, &x0), y1 = echo__mul64(high, cp, &y0);
    y0 += x1;
    if (y0 < x1) y1++;
    return y1 | (y0 > 1);
}

/* Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020) for 0 < value < infinity. */
static decimal shortest(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & (UINT64_C(0x000fffffffffffff));
    int biased = (int)(bits >> 52 & 0x7ff);
    uint64_t c = biased == 0 ? fraction : fraction | UINT64_C(0x0010000000000000);
    int q = (biased == 0 ? 1 : biased) - 1075;           /* value = c * 2^q */
    bool closer = fraction == 0 && biased > 1;           /* the neighbour below is nearer than the one above */
    int k = (q * 1262611 - (closer ? 524031 : 0)) >> 22; /* floor(log10(width of the interval that reads back)) */
    int h = q + ((-k * 1741647) >> 19) + 1;              /* q + floor(log2(10^-k)) + 1 */
    uint64_t high = echo__json_pow10[-k - ECHO__JSON_POW10_MIN][0],
             low = echo__json_pow10[-k - ECHO__JSON_POW10_MIN][1];
    if ((-k < 0 || -k > ECHO__JSON_POW10_EXACT) && ++low == 0) high++;

    uint64_t vb = round_to_odd(high, low, (4 * c) << h);
    uint64_t open = c & 1; /* the interval holds its ends when ties to even lead to c */
    uint64_t lower = round_to_odd(high, low, (4 * c - 2 + closer) << h) + open;
    uint64_t upper = round_to_odd(high, low, (4 * c + 2) << h) - open;
    uint64_t s = vb / 4;
    if (s >= 10) { /* one digit less, if that still reads back */
        uint64_t t = s / 10;
        bool down = lower <= 40 * t, up = 40 * t + 40 <= upper;
        if (down != up) return (decimal){t + up, k + 1};
    }
    bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down != up) return (decimal){s + up, k};
    uint64_t middle = 4 * s + 2;
    return (decimal){s + (vb > middle || (vb == middle && (s & 1) != 0)), k};
}

static char *zeros(char *out, int n) {
    memset(out, '0', (size_t)n);
    return out + n;
}

static char *copy(char *out, const char *from, int n) {
    memcpy(out, from, (size_t)n);
    return out + n;
}

/* ECMA-262, Number::toString: n is where the decimal point stands in the digits. */
static char *lay_out(char *out, decimal d) {
    while (d.digits % 10000 == 0) d = (decimal){d.digits / 10000, d.exponent + 4};
    while (d.digits % 10 == 0) d = (decimal){d.digits / 10, d.exponent + 1};
    char digits[ECHO__JSON_NUMBER_CHARS];
    int count = (int)echo__format_u64(digits, d.digits), n = count + d.exponent;
    if (n >= count && n <= 21) return zeros(copy(out, digits, count), n - count);
    if (n > 0 && n <= 21) {
        out = copy(out, digits, n);
        *out++ = '.';
        return copy(out, digits + n, count - n);
    }
    if (n > -6 && n <= 0) return copy(zeros(copy(out, "0.", 2), -n), digits, count);
    *out++ = digits[0];
    if (count > 1) *out++ = '.';
    out = copy(out, digits + 1, count - 1);
    *out++ = 'e';
    *out++ = n > 0 ? '+' : '-';
    return out + echo__format_u64(out, (uint64_t)(n > 0 ? n - 1 : 1 - n));
}

size_t echo__json_format_double(char out[ECHO__JSON_NUMBER_CHARS], double value) {
    char *at = out;
    if (signbit(value)) {
        *at++ = '-';
        value = -value;
    }
    if (value <= (double)ECHO__JSON_INTEGER_MAX && value == (double)(uint64_t)value)
        return (size_t)(at - out) + echo__format_u64(at, (uint64_t)value);
    return (size_t)(lay_out(at, shortest(value)) - out);
}
