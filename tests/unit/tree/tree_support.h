/*
 * What the tests of the tree share: a store that can be tampered with and made to fail, a model to compare with (a
 * sorted array), and trees made of it. Everything fails the running test on trouble of its own.
 */
#ifndef TESTS_UNIT_TREE_SUPPORT_H
#define TESTS_UNIT_TREE_SUPPORT_H

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after those it needs */

#include <cjson/cJSON.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/map.h"
#include "support/random.h"
#include "tree/cursor.h"
#include "tree/diff.h"
#include "tree/leaf.h"
#include "tree/path.h"
#include "tree/reach.h"
#include "tree/record_write.h"
#include "tree/update.h"
#include "tree/verify.h"

static inline echo_bytes text(const char *s) { return echo__bytes(s, strlen(s)); }

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        echo_status status_ = (call);                                                                                  \
        if (status_ != ECHO_OK) fail_msg("%s: %s", #call, echo_status_name(status_));                                  \
    } while (0)
#define assert_status(call, expected) assert_string_equal(echo_status_name(call), echo_status_name(expected))
#define assert_bytes_text(bytes, expected)                                                                             \
    do {                                                                                                               \
        assert_int_equal((bytes).len, strlen(expected));                                                               \
        assert_memory_equal((bytes).data, (expected), (bytes).len);                                                    \
    } while (0)

/* ---- a store in memory; names are believed, so that tests can put anything under any name ---- */

typedef struct test_chunk {
    echo_hash name;
    size_t len;
    uint8_t *data;
} test_chunk;

typedef struct test_store {
    echo__map chunks;
    long fail_in; /* the call of get or put from now that fails, 0: none */
    echo_status fail_with;
    size_t puts; /* chunks put, those that were there included */
    echo_store store;
} test_store;

static inline bool test_store_fails(test_store *s) { return s->fail_in > 0 && --s->fail_in == 0; }

static inline echo_status test_store_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg,
                                         echo_error *err) {
    test_store *s = ctx;
    if (test_store_fails(s)) return echo__error(err, s->fail_with, "the store was told to fail");
    const test_chunk *c = echo__map_get(&s->chunks, name->bytes, sizeof name->bytes);
    return c == NULL ? ECHO_ERR_NOT_FOUND : fn(arg, echo__bytes(c->data, c->len));
}

static inline void test_store_set(test_store *s, const echo_hash *name, echo_bytes bytes) {
    test_chunk *c = echo__map_get(&s->chunks, name->bytes, sizeof name->bytes);
    if (c == NULL) {
        c = calloc(1, sizeof *c);
        assert_non_null(c);
        c->name = *name;
        assert_true(echo__map_put(&s->chunks, c->name.bytes, sizeof c->name.bytes, c));
    }
    free(c->data);
    c->data = malloc(bytes.len + 1);
    assert_non_null(c->data);
    if (bytes.len > 0) memcpy(c->data, bytes.data, bytes.len);
    c->len = bytes.len;
}

static inline echo_hash test_store_add(test_store *s, echo_bytes bytes) {
    echo_hash name;
    echo__hash(&name, bytes.data, bytes.len);
    test_store_set(s, &name, bytes);
    return name;
}

static inline void test_store_remove(test_store *s, const echo_hash *name) {
    test_chunk *c = echo__map_remove(&s->chunks, name->bytes, sizeof name->bytes);
    assert_non_null(c);
    free(c->data);
    free(c);
}

static inline test_chunk *test_store_chunk(test_store *s, const echo_hash *name) {
    return echo__map_get(&s->chunks, name->bytes, sizeof name->bytes);
}

static inline echo_status test_store_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks,
                                         size_t n, echo_error *err) {
    test_store *s = ctx;
    if (test_store_fails(s)) return echo__error(err, s->fail_with, "the store was told to fail");
    size_t count = 0;
    s->puts += n;
    for (size_t i = 0; i < n; i++) {
        if (test_store_chunk(s, &names[i]) != NULL) continue;
        test_store_set(s, &names[i], chunks[i]);
        count++;
    }
    if (written != NULL) *written = count;
    return ECHO_OK;
}

