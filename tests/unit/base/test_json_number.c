/* Doubles as text: ECMAScript's own output, every bit pattern reads back, reading rounds as IEEE 754 asks, no locale
 * matters. */
#include "support/test.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/format.h"
#include "base/json_number.h"
#include "base/json_pow10.h"
#include "support/random.h"

static const struct {
    uint64_t bits;
    const char *text;
} vectors[] = {
#include "json_numbers.inc"
};

static double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t to_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static const char *print(double value) {
    static char text[ECHO__JSON_NUMBER_CHARS + 1];
    memset(text, '#', sizeof text);
    size_t len = echo__json_format_double(text, value);
    assert_true(len < sizeof text);
    text[len] = '\0';
    return text;
}

static echo__json_scanned scan(const char *text, echo__json_scan *out) {
    const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
    echo__json_scanned form = echo__json_scan_number(&at, end, out);
    if (form != ECHO__JSON_MALFORMED) assert_ptr_equal(at, end);
    return form;
}

static double read_text(const char *text) {
    echo__json_scan number;
    echo__json_scanned form = scan(text, &number);
    if (form == ECHO__JSON_OVERFLOW) return text[0] == '-' ? -INFINITY : INFINITY;
    if (form == ECHO__JSON_INTEGER) return number.negative ? -(double)number.magnitude : (double)number.magnitude;
    if (form != ECHO__JSON_DOUBLE) fail_msg("%s is read as form %d", text, (int)form);
    return number.value;
}

static void prints_as_ecmascript(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        assert_string_equal(print(from_bits(vectors[i].bits)), vectors[i].text);
        if (to_bits(read_text(vectors[i].text)) != vectors[i].bits)
            fail_msg("%s reads as %a", vectors[i].text, read_text(vectors[i].text));
    }
}

static uint64_t pattern(test_random *random, int kind) {
    uint64_t bits = test_random_u64(random);
    switch (kind) {
    case 0: return bits & UINT64_C(0x800fffffffffffff);                                      /* subnormal */
    case 1: return (bits & UINT64_C(0xfff0000000000000)) + test_random_below(random, 9) - 4; /* about a power of two */
    case 2: return to_bits((double)(bits >> test_random_below(random, 64)));                 /* integer */
    case 3: return to_bits((double)(1125899906842624 + test_random_below(random, 8000)) / 8);
    case 4: return to_bits((double)(bits >> 24) / pow(10, (double)test_random_below(random, 20)));
    default: return bits;
    }
}

static void every_pattern_reads_back(void **state) {
    (void)state;
    test_random random = {1};
    for (int i = 0; i < 150000; i++) {
        uint64_t bits = pattern(&random, i % 8);
        if (!isfinite(from_bits(bits))) continue;
        const char *text = print(from_bits(bits));
        if (to_bits(read_text(text)) != bits)
            fail_msg("%016llx prints as %s, reads as %a", (unsigned long long)bits, text, read_text(text));
    }
}

/* No text with fewer digits reads back: what %.*e gives is the nearest with that many. */
static void digits_are_shortest(void **state) {
    (void)state;
    test_random random = {2};
    for (int i = 0; i < 30000; i++) {
        double value = fabs(from_bits(pattern(&random, i % 8)));
        if (!isfinite(value) || value == 0) continue;
        int printed = 0, zeros = 0;
        bool leading = true;
        for (const char *p = print(value); *p != '\0' && *p != 'e'; p++) {
            if (*p == '.' || (leading && *p == '0')) continue;
            leading = false;
            printed++;
            zeros = *p == '0' ? zeros + 1 : 0;
        }
        printed -= zeros;
        char text[64];
        if (printed > 1) {
            snprintf(text, sizeof text, "%.*e", printed - 2, value);
            if (strtod(text, NULL) == value) fail_msg("%s is shorter than %s", text, print(value));
        }
    }
}

/* Against the C library's strtod, which rounds correctly: random texts, and texts at, just above and just below the
 * middle of two doubles. */
