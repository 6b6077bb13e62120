/*
 * The frontier: what is missing of a tree is asked for, all of it, once, and nothing else.   ECHO_TEST_SEED=n: only
 * that seed.
 */
#include "exchange/frontier.h"

#include "exchange/overlay.h"
#include "support/fault.h"
#include "unit/tree/tree_support.h"

/* A source with a tree, and a copy that is being made of it. */
typedef struct setup {
    test_random rng;
    test_store *source, *copy;
    echo__chunks *from, *to; /* to: what is missing is ECHO_ERR_PENDING */
    echo__overlay overlay;
    test_model model;
    echo__root root;
} setup;

static echo__chunks *chunks_over(setup *s) {
    echo__chunks *chunks;
    assert_ok(echo__chunks_new(&chunks, &s->overlay.store));
    return chunks;
}

static void begin(setup *s, uint64_t seed) {
    memset(s, 0, sizeof *s);
    s->rng.state = seed;
    s->source = test_store_new();
    s->copy = test_store_new();
    s->from = test_chunks(s->source);
    echo__overlay_init(&s->overlay, &s->copy->store);
    s->to = chunks_over(s);
}

static void end(setup *s) {
    model_free(&s->model);
    echo__chunks_free(s->to);
    echo__chunks_free(s->from);
    echo__overlay_free(&s->overlay);
    test_store_free(s->source);
    test_store_free(s->copy);
}

static uint64_t chance(setup *s, uint64_t n) { return test_random_below(&s->rng, n); }

/* A record whose payload is a blob, of one of `kinds` payloads, or a log with sealed segments, or both. */
static void add_big(setup *s, const char *id, unsigned kinds) {
    echo__record r;
    echo__buf state = ECHO__BUF_INIT, log = ECHO__BUF_INIT, line = ECHO__BUF_INIT, blob = ECHO__BUF_INIT;
    unsigned which = (unsigned)chance(s, kinds);
    memset(&r, 0, sizeof r);
    r.id = text(id);
    r.model = text("example:model/any");
    r.version = 1;
    echo__buf_text(&state, "{\"text\":\"");
    echo__buf_u64(&state, which);
    while (state.len < (which % 3 == 0 ? 50 : 5000)) echo__buf_byte(&state, 'y');
    echo__buf_text(&state, "\"}");
    r.state = echo__buf_bytes(&state);
    if (which % 3 != 1) {
        echo__buf_text(&log, "{\"n\":128,\"sealed\":[\"");
        for (unsigned i = 0; i < 2; i++) {
            char segment[32];
            echo_hash name;
            (void)snprintf(segment, sizeof segment, "segment %u\n", which / 2 + i);
            assert_ok(echo__chunks_put(&name, s->from, text(segment), NULL));
            echo__buf_hex(&log, name.bytes, sizeof name.bytes);
            echo__buf_text(&log, i == 0 ? "\",\"" : "\"],\"tail\":[]}");
        }
        r.log = echo__buf_bytes(&log);
    }
    echo__record_write(&line, &r);
    if (line.len > ECHO__RECORD_LINE_MAX) {
        echo__record_write_payload(&blob, &r);
        r.has_blob = true;
        assert_ok(echo__chunks_put(&r.blob, s->from, echo__buf_bytes(&blob), NULL));
        echo__buf_clear(&line);
        echo__record_write(&line, &r);
    }
    assert_int_equal(line.status, ECHO_OK);
    model_set(&s->model, r.id, echo__buf_bytes(&line));
    echo__buf_free(&state);
    echo__buf_free(&log);
    echo__buf_free(&line);
    echo__buf_free(&blob);
}

static void grow(setup *s, size_t plain, size_t big, unsigned kinds) {
    char id[32];
    for (size_t i = 0; i < plain; i++) {
        (void)snprintf(id, sizeof id, "item/%06u", (unsigned)chance(s, 1000000));
        model_add(&s->model, text(id), chance(s, 1000000), 10);
    }
    for (size_t i = 0; i < big; i++) {
        (void)snprintf(id, sizeof id, "item/%06u", (unsigned)chance(s, 1000000));
        add_big(s, id, kinds);
    }
    s->root = build(s->from, &s->model);
}

