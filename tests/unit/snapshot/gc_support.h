/*
 * Snapshots without parties, for tests of keeping and removing them: content number c is the same records each time,
 * much of which other contents have too, with blobs, sealed segments in lines and in blobs, and credentials.
 */
#ifndef TESTS_UNIT_SNAPSHOT_GC_SUPPORT_H
#define TESTS_UNIT_SNAPSHOT_GC_SUPPORT_H

#include "unit/tree/tree_support.h"

#include "base/hash_set.h"
#include "snapshot/gc.h"
#include "snapshot/keep.h"
#include "store/store.h"
#include "support/store_contract.h"

#define GC_RECORDS 150u

static inline void gc_payload(test_model *m, echo__chunks *chunks, const char *id, echo_bytes state, echo_bytes log) {
    echo__record r;
    memset(&r, 0, sizeof r);
    r.id = text(id);
    r.model = text("example:model/any");
    r.version = state.data != NULL;
    r.state = state;
    r.log = log;
    echo__buf line = ECHO__BUF_INIT;
    echo__record_write(&line, &r);
    if (line.len > ECHO__RECORD_LINE_MAX) {
        echo__buf_clear(&line);
        echo__record_write_payload(&line, &r);
        r.has_blob = true;
        assert_ok(echo__chunks_put(&r.blob, chunks, echo__buf_bytes(&line), NULL));
        echo__buf_clear(&line);
        echo__record_write(&line, &r);
    }
    model_set(m, text(id), echo__buf_bytes(&line));
    echo__buf_free(&line);
}

/* A log whose sealed segment is of this content; `tail` entries make it long. */
static inline void gc_log(echo__buf *log, echo__chunks *chunks, const char *kind, unsigned content, unsigned tail) {
    char segment[40];
    echo_hash name;
    (void)snprintf(segment, sizeof segment, "segment %s %u\n", kind, content);
    assert_ok(echo__chunks_put(&name, chunks, text(segment), NULL));
    echo__buf_clear(log);
    echo__buf_text(log, "{\"n\":");
    echo__buf_u64(log, 64 + tail);
    echo__buf_text(log, ",\"sealed\":[\"");
    echo__buf_hex(log, name.bytes, 32);
    echo__buf_text(log, "\"],\"tail\":[");
    for (unsigned i = 0; i < tail; i++) {
        echo__buf_text(log, i == 0 ? "[" : ",[");
        echo__buf_u64(log, i);
        echo__buf_text(log, ",\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\",1,\"AAECAw==\"]");
    }
    echo__buf_text(log, "]}");
}

static inline echo__root gc_items(echo__chunks *chunks, unsigned content) {
    test_model m = {NULL, 0, 0};
    echo__buf log = ECHO__BUF_INIT, state = ECHO__BUF_INIT;
    model_fill(&m, GC_RECORDS);
    for (unsigned i = content % 10; i < GC_RECORDS; i += 50) {
        char id[32];
        (void)snprintf(id, sizeof id, "item/%06u", i);
        model_add(&m, text(id), 1000 + content, 20);
    }
    gc_log(&log, chunks, "in a line", content, 0);
    gc_payload(&m, chunks, "item/000007/log", echo__bytes(NULL, 0), echo__buf_bytes(&log));
    gc_log(&log, chunks, "in a blob", content, 60);
    gc_payload(&m, chunks, "item/000080/log", text("null"), echo__buf_bytes(&log));
    echo__buf_text(&state, "{\"text\":\"");
    echo__buf_u64(&state, content);
    while (state.len < 5000) echo__buf_byte(&state, 'y');
    echo__buf_text(&state, "\"}");
    gc_payload(&m, chunks, "item/000120/blob", echo__buf_bytes(&state), echo__bytes(NULL, 0));
    echo__root root = build(chunks, &m);
    model_free(&m);
    echo__buf_free(&log);
    echo__buf_free(&state);
    return root;
}