static void check_reading(const char *text) {
    double expected = strtod(text, NULL), got = read_text(text);
    if (to_bits(expected) != to_bits(got)) fail_msg("%s reads as %a, not %a", text, got, expected);
}

static void reading_rounds_to_nearest(void **state) {
    (void)state;
    test_random random = {3};
    char text[1200];
    for (int i = 0; i < 40000; i++) {
        double value = from_bits(pattern(&random, i % 8));
        if (!isfinite(value)) continue;
        snprintf(text, sizeof text, "%.*e", (int)test_random_below(&random, 40), value);
        check_reading(text);
        int exponent = (int)test_random_below(&random, 800) - 400;
        unsigned long long fraction = test_random_u64(&random), whole = test_random_u64(&random);
        snprintf(text, sizeof text, "%llu.%llue%d", whole, fraction, exponent);
        check_reading(text);
    }
}

static void reading_the_middle(void **state) {
    (void)state;
#if LDBL_MANT_DIG < 64
    print_message("skipped: long double is no wider than double\n");
    skip();
#else
    test_random random = {4};
    char text[1200];
    for (int i = 0; i < 10000; i++) {
        double value = fabs(from_bits(pattern(&random, i % 8))), next = nextafter(value, INFINITY);
        if (!isfinite(next) || value == 0) continue;
        snprintf(text, sizeof text, "%.770Le", ((long double)value + (long double)next) / 2); /* all its digits */
        check_reading(text);
        char *e = strchr(text, 'e'), *digit = e - 1;
        memmove(e + 1, e, strlen(e) + 1);
        *e = '1';
        check_reading(text); /* a little above */
        *e = '0';
        while (*digit == '0' || *digit == '.') digit--;
        if (digit == text) continue;
        *digit = (char)(*digit - 1);
        for (digit++; digit <= e; digit++) *digit = *digit == '0' ? '9' : *digit;
        check_reading(text); /* a little below */
    }
#endif
}

