/*
 * Two snapshots that say different things: where, why, and from which message on.
 */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/generate.h"
#include "snapshot/snapshot.h"
#include "support/fault.h"
#include "support/replica.h"
#include "support/random.h"
#include "support/state.h"
#include "tree/update.h"

/* ---- a model that depends on the order in which messages come, and must not ---- */

#define LAST "test:model/last"

static echo_status last_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    *state = calloc(1, sizeof(int));
    return *state == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void last_destroy(void *ctx, void *state) {
    (void)ctx;
    free(state);
}

static echo_status last_apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    (void)ctx;
    (void)err;
    if (m->bytes.len != 1) return ECHO_ERR_REFUSED;
    *(int *)state = m->bytes.data[0];
    return ECHO_OK;
}

static echo_status last_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    *out = cJSON_CreateNumber(*(const int *)state);
    return *out == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static echo_status last_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    (void)stored;
    (void)err;
    *(int *)state = value->valueint;
    return ECHO_OK;
}

/* ---- the scene: a generator's feeds, and two members ---- */

typedef struct scene {
    generator *g;
    echo_registry *models;
    replica_party party;
    replica a, b;
} scene;

static void scene_open(scene *s, const generate_options *o) {
    echo_error err = ECHO_ERROR_INIT;
    size_t count;
    echo_model_ops last = {.version = ECHO_MODEL_OPS_VERSION,
                           .type = LAST,
                           .state_version = 1,
                           .create = last_create,
                           .destroy = last_destroy,
                           .apply = last_apply,
                           .snapshot = last_snapshot,
                           .restore = last_restore};
    memset(s, 0, sizeof *s);
    assert_ok(generate_open(&s->g, o, NULL, &err), &err);
    assert_int_equal(echo_registry_new(&s->models), ECHO_OK);
    assert_ok(generate_models(s->models, &err), &err);
    assert_ok(echo_registry_add(s->models, &last, NULL, &err), &err);
    const echo_key *feeds = generate_feeds(s->g, &count);
    replica_party_make(&s->party, 2, 2, feeds, count);
    replica_init(&s->a, &s->party, 0, s->models);
    replica_init(&s->b, &s->party, 1, s->models);
    replica_open(&s->a);
    replica_open(&s->b);
}

static void scene_close(scene *s) {
    replica_close(&s->a);
    replica_close(&s->b);
    echo_registry_free(s->models);
    generate_close(s->g);
}

static void generate(scene *s, uint64_t n) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(generate_some(s->g, n, &err), &err);
}

static void snapshot(replica *p) {
    echo_error err = ECHO_ERROR_INIT;
    replica_poll(p);
    assert_ok(echo_party_snapshot(NULL, p->party, &err), &err);
}

/* ---- what is told ---- */

typedef struct seen {
    char id[80];
    size_t items, parts;
    echo_difference_part part; /* the last one; name and values are copies */
    char name[80], a[200], b[200];
    echo_verdict verdict;
    bool known;
    echo_message_at first;
    const scene *s; /* NULL: nothing is checked on the way */
    uint64_t properties;
} seen;

static void copy(char *out, size_t size, echo_bytes text) {
    snprintf(out, size, "%.*s", (int)(text.len < size ? text.len : size - 1),
             text.data == NULL ? "(none)" : (const char *)text.data);
}

static bool covered(echo_party *party, const echo_message_at *at) {
    uint64_t seq;
    return echo_timeframe_get(&seq, echo_party_clock(party), &at->feed) && at->seq <= seq;
}

/* Nothing diverges here: whatever is different comes from a message that one of the two covers, and the other does not.
 */
