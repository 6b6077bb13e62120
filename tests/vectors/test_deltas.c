/* deltas.json: the prints of a base, and a delta to another chunk. */
#include "vectors.h"

#include "exchange/delta.h"
#include "tree/leaf.h"

/* What is compared of a chunk: the records of a leaf. */
static void lines_of(echo__buf *out, bool leaf, const char *chunk) {
    assert_true(echo__delta_is_leaf(echo__bytes_text(chunk)) == leaf);
    if (leaf)
        assert_int_equal(echo__delta_records(out, echo__bytes_text(chunk), NULL), ECHO_OK);
    else
        echo__buf_text(out, chunk);
}

static void expect_chunk(const cJSON *vector, bool leaf, const echo__buf *base, const echo__buf *delta) {
    echo_bytes chunk = echo__bytes_text(vector_text(vector, "chunk"));
    echo__buf lines = ECHO__BUF_INIT, made = ECHO__BUF_INIT;
    assert_int_equal(echo__delta_apply(&lines, echo__buf_bytes(base), echo__buf_bytes(delta), 100000), ECHO_OK);
    if (leaf) assert_int_equal(echo__leaf_pack(&made, echo__buf_bytes(&lines), chunk.len, NULL), ECHO_OK);
    if (!echo__bytes_equal(chunk, echo__buf_bytes(leaf ? &made : &lines)))
        fail_msg("%s: another chunk", vector_name(vector));
    echo__buf_free(&lines);
    echo__buf_free(&made);
}

static void expect_delta(const cJSON *vector) {
    bool leaf = cJSON_IsTrue(vector_member(vector, "leaf"));
    echo__buf base = ECHO__BUF_INIT, wanted = ECHO__BUF_INIT, prints = ECHO__BUF_INIT, made = ECHO__BUF_INIT,
              expected = vector_unhex(vector_text(vector, "prints")),
              delta = vector_unhex(vector_text(vector, "delta"));
    lines_of(&base, leaf, vector_text(vector, "base"));
    lines_of(&wanted, leaf, vector_text(vector, "chunk"));
    assert_true(echo__delta_prints(&prints, echo__buf_bytes(&base)) > 0);
    if (!echo__bytes_equal(echo__buf_bytes(&prints), echo__buf_bytes(&expected)))
        fail_msg("%s: other prints", vector_name(vector));
    expect_chunk(vector, leaf, &base, &delta);
    echo__delta_make(&made, echo__buf_bytes(&wanted), echo__buf_bytes(&expected));
    assert_in_range(made.len, 1, delta.len);
    expect_chunk(vector, leaf, &base, &made);
    echo__buf_free(&base);
    echo__buf_free(&wanted);
    echo__buf_free(&prints);
    echo__buf_free(&made);
    echo__buf_free(&expected);
    echo__buf_free(&delta);
}

static void test_deltas(void **state) {
    (void)state;
    cJSON *file = vectors_read("deltas");
    const cJSON *vector;
    int count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        expect_delta(vector);
        count++;
    }
    assert_true(count >= 7);
    cJSON_Delete(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_deltas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
