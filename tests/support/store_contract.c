#include "support/test.h"

#include "support/store_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "store/store.h"
#include "support/random.h"

#define MANY 1500u /* chunks: more than any store reads at once */

/* ---- pieces ---- */

static void fill(uint8_t *data, uint64_t i, size_t len) {
    test_random random = {i * 1000003u + len};
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = test_random_u64(&random);
        memcpy(data + at, &word, len - at < 8 ? len - at : 8);
    }
}

/* Memory for the test itself, which is not counted and does not fail when malloc is made to. */
static void *own_memory(size_t size) {
    void *p = NULL;
    if (posix_memalign(&p, 16, size + 1) != 0) abort();
    return p;
}

store_chunk store_chunk_make(uint64_t i, size_t len) {
    store_chunk chunk;
    uint8_t *data = own_memory(len);
    fill(data, i, len);
    chunk.bytes.data = data;
    chunk.bytes.len = len;
    echo__hash(&chunk.name, data, len);
    return chunk;
}

void store_chunk_free(store_chunk *chunk) {
    free((void *)(uintptr_t)chunk->bytes.data);
    chunk->bytes.data = NULL;
}

echo_key store_party(uint8_t i) {
    echo_key key;
    memset(key.bytes, i, sizeof key.bytes);
    return key;
}

echo_status store_put_made(const echo_store *store, uint64_t i, size_t len, size_t *written, echo_error *err) {
    store_chunk chunk = store_chunk_make(i, len);
    echo_status status = store->ops->put(written, store->ctx, &chunk.name, &chunk.bytes, 1, err);
    store_chunk_free(&chunk);
    return status;
}

typedef struct expected_chunk {
    const store_chunk *chunk;
    unsigned calls;
    echo_status answer;
} expected_chunk;

static echo_status compare_chunk(void *arg, echo_bytes bytes) {
    expected_chunk *expected = arg;
    expected->calls++;
    assert_int_equal(bytes.len, expected->chunk->bytes.len);
    if (bytes.len > 0) assert_true(memcmp(bytes.data, expected->chunk->bytes.data, bytes.len) == 0);
    return expected->answer;
}

static echo_status must_not_be_called(void *arg, echo_bytes bytes) {
    (void)arg;
    (void)bytes;
    fail_msg("called for a chunk that is not there");
    return ECHO_OK;
}

void store_assert_made(const echo_store *store, uint64_t i, size_t len) {
    store_chunk chunk = store_chunk_make(i, len);
    expected_chunk expected = {&chunk, 0, ECHO_OK};
    bool there = false;
    assert_int_equal(store->ops->get(store->ctx, &chunk.name, compare_chunk, &expected, NULL), ECHO_OK);
    assert_int_equal(expected.calls, 1);
    assert_int_equal(store->ops->has(&there, store->ctx, &chunk.name, NULL), ECHO_OK);
    assert_true(there);
    store_chunk_free(&chunk);
}

static void assert_error(const echo_error *err, echo_status status) {
    assert_int_equal(err->code, status);
    assert_true(strlen(err->message) > 0);
    assert_null(strchr(err->message, '\n'));
}

void store_assert_absent(const echo_store *store, uint64_t i, size_t len) {
    store_chunk chunk = store_chunk_make(i, len);
    bool there = true;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(store->ops->get(store->ctx, &chunk.name, must_not_be_called, NULL, &err), ECHO_ERR_NOT_FOUND);
    assert_error(&err, ECHO_ERR_NOT_FOUND);
    assert_int_equal(store->ops->get(store->ctx, &chunk.name, must_not_be_called, NULL, NULL), ECHO_ERR_NOT_FOUND);
    assert_int_equal(store->ops->has(&there, store->ctx, &chunk.name, NULL), ECHO_OK);
    assert_false(there);
    store_chunk_free(&chunk);
}

typedef struct digest {
    const echo_store *store;
    const echo_key *party;
    echo_hash so_far;
    echo_error *err;
    const echo_hash *names;
} digest;

static void mix(digest *d, const void *data, size_t len) {
    echo_bytes parts[2] = {{d->so_far.bytes, sizeof d->so_far.bytes}, {data, len}};
    echo_hash next;
    echo__hash_parts(&next, parts, 2);
    d->so_far = next;
}

static echo_status mix_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    digest *d = arg;
    bool pinned;
    mix(d, &number, sizeof number);
    mix(d, manifest.data, manifest.len);
    echo_status status = echo__store_pinned(&pinned, d->store, d->party, number, d->err);
    if (pinned) mix(d, &pinned, sizeof pinned);
    return status;
}

typedef struct name_list {
    echo_hash *names;
    size_t count, cap;
} name_list;

static echo_status collect_name(void *arg, const echo_hash *name, uint64_t size) {
    name_list *list = arg;
    (void)size;
    if (list->count == list->cap) {
        list->cap = list->cap * 2 + 64;
        echo_hash *names = own_memory(list->cap * sizeof *names);
        if (list->count > 0) memcpy(names, list->names, list->count * sizeof *names);
        free(list->names);
        list->names = names;
    }
    list->names[list->count++] = *name;
    return ECHO_OK;
}

static echo_status mix_chunk(void *arg, echo_bytes bytes) {
    digest *d = arg;
    echo_hash name;
    echo__hash(&name, bytes.data, bytes.len);
    if (!echo__hash_equal(&name, d->names)) return ECHO_ERR_SIGNATURE;
    mix(d, name.bytes, sizeof name.bytes);
    return ECHO_OK;
}

