/*
 * The part of the contract that is about the optional hooks of sys/store.h.
 */
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "store/store.h"
#include "support/store_contract.h"

#define MANY 700u /* chunks: more than any store reads at once, and no multiple of that */

#define OK(call) assert_int_equal((call), ECHO_OK)

static echo_store fresh(void **state) {
    const store_contract *contract = *state;
    echo_store store;
    OK(contract->fresh(contract->arg, &store));
    return store;
}

static bool lasts(void **state) { return ((const store_contract *)*state)->again != NULL; }

static echo_store again(void **state) {
    const store_contract *contract = *state;
    echo_store store;
    OK(contract->again(contract->arg, &store));
    return store;
}

static echo_store reopened(const echo_store *store) {
    echo_store twin;
    echo_error err = ECHO_ERROR_INIT;
    if (store->ops->reopen(&twin, store->ctx, &err) != ECHO_OK) fail_msg("cannot reopen: %s", err.message);
    assert_non_null(twin.ops);
    return twin;
}

static echo_status publish(const echo_store *store, uint8_t party, uint64_t expected) {
    echo_key key = store_party(party);
    uint8_t text[2] = {party, (uint8_t)expected};
    return store->ops->publish(store->ctx, &key, expected, (echo_bytes){text, sizeof text}, NULL);
}

static echo_status note_newest(void *arg, uint64_t number, echo_bytes manifest) {
    uint64_t *newest = arg;
    (void)manifest;
    if (number > *newest) *newest = number;
    return ECHO_OK;
}

static uint64_t newest(const echo_store *store, uint8_t party) {
    echo_key key = store_party(party);
    uint64_t out = 0;
    OK(store->ops->list(store->ctx, &key, note_newest, &out, NULL));
    return out;
}

/* Flushed puts are everybody's and stay, without a manifest; those after them are pending again. */
static void test_flush(void **state) {
    echo_store store = fresh(state), other = reopened(&store);
    OK(store.ops->flush(store.ctx, NULL)); /* nothing to do */
    OK(store_put_made(&store, 1, 3000, NULL, NULL));
    store_assert_absent(&other, 1, 3000);
    OK(store.ops->flush(store.ctx, NULL));
    store_assert_made(&other, 1, 3000);
    OK(store_put_made(&other, 2, 50, NULL, NULL)); /* nobody is writing any more */
    OK(other.ops->flush(other.ctx, NULL));
    OK(store_put_made(&store, 3, 70, NULL, NULL));
    OK(store.ops->rollback(store.ctx, NULL));
    store_assert_made(&store, 1, 3000);
    store_assert_made(&store, 2, 50);
    store_assert_absent(&store, 3, 70);
    assert_int_equal(newest(&store, 1), 0);
    OK(publish(&store, 1, 0));
    echo_store_close(&other);
    echo_store_close(&store);
    if (!lasts(state)) return;
    store = again(state);
    store_assert_made(&store, 1, 3000);
    store_assert_made(&store, 2, 50);
    echo_store_close(&store);
}

/* ---- get_many ---- */

typedef struct many {
    size_t count, at[8], stop_at;
    echo_hash hashes[8];
} many;

static echo_status note_chunk(void *arg, size_t at, echo_bytes bytes) {
    many *m = arg;
    assert_true(m->count < 8);
    echo__hash(&m->hashes[m->count], bytes.data, bytes.len);
    m->at[m->count++] = at;
    return m->count == m->stop_at ? ECHO_ERR_REFUSED : ECHO_OK;
}

