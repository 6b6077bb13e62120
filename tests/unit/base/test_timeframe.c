/* Timeframes: a lattice of feed => seq; small and large, in both text forms, and when memory runs out. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <echo/timeframe.h>

#include "base/buf.h"
#include "support/fault.h"
#include "support/random.h"

#define MANY 100000u

/* Feed n of a scattered order: neighbours in n are far apart as keys. */
static echo_key feed(uint64_t n) {
    test_random random = {n};
    echo_key key;
    for (size_t i = 0; i < sizeof key.bytes; i += 8) echo__be64_put(key.bytes + i, test_random_u64(&random));
    return key;
}

static echo_timeframe *fresh(void) {
    echo_timeframe *tf;
    assert_int_equal(echo_timeframe_new(&tf), ECHO_OK);
    return tf;
}

static void set(echo_timeframe *tf, uint64_t n, uint64_t seq) {
    echo_key key = feed(n);
    assert_int_equal(echo_timeframe_set(tf, &key, seq), ECHO_OK);
}

/* -1: absent */
static int64_t get(const echo_timeframe *tf, uint64_t n) {
    echo_key key = feed(n);
    uint64_t seq = 0;
    return echo_timeframe_get(&seq, tf, &key) ? (int64_t)seq : -1;
}

static void unset(echo_timeframe *tf, uint64_t n) {
    echo_key key = feed(n);
    echo_timeframe_unset(tf, &key);
}

static void equal(const echo_timeframe *a, const echo_timeframe *b) {
    assert_int_equal(echo_timeframe_size(a), echo_timeframe_size(b));
    assert_int_equal(echo_timeframe_compare(a, b), ECHO_ORDER_EQUAL);
}

static void ascending(const echo_timeframe *tf) {
    echo_frame last, frame;
    size_t n = echo_timeframe_size(tf);
    for (size_t i = 0; i < n; i++) {
        assert_true(echo_timeframe_at(&frame, tf, i));
        uint64_t seq;
        assert_true(echo_timeframe_get(&seq, tf, &frame.feed) && seq == frame.seq);
        if (i > 0) assert_true(memcmp(last.feed.bytes, frame.feed.bytes, sizeof last.feed.bytes) < 0);
        last = frame;
    }
    assert_false(echo_timeframe_at(&frame, tf, n));
}

static void set_and_get(void **state) {
    (void)state;
    echo_timeframe *tf = fresh();
    assert_int_equal(echo_timeframe_size(tf), 0);
    assert_int_equal(get(tf, 1), -1);
    set(tf, 1, 0);
    assert_int_equal(get(tf, 1), 0);
    assert_int_equal(get(tf, 2), -1);
    set(tf, 1, 9);
    set(tf, 1, 5); /* down */
    assert_int_equal(get(tf, 1), 5);
    assert_int_equal(echo_timeframe_size(tf), 1);
    set(tf, 2, ECHO_SEQ_MAX);
    assert_int_equal(get(tf, 2), ECHO_SEQ_MAX);
    echo_key key = feed(2);
    assert_int_equal(echo_timeframe_set(tf, &key, ECHO_SEQ_MAX + 1), ECHO_ERR_LIMIT);
    assert_int_equal(get(tf, 2), ECHO_SEQ_MAX);
    key = feed(3);
    assert_int_equal(echo_timeframe_set(tf, &key, UINT64_MAX), ECHO_ERR_LIMIT);
    assert_int_equal(echo_timeframe_size(tf), 2);
    assert_true(echo_timeframe_get(NULL, tf, (key = feed(1), &key)));
    unset(tf, 3);
    unset(tf, 1);
    assert_int_equal(get(tf, 1), -1);
    assert_int_equal(get(tf, 2), ECHO_SEQ_MAX);
    unset(tf, 2);
    assert_int_equal(echo_timeframe_size(tf), 0);
    echo_timeframe_free(tf);
    echo_timeframe_free(NULL);
}

/* Against a plain array, with every operation in any order and walks in between, across the sizes where an index
 * appears and grows.
 */
