#include "feed/hypercore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "feed/hypercore_append.h"
#include "feed/hypercore_bitfield.h"
#include "feed/hypercore_create.h"
#include "feed/hypercore_file.h"
#include "feed/hypercore_prove.h"
#include "feed/hypercore_put.h"
#include "feed/hypercore_read.h"
#include "feed/hypercore_tree.h"

/* A folder of feeds. */
typedef struct source {
    char *path;
    echo_feeds_dir_options options;
    echo__hypercore_proved proved;
} source;

/* ---- one feed */

static echo_status corrupt(const echo_key *key, echo_error *err, const char *what) {
    echo__error(err, ECHO_ERR_CORRUPT, "%s", what);
    echo__error_feed(err, key);
    return ECHO_ERR_CORRUPT;
}

static bool exists_in(const char *path, const char *name) {
    char *file = echo__hypercore_join_path(path, name);
    bool found = file != NULL && access(file, F_OK) == 0;
    echo__free(file);
    return found;
}

/* Why a folder has no `key`: it is no feed, it is one of a later hypercore, or it has lost it. */
static echo_status no_key(const echo__hypercore *hc, echo_error *err) {
    if (exists_in(hc->path, "oplog")) {
        echo__error(err, ECHO_ERR_VERSION, "the feed was written by hypercore 10 or later");
    } else if (exists_in(hc->path, "bitfield") || exists_in(hc->path, "tree") || exists_in(hc->path, "signatures")) {
        return corrupt(&hc->key, err, "file 'key' is missing");
    } else {
        echo__error(err, ECHO_ERR_NOT_FOUND, "no feed has this key");
        echo__error_feed(err, &hc->key);
        return ECHO_ERR_NOT_FOUND;
    }
    echo__error_feed(err, &hc->key);
    return ECHO_ERR_VERSION;
}

static echo_status load_keys(echo__hypercore *hc, echo_error *err) {
    echo_key found;
    echo_keypair derived;
    size_t size;
    bool exists;
    echo_status status = echo__hypercore_slurp(hc->path, "key", found.bytes, sizeof found.bytes, &size, &exists, err);
    if (status != ECHO_OK)
        return status == ECHO_ERR_READONLY ? echo__error(err, ECHO_ERR_IO, "file 'key' may not be read") : status;
    if (!exists) return no_key(hc, err);
    if (size != sizeof found.bytes) return corrupt(&hc->key, err, "file 'key' does not have 32 bytes");
    if (!echo__key_equal(&found, &hc->key)) return corrupt(&hc->key, err, "file 'key' holds the key of another feed");

    hc->keys.public_key = hc->key;
    status =
        echo__hypercore_slurp(hc->path, "secret_key", hc->keys.secret, sizeof hc->keys.secret, &size, &exists, err);
    /* Somebody else's feed, which we may look at but not write. */
    if (status == ECHO_ERR_READONLY) return ECHO_OK;
    if (status != ECHO_OK || !exists) return status;
    if (size != sizeof hc->keys.secret) return corrupt(&hc->key, err, "file 'secret_key' does not have 64 bytes");
    hc->has_secret = echo__hypercore_proved_is_own(hc->proved, &hc->keys);
    if (hc->has_secret) return ECHO_OK;
    status = echo_keypair_from_seed(&derived, hc->keys.secret);
    if (status != ECHO_OK)
        return echo__error(err, status, "file 'secret_key' cannot be used: %s", echo_status_name(status));
    if (!echo__key_equal(&derived.public_key, &hc->key) ||
        memcmp(derived.secret, hc->keys.secret, sizeof derived.secret) != 0)
        return corrupt(&hc->key, err, "file 'secret_key' does not belong to file 'key'");
    hc->has_secret = true;
    return ECHO_OK;
}

static echo_status load(echo__hypercore *hc, echo_error *err) {
    echo_status status = load_keys(hc, err);
    if (status == ECHO_OK) status = echo__hypercore_check_headers(hc, err);
    if (status == ECHO_OK) status = echo__hypercore_refresh(hc, err);
    if (status != ECHO_OK || hc->length == 0 || hc->roots.length > 0) return status;
    if (hc->disputed)
        return echo__hypercore_error(hc, err, ECHO_ERR_SIGNATURE, ECHO__HYPERCORE_SIGNATURES,
                                     "vouches for no block of the feed");
    return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_TREE, "lacks the roots that were signed");
}

static echo__hypercore *make_closed(const echo_key *key, const echo_feeds_dir_options *options,
                                    echo__hypercore_proved *proved) {
    echo__hypercore *hc = echo__calloc(1, sizeof *hc);
    if (hc == NULL) return NULL;
    for (int file = 0; file < ECHO__HYPERCORE_FILES; file++) hc->fd[file] = -1;
    hc->key = *key;
    hc->read_only = options->read_only;
    hc->relaxed = options->relaxed;
    hc->proved = proved;
    hc->page_size = ECHO__HYPERCORE_PAGE;
    hc->counts.lowest = UINT64_MAX;
    return hc;
}

