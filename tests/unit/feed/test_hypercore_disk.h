/*
 * Power cuts and failing disks. A program that includes this stands between the library and the system calls that
 * write. A power cut at event k (a write, a truncation, a sync, a rename) lets the first k - 1 through and perhaps part
 * of the kth; of what was not synced, each sector then holds what it held at some time since the last sync, by a seeded
 * choice.
 */
#ifndef TEST_HYPERCORE_DISK_H
#define TEST_HYPERCORE_DISK_H

#include "test_hypercore_support.h"

#include <errno.h>
#include <sys/syscall.h>

#define SECTOR 512u
#define TRACKED 16u
#define VERSIONS 4u

enum mode { OFF, POWER, FAIL_ONE, FAIL_ALL, SHORT };

/* What a file held when it was last synced, and at some times since. */
typedef struct tracked {
    char path[1024];
    uint8_t *version[VERSIONS];
    size_t len[VERSIONS];
    size_t count;
} tracked;

static struct {
    enum mode mode;
    long events, at; /* the event that fails, from 1; after it nothing works any more */
    long warning;    /* an event before that which fails alone; 0 for none */
    int number;      /* errno */
    bool dead;
    bool folder_synced;
    tracked files[TRACKED];
    size_t count;
    char moved_from[1024], moved_to[1024]; /* a rename not synced yet */
    char synced_folder[1024];
    bool hollow; /* what was moved had entries that were not synced */
    test_random random;
} disk;

static ssize_t real_pwrite(int fd, const void *buf, size_t len, off_t at) {
    return (ssize_t)syscall(SYS_pwrite64, fd, buf, len, at);
}

static bool path_of(int fd, char out[1024]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, out, 1023);
    if (len < 0) return false;
    out[len] = '\0';
    return true;
}

/* Remembers what a file holds before a change. */
static void track(int fd) {
    char path[1024];
    struct stat st;
    size_t i = 0;
    if (disk.mode != POWER || !path_of(fd, path)) return;
    while (i < disk.count && strcmp(disk.files[i].path, path) != 0) i++;
    assert_true(i < TRACKED);
    tracked *file = &disk.files[i];
    if (i == disk.count) {
        memset(file, 0, sizeof *file);
        memcpy(file->path, path, sizeof path);
        disk.count++;
    }
    if (file->count == VERSIONS) {
        size_t drop = 1 + (size_t)test_random_below(&disk.random, VERSIONS - 1); /* but the synced one stays */
        free(file->version[drop]);
        file->version[drop] = file->version[--file->count];
        file->len[drop] = file->len[file->count];
    }
    assert_int_equal(fstat(fd, &st), 0);
    uint8_t *data = malloc((size_t)st.st_size + 1);
    int in = open(path, O_RDONLY);
    assert_int_equal(pread(in, data, (size_t)st.st_size, 0), st.st_size);
    close(in);
    file->version[file->count] = data;
    file->len[file->count++] = (size_t)st.st_size;
}

static void forget(tracked *file) {
    for (size_t i = 0; i < file->count; i++) free(file->version[i]);
}

static void untrack(int fd) {
    char path[1024];
    if (!path_of(fd, path)) return;
    for (size_t i = 0; i < disk.count; i++) {
        if (strcmp(disk.files[i].path, path) != 0) continue;
        forget(&disk.files[i]);
        disk.files[i] = disk.files[--disk.count];
        return;
    }
}

