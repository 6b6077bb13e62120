/*
 * The collection of garbage: what stays and what goes, what stops it, and what others do meanwhile, between any two of
 * its steps.
 */
#include "unit/snapshot/gc_support.h"

#include "support/fault.h"
#include "support/folder.h"
#include "support/store_fault.h"
#include "support/store_place.h"

static echo_store memory(void) {
    echo_store store;
    assert_ok(echo_store_new_memory(&store));
    return store;
}

static echo_gc_report collect(const echo_store *store, uint32_t keep, bool dry_run) {
    echo_gc_options options = ECHO_GC_OPTIONS_INIT;
    echo_gc_report report;
    echo_error err = ECHO_ERROR_INIT;
    options.keep = keep;
    options.dry_run = dry_run;
    if (echo_snapshot_gc(&report, store, &options, &err) != ECHO_OK) fail_msg("gc: %s", err.message);
    return report;
}

/* Two parties; the second has the content of the first's oldest snapshot. */
static void fill(const echo_store *store) {
    for (unsigned i = 0; i < 4; i++) gc_publish(store, 1, i, i);
    gc_publish(store, 2, 0, 0);
    gc_publish(store, 2, 1, 7);
}

/* ---- what stays and what goes ---- */

static void test_nothing_to_do(void **state) {
    (void)state;
    echo_store store = memory();
    echo_gc_report report = collect(&store, 2, false);
    assert_int_equal(report.parties + report.snapshots_kept + report.snapshots_removed + report.chunks_kept +
                         report.chunks_removed,
                     0);
    gc_publish(&store, 1, 0, 1);
    gc_publish(&store, 1, 1, 2);
    echo_hash before = gc_digest(&store);
    report = collect(&store, 2, false);
    assert_unchanged(&store, &before);
    assert_int_equal(report.parties, 1);
    assert_int_equal(report.snapshots_kept, 2);
    assert_true(report.chunks_kept > 12);
    assert_int_equal(report.snapshots_removed + report.chunks_removed + report.bytes_removed, 0);
    assert_ok(echo_snapshot_gc(NULL, &store, NULL, NULL)); /* the defaults */
    assert_unchanged(&store, &before);
    echo_store_close(&store);
}

static void test_removes(void **state) {
    (void)state;
    for (uint32_t keep = 0; keep < 5; keep++) {
        static const char *const left[] = {"4 3 2 1", "4", "4 3", "4 3 2", "4 3 2 1"};
        static const uint64_t gone[] = {0, 4, 2, 1, 0};
        echo_store store = memory();
        fill(&store);
        assert_ok(store_put_made(&store, 9, 77, NULL, NULL)); /* needed by nobody from the start */
        gc_publish(&store, 3, 0, 2);
        assert_int_equal(gc_unneeded(&store), 1);
        echo_hash before = gc_digest(&store);
        echo_gc_report dry = collect(&store, keep, true);
        assert_unchanged(&store, &before);
        echo_gc_report report = collect(&store, keep, false);
        assert_memory_equal(&dry, &report, sizeof dry); /* all of its fields are 64 bits wide */
        assert_int_equal(report.parties, 3);
        assert_int_equal(report.snapshots_removed, gone[keep]);
        assert_int_equal(report.snapshots_kept, 7 - gone[keep]);
        assert_true(report.chunks_removed >= (keep == 1 || keep == 2 ? 4u : 1u));
        assert_numbers(&store, 1, left[keep]);
        assert_numbers(&store, 2, keep == 1 ? "2" : "2 1");
        assert_int_equal(gc_unneeded(&store), 0);
        gc_walk all = {&(gc_reach){.store = &store}, 0, 0, 0};
        assert_ok(store.ops->walk(store.ctx, gc_count_chunk, &all, NULL));
        assert_int_equal(report.chunks_kept, all.count);
        assert_int_equal(report.bytes_kept, all.bytes);
        echo_gc_report again = collect(&store, keep, false);
        assert_int_equal(again.snapshots_removed + again.chunks_removed, 0);
        assert_int_equal(again.chunks_kept, report.chunks_kept);
        echo_store_close(&store);
    }
}

