/*
 * What a host is promised of `err`, of NULL and of its own clock, over all calls of a party: err is written on failure
 * only, a NULL that is not allowed is ECHO_ERR_INVALID, and dates come from the clock that the host gave.
 */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <echo/sys/codec.h>
#include <echo/sys/feed.h>
#include <echo/sys/store.h>

#include "support/fault.h"
#include "support/folder.h"
#include "support/state.h"

/* ---- err ---- */

static echo_error err, poison;

/* A call that succeeds leaves err as it was, byte for byte. */
#define QUIET(call)                                                                                                    \
    do {                                                                                                               \
        echo_status got = (call);                                                                                      \
        if (got != ECHO_OK) fail_msg("%s: %s: %s", #call, echo_status_name(got), err.message);                         \
        if (memcmp(&err, &poison, sizeof err) != 0)                                                                    \
            fail_msg("%s: succeeded and wrote %d, \"%s\"", #call, (int)err.code, err.message);                         \
    } while (0)

/* A call that fails says its code and something to read. */
#define FAILS(call, expected)                                                                                          \
    do {                                                                                                               \
        assert_int_equal(call, expected);                                                                              \
        assert_int_equal(err.code, expected);                                                                          \
        assert_true(err.message[0] != '\0' && memchr(err.message, 0, sizeof err.message) != NULL);                     \
        err = poison;                                                                                                  \
    } while (0)

static echo_status ignore_head(void *arg, const echo_item_head *head) {
    (void)head;
    ++*(int *)arg;
    return ECHO_OK;
}
static echo_status end_walk(void *arg, const echo_item_head *head) {
    (void)arg;
    (void)head;
    return ECHO_ERR_NOT_FOUND;
}
static echo_status ignore_change(void *arg, echo_change change, const echo_item_head *head) {
    (void)change;
    return ignore_head(arg, head);
}
static echo_status ignore_entry(void *arg, const echo_party_entry *entry) {
    (void)entry;
    ++*(int *)arg;
    return ECHO_OK;
}
static echo_status ignore_snapshot(void *arg, const echo_snapshot_info *info) {
    const echo_timeframe *timeframe = info->timeframe;
    echo_frame frame;
    assert_true(echo_timeframe_at(&frame, timeframe, 0));
    ++*(int *)arg;
    return ECHO_OK;
}
static echo_status ignore_record(void *arg, const char *id, echo_bytes line) {
    (void)id;
    (void)line;
    ++*(int *)arg;
    return ECHO_OK;
}
static echo_status ignore_difference(void *arg, const echo_difference *difference) {
    (void)difference;
    ++*(int *)arg;
    return ECHO_OK;
}
static echo_status ignore_advice(void *arg, const echo_prune_advice *advice) {
    (void)advice;
    ++*(int *)arg;
    return ECHO_OK;
}

typedef struct place {
    char *dir;
    echo_keypair party, feed;
    echo_party_options options;
} place;

static void place_open(place *p) {
    p->dir = folder_new();
    assert_int_equal(echo_keypair_new(&p->party), ECHO_OK);
    assert_int_equal(echo_keypair_new(&p->feed), ECHO_OK);
    p->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    p->options.dir = p->dir;
    p->options.models = registry_object();
    p->options.relaxed = true;
    memset(&poison, 0xa5, sizeof poison);
    err = poison;
}

static void place_close(place *p) {
    echo_registry_free(p->options.models);
    folder_remove(p->dir);
}

static void write_set(echo_party *party, const char *id, bool create, const char *parent) {
    echo_object_mutation *mutation;
    echo_bytes bytes;
    cJSON *value = cJSON_CreateString("value");
    assert_int_equal(echo_object_mutation_new(&mutation, 2), ECHO_OK);
    echo_object_set(mutation, "key", value);
    assert_int_equal(echo_object_mutation_bytes(&bytes, mutation), ECHO_OK);
    bool written = false;
    echo_write w = {.id = id, .create = create, .mutation = &bytes};
    if (create) w.model = ECHO_MODEL_OBJECT;
    w.set_parent = parent != NULL;
    w.parent = parent;
    QUIET(echo_party_write(&written, party, &w, 1, &err));
    assert_true(written);
    cJSON_Delete(value);
    echo_object_mutation_free(mutation);
}

static void read_all(echo_party *party, const char *id) {
    echo_item *item;
    cJSON *view;
    int n = 0;
    QUIET(echo_item_get(&item, party, id, &err));
    QUIET(echo_item_view(&view, item, &err));
    assert_non_null(view);
    cJSON_Delete(view);
    QUIET(echo_party_each_head(party, NULL, ignore_head, &n, &err));
    assert_true(n > 0);
}

static void look_at_store(const place *p) {
    echo_store store;
    echo_feeds feeds;
    char *path = folder_path(p->dir, "snapshots.db"), *folder = folder_path(p->dir, "feeds");
    const echo_key *key = &p->party.public_key;
    echo_gc_options how = ECHO_GC_OPTIONS_INIT;
    echo_gc_report swept;
    echo_difference_report difference;
    echo_hash digest;
    int n = 0;
    QUIET(echo_store_open_sqlite(&store, path, NULL, &err));
    QUIET(echo_snapshot_list(&store, key, ignore_snapshot, &n, &err));
    assert_int_equal(n, 2);
    QUIET(echo_snapshot_records(&store, key, 0, ignore_record, &n, &err));
    QUIET(echo_snapshot_verify(&store, key, 0, &err));
    QUIET(echo_feeds_open_dir(&feeds, folder, NULL, &err));
    QUIET(echo_snapshot_verify_feeds(&store, &feeds, key, 0, &err));
    echo_feeds_close(&feeds);
    QUIET(echo_snapshot_compare(&difference, &store, 1, &store, 2, key, ignore_difference, &n, &err));
    QUIET(echo_snapshot_replay(&digest, &p->options, &store, 0, &err));
    QUIET(echo_snapshot_prune_advice(&store, key, ignore_advice, &n, &err));
    QUIET(echo_snapshot_pin(&store, key, 1, true, &err));
    QUIET(echo_snapshot_pin(&store, key, 1, false, &err));
    QUIET(echo_snapshot_gc(&swept, &store, &how, &err));
    echo_store_close(&store);
    free(folder);
    free(path);
}

static void test_err_is_written_on_failure_only(void **arg) {
    (void)arg;
    place p;
    echo_party *party;
    echo_keypair other;
    int n = 0;
    place_open(&p);
    assert_int_equal(echo_keypair_new(&other), ECHO_OK);
    QUIET(echo_party_create(p.dir, &p.party, &p.feed, NULL, NULL, &err));
    QUIET(echo_parties_list(p.dir, ignore_entry, &n, &err));
    assert_int_equal(n, 1);
    QUIET(echo_party_restore(&party, &p.options, &err));
    write_set(party, "a", true, NULL);
    QUIET(echo_party_admit_feed(party, &other.public_key, &p.party, &err));
    QUIET(echo_party_poll(NULL, party, 0, &err));
    read_all(party, "a");
    QUIET(echo_party_snapshot(NULL, party, &err));
    write_set(party, "b", true, "a"); /* looked for in the snapshot, and absent, before it is made */
    write_set(party, "a", false, "");
    read_all(party, "b"); /* a walk over the snapshot's records ends at their end */
    QUIET(echo_party_snapshot_start(party, &err));
    for (echo_snapshot_state state;
         echo_party_snapshot_state_get(&state, party), state.phase != ECHO_SNAPSHOT_PHASE_IDLE;)
        QUIET(echo_party_poll(NULL, party, 0, &err));
    write_set(party, "c", true, NULL);
    QUIET(echo_party_switch(&party, ignore_change, &n, &err));
    FAILS(echo_party_each_head(party, NULL, end_walk, NULL, &err), ECHO_ERR_NOT_FOUND);
    echo_item *item;
    FAILS(echo_item_get(&item, party, "nobody", &err), ECHO_ERR_NOT_FOUND);
    assert_null(item);
    echo_write again = {.id = "a", .create = true, .model = ECHO_MODEL_OBJECT};
    FAILS(echo_party_write(NULL, party, &again, 1, &err), ECHO_ERR_EXISTS);
    echo_party_free(party);
    look_at_store(&p);
    p.options.eager = true; /* and all of it from the snapshot */
    p.options.verify = ECHO_VERIFY_FULL;
    QUIET(echo_party_restore(&party, &p.options, &err));
    read_all(party, "c");
    echo_party_free(party);
    place_close(&p);
}

/* ---- NULL ---- */

static void test_null_is_refused(void **arg) {
    (void)arg;
    place p;
    echo_party *party;
    echo_item *item;
    cJSON *view;
    size_t count = 7;
    int n = 0;
    place_open(&p);
    FAILS(echo_party_create(NULL, &p.party, &p.feed, NULL, NULL, &err), ECHO_ERR_INVALID);
    FAILS(echo_party_create(p.dir, NULL, &p.feed, NULL, NULL, &err), ECHO_ERR_INVALID);
    FAILS(echo_party_create(p.dir, &p.party, NULL, NULL, NULL, &err), ECHO_ERR_INVALID);
    QUIET(echo_party_create(p.dir, &p.party, &p.feed, NULL, NULL, &err));
    FAILS(echo_parties_list(NULL, ignore_entry, &n, &err), ECHO_ERR_INVALID);
    FAILS(echo_parties_list(p.dir, NULL, &n, &err), ECHO_ERR_INVALID);
    FAILS(echo_party_restore(NULL, &p.options, &err), ECHO_ERR_INVALID);
    FAILS(echo_party_restore(&party, NULL, &err), ECHO_ERR_INVALID);
    assert_null(party);
    QUIET(echo_party_restore(&party, &p.options, &err));
    write_set(party, "a", true, NULL);

    FAILS(echo_party_poll(NULL, NULL, 0, &err), ECHO_ERR_INVALID);
    echo_write w = {.id = "a", .action = ECHO_ACTION_DELETE};
    FAILS(echo_party_write(NULL, NULL, &w, 1, &err), ECHO_ERR_INVALID);
    FAILS(echo_party_write(NULL, party, NULL, 1, &err), ECHO_ERR_INVALID);
    QUIET(echo_party_write(NULL, party, NULL, 0, &err));
    w.id = NULL;
    FAILS(echo_party_write(NULL, party, &w, 1, &err), ECHO_ERR_INVALID);
    echo_bytes none = {NULL, 5};
    w = (echo_write){.id = "a", .mutation = &none};
    FAILS(echo_party_write(NULL, party, &w, 1, &err), ECHO_ERR_INVALID);
    FAILS(echo_party_admit_feed(NULL, &p.feed.public_key, &p.party, &err), ECHO_ERR_INVALID);
    FAILS(echo_party_admit_feed(party, NULL, &p.party, &err), ECHO_ERR_INVALID);
    FAILS(echo_party_admit_feed(party, &p.feed.public_key, NULL, &err), ECHO_ERR_INVALID);
    FAILS(echo_item_get(NULL, party, "a", &err), ECHO_ERR_INVALID);
    FAILS(echo_item_get(&item, NULL, "a", &err), ECHO_ERR_INVALID);
    FAILS(echo_item_get(&item, party, NULL, &err), ECHO_ERR_INVALID);
    assert_null(item);
    QUIET(echo_item_get(&item, party, "a", &err));
    FAILS(echo_item_view(NULL, item, &err), ECHO_ERR_INVALID);
    FAILS(echo_item_view(&view, NULL, &err), ECHO_ERR_INVALID);
    assert_null(view);
    FAILS(echo_party_each_head(NULL, NULL, ignore_head, &n, &err), ECHO_ERR_INVALID);
    FAILS(echo_party_each_head(party, NULL, NULL, &n, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_party_awaited(NULL, 0, NULL, party), ECHO_ERR_INVALID);
    assert_int_equal(echo_party_awaited(NULL, 1, &count, party), ECHO_ERR_INVALID);
    assert_int_equal(echo_party_awaited(NULL, 0, &count, NULL), ECHO_ERR_INVALID);
    assert_int_equal(count, 7);
    assert_int_equal(echo_party_awaited(NULL, 0, &count, party), ECHO_OK);
    assert_int_equal(count, 0);

    /* no status to return: nothing happens, or nothing is returned */
    echo_party_status status;
    echo_item_head head;
    echo_party_status_get(NULL, party);
    echo_party_status_get(&status, NULL);
    assert_int_equal(status.items, 0);
    echo_item_head_get(NULL, item);
    echo_item_head_get(&head, NULL);
    assert_null(head.id);
    assert_null(echo_party_key(NULL));
    assert_null(echo_party_clock(NULL));
    assert_null(echo_party_report(NULL));
    assert_false(echo_item_has_state(NULL));
    assert_null(echo_item_state(NULL));
    echo_id_new(NULL);
    echo_party_free(NULL);
    echo_party_free(party);
    place_close(&p);
}

static void test_null_timeframe(void **arg) {
    (void)arg;
    echo_timeframe *tf, *out;
    echo_key key = {{1}};
    char *text;
    uint64_t seq;
    assert_int_equal(echo_timeframe_new(NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_new(&tf), ECHO_OK);
    assert_int_equal(echo_timeframe_set(NULL, &key, 1), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_set(tf, NULL, 1), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_set(tf, &key, 1), ECHO_OK);
    assert_int_equal(echo_timeframe_copy(NULL, tf), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_copy(&out, NULL), ECHO_ERR_INVALID);
    assert_null(out);
    assert_int_equal(echo_timeframe_merge(NULL, tf), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_merge(tf, NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_dependencies(NULL, tf, tf), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_dependencies(&out, NULL, tf), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_dependencies(&out, tf, NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_to_json(NULL, tf), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_to_json(&text, NULL), ECHO_ERR_INVALID);
    assert_null(text);
    err = poison;
    FAILS(echo_timeframe_from_json(NULL, "{}", 2, &err), ECHO_ERR_INVALID);
    FAILS(echo_timeframe_from_json(&out, NULL, 2, &err), ECHO_ERR_INVALID);
    FAILS(echo_timeframe_from_binary(NULL, (echo_bytes){NULL, 0}, &err), ECHO_ERR_INVALID);
    FAILS(echo_timeframe_from_binary(&out, (echo_bytes){NULL, 40}, &err), ECHO_ERR_INVALID);
    QUIET(echo_timeframe_from_binary(&out, (echo_bytes){NULL, 0}, &err));
    echo_timeframe_free(out);
    assert_int_equal(echo_timeframe_size(NULL), 0);
    assert_int_equal(echo_timeframe_total(NULL), 0);
    assert_int_equal(echo_timeframe_binary_size(NULL), 0);
    assert_false(echo_timeframe_get(&seq, NULL, &key) || echo_timeframe_get(&seq, tf, NULL));
    assert_false(echo_timeframe_at(NULL, tf, 0) || echo_timeframe_at(&(echo_frame){{{0}}, 0}, NULL, 0));
    assert_true(echo_timeframe_covers(tf, NULL) && !echo_timeframe_covers(NULL, tf));
    assert_int_equal(echo_timeframe_compare(NULL, NULL), ECHO_ORDER_EQUAL);
    assert_int_equal(echo_timeframe_compare(NULL, tf), ECHO_ORDER_BEFORE);
    echo_timeframe_unset(NULL, &key);
    echo_timeframe_unset(tf, NULL);
    echo_timeframe_to_binary(NULL, tf);
    echo_timeframe_text_free(NULL);
    echo_timeframe_free(NULL);
    assert_int_equal(echo_timeframe_size(tf), 1);
    echo_timeframe_free(tf);
}

static void test_null_model_and_object(void **arg) {
    (void)arg;
    echo_registry *registry;
    echo_object_mutation *m;
    echo_bytes bytes;
    cJSON *value = cJSON_CreateTrue();
    memset(&poison, 0xa5, sizeof poison);
    err = poison;
    assert_int_equal(echo_registry_new(NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo_registry_new(&registry), ECHO_OK);
    FAILS(echo_registry_add(registry, NULL, NULL, &err), ECHO_ERR_INVALID);
    FAILS(echo_registry_add(NULL, NULL, NULL, &err), ECHO_ERR_INVALID);
    FAILS(echo_registry_add_object(NULL, &err), ECHO_ERR_INVALID);
    QUIET(echo_registry_add_object(registry, &err));
    echo_registry_free(NULL);
    echo_registry_free(registry);
    echo_writer_write(NULL, "x", 1);
    assert_int_equal(echo_object_mutation_new(NULL, 2), ECHO_ERR_INVALID);
    echo_object_set(NULL, "key", value);
    echo_object_delete(NULL, "key");
    echo_object_push(NULL, "key", value);
    echo_object_set_add(NULL, "key", value);
    echo_object_set_remove(NULL, "key", value);
    echo_object_mutation_free(NULL);
    assert_int_equal(echo_object_mutation_bytes(&bytes, NULL), ECHO_ERR_INVALID);
    typedef void (*put)(echo_object_mutation * m, const char *key, const cJSON *value);
    static const put puts[] = {echo_object_set, echo_object_push, echo_object_set_add, echo_object_set_remove};
    for (size_t i = 0; i < 2 * sizeof puts / sizeof *puts; i++) {
        assert_int_equal(echo_object_mutation_new(&m, 2), ECHO_OK);
        puts[i / 2](m, i % 2 == 0 ? NULL : "key", i % 2 == 0 ? value : NULL);
        assert_int_equal(echo_object_mutation_bytes(NULL, m), ECHO_ERR_INVALID);
        assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_ERR_INVALID);
        echo_object_mutation_free(m);
    }
    assert_int_equal(echo_object_mutation_new(&m, 2), ECHO_OK);
    echo_object_delete(m, NULL);
    assert_int_equal(echo_object_mutation_bytes(&bytes, m), ECHO_ERR_INVALID);
    echo_object_mutation_free(m);
    cJSON_Delete(value);
}

/* ---- what waits ---- */

static void test_awaited_without_memory(void **arg) {
    (void)arg;
    place p;
    echo_feeds source;
    echo_party *party;
    place_open(&p);
    assert_int_equal(echo_feeds_new_memory(&source), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&source, &p.feed), ECHO_OK);
    echo_codec codec = echo_codec_dxos();
    echo_frame unknown = {{{9}}, 4};
    echo_message m = {.kind = ECHO_MESSAGE_ITEM,
                      .generation = 2,
                      .item = {(const uint8_t *)"a", 1},
                      .has_genesis = true,
                      .model = {(const uint8_t *)ECHO_MODEL_OBJECT, sizeof ECHO_MODEL_OBJECT - 1},
                      .frames = &unknown,
                      .frame_count = 1};
    uint8_t *block;
    size_t len;
    QUIET(codec.ops->encode(&block, &len, codec.ctx, &m, &err));
    assert_int_equal(echo_feeds_memory_put(&source, &p.feed.public_key, 0, (echo_bytes){block, len}), ECHO_OK);
    codec.ops->release(codec.ctx, block);
    p.options.dir = NULL;
    p.options.feeds = &source;
    p.options.party = &p.party.public_key;
    p.options.admitted = &p.feed.public_key;
    p.options.admitted_count = 1;
    QUIET(echo_party_restore(&party, &p.options, &err));
    echo_awaited waiting = {.seq = 77};
    size_t count = 77;
    fault_at(1);
    echo_status status = echo_party_awaited(&waiting, 1, &count, party);
    assert_true(fault_off());
    assert_int_equal(status, ECHO_ERR_NOMEM);
    assert_int_equal(count, 77);
    assert_int_equal(waiting.seq, 77);
    assert_int_equal(echo_party_awaited(&waiting, 1, &count, party), ECHO_OK);
    assert_int_equal(count, 1);
    assert_int_equal(waiting.seq, 0);
    assert_int_equal(waiting.awaited_seq, 4);
    assert_memory_equal(&waiting.awaited_feed, &unknown.feed, sizeof unknown.feed);
    echo_party_free(party);
    echo_feeds_close(&source);
    place_close(&p);
}

/* ---- dates ---- */

static int64_t now_of(void *arg) { return *(const int64_t *)arg; }

typedef struct wanted_text {
    const char *text;
    int found;
} wanted_text;

static echo_status look_for(void *arg, uint64_t seq, echo_bytes block) {
    wanted_text *wanted = arg;
    size_t len = strlen(wanted->text);
    (void)seq;
    for (size_t i = 0; i + len <= block.len; i++) wanted->found += memcmp(block.data + i, wanted->text, len) == 0;
    return ECHO_OK;
}

static int count_in_feed(const place *p, uint64_t seq, const char *text) {
    char *path = folder_path(p->dir, "feeds");
    echo_feeds feeds;
    void *feed;
    wanted_text wanted = {text, 0};
    QUIET(echo_feeds_open_dir(&feeds, path, NULL, &err));
    QUIET(feeds.ops->open(&feed, feeds.ctx, &p->feed.public_key, &err));
    QUIET(feeds.ops->read(feeds.ctx, feed, seq, seq + 1, look_for, &wanted, &err));
    feeds.ops->close(feeds.ctx, feed);
    echo_feeds_close(&feeds);
    free(path);
    return wanted.found;
}

static void test_dates_are_the_hosts(void **arg) {
    (void)arg;
    place p;
    echo_party *party;
    echo_keypair other;
    int64_t now = INT64_C(1000000000999);
    place_open(&p);
    assert_int_equal(echo_keypair_new(&other), ECHO_OK);
    QUIET(echo_party_create(p.dir, &p.party, &p.feed, now_of, &now, &err));
    p.options.now = now_of;
    p.options.now_arg = &now;
    QUIET(echo_party_restore(&party, &p.options, &err));
    now = INT64_C(1600000000000);
    QUIET(echo_party_admit_feed(party, &other.public_key, &p.party, &err));
    echo_party_free(party);
    assert_true(count_in_feed(&p, 0, "2001-09-09T01:46:40+00:00") > 0);
    assert_true(count_in_feed(&p, 1, "2020-09-13T12:26:40+00:00") > 0);
    place_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err_is_written_on_failure_only),
        cmocka_unit_test(test_null_is_refused),
        cmocka_unit_test(test_null_timeframe),
        cmocka_unit_test(test_null_model_and_object),
        cmocka_unit_test(test_awaited_without_memory),
        cmocka_unit_test(test_dates_are_the_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