/* ---- what a tree consists of ---- */

static echo_status note(void *arg, const echo_hash *name) {
    bool news;
    assert_true(echo__hash_set_add(arg, name, 1, &news));
    return ECHO_OK;
}

static void names_of(echo__hash_set *out, echo__chunks *chunks, const echo__root *root) {
    echo_error err = ECHO_ERROR_INIT;
    echo__hash_set_init(out);
    if (echo__tree_reach(chunks, root, note, out, &err) != ECHO_OK) fail_msg("%s", err.message);
}

static void give(setup *s, const echo_hash *name) {
    const test_chunk *c = test_store_chunk(s->source, name);
    assert_non_null(c);
    test_store_set(s->copy, name, echo__bytes(c->data, c->len));
}

static void give_all(setup *s, const echo__root *root) {
    echo__hash_set names;
    names_of(&names, s->from, root);
    for (size_t i = 0; names.slots != NULL && i <= names.mask; i++)
        if (names.bits[i] != 0) give(s, &names.slots[i]);
    echo__hash_set_free(&names);
}

/* ---- walking ---- */

typedef struct walk {
    echo__frontier f;
    echo__hash_set asked;
    uint64_t asks, looks;
    echo__want *out[64];
    size_t out_count;
} walk;

static void walk_begin(walk *w, setup *s, const echo__root *base) {
    echo_error err = ECHO_ERROR_INIT;
    memset(w, 0, sizeof *w);
    echo__hash_set_init(&w->asked);
    if (echo__frontier_init(&w->f, s->to, &s->root, base, &err) != ECHO_OK) fail_msg("%s", err.message);
}

static void walk_end(walk *w) {
    while (w->out_count > 0) echo__frontier_return(&w->f, w->out[--w->out_count]);
    echo__frontier_free(&w->f);
    echo__hash_set_free(&w->asked);
}

static echo__want *take(walk *w, size_t i) {
    echo__want *want = w->out[i];
    w->out[i] = w->out[--w->out_count];
    return want;
}

/* One thing: asks for the next, or one of those that are outstanding comes, or is lost. */
static echo_status walk_step(walk *w, setup *s, echo_error *err) {
    uint64_t what = chance(s, 8);
    if (w->out_count > 0 && (what < 3 || w->out_count == 64 || w->f.stack == NULL)) {
        echo__want *want = take(w, (size_t)chance(s, w->out_count));
        const test_chunk *c = test_store_chunk(s->source, &want->hash);
        assert_non_null(c);
        if (c->len > want->most || (want->exact && c->len != want->most)) { /* it is not taken from anybody */
            echo__frontier_return(&w->f, want);
            return ECHO_ERR_CORRUPT;
        }
        give(s, &want->hash);
        return echo__frontier_arrived(&w->f, want, err);
    }
    if (w->out_count > 0 && what == 3) {
        echo__want *want = take(w, (size_t)chance(s, w->out_count));
        echo__hash_set_free(&w->asked); /* it may be asked for again: counting begins anew */
        echo__frontier_return(&w->f, want);
        return ECHO_OK;
    }
    unsigned looks = 1 + (unsigned)chance(s, 5), before = looks;
    echo__want *want;
    echo_status status = echo__frontier_next(&want, &w->f, &looks, err);
    w->looks += before - looks;
    if (status != ECHO_OK || want == NULL) return status;
    bool news;
    assert_true(echo__hash_set_add(&w->asked, &want->hash, (uint8_t)(1u << want->kind), &news));
    if (!news) fail_msg("asked for twice, %d", (int)want->kind);
    if (test_store_chunk(s->copy, &want->hash) != NULL) { /* unless it has rotted */
        const test_chunk *c = test_store_chunk(s->copy, &want->hash);
        echo_hash is;
        echo__hash(&is, c->data, c->len);
        assert_false(echo__hash_equal(&is, &want->hash));
    }
    w->asks++;
    w->out[w->out_count++] = want;
    return ECHO_OK;
}

