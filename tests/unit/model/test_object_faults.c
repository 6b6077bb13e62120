/* Memory that runs out at every possible point, and bytes that nobody meant. */
#include "test_object_support.h"

typedef struct step {
    int operation;
    const char *key, *value;
} step;

typedef struct scenario {
    uint64_t time; /* of the mutation: 100 is after all that is there, 1 before */
    step before[6], mutation[24];
} scenario;

static const scenario scenarios[] = {
    {100, {{0}}, {{WIRE_SET, "k", "\"text\""}}},
    {100, {{WIRE_SET, "k", "1"}}, {{WIRE_SET, "k", "{\"a\":[1,2],\"b.c\":{}}"}, {WIRE_SET, "new", "2"}}},
    {100,
     {{WIRE_SET, "k", "{\"a\":{\"b\":1}}"}},
     {{WIRE_SET, "k.a.c", "2"}, {WIRE_DELETE, "k.a.b", NULL}, {WIRE_PUSH, "k.list", "[1]"}}},
    {1,
     {{WIRE_SET, "k.a", "1"}, {WIRE_DELETE, "k.b", NULL}},
     {{WIRE_SET, "k.b.c", "2"}, {WIRE_SET, "k.d", "{\"e\":1}"}, {WIRE_PUSH, "k", "1"}}},
    {100,
     {{WIRE_ADD, "s", "1"}, {WIRE_PUSH, "s", "1"}, {WIRE_SET, "s.x", "1"}},
     {{WIRE_ADD, "s", "2"}, {WIRE_REMOVE, "s", "1"}, {WIRE_PUSH, "s", "3"}}},
    {100,
     {{WIRE_SET, "a.b.c", "1"}, {WIRE_SET, "a.b.d", "2"}, {WIRE_PUSH, "a.e", "1"}},
     {{WIRE_DELETE, "a.b", NULL}, {WIRE_SET, "a", "{}"}, {WIRE_SET, "a.x", "1"}}},
    {50,
     {{WIRE_SET, "a", "1"}, {WIRE_SET, "a", "{\"x\":{\"y\":1}}"}},
     {{WIRE_SET, "b.a", "1"}, {WIRE_SET, "a.x.z", "1"}, {WIRE_SET, "c", "1"}, {WIRE_SET, "b", "[]"}}},
    {1, {{WIRE_SET, "a", "1"}}, {{WIRE_PUSH, "a", "1"}, {WIRE_SET, "a.b", "1"}}},
    {100,
     {{0}},
     {{WIRE_SET, "a", "1"},
      {WIRE_SET, "b", "1"},
      {WIRE_SET, "c", "1"},
      {WIRE_SET, "d", "1"},
      {WIRE_SET, "e", "1"},
      {WIRE_SET, "f", "1"},
      {WIRE_SET, "g", "1"},
      {WIRE_SET, "h", "1"},
      {WIRE_SET, "i", "1"},
      {WIRE_SET, "j", "1"},
      {WIRE_SET, "k", "1"},
      {WIRE_SET, "l", "1"},
      {WIRE_SET, "m", "1"},
      {WIRE_SET, "n", "1"},
      {WIRE_SET, "o", "1"},
      {WIRE_SET, "p", "1"},
      {WIRE_SET, "q.r", "1"}}},
};

static echo__buf mutation_of(const step *steps, size_t max) {
    echo__buf bytes = ECHO__BUF_INIT;
    for (size_t i = 0; i < max && steps[i].key != NULL; i++) {
        cJSON *value = steps[i].value == NULL ? NULL : json(steps[i].value);
        echo__buf encoded = ECHO__BUF_INIT;
        if (value != NULL) encoded = wire_value(value);
        wire_op(&bytes, steps[i].operation, steps[i].key, value == NULL ? NULL : &encoded);
        cJSON_Delete(value);
    }
    return bytes;
}