/* Snapshots that share all but a few chunks: those that only the old one needs go, blobs and segments among them. */
static void test_kinds_of_chunks(void **state) {
    (void)state;
    echo_store store = memory();
    gc_publish(&store, 1, 0, 1);
    gc_publish(&store, 1, 1, 2);
    static const char *const kinds[][2] = {{"segment in a line 1", "segment in a line 2"},
                                           {"segment in a blob 1", "segment in a blob 2"},
                                           {"{\"state\":{\"text\":\"1y", "{\"state\":{\"text\":\"2y"}};
    echo_hash old[3], fresh[3];
    for (unsigned i = 0; i < 3; i++) {
        old[i] = gc_find(&store, kinds[i][0], NULL);
        fresh[i] = gc_find(&store, kinds[i][1], NULL);
    }
    echo_gc_report report = collect(&store, 1, false);
    for (unsigned i = 0; i < 3; i++) {
        bool there;
        assert_ok(store.ops->has(&there, store.ctx, &old[i], NULL));
        assert_false(there);
        assert_ok(store.ops->has(&there, store.ctx, &fresh[i], NULL));
        assert_true(there);
    }
    assert_in_range(report.chunks_removed, 8, 20);
    assert_int_equal(gc_unneeded(&store), 0);
    echo_store_close(&store);
}

/* A chunk that one snapshot has as a segment, which is not looked into, and another as a blob, which names others. */
static void test_two_roles(void **state) {
    (void)state;
    for (unsigned order = 0; order < 2; order++) {
        echo_store store = memory();
        echo__chunks *chunks;
        gc_publish(&store, 1, 0, 1);
        echo_hash blob = gc_find(&store, "{\"state\":null,\"log\"", NULL);
        assert_ok(echo__chunks_new(&chunks, &store));
        test_model m = {NULL, 0, 0};
        echo__buf log = ECHO__BUF_INIT;
        echo__buf_text(&log, "{\"n\":64,\"sealed\":[\"");
        echo__buf_hex(&log, blob.bytes, 32);
        echo__buf_text(&log, "\"],\"tail\":[]}");
        gc_payload(&m, chunks, order == 0 ? "a" : "z", echo__bytes(NULL, 0), echo__buf_bytes(&log));
        echo__manifest manifest;
        memset(&manifest, 0, sizeof manifest);
        manifest.party = store_party(1);
        manifest.number = 2;
        manifest.items = build(chunks, &m);
        assert_ok(echo_timeframe_new(&manifest.timeframe));
        echo__buf_clear(&log);
        assert_ok(echo__manifest_write(&log, &manifest, NULL, NULL));
        assert_ok(store.ops->publish(store.ctx, &manifest.party, 1, echo__buf_bytes(&log), NULL));
        (void)collect(&store, 2, false); /* the newest is marked first: as a segment */
        assert_int_equal(gc_unneeded(&store), 0);
        echo__buf_free(&log);
        model_free(&m);
        echo__manifest_free(&manifest);
        echo__chunks_free(chunks);
        echo_store_close(&store);
    }
}

static void test_pinned(void **state) {
    (void)state;
    echo_store store = memory();
    fill(&store);
    echo_key party = store_party(1);
    assert_ok(echo_snapshot_pin(&store, &party, 2, true, NULL));
    assert_ok(echo_snapshot_pin(&store, &party, 4, true, NULL)); /* one of the newest anyway */
    echo_gc_report report = collect(&store, 1, false);
    assert_numbers(&store, 1, "4 2");
    assert_int_equal(report.snapshots_kept, 3);
    assert_int_equal(gc_unneeded(&store), 0);
    assert_ok(echo_snapshot_pin(&store, &party, 2, false, NULL));
    (void)collect(&store, 1, false);
    assert_numbers(&store, 1, "4");
    assert_int_equal(gc_unneeded(&store), 0);
    echo_store_close(&store);
}

