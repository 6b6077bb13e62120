/*
 * Copying a snapshot to another store: what arrives, what is not written again, what is refused, damage on either side,
 * failures at every point, and what others do meanwhile.
 */
#include "unit/snapshot/gc_support.h"

#include "support/fault.h"
#include "support/store_fault.h"
#include "support/store_place.h"
#include "support/store_vfs.h"

static echo_store memory(void) {
    echo_store store;
    assert_ok(echo_store_new_memory(&store));
    return store;
}

static echo_status try_copy(echo_copy_report *out, const echo_store *to, const echo_store *from, uint64_t number,
                            echo_error *err) {
    echo_copy_options options = ECHO_COPY_OPTIONS_INIT;
    echo_key party = store_party(1);
    options.number = number;
    return echo_snapshot_copy(out, to, from, &party, &options, err);
}

static echo_copy_report copy(const echo_store *to, const echo_store *from, uint64_t number) {
    echo_copy_report report;
    echo_error err = ECHO_ERROR_INIT;
    if (try_copy(&report, to, from, number, &err) != ECHO_OK) fail_msg("copy: %s", err.message);
    return report;
}

/* Refused, with nothing changed. */
static echo_error refused(const echo_store *to, const echo_store *from, uint64_t number, echo_status expected) {
    echo_error err = ECHO_ERROR_INIT;
    echo_hash before = gc_digest(to);
    assert_status(try_copy(NULL, to, from, number, &err), expected);
    assert_int_equal(err.code, expected);
    assert_unchanged(to, &before);
    assert_status(try_copy(NULL, to, from, number, NULL), expected);
    return err;
}

/* Publishes a model's records as the next snapshot of party 1. */
static void publish_model(const echo_store *store, uint64_t expected, const test_model *model) {
    echo__manifest m;
    echo__chunks *chunks;
    echo__buf out = ECHO__BUF_INIT;
    memset(&m, 0, sizeof m);
    assert_ok(echo__chunks_new(&chunks, store));
    m.party = store_party(1);
    m.number = expected + 1;
    m.items = build(chunks, model);
    assert_ok(echo_timeframe_new(&m.timeframe));
    assert_ok(echo__manifest_write(&out, &m, NULL, NULL));
    assert_ok(store->ops->publish(store->ctx, &m.party, expected, echo__buf_bytes(&out), NULL));
    echo__buf_free(&out);
    echo__manifest_free(&m);
    echo__chunks_free(chunks);
}

static size_t count_chunks(const echo_store *store) {
    gc_walk all = {&(gc_reach){.store = store}, 0, 0, 0};
    assert_ok(store->ops->walk(store->ctx, gc_count_chunk, &all, NULL));
    return all.count;
}

static echo_status copy_text(void *arg, uint64_t number, echo_bytes manifest) {
    echo__buf *out = arg;
    (void)number;
    if (out->len == 0) echo__buf_append(out, manifest.data, manifest.len);
    return ECHO_OK;
}

static void assert_same_newest(const echo_store *a, const echo_store *b) {
    echo__buf texts[2] = {ECHO__BUF_INIT, ECHO__BUF_INIT};
    echo_key party = store_party(1);
    assert_ok(a->ops->list(a->ctx, &party, copy_text, &texts[0], NULL));
    assert_ok(b->ops->list(b->ctx, &party, copy_text, &texts[1], NULL));
    assert_true(texts[0].len > 0 && echo__bytes_equal(echo__buf_bytes(&texts[0]), echo__buf_bytes(&texts[1])));
    echo__buf_free(&texts[0]);
    echo__buf_free(&texts[1]);
}

/* ---- what arrives ---- */

