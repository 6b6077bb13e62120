/*
 * Models that come, go, change their version, and fail: nothing of their items is ever lost (P6), and what a host with
 * the same models writes is the same whatever happened before (P3).
 */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting_feeds.h"
#include "support/state.h"
#include <echo/sys/codec.h>
#include "support/still_clock.h"

/* ---- a sum model in several forms ---- */

typedef struct sum_model {
    const char *type;
    bool hooks, raw;
    uint32_t version, reads_from;
    echo_status fail_restore, fail_snapshot, fail_apply;
    int creates, destroys, applies;
    int indulgent; /* calls of apply that accept anything and do nothing, as the trial before a write */
} sum_model;

typedef struct sum {
    int64_t value;
    uint32_t from; /* stored version it was restored from */
} sum;

static echo_status sum_create(void **state, void *ctx, const echo_item_info *item) {
    (void)item;
    ((sum_model *)ctx)->creates++;
    *state = calloc(1, sizeof(sum));
    return *state == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void sum_destroy(void *ctx, void *state) {
    ((sum_model *)ctx)->destroys++;
    free(state);
}

static echo_status sum_apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    sum_model *model = ctx;
    (void)err;
    if (model->indulgent > 0) {
        model->indulgent--;
        return ECHO_OK;
    }
    if (model->fail_apply != ECHO_OK) return model->fail_apply;
    model->applies++;
    if (m->bytes.len != 1) return ECHO_ERR_REFUSED;
    ((sum *)state)->value += m->bytes.data[0];
    return ECHO_OK;
}

static echo_status sum_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    sum_model *model = ctx;
    (void)err;
    if (model->fail_snapshot != ECHO_OK) return model->fail_snapshot;
    *out = cJSON_CreateObject();
    cJSON_AddNumberToObject(*out, model->version == 1 ? "sum" : "total", (double)((const sum *)state)->value);
    return ECHO_OK;
}

static echo_status sum_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    sum_model *model = ctx;
    (void)err;
    if (model->fail_restore != ECHO_OK) return model->fail_restore;
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(value, stored == 1 ? "sum" : "total");
    if (!cJSON_IsNumber(number)) return ECHO_ERR_CORRUPT;
    ((sum *)state)->value = (int64_t)number->valuedouble;
    ((sum *)state)->from = stored;
    return ECHO_OK;
}

static echo_status sum_snapshot_raw(echo_writer *out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    uint8_t byte = (uint8_t)((const sum *)state)->value;
    echo_writer_write(out, &byte, 1);
    return ECHO_OK;
}

static echo_status sum_restore_raw(void *ctx, void *state, uint32_t stored, echo_bytes value, echo_error *err) {
    (void)ctx;
    (void)err;
    if (value.len != 1) return ECHO_ERR_CORRUPT;
    ((sum *)state)->value = value.data[0];
    ((sum *)state)->from = stored;
    return ECHO_OK;
}

static echo_registry *registry_of(sum_model *model) {
    echo_registry *registry = registry_object();
    echo_error err = ECHO_ERROR_INIT;
    if (model == NULL) return registry;
    echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                          .type = model->type,
                          .state_version = model->version,
                          .reads_from = model->reads_from,
                          .create = sum_create,
                          .destroy = sum_destroy,
                          .apply = sum_apply};
    if (model->hooks && model->raw) {
        ops.snapshot_raw = sum_snapshot_raw;
        ops.restore_raw = sum_restore_raw;
    } else if (model->hooks) {
        ops.snapshot = sum_snapshot;
        ops.restore = sum_restore;
    }
    assert_ok(echo_registry_add(registry, &ops, model, &err), &err);
    return registry;
}

/* ---- a party in memory that the tests open again and again ---- */

#define SUM "test:model/sum"

typedef struct bench {
    echo_keypair party, feed;
    echo_feeds feeds;
    counting_feeds counting;
    echo_store store;
    echo_party_options options;
    echo_error refused;
    int refusals;
} bench;

