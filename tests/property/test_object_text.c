/*
 * The object model's text against its JSON value, printed, over histories of all that a mutation can hold: all
 * operations, both generations, paths, indices that bytes order otherwise, keys with "$" and escapes, integers of 64
 * bits, floats, bytes, strings that are no text, more feeds and slots than tables on the stack hold. States are live,
 * frozen and thawed by turns. What both say is compared in object_snapshot; and what typed access gives, with the view.
 * ECHO_TEST_RUNS: how many histories (default 400); ECHO_TEST_SEED: the first one's seed.
 */
#include "unit/model/test_object_getters.h"
#include "unit/model/test_object_support.h"

enum { MUTATIONS_MAX = 90, DEPTH = 4 };

static const char *const keys[] = {"a", "b",          "$",          "$a",         "$$b",      "0",
                                   "2", "9",          "10",         "100",        "01",       "1a",
                                   "-", " ",          "\"q\\",      "\x01\n\x1f", "\xc3\xa9", "\xf0\x9f\x98\x80",
                                   "~", "4294967294", "4294967295", "$bytes"};
static const char *const paths[] = {".a", ".b", "[0]", "[1]", "[10]", ".2", ".$x", "[\"\\\"\"]", ".9", "[\"\"]"};

#define PICK(r, list) ((list)[test_random_below(r, sizeof(list) / sizeof *(list))])

static void put_float(test_random *r, echo__buf *out) {
    static const float values[] = {0.5f, -0.0f, 3.14f, 1e20f, -1e-10f, 16777216.0f, 1e30f};
    uint32_t bits = (uint32_t)test_random_u64(r);
    float value = PICK(r, values);
    if (test_random_below(r, 2) == 0) memcpy(&bits, &value, sizeof bits);
    if (test_random_below(r, 6) == 0) bits = test_random_below(r, 2) == 0 ? 0x7f800000u : 0xff800000u;
    if (test_random_below(r, 6) == 0) bits = 0x7fc00000u;
    wire_varint(out, 4 << 3 | 5);
    for (int i = 0; i < 4; i++, bits >>= 8) echo__buf_byte(out, (uint8_t)bits);
}

static void put_double(test_random *r, echo__buf *out) {
    static const double values[] = {3.14, 0.1, 1e-300, -2.5e30, 16777217.5, 9007199254740993.0};
    double value = PICK(r, values);
    if (test_random_below(r, 2) == 0) value = (double)(int64_t)test_random_u64(r) / 3e12;
    wire_double(out, value);
}

static void put_blob(test_random *r, echo__buf *out) {
    static const char *const texts[] = {"",
                                        "plain",
                                        "\"\\/\b\f\n\r\t\x01\x7f",
                                        "\xe2\x82\xac and \xf0\x9f\x98\x80",
                                        "\xff",
                                        "\xed\xa0\x80",
                                        "a text of more than eight bytes \" and some more \xc3\xa9 behind the quote"};
    uint8_t bytes[40];
    size_t len = (size_t)test_random_below(r, sizeof bytes);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)test_random_u64(r);
    uint32_t field = test_random_below(r, 2) == 0 ? 12 : 5;
    if (test_random_below(r, 3) == 0)
        wire_bytes(out, field, bytes, len);
    else
        wire_text(out, field, PICK(r, texts));
}

static void put_int(test_random *r, echo__buf *out) {
    static const int64_t values[] = {
        0, 1, -1, INT64_MAX, INT64_MIN, INT64_C(9007199254740992), INT64_C(-9007199254740993), 99, 100};
    wire_int(out, 3, test_random_below(r, 3) == 0 ? test_random_u64(r) : (uint64_t)PICK(r, values));
}

static echo__buf random_value(test_random *r, int depth) {
    echo__buf value = ECHO__BUF_INIT, inner = ECHO__BUF_INIT;
    uint64_t kind = test_random_below(r, depth > 0 ? 9 : 6);
    if (kind == 0) wire_int(&value, 1, 1);
    if (kind == 1) wire_int(&value, 2, test_random_below(r, 2));
    if (kind == 2) put_int(r, &value);
    if (kind == 3 && test_random_below(r, 2) == 0)
        put_float(r, &value);
    else if (kind == 3)
        put_double(r, &value);
    if (kind == 4 || kind == 5) put_blob(r, &value);
    if (kind < 6) return value;
    for (uint64_t n = test_random_below(r, test_random_below(r, 4) == 0 ? 14 : 4); n-- > 0;) {
        echo__buf member = random_value(r, depth - 1), property = ECHO__BUF_INIT;
        if (kind == 6) {
            wire_message(&inner, 1, &member);
            continue;
        }
        wire_text(&property, 1, PICK(r, keys));
        wire_message(&property, 2, &member);
        wire_message(&inner, 1, &property);
    }
    wire_message(&value, kind == 6 ? 21 : 20, &inner); /* the old generation takes no arrays, and deletes */
    return value;
}

