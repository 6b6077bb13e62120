#include "bench/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/child.h"

#define BUFFER ((size_t)1 << 20)

static echo_status fail_at(echo_error *err, const char *path, const char *what) {
    int code = errno;
    return bench_fail(err, code == ENOENT ? ECHO_ERR_NOT_FOUND : ECHO_ERR_IO, "%.150s cannot be %s: %s", path, what,
                      strerror(code));
}

echo_status bench_path(char out[BENCH_PATH_MAX], const char *dir, const char *name, echo_error *err) {
    int len = snprintf(out, BENCH_PATH_MAX, "%s/%s", dir, name);
    if (len > 0 && (size_t)len < BENCH_PATH_MAX) return ECHO_OK;
    return bench_fail(err, ECHO_ERR_INVALID, "the folder's name is too long");
}

echo_status bench_folder_make(char path[BENCH_PATH_MAX], const char *parent, echo_error *err) {
    echo_status status = bench_path(path, parent, "echo-bench-XXXXXX", err);
    if (status == ECHO_OK && mkdtemp(path) == NULL) status = fail_at(err, path, "made");
    if (status != ECHO_OK) path[0] = '\0';
    return status;
}

/* ---- everything in a folder ---- */

typedef echo_status (*entry_fn)(void *arg, const char *path, const char *name, bool folder, echo_error *err);

static echo_status each_entry(const char *dir, entry_fn fn, void *arg, echo_error *err) {
    DIR *entries = opendir(dir);
    if (entries == NULL) return fail_at(err, dir, "read");
    echo_status status = ECHO_OK;
    const struct dirent *entry;
    while (status == ECHO_OK && (entry = readdir(entries)) != NULL) {
        char path[BENCH_PATH_MAX];
        struct stat at;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        status = bench_path(path, dir, entry->d_name, err);
        if (status == ECHO_OK && lstat(path, &at) != 0) status = fail_at(err, path, "read");
        if (status == ECHO_OK) status = fn(arg, path, entry->d_name, S_ISDIR(at.st_mode), err);
    }
    (void)closedir(entries);
    return status;
}

static echo_status remove_entry(void *arg, const char *path, const char *name, bool folder, echo_error *err) {
    (void)arg;
    (void)name;
    (void)err;
    if (folder)
        bench_folder_remove(path);
    else
        (void)unlink(path);
    return ECHO_OK;
}

void bench_folder_remove(const char *path) {
    echo_error ignored;
    (void)!each_entry(path, remove_entry, NULL, &ignored);
    (void)rmdir(path);
}

/* ---- files ---- */

/* Reads a file through; writes it to `to` unless that is -1, and adds it to `hash` unless that is NULL. */
static echo_status pump(uint64_t *bytes, const char *path, int to, crypto_generichash_state *hash, echo_error *err) {
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) return fail_at(err, path, "read");
    char *buffer = malloc(BUFFER);
    echo_status status = buffer == NULL ? bench_fail(err, ECHO_ERR_NOMEM, "out of memory") : ECHO_OK;
    while (status == ECHO_OK) {
        ssize_t n = read(from, buffer, BUFFER);
        if (n < 0) status = fail_at(err, path, "read");
        if (n <= 0) break;
        *bytes += (uint64_t)n;
        if (hash != NULL) (void)crypto_generichash_update(hash, (const unsigned char *)buffer, (unsigned long long)n);
        for (ssize_t done = 0; to >= 0 && status == ECHO_OK && done < n;) {
            ssize_t m = write(to, buffer + done, (size_t)(n - done));
            if (m < 0)
                status = fail_at(err, path, "copied");
            else
                done += m;
        }
    }
    free(buffer);
    (void)close(from);
    return status;
}

static echo_status copy_file(const char *to, const char *from, echo_error *err) {
    uint64_t bytes = 0;
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return fail_at(err, to, "made");
    echo_status status = pump(&bytes, from, fd, NULL, err);
    if (close(fd) != 0 && status == ECHO_OK) status = fail_at(err, to, "written");
    return status;
}

echo_status bench_folder_copy_file(const char *to, const char *from, const char *name, echo_error *err) {
    char to_file[BENCH_PATH_MAX], from_file[BENCH_PATH_MAX];
    echo_status status = bench_path(to_file, to, name, err);
    if (status == ECHO_OK) status = bench_path(from_file, from, name, err);
    if (status != ECHO_OK) return status;
    if (unlink(to_file) != 0 && errno != ENOENT) return fail_at(err, to_file, "removed");
    return access(from_file, F_OK) == 0 ? copy_file(to_file, from_file, err) : ECHO_OK;
}