/* One whose manifest is damaged does not count, and goes when it is older than the last that is kept. */
static void test_damaged_manifest(void **state) {
    (void)state;
    echo_store store = memory();
    gc_publish_text(&store, 1, 0, "{\"format\":2}");
    gc_publish(&store, 1, 1, 1);
    gc_publish(&store, 1, 2, 2);
    gc_publish_text(&store, 1, 3, "no manifest");
    gc_publish(&store, 1, 4, 4);
    gc_publish_text(&store, 1, 5, "");
    gc_publish_text(&store, 2, 0, "nor is this");
    echo_key party = store_party(1);
    (void)collect(&store, 3, false);
    assert_numbers(&store, 1, "6 5 4 3 2");
    assert_numbers(&store, 2, "1"); /* it is all there is */
    (void)collect(&store, 2, false);
    assert_numbers(&store, 1, "6 5 4 3");
    assert_ok(echo_snapshot_pin(&store, &party, 4, true, NULL));
    echo_gc_report report = collect(&store, 1, false);
    assert_numbers(&store, 1, "6 5 4");
    assert_int_equal(report.snapshots_kept, 4);
    assert_int_equal(gc_unneeded(&store), 0);
    echo_store_close(&store);
}

/* ---- what stops it ---- */

static void assert_stopped(const echo_store *store, uint32_t keep, echo_status status, const char *a, const char *b) {
    echo_gc_options options = ECHO_GC_OPTIONS_INIT;
    echo_gc_report report = {77, 0, 0, 0, 0, 0, 0};
    echo_error err = ECHO_ERROR_INIT;
    echo_hash before = gc_digest(store);
    options.keep = keep;
    assert_status(echo_snapshot_gc(&report, store, &options, &err), status);
    assert_int_equal(err.code, status);
    if (strstr(err.message, a) == NULL || strstr(err.message, b) == NULL) fail_msg("message: %s", err.message);
    assert_int_equal(report.parties, 77);
    assert_unchanged(store, &before);
}

static void remove_chunk(const echo_store *store, const echo_hash *name) {
    for (uint8_t p = 1; p <= 3; p++) (void)gc_list(store, p);
    assert_ok(store->ops->remove_chunks(store->ctx, name, 1, NULL));
}

static void test_damaged_tree(void **state) {
    (void)state;
    static const char *const begin[] = {
        "{\"last\":", "{\"feeds\":", "{\"feeds\":", "{\"state\":null,\"log\":", "{\"feeds\":"};
    static const char *const within[] = {NULL, "{\"id\":\"item/000080", "{\"id\":\"item/0", NULL, "{\"id\":\"0"};
    for (unsigned i = 0; i < sizeof begin / sizeof *begin; i++) {
        char hex[ECHO_HEX_CHARS];
        echo_store store = memory();
        gc_publish(&store, 1, 0, 2);
        echo_hash bad = gc_find(&store, begin[i], within[i]);
        gc_publish(&store, 1, 1, 3);
        gc_publish(&store, 1, 2, 4);
        gc_publish(&store, 2, 0, 2); /* needs it, while party 1's first snapshot is to go */
        echo_hash_hex(hex, &bad);
        remove_chunk(&store, &bad);
        bool shared = i == 2; /* of this one there may be several, which other snapshots need too */
        assert_stopped(&store, 1, ECHO_ERR_CORRUPT, hex, shared ? "snapshot " : "snapshot 1 of party 0202");
        assert_stopped(&store, 0, ECHO_ERR_CORRUPT, hex, "snapshot ");
        echo_key party = store_party(2);
        assert_ok(store.ops->remove(store.ctx, &party, 1, NULL));
        if (!shared) (void)collect(&store, 1, false);
        if (!shared) assert_int_equal(gc_unneeded(&store), 0);
        echo_store_close(&store);
    }
}

