#include "feed/hypercore_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"

#define OFFSET_MAX ((uint64_t)INT64_MAX / 2)

static const uint8_t magic[3] = {0x05, 0x02, 0x57};

const char *echo__hypercore_name(echo__hypercore_file file) {
    switch (file) {
    case ECHO__HYPERCORE_BITFIELD: return "bitfield";
    case ECHO__HYPERCORE_SIGNATURES: return "signatures";
    case ECHO__HYPERCORE_TREE: return "tree";
    default: return "data";
    }
}

echo_status echo__hypercore_error(const echo__hypercore *hc, echo_error *err, echo_status code,
                                  echo__hypercore_file file, const char *what) {
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, &hc->key);
    echo__error(err, code, "feed %.8s: file '%s' %s", hex, echo__hypercore_name(file), what);
    echo__error_feed(err, &hc->key);
    return code;
}

static echo_status file_errno(const echo__hypercore *hc, echo_error *err, echo__hypercore_file file, const char *what) {
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, &hc->key);
    echo_status status = echo__error_errno(err, "feed %.8s: file '%s': %s", hex, echo__hypercore_name(file), what);
    echo__error_feed(err, &hc->key);
    return status;
}

char *echo__hypercore_join_path(const char *path, const char *name) {
    size_t head = strlen(path), tail = strlen(name);
    char *joined = echo__malloc(head + tail + 2);
    if (joined == NULL) return NULL;
    memcpy(joined, path, head);
    joined[head] = '/';
    memcpy(joined + head + 1, name, tail + 1);
    return joined;
}

static int open_in(const char *folder, const char *name, int flags) {
    char *path = echo__hypercore_join_path(folder, name);
    if (path == NULL) {
        errno = ENOMEM;
        return -1;
    }
    int fd;
    do fd = open(path, flags | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR);
    int number = errno;
    echo__free(path);
    errno = number;
    return fd;
}

static int open_file(const echo__hypercore *hc, echo__hypercore_file file, int flags) {
    return open_in(hc->path, echo__hypercore_name(file), flags);
}

echo_status echo__hypercore_slurp(const char *path, const char *name, uint8_t *buf, size_t len, size_t *found,
                                  bool *exists, echo_error *err) {
    uint8_t more;
    *found = 0;
    *exists = true;
    int fd = open_in(path, name, O_RDONLY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        *exists = false;
        return ECHO_OK;
    }
    if (fd < 0 && errno == EACCES) return echo__error(err, ECHO_ERR_READONLY, "file '%s' may not be read", name);
    if (fd < 0) return echo__error_errno(err, "file '%s': open", name);
    echo_status status = ECHO_OK;
    while (*found <= len) {
        ssize_t n = *found < len ? read(fd, buf + *found, len - *found) : read(fd, &more, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) status = echo__error_errno(err, "file '%s': read", name);
        if (n <= 0) break;
        *found += (size_t)n;
    }
    (void)close(fd);
    return status;
}

/* hc->fd[file] stays -1 when there is no such file. */
static echo_status open_reading(echo__hypercore *hc, echo__hypercore_file file, echo_error *err) {
    if (hc->fd[file] >= 0) return ECHO_OK;
    hc->fd[file] = open_file(hc, file, O_RDONLY);
    if (hc->fd[file] >= 0 || errno == ENOENT) return ECHO_OK;
    return file_errno(hc, err, file, "open");
}

echo_status echo__hypercore_size(echo__hypercore *hc, uint64_t *size, echo__hypercore_file file, echo_error *err) {
    echo_status status = open_reading(hc, file, err);
    if (status != ECHO_OK) return status;
    *size = 0;
    if (hc->fd[file] < 0) return ECHO_OK;
    struct stat st;
    if (fstat(hc->fd[file], &st) != 0) return file_errno(hc, err, file, "stat");
    if (!S_ISREG(st.st_mode)) return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, file, "is not a regular file");
    *size = (uint64_t)st.st_size;
    return ECHO_OK;
}