static bool is_key(const char *name) {
    return strlen(name) == ECHO_HEX_CHARS - 1 && strspn(name, "0123456789abcdef") == ECHO_HEX_CHARS - 1;
}

static echo_status copy_feed(void *arg, const char *path, const char *name, bool folder, echo_error *err) {
    static const char *const files[] = {"key", "tree", "signatures", "bitfield", "data"};
    char to[BENCH_PATH_MAX], from_file[BENCH_PATH_MAX], to_file[BENCH_PATH_MAX];
    if (!folder || !is_key(name)) return ECHO_OK;
    echo_status status = bench_path(to, arg, name, err);
    if (status == ECHO_OK && mkdir(to, 0777) != 0) status = fail_at(err, to, "made");
    for (size_t i = 0; status == ECHO_OK && i < sizeof files / sizeof files[0]; i++) {
        status = bench_path(from_file, path, files[i], err);
        if (status == ECHO_OK) status = bench_path(to_file, to, files[i], err);
        if (status == ECHO_OK && access(from_file, F_OK) == 0) status = copy_file(to_file, from_file, err);
    }
    return status;
}

echo_status bench_folder_copy_feeds(const char *to, const char *from, echo_error *err) {
    char from_feeds[BENCH_PATH_MAX], to_feeds[BENCH_PATH_MAX];
    echo_status status = bench_path(from_feeds, from, "feeds", err);
    if (status == ECHO_OK) status = bench_path(to_feeds, to, "feeds", err);
    if (status == ECHO_OK && mkdir(to_feeds, 0777) != 0) status = fail_at(err, to_feeds, "made");
    return status == ECHO_OK ? each_entry(from_feeds, copy_feed, to_feeds, err) : status;
}

static echo_status read_feed(void *arg, const char *path, const char *name, bool folder, echo_error *err) {
    char data[BENCH_PATH_MAX];
    if (!folder || !is_key(name)) return ECHO_OK;
    echo_status status = bench_path(data, path, "data", err);
    return status == ECHO_OK && access(data, F_OK) == 0 ? pump(arg, data, -1, NULL, err) : status;
}

echo_status bench_folder_read_data(uint64_t *bytes, const char *path, echo_error *err) {
    char feeds[BENCH_PATH_MAX];
    *bytes = 0;
    echo_status status = bench_path(feeds, path, "feeds", err);
    return status == ECHO_OK ? each_entry(feeds, read_feed, bytes, err) : status;
}

/* ---- what is in a folder ---- */

static echo_status look_at(void *arg, const char *path, const char *name, bool folder, echo_error *err) {
    bench_folder_state *state = arg;
    crypto_generichash_state hash;
    struct stat at;
    uint64_t bytes = 0;
    (void)name;
    if (folder) return each_entry(path, look_at, arg, err);
    if (state->count == BENCH_FOLDER_FILES) return bench_fail(err, ECHO_ERR_LIMIT, "too many files below %.150s", path);
    if (stat(path, &at) != 0) return fail_at(err, path, "read");
    const int64_t facts[] = {(int64_t)at.st_size, (int64_t)at.st_mtim.tv_sec, (int64_t)at.st_mtim.tv_nsec};
    uint8_t *out = state->files[state->count++].bytes;
    (void)crypto_generichash_init(&hash, NULL, 0, ECHO_HASH_BYTES);
    (void)crypto_generichash_update(&hash, (const unsigned char *)path, strlen(path) + 1);
    (void)crypto_generichash_update(&hash, (const unsigned char *)facts, sizeof facts);
    echo_status status = pump(&bytes, path, -1, &hash, err);
    (void)crypto_generichash_final(&hash, out, ECHO_HASH_BYTES);
    return status;
}

echo_status bench_folder_look(bench_folder_state *out, const char *path, echo_error *err) {
    out->count = 0;
    return each_entry(path, look_at, out, err);
}

static uint64_t missing(const bench_folder_state *from, const bench_folder_state *in) {
    uint64_t count = 0;
    for (size_t i = 0; i < from->count; i++) {
        bool found = false;
        for (size_t k = 0; k < in->count && !found; k++)
            found = memcmp(&from->files[i], &in->files[k], sizeof(echo_hash)) == 0;
        count += found ? 0 : 1;
    }
    return count;
}

uint64_t bench_folder_differs(const bench_folder_state *a, const bench_folder_state *b) {
    uint64_t before = missing(a, b), after = missing(b, a);
    return before > after ? before : after; /* a changed file is missing on both sides */
}
