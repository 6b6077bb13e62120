/*
 * A party that moves to a snapshot somebody else made: in one step, telling exactly what is different, or not at all.
 */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/generate.h"
#include "base/crypto.h"
#include "party/item_record.h"
#include "party/party.h"
#include "snapshot/snapshot.h"
#include "support/fault.h"
#include "support/folder.h"
#include "support/replica.h"
#include "support/random.h"
#include "support/state.h"
#include "support/still_clock.h"
#include "support/store_fault.h"

/* ---- a raw model: the sum of the bytes of its mutations ---- */

#define RAW "test:model/raw"

static echo_status raw_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    *state = calloc(1, sizeof(uint64_t));
    return *state == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void raw_destroy(void *ctx, void *state) {
    (void)ctx;
    free(state);
}

static echo_status raw_apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    (void)ctx;
    (void)err;
    for (size_t i = 0; i < m->bytes.len; i++) *(uint64_t *)state += m->bytes.data[i];
    return ECHO_OK;
}

static echo_status raw_snapshot(echo_writer *out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    echo_writer_write(out, state, sizeof(uint64_t));
    return ECHO_OK;
}

static echo_status raw_restore(void *ctx, void *state, uint32_t stored, echo_bytes value, echo_error *err) {
    (void)ctx;
    (void)stored;
    (void)err;
    if (value.len != sizeof(uint64_t)) return ECHO_ERR_CORRUPT;
    memcpy(state, value.data, value.len);
    return ECHO_OK;
}

static echo_registry *models_new(void) {
    echo_registry *models;
    echo_error err = ECHO_ERROR_INIT;
    echo_model_ops raw = {.version = ECHO_MODEL_OPS_VERSION,
                          .type = RAW,
                          .state_version = 1,
                          .create = raw_create,
                          .destroy = raw_destroy,
                          .apply = raw_apply,
                          .snapshot_raw = raw_snapshot,
                          .restore_raw = raw_restore};
    assert_int_equal(echo_registry_new(&models), ECHO_OK);
    assert_ok(generate_models(models, &err), &err);
    assert_ok(echo_registry_add(models, &raw, NULL, &err), &err);
    return models;
}

/* ---- two members, and a third party's feeds that a generator writes ---- */

typedef struct scene {
    generator *g;
    echo_registry *models;
    replica_party party;
    replica a, b; /* b is the one that moves */
} scene;

static void scene_open(scene *s, generate_options *o) {
    echo_error err = ECHO_ERROR_INIT;
    size_t count;
    memset(s, 0, sizeof *s);
    assert_ok(generate_open(&s->g, o, NULL, &err), &err);
    s->models = models_new();
    const echo_key *feeds = generate_feeds(s->g, &count);
    replica_party_make(&s->party, 1, 2, feeds, count);
    replica_init(&s->a, &s->party, 0, s->models);
    replica_init(&s->b, &s->party, 1, s->models);
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
    assert_ok(echo_party_snapshot(NULL, p->party, &err), &err);
}

/* What a makes of everything the generator wrote, as b's newest snapshot. */
static void bring_snapshot(scene *s) {
    replica_fetch_all(&s->a, generate_source(s->g));
    replica_poll(&s->a);
    snapshot(&s->a);
    (void)replica_copy_snapshot(&s->b.store, &s->a.store, &s->party.party.public_key, NULL, &s->party.keys[1]);
}

/* Both at `n` messages with a snapshot of the same, and b with three writes of its own behind it. */
static void scene_with(scene *s, generate_options *o, uint64_t n) {
    scene_open(s, o);
    replica_open(&s->a);
    generate(s, n);
    bring_snapshot(s);
    replica_fetch_all(&s->b, generate_source(s->g));
    replica_open(&s->b);
    replica_write(&s->b, "own", RAW, "\1", 1);
    replica_write(&s->b, "own", NULL, "\2", 1);
    replica_write(&s->b, "log", GENERATE_MODEL_LOG, "\3", 1);
}

/* ---- what a party shows, the long way ---- */

typedef struct shown {
    char *id, *head, *line;
} shown;
typedef struct all_shown {
    shown *list;
    size_t count, cap;
} all_shown;

static char *head_text(const echo_item_head *h) {
    const char *texts[] = {h->id, h->type, h->model, h->parent, h->source, h->target};
    echo__buf out = ECHO__BUF_INIT;
    for (size_t i = 0; i < 6; i++) {
        echo__buf_text(&out, texts[i] == NULL ? "(none)" : texts[i]);
        echo__buf_byte(&out, '|');
    }
    echo__buf_text(&out, h->deleted ? "deleted" : "");
    echo__buf_byte(&out, 0);
    return (char *)out.data;
}