/* Those that exist, each once and whole; pending ones too; a code of the callback ends it. */
static void test_get_many(void **state) {
    echo_store store = fresh(state);
    echo_error err = ECHO_ERROR_INIT;
    many m = {.count = 0};
    if (store.ops->get_many == NULL) { /* optional */
        echo_store_close(&store);
        return;
    }
    echo_hash names[6];
    uint8_t text[6][600];
    for (size_t i = 0; i < 6; i++) {
        memset(text[i], 'a' + (int)i, sizeof text[i]);
        echo__hash(&names[i], text[i], sizeof text[i]);
    }
    OK(store.ops->get_many(store.ctx, names, 6, note_chunk, &m, &err)); /* of a store that is not there yet */
    assert_int_equal(m.count, 0);
    for (size_t i = 0; i < 4; i++) {
        echo_bytes chunk = {text[i], sizeof text[i]};
        OK(store.ops->put(NULL, store.ctx, &names[i], &chunk, 1, &err));
        if (i == 1) OK(publish(&store, 1, 0));
    }
    const echo_hash asked[] = {names[5], names[3], names[0], names[4], names[1], names[0]};
    OK(store.ops->get_many(store.ctx, asked, 6, note_chunk, &m, &err));
    static const size_t expected[] = {1, 2, 4, 5};
    assert_int_equal(m.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(m.at[i], expected[i]);
        assert_memory_equal(&m.hashes[i], &asked[expected[i]], sizeof asked[0]);
    }
    m = (many){.stop_at = 2};
    assert_int_equal(store.ops->get_many(store.ctx, asked, 6, note_chunk, &m, &err), ECHO_ERR_REFUSED);
    assert_int_equal(m.count, 2);
    OK(publish(&store, 1, 1));       /* nothing is left open */
    for (size_t i = 0; i < 2; i++) { /* nor when no puts are pending, whether it ends well or not */
        m = (many){.stop_at = i};
        assert_int_equal(store.ops->get_many(store.ctx, asked, 6, note_chunk, &m, &err),
                         i ? ECHO_ERR_REFUSED : ECHO_OK);
        OK(publish(&store, 1, 2 + i));
    }
    m = (many){.count = 0};
    OK(store.ops->get_many(store.ctx, asked, 0, note_chunk, &m, &err));
    assert_int_equal(m.count, 0);
    echo_store_close(&store);
}

/* ---- publish_as ---- */

static echo_status publish_as(const echo_store *store, uint64_t expected, uint64_t number, echo_error *err) {
    echo_key key = store_party(1);
    uint8_t text[2] = {(uint8_t)expected, (uint8_t)number};
    return store->ops->publish_as(store->ctx, &key, expected, number, (echo_bytes){text, sizeof text}, err);
}

static echo_status note_text(void *arg, uint64_t number, echo_bytes manifest) {
    if (manifest.len == 2 && manifest.data[1] == (uint8_t)number) *(uint64_t *)arg = *(uint64_t *)arg * 100 + number;
    return ECHO_OK;
}

/* Numbers may be left out, and publish goes on after the newest; puts become durable, or are undone, as with publish.
 */
static void test_publish_as(void **state) {
    static const uint64_t wrong[][2] = {{7, 8}, {10, 11}, {0, 1}, {UINT64_MAX, 0}, {INT64_MAX, 5}};
    static const uint64_t low[] = {9, 8, 0};
    echo_store store = fresh(state);
    echo_key key = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    OK(store_put_made(&store, 1, 50, NULL, NULL));
    OK(publish_as(&store, 0, 7, NULL));
    OK(publish(&store, 1, 7));
    OK(publish_as(&store, 8, 9, NULL));
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        OK(store_put_made(&store, 2, 50, NULL, NULL));
        assert_int_equal(publish_as(&store, wrong[i][0], wrong[i][1], &err), ECHO_ERR_CONFLICT);
        assert_int_equal(err.code, ECHO_ERR_CONFLICT);
        store_assert_absent(&store, 2, 50);
        assert_int_equal(publish_as(&store, 9, 12, NULL), ECHO_ERR_CONFLICT); /* its puts are gone */
        OK(store.ops->rollback(store.ctx, NULL));
    }
    for (unsigned i = 0; i < sizeof low / sizeof *low; i++)
        assert_int_equal(publish_as(&store, 9, low[i], &err), ECHO_ERR_INVALID);
    assert_int_equal(publish_as(&store, 9, (uint64_t)INT64_MAX + 1, &err), ECHO_ERR_LIMIT);
    assert_int_equal(publish_as(&store, 9, UINT64_MAX, NULL), ECHO_ERR_LIMIT);
    assert_int_equal(newest(&store, 1), 9);
    OK(publish_as(&store, 9, INT64_MAX, NULL));
    assert_int_equal(publish(&store, 1, INT64_MAX), ECHO_ERR_LIMIT);
    OK(store.ops->remove(store.ctx, &key, INT64_MAX, NULL));
    echo_store_close(&store);
    if (!lasts(state)) return;
    store = again(state);
    uint64_t numbers = 0;
    OK(store.ops->list(store.ctx, &key, note_text, &numbers, NULL));
    assert_int_equal(numbers, 907); /* 8 is of publish, and has another text */
    assert_int_equal(newest(&store, 1), 9);
    store_assert_made(&store, 1, 50);
    echo_store_close(&store);
}

