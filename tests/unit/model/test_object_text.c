/* The state as text: the order of its members, what it takes of memory, and memory that runs out. */
#include "test_object_support.h"

#define FEED1 "0101010101010101010101010101010101010101010101010101010101010101"
#define FEED2 "0202020202020202020202020202020202020202020202020202020202020202"

static void test_order(void **state) {
    (void)state;
    object o = object_new(2);
    static const char *const keys[] = {"10", "9", "$b", "~", "01", "-", "a\"", "$$"};
    for (uint64_t i = 0; i < sizeof keys / sizeof *keys; i++)
        object_do_at(&o, 9 - i, 2 - i % 2, WIRE_SET, keys[i], "{\"10\":1,\"9\":2,\"$\":3}");
    object_do_at(&o, 20, 3, WIRE_SET, "gone", "1");
    object_do_at(&o, 21, 1, WIRE_DELETE, "gone", NULL);
    object_do_at(&o, 22, 2, WIRE_SET, "10.x", "1");
    assert_stored(&o,
                  "{\"feeds\":[\"" FEED1 "\",\"" FEED2 "\"],\"gone\":{\"gone\":[0,21,21]},"
                  "\"ops\":{\"10\":[[[1,9,9],\"set\",[],{\"$$\":3,\"10\":1,\"9\":2}],[[1,22,22],\"set\",[\"x\"],1]]},"
                  "\"values\":{\"$$$\":{\"$$\":3,\"10\":1,\"9\":2},\"$$b\":{\"$$\":3,\"10\":1,\"9\":2},\"-\":{\"$$"
                  "\":3,\"10\":1,\"9\":2},"
                  "\"01\":{\"$$\":3,\"10\":1,\"9\":2},\"10\":{\"$$\":3,\"10\":1,\"9\":2,\"x\":1},\"9\":{\"$$\":3,"
                  "\"10\":1,\"9\":2},"
                  "\"a\\\"\":{\"$$\":3,\"10\":1,\"9\":2},\"~\":{\"$$\":3,\"10\":1,\"9\":2}},"
                  "\"when\":[[0,2,2],[1,7,7],[0,4,4],[1,5,5],[0,8,8],[1,3,3],[0,6,6]]}");
    object_free(&o);
}

/* An ordinary state takes no more than the room for its text, at once. */
static void test_takes_one_block(void **state) {
    (void)state;
    object o = object_new(2);
    static const char *const keys[] = {"name", "email", "phone", "street", "city", "country", "0", "1"};
    for (size_t i = 0; i < 8; i++)
        object_do_at(&o, 1000000 + i, (uint8_t)(9 - i % 3), WIRE_SET, keys[i], "\"some eighteen bytes\"");
    object_do(&o, WIRE_SET, "map", "{\"0\":1,\"1\":[{}],\"a\":{\"x\":\"text\"}}");
    echo__buf out = ECHO__BUF_INIT;
    fault_at(1000);
    assert_int_equal(echo__object_text(&out, o.state, NULL), ECHO_OK);
    assert_int_equal(fault_allocations(), 1);
    assert_false(fault_off());
    echo__buf_clear(&out);
    fault_at(1);
    assert_int_equal(echo__object_text(&out, o.state, NULL), ECHO_OK);
    assert_false(fault_off());
    echo__buf_free(&out);
    object_free(&o);
}

/* More feeds and slots than there is room for on the stack, keys to be sorted, operations, a stale fold. */
static object wide(void) {
    object o = object_new(2);
    for (unsigned i = 0; i < 40; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i * 3);
        object_do_at(&o, 100 + i, (uint8_t)(90 - i), WIRE_SET, key, "{\"10\":{\"2\":1,\"10\":{}},\"9\":\"text\"}");
    }
    object_do_at(&o, 200, 3, WIRE_PUSH, "l", "[0]");
    object_do_at(&o, 190, 4, WIRE_PUSH, "l", "1");
    return o;
}

static void test_memory_runs_out(void **state) {
    (void)state;
    object o = wide();
    char *stored = object_snapshot(&o);
    object_free(&o);
    for (long nth = 1, failed = 1; failed; nth++) {
        long blocks = fault_blocks();
        echo__buf out = ECHO__BUF_INIT;
        echo_error err = ECHO_ERROR_INIT;
        echo__buf_byte(&out, '#');
        o = wide();
        fault_at(nth);
        echo_status status = echo__object_text(&out, o.state, &err);
        failed = fault_off();
        assert_int_equal(status, failed ? ECHO_ERR_NOMEM : ECHO_OK);
        assert_int_equal(err.code, status);
        assert_int_equal(out.len, failed ? 1 : 1 + strlen(stored));
        assert_true(failed || nth > 8);
        echo__buf_clear(&out); /* and again */
        assert_int_equal(echo__object_text(&out, o.state, NULL), ECHO_OK);
        assert_int_equal(out.len, strlen(stored));
        assert_memory_equal(out.data, stored, out.len);
        echo__buf_free(&out);
        object_free(&o);
        assert_int_equal(fault_blocks(), blocks);
    }
    free(stored);
}

/* A buffer that failed before stays as it is. */
static void test_failed_before(void **state) {
    (void)state;
    object o = wide();
    echo__buf out = ECHO__BUF_INIT;
    echo__buf_byte(&out, '#');
    out.status = ECHO_ERR_NOMEM;
    assert_int_equal(echo__object_text(&out, o.state, NULL), ECHO_ERR_NOMEM);
    assert_int_equal(out.len, 1);
    echo__buf_free(&out);
    object_free(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_takes_one_block),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_failed_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
