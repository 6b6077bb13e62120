/*
 * Deltas: what is told by the lines of a base is the same chunk again.   ECHO_TEST_SEED=n: only that seed.
 */
#include "exchange/delta.h"

#include "support/fault.h"
#include "unit/tree/tree_support.h"

#define MOST ((size_t)1 << 20)

static void add_line(echo__buf *out, test_random *rng, unsigned kinds) {
    echo__buf_text(out, "line ");
    echo__buf_u64(out, test_random_below(rng, kinds));
    for (uint64_t n = test_random_below(rng, 30); n > 0; n--) echo__buf_byte(out, 'x');
    echo__buf_byte(out, '\n');
}

/* The base with lines taken out, put in, repeated and moved, as often as not without the last newline. */
static void edit(echo__buf *out, echo_bytes base, test_random *rng, unsigned kinds) {
    const uint8_t *at = base.data, *end = base.data + base.len;
    while (at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *next = newline == NULL ? end : newline + 1;
        uint64_t what = test_random_below(rng, 12);
        if (what == 0) add_line(out, rng, kinds);
        if (what != 1) echo__buf_append(out, at, (size_t)(next - at));
        if (what == 2) echo__buf_append(out, at, (size_t)(next - at));
        if (what == 3 && out->len > 0) { /* back to some line before */
            size_t back = (size_t)test_random_below(rng, out->len);
            while (back > 0 && out->data[back - 1] != '\n') back--;
            echo__buf copy = ECHO__BUF_INIT;
            echo__buf_append(&copy, out->data + back, out->len - back < 200 ? out->len - back : 200);
            echo__buf_append(out, copy.data, copy.len);
            echo__buf_free(&copy);
        }
        at = next;
    }
    if (out->len > 0 && test_random_below(rng, 3) == 0) out->len--;
}

static echo_status apply(echo__buf *out, echo_bytes base, echo_bytes delta, size_t most) {
    echo__buf_clear(out);
    return echo__delta_apply(out, base, delta, most);
}

static void round_trip(uint64_t seed) {
    test_random rng = {seed};
    echo__buf base = ECHO__BUF_INIT, chunk = ECHO__BUF_INIT, prints = ECHO__BUF_INIT, delta = ECHO__BUF_INIT,
              made = ECHO__BUF_INIT;
    unsigned kinds = 1 + (unsigned)test_random_below(&rng, 400);
    for (uint64_t n = test_random_below(&rng, 400); n > 0; n--) add_line(&base, &rng, kinds);
    edit(&chunk, echo__buf_bytes(&base), &rng, kinds);
    if (chunk.len == 0) add_line(&chunk, &rng, kinds);
    size_t count = echo__delta_prints(&prints, echo__buf_bytes(&base));
    assert_in_range(count, 0, ECHO__DELTA_LINES);
    assert_int_equal(prints.len, count * ECHO__DELTA_PRINT);
    echo__delta_make(&delta, echo__buf_bytes(&chunk), echo__buf_bytes(&prints));
    if (apply(&made, echo__buf_bytes(&base), echo__buf_bytes(&delta), chunk.len) != ECHO_OK || made.len != chunk.len ||
        memcmp(made.data, chunk.data, chunk.len) != 0)
        fail_msg("seed %llu: another chunk", (unsigned long long)seed);
    assert_status(apply(&made, echo__buf_bytes(&base), echo__buf_bytes(&delta), chunk.len - 1), ECHO_ERR_LIMIT);
    /* cut anywhere it is refused or gives less; with a bit changed it is never longer than it may be */
    for (unsigned i = 0; i < 50 && delta.len > 0; i++) {
        size_t len = (size_t)test_random_below(&rng, delta.len);
        uint8_t *copy = malloc(delta.len);
        memcpy(copy, delta.data, delta.len);
        echo_status status = apply(&made, echo__buf_bytes(&base), echo__bytes(copy, len), MOST);
        if (status == ECHO_OK && made.len >= chunk.len)
            fail_msg("seed %llu: cut at %zu it is whole", (unsigned long long)seed, len);
        if (status != ECHO_OK) assert_status(status, ECHO_ERR_CORRUPT);
        size_t at = (size_t)test_random_below(&rng, delta.len);
        copy[at] ^= (uint8_t)(1u << test_random_below(&rng, 8));
        status = apply(&made, echo__buf_bytes(&base), echo__bytes(copy, delta.len), chunk.len);
        if (status != ECHO_OK && status != ECHO_ERR_CORRUPT && status != ECHO_ERR_LIMIT)
            fail_msg("seed %llu", (unsigned long long)seed);
        assert_in_range(made.len, 0, chunk.len);
        free(copy);
    }
    echo__buf_free(&base);
    echo__buf_free(&chunk);
    echo__buf_free(&prints);
    echo__buf_free(&delta);
    echo__buf_free(&made);
}

