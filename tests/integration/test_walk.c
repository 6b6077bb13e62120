/*
 * Walks that hand out items: each chunk is read once, nothing is kept and nothing allocated, and what cannot be lent is
 * treated as when it is loaded.
 */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash_set.h"
#include "echo/sys/store.h"
#include "support/fault.h"
#include "support/state.h"
#include "support/stepping.h"

/* ---- a store that counts what is read ---- */

typedef struct counted {
    echo_store_ops ops;
    echo_store inner, store;
    echo__hash_set read;
    size_t gets, again; /* chunks that were asked for, and those that had been before */
    size_t calls;       /* that asked for them */
} counted;

static counted *counting; /* the store under test: other hooks get its inner context */

static echo_status counted_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    bool news;
    counting->gets++;
    assert_true(echo__hash_set_add(&counting->read, name, 1, &news));
    if (!news) counting->again++;
    return counting->inner.ops->get(ctx, name, fn, arg, err);
}

static echo_status one_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    counting->calls++;
    return counted_get(ctx, name, fn, arg, err);
}

typedef struct passing {
    echo_chunk_at_fn fn;
    void *arg;
    size_t at;
} passing;

static echo_status pass_on(void *arg, echo_bytes bytes) {
    const passing *p = arg;
    return p->fn(p->arg, p->at, bytes);
}

static echo_status many_gets(void *ctx, const echo_hash *names, size_t n, echo_chunk_at_fn fn, void *arg,
                             echo_error *err) {
    counting->calls++;
    for (size_t i = 0; i < n; i++) {
        passing p = {fn, arg, i};
        echo_status status = counted_get(ctx, &names[i], pass_on, &p, err);
        if (status != ECHO_OK && status != ECHO_ERR_NOT_FOUND) return status;
    }
    return ECHO_OK;
}

static void count_reads(counted *c, stepping *s) {
    memset(c, 0, sizeof *c);
    c->inner = s->store;
    c->ops = *s->store.ops;
    c->ops.get = one_get;
    c->ops.get_many = many_gets;
    c->store = (echo_store){&c->ops, s->store.ctx};
    echo__hash_set_init(&c->read);
    counting = c;
    s->options.store = &c->store;
}

static void forget_reads(counted *c) {
    echo__hash_set_free(&c->read);
    c->gets = c->again = c->calls = 0;
}

/* ---- parties ---- */

/* Opened from a snapshot, with nothing in memory. */
static void open_stored(stepping *s, counted *c, const generate_options *o, uint64_t messages) {
    echo_error err = ECHO_ERROR_INIT;
    stepping_prepare(s, o);
    count_reads(c, s);
    stepping_generate(s, messages);
    stepping_open(s);
    assert_ok(echo_party_snapshot(NULL, s->party, &err), &err);
    stepping_reopen(s);
    forget_reads(c);
}

static void close_stored(stepping *s, counted *c) {
    stepping_close(s);
    echo__hash_set_free(&c->read);
}

static echo_party_status status_of(const stepping *s) {
    echo_party_status status;
    echo_party_status_get(&status, s->party);
    return status;
}

typedef struct tally {
    uint64_t items, with_state, strings;
    long blocks, blocks_max;
    echo_object_value kept;
} tally;

static echo_status tally_item(void *arg, const echo_item *item) {
    tally *t = arg;
    echo_object_value all;
    echo_object_cursor cursor;
    echo_bytes text;
    bool more;
    t->items++;
    t->with_state += echo_item_has_state(item);
    long blocks = fault_blocks() - t->blocks;
    if (blocks > t->blocks_max) t->blocks_max = blocks;
    echo_status status = echo_object_get(&all, item, NULL, NULL);
    if (status == ECHO_ERR_UNSUPPORTED) return ECHO_OK;
    assert_int_equal(status, ECHO_OK);
    assert_int_equal(echo_object_cursor_open(&cursor, &all, NULL), ECHO_OK);
    while (echo_object_cursor_next(&more, &cursor, NULL) == ECHO_OK && more)
        if (cursor.value.kind == ECHO_OBJECT_KIND_STRING) {
            assert_int_equal(echo_object_value_string(&text, &cursor.value, NULL), ECHO_OK);
            t->strings++;
        }
    t->kept = all;
    return ECHO_OK;
}

static void walk(stepping *s, tally *t) {
    echo_error err = ECHO_ERROR_INIT;
    echo_query everything = {.deleted = true};
    memset(t, 0, sizeof *t);
    t->blocks = fault_blocks();
    assert_ok(echo_party_each(s->party, &everything, tally_item, t, &err), &err);
}

/* ---- what it costs ---- */