echo_status store_digest(const echo_store *store, const echo_key *parties, size_t n, echo_hash *out, echo_error *err) {
    digest d = {store, NULL, {{0}}, err, NULL};
    name_list list = {NULL, 0, 0};
    echo_status status = ECHO_OK;
    for (size_t i = 0; i < n && status == ECHO_OK; i++) {
        d.party = &parties[i];
        mix(&d, parties[i].bytes, sizeof parties[i].bytes);
        status = store->ops->list(store->ctx, &parties[i], mix_manifest, &d, err);
    }
    if (status == ECHO_OK) status = store->ops->walk(store->ctx, collect_name, &list, err);
    for (size_t i = 0; i < list.count && status == ECHO_OK; i++) {
        d.names = &list.names[i];
        status = store->ops->get(store->ctx, d.names, mix_chunk, &d, err);
    }
    free(list.names);
    *out = d.so_far;
    return status;
}

/* ---- short hands ---- */

#define OK(call) assert_int_equal((call), ECHO_OK)

static echo_store fresh(void **state) {
    const store_contract *contract = *state;
    echo_store store;
    OK(contract->fresh(contract->arg, &store));
    assert_non_null(store.ops);
    return store;
}

static void again(void **state, echo_store *out) {
    const store_contract *contract = *state;
    OK(contract->again(contract->arg, out));
}

static void put_ok(const echo_store *store, uint64_t i, size_t len) { OK(store_put_made(store, i, len, NULL, NULL)); }

static echo_status publish_text(const echo_store *store, uint8_t party, uint64_t expected, const char *text,
                                echo_error *err) {
    echo_key key = store_party(party);
    echo_bytes manifest = {(const uint8_t *)text, strlen(text)};
    return store->ops->publish(store->ctx, &key, expected, manifest, err);
}

typedef struct listing {
    unsigned count;
    uint64_t numbers[16];
    char texts[16][32];
    echo_status answer; /* given at call stop_at */
    unsigned stop_at;
} listing;

static echo_status note_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    listing *l = arg;
    assert_true(l->count < 16 && manifest.len < 32);
    l->numbers[l->count] = number;
    if (manifest.len > 0) memcpy(l->texts[l->count], manifest.data, manifest.len);
    l->texts[l->count][manifest.len] = '\0';
    l->count++;
    return l->count == l->stop_at ? l->answer : ECHO_OK;
}

static listing list_of(const echo_store *store, uint8_t party) {
    listing l;
    memset(&l, 0, sizeof l);
    echo_key key = store_party(party);
    OK(store->ops->list(store->ctx, &key, note_manifest, &l, NULL));
    return l;
}

static void assert_newest(const echo_store *store, uint8_t party, uint64_t number, const char *text) {
    listing l = list_of(store, party);
    if (number == 0) {
        assert_int_equal(l.count, 0);
        return;
    }
    assert_true(l.count > 0);
    assert_int_equal(l.numbers[0], number);
    assert_string_equal(l.texts[0], text);
}

static echo_status drop_made(const echo_store *store, uint64_t i, size_t len, echo_error *err) {
    store_chunk chunk = store_chunk_make(i, len);
    echo_status status = store->ops->remove_chunks(store->ctx, &chunk.name, 1, err);
    store_chunk_free(&chunk);
    return status;
}

typedef struct walked {
    size_t count;
    uint64_t bytes;
    echo_hash last;
    size_t stop_at;
    echo_status answer;
} walked;

static echo_status note_chunk(void *arg, const echo_hash *name, uint64_t size) {
    walked *w = arg;
    if (w->count > 0) assert_true(memcmp(w->last.bytes, name->bytes, sizeof name->bytes) < 0);
    w->last = *name;
    w->count++;
    w->bytes += size;
    return w->count == w->stop_at ? w->answer : ECHO_OK;
}

static void assert_walk(const echo_store *store, size_t count, uint64_t bytes) {
    walked w;
    memset(&w, 0, sizeof w);
    OK(store->ops->walk(store->ctx, note_chunk, &w, NULL));
    assert_int_equal(w.count, count);
    assert_int_equal(w.bytes, bytes);
}

/* ---- the contract ---- */

static void test_empty(void **state) {
    echo_store store = fresh(state);
    name_list names = {NULL, 0, 0};
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    const store_contract *contract = *state;
    assert_int_equal(store.ops->version, ECHO_STORE_OPS_VERSION);
    assert_int_equal(store.ops->capabilities(store.ctx), contract->capabilities);
    store_assert_absent(&store, 1, 10);
    assert_newest(&store, 1, 0, "");
    OK(store.ops->walk(store.ctx, collect_name, &names, NULL));
    assert_int_equal(names.count, 0);
    assert_int_equal(store.ops->remove(store.ctx, &party, 1, &err), ECHO_ERR_NOT_FOUND);
    assert_error(&err, ECHO_ERR_NOT_FOUND);
    OK(drop_made(&store, 1, 10, NULL));
    OK(store.ops->rollback(store.ctx, NULL));
    OK(store.ops->put(NULL, store.ctx, NULL, NULL, 0, NULL));

    /* err is written on failure only, from the first call on. */
    bool there;
    echo_error marked, before;
    memset(&marked, 0x5a, sizeof marked);
    before = marked;
    for (unsigned round = 0; round < 2; round++) {
        store_chunk chunk = store_chunk_make(1, 10);
        listing l;
        memset(&l, 0, sizeof l);
        OK(store.ops->has(&there, store.ctx, &chunk.name, &marked));
        OK(store.ops->list(store.ctx, &party, note_manifest, &l, &marked));
        OK(store.ops->walk(store.ctx, collect_name, &names, &marked));
        OK(store.ops->remove_chunks(store.ctx, &chunk.name, 1, &marked));
        OK(store.ops->rollback(store.ctx, &marked));
        OK(store.ops->put(NULL, store.ctx, &chunk.name, &chunk.bytes, 1, &marked));
        OK(store.ops->publish(store.ctx, &party, round, chunk.bytes, &marked));
        expected_chunk expected = {&chunk, 0, ECHO_OK};
        OK(store.ops->get(store.ctx, &chunk.name, compare_chunk, &expected, &marked));
        OK(store.ops->list(store.ctx, &party, note_manifest, &l, &marked));
        OK(store.ops->remove_chunks(store.ctx, &chunk.name, 1, &marked));
        store_chunk_free(&chunk);
    }
    OK(store.ops->remove(store.ctx, &party, 1, &marked));
    assert_memory_equal(&marked, &before, sizeof marked);
    free(names.names);
    echo_store_close(&store);
    assert_null(store.ops);
    assert_null(store.ctx);
    echo_store_close(&store);
    echo_store_close(NULL);
}

