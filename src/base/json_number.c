#include "base/json_number.h"

#include <string.h>

#include "base/json_pow10.h"

#define WORD_DIGITS 19 /* decimal digits that always fit in 64 bits */
#define EXPONENT_CAP INT64_C(1000000000000)

/* A number as it stands in the text. */
typedef struct literal {
    const uint8_t *digits; /* first digit */
    const uint8_t *end;    /* after the last digit of the mantissa; there may be a point in between */
    int64_t exponent;      /* what follows the e */
} literal;

static bool is_digit(uint8_t c) { return (uint8_t)(c - '0') <= 9; }

static double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int leading_zeros(uint64_t x) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_clzll(x);
#else
    int n = 0;
    for (; !(x >> 63); x <<= 1) n++;
    return n;
#endif
}

/* What a word times a power of ten lies at: the double at or below it, and which way it rounds. */
typedef struct estimate {
    uint64_t down; /* bits of the double */
    bool up;       /* the next double is nearer (or even, in a tie) */
    bool unsure;   /* too near to the middle to tell with this precision */
} estimate;

#define INFINITE ((estimate){UINT64_C(0x7ff0000000000000), false, false})

/*
 * Eisel-Lemire: w * 10^q for w > 0. The product with the table's 128 bits is at or below the true value, by less than w
 * in its last place, which is at most 2 in the last place of its upper 128 bits; only values that close below the
 * middle of two doubles are unsure.
 */
static estimate scale(uint64_t w, int64_t q) {
    if (q > 308) return INFINITE;
    if (q < ECHO__JSON_POW10_MIN)
        return (estimate){0, false, false}; /* < 10^19 * 10^-343, less than half the smallest double */
    int shift = leading_zeros(w);
    w <<= shift;
    const uint64_t *power = echo__json_pow10[q - ECHO__JSON_POW10_MIN];
    uint64_t low, middle, carry = echo__mul64(w, power[1], &low), high = echo__mul64(w, power[0], &middle);
    middle += carry;
    if (middle < carry) high++;
    int e = (int)((q * 1741647) >> 19) + 64 - shift; /* of the leading bit: floor(log2(10^q)) + 64 - shift */
    if (!(high >> 63)) {
        high = high << 1 | middle >> 63;
        middle = middle << 1 | low >> 63;
        low <<= 1;
        e--;
    }
    if (e > 1023) return INFINITE;
    int drop = e >= -1022 ? 11 : 11 + (-1022 - e); /* bits of high below the double's last place */
    if (drop > 64) return (estimate){0, false, drop == 65 && high == UINT64_MAX && middle >= UINT64_MAX - 2};
    uint64_t mantissa = drop == 64 ? 0 : high >> drop;
    uint64_t rest = drop == 64 ? high : high & ((UINT64_C(1) << drop) - 1), half = UINT64_C(1) << (drop - 1);
    estimate out = {mantissa, rest >= half, false};
    if (e >= -1022) out.down = (uint64_t)(e + 1023) << 52 | (mantissa & UINT64_C(0x000fffffffffffff));
    if (q >= 0 && q <= ECHO__JSON_POW10_EXACT)
        out.up = rest > half || (rest == half && ((middle | low) != 0 || (mantissa & 1) != 0));
    else
        out.unsure = rest == half - 1 && middle >= UINT64_MAX - 2;
    return out;
}

/* Big integers, for the few texts that `scale` is unsure of. */
#define LIMBS 100        /* 3200 bits; the largest operand below has 2661 of mantissa and 54 of the double */
#define KEPT_DIGITS 800u /* the middle of two doubles has at most 767 */

typedef struct big {
    uint32_t limbs[LIMBS];
    size_t n;
} big;

static void big_multiply_add(big *b, uint32_t factor, uint32_t add) {
    uint64_t carry = add;
    for (size_t i = 0; i < b->n; i++) {
        carry += (uint64_t)b->limbs[i] * factor;
        b->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0 && b->n < LIMBS) b->limbs[b->n++] = (uint32_t)carry;
}

static void big_pow5(big *b, int64_t n) {
    for (; n >= 13; n -= 13) big_multiply_add(b, 1220703125u, 0);
    for (; n > 0; n--) big_multiply_add(b, 5, 0);
}

static void big_shift(big *b, int64_t bits) {
    for (; bits >= 31; bits -= 31) big_multiply_add(b, UINT32_C(1) << 31, 0);
    if (bits > 0) big_multiply_add(b, UINT32_C(1) << bits, 0);
}

static int big_compare(const big *a, const big *b) {
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    for (size_t i = a->n; i-- > 0;)
        if (a->limbs[i] != b->limbs[i]) return a->limbs[i] < b->limbs[i] ? -1 : 1;
    return 0;
}

/* The mantissa as an integer; returns the power of ten that goes with it. Digits beyond those that matter become a
 * single 1. */
static int64_t big_mantissa(big *b, const literal *text) {
    int64_t exponent = text->exponent;
    size_t kept = 0;
    bool fraction = false, lost = false;
    b->n = 0;
    for (const uint8_t *p = text->digits; p < text->end; p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        if (fraction) exponent--;
        if (kept == KEPT_DIGITS) {
            lost = lost || *p != '0';
            exponent++;
        } else if (kept > 0 || *p != '0') {
            big_multiply_add(b, 10, (uint32_t)(*p - '0'));
            kept++;
        }
    }
    if (!lost) return exponent;
    big_multiply_add(b, 10, 1);
    return exponent - 1;
}

