/* Typed access to properties: kinds, paths, errors, what is stale, and that nothing is allocated. */
#include "party/items.h"
#include "party/item_state.h"
#include "unit/model/test_object_getters.h"

#define FEED "0101010101010101010101010101010101010101010101010101010101010101"

typedef struct fixture {
    echo_registry *models;
    object o;
    echo_item item;
} fixture;

/* A state in the new model, live or as text. */
static void fixture_open(fixture *f, const char *properties, bool live) {
    echo__buf text = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo_registry_new(&f->models), ECHO_OK);
    assert_int_equal(echo_registry_add_object(f->models, NULL), ECHO_OK);
    cJSON *value = json(properties);
    echo__buf_text(&text, "{\"feeds\":[\"" FEED "\"],\"values\":");
    echo__buf_text(&text, properties);
    echo__buf_text(&text, ",\"when\":[");
    for (const cJSON *node = value->child; node != NULL; node = node->next)
        echo__buf_text(&text, node == value->child ? "1" : ",1");
    echo__buf_text(&text, "]}");
    echo__buf_byte(&text, 0);
    cJSON_Delete(value);
    f->o = object_restore(2, (const char *)text.data);
    echo__buf_free(&text);
    if (live && echo__object_thaw(f->o.state, &err) != ECHO_OK) fail_msg("%s", err.message);
    getters_item(&f->item, f->models, &f->o);
}

static void fixture_close(fixture *f) {
    object_free(&f->o);
    echo_registry_free(f->models);
}

#define PROPERTIES                                                                                                     \
    "{\"bytes\":{\"$bytes\":\"AAEC\"},\"deep\":{\"a\":{\"b\":[1,{\"c\":\"x\"}]},\"empty\":{},\"none\":[]},\"esc\":"    \
    "\"a\\n\\\"b\","                                                                                                   \
    "\"f\":1.5,\"i\":-7,\"inf\":{\"$float\":\"-Infinity\"},\"max\":9223372036854775807,\"n\":null,\"no\":false,"       \
    "\"odd\":{\"$string\":\"/wA=\"},\"s\":\"text\",\"x.y\":1,\"yes\":true}"

static void test_kinds(void **state) {
    (void)state;
    static const struct {
        const char *path;
        echo_object_kind kind;
    } paths[] = {{"bytes", ECHO_OBJECT_KIND_BYTES},
                 {"deep", ECHO_OBJECT_KIND_OBJECT},
                 {"deep.a.b", ECHO_OBJECT_KIND_ARRAY},
                 {"deep.a.b[0]", ECHO_OBJECT_KIND_INTEGER},
                 {"deep.a.b.1.c", ECHO_OBJECT_KIND_STRING},
                 {"deep['a'].b[1]", ECHO_OBJECT_KIND_OBJECT},
                 {"deep.empty", ECHO_OBJECT_KIND_OBJECT},
                 {"deep.none", ECHO_OBJECT_KIND_ARRAY},
                 {"f", ECHO_OBJECT_KIND_FLOAT},
                 {"i", ECHO_OBJECT_KIND_INTEGER},
                 {"inf", ECHO_OBJECT_KIND_FLOAT},
                 {"n", ECHO_OBJECT_KIND_NULL},
                 {"no", ECHO_OBJECT_KIND_BOOL},
                 {"odd", ECHO_OBJECT_KIND_STRING},
                 {"[\"x.y\"]", ECHO_OBJECT_KIND_INTEGER}};
    for (int live = 0; live < 2; live++) {
        fixture f;
        fixture_open(&f, PROPERTIES, live);
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
            echo_object_value value;
            if (echo_object_get(&value, &f.item, paths[i].path, NULL) != ECHO_OK) fail_msg("%s", paths[i].path);
            assert_int_equal(value.kind, paths[i].kind);
        }
        assert_getters(f.models, &f.o);
        fixture_close(&f);
    }
    assert_string_equal(echo_object_kind_name(ECHO_OBJECT_KIND_NULL), "null");
    assert_string_equal(echo_object_kind_name(ECHO_OBJECT_KIND_OBJECT), "object");
    assert_string_equal(echo_object_kind_name((echo_object_kind)99), "unknown");
}

