/*
 * Leaves from records and records out of leaves, and what bounds both.
 */
#include "support/fault.h"
#include "tree_support.h"

#define FEED_A "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
#define FEED_B "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c"

static const char records[] =
    "{\"id\":\"item/1\",\"type\":\"t\",\"model\":\"m\",\"version\":1,\"at\":{\"genesis\":[4,\"" FEED_B "\",3]},"
    "\"state\":{\"feeds\":[\"" FEED_A "\",\"" FEED_B "\"],\"n\":1}}\n"
    "{\"id\":\"item/2\",\"parent\":\"item/1\",\"at\":{\"genesis\":[9,\"" FEED_A "\",0],\"parent\":[6,\"" FEED_A
    "\",5]}}\n"
    "{\"id\":\"item/3\"}\n";
static const char leaf[] = "{\"feeds\":[\"" FEED_A "\",\"" FEED_B "\"],\"kinds\":[[\"t\",\"m\",1]]}\n"
                           "{\"id\":\"item/1\",\"kind\":0,\"at\":[1,3],\"feeds\":[0,1],\"state\":{\"n\":1}}\n"
                           "{\"id\":\"item/2\",\"parent\":\"item/1\",\"at\":{\"genesis\":[0,0,9],\"parent\":5}}\n"
                           "{\"id\":\"item/3\"}\n";

static void test_both_ways(void **state) {
    (void)state;
    echo__buf out = ECHO__BUF_INIT;
    echo__buf_text(&out, "before ");
    assert_ok(echo__leaf_pack(&out, text(records), sizeof leaf - 1, NULL));
    assert_bytes_text(echo__bytes(out.data + 7, out.len - 7), leaf);
    echo__buf_clear(&out);
    echo__buf_text(&out, "before ");
    assert_ok(echo__leaf_expand(&out, text(leaf), sizeof records - 1, NULL));
    assert_bytes_text(echo__bytes(out.data + 7, out.len - 7), records);
    echo__buf_free(&out);
}

/* A leaf without its records gives none, and without its header it is none; cut in a record it is none either. */
static void test_wrong_shapes(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    echo__buf out = ECHO__BUF_INIT;
    assert_ok(echo__leaf_expand(&out, text(NO_HEADER), 0, &err));
    assert_int_equal(out.len, 0);
    assert_status(echo__leaf_expand(&out, text(records), SIZE_MAX, &err), ECHO_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "header"));
    assert_status(echo__leaf_expand(&out, text(""), SIZE_MAX, &err), ECHO_ERR_CORRUPT);
    assert_status(echo__leaf_expand(&out, text(NO_HEADER "{\"id\":\"a\",\"kind\":0}\n"), SIZE_MAX, &err),
                  ECHO_ERR_CORRUPT);
    assert_status(echo__leaf_expand(&out, text(NO_HEADER "{\"id\":\"a\",\"at\":0}\n"), SIZE_MAX, &err),
                  ECHO_ERR_CORRUPT);
    static const char cut[] = "{\"feeds\":[\"" FEED_A "\"],\"kinds\":[]}\n{\"id\":\"a\",\"feeds\":0,\"state\":{";
    void *exact = malloc(sizeof cut - 1); /* so that reading beyond its end is seen */
    assert_non_null(exact);
    memcpy(exact, cut, sizeof cut - 1);
    assert_status(echo__leaf_expand(&out, echo__bytes(exact, sizeof cut - 1), SIZE_MAX, &err), ECHO_ERR_CORRUPT);
    free(exact);
    assert_status(echo__leaf_pack(&out, text("{\"id\":\"a\"}\n\n"), SIZE_MAX, &err), ECHO_ERR_CORRUPT);
    echo__buf_free(&out);
}

static void test_limits(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    echo__buf many = ECHO__BUF_INIT, out = ECHO__BUF_INIT;
    assert_status(echo__leaf_pack(&out, text(records), sizeof leaf - 2, &err), ECHO_ERR_LIMIT);
    assert_int_equal(err.code, ECHO_ERR_LIMIT);
    echo__buf_clear(&out);
    assert_status(echo__leaf_expand(&out, text(leaf), sizeof records - 2, &err), ECHO_ERR_LIMIT);
    echo__buf_text(&many, NO_HEADER);
    for (unsigned i = 0; i < 256; i++) echo__buf_text(&many, "{\"id\":\"a\"}\n");
    echo_bytes lines = echo__bytes(many.data + sizeof NO_HEADER - 1, many.len - (sizeof NO_HEADER - 1));
    assert_ok(echo__leaf_pack(&out, lines, SIZE_MAX, &err));
    assert_ok(echo__leaf_expand(&out, echo__buf_bytes(&many), SIZE_MAX, &err));
    echo__buf_text(&many, "{\"id\":\"a\"}\n"); /* order is not looked at, the number is */
    lines = echo__bytes(many.data + sizeof NO_HEADER - 1, many.len - (sizeof NO_HEADER - 1));
    assert_status(echo__leaf_pack(&out, lines, SIZE_MAX, &err), ECHO_ERR_LIMIT);
    assert_status(echo__leaf_expand(&out, echo__buf_bytes(&many), SIZE_MAX, &err), ECHO_ERR_LIMIT);
    echo__buf_free(&many);
    echo__buf_free(&out);
}

/* A header that grows beyond the limit ends the work, before the records after it are looked at. */
static void test_too_many_feeds(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    echo__buf lines = ECHO__BUF_INIT, out = ECHO__BUF_INIT;
    for (unsigned i = 0; i < 20; i++) {
        char line[256];
        (void)snprintf(line, sizeof line, "{\"id\":\"%03u\",\"at\":{\"genesis\":[1,\"%064u\",0]}}\n", i, i);
        echo__buf_text(&lines, line);
    }
    echo__buf_text(&lines, "nonsense\n");
    assert_status(echo__leaf_pack(&out, echo__buf_bytes(&lines), SIZE_MAX, &err), ECHO_ERR_CORRUPT);
    assert_status(echo__leaf_pack(&out, echo__buf_bytes(&lines), 600, &err), ECHO_ERR_LIMIT);
    assert_int_equal(out.len, 0);
    echo__buf_free(&lines);
    echo__buf_free(&out);
}

static void test_no_memory(void **state) {
    (void)state;
    for (long nth = 1, hits = 0;; nth++) {
        echo_error err = ECHO_ERROR_INIT;
        long before = fault_blocks();
        echo__buf out = ECHO__BUF_INIT, again = ECHO__BUF_INIT;
        fault_at(nth);
        echo_status status = echo__leaf_expand(&out, text(leaf), SIZE_MAX, &err);
        if (status == ECHO_OK) status = echo__leaf_pack(&again, echo__buf_bytes(&out), SIZE_MAX, &err);
        bool hit = fault_off();
        hits += hit;
        assert_status(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        assert_int_equal(err.code, status);
        echo__buf_free(&out);
        echo__buf_free(&again);
        assert_int_equal(fault_blocks(), before);
        if (hit) continue;
        assert_true(hits > 5);
        break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),      cmocka_unit_test(test_wrong_shapes), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_too_many_feeds), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