static void random_operations(void **state) {
    (void)state;
    enum { FEEDS = 80 };
    for (uint64_t seed = 0; seed < 60; seed++) {
        test_random random = {seed};
        int64_t model[FEEDS];
        size_t count = 0, feeds = seed % 3 == 0 ? 10 : FEEDS;
        echo_timeframe *tf = fresh();
        for (size_t i = 0; i < FEEDS; i++) model[i] = -1;
        for (int step = 0; step < 1500; step++) {
            size_t n = test_random_below(&random, feeds);
            uint64_t what = test_random_below(&random, 100);
            if (what < 45) {
                uint64_t seq = test_random_below(&random, 1000);
                set(tf, n, seq);
                count += model[n] < 0;
                model[n] = (int64_t)seq;
            } else if (what < 85) {
                unset(tf, n);
                count -= model[n] >= 0;
                model[n] = -1;
            } else if (what < 88) {
                ascending(tf);
            }
            assert_int_equal(echo_timeframe_size(tf), count);
            if (step % 25 == 0)
                for (size_t i = 0; i < FEEDS; i++)
                    if (get(tf, i) != model[i]) fail_msg("seed %d, step %d: feed %d", (int)seed, step, (int)i);
        }
        echo_timeframe_free(tf);
    }
}

static echo_timeframe *random_timeframe(test_random *random, uint64_t feeds, uint64_t seqs) {
    echo_timeframe *tf = fresh();
    for (uint64_t i = 0; i < feeds; i++)
        if (test_random_below(random, 4) > 0) set(tf, i, test_random_below(random, seqs));
    return tf;
}

static echo_timeframe *merged(const echo_timeframe *a, const echo_timeframe *b) {
    echo_timeframe *tf;
    assert_int_equal(echo_timeframe_copy(&tf, a), ECHO_OK);
    assert_int_equal(echo_timeframe_merge(tf, b), ECHO_OK);
    return tf;
}

static void lattice(void **state) {
    (void)state;
    test_random random = {5};
    int seen[4] = {0};
    for (int i = 0; i < 3000; i++) {
        uint64_t feeds = test_random_below(&random, i % 3 ? 4 : 30), seqs = 1 + test_random_below(&random, 3);
        echo_timeframe *a = random_timeframe(&random, feeds, seqs), *b = random_timeframe(&random, feeds, seqs);
        bool a_covers = true, b_covers = true;
        for (uint64_t n = 0; n < feeds; n++) {
            a_covers = a_covers && get(a, n) >= get(b, n);
            b_covers = b_covers && get(b, n) >= get(a, n);
        }
        assert_int_equal(echo_timeframe_covers(a, b), a_covers);
        assert_int_equal(echo_timeframe_covers(b, a), b_covers);
        echo_order order = a_covers   ? b_covers ? ECHO_ORDER_EQUAL : ECHO_ORDER_AFTER
                           : b_covers ? ECHO_ORDER_BEFORE
                                      : ECHO_ORDER_CONCURRENT;
        assert_int_equal(echo_timeframe_compare(a, b), order);
        assert_int_equal(echo_timeframe_compare(b, a), order == ECHO_ORDER_CONCURRENT ? order : (echo_order)-order);
        seen[order + 1]++;

        echo_timeframe *ab = merged(a, b), *ba = merged(b, a), *aa = merged(a, a), *awaited;
        for (uint64_t n = 0; n < feeds; n++)
            assert_int_equal(get(ab, n), get(a, n) > get(b, n) ? get(a, n) : get(b, n));
        equal(ab, ba);
        equal(aa, a);
        assert_int_equal(echo_timeframe_merge(aa, aa), ECHO_OK);
        equal(aa, a);
        assert_int_equal(echo_timeframe_dependencies(&awaited, a, b), ECHO_OK);
        for (uint64_t n = 0; n < feeds; n++) assert_int_equal(get(awaited, n), get(a, n) > get(b, n) ? get(a, n) : -1);
        assert_int_equal(echo_timeframe_size(awaited) == 0, b_covers);
        assert_int_equal(echo_timeframe_merge(awaited, b), ECHO_OK);
        equal(awaited, ab);
        uint64_t total = 0;
        for (uint64_t n = 0; n < feeds; n++) total += (uint64_t)(get(a, n) + 1);
        assert_int_equal(echo_timeframe_total(a), total);
        echo_timeframe *all[] = {a, b, ab, ba, aa, awaited};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) echo_timeframe_free(all[k]);
    }
    for (int k = 0; k < 4; k++) assert_true(seen[k] > 50);
}

