/*
 * One end of the interop test; hypercore.js is the other and runs this. Both know the block of any seq, so that no
 * blocks travel between them.
 *
 *   create <folder> <seed byte>                 makes a feed and prints its key
 *   append <folder> <key> <batch size>...       appends batches; exit code 3 when the feed is busy
 *   verify <folder> <key> <length> <from>       reads all blocks, compares those from `from` on
 *   verify-sparse <folder> <key> <length> <seq>...   the same for those alone; all others must be missing
 *   pass <folder> <key> <to folder> <from> <to>...
 *       proves ranges of blocks and puts them in another folder, making the feed
 */
#include <echo/sys/feed.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 400u

static size_t make_block(uint8_t *out, uint64_t seq) {
    size_t len = (size_t)(seq * 37 % 211);
    if (seq % 50 == 49) len += 180;
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)(seq * 7 + i * 13);
    return len;
}

static int failed(const char *what, echo_status status, const echo_error *err) {
    fprintf(stderr, "%s: %s: %s\n", what, echo_status_name(status), err->message);
    return status == ECHO_ERR_BUSY ? 3 : 1;
}

typedef struct open_feed {
    echo_feeds feeds;
    void *feed;
    echo_feed_info info;
} open_feed;

static int open_it(open_feed *o, const char *folder, const char *hex) {
    echo_error err = ECHO_ERROR_INIT;
    echo_key key;
    echo_status status = echo_key_parse(&key, hex);
    if (status == ECHO_OK) status = echo_feeds_open_dir(&o->feeds, folder, NULL, &err);
    if (status == ECHO_OK) status = o->feeds.ops->open(&o->feed, o->feeds.ctx, &key, &err);
    if (status == ECHO_OK) status = o->feeds.ops->info(&o->info, o->feeds.ctx, o->feed, &err);
    return status == ECHO_OK ? 0 : failed("open", status, &err);
}

static int create(const char *folder, const char *seed) {
    echo_error err = ECHO_ERROR_INIT;
    echo_keypair keys;
    char hex[ECHO_HEX_CHARS];
    uint8_t bytes[32] = {(uint8_t)atoi(seed), 0x1e};
    echo_status status = echo_keypair_from_seed(&keys, bytes);
    if (status == ECHO_OK) status = echo_feed_create(folder, &keys, &err);
    if (status != ECHO_OK) return failed("create", status, &err);
    echo_key_hex(hex, &keys.public_key);
    puts(hex);
    return 0;
}

static int append(open_feed *o, int count, char **sizes) {
    for (int i = 0; i < count; i++) {
        echo_error err = ECHO_ERROR_INIT;
        uint64_t first, start = o->info.length;
        size_t n = (size_t)atol(sizes[i]);
        uint8_t *bytes = malloc(n * BLOCK_BYTES + 1);
        echo_bytes *blocks = malloc((n + 1) * sizeof *blocks);
        if (bytes == NULL || blocks == NULL) return 1;
        for (size_t k = 0; k < n; k++)
            blocks[k] = (echo_bytes){bytes + k * BLOCK_BYTES, make_block(bytes + k * BLOCK_BYTES, start + k)};
        echo_status status = o->feeds.ops->append(&first, o->feeds.ctx, o->feed, blocks, n, &err);
        free(bytes);
        free(blocks);
        if (status != ECHO_OK) return failed("append", status, &err);
        if (first != start) return fprintf(stderr, "append: at %llu\n", (unsigned long long)first), 1;
        o->info.length += n;
    }
    return 0;
}

static echo_status compare(void *arg, uint64_t seq, echo_bytes block) {
    uint8_t expected[BLOCK_BYTES];
    const uint64_t *from = arg;
    if (seq < *from) return ECHO_OK;
    size_t len = make_block(expected, seq);
    return len == block.len && memcmp(expected, block.data, len) == 0 ? ECHO_OK : ECHO_ERR_REFUSED;
}

static int verify(open_feed *o, const char *length, const char *from) {
    echo_error err = ECHO_ERROR_INIT;
    uint64_t expected = strtoull(length, NULL, 10), start = strtoull(from, NULL, 10);
    if (o->info.length != expected || o->info.verified != expected)
        return fprintf(stderr, "verify: length %llu, verified %llu\n", (unsigned long long)o->info.length,
                       (unsigned long long)o->info.verified),
               1;
    echo_status status = o->feeds.ops->read(o->feeds.ctx, o->feed, 0, expected, compare, &start, &err);
    return status == ECHO_OK ? 0 : failed("verify", status, &err);
}