static void walk_all(walk *w, setup *s) {
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned steps = 0; !echo__frontier_done(&w->f); steps++) {
        if (walk_step(w, s, &err) != ECHO_OK) fail_msg("%s", err.message);
        if (steps > 1000000) fail_msg("it does not end");
    }
    assert_true(w->f.items == s->root.items);
}

/* The copy has all of the tree, which verifies, and the frontier knows it by name, or the base has it. */
static void assert_whole(setup *s, const walk *w, const echo__root *base) {
    echo__hash_set names, of_base;
    echo_error err = ECHO_ERROR_INIT;
    names_of(&names, s->from, &s->root);
    echo__hash_set_init(&of_base);
    if (base != NULL) {
        echo__hash_set_free(&of_base);
        names_of(&of_base, s->from, base);
    }
    for (size_t i = 0; names.slots != NULL && i <= names.mask; i++) {
        if (names.bits[i] == 0) continue;
        assert_non_null(test_store_chunk(s->copy, &names.slots[i]));
        assert_true(echo__hash_set_get(&w->f.names, &names.slots[i]) != 0 ||
                    echo__hash_set_get(&of_base, &names.slots[i]) != 0);
    }
    assert_true(w->f.names.count <= names.count);
    echo__chunks_keep(s->to, 0);
    if (echo__tree_verify(s->to, &s->root, NULL, &err) != ECHO_OK) fail_msg("%s", err.message);
    echo__hash_set_free(&names);
    echo__hash_set_free(&of_base);
}

/* ---- tests ---- */

/* A store with some of the chunks, some of them rotten: the others are asked for, in whatever order they come. */
static void partly_here(uint64_t seed) {
    setup s;
    walk w;
    echo__hash_set names;
    begin(&s, seed);
    unsigned value = 1 + (unsigned)chance(&s, 40);
    size_t second = (size_t)chance(&s, 60);
    grow(&s, (size_t)chance(&s, 1500), second, value);
    names_of(&names, s.from, &s.root);
    size_t missing = 0;
    for (size_t i = 0; names.slots != NULL && i <= names.mask; i++) {
        if (names.bits[i] == 0) continue;
        uint64_t how = chance(&s, 10);
        if (how < 5) give(&s, &names.slots[i]);
        if (how < 5 && chance(&s, 20) == 0) {
            test_store_chunk(s.copy, &names.slots[i])->data[0] ^= 1;
            how = 9;
        }
        missing += how >= 5;
    }
    walk_begin(&w, &s, NULL);
    walk_all(&w, &s);
    if (w.asks < missing)
        fail_msg("seed %llu: %llu asked for of %zu", (unsigned long long)seed, (unsigned long long)w.asks, missing);
    assert_whole(&s, &w, NULL);
    walk_end(&w);
    echo__hash_set_free(&names);
    end(&s);
}

