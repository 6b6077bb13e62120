/*
 * Chunks that name each other by hash, which no fuzzer can guess. They stand one after the other, each but the last
 * ended by a byte 0xff; in them a byte 0xfe and the number of an earlier chunk stand for its hash, and 0xfd and such a
 * number for `"items":n,"bytes":n` as they should be.
 */
#ifndef TESTS_FUZZ_CHUNKS_H
#define TESTS_FUZZ_CHUNKS_H

#include <echo/sys/store.h>

#include "base/crypto.h"
#include "fuzz.h"
#include "tree/cursor.h"
#include "tree/diff.h"
#include "tree/page.h"
#include "tree/reach.h"
#include "tree/update.h"
#include "tree/verify.h"

#define FUZZ_CHUNKS 32u

typedef struct fuzz_chunks {
    echo_hash hash[FUZZ_CHUNKS];
    uint64_t items[FUZZ_CHUNKS], bytes[FUZZ_CHUNKS];
    size_t count;
} fuzz_chunks;

/* What a chunk holds, read as the format says, but without checks. */
static inline void fuzz_chunks_sums(uint64_t *items, uint64_t *bytes, echo_bytes chunk) {
    fuzz_input in = fuzz_input_of(chunk.data, chunk.len);
    *items = *bytes = 0;
    while (fuzz_left(&in) > 0) {
        echo_bytes line = fuzz_until(&in, '\n');
        echo__entry entry;
        bool node = echo__entry_read(&entry, line), header = line.len > 8 && memcmp(line.data, "{\"feeds\"", 8) == 0;
        *items += node ? entry.items : header ? 0 : 1;
        *bytes += node ? entry.bytes : line.len + 1;
    }
}

static inline void fuzz_chunks_make(fuzz_chunks *m, const echo_store *store, fuzz_input *in) {
    echo__buf chunk = ECHO__BUF_INIT;
    memset(m, 0, sizeof *m);
    while (m->count < FUZZ_CHUNKS && fuzz_left(in) > 0) {
        echo_bytes part = fuzz_until(in, 0xff);
        echo__buf_clear(&chunk);
        for (size_t i = 0; i < part.len; i++) {
            uint8_t c = part.data[i];
            if (c < 0xfd || i + 1 == part.len || m->count == 0) {
                echo__buf_byte(&chunk, c);
                continue;
            }
            size_t which = part.data[++i] % m->count;
            if (c == 0xfe) {
                echo__buf_hex(&chunk, m->hash[which].bytes, ECHO_HASH_BYTES);
            } else {
                echo__buf_text(&chunk, "\"items\":");
                echo__buf_u64(&chunk, m->items[which]);
                echo__buf_text(&chunk, ",\"bytes\":");
                echo__buf_u64(&chunk, m->bytes[which]);
            }
        }
        FUZZ_OK(chunk.status);
        echo_bytes bytes = echo__buf_bytes(&chunk);
        if (bytes.data == NULL) bytes = echo__bytes("", 0);
        echo__hash(&m->hash[m->count], bytes.data, bytes.len);
        fuzz_chunks_sums(&m->items[m->count], &m->bytes[m->count], bytes);
        FUZZ_OK(store->ops->put(NULL, store->ctx, &m->hash[m->count], &bytes, 1, NULL));
        m->count++;
    }
    echo__buf_free(&chunk);
}

/* The root that chunk number `count` - 1 would be; 0: the empty tree. */
static inline void fuzz_chunks_root(echo__root *out, const fuzz_chunks *m, size_t count, uint32_t height) {
    memset(out, 0, sizeof *out);
    if (count == 0 || count > m->count) return;
    out->height = height;
    out->hash = m->hash[count - 1];
    out->items = m->items[count - 1];
    out->bytes = m->bytes[count - 1];
}

#endif