static echo_status pin(const echo_store *store, uint8_t party, uint64_t number, bool on) {
    echo_key key = store_party(party);
    return store->ops->pin(store->ctx, &key, number, on, NULL);
}

static bool pinned(const echo_store *store, uint8_t party, uint64_t number) {
    echo_key key = store_party(party);
    bool out = !(number & 1); /* whatever */
    OK(store->ops->pinned(&out, store->ctx, &key, number, NULL));
    return out;
}

static echo_status remove_one(const echo_store *store, uint8_t party, uint64_t number, echo_error *err) {
    echo_key key = store_party(party);
    return store->ops->remove(store->ctx, &key, number, err);
}

/* ---- parties ---- */

typedef struct told {
    uint8_t parties[300];
    unsigned count, stop_at;
} told;

static echo_status note_party(void *arg, const echo_key *party) {
    told *t = arg;
    echo_key expected = store_party(party->bytes[0]);
    assert_memory_equal(party->bytes, expected.bytes, sizeof expected.bytes);
    t->parties[t->count++] = party->bytes[0];
    return t->count == t->stop_at ? ECHO_ERR_EXISTS : ECHO_OK;
}

static void assert_parties(const echo_store *store, const uint8_t *parties, unsigned count) {
    told t = {.count = 0};
    OK(store->ops->parties(store->ctx, note_party, &t, NULL));
    assert_int_equal(t.count, count);
    if (count > 0) assert_memory_equal(t.parties, parties, count);
}

static void test_parties(void **state) {
    static const uint8_t order[] = {9, 3, 255, 0, 128, 7}, sorted[] = {0, 3, 7, 9, 128, 255},
                         fewer[] = {0, 3, 9, 128, 255};
    echo_store store = fresh(state);
    assert_parties(&store, NULL, 0);
    OK(store_put_made(&store, 1, 10, NULL, NULL));
    assert_parties(&store, NULL, 0); /* chunks alone are nobody's */
    for (unsigned i = 0; i < sizeof order; i++)
        for (uint64_t number = 0; number < 3; number++) OK(publish(&store, order[i], number));
    assert_parties(&store, sorted, sizeof sorted);
    for (uint64_t number = 1; number <= 3; number++) OK(remove_one(&store, 7, number, NULL));
    assert_parties(&store, fewer, sizeof fewer);

    echo_error err = ECHO_ERROR_INIT, untouched = ECHO_ERROR_INIT;
    told t = {.stop_at = 2};
    assert_int_equal(store.ops->parties(store.ctx, note_party, &t, &err), ECHO_ERR_EXISTS);
    assert_int_equal(t.count, 2);
    assert_memory_equal(&err, &untouched, sizeof err);
    for (unsigned i = 0; i < 200; i++)
        if (newest(&store, (uint8_t)i) == 0) OK(publish(&store, (uint8_t)i, 0));
    t = (told){.count = 0};
    OK(store.ops->parties(store.ctx, note_party, &t, NULL));
    assert_int_equal(t.count, 201);
    echo_store_close(&store);
}

/* ---- walk_from ---- */

typedef struct names {
    echo_hash list[MANY + 10];
    uint64_t bytes;
    size_t count, stop_at;
} names;