static void check_covered(const scene *s, const echo_difference *d) {
    for (size_t i = 0; i < d->parts_count; i++) {
        const echo_difference_part *part = &d->parts[i];
        if (!part->known) fail_msg("item %s: %s has no message", d->id, part->name);
        bool in_a = covered(s->a.party, &part->first), in_b = covered(s->b.party, &part->first);
        if (in_a == in_b || part->verdict != ECHO_VERDICT_COVERED)
            fail_msg("item %s: %s parts from a message that %s covers\n%.*s\n%.*s", d->id, part->name,
                     in_a ? "each" : "neither", (int)d->a.len, (const char *)d->a.data, (int)d->b.len,
                     (const char *)d->b.data);
    }
    assert_int_equal(d->verdict, ECHO_VERDICT_COVERED);
}

static echo_status take(void *arg, const echo_difference *d) {
    seen *s = arg;
    assert_true(d->parts_count > 0);
    assert_true(s->items == 0 || strcmp(s->id, d->id) < 0);
    s->items++;
    s->parts += d->parts_count;
    snprintf(s->id, sizeof s->id, "%s", d->id);
    s->part = d->parts[d->parts_count - 1];
    snprintf(s->name, sizeof s->name, "%s", s->part.name);
    copy(s->a, sizeof s->a, s->part.a);
    copy(s->b, sizeof s->b, s->part.b);
    s->verdict = d->verdict;
    s->known = d->known;
    s->first = d->first;
    for (size_t i = 0; i < d->parts_count; i++) s->properties += d->parts[i].kind == ECHO_DIFFERENCE_PROPERTY;
    if (s->s != NULL) check_covered(s->s, d);
    return ECHO_OK;
}

static echo_difference_report compare(scene *s, seen *told) {
    echo_difference_report report;
    echo_error err = ECHO_ERROR_INIT;
    memset(told, 0, offsetof(seen, s));
    told->properties = 0;
    assert_ok(
        echo_snapshot_compare(&report, &s->a.store, 0, &s->b.store, 0, &s->party.party.public_key, take, told, &err),
        &err);
    assert_int_equal(report.items, told->items);
    assert_int_equal(report.covered + report.unknown + report.diverged, report.items);
    return report;
}

/* ---- doctoring ---- */

typedef struct doctoring {
    const char *id, *old, *new;
    char line[20000];
} doctoring;

static echo_status find_line(void *arg, const char *id, echo_bytes line) {
    doctoring *d = arg;
    char text[20000];
    if (d->id != NULL && strcmp(id, d->id) != 0) return ECHO_OK;
    copy(text, sizeof text, line);
    const char *at = strstr(text, d->old);
    if (at == NULL) return ECHO_OK;
    snprintf(d->line, sizeof d->line, "%.*s%s%s", (int)(at - text), text, d->new, at + strlen(d->old));
    return ECHO_OK;
}

/* a's newest snapshot as b's, with one record edited; NULL for `old`: whole. */
static void give_doctored(scene *s, const char *id, const char *old, const char *new) {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo__buf text = ECHO__BUF_INIT, scratch = ECHO__BUF_INIT;
    echo__change change;
    static doctoring d;
    echo_error err = ECHO_ERROR_INIT;
    const echo_key *party = &s->party.party.public_key;
    uint64_t newest = replica_copy_snapshot(&s->b.store, &s->a.store, party, NULL, NULL);
    d = (doctoring){id, old, new, ""};
    assert_ok(echo_snapshot_records(&s->b.store, party, 0, find_line, &d, &err), &err);
    if (d.line[0] == '\0') fail_msg("no record has %s", old);
    assert_ok(echo__stored_open(&manifest, &chunks, &s->b.store, party, 0, &err), &err);
    change.line = echo__bytes_text(d.line);
    assert_ok(echo__record_read_id(&change.id, change.line, &scratch, &err), &err);
    assert_ok(echo__tree_update(&manifest.items, chunks, &manifest.items, &change, 1, &err), &err);
    manifest.number = newest + 1;
    assert_ok(echo__manifest_write(&text, &manifest, NULL, &err), &err);
    assert_ok(s->b.store.ops->publish(s->b.store.ctx, party, newest, echo__buf_bytes(&text), &err), &err);
    echo__buf_free(&text);
    echo__buf_free(&scratch);
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
}