static int verify_sparse(open_feed *o, const char *length, int count, char **seqs) {
    uint64_t expected = strtoull(length, NULL, 10), none = 0;
    if (o->info.length != expected || o->info.verified != expected)
        return fprintf(stderr, "verify-sparse: length\n"), 1;
    for (uint64_t seq = 0; seq < expected; seq++) {
        echo_error err = ECHO_ERROR_INIT;
        bool wanted = false;
        for (int i = 0; i < count; i++) wanted |= strtoull(seqs[i], NULL, 10) == seq;
        echo_status status = o->feeds.ops->read(o->feeds.ctx, o->feed, seq, seq + 1, compare, &none, &err);
        if (status != (wanted ? ECHO_OK : ECHO_ERR_GAP)) return failed("verify-sparse", status, &err);
        if (o->feeds.ops->has(o->feeds.ctx, o->feed, seq) != wanted) return fprintf(stderr, "verify-sparse: has\n"), 1;
    }
    return 0;
}

/* The blocks of a range, as `read` hands them out. */
typedef struct batch {
    echo_bytes *blocks;
    size_t count;
} batch;

static echo_status collect(void *arg, uint64_t seq, echo_bytes block) {
    (void)seq;
    batch *b = arg;
    uint8_t *copy = malloc(block.len + 1);
    if (copy == NULL) return ECHO_ERR_NOMEM;
    if (block.len > 0) memcpy(copy, block.data, block.len);
    b->blocks[b->count++] = (echo_bytes){copy, block.len};
    return ECHO_OK;
}

static int pass_range(open_feed *o, const echo_feeds *target, void *feed, uint64_t from, uint64_t to) {
    echo_error err = ECHO_ERROR_INIT;
    echo_feed_proof proof;
    batch b = {calloc((size_t)(to - from) + 1, sizeof *b.blocks), 0};
    if (b.blocks == NULL) return 1;
    echo_status status = o->feeds.ops->prove(&proof, o->feeds.ctx, o->feed, from, to, &err);
    if (status == ECHO_OK) status = o->feeds.ops->read(o->feeds.ctx, o->feed, from, to, collect, &b, &err);
    if (status == ECHO_OK) status = target->ops->put(target->ctx, feed, b.blocks, &proof, &err);
    for (size_t i = 0; i < b.count; i++) free((void *)(uintptr_t)b.blocks[i].data);
    free(b.blocks);
    return status == ECHO_OK ? 0 : failed("pass", status, &err);
}

static int pass(open_feed *o, const char *hex, const char *folder, int count, char **ranges) {
    echo_error err = ECHO_ERROR_INIT;
    echo_feeds target = {NULL, NULL};
    void *feed = NULL;
    echo_key key;
    echo_status status = echo_key_parse(&key, hex);
    if (status == ECHO_OK) status = echo_feeds_open_dir(&target, folder, NULL, &err);
    if (status == ECHO_OK) status = target.ops->make(target.ctx, &key, &err);
    if (status == ECHO_ERR_EXISTS) status = ECHO_OK;
    if (status == ECHO_OK) status = target.ops->open(&feed, target.ctx, &key, &err);
    int result = status == ECHO_OK ? 0 : failed("pass", status, &err);
    for (int i = 0; result == 0 && i + 1 < count; i += 2)
        result = pass_range(o, &target, feed, strtoull(ranges[i], NULL, 10), strtoull(ranges[i + 1], NULL, 10));
    if (feed != NULL) status = target.ops->sync(target.ctx, feed, &err);
    if (result == 0 && status != ECHO_OK) result = failed("pass", status, &err);
    if (feed != NULL) target.ops->close(target.ctx, feed);
    echo_feeds_close(&target);
    return result;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "create") == 0) return create(argv[2], argv[3]);
    if (argc < 5) return fprintf(stderr, "see the head of feed_tool.c\n"), 2;
    open_feed o = {{NULL, NULL}, NULL, {0, 0, false}};
    int result = open_it(&o, argv[2], argv[3]);
    if (result == 0) {
        if (strcmp(argv[1], "append") == 0)
            result = append(&o, argc - 4, argv + 4);
        else if (strcmp(argv[1], "verify") == 0 && argc == 6)
            result = verify(&o, argv[4], argv[5]);
        else if (strcmp(argv[1], "pass") == 0 && argc % 2 == 1)
            result = pass(&o, argv[3], argv[4], argc - 5, argv + 5);
        else if (strcmp(argv[1], "verify-sparse") == 0)
            result = verify_sparse(&o, argv[4], argc - 5, argv + 5);
        else
            result = 2;
    }
    if (o.feed != NULL) o.feeds.ops->close(o.feeds.ctx, o.feed);
    echo_feeds_close(&o.feeds);
    return result;
}