echo_status echo__hypercore_pread(echo__hypercore *hc, echo__hypercore_file file, void *buf, size_t len, uint64_t at,
                                  size_t *got, echo_error *err) {
    *got = 0;
    echo_status status = open_reading(hc, file, err);
    if (status != ECHO_OK || hc->fd[file] < 0 || at > OFFSET_MAX) return status;
    while (*got < len) {
        ssize_t n = pread(hc->fd[file], (uint8_t *)buf + *got, len - *got, (off_t)(at + *got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return file_errno(hc, err, file, "read");
        if (n == 0) break;
        *got += (size_t)n;
    }
    hc->counts.bytes[file] += *got;
    return ECHO_OK;
}

echo_status echo__hypercore_pwrite(echo__hypercore *hc, echo__hypercore_file file, const void *buf, size_t len,
                                   uint64_t at, echo_error *err) {
    if (at > OFFSET_MAX) return echo__hypercore_error(hc, err, ECHO_ERR_LIMIT, file, "would grow too large");
    size_t done = 0;
    while (done < len) {
        ssize_t n = pwrite(hc->fd[file], (const uint8_t *)buf + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = EIO;
        if (n <= 0) return file_errno(hc, err, file, "write");
        done += (size_t)n;
    }
    return ECHO_OK;
}

echo_status echo__hypercore_truncate(echo__hypercore *hc, echo__hypercore_file file, uint64_t size, echo_error *err) {
    int result;
    do result = ftruncate(hc->fd[file], (off_t)size);
    while (result != 0 && errno == EINTR);
    return result == 0 ? ECHO_OK : file_errno(hc, err, file, "truncate");
}

echo_status echo__hypercore_sync_file(echo__hypercore *hc, echo__hypercore_file file, echo_error *err) {
    echo_status status = open_reading(hc, file, err);
    if (status != ECHO_OK || hc->fd[file] < 0) return status;
    int result;
    do result = fdatasync(hc->fd[file]);
    while (result != 0 && errno == EINTR);
    hc->counts.syncs++;
    return result == 0 ? ECHO_OK : file_errno(hc, err, file, "sync");
}

echo_status echo__hypercore_sync_path(const char *path, echo_error *err) {
    int fd;
    do fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return echo__error_errno(err, "%s: open", path);
    int result;
    do result = fsync(fd);
    while (result != 0 && errno == EINTR);
    echo_status status = ECHO_OK;
    /* Some file systems cannot sync a folder and need not. */
    if (result != 0 && errno != EINVAL) status = echo__error_errno(err, "%s: sync", path);
    (void)close(fd);
    return status;
}

echo_status echo__hypercore_sync_folder(echo__hypercore *hc, echo_error *err) {
    echo_status status = echo__hypercore_sync_path(hc->path, err);
    hc->counts.syncs++;
    echo__error_feed(status == ECHO_OK ? NULL : err, &hc->key);
    return status;
}

void echo__hypercore_header(uint8_t out[ECHO__HYPERCORE_HEADER], echo__hypercore_file file) {
    static const size_t entry[] = {ECHO__HYPERCORE_PAGE, ECHO__HYPERCORE_SIGNATURE, ECHO__HYPERCORE_NODE};
    static const char *const algorithm[] = {"", "Ed25519", "BLAKE2b"};
    size_t len = strlen(algorithm[file]);
    memset(out, 0, ECHO__HYPERCORE_HEADER);
    memcpy(out, magic, sizeof magic);
    out[3] = (uint8_t)file;
    out[5] = (uint8_t)(entry[file] >> 8);
    out[6] = (uint8_t)(entry[file] & 0xff);
    out[7] = (uint8_t)len;
    memcpy(out + 8, algorithm[file], len);
}

static echo_status check_header(echo__hypercore *hc, echo__hypercore_file file, bool *missing, echo_error *err) {
    uint8_t found[ECHO__HYPERCORE_HEADER], expected[ECHO__HYPERCORE_HEADER];
    size_t got;
    echo_status status = echo__hypercore_pread(hc, file, found, sizeof found, 0, &got, err);
    if (status != ECHO_OK) return status;
    *missing = got < sizeof found;
    if (*missing) return ECHO_OK;
    echo__hypercore_header(expected, file);
    if (memcmp(found, expected, 4) != 0)
        return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, file, "begins with a wrong header");
    if (found[4] != 0) return echo__hypercore_error(hc, err, ECHO_ERR_VERSION, file, "has an unknown version");
    if (file == ECHO__HYPERCORE_BITFIELD) {
        size_t page = (size_t)found[5] << 8 | found[6];
        if (page < ECHO__HYPERCORE_DATA_BITS + ECHO__HYPERCORE_TREE_BITS || page > ECHO__HYPERCORE_PAGE_MAX)
            return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, file, "has pages of an impossible size");
        hc->page_size = page;
        memcpy(expected + 5, found + 5, 2);
    }
    if (memcmp(found, expected, sizeof found) != 0)
        return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, file, "has a damaged header");
    return ECHO_OK;
}

