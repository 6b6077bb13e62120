/* trees.json: records alone, and the chunks and the root of their tree. */
#include "vectors.h"

#include <echo/store.h>

#include "tree/cursor.h"
#include "tree/leaf.h"
#include "tree/record.h"
#include "tree/update.h"
#include "tree/verify.h"

static int by_id(const void *a, const void *b) {
    const echo__change *x = a, *y = b;
    return echo__bytes_compare(x->id, y->id);
}

static void *own_copy(echo_bytes bytes) {
    void *copy = malloc(bytes.len + 1);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.len);
    return copy;
}

/* The records as changes, by id. Their ids are copies. */
static echo__change *changes_of(const cJSON *records, size_t *count) {
    const cJSON *record;
    echo__buf scratch = ECHO__BUF_INIT;
    *count = (size_t)cJSON_GetArraySize(records);
    echo__change *changes = calloc(*count + 1, sizeof *changes), *next = changes;
    assert_non_null(changes);
    cJSON_ArrayForEach(record, records) {
        echo_bytes id;
        next->line = echo__bytes_text(cJSON_GetStringValue(record));
        assert_int_equal(echo__record_read_id(&id, next->line, &scratch, NULL), ECHO_OK);
        next->id = echo__bytes(own_copy(id), id.len);
        next++;
    }
    qsort(changes, *count, sizeof *changes, by_id);
    echo__buf_free(&scratch);
    return changes;
}

static void expect_root(const cJSON *vector, const echo__root *root) {
    const cJSON *expected = vector_member(vector, "root");
    char hex[ECHO_HEX_CHARS];
    echo_hash_hex(hex, &root->hash);
    assert_int_equal(root->items, vector_member(expected, "items")->valueint);
    assert_int_equal(root->bytes, vector_member(expected, "bytes")->valueint);
    assert_int_equal(root->height, vector_member(expected, "height")->valueint);
    if (root->items > 0) assert_string_equal(hex, vector_text(expected, "hash"));
}

static echo_status expect_chunk(void *arg, echo_bytes bytes) {
    const char *expected = cJSON_GetStringValue(arg);
    if (!echo__bytes_equal(bytes, echo__bytes_text(expected)))
        fail_msg("%.*s, not\n%s", (int)bytes.len, (const char *)bytes.data, expected);
    return ECHO_OK;
}

static echo_status count_chunk(void *arg, const echo_hash *name, uint64_t size) {
    (void)name, (void)size;
    ++*(int *)arg;
    return ECHO_OK;
}

static void expect_chunks(cJSON *chunks, const echo_store *store) {
    cJSON *chunk;
    int count = 0;
    cJSON_ArrayForEach(chunk, chunks) {
        echo_hash name;
        assert_int_equal(echo_hash_parse(&name, chunk->string), ECHO_OK);
        assert_int_equal(store->ops->get(store->ctx, &name, expect_chunk, chunk, NULL), ECHO_OK);
    }
    assert_int_equal(store->ops->walk(store->ctx, count_chunk, &count, NULL), ECHO_OK);
    assert_int_equal(count, cJSON_GetArraySize(chunks));
}

/* What is read are the records as they were, in order. */
static void expect_records(echo__chunks *chunks, const echo__root *root, const echo__change *changes, size_t count) {
    echo__cursor *cursor;
    echo__line line;
    echo__buf alone = ECHO__BUF_INIT;
    assert_int_equal(echo__cursor_open(&cursor, chunks, root, echo__bytes(NULL, 0), NULL), ECHO_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(echo__cursor_next(&line, cursor, NULL), ECHO_OK);
        echo__buf_clear(&alone);
        assert_int_equal(echo__line_expand(&alone, line, NULL), ECHO_OK);
        assert_true(echo__bytes_equal(echo__buf_bytes(&alone), changes[i].line));
    }
    assert_int_equal(echo__cursor_next(&line, cursor, NULL), ECHO_ERR_NOT_FOUND);
    echo__cursor_close(cursor);
    echo__buf_free(&alone);
}

static void expect_tree(const cJSON *vector) {
    static const echo__root empty;
    echo_error err = ECHO_ERROR_INIT;
    echo_store store;
    echo__chunks *chunks;
    echo__root root;
    size_t count;
    echo__change *changes = changes_of(vector_member(vector, "records"), &count);
    assert_int_equal(echo_store_new_memory(&store), ECHO_OK);
    assert_int_equal(echo__chunks_new(&chunks, &store), ECHO_OK);
    if (echo__tree_update(&root, chunks, &empty, changes, count, &err) != ECHO_OK)
        fail_msg("%s: %s", vector_name(vector), err.message);
    echo_key party = {{1}};
    assert_int_equal(store.ops->publish(store.ctx, &party, 0, echo__bytes_text("{}"), NULL), ECHO_OK);
    expect_root(vector, &root);
    expect_records(chunks, &root, changes, count);
    if (echo__tree_verify(chunks, &root, NULL, &err) != ECHO_OK) fail_msg("%s: %s", vector_name(vector), err.message);
    cJSON *named = cJSON_GetObjectItemCaseSensitive(vector, "chunks");
    if (named != NULL) expect_chunks(named, &store);
    for (size_t i = 0; i < count; i++) free((void *)(uintptr_t)changes[i].id.data);
    free(changes);
    echo__chunks_free(chunks);
    echo_store_close(&store);
}

static void test_trees(void **state) {
    (void)state;
    cJSON *file = vectors_read("trees");
    const cJSON *vector;
    int count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        expect_tree(vector);
        count++;
    }
    assert_true(count >= 9);
    cJSON_Delete(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