static void total_saturates(void **state) {
    (void)state;
    echo_timeframe *tf = fresh();
    for (uint64_t n = 0; n < 2047; n++) set(tf, n, ECHO_SEQ_MAX);
    assert_true(echo_timeframe_total(tf) == 2047 * (ECHO_SEQ_MAX + 1));
    set(tf, 2047, ECHO_SEQ_MAX - 1);
    assert_true(echo_timeframe_total(tf) == UINT64_MAX); /* 2048 * 2^53 - 1, just in range */
    set(tf, 2047, ECHO_SEQ_MAX);
    assert_true(echo_timeframe_total(tf) == UINT64_MAX);
    set(tf, 2048, 7);
    assert_true(echo_timeframe_total(tf) == UINT64_MAX);
    echo_timeframe_free(tf);
}

static void copies_are_apart(void **state) {
    (void)state;
    for (uint64_t n = 0; n < 40; n++) {
        echo_timeframe *tf = fresh(), *copy;
        for (uint64_t i = 0; i < n; i++) set(tf, i, i);
        assert_int_equal(echo_timeframe_copy(&copy, tf), ECHO_OK);
        equal(copy, tf);
        ascending(copy);
        set(copy, 100, 1);
        if (n > 0) set(copy, 0, 7);
        assert_int_equal(get(tf, 100), -1);
        if (n > 0) assert_int_equal(get(tf, 0), 0);
        echo_timeframe_free(tf);
        if (n > 0) assert_int_equal(get(copy, n - 1), n == 1 ? 7 : (int64_t)n - 1);
        echo_timeframe_free(copy);
    }
}

#define KEY_A "00000000000000000000000000000000000000000000000000000000000000aa"
#define KEY_B "0100000000000000000000000000000000000000000000000000000000000000"
#define KEY_C "ff00000000000000000000000000000000000000000000000000000000000000"

static void json(void **state) {
    (void)state;
    static const char *order[] = {KEY_C, KEY_A, KEY_B};
    echo_timeframe *tf = fresh(), *back;
    char *text;
    assert_int_equal(echo_timeframe_to_json(&text, tf), ECHO_OK);
    assert_string_equal(text, "{}");
    echo_timeframe_text_free(text);
    for (uint64_t i = 0; i < 3; i++) {
        echo_key key;
        assert_int_equal(echo_key_parse(&key, order[i]), ECHO_OK);
        assert_int_equal(echo_timeframe_set(tf, &key, i == 0 ? ECHO_SEQ_MAX : i), ECHO_OK);
    }
    assert_int_equal(echo_timeframe_to_json(&text, tf), ECHO_OK);
    assert_string_equal(text, "{\"" KEY_A "\":1,\"" KEY_B "\":2,\"" KEY_C "\":9007199254740991}");
    assert_int_equal(echo_timeframe_from_json(&back, text, strlen(text), NULL), ECHO_OK);
    equal(back, tf);
    echo_timeframe_text_free(text);
    echo_timeframe_free(back);
    const char *spaced = " { \"" KEY_B "\" : 2 , \"" KEY_C "\":9007199254740991 ,\"" KEY_A "\":1e0 } ";
    assert_int_equal(echo_timeframe_from_json(&back, spaced, strlen(spaced), NULL), ECHO_OK);
    equal(back, tf);
    ascending(back);
    echo_timeframe_free(back);
    echo_timeframe_free(tf);
    echo_timeframe_text_free(NULL);
}