static inline test_store *test_store_new(void) {
    static const echo_store_ops ops = {.version = ECHO_STORE_OPS_VERSION, .get = test_store_get, .put = test_store_put};
    test_store *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_true(echo__crypto_init());
    echo__map_init(&s->chunks);
    s->store.ops = &ops;
    s->store.ctx = s;
    return s;
}

static inline void test_store_free(test_store *s) {
    size_t at = 0;
    for (test_chunk *c; (c = echo__map_next(&s->chunks, &at)) != NULL;) {
        free(c->data);
        free(c);
    }
    echo__map_free(&s->chunks);
    free(s);
}

static inline echo__chunks *test_chunks(const test_store *s) {
    echo__chunks *chunks;
    assert_ok(echo__chunks_new(&chunks, &s->store));
    return chunks;
}

/* ---- the model: records in ascending order of id ---- */

typedef struct test_record {
    char *id, *line;
    size_t id_len, line_len;
} test_record;

typedef struct test_model {
    test_record *records;
    size_t count, cap;
} test_model;

static inline echo_bytes id_of(const test_record *r) { return echo__bytes(r->id, r->id_len); }
static inline echo_bytes line_of(const test_record *r) { return echo__bytes(r->line, r->line_len); }

static inline char *copy_bytes(echo_bytes b) {
    char *copy = malloc(b.len + 1);
    assert_non_null(copy);
    if (b.len > 0) memcpy(copy, b.data, b.len);
    copy[b.len] = '\0';
    return copy;
}

static inline size_t model_find(const test_model *m, echo_bytes id, bool *exists) {
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (echo__bytes_compare(id_of(&m->records[mid]), id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *exists = low < m->count && echo__bytes_equal(id_of(&m->records[low]), id);
    return low;
}

static inline void model_remove(test_model *m, echo_bytes id) {
    bool exists;
    size_t at = model_find(m, id, &exists);
    if (!exists) return;
    free(m->records[at].id);
    free(m->records[at].line);
    memmove(&m->records[at], &m->records[at + 1], (m->count - at - 1) * sizeof *m->records);
    m->count--;
}

static inline void model_set(test_model *m, echo_bytes id, echo_bytes line) {
    bool exists;
    size_t at = model_find(m, id, &exists);
    if (exists) {
        free(m->records[at].line);
    } else {
        if (m->count == m->cap) {
            m->cap = m->cap * 2 + 16;
            m->records = realloc(m->records, m->cap * sizeof *m->records);
            assert_non_null(m->records);
        }
        memmove(&m->records[at + 1], &m->records[at], (m->count - at) * sizeof *m->records);
        m->count++;
        m->records[at].id = copy_bytes(id);
        m->records[at].id_len = id.len;
    }
    m->records[at].line = copy_bytes(line);
    m->records[at].line_len = line.len;
}

static inline void model_copy(test_model *out, const test_model *m) {
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < m->count; i++) model_set(out, id_of(&m->records[i]), line_of(&m->records[i]));
}

static inline void model_free(test_model *m) {
    for (size_t i = 0; i < m->count; i++) {
        free(m->records[i].id);
        free(m->records[i].line);
    }
    free(m->records);
    memset(m, 0, sizeof *m);
}

/* A record of an id with a number in its state and `pad` more bytes. */
static inline void make_line(echo__buf *out, echo_bytes id, uint64_t value, size_t pad) {
    echo__buf state = ECHO__BUF_INIT;
    echo__buf_text(&state, "{\"n\":");
    echo__buf_u64(&state, value % 1000000007u);
    echo__buf_text(&state, ",\"pad\":\"");
    for (size_t i = 0; i < pad; i++) echo__buf_byte(&state, (uint8_t)('a' + (value + i) % 26));
    echo__buf_text(&state, "\"}");
    echo__record record;
    memset(&record, 0, sizeof record);
    record.id = id;
    record.type = text("example:type/task");
    record.version = 1;
    record.state = echo__buf_bytes(&state);
    echo__buf_clear(out);
    echo__record_write(out, &record);
    assert_int_equal(out->status, ECHO_OK);
    echo__buf_free(&state);
}

static inline void model_add(test_model *m, echo_bytes id, uint64_t value, size_t pad) {
    echo__buf line = ECHO__BUF_INIT;
    make_line(&line, id, value, pad);
    model_set(m, id, echo__buf_bytes(&line));
    echo__buf_free(&line);
}

/* n records "item/000000" and so on. */
static inline void model_fill(test_model *m, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "item/%06zu", i);
        model_add(m, text(id), i, 10);
    }
}