static void set(replica *p, const char *id, bool create, const char *key, int value) {
    echo_object_mutation *mutation;
    echo_bytes bytes;
    cJSON *number = cJSON_CreateNumber(value);
    assert_int_equal(echo_object_mutation_new(&mutation, 2), ECHO_OK);
    echo_object_set(mutation, key, number);
    assert_int_equal(echo_object_mutation_bytes(&bytes, mutation), ECHO_OK);
    replica_write(p, id, create ? ECHO_MODEL_OBJECT : NULL, bytes.data, bytes.len);
    echo_object_mutation_free(mutation);
    cJSON_Delete(number);
}

/* a's own feed: 0 makes x with p, 1 sets q, 2 sets q again, 3 to 6 a log, 7 makes y, 8 and 9 set nested n.m and n.k. */
static void scene_by_hand(scene *s) {
    generate_options o = GENERATE_OPTIONS_INIT;
    scene_open(s, &o);
    set(&s->a, "x", true, "p", 1);
    set(&s->a, "x", false, "q", 2);
    set(&s->a, "x", false, "q", 3);
    replica_write(&s->a, "log", GENERATE_MODEL_LOG, "\1", 1);
    replica_write(&s->a, "log", NULL, "\2", 1);
    replica_write(&s->a, "log", NULL, "\3", 1);
    replica_write(&s->a, "log", NULL, "\4", 1);
    replica_write(&s->a, "y", LAST, "\5", 1);
    set(&s->a, "x", false, "n.m", 1);
    set(&s->a, "x", false, "n.k", 2);
    snapshot(&s->a);
}

static void expect_first(scene *s, const echo_difference_report *r, uint64_t seq) {
    assert_true(r->known && r->diverged_known);
    assert_memory_equal(&r->first.feed, &s->party.feeds[0], sizeof r->first.feed);
    assert_int_equal(r->first.seq, seq);
    assert_int_equal(r->first.time, seq + 1);
    assert_memory_equal(&r->first, &r->diverged_first, sizeof r->first);
}

/* ---- tests ---- */

static void test_equal(void **arg) {
    (void)arg;
    scene s;
    seen told = {.s = NULL};
    generate_options o = GENERATE_OPTIONS_INIT;
    scene_open(&s, &o);
    generate(&s, 300);
    replica_fetch_all(&s.a, generate_source(s.g));
    snapshot(&s.a);
    replica_fetch(&s.b, generate_source(s.g), &s.party.feeds[2], 120);
    snapshot(&s.b);
    replica_fetch_all(&s.b, generate_source(s.g));
    snapshot(&s.b);
    echo_difference_report r = compare(&s, &told);
    assert_true(r.same_digest && r.same_timeframe && r.same_credentials);
    assert_int_equal(r.items, 0);
    assert_int_equal(r.chunks_read, 0);
    assert_int_equal(r.number_a, 1);
    assert_int_equal(r.number_b, 2);
    assert_false(r.known || r.diverged_known);

    echo_error err = ECHO_ERROR_INIT; /* two of one store, and what is not there */
    assert_ok(echo_snapshot_compare(&r, &s.b.store, 1, &s.b.store, 2, &s.party.party.public_key, NULL, NULL, &err),
              &err);
    assert_true(r.items > 10 && !r.same_timeframe && !r.same_digest);
    assert_int_equal(r.covered, r.items);
    assert_int_equal(
        echo_snapshot_compare(&r, &s.b.store, 1, &s.b.store, 3, &s.party.party.public_key, NULL, NULL, &err),
        ECHO_ERR_NOT_FOUND);
    assert_int_equal(echo_snapshot_compare(&r, &s.b.store, 0, &s.b.store, 0, &s.party.feeds[0], NULL, NULL, &err),
                     ECHO_ERR_NOT_FOUND);
    scene_close(&s);
}