static void test_in_one_call(void **state) {
    (void)state;
    for (int live = 0; live < 2; live++) {
        fixture f;
        echo_bytes bytes;
        double number;
        int64_t integer;
        bool yes;
        size_t count;
        fixture_open(&f, PROPERTIES, live);
        assert_int_equal(echo_object_get_string(&bytes, &f.item, "esc", NULL), ECHO_OK);
        assert_int_equal(bytes.len, 4);
        assert_memory_equal(bytes.data, "a\n\"b", 4);
        echo_bytes before = bytes;
        assert_int_equal(echo_object_get_string(&bytes, &f.item, "odd", NULL), ECHO_OK);
        assert_memory_equal(before.data, "a\n\"b", 4); /* what was borrowed stays */
        assert_int_equal(bytes.len, 2);
        assert_memory_equal(bytes.data, "\xff\0", 2);
        assert_int_equal(echo_object_get_bytes(&bytes, &f.item, "bytes", NULL), ECHO_OK);
        assert_int_equal(bytes.len, 3);
        assert_memory_equal(bytes.data, "\0\1\2", 3);
        assert_int_equal(echo_object_get_number(&number, &f.item, "f", NULL), ECHO_OK);
        assert_true(number == 1.5);
        assert_int_equal(echo_object_get_number(&number, &f.item, "max", NULL), ECHO_OK);
        assert_true(number == 0x1p63);
        assert_int_equal(echo_object_get_int64(&integer, &f.item, "max", NULL), ECHO_OK);
        assert_true(integer == INT64_MAX);
        assert_int_equal(echo_object_get_bool(&yes, &f.item, "yes", NULL), ECHO_OK);
        assert_true(yes);
        assert_int_equal(echo_object_get_is_null(&yes, &f.item, "yes", NULL), ECHO_OK);
        assert_false(yes);
        assert_int_equal(echo_object_get_is_null(&yes, &f.item, "n", NULL), ECHO_OK);
        assert_true(yes);
        assert_int_equal(echo_object_get_count(&count, &f.item, NULL, NULL), ECHO_OK);
        assert_int_equal(count, 13);
        assert_int_equal(echo_object_get_count(&count, &f.item, "deep.a.b", NULL), ECHO_OK);
        assert_int_equal(count, 2);
        fixture_close(&f);
    }
}

#define FAILS(call, status, part)                                                                                      \
    do {                                                                                                               \
        echo_error err = ECHO_ERROR_INIT;                                                                              \
        assert_int_equal(call, status);                                                                                \
        assert_int_equal(err.code, status);                                                                            \
        if (strstr(err.message, part) == NULL) fail_msg("%s", err.message);                                            \
    } while (0)

