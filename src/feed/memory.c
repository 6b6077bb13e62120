#include "feed/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/map.h"
#include "echo/timeframe.h"
#include "feed/memory_exchange.h"

/* Larger ones could not be written to disk; see hypercore_merkle.h. */
#define BLOCK_MAX ((size_t)ECHO__HYPERCORE_BLOCK_MAX)
#define APPEND_MAX ((size_t)ECHO__HYPERCORE_APPEND_MAX)

static int compare_keys(const void *a, const void *b) { return echo__key_compare(a, b); }

static echo_status memory_list(void *ctx, echo_feed_list_fn fn, void *arg, echo_error *err) {
    const echo__map *feeds = ctx;
    if (feeds->count == 0) return ECHO_OK;
    echo_key *keys = echo__realloc_array(NULL, feeds->count, sizeof *keys);
    if (keys == NULL) return echo__nomem(err);
    const echo__memory_feed *feed;
    size_t count = 0;
    for (size_t at = 0; (feed = echo__map_next(feeds, &at)) != NULL;) keys[count++] = feed->keys.public_key;
    qsort(keys, count, sizeof *keys, compare_keys);
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < count; i++) status = fn(arg, &keys[i]);
    echo__free(keys);
    return status;
}

static echo_status memory_open(void **feed, void *ctx, const echo_key *key, echo_error *err) {
    *feed = echo__map_get(ctx, key->bytes, sizeof key->bytes);
    if (*feed != NULL) return ECHO_OK;
    echo__error(err, ECHO_ERR_NOT_FOUND, "no feed has this key");
    echo__error_feed(err, key);
    return ECHO_ERR_NOT_FOUND;
}

static void memory_close(void *ctx, void *feed) {
    (void)ctx;
    (void)feed;
}

static echo_status memory_info(echo_feed_info *info, void *ctx, void *feed, echo_error *err) {
    (void)ctx;
    (void)err;
    const echo__memory_feed *f = feed;
    info->length = info->verified = echo__memory_length(f);
    info->writable = f->writable;
    return ECHO_OK;
}

static echo_status refuse(const echo__memory_feed *feed, echo_error *err, echo_status code, const char *why) {
    echo__error(err, code, "%s", why);
    echo__error_feed(err, &feed->keys.public_key);
    return code;
}

static echo_status gap(const echo__memory_feed *feed, uint64_t seq, echo_error *err) {
    echo__error(err, ECHO_ERR_GAP, "the block is not present");
    echo__error_seq(err, &feed->keys.public_key, seq);
    return ECHO_ERR_GAP;
}