static void test_to_empty(void **state) {
    (void)state;
    echo_store from = memory(), to = memory();
    for (unsigned i = 0; i < 3; i++) gc_publish(&from, 1, i, i);
    gc_publish(&from, 2, 0, 8);
    gc_publish(&to, 3, 0, 9); /* of another party */
    size_t before = count_chunks(&to);
    echo_copy_report report = copy(&to, &from, 0);
    assert_int_equal(report.number, 3);
    assert_false(report.unchanged);
    assert_int_equal(report.items, GC_RECORDS + 3);
    assert_numbers(&to, 1, "3");
    assert_numbers(&to, 2, "");
    assert_numbers(&to, 3, "1");
    assert_same_newest(&to, &from);
    assert_int_equal(gc_unneeded(&to), 0); /* verifies too; nothing that is not needed came along */
    assert_int_equal(report.chunks_written, count_chunks(&to) - before);
    assert_true(report.chunks_read >= report.chunks_written && report.bytes_written > 10000);
    echo_store_close(&to);

    to = memory();
    report = copy(&to, &from, 2);
    assert_int_equal(report.number, 2);
    assert_int_equal(report.chunks_read, report.chunks_written); /* each once */
    assert_int_equal(report.bytes_read, report.bytes_written);
    assert_numbers(&to, 1, "2");
    assert_int_equal(gc_unneeded(&to), 0);
    assert_ok(try_copy(NULL, &to, &from, 0, NULL));
    assert_numbers(&to, 1, "3 2");
    assert_int_equal(gc_unneeded(&to), 0);
    echo_key party = store_party(1);
    assert_ok(echo_snapshot_copy(NULL, &to, &from, &party, NULL, NULL));
    gc_publish(&to, 1, 3, 4); /* and it goes on from there */
    assert_numbers(&to, 1, "4 3 2");
    assert_int_equal(gc_unneeded(&to), 0);
    echo_store_close(&from);
    echo_store_close(&to);
}

static void test_empty_snapshot(void **state) {
    (void)state;
    test_model none = {NULL, 0, 0};
    echo_store from = memory(), to = memory();
    publish_model(&from, 0, &none);
    echo_copy_report report = copy(&to, &from, 0);
    assert_int_equal(report.chunks_read + report.chunks_written + report.items, 0);
    assert_numbers(&to, 1, "1");
    assert_same_newest(&to, &from);
    gc_publish(&from, 1, 1, 1);
    report = copy(&to, &from, 0); /* on top of a snapshot without a tree */
    assert_int_equal(report.number, 2);
    assert_int_equal(gc_unneeded(&to), 0);
    echo_store_close(&from);
    echo_store_close(&to);
}

/* Trees that change in all ways, copied one after the other: as whole as copies of each alone, and only the news. */
static void test_increments(void **state) {
    (void)state;
    test_random rng = {7};
    echo_key party = store_party(1);
    test_model m = {NULL, 0, 0};
    store_fault counts;
    echo_store to = memory(), from = store_fault_wrap(&counts, memory());
    model_fill(&m, 3000);
    model_set(&m, text("quote\\\"d"), text("{\"id\":\"quote\\\\\\\"d\"}"));
    uint64_t whole = 0, read = 0;
    for (uint64_t round = 0; round < 30; round++) {
        for (uint64_t n = test_random_below(&rng, 6); round > 0 && n-- > 0;) {
            char id[32];
            (void)snprintf(id, sizeof id, "item/%06u%s", (unsigned)test_random_below(&rng, 3000),
                           test_random_below(&rng, 2) == 0 ? "" : "/b");
            if (test_random_below(&rng, 3) == 0)
                model_remove(&m, text(id));
            else
                model_add(&m, text(id), test_random_below(&rng, 1000), 10);
        }
        publish_model(&from, round, &m);
        size_t before = count_chunks(&to);
        store_fault_zero(&counts);
        echo_copy_report report = copy(&to, &from, 0);
        assert_int_equal(report.chunks_read, counts.calls[STORE_FAULT_GET]);
        assert_int_equal(report.chunks_written, count_chunks(&to) - before);
        assert_ok(echo_snapshot_verify(&to, &party, 0, NULL));
        if (round == 0)
            whole = report.chunks_read;
        else
            read += report.chunks_read;
    }
    assert_int_equal(gc_unneeded(&to), 0);
    assert_true(whole > 150);
    assert_in_range(read, 29, 29 * 20); /* a few paths of each */
    model_free(&m);
    echo_store_close(&from);
    echo_store_close(&to);
}