static void test_put_get(void **state) {
    echo_store store = fresh(state);
    store_chunk chunks[4];
    echo_hash names[6];
    echo_bytes bytes[6];
    size_t written = 99;
    for (unsigned i = 0; i < 4; i++) chunks[i] = store_chunk_make(i, 100 + i);
    const unsigned order[6] = {2, 0, 1, 2, 3, 0}; /* two come twice */
    for (unsigned i = 0; i < 6; i++) {
        names[i] = chunks[order[i]].name;
        bytes[i] = chunks[order[i]].bytes;
    }
    OK(store.ops->put(&written, store.ctx, names, bytes, 2, NULL));
    assert_int_equal(written, 2);
    OK(store.ops->put(&written, store.ctx, names, bytes, 6, NULL));
    assert_int_equal(written, 2);
    OK(store.ops->put(&written, store.ctx, names, bytes, 6, NULL));
    assert_int_equal(written, 0);
    OK(store.ops->put(&written, store.ctx, names, bytes, 0, NULL));
    assert_int_equal(written, 0);
    OK(store.ops->put(NULL, store.ctx, names, bytes, 6, NULL));
    for (unsigned i = 0; i < 4; i++) store_assert_made(&store, i, 100 + i);
    store_assert_absent(&store, 9, 10);
    OK(publish_text(&store, 1, 0, "one", NULL));
    OK(store.ops->put(&written, store.ctx, names, bytes, 6, NULL));
    assert_int_equal(written, 0);
    for (unsigned i = 0; i < 4; i++) store_assert_made(&store, i, 100 + i);

    /* The callback's code is get's, and err is left alone. */
    echo_error err = ECHO_ERROR_INIT, untouched = ECHO_ERROR_INIT;
    const echo_status answers[] = {ECHO_ERR_LIMIT, ECHO_ERR_NOT_FOUND, ECHO_ERR_BUSY, (echo_status)-777};
    for (unsigned i = 0; i < 4; i++) {
        expected_chunk expected = {&chunks[0], 0, answers[i]};
        assert_int_equal(store.ops->get(store.ctx, &chunks[0].name, compare_chunk, &expected, &err), answers[i]);
        assert_int_equal(expected.calls, 1);
    }
    assert_memory_equal(&err, &untouched, sizeof err);

    for (unsigned i = 0; i < 4; i++) store_chunk_free(&chunks[i]);
    echo_store_close(&store);
}

/* A chunk with other bytes than its name says has rotted: putting it again mends it. */
static void test_rotten(void **state) {
    echo_store store = fresh(state);
    store_chunk chunk = store_chunk_make(0, 100), other = store_chunk_make(1, 60), third = store_chunk_make(2, 9000);
    expected_chunk rotten = {&other, 0, ECHO_OK};
    size_t written = 0;
    OK(store.ops->put(&written, store.ctx, &chunk.name, &other.bytes, 1, NULL));
    assert_int_equal(written, 1);
    OK(publish_text(&store, 1, 0, "rotten", NULL));
    OK(store.ops->get(store.ctx, &chunk.name, compare_chunk, &rotten, NULL));

    OK(store_put_made(&store, 0, 100, &written, NULL));
    assert_int_equal(written, 1);
    store_assert_made(&store, 0, 100);
    OK(store.ops->rollback(store.ctx, NULL)); /* undone: as it was */
    OK(store.ops->get(store.ctx, &chunk.name, compare_chunk, &rotten, NULL));
    assert_int_equal(rotten.calls, 2);

    OK(store_put_made(&store, 0, 100, NULL, NULL));
    OK(store.ops->put(&written, store.ctx, &chunk.name, &third.bytes, 1, NULL)); /* twice in one transaction */
    assert_int_equal(written, 1);
    assert_walk(&store, 1, 9000);
    OK(store.ops->rollback(store.ctx, NULL));
    OK(store.ops->get(store.ctx, &chunk.name, compare_chunk, &rotten, NULL));
    OK(store.ops->put(NULL, store.ctx, &chunk.name, &third.bytes, 1, NULL));
    OK(store_put_made(&store, 0, 100, &written, NULL));
    assert_int_equal(written, 1);
    OK(publish_text(&store, 1, 1, "mended", NULL));
    OK(store.ops->rollback(store.ctx, NULL));
    store_assert_made(&store, 0, 100);
    assert_walk(&store, 1, 100);
    OK(store_put_made(&store, 0, 100, &written, NULL));
    assert_int_equal(written, 0);
    OK(store.ops->put(NULL, store.ctx, &chunk.name, &other.bytes, 1, NULL)); /* pending at the end */
    store_chunk_free(&chunk);
    store_chunk_free(&other);
    store_chunk_free(&third);
    echo_store_close(&store);
}

static void test_sizes(void **state) {
    static const size_t sizes[] = {0, 1, 511, 4096, 32767, 32768, 32769, 100000, 8u << 20};
    echo_store store = fresh(state);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t written = 0;
        OK(store_put_made(&store, i, sizes[i], &written, NULL));
        assert_int_equal(written, 1);
    }
    echo_key party = store_party(1);
    echo_bytes none = {NULL, 0};
    OK(store.ops->publish(store.ctx, &party, 0, none, NULL));
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) store_assert_made(&store, i, sizes[i]);
    listing l = list_of(&store, 1);
    assert_int_equal(l.count, 1);
    assert_string_equal(l.texts[0], "");

    /* 0 bytes without an address. */
    echo_store other = store;
    store_chunk empty = store_chunk_make(0, 0);
    expected_chunk expected = {&empty, 0, ECHO_OK};
    echo_key second = store_party(2);
    OK(drop_made(&store, 0, 0, NULL));
    OK(other.ops->put(NULL, other.ctx, &empty.name, &none, 1, NULL));
    OK(other.ops->publish(other.ctx, &second, 0, none, NULL));
    OK(other.ops->get(other.ctx, &empty.name, compare_chunk, &expected, NULL));
    assert_int_equal(expected.calls, 1);
    store_chunk_free(&empty);
    echo_store_close(&store);
}