static void test_errors(void **state) {
    (void)state;
    char many[3 * ECHO_OBJECT_DEPTH_MAX], longer[ECHO_OBJECT_KEY_BYTES_MAX + 2];
    memset(many, '.', sizeof many);
    for (size_t i = 0; i < sizeof many; i += 2) many[i] = 'a';
    many[sizeof many - 1] = '\0';
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    for (int live = 0; live < 2; live++) {
        fixture f;
        echo_object_value value, array;
        echo_bytes bytes = {NULL, 77};
        double number = 5;
        int64_t integer = 5;
        bool yes;
        size_t count = 5;
        fixture_open(&f, PROPERTIES, live);
        FAILS(echo_object_get(&value, &f.item, "gone", &err), ECHO_ERR_NOT_FOUND, "nothing is at \"gone\"");
        FAILS(echo_object_get(&value, &f.item, "deep.a.x", &err), ECHO_ERR_NOT_FOUND, "nothing is at \"deep.a.x\"");
        FAILS(echo_object_get(&value, &f.item, "s.x", &err), ECHO_ERR_NOT_FOUND,
              "leads through a value of the kind string");
        FAILS(echo_object_get(&value, &f.item, "bytes.$bytes", &err), ECHO_ERR_NOT_FOUND, "of the kind bytes");
        FAILS(echo_object_get(&value, &f.item, "n[0].x", &err), ECHO_ERR_NOT_FOUND, "of the kind null");
        FAILS(echo_object_get(&value, &f.item, "deep.a.b[2]", &err), ECHO_ERR_NOT_FOUND, "nothing is at");
        FAILS(echo_object_get(&value, &f.item, "deep.a.b.x", &err), ECHO_ERR_NOT_FOUND, "nothing is at");
        FAILS(echo_object_get(&value, &f.item, "deep.a.b[01]", &err), ECHO_ERR_NOT_FOUND, "nothing is at");
        FAILS(echo_object_get(&value, &f.item, "[]]", &err), ECHO_ERR_NOT_FOUND, "no segments");
        FAILS(echo_object_get(&value, &f.item, "", &err), ECHO_ERR_NOT_FOUND, "nothing is at \"\"");
        FAILS(echo_object_get(&value, &f.item, many, &err), ECHO_ERR_LIMIT, "too many segments");
        FAILS(echo_object_get(&value, &f.item, longer, &err), ECHO_ERR_LIMIT, "too long");
        longer[sizeof longer - 2] = '\0';
        FAILS(echo_object_get(&value, &f.item, longer, &err), ECHO_ERR_NOT_FOUND, "nothing is at");
        longer[sizeof longer - 2] = 'a';
        FAILS(echo_object_get_string(&bytes, &f.item, "i", &err), ECHO_ERR_INVALID, "of the kind integer, not string");
        FAILS(echo_object_get_string(&bytes, &f.item, "bytes", &err), ECHO_ERR_INVALID, "of the kind bytes");
        FAILS(echo_object_get_bytes(&bytes, &f.item, "s", &err), ECHO_ERR_INVALID, "of the kind string, not bytes");
        FAILS(echo_object_get_number(&number, &f.item, "deep", &err), ECHO_ERR_INVALID, "of the kind object");
        FAILS(echo_object_get_int64(&integer, &f.item, "f", &err), ECHO_ERR_INVALID, "of the kind float, not integer");
        FAILS(echo_object_get_bool(&yes, &f.item, "n", &err), ECHO_ERR_INVALID, "of the kind null");
        FAILS(echo_object_get_count(&count, &f.item, "s", &err), ECHO_ERR_INVALID, "not array or object");
        assert_true(bytes.len == 77 && number == 5 && integer == 5 && count == 5); /* untouched */
        FAILS(echo_object_get(NULL, &f.item, "s", &err), ECHO_ERR_INVALID, "out");
        FAILS(echo_object_get(&value, NULL, "s", &err), ECHO_ERR_INVALID, "item");
        FAILS(echo_object_get_string(&bytes, &f.item, NULL, &err), ECHO_ERR_INVALID, "path");
        FAILS(echo_object_get_int64(NULL, &f.item, "i", &err), ECHO_ERR_INVALID, "out");
        FAILS(echo_object_value_string(&bytes, NULL, &err), ECHO_ERR_INVALID, "value");
        memset(&value, 0, sizeof value);
        FAILS(echo_object_value_count(&count, &value, &err), ECHO_ERR_INVALID, "value");
        assert_int_equal(echo_object_get(&array, &f.item, "deep.a.b", NULL), ECHO_OK);
        FAILS(echo_object_value_element(&value, &array, 2, &err), ECHO_ERR_NOT_FOUND, "no such element");
        FAILS(echo_object_value_element(&value, &array, SIZE_MAX, &err), ECHO_ERR_NOT_FOUND, "no such element");
        FAILS(echo_object_value_get(&value, &array, NULL, &err), ECHO_ERR_INVALID, "path");
        assert_int_equal(echo_object_get(&value, &f.item, "s", NULL), ECHO_OK);
        FAILS(echo_object_value_element(&value, &value, 0, &err), ECHO_ERR_INVALID, "of the kind string, not array");
        echo_object_cursor cursor;
        FAILS(echo_object_cursor_open(&cursor, &value, &err), ECHO_ERR_INVALID, "of the kind string");
        FAILS(echo_object_cursor_open(&cursor, NULL, &err), ECHO_ERR_INVALID, "value");
        FAILS(echo_object_cursor_next(NULL, &cursor, &err), ECHO_ERR_INVALID, "more");
        fixture_close(&f);
    }
}

/* Properties behind one that is longer than the places of properties reach, and behind more than are noted. */
static void test_long_texts(void **state) {
    (void)state;
    static char properties[200000];
    for (size_t before = 0; before < 12; before++) {
        fixture f;
        char *to = properties + sprintf(properties, "{");
        for (size_t i = 0; i < before; i++) to += sprintf(to, "\"a%02zu\":%zu,", i, i);
        to += sprintf(to, "\"b\":\"%0*d\",\"c\":\"text\",\"d\":{\"e\":7}}", 70000, 0);
        fixture_open(&f, properties, false);
        echo_bytes text;
        int64_t number;
        for (size_t i = 0; i < before; i++) {
            char key[8];
            (void)snprintf(key, sizeof key, "a%02zu", i);
            assert_int_equal(echo_object_get_int64(&number, &f.item, key, NULL), ECHO_OK);
            assert_int_equal(number, i);
        }
        assert_int_equal(echo_object_get_string(&text, &f.item, "b", NULL), ECHO_OK);
        assert_int_equal(text.len, 70000);
        assert_int_equal(echo_object_get_string(&text, &f.item, "c", NULL), ECHO_OK);
        assert_memory_equal(text.data, "text", 4);
        assert_int_equal(echo_object_get_int64(&number, &f.item, "d.e", NULL), ECHO_OK);
        assert_int_equal(number, 7);
        assert_int_equal(echo_object_get_int64(&number, &f.item, "e", NULL), ECHO_ERR_NOT_FOUND);
        assert_int_equal(echo_object_get_int64(&number, &f.item, "0", NULL), ECHO_ERR_NOT_FOUND);
        fixture_close(&f);
    }
}