static void test_reads_once_and_keeps_nothing(void **arg) {
    (void)arg;
    for (int bounded = 0; bounded < 2; bounded++) {
        generate_options o = GENERATE_OPTIONS_INIT;
        stepping s;
        counted c;
        tally t;
        o.items = 1500;
        o.feeds = 3;
        o.varied = 0.3;
        o.nested = 0.1;
        o.hookless = 0.2;
        o.deletions = 0.05;
        o.parents = 0.1;
        open_stored(&s, &c, &o, 6000);
        if (bounded) {
            s.options.memory = 100000;
            stepping_reopen(&s);
            forget_reads(&c);
        }
        assert_int_equal(status_of(&s).items_in_memory, 0);
        for (int again = 0; again < 2; again++) {
            forget_reads(&c);
            walk(&s, &t);
            assert_int_equal(t.items, o.items);
            assert_int_equal(t.with_state, o.items);
            assert_true(t.strings > o.items);
            assert_int_equal(status_of(&s).items_in_memory, 0);
            assert_int_equal(status_of(&s).items_changed, 0);
            if (again == 0) assert_true(c.gets > o.items / 64);
            assert_int_equal(c.again, 0);
            echo_bytes text;
            assert_int_equal(echo_object_value_string(&text, &t.kept, NULL), ECHO_ERR_CONFLICT); /* not a crash */
        }
        close_stored(&s, &c);
    }
}

static void test_allocates_nothing_per_item(void **arg) {
    (void)arg;
    generate_options o = GENERATE_OPTIONS_INIT;
    stepping s;
    counted c;
    tally t;
    o.items = 4000;
    o.varied = 0.1;
    o.nested = 0.1;
    open_stored(&s, &c, &o, 12000);
    fault_at(100000000);
    walk(&s, &t);
    long allocations = fault_allocations();
    assert_false(fault_off());
    assert_int_equal(t.items, o.items);
    print_message("%ld allocations, %zu chunks, %llu items\n", allocations, c.gets, (unsigned long long)o.items);
    assert_true(c.gets < o.items / 4);
    assert_true(c.calls < c.gets / 4); /* leaves are read many at a time */
    assert_int_equal(c.again, 0);
    assert_true(allocations <= (long)c.gets * 4 + 64); /* of a chunk, not of an item */
    assert_true(t.blocks_max <= (long)c.gets * 2 + 32);
    close_stored(&s, &c);
}

/* Chunks that were walked over are kept for the next walk, unless the host bounds memory. */
static void test_bounds_chunks(void **arg) {
    (void)arg;
    generate_options o = GENERATE_OPTIONS_INIT;
    stepping s;
    counted c;
    tally t;
    o.items = 4000; /* about 2 MiB */
    open_stored(&s, &c, &o, 12000);
    for (int bounded = 0; bounded < 2; bounded++) {
        s.options.memory = bounded ? 100000 : 0;
        stepping_reopen(&s);
        walk(&s, &t);
        print_message("at most %ld blocks at a time\n", t.blocks_max);
        if (bounded) assert_true(t.blocks_max < 150); /* two for each of 32 leaves, and what is above them */
        forget_reads(&c);
        walk(&s, &t);
        assert_int_equal(t.items, o.items);
        assert_true(bounded ? c.gets > 100 : c.gets == 0);
    }
    close_stored(&s, &c);
}

/* ---- the same items ---- */

typedef struct id_list {
    char text[1 << 16];
    size_t len;
} id_list;

static echo_status list_head(void *arg, const echo_item_head *head) {
    id_list *l = arg;
    int n = snprintf(l->text + l->len, sizeof l->text - l->len, "%s|%s|%s|%s|%d\n", head->id,
                     head->type == NULL ? "-" : head->type, head->model == NULL ? "-" : head->model,
                     head->parent == NULL ? "-" : head->parent, head->deleted);
    l->len += (size_t)n;
    assert_true(l->len < sizeof l->text);
    return ECHO_OK;
}

static echo_status list_item(void *arg, const echo_item *item) {
    echo_item_head head;
    echo_item_head_get(&head, item);
    return list_head(arg, &head);
}

static echo_status first_parent(void *arg, const echo_item_head *head) {
    if (head->parent == NULL) return ECHO_OK;
    (void)snprintf(arg, ECHO_HEX_CHARS, "%s", head->parent);
    return ECHO_ERR_REFUSED;
}

