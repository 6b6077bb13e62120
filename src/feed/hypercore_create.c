#include "feed/hypercore_create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "feed/hypercore_file.h"

/*
 * A feed is made in a folder beside its place, made durable, and moved there in one step: a crash leaves all of it or
 * none, apart from a folder whose name begins with a dot.
 */

static echo_status write_file(const char *folder, const char *name, mode_t mode, const void *data, size_t len,
                              echo_error *err) {
    char *path = echo__hypercore_join_path(folder, name);
    if (path == NULL) return echo__nomem(err);
    echo_status status = ECHO_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) status = echo__error_errno(err, "%s: create", path);
    for (size_t done = 0; status == ECHO_OK && done < len;) {
        ssize_t n = pwrite(fd, (const uint8_t *)data + done, len - done, (off_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = EIO;
        if (n <= 0)
            status = echo__error_errno(err, "%s: write", path);
        else
            done += (size_t)n;
    }
    if (status == ECHO_OK && fsync(fd) != 0) status = echo__error_errno(err, "%s: sync", path);
    if (fd >= 0 && close(fd) != 0 && status == ECHO_OK) status = echo__error_errno(err, "%s: close", path);
    echo__free(path);
    return status;
}

/* secret is NULL for a feed that is written elsewhere. */
static echo_status fill(const char *folder, const echo_key *key, const uint8_t secret[64], echo_error *err) {
    echo_status status = secret != NULL ? write_file(folder, "secret_key", 0600, secret, 64, err) : ECHO_OK;
    for (int file = ECHO__HYPERCORE_BITFIELD; status == ECHO_OK && file <= ECHO__HYPERCORE_TREE; file++) {
        uint8_t header[ECHO__HYPERCORE_HEADER];
        echo__hypercore_header(header, (echo__hypercore_file)file);
        status = write_file(folder, echo__hypercore_name((echo__hypercore_file)file), 0666, header, sizeof header, err);
    }
    if (status == ECHO_OK) status = write_file(folder, "key", 0666, key->bytes, sizeof key->bytes, err);
    return status == ECHO_OK ? echo__hypercore_sync_path(folder, err) : status;
}

/* Takes away what fill() made of a feed that did not come to be. */
static void discard(const char *folder) {
    static const char *const names[] = {"secret_key", "bitfield", "signatures", "tree", "key"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = echo__hypercore_join_path(folder, names[i]);
        if (path != NULL) (void)unlink(path);
        echo__free(path);
    }
    (void)rmdir(folder);
}

/* Makes a folder, its parents first where they are missing, each durable in its own parent. `path` is changed and put
 * back. */
static echo_status make_folders(char *path, echo_error *err) {
    if (mkdir(path, 0777) != 0) {
        if (errno == EEXIST) return ECHO_OK;
        if (errno != ENOENT) return echo__error_errno(err, "%s: create", path);
    }
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/') end--;
    while (end > 0 && path[end - 1] != '/') end--;
    if (end < 2) return end == 1 ? echo__hypercore_sync_path("/", err) : echo__hypercore_sync_path(".", err);
    path[end - 1] = '\0';
    echo_status status = make_folders(path, err);
    path[end - 1] = '/';
    if (status == ECHO_OK && mkdir(path, 0777) != 0 && errno != EEXIST)
        status = echo__error_errno(err, "%s: create", path);
    path[end - 1] = '\0';
    if (status == ECHO_OK) status = echo__hypercore_sync_path(path, err);
    path[end - 1] = '/';
    return status;
}

/* A folder of its own beside the feed's place. */
static echo_status make_aside(char **out, const char *path, const char *hex, echo_error *err) {
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        char name[ECHO_HEX_CHARS + 64];
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        (void)snprintf(name, sizeof name, ".%s.%ld.%ld.%u.tmp", hex, (long)getpid(), now.tv_nsec, attempt);
        *out = echo__hypercore_join_path(path, name);
        if (*out == NULL) return echo__nomem(err);
        if (mkdir(*out, 0777) == 0) return ECHO_OK;
        int number = errno;
        echo__free(*out);
        *out = NULL;
        errno = number;
        if (number != EEXIST) break;
    }
    return echo__error_errno(err, "%s: create a folder", path);
}

static echo_status move_in_place(const char *aside, const char *place, const char *path, echo_error *err) {
    if (rename(aside, place) != 0) {
        if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
            return echo__error(err, ECHO_ERR_EXISTS, "the feed exists already");
        return echo__error_errno(err, "%s: rename", place);
    }
    return echo__hypercore_sync_path(path, err);
}

static echo_status create(char *path, const echo_key *public_key, const uint8_t secret[64], echo_error *err) {
    char hex[ECHO_HEX_CHARS];
    char *aside = NULL;
    struct stat st;
    echo_key_hex(hex, public_key);
    echo_status status = make_folders(path, err);
    if (status != ECHO_OK) return status;
    char *place = echo__hypercore_join_path(path, hex), *key = NULL;
    if (place != NULL) key = echo__hypercore_join_path(place, "key");
    if (key == NULL)
        status = echo__nomem(err);
    else if (stat(key, &st) == 0)
        status = echo__error(err, ECHO_ERR_EXISTS, "the feed exists already");
    else
        status = make_aside(&aside, path, hex, err);
    if (status == ECHO_OK) {
        status = fill(aside, public_key, secret, err);
        if (status == ECHO_OK) status = move_in_place(aside, place, path, err);
        if (status != ECHO_OK) discard(aside);
    }
    echo__free(aside);
    echo__free(key);
    echo__free(place);
    return status;
}

echo_status echo_feed_create(const char *path, const echo_keypair *keys, echo_error *err) {
    echo_keypair derived;
    if (path == NULL || path[0] == '\0' || keys == NULL)
        return echo__error(err, ECHO_ERR_INVALID, "a feed needs a folder and keys");
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    if (echo_keypair_from_seed(&derived, keys->secret) != ECHO_OK)
        return echo__error(err, ECHO_ERR_INVALID, "the secret key is not one of Ed25519");
    if (!echo__key_equal(&derived.public_key, &keys->public_key) ||
        memcmp(derived.secret, keys->secret, sizeof derived.secret) != 0)
        return echo__error(err, ECHO_ERR_INVALID, "the secret key does not belong to the public key");
    char *copy = echo__strdup(path);
    echo_status status = copy != NULL ? create(copy, &keys->public_key, keys->secret, err) : echo__nomem(err);
    echo__free(copy);
    echo__error_feed(status == ECHO_OK ? NULL : err, &keys->public_key);
    return status;
}

echo_status echo__hypercore_make(const char *path, const echo_key *key, echo_error *err) {
    char *copy = echo__strdup(path);
    echo_status status = copy != NULL ? create(copy, key, NULL, err) : echo__nomem(err);
    echo__free(copy);
    echo__error_feed(status == ECHO_OK ? NULL : err, key);
    return status;
}