static echo_status note_name(void *arg, const echo_hash *name, uint64_t size) {
    names *n = arg;
    assert_true(n->count < MANY + 10);
    n->list[n->count++] = *name;
    n->bytes += size;
    return n->count == n->stop_at ? ECHO_ERR_EXISTS : ECHO_OK;
}

static void walk_from(const echo_store *store, const echo_hash *after, names *out) {
    out->count = out->bytes = out->stop_at = 0;
    OK(store->ops->walk_from(store->ctx, after, note_name, out, NULL));
}

static void test_walk_from(void **state) {
    static names all, some;
    echo_store store = fresh(state);
    walk_from(&store, NULL, &all);
    assert_int_equal(all.count, 0);
    for (unsigned i = 0; i < MANY; i++) OK(store_put_made(&store, i, 8 + i % 9, NULL, NULL));
    walk_from(&store, NULL, &all); /* pending ones included */
    assert_int_equal(all.count, MANY);
    OK(publish(&store, 1, 0));
    walk_from(&store, NULL, &some);
    assert_int_equal(some.count, MANY);
    assert_int_equal(some.bytes, all.bytes);
    assert_memory_equal(some.list, all.list, MANY * sizeof *all.list);
    for (size_t i = 0; i < MANY; i = i % 256 == 254 || i < 3 || i + 9 > MANY ? i + 1 : i + 4) {
        walk_from(&store, &all.list[i], &some);
        assert_int_equal(some.count, MANY - 1 - i);
        if (some.count > 0) assert_memory_equal(some.list, &all.list[i + 1], some.count * sizeof *some.list);
    }
    /* Names that are no chunk's: just below one, the lowest and the highest. */
    echo_hash below = all.list[100], lowest = {{0}}, highest;
    for (size_t at = sizeof below.bytes; at-- > 0 && below.bytes[at]-- == 0;) continue;
    memset(highest.bytes, 0xff, sizeof highest.bytes);
    walk_from(&store, &below, &some);
    assert_int_equal(some.count, MANY - 100);
    walk_from(&store, &lowest, &some);
    assert_int_equal(some.count, MANY);
    walk_from(&store, &highest, &some);
    assert_int_equal(some.count, 0);

    /* In pieces of any length, with removals in between: each once. */
    for (size_t piece = 1; piece < 400; piece = piece * 3 + 1) {
        echo_hash last, *after = NULL;
        size_t count = 0;
        for (echo_status status = ECHO_ERR_EXISTS; status == ECHO_ERR_EXISTS;) {
            some.count = 0;
            some.stop_at = piece;
            status = store.ops->walk_from(store.ctx, after, note_name, &some, NULL);
            if (some.count > 0) assert_memory_equal(some.list, &all.list[count], some.count * sizeof *some.list);
            count += some.count;
            if (some.count > 0) last = some.list[some.count - 1];
            after = &last;
        }
        assert_int_equal(count, MANY);
    }
    (void)newest(&store, 1);
    OK(store.ops->remove_chunks(store.ctx, &all.list[10], 1, NULL)); /* going on behind one that is gone */
    walk_from(&store, &all.list[10], &some);
    assert_int_equal(some.count, MANY - 11);
    echo_store_close(&store);
}

/* ---- usage ---- */

static uint64_t usage(const echo_store *store) {
    uint64_t bytes = 1;
    OK(store->ops->usage(&bytes, store->ctx, NULL));
    return bytes;
}