static echo_status add_shown(void *arg, const echo_item_head *head) {
    all_shown *all = arg;
    if (all->count == all->cap) {
        all->cap = 2 * all->cap + 16;
        all->list = realloc(all->list, all->cap * sizeof *all->list);
        assert_non_null(all->list);
    }
    all->list[all->count++] = (shown){strdup(head->id), head_text(head), NULL};
    return ECHO_OK;
}

/* Every item's record, written anew from its state. */
static all_shown show(echo_party *party) {
    all_shown all = {NULL, 0, 0};
    echo_query everything = {.deleted = true};
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_each_head(party, &everything, add_shown, &all, &err), &err);
    for (size_t i = 0; i < all.count; i++) {
        echo_item *item;
        echo__buf line = ECHO__BUF_INIT;
        assert_ok(echo_item_get(&item, party, all.list[i].id, &err), &err);
        assert_ok(echo__item_line(&line, item, &err), &err);
        echo__buf_byte(&line, 0);
        all.list[i].line = (char *)line.data;
    }
    return all;
}

static void show_free(all_shown *all) {
    for (size_t i = 0; i < all->count; i++) {
        free(all->list[i].id);
        free(all->list[i].head);
        free(all->list[i].line);
    }
    free(all->list);
    memset(all, 0, sizeof *all);
}

/* ---- what is told ---- */

typedef struct told {
    all_shown list; /* line: the kind of change */
    echo_status answer;
    size_t answer_at;
} told;

static echo_status take_change(void *arg, echo_change change, const echo_item_head *head) {
    static const char *const names[] = {"added", "changed", "removed"};
    told *t = arg;
    (void)add_shown(&t->list, head);
    t->list.list[t->list.count - 1].line = strdup(names[change]);
    return t->list.count == t->answer_at ? t->answer : ECHO_OK;
}

static void expect(const told *t, size_t *at, const char *change, const char *head) {
    if (*at >= t->list.count) fail_msg("not told: %s %s", change, head);
    const shown *is = &t->list.list[*at];
    if (strcmp(is->line, change) != 0 || strcmp(is->head, head) != 0)
        fail_msg("told: %s %s\nexpected: %s %s", is->line, is->head, change, head);
    ++*at;
}

/* Exactly what is different, in order. */
static void check_told(const told *t, const all_shown *before, const all_shown *after) {
    size_t at = 0;
    for (size_t i = 0, k = 0; i < before->count || k < after->count;) {
        const shown *x = i < before->count ? &before->list[i] : NULL, *y = k < after->count ? &after->list[k] : NULL;
        int order = x == NULL ? 1 : y == NULL ? -1 : strcmp(x->id, y->id);
        if (order < 0)
            expect(t, &at, "removed", x->head);
        else if (order > 0)
            expect(t, &at, "added", y->head);
        else if (strcmp(x->line, y->line) != 0)
            expect(t, &at, "changed", y->head);
        i += order <= 0;
        k += order >= 0;
    }
    if (at < t->list.count) fail_msg("told too much: %s %s", t->list.list[at].line, t->list.list[at].head);
}

static size_t count_told(const told *t, const char *change) {
    size_t n = 0;
    for (size_t i = 0; i < t->list.count; i++) n += strcmp(t->list.list[i].line, change) == 0;
    return n;
}

static bool is_told(const told *t, const char *id) {
    for (size_t i = 0; i < t->list.count; i++)
        if (strcmp(t->list.list[i].id, id) == 0) return true;
    return false;
}

/* Moves b and checks what is told. Returns how many. */
static size_t move_checked(replica *b) {
    all_shown before = show(b->party);
    told t = {{NULL, 0, 0}, ECHO_OK, 0};
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_switch(&b->party, take_change, &t, &err), &err);
    all_shown after = show(b->party);
    check_told(&t, &before, &after);
    size_t n = t.list.count;
    show_free(&before);
    show_free(&after);
    show_free(&t.list);
    return n;
}

static const uint64_t *raw_of(echo_party *party, const char *id) {
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, party, id, &err), &err);
    return echo_item_state(item);
}

static uint64_t number_of(const replica *p) {
    echo_party_status status;
    echo_party_status_get(&status, p->party);
    return status.snapshot;
}

/* ---- tests ---- */