/* A tree that grows by levels: the old root is a node of the new one. */
static void test_growth(void **state) {
    (void)state;
    test_model m = {NULL, 0, 0};
    uint64_t serial = 0;
    char id[32];
    echo_store from = memory(), to = memory();
    for (unsigned i = 0; i < 200; i++) {
        find_id(id, sizeof id, "a", i == 199 ? 3 : i % 10 == 0, &serial);
        model_add(&m, text(id), i, 10);
    }
    publish_model(&from, 0, &m);
    copy(&to, &from, 0);
    for (unsigned i = 0; i < 200; i++) {
        find_id(id, sizeof id, "b", i % 10 == 0, &serial);
        model_add(&m, text(id), i, 10);
    }
    publish_model(&from, 1, &m);
    size_t before = count_chunks(&to);
    echo_copy_report report = copy(&to, &from, 0);
    assert_int_equal(report.chunks_written, count_chunks(&to) - before);
    assert_int_equal(report.chunks_read, report.chunks_written);
    assert_int_equal(gc_unneeded(&to), 0);
    model_free(&m);
    echo_store_close(&from);
    echo_store_close(&to);
}

/* ---- numbers ---- */

static void test_unchanged(void **state) {
    (void)state;
    store_fault source, counts;
    echo_store from = store_fault_wrap(&source, memory()), to = store_fault_wrap(&counts, memory());
    for (unsigned i = 0; i < 3; i++) gc_publish(&from, 1, i, i);
    copy(&to, &from, 2);
    copy(&to, &from, 3);
    for (unsigned number = 0; number < 4; number += number == 0 ? 2 : 1) {
        store_fault_zero(&source);
        store_fault_zero(&counts);
        echo_copy_report report = copy(&to, &from, number);
        assert_true(report.unchanged);
        assert_int_equal(report.number, number == 0 ? 3 : number);
        assert_int_equal(report.items, GC_RECORDS + 3);
        assert_int_equal(report.chunks_read + report.bytes_read + report.chunks_written + report.bytes_written, 0);
        assert_int_equal(source.calls[STORE_FAULT_GET] + counts.calls[STORE_FAULT_PUT], 0);
        assert_int_equal(counts.all, 1); /* it was listed */
    }
    echo_copy_report itself = copy(&from, &from, 0);
    assert_true(itself.unchanged);
    echo_store_close(&from);
    echo_store_close(&to);
}

static void test_conflicts(void **state) {
    (void)state;
    echo_store from = memory(), to = memory();
    for (unsigned i = 0; i < 3; i++) gc_publish(&from, 1, i, i);
    for (unsigned i = 0; i < 2; i++) gc_publish(&to, 1, i, 5 + i);
    echo_error err = refused(&to, &from, 2, ECHO_ERR_CONFLICT);
    assert_non_null(strstr(err.message, "destination: it has another snapshot 2"));
    err = refused(&to, &from, 1, ECHO_ERR_CONFLICT);
    assert_non_null(strstr(err.message, "another snapshot 1"));
    copy(&to, &from, 3);
    assert_numbers(&to, 1, "3 2 1"); /* that it is not over the two is nobody's business here */
    echo_store_close(&to);

    to = memory();
    copy(&to, &from, 3);
    err = refused(&to, &from, 2, ECHO_ERR_CONFLICT);
    assert_non_null(strstr(err.message, "it has snapshot 3, which is newer than 2"));
    err = refused(&to, &from, 4, ECHO_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no snapshot has that number"));
    echo_key party = store_party(2);
    assert_status(echo_snapshot_copy(NULL, &to, &from, &party, NULL, &err), ECHO_ERR_NOT_FOUND);
    gc_publish_text(&to, 1, 3, "damaged"); /* a newer one that nobody can read is a newer one */
    gc_publish(&from, 1, 3, 4);
    err = refused(&to, &from, 0, ECHO_ERR_CONFLICT);
    assert_non_null(strstr(err.message, "another snapshot 4"));
    gc_publish(&from, 1, 4, 5);
    copy(&to, &from, 0);
    assert_numbers(&to, 1, "5 4 3");
    echo_store_close(&from);
    echo_store_close(&to);
}

/* A store that cannot leave out numbers takes the next one alone. */
static void test_table_without_hook(void **state) {
    (void)state;
    echo_store from = memory(), to = memory();
    echo_store_ops ops = *to.ops;
    echo_store old = {&ops, to.ctx};
    ops.publish_as = NULL;
    for (unsigned i = 0; i < 3; i++) gc_publish(&from, 1, i, i);
    echo_error err = refused(&old, &from, 2, ECHO_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "destination: this store cannot leave out numbers"));
    copy(&old, &from, 1);
    copy(&old, &from, 2);
    copy(&old, &from, 3);
    assert_numbers(&to, 1, "3 2 1");
    assert_int_equal(gc_unneeded(&to), 0);
    echo_store_close(&from);
    echo_store_close(&to);
}