static void test_round_trip(void **state) {
    (void)state;
    const char *given = getenv("ECHO_TEST_SEED");
    uint64_t from = given == NULL ? 1 : strtoull(given, NULL, 10), n = given == NULL ? 300 : 1;
    (void)fprintf(stderr, "seeds %llu..%llu\n", (unsigned long long)from, (unsigned long long)(from + n - 1));
    for (uint64_t seed = from; seed < from + n; seed++) round_trip(seed);
}

/* One changed line among many is that line and two copies. */
static void test_small(void **state) {
    (void)state;
    echo__buf base = ECHO__BUF_INIT, chunk = ECHO__BUF_INIT, prints = ECHO__BUF_INIT, delta = ECHO__BUF_INIT;
    for (unsigned i = 0; i < 256; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "line %u\n", i);
        echo__buf_text(&base, line);
        echo__buf_text(&chunk, i == 100 ? "changed\n" : line);
    }
    assert_int_equal(echo__delta_prints(&prints, echo__buf_bytes(&base)), 256);
    echo__delta_make(&delta, echo__buf_bytes(&chunk), echo__buf_bytes(&prints));
    assert_int_equal(delta.len, 3 + 5 + sizeof "changed\n" - 1 + 3);
    echo__buf_clear(&delta); /* and a chunk that is the base itself is one copy */
    echo__delta_make(&delta, echo__buf_bytes(&base), echo__buf_bytes(&prints));
    assert_int_equal(delta.len, 3);
    echo__buf_free(&base);
    echo__buf_free(&chunk);
    echo__buf_free(&prints);
    echo__buf_free(&delta);
}

#define FEED(digit)                                                                                                    \
    "\"" digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit "\""

/* The leaf of 16 records by feed 5…; `changed` (below 16) is another record, by `feed`. */
static void make_leaf(echo__buf *out, unsigned changed, const char *feed, size_t *record_len) {
    echo__buf lines = ECHO__BUF_INIT;
    for (unsigned i = 0; i < 16; i++) {
        char line[512];
        int len = snprintf(
            line, sizeof line,
            "{\"id\":\"item/%03u\",\"type\":\"t\",\"model\":\"m\",\"version\":1,\"at\":{\"genesis\":[%u,%s,%u]},"
            "\"state\":{\"feeds\":[%s],\"n\":%u}}\n",
            i, i + 1, FEED("5555"), i, i == changed ? feed : FEED("5555"), i + (i == changed));
        if (i == changed) *record_len = (size_t)len;
        echo__buf_text(&lines, line);
    }
    assert_ok(echo__leaf_pack(out, echo__buf_bytes(&lines), SIZE_MAX, NULL));
    echo__buf_free(&lines);
}

static void records_of(echo__buf *out, const echo__buf *leaf) {
    assert_true(echo__delta_is_leaf(echo__buf_bytes(leaf)));
    assert_ok(echo__delta_records(out, echo__buf_bytes(leaf), NULL));
    assert_in_range(out->len, leaf->len, echo__delta_records_max(16, leaf->len));
}