static inline echo__root gc_credentials(echo__chunks *chunks, unsigned content) {
    test_model m = {NULL, 0, 0};
    for (unsigned i = 0; i < 2; i++) {
        char id[100];
        echo__buf line = ECHO__BUF_INIT;
        echo__record r;
        memset(&r, 0, sizeof r);
        (void)snprintf(id, sizeof id, "%016x-%064x-%016x", i, 7u, i * content);
        r.id = text(id);
        r.bytes = text("AAE=");
        echo__record_write(&line, &r);
        model_set(&m, r.id, echo__buf_bytes(&line));
        echo__buf_free(&line);
    }
    echo__root root = build(chunks, &m);
    model_free(&m);
    return root;
}

/* Publishes content c for a party as number expected + 1, which covers feed 1 up to `seq`, and feed 2 up to 5 when seq
 * is even. */
static inline echo_status gc_try_publish(const echo_store *store, uint8_t party, uint64_t expected, unsigned content,
                                         uint64_t seq) {
    echo__manifest m;
    echo__chunks *chunks;
    echo__buf out = ECHO__BUF_INIT;
    echo_key key = store_party(party), feeds[2] = {{{1}}, {{2}}};
    memset(&m, 0, sizeof m);
    assert_ok(echo__chunks_new(&chunks, store));
    m.party = key;
    m.number = expected + 1;
    m.generation = 2;
    m.time = 1000 + (int64_t)expected;
    m.items = gc_items(chunks, content);
    m.credentials = gc_credentials(chunks, content % 3);
    assert_ok(echo_timeframe_new(&m.timeframe));
    assert_ok(echo_timeframe_set(m.timeframe, &feeds[0], seq));
    if (seq % 2 == 0) assert_ok(echo_timeframe_set(m.timeframe, &feeds[1], 5));
    assert_ok(echo__manifest_write(&out, &m, NULL, NULL));
    echo_status status = store->ops->publish(store->ctx, &key, expected, echo__buf_bytes(&out), NULL);
    echo__buf_free(&out);
    echo__manifest_free(&m);
    echo__chunks_free(chunks);
    return status;
}

static inline void gc_publish(const echo_store *store, uint8_t party, uint64_t expected, unsigned content) {
    assert_ok(gc_try_publish(store, party, expected, content, 10 * (expected + 1)));
}

/* Any text as a manifest. */
static inline void gc_publish_text(const echo_store *store, uint8_t party, uint64_t expected, const char *manifest) {
    echo_key key = store_party(party);
    assert_ok(store->ops->publish(store->ctx, &key, expected, text(manifest), NULL));
}

/* ---- what is there ---- */

typedef struct gc_numbers {
    uint64_t list[32];
    size_t count;
} gc_numbers;

static inline echo_status gc_note_number(void *arg, uint64_t number, echo_bytes manifest) {
    gc_numbers *n = arg;
    (void)manifest;
    assert_true(n->count < 32);
    n->list[n->count++] = number;
    return ECHO_OK;
}

static inline gc_numbers gc_list(const echo_store *store, uint8_t party) {
    gc_numbers n = {.count = 0};
    echo_key key = store_party(party);
    assert_ok(store->ops->list(store->ctx, &key, gc_note_number, &n, NULL));
    return n;
}

/* "3 2" */
static inline void assert_numbers(const echo_store *store, uint8_t party, const char *expected) {
    char is[200] = "";
    gc_numbers n = gc_list(store, party);
    for (size_t i = 0; i < n.count; i++)
        (void)snprintf(is + strlen(is), sizeof is - strlen(is), "%s%llu", i > 0 ? " " : "",
                       (unsigned long long)n.list[i]);
    assert_string_equal(is, expected);
}

typedef struct gc_reach {
    const echo_store *store;
    echo__hash_set names;
    uint8_t party;
} gc_reach;

static inline echo_status gc_note_reached(void *arg, const echo_hash *name) {
    gc_reach *r = arg;
    bool news;
    assert_true(echo__hash_set_add(&r->names, name, 1, &news));
    return ECHO_OK;
}