/* ---- damage ---- */

static gc_search all_of(const echo_store *store) {
    gc_search s = {.begin = ""};
    assert_ok(store->ops->walk(store->ctx, gc_note_name, &s, NULL));
    return s;
}

static void damage(const echo_store *store, const echo_hash *name, const char *with) {
    echo_bytes bytes = text(with);
    assert_ok(store->ops->put(NULL, store->ctx, name, &bytes, 1, NULL));
    assert_ok(store->ops->flush(store->ctx, NULL));
}

/* Each chunk of the source in turn: wrong bytes, and none. */
static void test_damaged_source(void **state) {
    (void)state;
    echo_store whole = memory();
    gc_publish(&whole, 1, 0, 1);
    static gc_search chunks;
    chunks = all_of(&whole);
    unsigned ranges = 0, items = 0, everything = 0;
    for (size_t i = 0; i < chunks.count; i++) {
        for (unsigned missing = 0; missing < 2; missing++) {
            echo_store from = memory(), to = memory();
            char hex[ECHO_HEX_CHARS];
            gc_publish(&from, 1, 0, 1);
            (void)gc_list(&from, 1);
            if (missing)
                assert_ok(from.ops->remove_chunks(from.ctx, &chunks.names[i], 1, NULL));
            else
                damage(&from, &chunks.names[i], "{\"id\":\"x\"}\n");
            echo_error err = refused(&to, &from, 0, ECHO_ERR_CORRUPT);
            echo_hash_hex(hex, &chunks.names[i]);
            if (strstr(err.message, hex) == NULL) fail_msg("%s is not in: %s", hex, err.message);
            assert_non_null(strstr(err.message, missing ? "it is missing" : "the hash of its bytes differs"));
            ranges += strstr(err.message, "(items after \"") != NULL && strstr(err.message, " up to \"") != NULL;
            everything += strstr(err.message, "(all items)") != NULL;
            items += err.item[0] != '\0';
            assert_int_equal(count_chunks(&to), 0);
            echo_store_close(&from);
            echo_store_close(&to);
        }
    }
    assert_true(ranges >= 10);
    assert_int_equal(everything, 4); /* two roots */
    assert_int_equal(items, 8);      /* two blobs, two segments */
    echo_store_close(&whole);
}

/* The message of a leaf names the ids around it, shortened; a record that no reader understands names its item. */
static void test_named_damage(void **state) {
    (void)state;
    static const char tail[] = "-0123456789012345678901234567890123456789";
    test_model m = {NULL, 0, 0};
    echo_store from = memory(), to = memory();
    char id[80];
    for (unsigned i = 0; i < 60; i++) {
        (void)snprintf(id, sizeof id, "%02u\xc3\xa4%s", i, tail);
        model_add(&m, text(id), i, 10);
    }
    publish_model(&from, 0, &m);
    echo_hash leaf = gc_find(&from, "{\"feeds\":", "{\"id\":\"30");
    damage(&from, &leaf, "x");
    echo_error err = refused(&to, &from, 0, ECHO_ERR_CORRUPT);
    assert_non_null(strstr(err.message, " (items after \""));
    assert_non_null(strstr(err.message, "\xc3\xa4-0123456789012345678901234...\" up to \""));
    assert_int_equal(err.message[strlen(err.message) - 1], ')');
    model_free(&m);
    echo_store_close(&from);

    from = memory();
    model_fill(&m, 40);
    model_set(&m, text("item/000021"), text("{\"id\":\"item/000021\",\"log\":{\"nothing\":1}}"));
    publish_model(&from, 0, &m);
    err = refused(&to, &from, 0, ECHO_ERR_CORRUPT);
    assert_string_equal(err.item, "item/000021");
    assert_non_null(strstr(err.message, "chunk "));
    model_free(&m);
    echo_store_close(&from);
    echo_store_close(&to);
}