static void test_usage(void **state) {
    echo_store store = fresh(state);
    assert_int_equal(usage(&store), 0);
    for (unsigned i = 0; i < 20; i++) OK(store_put_made(&store, i, 100000, NULL, NULL));
    OK(publish(&store, 1, 0));
    uint64_t full = usage(&store);
    assert_in_range(full, 2000000, 4000000);
    OK(store_put_made(&store, 3, 100000, NULL, NULL)); /* there already */
    OK(store_put_made(&store, 50, 100000, NULL, NULL));
    OK(store.ops->rollback(store.ctx, NULL));
    assert_int_equal(usage(&store), full);
    (void)newest(&store, 1);
    for (unsigned i = 0; i < 10; i++) {
        store_chunk chunk = store_chunk_make(i, 100000);
        OK(store.ops->remove_chunks(store.ctx, &chunk.name, 1, NULL));
        store_chunk_free(&chunk);
    }
    assert_in_range(usage(&store), 1000000, full - 900000); /* what is kept free does not count */
    store_chunk chunk = store_chunk_make(15, 100000), small = store_chunk_make(1, 10);
    uint64_t before = usage(&store);
    OK(store.ops->put(NULL, store.ctx, &chunk.name, &small.bytes, 1, NULL)); /* rotten, and mended */
    OK(store_put_made(&store, 15, 100000, NULL, NULL));
    OK(store.ops->rollback(store.ctx, NULL));
    assert_int_equal(usage(&store), before);
    store_chunk_free(&chunk);
    store_chunk_free(&small);
    echo_store_close(&store);
}

/* ---- pins ---- */