static void random_key(test_random *r, int generation, char out[64]) {
    if (test_random_below(r, 4) == 0) {
        unsigned number = (unsigned)test_random_below(r, 120);
        (void)snprintf(out, 64, "%s%u", test_random_below(r, 2) == 0 ? "k" : "", number);
    } else {
        (void)snprintf(out, 64, "%s", PICK(r, keys));
    }
    if (generation == 1 || test_random_below(r, 2) == 0) return;
    for (uint64_t n = test_random_below(r, 4); n-- > 0;) strcat(out, PICK(r, paths));
}

static void random_mutation(test_random *r, int generation, echo__buf *out) {
    static const int64_t kinds[] = {WIRE_SET, WIRE_SET, WIRE_SET, WIRE_DELETE, WIRE_PUSH, WIRE_ADD, WIRE_REMOVE};
    for (uint64_t n = 1 + test_random_below(r, 3); n-- > 0;) {
        char key[64];
        random_key(r, generation, key);
        int64_t kind = generation == 1 ? (int64_t)(test_random_below(r, 5) == 0) : PICK(r, kinds);
        echo__buf value = random_value(r, DEPTH);
        wire_op(out, kind, key, kind == WIRE_DELETE ? NULL : &value);
        echo__buf_free(&value);
    }
}

/* What the histories had in them. */
static const char *const marks[] = {
    "$bytes\":\"", "$float\":\"NaN", "\"-Infinity\"", "$string\":\"", "\"ops\":", "\"touch\"",
    "\"push\"",    "\"add\"",        "\"remove\"",    "\"$$a\":",     "\\u0001",  "-9223372036854775808",
    "e+30",        "\"10\":",        "e-10",          ":3.14",        "1e-300"};
static size_t marked[sizeof marks / sizeof *marks], many_feeds, many_slots, turns[3];

static void take_note(const object *o, const char *stored) {
    const echo__object *inside = o->state;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) marked[i] += strstr(stored, marks[i]) != NULL;
    if (inside->frozen) return;
    many_feeds += inside->live.feed_count > 16;
    size_t slots = 0;
    echo__avl_walk walk;
    for (echo__avl_node *node = echo__avl_first(&walk, inside->live.slots); node != NULL; node = echo__avl_next(&walk))
        slots++;
    many_slots += slots > 32;
}

static echo_registry *models;

/* The state goes on as it is, frozen, or thawed. */
static void turn(test_random *r, int generation, object *o) {
    char *stored = object_snapshot(o);
    take_note(o, stored);
    uint64_t how = test_random_below(r, 3);
    turns[how]++;
    if (how > 0) {
        object_free(o);
        *o = object_restore(generation, stored);
        echo_error err = ECHO_ERROR_INIT;
        if (how > 1 && echo__object_thaw(o->state, &err) != ECHO_OK) fail_msg("%s", err.message);
        char *again = object_snapshot(o);
        assert_string_equal(again, stored);
        free(again);
    }
    assert_getters(models, o);
    free(stored);
}

static void run(uint64_t seed, int generation) {
    test_random r = {seed};
    object o = object_new(generation);
    size_t mutations = 1 + (size_t)test_random_below(&r, test_random_below(&r, 4) == 0 ? MUTATIONS_MAX : 12);
    uint64_t feeds = 1 + test_random_below(&r, test_random_below(&r, 3) == 0 ? 40 : 4),
             times = 1 + test_random_below(&r, 200);
    uint64_t start = test_random_below(&r, 8) == 0 ? UINT64_MAX - 200 : 0;
    for (size_t i = 0; i < mutations; i++) {
        echo__buf bytes = ECHO__BUF_INIT;
        echo_error err = ECHO_ERROR_INIT;
        random_mutation(&r, generation, &bytes);
        uint64_t time = start + test_random_below(&r, times);
        if (object_apply(&o, echo__buf_bytes(&bytes), time, (uint8_t)(99 - test_random_below(&r, feeds)), i, &err) !=
            ECHO_OK)
            fail_msg("%s", err.message);
        echo__buf_free(&bytes);
        if (i + 1 == mutations || test_random_below(&r, 4) == 0) turn(&r, generation, &o);
    }
    object_free(&o);
}

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static uint64_t current_seed;

static void test_histories(void **state) {
    (void)state;
    uint64_t runs = setting("ECHO_TEST_RUNS", 400), seed = setting("ECHO_TEST_SEED", 1);
    assert_int_equal(echo_registry_new(&models), ECHO_OK);
    assert_int_equal(echo_registry_add_object(models, NULL), ECHO_OK);
    for (uint64_t i = 0; i < runs; i++) {
        current_seed = seed + i;
        run(current_seed, 1);
        run(current_seed, 2);
    }
    echo_registry_free(models);
    if (runs < 400) return; /* else there was something of everything */
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (marked[i] == 0) fail_msg("no history had %s", marks[i]);
    assert_true(many_feeds > 0 && many_slots > 0 && turns[0] > 0 && turns[1] > 0 && turns[2] > 0);
}

static int tell_seed(void **state) {
    (void)state;
    print_message("last seed: ECHO_TEST_SEED=%llu\n", (unsigned long long)current_seed);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_histories, tell_seed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