static void test_own_writes_survive(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    scene_with(&s, &o, 100);
    replica_write(&s.a, "theirs", RAW, "\7", 1);
    generate(&s, 60);
    bring_snapshot(&s); /* without what b wrote */
    echo_party *old = s.b.party;
    assert_true(move_checked(&s.b) > 10);
    assert_ptr_not_equal(old, s.b.party);
    assert_int_equal(number_of(&s.b), 2);
    assert_int_equal(*raw_of(s.b.party, "own"), 3);
    assert_int_equal(*raw_of(s.b.party, "theirs"), 7);
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, s.b.party, "log", &err), &err);

    replica_write(&s.b, "own", NULL, "\4", 1); /* it goes on: writes, takes snapshots, which the other continues */
    assert_int_equal(*raw_of(s.b.party, "own"), 7);
    snapshot(&s.b);
    assert_int_equal(number_of(&s.b), 3);
    echo_party_free(s.b.party);
    replica_open(&s.b);
    assert_int_equal(echo_party_report(s.b.party)->messages_read, 0);
    assert_int_equal(*raw_of(s.b.party, "own"), 7);
    replica_fetch_all(&s.a, &s.b.feeds);
    (void)replica_copy_snapshot(&s.a.store, &s.b.store, &s.party.party.public_key, NULL, &s.party.keys[0]);
    assert_int_equal(move_checked(&s.a), 2); /* own, log */
    assert_int_equal(*raw_of(s.a.party, "own"), 7);
    scene_close(&s);
}

static void test_nothing_newer(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    store_fault fault;
    told t = {{NULL, 0, 0}, ECHO_OK, 0};
    echo_error err = ECHO_ERROR_INIT;
    scene_open(&s, &o);
    replica_open(&s.a);
    generate(&s, 50);
    bring_snapshot(&s);
    s.b.store = store_fault_wrap(&fault, s.b.store);
    replica_open(&s.b);
    replica_write(&s.b, "own", RAW, "\1", 1);
    assert_ok(echo_party_snapshot_start(s.b.party, &err), &err);
    store_fault_zero(&fault);
    echo_party *old = s.b.party;
    assert_ok(echo_party_switch(&s.b.party, take_change, &t, &err), &err);
    assert_ptr_equal(old, s.b.party);
    assert_int_equal(t.list.count, 0);
    assert_int_equal(fault.all, 1); /* the list */
    echo_snapshot_state state;
    echo_party_snapshot_state_get(&state, s.b.party);
    assert_int_not_equal(state.phase, ECHO_SNAPSHOT_PHASE_IDLE); /* not even that was disturbed */

    echo_party_free(
        s.b.party); /* without a store there is never anything newer, nor when snapshots are not to be read */
    s.b.options.use_snapshots = false;
    replica_open(&s.b);
    old = s.b.party;
    assert_ok(echo_party_switch(&s.b.party, take_change, &t, &err), &err);
    assert_ptr_equal(old, s.b.party);
    echo_party_free(s.b.party);
    s.b.options.store = NULL;
    s.b.options.use_snapshots = true;
    replica_open(&s.b);
    old = s.b.party;
    assert_ok(echo_party_switch(&s.b.party, take_change, &t, &err), &err);
    assert_ptr_equal(old, s.b.party);
    scene_close(&s);
}

/* A party that had no snapshot, and items of all kinds of change. */
static void test_added_changed_removed(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    scene_open(&s, &o);
    replica_open(&s.a);
    replica_open(&s.b);
    replica_write(&s.a, "x", RAW, "\1", 1);
    replica_write(&s.a, "y", RAW, "\1", 1);
    replica_fetch_all(&s.b, &s.a.feeds);
    replica_poll(&s.b);
    replica_write(&s.b, "mine", RAW, "\1", 1);
    replica_write(&s.a, "x", NULL, "\2", 1);
    replica_write(&s.a, "z", RAW, "\1", 1);
    bring_snapshot(&s);
    told t = {{NULL, 0, 0}, ECHO_OK, 0};
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_switch(&s.b.party, take_change, &t, &err), &err);
    assert_int_equal(t.list.count, 2);
    assert_string_equal(t.list.list[0].line, "changed");
    assert_string_equal(t.list.list[0].id, "x");
    assert_string_equal(t.list.list[1].line, "added");
    assert_string_equal(t.list.list[1].id, "z");
    show_free(&t.list);

    /* Items are never removed by messages; a doctored snapshot that covers all and has none shows what is told then. */
    echo__manifest manifest;
    memset(&manifest, 0, sizeof manifest);
    echo__buf text = ECHO__BUF_INIT;
    manifest.party = s.party.party.public_key;
    manifest.number = 2;
    assert_int_equal(echo_timeframe_copy(&manifest.timeframe, echo_party_clock(s.b.party)), ECHO_OK);
    assert_ok(echo__manifest_write(&text, &manifest, NULL, &err), &err);
    assert_ok(s.b.store.ops->publish(s.b.store.ctx, &manifest.party, 1, echo__buf_bytes(&text), &err), &err);
    assert_ok(echo_party_switch(&s.b.party, take_change, &t, &err), &err);
    assert_int_equal(t.list.count, 4);
    assert_int_equal(count_told(&t, "removed"), 4);
    assert_true(is_told(&t, "mine"));
    show_free(&t.list);
    echo_timeframe_free(manifest.timeframe);
    echo__buf_free(&text);
    scene_close(&s);
}

/* ---- at random ---- */

