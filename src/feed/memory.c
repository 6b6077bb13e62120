#include "feed/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/map.h"
#include "echo/timeframe.h"

/* Larger ones could not be written to disk; see hypercore.h. */
#define BLOCK_MAX ((size_t)64 << 20)
#define APPEND_MAX ((size_t)8 << 20)

typedef struct block {
    uint64_t seq;
    uint8_t *data;
    size_t len;
} block;

typedef struct memory_feed {
    echo_keypair keys;
    bool writable;
    block *blocks; /* ascending */
    size_t count, cap;
    echo__memory_counts counts;
} memory_feed;

static uint64_t length_of(const memory_feed *feed) { return feed->count > 0 ? feed->blocks[feed->count - 1].seq + 1 : 0; }

/* The position of the first block at or above seq. */
static size_t find(const memory_feed *feed, uint64_t seq) {
    size_t low = 0, high = feed->count;
    if (high > 0 && feed->blocks[high - 1].seq < seq) return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (feed->blocks[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint8_t *copy_bytes(echo_bytes bytes) {
    uint8_t *copy = echo__malloc(bytes.len);
    if (copy != NULL && bytes.len > 0) memcpy(copy, bytes.data, bytes.len);
    return copy;
}

static void feed_free(memory_feed *feed) {
    for (size_t i = 0; i < feed->count; i++) echo__free(feed->blocks[i].data);
    echo__free(feed->blocks);
    echo__free(feed);
}

static int compare_keys(const void *a, const void *b) { return echo__key_compare(a, b); }

static echo_status memory_list(void *ctx, echo_feed_list_fn fn, void *arg, echo_error *err) {
    const echo__map *feeds = ctx;
    if (feeds->count == 0) return ECHO_OK;
    echo_key *keys = echo__realloc_array(NULL, feeds->count, sizeof *keys);
    if (keys == NULL) return echo__nomem(err);
    const memory_feed *feed;
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
    echo__error(err, ECHO_ERR_NOT_FOUND, "there is no such feed");
    echo__error_feed(err, key);
    return ECHO_ERR_NOT_FOUND;
}

static void memory_close(void *ctx, void *feed) {
    (void)ctx;
    (void)feed;
}

static echo_status memory_info(void *ctx, void *feed, echo_feed_info *info, echo_error *err) {
    (void)ctx;
    (void)err;
    const memory_feed *f = feed;
    info->length = info->verified = length_of(f);
    info->writable = f->writable;
    return ECHO_OK;
}

static echo_status refuse(const memory_feed *feed, echo_error *err, echo_status code, const char *why) {
    echo__error(err, code, "%s", why);
    echo__error_feed(err, &feed->keys.public_key);
    return code;
}

static echo_status gap(const memory_feed *feed, uint64_t seq, echo_error *err) {
    echo__error(err, ECHO_ERR_GAP, "the block is not present");
    echo__error_seq(err, &feed->keys.public_key, seq);
    return ECHO_ERR_GAP;
}

static echo_status memory_read(void *ctx, void *feed, uint64_t from, uint64_t to, echo_block_fn fn, void *arg, echo_error *err) {
    (void)ctx;
    memory_feed *f = feed;
    if (from > to) return echo__error(err, ECHO_ERR_INVALID, "the range of blocks to read ends before it begins");
    size_t at = find(f, from);
    for (uint64_t seq = from; seq < to; seq++, at++) {
        /* The callback may have put a block in front. */
        if (at >= f->count || f->blocks[at].seq != seq) at = find(f, seq);
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
    const memory_feed *f = feed;
    size_t at = find(f, seq);
    return at < f->count && f->blocks[at].seq == seq;
}

static echo_status memory_append(uint64_t *first, void *ctx, void *feed, const echo_bytes *blocks, size_t n, echo_error *err) {
    (void)ctx;
    memory_feed *f = feed;
    uint64_t length = length_of(f);
    if (!f->writable) return refuse(f, err, ECHO_ERR_READONLY, "the feed's secret key is not here");
    if (n > ECHO_SEQ_MAX - length) return refuse(f, err, ECHO_ERR_LIMIT, "the feed would have too many blocks");
    for (size_t i = 0; i < n; i++)
        if (blocks[i].len > APPEND_MAX) return refuse(f, err, ECHO_ERR_LIMIT, "a block to append is larger than 8 MiB");
    if (n > SIZE_MAX - f->count || !echo__grow(&f->blocks, &f->cap, f->count + n, sizeof *f->blocks)) return echo__nomem(err);
    for (size_t i = 0; i < n; i++) {
        block *b = &f->blocks[f->count + i];
        *b = (block){length + i, copy_bytes(blocks[i]), blocks[i].len};
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
    const memory_feed *f = feed;
    if (!f->writable) return ECHO_ERR_READONLY;
    *out = f->keys;
    return ECHO_OK;
}

static void memory_destroy(void *ctx) {
    echo__map *feeds = ctx;
    memory_feed *feed;
    for (size_t at = 0; (feed = echo__map_next(feeds, &at)) != NULL;) feed_free(feed);
    echo__map_free(feeds);
    echo__free(feeds);
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
};

echo_status echo_feeds_new_memory(echo_feeds *out) {
    *out = (echo_feeds){NULL, NULL};
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    echo__map *feeds = echo__malloc(sizeof *feeds);
    if (feeds == NULL) return ECHO_ERR_NOMEM;
    echo__map_init(feeds);
    *out = (echo_feeds){&ops, feeds};
    return ECHO_OK;
}

echo_status echo_feeds_memory_add(echo_feeds *feeds, const echo_keypair *keys) {
    static const uint8_t none[64];
    if (feeds == NULL || feeds->ops != &ops || keys == NULL) return ECHO_ERR_INVALID;
    if (echo__map_get(feeds->ctx, keys->public_key.bytes, sizeof keys->public_key.bytes) != NULL) return ECHO_ERR_EXISTS;
    memory_feed *feed = echo__calloc(1, sizeof *feed);
    if (feed == NULL) return ECHO_ERR_NOMEM;
    feed->keys = *keys;
    feed->writable = memcmp(keys->secret, none, sizeof none) != 0;
    feed->counts.lowest = UINT64_MAX;
    if (echo__map_put(feeds->ctx, feed->keys.public_key.bytes, sizeof feed->keys.public_key.bytes, feed)) return ECHO_OK;
    feed_free(feed);
    return ECHO_ERR_NOMEM;
}

echo_status echo_feeds_memory_put(echo_feeds *feeds, const echo_key *key, uint64_t seq, echo_bytes bytes) {
    if (feeds == NULL || feeds->ops != &ops || key == NULL) return ECHO_ERR_INVALID;
    memory_feed *feed = echo__map_get(feeds->ctx, key->bytes, sizeof key->bytes);
    if (feed == NULL) return ECHO_ERR_NOT_FOUND;
    if (seq > ECHO_SEQ_MAX || bytes.len > BLOCK_MAX) return ECHO_ERR_LIMIT;
    size_t at = find(feed, seq);
    if (at < feed->count && feed->blocks[at].seq == seq) {
        bool same =
            feed->blocks[at].len == bytes.len && (bytes.len == 0 || memcmp(feed->blocks[at].data, bytes.data, bytes.len) == 0);
        return same ? ECHO_OK : ECHO_ERR_EXISTS;
    }
    if (!echo__grow(&feed->blocks, &feed->cap, feed->count + 1, sizeof *feed->blocks)) return ECHO_ERR_NOMEM;
    uint8_t *data = copy_bytes(bytes);
    if (data == NULL) return ECHO_ERR_NOMEM;
    memmove(feed->blocks + at + 1, feed->blocks + at, (feed->count - at) * sizeof *feed->blocks);
    feed->blocks[at] = (block){seq, data, bytes.len};
    feed->count++;
    return ECHO_OK;
}

const echo__memory_counts *echo__memory_count(const void *feed) { return &((const memory_feed *)feed)->counts; }
