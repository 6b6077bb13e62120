/*
 * A new party: a folder, and in it an own feed whose first block is the party's genesis.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "echo/sys/feed.h"
#include "echo/party.h"
#include "feed/credentials.h"

static echo_status make_folder(const char *path, echo_error *err) {
    struct stat st;
    if (mkdir(path, 0777) == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) return ECHO_OK;
    return echo__error_errno(err, "%s cannot be created", path);
}

static echo_status write_genesis(const char *feeds_path, const echo_keypair *party, const echo_keypair *feed,
                                 int64_t now_ms, echo_error *err) {
    char created[ECHO__DATE_CHARS];
    echo__date(created, now_ms);
    echo__buf credential = ECHO__BUF_INIT;
    echo_codec codec = echo_codec_dxos();
    echo_message message = {.kind = ECHO_MESSAGE_CREDENTIAL, .generation = codec.ops->generation};
    echo_feeds feeds = {NULL, NULL};
    void *handle = NULL;
    uint8_t *block = NULL;
    size_t len = 0;
    echo_status status = echo__credential_make_genesis(&credential, party, &feed->public_key, created);
    if (status != ECHO_OK) echo__error(err, status, "credential cannot be created");
    message.credential = echo__buf_bytes(&credential);
    if (status == ECHO_OK) status = codec.ops->encode(&block, &len, codec.ctx, &message, err);
    if (status == ECHO_OK) status = echo_feeds_open_dir(&feeds, feeds_path, NULL, err);
    if (status == ECHO_OK) status = feeds.ops->open(&handle, feeds.ctx, &feed->public_key, err);
    if (status == ECHO_OK) {
        uint64_t first;
        echo_bytes blocks = echo__bytes(block, len);
        status = feeds.ops->append(&first, feeds.ctx, handle, &blocks, 1, err);
    }
    if (handle != NULL) feeds.ops->close(feeds.ctx, handle);
    echo_feeds_close(&feeds);
    if (block != NULL) codec.ops->release(codec.ctx, block);
    echo__buf_free(&credential);
    return status;
}

echo_status echo_party_create(const char *dir, const echo_keypair *party, const echo_keypair *feed, echo_now_fn now,
                              void *now_arg, echo_error *err) {
    if (dir == NULL || party == NULL || feed == NULL)
        return echo__error_null(err, dir == NULL ? "dir" : party == NULL ? "party" : "feed");
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    size_t size = strlen(dir) + sizeof "/feeds";
    char *path = echo__malloc(size);
    if (path == NULL) return echo__nomem(err);
    (void)snprintf(path, size, "%s/feeds", dir);
    echo_status status = make_folder(dir, err);
    if (status == ECHO_OK) status = make_folder(path, err);
    if (status == ECHO_OK) status = echo_feed_create(path, feed, err);
    int64_t now_ms = now != NULL ? now(now_arg) : echo__wall_ms();
    if (status == ECHO_OK) status = write_genesis(path, party, feed, now_ms, err);
    echo__free(path);
    return status;
}