static void json_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "text is empty"},
        {"[]", "not a JSON object"},
        {"null", "not a JSON object"},
        {"{", "text ends at byte 1"},
        {"{\"" KEY_A "\":1}}", "end of text expected"},
        {"{\"\":1}", "\"\" is not a feed key"},
        {"{\"aa\":1}", "\"aa\" is not a feed key"},
        {"{\"" KEY_A "0\":1}", "is not a feed key"},
        {"{\"" KEY_A "00\":1}", "is not a feed key"},
        {"{\"g00000000000000000000000000000000000000000000000000000000000000a\":1}", "is not a feed key"},
        {"{\"00000000000000000000000000000000000000000000000000000000000000AA\":1}", "not in lower case"},
        {"{\"" KEY_A "\":1,\"" KEY_A "\":1}", "occurs twice"},
        {"{\"" KEY_A "\":1,\"\\u00300000000000000000000000000000000000000000000000000000000000000aa\":1}",
         "occurs twice"},
        {"{\"" KEY_A "\":-1}", "seq is not an integer"},
        {"{\"" KEY_A "\":1.5}", "seq is not an integer"},
        {"{\"" KEY_A "\":\"1\"}", "seq is not an integer"},
        {"{\"" KEY_A "\":null}", "seq is not an integer"},
        {"{\"" KEY_A "\":{}}", "seq is not an integer"},
        {"{\"" KEY_A "\":9007199254740992}", "seq is not an integer"},
        {"{\"" KEY_A "\":9007199254740993}", "seq is not an integer"},
        {"{\"" KEY_A "\":18446744073709551616}", "beyond 64 bits"},
        {"{\"" KEY_A "\":1e300}", "seq is not an integer"},
        {"{\"" KEY_A "\":1e999}", "too large"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        echo_error err = ECHO_ERROR_INIT;
        echo_timeframe *tf = (echo_timeframe *)(uintptr_t)1;
        echo_status status = echo_timeframe_from_json(&tf, cases[i].text, strlen(cases[i].text), &err);
        if (status != ECHO_ERR_CORRUPT) fail_msg("%s: %s", cases[i].text, echo_status_name(status));
        assert_int_equal(err.code, ECHO_ERR_CORRUPT);
        if (strstr(err.message, cases[i].message) == NULL) fail_msg("%s: \"%s\"", cases[i].text, err.message);
        assert_null(tf);
        assert_int_equal(echo_timeframe_from_json(&tf, cases[i].text, strlen(cases[i].text), NULL), ECHO_ERR_CORRUPT);
    }
}

static void binary(void **state) {
    (void)state;
    uint8_t bytes[40 * 20];
    for (uint64_t n = 0; n <= 20; n++) {
        echo_timeframe *tf = fresh(), *back;
        for (uint64_t i = 0; i < n; i++) set(tf, i, i == 3 ? ECHO_SEQ_MAX : i * 1000);
        assert_int_equal(echo_timeframe_binary_size(tf), 40 * n);
        memset(bytes, 0xee, sizeof bytes);
        echo_timeframe_to_binary(bytes, tf);
        if (40 * n < sizeof bytes) assert_int_equal(bytes[40 * n], 0xee);
        for (size_t i = 0; i < n; i++) {
            echo_frame frame;
            assert_true(echo_timeframe_at(&frame, tf, i));
            assert_memory_equal(bytes + 40 * i, frame.feed.bytes, 32);
            assert_true(echo__be64(bytes + 40 * i + 32) == frame.seq);
        }
        assert_int_equal(echo_timeframe_from_binary(&back, echo__bytes(n > 0 ? bytes : NULL, 40 * n), NULL), ECHO_OK);
        equal(back, tf);
        echo_timeframe_free(back);
        echo_timeframe_free(tf);
    }
}

static void refuse_binary(const uint8_t *bytes, size_t len, const char *message) {
    echo_error err = ECHO_ERROR_INIT;
    echo_timeframe *tf = (echo_timeframe *)(uintptr_t)1;
    assert_int_equal(echo_timeframe_from_binary(&tf, echo__bytes(bytes, len), &err), ECHO_ERR_CORRUPT);
    assert_int_equal(err.code, ECHO_ERR_CORRUPT);
    assert_non_null(strstr(err.message, message));
    assert_null(tf);
}

static void binary_refused(void **state) {
    (void)state;
    uint8_t bytes[120] = {0};
    bytes[40] = 1;
    bytes[80] = 2;
    echo_timeframe *tf;
    assert_int_equal(echo_timeframe_from_binary(&tf, echo__bytes(bytes, 120), NULL), ECHO_OK);
    echo_timeframe_free(tf);
    for (size_t len = 1; len < 120; len++)
        if (len % 40 != 0) refuse_binary(bytes, len, "not a whole number of frames");
    bytes[80] = 1; /* twice */
    refuse_binary(bytes, 120, "do not ascend at frame 2");
    bytes[80] = 0;
    bytes[81] = 9; /* descending */
    refuse_binary(bytes, 120, "do not ascend at frame 2");
    bytes[80] = 2;
    echo__be64_put(bytes + 72, ECHO_SEQ_MAX + 1);
    refuse_binary(bytes, 120, "seq of frame 1 is too large");
}

