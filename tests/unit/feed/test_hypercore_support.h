/*
 * What the hypercore tests share: fixtures and copies of them in folders of their own, and readers that collect or
 * compare.
 */
#ifndef TEST_HYPERCORE_SUPPORT_H
#define TEST_HYPERCORE_SUPPORT_H

#include "support/test.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "feed/hypercore.h"
#include "feed/hypercore_file.h"
#include "support/folder.h"
#include "support/random.h"

#define FIXTURES_7 TEST_FIXTURES "/c-hypercore-7.7.1"
#define FIXTURES_9 TEST_FIXTURES "/c-hypercore-9.12.0"

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        echo_error oops = ECHO_ERROR_INIT;                                                                             \
        echo_status status_ = (call);                                                                                  \
        if (status_ != ECHO_OK) fail_msg("%s: %s (%s)", #call, echo_status_name(status_), oops.message);               \
    } while (0)

#define assert_status(call, expected) assert_string_equal(echo_status_name(call), echo_status_name(expected))

typedef struct test_blocks {
    size_t count;
    echo_bytes *at;
    uint8_t **owned;
} test_blocks;

static inline void test_path(char out[1024], const char *folder, const char *name) {
    int len = snprintf(out, 1024, "%s/%s", folder, name);
    assert_true(len > 0 && len < 1024);
}

static inline cJSON *test_fixture(const char *set, const char *name) {
    char path[1024];
    size_t len;
    snprintf(path, sizeof path, "%s/%s.json", set, name);
    uint8_t *text = file_read(path, &len);
    cJSON *json = cJSON_Parse((const char *)text);
    free(text);
    assert_non_null(json);
    return json;
}

static inline const char *test_text(const cJSON *json, const char *name) {
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(json, name);
    return cJSON_IsString(node) ? node->valuestring : NULL;
}

static inline size_t test_number(const cJSON *json, const char *name) {
    return (size_t)cJSON_GetObjectItemCaseSensitive(json, name)->valuedouble;
}

static inline void test_keys(echo_keypair *keys, const cJSON *json) {
    const char *secret = test_text(json, "secretKey");
    memset(keys, 0, sizeof *keys);
    assert_ok(echo_key_parse(&keys->public_key, test_text(json, "key")));
    if (secret != NULL) assert_true(echo__hex_decode(keys->secret, secret, 128));
}

/* The blocks of a case; those of the `-big` ones, which the file does not hold, are cut from `data` by their sizes. */
static inline void test_load_blocks(test_blocks *blocks, const char *set, const char *name, const cJSON *json) {
    const cJSON *sizes = cJSON_GetObjectItemCaseSensitive(json, "sizes");
    const cJSON *texts = cJSON_GetObjectItemCaseSensitive(json, "blocks");
    size_t n = test_number(json, "length"), at = 0, len = 0;
    uint8_t *data = NULL;
    blocks->count = n;
    blocks->at = calloc(n + 1, sizeof *blocks->at);
    blocks->owned = calloc(n + 1, sizeof *blocks->owned);
    if (!cJSON_IsArray(texts)) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s/data", set, name);
        data = file_read(path, &len);
    }
    for (size_t i = 0; i < n; i++) {
        size_t size = (size_t)cJSON_GetArrayItem(sizes, (int)i)->valuedouble, got = size;
        blocks->owned[i] = malloc(size + 3);
        if (data != NULL) {
            memcpy(blocks->owned[i], data + at, size);
        } else {
            const char *text = cJSON_GetArrayItem(texts, (int)i)->valuestring;
            assert_true(echo__base64_decode(blocks->owned[i], &got, text, strlen(text)));
        }
        assert_int_equal(got, size);
        blocks->at[i] = echo__bytes(blocks->owned[i], size);
        at += size;
    }
    free(data);
}

static inline void test_free_blocks(test_blocks *blocks) {
    for (size_t i = 0; i < blocks->count; i++) free(blocks->owned[i]);
    free(blocks->owned);
    free(blocks->at);
}

/* Blocks of pseudo-random sizes and bytes: the same seed gives the same. */
static inline void test_make_blocks(test_blocks *blocks, size_t n, size_t largest, uint64_t seed) {
    test_random random = {seed};
    blocks->count = n;
    blocks->at = calloc(n + 1, sizeof *blocks->at);
    blocks->owned = calloc(n + 1, sizeof *blocks->owned);
    for (size_t i = 0; i < n; i++) {
        size_t size = (size_t)(test_random_below(&random, largest + 1));
        blocks->owned[i] = malloc(size + 1);
        for (size_t k = 0; k < size; k++) blocks->owned[i][k] = (uint8_t)test_random_u64(&random);
        blocks->at[i] = echo__bytes(blocks->owned[i], size);
    }
}

static inline void test_make_keys(echo_keypair *keys, uint8_t seed) {
    uint8_t bytes[32] = {seed, 1, 2, 3};
    assert_ok(echo_keypair_from_seed(keys, bytes));
}

/* ---- a folder of feeds with one feed in it */

typedef struct test_feed {
    char *folder;
    char path[1024]; /* of the feed */
    echo_key key;
    echo_feeds feeds;
    void *feed;
} test_feed;