static void on_refused(void *arg, const echo_error *err) {
    bench *b = arg;
    b->refused = *err;
    b->refusals++;
}

static bench *bench_new(void) {
    bench *b = calloc(1, sizeof *b);
    uint8_t seed[32] = {7};
    assert_non_null(b);
    assert_int_equal(echo_keypair_from_seed(&b->feed, seed), ECHO_OK);
    seed[0] = 8;
    assert_int_equal(echo_keypair_from_seed(&b->party, seed), ECHO_OK);
    assert_int_equal(echo_feeds_new_memory(&b->feeds), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&b->feeds, &b->feed), ECHO_OK);
    counting_feeds_init(&b->counting, &b->feeds);
    assert_int_equal(echo_store_new_memory(&b->store), ECHO_OK);
    b->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    b->options.clock = still_clock;
    b->options.party = &b->party.public_key;
    b->options.feeds = &b->counting.feeds;
    b->options.store = &b->store;
    b->options.admitted = &b->feed.public_key;
    b->options.admitted_count = 1;
    b->options.refused = on_refused;
    b->options.refused_arg = b;
    return b;
}

static void bench_free(bench *b) {
    echo_store_close(&b->store);
    echo_feeds_close(&b->feeds);
    free(b);
}

static echo_party *bench_open(bench *b, echo_registry *models) {
    b->options.models = models;
    return party_open(&b->options);
}

static void add(echo_party *party, const char *id, bool create, uint8_t value, size_t len) {
    uint8_t data[2] = {value, value};
    echo_bytes bytes = {data, len};
    echo_error err = ECHO_ERROR_INIT;
    echo_write write = {.id = id, .create = create, .model = create ? SUM : NULL, .mutation = &bytes};
    assert_ok(echo_party_write(NULL, party, &write, 1, &err), &err);
}

static void snapshot(echo_party *party) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot(NULL, party, &err), &err);
}

static const sum *sum_of(echo_party *party, const char *id) {
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, party, id, &err), &err);
    return echo_item_state(item);
}

static echo_status grab(void *arg, const char *id, echo_bytes line) {
    char **out = arg;
    (void)id;
    free(*out);
    *out = strndup((const char *)line.data, line.len);
    return ECHO_OK;
}

/* The record of the only item. */
static char *record_of(bench *b) {
    char *line = NULL;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_snapshot_records(&b->store, &b->party.public_key, 0, grab, &line, &err), &err);
    return line;
}

/* A party with one item of sum 1 + 2 + 3, as a model in the given form wrote it. */
static bench *bench_with(sum_model *model) {
    bench *b = bench_new();
    echo_registry *registry = registry_of(model);
    echo_party *party = bench_open(b, registry);
    add(party, "x", true, 1, 1);
    add(party, "x", false, 2, 1);
    add(party, "x", false, 3, 1);
    snapshot(party);
    echo_party_free(party);
    echo_registry_free(registry);
    return b;
}

static sum_model json_v1(void) { return (sum_model){.type = SUM, .hooks = true, .version = 1}; }

/* ---- tests ---- */

static void test_forms(void **arg) {
    (void)arg;
    static const struct {
        bool hooks, raw;
        const char *payload;
    } forms[] = {{true, false, "\"state\":{\"sum\":6}"},
                 {true, true, "\"bytes\":\"Bg==\""},
                 {false, false, "\"log\":{\"n\":3,\"tail\":["}};
    for (size_t i = 0; i < 3; i++) {
        sum_model model = {.type = SUM, .hooks = forms[i].hooks, .raw = forms[i].raw, .version = 1};
        bench *b = bench_with(&model);
        char *line = record_of(b);
        assert_non_null(strstr(line, forms[i].payload));
        free(line);
        echo_registry *registry = registry_of(&model);
        echo_party *party = bench_open(b, registry);
        int applies = model.applies;
        assert_int_equal(echo_party_report(party)->messages_read, 0);
        assert_int_equal(sum_of(party, "x")->value, 6);
        assert_int_equal(model.applies - applies, forms[i].hooks ? 0 : 3); /* replayed from the log */
        add(party, "x", false, 4, 1);
        assert_int_equal(sum_of(party, "x")->value, 10);
        echo_party_free(party);
        assert_int_equal(model.creates, model.destroys);
        echo_registry_free(registry);
        bench_free(b);
    }
}

