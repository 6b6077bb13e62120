/*
 * Snapshots in steps, and what goes wrong on the way: hooks, stores, disks and memory that fail, hosts that cancel,
 * join and leave. The party goes on unharmed, says what happened, and the next attempt works.
 */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "support/fault.h"
#include "support/folder.h"
#include "support/state.h"
#include "support/stepping.h"
#include "support/store_fault.h"
#include "support/store_vfs.h"

/* ---- a model whose snapshot hook fails when it is told to ---- */

typedef struct brittle {
    unsigned calls, fail_at; /* of the snapshot hook; 0: never */
    echo_status status;
} brittle;

static echo_status brittle_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    *state = calloc(1, sizeof(uint64_t));
    return *state == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void brittle_destroy(void *ctx, void *state) {
    (void)ctx;
    free(state);
}

static echo_status brittle_apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    (void)ctx;
    (void)err;
    uint64_t sum = m->bytes.len;
    for (size_t i = 0; i < m->bytes.len; i++) sum += m->bytes.data[i];
    *(uint64_t *)state += sum % 1000;
    return ECHO_OK;
}

static echo_status brittle_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    brittle *b = ctx;
    (void)err;
    if (++b->calls == b->fail_at) return b->status;
    *out = cJSON_CreateNumber((double)*(const uint64_t *)state);
    return *out == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static echo_status brittle_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    (void)stored;
    (void)err;
    *(uint64_t *)state = (uint64_t)value->valuedouble;
    return ECHO_OK;
}

static echo_status brittle_view(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    *out = cJSON_CreateObject();
    return cJSON_AddNumberToObject(*out, "sum", (double)*(const uint64_t *)state) == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void add_brittle(echo_registry *registry, brittle *b) {
    echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                          .type = GENERATE_MODEL_LOG,
                          .state_version = 1,
                          .create = brittle_create,
                          .destroy = brittle_destroy,
                          .apply = brittle_apply,
                          .snapshot = brittle_snapshot,
                          .restore = brittle_restore,
                          .view = brittle_view};
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_registry_add(registry, &ops, b, &err), &err);
}

/* ---- parties ---- */

static echo_status count_snapshot(void *arg, const echo_snapshot_info *info) {
    (void)info;
    ++*(uint64_t *)arg;
    return ECHO_OK;
}

static echo_status newest_snapshot(void *arg, const echo_snapshot_info *info) {
    uint64_t *newest = arg;
    if (info->number > *newest) *newest = info->number;
    return ECHO_OK;
}

static generate_options small(uint64_t seed) {
    generate_options o = GENERATE_OPTIONS_INIT;
    o.seed = seed;
    o.items = 12;
    o.properties = 2;
    o.hookless = 0.4;
    return o;
}

static void open_small(stepping *s, uint64_t seed) {
    generate_options o = small(seed);
    stepping_prepare(s, &o);
}

static echo_status start(stepping *s) {
    echo_error err = ECHO_ERROR_INIT;
    return echo_party_snapshot_start(s->party, &err);
}

/* What is expected of a party after an attempt that failed: all is there, and the next attempt works. */
static void recovers(stepping *s) {
    assert_int_equal(stepping_state(s).phase, ECHO_SNAPSHOT_PHASE_IDLE);
    stepping_compare(s);
    assert_int_equal(stepping_state(s).failed, 0);
}

/* ---- hooks ---- */

static void test_hook_fails(void **arg) {
    (void)arg;
    for (unsigned writes = 0; writes < 2; writes++) {
        for (unsigned nth = 1;; nth++) {
            brittle b = {0, nth, ECHO_ERR_BUSY};
            stepping s;
            open_small(&s, 3);
            echo_registry_free(s.models);
            s.models = s.options.models = registry_object();
            add_brittle(s.models, &b);
            stepping_open(&s);
            stepping_generate(&s, 40);
            stepping_poll(&s, 0);
            assert_int_equal(start(&s), ECHO_OK);
            if (writes) stepping_generate(&s, 30); /* the hook is called before a first write */
            stepping_finish(&s);
            echo_snapshot_state state = stepping_state(&s);
            bool failed = b.calls >= nth;
            b.fail_at = 0;
            if (failed) {
                assert_int_equal(state.error.code, ECHO_ERR_BUSY);
                assert_string_not_equal(state.error.item, "");
                assert_int_equal(state.failed, 1);
                assert_int_equal(state.taken, 0);
                assert_int_equal(state.tail_messages, writes ? 70 : 40);
            }
            recovers(&s);
            stepping_close(&s);
            if (!failed) break;
            assert_true(nth < 100);
        }
    }
}