static void test_limit(void **state) {
    echo_store store = fresh(state);
    echo_key party = store_party(1);
    echo_hash name = {{7}};
    echo_bytes huge = {(const uint8_t *)"x", ECHO_STORE_BYTES_MAX + 1}; /* nobody may look at it */
    echo_error err = ECHO_ERROR_INIT;
    size_t written = 99;
    assert_int_equal(store.ops->put(&written, store.ctx, &name, &huge, 1, &err), ECHO_ERR_LIMIT);
    assert_error(&err, ECHO_ERR_LIMIT);
    assert_int_equal(written, 99);
    put_ok(&store, 1, 10); /* nothing was lost: no rollback is needed */
    OK(store.ops->rollback(store.ctx, NULL));
    huge.len = ECHO_STORE_MANIFEST_MAX + 1;
    assert_int_equal(store.ops->publish(store.ctx, &party, 0, huge, &err), ECHO_ERR_LIMIT);
    assert_newest(&store, 1, 0, "");
    store_chunk chunk = store_chunk_make(3, ECHO_STORE_BYTES_MAX);
    OK(store.ops->put(&written, store.ctx, &chunk.name, &chunk.bytes, 1, NULL));
    OK(store.ops->publish(store.ctx, &party, 0, (echo_bytes){chunk.bytes.data, ECHO_STORE_MANIFEST_MAX}, NULL));
    expected_chunk expected = {&chunk, 0, ECHO_OK};
    OK(store.ops->get(store.ctx, &chunk.name, compare_chunk, &expected, NULL));
    store_chunk_free(&chunk);
    echo_store_close(&store);
}

static void test_rollback(void **state) {
    echo_store store = fresh(state);
    put_ok(&store, 1, 50);
    store_assert_made(&store, 1, 50); /* a handle sees its own pending puts */
    OK(store.ops->rollback(store.ctx, NULL));
    store_assert_absent(&store, 1, 50);
    OK(store.ops->rollback(store.ctx, NULL));

    put_ok(&store, 1, 50);
    OK(publish_text(&store, 1, 0, "one", NULL));
    OK(store.ops->rollback(store.ctx, NULL));
    store_assert_made(&store, 1, 50);
    put_ok(&store, 1, 50); /* there already: rolling back must not take it away */
    put_ok(&store, 2, 50);
    OK(store.ops->rollback(store.ctx, NULL));
    store_assert_made(&store, 1, 50);
    store_assert_absent(&store, 2, 50);
    assert_newest(&store, 1, 1, "one");
    echo_store_close(&store);
}

static void test_publish_list(void **state) {
    echo_store store = fresh(state);
    OK(publish_text(&store, 1, 0, "a1", NULL));
    OK(publish_text(&store, 2, 0, "b1", NULL));
    for (unsigned i = 1; i < 12; i++) {
        char text[8];
        (void)snprintf(text, sizeof text, "a%u", i + 1);
        OK(publish_text(&store, 1, i, text, NULL));
    }
    listing l = list_of(&store, 1);
    assert_int_equal(l.count, 12);
    for (unsigned i = 0; i < 12; i++) {
        char text[8];
        (void)snprintf(text, sizeof text, "a%u", 12 - i);
        assert_int_equal(l.numbers[i], 12 - i);
        assert_string_equal(l.texts[i], text);
    }
    l = list_of(&store, 2);
    assert_int_equal(l.count, 1);
    assert_newest(&store, 2, 1, "b1");
    assert_newest(&store, 3, 0, "");

    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT, untouched = ECHO_ERROR_INIT;
    listing stopped;
    memset(&stopped, 0, sizeof stopped);
    stopped.stop_at = 3;
    stopped.answer = ECHO_ERR_NOT_FOUND;
    assert_int_equal(store.ops->list(store.ctx, &party, note_manifest, &stopped, &err), ECHO_ERR_NOT_FOUND);
    assert_int_equal(stopped.count, 3);
    assert_memory_equal(&err, &untouched, sizeof err);
    echo_store_close(&store);
}

static void test_conflict(void **state) {
    static const uint64_t wrong[] = {1, 3, 0, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1};
    echo_store store = fresh(state);
    OK(publish_text(&store, 1, 0, "one", NULL));
    OK(publish_text(&store, 1, 1, "two", NULL));
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        echo_error err = ECHO_ERROR_INIT;
        put_ok(&store, 10 + i, 40);
        put_ok(&store, 20 + i, 40);
        assert_int_equal(publish_text(&store, 1, wrong[i], "wrong", &err), ECHO_ERR_CONFLICT);
        assert_error(&err, ECHO_ERR_CONFLICT);
        store_assert_absent(&store, 10 + i, 40);
        assert_newest(&store, 1, 2, "two");
        /* The puts are gone, so a manifest that needs them must not get through. */
        assert_int_equal(publish_text(&store, 1, 2, "three", &err), ECHO_ERR_CONFLICT);
        assert_error(&err, ECHO_ERR_CONFLICT);
        assert_int_equal(store_put_made(&store, 1, 40, NULL, &err), ECHO_ERR_CONFLICT);
        assert_newest(&store, 1, 2, "two");
        OK(store.ops->rollback(store.ctx, NULL));
    }
    /* Without pending puts nothing was lost, and the next try is free. */
    assert_int_equal(publish_text(&store, 1, 7, "wrong", NULL), ECHO_ERR_CONFLICT);
    put_ok(&store, 1, 40);
    OK(publish_text(&store, 1, 2, "three", NULL));
    store_assert_made(&store, 1, 40);
    assert_newest(&store, 1, 3, "three");
    assert_int_equal(publish_text(&store, 9, 1, "first", NULL), ECHO_ERR_CONFLICT);
    echo_store_close(&store);
}

