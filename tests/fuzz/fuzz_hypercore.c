/*
 * Folders of hypercore feeds. By the first byte either all files are the input's, or the feed is one that the library
 * wrote, of blocks that the input tells the lengths of, whose files are then changed as the input says. Of such a feed,
 * whatever was done to it, no block is ever handed out that is not the block that was appended (P8).
 */
#include <echo/sys/feed.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "fuzz.h"

#define BLOCKS 40u
#define CHANGES 24u
#define APPENDED 3u

static const char *const files[] = {"tree", "signatures", "bitfield", "data", "key", "secret_key"};
#define FILES (sizeof files / sizeof files[0])

typedef struct feed {
    uint8_t blocks[BLOCKS + APPENDED][256];
    size_t len[BLOCKS + APPENDED];
    size_t count;
    uint64_t next; /* seq that read has to hand out */
    bool known;    /* the blocks are those above */
} feed;

static echo_keypair keys;
static char root[300], folder[400];

static void path_of(char out[512], unsigned file) { (void)snprintf(out, 512, "%s/%s", folder, files[file]); }

static void prepare(void) {
    const uint8_t seed[32] = {3};
    char hex[ECHO_HEX_CHARS];
    if (root[0] != '\0') return;
    FUZZ_CHECK(echo__crypto_init());
    FUZZ_OK(echo_keypair_from_seed(&keys, seed));
    echo_key_hex(hex, &keys.public_key);
    (void)snprintf(root, sizeof root, "%s/feeds", fuzz_folder());
    (void)snprintf(folder, sizeof folder, "%s/%s", root, hex);
    FUZZ_CHECK(mkdir(root, 0700) == 0);
}

static echo_feeds open_feeds(bool read_only) {
    const echo_feeds_dir_options options = {1u, read_only, true};
    echo_feeds feeds;
    FUZZ_OK(echo_feeds_open_dir(&feeds, root, &options, NULL));
    return feeds;
}

/* Writes the feed in some batches. */
static void write_feed(feed *f, fuzz_input *in) {
    echo_feeds feeds = open_feeds(false);
    void *handle;
    echo_bytes batch[BLOCKS];
    uint64_t first;
    size_t count = fuzz_u8(in) % (BLOCKS + 1), done = 0;
    FUZZ_OK(echo_feed_create(root, &keys, NULL));
    FUZZ_OK(feeds.ops->open(&handle, feeds.ctx, &keys.public_key, NULL));
    while (done < count) {
        uint8_t how = fuzz_u8(in);
        size_t n = how % 4u + 1;
        if (n > count - done) n = count - done;
        for (size_t i = 0; i < n; i++) {
            f->len[done + i] = (how >> 2) + i;
            memset(f->blocks[done + i], (int)(how + 7 * (done + i)), f->len[done + i]);
            batch[i] = echo__bytes(f->blocks[done + i], f->len[done + i]);
        }
        FUZZ_OK(feeds.ops->append(&first, feeds.ctx, handle, batch, n, NULL));
        FUZZ_CHECK(first == done);
        done += n;
    }
    f->count = count;
    f->known = true;
    feeds.ops->close(feeds.ctx, handle);
    echo_feeds_close(&feeds);
}

static void change_files(feed *f, fuzz_input *in) {
    for (unsigned i = 0; i < CHANGES && fuzz_left(in) > 0; i++) {
        char path[512];
        struct stat st;
        uint8_t how = fuzz_u8(in);
        size_t at = fuzz_u16(in), len;
        echo_bytes bytes;
        path_of(path, how % FILES);
        if (stat(path, &st) != 0) continue;
        int fd = open(path, O_RDWR);
        FUZZ_CHECK(fd >= 0);
        uint8_t copy[256];
        switch (how >> 5) {
        case 0: FUZZ_CHECK(unlink(path) == 0); break;
        case 1: FUZZ_CHECK(ftruncate(fd, (off_t)at) == 0); break;
        case 2: FUZZ_CHECK(ftruncate(fd, st.st_size > (off_t)at ? st.st_size - (off_t)at : 0) == 0); break;
        case 3: /* zeros */
            memset(copy, 0, sizeof copy);
            FUZZ_CHECK(pwrite(fd, copy, fuzz_u8(in), (off_t)at) >= 0);
            break;
        case 4: /* from somewhere else in the file */
            len = fuzz_u8(in);
            len = (size_t)pread(fd, copy, len, (off_t)fuzz_u16(in));
            FUZZ_CHECK(len <= sizeof copy && pwrite(fd, copy, len, (off_t)at) >= 0);
            break;
        case 5: /* a tree of nodes that hash and signatures that are ours are out of reach; single bits are not */
            if (pread(fd, copy, 1, (off_t)at) == 1) {
                copy[0] ^= (uint8_t)(1u << (how % 8u));
                FUZZ_CHECK(pwrite(fd, copy, 1, (off_t)at) == 1);
            }
            break;
        default:
            bytes = fuzz_take(in, fuzz_u8(in));
            if (bytes.len > 0) FUZZ_CHECK(pwrite(fd, bytes.data, bytes.len, (off_t)at) >= 0);
        }
        FUZZ_CHECK(close(fd) == 0);
    }
    (void)f;
}