static void test_unregistered_is_kept_and_comes_back(void **arg) {
    (void)arg;
    sum_model model = json_v1();
    bench *b = bench_with(&model);
    char *before = record_of(b);
    echo_registry *registry = registry_of(NULL);
    for (int round = 0; round < 3; round++) { /* the second snapshot is the one that the original lost it at */
        echo_party *party = bench_open(b, registry);
        echo_item *item;
        echo_error err = ECHO_ERROR_INIT;
        assert_ok(echo_item_get(&item, party, "x", &err), &err);
        assert_false(echo_item_has_state(item));
        add(party, "other", round == 0, 1, 1);
        snapshot(party);
        echo_party_free(party);
    }
    char *line = NULL;
    echo_error err = ECHO_ERROR_INIT;
    echo_party *party = bench_open(b, registry);
    add(party, "x", false, 10, 1); /* arrives while the model is away */
    snapshot(party);
    assert_ok(echo_snapshot_records(&b->store, &b->party.public_key, 0, grab, &line, &err), &err); /* the last is x */
    assert_memory_equal(line, before, strlen(before) - 1); /* the very same bytes, and the log behind them */
    assert_non_null(strstr(line, ",\"log\":{\"n\":1,\"tail\":["));
    free(line);
    free(before);

    /* registered late, while the party is open */
    sum_model late = json_v1();
    echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                          .type = SUM,
                          .state_version = 1,
                          .create = sum_create,
                          .destroy = sum_destroy,
                          .apply = sum_apply,
                          .snapshot = sum_snapshot,
                          .restore = sum_restore};
    assert_ok(echo_registry_add(registry, &ops, &late, &err), &err);
    assert_int_equal(sum_of(party, "x")->value, 16);
    assert_int_equal(sum_of(party, "other")->value, 3);
    snapshot(party);
    echo_party_free(party);

    party = bench_open(b, registry); /* and it is as if the model had never been away */
    echo_hash digest = party_snapshot_digest(party);
    echo_party_free(party);
    echo_store memory;
    assert_int_equal(echo_store_new_memory(&memory), ECHO_OK);
    b->options.store = &memory;
    party = bench_open(b, registry);
    echo_hash oracle = party_snapshot_digest(party);
    assert_memory_equal(&digest, &oracle, sizeof digest);
    echo_party_free(party);
    echo_store_close(&memory);
    echo_registry_free(registry);
    bench_free(b);
}

static void test_older_version_is_read_and_rewritten(void **arg) {
    (void)arg;
    sum_model v1 = json_v1();
    bench *b = bench_with(&v1);
    sum_model v2 = {.type = SUM, .hooks = true, .version = 2, .reads_from = 1};
    echo_registry *registry = registry_of(&v2);
    echo_party *party = bench_open(b, registry);
    assert_int_equal(echo_party_report(party)->stale_models, 0);
    assert_int_equal(b->counting.breaches, 0);
    assert_int_equal(sum_of(party, "x")->value, 6);
    assert_int_equal(sum_of(party, "x")->from, 1);
    snapshot(party);
    echo_party_free(party);
    char *line = record_of(b);
    assert_non_null(strstr(line, "\"version\":2,"));
    assert_non_null(strstr(line, "\"state\":{\"total\":6}"));
    free(line);
    echo_registry_free(registry);
    bench_free(b);
}