/* The state before the mutation: as it grew, or restored and still frozen. */
static object start(const scenario *s, const char *stored) {
    if (stored != NULL) return object_restore(2, stored);
    object o = object_new(2);
    o.time = 40;
    for (size_t i = 0; i < 6 && s->before[i].key != NULL; i++)
        object_do(&o, s->before[i].operation, s->before[i].key, s->before[i].value);
    return o;
}

static void test_apply(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        const scenario *s = &scenarios[i];
        echo__buf bytes = mutation_of(s->mutation, 24);
        object o = start(s, NULL);
        char *before = object_snapshot(&o);
        assert_int_equal(object_apply(&o, echo__buf_bytes(&bytes), s->time, 2, 7, NULL), ECHO_OK);
        char *after = object_snapshot(&o);
        object_free(&o);
        for (int frozen = 0; frozen < 2; frozen++)
            for (long nth = 1, failed = 1; failed; nth++) {
                long blocks = fault_blocks();
                echo_error err = ECHO_ERROR_INIT;
                o = start(s, frozen ? before : NULL);
                fault_at(nth);
                echo_status status = object_apply(&o, echo__buf_bytes(&bytes), s->time, 2, 7, &err);
                failed = fault_off();
                if (status != ECHO_OK) { /* nothing happened, and it can be tried again */
                    assert_true(failed);
                    assert_int_equal(status, ECHO_ERR_NOMEM);
                    assert_int_equal(err.code, ECHO_ERR_NOMEM);
                    char *now = object_snapshot(&o);
                    assert_string_equal(now, before);
                    free(now);
                    assert_int_equal(object_apply(&o, echo__buf_bytes(&bytes), s->time, 2, 7, NULL), ECHO_OK);
                }
                assert_stored(&o, after);
                object_free(&o);
                assert_int_equal(fault_blocks(), blocks);
            }
        free(before);
        free(after);
        echo__buf_free(&bytes);
    }
}

/* A state with everything in it, one of its folds stale. */
static object full(void) {
    object o = object_new(2);
    object_do_at(
        &o, 5, 1, WIRE_SET, "a",
        "{\"x\":[1,\"a text that is long enough to need room of its own: it goes on and on and on, and on, and on, and "
        "on, and on and on, until it does not fit\"]}");
    object_do_at(&o, 6, 2, WIRE_SET, "a.y.z", "{\"$x\":null}");
    object_do_at(&o, 7, 3, WIRE_DELETE, "a.y", NULL);
    object_do_at(&o, 8, 2, WIRE_PUSH, "l", "1");
    object_do_at(&o, 9, 2, WIRE_ADD, "l", "2");
    object_do_at(&o, 9, 3, WIRE_DELETE, "gone", NULL);
    object_do_at(&o, 9, 4, WIRE_SET, "$big", "\"s\"");
    object_do_at(&o, 2, 5, WIRE_PUSH, "l", "[0]");
    assert_int_equal(object_try_hex(&o, "0a0d080012016b1a06620400ff0c07"), ECHO_OK);
    assert_int_equal(object_try_hex(&o, "0a0c08001201771a05250000c07f"), ECHO_OK);
    assert_int_equal(object_try_hex(&o, "0a0b08001201711a042a02ff00"), ECHO_OK);
    return o;
}

enum { CALL_SNAPSHOT, CALL_VIEW, CALL_TEXT, CALLS };

/* On failure what was there before stays, and nothing else. */
static echo_status call_text(const object *o, echo_error *err) {
    echo__buf out = ECHO__BUF_INIT;
    echo__buf_text(&out, "before");
    size_t len = out.len;
    echo_status status = echo__object_text(&out, o->state, err);
    assert_int_equal(err->code, status);
    assert_true(status == ECHO_OK ? out.len > len : out.len == len);
    echo__buf_free(&out);
    return status;
}

