/* Keys as paths, against what lodash 4.17's castPath answers. */
#include "test_object_support.h"

#include "model/object_path.h"

typedef struct path_case {
    const char *key;
    const char *segments; /* each with "/" before it */
} path_case;

static const path_case cases[] = {
    {"a", "/a"},
    {"a.b[1].c", "/a/b/1/c"},
    {"a[\"x.y\"]", "/a/x.y"},
    {"a['x.y']", "/a/x.y"},
    {"a[0]", "/a/0"},
    {"[0]", "/0"},
    {"a[-1]", "/a/-1"},
    {"a[1.5]", "/a/1.5"},
    {"a[01]", "/a/01"},
    {"a[1.]", "/a/1"},
    {"a[-]", "/a/-"},
    {"a[b]", "/a/b"},
    {"a[b.c]", "/a/b/c"},
    {".a", "//a"},
    {"a.", "/a/"},
    {"a..b", "/a//b"},
    {".", "//"},
    {"..", "///"},
    {"[]", "/"},
    {"a[]", "/a/"},
    {"a[].b", "/a//b"},
    {"a[][]", "/a//"},
    {"[[]]", ""},
    {"a[[1]]", "/a/1"},
    {"[]]", ""},
    {"].", "/"},
    {"a[", "/a["}, /* not a whole pair: one segment */
    {"a]b", "/a]b"},
    {"a[b", "/a[b"},
    {"[a[", "/[a["},
    {"[a[]", "/a/"},
    {"a[b.", "/a/b/"}, /* a dot makes it a path */
    {"[\"a\"]", "/a"},
    {"[\"\"]", "/"},
    {"['']", "/"},
    {"[\"a]", "/\"a"},
    {"[\"a\"b]", "/\"a\"b"},
    {"[\"a\\\"b\"]", "/a\"b"},
    {"[\"a\\\\b\"]", "/a\\b"},
    {"[\"a\\b\"]", "/ab"},
    {"[\"a[b\"]", "/a[b"},
    {"[\"a]b\"]", "/a]b"},
    {"[\"a'b\"]", "/a'b"},
    {"[\"a\\\n\"]", "/\"a\\\n\""}, /* an escape does not reach over a line's end */
    {"[\"a\\\xe2\x80\xa8\"]", "/\"a\\\xe2\x80\xa8\""},
    {"[\"a\n\"]", "/a\n"},
    {"\"a.b\"", "/\"a/b\""},
    {"a b.c", "/a b/c"},
    {"\xc3\xa9.\xe2\x82\xac", "/\xc3\xa9/\xe2\x82\xac"},
    {"constructor.__proto__", "/constructor/__proto__"},
};

static void test_lodash(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].key);
        char *key = malloc(len); /* no NUL behind it */
        char got[256] = "", *at = got;
        echo__seg segs[ECHO__PATH_MAX];
        uint32_t count;
        assert_non_null(key);
        memcpy(key, cases[i].key, len);
        assert_int_equal(echo__object_path(segs, &count, key, len), ECHO_OK);
        for (uint32_t k = 0; k < count; k++) at += sprintf(at, "/%.*s", (int)segs[k].len, segs[k].text);
        if (strcmp(got, cases[i].segments) != 0) fail_msg("%s: %s, not %s", cases[i].key, got, cases[i].segments);
        free(key);
    }
}

static void test_indices(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t index;
    } texts[] = {{"0", 0},
                 {"1", 1},
                 {"12", 12},
                 {"4294967294", 4294967294u},
                 {"4294967295", ECHO__NAMED},
                 {"01", ECHO__NAMED},
                 {"00", ECHO__NAMED},
                 {"-1", ECHO__NAMED},
                 {"1.5", ECHO__NAMED},
                 {"", ECHO__NAMED},
                 {"1a", ECHO__NAMED},
                 {"9999999999", ECHO__NAMED},
                 {"18446744073709551616", ECHO__NAMED}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(echo__seg_make(texts[i].text, strlen(texts[i].text)).index, texts[i].index);
    char room[ECHO__INDEX_TEXT];
    assert_string_equal(echo__seg_index(0, room).text, "0");
    assert_string_equal(echo__seg_index(4294967294u, room).text, "4294967294");
    assert_int_equal(echo__seg_index(120, room).len, 3);
}

static void test_order(void **state) {
    (void)state;
    static const char *const sorted[] = {"0", "2", "10", "4294967294", "", "00", "4294967295", "B", "a", "aa", "b"};
    for (int i = 0; i < 11; i++)
        for (int k = 0; k < 11; k++) {
            echo__seg a = echo__seg_make(sorted[i], strlen(sorted[i])),
                      b = echo__seg_make(sorted[k], strlen(sorted[k]));
            int order = echo__seg_compare(&a, &b);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
}

static void test_segment_limit(void **state) {
    (void)state;
    char key[2 * ECHO__PATH_MAX + 2];
    echo__seg segs[ECHO__PATH_MAX];
    uint32_t count;
    for (size_t i = 0; i < sizeof key; i++) key[i] = i % 2 == 0 ? 'a' : '.';
    assert_int_equal(echo__object_path(segs, &count, key, 2 * ECHO__PATH_MAX - 1), ECHO_OK);
    assert_int_equal(count, ECHO__PATH_MAX);
    assert_int_equal(echo__object_path(segs, &count, key, 2 * ECHO__PATH_MAX), ECHO_ERR_LIMIT); /* a dot at the end */
    assert_int_equal(echo__object_path(segs, &count, key, 2 * ECHO__PATH_MAX + 1), ECHO_ERR_LIMIT);
    memset(key, '.', sizeof key);
    assert_int_equal(echo__object_path(segs, &count, key, sizeof key), ECHO_ERR_LIMIT);
}

static void test_key_check(void **state) {
    (void)state;
    static char key[ECHO_OBJECT_KEY_BYTES_MAX + 1];
    memset(key, 'k', sizeof key);
    assert_int_equal(echo__object_key_check("", 0), ECHO_ERR_CORRUPT);
    assert_int_equal(echo__object_key_check(key, ECHO_OBJECT_KEY_BYTES_MAX), ECHO_OK);
    assert_int_equal(echo__object_key_check(key, ECHO_OBJECT_KEY_BYTES_MAX + 1), ECHO_ERR_LIMIT);
    assert_int_equal(echo__object_key_check("a\0b", 3), ECHO_ERR_CORRUPT);
    assert_int_equal(echo__object_key_check("\xed\xa0\x80", 3), ECHO_ERR_CORRUPT);
    assert_int_equal(echo__object_key_check("\xe2\x82\xac", 3), ECHO_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lodash),        cmocka_unit_test(test_indices),   cmocka_unit_test(test_order),
        cmocka_unit_test(test_segment_limit), cmocka_unit_test(test_key_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