static void test_other_stops(void **state) {
    (void)state;
    echo_store store = memory();
    fill(&store);
    gc_publish_text(&store, 3, 0, "{\"format\":3}");
    assert_stopped(&store, 1, ECHO_ERR_VERSION, "snapshot 1 of party 0303", "format 3");
    echo_key party = store_party(3);
    assert_ok(store.ops->remove(store.ctx, &party, 1, NULL));
    char deep[401];
    memset(deep, '[', 400);
    deep[400] = '\0';
    gc_publish_text(&store, 3, 0, deep); /* beyond a limit: nobody says that it is damaged */
    assert_stopped(&store, 1, ECHO_ERR_LIMIT, "snapshot 1 of party 0303", "");
    assert_ok(store.ops->remove(store.ctx, &party, 1, NULL));

    echo_gc_options options = ECHO_GC_OPTIONS_INIT;
    options.version = 2;
    assert_status(echo_snapshot_gc(NULL, &store, &options, NULL), ECHO_ERR_VERSION);
    assert_status(echo_snapshot_gc(NULL, NULL, NULL, NULL), ECHO_ERR_INVALID);
    echo_store_ops ops = *store.ops;
    echo_store other = {&ops, store.ctx};
    ops.version = ECHO_STORE_OPS_VERSION + 1;
    assert_status(echo_snapshot_gc(NULL, &other, NULL, NULL), ECHO_ERR_VERSION);
    ops.version = ECHO_STORE_OPS_VERSION;
    ops.parties = NULL;
    assert_stopped(&other, 1, ECHO_ERR_UNSUPPORTED, "store", "");
    echo_store_close(&store);
}

/* A store with parties alone of the optional hooks. */
static void test_few_hooks(void **state) {
    (void)state;
    echo_store store = memory();
    echo_store_ops ops = *store.ops;
    echo_store other = {&ops, store.ctx};
    fill(&store);
    ops.walk_from = NULL;
    ops.usage = NULL;
    ops.pin = NULL;
    ops.pinned = NULL;
    for (unsigned i = 0; i < 1300; i++) assert_ok(store_put_made(&store, i, 40, NULL, NULL)); /* more than go at once */
    gc_publish(&store, 3, 0, 2);
    echo_gc_report report = collect(&other, 1, false);
    assert_true(report.chunks_removed > 1300);
    assert_numbers(&store, 1, "4");
    assert_int_equal(gc_unneeded(&store), 0);
    for (unsigned i = 0; i < 1300; i++) assert_ok(store_put_made(&store, i, 40, NULL, NULL));
    gc_publish(&store, 3, 1, 2);
    report = collect(&store, 1, false); /* and with walk_from */
    assert_int_equal(report.chunks_removed, 1300);
    assert_int_equal(gc_unneeded(&store), 0);
    gc_walk all = {&(gc_reach){.store = &store}, 0, 0, 0};
    assert_ok(store.ops->walk(store.ctx, gc_count_chunk, &all, NULL));
    assert_int_equal(report.chunks_kept, all.count);
    echo_store_close(&store);
}

/* ---- progress ---- */

typedef struct told {
    unsigned calls, stop_at, sweeps;
    uint64_t last;
} told;

static echo_status progress(void *arg, const char *phase, uint64_t done, uint64_t total) {
    told *t = arg;
    assert_int_equal(total, 0);
    if (strcmp(phase, "sweep") == 0)
        t->sweeps++;
    else
        assert_string_equal(phase, "mark");
    if (t->sweeps == 0) assert_true(done >= t->last);
    t->last = done;
    return ++t->calls == t->stop_at ? (echo_status)-777 : ECHO_OK;
}

static void test_progress(void **state) {
    (void)state;
    for (unsigned stop = 1;; stop++) {
        echo_store store = memory();
        fill(&store);
        told t = {0, stop, 0, 0};
        echo_gc_options options = ECHO_GC_OPTIONS_INIT;
        echo_error err = ECHO_ERROR_INIT;
        options.progress = progress;
        options.progress_arg = &t;
        echo_status status = echo_snapshot_gc(NULL, &store, &options, &err);
        if (t.calls < stop) {
            assert_ok(status);
            assert_true(t.sweeps > 2);
            echo_store_close(&store);
            break;
        }
        assert_int_equal(status, -777);
        assert_int_equal(err.code, -777);
        (void)gc_unneeded(&store); /* all that is left verifies */
        (void)collect(&store, 2, false);
        assert_int_equal(gc_unneeded(&store), 0);
        echo_store_close(&store);
    }
}