/* What the snapshot before the one at hand has of the items: there is none, their mutations, their states. */
typedef enum earlier { NOTHING, MUTATIONS, STATES, BEFORE_COUNT } earlier;

static void snapshot_before(stepping *s, earlier kind, brittle *b) {
    if (kind == STATES) add_brittle(s->models, b);
    stepping_open(s);
    if (kind == NOTHING) return;
    stepping_generate(s, 40);
    stepping_poll(s, 0);
    assert_int_equal(start(s), ECHO_OK);
    stepping_finish(s);
    if (kind != STATES) return;
    echo_party_free(s->party); /* and the model is not there any more */
    echo_registry_free(s->models);
    s->models = s->options.models = registry_object();
    stepping_open(s);
}

/*
 * A model is registered after so many steps of a snapshot, and the items, or every other one, get their state at once;
 * the rest later, by that snapshot or the next. Whether the snapshot was over.
 */
static bool late_model(earlier kind, unsigned polls, unsigned every) {
    brittle b = {0, 0, ECHO_OK};
    stepping s;
    open_small(&s, 12);
    echo_registry_free(s.models);
    s.models = s.options.models = registry_object();
    snapshot_before(&s, kind, &b);
    stepping_generate(&s, 40);
    stepping_poll(&s, 0);
    assert_int_equal(start(&s), ECHO_OK);
    for (unsigned i = 0; i < polls; i++) stepping_poll(&s, 0);
    bool over = stepping_state(&s).phase == ECHO_SNAPSHOT_PHASE_IDLE;
    add_brittle(s.models, &b);
    echo_error err = ECHO_ERROR_INIT;
    for (uint64_t i = 0; i < 12; i += every) {
        char id[ECHO_HEX_CHARS];
        echo_item *item;
        generate_item_id(id, s.seed, i);
        (void)!echo_item_get(&item, s.party, id, &err);
    }
    stepping_finish(&s);
    assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
    stepping_check(&s);
    stepping_generate(&s, 3);
    stepping_compare(&s);
    stepping_close(&s);
    return over;
}

/* At any moment of a snapshot: the next one, and those after it, are what replaying gives. */
static void test_late_model(void **arg) {
    (void)arg;
    for (earlier kind = NOTHING; kind < BEFORE_COUNT; kind++)
        for (unsigned every = 1; every <= 2; every++)
            for (unsigned polls = 0; !late_model(kind, polls, every); polls++) assert_true(polls < 1000);
}

static void test_no_budget(void **arg) {
    (void)arg;
    for (unsigned share = 1; share <= 100; share += 99) {
        stepping s;
        open_small(&s, 13);
        s.policy.budget_ns = 0;
        s.policy.share = share;
        stepping_open(&s);
        stepping_generate(&s, 40);
        stepping_poll(&s, 0);
        assert_int_equal(start(&s), ECHO_OK);
        stepping_finish(&s);
        assert_int_equal(stepping_state(&s).taken, 1);
        stepping_compare(&s);
        stepping_close(&s);
    }
}

/* A host's progress callback that calls the party, in vain, and cancels. */
static echo_status meddle(void *arg, const char *phase, uint64_t done, uint64_t total) {
    stepping *s = arg;
    (void)phase;
    (void)done;
    (void)total;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo_party_poll(NULL, s->party, 0, &err), ECHO_ERR_BUSY);
    echo_party_snapshot_cancel(s->party);
    assert_int_not_equal(stepping_state(s).phase, ECHO_SNAPSHOT_PHASE_IDLE);
    return ECHO_ERR_LIMIT;
}

