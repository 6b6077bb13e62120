#include "unit/tree/tree_support.h"

typedef struct sides {
    test_store *store_a, *store_b;
    echo__chunks *a, *b; /* separate, as between two peers */
    test_model model_a, model_b;
    echo__root root_a, root_b;
} sides;

static void set_up(sides *s, size_t n) {
    memset(s, 0, sizeof *s);
    s->store_a = test_store_new();
    s->store_b = test_store_new();
    s->a = test_chunks(s->store_a);
    s->b = test_chunks(s->store_b);
    model_fill(&s->model_a, n);
    model_copy(&s->model_b, &s->model_a);
}

static void tear_down(sides *s) {
    model_free(&s->model_a);
    model_free(&s->model_b);
    echo__chunks_free(s->a);
    echo__chunks_free(s->b);
    test_store_free(s->store_a);
    test_store_free(s->store_b);
}

typedef struct told {
    size_t count, only_a, only_b;
    char last[64];
    size_t stop_at;
} told;

static echo_status tell(void *arg, echo_bytes id, echo__line line_a, echo__line line_b) {
    told *t = arg;
    t->count++;
    t->only_a += line_b.text.data == NULL;
    t->only_b += line_a.text.data == NULL;
    assert_true(line_a.text.data != NULL || line_b.text.data != NULL);
    assert_true(id.len < sizeof t->last);
    assert_true(echo__bytes_compare(text(t->last), id) < 0);
    memcpy(t->last, id.data, id.len);
    t->last[id.len] = '\0';
    return t->count == t->stop_at ? ECHO_ERR_REFUSED : ECHO_OK;
}

/* Compares, and gives back how many chunks were read on both sides. */
static uint64_t compare(sides *s, told *t) {
    echo__chunk_counts a0, a1, b0, b1;
    echo__chunks_keep(s->a, 0);
    echo__chunks_keep(s->b, 0);
    echo__chunks_counts(s->a, &a0);
    echo__chunks_counts(s->b, &b0);
    memset(t, 0, sizeof *t);
    assert_ok(echo__tree_diff(s->a, &s->root_a, s->b, &s->root_b, tell, t, NULL));
    echo__chunks_counts(s->a, &a1);
    echo__chunks_counts(s->b, &b1);
    return a1.read - a0.read + b1.read - b0.read;
}

static void test_equal(void **state) {
    (void)state;
    sides s;
    told t;
    set_up(&s, 3000);
    s.root_a = build(s.a, &s.model_a);
    s.root_b = build(s.b, &s.model_b);
    assert_int_equal(compare(&s, &t), 0);
    assert_int_equal(t.count, 0);
    tear_down(&s);
}

static void test_empty(void **state) {
    (void)state;
    sides s;
    told t;
    set_up(&s, 500);
    s.root_a = build(s.a, &s.model_a);
    (void)compare(&s, &t);
    assert_true(t.count == 500 && t.only_a == 500);
    s.root_b = s.root_a;
    s.root_a.items = 0;
    memset(&s.root_a, 0, sizeof s.root_a);
    echo__chunks *swap = s.a;
    s.a = s.b;
    s.b = swap;
    (void)compare(&s, &t);
    assert_true(t.count == 500 && t.only_b == 500);
    memset(&s.root_b, 0, sizeof s.root_b);
    (void)compare(&s, &t);
    assert_int_equal(t.count, 0);
    tear_down(&s);
}

/* One difference reads two paths, and a chunk or two more where it moves a boundary. */
static void test_single(void **state) {
    (void)state;
    for (uint32_t kind = 0; kind < 5; kind++) {
        sides s;
        told t;
        set_up(&s, 5000);
        s.root_a = build(s.a, &s.model_a);
        char id[32] = "item/002500";
        uint64_t serial = 0;
        if (kind > 1) find_id(id, sizeof id, "item/002500/", kind - 2, &serial);
        if (kind == 0)
            model_remove(&s.model_b, text(id));
        else
            model_add(&s.model_b, text(id), 77777, 20);
        s.root_b = build(s.b, &s.model_b);
        assert_in_range(compare(&s, &t), 2, 2 * (s.root_a.height + 1) + 2 * kind);
        assert_int_equal(t.count, 1);
        assert_string_equal(t.last, id);
        tear_down(&s);
    }
}

/* A whole stretch of new records: what follows it is found to be equal at its start, and not read on either side. */
static void test_stretch(void **state) {
    (void)state;
    sides s;
    told t;
    set_up(&s, 5000);
    s.root_a = build(s.a, &s.model_a);
    uint64_t serial = 0;
    size_t edge = 2500;
    while (echo__boundary(id_of(&s.model_a.records[edge])) == 0) edge++;
    for (size_t i = 0; i < 500; i++) {
        char id[32], prefix[20]; /* between two leaves */
        (void)snprintf(prefix, sizeof prefix, "item/%06zu/", edge);
        find_id(id, sizeof id, prefix, i % 20 == 19, &serial);
        model_add(&s.model_b, text(id), i, 10);
    }
    s.root_b = build(s.b, &s.model_b);
    uint64_t reads = compare(&s, &t);
    assert_true(t.count == 500 && t.only_b == 500);
    size_t fresh = 0, at = 0;
    for (test_chunk *c; (c = echo__map_next(&s.store_b->chunks, &at)) != NULL;)
        fresh += test_store_chunk(s.store_a, &c->name) == NULL;
    assert_in_range(reads, fresh, fresh + s.root_a.height + 1); /* what is new on one side, and one path on the other */
    tear_down(&s);
}

/* Trees of different heights share what they have in common. */
static void test_heights(void **state) {
    (void)state;
    sides s;
    told t;
    set_up(&s, 5000);
    while (s.model_b.count > 60) model_remove(&s.model_b, id_of(&s.model_b.records[s.model_b.count - 1]));
    s.root_a = build(s.a, &s.model_a);
    s.root_b = build(s.b, &s.model_b);
    assert_true(s.root_a.height > s.root_b.height);
    uint64_t reads = compare(&s, &t);
    assert_true(t.count == 4940 && t.only_a == 4940);
    assert_in_range(reads, 1, s.store_a->chunks.count + 1);
    tear_down(&s);
}

static void test_stop(void **state) {
    (void)state;
    sides s;
    set_up(&s, 100);
    s.root_a = build(s.a, &s.model_a);
    told t = {0, 0, 0, "", 7};
    assert_status(echo__tree_diff(s.a, &s.root_a, s.b, &s.root_b, tell, &t, NULL), ECHO_ERR_REFUSED);
    assert_int_equal(t.count, 7);
    s.root_b = s.root_a; /* of which b has no chunk: equal names are not read */
    t = (told){0, 0, 0, "", 0};
    assert_ok(echo__tree_diff(s.a, &s.root_a, s.b, &s.root_b, tell, &t, NULL));
    model_add(&s.model_b, text("zzz"), 1, 1);
    s.root_b = build(s.b, &s.model_b);
    test_store_remove(s.store_b, &s.root_b.hash);
    assert_status(echo__tree_diff(s.a, &s.root_a, s.b, &s.root_b, tell, &t, NULL), ECHO_ERR_CORRUPT);
    tear_down(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),   cmocka_unit_test(test_empty),   cmocka_unit_test(test_single),
        cmocka_unit_test(test_heights), cmocka_unit_test(test_stretch), cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