/* Whether the text lies above the middle between the double `down` and the next, or in it and the next is even. */
static bool above_middle(const literal *text, uint64_t down) {
    uint64_t fraction = down & UINT64_C(0x000fffffffffffff);
    int biased = (int)(down >> 52);
    uint64_t middle = 2 * (biased == 0 ? fraction : fraction | UINT64_C(0x0010000000000000)) + 1;
    int64_t power2 = (biased == 0 ? 1 : biased) - 1076; /* the middle is `middle` * 2^power2 */
    big left, right = {{(uint32_t)middle, (uint32_t)(middle >> 32)}, middle >> 32 != 0 ? 2 : 1};
    int64_t power10 = big_mantissa(&left, text);
    big_pow5(power10 > 0 ? &left : &right, power10 > 0 ? power10 : -power10);
    power2 -= power10;
    big_shift(power2 > 0 ? &right : &left, power2 > 0 ? power2 : -power2);
    int order = big_compare(&left, &right);
    return order > 0 || (order == 0 && (down & 1) != 0);
}

/* The nearest double's bits; infinity on overflow. */
static uint64_t convert(const literal *text) {
    uint64_t w = 0;
    int64_t q = text->exponent;
    size_t taken = 0;
    bool fraction = false, lost = false;
    for (const uint8_t *p = text->digits; p < text->end; p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        if (fraction) q--;
        if (taken == WORD_DIGITS) {
            lost = lost || *p != '0';
            q++;
        } else if (taken > 0 || *p != '0') {
            w = w * 10 + (uint64_t)(*p - '0');
            taken++;
        }
    }
    if (w == 0) return 0;
    estimate at = scale(w, q);
    bool unsure = at.unsure;
    if (lost) {
        estimate above = scale(w + 1, q);
        unsure = unsure || above.unsure || above.down + above.up != at.down + at.up;
    }
    return at.down + (unsure ? above_middle(text, at.down) : at.up);
}

/* An integer beyond 64 bits is read when its text is the canonical one of a double, as doubles up to 1e21 are printed.
 */
static echo__json_scanned long_integer(const literal *text, echo__json_scan *out) {
    char canonical[ECHO__JSON_NUMBER_CHARS];
    uint64_t bits = convert(text);
    if (bits >> 52 == 0x7ff) return ECHO__JSON_OVERFLOW;
    out->value = from_bits(bits);
    size_t n = (size_t)(text->end - text->digits);
    if (echo__json_format_double(canonical, out->value) != n || memcmp(canonical, text->digits, n) != 0)
        return ECHO__JSON_IMPRECISE;
    if (out->negative) out->value = -out->value;
    return ECHO__JSON_DOUBLE;
}

/* `word` is the integer's value when it has at most 19 digits. */
static echo__json_scanned integer(const literal *text, uint64_t word, echo__json_scan *out) {
    size_t n = (size_t)(text->end - text->digits);
    if (n > WORD_DIGITS + 1) return long_integer(text, out);
    if (n == WORD_DIGITS + 1) {
        uint64_t last = (uint64_t)(text->end[-1] - '0');
        for (word = 0, n = 0; n < WORD_DIGITS; n++) word = word * 10 + (uint64_t)(text->digits[n] - '0');
        if (word > (UINT64_MAX - last) / 10) return long_integer(text, out);
        word = word * 10 + last;
    }
    if (word <= ECHO__JSON_INTEGER_MAX) {
        out->value = out->negative ? -(double)word : (double)word;
        return ECHO__JSON_DOUBLE;
    }
    if (out->negative && word > UINT64_C(1) << 63) return long_integer(text, out);
    out->magnitude = word;
    return ECHO__JSON_INTEGER;
}

static const uint8_t *digits(const uint8_t *p, const uint8_t *end, uint64_t *word) {
    uint64_t w = *word; /* wraps when there are too many; the caller counts them */
    for (; p < end && is_digit(*p); p++) w = w * 10 + (uint64_t)(*p - '0');
    *word = w;
    return p;
}

static const uint8_t *exponent(const uint8_t *p, const uint8_t *end, int64_t *out) {
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    int64_t value = 0;
    for (; p < end && is_digit(*p); p++)
        if (value < EXPONENT_CAP) value = value * 10 + (*p - '0');
    *out = negative ? -value : value;
    return p;
}

echo__json_scanned echo__json_scan_number(const uint8_t **at, const uint8_t *end, echo__json_scan *out) {
    const uint8_t *p = *at;
    uint64_t word = 0;
    *out = (echo__json_scan){0, 0, p < end && *p == '-'};
    if (out->negative) p++;
    literal text = {p, p, 0};
    p = digits(p, end, &word);
    *at = p;
    if (p == text.digits) return ECHO__JSON_MALFORMED;
    if (*text.digits == '0' && p - text.digits > 1) {
        *at = text.digits + 1;
        return ECHO__JSON_MALFORMED; /* no leading zeros */
    }
    text.end = p;
    size_t point = 0;
    if (p < end && *p == '.') {
        p = digits(p + 1, end, &word);
        point = (size_t)(p - text.end) - 1;
        text.end = *at = p;
        if (point == 0) return ECHO__JSON_MALFORMED;
    } else if (p == end || (*p | 0x20) != 'e') {
        return integer(&text, word, out);
    }
    if (p < end && (*p | 0x20) == 'e') {
        p = exponent(p + 1, end, &text.exponent);
        *at = p;
        if (!is_digit(p[-1])) return ECHO__JSON_MALFORMED;
    }
    uint64_t bits;
    estimate fast;
    if (text.end - text.digits <= WORD_DIGITS && word != 0 &&
        !(fast = scale(word, text.exponent - (int64_t)point)).unsure)
        bits = fast.down + fast.up;
    else
        bits = convert(&text);
    if (bits >> 52 == 0x7ff) return ECHO__JSON_OVERFLOW;
    out->value = out->negative ? -from_bits(bits) : from_bits(bits);
    return ECHO__JSON_DOUBLE;
}