static void write_some(replica *p, test_random *r, const char *prefix, unsigned *made) {
    static const char *const types[] = {RAW, GENERATE_MODEL_LOG};
    for (uint64_t n = test_random_below(r, 4); n > 0; n--) {
        char id[32];
        uint8_t bytes[3] = {(uint8_t)test_random_u64(r), 1, 2};
        bool create = *made == 0 || test_random_below(r, 2) == 0;
        unsigned which = create ? (*made)++ : (unsigned)test_random_below(r, *made);
        snprintf(id, sizeof id, "%s-%u", prefix, which);
        for (uint64_t k = test_random_below(r, 20) == 0 ? 70 : 1; k > 0; k--) { /* a log with sealed segments as well */
            replica_write(p, id, create ? types[which % 2] : NULL, bytes, sizeof bytes);
            create = false;
        }
    }
}

static void fetch_some(replica *p, const echo_feeds *from, test_random *r) {
    for (size_t i = 0; i < p->with->count; i++) {
        uint64_t length = replica_length(from, &p->with->feeds[i]);
        if (test_random_below(r, 3) > 0)
            replica_fetch(p, from, &p->with->feeds[i],
                          test_random_below(r, 2) > 0 ? length : test_random_below(r, length + 1));
    }
}

/* A party that replays what b's clock covers, from whoever has it, shows the same. */
static void check_replay(scene *s) {
    replica c;
    replica_init(&c, &s->party, 2, s->models);
    for (size_t i = 0; i < s->party.count; i++) {
        uint64_t seq;
        if (!echo_timeframe_get(&seq, echo_party_clock(s->b.party), &s->party.feeds[i])) continue;
        const echo_feeds *from = i == 0 ? &s->a.feeds : i == 1 ? &s->b.feeds : generate_source(s->g);
        replica_fetch(&c, from, &s->party.feeds[i], seq + 1);
    }
    replica_open(&c);
    assert_int_equal(echo_timeframe_compare(echo_party_clock(c.party), echo_party_clock(s->b.party)), ECHO_ORDER_EQUAL);
    char *is = state_of(s->b.party), *expected = state_of(c.party);
    assert_state_equal(is, expected);
    free(is);
    free(expected);
    replica_close(&c);
}

static void random_run(uint64_t seed, size_t *changes, size_t *moves) {
    test_random r = {seed};
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    unsigned made_a = 0, made_b = 0;
    o.seed = seed;
    o.feeds = 3;
    o.items = 40;
    o.hookless = 0.3;
    o.concurrency = 0.5;
    o.deletions = 0.05;
    o.parents = 0.1;
    o.links = 0.1;
    o.varied = 0.3;
    o.value_bytes = seed % 3 == 0 ? 5000 : 18;
    scene_open(&s, &o);
    if (seed % 2 == 0) s.b.options.memory = 20000;
    s.b.options.eager = seed % 5 == 0;
    replica_open(&s.a);
    replica_open(&s.b);
    for (unsigned round = 0; round < 6; round++) {
        echo_error err = ECHO_ERROR_INIT;
        generate(&s, test_random_below(&r, 40));
        fetch_some(&s.a, generate_source(s.g), &r);
        fetch_some(&s.b, generate_source(s.g), &r);
        if (test_random_below(&r, 2) > 0) replica_fetch_all(&s.a, &s.b.feeds);
        if (test_random_below(&r, 3) == 0) replica_fetch(&s.b, &s.a.feeds, &s.party.feeds[0], UINT64_MAX);
        replica_poll(&s.a);
        replica_poll(&s.b);
        write_some(&s.a, &r, "a", &made_a);
        write_some(&s.b, &r, "b", &made_b);
        if (test_random_below(&r, 3) == 0) snapshot(&s.b);
        snapshot(&s.a);
        (void)replica_copy_snapshot(&s.b.store, &s.a.store, &s.party.party.public_key, NULL, &s.party.keys[1]);
        if (test_random_below(&r, 2) == 0) {
            assert_ok(echo_party_snapshot_start(s.b.party, &err), &err);
            for (uint64_t n = test_random_below(&r, 6); n > 0; n--) replica_poll(&s.b);
        }
        write_some(&s.b, &r, "b", &made_b);
        if (test_random_below(&r, 2) == 0) fetch_some(&s.b, generate_source(s.g), &r); /* which it has not looked at */
        if (test_random_below(&r, 2) == 0) replica_fetch(&s.b, &s.a.feeds, &s.party.feeds[0], UINT64_MAX);
        echo_party *old = s.b.party;
        *changes += move_checked(&s.b);
        *moves += old != s.b.party;
        check_replay(&s);
    }
    scene_close(&s);
}

