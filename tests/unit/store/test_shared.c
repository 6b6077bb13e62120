/*
 * A store that two threads take turns with: the contract, and both at once.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/shared.h"
#include "support/store_contract.h"

static echo_store inner;

static echo_status fresh(void *arg, echo_store *out) {
    (void)arg;
    echo_error err = ECHO_ERROR_INIT;
    echo_store_close(&inner);
    echo_status status = echo_store_new_memory(&inner);
    return status == ECHO_OK ? echo__store_share(out, &inner, &err) : status;
}

#define ROUNDS 2000u

static void *read_and_list(void *arg) {
    const echo_store *store = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool has;
        echo_error err = ECHO_ERROR_INIT;
        store_chunk chunk = store_chunk_make(i % 50, 40);
        if (store->ops->has(store->ctx, &chunk.name, &has, &err) != ECHO_OK) return arg;
        store_chunk_free(&chunk);
    }
    return NULL;
}

static void test_two_threads(void **state) {
    (void)state;
    echo_store store;
    pthread_t other;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(fresh(NULL, &store), ECHO_OK);
    assert_int_equal(pthread_create(&other, NULL, read_and_list, &store), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        assert_int_equal(store_put_made(&store, i % 50, 40, NULL, &err), ECHO_OK);
        if (i % 7 == 0) assert_int_equal(store.ops->rollback(store.ctx, &err), ECHO_OK);
    }
    void *failed;
    assert_int_equal(pthread_join(other, &failed), 0);
    assert_null(failed);
    assert_ptr_equal(echo__store_shared_inner(&store)->ctx, inner.ctx);
    echo_store_close(&store);
}

int main(void) {
    const store_contract contract = {"shared", NULL, fresh, NULL};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_two_threads)};
    int failed = store_contract_run(&contract) + cmocka_run_group_tests(tests, NULL, NULL);
    echo_store_close(&inner);
    return failed;
}