static void test_queries(void **arg) {
    (void)arg;
    generate_options o = GENERATE_OPTIONS_INIT;
    stepping s;
    counted c;
    echo_error err = ECHO_ERROR_INIT;
    o.items = 200;
    o.hookless = 0.3;
    o.deletions = 0.1;
    o.parents = 0.2;
    open_stored(&s, &c, &o, 1500);
    char parent[ECHO_HEX_CHARS] = "";
    assert_int_equal(echo_party_each_head(s.party, NULL, first_parent, parent, &err), ECHO_ERR_REFUSED);
    const echo_query queries[] = {{.deleted = true},
                                  {.deleted = false},
                                  {.model = GENERATE_MODEL_LOG},
                                  {.model = ECHO_MODEL_OBJECT, .deleted = true},
                                  {.parent = ""},
                                  {.parent = parent, .deleted = true},
                                  {.type = "nothing"}};
    id_list *heads = malloc(sizeof *heads), *items = malloc(sizeof *items);
    assert_true(heads != NULL && items != NULL);
    for (int fresh = 0; fresh < 2; fresh++) { /* then with new items and changed ones */
        for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
            heads->len = items->len = 0;
            assert_ok(echo_party_each_head(s.party, &queries[i], list_head, heads, &err), &err);
            assert_ok(echo_party_each(s.party, &queries[i], list_item, items, &err), &err);
            assert_int_equal(heads->len, items->len);
            assert_memory_equal(heads->text, items->text, heads->len);
            assert_int_equal(heads->len == 0, i == 6);
        }
        stepping_generate(&s, 100);
        stepping_poll(&s, 0);
    }
    free(heads);
    free(items);
    close_stored(&s, &c);
}

static echo_status stop(void *arg, const echo_item *item) {
    (void)item;
    ++*(int *)arg;
    return ECHO_ERR_GAP;
}

static void test_ends_early(void **arg) {
    (void)arg;
    generate_options o = GENERATE_OPTIONS_INIT;
    stepping s;
    counted c;
    int calls = 0;
    echo_error err = ECHO_ERROR_INIT;
    o.hookless = 0.5;
    open_stored(&s, &c, &o, 500);
    assert_int_equal(echo_party_each(s.party, NULL, stop, &calls, &err), ECHO_ERR_GAP);
    assert_int_equal(err.code, ECHO_ERR_GAP);
    assert_int_equal(calls, 1);
    assert_int_equal(echo_party_each(NULL, NULL, stop, &calls, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_party_each(s.party, NULL, NULL, &calls, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_party_each_head(s.party, NULL, NULL, &calls, &err), ECHO_ERR_INVALID);
    close_stored(&s, &c);
}

/* A value that was borrowed is noticed when its item has left memory. */
static void test_stale_after_eviction(void **arg) {
    (void)arg;
    generate_options o = GENERATE_OPTIONS_INIT;
    stepping s;
    counted c;
    echo_error err = ECHO_ERROR_INIT;
    echo_item *item;
    echo_object_value value;
    size_t count;
    char id[ECHO_HEX_CHARS];
    o.items = 300;
    open_stored(&s, &c, &o, 2000);
    s.options.memory = 20000;
    stepping_reopen(&s);
    generate_item_id(id, s.seed, 0);
    assert_ok(echo_item_get(&item, s.party, id, &err), &err);
    assert_ok(echo_object_get(&value, item, NULL, &err), &err);
    for (uint64_t i = 1; i < o.items; i++) {
        generate_item_id(id, s.seed, i);
        assert_ok(echo_item_get(&item, s.party, id, &err), &err);
        assert_true(i > 1 || echo_object_value_count(&count, &value, &err) == ECHO_OK);
    }
    assert_int_equal(echo_object_value_count(&count, &value, &err), ECHO_ERR_CONFLICT);
    close_stored(&s, &c);
}

/* ---- memory that runs out ---- */

static echo_status count_item(void *arg, const echo_item *item) {
    assert_true(echo_item_has_state(item));
    ((tally *)arg)->items++;
    return ECHO_OK;
}

static void test_out_of_memory(void **arg) {
    (void)arg;
    generate_options o = GENERATE_OPTIONS_INIT;
    stepping s;
    counted c;
    o.items = 40;
    o.hookless = 0.3;
    o.varied = 0.5;
    o.value_bytes = 300; /* some items have blobs */
    open_stored(&s, &c, &o, 900);
    uint64_t whole = 0, refused = 0;
    for (long nth = 1, failed = 1; failed; nth++) {
        tally t;
        echo_error err = ECHO_ERROR_INIT;
        stepping_reopen(&s);
        memset(&t, 0, sizeof t);
        fault_at(nth);
        echo_status status = echo_party_each(s.party, NULL, count_item, &t, &err);
        failed = fault_off();
        assert_int_equal(err.code, status);
        if (status == ECHO_OK) { /* reading ahead goes without memory */
            assert_int_equal(t.items, whole == 0 ? t.items : whole);
            whole = t.items;
            continue;
        }
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_true(failed);
        refused++;
    }
    assert_true(whole > 0 && refused > 20);
    close_stored(&s, &c);
}

/* ---- what is not lent ---- */

static echo_status host_create(void **state, void *ctx, const echo_item_info *item) {
    (void)item;
    *state = ctx;
    return ECHO_OK;
}

static void host_destroy(void *ctx, void *state) {
    (void)ctx;
    (void)state;
}

static echo_status host_apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)m;
    (void)err;
    return ECHO_OK;
}