/* ---- between two steps ---- */

typedef struct other {
    echo_store store; /* a handle on the same store */
} other;

/* An old content comes back: its chunks are there, and are not written again. */
static void publish_old(const other *o) {
    gc_numbers n = gc_list(&o->store, 1);
    gc_publish(&o->store, 1, n.list[0], 0);
}
static void publish_elsewhere(const other *o) {
    gc_numbers n = gc_list(&o->store, 3);
    gc_publish(&o->store, 3, n.count == 0 ? 0 : n.list[0], 1);
}
/* Who uses the same handle lists, so that the store takes what was published for seen. */
static void publish_and_list(const other *o) {
    publish_old(o);
    publish_elsewhere(o);
    for (uint8_t p = 1; p <= 3; p++) (void)gc_list(&o->store, p);
}
static void pin_old(const other *o) {
    echo_key party = store_party(1);
    echo_status status = echo_snapshot_pin(&o->store, &party, 2, true, NULL); /* whose chunks nobody else needs */
    assert_true(status == ECHO_OK || status == ECHO_ERR_NOT_FOUND);
}
static void collect_more(const other *o) { (void)collect(&o->store, 1, false); }
static void retain_one(const other *o) {
    echo_key party = store_party(1);
    assert_ok(echo__keep_retain(NULL, &o->store, &party, 1, NULL));
}
static void publish_damaged(const other *o) {
    gc_numbers n = gc_list(&o->store, 2);
    gc_publish_text(&o->store, 2, n.list[0], "no manifest");
}

static void (*const meddling[])(const other *) = {publish_old,  publish_elsewhere, publish_and_list, pin_old,
                                                  collect_more, retain_one,        publish_damaged};
#define MEDDLERS (sizeof meddling / sizeof *meddling)

/* A collection with `how` between steps k and k + 1; false when it has no so many steps. Afterwards all that is left
 * verifies. */
static bool meddle(const echo_store *store, const other *o, unsigned how, unsigned k) {
    echo_gc_options options = ECHO_GC_OPTIONS_INIT;
    echo__gc *gc;
    echo_error err = ECHO_ERROR_INIT;
    bool done = false;
    assert_ok(echo__gc_new(&gc, store, &options, &err));
    for (unsigned i = 0; i < k && !done; i++) assert_ok(echo__gc_step(&done, gc, NULL));
    bool during = !done;
    meddling[how](o);
    while (!done)
        if (echo__gc_step(&done, gc, &err) != ECHO_OK) fail_msg("meddler %u, step %u: %s", how, k, err.message);
    assert_true(err.code == ECHO_OK && err.message[0] == '\0'); /* what was got around is not told */
    echo__gc_free(gc);
    (void)gc_unneeded(store);
    return during;
}

static void test_meddling(void **state) {
    (void)state;
    for (unsigned how = 0; how < MEDDLERS; how++)
        for (unsigned k = 0;; k++) {
            echo_store store = memory();
            other o = {store};
            fill(&store);
            bool during = meddle(&store, &o, how, k);
            (void)collect(&store, 2, false);
            assert_int_equal(gc_unneeded(&store), 0);
            echo_store_close(&store);
            if (!during) break;
            assert_true(k < 1000);
        }
}

/* The same by another handle on a file. */
static void test_meddling_file(void **state) {
    (void)state;
    store_place filled = store_place_new();
    echo_store store = store_place_open(&filled, STORE_CREATE);
    fill(&store);
    echo_store_close(&store);
    for (unsigned how = 0; how < MEDDLERS; how++)
        for (unsigned k = how; k < 400; k += 3) {
            store_place place = store_place_new();
            folder_copy(filled.folder, place.folder);
            store = store_place_open(&place, STORE_EXISTING);
            other o = {store_place_open(&place, STORE_EXISTING)};
            bool during = meddle(&store, &o, how, k);
            echo_store_close(&o.store);
            echo_store_close(&store);
            store_place_free(&place);
            if (!during) break;
        }
    store_place_free(&filled);
}

/* ---- who comes between always ---- */