echo_status echo__hypercore_check_headers(echo__hypercore *hc, echo_error *err) {
    echo__hypercore_file lost = ECHO__HYPERCORE_FILES;
    bool empty = true;
    for (int file = ECHO__HYPERCORE_BITFIELD; file <= ECHO__HYPERCORE_TREE; file++) {
        bool missing;
        uint64_t size;
        echo_status status = check_header(hc, (echo__hypercore_file)file, &missing, err);
        if (status == ECHO_OK) status = echo__hypercore_size(hc, &size, (echo__hypercore_file)file, err);
        if (status != ECHO_OK) return status;
        if (missing) lost = (echo__hypercore_file)file;
        empty &= size <= ECHO__HYPERCORE_HEADER;
    }
    /* Hypercore makes its files one after the other, and so may an append: what a crash leaves is an empty feed. */
    hc->headers = lost == ECHO__HYPERCORE_FILES;
    if (!hc->headers && !empty)
        return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, lost, "is missing or cut short");
    return ECHO_OK;
}

static echo_status open_one_writing(echo__hypercore *hc, echo__hypercore_file file, bool *made, echo_error *err) {
    int fd = open_file(hc, file, O_RDWR);
    if (fd < 0 && errno == ENOENT) {
        fd = open_file(hc, file, O_RDWR | O_CREAT);
        *made = true;
    }
    if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS))
        return echo__hypercore_error(hc, err, ECHO_ERR_READONLY, file, "cannot be opened for writing");
    if (fd < 0) return file_errno(hc, err, file, "open for writing");
    if (hc->fd[file] >= 0) (void)close(hc->fd[file]);
    hc->fd[file] = fd;
    return ECHO_OK;
}

echo_status echo__hypercore_open_writing(echo__hypercore *hc, echo_error *err) {
    if (hc->writing) return ECHO_OK;
    bool made = false;
    for (int file = 0; file < ECHO__HYPERCORE_FILES; file++) {
        echo_status status = open_one_writing(hc, (echo__hypercore_file)file, &made, err);
        if (status != ECHO_OK) return status;
    }
    if (made) hc->folder_synced = false;
    hc->writing = true;
    return ECHO_OK;
}

void echo__hypercore_close_file(echo__hypercore *hc, echo__hypercore_file file) {
    if (hc->fd[file] >= 0) (void)close(hc->fd[file]);
    hc->fd[file] = -1;
    hc->writing = false;
}

echo_status echo__hypercore_lock(echo__hypercore *hc, echo_error *err) {
    int result;
    do result = flock(hc->fd[ECHO__HYPERCORE_BITFIELD], LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result == 0) return ECHO_OK;
    if (errno == EWOULDBLOCK)
        return echo__hypercore_error(hc, err, ECHO_ERR_BUSY, ECHO__HYPERCORE_BITFIELD,
                                     "is locked: somebody else has the feed open for writing");
    return file_errno(hc, err, ECHO__HYPERCORE_BITFIELD, "lock");
}

void echo__hypercore_unlock(echo__hypercore *hc) { (void)flock(hc->fd[ECHO__HYPERCORE_BITFIELD], LOCK_UN); }

echo_status echo__hypercore_put_headers(echo__hypercore *hc, uint64_t size[ECHO__HYPERCORE_FILES], echo_error *err) {
    echo_status status = ECHO_OK;
    for (int file = ECHO__HYPERCORE_BITFIELD; status == ECHO_OK && file <= ECHO__HYPERCORE_TREE; file++) {
        uint8_t header[ECHO__HYPERCORE_HEADER];
        if (size[file] >= ECHO__HYPERCORE_HEADER) continue;
        echo__hypercore_header(header, (echo__hypercore_file)file);
        status = echo__hypercore_pwrite(hc, (echo__hypercore_file)file, header, sizeof header, 0, err);
        size[file] = ECHO__HYPERCORE_HEADER;
    }
    if (status == ECHO_OK) hc->headers = true;
    return status;
}

void echo__hypercore_cut_back(echo__hypercore *hc, const uint64_t size[ECHO__HYPERCORE_FILES]) {
    for (int file = 0; file < ECHO__HYPERCORE_FILES; file++) {
        uint64_t now;
        if (echo__hypercore_size(hc, &now, (echo__hypercore_file)file, NULL) == ECHO_OK && now > size[file])
            (void)echo__hypercore_truncate(hc, (echo__hypercore_file)file, size[file], NULL);
    }
}
