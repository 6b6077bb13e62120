#include "support/test.h"

#include "support/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"

char *folder_path(const char *dir, const char *name) {
    size_t size = strlen(dir) + strlen(name) + 2;
    char *path = malloc(size);
    assert_non_null(path);
    snprintf(path, size, "%s/%s", dir, name);
    return path;
}

char *folder_new(void) {
    const char *tmp = getenv("TMPDIR");
    char *path = folder_path(tmp != NULL ? tmp : "/tmp", "echo-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

typedef void (*entry_fn)(const char *path, const char *name, bool is_folder, void *arg);

static void each_entry(const char *path, entry_fn fn, void *arg) {
    struct dirent **list;
    int n = scandir(path, &list, NULL, by_name);
    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0) {
            char *entry = folder_path(path, list[i]->d_name);
            struct stat st;
            assert_int_equal(lstat(entry, &st), 0);
            fn(entry, list[i]->d_name, S_ISDIR(st.st_mode), arg);
            free(entry);
        }
        free(list[i]);
    }
    free(list);
}

static void remove_entry(const char *path, const char *name, bool is_folder, void *arg) {
    (void)name;
    if (is_folder) {
        (void)chmod(path, 0700);
        each_entry(path, remove_entry, arg);
        (void)rmdir(path);
    } else {
        (void)unlink(path);
    }
}

void folder_remove(char *path) {
    if (path == NULL) return;
    (void)chmod(path, 0700);
    each_entry(path, remove_entry, NULL);
    (void)rmdir(path);
    free(path);
}

uint8_t *file_read(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("%s cannot be opened", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    uint8_t *data = malloc((size_t)size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)size, file), (size_t)size);
    data[size] = 0;
    fclose(file);
    if (len != NULL) *len = (size_t)size;
    return data;
}

void file_write(const char *path, const void *data, size_t len) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) fail_msg("%s cannot be written", path);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

void file_stamp(const char *path, long seconds_ago) {
    struct timespec now, times[2] = {{0, UTIME_OMIT}, {0, 0}};
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    times[1] = now;
    times[1].tv_sec -= seconds_ago;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

bool file_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
}

static void copy_entry(const char *path, const char *name, bool is_folder, void *arg) {
    char *to = folder_path(arg, name);
    if (is_folder) {
        folder_copy(path, to);
    } else {
        size_t len;
        uint8_t *data = file_read(path, &len);
        file_write(to, data, len);
        free(data);
    }
    free(to);
}

void folder_copy(const char *from, const char *to) {
    (void)mkdir(to, 0755);
    each_entry(from, copy_entry, (void *)(uintptr_t)to);
}

static void digest_entry(const char *path, const char *name, bool is_folder, void *arg) {
    echo_hash *sum = arg;
    size_t len = 0;
    uint8_t *data = is_folder ? NULL : file_read(path, &len);
    echo_bytes parts[] = {{sum->bytes, sizeof sum->bytes}, {(const uint8_t *)name, strlen(name) + 1}, {data, len}};
    echo_hash next;
    echo__hash_parts(&next, parts, 3);
    *sum = next;
    free(data);
    if (is_folder) each_entry(path, digest_entry, arg);
}

char *folder_digest(const char *path) {
    echo_hash sum = {{0}};
    assert_true(echo__crypto_init());
    each_entry(path, digest_entry, &sum);
    char *hex = malloc(ECHO_HEX_CHARS);
    assert_non_null(hex);
    echo_hash_hex(hex, &sum);
    return hex;
}