static void write_raw(fuzz_input *in) {
    uint8_t which = fuzz_u8(in);
    FUZZ_CHECK(mkdir(folder, 0700) == 0);
    for (unsigned i = 0; i < FILES; i++) {
        char path[512];
        path_of(path, i);
        if (i == 4 && (which & 1) == 0)
            fuzz_file(path, keys.public_key.bytes, ECHO_KEY_BYTES);
        else if (i == 5 && (which & 2) == 0)
            fuzz_file(path, keys.secret, sizeof keys.secret);
        else {
            echo_bytes bytes = fuzz_part(in);
            if ((which & 4) == 0 || bytes.len > 0) fuzz_file(path, bytes.data, bytes.len);
        }
    }
}

static echo_status take_block(void *arg, uint64_t seq, echo_bytes block) {
    feed *f = arg;
    FUZZ_CHECK(seq == f->next);
    f->next++;
    FUZZ_CHECK(block.len == 0 || block.data != NULL);
    if (!f->known) return ECHO_OK;
    FUZZ_CHECK(seq < f->count);
    FUZZ_EQUAL(block, echo__bytes(f->blocks[seq], f->len[seq]));
    return ECHO_OK;
}

static echo_status take_key(void *arg, const echo_key *key) {
    FUZZ_CHECK(echo__key_equal(key, &keys.public_key));
    ++*(unsigned *)arg;
    return ECHO_OK;
}

static void read_feed(feed *f, const echo_feeds *feeds, void *handle) {
    echo_error err = ECHO_ERROR_INIT;
    echo_feed_info info;
    echo_status status = feeds->ops->info(&info, feeds->ctx, handle, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_LIMIT, ECHO_ERR_VERSION);
    if (status != ECHO_OK) return;
    FUZZ_CHECK(info.verified <= info.length);
    if (f->known) FUZZ_CHECK(info.verified <= f->count); /* the longest length that was ever signed */
    uint64_t upto = info.length < 200 ? info.length + 1 : 200;
    f->next = 0;
    status = feeds->ops->read(feeds->ctx, handle, 0, upto, take_block, f, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_GAP, ECHO_ERR_LIMIT);
    FUZZ_CHECK(f->next <= info.verified && status != ECHO_OK);
    uint64_t together = f->next;
    for (uint64_t seq = 0; seq < upto; seq++) { /* one by one, and from the end */
        uint64_t at = upto - 1 - seq;
        f->next = at;
        status = feeds->ops->read(feeds->ctx, handle, at, at + 1, take_block, f, &err);
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_GAP, ECHO_ERR_LIMIT);
        FUZZ_CHECK((status == ECHO_OK) == (f->next == at + 1));
        if (at < together) FUZZ_OK(status);
        if (status == ECHO_OK) FUZZ_CHECK(feeds->ops->has(feeds->ctx, handle, at));
        (void)feeds->ops->has(feeds->ctx, handle, at * 1000);
    }
}

static void append(feed *f, const echo_feeds *feeds, void *handle) {
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes batch[APPENDED];
    uint64_t first = 0;
    for (size_t i = 0; i < APPENDED; i++) {
        memset(f->blocks[BLOCKS + i], (int)(200 + i), 9 * i);
        batch[i] = echo__bytes(f->blocks[BLOCKS + i], 9 * i);
    }
    echo_status status = feeds->ops->append(&first, feeds->ctx, handle, batch, APPENDED, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_READONLY, ECHO_ERR_LIMIT, ECHO_ERR_VERSION,
                ECHO_ERR_GAP);
    if (status != ECHO_OK) return;
    if (f->known) {
        FUZZ_CHECK(first <= f->count);
        for (size_t i = 0; i < APPENDED; i++) {
            f->len[first + i] = 9 * i;
            memmove(f->blocks[first + i], f->blocks[BLOCKS + i], 9 * i);
        }
        f->count = first + APPENDED;
    }
    f->next = first;
    status = feeds->ops->read(feeds->ctx, handle, first, first + APPENDED, take_block, f, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT);
    FUZZ_OK(status);
    read_feed(f, feeds, handle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static feed f;
    fuzz_input in = fuzz_input_of(data, size);
    echo_error err = ECHO_ERROR_INIT;
    unsigned count = 0;
    prepare();
    memset(&f, 0, sizeof f);
    uint8_t how = fuzz_u8(&in);
    if (how & 1) {
        write_raw(&in);
    } else {
        write_feed(&f, &in);
        change_files(&f, &in);
    }
    echo_feeds feeds = open_feeds((how & 2) != 0);
    FUZZ_OK(feeds.ops->list(feeds.ctx, take_key, &count, &err));
    void *handle = NULL;
    echo_status status = feeds.ops->open(&handle, feeds.ctx, &keys.public_key, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_LIMIT, ECHO_ERR_VERSION,
                ECHO_ERR_NOT_FOUND);
    if (status == ECHO_OK) {
        read_feed(&f, &feeds, handle);
        if (how & 4) append(&f, &feeds, handle);
        feeds.ops->close(feeds.ctx, handle);
    }
    echo_feeds_close(&feeds);
    fuzz_folder_remove(folder);
    return 0;
}
