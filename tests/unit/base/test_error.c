/* Errors: every code has a name of its own, messages are one line, what is known is not overwritten, NULL is taken
 * everywhere. */
#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const echo_status codes[] = {
#define XX(name, value, text) ECHO_ERR_##name,
    ECHO_STATUS_MAP(XX)
#undef XX
};
#define CODES (sizeof codes / sizeof *codes)

static void names(void **state) {
    (void)state;
    assert_string_equal(echo_status_name(ECHO_OK), "ECHO_OK");
    assert_string_equal(echo_status_name(ECHO_ERR_NOMEM), "ECHO_ERR_NOMEM");
    assert_string_equal(echo_status_text(ECHO_ERR_CORRUPT), "data is corrupt");
    assert_string_equal(echo_status_name((echo_status)-999), "ECHO_ERR_UNKNOWN");
    assert_string_equal(echo_status_name((echo_status)1), "ECHO_ERR_UNKNOWN");
    assert_non_null(echo_status_text((echo_status)-999));
    for (size_t i = 0; i < CODES; i++) {
        assert_true(codes[i] < 0);
        assert_int_equal(strncmp(echo_status_name(codes[i]), "ECHO_ERR_", 9), 0);
        for (size_t k = 0; k < i; k++) {
            assert_true(codes[i] != codes[k]);
            assert_string_not_equal(echo_status_name(codes[i]), echo_status_name(codes[k]));
            assert_string_not_equal(echo_status_text(codes[i]), echo_status_text(codes[k]));
        }
    }
    char version[16];
    snprintf(version, sizeof version, "%d.%d.%d", ECHO_VERSION_MAJOR, ECHO_VERSION_MINOR, ECHO_VERSION_PATCH);
    assert_string_equal(echo_version(), version);
    assert_string_equal(ECHO_VERSION_STRING, version);
}

/* Messages and item ids may be printed anywhere. */
static void harmless(void **state) {
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"\xc2\x9b"
         "31m \xc2\xa0",
         "??31m \xc2\xa0"},                                             /* C1, and its neighbour */
        {"\xe2\x80\xae\xe2\x80\xaf", "???\xe2\x80\xaf"},                /* an override */
        {"\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9", "\xe2\x81\xa5??????"}, /* isolates */
        {"\xe2\x80\x8d\xe2\x80\x8e\xd8\x9c\xd8\x9d", "\xe2\x80\x8d?????\xd8\x9d"},
        {"\xe2\x80\xa8|\xe2\x82\xac|\xf0\x9f\x98\x80", "???|\xe2\x82\xac|\xf0\x9f\x98\x80"},
        {"\x9b|\xff|\xc3", "?|?|?"}, /* not UTF-8: a control to terminals that do not read it */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        echo_error err = ECHO_ERROR_INIT, hook = ECHO_ERROR_INIT;
        echo__error(&err, ECHO_ERR_IO, "%s", cases[i].from);
        echo__error_item(&err, cases[i].from, strlen(cases[i].from));
        assert_string_equal(err.message, cases[i].to);
        assert_string_equal(err.item, cases[i].to);
        hook.code = ECHO_ERR_LIMIT; /* a hook that filled in all by itself */
        strcpy(hook.message, cases[i].from);
        assert_int_equal(echo__error_adopt(&hook, ECHO_ERR_LIMIT, "unused"), ECHO_ERR_LIMIT);
        assert_string_equal(hook.message, cases[i].to);
    }
    echo_error err = ECHO_ERROR_INIT;
    char text[300];
    memset(text, 'x', sizeof text);
    memcpy(text + ECHO_ERROR_MESSAGE_CHARS - 2, "\xc2\x9b", 3); /* cut in the middle */
    echo__error(&err, ECHO_ERR_IO, "%s", text);
    assert_string_equal(err.message + ECHO_ERROR_MESSAGE_CHARS - 3, "x?");
    echo__error_item(&err, "a\0b", 3);
    assert_string_equal(err.item, "a?b");
}

static void message(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    echo_key feed = {{1, 2, 3}};
    for (size_t i = 0; i < CODES; i++) {
        echo__error_seq(&err, &feed, 4);
        echo__error_item(&err, "item", 4);
        assert_int_equal(echo__error(&err, codes[i], "%s %d", "number", 7), codes[i]);
        assert_int_equal(err.code, codes[i]);
        assert_string_equal(err.message, "number 7");
        assert_false(err.has_feed || err.has_seq); /* an error starts anew */
        assert_string_equal(err.item, "");
        assert_int_equal(echo__error(NULL, codes[i], "%s", "x"), codes[i]);
    }
    assert_int_equal(echo__error(&err, ECHO_ERR_IO, "a\nb\tc\x7f\x1b[0m \xc3\xa9"), ECHO_ERR_IO);
    assert_string_equal(err.message, "a?b?c??[0m \xc3\xa9");
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(echo__error(&err, ECHO_ERR_IO, "%s", text), ECHO_ERR_IO);
    assert_int_equal(strlen(err.message), ECHO_ERROR_MESSAGE_CHARS - 1);
    assert_int_equal(echo__nomem(&err), ECHO_ERR_NOMEM);
    assert_int_equal(err.code, ECHO_ERR_NOMEM);
    assert_true(err.message[0] != '\0');
    assert_int_equal(echo__nomem(NULL), ECHO_ERR_NOMEM);
    echo__error_clear(&err);
    static const echo_error empty = ECHO_ERROR_INIT; /* static: its padding is zero, too */
    assert_memory_equal(&err, &empty, sizeof err);
    echo__error_clear(NULL);
}

