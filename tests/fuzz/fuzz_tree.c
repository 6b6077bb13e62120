/*
 * A whole tree over a store in memory, all of whose chunks a stranger made: the input is a byte for the height and the
 * chunks (chunks.h), the last of which is the root.
 *
 * Nothing that reads may crash or go astray, and what the verification passes is read by everybody in the same way.
 */
#include "chunks.h"
#include "fuzz.h"

/* Every line, with its id, in order. */
typedef struct seen {
    echo__chunks *chunks;
    const echo__root *root;
    uint64_t items, bytes;
    uint64_t chunks_seen;
} seen;

static echo_status same_line(void *arg, echo__line line) {
    FUZZ_EQUAL(*(echo_bytes *)arg, line.text);
    return ECHO_OK;
}

static echo_status note(void *arg, const echo_hash *name) {
    (void)name;
    ((seen *)arg)->chunks_seen++;
    return ECHO_OK;
}

static echo_status differs(void *arg, echo_bytes id, echo__line a, echo__line b) {
    (void)id;
    FUZZ_CHECK(a.text.data != NULL || b.text.data != NULL);
    ++*(uint64_t *)arg;
    return ECHO_OK;
}

/* The cursor; `sound`: the tree was verified. */
static echo_status walk(seen *s, bool sound) {
    echo__cursor *cursor;
    echo_error err = ECHO_ERROR_INIT;
    echo__line line;
    echo__buf scratch = ECHO__BUF_INIT, last = ECHO__BUF_INIT;
    bool any = false;
    echo_status status = echo__cursor_open(&cursor, s->chunks, s->root, echo__bytes(NULL, 0), &err);
    while (status == ECHO_OK && (status = echo__cursor_next(&line, cursor, &err)) == ECHO_OK) {
        echo_bytes id;
        s->items++;
        s->bytes += line.text.len + 1;
        FUZZ_OK(echo__record_read_id(&id, line.text, &scratch, &err)); /* a page has checked that much */
        if (any) FUZZ_CHECK(echo__bytes_compare(echo__buf_bytes(&last), id) < 0);
        any = true;
        echo__buf_clear(&last);
        echo__buf_append(&last, id.data, id.len);
        if (s->items > 64) continue;
        echo_bytes copy = {fuzz_copy(line.text, false), line.text.len};
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
        FUZZ_CHECK(s->items == s->root->items);
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
    fuzz_chunks made;
    echo__root root;
    echo_store store;
    echo__chunks *chunks;
    echo_error err = ECHO_ERROR_INIT;
    echo_hash bad;
    uint32_t height = fuzz_u8(&in);
    FUZZ_OK(echo_store_new_memory(&store));
    fuzz_chunks_make(&made, &store, &in);
    fuzz_chunks_root(&root, &made, made.count, height);
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
    echo__chunks_free(chunks);
    echo_store_close(&store);
    return 0;
}