/* Fails each allocation of `merge` at sizes where the array, the index or both must grow; tf must stay as it was. */
static void merge_is_atomic(void **state) {
    (void)state;
    static const uint64_t sizes[][2] = {{0, 1}, {0, 9}, {3, 20}, {8, 1}, {8, 8}, {16, 1}, {16, 100}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        echo_timeframe *other = fresh();
        for (uint64_t i = 0; i < sizes[k][1]; i++) set(other, 1000 + i, i);
        set(other, 0, 77);
        bool done = false;
        int failed = 0;
        for (long nth = 1; !done; nth++) {
            echo_timeframe *tf = fresh(), *before;
            for (uint64_t i = 0; i < sizes[k][0]; i++) set(tf, i, i);
            assert_int_equal(echo_timeframe_copy(&before, tf), ECHO_OK);
            fault_at(nth);
            echo_status status = echo_timeframe_merge(tf, other);
            done = !fault_off();
            if (done) {
                assert_int_equal(status, ECHO_OK);
                assert_true(echo_timeframe_covers(tf, other) && echo_timeframe_covers(tf, before));
            } else {
                failed++;
                assert_int_equal(status, ECHO_ERR_NOMEM);
                equal(tf, before);
                ascending(tf);
            }
            assert_int_equal(echo_timeframe_merge(tf, other), ECHO_OK); /* and it can go on */
            assert_true(echo_timeframe_covers(tf, other) && echo_timeframe_covers(tf, before));
            echo_timeframe_free(tf);
            echo_timeframe_free(before);
        }
        assert_true(failed > 0);
        echo_timeframe_free(other);
    }
}

typedef echo_status (*maker)(echo_timeframe **out, echo_timeframe *tf, const char *text, echo_bytes bytes,
                             echo_error *err);

static echo_status by_new(echo_timeframe **out, echo_timeframe *tf, const char *text, echo_bytes bytes,
                          echo_error *err) {
    (void)tf, (void)text, (void)bytes, (void)err;
    return echo_timeframe_new(out);
}
static echo_status by_copy(echo_timeframe **out, echo_timeframe *tf, const char *text, echo_bytes bytes,
                           echo_error *err) {
    (void)text, (void)bytes, (void)err;
    return echo_timeframe_copy(out, tf);
}
static echo_status by_dependencies(echo_timeframe **out, echo_timeframe *tf, const char *text, echo_bytes bytes,
                                   echo_error *err) {
    (void)text, (void)bytes, (void)err;
    echo_timeframe *empty = fresh();
    echo_status status = echo_timeframe_dependencies(out, tf, empty);
    echo_timeframe_free(empty);
    return status;
}
static echo_status by_json(echo_timeframe **out, echo_timeframe *tf, const char *text, echo_bytes bytes,
                           echo_error *err) {
    (void)tf, (void)bytes;
    return echo_timeframe_from_json(out, text, strlen(text), err);
}
static echo_status by_binary(echo_timeframe **out, echo_timeframe *tf, const char *text, echo_bytes bytes,
                             echo_error *err) {
    (void)tf, (void)text;
    return echo_timeframe_from_binary(out, bytes, err);
}

static void out_of_memory(void **state) {
    (void)state;
    static const maker makers[] = {by_new, by_copy, by_dependencies, by_json, by_binary};
    echo_timeframe *tf = fresh();
    for (uint64_t i = 0; i < 40; i++) set(tf, i, i);
    uint8_t bytes[40 * 40];
    char *text;
    echo_timeframe_to_binary(bytes, tf);
    assert_int_equal(echo_timeframe_to_json(&text, tf), ECHO_OK);
    for (size_t k = 0; k < sizeof makers / sizeof *makers; k++)
        for (long nth = k == 2 ? 2 : 1;; nth++) { /* the first of by_dependencies is its own */
            echo_timeframe *out = NULL;
            echo_error err = ECHO_ERROR_INIT;
            long before = fault_blocks();
            fault_at(nth);
            echo_status status = makers[k](&out, tf, text, echo__bytes(bytes, sizeof bytes), &err);
            if (!fault_off()) {
                assert_int_equal(status, ECHO_OK);
                assert_int_equal(echo_timeframe_size(out), k == 0 ? 0 : 40);
                echo_timeframe_free(out);
                assert_true(nth > (k == 0 ? 1 : 2));
                break;
            }
            assert_int_equal(status, ECHO_ERR_NOMEM);
            assert_true(k < 3 || err.code == ECHO_ERR_NOMEM);
            assert_null(out);
            assert_int_equal(fault_blocks(), before);
        }
    echo_timeframe_text_free(text);
    for (long nth = 1;; nth++) {
        long before = fault_blocks();
        text = (char *)(uintptr_t)1;
        fault_at(nth);
        echo_status status = echo_timeframe_to_json(&text, tf);
        if (!fault_off()) break;
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_null(text);
        assert_int_equal(fault_blocks(), before);
    }
    echo_timeframe_text_free(text);
    for (uint64_t n = 40; n < 200; n++) { /* set: all or nothing */
        echo_key key = feed(n);
        fault_from(1);
        echo_status status = echo_timeframe_set(tf, &key, n);
        if (fault_off()) {
            assert_int_equal(status, ECHO_ERR_NOMEM);
            assert_int_equal(get(tf, n), -1);
            assert_int_equal(echo_timeframe_size(tf), n);
            set(tf, n, n);
        }
        assert_int_equal(get(tf, n), n);
    }
    ascending(tf);
    echo_timeframe_free(tf);
}