static void test_failed_put(void **state) {
    echo_store store = fresh(state);
    echo_error err = ECHO_ERROR_INIT;
    store_chunk good = store_chunk_make(2, 40);
    echo_hash names[2] = {good.name, {{7}}};
    echo_bytes bytes[2] = {good.bytes, {(const uint8_t *)"x", ECHO_STORE_BYTES_MAX + 1}};
    put_ok(&store, 5, 40);
    OK(publish_text(&store, 1, 0, "one", NULL));

    assert_int_equal(store.ops->put(NULL, store.ctx, names, bytes, 2, NULL), ECHO_ERR_LIMIT);
    store_assert_absent(&store, 2, 40); /* of a put that failed, nothing stays */

    put_ok(&store, 1, 40);
    assert_int_equal(store.ops->put(NULL, store.ctx, names, bytes, 2, NULL), ECHO_ERR_LIMIT);
    store_assert_absent(&store, 1, 40);
    store_assert_absent(&store, 2, 40);
    store_assert_made(&store, 5, 40);
    assert_int_equal(store_put_made(&store, 3, 40, NULL, &err), ECHO_ERR_LIMIT);
    assert_error(&err, ECHO_ERR_LIMIT);
    assert_int_equal(publish_text(&store, 1, 1, "two", &err), ECHO_ERR_LIMIT);
    assert_newest(&store, 1, 1, "one");
    OK(store.ops->rollback(store.ctx, NULL));
    put_ok(&store, 1, 40);
    OK(publish_text(&store, 1, 1, "two", NULL));
    assert_newest(&store, 1, 2, "two");
    store_assert_made(&store, 1, 40);
    store_chunk_free(&good);
    echo_store_close(&store);
}

static void test_remove(void **state) {
    static const uint64_t absent[] = {0, 2, 5, UINT64_MAX, INT64_MAX};
    echo_store store = fresh(state);
    echo_key party = store_party(1), other = store_party(2);
    echo_error err = ECHO_ERROR_INIT;
    put_ok(&store, 1, 30);
    OK(publish_text(&store, 1, 0, "one", NULL));
    OK(publish_text(&store, 1, 1, "two", NULL));
    OK(publish_text(&store, 1, 2, "three", NULL));
    OK(publish_text(&store, 1, 3, "four", NULL));
    OK(store.ops->remove(store.ctx, &party, 2, NULL));
    for (unsigned i = 0; i < sizeof absent / sizeof *absent; i++) {
        assert_int_equal(store.ops->remove(store.ctx, &party, absent[i], &err), ECHO_ERR_NOT_FOUND);
        assert_error(&err, ECHO_ERR_NOT_FOUND);
    }
    assert_int_equal(store.ops->remove(store.ctx, &other, 1, &err), ECHO_ERR_NOT_FOUND);
    listing l = list_of(&store, 1);
    assert_int_equal(l.count, 3);
    assert_int_equal(l.numbers[0], 4);
    assert_int_equal(l.numbers[1], 3);
    assert_int_equal(l.numbers[2], 1);
    store_assert_made(&store, 1, 30); /* chunks are nobody's but the collector's */

    OK(store.ops->remove(store.ctx, &party, 4, NULL)); /* the newest: its number comes again */
    assert_int_equal(publish_text(&store, 1, 4, "five", NULL), ECHO_ERR_CONFLICT);
    OK(publish_text(&store, 1, 3, "four again", NULL));
    assert_newest(&store, 1, 4, "four again");
    OK(store.ops->remove(store.ctx, &party, 4, NULL));
    OK(store.ops->remove(store.ctx, &party, 3, NULL));
    OK(store.ops->remove(store.ctx, &party, 1, NULL));
    assert_newest(&store, 1, 0, "");
    OK(publish_text(&store, 1, 0, "anew", NULL));

    put_ok(&store, 2, 30);
    assert_int_equal(store.ops->remove(store.ctx, &party, 1, &err), ECHO_ERR_BUSY);
    assert_error(&err, ECHO_ERR_BUSY);
    assert_newest(&store, 1, 1, "anew");
    OK(publish_text(&store, 1, 1, "next", NULL)); /* the puts were not harmed */
    store_assert_made(&store, 2, 30);
    put_ok(&store, 2, 30); /* adds nothing, but a snapshot that counts on it is on its way */
    assert_int_equal(store.ops->remove(store.ctx, &party, 1, &err), ECHO_ERR_BUSY);
    echo_store_close(&store);
}

static void test_walk(void **state) {
    echo_store store = fresh(state);
    uint64_t bytes = 0;
    for (unsigned i = 0; i < MANY; i++) {
        size_t len = i % 40 == 0 ? 0 : 8 + i % 40;
        put_ok(&store, i, len);
        bytes += len;
    }
    /* Those of 0 bytes are all one. */
    size_t count = MANY - (MANY + 39) / 40 + 1;
    assert_walk(&store, count, bytes); /* pending ones included */
    OK(publish_text(&store, 1, 0, "one", NULL));
    assert_walk(&store, count, bytes);

    echo_error err = ECHO_ERROR_INIT, untouched = ECHO_ERROR_INIT;
    const size_t stops[] = {1, 255, 256, 257, 1000, count};
    for (unsigned i = 0; i < sizeof stops / sizeof *stops; i++) {
        walked w;
        memset(&w, 0, sizeof w);
        w.stop_at = stops[i];
        w.answer = ECHO_ERR_NOT_FOUND;
        assert_int_equal(store.ops->walk(store.ctx, note_chunk, &w, &err), ECHO_ERR_NOT_FOUND);
        assert_int_equal(w.count, stops[i]);
    }
    assert_memory_equal(&err, &untouched, sizeof err);
    echo_store_close(&store);
}

