#include "support/test.h"

#include "support/fixture_feed.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static char *read_file(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    char *data = malloc((size_t)size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)size, file), (size_t)size);
    data[size] = '\0';
    (void)fclose(file);
    *len = (size_t)size;
    return data;
}

char *fixture_file(const char *path, size_t *len) {
    size_t size = 0;
    char *data = read_file(path, &size);
    if (data == NULL) fail_msg("cannot read %s", path);
    if (len != NULL) *len = size;
    return data;
}

static char *join(const char *folder, const char *name) {
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    assert_non_null(path);
    (void)snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* Leaf b is entry 2b of `tree`: hash (32), size (u64be). The first blank leaf ends the feed. */
static void read_feed(fixture_feed *feed, const char *folder, const char *name) {
    static const uint8_t blank[40];
    feed->path = join(folder, name);
    assert_int_equal(echo_key_parse(&feed->key, name), ECHO_OK);
    size_t tree_len, data_len = 0, at = 0;
    char *tree_path = join(feed->path, "tree"), *data_path = join(feed->path, "data");
    char *tree = fixture_file(tree_path, &tree_len), *data = read_file(data_path, &data_len);
    feed->data = data == NULL ? malloc(1) : (uint8_t *)data;
    feed->blocks = calloc(tree_len / 80 + 1, sizeof *feed->blocks);
    assert_non_null(feed->data);
    assert_non_null(feed->blocks);
    for (size_t leaf = 32; leaf + 40 <= tree_len && memcmp(tree + leaf, blank, 40) != 0; leaf += 80) {
        uint64_t size = echo__be64((const uint8_t *)tree + leaf + 32);
        assert_true(size <= data_len - at);
        feed->blocks[feed->count++] = echo__bytes(feed->data + at, (size_t)size);
        at += (size_t)size;
    }
    free(tree);
    free(tree_path);
    free(data_path);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const fixture_feed *)a)->path, ((const fixture_feed *)b)->path);
}

void fixture_feeds_read(fixture_feeds *out, const char *folder) {
    memset(out, 0, sizeof *out);
    DIR *dir = opendir(folder);
    if (dir == NULL) fail_msg("cannot open %s", folder);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        echo_key key;
        if (echo_key_parse(&key, entry->d_name) != ECHO_OK) continue;
        out->feeds = realloc(out->feeds, (out->count + 1) * sizeof *out->feeds);
        assert_non_null(out->feeds);
        memset(&out->feeds[out->count], 0, sizeof out->feeds[out->count]);
        read_feed(&out->feeds[out->count++], folder, entry->d_name);
    }
    (void)closedir(dir);
    assert_true(out->count > 0);
    qsort(out->feeds, out->count, sizeof *out->feeds, by_path);
}

void fixture_feeds_free(fixture_feeds *feeds) {
    for (size_t i = 0; i < feeds->count; i++) {
        free(feeds->feeds[i].path);
        free(feeds->feeds[i].blocks);
        free(feeds->feeds[i].data);
    }
    free(feeds->feeds);
    memset(feeds, 0, sizeof *feeds);
}

const fixture_feed *fixture_feeds_find(const fixture_feeds *feeds, const echo_key *key) {
    for (size_t i = 0; i < feeds->count; i++)
        if (memcmp(feeds->feeds[i].key.bytes, key->bytes, sizeof key->bytes) == 0) return &feeds->feeds[i];
    return NULL;
}