static echo_status call(int which, const object *o, cJSON **out) {
    echo_error err = ECHO_ERROR_INIT;
    *out = NULL;
    if (which == CALL_SNAPSHOT) return o->ops->snapshot(out, NULL, o->state, &err);
    if (which == CALL_VIEW) return o->ops->view(out, NULL, o->state, &err);
    return call_text(o, &err);
}

static void test_reading(void **state) {
    (void)state;
    object o = full();
    char *stored = object_snapshot(&o), *shown = object_view(&o);
    object_free(&o);
    for (int which = 0; which < CALLS; which++)
        for (int frozen = 0; frozen < 2; frozen++)
            for (long nth = 1, failed = 1; failed; nth++) {
                long blocks = fault_blocks();
                cJSON *out;
                o = frozen ? object_restore(2, stored) : full();
                fault_at(nth);
                echo_status status = call(which, &o, &out);
                failed = fault_off();
                assert_int_equal(status, failed ? ECHO_ERR_NOMEM : ECHO_OK);
                assert_true(!failed || out == NULL);
                cJSON_Delete(out);
                assert_stored(&o, stored);
                assert_view(&o, shown);
                object_free(&o);
                assert_int_equal(fault_blocks(), blocks);
            }
    free(stored);
    free(shown);
}

static void test_restoring(void **state) {
    (void)state;
    object o = full();
    char *stored = object_snapshot(&o);
    object_free(&o);
    for (long nth = 1, failed = 1; failed; nth++) {
        long blocks = fault_blocks();
        o = object_new(2);
        fault_at(nth);
        assert_int_equal(echo__object_freeze(o.state, 1, echo__bytes(stored, strlen(stored)), NULL), ECHO_OK);
        assert_int_equal(fault_allocations(), 0);
        echo_status status = echo__object_thaw(o.state, NULL);
        failed = fault_off();
        assert_true(status == ECHO_OK || (failed && status == ECHO_ERR_NOMEM)); /* a fold that fails is made again */
        assert_stored(&o, stored);
        assert_int_equal(echo__object_borrows(o.state), status != ECHO_OK);
        object_free(&o);
        assert_int_equal(fault_blocks(), blocks);
    }
    for (long nth = 1, failed = 1; failed; nth++) {
        long blocks = fault_blocks();
        o = object_new(2);
        cJSON *value = json(stored);
        fault_at(nth);
        echo_status status = o.ops->restore(NULL, o.state, 1, value, NULL);
        failed = fault_off();
        assert_int_equal(status, failed ? ECHO_ERR_NOMEM : ECHO_OK);
        if (failed) assert_int_equal(o.ops->restore(NULL, o.state, 1, value, NULL), ECHO_OK);
        cJSON_Delete(value);
        assert_false(echo__object_borrows(o.state));
        assert_stored(&o, stored);
        object_free(&o);
        assert_int_equal(fault_blocks(), blocks);
    }
    free(stored);
    fault_at(1);
    void *none = &none;
    assert_int_equal(echo__object_ops.create(&none, NULL, NULL), ECHO_ERR_NOMEM);
    assert_true(fault_off());
    echo__object_ops.destroy(NULL, NULL);
}

/* Hostile bytes. What is refused changes nothing; what is taken can be stored and read again. */

static void random_message(test_random *r, echo__buf *out, int depth) {
    static const uint32_t fields[] = {1, 1, 1, 2, 2, 3, 3, 4, 5, 10, 12, 20, 20, 21, 30};
    for (uint64_t n = 1 + test_random_below(r, 3); n-- > 0;) {
        uint32_t field = fields[test_random_below(r, sizeof fields / sizeof *fields)];
        uint64_t type = test_random_below(r, 8);
        if (type == 0) {
            wire_int(out, field, test_random_below(r, 7));
        } else if (type == 1) {
            wire_varint(out, (uint64_t)field << 3 | 5);
            uint64_t any = test_random_u64(r);
            echo__buf_append(out, &any, 4);
        } else if (type == 2) {
            static const char *const texts[] = {"a",     "a.b",     "a[0]", "",       "[",
                                                "a.b.c", "[\"x\"]", "\xff", "b[1].c", "a[4294967294]"};
            wire_text(out, field, texts[test_random_below(r, sizeof texts / sizeof *texts)]);
        } else if (depth > 0) {
            echo__buf inner = ECHO__BUF_INIT;
            random_message(r, &inner, depth - 1);
            wire_message(out, field, &inner);
        }
    }
}