static void publish_each(void *arg, store_fault_call kind) {
    const echo_store *store = arg;
    if (kind != STORE_FAULT_REMOVE_CHUNKS) return;
    gc_numbers n = gc_list(store, 3);
    if (n.count == 30) return; /* for a collection that would never end */
    gc_publish(store, 3, n.count == 0 ? 0 : n.list[0], 20 + (unsigned)n.count);
}

static void pin_each(void *arg, store_fault_call kind) {
    const echo_store *store = arg;
    static unsigned removals;
    if (kind == STORE_FAULT_PARTIES && removals == 100) return;
    if (kind != STORE_FAULT_REMOVE && kind != STORE_FAULT_PARTIES) return;
    if (kind == STORE_FAULT_REMOVE) removals++;
    echo_key party = store_party(1);
    for (uint64_t number = 1; number <= 4; number++) {
        echo_status status = echo_snapshot_pin(store, &party, number, kind == STORE_FAULT_REMOVE, NULL);
        assert_true(status == ECHO_OK || status == ECHO_ERR_NOT_FOUND);
    }
}

/* Then it is told, after some tries; and nothing is lost. */
static void test_always_disturbed(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        store_fault fault;
        echo_store inner = memory(), store = store_fault_wrap(&fault, inner);
        fill(&inner);
        fault.before = i == 0 ? publish_each : pin_each;
        fault.before_arg = &inner;
        echo_error err = ECHO_ERROR_INIT;
        echo_gc_options options = ECHO_GC_OPTIONS_INIT;
        options.keep = 1;
        assert_status(echo_snapshot_gc(NULL, &store, &options, &err), i == 0 ? ECHO_ERR_CONFLICT : ECHO_ERR_REFUSED);
        assert_int_equal(err.code, i == 0 ? ECHO_ERR_CONFLICT : ECHO_ERR_REFUSED);
        assert_int_equal(fault.calls[i == 0 ? STORE_FAULT_REMOVE_CHUNKS : STORE_FAULT_REMOVE], 17);
        fault.before = NULL;
        (void)gc_unneeded(&inner);
        (void)collect(&store, 1, false);
        assert_int_equal(gc_unneeded(&inner), 0);
        echo_store_close(&store);
    }
}

/* ---- failures ---- */

static void test_failing_store(void **state) {
    (void)state;
    static const echo_status codes[] = {ECHO_ERR_IO, ECHO_ERR_BUSY, ECHO_ERR_CONFLICT, ECHO_ERR_NOT_FOUND};
    for (unsigned c = 0; c < 4; c++)
        for (uint64_t nth = 1;; nth++) {
            store_fault fault;
            echo_store inner = memory(), store = store_fault_wrap(&fault, inner);
            fill(&inner);
            store_fault_plan(&fault, STORE_FAULT_ANY, nth, codes[c]);
            echo_gc_options options = ECHO_GC_OPTIONS_INIT;
            echo_error err = ECHO_ERROR_INIT;
            options.keep = 1;
            echo_status status = echo_snapshot_gc(NULL, &store, &options, &err);
            bool hit = store_fault_hit(&fault);
            if (status != ECHO_OK) assert_int_equal(err.code, status);
            if (c < 2) assert_status(status, hit ? codes[c] : ECHO_OK);
            assert_true(gc_list(&inner, 1).list[0] == 4 && gc_list(&inner, 2).list[0] == 2);
            (void)gc_unneeded(&inner);
            store_fault_plan(&fault, STORE_FAULT_ANY, 0, ECHO_OK);
            echo_gc_report report = collect(&store, 1, false);
            assert_int_equal(report.snapshots_kept, 2);
            assert_int_equal(gc_unneeded(&inner), 0);
            echo_store_close(&store);
            if (!hit) break;
        }
}