static void reading_hard_cases(void **state) {
    (void)state;
    static const char *texts[] = {
        "2.2250738585072011e-308",
        "2.2250738585072012e-308",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.5e-324",
        "1e-400",
        "0e999999999999999999999",
        "0.0e-99999999999999999999",
        "1e-99999999999999999999",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e309",
        "1e99999999999999999999",
        "-1e310",
        "9007199254740993.0",
        "9007199254740992.999999999999999999999999",
        "9007199254740993.00000000000000000000000000001",
        "1125899906842624.125",
        "1125899906842624.375",
        "0.000000000000000000000000000000000000000000000000000000001e57",
        "100000000000000000000000000000000000000000000000000000000000000000000000e-71",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check_reading(texts[i]);
    /* Half the smallest double exactly, and a digit 900 places further on. */
    static char text[2200];
    int n = snprintf(text, sizeof text, "%.*e", 1000, 5e-324);
    assert_true(n > 0);
    check_reading(text);
    snprintf(text, sizeof text, "%.800Le", (long double)5e-324 / 2);
    check_reading(text);
    char *e = strchr(text, 'e');
    memmove(e + 900, e, strlen(e) + 1);
    memset(e, '0', 900);
    e[899] = '1';
    check_reading(text);
}

static void integers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        echo__json_scanned form;
        uint64_t magnitude;
    } cases[] = {
        {"0", ECHO__JSON_DOUBLE, 0},
        {"9007199254740991", ECHO__JSON_DOUBLE, 0},
        {"9007199254740992", ECHO__JSON_DOUBLE, 0},
        {"-9007199254740992", ECHO__JSON_DOUBLE, 0},
        {"9007199254740993", ECHO__JSON_INTEGER, UINT64_C(9007199254740993)},
        {"-9007199254740993", ECHO__JSON_INTEGER, UINT64_C(9007199254740993)},
        {"9223372036854775807", ECHO__JSON_INTEGER, INT64_MAX},
        {"-9223372036854775808", ECHO__JSON_INTEGER, UINT64_C(9223372036854775808)},
        {"-9223372036854775809", ECHO__JSON_IMPRECISE, 0},
        {"-9223372036854776000", ECHO__JSON_DOUBLE, 0}, /* how -2^63 is printed */
        {"9999999999999999999", ECHO__JSON_INTEGER, UINT64_C(9999999999999999999)},
        {"10000000000000000000", ECHO__JSON_INTEGER, UINT64_C(10000000000000000000)},
        {"18446744073709551615", ECHO__JSON_INTEGER, UINT64_MAX},
        {"18446744073709551616", ECHO__JSON_IMPRECISE, 0},
        {"18446744073709552000", ECHO__JSON_DOUBLE, 0}, /* how 2^64 is printed */
        {"-18446744073709551615", ECHO__JSON_IMPRECISE, 0},
        {"123456789012345680000", ECHO__JSON_DOUBLE, 0},
        {"123456789012345678901", ECHO__JSON_IMPRECISE, 0},
        {"1000000000000000000000", ECHO__JSON_IMPRECISE, 0}, /* printed as 1e+21 */
        {"99999999999999999999999999999999999999999", ECHO__JSON_IMPRECISE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        echo__json_scan number;
        echo__json_scanned form = scan(cases[i].text, &number);
        if (form != cases[i].form)
            fail_msg("%s is read as form %d, not %d", cases[i].text, (int)form, (int)cases[i].form);
        assert_int_equal(number.negative, cases[i].text[0] == '-');
        if (form == ECHO__JSON_INTEGER) assert_true(number.magnitude == cases[i].magnitude);
        if (form == ECHO__JSON_DOUBLE) assert_string_equal(print(number.value), cases[i].text);
    }
    char digits[ECHO__JSON_NUMBER_CHARS + 1];
    digits[echo__format_u64(digits, UINT64_MAX)] = '\0';
    assert_string_equal(digits, "18446744073709551615");
}

static void malformed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {{"", 0},     {"-", 1},  {"-a", 1},   {"+1", 0}, {".5", 0},  {"01", 1},
                 {"-012", 2}, {"1.", 2}, {"1.e5", 2}, {"1e", 2}, {"1e+", 3}, {"1e-x", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        echo__json_scan number;
        const uint8_t *begin = (const uint8_t *)cases[i].text, *at = begin;
        assert_int_equal(echo__json_scan_number(&at, begin + strlen(cases[i].text), &number), ECHO__JSON_MALFORMED);
        assert_int_equal(at - begin, cases[i].at);
    }
}

/* What the linked compiler does with 128 bits, and the form for those that have none, is the same schoolbook product.
 */
static void products(void **state) {
    (void)state;
    test_random random = {5};
    for (int i = 0; i < 1000; i++) {
        uint64_t a = test_random_u64(&random), b = test_random_u64(&random), low, high = echo__mul64(a, b, &low);
        assert_true(low == a * b);
        uint64_t estimate = (uint64_t)((long double)a * (long double)b / 18446744073709551616.0L);
        assert_true(high - estimate + 2 <= 4 || sizeof(long double) == sizeof(double));
    }
    uint64_t low;
    assert_true(echo__mul64(UINT64_MAX, UINT64_MAX, &low) == UINT64_MAX - 1 && low == 1);
}

/* The table of powers is right to its last bit: numbers of 32-bit limbs, lowest first. */
enum { LIMBS = 42 };

static void multiply(uint32_t *n, uint32_t factor) {
    uint64_t carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        carry += (uint64_t)n[i] * factor;
        n[i] = (uint32_t)carry;
        carry >>= 32;
    }
    assert_true(carry == 0);
}

static size_t length(const uint32_t *n) { /* in bits */
    size_t i = LIMBS;
    while (i > 0 && n[i - 1] == 0) i--;
    size_t bits = 32 * i;
    while (bits > 0 && !(n[(bits - 1) / 32] >> (bits - 1) % 32)) bits--;
    return bits;
}