static void test_random_runs(void **arg) {
    (void)arg;
    const char *runs = getenv("ECHO_TEST_RUNS"), *first = getenv("ECHO_TEST_SEED");
    uint64_t n = runs != NULL ? strtoull(runs, NULL, 10) : 12, seed = first != NULL ? strtoull(first, NULL, 10) : 1;
    size_t changes = 0, moves = 0;
    for (uint64_t i = 0; i < n; i++) {
        print_message("seed %llu\n", (unsigned long long)(seed + i));
        random_run(seed + i, &changes, &moves);
    }
    assert_true(moves > 3 * n);
    assert_true(changes > 10 * n);
}

/* ---- what it costs ---- */

typedef struct watching {
    told t;
    const echo_party *old;
    uint64_t hydrated;
    size_t in_memory;
} watching;

static echo_status watch(void *arg, echo_change change, const echo_item_head *head) {
    watching *w = arg;
    w->hydrated = w->old->items.hydrated;
    w->in_memory = w->old->items.table.count;
    return take_change(&w->t, change, head);
}

static void test_touches_candidates_alone(void **arg) {
    (void)arg;
    scene s;
    store_fault fault;
    generate_options o = GENERATE_OPTIONS_INIT;
    uint32_t some[] = {5, 17, 300};
    echo_error err = ECHO_ERROR_INIT;
    o.items = 2000;
    o.create = 1;
    scene_open(&s, &o);
    replica_open(&s.a);
    generate(&s, 2000);
    bring_snapshot(&s);
    s.b.store = store_fault_wrap(&fault, s.b.store);
    replica_open(&s.b);
    replica_write(&s.b, "own", RAW, "\1", 1);
    assert_ok(generate_changes(s.g, some, 3, &err), &err);
    replica_write(&s.a, "theirs", RAW, "\1", 1);
    bring_snapshot(&s);
    store_fault_zero(&fault);
    watching w = {.old = s.b.party};
    assert_ok(echo_party_switch(&s.b.party, watch, &w, &err), &err);
    assert_int_equal(w.t.list.count, 4);
    assert_int_equal(w.hydrated, 1); /* own */
    assert_int_equal(w.in_memory, 1);
    assert_int_equal(s.b.party->items.hydrated, 1);
    assert_int_equal(s.b.party->items.table.count, 1);
    assert_true(fault.chunks_got <= 24);
    show_free(&w.t.list);
    scene_close(&s);
}

/* Without anybody to tell, nothing is compared. */
static void test_without_callback(void **arg) {
    (void)arg;
    scene s;
    store_fault fault;
    generate_options o = GENERATE_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    scene_open(&s, &o);
    replica_open(&s.a);
    generate(&s, 500);
    s.b.store = store_fault_wrap(&fault, s.b.store);
    replica_open(&s.b);
    bring_snapshot(&s);
    store_fault_zero(&fault);
    assert_ok(echo_party_switch(&s.b.party, NULL, NULL, &err), &err);
    assert_int_equal(fault.chunks_got, 1); /* the root */
    assert_int_equal(number_of(&s.b), 1);
    scene_close(&s);
}

/* ---- failing ---- */

/* b is as it was: the same object, which shows the same, writes and takes snapshots. */
static void check_unharmed(replica *b, const echo_party *old, const char *state) {
    assert_ptr_equal(b->party, old);
    char *now = state_of(b->party);
    assert_state_equal(now, state);
    free(now);
}

static echo_hash root_of(const replica *p) { return p->party->root.hash; }

static void test_damage(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    told t = {{NULL, 0, 0}, ECHO_OK, 0};
    echo_error err = ECHO_ERROR_INIT;
    scene_with(&s, &o, 100);
    char *state = state_of(s.b.party);
    echo_party *old = s.b.party;
    generate(&s, 100);
    replica_fetch_all(&s.a, generate_source(s.g));
    replica_poll(&s.a);
    snapshot(&s.a);
    echo_hash root = root_of(&s.a);
    (void)replica_copy_snapshot(&s.b.store, &s.a.store, &s.party.party.public_key, &root,
                                &s.party.keys[1]); /* its root is missing */
    assert_int_equal(echo_party_switch(&s.b.party, take_change, &t, &err), ECHO_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "snapshot 2"));
    assert_int_equal(t.list.count, 0);
    check_unharmed(&s.b, old, state);
    replica_write(&s.b, "own", NULL, "\1", 1);
    free(state);
    state = state_of(s.b.party);

    (void)replica_copy_snapshot(&s.b.store, &s.a.store, &s.party.party.public_key, NULL,
                                &s.party.keys[1]); /* 3, whole, which mends 2 as well */
    generate(&s, 30);
    replica_fetch_all(&s.a, generate_source(s.g));
    replica_poll(&s.a);
    snapshot(&s.a);
    root = root_of(&s.a);
    (void)replica_copy_snapshot(&s.b.store, &s.a.store, &s.party.party.public_key, &root,
                                &s.party.keys[1]); /* 4, without */
    assert_true(move_checked(&s.b) > 0);
    assert_int_equal(number_of(&s.b), 3);
    const echo_restore_report *report = echo_party_report(s.b.party);
    assert_int_equal(report->snapshot, 3);
    assert_int_equal(report->damage_count, 1);
    assert_int_equal(report->damage[0].code, ECHO_ERR_NOT_FOUND);
    assert_int_equal(*raw_of(s.b.party, "own"), 4);
    free(state);
    scene_close(&s);
}