static void test_damaged_manifest(void **state) {
    (void)state;
    echo_store from = memory(), to = memory();
    gc_publish(&from, 1, 0, 1);
    gc_publish_text(&from, 1, 1, "damaged");
    echo_error err = refused(&to, &from, 0, ECHO_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "snapshot 2 of party "));
    copy(&to, &from, 1);
    echo_store_close(&from);
    echo_store_close(&to);
}

/* Nodes without what is below them, as a collection or a transfer that was cut short leaves them, are not trusted. */
static void test_incomplete_garbage(void **state) {
    (void)state;
    echo_store from = memory();
    gc_publish(&from, 1, 0, 1);
    static gc_search chunks;
    chunks = all_of(&from);
    for (size_t skip = 0; skip < chunks.count; skip++) {
        echo_store to = memory();
        for (size_t i = 0; i < chunks.count; i++) {
            echo__chunks *source;
            const echo__chunk *chunk;
            if (i == skip) continue;
            assert_ok(echo__chunks_new(&source, &from));
            assert_ok(echo__chunks_get(&chunk, source, &chunks.names[i], NULL));
            assert_ok(to.ops->put(NULL, to.ctx, &chunk->name, &chunk->bytes, 1, NULL));
            echo__chunks_release(source, chunk);
            echo__chunks_free(source);
        }
        assert_ok(to.ops->flush(to.ctx, NULL));
        echo_copy_report report = copy(&to, &from, 0);
        assert_int_equal(report.chunks_written, 1);
        assert_int_equal(gc_unneeded(&to), 0);
        echo_store_close(&to);
    }
    echo_store_close(&from);
}

/* What the destination has may be damaged where the base is read: then all is copied, which mends it. */
static void test_damaged_base(void **state) {
    (void)state;
    test_model m = {NULL, 0, 0};
    echo_store from = memory(), to = memory();
    model_fill(&m, 3000);
    publish_model(&from, 0, &m);
    copy(&to, &from, 0);
    model_add(&m, text("item/001500"), 1, 99);
    publish_model(&from, 1, &m);
    echo_hash node = gc_find(&to, "{\"last\":\"", "{\"last\":\"item/0015");
    damage(&to, &node, "x");
    copy(&to, &from, 2);
    echo_key party = store_party(1);
    assert_ok(echo_snapshot_verify(&to, &party, 2, NULL));
    gc_publish_text(&to, 1, 2, "damaged"); /* the newest that can be read is the base */
    publish_model(&from, 2, &m);
    publish_model(&from, 3, &m);
    echo_copy_report report = copy(&to, &from, 4);
    assert_int_equal(report.chunks_written, 0);
    assert_in_range(report.chunks_read, 1, 2);
    model_free(&m);
    echo_store_close(&from);
    echo_store_close(&to);
}

/* ---- failures ---- */

static void test_failing_stores(void **state) {
    (void)state;
    for (unsigned source = 0; source < 2; source++) {
        uint64_t nth = 1;
        for (;; nth++) {
            store_fault fault;
            echo_store from = memory(), to = memory();
            echo_error err = ECHO_ERROR_INIT;
            for (unsigned i = 0; i < 2; i++) gc_publish(&from, 1, i, i);
            copy(&to, &from, 1);
            echo_hash before = gc_digest(&to);
            echo_store failing = store_fault_wrap(&fault, source ? from : to);
            store_fault_plan(&fault, STORE_FAULT_ANY, nth, ECHO_ERR_IO);
            echo_status status = try_copy(NULL, source ? &to : &failing, source ? &failing : &from, 2, &err);
            bool hit = store_fault_hit(&fault);
            store_fault_plan(&fault, STORE_FAULT_ANY, 0, ECHO_OK);
            if (hit) {
                assert_status(status, ECHO_ERR_IO);
                assert_non_null(strstr(err.message, "made to fail by the test"));
                assert_true((strncmp(err.message, "destination: ", 13) == 0) == (source == 0));
                assert_unchanged(&to, &before);
            }
            copy(source ? &to : &failing, source ? &failing : &from, 2); /* the handles are as good as before */
            assert_numbers(&to, 1, "2 1");
            assert_int_equal(gc_unneeded(&to), 0);
            echo_store_close(&failing);
            echo_store_close(source ? &to : &from);
            if (!hit) break;
        }
        assert_true(nth > 10);
    }
}

