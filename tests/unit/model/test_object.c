/* What the object model makes of mutations: every value, every operation, both generations. */
#include "model/object_wire.h"
#include "test_object_support.h"

/* The mutation {operation: SET, key: "k", value} with the bytes of field 3, as in the format's worked examples. */
static echo_status set_k(object *o, const char *value_hex) {
    char hex[512];
    (void)snprintf(hex, sizeof hex, "0a%02zx080012016b%s", 5 + strlen(value_hex) / 2, value_hex);
    return object_try_hex(o, hex);
}

typedef struct value_case {
    const char *hex;       /* field 3 of the mutation */
    const char *old, *new; /* what "k" is shown as; NULL: not there */
} value_case;

static void test_values(void **state) {
    (void)state;
    static const value_case cases[] = {
        {"1a0b18ffffffffffffffffff01", "-1", "-1"},
        {"1a021800", "0", "0"},
        {"1a06188080808008", "-2147483648", "2147483648"}, /* the old generation wraps to 32 bits */
        {"1a0a18ffffffffffffffff7f", "-1", "9223372036854775807"},
        {"1a0b1880808080808080808001", "0", "-9223372036854775808"},
        {"1a09188180808080808010", "1", "9007199254740993"},
        {"1a052500009040", "4.5", "4.5"},
        {"1a0525c3f54840", "3.140000104904175", "3.140000104904175"},
        {"1a052500000000", "0", "0"}, /* what became of 1e-50 */
        {"1a052500000080", "0", "0"},
        {"1a05250000a040", "5", "5"},
        {"1a0525ec78ad60", "100000002004087730000", "100000002004087730000"},
        {"1a05250000005f", "9223372036854776000", "9223372036854776000"},
        {"1a0525000000df", "-9223372036854775808", "-9223372036854775808"},
        {"1a0525caf24971", "1.0000000150474662e+30", "1.0000000150474662e+30"},
        {"1a05250000c07f", "{\"$float\":\"NaN\"}", "{\"$float\":\"NaN\"}"},
        {"1a0525010080ff", "{\"$float\":\"NaN\"}", "{\"$float\":\"NaN\"}"},
        {"1a05250000807f", "{\"$float\":\"Infinity\"}", "{\"$float\":\"Infinity\"}"},
        {"1a0525000080ff", "{\"$float\":\"-Infinity\"}", "{\"$float\":\"-Infinity\"}"},
        {"1a021001", "true", "true"},
        {"1a021000", "false", "false"},
        {"1a020801", NULL, "null"}, /* null deletes in the old generation */
        {"1a022a00", "\"\"", "\"\""},
        {"1a042a02c3a9", "\"\xc3\xa9\"", "\"\xc3\xa9\""},
        {"1a042a026100", "{\"$string\":\"YQA=\"}", "{\"$string\":\"YQA=\"}"},
        {"1a032a01ff", "{\"$string\":\"/w==\"}", "{\"$string\":\"/w==\"}"},
        {"1a03520131", "\"1\"", "\"1\""}, /* timestamp */
        {"1a035a0132", "\"2\"", "\"2\""}, /* datetime */
        {"1a06620400ff0c07", "{\"$bytes\":\"AP8MBw==\"}", "{\"$bytes\":\"AP8MBw==\"}"},
        {"1a026200", "{\"$bytes\":\"\"}", "{\"$bytes\":\"\"}"},
        {"1a03a20100", "{}", "{}"},
        {"1a32a2012f0a070a01611202180d0a080a016212032a01780a1a0a01631215a201120a070a0164120210010a070a016512021803",
         "{\"a\":13,\"b\":\"x\",\"c\":{\"d\":true,\"e\":3}}", "{\"a\":13,\"b\":\"x\",\"c\":{\"d\":true,\"e\":3}}"},
        {"1a00", NULL, "?"},                           /* a value of no kind */
        {"1a020800", NULL, "?"},                       /* null: false is none either */
        {"1a04f2010161", NULL, "?"},                   /* field 30: a kind of later software */
        {"1a0baa01080a0218010a021802", NULL, "[1,2]"}, /* the array type exists in the new generation only */
        {"", NULL, NULL},                              /* no value at all: a deletion */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int generation = 1; generation <= 2; generation++) {
            object o = object_new(generation);
            const char *expected = generation == 1 ? cases[i].old : cases[i].new;
            char view[256];
            assert_int_equal(set_k(&o, "1a032a0178"), ECHO_OK); /* there is something to replace or to delete */
            bool unknown = expected != NULL && strcmp(expected, "?") == 0;
            assert_int_equal(set_k(&o, cases[i].hex), unknown ? ECHO_ERR_UNSUPPORTED : ECHO_OK);
            if (unknown) expected = "\"x\"";
            (void)snprintf(view, sizeof view, expected == NULL ? "{}" : "{\"k\":%s}", expected);
            assert_view(&o, view);
            char *stored = object_snapshot(&o);
            assert_stored(&o, stored);
            free(stored);
            object_free(&o);
        }
}

typedef struct number_case {
    const char *what, *hex, *shown; /* NULL: a value of no kind */
} number_case;