/* The same messages in another order, and a model that minds. */
static void test_order_dependent_model(void **arg) {
    (void)arg;
    scene s;
    seen told = {.s = NULL};
    generate_options o = GENERATE_OPTIONS_INIT;
    scene_open(&s, &o);
    replica_write(&s.a, "x", LAST, "\1", 1);
    replica_fetch_all(&s.b, &s.a.feeds);
    replica_poll(&s.b);
    replica_write(&s.a, "x", NULL, "\2", 1); /* concurrent */
    replica_write(&s.b, "x", NULL, "\3", 1);
    snapshot(&s.a);
    snapshot(&s.b);
    echo_difference_report r = compare(&s, &told); /* neither has the other's: that may be why */
    assert_false(r.same_timeframe);
    assert_int_equal(r.unknown, 1);
    replica_fetch_all(&s.a, &s.b.feeds);
    replica_fetch_all(&s.b, &s.a.feeds);
    snapshot(&s.a);
    snapshot(&s.b);
    r = compare(&s, &told);
    assert_true(r.same_timeframe);
    assert_false(r.same_digest);
    assert_int_equal(r.diverged, 1);
    assert_false(r.known || told.known);
    assert_string_equal(told.id, "x");
    assert_int_equal(told.part.kind, ECHO_DIFFERENCE_STATE);
    assert_string_equal(told.a, "3");
    assert_string_equal(told.b, "2");
    scene_close(&s);
}