static void test_progress_meddles(void **arg) {
    (void)arg;
    stepping s;
    generate_options o = GENERATE_OPTIONS_INIT;
    o.items = 9000;
    o.create = 1.0;
    stepping_prepare(&s, &o);
    s.options.progress = meddle;
    s.options.progress_arg = &s;
    stepping_open(&s);
    stepping_generate(&s, 9000);
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned i = 0; i < 9; i++) stepping_poll(&s, 1000);
    assert_int_equal(echo_party_snapshot(NULL, s.party, &err), ECHO_ERR_LIMIT);
    stepping_finish(&s);
    assert_int_equal(stepping_state(&s).taken, 0);
    stepping_close(&s);
}

/* ---- stores ---- */

/*
 * Every call of the store fails once, while messages come: in the first snapshot, for which the writer opens its
 * handle, or in a later one, which has it from before. The faults reach that handle: all that is written goes through
 * it.
 */
static void store_fails(bool threaded, bool first) {
    bool opening = false;
    uint64_t writes = 0;
    for (uint64_t nth = 1;; nth++) {
        stepping s;
        store_fault fault;
        open_small(&s, 5);
        echo_store store = store_fault_wrap(&fault, s.store);
        s.options.store = &store;
        s.policy.thread = threaded;
        s.policy.keep = 1;
        stepping_open(&s);
        stepping_generate(&s, 60);
        stepping_poll(&s, 0);
        echo_error err = ECHO_ERROR_INIT;
        if (!first) assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
        assert_int_equal(fault.calls[STORE_FAULT_REOPEN], first ? 0 : 1);
        stepping_generate(&s, 30);
        stepping_poll(&s, 0);
        uint64_t taken = stepping_state(&s).taken;
        store_fault_plan(&fault, STORE_FAULT_ANY, nth, ECHO_ERR_IO);
        assert_int_equal(start(&s), ECHO_OK);
        stepping_generate(&s, 20);
        for (unsigned i = 0; i < 20; i++) stepping_poll(&s, 1);
        stepping_finish(&s);
        echo_snapshot_state state = stepping_state(&s);
        bool hit = store_fault_hit(&fault);
        store_fault_plan(&fault, STORE_FAULT_ANY, 0, ECHO_OK);
        assert_int_equal(fault.calls[STORE_FAULT_REOPEN], 1);
        if (hit && (fault.hit_kind == STORE_FAULT_PUT || fault.hit_kind == STORE_FAULT_PUBLISH)) {
            assert_true(fault.hit_twin);
            writes++;
        }
        if (hit && fault.hit_kind == STORE_FAULT_REOPEN) {
            assert_int_equal(state.failed, 1);
            opening = true;
        }
        if (hit && state.gc_error.code == ECHO_OK && state.failed > 0) {
            assert_int_equal(state.error.code, ECHO_ERR_IO);
            assert_int_equal(state.taken, taken);
        } else {
            assert_int_equal(state.taken, taken + 1);
        }
        recovers(&s);
        s.store = store; /* closes the inner one */
        stepping_close(&s);
        if (!hit) break;
        assert_true(nth < 1000);
    }
    assert_int_equal(opening, first);
    assert_true(writes >= 2);
}

static void test_store_fails(void **arg) {
    (void)arg;
    for (unsigned first = 0; first < 2; first++) store_fails(false, first != 0);
}

static void test_store_fails_threaded(void **arg) {
    (void)arg;
    for (unsigned first = 0; first < 2; first++) store_fails(true, first != 0);
}

/* ---- SQLite ---- */

static void open_sqlite(stepping *s, const char *dir, echo_store *store) {
    char *path = folder_path(dir, "snapshots.db");
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_store_open_sqlite(store, path, NULL, &err), &err);
    free(path);
    s->options.store = store;
}

/* The writer has a handle of its own; the party loads items through its own meanwhile, old snapshots go, garbage too.
 */