/* As many as a store reads at once, one more, one less. */
static void test_walk_edges(void **state) {
    static const size_t counts[] = {1, 255, 256, 257, 511, 512, 513};
    for (unsigned c = 0; c < sizeof counts / sizeof *counts; c++) {
        echo_store store = fresh(state);
        for (size_t i = 0; i < counts[c]; i++) put_ok(&store, i, 9);
        OK(publish_text(&store, 1, 0, "one", NULL));
        assert_walk(&store, counts[c], counts[c] * 9);
        echo_store_close(&store);
    }
}

static void test_remove_chunks(void **state) {
    echo_store store = fresh(state);
    echo_hash names[MANY];
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned i = 0; i < MANY; i++) {
        store_chunk chunk = store_chunk_make(i, 20);
        names[i] = chunk.name;
        OK(store.ops->put(NULL, store.ctx, &chunk.name, &chunk.bytes, 1, NULL));
        store_chunk_free(&chunk);
    }
    assert_int_equal(store.ops->remove_chunks(store.ctx, names, 1, &err), ECHO_ERR_BUSY);
    assert_error(&err, ECHO_ERR_BUSY);
    OK(publish_text(&store, 1, 0, "one", NULL));
    (void)list_of(&store, 1);
    OK(store.ops->remove_chunks(store.ctx, names, 0, NULL));
    assert_walk(&store, MANY, MANY * 20);
    OK(store.ops->remove_chunks(store.ctx, names, 1200, NULL));
    assert_walk(&store, MANY - 1200, (MANY - 1200) * 20);
    store_assert_absent(&store, 1199, 20);
    store_assert_made(&store, 1200, 20);
    OK(store.ops->remove_chunks(store.ctx, names, 1201, NULL)); /* most are absent */
    assert_walk(&store, MANY - 1201, (MANY - 1201) * 20);
    names[0] = names[1300];
    names[1] = names[1300];
    OK(store.ops->remove_chunks(store.ctx, names, 2, NULL));
    assert_walk(&store, MANY - 1202, (MANY - 1202) * 20);
    size_t written = 0;
    OK(store_put_made(&store, 7, 20, &written, NULL)); /* and back again */
    assert_int_equal(written, 1);
    store_assert_made(&store, 7, 20);
    echo_store_close(&store);
}

/* Chunks are removed only by one who knows the newest manifests (P9). */
static void test_remove_chunks_unseen(void **state) {
    echo_store store = fresh(state);
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned i = 0; i < 4; i++) put_ok(&store, i, 20);
    OK(publish_text(&store, 1, 0, "one", NULL));
    assert_int_equal(drop_made(&store, 0, 20, &err), ECHO_ERR_CONFLICT); /* never listed */
    assert_error(&err, ECHO_ERR_CONFLICT);
    store_assert_made(&store, 0, 20);
    (void)list_of(&store, 1);
    OK(drop_made(&store, 0, 20, NULL));

    OK(publish_text(&store, 1, 1, "two", NULL));
    assert_int_equal(drop_made(&store, 1, 20, NULL), ECHO_ERR_CONFLICT); /* published since */
    listing stopped;
    memset(&stopped, 0, sizeof stopped);
    stopped.stop_at = 1;
    stopped.answer = ECHO_ERR_REFUSED;
    assert_int_equal(store.ops->list(store.ctx, &party, note_manifest, &stopped, NULL), ECHO_ERR_REFUSED);
    assert_int_equal(drop_made(&store, 1, 20, NULL), ECHO_ERR_CONFLICT); /* a list broken off tells nothing */
    (void)list_of(&store, 1);
    OK(drop_made(&store, 1, 20, NULL));
    OK(store.ops->remove(store.ctx, &party, 1, NULL)); /* a removal makes nothing needed */
    OK(drop_made(&store, 2, 20, NULL));

    OK(publish_text(&store, 2, 0, "other", NULL)); /* another party's chunks are in the same store */
    (void)list_of(&store, 1);
    assert_int_equal(drop_made(&store, 3, 20, NULL), ECHO_ERR_CONFLICT);
    store_assert_made(&store, 3, 20);
    (void)list_of(&store, 2);

    OK(store.ops->remove(store.ctx, &party, 2, NULL)); /* the same number again is another manifest */
    OK(publish_text(&store, 1, 0, "one again", NULL));
    OK(publish_text(&store, 1, 1, "two again", NULL));
    assert_int_equal(drop_made(&store, 3, 20, NULL), ECHO_ERR_CONFLICT);
    (void)list_of(&store, 1);
    OK(drop_made(&store, 3, 20, NULL));
    store_assert_absent(&store, 3, 20);
    echo_store_close(&store);
}

typedef struct meddler {
    const echo_store *store;
    unsigned calls;
} meddler;

/* Uses the store from inside a list: reads, removes what it is being shown, publishes. */
static echo_status meddle(void *arg, uint64_t number, echo_bytes manifest) {
    meddler *m = arg;
    echo_key party = store_party(1);
    m->calls++;
    store_assert_made(m->store, 1, 5000);
    (void)list_of(m->store, 2);
    char before[32], text[32];
    assert_true(manifest.len < sizeof before);
    memcpy(before, manifest.data, manifest.len);
    if (number == 3) OK(publish_text(m->store, 1, 3, "four", NULL));
    if (number == 2) OK(m->store->ops->remove(m->store->ctx, &party, 2, NULL));
    (void)snprintf(text, sizeof text, "manifest %u", (unsigned)number);
    assert_int_equal(manifest.len, strlen(text));
    assert_true(memcmp(manifest.data, text, manifest.len) ==
                0); /* the view stands (a sanitizer sees memcmp, not cmocka) */
    assert_memory_equal(before, text, manifest.len);
    assert_walk(m->store, 1, 5000);
    return ECHO_OK;
}