/* Untouched items are rewritten too: a peer at the same timeframe with the same models writes the same bytes. */
static void test_older_version_untouched(void **arg) {
    (void)arg;
    sum_model v1 = json_v1();
    bench *b = bench_with(&v1);
    sum_model v2 = {.type = SUM, .hooks = true, .version = 2, .reads_from = 1};
    echo_registry *registry = registry_of(&v2);
    echo_party *party = bench_open(b, registry);
    echo_hash digest = party_snapshot_digest(party), oracle;
    echo_party_free(party);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_snapshot_replay(&oracle, &b->options, &b->store, 0, &err), &err);
    assert_memory_equal(&digest, &oracle, sizeof digest);
    echo_registry_free(registry);
    bench_free(b);
}

static void poll_to_end(echo_party *party) {
    echo_party_status status;
    echo_error err = ECHO_ERROR_INIT;
    for (int i = 0; i < 100; i++) {
        assert_ok(echo_party_poll(NULL, party, 1, &err), &err);
        echo_party_status_get(&status, party);
        if (status.rebuilding == 0) return;
    }
    fail_msg("rebuilding does not end");
}

static void test_stale_is_rebuilt(void **arg) {
    (void)arg;
    sum_model v1 = json_v1();
    bench *b = bench_with(&v1);
    echo_registry *old = registry_of(&v1);
    echo_party *party = bench_open(b, old); /* an item of another model, which must not be touched */
    party_write_tail(party, 2, 1, 5);
    snapshot(party);
    echo_party_free(party);
    sum_model v3 = {.type = SUM, .hooks = true, .version = 3, .reads_from = 3};
    echo_registry *registry = registry_of(&v3);
    party = bench_open(b, registry);
    assert_int_equal(echo_party_report(party)->stale_models, 1);
    echo_party_status status;
    echo_party_status_get(&status, party);
    assert_int_equal(status.rebuilding, 1);
    assert_null(sum_of(party, "x")); /* bytes until it is done; the rest of the party is open */
    add(party, "x", false, 10, 1);   /* arrives meanwhile */
    assert_int_equal(status.items_changed, 0);
    poll_to_end(party);
    assert_int_equal(sum_of(party, "x")->value, 16);
    assert_int_equal(sum_of(party, "x")->from, 0);
    echo_party_status_get(&status, party);
    assert_int_equal(status.items_changed, 1); /* those items only */
    snapshot(party);
    echo_party_free(party);
    party = bench_open(b, registry);
    assert_int_equal(echo_party_report(party)->stale_models, 0);
    assert_int_equal(sum_of(party, "x")->value, 16);
    assert_int_equal(sum_of(party, "x")->from, 3);
    echo_party_free(party);
    echo_registry_free(registry);
    echo_registry_free(old);
    bench_free(b);
}

static void test_stale_without_blocks_stays_bytes(void **arg) {
    (void)arg;
    sum_model v1 = json_v1();
    bench *b = bench_with(&v1);
    char *before = record_of(b);
    echo_feeds sparse; /* a peer who joined from a snapshot: no blocks below it */
    echo_keypair reader = {b->feed.public_key, {0}};
    assert_int_equal(echo_feeds_new_memory(&sparse), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&sparse, &reader), ECHO_OK);
    b->counting.inner = &sparse;
    sum_model v3 = {.type = SUM, .hooks = true, .version = 3, .reads_from = 3};
    echo_registry *registry = registry_of(&v3);
    echo_party *party = bench_open(b, registry);
    poll_to_end(party);
    assert_true(echo_party_report(party)->stale_kept);
    assert_true(echo_party_report(party)->damage_count > 0);
    assert_null(sum_of(party, "x"));
    echo_snapshot_result result;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot(&result, party, &err), &err);
    assert_true(result.unchanged);
    echo_party_free(party);
    char *after = record_of(b);
    assert_string_equal(before, after);
    free(before);
    free(after);
    echo_registry_free(registry);
    echo_feeds_close(&sparse);
    bench_free(b);
}