static void system_errors(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    errno = ENOENT;
    assert_int_equal(echo__error_errno(&err, "open %s", "file"), ECHO_ERR_IO);
    assert_string_equal(err.message, "open file: No such file or directory");
    errno = ENOMEM;
    assert_int_equal(echo__error_errno(&err, "map"), ECHO_ERR_NOMEM);
    assert_int_equal(err.code, ECHO_ERR_NOMEM);
    errno = ENOMEM;
    assert_int_equal(echo__error_errno(NULL, "map"), ECHO_ERR_NOMEM);
    errno = 99999;
    assert_int_equal(echo__error_errno(&err, "odd"), ECHO_ERR_IO);
    assert_int_equal(strncmp(err.message, "odd: ", 5), 0);
    char text[400];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    errno = EIO;
    assert_int_equal(echo__error_errno(&err, "%s", text), ECHO_ERR_IO);
    assert_int_equal(strlen(err.message), ECHO_ERROR_MESSAGE_CHARS - 1);
}

static void where(void **state) {
    (void)state;
    echo_key first = {{1}}, second = {{2}};
    echo_error err = ECHO_ERROR_INIT;
    (void)echo__error(&err, ECHO_ERR_GAP, "gone");
    echo__error_feed(&err, &first);
    assert_true(err.has_feed && !err.has_seq && err.feed.bytes[0] == 1);
    echo__error_seq(&err, &first, 5);
    assert_true(err.has_seq && err.seq == 5);
    echo__error_seq(&err, &second, 6); /* the innermost knows best */
    echo__error_feed(&err, &second);
    assert_true(err.feed.bytes[0] == 1 && err.seq == 5);
    echo__error_item(&err, "b1", 2);
    echo__error_item(&err, "b2", 2);
    assert_string_equal(err.item, "b1");
    assert_string_equal(err.message, "gone");
    assert_int_equal(err.code, ECHO_ERR_GAP);
    echo__error_feed(NULL, &first);
    echo__error_seq(NULL, &first, 1);
    echo__error_item(NULL, "b", 1);
}

static void long_items(void **state) {
    (void)state;
    char id[200];
    memset(id, 'i', sizeof id);
    for (size_t len = 0; len < sizeof id; len++) {
        echo_error err = ECHO_ERROR_INIT;
        echo__error_item(&err, id, len);
        if (len < ECHO_ERROR_ITEM_CHARS) {
            assert_int_equal(strlen(err.item), len);
        } else {
            assert_int_equal(strlen(err.item), ECHO_ERROR_ITEM_CHARS - 1);
            assert_string_equal(err.item + ECHO_ERROR_ITEM_CHARS - 4, "...");
        }
    }
    echo_error err = ECHO_ERROR_INIT;
    echo__error_item(&err, "a\nb\x7f", 4);
    assert_string_equal(err.item, "a?b?");
}

/* Hooks of others may fill in all, nothing, or only a text. */
static void adopting(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo__error_adopt(&err, ECHO_ERR_REFUSED, "hook"), ECHO_ERR_REFUSED);
    assert_int_equal(err.code, ECHO_ERR_REFUSED);
    assert_string_equal(err.message, "hook: refused");
    echo__error_clear(&err);
    strcpy(err.message, "said\nby the hook");
    assert_int_equal(echo__error_adopt(&err, ECHO_ERR_CORRUPT, "hook"), ECHO_ERR_CORRUPT);
    assert_int_equal(err.code, ECHO_ERR_CORRUPT);
    assert_string_equal(err.message, "hook: said?by the hook");
    assert_int_equal(echo__error_adopt(&err, ECHO_ERR_CORRUPT, "outer"), ECHO_ERR_CORRUPT);
    assert_string_equal(err.message, "hook: said?by the hook"); /* filled in: left alone */
    assert_int_equal(echo__error_adopt(&err, ECHO_ERR_IO, "outer"), ECHO_ERR_IO);
    assert_int_equal(err.code, ECHO_ERR_IO);
    assert_string_equal(err.message, "outer: input/output error"); /* a text about another failure is none about this */
    echo__error_clear(&err);
    memset(err.message, 'z', sizeof err.message); /* without its NUL */
    assert_int_equal(echo__error_adopt(&err, ECHO_ERR_IO, "hook"), ECHO_ERR_IO);
    assert_int_equal(strlen(err.message), ECHO_ERROR_MESSAGE_CHARS - 1);
    assert_int_equal(echo__error_adopt(NULL, ECHO_ERR_IO, "hook"), ECHO_ERR_IO);
    echo__error_clear(&err);
    assert_int_equal(echo__error_adopt(&err, (echo_status)-12345, "hook"), (echo_status)-12345); /* passes through */
    assert_int_equal(err.code, (echo_status)-12345);
}

static void giving(void **state) {
    (void)state;
    echo_error problem = ECHO_ERROR_INIT, err = ECHO_ERROR_INIT;
    echo__error(&problem, ECHO_ERR_GAP, "block %d", 7);
    assert_int_equal(echo__error_give(&err, &problem), ECHO_ERR_GAP);
    assert_memory_equal(&err, &problem, sizeof err);
    assert_int_equal(echo__error_give(NULL, &problem), ECHO_ERR_GAP);
    assert_int_equal(echo__error_give(&problem, &problem), ECHO_ERR_GAP);
    assert_string_equal(problem.message, "block 7");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),         cmocka_unit_test(harmless), cmocka_unit_test(message),
        cmocka_unit_test(system_errors), cmocka_unit_test(where),    cmocka_unit_test(long_items),
        cmocka_unit_test(adopting),      cmocka_unit_test(giving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
