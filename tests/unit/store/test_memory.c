/*
 * The store in memory: the contract, and out of memory at every allocation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/fault.h"
#include "support/store_contract.h"

#define OK(call) assert_int_equal((call), ECHO_OK)

static echo_status fresh(void *arg, echo_store *out) {
    (void)arg;
    return echo_store_new_memory(out);
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
        OK(store.ops->put(store.ctx, s.names, s.bytes, 5, NULL, NULL));
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = store.ops->put(store.ctx, s.names + 5, s.bytes + 5, CHUNKS - 5, &written, NULL);
        bool hit = fault_off();
        assert_int_equal(status, hit ? ECHO_ERR_NOMEM : ECHO_OK);
        if (hit) {
            assert_int_equal(written, 99);
            assert_true(fault_blocks() <= before);
            for (unsigned i = 0; i < CHUNKS; i++) store_assert_absent(&store, i, 50 + i);
            assert_int_equal(store.ops->publish(store.ctx, &party, 0, s.bytes[0], NULL), ECHO_ERR_NOMEM);
            OK(store.ops->rollback(store.ctx, NULL));
            OK(store.ops->put(store.ctx, s.names, s.bytes, CHUNKS, &written, NULL));
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
            OK(store.ops->put(store.ctx, s.names, s.bytes, 5, NULL, NULL));
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
    const store_contract contract = {"memory store", NULL, fresh, NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nomem_put),
        cmocka_unit_test(test_nomem_others),
    };
    int failed = store_contract_run(&contract);
    return failed + cmocka_run_group_tests_name("memory store without memory", tests, NULL, NULL);
}
