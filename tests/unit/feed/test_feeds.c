/* What holds for every feed source: the check of its table, and the functions for applications. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "feed/feeds.h"
#include "support/folder.h"

#define OK(call) assert_int_equal((call), ECHO_OK)

/* The message names the hook. The three for exchanging are all there or none. */
static void tables_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t at;
    } hooks[] = {
#define HOOK(name) {#name, offsetof(echo_feed_ops, name)}
        HOOK(list), HOOK(open),    HOOK(close),   HOOK(info), HOOK(read),  HOOK(has), HOOK(append),
        HOOK(sync), HOOK(keypair), HOOK(destroy), HOOK(make), HOOK(prove), HOOK(put),
#undef HOOK
    };
    echo_feeds memory;
    OK(echo_feeds_new_memory(&memory));
    echo_feed_ops ops = *memory.ops;
    echo_feeds feeds = {&ops, memory.ctx};
    OK(echo__feeds_check(&feeds, NULL));
    assert_true(echo__feeds_can_exchange(&feeds));
    assert_int_equal(sizeof hooks / sizeof *hooks + 2, /* root and vouch are optional by themselves */
                     (sizeof ops - offsetof(echo_feed_ops, list)) / sizeof(void (*)(void)));
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        echo_error err = ECHO_ERROR_INIT;
        char words[40];
        ops = *memory.ops;
        memset((char *)&ops + hooks[i].at, 0, sizeof(void (*)(void)));
        assert_int_equal(echo__feeds_check(&feeds, &err), ECHO_ERR_INVALID);
        (void)snprintf(words, sizeof words, "the hook %s", hooks[i].name);
        if (strstr(err.message, words) == NULL) fail_msg("%s: %s", hooks[i].name, err.message);
    }
    ops = *memory.ops;
    ops.make = NULL;
    ops.prove = NULL;
    ops.put = NULL;
    OK(echo__feeds_check(&feeds, NULL));
    assert_false(echo__feeds_can_exchange(&feeds));
    for (uint32_t version = 0; version < 3; version += 2) {
        ops.version = version;
        assert_int_equal(echo__feeds_check(&feeds, NULL), ECHO_ERR_VERSION);
    }
    feeds.ops = NULL;
    assert_int_equal(echo__feeds_check(&feeds, NULL), ECHO_ERR_INVALID);
    assert_false(echo__feeds_can_exchange(&feeds));
    assert_int_equal(echo__feeds_check(NULL, NULL), ECHO_ERR_INVALID);
    echo_feeds_close(&memory);
}

static echo_status count_feed(void *arg, const echo_key *key) {
    (void)key;
    ++*(int *)arg;
    return ECHO_OK;
}

/* On either source: `own` is written here, `other` is not. */
static void assert_functions(const echo_feeds *feeds, const echo_keypair *own, const echo_key *other) {
    echo_feed_info info;
    echo_keypair keys;
    echo_error err = ECHO_ERROR_INIT;
    echo_key unknown = {{9}};
    int count = 0;
    OK(echo_feeds_add(feeds, other, &err));
    assert_int_equal(echo_feeds_add(feeds, other, &err), ECHO_ERR_EXISTS);
    OK(echo_feeds_list(feeds, count_feed, &count, &err));
    assert_int_equal(count, 2);
    OK(echo_feeds_info(&info, feeds, &own->public_key, &err));
    assert_true(info.writable);
    assert_int_equal(info.length, 0);
    OK(echo_feeds_info(&info, feeds, other, &err));
    assert_false(info.writable);
    OK(echo_feeds_keypair(&keys, feeds, &own->public_key, &err));
    assert_memory_equal(&keys, own, sizeof keys);
    assert_int_equal(echo_feeds_keypair(&keys, feeds, other, &err), ECHO_ERR_READONLY);
    assert_int_equal(err.code, ECHO_ERR_READONLY);
    assert_true(err.has_feed);
    assert_int_equal(echo_feeds_keypair(&keys, feeds, &unknown, &err), ECHO_ERR_NOT_FOUND);
    assert_int_equal(echo_feeds_info(&info, feeds, &unknown, &err), ECHO_ERR_NOT_FOUND);
}