static void test_pin(void **state) {
    echo_store store = fresh(state);
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(pin(&store, 1, 1, true), ECHO_ERR_NOT_FOUND);
    assert_int_equal(pin(&store, 1, 1, false), ECHO_ERR_NOT_FOUND);
    assert_false(pinned(&store, 1, 1));
    for (uint64_t number = 0; number < 4; number++) OK(publish(&store, 1, number));
    for (uint64_t number = 0; number < 2; number++) OK(publish(&store, 2, number));
    assert_false(pinned(&store, 1, 2));
    OK(pin(&store, 1, 2, false)); /* off before any was on */
    OK(pin(&store, 1, 2, true));
    OK(pin(&store, 1, 2, true));
    assert_true(pinned(&store, 1, 2));
    assert_false(pinned(&store, 1, 1) || pinned(&store, 1, 3) || pinned(&store, 2, 2));
    static const uint64_t absent[] = {0, 5, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    for (unsigned i = 0; i < sizeof absent / sizeof *absent; i++) {
        assert_int_equal(pin(&store, 1, absent[i], true), ECHO_ERR_NOT_FOUND);
        assert_int_equal(pin(&store, 1, absent[i], false), ECHO_ERR_NOT_FOUND);
        assert_false(pinned(&store, 1, absent[i]));
    }
    assert_int_equal(remove_one(&store, 1, 2, &err), ECHO_ERR_REFUSED);
    assert_int_equal(err.code, ECHO_ERR_REFUSED);
    assert_int_equal(newest(&store, 1), 4);
    OK(remove_one(&store, 2, 2, NULL));
    OK(remove_one(&store, 1, 1, NULL));
    assert_true(pinned(&store, 1, 2));
    OK(publish(&store, 1, 4));
    assert_true(pinned(&store, 1, 2)); /* others come and go */

    OK(store_put_made(&store, 1, 30, NULL, NULL));
    assert_int_equal(pin(&store, 1, 3, true), ECHO_ERR_BUSY);
    assert_int_equal(pin(&store, 1, 2, false), ECHO_ERR_BUSY);
    assert_true(pinned(&store, 1, 2));
    OK(publish(&store, 1, 5)); /* the puts were not harmed */
    store_assert_made(&store, 1, 30);
    OK(pin(&store, 1, 2, false));
    OK(pin(&store, 1, 2, false));
    assert_false(pinned(&store, 1, 2));
    OK(remove_one(&store, 1, 2, NULL));
    assert_int_equal(pin(&store, 1, 2, false), ECHO_ERR_NOT_FOUND);

    /* The newest, whose number is given out again: to one that is not pinned. */
    OK(pin(&store, 1, 6, true));
    assert_int_equal(remove_one(&store, 1, 6, NULL), ECHO_ERR_REFUSED);
    OK(pin(&store, 1, 6, false));
    OK(remove_one(&store, 1, 6, NULL));
    OK(publish(&store, 1, 5));
    assert_false(pinned(&store, 1, 6));
    echo_store_close(&store);
}

static void test_pin_lasts(void **state) {
    if (!lasts(state)) return;
    echo_store store = fresh(state);
    for (uint64_t number = 0; number < 3; number++) OK(publish(&store, 1, number));
    echo_store other = again(state);
    assert_false(pinned(&other, 1, 2));
    OK(pin(&store, 1, 2, true));
    assert_true(pinned(&other, 1, 2));
    assert_int_equal(remove_one(&other, 1, 2, NULL), ECHO_ERR_REFUSED);
    echo_store_close(&store);
    echo_store_close(&other);
    store = again(state);
    assert_true(pinned(&store, 1, 2));
    assert_int_equal(remove_one(&store, 1, 2, NULL), ECHO_ERR_REFUSED);
    other = again(state);
    OK(store_put_made(&other, 1, 30, NULL, NULL));
    assert_int_equal(pin(&store, 1, 1, true), ECHO_ERR_BUSY); /* another handle is writing */
    assert_int_equal(pin(&store, 1, 2, false), ECHO_ERR_BUSY);
    assert_true(pinned(&store, 1, 2));
    OK(other.ops->rollback(other.ctx, NULL));
    OK(pin(&other, 1, 2, false));
    OK(remove_one(&store, 1, 2, NULL));
    echo_store_close(&store);
    echo_store_close(&other);
}

/* ---- reopen ---- */

static void test_twin(void **state) {
    if (!lasts(state)) {
        echo_store store = fresh(state);
        assert_null(store.ops->reopen);
        echo_store_close(&store);
        return;
    }
    echo_store store = fresh(state), twin = reopened(&store); /* of one that nothing was written to */
    assert_int_equal(newest(&twin, 1), 0);
    OK(store_put_made(&twin, 1, 60, NULL, NULL));
    store_assert_absent(&store, 1, 60);
    assert_int_equal(store_put_made(&store, 2, 60, NULL, NULL), ECHO_ERR_BUSY);
    echo_store third = reopened(&twin); /* of one with pending puts */
    store_assert_absent(&third, 1, 60);
    OK(publish(&twin, 1, 0));
    store_assert_made(&store, 1, 60);
    store_assert_made(&third, 1, 60);
    assert_int_equal(store.ops->capabilities(store.ctx), twin.ops->capabilities(twin.ctx));

    /* What one listed, the other did not. */
    assert_int_equal(newest(&store, 1), 1);
    store_chunk chunk = store_chunk_make(1, 60);
    assert_int_equal(twin.ops->remove_chunks(twin.ctx, &chunk.name, 1, NULL), ECHO_ERR_CONFLICT);
    OK(store.ops->remove_chunks(store.ctx, &chunk.name, 1, NULL));
    store_assert_absent(&twin, 1, 60);
    store_chunk_free(&chunk);
    echo_store_close(&store); /* a twin outlives it */
    OK(publish(&twin, 1, 1));
    assert_int_equal(newest(&third, 1), 2);
    echo_store_close(&twin);
    OK(publish(&third, 1, 2));
    echo_store_close(&third);
    store = again(state);
    assert_int_equal(newest(&store, 1), 3);
    echo_store_close(&store);
}

#define ROUNDS 60u

typedef struct worker {
    echo_store store;
    uint8_t party;
    atomic_uint done; /* rounds */
    unsigned line;    /* at which something was wrong, 0: nothing */
    unsigned busy;
} worker;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            w->line = __LINE__;                                                                                        \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* One round: two chunks and a manifest, until nobody else is writing. */
static void work_once(worker *w, uint64_t round) {
    for (;;) {
        echo_status status = store_put_made(&w->store, round * 2, 3000 + w->party, NULL, NULL);
        if (status == ECHO_OK) status = store_put_made(&w->store, round * 2 + 1, 3000 + w->party, NULL, NULL);
        if (status == ECHO_OK) status = publish(&w->store, w->party, round);
        if (status == ECHO_OK) return;
        CHECK(status == ECHO_ERR_BUSY);
        w->busy++;
        CHECK(w->store.ops->rollback(w->store.ctx, NULL) == ECHO_OK);
    }
}

static echo_status count_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    uint64_t *count = arg;
    (*count)++;
    return number > 0 && manifest.len == 2 ? ECHO_OK : ECHO_ERR_CORRUPT;
}

