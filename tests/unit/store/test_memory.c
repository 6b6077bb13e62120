/*
 * The store in memory: the contract, several handles, threads, and out of memory at every allocation.
 */
#include "support/test.h"

#include <pthread.h>
#include <string.h>

#include "support/fault.h"
#include "support/store_contract.h"

#define OK(call) assert_int_equal((call), ECHO_OK)

static echo_store kept; /* keeps the store while handles come and go */

static echo_status again(void *arg, echo_store *out) {
    (void)arg;
    return kept.ops->reopen(out, kept.ctx, NULL);
}

static echo_status fresh(void *arg, echo_store *out) {
    echo_store_close(&kept);
    echo_status status = echo_store_new_memory(&kept);
    return status == ECHO_OK ? again(arg, out) : status;
}

static echo_status nothing(void *arg, uint64_t number, echo_bytes manifest) {
    (void)arg;
    (void)number;
    (void)manifest;
    return ECHO_OK;
}

static echo_status no_chunk(void *arg, const echo_hash *name, uint64_t size) {
    (void)arg;
    (void)name;
    (void)size;
    return ECHO_OK;
}

#define CHUNKS 30

/* Chunks, made before memory runs short. */
typedef struct stock {
    store_chunk chunks[CHUNKS];
    echo_hash names[CHUNKS];
    echo_bytes bytes[CHUNKS];
} stock;

static void stock_up(stock *s) {
    for (unsigned i = 0; i < CHUNKS; i++) {
        s->chunks[i] = store_chunk_make(i, 50 + i);
        s->names[i] = s->chunks[i].name;
        s->bytes[i] = s->chunks[i].bytes;
    }
}

static void unstock(stock *s) {
    for (unsigned i = 0; i < CHUNKS; i++) store_chunk_free(&s->chunks[i]);
}

/* ---- several handles ---- */

static void two_handles(echo_store *one, echo_store *two) {
    OK(echo_store_new_memory(one));
    OK(one->ops->reopen(two, one->ctx, NULL));
}

static void close_both(echo_store *one, echo_store *two) {
    echo_store_close(one);
    echo_store_close(two);
}

static echo_status publish(const echo_store *store, uint64_t expected) {
    echo_key party = store_party(1);
    return store->ops->publish(store->ctx, &party, expected, (echo_bytes){(const uint8_t *)"m", 1}, NULL);
}

static void list_all(const echo_store *store) {
    echo_key party = store_party(1);
    OK(store->ops->list(store->ctx, &party, nothing, NULL, NULL));
}

static uint64_t usage(const echo_store *store) {
    uint64_t bytes = 0;
    OK(store->ops->usage(&bytes, store->ctx, NULL));
    return bytes;
}

static void assert_busy(const echo_store *store, uint64_t newest) {
    echo_key party = store_party(1);
    echo_hash name = {{0}};
    assert_int_equal(store_put_made(store, 9, 10, NULL, NULL), ECHO_ERR_BUSY);
    assert_int_equal(publish(store, newest), ECHO_ERR_BUSY);
    assert_int_equal(store->ops->remove(store->ctx, &party, newest, NULL), ECHO_ERR_BUSY);
    assert_int_equal(store->ops->remove_chunks(store->ctx, &name, 1, NULL), ECHO_ERR_BUSY);
    assert_int_equal(store->ops->pin(store->ctx, &party, newest, true, NULL), ECHO_ERR_BUSY);
    OK(store->ops->put(NULL, store->ctx, NULL, NULL, 0, NULL));
}