static void test_sqlite(void **arg) {
    (void)arg;
    for (unsigned threaded = 0; threaded < 2; threaded++) {
        stepping s;
        echo_store store;
        generate_options o = GENERATE_OPTIONS_INIT;
        o.items = 400;
        o.hookless = 0.3;
        stepping_prepare(&s, &o);
        char *dir = folder_new();
        open_sqlite(&s, dir, &store);
        s.policy.thread = threaded;
        s.policy.keep = 2;
        s.policy.budget_ns = 100000;
        s.options.memory = 100000; /* items come and go */
        stepping_open(&s);
        for (unsigned i = 0; i < 25; i++) {
            stepping_generate(&s, 100);
            stepping_poll(&s, 50);
            assert_int_equal(start(&s), ECHO_OK);
            for (unsigned j = 0; j < 60; j++) stepping_poll(&s, 1);
            stepping_finish(&s);
            stepping_check(&s);
        }
        assert_int_equal(stepping_state(&s).error.code, ECHO_OK);
        assert_int_equal(stepping_state(&s).gc_error.code, ECHO_OK);
        assert_true(s.checked >= 25);
        uint64_t count = 0;
        echo_error err = ECHO_ERROR_INIT;
        assert_ok(echo_snapshot_list(&store, s.options.party, count_snapshot, &count, &err), &err);
        assert_int_equal(count, 2);
        stepping_compare(&s);
        echo_party_free(s.party);
        s.party = NULL;
        echo_store_close(&store);
        stepping_close(&s);
        folder_remove(dir);
    }
}

/*
 * A snapshot is published, and what only the one before needs could be collected, while the party still stands on that
 * one: it must be able to load from it until it has moved.
 */
static void test_party_moves_first(void **arg) {
    (void)arg;
    stepping s;
    echo_store store, other = {NULL, NULL};
    generate_options o = GENERATE_OPTIONS_INIT;
    o.items = 600;
    o.value_bytes = 3000;
    o.properties = 4;
    stepping_prepare(&s, &o);
    char *dir = folder_new();
    open_sqlite(&s, dir, &store);
    s.policy.thread = true;
    s.policy.keep = 1;
    s.policy.budget_ns = 1000000;
    s.options.memory = 400000;
    stepping_open(&s);
    echo_error err = ECHO_ERROR_INIT;
    uint64_t removed = 0;
    for (unsigned round = 0; round < 12; round++) {
        stepping_generate(&s, 500);
        stepping_poll(&s, 0);
        uint64_t number = stepping_state(&s).last.number, newest = number;
        assert_int_equal(start(&s), ECHO_OK);
        while (stepping_state(&s).phase == ECHO_SNAPSHOT_PHASE_CAPTURE) stepping_poll(&s, 0);
        if (stepping_state(&s).phase != ECHO_SNAPSHOT_PHASE_WRITE) continue;
        if (other.ops == NULL) assert_int_equal(store.ops->reopen(&other, store.ctx, &err), ECHO_OK);
        for (unsigned wait = 0; newest == number && wait < 2000; wait++) { /* published, and the party does not know */
            usleep(1000);
            assert_ok(echo_snapshot_list(&other, s.options.party, newest_snapshot, &newest, &err), &err);
        }
        usleep(50000);
        for (uint64_t i = 0; i < 600; i++) {
            char id[ECHO_HEX_CHARS];
            echo_item *item;
            bool exists = true;
            generate_item_id(id, s.seed, i);
            echo_status status = echo_item_get(&item, s.party, id, &err);
            exists = status != ECHO_ERR_NOT_FOUND;
            if (exists) assert_ok(status, &err);
        }
        stepping_finish(&s);
        removed = stepping_state(&s).chunks_removed;
    }
    assert_true(removed > 0);
    stepping_compare(&s);
    echo_party_free(s.party);
    s.party = NULL;
    echo_store_close(&other);
    echo_store_close(&store);
    stepping_close(&s);
    folder_remove(dir);
}