static void test_list_may_call(void **state) {
    echo_store store = fresh(state);
    meddler m = {&store, 0};
    echo_key party = store_party(1);
    put_ok(&store, 1, 5000);
    OK(publish_text(&store, 1, 0, "manifest 1", NULL));
    OK(publish_text(&store, 1, 1, "manifest 2", NULL));
    OK(publish_text(&store, 1, 2, "manifest 3", NULL));
    OK(publish_text(&store, 2, 0, "other", NULL));
    OK(store.ops->list(store.ctx, &party, meddle, &m, NULL));
    assert_int_equal(m.calls, 3);
    listing l = list_of(&store, 1);
    assert_int_equal(l.count, 3);
    assert_int_equal(l.numbers[0], 4);
    assert_int_equal(l.numbers[2], 1);
    echo_store_close(&store);
}

/* ---- of stores that are opened more than once ---- */

static void test_reopen(void **state) {
    echo_store store = fresh(state), second;
    for (unsigned i = 0; i < 300; i++) put_ok(&store, i, 700);
    OK(publish_text(&store, 1, 0, "one", NULL));
    put_ok(&store, 1000, 700); /* never published */
    echo_store_close(&store);
    again(state, &second);
    assert_newest(&second, 1, 1, "one");
    assert_walk(&second, 300, 300 * 700);
    store_assert_made(&second, 299, 700);
    store_assert_absent(&second, 1000, 700);
    (void)list_of(&second, 1);
    OK(drop_made(&second, 5, 700, NULL));
    OK(publish_text(&second, 1, 1, "two", NULL));
    echo_key party = store_party(1);
    OK(second.ops->remove(second.ctx, &party, 1, NULL));
    echo_store_close(&second);
    again(state, &second);
    assert_walk(&second, 299, 299 * 700);
    listing l = list_of(&second, 1);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.numbers[0], 2);
    echo_store_close(&second);
}

static void test_two_handles(void **state) {
    echo_store one = fresh(state), two;
    again(state, &two);
    echo_error err = ECHO_ERROR_INIT;
    echo_key party = store_party(1);
    put_ok(&one, 1, 60);
    store_assert_absent(&two, 1, 60); /* pending puts are their handle's own */
    assert_newest(&two, 1, 0, "");
    OK(publish_text(&one, 1, 0, "one", NULL));
    store_assert_made(&two, 1, 60);
    assert_newest(&two, 1, 1, "one");

    put_ok(&one, 2, 60);
    store_assert_absent(&two, 2, 60);
    assert_int_equal(store_put_made(&two, 3, 60, NULL, &err), ECHO_ERR_BUSY);
    assert_error(&err, ECHO_ERR_BUSY);
    assert_int_equal(publish_text(&two, 1, 1, "two", &err), ECHO_ERR_BUSY);
    assert_int_equal(two.ops->remove(two.ctx, &party, 1, &err), ECHO_ERR_BUSY);
    assert_int_equal(drop_made(&two, 1, 60, &err), ECHO_ERR_BUSY);
    assert_newest(&two, 1, 1, "one");
    OK(two.ops->rollback(two.ctx, NULL));
    OK(publish_text(&one, 1, 1, "two", NULL));

    /* Whoever did not look again is told so. */
    put_ok(&two, 4, 60);
    assert_int_equal(publish_text(&two, 1, 1, "mine", &err), ECHO_ERR_CONFLICT);
    store_assert_absent(&two, 4, 60);
    OK(two.ops->rollback(two.ctx, NULL));
    assert_int_equal(drop_made(&two, 1, 60, &err), ECHO_ERR_CONFLICT);
    assert_newest(&two, 1, 2, "two");
    put_ok(&one, 1, 60); /* counts on chunk 1 without writing it */
    OK(publish_text(&one, 1, 2, "three", NULL));
    assert_int_equal(drop_made(&two, 1, 60, &err), ECHO_ERR_CONFLICT);
    store_assert_made(&one, 1, 60);
    assert_newest(&two, 1, 3, "three");
    OK(drop_made(&two, 1, 60, NULL));
    store_assert_absent(&one, 1, 60);
    OK(two.ops->remove(two.ctx, &party, 1, NULL));
    assert_int_equal(list_of(&one, 1).count, 2);
    echo_store_close(&one);
    assert_newest(&two, 1, 3, "three");
    echo_store_close(&two);
}

/* ---- against a model, at random (from a fixed seed) ---- */

#define POOL 24u
#define PARTIES 2u
#define KEPT 10u
#define NOT_SEEN 100000u

typedef struct model {
    bool published[POOL], pending[POOL];
    bool writing;
    uint64_t numbers[PARTIES][KEPT];
    unsigned values[PARTIES][KEPT];
    size_t count[PARTIES];
    unsigned seen[PARTIES]; /* the newest value of the last list, NOT_SEEN before */
} model;

static size_t length_of(size_t i) { return i * i * i * 7; }

static bool model_has(const model *m, size_t i) { return m->published[i] || m->pending[i]; }

static void model_undo(model *m) {
    memset(m->pending, 0, sizeof m->pending);
    m->writing = false;
}

static void compare(const echo_store *store, const model *m) {
    uint64_t bytes = 0;
    size_t count = 0;
    for (size_t i = 0; i < POOL; i++) {
        if (model_has(m, i)) {
            store_assert_made(store, i, length_of(i));
            bytes += length_of(i);
            count++;
        } else {
            store_assert_absent(store, i, length_of(i));
        }
    }
    assert_walk(store, count, bytes);
}

