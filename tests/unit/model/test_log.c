#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/error.h"
#include "model/log.h"
#include "support/random.h"

/* Chunks put by the log, found again by name. */
typedef struct shelf {
    echo_hash names[64];
    char *texts[64];
    size_t count, puts;
    echo_status fail;
} shelf;

static echo_status put(void *arg, echo_hash *name, echo_bytes chunk, echo_error *err) {
    shelf *s = arg;
    (void)err;
    if (s->fail != ECHO_OK) return s->fail;
    echo__hash(name, chunk.data, chunk.len);
    s->names[s->count] = *name;
    s->texts[s->count++] = strndup((const char *)chunk.data, chunk.len);
    s->puts++;
    return ECHO_OK;
}

static echo_status get(void *arg, const echo_hash *name, echo__buf *out, echo_error *err) {
    shelf *s = arg;
    for (size_t i = 0; i < s->count; i++) {
        if (!echo__hash_equal(&s->names[i], name)) continue;
        echo__buf_text(out, s->texts[i]);
        return ECHO_OK;
    }
    return echo__error(err, ECHO_ERR_NOT_FOUND, "no such segment");
}

static void empty(shelf *s) {
    for (size_t i = 0; i < s->count; i++) free(s->texts[i]);
    memset(s, 0, sizeof *s);
}

static void add(echo__log *log, uint64_t time) {
    echo__stamp stamp = {time, {{7}}, time};
    uint8_t bytes[2] = {(uint8_t)time, 0};
    assert_int_equal(echo__log_add(log, &stamp, echo__bytes(bytes, 2)), ECHO_OK);
}

static char *text_of(echo__log *log, shelf *s) {
    echo__buf out = ECHO__BUF_INIT;
    assert_int_equal(echo__log_write(&out, log, put, s, NULL), ECHO_OK);
    char *text = strndup((const char *)out.data, out.len);
    echo__buf_free(&out);
    return text;
}

static void test_golden(void **arg) {
    (void)arg;
    echo__log log;
    shelf s = {.count = 0};
    echo__log_init(&log);
    add(&log, 5);
    add(&log, 3);
    char *text = text_of(&log, &s);
#define FEED "0700000000000000000000000000000000000000000000000000000000000000"
    assert_string_equal(text, "{\"n\":2,\"tail\":[[3,\"" FEED "\",3,\"AwA=\"],[5,\"" FEED "\",5,\"BQA=\"]]}");
    free(text);
    echo__log_free(&log);
}

static void test_order_does_not_matter(void **arg) {
    (void)arg;
    char *expected = NULL;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        test_random r = {seed};
        echo__log log;
        shelf s = {.count = 0};
        uint64_t times[150];
        echo__log_init(&log);
        for (size_t i = 0; i < 150; i++) times[i] = i;
        for (size_t i = 150; i > 1; i--) {
            size_t j = (size_t)test_random_below(&r, i);
            uint64_t held = times[i - 1];
            times[i - 1] = times[j];
            times[j] = held;
        }
        for (size_t i = 0; i < 150; i++) {
            add(&log, times[i]);
            if (i % 40 == 39) free(text_of(&log, &s)); /* written on the way: late entries change sealed segments */
        }
        char *text = text_of(&log, &s);
        if (expected == NULL) expected = strdup(text);
        assert_string_equal(text, expected);
        echo__log again;
        echo__log_init(&again);
        assert_int_equal(echo__log_read(&again, echo__bytes_text(text), get, &s, NULL), ECHO_OK);
        assert_int_equal(again.count, 150);
        assert_int_equal(again.sealed_count, 2);
        size_t puts = s.puts;
        char *same = text_of(&again, &s);
        assert_string_equal(same, expected);
        assert_int_equal(s.puts, puts); /* what is stored is not written again */
        add(&again, 200);
        free(same);
        same = text_of(&again, &s);
        assert_int_equal(s.puts, puts);
        free(same);
        free(text);
        echo__log_free(&again);
        echo__log_free(&log);
        empty(&s);
    }
    free(expected);
}

static void test_put_that_fails(void **arg) {
    (void)arg;
    echo__log log;
    shelf s = {.fail = ECHO_ERR_IO};
    echo__log_init(&log);
    for (uint64_t i = 0; i < 100; i++) add(&log, i);
    echo__buf out = ECHO__BUF_INIT;
    assert_int_equal(echo__log_write(&out, &log, put, &s, NULL), ECHO_ERR_IO);
    assert_int_equal(log.sealed_count, 0);
    s.fail = ECHO_OK;
    free(text_of(&log, &s));
    assert_int_equal(s.puts, 1);
    echo__buf_free(&out);
    echo__log_free(&log);
    empty(&s);
}

static void test_malformed(void **arg) {
    (void)arg;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"n\":1,\"tail\":[]}",
        "{\"n\":0}",
        "{\"n\":1,\"tail\":[[1,\"" FEED "\",1]]}",
        "{\"n\":1,\"tail\":[[1,\"" FEED "\",1,\"AwA=\",2]]}",
        "{\"n\":1,\"tail\":[[1,\"00\",1,\"AwA=\"]]}",
        "{\"n\":1,\"tail\":[[1,\"" FEED "\",-1,\"AwA=\"]]}",
        "{\"n\":1,\"tail\":[[1,\"" FEED "\",1,\"*\"]]}",
        "{\"n\":2,\"tail\":[[1,\"" FEED "\",1,\"AwA=\"],[1,\"" FEED "\",1,\"AwA=\"]]}", /* the same stamp twice */
        "{\"n\":2,\"tail\":[[2,\"" FEED "\",1,\"AwA=\"],[1,\"" FEED "\",1,\"AwA=\"]]}", /* not in order */
        "{\"n\":1,\"sealed\":[\"zz\"],\"tail\":[]}",
        "{\"n\":1,\"sealed\":3,\"tail\":[]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        echo__log log;
        shelf s = {.count = 0};
        echo_error err = ECHO_ERROR_INIT;
        echo__log_init(&log);
        assert_int_equal(echo__log_read(&log, echo__bytes_text(bad[i]), get, &s, &err), ECHO_ERR_CORRUPT);
        assert_true(err.message[0] != '\0');
        assert_int_equal(log.count, 0);
        echo__log_free(&log);
    }
    echo__log log;
    shelf s = {.count = 0};
    echo__log_init(&log);
    assert_int_equal(
        echo__log_read(&log, echo__bytes_text("{\"n\":64,\"sealed\":[\"" FEED "\"],\"tail\":[]}"), get, &s, NULL),
        ECHO_ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_put_that_fails),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