static void test_out_of_memory(void **state) {
    (void)state;
    echo_store from = memory();
    for (unsigned i = 0; i < 2; i++) gc_publish(&from, 1, i, i);
    long nth = 1;
    for (;; nth++) {
        echo_store to = memory();
        echo_error err = ECHO_ERROR_INIT;
        copy(&to, &from, 1);
        echo_hash before = gc_digest(&to);
        long blocks = fault_blocks();
        fault_at(nth);
        echo_status status = try_copy(NULL, &to, &from, 2, &err);
        bool hit = fault_off();
        if (hit) {
            assert_status(status, ECHO_ERR_NOMEM);
            assert_int_equal(err.code, ECHO_ERR_NOMEM);
            assert_int_equal(fault_blocks(), blocks);
            assert_unchanged(&to, &before);
        }
        copy(&to, &from, 2);
        assert_int_equal(gc_unneeded(&to), 0);
        echo_store_close(&to);
        if (!hit) break;
    }
    assert_true(nth > 30);
    echo_store_close(&from);
}

/* The power fails at each write: the destination opens with what it had, or with the copy as well. */
static void test_power_cuts(void **state) {
    (void)state;
    echo_store from = memory();
    for (unsigned i = 0; i < 2; i++) gc_publish(&from, 1, i, i);
    unsigned with = 0, without = 0;
    store_vfs_install();
    for (uint64_t nth = 1;; nth++) {
        store_place place = store_place_new();
        store_vfs_reset();
        echo_store to = store_place_open(&place, STORE_CREATE);
        copy(&to, &from, 1);
        store_vfs_cut(nth);
        echo_status status = try_copy(NULL, &to, &from, 2, NULL);
        echo_store_close(&to);
        bool cut = store_vfs_was_cut();
        store_vfs_after_cut((store_vfs_cut_mode)(nth % 3), nth);
        to = store_place_open(&place, STORE_EXISTING);
        gc_numbers numbers = gc_list(&to, 1);
        assert_true(status != ECHO_OK || numbers.count == 2);
        with += numbers.count == 2;
        without += numbers.count == 1;
        assert_int_equal(gc_unneeded(&to), 0); /* all is one transaction */
        copy(&to, &from, 2);
        echo_store_close(&to);
        store_place_free(&place);
        if (!cut) break;
    }
    store_vfs_remove();
    assert_true(with > 1 && without > 3);
    echo_store_close(&from);
}

/* ---- what others do meanwhile ---- */

typedef struct meanwhile {
    store_fault *fault;
    store_fault_call at;
    uint64_t nth, seen;
    const echo_store *store;
    void (*act)(struct meanwhile *m);
    echo_status result;
} meanwhile;

static void before_call(void *arg, store_fault_call kind) {
    meanwhile *m = arg;
    if (kind == m->at && ++m->seen == m->nth) m->act(m);
}

static void remove_all(meanwhile *m) {
    echo_key party = store_party(1);
    gc_numbers numbers = gc_list(m->store, 1);
    for (size_t i = 0; i < numbers.count && m->result == ECHO_OK; i++)
        m->result = m->store->ops->remove(m->store->ctx, &party, numbers.list[i], NULL);
    if (m->result == ECHO_OK) m->result = echo_snapshot_gc(NULL, m->store, NULL, NULL);
}

static void publish_one(meanwhile *m) {
    gc_numbers numbers = gc_list(m->store, 1);
    m->result = gc_try_publish(m->store, 1, numbers.count == 0 ? 0 : numbers.list[0], 9, 1);
}

static void copy_one(meanwhile *m) {
    echo_store from = memory();
    for (unsigned i = 0; i < 2; i++) gc_publish(&from, 1, i, i);
    m->result = try_copy(NULL, m->store, &from, 2, NULL);
    echo_store_close(&from);
}

typedef struct stage {
    store_fault fault;
    echo_store from, to, other; /* `other` is a second handle on the store that is watched, and not watched itself */
    meanwhile m;
} stage;