/* Whatever of the store cannot be read, root or leaf. */
static void test_unreadable(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    store_fault fault;
    told t = {{NULL, 0, 0}, ECHO_OK, 0};
    echo_error err = ECHO_ERROR_INIT;
    scene_with(&s, &o, 200);
    echo_party_free(s.b.party);
    s.b.store = store_fault_wrap(&fault, s.b.store);
    replica_open(&s.b);
    generate(&s, 100);
    bring_snapshot(&s);
    for (uint64_t nth = 1;; nth++) { /* any call to the store */
        echo_party *old = s.b.party;
        store_fault_plan(&fault, STORE_FAULT_ANY, nth, ECHO_ERR_CORRUPT);
        echo_status status = echo_party_switch(&s.b.party, take_change, &t, &err);
        bool hit = store_fault_hit(&fault);
        store_fault_plan(&fault, STORE_FAULT_ANY, 0, ECHO_OK);
        if (!hit) {
            assert_ok(status, &err);
            assert_true(nth > 5);
            break;
        }
        assert_int_equal(status, ECHO_ERR_CORRUPT);
        assert_int_equal(err.code, ECHO_ERR_CORRUPT);
        assert_ptr_equal(s.b.party, old);
        assert_int_equal(t.list.count, 0);
    }
    assert_true(t.list.count > 0);
    assert_int_equal(*raw_of(s.b.party, "own"), 3);
    show_free(&t.list);
    scene_close(&s);
}

static void test_host_says_no(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    scene_with(&s, &o, 100);
    generate(&s, 60);
    bring_snapshot(&s);
    char *state = state_of(s.b.party);
    echo_party *old = s.b.party;
    told t = {{NULL, 0, 0}, ECHO_ERR_REFUSED, 3};
    assert_int_equal(echo_party_switch(&s.b.party, take_change, &t, &err), ECHO_ERR_REFUSED);
    assert_int_equal(err.code, ECHO_ERR_REFUSED);
    assert_int_equal(t.list.count, 3);
    check_unharmed(&s.b, old, state);
    snapshot(&s.a);
    echo_status status = echo_party_snapshot(NULL, s.b.party, &err);
    assert_int_equal(status, ECHO_ERR_CONFLICT); /* somebody else's is newer; the next one comes after it */
    assert_true(move_checked(&s.b) > 3);
    show_free(&t.list);
    free(state);
    scene_close(&s);
}

/* A source that shows feeds no longer than so: blocks that were read are gone. */
static const echo_feed_ops *shown_ops;
static uint64_t shown_length;

static echo_status short_info(echo_feed_info *info, void *ctx, void *feed, echo_error *err) {
    echo_status status = shown_ops->info(info, ctx, feed, err);
    if (shown_length > 0 && info->length > shown_length) info->length = info->verified = shown_length;
    return status;
}

static void test_never_backwards(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    told t = {{NULL, 0, 0}, ECHO_OK, 0};
    echo_error err = ECHO_ERROR_INIT;
    scene_open(&s, &o);
    shown_ops = s.b.feeds.ops;
    echo_feed_ops ops = *shown_ops;
    ops.info = short_info;
    echo_feeds feeds = {&ops, s.b.feeds.ctx};
    s.b.options.feeds = &feeds;
    replica_open(&s.a);
    generate(&s, 40);
    replica_fetch(&s.a, generate_source(s.g), &s.party.feeds[2], 25);
    replica_poll(&s.a);
    snapshot(&s.a);
    replica_fetch_all(&s.b, generate_source(s.g));
    replica_open(&s.b);
    (void)replica_copy_snapshot(&s.b.store, &s.a.store, &s.party.party.public_key, NULL, &s.party.keys[1]);
    char *state = state_of(s.b.party);
    echo_party *old = s.b.party;
    shown_length = 30;
    assert_int_equal(echo_party_switch(&s.b.party, take_change, &t, &err), ECHO_ERR_BEHIND);
    assert_true(err.has_feed && err.has_seq);
    assert_memory_equal(&err.feed, &s.party.feeds[2], sizeof err.feed);
    assert_int_equal(err.seq, 39); /* the old clock */
    assert_int_equal(t.list.count, 0);
    check_unharmed(&s.b, old, state);
    shown_length = 0;                        /* the blocks are back */
    assert_int_equal(move_checked(&s.b), 0); /* what it showed is what the snapshot says with them */
    assert_ptr_not_equal(s.b.party, old);
    assert_int_equal(number_of(&s.b), 1);
    free(state);
    scene_close(&s);
}