/* A feed that is new to a leaf changes each of its lines, and only one of its records: that is what a delta costs. */
static void test_new_feed(void **state) {
    (void)state;
    echo__buf base = ECHO__BUF_INIT, leaf = ECHO__BUF_INIT, here = ECHO__BUF_INIT, there = ECHO__BUF_INIT,
              prints = ECHO__BUF_INIT, delta = ECHO__BUF_INIT, made = ECHO__BUF_INIT, packed = ECHO__BUF_INIT;
    size_t len = 0;
    make_leaf(&base, 16, NULL, &len);
    make_leaf(&leaf, 7, FEED("1111"), &len);
    records_of(&here, &base);
    records_of(&there, &leaf);
    assert_int_equal(echo__delta_prints(&prints, echo__buf_bytes(&here)), 16);
    echo__delta_make(&delta, echo__buf_bytes(&there), echo__buf_bytes(&prints));
    assert_int_equal(delta.len, 3 + 5 + len + 3);
    assert_ok(apply(&made, echo__buf_bytes(&here), echo__buf_bytes(&delta), there.len));
    assert_ok(echo__leaf_pack(&packed, echo__buf_bytes(&made), leaf.len, NULL));
    assert_int_equal(packed.len, leaf.len);
    assert_memory_equal(packed.data, leaf.data, leaf.len);
    echo__buf *all[] = {&base, &leaf, &here, &there, &prints, &delta, &made, &packed};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) echo__buf_free(all[i]);
}

/* What no record can exceed holds for the most that a leaf can refer to, and has an end for any numbers. */
static void test_records_max(void **state) {
    (void)state;
    static const char one[] = "{\"id\":\"a\",\"type\":\"t\",\"model\":\"m\",\"version\":4294967294,\"at\":{"
                              "\"deleted\":[18446744073709551615," FEED(
                                  "1111") ",18446744073709551615],"
                                          "\"genesis\":[18446744073709551615," FEED(
                                              "2222") ",18446744073709551614],"
                                                      "\"parent\":[18446744073709551615," FEED(
                                                          "3333") ",18446744073709551613]},"
                                                                  "\"state\":{\"feeds\":[" FEED("1111") "," FEED(
                                                                      "2222") "," FEED("3333") "]}}\n";
    echo__buf lines = ECHO__BUF_INIT, leaf = ECHO__BUF_INIT, back = ECHO__BUF_INIT;
    for (unsigned i = 0; i < 256; i++) echo__buf_append(&lines, one, sizeof one - 1);
    assert_ok(echo__leaf_pack(&leaf, echo__buf_bytes(&lines), SIZE_MAX, NULL));
    assert_ok(echo__delta_records(&back, echo__buf_bytes(&leaf), NULL));
    assert_int_equal(back.len, lines.len);
    echo__buf_clear(&leaf);
    assert_ok(echo__leaf_pack(&leaf, echo__bytes(one, sizeof one - 1), SIZE_MAX, NULL));
    assert_in_range(sizeof one - 1, leaf.len, echo__delta_records_max(1, leaf.len));
    assert_int_equal(echo__delta_records_max(UINT64_MAX, SIZE_MAX), (size_t)64 << 20);
    assert_int_equal(echo__delta_records_max(2, 1000), 2 * 1512);
    assert_int_equal(echo__delta_records_max(1, (256u << 10) - 512), 256u << 10);
    echo__buf_free(&lines);
    echo__buf_free(&leaf);
    echo__buf_free(&back);
}

/* A chunk that only begins like a leaf, and one that is too long to be worth it. */
static void test_no_leaves(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    echo__buf out = ECHO__BUF_INIT, big = ECHO__BUF_INIT;
    assert_false(echo__delta_is_leaf(text("{\"last\":\"a\"}\n")));
    assert_false(echo__delta_is_leaf(text("{\"feeds\":")));
    assert_true(echo__delta_is_leaf(text("{\"feeds\":[nonsense")));
    assert_status(echo__delta_records(&out, text("{\"feeds\":[nonsense"), &err), ECHO_ERR_CORRUPT);
    echo__buf_text(&big, NO_HEADER "{\"id\":\"a\",\"bytes\":\"");
    while (big.len < ECHO__DELTA_LEAF_MAX) echo__buf_text(&big, "AAAAAAAAAAAAAAAA");
    echo__buf_text(&big, "\"}\n");
    assert_status(echo__delta_records(&out, echo__buf_bytes(&big), &err), ECHO_ERR_LIMIT);
    echo__buf_free(&out);
    echo__buf_free(&big);
}

static void assert_refused(const char *bytes, size_t len, echo_status code) {
    echo__buf out = ECHO__BUF_INIT;
    echo__buf_text(&out, "before");
    assert_status(echo__delta_apply(&out, text("one\ntwo\nthree"), echo__bytes(bytes, len), 13), code);
    echo__buf_free(&out);
}