/* A double beside a float counts if it rounds to that float. It is field 2047, 64 bits. */
static void test_doubles(void **state) {
    (void)state;
    static const number_case cases[] = {
        {"the double beside the float", "1a0f25c3f54840f97f1f85eb51b81e0940", "3.14"},
        {"in either order", "1a0ff97f1f85eb51b81e094025c3f54840", "3.14"},
        {"not the float's", "1a0f25c3f54840f97f3333333333330940", "3.140000104904175"},
        {"the float's neighbour", "1a0f25c3f54840f97f07712f7ab81e0940", "3.140000104904175"},
        {"the last double counts", "1a19f97f333333333333094025c3f54840f97f1f85eb51b81e0940", "3.14"},
        {"or none", "1a19f97f1f85eb51b81e094025c3f54840f97f3333333333330940", "3.140000104904175"},
        {"the last float counts", "1a14250000904025c3f54840f97f1f85eb51b81e0940", "3.14"},
        {"the last float counts, the double fits the first", "1a1425c3f54840f97f1f85eb51b81e09402500009040", "4.5"},
        {"another kind comes later", "1a1125c3f548401805f97f1f85eb51b81e0940", "5"},
        {"another kind comes last", "1a1225c3f54840f97f1f85eb51b81e09402a0178", "\"x\""},
        {"another kind came earlier", "1a11180525c3f54840f97f1f85eb51b81e0940", "3.14"},
        {"beside an integer", "1a0c1803f97f9c6f030000000840", "3"},
        {"beside no kind", "1a0af97f1f85eb51b81e0940", NULL},
        {"field 2047 as a varint", "1a0825c3f54840f87f05", "3.140000104904175"},
        {"field 2047 as bytes", "1a1025c3f54840fa7f081f85eb51b81e0940", "3.140000104904175"},
        {"field 2047 as 32 bits", "1a0b25c3f54840fd7fc3f54840", "3.140000104904175"},
        {"another wire type comes last", "1a1225c3f54840f97f1f85eb51b81e0940f87f05", "3.14"},
        {"another field", "1a0f25c3f54840f17f1f85eb51b81e0940", "3.140000104904175"},
        {"superfluous", "1a0f2500009040f97f0000000000001240", "4.5"},
        {"rounds to zero", "1a0f2500000000f97f1fb8d44a7aee8d35", "1e-50"},
        {"rounds to the other zero", "1a0f2500000080f97f1fb8d44a7aee8d35", "0"},
        {"rounds to negative zero", "1a0f2500000080f97f1fb8d44a7aee8db5", "-1e-50"},
        {"the smallest double", "1a0f2500000000f97f0100000000000000", "5e-324"},
        {"the float is an integer", "1a0f250000a040f97fa7fcb50600001440", "5.0000001"},
        {"the double is an integer", "1a0f2500000050f97f0000080000000042", "8589934593"},
        {"beyond int64", "1a0f25caf24971f97fea8ca039593e2946", "1e+30"},
        {"a tie, to even", "1a0f250000804bf97f0000001000007041", "16777217"},
        {"a tie, not to odd", "1a0f250100804bf97f0000001000007041", "16777218"},
        {"the largest that rounds to a finite float", "1a0f25ffff7f7ff97fffffffefffffef47", "3.4028235677973362e+38"},
        {"the smallest that rounds to infinity", "1a0f25ffff7f7ff97f000000f0ffffef47", "3.4028234663852886e+38"},
        {"a double beside infinity", "1a0f250000807ff97f9c7500883ce4377e", "{\"$float\":\"Infinity\"}"},
        {"infinity beside infinity", "1a0f250000807ff97f000000000000f07f", "{\"$float\":\"Infinity\"}"},
        {"infinity beside a float", "1a0f25c3f54840f97f000000000000f07f", "3.140000104904175"},
        {"a double beside NaN", "1a0f250000c07ff97f1f85eb51b81e0940", "{\"$float\":\"NaN\"}"},
        {"NaN beside NaN", "1a0f250000c07ff97f000000000000f87f", "{\"$float\":\"NaN\"}"},
        {"NaN beside a float", "1a0f25c3f54840f97f000000000000f87f", "3.140000104904175"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int generation = 1; generation <= 2; generation++) {
            object o = object_new(generation);
            char view[256];
            bool refused = cases[i].shown == NULL && generation == 2;
            (void)snprintf(view, sizeof view, cases[i].shown == NULL ? "{}" : "{\"k\":%s}", cases[i].shown);
            if (set_k(&o, cases[i].hex) != (refused ? ECHO_ERR_UNSUPPORTED : ECHO_OK)) fail_msg("%s", cases[i].what);
            char *shown = object_view(&o), *stored = object_snapshot(&o);
            if (strcmp(shown, view) != 0) fail_msg("%s: %s", cases[i].what, shown);
            assert_stored(&o, stored);
            free(shown);
            free(stored);
            object_free(&o);
        }
}

static void test_worked_example(void **state) {
    (void)state;
    for (int generation = 1; generation <= 2; generation++) {
        object o = object_new(generation);
        assert_view(&o, "{}");
        assert_int_equal(object_try_hex(&o, "0a1a080012057469746c651a0f2a0d46697874757265207061727479"), ECHO_OK);
        assert_view(&o, "{\"title\":\"Fixture party\"}");
        /* two operations in one mutation, the second number 0 written out */
        assert_int_equal(object_try_hex(&o, "0a130800120574"
                                            "69746c651a082a064974656d20300a09080012016e1a021800"),
                         ECHO_OK);
        assert_view(&o, "{\"n\":0,\"title\":\"Item 0\"}");
        /* no operation field is SET */
        assert_int_equal(object_try_hex(&o, "0a0712016e1a021805"), ECHO_OK);
        assert_view(&o, "{\"n\":5,\"title\":\"Item 0\"}");
        assert_int_equal(object_try_hex(&o, "0a05080112016e"), ECHO_OK); /* DELETE */
        assert_view(&o, "{\"title\":\"Item 0\"}");
        assert_int_equal(object_try_hex(&o, ""), ECHO_OK);
        assert_view(&o, "{\"title\":\"Item 0\"}");
        object_free(&o);
    }
}

static void test_operation_numbers(void **state) {
    (void)state;
    for (int64_t number = -1; number < 8; number++) {
        object o = object_new(1), n = object_new(2);
        bool in_old = number == 0 || number == 1, in_new = in_old || number == 2 || number == 4 || number == 5;
        assert_int_equal(object_try(&o, number, "k", "1"), in_old ? ECHO_OK : ECHO_ERR_UNSUPPORTED);
        assert_int_equal(object_try(&n, number, "k", "1"), in_new ? ECHO_OK : ECHO_ERR_UNSUPPORTED);
        object_free(&o);
        object_free(&n);
    }
}

/* A sequence of operations in order, and what is shown in the end. */
typedef struct step {
    int operation;
    const char *key, *value;
} step;

typedef struct sequence {
    int generation;
    step steps[8]; /* ends with a NULL key */
    const char *view;
} sequence;

static const sequence sequences[] = {
    /* keys */
    {1, {{WIRE_SET, "a.b", "1"}, {WIRE_SET, "a[0]", "2"}}, "{\"a.b\":1,\"a[0]\":2}"},
    {2, {{WIRE_SET, "a.b[1].c", "1"}}, "{\"a\":{\"b\":{\"1\":{\"c\":1}}}}"},
    {2, {{WIRE_SET, "a[\"x.y\"]", "1"}}, "{\"a\":{\"x.y\":1}}"},
    {2, {{WIRE_SET, "[0].x", "1"}}, "{\"0\":{\"x\":1}}"},
    {2,
     {{WIRE_SET, "a", "1"}, {WIRE_SET, "[]]", "2"}, {WIRE_PUSH, "[]]", "2"}, {WIRE_DELETE, "[]]", NULL}},
     "{\"a\":1}"},
    {1,
     {{WIRE_SET, "$a", "1"}, {WIRE_SET, "$$b", "{\"$c\":1}"}, {WIRE_SET, "d", "{\"$bytes\":\"AA==\"}"}},
     "{\"$$$b\":{\"$$c\":1},\"$$a\":1,\"d\":{\"$$bytes\":\"AA==\"}}"},
    /* null and deletion */
    {1, {{WIRE_SET, "a", "1"}, {WIRE_SET, "a", "null"}}, "{}"},
    {1, {{WIRE_SET, "a", "{\"x\":null,\"y\":1}"}}, "{\"a\":{\"y\":1}}"},
    {2, {{WIRE_SET, "a", "1"}, {WIRE_SET, "a", "null"}}, "{\"a\":null}"},
    {2, {{WIRE_SET, "a", "{\"x\":null,\"y\":1}"}}, "{\"a\":{\"x\":null,\"y\":1}}"},
    {2, {{WIRE_SET, "a.b", "1"}, {WIRE_DELETE, "a.b", NULL}}, "{\"a\":{}}"},
    {2, {{WIRE_SET, "a.b", "1"}, {WIRE_SET, "a.b", NULL}}, "{\"a\":{}}"},
    {2, {{WIRE_DELETE, "a.b.c", NULL}}, "{}"},
    {2, {{WIRE_SET, "a", "5"}, {WIRE_DELETE, "a.b", NULL}}, "{\"a\":5}"},
    {2, {{WIRE_SET, "a", "{\"b\":1}"}, {WIRE_DELETE, "a", NULL}}, "{}"},
    /* objects replace, they do not merge; arrays written as objects are objects */
    {2, {{WIRE_SET, "a", "{\"x\":1}"}, {WIRE_SET, "a", "{\"y\":2}"}}, "{\"a\":{\"y\":2}}"},
    {2, {{WIRE_SET, "a", "{\"0\":1,\"1\":\"a\"}"}}, "{\"a\":{\"0\":1,\"1\":\"a\"}}"},
    {2, {{WIRE_SET, "a", "{\"x\":1}"}, {WIRE_SET, "a.y", "2"}}, "{\"a\":{\"x\":1,\"y\":2}}"},
    /* keys inside a written value are paths in the new generation only */
    {2, {{WIRE_SET, "a", "{\"x.y\":1,\"x.z\":2,\"l[0]\":3}"}}, "{\"a\":{\"l\":[3],\"x\":{\"y\":1,\"z\":2}}}"},
    {1, {{WIRE_SET, "a", "{\"x.y\":1,\"l[0]\":3}"}}, "{\"a\":{\"l[0]\":3,\"x.y\":1}}"},
    {2, {{WIRE_SET, "a", "{\"x\":{\"y\":1},\"x.z\":2,\"x.y\":3}"}}, "{\"a\":{\"x\":{\"y\":3,\"z\":2}}}"},
    /* flags */
    {2, {{WIRE_SET, "a[0]", "1"}, {WIRE_SET, "a[1]", "2"}}, "{\"a\":[1,2]}"},
    {2, {{WIRE_SET, "a[1]", "2"}}, "{\"a\":{\"1\":2}}"},
    {2, {{WIRE_SET, "a[1]", "2"}, {WIRE_SET, "a[0]", "1"}}, "{\"a\":[1,2]}"},
    {2, {{WIRE_SET, "a[0]", "1"}, {WIRE_SET, "a.x", "2"}}, "{\"a\":{\"0\":1,\"x\":2}}"},
    {2, {{WIRE_SET, "a[0]", "1"}, {WIRE_SET, "a.x", "2"}, {WIRE_DELETE, "a.x", NULL}}, "{\"a\":{\"0\":1}}"},
    {2, {{WIRE_SET, "a.01", "1"}}, "{\"a\":{\"01\":1}}"},
    {2, {{WIRE_SET, "a[0].b", "1"}, {WIRE_SET, "a.x.y", "2"}}, "{\"a\":{\"0\":{\"b\":1},\"x\":{\"y\":2}}}"},
    {2, {{WIRE_SET, "a", "[]"}}, "{\"a\":[]}"},
    {2, {{WIRE_SET, "a", "[1,null,[2]]"}, {WIRE_SET, "a[3]", "4"}}, "{\"a\":[1,null,[2],4]}"},
    {2, {{WIRE_SET, "a", "[1,2]"}, {WIRE_DELETE, "a[0]", NULL}}, "{\"a\":{\"1\":2}}"},
    {2, {{WIRE_SET, "a", "[1,2]"}, {WIRE_DELETE, "a[1]", NULL}}, "{\"a\":[1]}"},
    {2, {{WIRE_SET, "0", "1"}, {WIRE_SET, "1", "1"}}, "{\"0\":1,\"1\":1}"}, /* the item itself is no array */
    /* a value that would not be shown as an array is none, whatever comes */
    {2, {{WIRE_SET, "a", "{\"l[1]\":1}"}, {WIRE_SET, "a.l[0]", "0"}}, "{\"a\":{\"l\":{\"0\":0,\"1\":1}}}"},
    /* push */
    {2, {{WIRE_PUSH, "a", "1"}, {WIRE_PUSH, "a", "1"}}, "{\"a\":[1,1]}"},
    {2, {{WIRE_SET, "a", "5"}, {WIRE_PUSH, "a", "null"}}, "{\"a\":[null]}"},
    {2, {{WIRE_SET, "a", "{\"0\":1}"}, {WIRE_PUSH, "a", "2"}}, "{\"a\":[1,2]}"},
    {2, {{WIRE_SET, "a", "{\"x\":1,\"5\":2}"}, {WIRE_PUSH, "a", "3"}}, "{\"a\":{\"5\":2,\"6\":3,\"x\":1}}"},
    {2, {{WIRE_PUSH, "a.b[0].c", "1"}}, "{\"a\":{\"b\":[{\"c\":[1]}]}}"},
    {2,
     {{WIRE_PUSH, "a", "{\"x\":1}"}, {WIRE_PUSH, "a", "[2]"}, {WIRE_SET, "a[0].y", "3"}},
     "{\"a\":[{\"x\":1,\"y\":3},[2]]}"},
    {2, {{WIRE_SET, "a[4294967294]", "1"}, {WIRE_PUSH, "a", "2"}}, "{\"a\":{\"4294967294\":1}}"},
    {2, {{WIRE_SET, "a[4294967293]", "1"}, {WIRE_PUSH, "a", "2"}}, "{\"a\":{\"4294967293\":1,\"4294967294\":2}}"},
    {2, {{WIRE_SET, "a[0]", "1"}, {WIRE_SET, "a[4294967295]", "2"}}, "{\"a\":{\"0\":1,\"4294967295\":2}}"}, /* a name */
    /* sets */
    {2, {{WIRE_ADD, "a", "1"}, {WIRE_ADD, "a", "2"}, {WIRE_ADD, "a", "1"}}, "{\"a\":[1,2]}"},
    {2, {{WIRE_SET, "a", "[1,2,1,\"1\",null,null,true,true]"}, {WIRE_ADD, "a", "2"}}, "{\"a\":[1,2,\"1\",null,true]}"},
    {2, {{WIRE_SET, "a", "[3,1,3]"}, {WIRE_REMOVE, "a", "9"}}, "{\"a\":[3,1]}"},
    {2, {{WIRE_SET, "a", "[1,2,3,2]"}, {WIRE_REMOVE, "a", "2"}}, "{\"a\":[1,3]}"},
    {2, {{WIRE_REMOVE, "a", "1"}}, "{\"a\":[]}"},
    {2, {{WIRE_SET, "a", "\"x\""}, {WIRE_REMOVE, "a", "1"}}, "{\"a\":[]}"},
    {2,
     {{WIRE_ADD, "a", "{\"x\":1}"}, {WIRE_ADD, "a", "{\"x\":1}"}, {WIRE_REMOVE, "a", "{\"x\":1}"}},
     "{\"a\":[{\"x\":1},{\"x\":1}]}"},
    {2, {{WIRE_SET, "a[7]", "1"}, {WIRE_SET, "a[3]", "2"}, {WIRE_ADD, "a", "3"}}, "{\"a\":[2,1,3]}"},
    {2, {{WIRE_SET, "a", "{\"x\":9,\"2\":1,\"10\":1}"}, {WIRE_ADD, "a", "2"}}, "{\"a\":{\"0\":1,\"1\":2,\"x\":9}}"},
    {2, {{WIRE_SET, "a[4294967294]", "1"}, {WIRE_ADD, "a", "2"}}, "{\"a\":[1,2]}"},
    {2, {{WIRE_ADD, "a", "1"}, {WIRE_PUSH, "a", "1"}, {WIRE_ADD, "a", "2"}}, "{\"a\":[1,2]}"},
    {2, {{WIRE_ADD, "a", "1"}, {WIRE_ADD, "a", "2"}, {WIRE_SET, "a[0]", "2"}, {WIRE_ADD, "a", "3"}}, "{\"a\":[2,3]}"},
    {2,
     {{WIRE_ADD, "a", "1"}, {WIRE_ADD, "a", "2"}, {WIRE_DELETE, "a[0]", NULL}, {WIRE_ADD, "a", "3"}},
     "{\"a\":[2,3]}"},
};

static void test_sequences(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        object o = object_new(sequences[i].generation);
        for (const step *s = sequences[i].steps; s->key != NULL; s++) object_do(&o, s->operation, s->key, s->value);
        assert_view(&o, sequences[i].view);
        char *stored = object_snapshot(&o);
        assert_stored(&o, stored);
        object_free(&o);
        /* one mutation with all the operations does the same, and so do all of them with a restart before each */
        echo__buf bytes = ECHO__BUF_INIT;
        object again = object_new(sequences[i].generation), together = object_new(sequences[i].generation);
        for (const step *s = sequences[i].steps; s->key != NULL; s++) {
            char *before = object_snapshot(&again);
            uint64_t time = again.time;
            object_free(&again);
            again = object_restore(sequences[i].generation, before);
            again.time = time;
            free(before);
            object_do(&again, s->operation, s->key, s->value);
            cJSON *value = s->value == NULL ? NULL : json(s->value);
            echo__buf encoded = ECHO__BUF_INIT;
            if (value != NULL) encoded = wire_value(value);
            wire_op(&bytes, s->operation, s->key, value == NULL ? NULL : &encoded);
            cJSON_Delete(value);
        }
        assert_int_equal(object_apply(&together, echo__buf_bytes(&bytes), 1, 1, 1, NULL), ECHO_OK);
        assert_view(&together, sequences[i].view);
        assert_stored(&again, stored);
        free(stored);
        stored = object_snapshot(&together);
        assert_stored(&together, stored);
        free(stored);
        object_free(&again);
        object_free(&together);
        echo__buf_free(&bytes);
    }
}