static echo_status host_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)err;
    *out = cJSON_CreateString("a state of the host's");
    return *out == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static echo_status host_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)stored;
    (void)value;
    (void)err;
    return ECHO_OK;
}

static echo_registry *host_models(const char *type, uint32_t version, bool object) {
    echo_registry *models;
    echo_error err = ECHO_ERROR_INIT;
    echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                          .type = type,
                          .state_version = version,
                          .reads_from = 1,
                          .create = host_create,
                          .destroy = host_destroy,
                          .apply = host_apply,
                          .snapshot = host_snapshot,
                          .restore = host_restore};
    assert_int_equal(echo_registry_new(&models), ECHO_OK);
    if (object)
        assert_ok(echo_registry_add_object(models, &err), &err);
    else
        assert_ok(echo_registry_add(models, &ops, NULL, &err), &err);
    return models;
}

static void count_refused(void *arg, const echo_error *err) {
    assert_int_equal(err->code, ECHO_ERR_CORRUPT);
    ++*(int *)arg;
}

/* The object model's name with a state that is not the object model's: reported once, and opaque. */
static void test_states_that_cannot_be_made(void **arg) {
    (void)arg;
    generate_options o = GENERATE_OPTIONS_INIT;
    stepping s;
    counted c;
    tally t;
    int refused = 0;
    echo_error err = ECHO_ERROR_INIT;
    o.items = 20;
    stepping_prepare(&s, &o);
    count_reads(&c, &s);
    echo_registry_free(s.models);
    s.models = host_models(ECHO_MODEL_OBJECT, 1, false);
    s.options.models = s.models;
    stepping_generate(&s, 200);
    stepping_open(&s);
    assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
    echo_party_free(s.party);
    echo_registry_free(s.models);
    s.models = host_models(NULL, 0, true);
    s.options.models = s.models;
    s.options.refused = count_refused;
    s.options.refused_arg = &refused;
    stepping_open(&s);
    for (int i = 0; i < 2; i++) {
        walk(&s, &t);
        assert_int_equal(t.items, o.items);
        assert_int_equal(t.with_state, 0);
        assert_int_equal(refused, o.items);
        assert_int_equal(status_of(&s).items_changed, 0);
    }
    close_stored(&s, &c);
}

/* A newer version of a model: the items have changed, and are kept until they are saved. */
static void test_states_that_are_written_differently(void **arg) {
    (void)arg;
    generate_options o = GENERATE_OPTIONS_INIT;
    stepping s;
    counted c;
    tally t;
    echo_error err = ECHO_ERROR_INIT;
    o.items = 20;
    stepping_prepare(&s, &o);
    count_reads(&c, &s);
    echo_registry_free(s.models);
    s.models = host_models(ECHO_MODEL_OBJECT, 1, false);
    s.options.models = s.models;
    stepping_generate(&s, 200);
    stepping_open(&s);
    assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
    for (uint32_t version = 1; version <= 2; version++) {
        echo_party_free(s.party);
        echo_registry_free(s.models);
        s.models = host_models(ECHO_MODEL_OBJECT, version, false);
        s.options.models = s.models;
        stepping_open(&s);
        walk(&s, &t);
        assert_int_equal(t.items, o.items);
        assert_int_equal(t.with_state, o.items);
        assert_int_equal(status_of(&s).items_changed, version == 2 ? o.items : 0);
        assert_int_equal(status_of(&s).items_in_memory, version == 2 ? o.items : 0);
    }
    close_stored(&s, &c);
}

/* ---- raw hooks ---- */

typedef struct raw_state {
    uint64_t count, sum;
} raw_state;

static struct {
    uint64_t creations, destructions, sum;
    bool fails; /* restoring every third state */
} raw;

static echo_status raw_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    assert_non_null(item->id);
    *state = calloc(1, sizeof(raw_state));
    raw.creations += *state != NULL;
    return *state == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void raw_destroy(void *ctx, void *state) {
    (void)ctx;
    raw.destructions++;
    free(state);
}