static inline void test_open(test_feed *t, const echo_feeds_dir_options *options) {
    assert_ok(echo_feeds_open_dir(&t->feeds, t->folder, options, &oops));
    assert_ok(t->feeds.ops->open(&t->feed, t->feeds.ctx, &t->key, &oops));
}

static inline void test_close(test_feed *t) {
    if (t->feed != NULL) t->feeds.ops->close(t->feeds.ctx, t->feed);
    t->feed = NULL;
    echo_feeds_close(&t->feeds);
}

static inline void test_place(test_feed *t, const echo_key *key) {
    char hex[ECHO_HEX_CHARS];
    memset(t, 0, sizeof *t);
    t->folder = folder_new();
    t->key = *key;
    echo_key_hex(hex, key);
    test_path(t->path, t->folder, hex);
}

/* A copy of a fixture, not open yet. */
static inline void test_copy(test_feed *t, const char *set, const char *name) {
    char source[1024];
    echo_keypair keys;
    cJSON *json = test_fixture(set, name);
    test_keys(&keys, json);
    cJSON_Delete(json);
    test_place(t, &keys.public_key);
    test_path(source, set, name);
    folder_copy(source, t->path);
}

/* A new empty feed, not open yet. */
static inline void test_create(test_feed *t, const echo_keypair *keys) {
    test_place(t, &keys->public_key);
    assert_ok(echo_feed_create(t->folder, keys, &oops));
}

static inline void test_end(test_feed *t) {
    test_close(t);
    folder_remove(t->folder);
}

static inline uint64_t test_append(test_feed *t, const echo_bytes *blocks, size_t n) {
    uint64_t first = UINT64_MAX;
    assert_ok(t->feeds.ops->append(&first, t->feeds.ctx, t->feed, blocks, n, &oops));
    return first;
}

static inline echo_feed_info test_info(test_feed *t) {
    echo_feed_info info;
    assert_ok(t->feeds.ops->info(&info, t->feeds.ctx, t->feed, &oops));
    return info;
}

/* A reader that fails the test at the first block that is not the expected one. */
typedef struct test_expect {
    const test_blocks *blocks;
    uint64_t next;
} test_expect;

static inline echo_status test_expect_block(void *arg, uint64_t seq, echo_bytes block) {
    test_expect *expect = arg;
    assert_int_equal(seq, expect->next);
    assert_true(seq < expect->blocks->count);
    assert_true(echo__bytes_equal(block, expect->blocks->at[seq]));
    expect->next++;
    return ECHO_OK;
}

static inline void test_read_equal(test_feed *t, const test_blocks *blocks, uint64_t from, uint64_t to) {
    test_expect expect = {blocks, from};
    assert_ok(t->feeds.ops->read(t->feeds.ctx, t->feed, from, to, test_expect_block, &expect, &oops));
    assert_int_equal(expect.next, to);
}

/* A byte of a file, changed in place. */
static inline void test_poke(const char *folder, const char *name, size_t at, uint8_t xor) {
    char path[1024];
    uint8_t byte;
    test_path(path, folder, name);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= xor;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

static inline size_t test_size(const char *folder, const char *name) {
    char path[1024];
    struct stat st;
    test_path(path, folder, name);
    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static inline void test_cut(const char *folder, const char *name, size_t size) {
    char path[1024];
    test_path(path, folder, name);
    assert_int_equal(truncate(path, (off_t)size), 0);
}

static inline void test_same_file(const char *a, const char *b, const char *name) {
    char path_a[1024], path_b[1024];
    size_t len_a, len_b;
    test_path(path_a, a, name);
    test_path(path_b, b, name);
    uint8_t *data_a = file_read(path_a, &len_a), *data_b = file_read(path_b, &len_b);
    assert_int_equal(len_a, len_b);
    if (len_a > 0) assert_memory_equal(data_a, data_b, len_a);
    free(data_a);
    free(data_b);
}

/* The bitfield has exactly the bits of blocks 0..length-1 and of all nodes whose span is complete; hypercore's index is
 * not looked at. */
static inline void test_check_bits(const char *folder, uint64_t length) {
    char path[1024];
    size_t len;
    test_path(path, folder, "bitfield");
    uint8_t *bits = file_read(path, &len);
    assert_int_equal(len, 32 + 3584 * ((length + 8191) / 8192));
    for (uint64_t page = 0; 32 + 3584 * page < len; page++) {
        uint8_t expected[3072] = {0};
        for (uint64_t i = 0; i < 8192 && page * 8192 + i < length; i++) expected[i / 8] |= (uint8_t)(0x80u >> (i & 7));
        for (uint64_t i = 0; i < 16384; i++) {
            uint64_t node = page * 16384 + i;
            bool complete = echo__flat_right_span(node, echo__flat_depth(node)) < 2 * length;
            if (complete) expected[1024 + i / 8] |= (uint8_t)(0x80u >> (i & 7));
        }
        assert_memory_equal(bits + 32 + 3584 * page, expected, sizeof expected);
    }
    free(bits);
}

#endif