static inline echo_status gc_reach_manifest(void *arg, uint64_t number, echo_bytes bytes) {
    gc_reach *r = arg;
    echo__manifest m;
    echo__chunks *chunks;
    echo_error err = ECHO_ERROR_INIT;
    echo_key key = store_party(r->party);
    if (echo__manifest_read(&m, bytes, NULL) != ECHO_OK) return ECHO_OK;
    if (echo_snapshot_verify(r->store, &key, number, &err) != ECHO_OK)
        fail_msg("snapshot %u of party %u: %s", (unsigned)number, r->party, err.message);
    assert_ok(echo__chunks_new(&chunks, r->store));
    assert_ok(echo__tree_reach(chunks, &m.items, gc_note_reached, r, NULL));
    assert_ok(echo__tree_reach(chunks, &m.credentials, gc_note_reached, r, NULL));
    echo__chunks_free(chunks);
    echo__manifest_free(&m);
    return ECHO_OK;
}

typedef struct gc_walk {
    const gc_reach *reach;
    size_t count, unneeded;
    uint64_t bytes;
} gc_walk;

static inline echo_status gc_count_chunk(void *arg, const echo_hash *name, uint64_t size) {
    gc_walk *w = arg;
    w->count++;
    w->bytes += size;
    w->unneeded += echo__hash_set_get(&w->reach->names, name) == 0;
    return ECHO_OK;
}

/* Verifies every good snapshot of parties 1 to 3, and that no needed chunk is missing; how many chunks no snapshot
 * needs. */
static inline size_t gc_unneeded(const echo_store *store) {
    gc_reach r = {.store = store};
    gc_walk w = {&r, 0, 0, 0};
    echo__hash_set_init(&r.names);
    for (r.party = 1; r.party <= 3; r.party++) {
        echo_key key = store_party(r.party);
        assert_ok(store->ops->list(store->ctx, &key, gc_reach_manifest, &r, NULL));
    }
    assert_ok(store->ops->walk(store->ctx, gc_count_chunk, &w, NULL));
    assert_int_equal(w.count - w.unneeded,
                     r.names.count); /* segments too, which verifying needs not to be told about */
    echo__hash_set_free(&r.names);
    return w.unneeded;
}

static inline echo_hash gc_digest(const echo_store *store) {
    echo_key parties[3] = {store_party(1), store_party(2), store_party(3)};
    echo_hash out;
    assert_ok(store_digest(store, parties, 3, &out, NULL));
    return out;
}

static inline void assert_unchanged(const echo_store *store, const echo_hash *before) {
    echo_hash now = gc_digest(store);
    assert_memory_equal(now.bytes, before->bytes, sizeof now.bytes);
}

/* Finds a chunk of a store by what it begins with and has in it; the first. */
typedef struct gc_search {
    const char *begin, *within;
    echo_hash names[400];
    size_t count;
    bool match;
} gc_search;

static inline echo_status gc_note_name(void *arg, const echo_hash *name, uint64_t size) {
    gc_search *s = arg;
    (void)size;
    assert_true(s->count < 400);
    s->names[s->count++] = *name;
    return ECHO_OK;
}

static inline echo_status gc_match(void *arg, echo_bytes bytes) {
    gc_search *s = arg;
    s->match = bytes.len >= strlen(s->begin) && memcmp(bytes.data, s->begin, strlen(s->begin)) == 0 &&
               (s->within == NULL || find_bytes(bytes, s->within, strlen(s->within)) != SIZE_MAX);
    return ECHO_OK;
}

static inline echo_hash gc_find(const echo_store *store, const char *begin, const char *within) {
    static gc_search s;
    s = (gc_search){.begin = begin, .within = within};
    assert_ok(store->ops->walk(store->ctx, gc_note_name, &s, NULL));
    for (size_t i = 0; i < s.count; i++) {
        assert_ok(store->ops->get(store->ctx, &s.names[i], gc_match, &s, NULL));
        if (s.match) return s.names[i];
    }
    fail_msg("no chunk begins with %s", begin);
    return s.names[0];
}

#endif