/* Two parties on one handle: what one takes back is not the other's. */
static void test_two_parties(void **arg) {
    (void)arg;
    for (unsigned polls = 0; polls < 60; polls++) {
        stepping a, b;
        echo_store store;
        open_small(&a, 14);
        open_small(&b, 15);
        char *dir = folder_new();
        open_sqlite(&a, dir, &store);
        b.options.store = &store;
        stepping *both[] = {&a, &b};
        for (unsigned i = 0; i < 2; i++) {
            stepping_open(both[i]);
            stepping_generate(both[i], 60);
            stepping_poll(both[i], 0);
        }
        assert_int_equal(start(&a), ECHO_OK);
        for (unsigned i = 0; i < polls; i++) stepping_poll(&a, 0);
        assert_int_equal(start(&b), ECHO_OK);
        for (unsigned i = 0; i < 20; i++) stepping_poll(&b, 0); /* BUSY, or on its way */
        echo_party_snapshot_cancel(b.party);
        stepping_finish(&b);
        stepping_finish(&a);
        echo_error err = ECHO_ERROR_INIT;
        if (stepping_state(&a).taken > 0) assert_ok(echo_snapshot_verify(&store, a.options.party, 0, &err), &err);
        recovers(&a);
        recovers(&b);
        for (unsigned i = 0; i < 2; i++) {
            echo_party_free(both[i]->party);
            both[i]->party = NULL;
        }
        echo_store_close(&store);
        stepping_close(&a);
        stepping_close(&b);
        folder_remove(dir);
    }
}

/* A disk that is full at the nth write, and stays so for a while. */
static void test_full_disk(void **arg) {
    (void)arg;
    store_vfs_install();
    bool failed = false;
    for (uint64_t nth = 1;; nth += nth < 20 ? 1 : 7) {
        stepping s;
        echo_store store;
        open_small(&s, 11);
        char *dir = folder_new();
        open_sqlite(&s, dir, &store);
        stepping_open(&s);
        stepping_generate(&s, 60);
        stepping_poll(&s, 0);
        echo_error err = ECHO_ERROR_INIT;
        assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
        stepping_generate(&s, 40);
        stepping_poll(&s, 0);
        store_vfs_fail(STORE_VFS_WRITE, nth, SQLITE_FULL, true);
        assert_int_equal(start(&s), ECHO_OK);
        stepping_generate(&s, 5);
        stepping_finish(&s);
        echo_snapshot_state state = stepping_state(&s);
        bool hit = store_vfs_failed();
        if (state.failed > 0) {
            assert_int_equal(state.error.code, ECHO_ERR_IO);
            assert_non_null(strstr(state.error.message, "disk full"));
            failed = true;
        }
        store_vfs_fail(STORE_VFS_WRITE, 0, 0, false);
        recovers(&s);
        echo_party_free(s.party);
        s.party = NULL;
        echo_store_close(&store);
        stepping_close(&s);
        folder_remove(dir);
        store_vfs_reset();
        if (!hit) break;
        assert_true(nth < 2000);
    }
    assert_true(failed);
    store_vfs_remove();
}

/* Somebody else publishes while ours is under way. */
static void test_conflict(void **arg) {
    (void)arg;
    for (unsigned threaded = 0; threaded < 2; threaded++) {
        stepping s;
        open_small(&s, 6);
        s.policy.thread = threaded;
        stepping_open(&s);
        stepping_generate(&s, 40);
        stepping_poll(&s, 0);
        echo_party *other = party_open(&s.options);
        echo_error err = ECHO_ERROR_INIT;
        assert_ok(echo_party_snapshot(NULL, other, &err), &err);
        echo_party_free(other);
        assert_int_equal(start(&s), ECHO_OK);
        stepping_finish(&s);
        assert_int_equal(stepping_state(&s).error.code, ECHO_ERR_CONFLICT);
        recovers(&s);
        stepping_close(&s);
    }
}