/* The order is kept over blocks that fill, turn and empty: against a plain array, at every size around their edges. */
static void order_is_kept(void **state) {
    (void)state;
    echo_timeframe *tf = fresh();
    test_random random = {7};
    uint64_t present = 0;
    static bool has[3000];
    memset(has, 0, sizeof has);
    for (int step = 0; step < 20000; step++) {
        uint64_t n = test_random_u64(&random) % 3000;
        bool more = step / 2500 % 2 == 0 || test_random_u64(&random) % 3 == 0;
        if (more && !has[n]) set(tf, n, n);
        if (!more && has[n]) unset(tf, n);
        present += more && !has[n];
        present -= !more && has[n];
        has[n] = more;
        assert_int_equal(echo_timeframe_size(tf), present);
        if (step % 500 == 499) ascending(tf);
    }
    while (echo_timeframe_size(tf) > 0) { /* the lowest, until none is left */
        echo_frame frame, next;
        assert_true(echo_timeframe_at(&frame, tf, 0));
        if (echo_timeframe_at(&next, tf, 1)) assert_true(memcmp(&frame.feed, &next.feed, sizeof frame.feed) < 0);
        echo_timeframe_unset(tf, &frame.feed);
    }
    echo_timeframe_free(tf);
}

/* The work of one hundred thousand feeds. Anything quadratic would take minutes, and end with the runner's time limit.
 */
static void many_feeds(void **state) {
    (void)state;
    echo_timeframe *tf = fresh(), *other = fresh(), *back, *copy;
    for (uint64_t i = 0; i < MANY; i++) set(tf, i, i);
    for (uint64_t i = MANY / 2; i < MANY + MANY / 2; i++) set(other, i, i + 1);
    for (uint64_t i = 0; i < MANY; i += 97) assert_int_equal(get(tf, i), i);
    assert_int_equal(echo_timeframe_compare(tf, other), ECHO_ORDER_CONCURRENT);
    assert_int_equal(echo_timeframe_merge(tf, other), ECHO_OK);
    assert_int_equal(echo_timeframe_size(tf), MANY + MANY / 2);
    assert_true(echo_timeframe_covers(tf, other));
    assert_int_equal(get(tf, MANY / 2), MANY / 2 + 1);
    ascending(tf);
    char *text;
    assert_int_equal(echo_timeframe_to_json(&text, tf), ECHO_OK);
    assert_int_equal(echo_timeframe_from_json(&back, text, strlen(text), NULL), ECHO_OK);
    equal(back, tf);
    assert_int_equal(echo_timeframe_copy(&copy, back), ECHO_OK);
    for (uint64_t i = 0; i < MANY; i++) unset(copy, i);
    assert_int_equal(echo_timeframe_size(copy), MANY / 2);
    for (uint64_t i = MANY; i < MANY + MANY / 2; i++) assert_int_equal(get(copy, i), i + 1);
    echo_timeframe_text_free(text);
    echo_timeframe_free(tf);
    echo_timeframe_free(other);
    echo_timeframe_free(back);
    echo_timeframe_free(copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_and_get),      cmocka_unit_test(random_operations),
        cmocka_unit_test(lattice),          cmocka_unit_test(total_saturates),
        cmocka_unit_test(copies_are_apart), cmocka_unit_test(json),
        cmocka_unit_test(json_refused),     cmocka_unit_test(binary),
        cmocka_unit_test(binary_refused),   cmocka_unit_test(merge_is_atomic),
        cmocka_unit_test(out_of_memory),    cmocka_unit_test(many_feeds),
        cmocka_unit_test(order_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