static void test_wrong_shapes(void **state) {
    (void)state;
    echo__buf out = ECHO__BUF_INIT;
    assert_ok(apply(&out, text("one\ntwo\nthree"), echo__bytes("\0\1\1\1\0\0\0\1!\0\0\0", 12), 14));
    assert_bytes_text(echo__buf_bytes(&out), "two\nthree!one\n");
    assert_refused("\0\0", 2, ECHO_ERR_CORRUPT);
    assert_refused("\0\0\3", 3, ECHO_ERR_CORRUPT); /* four lines of three */
    assert_refused("\0\3\0", 3, ECHO_ERR_CORRUPT); /* the fourth */
    assert_refused("\0\377\377", 3, ECHO_ERR_CORRUPT);
    assert_refused("\2\0\0", 3, ECHO_ERR_CORRUPT); /* no such thing */
    assert_refused("\1\0\0\0", 4, ECHO_ERR_CORRUPT);
    assert_refused("\1\0\0\0\2a", 6, ECHO_ERR_CORRUPT); /* bytes are missing */
    assert_refused("\1\377\377\377\377a", 6, ECHO_ERR_CORRUPT);
    assert_refused("\0\0\2\0\0\2", 6, ECHO_ERR_LIMIT);      /* 26 bytes */
    assert_refused("\0\0\2\1\0\0\0\1a", 9, ECHO_ERR_LIMIT); /* 14 */
    assert_ok(apply(&out, echo__bytes(NULL, 0), echo__bytes(NULL, 0), 0));
    assert_int_equal(out.len, 0);
    echo__buf_free(&out);
}

/* Prints that are no lines of anybody's, or too many: the delta is the chunk. */
static void test_foreign_prints(void **state) {
    (void)state;
    test_random rng = {3};
    uint8_t prints[4096];
    for (size_t i = 0; i < sizeof prints; i++) prints[i] = (uint8_t)test_random_u64(&rng);
    echo__buf delta = ECHO__BUF_INIT, made = ECHO__BUF_INIT;
    for (size_t len = 0; len < sizeof prints; len += 37) {
        echo__buf_clear(&delta);
        echo__delta_make(&delta, text("one\ntwo\n"), echo__bytes(prints, len));
        assert_ok(apply(&made, echo__bytes(NULL, 0), echo__buf_bytes(&delta), 8));
        assert_bytes_text(echo__buf_bytes(&made), "one\ntwo\n");
    }
    echo__buf_free(&delta);
    echo__buf_free(&made);
}

/* A payload can have a million lines, and no page has more than 256: the work for an answer is bounded by that. */
static void test_many_lines(void **state) {
    (void)state;
    echo__buf chunk = ECHO__BUF_INIT, prints = ECHO__BUF_INIT, delta = ECHO__BUF_INIT, made = ECHO__BUF_INIT;
    for (unsigned i = 0; i < 100000; i++) echo__buf_byte(&chunk, '\n');
    assert_int_equal(echo__delta_prints(&prints, echo__buf_bytes(&chunk)), ECHO__DELTA_LINES);
    echo__delta_make(&delta, echo__buf_bytes(&chunk), echo__buf_bytes(&prints));
    assert_true(delta.len > chunk.len - 2 * ECHO__DELTA_LINES); /* lines behind the 256th were not looked at */
    assert_ok(apply(&made, echo__buf_bytes(&chunk), echo__buf_bytes(&delta), chunk.len));
    assert_int_equal(made.len, chunk.len);
    echo__buf_free(&chunk);
    echo__buf_free(&prints);
    echo__buf_free(&delta);
    echo__buf_free(&made);
}

static void test_no_memory(void **state) {
    (void)state;
    echo__buf delta = ECHO__BUF_INIT;
    echo__delta_make(&delta, text("a new line\n"), echo__bytes(NULL, 0));
    for (long nth = 1;; nth++) {
        echo__buf out = ECHO__BUF_INIT;
        fault_at(nth);
        echo_status status = echo__delta_apply(&out, text("one\n"), echo__buf_bytes(&delta), 100);
        bool hit = fault_off();
        assert_status(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        echo__buf_free(&out);
        if (!hit) break;
    }
    echo__buf_free(&delta);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_feed),       cmocka_unit_test(test_records_max), cmocka_unit_test(test_no_leaves),
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_small),       cmocka_unit_test(test_wrong_shapes),
        cmocka_unit_test(test_foreign_prints), cmocka_unit_test(test_many_lines),  cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