static echo_status count(void *arg, echo_change change, const echo_item_head *head) {
    (void)change;
    (void)head;
    ++*(size_t *)arg;
    return ECHO_OK;
}

/* Each allocation fails in turn. A few are only for estimates; the switch succeeds without, and the next one is tried
 * on another. */
static void fail_allocations(scene *s, echo_change_fn fn) {
    char *state = state_of(s->b.party);
    unsigned spared = 0;
    for (long nth = 1;; nth++) {
        echo_party *old = s->b.party;
        size_t n = 0;
        echo_error err = ECHO_ERROR_INIT;
        fault_at(nth);
        echo_status status = echo_party_switch(&s->b.party, fn, &n, &err);
        bool failed = fault_off();
        if (status == ECHO_OK) {
            assert_true(s->b.party != old && (fn == NULL || n > 0));
            if (!failed) {
                print_message("%ld allocations\n", nth - 1);
                break;
            }
            assert_true(++spared < 20);
            assert_ok(s->b.store.ops->remove(s->b.store.ctx, &s->party.party.public_key, number_of(&s->b) - 1, &err),
                      &err);
            generate(s, 5);
            bring_snapshot(s);
            free(state);
            state = state_of(s->b.party);
            continue;
        }
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_int_equal(err.code, ECHO_ERR_NOMEM);
        assert_int_equal(n, 0);
        check_unharmed(&s->b, old, state);
    }
    free(state);
}

static void test_memory(void **arg) {
    (void)arg;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        scene s;
        generate_options o = GENERATE_OPTIONS_INIT;
        o.seed = seed;
        o.items = 12;
        o.hookless = 0.4;
        o.value_bytes = seed > 2 ? 24 : 5000;
        scene_with(&s, &o, 40);
        generate(&s, 20);
        bring_snapshot(&s);
        fail_allocations(&s, seed % 2 == 0 ? count : NULL);
        scene_close(&s);
    }
}

/* ---- the rest ---- */

/* Segments of logs are named for comparing, on either side, and are not stored by that. */
static void test_segments(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    told t = {{NULL, 0, 0}, ECHO_ERR_REFUSED, 1};
    scene_with(&s, &o, 50);
    for (unsigned i = 0; i < 150; i++) replica_write(&s.b, "log", NULL, "\1", 1);
    generate(&s, 20);
    bring_snapshot(&s);
    assert_int_equal(echo_party_switch(&s.b.party, take_change, &t, &err), ECHO_ERR_REFUSED);
    assert_int_equal(echo_party_snapshot(NULL, s.b.party, &err), ECHO_ERR_CONFLICT);
    snapshot(&s.b); /* 3, of the old party */
    assert_ok(echo_snapshot_verify(&s.b.store, &s.party.party.public_key, 3, &err), &err);
    for (unsigned i = 0; i < 150; i++) replica_write(&s.b, "log", NULL, "\2", 1);
    generate(&s, 20);
    bring_snapshot(&s);
    assert_true(move_checked(&s.b) > 0);
    snapshot(&s.b); /* 5, of the new one */
    assert_ok(echo_snapshot_verify(&s.b.store, &s.party.party.public_key, 5, &err), &err);
    show_free(&t.list);
    scene_close(&s);
}

/* With the writer on its thread, in whatever it is doing, garbage included. */
static void test_with_a_thread(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    unsigned made = 0;
    test_random r = {5};
    scene_open(&s, &o);
    s.b.policy.thread = true;
    s.b.policy.keep = 1;
    replica_open(&s.a);
    replica_open(&s.b);
    for (unsigned round = 0; round < 20; round++) {
        generate(&s, 30);
        bring_snapshot(&s);
        write_some(&s.b, &r, "b", &made);
        assert_ok(echo_party_snapshot_start(s.b.party, &err), &err);
        for (uint64_t n = test_random_below(&r, 30); n > 0; n--) replica_poll(&s.b);
        (void)move_checked(&s.b);
        echo_party_snapshot_cancel(s.b.party);
        while (s.b.party->items.before_change != NULL) replica_poll(&s.b);
        echo_party_free(s.b.party); /* a writer that was cancelled may hold pending chunks */
        replica_open(&s.b);
    }
    scene_close(&s);
}