static void stage_begin(stage *s, bool source, store_fault_call at, uint64_t nth, void (*act)(meanwhile *m)) {
    memset(s, 0, sizeof *s);
    s->from = memory();
    s->to = memory();
    for (unsigned i = 0; i < 2; i++) gc_publish(&s->from, 1, i, i);
    copy(&s->to, &s->from, 1);
    echo_store *watched = source ? &s->from : &s->to;
    assert_ok(echo_store_reopen(&s->other, watched, NULL));
    *watched = store_fault_wrap(&s->fault, *watched);
    s->m = (meanwhile){&s->fault, at, nth, 0, &s->other, act, ECHO_OK};
    s->fault.before = before_call;
    s->fault.before_arg = &s->m;
}

static void stage_end(stage *s) {
    echo_store_close(&s->other);
    echo_store_close(&s->from);
    echo_store_close(&s->to);
}

/* Just before the first put the base goes: what it would have spared is copied. From then on nobody can write. */
static void test_collected_destination(void **state) {
    (void)state;
    static stage s;
    uint64_t all = 0;
    for (uint64_t nth = 1; nth < 9; nth++) {
        stage_begin(&s, false, STORE_FAULT_PUT, nth, remove_all);
        echo_copy_report report = copy(&s.to, &s.from, 2);
        assert_status(s.m.result, nth == 1 ? ECHO_OK : ECHO_ERR_BUSY);
        if (nth == 1) all = report.chunks_written;
        assert_int_equal(all, nth == 1 ? count_chunks(&s.to) : all);
        assert_true(nth == 1 || report.chunks_written < all);
        assert_numbers(&s.to, 1, nth == 1 ? "2" : "2 1");
        assert_int_equal(gc_unneeded(&s.to), 0);
        stage_end(&s);
    }
}

static void test_published_meanwhile(void **state) {
    (void)state;
    static stage s;
    stage_begin(&s, false, STORE_FAULT_PUT, 1, publish_one);
    echo_error err = ECHO_ERROR_INIT;
    assert_status(try_copy(NULL, &s.to, &s.from, 2, &err), ECHO_ERR_CONFLICT);
    assert_ok(s.m.result);
    assert_non_null(strstr(err.message, "destination: it has another snapshot 2"));
    assert_numbers(&s.to, 1, "2 1");
    assert_int_equal(gc_unneeded(&s.to), 0);
    stage_end(&s);

    stage_begin(&s, false, STORE_FAULT_PUT, 1, copy_one); /* the very same */
    echo_copy_report report = copy(&s.to, &s.from, 2);
    assert_ok(s.m.result);
    assert_true(report.unchanged && report.chunks_written == 0);
    gc_publish(&s.other, 1, 2, 3); /* nothing is pending */
    assert_int_equal(gc_unneeded(&s.to), 0);
    stage_end(&s);
}

/* The source's snapshot is removed and collected: that is not called damage. */
static void test_collected_source(void **state) {
    (void)state;
    static stage s;
    for (uint64_t nth = 1; nth < 4; nth++) {
        stage_begin(&s, true, STORE_FAULT_GET, nth, remove_all);
        echo_error err = ECHO_ERROR_INIT;
        echo_hash before = gc_digest(&s.to);
        assert_status(try_copy(NULL, &s.to, &s.from, 2, &err), ECHO_ERR_CONFLICT);
        assert_ok(s.m.result);
        assert_string_equal(err.message, "snapshot 2 was removed from the source while it was copied");
        assert_unchanged(&s.to, &before);
        stage_end(&s);
    }
}

/* ---- progress and memory ---- */

typedef struct watching {
    uint64_t calls, done, total, stop_at;
    long blocks;
} watching;

static echo_status watch(void *arg, const char *phase, uint64_t done, uint64_t total) {
    watching *w = arg;
    assert_string_equal(phase, "copy");
    assert_true(done >= w->done && done <= total);
    w->done = done;
    w->total = total;
    if (fault_blocks() > w->blocks) w->blocks = fault_blocks();
    return ++w->calls == w->stop_at ? ECHO_ERR_PRUNED : ECHO_OK;
}

static void test_progress(void **state) {
    (void)state;
    echo_store from = memory(), to = memory();
    echo_key party = store_party(1);
    echo_copy_options options = ECHO_COPY_OPTIONS_INIT;
    gc_publish(&from, 1, 0, 1);
    watching w = {0};
    options.progress = watch;
    options.progress_arg = &w;
    for (uint64_t stop = 1;; stop++) {
        w = (watching){.stop_at = stop};
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = echo_snapshot_copy(NULL, &to, &from, &party, &options, &err);
        if (status == ECHO_OK) break;
        assert_status(status, ECHO_ERR_PRUNED);
        assert_non_null(strstr(err.message, "progress"));
        assert_int_equal(count_chunks(&to), 0);
    }
    assert_int_equal(w.done, GC_RECORDS + 3 + 2);
    assert_int_equal(w.total, w.done);
    assert_int_equal(gc_unneeded(&to), 0);
    echo_store_close(&from);
    echo_store_close(&to);
}