/* Somebody else's snapshots take the place of the one that the party stands on, and its chunks are collected. */
static void test_base_is_gone(void **arg) {
    (void)arg;
    stepping s;
    open_small(&s, 16);
    stepping_generate(&s, 60);
    stepping_open(&s);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
    echo_party *other = party_open(&s.options);
    for (unsigned i = 0; i < 2; i++) {
        stepping_generate(&s, 60);
        assert_ok(echo_party_poll(NULL, other, 0, &err), &err);
        assert_ok(echo_party_snapshot(NULL, other, &err), &err);
    }
    echo_party_free(other);
    echo_gc_options gc = ECHO_GC_OPTIONS_INIT;
    gc.keep = 1;
    assert_ok(echo_snapshot_gc(NULL, &s.store, &gc, &err), &err);
    stepping_poll(&s, 5);
    for (unsigned i = 0; i < 3; i++) { /* never on top of what is gone, and never taken for damage */
        assert_int_equal(echo_party_snapshot(NULL, s.party, &err), ECHO_ERR_CONFLICT);
        assert_ok(echo_snapshot_verify(&s.store, s.options.party, 0, &err), &err);
    }
    assert_non_null(strstr(err.message, "open the party again"));
    s.options.policy = &s.policy;
    stepping_reopen(&s);
    recovers(&s);
    stepping_close(&s);
}

/* ---- memory ---- */

static void test_out_of_memory(void **arg) {
    (void)arg;
    bool begun = false;
    for (long nth = 1;; nth++) {
        stepping s;
        open_small(&s, 7);
        stepping_open(&s);
        stepping_generate(&s, 60);
        stepping_poll(&s, 0);
        stepping_generate(&s, 12);
        fault_at(nth);
        echo_status status = start(&s);
        for (unsigned i = 0; status == ECHO_OK && i < 12; i++) {
            echo_error err = ECHO_ERROR_INIT;
            status = echo_party_poll(NULL, s.party, 1, &err);
            if (status == ECHO_ERR_NOMEM) status = echo_party_poll(NULL, s.party, 1, &err); /* repeated, it goes on */
        }
        for (unsigned i = 0; stepping_state(&s).phase != ECHO_SNAPSHOT_PHASE_IDLE; i++) {
            echo_error err = ECHO_ERROR_INIT;
            assert_true(i < 100000);
            (void)!echo_party_poll(NULL, s.party, 0, &err);
        }
        bool hit = fault_off();
        echo_snapshot_state state = stepping_state(&s);
        assert_true(state.taken == 1 || state.error.code == ECHO_ERR_NOMEM);
        if (status != ECHO_OK) assert_int_equal(status, ECHO_ERR_NOMEM);
        begun = begun || state.failed > 0;
        recovers(&s);
        stepping_close(&s);
        if (!hit) break;
    }
    assert_true(begun);
}

/* ---- hosts ---- */

static uint64_t published(const stepping *s) {
    uint64_t count = 0;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_snapshot_list(&s->store, s->options.party, count_snapshot, &count, &err), &err);
    return count;
}

static void end_after(unsigned polls, bool threaded, bool leave) {
    stepping s;
    open_small(&s, 8);
    s.policy.thread = threaded;
    stepping_open(&s);
    stepping_generate(&s, 50);
    stepping_poll(&s, 0);
    assert_int_equal(start(&s), ECHO_OK);
    stepping_generate(&s, 10);
    for (unsigned i = 0; i < polls; i++) stepping_poll(&s, i % 3);
    uint64_t before = published(&s);
    if (leave) {
        stepping_reopen(&s); /* in the middle of it */
    } else {
        echo_party_snapshot_cancel(s.party);
        echo_snapshot_state state = stepping_state(&s);
        assert_true(state.phase == ECHO_SNAPSHOT_PHASE_FINISH || state.phase == ECHO_SNAPSHOT_PHASE_IDLE);
        if (state.taken == 0) assert_int_equal(state.error.code, ECHO_ERR_REFUSED);
        assert_int_equal(state.taken, published(&s));
        assert_int_equal(state.failed, 0); /* it was no failure: nothing is waited for */
        stepping_finish(&s);
    }
    if (!threaded) assert_int_equal(published(&s), before); /* a thread may have been at it just then */
    stepping_compare(&s);
    stepping_close(&s);
}

static void test_cancel_and_leave(void **arg) {
    (void)arg;
    for (unsigned polls = 0; polls < 60; polls++)
        for (unsigned how = 0; how < 4; how++) end_after(polls, (how & 1) != 0, (how & 2) != 0);
}