static void test_other_items(void **state) {
    (void)state;
    fixture f;
    echo_object_value value;
    fixture_open(&f, PROPERTIES, false);
    echo__model host = {0};
    f.item.ops = &host;
    FAILS(echo_object_get(&value, &f.item, "s", &err), ECHO_ERR_UNSUPPORTED, "not of the object model");
    f.item.ops = NULL;
    FAILS(echo_object_get(&value, &f.item, "s", &err), ECHO_ERR_UNSUPPORTED, "opaque");
    fixture_close(&f);
}

static void mutate(echo_item *item, const char *key, int64_t number, uint64_t seq) {
    echo_object_mutation *m;
    echo_bytes bytes;
    echo__stamp stamp = {100 + seq, {{1}}, seq};
    bool refused;
    assert_int_equal(echo_object_mutation_new(&m, ECHO_GENERATION_NEW), ECHO_OK);
    echo_object_set_int64(m, key, number);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_OK);
    assert_int_equal(echo__item_mutate(item, &stamp, bytes, &refused, NULL), ECHO_OK);
    assert_false(refused);
    echo_object_mutation_free(m);
}

static void test_stale(void **state) {
    (void)state;
    for (int live = 0; live < 2; live++) {
        fixture f;
        echo_object_value root, value;
        echo_object_cursor cursor;
        echo_bytes bytes;
        size_t count;
        bool more;
        fixture_open(&f, PROPERTIES, live);
        uint64_t epoch = 1;
        f.item.epoch = &epoch;
        for (int how = 0; how < 2; how++) {
            assert_int_equal(echo_object_get(&root, &f.item, NULL, NULL), ECHO_OK);
            assert_int_equal(echo_object_get(&value, &f.item, "s", NULL), ECHO_OK);
            assert_int_equal(echo_object_cursor_open(&cursor, &root, NULL), ECHO_OK);
            assert_int_equal(echo_object_cursor_next(&more, &cursor, NULL), ECHO_OK);
            assert_true(more);
            if (how == 0)
                mutate(&f.item, "i", 8, 1);
            else
                epoch++; /* an item left memory */
            FAILS(echo_object_value_string(&bytes, &value, &err), ECHO_ERR_CONFLICT, "stale");
            FAILS(echo_object_value_bytes(&bytes, &value, &err), ECHO_ERR_CONFLICT, "stale");
            FAILS(echo_object_value_count(&count, &root, &err), ECHO_ERR_CONFLICT, "stale");
            FAILS(echo_object_value_get(&value, &root, "s", &err), ECHO_ERR_CONFLICT, "stale");
            FAILS(echo_object_value_element(&value, &root, 0, &err), ECHO_ERR_CONFLICT, "stale");
            FAILS(echo_object_cursor_next(&more, &cursor, &err), ECHO_ERR_CONFLICT, "stale");
            FAILS(echo_object_cursor_open(&cursor, &cursor.value, &err), ECHO_ERR_CONFLICT, "stale");
        }
        int64_t integer;
        assert_int_equal(echo_object_get_int64(&integer, &f.item, "i", NULL), ECHO_OK);
        assert_int_equal(integer, 8);
        fixture_close(&f);
    }
}

/* 100,000 reads take no memory; of what has to be decoded, the first takes some. */
static void test_takes_no_memory(void **state) {
    (void)state;
    static const char *const paths[] = {"s", "esc", "bytes", "odd", "deep.a.b[1].c"};
    for (int live = 0; live < 2; live++)
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
            fixture f;
            echo_bytes bytes;
            fixture_open(&f, PROPERTIES, live);
            bool decodes = !live && i > 0 && i < 4, string = i != 2;
            fault_at(1000000);
            for (int n = 0; n < 100000; n++)
                assert_int_equal(string ? echo_object_get_string(&bytes, &f.item, paths[i], NULL)
                                        : echo_object_get_bytes(&bytes, &f.item, paths[i], NULL),
                                 ECHO_OK);
            assert_int_equal(fault_allocations(), decodes);
            (void)fault_off();
            fixture_close(&f);
            if (!decodes) continue;
            fixture_open(&f, PROPERTIES, live);
            bytes.len = 77;
            fault_at(1);
            FAILS(string ? echo_object_get_string(&bytes, &f.item, paths[i], &err)
                         : echo_object_get_bytes(&bytes, &f.item, paths[i], &err),
                  ECHO_ERR_NOMEM, "memory");
            assert_true(fault_off());
            assert_int_equal(bytes.len, 77);
            fixture_close(&f);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),           cmocka_unit_test(test_in_one_call), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_long_texts),      cmocka_unit_test(test_other_items), cmocka_unit_test(test_stale),
        cmocka_unit_test(test_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