/* Whether this event fails. */
static bool event(void) {
    if (disk.mode == OFF || disk.mode == SHORT) return false;
    errno = disk.number;
    if (disk.dead) return true;
    if (++disk.events == disk.warning) return true;
    if (disk.events != disk.at) return false;
    disk.dead = disk.mode != FAIL_ONE;
    return true;
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t at) {
    static unsigned turn;
    if (disk.mode == SHORT) {
        if (++turn % 3 == 0) {
            errno = EINTR;
            return -1;
        }
        return real_pwrite(fd, buf, len > 7 ? 1 + len / 3 : len, at);
    }
    track(fd);
    bool dead = disk.dead;
    if (event()) {
        size_t part = dead ? 0 : disk.mode == POWER ? (size_t)test_random_below(&disk.random, len + 1) : len / 2;
        if (part > 0) (void)real_pwrite(fd, buf, part, at);
        errno = disk.number;
        return -1;
    }
    return real_pwrite(fd, buf, len, at);
}

int ftruncate(int fd, off_t size) {
    track(fd);
    return event() ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int fdatasync(int fd) {
    static unsigned turn;
    if (disk.mode == SHORT && ++turn % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    if (event()) return -1;
    if (disk.mode == POWER) untrack(fd);
    return 0; /* the disk is this program's: nothing need really be synced */
}

int fsync(int fd) {
    struct stat st;
    if (event()) return -1;
    if (disk.mode == POWER) untrack(fd);
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        disk.folder_synced = true;
        disk.moved_from[0] = '\0';
        (void)path_of(fd, disk.synced_folder);
    }
    return 0;
}

int rename(const char *from, const char *to) {
    if (event()) return -1;
    if (disk.mode == POWER) {
        snprintf(disk.moved_from, sizeof disk.moved_from, "%s", from);
        snprintf(disk.moved_to, sizeof disk.moved_to, "%s", to);
        disk.hollow = strcmp(disk.synced_folder, from) != 0;
        /* What is not synced in it moves along. */
        for (size_t i = 0; i < disk.count; i++) {
            char name[1024];
            const char *rest = disk.files[i].path + strlen(from);
            if (strncmp(disk.files[i].path, from, strlen(from)) != 0) continue;
            snprintf(name, sizeof name, "%s", rest + 1);
            test_path(disk.files[i].path, to, name);
        }
    }
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

static void disk_arm(enum mode mode, long at, int number, uint64_t seed) {
    memset(&disk, 0, sizeof disk);
    disk.mode = mode;
    disk.at = at;
    disk.number = number;
    disk.random.state = seed;
}

static void lose(tracked *file) {
    if (!file_exists(file->path)) return;
    uint8_t *data[VERSIONS + 1];
    size_t len[VERSIONS + 1], n = file->count;
    memcpy(data, file->version, n * sizeof *data);
    memcpy(len, file->len, n * sizeof *len);
    data[n] = file_read(file->path, &len[n]);
    size_t size = len[test_random_below(&disk.random, n + 1)];
    uint8_t *result = calloc(1, size + 1);
    for (size_t at = 0; at < size; at += SECTOR) {
        size_t end = at + SECTOR < size ? at + SECTOR : size, pick = (size_t)test_random_below(&disk.random, n + 1);
        if (at < len[pick]) memcpy(result + at, data[pick] + at, (end < len[pick] ? end : len[pick]) - at);
    }
    int fd = open(file->path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(real_pwrite(fd, result, size, 0), size);
    assert_int_equal(syscall(SYS_ftruncate, fd, (off_t)size), 0);
    close(fd);
    free(result);
    free(data[n]);
}

/* The power comes back. */
static void disk_restart(void) {
    static const char *const entries[] = {"key", "secret_key", "bitfield", "signatures", "tree"};
    for (size_t i = 0; i < disk.count; i++) {
        lose(&disk.files[i]);
        forget(&disk.files[i]);
    }
    if (disk.hollow) {
        char path[1024];
        test_path(path, disk.moved_to, entries[test_random_below(&disk.random, 5)]);
        unlink(path);
    }
    if (disk.moved_from[0] != '\0' && test_random_below(&disk.random, 2))
        (void)syscall(SYS_renameat, AT_FDCWD, disk.moved_to, AT_FDCWD, disk.moved_from);
    disk.mode = OFF;
    disk.count = 0;
}

#endif
