#include "support/test.h"

#include "support/store_stages.h"

#include <stdio.h>
#include <string.h>

#include "store/store.h"
#include "support/store_contract.h"

#define MAX_PUT 220u

/* Chunks by number: some lie within a page of a database, some do not. */
static size_t length_of(uint64_t i) {
    static const size_t lengths[] = {100, 8000, 9000, 40000, 0, 300, 2000, 4000, 5};
    return i < sizeof lengths / sizeof *lengths ? lengths[i] : 30 + i % 50;
}

static echo_status put_some(const echo_store *store, const uint64_t *which, size_t n, size_t len, echo_error *err) {
    store_chunk made[MAX_PUT];
    echo_hash names[MAX_PUT] = {{{0}}};
    echo_bytes bytes[MAX_PUT] = {{NULL, 0}};
    for (size_t i = 0; i < n; i++) {
        made[i] = store_chunk_make(which[i], len != 0 ? len : length_of(which[i]));
        names[i] = made[i].name;
        bytes[i] = made[i].bytes;
    }
    echo_status status = store->ops->put(NULL, store->ctx, names, bytes, n, err);
    for (size_t i = 0; i < n; i++) store_chunk_free(&made[i]);
    return status;
}

static echo_status put_run(const echo_store *store, uint64_t first, size_t n, size_t len, echo_error *err) {
    uint64_t which[MAX_PUT];
    for (size_t i = 0; i < n; i++) which[i] = first + i;
    return put_some(store, which, n, len, err);
}

static echo_status publish(const echo_store *store, uint8_t party, uint64_t expected, const char *text,
                           echo_error *err) {
    echo_key key = store_party(party);
    echo_bytes manifest = {(const uint8_t *)text, strlen(text)};
    return store->ops->publish(store->ctx, &key, expected, manifest, err);
}

static echo_status no_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    (void)arg;
    (void)number;
    (void)manifest;
    return ECHO_OK;
}

static echo_status list(const echo_store *store, uint8_t party, echo_error *err) {
    echo_key key = store_party(party);
    return store->ops->list(store->ctx, &key, no_manifest, NULL, err);
}

static echo_status drop(const echo_store *store, uint64_t first, size_t n, echo_error *err) {
    echo_hash names[MAX_PUT];
    for (size_t i = 0; i < n; i++) {
        store_chunk chunk = store_chunk_make(first + i, length_of(first + i));
        names[i] = chunk.name;
        store_chunk_free(&chunk);
    }
    echo_status status = list(store, 1, err);
    if (status == ECHO_OK) status = list(store, 2, err);
    return status == ECHO_OK ? store->ops->remove_chunks(store->ctx, names, n, err) : status;
}

static echo_status run(const echo_store *store, unsigned i, echo_error *err) {
    static const uint64_t mixed[] = {6, 2, 7, 8, 1};
    echo_key party = store_party(1);
    echo_status status = ECHO_OK;
    switch (i) {
    case 0:
        status = put_run(store, 0, 3, 0, err);
        if (status == ECHO_OK) status = put_run(store, 3, 3, 0, err);
        return status == ECHO_OK ? publish(store, 1, 0, "one", err) : status;
    case 1:
        status = put_some(store, mixed, 5, 0, err);
        return status == ECHO_OK ? publish(store, 1, 1, "two, with a longer text", err) : status;
    case 2:
        status = put_run(store, 50, 10, 0, err); /* not to stay */
        if (status == ECHO_OK) status = store->ops->rollback(store->ctx, err);
        if (status == ECHO_OK) status = put_run(store, 9, 10, 0, err);
        return status == ECHO_OK ? publish(store, 2, 0, "of another party", err) : status;
    case 3: return store->ops->remove(store->ctx, &party, 1, err);
    case 4: return drop(store, 3, 9, err);
    case 5:
        status = put_run(store, 3, 1, 0, err);
        if (status == ECHO_OK) status = put_run(store, 100, 200, 0, err);
        return status == ECHO_OK ? publish(store, 1, 2, "three", err) : status;
    case 6: return publish(store, 2, 1, "nothing new", err);
    case 7:
        status = put_run(store, 500, 1, 150000, err);
        return status == ECHO_OK ? publish(store, 1, 3, "four", err) : status;
    default: return echo__store_pin(store, &party, 3, true, err);
    }
}

echo_status store_stage(const echo_store *store, unsigned i, echo_error *err) {
    echo_status status = run(store, i, err);
    if (status != ECHO_OK) (void)store->ops->rollback(store->ctx, NULL);
    return status;
}

echo_status store_big_stage(const echo_store *store, unsigned i, echo_error *err) {
    echo_status status = put_run(store, 1000 + i * 10, 10, 450000 + i, err);
    if (status == ECHO_OK) status = publish(store, 1, i, "big", err);
    if (status != ECHO_OK) (void)store->ops->rollback(store->ctx, NULL);
    return status;
}

echo_status store_stages_digest(const echo_store *store, echo_hash *out, echo_error *err) {
    echo_key parties[3] = {store_party(1), store_party(2), store_party(3)};
    return store_digest(store, parties, 3, out, err);
}

void store_stages_expect(echo_hash *out, bool big) {
    echo_store store;
    assert_int_equal(echo_store_new_memory(&store), ECHO_OK);
    assert_int_equal(store_stages_digest(&store, &out[0], NULL), ECHO_OK);
    for (unsigned i = 0; i < (big ? STORE_BIG_STAGES : STORE_STAGES); i++) {
        assert_int_equal(big ? store_big_stage(&store, i, NULL) : store_stage(&store, i, NULL), ECHO_OK);
        assert_int_equal(store_stages_digest(&store, &out[i + 1], NULL), ECHO_OK);
        assert_memory_not_equal(&out[i], &out[i + 1], sizeof out[i]);
    }
    echo_store_close(&store);
}