static void compare_lists(const echo_store *store, model *m) {
    for (uint8_t p = 0; p < PARTIES; p++) {
        listing l = list_of(store, p);
        assert_int_equal(l.count, m->count[p]);
        for (size_t i = 0; i < l.count; i++) {
            char text[16];
            size_t at = m->count[p] - 1 - i;
            (void)snprintf(text, sizeof text, "%u", m->values[p][at]);
            assert_int_equal(l.numbers[i], m->numbers[p][at]);
            assert_string_equal(l.texts[i], text);
        }
        if (l.count > 0) m->seen[p] = m->values[p][m->count[p] - 1];
    }
}

static void random_put(const echo_store *store, model *m, test_random *rng) {
    size_t i = test_random_below(rng, POOL), written = 99;
    OK(store_put_made(store, i, length_of(i), &written, NULL));
    assert_int_equal(written, model_has(m, i) ? 0 : 1);
    if (!model_has(m, i)) m->pending[i] = true;
    m->writing = true;
}

static void random_publish(const echo_store *store, model *m, test_random *rng, unsigned value) {
    uint8_t p = (uint8_t)(test_random_below(rng, PARTIES));
    uint64_t newest = m->count[p] == 0 ? 0 : m->numbers[p][m->count[p] - 1], expected = newest;
    char text[16];
    if (m->count[p] == KEPT) return;
    (void)snprintf(text, sizeof text, "%u", value);
    if (test_random_below(rng, 4) == 0) expected += 1 + test_random_below(rng, 3);
    echo_status status = publish_text(store, p, expected, text, NULL);
    if (expected != newest) {
        assert_int_equal(status, ECHO_ERR_CONFLICT);
        model_undo(m);
        OK(store->ops->rollback(store->ctx, NULL));
        return;
    }
    OK(status);
    for (size_t i = 0; i < POOL; i++) m->published[i] = model_has(m, i);
    model_undo(m);
    m->numbers[p][m->count[p]] = newest + 1;
    m->values[p][m->count[p]++] = value;
}

static void random_remove(const echo_store *store, model *m, test_random *rng) {
    uint8_t p = (uint8_t)(test_random_below(rng, PARTIES));
    if (m->count[p] == 0) return;
    size_t at = test_random_below(rng, m->count[p]);
    echo_key party = store_party(p);
    echo_status status = store->ops->remove(store->ctx, &party, m->numbers[p][at], NULL);
    assert_int_equal(status, m->writing ? ECHO_ERR_BUSY : ECHO_OK);
    if (status != ECHO_OK) return;
    m->count[p]--;
    memmove(&m->numbers[p][at], &m->numbers[p][at + 1], (m->count[p] - at) * sizeof m->numbers[p][0]);
    memmove(&m->values[p][at], &m->values[p][at + 1], (m->count[p] - at) * sizeof m->values[p][0]);
}

static void random_drop(const echo_store *store, model *m, test_random *rng) {
    size_t i = test_random_below(rng, POOL);
    echo_status expected = m->writing ? ECHO_ERR_BUSY : ECHO_OK;
    for (size_t p = 0; p < PARTIES && expected == ECHO_OK; p++)
        if (m->count[p] > 0 && m->seen[p] != m->values[p][m->count[p] - 1]) expected = ECHO_ERR_CONFLICT;
    assert_int_equal(drop_made(store, i, length_of(i), NULL), expected);
    if (expected == ECHO_OK) m->published[i] = false;
}

static void test_model(void **state) {
    for (uint64_t seed = 1; seed <= 6; seed++) {
        echo_store store = fresh(state);
        const store_contract *contract = *state;
        model m;
        test_random rng = {seed};
        memset(&m, 0, sizeof m);
        m.seen[0] = m.seen[1] = NOT_SEEN;
        for (unsigned step = 0; step < 250; step++) {
            switch (test_random_below(&rng, 16)) {
            case 0:
            case 1:
            case 2: random_publish(&store, &m, &rng, step); break;
            case 3: random_remove(&store, &m, &rng); break;
            case 4:
            case 5: random_drop(&store, &m, &rng); break;
            case 6:
                OK(store.ops->rollback(store.ctx, NULL));
                model_undo(&m);
                break;
            case 7: compare_lists(&store, &m); break;
            case 8:
                if (contract->again == NULL) break;
                echo_store_close(&store);
                OK(contract->again(contract->arg, &store));
                model_undo(&m);
                m.seen[0] = m.seen[1] = NOT_SEEN;
                break;
            default: random_put(&store, &m, &rng); break;
            }
            if (step % 10 == 0) compare(&store, &m);
        }
        compare(&store, &m);
        compare_lists(&store, &m);
        echo_store_close(&store);
    }
}

int store_contract_run(const store_contract *contract) {
    void *state = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_empty, state),
        cmocka_unit_test_prestate(test_put_get, state),
        cmocka_unit_test_prestate(test_rotten, state),
        cmocka_unit_test_prestate(test_sizes, state),
        cmocka_unit_test_prestate(test_limit, state),
        cmocka_unit_test_prestate(test_rollback, state),
        cmocka_unit_test_prestate(test_publish_list, state),
        cmocka_unit_test_prestate(test_conflict, state),
        cmocka_unit_test_prestate(test_failed_put, state),
        cmocka_unit_test_prestate(test_remove, state),
        cmocka_unit_test_prestate(test_walk, state),
        cmocka_unit_test_prestate(test_walk_edges, state),
        cmocka_unit_test_prestate(test_remove_chunks, state),
        cmocka_unit_test_prestate(test_remove_chunks_unseen, state),
        cmocka_unit_test_prestate(test_list_may_call, state),
        cmocka_unit_test_prestate(test_model, state),
        cmocka_unit_test_prestate(test_reopen, state),
        cmocka_unit_test_prestate(test_two_handles, state),
    };
    size_t count = sizeof tests / sizeof *tests;
    if (contract->again == NULL) count -= 2; /* the last ones open a store twice */
    return _cmocka_run_group_tests(contract->name, tests, count, NULL, NULL) + store_contract_run_optional(contract);
}