static void test_version_from_the_future_is_kept(void **arg) {
    (void)arg;
    sum_model v2 = {.type = SUM, .hooks = true, .version = 2, .reads_from = 1};
    bench *b = bench_with(&v2);
    char *before = record_of(b);
    sum_model v1 = json_v1();
    echo_registry *registry = registry_of(&v1);
    b->options.rebuild = false;
    echo_party *party = bench_open(b, registry);
    assert_int_equal(echo_party_report(party)->stale_models, 1);
    assert_null(sum_of(party, "x"));
    add(party, "x", false, 1, 1);
    snapshot(party);
    echo_party_free(party);
    char *after = record_of(b);
    assert_memory_equal(before, after, strlen(before) - 1);
    free(before);
    free(after);
    echo_registry_free(registry);
    registry = registry_of(&v2);
    party = bench_open(b, registry);
    assert_int_equal(sum_of(party, "x")->value, 7);
    echo_party_free(party);
    echo_registry_free(registry);
    bench_free(b);
}

static void test_restore_hook_that_fails(void **arg) {
    (void)arg;
    sum_model v1 = json_v1();
    bench *b = bench_with(&v1);
    char *before = record_of(b);
    v1.fail_restore = ECHO_ERR_CORRUPT;
    echo_registry *registry = registry_of(&v1);
    echo_party *party = bench_open(b, registry);
    assert_null(sum_of(party, "x"));
    assert_null(sum_of(party, "x"));
    assert_int_equal(b->refusals, 1); /* told once, with the item */
    assert_string_equal(b->refused.item, "x");
    assert_int_equal(b->refused.code, ECHO_ERR_CORRUPT);
    add(party, "x", false, 4, 1);
    snapshot(party);
    echo_party_free(party);
    char *after = record_of(b);
    assert_memory_equal(before, after, strlen(before) - 1);
    free(before);
    free(after);
    v1.fail_restore = ECHO_OK;
    party = bench_open(b, registry);
    assert_int_equal(sum_of(party, "x")->value, 10);
    echo_party_free(party);
    assert_int_equal(v1.creates, v1.destroys);
    echo_registry_free(registry);
    bench_free(b);
}

static void test_snapshot_hook_that_fails(void **arg) {
    (void)arg;
    sum_model v1 = json_v1();
    bench *b = bench_with(&v1);
    echo_registry *registry = registry_of(&v1);
    echo_party *party = bench_open(b, registry);
    echo_error err = ECHO_ERROR_INIT;
    add(party, "x", false, 4, 1);
    v1.fail_snapshot = ECHO_ERR_UNSUPPORTED;
    assert_int_equal(echo_party_snapshot(NULL, party, &err), ECHO_ERR_UNSUPPORTED); /* the hook's own code */
    assert_string_equal(err.item, "x");
    v1.fail_snapshot = ECHO_OK;
    assert_int_equal(sum_of(party, "x")->value, 10);
    snapshot(party); /* what failed to be saved is still to be saved */
    echo_party_free(party);
    party = bench_open(b, registry);
    assert_int_equal(echo_party_report(party)->snapshot, 2);
    assert_int_equal(echo_party_report(party)->messages_read, 0);
    assert_int_equal(sum_of(party, "x")->value, 10);
    echo_party_free(party);
    echo_registry_free(registry);
    bench_free(b);
}

