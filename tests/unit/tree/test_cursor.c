#include "unit/tree/tree_support.h"

typedef struct seen {
    int calls;
    size_t len;
    char line[256];
    echo_status answer;
} seen;

static echo_status see(void *arg, echo__line within) {
    seen *s = arg;
    echo__buf line = ECHO__BUF_INIT;
    assert_ok(echo__line_expand(&line, within, NULL));
    s->calls++;
    s->len = line.len;
    assert_true(line.len < sizeof s->line);
    memcpy(s->line, line.data, line.len);
    echo__buf_free(&line);
    return s->answer;
}

static echo_status get(echo__chunks *chunks, const echo__root *root, echo_bytes id, seen *s) {
    memset(s, 0, offsetof(seen, answer));
    return echo__tree_get(chunks, root, id, see, s, NULL);
}

static void test_get(void **state) {
    (void)state;
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    test_model model = {NULL, 0, 0};
    model_fill(&model, 4000);
    echo__root root = build(chunks, &model);
    seen s = {0, 0, {0}, ECHO_OK};
    echo__chunk_counts before, after;
    for (size_t i = 0; i < model.count; i += 7) {
        echo__chunks_keep(chunks, 0);
        echo__chunks_counts(chunks, &before);
        assert_ok(get(chunks, &root, id_of(&model.records[i]), &s));
        echo__chunks_counts(chunks, &after);
        assert_int_equal(after.read - before.read, root.height + 1);
        assert_int_equal(s.calls, 1);
        assert_true(echo__bytes_equal(echo__bytes(s.line, s.len), line_of(&model.records[i])));
    }
    static const char *const absent[] = {
        "", " ", "item", "item/000000 ", "item/000010\"", "item/0020", "item/003999~", "item/004000", "z", "\xff"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        assert_status(get(chunks, &root, text(absent[i]), &s), ECHO_ERR_NOT_FOUND);
        assert_int_equal(s.calls, 0);
    }
    assert_status(get(chunks, &root, echo__bytes(NULL, 0), &s), ECHO_ERR_NOT_FOUND);
    char long_id[ECHO__ID_MAX + 1];
    memset(long_id, 'i', sizeof long_id);
    assert_status(get(chunks, &root, echo__bytes(long_id, sizeof long_id), &s), ECHO_ERR_NOT_FOUND);
    s.answer = ECHO_ERR_REFUSED; /* the caller's own codes come back */
    assert_status(get(chunks, &root, text("item/000123"), &s), ECHO_ERR_REFUSED);
    echo_error err = ECHO_ERROR_INIT;
    assert_status(echo__tree_get(chunks, &root, text("nobody"), see, &s, &err), ECHO_ERR_NOT_FOUND);
    assert_string_equal(err.item, "nobody");
    static const echo__root empty;
    assert_status(get(chunks, &empty, text("item/000123"), &s), ECHO_ERR_NOT_FOUND);
    model_free(&model);
    echo__chunks_free(chunks);
    test_store_free(store);
}

/* Never "not found" for a hole, and never an answer from a node that does not say what is below it. */
static void test_damage(void **state) {
    (void)state;
    test_model model = {NULL, 0, 0};
    model_fill(&model, 300);
    for (int kind = 0; kind < 4; kind++) {
        test_store *store = test_store_new();
        echo__chunks *chunks = test_chunks(store);
        echo__root root = build(chunks, &model);
        echo__path path;
        assert_ok(echo__path_init(&path, chunks, &root, NULL));
        assert_ok(echo__path_seek(&path, 0, text("item/000150"), NULL));
        echo_hash name = echo__path_page(&path)->chunk->name;
        echo_bytes leaf = echo__path_page(&path)->chunk->bytes;
        size_t first = leaf_start(leaf);
        char *bytes = copy_bytes(leaf);
        if (kind == 0) test_store_remove(store, &name);
        if (kind == 1) test_store_set(store, &name, echo__bytes(leaf.data + first, leaf.len - first));
        if (kind == 2) forge(store, &root, &name, echo__bytes(bytes + first, leaf.len - first)); /* a record left out */
        if (kind == 3) { /* the last record gets a higher id */
            size_t last = leaf.len - 1;
            while (leaf.data[last - 1] != '\n') last--;
            bytes[last + sizeof "{\"id\":\"" - 1] = 'j';
            forge(store, &root, &name, echo__bytes(bytes, leaf.len));
        }
        echo__path_free(&path);
        echo__chunks_keep(chunks, 0);
        seen s = {0, 0, {0}, ECHO_OK};
        assert_status(get(chunks, &root, text("item/000150"), &s), ECHO_ERR_CORRUPT);
        echo__cursor *cursor;
        assert_ok(echo__cursor_open(&cursor, chunks, &root, echo__bytes(NULL, 0), NULL));
        echo_status status;
        echo__line line;
        size_t n = 0;
        echo_error err = ECHO_ERROR_INIT;
        while ((status = echo__cursor_next(&line, cursor, &err)) == ECHO_OK) n++;
        assert_status(status, ECHO_ERR_CORRUPT);
        assert_non_null(strstr(err.message, "chunk "));
        assert_in_range(n, 1, 299);
        assert_status(echo__cursor_next(&line, cursor, &err), ECHO_ERR_CORRUPT); /* and again, not the end */
        echo__cursor_close(cursor);
        free(bytes);
        echo__chunks_free(chunks);
        test_store_free(store);
    }
    model_free(&model);
}

static size_t count_from(echo__chunks *chunks, const echo__root *root, const char *from) {
    echo__cursor *cursor;
    assert_ok(echo__cursor_open(&cursor, chunks, root, echo__bytes_text(from), NULL));
    echo__line line;
    size_t n = 0;
    while (echo__cursor_next(&line, cursor, NULL) == ECHO_OK) n++;
    assert_null(line.text.data);
    echo__cursor_close(cursor);
    return n;
}

static void test_cursor(void **state) {
    (void)state;
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    test_model model = {NULL, 0, 0};
    model_fill(&model, 4000);
    echo__root root = build(chunks, &model);
    assert_int_equal(count_from(chunks, &root, NULL), 4000);
    assert_int_equal(count_from(chunks, &root, ""), 4000);
    assert_int_equal(count_from(chunks, &root, "item/000000"), 4000);
    assert_int_equal(count_from(chunks, &root, "item/000000a"), 3999);
    assert_int_equal(count_from(chunks, &root, "item/003999"), 1);
    assert_int_equal(count_from(chunks, &root, "item/003999a"), 0);
    for (size_t i = 0; i < 4000; i += 11) { /* between all neighbours, those of different leaves too */
        char id[32];
        (void)snprintf(id, sizeof id, "item/%06zu!", i);
        assert_int_equal(count_from(chunks, &root, id), 3999 - i);
    }
    static const echo__root empty;
    assert_int_equal(count_from(chunks, &empty, NULL), 0);
    assert_int_equal(count_from(chunks, &empty, "a"), 0);
    echo__cursor_close(NULL);

    /* Each chunk once, whatever is kept. */
    echo__chunks_keep(chunks, 0);
    echo__chunk_counts before, after;
    echo__chunks_counts(chunks, &before);
    assert_int_equal(count_from(chunks, &root, NULL), 4000);
    echo__chunks_counts(chunks, &after);
    assert_int_equal(after.read - before.read, store->chunks.count);
    model_free(&model);
    echo__chunks_free(chunks);
    test_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_get), cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_cursor)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