static void functions(void **state) {
    (void)state;
    echo_feeds feeds;
    echo_keypair own, other;
    static const uint8_t seeds[2][32] = {{1}, {2}};
    OK(echo_keypair_from_seed(&own, seeds[0]));
    OK(echo_keypair_from_seed(&other, seeds[1]));
    OK(echo_feeds_new_memory(&feeds));
    OK(echo_feeds_memory_add(&feeds, &own));
    assert_functions(&feeds, &own, &other.public_key);
    echo_feeds_close(&feeds);
    assert_null(feeds.ops);
    echo_feeds_close(&feeds);
    char *dir = folder_new();
    OK(echo_feed_create(dir, &own, NULL));
    OK(echo_feeds_open_dir(&feeds, dir, NULL, NULL));
    assert_functions(&feeds, &own, &other.public_key);
    echo_feeds_close(&feeds);
    folder_remove(dir);
}

static void null_is_refused(void **state) {
    (void)state;
    echo_feeds memory, out = ECHO_FEEDS_INIT, empty = ECHO_FEEDS_INIT;
    echo_feeds_dir_options options = ECHO_FEEDS_DIR_OPTIONS_INIT;
    echo_feed_info info;
    echo_keypair keys = {0};
    echo_key key = {{1}};
    int count = 0;
    options.version = 7;
    OK(echo_feeds_new_memory(&memory));
    const struct {
        const char *what;
        echo_status is, expected;
    } calls[] = {
        {"new_memory", echo_feeds_new_memory(NULL), ECHO_ERR_INVALID},
        {"memory_add, NULL", echo_feeds_memory_add(NULL, &keys), ECHO_ERR_INVALID},
        {"memory_add, no keys", echo_feeds_memory_add(&memory, NULL), ECHO_ERR_INVALID},
        {"memory_put, NULL", echo_feeds_memory_put(NULL, &key, 0, (echo_bytes){NULL, 0}), ECHO_ERR_INVALID},
        {"memory_put, no key", echo_feeds_memory_put(&memory, NULL, 0, (echo_bytes){NULL, 0}), ECHO_ERR_INVALID},
        {"open_dir, no place", echo_feeds_open_dir(NULL, ".", NULL, NULL), ECHO_ERR_INVALID},
        {"open_dir, no path", echo_feeds_open_dir(&out, NULL, NULL, NULL), ECHO_ERR_INVALID},
        {"open_dir, version", echo_feeds_open_dir(&out, ".", &options, NULL), ECHO_ERR_VERSION},
        {"create, no path", echo_feed_create(NULL, &keys, NULL), ECHO_ERR_INVALID},
        {"create, no keys", echo_feed_create(".", NULL, NULL), ECHO_ERR_INVALID},
        {"list, NULL", echo_feeds_list(NULL, count_feed, &count, NULL), ECHO_ERR_INVALID},
        {"list, no table", echo_feeds_list(&empty, count_feed, &count, NULL), ECHO_ERR_INVALID},
        {"list, no function", echo_feeds_list(&memory, NULL, NULL, NULL), ECHO_ERR_INVALID},
        {"info, no place", echo_feeds_info(NULL, &memory, &key, NULL), ECHO_ERR_INVALID},
        {"info, NULL", echo_feeds_info(&info, NULL, &key, NULL), ECHO_ERR_INVALID},
        {"info, no key", echo_feeds_info(&info, &memory, NULL, NULL), ECHO_ERR_INVALID},
        {"keypair, no place", echo_feeds_keypair(NULL, &memory, &key, NULL), ECHO_ERR_INVALID},
        {"keypair, NULL", echo_feeds_keypair(&keys, NULL, &key, NULL), ECHO_ERR_INVALID},
        {"keypair, no key", echo_feeds_keypair(&keys, &memory, NULL, NULL), ECHO_ERR_INVALID},
        {"add, NULL", echo_feeds_add(NULL, &key, NULL), ECHO_ERR_INVALID},
        {"add, no key", echo_feeds_add(&memory, NULL, NULL), ECHO_ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i].is != calls[i].expected) fail_msg("%s: %s", calls[i].what, echo_status_name(calls[i].is));
    echo_feeds_close(NULL);
    echo_feed_ops bare = *memory.ops;
    echo_feeds poor = {&bare, memory.ctx};
    bare.make = NULL;
    bare.prove = NULL;
    bare.put = NULL;
    assert_int_equal(echo_feeds_add(&poor, &key, NULL), ECHO_ERR_UNSUPPORTED);
    bare.version++;
    assert_int_equal(echo_feeds_info(&info, &poor, &key, NULL), ECHO_ERR_VERSION);
    echo_feeds_close(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_checked),
        cmocka_unit_test(functions),
        cmocka_unit_test(null_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