/* Of a tree that a complete one differs from in places, only what differs is looked at. */
static void over_base(uint64_t seed) {
    setup s;
    walk w;
    begin(&s, seed);
    unsigned value = 1 + (unsigned)chance(&s, 40);
    size_t second = (size_t)chance(&s, 60);
    grow(&s, 1000 + (size_t)chance(&s, 2000), second, value);
    echo__root base = s.root;
    give_all(&s, &base);
    for (uint64_t n = chance(&s, 30); n > 0; n--)
        model_remove(&s.model, id_of(&s.model.records[chance(&s, s.model.count)]));
    for (uint64_t n = chance(&s, 30); n > 0; n--) {
        uint64_t serial = chance(&s, 1000000);
        model_add(&s.model, id_of(&s.model.records[chance(&s, s.model.count)]), serial, 10);
    }
    second = (size_t)chance(&s, 3);
    grow(&s, (size_t)chance(&s, 20), second, 1000);
    echo__hash_set before, after;
    names_of(&before, s.from, &base);
    names_of(&after, s.from, &s.root);
    uint64_t differ = 0;
    for (size_t i = 0; after.slots != NULL && i <= after.mask; i++)
        if (after.bits[i] != 0 && echo__hash_set_get(&before, &after.slots[i]) == 0) differ++;
    walk_begin(&w, &s, &base);
    walk_all(&w, &s);
    assert_true(w.asks >= differ);
    if (w.asks > differ + 200)
        fail_msg("seed %llu: %llu asked for of %llu", (unsigned long long)seed, (unsigned long long)w.asks,
                 (unsigned long long)differ);
    assert_true(w.f.same > 0 || differ == 0 || s.root.height == 0);
    assert_whole(&s, &w, &base);
    walk_end(&w);
    echo__hash_set_free(&before);
    echo__hash_set_free(&after);
    end(&s);
}

static void each_seed(void (*fn)(uint64_t seed), uint64_t n) {
    const char *given = getenv("ECHO_TEST_SEED");
    uint64_t from = given == NULL ? 1 : strtoull(given, NULL, 10);
    if (given != NULL) n = 1;
    (void)fprintf(stderr, "seeds %llu..%llu\n", (unsigned long long)from, (unsigned long long)(from + n - 1));
    for (uint64_t seed = from; seed < from + n; seed++) fn(seed);
}

static void test_partly_here(void **state) {
    (void)state;
    each_seed(partly_here, 60);
}

static void test_over_base(void **state) {
    (void)state;
    each_seed(over_base, 40);
}

/* Payloads and segments that several items share come once, also while they are under way. */
static void test_shared(void **state) {
    (void)state;
    setup s;
    walk w;
    echo_error err = ECHO_ERROR_INIT;
    begin(&s, 1);
    grow(&s, 0, 40, 4);
    walk_begin(&w, &s, NULL);
    echo__want *all[512];
    size_t n = 0, asked = 0;
    while (!echo__frontier_done(&w.f)) { /* everything that can be asked for is, before anything comes */
        unsigned looks = UINT32_MAX;
        echo__want *want;
        do {
            if (echo__frontier_next(&want, &w.f, &looks, &err) != ECHO_OK) fail_msg("%s", err.message);
            if (want != NULL) all[n++] = want;
        } while (want != NULL);
        asked += n;
        while (n > 0) {
            give(&s, &all[--n]->hash);
            assert_ok(echo__frontier_arrived(&w.f, all[n], &err));
        }
    }
    echo__hash_set names;
    names_of(&names, s.from, &s.root);
    assert_int_equal(asked, names.count);
    assert_whole(&s, &w, NULL);
    echo__hash_set_free(&names);
    walk_end(&w);
    end(&s);
}

/* The same tree as the base, and the empty one, are here. */
static void test_nothing_to_do(void **state) {
    (void)state;
    setup s;
    walk w;
    begin(&s, 1);
    walk_begin(&w, &s, NULL);
    assert_true(echo__frontier_done(&w.f));
    walk_end(&w);
    grow(&s, 500, 10, 10);
    walk_begin(&w, &s, &s.root);
    assert_true(echo__frontier_done(&w.f));
    assert_int_equal(w.f.items, s.root.items);
    walk_end(&w);
    end(&s);
}

/* Runs to the end; whether that is a fault of the tree. */
static bool is_refused(setup *s) {
    walk w;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = ECHO_OK;
    memset(&w, 0, sizeof w);
    echo__hash_set_init(&w.asked);
    status = echo__frontier_init(&w.f, s->to, &s->root, NULL, &err);
    for (unsigned steps = 0; status == ECHO_OK && !echo__frontier_done(&w.f); steps++) {
        status = walk_step(&w, s, &err);
        if (steps > 100000) fail_msg("it does not end");
    }
    if (status != ECHO_OK) assert_status(status, ECHO_ERR_CORRUPT);
    walk_end(&w);
    return status != ECHO_OK;
}