static void set_op_k(object *o, int operation, const char *value_hex) {
    char hex[128];
    (void)snprintf(hex, sizeof hex, "0a%02zx08%02x12016b%s", 5 + strlen(value_hex) / 2, (unsigned)operation, value_hex);
    assert_int_equal(object_try_hex(o, hex), ECHO_OK);
}

/* Numbers are equal by value; floats take part. */
static void test_set_numbers(void **state) {
    (void)state;
    static const char *const elements[] = {
        "1a021805",       "1a05250000a040" /* 5.0 */,         "1a052500009040",       "1a052500009040",
        "1a05250000c07f", "1a0525010080ff" /* another NaN */, "1a032a0135" /* "5" */, "1a026200",
        "1a026200" /* bytes */};
    object o = object_new(2);
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) set_op_k(&o, WIRE_ADD, elements[i]);
    assert_view(&o, "{\"k\":[5,4.5,{\"$float\":\"NaN\"},\"5\",{\"$bytes\":\"\"},{\"$bytes\":\"\"}]}");
    object_free(&o);
}

/* Elements of a set are compared by the doubles that they stand for. */
static void test_set_doubles(void **state) {
    (void)state;
    static const char *const elements[] = {"1a0f25c3f54840f97f1f85eb51b81e0940", "1a0525c3f54840" /* the float alone */,
                                           "1a0f25c3f54840f97f1f85eb51b81e0940", "1a0ff97f1f85eb51b81e094025c3f54840",
                                           "1a0f25c3f54840f97f3333333333330940" /* the float counts */};
    object o = object_new(2);
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) set_op_k(&o, WIRE_ADD, elements[i]);
    assert_view(&o, "{\"k\":[3.14,3.140000104904175]}");
    set_op_k(&o, WIRE_REMOVE, elements[0]);
    assert_view(&o, "{\"k\":[3.140000104904175]}");
    object_free(&o);
}

