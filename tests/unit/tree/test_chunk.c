#include "unit/tree/tree_support.h"

static uint64_t reads(const echo__chunks *chunks) {
    echo__chunk_counts counts;
    echo__chunks_counts(chunks, &counts);
    return counts.read;
}

static void touch(echo__chunks *chunks, const echo_hash *name) {
    const echo__chunk *chunk;
    assert_ok(echo__chunks_get(&chunk, chunks, name, NULL));
    echo__chunks_release(chunks, chunk);
}

static void test_put_and_get(void **state) {
    (void)state;
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    echo_hash name, expected;
    assert_ok(echo__chunks_put(&name, chunks, text("hello\n"), NULL));
    assert_ok(echo__chunks_put(NULL, chunks, text("hello\n"), NULL)); /* there already */
    assert_ok(echo_hash_parse(&expected,
                              "93becc6e9882211c3ec3708c95bcd69baab7bb59c7f4bc84ce637b88a534b783")); /* b2sum -l 256 */
    assert_memory_equal(name.bytes, expected.bytes, sizeof name.bytes);
    const echo__chunk *a, *b;
    assert_ok(echo__chunks_get(&a, chunks, &name, NULL));
    assert_ok(echo__chunks_get(&b, chunks, &name, NULL));
    assert_ptr_equal(a, b);
    assert_bytes_text(a->bytes, "hello\n");
    assert_memory_equal(a->name.bytes, name.bytes, sizeof name.bytes);
    echo__chunks_release(chunks, a);
    echo__chunks_release(chunks, b);
    echo__chunks_release(chunks, NULL);
    echo__chunk_counts counts;
    echo__chunks_counts(chunks, &counts);
    assert_int_equal(counts.read, 1);
    assert_int_equal(counts.read_bytes, 6);
    assert_int_equal(counts.written, 1);
    assert_int_equal(counts.written_bytes, 6);
    echo__chunks_free(chunks);
    echo__chunks_free(NULL);
    test_store_free(store);
}

/* P8, P11: what the store gives is hashed, and each failure keeps its class and names the chunk. */
static void test_failures(void **state) {
    (void)state;
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    echo_hash name = {{0xab}};
    char hex[ECHO_HEX_CHARS];
    echo_hash_hex(hex, &name);
    const echo__chunk *chunk;
    echo_error err = ECHO_ERROR_INIT;
    assert_status(echo__chunks_get(&chunk, chunks, &name, &err), ECHO_ERR_NOT_FOUND);
    assert_null(chunk);
    assert_non_null(strstr(err.message, hex));
    test_store_set(store, &name, text("not what it says"));
    assert_status(echo__chunks_get(&chunk, chunks, &name, &err), ECHO_ERR_CORRUPT);
    assert_null(chunk);
    assert_non_null(strstr(err.message, hex));
    store->fail_in = 1;
    store->fail_with = ECHO_ERR_IO;
    assert_status(echo__chunks_get(&chunk, chunks, &name, &err), ECHO_ERR_IO);
    assert_string_equal(err.message, "the store was told to fail");
    store->fail_in = 1;
    store->fail_with = ECHO_ERR_READONLY;
    assert_status(echo__chunks_put(&name, chunks, text("x"), &err), ECHO_ERR_READONLY);
    assert_status(echo__chunks_get(&chunk, chunks, &name, NULL), ECHO_ERR_CORRUPT);
    assert_int_equal(reads(chunks), 0);
    echo__chunks_free(chunks);
    test_store_free(store);
}

typedef struct odd_store {
    int calls;
    echo_bytes bytes;
} odd_store;

static echo_status odd_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    const odd_store *odd = ctx;
    (void)name, (void)err;
    for (int i = 0; i < odd->calls; i++) {
        echo_status status = fn(arg, odd->bytes);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

/* Stores that do not keep their contract, and chunks that are too long. */
static void test_odd_stores(void **state) {
    (void)state;
    static const echo_store_ops ops = {.version = ECHO_STORE_OPS_VERSION, .get = odd_get};
    odd_store odd = {0, text("x")};
    echo_store store = {&ops, &odd};
    echo__chunks *chunks;
    assert_ok(echo__chunks_new(&chunks, &store));
    echo_hash name;
    echo__hash(&name, "x", 1);
    const echo__chunk *chunk;
    for (odd.calls = 0; odd.calls < 3; odd.calls += 2) {
        echo_error err = ECHO_ERROR_INIT;
        assert_status(echo__chunks_get(&chunk, chunks, &name, &err), ECHO_ERR_IO);
        assert_null(chunk);
        assert_int_equal(err.code, ECHO_ERR_IO);
    }
    odd.calls = 1;
    touch(chunks, &name);
    uint8_t *much = calloc(ECHO__CHUNK_MAX + 1, 1);
    assert_non_null(much);
    odd.bytes = echo__bytes(much, ECHO__CHUNK_MAX + 1);
    echo__hash(&name, much, ECHO__CHUNK_MAX + 1);
    assert_status(echo__chunks_get(&chunk, chunks, &name, NULL), ECHO_ERR_LIMIT);
    assert_status(echo__chunks_put(NULL, chunks, odd.bytes, NULL), ECHO_ERR_LIMIT);
    odd.bytes.len--;
    echo__hash(&name, much, ECHO__CHUNK_MAX);
    touch(chunks, &name);
    free(much);
    echo__chunks_free(chunks);
}

/* What was used last is kept, within the budget; what is in use stays whatever the budget. */
static void test_budget(void **state) {
    (void)state;
    enum { N = 100 };
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    echo_hash names[N];
    uint8_t bytes[1000] = {0};
    for (size_t i = 0; i < N; i++) {
        bytes[0] = (uint8_t)i;
        names[i] = test_store_add(store, echo__bytes(bytes, sizeof bytes));
    }
    echo__chunks_keep(chunks, 20000); /* fewer than 20 of them */
    for (size_t i = 0; i < N; i++) {
        touch(chunks, &names[i]);
        touch(chunks, &names[0]); /* never the oldest */
    }
    assert_int_equal(reads(chunks), N);
    for (size_t i = N - 10; i < N; i++) touch(chunks, &names[i]);
    touch(chunks, &names[0]);
    assert_int_equal(reads(chunks), N);
    touch(chunks, &names[50]);
    assert_int_equal(reads(chunks), N + 1);

    uint8_t large[6000] = {1};
    echo_hash big = test_store_add(store, echo__bytes(large, sizeof large));
    touch(chunks, &big); /* not worth all the others */
    touch(chunks, &names[50]);
    assert_int_equal(reads(chunks), N + 2);
    touch(chunks, &big);
    assert_int_equal(reads(chunks), N + 3);

    const echo__chunk *held, *again;
    assert_ok(echo__chunks_get(&held, chunks, &names[50], NULL));
    echo__chunks_remember(chunks, held, echo__malloc(100), 100);
    echo__chunks_keep(chunks, 0);
    assert_ok(echo__chunks_get(&again, chunks, &names[50], NULL));
    assert_ptr_equal(held, again);
    assert_int_equal(held->bytes.data[0], 50);
    assert_int_equal(reads(chunks), N + 3);
    echo__chunks_release(chunks, again);
    echo__chunks_release(chunks, held);
    touch(chunks, &names[50]);
    assert_int_equal(reads(chunks), N + 4);
    echo__chunks_free(chunks);
    test_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_get),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_odd_stores),
        cmocka_unit_test(test_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