static void test_joining(void **arg) {
    (void)arg;
    stepping s;
    echo_error err = ECHO_ERROR_INIT;
    echo_snapshot_result result;
    open_small(&s, 9);
    stepping_open(&s);
    stepping_generate(&s, 50);
    stepping_poll(&s, 0);
    assert_int_equal(start(&s), ECHO_OK);
    assert_int_equal(start(&s), ECHO_OK); /* joins */
    stepping_finish(&s);
    assert_int_equal(stepping_state(&s).taken, 1);
    assert_int_equal(stepping_state(&s).last.number, 1);
    /* A call that waits joins one that covers all... */
    stepping_generate(&s, 5);
    stepping_poll(&s, 0);
    assert_int_equal(start(&s), ECHO_OK);
    stepping_poll(&s, 0);
    assert_ok(echo_party_snapshot(&result, s.party, &err), &err);
    assert_int_equal(result.number, 2);
    assert_int_equal(result.messages, 55);
    /* ... and is followed by another where it does not. */
    stepping_generate(&s, 5);
    stepping_poll(&s, 0);
    assert_int_equal(start(&s), ECHO_OK);
    stepping_generate(&s, 5);
    stepping_poll(&s, 0);
    assert_ok(echo_party_snapshot(&result, s.party, &err), &err);
    assert_int_equal(result.number, 4);
    assert_int_equal(result.messages, 65);
    assert_false(result.unchanged);
    assert_ok(echo_party_snapshot(&result, s.party, &err), &err);
    assert_true(result.unchanged);
    assert_int_equal(result.number, 4);
    /* Asked for while the last one is finishing: another follows. */
    stepping_generate(&s, 5);
    stepping_poll(&s, 0);
    assert_int_equal(start(&s), ECHO_OK);
    while (stepping_state(&s).phase != ECHO_SNAPSHOT_PHASE_FINISH) stepping_poll(&s, 0);
    stepping_generate(&s, 5);
    stepping_poll(&s, 0);
    assert_int_equal(start(&s), ECHO_OK);
    while (stepping_state(&s).last.number < 6) stepping_poll(&s, 0);
    stepping_finish(&s);
    assert_int_equal(stepping_state(&s).last.messages, 75);
    stepping_compare(&s);
    stepping_close(&s);
}

/* However fast messages come, a snapshot ends, and what it covers is what was there when it began. */
static void test_ends_under_load(void **arg) {
    (void)arg;
    for (unsigned still = 0; still < 2; still++) { /* a clock that stands still, too */
        generate_options o = GENERATE_OPTIONS_INIT;
        o.items = 500;
        stepping s;
        stepping_prepare(&s, &o);
        stepping_open(&s);
        stepping_generate(&s, 2000);
        stepping_poll(&s, 0);
        assert_int_equal(start(&s), ECHO_OK);
        s.tick = still ? 0 : 100;
        uint64_t written = 0;
        while (stepping_state(&s).taken == 0) {
            stepping_generate(&s, 1000);
            written += 1000;
            stepping_poll(&s, 0);
            assert_true(written < 3000000);
        }
        s.tick = 100;
        assert_int_equal(stepping_state(&s).last.messages, 2000);
        assert_int_equal(stepping_state(&s).tail_messages, written);
        stepping_check(&s);
        stepping_finish(&s);
        stepping_close(&s);
    }
}

/*
 * A host that looked so many times in a row, and then was away for long: the step that is due is as long as the budget,
 * and no longer, also when one would have been due at that look in any case (P7). A look is a poll of 15 messages, too
 * soon after the last for a step.
 */