/* Later stamps win whatever came last; ties of time go by feed, then by seq. */
static void test_last_writer_wins(void **state) {
    (void)state;
    for (int generation = 1; generation <= 2; generation++) {
        object o = object_new(generation);
        object_do_at(&o, 5, 1, WIRE_SET, "k", "\"five\"");
        object_do_at(&o, 4, 9, WIRE_SET, "k", "\"four\"");
        assert_view(&o, "{\"k\":\"five\"}");
        object_do_at(&o, 5, 0, WIRE_SET, "k", "\"lower feed\"");
        assert_view(&o, "{\"k\":\"five\"}");
        object_do_at(&o, 5, 2, WIRE_SET, "k", "\"higher feed\"");
        assert_view(&o, "{\"k\":\"higher feed\"}");
        object_do_at(&o, 7, 0, WIRE_DELETE, "k", NULL);
        object_do_at(&o, 6, 0, WIRE_SET, "k", "\"six\"");
        assert_view(&o, "{}"); /* the tombstone stays */
        object_do_at(&o, 8, 0, WIRE_SET, "k", "\"eight\"");
        object_do_at(&o, 7, 3, WIRE_DELETE, "k", NULL);
        assert_view(&o, "{\"k\":\"eight\"}");
        object_free(&o);
    }
}