static void test_doctored(void **arg) {
    (void)arg;
    static const struct {
        const char *id, *old, *new, *name;
        echo_difference_kind kind;
        uint64_t seq;
    } cases[] = {
        {"x", "\"q\":3", "\"q\":4", "q", ECHO_DIFFERENCE_PROPERTY, 2}, /* another outcome of the same message */
        {"x", "\"when\":[0,2]", "\"when\":[0,1]", "q", ECHO_DIFFERENCE_PROPERTY,
         2}, /* the second one is missing: not the one it overtook */
        {"x", ",\"q\":3},\"when\":[0,2]", "},\"when\":[0]", "q", ECHO_DIFFERENCE_PROPERTY, 2},
        {"x", "\"set\",[\"m\"],1", "\"set\",[\"m\"],7", "n", ECHO_DIFFERENCE_PROPERTY, 8},
        {"log", "Aw==", "Bw==", "log", ECHO_DIFFERENCE_LOG, 5},
        {"log", "\"model\":\"" GENERATE_MODEL_LOG "\"", "\"model\":\"other\"", "genesis", ECHO_DIFFERENCE_HEAD, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene s;
        seen told = {.s = NULL};
        scene_by_hand(&s);
        give_doctored(&s, cases[i].id, cases[i].old, cases[i].new);
        echo_difference_report r = compare(&s, &told);
        assert_true(r.same_timeframe);
        assert_int_equal(r.items, 1);
        assert_int_equal(r.diverged, 1);
        assert_string_equal(told.id, cases[i].id);
        assert_string_equal(told.name, cases[i].name);
        assert_int_equal(told.part.kind, cases[i].kind);
        assert_int_equal(told.parts, 1);
        expect_first(&s, &r, cases[i].seq);
        scene_close(&s);
    }
}

/* What overtakes, or makes a slot another kind of slot, is the message from which on it differs; not what it did that
 * to. */
static void test_overtaking(void **arg) {
    (void)arg;
    static const struct {
        const char *key; /* NULL: delete n */
        const char *name;
    } cases[] = {{"q", "q"}, {"p.m", "p"}, {"list[1]", "list"}, {"n.m", "n"}, {"n", "n"}, {NULL, "n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene s;
        seen told = {.s = &s};
        echo_object_mutation *mutation;
        echo_bytes bytes;
        scene_by_hand(&s);
        cJSON *list = cJSON_Parse("[1,2,{\"x\":[]}]");
        assert_int_equal(echo_object_mutation_new(&mutation, 2), ECHO_OK);
        echo_object_set(mutation, "list", list);
        assert_int_equal(echo_object_mutation_bytes(&bytes, mutation), ECHO_OK);
        replica_write(&s.a, "x", NULL, bytes.data, bytes.len);
        echo_object_mutation_free(mutation);
        cJSON_Delete(list);
        replica_fetch_all(&s.b, &s.a.feeds);
        assert_int_equal(echo_object_mutation_new(&mutation, 2), ECHO_OK);
        echo_object_delete(mutation, "n.m");
        assert_int_equal(echo_object_mutation_bytes(&bytes, mutation), ECHO_OK);
        if (cases[i].key != NULL)
            set(&s.a, "x", false, cases[i].key, 77);
        else
            replica_write(&s.a, "x", NULL, bytes.data, bytes.len);
        echo_object_mutation_free(mutation);
        snapshot(&s.a);
        snapshot(&s.b);
        echo_difference_report r = compare(&s, &told);
        assert_int_equal(r.covered, 1);
        assert_int_equal(told.parts, 1);
        assert_string_equal(told.name, cases[i].name);
        assert_int_equal(r.first.seq, 11);
        scene_close(&s);
    }
}

/* States that are not what the object model writes are told as a whole. */
static void test_odd_states(void **arg) {
    (void)arg;
    static const struct {
        const char *old, *new, *name;
        echo_difference_kind kind;
    } cases[] = {{"\"feeds\":[\"", "\"feeds\":[\"00\",\"", "state", ECHO_DIFFERENCE_STATE},
                 {"\"when\":[0,2]", "\"when\":[0,[9,2]]", "state", ECHO_DIFFERENCE_STATE},
                 {"\"when\":[0,2]", "\"when\":[0,null]", "state", ECHO_DIFFERENCE_STATE},
                 {"\"when\":[0,2]", "\"when\":[0]", "state", ECHO_DIFFERENCE_STATE},
                 {"\"when\":[0,2]", "\"when\":[0,2,3]", "state", ECHO_DIFFERENCE_STATE},
                 {"\"values\"", "\"gone\":{\"q\":1},\"values\"", "state", ECHO_DIFFERENCE_STATE},
                 {"\"version\":1", "\"version\":2", "state", ECHO_DIFFERENCE_STATE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene s;
        seen told = {.s = NULL};
        scene_by_hand(&s);
        give_doctored(&s, "x", cases[i].old, cases[i].new);
        echo_difference_report r = compare(&s, &told);
        assert_int_equal(r.items, 1);
        assert_int_equal(told.part.kind, cases[i].kind);
        assert_string_equal(told.name, cases[i].name);
        scene_close(&s);
    }
}

/* A writer without the model keeps a log where the other has a state. */
static void test_other_form(void **arg) {
    (void)arg;
    scene s;
    seen told = {.s = NULL};
    scene_by_hand(&s);
    echo_registry *none;
    assert_int_equal(echo_registry_new(&none), ECHO_OK);
    echo_party_free(s.b.party);
    s.b.options.models = none;
    replica_open(&s.b);
    replica_fetch_all(&s.b, &s.a.feeds);
    snapshot(&s.b);
    echo_difference_report r = compare(&s, &told);
    assert_true(r.same_timeframe);
    assert_int_equal(r.items, 2); /* x, y; the log is one on both sides */
    assert_int_equal(r.unknown, 2);
    assert_string_equal(told.name, "form");
    assert_string_equal(told.a, "\"state\"");
    assert_string_equal(told.b, "\"log\"");
    echo_party_free(s.b.party);
    s.b.party = NULL;
    scene_close(&s);
    echo_registry_free(none);
}

/* At random: two members at different places of the same history never diverge, whatever has overtaken what. */
static void random_run(uint64_t seed, uint64_t *properties) {
    scene s;
    test_random r = {seed};
    seen told = {.s = &s};
    generate_options o = GENERATE_OPTIONS_INIT;
    o.seed = seed;
    o.feeds = 4;
    o.items = 15;
    o.properties = 3;
    o.hookless = 0.2;
    o.concurrency = 0.5;
    o.deletions = 0.05;
    o.parents = 0.1;
    o.nested = 0.4;
    o.varied = 0.4;
    o.value_bytes = seed % 4 == 0 ? 3000 : 8;
    scene_open(&s, &o);
    for (unsigned round = 0; round < 5; round++) {
        generate(&s, 60);
        for (size_t i = 2; i < s.party.count; i++) {
            uint64_t length = replica_length(generate_source(s.g), &s.party.feeds[i]);
            replica_fetch(&s.a, generate_source(s.g), &s.party.feeds[i],
                          length - test_random_below(&r, 30) % (length + 1));
            replica_fetch(&s.b, generate_source(s.g), &s.party.feeds[i],
                          length - test_random_below(&r, 30) % (length + 1));
        }
        snapshot(&s.a);
        snapshot(&s.b);
        echo_difference_report report = compare(&s, &told);
        assert_int_equal(report.diverged + report.unknown, 0);
        assert_false(report.diverged_known);
        assert_int_equal(report.known, report.items > 0);
        *properties += told.properties;
    }
    scene_close(&s);
}

static void test_random_runs(void **arg) {
    (void)arg;
    const char *runs = getenv("ECHO_TEST_RUNS"), *first = getenv("ECHO_TEST_SEED");
    uint64_t n = runs != NULL ? strtoull(runs, NULL, 10) : 10, seed = first != NULL ? strtoull(first, NULL, 10) : 1,
             properties = 0;
    for (uint64_t i = 0; i < n; i++) {
        print_message("seed %llu\n", (unsigned long long)(seed + i));
        random_run(seed + i, &properties);
    }
    assert_true(properties > 20 * n);
}

static void test_reads_what_differs(void **arg) {
    (void)arg;
    scene s;
    seen told = {.s = NULL};
    generate_options o = GENERATE_OPTIONS_INIT;
    uint32_t one = 1234;
    echo_error err = ECHO_ERROR_INIT;
    o.items = 3000;
    o.create = 1;
    scene_open(&s, &o);
    generate(&s, 3000);
    replica_fetch_all(&s.b, generate_source(s.g));
    snapshot(&s.b);
    assert_ok(generate_changes(s.g, &one, 1, &err), &err);
    replica_fetch_all(&s.a, generate_source(s.g));
    snapshot(&s.a);
    echo_difference_report r = compare(&s, &told);
    assert_int_equal(r.items, 1);
    assert_int_equal(r.first.seq, 3000);
    assert_true(r.chunks_read <= 8); /* of some 200 each */
    scene_close(&s);
}

static echo_status ignore(void *arg, const echo_difference *d) {
    (void)arg;
    (void)d;
    return ECHO_OK;
}

static void test_memory(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    o.items = 8;
    o.hookless = 0.4;
    o.nested = 0.4;
    o.value_bytes = 3000;
    scene_open(&s, &o);
    generate(&s, 60);
    replica_fetch_all(&s.a, generate_source(s.g));
    replica_fetch(&s.b, generate_source(s.g), &s.party.feeds[2], 45);
    snapshot(&s.a);
    snapshot(&s.b);
    for (long nth = 1;; nth++) {
        echo_difference_report r;
        echo_error err = ECHO_ERROR_INIT;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status =
            echo_snapshot_compare(&r, &s.a.store, 0, &s.b.store, 0, &s.party.party.public_key, ignore, NULL, &err);
        bool failed = fault_off();
        assert_true(fault_blocks() - before <= 1); /* what a store remembers of its first list */
        if (!failed) {
            assert_ok(status, &err);
            assert_true(r.items > 3);
            break;
        }
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_int_equal(err.code, ECHO_ERR_NOMEM);
    }
    scene_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),       cmocka_unit_test(test_order_dependent_model),
        cmocka_unit_test(test_doctored),    cmocka_unit_test(test_overtaking),
        cmocka_unit_test(test_odd_states),  cmocka_unit_test(test_other_form),
        cmocka_unit_test(test_random_runs), cmocka_unit_test(test_reads_what_differs),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
