/*
 * Any history of batches ends in the tree that one build of what is left makes (P3), and lookup, iteration, difference
 * and verification agree with a sorted array all along. ECHO_TEST_RUNS: how many histories (default 40);
 * ECHO_TEST_SEED: the first one's seed.
 */
#include "unit/tree/tree_support.h"

enum { POOL = 3000, BATCH_MAX = 400 };

typedef struct history {
    test_random random;
    test_store *store;
    echo__chunks *chunks;
    test_model model;
    echo__root root;
    size_t pool_count;
    char *pool[POOL]; /* ids are drawn from here, so that batches meet again */
    size_t pool_len[POOL];
} history;

static uint64_t below(history *h, uint64_t n) { return test_random_below(&h->random, n); }

static void pool_add(history *h, const void *id, size_t len) {
    h->pool[h->pool_count] = copy_bytes(echo__bytes(id, len));
    h->pool_len[h->pool_count++] = len;
}

/* Quotes, controls, UTF-8 of every length, and anything else that JSON can hold. */
static void odd_id(history *h, size_t len) {
    static const char *const pieces[] = {
        "\"", "\\", "\n",  "\x01", "\x1f", "\x7f", "/", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        "\t", "a",  "\"}", "u"};
    char id[ECHO__ID_MAX];
    size_t at = 0;
    while (at < len) {
        const char *piece = pieces[below(h, sizeof pieces / sizeof *pieces)];
        size_t n = strlen(piece);
        if (at + n > sizeof id) break;
        memcpy(id + at, piece, n);
        at += n;
    }
    pool_add(h, id, at);
}

static void fill_pool(history *h) {
    uint64_t kind = below(h, 5), serial = below(h, 1000000);
    size_t n = 1 + (size_t)below(h, POOL);
    while (h->pool_count < n) {
        char id[64];
        uint64_t one = kind == 4 ? below(h, 4) : kind;
        if (one == 0) { /* as they come */
            (void)snprintf(id, sizeof id, "%016llx", (unsigned long long)test_random_u64(&h->random));
            pool_add(h, id, strlen(id));
        } else if (one == 1) { /* never a boundary */
            find_id(id, sizeof id, "evil/", 0, &serial);
            pool_add(h, id, strlen(id));
        } else if (one == 2) {
            odd_id(h, below(h, 20) == 0 ? ECHO__ID_MAX : 1 + (size_t)below(h, 30));
        } else { /* more boundaries than chance would give */
            find_id(id, sizeof id, "edge/", (uint32_t)below(h, 3), &serial);
            pool_add(h, id, strlen(id));
        }
    }
}

static int by_id(const void *a, const void *b) {
    const echo__change *x = a, *y = b;
    return echo__bytes_compare(x->id, y->id);
}

static echo__stamp stamp_of(uint64_t mix) {
    echo__stamp stamp = {mix % 90, {{0}}, mix % 90};
    memset(stamp.feed.bytes, (int)(mix % 7 * 40), sizeof stamp.feed.bytes);
    stamp.time += mix % 4 == 0 ? mix : 1;
    return stamp;
}

/* A record of one of many kinds and feeds; the same for the same numbers. */
static void varied_line(echo__buf *out, echo_bytes id, uint64_t value, size_t pad) {
    static const char *const types[] = {NULL, "", "example:type/a", "example:type/\"b\"", "example:type/c"};
    uint64_t mix = value * 41 + pad;
    echo__record record;
    memset(&record, 0, sizeof record);
    record.id = id;
    record.type = echo__bytes_text(types[mix % 5]);
    if (mix % 3 > 0) record.model = text(mix % 3 == 1 ? "model/1" : "model/\n2");
    record.version = (uint32_t)(mix % 4);
    record.has_genesis = mix % 11 > 0;
    record.genesis = stamp_of(mix);
    record.has_parent_at = mix % 13 == 0;
    record.parent_at = stamp_of(mix + 1);
    record.has_deleted_at = record.deleted = mix % 17 == 0;
    record.deleted_at = stamp_of(mix + 2);
    record.state = text("{\"n\":1}");
    echo__buf_clear(out);
    echo__record_write(out, &record);
    assert_int_equal(out->status, ECHO_OK);
}