/* In any of the orders the state is the same: what is shown, and every byte that is stored. */
static void assert_any_order(const step *steps, size_t count, const char *view) {
    size_t order[6], permutations = 1;
    char *stored = NULL;
    for (size_t i = 2; i <= count; i++) permutations *= i;
    for (size_t p = 0; p < permutations; p++) {
        object o = object_new(2);
        size_t rest = p;
        for (size_t i = 0; i < count; i++) { /* the p-th permutation */
            size_t at = rest % (i + 1);
            rest /= i + 1;
            memmove(order + at + 1, order + at, (i - at) * sizeof *order);
            order[at] = i;
        }
        for (size_t i = 0; i < count; i++)
            object_do_at(&o, order[i] + 1, (uint8_t)(order[i] % 2), steps[order[i]].operation, steps[order[i]].key,
                         steps[order[i]].value);
        assert_view(&o, view);
        if (stored == NULL) stored = object_snapshot(&o);
        assert_stored(&o, stored);
        object_free(&o);
    }
    free(stored);
}

static void test_any_order(void **state) {
    (void)state;
    static const step deleted_leaf[] = {
        {WIRE_SET, "a", "[7]"}, {WIRE_SET, "a.b.c", "1"}, {WIRE_PUSH, "a", "8"}, {WIRE_DELETE, "a.b", NULL}};
    assert_any_order(deleted_leaf, 4, "{\"a\":[7,8]}");
    static const step cleared_flag[] = {
        {WIRE_SET, "a", "[7]"}, {WIRE_PUSH, "a", "8"}, {WIRE_SET, "a.b.c", "1"}, {WIRE_DELETE, "a.b", NULL}};
    assert_any_order(cleared_flag, 4, "{\"a\":{\"0\":7,\"1\":8}}");
    static const step made_maps[] = {
        {WIRE_SET, "a", "5"}, {WIRE_SET, "a.b.c", "1"}, {WIRE_DELETE, "a.b.c", NULL}, {WIRE_DELETE, "a.b", NULL}};
    assert_any_order(made_maps, 4, "{\"a\":{}}");
    static const step made_again[] = {
        {WIRE_SET, "a.b", "1"}, {WIRE_DELETE, "a.b", NULL}, {WIRE_SET, "a.b.c", "2"}, {WIRE_DELETE, "a.b.c", NULL}};
    assert_any_order(made_again, 4, "{\"a\":{\"b\":{}}}");
    static const step lists[] = {{WIRE_PUSH, "a", "1"},
                                 {WIRE_ADD, "a", "2"},
                                 {WIRE_PUSH, "a", "1"},
                                 {WIRE_ADD, "a", "3"},
                                 {WIRE_REMOVE, "a", "2"}};
    assert_any_order(lists, 5, "{\"a\":[1,3]}");
    static const step moved[] = {{WIRE_PUSH, "a", "{\"x\":1}"}, {WIRE_PUSH, "a", "2"}, {WIRE_SET, "a[0].x", "9"},
                                 {WIRE_DELETE, "a[0]", NULL},   {WIRE_ADD, "a", "3"},  {WIRE_SET, "a[0]", "4"}};
    assert_any_order(moved, 6, "{\"a\":[4,3]}");
    static const step whole[] = {{WIRE_SET, "a.x", "1"},
                                 {WIRE_SET, "a", "{\"y\":2}"},
                                 {WIRE_SET, "a.z", "3"},
                                 {WIRE_DELETE, "a", NULL},
                                 {WIRE_SET, "a.w", "4"}};
    assert_any_order(whole, 5, "{\"a\":{\"w\":4}}");
}