static echo_status raw_apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    (void)ctx;
    (void)err;
    raw_state *s = state;
    s->count++;
    for (size_t i = 0; i < m->bytes.len; i++) s->sum += m->bytes.data[i];
    return ECHO_OK;
}

static echo_status raw_snapshot(echo_writer *out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    echo_writer_write(out, state, sizeof(raw_state) - ((const raw_state *)state)->count % 3); /* of several lengths */
    return ECHO_OK;
}

static echo_status raw_restore(void *ctx, void *state, uint32_t stored, echo_bytes value, echo_error *err) {
    (void)ctx;
    (void)stored;
    assert_true(value.len <= sizeof(raw_state) && value.len + 3 > sizeof(raw_state));
    memcpy(state, value.data, value.len);
    if (!raw.fails || ((const raw_state *)state)->count % 3 != 0) return ECHO_OK;
    if (err != NULL) err->code = ECHO_ERR_CORRUPT;
    return ECHO_ERR_CORRUPT;
}

static echo_status add_raw(void *arg, const echo_item *item) {
    const raw_state *s = echo_item_state(item);
    ++*(uint64_t *)arg;
    if (s != NULL) raw.sum += s->sum * s->count;
    return ECHO_OK;
}

static uint64_t walk_raw(stepping *s) {
    uint64_t items = 0;
    echo_error err = ECHO_ERROR_INIT;
    echo_query everything = {.deleted = true};
    raw.sum = 0;
    assert_ok(echo_party_each(s->party, &everything, add_raw, &items, &err), &err);
    return items;
}

static void open_raw(stepping *s, uint32_t version) {
    echo_error err = ECHO_ERROR_INIT;
    echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                          .type = ECHO_MODEL_OBJECT,
                          .state_version = version,
                          .reads_from = 1,
                          .create = raw_create,
                          .destroy = raw_destroy,
                          .apply = raw_apply,
                          .snapshot_raw = raw_snapshot,
                          .restore_raw = raw_restore};
    echo_party_free(s->party);
    echo_registry_free(s->models);
    assert_int_equal(echo_registry_new(&s->models), ECHO_OK);
    assert_ok(echo_registry_add(s->models, &ops, NULL, &err), &err);
    s->options.models = s->models;
    memset(&raw, 0, sizeof raw);
    stepping_open(s);
}

/* Of a model with raw hooks a state is made for each call, by one allocation of the host's, and none is kept. */
static void test_raw_models(void **arg) {
    (void)arg;
    generate_options o = GENERATE_OPTIONS_INIT;
    stepping s;
    counted c;
    int refused = 0;
    echo_error err = ECHO_ERROR_INIT;
    o.items = 600;
    stepping_prepare(&s, &o);
    count_reads(&c, &s);
    s.party = NULL;
    stepping_generate(&s, 3000);
    open_raw(&s, 1);
    assert_int_equal(walk_raw(&s), o.items);
    uint64_t sum = raw.sum;
    assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);

    open_raw(&s, 1);
    forget_reads(&c);
    fault_at(100000000);
    assert_int_equal(walk_raw(&s), o.items);
    long allocations = fault_allocations();
    assert_false(fault_off());
    assert_true(allocations <= (long)o.items + (long)c.gets * 4 + 64);
    assert_int_equal(c.again, 0);
    assert_int_equal(raw.sum, sum);
    assert_int_equal(raw.creations, o.items);
    assert_int_equal(raw.destructions, o.items);
    assert_int_equal(status_of(&s).items_in_memory, 0);

    open_raw(&s, 1); /* a hook that fails is reported once, and the others are lent */
    s.options.refused = count_refused;
    s.options.refused_arg = &refused;
    open_raw(&s, 1);
    raw.fails = true;
    assert_int_equal(walk_raw(&s), o.items);
    int failed = refused;
    assert_true(failed > 50 && (uint64_t)failed < o.items / 2 && raw.sum < sum);
    assert_int_equal(walk_raw(&s), o.items);
    assert_int_equal(refused, failed);

    open_raw(&s, 2); /* and what is to be written anew is kept */
    assert_int_equal(walk_raw(&s), o.items);
    assert_int_equal(raw.sum, sum);
    assert_int_equal(status_of(&s).items_changed, o.items);
    close_stored(&s, &c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_once_and_keeps_nothing),
        cmocka_unit_test(test_allocates_nothing_per_item),
        cmocka_unit_test(test_bounds_chunks),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_ends_early),
        cmocka_unit_test(test_stale_after_eviction),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_states_that_cannot_be_made),
        cmocka_unit_test(test_states_that_are_written_differently),
        cmocka_unit_test(test_raw_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