/* P1: the clock does not cover what the model did not accept; "not now" is tried again. */
static void test_apply_that_fails_for_now(void **arg) {
    (void)arg;
    sum_model v1 = json_v1();
    bench *b = bench_with(&v1);
    echo_registry *registry = registry_of(&v1);
    echo_party *party = bench_open(b, registry);
    echo_error err = ECHO_ERROR_INIT;
    uint64_t before = echo_timeframe_total(echo_party_clock(party));
    uint8_t four = 4;
    echo_bytes bytes = {&four, 1};
    echo_write write = {.id = "x", .mutation = &bytes};
    bool written = false;
    v1.fail_apply = ECHO_ERR_NOMEM;
    assert_int_equal(echo_party_write(&written, party, &write, 1, &err), ECHO_ERR_NOMEM); /* nothing is appended */
    assert_false(written);
    v1.indulgent = 1;
    assert_int_equal(echo_party_write(&written, party, &write, 1, &err), ECHO_ERR_NOMEM);
    assert_true(written);
    assert_string_equal(err.item, "x");
    assert_true(err.has_seq && err.seq == 3);
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)), before);
    snapshot(party); /* a snapshot taken now must not cover it */
    v1.fail_apply = ECHO_OK;
    echo_party_free(party);
    party = bench_open(b, registry);
    assert_int_equal(echo_party_report(party)->messages_applied, 1);
    assert_int_equal(sum_of(party, "x")->value, 10);
    echo_party_free(party);
    echo_registry_free(registry);
    bench_free(b);
}

/* A mutation that its model refuses is passed over, told, and kept with the item. */
static void test_refused_mutation_is_kept(void **arg) {
    (void)arg;
    for (int hooks = 0; hooks < 2; hooks++) {
        sum_model model = {.type = SUM, .hooks = hooks == 1, .version = 1};
        bench *b = bench_with(&model);
        echo_registry *registry = registry_of(&model);
        echo_party *party = bench_open(b, registry);
        assert_int_equal(sum_of(party, "x")->value, 6);
        model.indulgent = model.hooks ? 1 : 4; /* without hooks, the copy of the state is made of all mutations */
        add(party, "x", false, 9, 2);          /* two bytes: refused */
        assert_int_equal(b->refusals, 1);
        assert_string_equal(b->refused.item, "x");
        assert_int_equal(b->refused.seq, 3);
        add(party, "x", false, 1, 1);
        assert_int_equal(sum_of(party, "x")->value, 7);
        for (int round = 0; round < 2; round++) {
            snapshot(party);
            echo_party_free(party);
            char *line = record_of(b);
            assert_non_null(strstr(line, "\"CQk=\"")); /* the refused bytes */
            free(line);
            party = bench_open(b, registry);
            assert_int_equal(sum_of(party, "x")->value, 7);
        }
        echo_hash digest = party_snapshot_digest(party), oracle;
        echo_party_free(party);
        echo_error err = ECHO_ERROR_INIT;
        assert_ok(echo_snapshot_replay(&oracle, &b->options, &b->store, 0, &err), &err);
        assert_memory_equal(&digest, &oracle, sizeof digest);
        echo_registry_free(registry);
        bench_free(b);
    }
}

/* The log of a model without hooks is sealed in segments, which are not written again. */
static void test_sealed_segments(void **arg) {
    (void)arg;
    sum_model model = {.type = SUM, .version = 1};
    bench *b = bench_new();
    echo_registry *registry = registry_of(&model);
    echo_party *party = bench_open(b, registry);
    echo_snapshot_result result;
    echo_error err = ECHO_ERROR_INIT;
    add(party, "x", true, 1, 1);
    for (int i = 1; i < 200; i++) add(party, "x", false, 1, 1);
    assert_ok(echo_party_snapshot(&result, party, &err), &err);
    assert_int_equal(result.chunks_written, 4); /* three segments of 64 and the leaf */
    add(party, "x", false, 1, 1);
    assert_ok(echo_party_snapshot(&result, party, &err), &err);
    assert_int_equal(result.chunks_written, 1);
    echo_party_free(party);
    party = bench_open(b, registry);
    assert_int_equal(sum_of(party, "x")->value, 201);
    add(party, "x", false, 1, 1);
    assert_ok(echo_party_snapshot(&result, party, &err), &err);
    assert_int_equal(result.chunks_written, 1);
    assert_ok(echo_snapshot_verify(&b->store, &b->party.public_key, 0, &err), &err);
    echo_party_free(party);
    echo_registry_free(registry);
    bench_free(b);
}