static echo_status memory_read(void *ctx, void *feed, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                               echo_error *err) {
    (void)ctx;
    echo__memory_feed *f = feed;
    if (from > to) return echo__error(err, ECHO_ERR_INVALID, "the range of blocks to read ends before it begins");
    size_t at = echo__memory_find(f, from);
    for (uint64_t seq = from; seq < to; seq++, at++) {
        /* The callback may have put a block in front. */
        if (at >= f->count || f->blocks[at].seq != seq) at = echo__memory_find(f, seq);
        if (at >= f->count || f->blocks[at].seq != seq) return gap(f, seq, err);
        echo_bytes bytes = {f->blocks[at].data, f->blocks[at].len};
        f->counts.blocks++;
        f->counts.bytes += bytes.len;
        if (seq < f->counts.lowest) f->counts.lowest = seq;
        echo_status status = fn(arg, seq, bytes);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

static bool memory_has(void *ctx, void *feed, uint64_t seq) {
    (void)ctx;
    const echo__memory_feed *f = feed;
    size_t at = echo__memory_find(f, seq);
    return at < f->count && f->blocks[at].seq == seq;
}

static echo_status memory_append(uint64_t *first, void *ctx, void *feed, const echo_bytes *blocks, size_t n,
                                 echo_error *err) {
    (void)ctx;
    echo__memory_feed *f = feed;
    uint64_t length = echo__memory_length(f);
    if (!f->writable) return refuse(f, err, ECHO_ERR_READONLY, "the feed's secret key is not present");
    if (length > ECHO_SEQ_MAX || n > ECHO_SEQ_MAX - length)
        return refuse(f, err, ECHO_ERR_LIMIT, "the feed would have too many blocks");
    for (size_t i = 0; i < n; i++)
        if (blocks[i].len > APPEND_MAX) return refuse(f, err, ECHO_ERR_LIMIT, "a block to append is larger than 8 MiB");
    if (n > SIZE_MAX - f->count || !echo__grow(&f->blocks, &f->cap, f->count + n, sizeof *f->blocks))
        return echo__nomem(err);
    for (size_t i = 0; i < n; i++) {
        echo__memory_block *b = &f->blocks[f->count + i];
        *b = (echo__memory_block){length + i, echo__memory_copy(blocks[i]), blocks[i].len};
        if (b->data != NULL) continue;
        while (i-- > 0) echo__free(f->blocks[f->count + i].data);
        return echo__nomem(err);
    }
    f->count += n;
    *first = length;
    return ECHO_OK;
}

static echo_status memory_sync(void *ctx, void *feed, echo_error *err) {
    (void)ctx;
    (void)feed;
    (void)err;
    return ECHO_OK;
}

static echo_status memory_keypair(echo_keypair *out, void *ctx, void *feed) {
    (void)ctx;
    const echo__memory_feed *f = feed;
    if (!f->writable) return ECHO_ERR_READONLY;
    *out = f->keys;
    return ECHO_OK;
}

static void memory_destroy(void *ctx) {
    echo__map *feeds = ctx;
    echo__memory_feed *feed;
    for (size_t at = 0; (feed = echo__map_next(feeds, &at)) != NULL;) echo__memory_free(feed);
    echo__map_free(feeds);
    echo__free(feeds);
}

static echo_status add(echo__map *feeds, const echo_keypair *keys) {
    static const uint8_t none[64];
    if (echo__map_get(feeds, keys->public_key.bytes, sizeof keys->public_key.bytes) != NULL) return ECHO_ERR_EXISTS;
    echo__memory_feed *feed = echo__calloc(1, sizeof *feed);
    if (feed == NULL) return ECHO_ERR_NOMEM;
    feed->keys = *keys;
    feed->writable = memcmp(keys->secret, none, sizeof none) != 0;
    feed->counts.lowest = UINT64_MAX;
    if (echo__map_put(feeds, feed->keys.public_key.bytes, sizeof feed->keys.public_key.bytes, feed)) return ECHO_OK;
    echo__memory_free(feed);
    return ECHO_ERR_NOMEM;
}

static echo_status memory_make(void *ctx, const echo_key *key, echo_error *err) {
    const echo_keypair keys = {.public_key = *key};
    echo_status status = add(ctx, &keys);
    if (status == ECHO_OK) return ECHO_OK;
    echo__error(err, status, "%s", status == ECHO_ERR_EXISTS ? "the feed exists already" : "out of memory");
    echo__error_feed(err, key);
    return status;
}

static const echo_feed_ops ops = {
    .version = ECHO_FEED_OPS_VERSION,
    .list = memory_list,
    .open = memory_open,
    .close = memory_close,
    .info = memory_info,
    .read = memory_read,
    .has = memory_has,
    .append = memory_append,
    .sync = memory_sync,
    .keypair = memory_keypair,
    .destroy = memory_destroy,
    .make = memory_make,
    .prove = echo__memory_prove,
    .put = echo__memory_put,
};

echo_status echo_feeds_new_memory(echo_feeds *out) {
    if (out == NULL) return ECHO_ERR_INVALID;
    *out = (echo_feeds){NULL, NULL};
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    echo__map *feeds = echo__malloc(sizeof *feeds);
    if (feeds == NULL) return ECHO_ERR_NOMEM;
    echo__map_init(feeds);
    *out = (echo_feeds){&ops, feeds};
    return ECHO_OK;
}

echo_status echo_feeds_memory_add(echo_feeds *feeds, const echo_keypair *keys) {
    if (feeds == NULL || feeds->ops != &ops || keys == NULL) return ECHO_ERR_INVALID;
    return add(feeds->ctx, keys);
}

echo_status echo_feeds_memory_put(echo_feeds *feeds, const echo_key *key, uint64_t seq, echo_bytes bytes) {
    if (feeds == NULL || feeds->ops != &ops || key == NULL) return ECHO_ERR_INVALID;
    echo__memory_feed *feed = echo__map_get(feeds->ctx, key->bytes, sizeof key->bytes);
    if (feed == NULL) return ECHO_ERR_NOT_FOUND;
    if (seq > ECHO_SEQ_MAX || bytes.len > BLOCK_MAX) return ECHO_ERR_LIMIT;
    size_t at = echo__memory_find(feed, seq);
    if (at < feed->count && feed->blocks[at].seq == seq) {
        bool same = feed->blocks[at].len == bytes.len &&
                    (bytes.len == 0 || memcmp(feed->blocks[at].data, bytes.data, bytes.len) == 0);
        return same ? ECHO_OK : ECHO_ERR_EXISTS;
    }
    if (!echo__grow(&feed->blocks, &feed->cap, feed->count + 1, sizeof *feed->blocks)) return ECHO_ERR_NOMEM;
    uint8_t *data = echo__memory_copy(bytes);
    if (data == NULL) return ECHO_ERR_NOMEM;
    memmove(feed->blocks + at + 1, feed->blocks + at, (feed->count - at) * sizeof *feed->blocks);
    feed->blocks[at] = (echo__memory_block){seq, data, bytes.len};
    feed->count++;
    return ECHO_OK;
}

const echo__memory_counts *echo__memory_count(const void *feed) { return &((const echo__memory_feed *)feed)->counts; }
