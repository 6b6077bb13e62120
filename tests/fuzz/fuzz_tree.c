/*
 * A whole tree over a store in memory, all of whose chunks a stranger made. Chunks name each other by hash, which no fuzzer can guess: the
 * input is chunks, each ended by a byte 0xff, the last one the root; in them a byte 0xfe and the number of an earlier chunk stand for its
 * hash, and 0xfd and such a number for `"items":n,"bytes":n` as they should be. The first byte is the height.
 *
 * Nothing that reads may crash or go astray, and what the verification passes is read by everybody in the same way.
 */
#include <echo/sys/store.h>

#include "base/crypto.h"
#include "fuzz.h"
#include "tree/page.h"
#include "tree/tree.h"

#define CHUNKS 32u

typedef struct made {
    echo_hash hash[CHUNKS];
    uint64_t items[CHUNKS], bytes[CHUNKS];
    size_t count;
} made;

/* What a chunk holds, read as the format says, but without checks. */
static void sums(uint64_t *items, uint64_t *bytes, echo_bytes chunk) {
    fuzz_input in = fuzz_input_of(chunk.data, chunk.len);
    *items = *bytes = 0;
    while (fuzz_left(&in) > 0) {
        echo_bytes line = fuzz_until(&in, '\n');
        echo__entry entry;
        bool node = echo__entry_read(&entry, line);
        *items += node ? entry.items : 1;
        *bytes += node ? entry.bytes : line.len + 1;
    }
}

static void make(made *m, const echo_store *store, fuzz_input *in) {
    echo__buf chunk = ECHO__BUF_INIT;
    while (m->count < CHUNKS && fuzz_left(in) > 0) {
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
        sums(&m->items[m->count], &m->bytes[m->count], bytes);
        FUZZ_OK(store->ops->put(store->ctx, &m->hash[m->count], &bytes, 1, NULL, NULL));
        m->count++;
    }
    echo__buf_free(&chunk);
}

/* Every line, with its id, in order. */
typedef struct seen {
    echo__chunks *chunks;
    const echo__root *root;
    echo__buf ids; /* each with its length before it */
    uint64_t items, bytes;
    uint64_t chunks_seen;
} seen;

static echo_status same_line(void *arg, echo_bytes line) {
    FUZZ_EQUAL(*(echo_bytes *)arg, line);
    return ECHO_OK;
}

static echo_status note(void *arg, const echo_hash *name) {
    (void)name;
    ((seen *)arg)->chunks_seen++;
    return ECHO_OK;
}

static echo_status differs(void *arg, echo_bytes id, echo_bytes a, echo_bytes b) {
    (void)id;
    FUZZ_CHECK(a.data != NULL || b.data != NULL);
    ++*(uint64_t *)arg;
    return ECHO_OK;
}

/* The cursor; `sound`: the tree was verified. */
static echo_status walk(seen *s, bool sound) {
    echo__cursor *cursor;
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes line;
    echo__buf scratch = ECHO__BUF_INIT, last = ECHO__BUF_INIT;
    bool any = false;
    echo_status status = echo__cursor_open(&cursor, s->chunks, s->root, echo__bytes(NULL, 0), &err);
    while (status == ECHO_OK && (status = echo__cursor_next(&line, cursor, &err)) == ECHO_OK) {
        echo_bytes id;
        s->items++;
        s->bytes += line.len + 1;
        FUZZ_OK(echo__record_read_id(&id, line, &scratch, &err)); /* a page has checked that much */
        if (any) FUZZ_CHECK(echo__bytes_compare(echo__buf_bytes(&last), id) < 0);
        any = true;
        echo__buf_clear(&last);
        echo__buf_append(&last, id.data, id.len);
        if (s->items > 64) continue;
        echo_bytes copy = {fuzz_copy(line, false), line.len};
        echo_status found = echo__tree_get(s->chunks, s->root, echo__buf_bytes(&last), same_line, &copy, &err);
        FUZZ_STATUS(found, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_NOT_FOUND);
        if (sound) FUZZ_OK(found);
        free((void *)(uintptr_t)copy.data);
    }
    echo__cursor_close(cursor);
    echo__buf_free(&scratch);
    echo__buf_free(&last);
    FUZZ_CHECK(s->items <= s->root->items && s->bytes <= s->root->bytes);
    if (status == ECHO_ERR_NOT_FOUND) {
        FUZZ_CHECK(s->items == s->root->items && s->bytes == s->root->bytes);
        return ECHO_OK;
    }
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    FUZZ_CHECK(!sound);
    return status;
}

static void change(echo__chunks *chunks, const echo__root *root, bool sound) {
    const echo__change changes[] = {{echo__bytes_text("b"), echo__bytes_text("{\"id\":\"b\",\"deleted\":true}")},
                                    {echo__bytes_text("k"), echo__bytes(NULL, 0)}};
    echo__root after;
    echo_error err = ECHO_ERROR_INIT;
    uint64_t count = 0;
    echo_status status = echo__tree_update(&after, chunks, root, changes, 2, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (!sound) return;
    FUZZ_OK(status);
    FUZZ_OK(echo__tree_verify(chunks, &after, NULL, &err));
    FUZZ_OK(echo__tree_diff(chunks, root, chunks, &after, differs, &count, &err));
    FUZZ_CHECK(count <= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    made m;
    memset(&m, 0, sizeof m);
    echo__root root;
    memset(&root, 0, sizeof root);
    echo_store store;
    echo__chunks *chunks;
    echo_error err = ECHO_ERROR_INIT;
    echo_hash bad;
    root.height = fuzz_u8(&in);
    FUZZ_OK(echo_store_new_memory(&store));
    make(&m, &store, &in);
    if (m.count > 0) {
        root.hash = m.hash[m.count - 1];
        root.items = m.items[m.count - 1];
        root.bytes = m.bytes[m.count - 1];
    }
    FUZZ_OK(echo__chunks_new(&chunks, &store));
    echo_status status = echo__tree_verify(chunks, &root, &bad, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    bool sound = status == ECHO_OK;
    seen s = {.chunks = chunks, .root = &root};
    (void)walk(&s, sound);
    status = echo__tree_reach(chunks, &root, note, &s, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (sound) FUZZ_OK(status);
    uint64_t count = 0;
    status = echo__tree_diff(chunks, &root, chunks, &root, differs, &count, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    FUZZ_CHECK(count == 0);
    change(chunks, &root, sound);
    echo__buf_free(&s.ids);
    echo__chunks_free(chunks);
    echo_store_close(&store);
    return 0;
}