/* A collection that failed may be stepped on: at last all is done, and counted once. */
static void test_stepped_on(void **state) {
    (void)state;
    echo_store plain = memory();
    fill(&plain);
    echo_gc_report expected = collect(&plain, 1, false), report;
    echo_store_close(&plain);
    for (uint64_t nth = 1;; nth++) {
        store_fault fault;
        echo_store inner = memory(), store = store_fault_wrap(&fault, inner);
        echo_gc_options options = ECHO_GC_OPTIONS_INIT;
        echo__gc *gc;
        unsigned failures = 0;
        fill(&inner);
        options.keep = 1;
        assert_ok(echo__gc_new(&gc, &store, &options, NULL));
        store_fault_plan(&fault, STORE_FAULT_ANY, nth, ECHO_ERR_BUSY);
        for (bool done = false; !done;) {
            uint64_t gets = fault.chunks_got, removes = fault.calls[STORE_FAULT_REMOVE],
                     sweeps = fault.calls[STORE_FAULT_REMOVE_CHUNKS];
            echo_status status = echo__gc_step(&done, gc, NULL);
            if (status != ECHO_OK) failures++;
            assert_true(status == ECHO_OK || (status == ECHO_ERR_BUSY && !done));
            assert_true(fault.chunks_got <= gets + 4 &&
                        fault.calls[STORE_FAULT_REMOVE] <= removes + 1 && /* steps are small */
                        fault.calls[STORE_FAULT_REMOVE_CHUNKS] <= sweeps + 1);
        }
        assert_int_equal(failures, store_fault_hit(&fault));
        echo__gc_report(&report, gc);
        assert_memory_equal(&report, &expected, sizeof report);
        bool done = false;
        assert_ok(echo__gc_step(&done, gc, NULL));
        assert_true(done);
        echo__gc_free(gc);
        assert_int_equal(gc_unneeded(&inner), 0);
        echo_store_close(&store);
        if (failures == 0) break;
    }
}

/* Given up after any step. */
static void test_given_up(void **state) {
    (void)state;
    for (unsigned k = 0;; k++) {
        echo_store store = memory();
        fill(&store);
        echo__gc *gc;
        bool done = false;
        long before = fault_blocks();
        assert_ok(echo__gc_new(&gc, &store, NULL, NULL));
        for (unsigned i = 0; i < k && !done; i++) assert_ok(echo__gc_step(&done, gc, NULL));
        echo__gc_free(gc);
        assert_true(fault_blocks() <= before + 3); /* what the store knows of its lists */
        (void)gc_unneeded(&store);
        (void)collect(&store, 2, false);
        assert_int_equal(gc_unneeded(&store), 0);
        echo_store_close(&store);
        if (done) break;
    }
    echo__gc_free(NULL);
}

static void test_nomem(void **state) {
    (void)state;
    long nth = 1;
    for (bool hit = true; hit; nth++) {
        echo_store store = memory();
        fill(&store);
        for (uint8_t p = 1; p <= 2; p++) (void)gc_list(&store, p); /* what the store remembers of it is no leak */
        echo_gc_options options = ECHO_GC_OPTIONS_INIT;
        echo_error err = ECHO_ERROR_INIT;
        options.keep = 1;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo_snapshot_gc(NULL, &store, &options, &err);
        hit = fault_off();
        assert_true(fault_blocks() <= before);
        if (hit) {
            assert_status(status, ECHO_ERR_NOMEM);
            assert_int_equal(err.code, ECHO_ERR_NOMEM);
        } else {
            assert_ok(status);
        }
        assert_true(gc_list(&store, 1).list[0] == 4 && gc_list(&store, 2).list[0] == 2);
        if (nth % 8 == 0 || !hit) {
            (void)gc_unneeded(&store);
            (void)collect(&store, 1, false);
            assert_int_equal(gc_unneeded(&store), 0);
        }
        echo_store_close(&store);
    }
    assert_true(nth > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_removes),
        cmocka_unit_test(test_kinds_of_chunks),
        cmocka_unit_test(test_two_roles),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_damaged_manifest),
        cmocka_unit_test(test_damaged_tree),
        cmocka_unit_test(test_other_stops),
        cmocka_unit_test(test_few_hooks),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_meddling),
        cmocka_unit_test(test_meddling_file),
        cmocka_unit_test(test_always_disturbed),
        cmocka_unit_test(test_failing_store),
        cmocka_unit_test(test_stepped_on),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