/* A mutation counts as a whole: what is wrong with one operation keeps all of them out. */
static void test_all_or_nothing(void **state) {
    (void)state;
    static const struct {
        const char *hex;
        echo_status status;
    } faults[] = {
        {"0a0708001201711a00", ECHO_ERR_UNSUPPORTED}, /* a value of no kind */
        {"0a080803120171"
         "1a021801",
         ECHO_ERR_CORRUPT}, /* cut short */
        {"0a09080312017"
         "11a021801",
         ECHO_ERR_UNSUPPORTED},                         /* ARRAY_DELETE */
        {"0a050802120171", ECHO_ERR_CORRUPT},           /* a push of nothing */
        {"0a0608001a021801", ECHO_ERR_CORRUPT},         /* no key */
        {"0a08080012001a021801", ECHO_ERR_CORRUPT},     /* an empty key */
        {"0a0a0800120261001a021801", ECHO_ERR_CORRUPT}, /* a NUL in the key */
        {"0a090800"
         "1201ff1a021801",
         ECHO_ERR_CORRUPT}, /* a key that is no text */
        {"0a0e0800"
         "1201711a07a201040a020a00",
         ECHO_ERR_CORRUPT}, /* an empty key inside */
        {"0a0f0800"
         "1201711a08a201050a030a01ff",
         ECHO_ERR_CORRUPT},
        {"0a0d08001201711a0218011a021802", ECHO_ERR_CORRUPT}, /* two values */
        {"0b", ECHO_ERR_CORRUPT},
        {"0a", ECHO_ERR_CORRUPT},
        {"0aff", ECHO_ERR_CORRUPT},
        {"0a0100", ECHO_ERR_CORRUPT},
        {"0a09080012017119021801", ECHO_ERR_CORRUPT},
    };
    object o = object_new(2);
    object_do(&o, WIRE_SET, "k", "1");
    char *before = object_snapshot(&o);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        char hex[256];
        (void)snprintf(hex, sizeof hex,
                       "0a09080012016b1a021807"
                       "0a09080012016c1a021807%s",
                       faults[i].hex); /* two good ones first */
        assert_int_equal(object_try_hex(&o, hex), faults[i].status);
        char *now = object_snapshot(&o);
        assert_string_equal(now, before);
        free(now);
    }
    assert_int_equal(object_try_hex(&o, "0a09080012016b1a021807"
                                        "0a09080012016c1a021807"),
                     ECHO_OK);
    assert_view(&o, "{\"k\":7,\"l\":7}");
    free(before);
    object_free(&o);
}