/* What was published is there, whatever others do. */
static void look(worker *w, uint64_t round) {
    echo_key mine = store_party(w->party), other = store_party((uint8_t)(3 - w->party));
    uint64_t count = 0;
    CHECK(w->store.ops->list(w->store.ctx, &mine, count_manifest, &count, NULL) == ECHO_OK);
    CHECK(count == round + 1);
    CHECK(w->store.ops->list(w->store.ctx, &other, count_manifest, &count, NULL) == ECHO_OK);
    for (uint64_t i = 0; i <= round * 2 + 1; i += 3) {
        store_chunk chunk = store_chunk_make(i, 3000 + w->party);
        bool there = false;
        echo_status status = w->store.ops->has(&there, w->store.ctx, &chunk.name, NULL);
        store_chunk_free(&chunk);
        CHECK(status == ECHO_OK && there);
    }
}

static void *work(void *arg) {
    worker *w = arg;
    for (uint64_t round = 0; round < ROUNDS && w->line == 0; round++) {
        work_once(w, round);
        if (w->line == 0) look(w, round);
        atomic_fetch_add(&w->done, 1);
    }
    return NULL;
}

static void test_two_threads(void **state) {
    if (!lasts(state)) return;
    pthread_t thread;
    worker mine = {.party = 1}, theirs = {.party = 2};
    mine.store = fresh(state);
    theirs.store = reopened(&mine.store);
    assert_int_equal(pthread_create(&thread, NULL, work, &theirs), 0);
    (void)work(&mine);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(mine.line, 0);
    assert_int_equal(theirs.line, 0);
    assert_int_equal(atomic_load(&mine.done) + atomic_load(&theirs.done), 2 * ROUNDS);
    print_message("%u times busy\n", mine.busy + theirs.busy);
    assert_int_equal(newest(&mine.store, 2), ROUNDS);
    assert_int_equal(newest(&theirs.store, 1), ROUNDS);
    echo_store_close(&mine.store);
    echo_store_close(&theirs.store);
}

/* err is written on failure only. */
static void test_err_untouched(void **state) {
    echo_store store = fresh(state);
    echo_key key = store_party(1);
    echo_error marked, before;
    memset(&marked, 0x5a, sizeof marked);
    before = marked;
    static names n;
    n.count = n.stop_at = 0;
    for (unsigned round = 0; round < 2; round++) {
        told t = {.count = 0};
        uint64_t bytes;
        bool on;
        OK(store.ops->parties(store.ctx, note_party, &t, &marked));
        OK(store.ops->walk_from(store.ctx, NULL, note_name, &n, &marked));
        OK(store.ops->usage(&bytes, store.ctx, &marked));
        OK(store.ops->pinned(&on, store.ctx, &key, 1, &marked));
        if (round == 0) OK(publish(&store, 1, 0));
        OK(store.ops->pin(store.ctx, &key, 1, true, &marked));
        OK(store.ops->pin(store.ctx, &key, 1, false, &marked));
    }
    assert_memory_equal(&marked, &before, sizeof marked);
    echo_store_close(&store);
}

int store_contract_run_optional(const store_contract *contract) {
    void *state = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_get_many, state),      cmocka_unit_test_prestate(test_publish_as, state),
        cmocka_unit_test_prestate(test_flush, state),         cmocka_unit_test_prestate(test_parties, state),
        cmocka_unit_test_prestate(test_walk_from, state),     cmocka_unit_test_prestate(test_usage, state),
        cmocka_unit_test_prestate(test_pin, state),           cmocka_unit_test_prestate(test_pin_lasts, state),
        cmocka_unit_test_prestate(test_twin, state),          cmocka_unit_test_prestate(test_two_threads, state),
        cmocka_unit_test_prestate(test_err_untouched, state),
    };
    char name[80];
    (void)snprintf(name, sizeof name, "%s, optional hooks", contract->name);
    return _cmocka_run_group_tests(name, tests, sizeof tests / sizeof *tests, NULL, NULL);
}