/* A batch of a random kind, applied to tree and model. */
static size_t step(history *h, echo__change *changes, echo__buf *lines) {
    size_t n = below(h, 4) == 0 ? 1 + (size_t)below(h, BATCH_MAX) : 1 + (size_t)below(h, 6), count = 0;
    uint64_t removals = below(h, 5) * 25; /* in percent: none, some, all */
    size_t from = (size_t)below(h, h->pool_count),
           near = below(h, 2) == 0 ? h->pool_count : 1 + n * 2; /* all over the place or close together */
    for (size_t i = 0; i < n; i++) {
        size_t k = (from + (size_t)below(h, near)) % h->pool_count;
        changes[count++].id = echo__bytes(h->pool[k], h->pool_len[k]);
    }
    qsort(changes, count, sizeof *changes, by_id);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || by_id(&changes[kept - 1], &changes[i]) != 0) changes[kept++] = changes[i];
    for (size_t i = 0; i < kept; i++) {
        changes[i].line = echo__bytes(NULL, 0);
        if (below(h, 100) < removals) continue;
        size_t len = (size_t)below(h, 40);
        if (below(h, 4) > 0)
            varied_line(&lines[i], changes[i].id, below(h, 3), len); /* sometimes what is there already */
        else
            make_line(&lines[i], changes[i].id, below(h, 3), len);
        changes[i].line = echo__buf_bytes(&lines[i]);
    }
    return kept;
}

static void apply_to_model(test_model *m, const echo__change *changes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (changes[i].line.data == NULL)
            model_remove(m, changes[i].id);
        else
            model_set(m, changes[i].id, changes[i].line);
    }
}

typedef struct expect {
    const test_model *a, *b;
    size_t at_a, at_b;
    echo__buf last;
} expect;

/* Each difference is the next one of the two arrays. */
static echo_status next_difference(void *arg, echo_bytes id, echo__line line_a, echo__line line_b) {
    expect *e = arg;
    for (;;) {
        const test_record *x = e->at_a < e->a->count ? &e->a->records[e->at_a] : NULL;
        const test_record *y = e->at_b < e->b->count ? &e->b->records[e->at_b] : NULL;
        assert_true(x != NULL || y != NULL);
        int order = x == NULL ? 1 : y == NULL ? -1 : echo__bytes_compare(id_of(x), id_of(y));
        e->at_a += order <= 0;
        e->at_b += order >= 0;
        if (order == 0 && echo__bytes_equal(line_of(x), line_of(y))) continue;
        assert_true(echo__bytes_equal(id, id_of(order <= 0 ? x : y)));
        assert_int_equal(line_a.text.data != NULL, order <= 0);
        assert_int_equal(line_b.text.data != NULL, order >= 0);
        if (order <= 0) assert_true(line_is(line_a, line_of(x)));
        if (order >= 0) assert_true(line_is(line_b, line_of(y)));
        return ECHO_OK;
    }
}

static echo_status no_difference(void *arg, echo_bytes id, echo__line line_a, echo__line line_b) {
    (void)arg, (void)id, (void)line_a, (void)line_b;
    return ECHO_ERR_REFUSED;
}

static void check_diff(history *h, const echo__root *old_root, const test_model *old) {
    echo_error err = ECHO_ERROR_INIT;
    expect e = {old, &h->model, 0, 0, ECHO__BUF_INIT};
    if (echo__tree_diff(h->chunks, old_root, h->chunks, &h->root, next_difference, &e, &err) != ECHO_OK)
        fail_msg("diff: %s", err.message);
    for (;;) { /* nothing was left out */
        const test_record *x = e.at_a < old->count ? &old->records[e.at_a++] : NULL;
        const test_record *y = e.at_b < h->model.count ? &h->model.records[e.at_b++] : NULL;
        if (x == NULL && y == NULL) break;
        assert_true(x != NULL && y != NULL && echo__bytes_equal(id_of(x), id_of(y)) &&
                    echo__bytes_equal(line_of(x), line_of(y)));
    }
    assert_ok(echo__tree_diff(h->chunks, &h->root, h->chunks, &h->root, no_difference, NULL, NULL));
}

static echo_status same_line(void *arg, echo__line line) {
    assert_true(line_is(line, line_of(arg)));
    return ECHO_OK;
}

static void check_lookups(history *h) {
    for (int i = 0; i < 20; i++) {
        size_t k = (size_t)below(h, h->pool_count);
        echo_bytes id = echo__bytes(h->pool[k], h->pool_len[k]);
        bool exists;
        size_t at = model_find(&h->model, id, &exists);
        echo__chunk_counts before, after;
        echo__chunks_counts(h->chunks, &before);
        assert_status(echo__tree_get(h->chunks, &h->root, id, same_line, exists ? &h->model.records[at] : NULL, NULL),
                      exists ? ECHO_OK : ECHO_ERR_NOT_FOUND);
        echo__chunks_counts(h->chunks, &after);
        assert_in_range(after.read - before.read, 0, h->root.height + 1);
    }
}

static void check_cursor(history *h, echo_bytes from) {
    bool exists;
    size_t at = from.data == NULL ? 0 : model_find(&h->model, from, &exists);
    echo__cursor *cursor;
    assert_ok(echo__cursor_open(&cursor, h->chunks, &h->root, from, NULL));
    echo__line line;
    for (; at < h->model.count; at++) {
        assert_ok(echo__cursor_next(&line, cursor, NULL));
        assert_true(line_is(line, line_of(&h->model.records[at])));
    }
    assert_status(echo__cursor_next(&line, cursor, NULL), ECHO_ERR_NOT_FOUND);
    assert_status(echo__cursor_next(&line, cursor, NULL), ECHO_ERR_NOT_FOUND);
    echo__cursor_close(cursor);
}