/* Mutations of an item whose genesis comes later, by a writer who did not wait. */
static void test_mutation_before_genesis(void **arg) {
    (void)arg;
    sum_model v1 = json_v1();
    bench *b = bench_new();
    echo_codec codec = echo_codec_dxos();
    echo_registry *registry = registry_of(&v1);
    uint8_t two = 2;
    echo_message messages[2] = {{.kind = ECHO_MESSAGE_ITEM,
                                 .generation = 2,
                                 .item = {(const uint8_t *)"x", 1},
                                 .has_mutation = true,
                                 .mutation = {&two, 1}},
                                {.kind = ECHO_MESSAGE_ITEM,
                                 .generation = 2,
                                 .item = {(const uint8_t *)"x", 1},
                                 .has_genesis = true,
                                 .model = {(const uint8_t *)SUM, strlen(SUM)}}};
    echo_error err = ECHO_ERROR_INIT;
    for (uint64_t i = 0; i < 2; i++) {
        uint8_t *block;
        size_t len;
        assert_ok(codec.ops->encode(&block, &len, codec.ctx, &messages[i], &err), &err);
        assert_ok(echo_feeds_memory_put(&b->feeds, &b->feed.public_key, i, (echo_bytes){block, len}), &err);
        codec.ops->release(codec.ctx, block);
        echo_party *party = bench_open(b, registry);
        if (i == 0)
            assert_null(sum_of(party, "x"));
        else
            assert_int_equal(sum_of(party, "x")->value, 2);
        snapshot(party);
        echo_party_free(party);
        char *line = record_of(b);
        assert_int_equal(strstr(line, "\"model\"") != NULL, i == 1);
        assert_int_equal(strstr(line, "\"log\"") != NULL, i == 0);
        free(line);
    }
    echo_registry_free(registry);
    bench_free(b);
}

/* 10 MB of id, in a block no file would take: refused by its length, told with a short name. */
static void test_endless_id(void **arg) {
    (void)arg;
    bench *b = bench_new();
    echo_codec codec = echo_codec_dxos();
    size_t id_len = (size_t)10 << 20, len;
    uint8_t *id = malloc(id_len), *block;
    assert_non_null(id);
    memset(id, 'x', id_len);
    echo_message m = {
        .kind = ECHO_MESSAGE_ITEM, .generation = 2, .item = {id, id_len}, .has_mutation = true, .mutation = {id, 1}};
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(codec.ops->encode(&block, &len, codec.ctx, &m, &err), &err);
    assert_ok(echo_feeds_memory_put(&b->feeds, &b->feed.public_key, 0, (echo_bytes){block, len}), &err);
    codec.ops->release(codec.ctx, block);
    echo_registry *registry = registry_of(NULL);
    echo_party *party = bench_open(b, registry);
    assert_int_equal(b->refusals, 1);
    assert_int_equal(b->refused.code, ECHO_ERR_LIMIT);
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)), 1);
    echo_party_free(party);
    echo_registry_free(registry);
    free(id);
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_unregistered_is_kept_and_comes_back),
        cmocka_unit_test(test_older_version_is_read_and_rewritten),
        cmocka_unit_test(test_older_version_untouched),
        cmocka_unit_test(test_stale_is_rebuilt),
        cmocka_unit_test(test_stale_without_blocks_stays_bytes),
        cmocka_unit_test(test_version_from_the_future_is_kept),
        cmocka_unit_test(test_restore_hook_that_fails),
        cmocka_unit_test(test_snapshot_hook_that_fails),
        cmocka_unit_test(test_apply_that_fails_for_now),
        cmocka_unit_test(test_refused_mutation_is_kept),
        cmocka_unit_test(test_sealed_segments),
        cmocka_unit_test(test_mutation_before_genesis),
        cmocka_unit_test(test_endless_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