echo_status echo__hypercore_open(echo__hypercore **out, const char *path, const echo_key *key,
                                 const echo_feeds_dir_options *options, echo__hypercore_proved *proved,
                                 echo_error *err) {
    *out = NULL;
    echo__hypercore *hc = make_closed(key, options, proved);
    if (hc == NULL) return echo__nomem(err);
    hc->path = echo__strdup(path);
    echo_status status = hc->path != NULL ? load(hc, err) : echo__nomem(err);
    if (status == ECHO_OK)
        *out = hc;
    else
        echo__hypercore_close(hc);
    echo__error_feed(status == ECHO_OK ? NULL : err, key);
    return status;
}

void echo__hypercore_close(echo__hypercore *hc) {
    if (hc == NULL) return;
    for (int file = 0; file < ECHO__HYPERCORE_FILES; file++) echo__hypercore_close_file(hc, (echo__hypercore_file)file);
    echo__free(hc->families);
    echo__free(hc->path);
    volatile uint8_t *secret = hc->keys.secret;
    for (size_t i = 0; i < sizeof hc->keys.secret; i++) secret[i] = 0;
    echo__free(hc);
}

const echo__hypercore_counts *echo__hypercore_count(const void *feed) {
    return &((const echo__hypercore *)feed)->counts;
}

static echo_status sync_feed(echo__hypercore *hc, echo_error *err) {
    echo_status status = ECHO_OK;
    if (hc->synced) return ECHO_OK;
    for (int file = 0; status == ECHO_OK && file < ECHO__HYPERCORE_FILES; file++)
        status = echo__hypercore_sync_file(hc, (echo__hypercore_file)file, err);
    if (status == ECHO_OK && !hc->folder_synced) {
        status = echo__hypercore_sync_folder(hc, err);
        hc->folder_synced = status == ECHO_OK;
    }
    if (status == ECHO_OK) hc->synced = true;
    return status;
}

/* ---- the folder */

static bool is_feed_name(const char *name) {
    return strlen(name) == ECHO_HEX_CHARS - 1 && strspn(name, "0123456789abcdef") == ECHO_HEX_CHARS - 1;
}

static int compare_keys(const void *a, const void *b) { return echo__key_compare(a, b); }

static echo_status collect(const source *src, DIR *dir, echo_key **keys, size_t *count, echo_error *err) {
    size_t cap = 0;
    for (;;) {
        char file[ECHO_HEX_CHARS + 4];
        struct stat st;
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) return errno == 0 ? ECHO_OK : echo__error_errno(err, "%s: list", src->path);
        if (!is_feed_name(entry->d_name)) continue;
        memcpy(file, entry->d_name, ECHO_HEX_CHARS - 1);
        memcpy(file + ECHO_HEX_CHARS - 1, "/key", 5);
        if (fstatat(dirfd(dir), file, &st, 0) != 0 || !S_ISREG(st.st_mode)) continue;
        if (!echo__grow(keys, &cap, *count + 1, sizeof **keys)) return echo__nomem(err);
        if (echo_key_parse(&(*keys)[*count], entry->d_name) == ECHO_OK) ++*count;
    }
}

static echo_status source_list(void *ctx, echo_feed_list_fn fn, void *arg, echo_error *err) {
    const source *src = ctx;
    echo_key *keys = NULL;
    size_t count = 0;
    DIR *dir = opendir(src->path);
    if (dir == NULL) return echo__error_errno(err, "%s: open", src->path);
    echo_status status = collect(src, dir, &keys, &count, err);
    (void)closedir(dir);
    if (status == ECHO_OK && count > 0) qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; status == ECHO_OK && i < count; i++) status = fn(arg, &keys[i]);
    echo__free(keys);
    return status;
}

static echo_status source_open(void **feed, void *ctx, const echo_key *key, echo_error *err) {
    source *src = ctx;
    char hex[ECHO_HEX_CHARS];
    *feed = NULL;
    echo_key_hex(hex, key);
    char *path = echo__hypercore_join_path(src->path, hex);
    if (path == NULL) return echo__nomem(err);
    echo__hypercore *hc;
    echo_status status = echo__hypercore_open(&hc, path, key, &src->options, &src->proved, err);
    echo__free(path);
    *feed = hc;
    return status;
}

static void source_close(void *ctx, void *feed) {
    (void)ctx;
    echo__hypercore_close(feed);
}

static echo_status source_info(echo_feed_info *info, void *ctx, void *feed, echo_error *err) {
    (void)ctx;
    echo__hypercore *hc = feed;
    echo_status status = echo__hypercore_refresh(hc, err);
    if (status != ECHO_OK) return status;
    info->length = hc->length;
    info->verified = hc->roots.length;
    info->writable = hc->has_secret && !hc->read_only;
    return ECHO_OK;
}

static echo_status source_read(void *ctx, void *feed, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                               echo_error *err) {
    (void)ctx;
    return echo__hypercore_read(feed, from, to, fn, arg, err);
}