static echo_status count_reached(void *arg, const echo_hash *name) {
    (void)name;
    ++*(size_t *)arg;
    return ECHO_OK;
}

/* The same root as one build, which writes what the tree needs and no chunk more. */
static void check_rebuild(history *h) {
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    echo__root root = build(chunks, &h->model);
    assert_root_equal(&root, &h->root);
    echo_error err = ECHO_ERROR_INIT;
    if (echo__tree_verify(h->chunks, &h->root, NULL, &err) != ECHO_OK) fail_msg("verify: %s", err.message);
    size_t reached = 0;
    assert_ok(echo__tree_reach(chunks, &root, count_reached, &reached, NULL));
    echo__chunk_counts counts;
    echo__chunks_counts(chunks, &counts);
    assert_int_equal(counts.written, store->chunks.count);
    assert_int_equal(reached, store->chunks.count);
    echo__chunks_free(chunks);
    test_store_free(store);
}

/* Applying a batch once more changes and writes nothing. */
static void check_again(history *h, const echo__change *changes, size_t n) {
    echo__chunk_counts before, after;
    echo__chunks_counts(h->chunks, &before);
    echo__root root;
    h->store->fail_in = 0;
    assert_ok(echo__tree_update(&root, h->chunks, &h->root, changes, n, NULL));
    echo__chunks_counts(h->chunks, &after);
    assert_root_equal(&root, &h->root);
    assert_int_equal(after.written, before.written);
}

static void update(history *h, const echo__change *changes, size_t n) {
    echo_error err = ECHO_ERROR_INIT;
    if (below(h, 2) == 0) {
        if (echo__tree_update(&h->root, h->chunks, &h->root, changes, n, &err) != ECHO_OK)
            fail_msg("update: %s", err.message);
        return;
    }
    echo__update *u; /* in parts */
    assert_ok(echo__update_new(&u, h->chunks, &h->root));
    for (size_t from = 0; from < n;) {
        size_t part = 1 + (size_t)below(h, n - from);
        if (echo__update_add(u, changes + from, part, &err) != ECHO_OK) fail_msg("update: %s", err.message);
        from += part;
    }
    if (echo__update_finish(&h->root, u, &err) != ECHO_OK) fail_msg("update: %s", err.message);
    echo__update_free(u);
}

static void run(uint64_t seed) {
    history h;
    memset(&h, 0, sizeof h);
    h.random.state = seed;
    h.store = test_store_new();
    h.chunks = test_chunks(h.store);
    if (below(&h, 2) == 0) echo__chunks_keep(h.chunks, (size_t)below(&h, 20000)); /* hardly any memory */
    fill_pool(&h);
    static echo__change changes[BATCH_MAX];
    static echo__buf lines[BATCH_MAX];
    size_t steps = 2 + (size_t)below(&h, 14);
    for (size_t i = 0; i < steps; i++) {
        test_model old;
        model_copy(&old, &h.model);
        echo__root old_root = h.root;
        size_t n = step(&h, changes, lines);
        if (i == 0 && below(&h, 2) == 0) { /* start with all of them */
            for (size_t k = 0; k < h.pool_count; k++) model_add(&h.model, echo__bytes(h.pool[k], h.pool_len[k]), k, 5);
            h.root = build(h.chunks, &h.model);
        }
        update(&h, changes, n);
        apply_to_model(&h.model, changes, n);
        check_rebuild(&h);
        check_again(&h, changes, n);
        check_diff(&h, &old_root, &old);
        check_lookups(&h);
        check_cursor(&h, echo__bytes(NULL, 0));
        size_t k = (size_t)below(&h, h.pool_count);
        check_cursor(&h, echo__bytes(h.pool[k], h.pool_len[k]));
        model_free(&old);
    }
    for (size_t i = 0; i < BATCH_MAX; i++) echo__buf_free(&lines[i]);
    for (size_t i = 0; i < h.pool_count; i++) free(h.pool[i]);
    model_free(&h.model);
    echo__chunks_free(h.chunks);
    test_store_free(h.store);
}

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *value = getenv(name);
    return value == NULL ? otherwise : strtoull(value, NULL, 0);
}

static void test_histories(void **state) {
    (void)state;
    uint64_t seed = setting("ECHO_TEST_SEED", 20240501), runs = setting("ECHO_TEST_RUNS", 40);
    for (uint64_t i = 0; i < runs; i++) {
        print_message("seed %llu\n", (unsigned long long)(seed + i));
        run(seed + i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