static void start_over(setup *s) {
    echo__chunks_free(s->to);
    echo__overlay_free(&s->overlay);
    test_store_free(s->copy);
    s->copy = test_store_new();
    echo__overlay_init(&s->overlay, &s->copy->store);
    s->to = chunks_over(s);
}

/* What was forged is gone again. */
static void clean(setup *s, const echo__hash_set *names) {
    test_chunk *c;
    do {
        size_t at = 0;
        while ((c = echo__map_next(&s->source->chunks, &at)) != NULL && echo__hash_set_get(names, &c->name) != 0) {}
        if (c == NULL) return;
        echo_hash name = c->name;
        test_store_remove(s->source, &name);
    } while (true);
}

/* A page whose hash is right and whose numbers, ids or order are not: CORRUPT, in the end. */
static void test_wrong_claims(void **state) {
    (void)state;
    setup s;
    begin(&s, 5);
    grow(&s, 700, 0, 1);
    echo__root root = s.root;
    echo__hash_set names;
    names_of(&names, s.from, &root);
    unsigned forged = 0;
    for (size_t i = 0; i <= names.mask; i++) {
        if (names.bits[i] == 0) continue;
        const test_chunk *c = test_store_chunk(s.source, &names.slots[i]);
        echo_bytes bytes = echo__bytes(c->data, c->len);
        for (unsigned how = 0; how < 4; how++) {
            char *bad = copy_bytes(bytes);
            size_t len = bytes.len, at = SIZE_MAX;
            if (how == 0) at = find_bytes(bytes, "\"items\":", 8);
            if (how == 1) at = find_bytes(bytes, "\"bytes\":", 8);
            if (how < 2 && at != SIZE_MAX) bad[at + 8] = bad[at + 8] == '9' ? '8' : (char)(bad[at + 8] + 1);
            if (how == 2) { /* the first line is missing */
                const char *end_of_line = memchr(bad, '\n', len);
                size_t first = (size_t)(end_of_line - bad) + 1;
                if (first < len) {
                    memmove(bad, bad + first, len - first);
                    len -= first;
                    at = 0;
                }
            }
            if (how == 3) { /* it comes twice */
                const char *end_of_line = memchr(bad, '\n', len);
                size_t first = (size_t)(end_of_line - bad) + 1;
                char *twice = malloc(len + first);
                memcpy(twice, bad, first);
                memcpy(twice + first, bad, len);
                free(bad);
                bad = twice;
                len += first;
                at = 0;
            }
            if (at != SIZE_MAX) {
                echo_hash old = names.slots[i];
                s.root = root;
                if (echo__hash_equal(&old, &root.hash))
                    s.root.hash = test_store_add(s.source, echo__bytes(bad, len));
                else
                    forge(s.source, &s.root, &old, echo__bytes(bad, len));
                start_over(&s);
                if (!is_refused(&s)) fail_msg("taken: chunk %zu, %u", i, how);
                forged++;
                clean(&s, &names);
            }
            free(bad);
            c = test_store_chunk(s.source, &names.slots[i]);
            bytes = echo__bytes(c->data, c->len);
        }
    }
    assert_true(forged > 50);
    s.root = root;
    start_over(&s);
    assert_false(is_refused(&s));
    /* and the root's own numbers */
    for (unsigned how = 0; how < 5; how++) {
        s.root = root;
        if (how == 0) s.root.items++;
        if (how == 1) s.root.bytes--;
        if (how == 2) s.root.height++;
        if (how == 3) s.root.height--;
        if (how == 4) s.root.height = ECHO__TREE_HEIGHT_MAX + 1;
        start_over(&s);
        assert_true(is_refused(&s));
    }
    echo__hash_set_free(&names);
    end(&s);
}