static char *repeated(const char *first, const char *again, size_t times, const char *last) {
    size_t size = strlen(first) + strlen(again) * times + strlen(last) + 1;
    char *text = malloc(size), *at = text;
    assert_non_null(text);
    at += sprintf(at, "%s", first);
    for (size_t i = 0; i < times; i++) at += sprintf(at, "%s", again);
    (void)sprintf(at, "%s", last);
    return text;
}

static echo_status set_repeated(object *o, int operation, size_t segments, size_t depth) {
    char *key = repeated("a", ".b", segments - 1, ""), *open = repeated("", "{\"x\":", depth, "1"),
         *value = repeated(open, "}", depth, "");
    echo_status status = object_try(o, operation, key, value);
    free(key);
    free(open);
    free(value);
    return status;
}

static void test_limits(void **state) {
    (void)state;
    object o = object_new(2), old = object_new(1);
    /* path segments and nesting count together, an element of a list one more */
    assert_int_equal(set_repeated(&o, WIRE_SET, 64, 0), ECHO_OK);
    assert_int_equal(set_repeated(&o, WIRE_SET, 65, 0), ECHO_ERR_LIMIT);
    assert_int_equal(set_repeated(&o, WIRE_SET, 1, 63), ECHO_OK);
    assert_int_equal(set_repeated(&o, WIRE_SET, 1, 64), ECHO_ERR_LIMIT);
    assert_int_equal(set_repeated(&o, WIRE_SET, 32, 32), ECHO_OK);
    assert_int_equal(set_repeated(&o, WIRE_SET, 32, 33), ECHO_ERR_LIMIT);
    assert_int_equal(set_repeated(&o, WIRE_PUSH, 63, 0), ECHO_OK);
    assert_int_equal(set_repeated(&o, WIRE_PUSH, 64, 0), ECHO_ERR_LIMIT);
    assert_int_equal(set_repeated(&o, WIRE_ADD, 32, 31), ECHO_OK);
    assert_int_equal(set_repeated(&o, WIRE_ADD, 32, 32), ECHO_ERR_LIMIT);
    assert_int_equal(set_repeated(&o, WIRE_DELETE, 65, 0), ECHO_ERR_LIMIT);
    assert_int_equal(set_repeated(&old, WIRE_SET, 1, 63), ECHO_OK);
    assert_int_equal(set_repeated(&old, WIRE_SET, 1, 64), ECHO_ERR_LIMIT);
    assert_int_equal(set_repeated(&old, WIRE_SET, 100, 0), ECHO_OK); /* literal keys have no segments */
    /* the deepest state there can be can be stored and read */
    char *stored = object_snapshot(&o);
    assert_stored(&o, stored);
    free(stored);
    /* keys in a written value add their segments */
    char *path = repeated("{\"a", ".b", 62, "\":1}");
    assert_int_equal(object_try(&o, WIRE_SET, "p", path), ECHO_OK);
    assert_int_equal(object_try(&o, WIRE_SET, "p.q", path), ECHO_ERR_LIMIT);
    free(path);
    /* the bytes of a key */
    char *key = repeated("", "k", ECHO_OBJECT_KEY_BYTES_MAX, "");
    assert_int_equal(object_try(&o, WIRE_SET, key, "1"), ECHO_OK);
    assert_int_equal(object_try(&old, WIRE_SET, key, "1"), ECHO_OK);
    free(key);
    key = repeated("", "k", ECHO_OBJECT_KEY_BYTES_MAX + 1, "");
    assert_int_equal(object_try(&o, WIRE_SET, key, "1"), ECHO_ERR_LIMIT);
    assert_int_equal(object_try(&old, WIRE_SET, key, "1"), ECHO_ERR_LIMIT);
    free(key);
    object_free(&o);
    object_free(&old);
}