/* Blocks of memory in use at a time, beside those of SQLite, whose cache has a limit. */
static void test_memory(void **state) {
    (void)state;
    long most[2];
    for (unsigned large = 0; large < 2; large++) {
        test_model m = {NULL, 0, 0};
        store_place place = store_place_new();
        echo_store from = memory(), to = store_place_open(&place, STORE_CREATE);
        echo_key party = store_party(1);
        echo_copy_options options = ECHO_COPY_OPTIONS_INIT;
        for (unsigned i = 0; i < (large ? 9000u : 3000u); i++) {
            char id[32];
            (void)snprintf(id, sizeof id, "item/%06u", i);
            model_add(&m, text(id), i, 500);
        }
        publish_model(&from, 0, &m);
        watching w = {0};
        options.progress = watch;
        options.progress_arg = &w;
        long before = fault_blocks();
        assert_ok(echo_snapshot_copy(NULL, &to, &from, &party, &options, NULL));
        most[large] = w.blocks - before;
        assert_true(w.calls > (large ? 500u : 150u));
        model_free(&m);
        echo_store_close(&from);
        echo_store_close(&to);
        store_place_free(&place);
    }
    assert_in_range(most[1], 1, most[0] + most[0] / 4); /* what the source's kept chunks make in their limit */
}

/* Between files: what is written is counted as stored, and stays. */
static void test_files(void **state) {
    (void)state;
    store_place places[2] = {store_place_new(), store_place_new()};
    echo_store from = store_place_open(&places[0], STORE_CREATE);
    for (unsigned i = 0; i < 2; i++) gc_publish(&from, 1, i, i);
    echo_store_close(&from);
    from = store_place_open(&places[0], STORE_READING);
    echo_store to = store_place_open(&places[1], STORE_CREATE);
    echo_copy_report report = copy(&to, &from, 0);
    assert_in_range(report.bytes_written, 1000, report.bytes_read / 2);
    echo_store_close(&to);
    to = store_place_open(&places[1], STORE_READING);
    assert_numbers(&to, 1, "2");
    assert_same_newest(&to, &from);
    assert_int_equal(gc_unneeded(&to), 0);
    echo_key party = store_party(1);
    echo_error err = ECHO_ERROR_INIT;
    assert_status(echo_snapshot_copy(NULL, &to, &from, &party, &(echo_copy_options){1, 1, NULL, NULL}, &err),
                  ECHO_ERR_CONFLICT);
    echo_store_close(&to);
    to = store_place_open(&places[1], STORE_EXISTING);
    gc_publish(&to, 1, 2, 3);
    echo_store_close(&from);
    from = store_place_open(&places[0], STORE_CREATE);
    report = copy(&from, &to, 0); /* and back */
    assert_int_equal(report.number, 3);
    assert_int_equal(gc_unneeded(&from), 0);
    echo_store_close(&to);
    to = store_place_open(&places[1], STORE_READING);
    gc_publish(&from, 1, 3, 4);
    assert_status(try_copy(NULL, &to, &from, 0, &err), ECHO_ERR_READONLY);
    echo_store_close(&from);
    echo_store_close(&to);
    for (unsigned i = 0; i < 2; i++) store_place_free(&places[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_empty),
        cmocka_unit_test(test_empty_snapshot),
        cmocka_unit_test(test_increments),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_unchanged),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_table_without_hook),
        cmocka_unit_test(test_damaged_source),
        cmocka_unit_test(test_named_damage),
        cmocka_unit_test(test_damaged_manifest),
        cmocka_unit_test(test_incomplete_garbage),
        cmocka_unit_test(test_damaged_base),
        cmocka_unit_test(test_failing_stores),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_collected_destination),
        cmocka_unit_test(test_published_meanwhile),
        cmocka_unit_test(test_collected_source),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