/* While one has pending puts the other cannot write, and takes nothing from it. */
static void test_two_writers(void **state) {
    (void)state;
    echo_store one, two, three;
    two_handles(&one, &two);
    OK(publish(&one, 0));
    list_all(&one);
    list_all(&two);
    OK(store_put_made(&one, 1, 40, NULL, NULL));
    assert_busy(&two, 1);
    OK(two.ops->rollback(two.ctx, NULL));
    OK(two.ops->reopen(&three, two.ctx, NULL));
    assert_busy(&three, 1);
    echo_store_close(&three);
    store_assert_made(&one, 1, 40);
    OK(publish(&one, 1));
    OK(store_put_made(&two, 2, 40, NULL, NULL)); /* published: free again */
    assert_busy(&one, 2);
    store_assert_absent(&one, 2, 40);
    OK(two.ops->rollback(two.ctx, NULL));
    OK(store_put_made(&one, 1, 40, NULL,
                      NULL)); /* rolled back: free again; adds nothing, and is writing all the same */
    assert_busy(&two, 2);
    OK(one.ops->rollback(one.ctx, NULL));

    /* One that lost its puts is not writing any more; its rollback is not the other's. */
    echo_hash name = {{7}};
    echo_bytes huge = {(const uint8_t *)"x", ECHO_STORE_BYTES_MAX + 1};
    OK(store_put_made(&one, 3, 40, NULL, NULL));
    assert_int_equal(one.ops->put(NULL, one.ctx, &name, &huge, 1, NULL), ECHO_ERR_LIMIT);
    OK(store_put_made(&two, 4, 40, NULL, NULL));
    assert_int_equal(store_put_made(&one, 3, 40, NULL, NULL), ECHO_ERR_LIMIT);
    OK(one.ops->rollback(one.ctx, NULL));
    assert_busy(&one, 2);
    echo_store_close(&one);
    OK(publish(&two, 2));
    store_assert_made(&two, 4, 40);
    store_assert_absent(&two, 3, 40);
    OK(two.ops->reopen(&one, two.ctx, NULL));
    OK(store_put_made(&two, 5, 40, NULL, NULL));
    echo_store_close(&two); /* undone: free again */
    store_assert_absent(&one, 5, 40);
    OK(store_put_made(&one, 5, 40, NULL, NULL));
    OK(publish(&one, 3));
    echo_store_close(&one);
}

static echo_status same(void *arg, echo_bytes bytes) {
    const echo_bytes *expected = arg;
    assert_int_equal(bytes.len, expected->len);
    return ECHO_OK;
}

static echo_status add_size(void *arg, const echo_hash *name, uint64_t size) {
    (void)name;
    *(uint64_t *)arg += size;
    return ECHO_OK;
}

static uint64_t walked(const echo_store *store) {
    uint64_t bytes = 0;
    OK(store->ops->walk(store->ctx, add_size, &bytes, NULL));
    return bytes;
}

/* A pending put that mends a chunk: the others see what was there before. */
static void test_mending_apart(void **state) {
    (void)state;
    echo_store one, two;
    store_chunk chunk = store_chunk_make(0, 100), other = store_chunk_make(1, 60);
    two_handles(&one, &two);
    OK(one.ops->put(NULL, one.ctx, &chunk.name, &other.bytes, 1, NULL));
    OK(publish(&one, 0));
    for (unsigned round = 0; round < 2; round++) {
        OK(store_put_made(&one, 0, 100, NULL, NULL));
        OK(store_put_made(&one, 2, 7, NULL, NULL));
        OK(two.ops->get(two.ctx, &chunk.name, same, &other.bytes, NULL));
        store_assert_absent(&two, 2, 7);
        assert_int_equal(usage(&one), 107);
        assert_int_equal(walked(&one), 107);
        assert_int_equal(usage(&two), 60);
        assert_int_equal(walked(&two), 60);
        if (round == 0) OK(one.ops->rollback(one.ctx, NULL));
    }
    OK(publish(&one, 1));
    store_assert_made(&two, 0, 100);
    assert_int_equal(usage(&two), 107);
    store_chunk_free(&chunk);
    store_chunk_free(&other);
    close_both(&one, &two);
}

/* Whichever is closed last. */
static void test_all_is_freed(void **state) {
    (void)state;
    stock s;
    stock_up(&s);
    for (unsigned i = 0; i < 4; i++) {
        echo_store one, two;
        long before = fault_blocks();
        two_handles(&one, &two);
        echo_store *writer = i & 1 ? &one : &two, *first = i & 2 ? &one : &two;
        OK(writer->ops->put(NULL, writer->ctx, s.names, s.bytes, 5, NULL));
        OK(publish(writer, 0));
        list_all(writer);
        OK(writer->ops->put(NULL, writer->ctx, s.names, s.bytes, CHUNKS, NULL));
        echo_store_close(first);
        close_both(&one, &two);
        assert_int_equal(fault_blocks(), before);
    }
    unstock(&s);
}

/* ---- at once ---- */

typedef struct remover {
    echo_store store;
    store_chunk chunk;
    echo_status status;
} remover;

static void *remove_chunk(void *arg) {
    remover *r = arg;
    r->status = r->store.ops->remove_chunks(r->store.ctx, &r->chunk.name, 1, NULL);
    return NULL;
}

static echo_status remove_meanwhile(void *arg, echo_bytes bytes) {
    remover *r = arg;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, remove_chunk, r), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(bytes.len, r->chunk.bytes.len);
    assert_true(memcmp(bytes.data, r->chunk.bytes.data, bytes.len) == 0); /* a sanitizer sees memcmp, not cmocka */
    return ECHO_OK;
}