static unsigned bit(const uint32_t *n, size_t i) { return n[i / 32] >> i % 32 & 1; }

static void halves(uint32_t *n, const uint64_t entry[2]) {
    memset(n, 0, LIMBS * sizeof *n);
    for (size_t i = 0; i < 4; i++) n[i] = (uint32_t)(entry[1 - i / 2] >> 32 * (i % 2));
}

static void powers_of_ten(void **state) {
    (void)state;
    uint32_t power[LIMBS] = {1}, product[LIMBS];
    for (int q = 0; q <= ECHO__JSON_POW10_MAX; q++) {
        const uint64_t *entry = echo__json_pow10[q - ECHO__JSON_POW10_MIN];
        size_t len = length(power);
        for (size_t i = 0; i < 128; i++) /* its upper 128 bits */
            assert_int_equal(entry[i / 64] >> (63 - i % 64) & 1, i < len ? bit(power, len - 1 - i) : 0);
        for (size_t i = 128; i < len && q <= ECHO__JSON_POW10_EXACT; i++) assert_int_equal(bit(power, len - 1 - i), 0);
        multiply(power, 10);
    }
    for (int q = -1; q >= ECHO__JSON_POW10_MIN; q--) { /* entry * 10^-q <= 2^n < (entry + 1) * 10^-q */
        const uint64_t *entry = echo__json_pow10[q - ECHO__JSON_POW10_MIN];
        assert_true(entry[0] >> 63);
        for (uint64_t above = 0; above < 2; above++) {
            uint64_t plus[2] = {entry[0] + (entry[1] + above < above), entry[1] + above};
            halves(product, plus);
            for (int i = 0; i < -q; i++) multiply(product, 10);
            size_t n = 0;
            for (memset(power, 0, sizeof power), power[0] = 1; n < (size_t)-q; n++) multiply(power, 10);
            n = length(power) + 127; /* the exponent that makes the entry 128 bits long */
            assert_int_equal(length(product), above ? n + 1 : n);
        }
    }
}

static bool comma_locale(char *dir) {
    static const char *names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_ALL, names[i]) != NULL && strcmp(localeconv()->decimal_point, ",") == 0) return true;
    char command[300];
    if (mkdtemp(dir) == NULL) return false;
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >/dev/null 2>&1", dir);
    if (system(command) != 0) return false;
    setenv("LOCPATH", dir, 1);
    return setlocale(LC_ALL, "de_DE.UTF-8") != NULL && strcmp(localeconv()->decimal_point, ",") == 0;
}

static void locale_does_not_matter(void **state) {
    (void)state;
    char dir[] = "/tmp/echo-locale-XXXXXX";
    bool found = comma_locale(dir);
    if (found) {
        char text[32];
        snprintf(text, sizeof text, "%.2f", 0.5);
        assert_string_equal(text, "0,50"); /* the C library does follow it */
        assert_string_equal(print(1234.5), "1234.5");
        assert_true(read_text("1234.5") == 1234.5);
        prints_as_ecmascript(state);
    }
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    if (strstr(dir, "XXXXXX") == NULL) {
        char command[64];
        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        assert_int_equal(system(command), 0);
    }
    if (!found) {
        print_message("skipped: no locale with a decimal comma is installed, and localedef cannot make one\n");
        skip();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_as_ecmascript),
        cmocka_unit_test(every_pattern_reads_back),
        cmocka_unit_test(digits_are_shortest),
        cmocka_unit_test(reading_rounds_to_nearest),
        cmocka_unit_test(reading_the_middle),
        cmocka_unit_test(reading_hard_cases),
        cmocka_unit_test(integers),
        cmocka_unit_test(malformed),
        cmocka_unit_test(products),
        cmocka_unit_test(powers_of_ten),
        cmocka_unit_test(locale_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