/* Whether a line is that of a record, however it stands. */
static inline bool line_is(echo__line line, echo_bytes alone) {
    echo__buf text = ECHO__BUF_INIT;
    assert_ok(echo__line_expand(&text, line, NULL));
    bool same = echo__bytes_equal(echo__buf_bytes(&text), alone);
    echo__buf_free(&text);
    return same;
}

/* Where the records of a leaf begin. */
static inline size_t leaf_start(echo_bytes leaf) {
    const uint8_t *end = memchr(leaf.data, '\n', leaf.len);
    assert_non_null(end);
    return (size_t)(end - leaf.data) + 1;
}

/* The header of a leaf whose records refer to nothing. */
#define NO_HEADER "{\"feeds\":[],\"kinds\":[]}\n"

/* ---- trees ---- */

/* One update of the empty tree. */
static inline echo__root build(echo__chunks *chunks, const test_model *m) {
    static const echo__root empty;
    echo__change *changes = calloc(m->count + 1, sizeof *changes);
    assert_non_null(changes);
    for (size_t i = 0; i < m->count; i++) changes[i] = (echo__change){id_of(&m->records[i]), line_of(&m->records[i])};
    echo__root root;
    echo_error err = ECHO_ERROR_INIT;
    if (echo__tree_update(&root, chunks, &empty, changes, m->count, &err) != ECHO_OK)
        fail_msg("build: %s", err.message);
    free(changes);
    return root;
}

static inline void assert_root_equal(const echo__root *a, const echo__root *b) {
    assert_int_equal(a->items, b->items);
    assert_int_equal(a->bytes, b->bytes);
    assert_int_equal(a->height, b->height);
    assert_memory_equal(a->hash.bytes, b->hash.bytes, sizeof a->hash.bytes);
}

/* An id of which echo__boundary is `depth` exactly (or 1 and more when at_least). Starts with prefix. */
static inline void find_id(char *out, size_t size, const char *prefix, uint32_t depth, uint64_t *serial) {
    do (void)snprintf(out, size, "%s%06llu", prefix, (unsigned long long)(*serial)++);
    while (echo__boundary(text(out)) != depth);
}

static inline size_t find_bytes(echo_bytes in, const char *what, size_t len) {
    for (size_t i = 0; i + len <= in.len; i++)
        if (memcmp(in.data + i, what, len) == 0) return i;
    return SIZE_MAX;
}

/*
 * Puts `bytes` where the chunk `old` stands in the tree, and new chunks above it with the right hashes: what a liar
 * would send. Nodes name a chunk by its hex, so that is replaced.
 */
static inline void forge(test_store *s, echo__root *root, const echo_hash *old, echo_bytes bytes) {
    echo_hash from = *old, to = test_store_add(s, bytes);
    while (!echo__hash_equal(&from, &root->hash)) {
        char hex_from[ECHO_HEX_CHARS], hex_to[ECHO_HEX_CHARS];
        echo_hash_hex(hex_from, &from);
        echo_hash_hex(hex_to, &to);
        test_chunk *above = NULL;
        size_t place = SIZE_MAX, at = 0;
        for (test_chunk *c; place == SIZE_MAX && (c = echo__map_next(&s->chunks, &at)) != NULL;) {
            above = c;
            place = find_bytes(echo__bytes(c->data, c->len), hex_from, 64);
        }
        assert_true(place != SIZE_MAX);
        char *copy = copy_bytes(echo__bytes(above->data, above->len));
        memcpy(copy + place, hex_to, 64);
        from = above->name;
        to = test_store_add(s, echo__bytes(copy, above->len));
        free(copy);
    }
    root->hash = to;
}

#endif