/* A chunk that is removed while it is read; whoever reads holds up nobody. */
static void test_removed_while_read(void **state) {
    (void)state;
    echo_store store;
    remover r = {.chunk = store_chunk_make(1, 5000)};
    two_handles(&store, &r.store);
    OK(store_put_made(&store, 1, 5000, NULL, NULL));
    OK(publish(&store, 0));
    list_all(&r.store);
    OK(store.ops->get(store.ctx, &r.chunk.name, remove_meanwhile, &r, NULL));
    OK(r.status);
    store_assert_absent(&store, 1, 5000);
    store_chunk_free(&r.chunk);
    close_both(&store, &r.store);
}

static echo_status use_other(void *arg, uint64_t number, echo_bytes manifest) {
    const echo_store *other = arg;
    echo_key party = store_party(1);
    (void)manifest;
    list_all(other);
    if (number == 2) OK(publish(other, 2));
    if (number == 2) OK(other->ops->remove(other->ctx, &party, 2, NULL));
    return ECHO_OK;
}

static void test_list_may_call_others(void **state) {
    (void)state;
    echo_store one, two;
    echo_key party = store_party(1);
    two_handles(&one, &two);
    OK(publish(&one, 0));
    OK(publish(&one, 1));
    OK(one.ops->list(one.ctx, &party, use_other, &two, NULL));
    assert_int_equal(publish(&one, 2), ECHO_ERR_CONFLICT);
    OK(publish(&one, 3));
    close_both(&one, &two);
}

#define ROUNDS 200u
#define SIZE 40u
#define SIZE_UNDONE 77u

typedef struct writer {
    echo_store store;
    int line; /* at which something was wrong, 0: nothing */
} writer;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            w->line = __LINE__;                                                                                        \
            return NULL;                                                                                               \
        }                                                                                                              \
    } while (0)

/* Two chunks a manifest; before each, one that is undone. */
static void *write_rounds(void *arg) {
    writer *w = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        CHECK(store_put_made(&w->store, i, SIZE_UNDONE, NULL, NULL) == ECHO_OK);
        CHECK(w->store.ops->rollback(w->store.ctx, NULL) == ECHO_OK);
        CHECK(store_put_made(&w->store, 2 * i, SIZE, NULL, NULL) == ECHO_OK);
        CHECK(store_put_made(&w->store, 2 * i + 1, SIZE, NULL, NULL) == ECHO_OK);
        CHECK(publish(&w->store, i) == ECHO_OK);
    }
    return NULL;
}

static echo_status count_published(void *arg, const echo_hash *name, uint64_t size) {
    (void)name;
    assert_int_equal(size, SIZE);
    (*(uint64_t *)arg)++;
    return ECHO_OK;
}

static echo_status first_number(void *arg, uint64_t number, echo_bytes manifest) {
    uint64_t *newest = arg;
    (void)manifest;
    if (*newest == 0) *newest = number;
    return ECHO_OK;
}

/* The one that reads sees whole publishes, and nothing of what is pending. */
static void test_reads_while_written(void **state) {
    (void)state;
    echo_store store;
    writer w = {.line = 0};
    pthread_t thread;
    echo_key party = store_party(1);
    two_handles(&store, &w.store);
    assert_int_equal(pthread_create(&thread, NULL, write_rounds, &w), 0);
    uint64_t newest, before = 0, rounds = 0;
    do {
        uint64_t count = 0, bytes = usage(&store);
        newest = 0;
        assert_int_equal(bytes % (2 * SIZE), 0);
        OK(store.ops->list(store.ctx, &party, first_number, &newest, NULL));
        assert_true(newest >= before && bytes / (2 * SIZE) <= newest);
        for (uint64_t i = 2 * before; i < 2 * newest; i++) store_assert_made(&store, i, SIZE);
        OK(store.ops->walk(store.ctx, count_published, &count, NULL));
        assert_true(count >= 2 * newest && count % 2 == 0);
        before = newest;
        rounds++;
    } while (newest < ROUNDS && rounds < 1000000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w.line, 0);
    assert_int_equal(usage(&store), 2 * SIZE * ROUNDS);
    close_both(&store, &w.store);
}

/* ---- out of memory ---- */