/* A store over the party's own, which is then its own again. */
static void test_another_store(void **arg) {
    (void)arg;
    scene s;
    generate_options o = GENERATE_OPTIONS_INIT;
    told t = {{NULL, 0, 0}, ECHO_OK, 0};
    echo_error err = ECHO_ERROR_INIT;
    echo_store other, own;
    scene_with(&s, &o, 100);
    generate(&s, 60);
    bring_snapshot(&s); /* 2 */
    generate(&s, 60);
    assert_int_equal(echo_store_new_memory(&other), ECHO_OK);
    (void)replica_copy_snapshot(&other, &s.b.store, &s.party.party.public_key, NULL, NULL); /* 1 */
    (void)replica_copy_snapshot(&other, &s.b.store, &s.party.party.public_key, NULL, NULL); /* 2 */
    s.b.party->owns_store = true;                                                           /* as if it had opened it */
    own = s.b.store;
    s.b.store = (echo_store){NULL, NULL};
    assert_ok(echo__switch_to(&s.b.party, &other, take_change, &t, &err), &err);
    assert_true(t.list.count > 3);
    assert_ptr_equal(s.b.party->store.ctx, other.ctx);
    assert_false(s.b.party->owns_store);
    assert_ptr_equal(s.b.party->below.ctx, own.ctx);
    assert_int_equal(*raw_of(s.b.party, "own"), 3);
    replica_fetch_all(&s.a, generate_source(s.g));
    replica_poll(&s.a);
    snapshot(&s.a);
    (void)replica_copy_snapshot(&own, &s.a.store, &s.party.party.public_key, NULL, NULL); /* 3 */
    assert_ok(echo__switch_to(&s.b.party, &own, NULL, NULL, &err), &err);
    assert_int_equal(number_of(&s.b), 3);
    assert_true(s.b.party->owns_store);
    assert_null(s.b.party->below.ops);
    snapshot(&s.b);
    show_free(&t.list);
    echo_store_close(&other);
    scene_close(&s);
}

/* What the party opened itself is handed over; nothing of the options is needed any more. */
static void test_folder(void **arg) {
    (void)arg;
    char *dir_a = folder_new(), *dir_b = folder_new(), *feeds = folder_path(dir_b, "feeds"),
         *db_a = folder_path(dir_a, "snapshots.db"), *db_b = folder_path(dir_b, "snapshots.db");
    echo_keypair keys, feed_a, feed_b;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo_keypair_new(&keys), ECHO_OK);
    assert_int_equal(echo_keypair_new(&feed_a), ECHO_OK);
    assert_int_equal(echo_keypair_new(&feed_b), ECHO_OK);
    assert_ok(echo_party_create(dir_a, &keys, &feed_a, NULL, NULL, &err), &err);
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.clock = still_clock;
    options.dir = dir_a;
    options.models = models_new();
    options.relaxed = true;
    echo_party *a = party_open(&options);
    assert_ok(echo_party_admit_feed(a, &feed_b.public_key, &keys, &err), &err);
    party_write_tail(a, 2, 50, 1);
    folder_copy(dir_a, dir_b);
    assert_ok(echo_feed_create(feeds, &feed_b, &err), &err);

    echo_key *own = malloc(sizeof *own);
    char *dir = strdup(dir_b);
    *own = feed_b.public_key;
    options.dir = dir;
    options.own_feed = own;
    options.verify = ECHO_VERIFY_FULL;
    replica b = {.party = party_open(&options)};
    free(own);
    free(dir);
    replica_write(&b, "own", RAW, "\5", 1);
    party_write_tail(a, 2, 50, 100);
    assert_ok(echo_party_snapshot(NULL, a, &err), &err);
    echo_store from, to;
    assert_ok(echo_store_open_sqlite(&from, db_a, NULL, &err), &err);
    assert_ok(echo_store_open_sqlite(&to, db_b, NULL, &err), &err);
    (void)replica_copy_snapshot(&to, &from, &keys.public_key, NULL, NULL);
    assert_true(move_checked(&b) >= 5);
    assert_int_equal(number_of(&b), 1);
    assert_int_equal(*raw_of(b.party, "own"), 5);
    replica_write(&b, "own", NULL, "\6", 1);
    snapshot(&b);
    (void)replica_copy_snapshot(&to, &from, &keys.public_key, NULL,
                                NULL); /* older than what b shows: its tail makes up for it */
    assert_int_equal(move_checked(&b), 0);
    assert_int_equal(number_of(&b), 3);
    assert_int_equal(*raw_of(b.party, "own"), 11);
    echo_party_free(b.party);
    echo_party_free(a);
    echo_store_close(&from);
    echo_store_close(&to);
    echo_registry_free(options.models);
    free(feeds);
    free(db_a);
    free(db_b);
    folder_remove(dir_a);
    folder_remove(dir_b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_writes_survive),
        cmocka_unit_test(test_nothing_newer),
        cmocka_unit_test(test_added_changed_removed),
        cmocka_unit_test(test_random_runs),
        cmocka_unit_test(test_touches_candidates_alone),
        cmocka_unit_test(test_without_callback),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_host_says_no),
        cmocka_unit_test(test_never_backwards),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_with_a_thread),
        cmocka_unit_test(test_another_store),
        cmocka_unit_test(test_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