/* A hash that is named as a segment in one place and as a payload in another is both: what the payload names is fetched
 * too. */
static void test_both_roles(void **state) {
    (void)state;
    setup s;
    walk w;
    begin(&s, 1);
    echo__buf payload = ECHO__BUF_INIT, line = ECHO__BUF_INIT, log = ECHO__BUF_INIT;
    echo_hash segment = test_store_add(s.source, text("a segment\n")), blob;
    echo__record r;
    memset(&r, 0, sizeof r);
    echo__buf_text(&log, "{\"n\":64,\"sealed\":[\"");
    echo__buf_hex(&log, segment.bytes, 32);
    echo__buf_text(&log, "\"],\"tail\":[]}");
    r.log = echo__buf_bytes(&log);
    echo__record_write_payload(&payload, &r);
    blob = test_store_add(s.source, echo__buf_bytes(&payload));
    for (unsigned i = 0; i < 2; i++) {
        memset(&r, 0, sizeof r);
        r.id = text(i == 0 ? "a" : "b");
        r.model = text("example:model/any");
        r.version = 1;
        echo__buf_clear(&log);
        echo__buf_clear(&line);
        if (i == 0) {
            echo__buf_text(&log, "{\"n\":64,\"sealed\":[\"");
            echo__buf_hex(&log, blob.bytes, 32);
            echo__buf_text(&log, "\"],\"tail\":[]}");
            r.log = echo__buf_bytes(&log);
        } else {
            r.has_blob = true;
            r.blob = blob;
        }
        echo__record_write(&line, &r);
        model_set(&s.model, r.id, echo__buf_bytes(&line));
    }
    s.root = build(s.from, &s.model);
    for (unsigned round = 0; round < 30; round++) {
        start_over(&s);
        walk_begin(&w, &s, NULL);
        walk_all(&w, &s);
        assert_non_null(test_store_chunk(s.copy, &segment));
        walk_end(&w);
    }
    echo__buf_free(&payload);
    echo__buf_free(&line);
    echo__buf_free(&log);
    end(&s);
}

/* Out of memory anywhere: told, and what was wanted is wanted still. */
static void test_no_memory(void **state) {
    (void)state;
    for (long nth = 1;; nth++) {
        setup s;
        walk w;
        echo_error err = ECHO_ERROR_INIT;
        begin(&s, 9);
        grow(&s, 100, 6, 3);
        long before = fault_blocks();
        walk_begin(&w, &s, NULL);
        unsigned told = 0;
        bool hit = false;
        fault_at(nth);
        while (!echo__frontier_done(&w.f)) {
            echo__want *want;
            unsigned looks = 100;
            echo_status status = echo__frontier_next(&want, &w.f, &looks, &err);
            if (status == ECHO_OK && want != NULL) {
                const test_chunk *c = test_store_chunk(s.source, &want->hash);
                if (test_store_chunk(s.copy, &want->hash) == NULL) { /* the copy's own memory is no part of it */
                    hit = fault_off() || hit;
                    test_store_set(s.copy, &want->hash, echo__bytes(c->data, c->len));
                    if (!hit) fault_at(nth);
                }
                status = echo__frontier_arrived(&w.f, want, &err);
            }
            if (status == ECHO_OK) continue;
            assert_status(status, ECHO_ERR_NOMEM);
            told++;
        }
        hit = fault_off() || hit;
        assert_in_range(told, 0, 1);
        assert_true(w.f.items == s.root.items);
        assert_whole(&s, &w, NULL);
        walk_end(&w);
        (void)before;
        end(&s);
        if (!hit) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partly_here),   cmocka_unit_test(test_over_base),    cmocka_unit_test(test_shared),
        cmocka_unit_test(test_nothing_to_do), cmocka_unit_test(test_wrong_claims), cmocka_unit_test(test_both_roles),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