/* Nesting far beyond what any stack holds; far more values than are allowed; paths that multiply. */
static void test_bombs(void **state) {
    (void)state;
    object o = object_new(2);
    echo_error err = ECHO_ERROR_INIT;
    enum { LEVELS = 20000 };
    for (int array = 0; array < 2; array++) { /* built from the inside out, each level in front of the last */
        size_t size = (size_t)LEVELS * 40, len = 0;
        uint8_t *bytes = malloc(size), *end = bytes + size;
        assert_non_null(bytes);
        for (int i = 0; i < LEVELS; i++) {
            for (int part = 0; part < (array ? 2 : 3); part++) {
                static const uint32_t object_fields[] = {2, 1, 20}, array_fields[] = {1, 21};
                echo__buf head = ECHO__BUF_INIT;
                if (part == 1 && !array) {
                    *--end = 'x', *--end = 1, *--end = 0x0a; /* the key */
                    len += 3;
                }
                wire_varint(&head, (uint64_t)(array ? array_fields : object_fields)[part] << 3 | 2);
                wire_varint(&head, len);
                end -= head.len;
                memcpy(end, head.data, head.len);
                len += head.len;
                echo__buf_free(&head);
            }
        }
        echo__buf value = ECHO__BUF_INIT, mutation = ECHO__BUF_INIT;
        echo__buf_append(&value, end, len);
        wire_op(&mutation, WIRE_SET, "k", &value);
        assert_int_equal(object_apply(&o, echo__buf_bytes(&mutation), 1, 1, 1, &err), ECHO_ERR_LIMIT);
        echo__buf_free(&mutation);
        free(bytes);
    }
    echo__buf many = ECHO__BUF_INIT, value = ECHO__BUF_INIT, mutation = ECHO__BUF_INIT;
    for (size_t i = 0; i < (1u << 20); i++) wire_bytes(&many, 1, "", 0);
    wire_message(&value, 21, &many);
    wire_op(&mutation, WIRE_SET, "k", &value);
    fault_from(1); /* refused before anything is allocated */
    assert_int_equal(object_apply(&o, echo__buf_bytes(&mutation), 1, 1, 1, &err), ECHO_ERR_LIMIT);
    assert_false(fault_off());
    echo__buf_clear(&mutation);
    /* Fields that are not known cost as much as those that are. */
    for (size_t i = 0; i <= ECHO__OBJECT_FIELDS_MAX; i++) wire_int(&mutation, 15, 0);
    fault_from(1);
    assert_int_equal(object_apply(&o, echo__buf_bytes(&mutation), 1, 1, 1, &err), ECHO_ERR_LIMIT);
    assert_false(fault_off());
    mutation.len -= 2; /* as many as may be */
    assert_int_equal(object_apply(&o, echo__buf_bytes(&mutation), 1, 1, 1, &err), ECHO_OK);
    echo__buf_clear(&mutation);
    char *path = repeated("a", ".b", 62, "");
    for (size_t i = 0; i < (1u << 20) / 60; i++) {
        echo__buf one = ECHO__BUF_INIT;
        wire_int(&one, 3, 1);
        wire_op(&mutation, WIRE_SET, path, &one);
    }
    assert_int_equal(object_apply(&o, echo__buf_bytes(&mutation), 1, 1, 1, &err), ECHO_ERR_LIMIT);
    free(path);
    echo__buf_free(&mutation);
    assert_view(&o, "{}");
    object_free(&o);
}

/* An index is a key like others: what it costs does not depend on its size. */
static void test_huge_index(void **state) {
    (void)state;
    object o = object_new(2);
    fault_from(1000000);
    object_do(&o, WIRE_SET, "a[4294967294]", "1");
    object_do(&o, WIRE_PUSH, "a[4294967293]", "1");
    object_do(&o, WIRE_SET, "b", "{\"x[4294967294]\":1}");
    assert_view(&o, "{\"a\":{\"4294967293\":[1],\"4294967294\":1},\"b\":{\"x\":{\"4294967294\":1}}}");
    assert_true(fault_allocations() < 500);
    assert_false(fault_off());
    object_free(&o);
}

static void test_large(void **state) {
    (void)state;
    object o = object_new(2);
    char key[32], value[32];
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(key, sizeof key, "k%d", i * 7919 % 3000);
        (void)snprintf(value, sizeof value, "%d", i);
        object_do(&o, WIRE_SET, key, value);
        (void)snprintf(key, sizeof key, "map.k%d", i * 7919 % 3000);
        object_do(&o, WIRE_SET, key, value);
        object_do(&o, WIRE_PUSH, "list", value);
        object_do(&o, WIRE_ADD, "set", value);
    }
    for (int i = 0; i < 3000; i += 2) {
        (void)snprintf(key, sizeof key, "map.k%d", i);
        object_do(&o, WIRE_DELETE, key, NULL);
    }
    cJSON *properties;
    assert_int_equal(o.ops->view(&properties, NULL, o.state, NULL), ECHO_OK);
    assert_int_equal(cJSON_GetArraySize(properties), 3003);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(properties, "map")), 1500);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(properties, "list")), 3000);
    assert_int_equal(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(properties, "set"), 2999)->valueint, 2999);
    cJSON_Delete(properties);
    char *stored = object_snapshot(&o);
    assert_stored(&o, stored);
    free(stored);
    object_free(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),         cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_worked_example), cmocka_unit_test(test_operation_numbers),
        cmocka_unit_test(test_sequences),      cmocka_unit_test(test_set_numbers),
        cmocka_unit_test(test_set_doubles),    cmocka_unit_test(test_last_writer_wins),
        cmocka_unit_test(test_any_order),      cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_huge_index),     cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