static void away_after(unsigned looks) {
    const uint64_t piece = 100000;
    generate_options o = GENERATE_OPTIONS_INIT;
    o.items = 1000;
    o.create = 1.0;
    stepping s;
    stepping_prepare(&s, &o);
    s.policy.budget_ns = 10 * piece;
    s.tick = 1;
    stepping_open(&s);
    stepping_generate(&s, 1000);
    stepping_poll(&s, 0);
    assert_int_equal(start(&s), ECHO_OK);
    for (unsigned i = 0; i < looks; i++) {
        stepping_generate(&s, 15);
        stepping_poll(&s, 15);
    }
    assert_in_range(stepping_state(&s).ns_worst_step, 0, s.policy.budget_ns / 100);
    s.now += UINT64_C(10000000000);
    s.tick = piece;
    stepping_generate(&s, 15);
    stepping_poll(&s, 15);
    echo_snapshot_state state = stepping_state(&s);
    assert_int_equal(state.phase, ECHO_SNAPSHOT_PHASE_CAPTURE);
    assert_in_range(state.ns_worst_step, s.policy.budget_ns, s.policy.budget_ns + 2 * piece);
    s.tick = 100;
    stepping_finish(&s);
    stepping_check(&s);
    assert_int_equal(s.checked, 1);
    stepping_close(&s);
}

static void test_host_was_away(void **arg) {
    (void)arg;
    for (unsigned looks = 0; looks < 72; looks += looks < 56 ? 8 : 1) away_after(looks);
}

/* ---- threads (P10) ---- */

static unsigned threads(void) {
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* Whether all threads but this one have SIGTERM and SIGUSR1 blocked. */
static bool others_take_no_signals(void) {
    bool good = true;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks != NULL && (entry = readdir(tasks)) != NULL;) {
        char path[300], line[200];
        unsigned long long blocked = 0;
        if (entry->d_name[0] == '.' || atol(entry->d_name) == (long)getpid()) continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        FILE *file = fopen(path, "r");
        while (file != NULL && fgets(line, sizeof line, file) != NULL) (void)!sscanf(line, "SigBlk: %llx", &blocked);
        if (file != NULL) fclose(file);
        good = good && (blocked >> (SIGTERM - 1) & 1) != 0 && (blocked >> (SIGUSR1 - 1) & 1) != 0;
    }
    if (tasks != NULL) closedir(tasks);
    return good;
}

static void test_threads(void **arg) {
    (void)arg;
    for (unsigned threaded = 0; threaded < 2; threaded++) {
        stepping s;
        open_small(&s, 10);
        s.policy.thread = threaded;
        unsigned before = threads();
        stepping_open(&s);
        assert_int_equal(threads(), before);
        stepping_generate(&s, 50);
        stepping_poll(&s, 0);
        assert_int_equal(start(&s), ECHO_OK);
        /* A thread has all signals blocked until it runs. This one ran when the order of the items is known; it waits
         * for records. */
        while (stepping_state(&s).phase == ECHO_SNAPSHOT_PHASE_CAPTURE && stepping_state(&s).items_captured == 0)
            stepping_poll(&s, 0);
        assert_int_equal(stepping_state(&s).phase, ECHO_SNAPSHOT_PHASE_CAPTURE);
        assert_int_equal(threads(), before == 0 ? 0 : before + threaded);
        assert_true(others_take_no_signals());
        stepping_finish(&s);
        assert_int_equal(threads(), before); /* it ends with the snapshot */
        echo_error err = ECHO_ERROR_INIT;
        stepping_generate(&s, 5);
        stepping_poll(&s, 0);
        assert_ok(echo_party_snapshot(NULL, s.party, &err), &err);
        stepping_compare(&s);
        stepping_close(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_model),       cmocka_unit_test(test_no_budget),
        cmocka_unit_test(test_progress_meddles), cmocka_unit_test(test_party_moves_first),
        cmocka_unit_test(test_two_parties),      cmocka_unit_test(test_hook_fails),
        cmocka_unit_test(test_store_fails),      cmocka_unit_test(test_store_fails_threaded),
        cmocka_unit_test(test_sqlite),           cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_conflict),         cmocka_unit_test(test_base_is_gone),
        cmocka_unit_test(test_out_of_memory),    cmocka_unit_test(test_cancel_and_leave),
        cmocka_unit_test(test_joining),          cmocka_unit_test(test_ends_under_load),
        cmocka_unit_test(test_threads),          cmocka_unit_test(test_host_was_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