static void test_nomem_reopen(void **state) {
    (void)state;
    echo_store store, twin;
    OK(echo_store_new_memory(&store));
    OK(store_put_made(&store, 1, 50, NULL, NULL));
    for (long nth = 1;; nth++) {
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = store.ops->reopen(&twin, store.ctx, NULL);
        bool hit = fault_off();
        assert_int_equal(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        if (!hit) break;
        assert_null(twin.ops);
        assert_int_equal(fault_blocks(), before);
    }
    store_assert_made(&store, 1, 50);
    OK(publish(&store, 0));
    echo_store_close(&store);
    store_assert_made(&twin, 1, 50);
    echo_store_close(&twin);
}

/* Each call either does all, or answers NOMEM and has done nothing. */
static void test_nomem_put(void **state) {
    (void)state;
    stock s;
    stock_up(&s);
    for (long nth = 1;; nth++) {
        echo_store store;
        size_t written = 99;
        echo_key party = store_party(1);
        OK(echo_store_new_memory(&store));
        OK(store.ops->put(NULL, store.ctx, s.names, s.bytes, 5, NULL));
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = store.ops->put(&written, store.ctx, s.names + 5, s.bytes + 5, CHUNKS - 5, NULL);
        bool hit = fault_off();
        assert_int_equal(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        if (hit) {
            assert_int_equal(written, 99);
            assert_true(fault_blocks() <= before);
            for (unsigned i = 0; i < CHUNKS; i++) store_assert_absent(&store, i, 50 + i);
            assert_int_equal(store.ops->publish(store.ctx, &party, 0, s.bytes[0], NULL), ECHO_ERR_NOMEM);
            OK(store.ops->rollback(store.ctx, NULL));
            OK(store.ops->put(&written, store.ctx, s.names, s.bytes, CHUNKS, NULL));
            assert_int_equal(written, CHUNKS);
        }
        OK(store.ops->publish(store.ctx, &party, 0, s.bytes[0], NULL));
        for (unsigned i = 0; i < CHUNKS; i++) store_assert_made(&store, i, 50 + i);
        echo_store_close(&store);
        if (!hit) break;
        assert_true(nth < 1000);
    }
    unstock(&s);
}

static void test_nomem_others(void **state) {
    (void)state;
    stock s;
    stock_up(&s);
    for (long nth = 1;; nth++) {
        echo_store store;
        fault_at(nth);
        echo_status status = echo_store_new_memory(&store);
        bool hit = fault_off();
        assert_int_equal(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        if (!hit) {
            echo_store_close(&store);
            break;
        }
        assert_null(store.ops);
    }
    for (unsigned call = 0; call < 3; call++) {
        for (long nth = 1;; nth++) {
            echo_store store;
            echo_key party = store_party(1);
            OK(echo_store_new_memory(&store));
            OK(store.ops->put(NULL, store.ctx, s.names, s.bytes, 5, NULL));
            if (call > 0) OK(store.ops->publish(store.ctx, &party, 0, s.bytes[0], NULL));
            fault_at(nth);
            echo_status status = call == 0   ? store.ops->publish(store.ctx, &party, 0, s.bytes[0], NULL)
                                 : call == 1 ? store.ops->list(store.ctx, &party, nothing, NULL, NULL)
                                             : store.ops->walk(store.ctx, no_chunk, NULL, NULL);
            bool hit = fault_off();
            assert_int_equal(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
            if (call == 0 && hit) {
                store_assert_absent(&store, 0, 50);
                assert_int_equal(store.ops->publish(store.ctx, &party, 0, s.bytes[0], NULL), ECHO_ERR_NOMEM);
                OK(store.ops->rollback(store.ctx, NULL));
                OK(store.ops->publish(store.ctx, &party, 0, s.bytes[0], NULL));
            } else {
                store_assert_made(&store, 0, 50);
            }
            echo_store_close(&store);
            if (!hit) break;
            assert_true(nth < 1000);
        }
    }
    unstock(&s);
}

int main(void) {
    const store_contract contract = {"memory store", NULL, fresh, again, 0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_writers),          cmocka_unit_test(test_mending_apart),
        cmocka_unit_test(test_all_is_freed),         cmocka_unit_test(test_removed_while_read),
        cmocka_unit_test(test_list_may_call_others), cmocka_unit_test(test_reads_while_written),
        cmocka_unit_test(test_nomem_reopen),         cmocka_unit_test(test_nomem_put),
        cmocka_unit_test(test_nomem_others),
    };
    int failed = store_contract_run(&contract);
    echo_store_close(&kept);
    return failed + cmocka_run_group_tests_name("memory store", tests, NULL, NULL);
}