static void random_mutation(test_random *r, echo__buf *out) {
    static const char *const keys[] = {"a", "a.b", "a[0]", "a.b.c", "b[1].c", "\"", "[]]", "a..b"};
    for (uint64_t n = 1 + test_random_below(r, 3); n-- > 0;) {
        echo__buf value = ECHO__BUF_INIT;
        if (test_random_below(r, 4) == 0) random_message(r, out, 8);
        if (test_random_below(r, 3) == 0)
            random_message(r, &value, 8);
        else
            wire_int(&value, 3, test_random_below(r, 3));
        const char *key = keys[test_random_below(r, sizeof keys / sizeof *keys)];
        wire_op(out, (int64_t)test_random_below(r, 6), key, &value);
    }
    for (uint64_t n = test_random_below(r, 4); n-- > 0 && out->len > 0;) {
        size_t at = (size_t)test_random_below(r, out->len);
        uint64_t how = test_random_below(r, 4);
        if (how == 0)
            out->data[at] ^= (uint8_t)(1u << test_random_below(r, 8));
        else if (how == 1)
            out->data[at] = (uint8_t)test_random_u64(r);
        else if (how == 2)
            out->len = at;
    }
}

static void test_hostile_mutations(void **state) {
    (void)state;
    const char *setting = getenv("ECHO_TEST_RUNS"), *seed = getenv("ECHO_TEST_SEED");
    test_random r = {seed == NULL ? 1 : strtoull(seed, NULL, 10)};
    size_t runs = setting == NULL ? 20000 : strtoull(setting, NULL, 10), taken = 0;
    print_message("ECHO_TEST_SEED=%llu\n", (unsigned long long)r.state);
    object objects[2] = {object_new(1), object_new(2)};
    char *before[2] = {object_snapshot(&objects[0]), object_snapshot(&objects[1])};
    for (size_t run = 0; run < runs; run++) {
        echo__buf bytes = ECHO__BUF_INIT;
        random_mutation(&r, &bytes);
        uint8_t *exact = malloc(bytes.len + 1);
        assert_non_null(exact);
        if (bytes.len > 0) memcpy(exact, bytes.data, bytes.len);
        for (int g = 0; g < 2; g++) {
            object *o = &objects[g];
            uint8_t feed = (uint8_t)test_random_below(&r, 3);
            uint64_t time = test_random_below(&r, 1000);
            echo_status status = object_apply(o, echo__bytes(exact, bytes.len), time, feed, run, NULL);
            char *after = object_snapshot(o);
            if (status == ECHO_OK) {
                taken++;
                if (run % 16 == 0) assert_stored(o, after);
            } else {
                assert_true(status == ECHO_ERR_CORRUPT || status == ECHO_ERR_LIMIT || status == ECHO_ERR_UNSUPPORTED);
                assert_string_equal(after, before[g]);
            }
            free(before[g]);
            before[g] = after;
            if (run % 64 == 63) { /* a state of its own for every 64 */
                object_free(o);
                *o = object_new(g + 1);
                free(before[g]);
                before[g] = object_snapshot(o);
            }
        }
        free(exact);
        echo__buf_free(&bytes);
    }
    for (int g = 0; g < 2; g++) {
        free(before[g]);
        object_free(&objects[g]);
    }
    print_message("%zu of %zu taken\n", taken, 2 * runs);
    assert_true(runs < 1000 || (taken > runs / 20 && taken < 2 * runs * 19 / 20));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_restoring),
        cmocka_unit_test(test_hostile_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