static bool source_has(void *ctx, void *feed, uint64_t seq) {
    (void)ctx;
    bool present;
    return echo__hypercore_present(feed, &present, seq, NULL) == ECHO_OK && present;
}

static echo_status source_append(uint64_t *first, void *ctx, void *feed, const echo_bytes *blocks, size_t n,
                                 echo_error *err) {
    (void)ctx;
    return echo__hypercore_append(first, feed, blocks, n, err);
}

static echo_status source_sync(void *ctx, void *feed, echo_error *err) {
    (void)ctx;
    return sync_feed(feed, err);
}

static echo_status source_keypair(echo_keypair *out, void *ctx, void *feed) {
    (void)ctx;
    const echo__hypercore *hc = feed;
    if (!hc->has_secret) return ECHO_ERR_READONLY;
    *out = hc->keys;
    return ECHO_OK;
}

static echo_status source_make(void *ctx, const echo_key *key, echo_error *err) {
    const source *src = ctx;
    if (!src->options.read_only) return echo__hypercore_make(src->path, key, err);
    echo__error(err, ECHO_ERR_READONLY, "the feeds were opened read-only");
    echo__error_feed(err, key);
    return ECHO_ERR_READONLY;
}

static echo_status source_prove(echo_feed_proof *out, void *ctx, void *feed, uint64_t from, uint64_t to,
                                echo_error *err) {
    (void)ctx;
    return echo__hypercore_prove(out, feed, from, to, err);
}

static echo_status source_put(void *ctx, void *feed, const echo_bytes *blocks, const echo_feed_proof *proof,
                              echo_error *err) {
    (void)ctx;
    return echo__hypercore_put(feed, blocks, proof, err);
}

static echo_status source_root(echo_hash *out, void *ctx, void *feed, uint64_t length, echo_error *err) {
    (void)ctx;
    return echo__hypercore_root(out, feed, length, err);
}

/* Reads the keys of the author's feed, and remembers them if the secret one is here. */
static bool load_own(source *src, const echo_key *author) {
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, author);
    echo__hypercore *hc = make_closed(author, &src->options, &src->proved);
    if (hc == NULL) return false;
    hc->path = echo__hypercore_join_path(src->path, hex);
    if (hc->path != NULL && load_keys(hc, NULL) == ECHO_OK && hc->has_secret)
        echo__hypercore_proved_own(&src->proved, &hc->keys);
    echo__hypercore_close(hc);
    return src->proved.has_own && echo__key_equal(&src->proved.own.public_key, author);
}

static bool source_vouch(void *ctx, const echo_key *author, const echo_key *feed, uint64_t length,
                         const echo_hash *root) {
    source *src = ctx;
    bool known = src->proved.has_own && echo__key_equal(&src->proved.own.public_key, author);
    if (!known && !load_own(src, author)) return false;
    echo__hypercore_proved_vouch(&src->proved, feed, length, root);
    return true;
}

static void source_destroy(void *ctx) {
    source *src = ctx;
    echo__hypercore_proved_free(&src->proved);
    echo__free(src->path);
    echo__free(src);
}

static const echo_feed_ops ops = {
    .version = ECHO_FEED_OPS_VERSION,
    .list = source_list,
    .open = source_open,
    .close = source_close,
    .info = source_info,
    .read = source_read,
    .has = source_has,
    .append = source_append,
    .sync = source_sync,
    .keypair = source_keypair,
    .destroy = source_destroy,
    .make = source_make,
    .prove = source_prove,
    .put = source_put,
    .root = source_root,
    .vouch = source_vouch,
};

echo_status echo_feeds_open_dir(echo_feeds *out, const char *path, const echo_feeds_dir_options *options,
                                echo_error *err) {
    static const echo_feeds_dir_options defaults = ECHO_FEEDS_DIR_OPTIONS_INIT;
    struct stat st;
    if (out == NULL || path == NULL || path[0] == '\0')
        return echo__error(err, ECHO_ERR_INVALID, "no folder of feeds was named");
    *out = (echo_feeds){NULL, NULL};
    if (options == NULL) options = &defaults;
    if (options->version != defaults.version)
        return echo__error(err, ECHO_ERR_VERSION, "the options have a version other than 1");
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    if (stat(path, &st) != 0) {
        if (errno == ENOENT) return echo__error(err, ECHO_ERR_NOT_FOUND, "%s: the folder does not exist", path);
        return echo__error_errno(err, "%s: stat", path);
    }
    if (!S_ISDIR(st.st_mode)) return echo__error(err, ECHO_ERR_INVALID, "%s: not a folder", path);
    source *src = echo__calloc(1, sizeof *src);
    if (src != NULL) src->path = echo__strdup(path);
    if (src == NULL || src->path == NULL) {
        echo__free(src);
        return echo__nomem(err);
    }
    src->options = *options;
    echo__hypercore_proved_init(&src->proved);
    *out = (echo_feeds){&ops, src};
    return ECHO_OK;
}
