/*
 * Several geneses of one item, which name different models: the one with the lowest stamp counts, also when it comes
 * last. The item's mutations are then in a state that is another model's, so it is rebuilt from the feeds (P3). Until
 * then, and for good where blocks are missing, the item is opaque and its bytes are kept (P6).
 */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <echo/object.h>
#include <stdlib.h>
#include <string.h>

#include "support/fault.h"
#include "support/state.h"
#include "support/still_clock.h"
#include "support/tally.h"
#include <echo/sys/codec.h>
#include <echo/sys/feed.h>

#define FEEDS 3u
#define HOOKLESS "test:model/log"

/* ---- a model without hooks ---- */

static echo_status log_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    *state = calloc(1, sizeof(int));
    return *state == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void log_destroy(void *ctx, void *state) {
    (void)ctx;
    free(state);
}

static echo_status log_apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    (void)ctx;
    (void)m;
    (void)err;
    ++*(int *)state;
    return ECHO_OK;
}

/* ---- a JSON model that cannot save its states ---- */

#define MUTE "test:model/mute"

static echo_status mute_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)err;
    *out = NULL;
    return ECHO_ERR_UNSUPPORTED;
}

static echo_status mute_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)stored;
    (void)value;
    (void)err;
    return ECHO_OK;
}

/* ---- a party of three feeds ---- */

typedef struct place {
    echo_key party, keys[FEEDS];
    echo_feeds feeds;
    echo_store store;
    echo_registry *all, *none;
    echo_party_options options;
    echo_error reports[8];
    size_t reported;
} place;

static void on_refused(void *arg, const echo_error *err) {
    place *p = arg;
    if (p->reported < sizeof p->reports / sizeof *p->reports) p->reports[p->reported] = *err;
    p->reported++;
}

static void place_open(place *p) {
    echo_error err = ECHO_ERROR_INIT;
    echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                          .type = HOOKLESS,
                          .state_version = 1,
                          .create = log_create,
                          .destroy = log_destroy,
                          .apply = log_apply};
    memset(p, 0, sizeof *p);
    memset(&p->party, 0x77, sizeof p->party);
    assert_int_equal(echo_feeds_new_memory(&p->feeds), ECHO_OK);
    for (size_t i = 0; i < FEEDS; i++) { /* the lower feed wins at equal times */
        echo_keypair keys = {{{0}}, {0}};
        memset(&keys.public_key, (int)i + 1, sizeof keys.public_key);
        p->keys[i] = keys.public_key;
        assert_int_equal(echo_feeds_memory_add(&p->feeds, &keys), ECHO_OK);
    }
    assert_int_equal(echo_store_new_memory(&p->store), ECHO_OK);
    assert_int_equal(echo_registry_new(&p->none), ECHO_OK);
    p->all = registry_object();
    tally_register(p->all);
    assert_ok(echo_registry_add(p->all, &ops, NULL, &err), &err);
    ops.type = MUTE;
    ops.snapshot = mute_snapshot;
    ops.restore = mute_restore;
    assert_ok(echo_registry_add(p->all, &ops, NULL, &err), &err);
    p->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    p->options.clock = still_clock;
    p->options.party = &p->party;
    p->options.feeds = &p->feeds;
    p->options.store = &p->store;
    p->options.models = p->all;
    p->options.admitted = p->keys;
    p->options.admitted_count = FEEDS;
    p->options.refused = on_refused;
    p->options.refused_arg = p;
}

static void place_close(place *p) {
    echo_registry_free(p->all);
    echo_registry_free(p->none);
    echo_store_close(&p->store);
    echo_feeds_close(&p->feeds);
}

static echo_bytes text(const char *t) { return (echo_bytes){(const uint8_t *)t, strlen(t)}; }

/* The next block of a feed is about item `id`: a genesis unless model is NULL, and a mutation unless that is 0. */
static void say(place *p, size_t feed, const char *id, const char *model, const char *type, uint8_t mutation) {
    echo_codec codec = echo_codec_dxos();
    echo_error err = ECHO_ERROR_INIT;
    uint8_t *block;
    size_t len;
    void *handle;
    echo_feed_info info;
    echo_message m = {.kind = ECHO_MESSAGE_ITEM, .generation = 2, .item = text(id)};
    m.has_genesis = model != NULL;
    m.model = text(model == NULL ? "" : model);
    m.type = text(type == NULL ? "" : type);
    m.has_mutation = mutation != 0;
    m.mutation = (echo_bytes){&mutation, 1};
    assert_ok(p->feeds.ops->open(&handle, p->feeds.ctx, &p->keys[feed], &err), &err);
    assert_ok(p->feeds.ops->info(&info, p->feeds.ctx, handle, &err), &err);
    p->feeds.ops->close(p->feeds.ctx, handle);
    assert_ok(codec.ops->encode(&block, &len, codec.ctx, &m, &err), &err);
    assert_ok(echo_feeds_memory_put(&p->feeds, &p->keys[feed], info.length, (echo_bytes){block, len}), &err);
    codec.ops->release(codec.ctx, block);
}

static void poll(echo_party *party) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_poll(NULL, party, 0, &err), &err);
}

static uint64_t rebuilding(const echo_party *party) {
    echo_party_status status;
    echo_party_status_get(&status, party);
    return status.rebuilding;
}

static echo_item *item_of(echo_party *party, const char *id) {
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, party, id, &err), &err);
    return item;
}

static void expect(echo_party *party, const char *id, const char *model, bool state) {
    echo_item_head head;
    echo_item *item = item_of(party, id);
    echo_item_head_get(&head, item);
    assert_string_equal(head.model, model);
    assert_int_equal(echo_item_has_state(item), state);
}

/* What a party says that gets all blocks at once, by the models of `p`. */
static echo_hash oracle(const place *p) {
    echo_error err = ECHO_ERROR_INIT;
    echo_party_options options = p->options;
    echo_store store;
    assert_int_equal(echo_store_new_memory(&store), ECHO_OK);
    options.store = &store;
    options.refused = NULL;
    echo_party *party = party_open(&options);
    assert_int_equal(rebuilding(party), 0);
    echo_hash digest = party_snapshot_digest(party), replayed;
    assert_ok(echo_snapshot_replay(&replayed, &options, &store, 0, &err), &err);
    assert_memory_equal(&replayed, &digest, sizeof digest);
    echo_party_free(party);
    echo_store_close(&store);
    return digest;
}

static void expect_oracle(const place *p, echo_party *party) {
    echo_hash expected = oracle(p), is = party_snapshot_digest(party);
    assert_memory_equal(&is, &expected, sizeof is);
}

static echo_status grab(void *arg, const char *id, echo_bytes line) {
    char **out = arg;
    (void)id;
    free(*out);
    *out = strndup((const char *)line.data, line.len);
    return ECHO_OK;
}

/* The record of the last item of the newest snapshot, which is checked. */
static char *record_of(const place *p) {
    char *line = NULL;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_snapshot_verify(&p->store, &p->party, 0, &err), &err);
    assert_ok(echo_snapshot_records(&p->store, &p->party, 0, grab, &line, &err), &err);
    return line;
}

static void expect_in_record(const place *p, const char *part, bool expected) {
    char *line = record_of(p);
    if ((strstr(line, part) != NULL) != expected) fail_msg("%s: %s", part, line);
    free(line);
}

/* Feed 1 makes the item of a model and writes to it. A genesis of feed 0 will have a lower stamp. */
static void begin(place *p, const char *model) {
    say(p, 1, "x", model, "t", 1);
    say(p, 1, "x", NULL, NULL, 2);
    say(p, 1, "x", NULL, NULL, 3);
}

/* ---- tests ---- */

/* All pairs of models, and restarts and snapshots in between. */
static void test_pairs(void **arg) {
    static const char *const models[] = {TALLY_JSON, TALLY_RAW, HOOKLESS, "test:model/unknown", ECHO_MODEL_OBJECT};
    (void)arg;
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5 * 4; k++) {
            place p;
            place_open(&p);
            bool snapshots = (k & 1) != 0, restarts = (k & 2) != 0;
            begin(&p, models[i]);
            echo_party *party = party_open(&p.options);
            for (int step = 0; step < 2; step++) {
                if (snapshots) (void)party_snapshot_digest(party);
                if (restarts) echo_party_free(party);
                if (restarts) party = party_open(&p.options);
                if (step == 0) say(&p, 0, "x", models[k / 4], "t", 4);
                if (step == 0) say(&p, 2, "x", NULL, NULL, 5);
                poll(party);
            }
            assert_int_equal(rebuilding(party), 0);
            expect(party, "x", models[k / 4], strcmp(models[k / 4], "test:model/unknown") != 0);
            expect_oracle(&p, party);
            echo_party_free(party);
            place_close(&p);
        }
    }
}

/* The type alone: states of a host's model depend on it, those of the object model do not and stay. */
static void test_type(void **arg) {
    static const char *const models[] = {TALLY_JSON, TALLY_RAW, HOOKLESS, ECHO_MODEL_OBJECT};
    (void)arg;
    for (size_t i = 0; i < 4; i++) {
        place p;
        place_open(&p);
        begin(&p, models[i]);
        echo_party *party = party_open(&p.options);
        (void)party_snapshot_digest(party);
        say(&p, 0, "x", models[i], "another", 4);
        poll(party);
        expect(party, "x", models[i], true);
        expect_oracle(&p, party);
        size_t reports = i < 2 ? 1 : 0;
        if (i != 3) assert_int_equal(p.reported, reports); /* one that refuses such mutations reports those */
        for (size_t k = 0; k < p.reported; k++)
            if (p.reports[k].code == ECHO_ERR_CONFLICT) reports--;
        assert_int_equal(reports, 0);
        echo_party_free(party);
        place_close(&p);
    }
}

/* Until it is rebuilt the item is opaque and reported; its record says whose state it has, and restarts find it. */
static void test_in_between(void **arg) {
    (void)arg;
    place p;
    place_open(&p);
    begin(&p, TALLY_JSON);
    echo_party *party = party_open(&p.options);
    (void)party_snapshot_digest(party);
    p.options.rebuild = false;
    echo_party_free(party);
    char *before = record_of(&p);
    party = party_open(&p.options);
    say(&p, 0, "x", TALLY_RAW, "u", 4);
    poll(party);
    expect(party, "x", TALLY_RAW, false);
    assert_int_equal(p.reported, 1);
    assert_int_equal(p.reports[0].code, ECHO_ERR_CONFLICT);
    assert_string_equal(p.reports[0].item, "x");
    assert_true(p.reports[0].has_seq && p.reports[0].seq == 0);
    assert_memory_equal(&p.reports[0].feed, &p.keys[0], sizeof p.keys[0]);
    assert_int_equal(rebuilding(party), 0); /* that is switched off */
    echo_hash foreign = party_snapshot_digest(party), whole = oracle(&p);
    assert_memory_not_equal(&foreign, &whole, sizeof whole);
    expect_in_record(&p, "\"type\":\"u\",\"model\":\"" TALLY_RAW "\",\"version\":1,", true);
    expect_in_record(&p, ",\"of\":[\"t\",\"" TALLY_JSON "\"],\"state\":{\"count\":3,", true);
    expect_in_record(&p, strstr(before, "\"state\":{") + 9, false); /* and the log comes after it */
    strrchr(before, '}')[0] = '\0';
    expect_in_record(&p, strstr(before, "\"state\":{"), true);
    free(before);

    for (int round = 0; round < 2; round++) { /* nothing of it changes by restarts, nor by what is written meanwhile */
        echo_party_free(party);
        party = party_open(&p.options);
        assert_int_equal(echo_party_report(party)->stale_models, 1);
        expect(party, "x", TALLY_RAW, false);
        say(&p, 1, "x", NULL, NULL, (uint8_t)(6 + round));
        poll(party);
        (void)party_snapshot_digest(party);
        expect_in_record(&p, ",\"of\":[\"t\",\"" TALLY_JSON "\"],\"state\":{\"count\":3,", true);
    }
    echo_party_free(party);

    p.options.rebuild = true;
    party = party_open(&p.options);
    assert_int_equal(rebuilding(party), 1);
    poll(party);
    assert_int_equal(rebuilding(party), 0);
    expect(party, "x", TALLY_RAW, true);
    expect_oracle(&p, party);
    expect_in_record(&p, "\"of\"", false);
    echo_party_free(party);
    party = party_open(&p.options);
    assert_int_equal(echo_party_report(party)->stale_models, 0);
    echo_party_free(party);
    place_close(&p);
}

static echo_status count_opaque(void *arg, const echo_item *item) {
    echo_object_value value;
    echo_error err = ECHO_ERROR_INIT;
    if (!echo_item_has_state(item)) ++*(int *)arg;
    assert_int_equal(echo_object_get(&value, item, "a", &err), ECHO_ERR_UNSUPPORTED);
    return ECHO_OK;
}

/* Blocks that the snapshot covers are not at hand: reported, and the item stays opaque, also in walks. */
static void test_blocks_are_gone(void **arg) {
    (void)arg;
    place p, sparse;
    place_open(&p);
    begin(&p, ECHO_MODEL_OBJECT);
    echo_party *party = party_open(&p.options);
    (void)party_snapshot_digest(party);
    echo_party_free(party);
    place_open(&sparse);
    echo_feeds with = p.feeds;
    p.options.feeds = &sparse.feeds;
    say(&sparse, 0, "x", ECHO_MODEL_OBJECT_OLD, "t", 0);
    for (int round = 0; round < 3; round++) {
        echo_error err = ECHO_ERROR_INIT;
        int opaque = 0;
        party = party_open(&p.options);
        poll(party);
        assert_true(echo_party_report(party)->stale_kept);
        assert_int_equal(echo_party_report(party)->damage_count, 1);
        assert_int_equal(echo_party_report(party)->damage[0].code, ECHO_ERR_GAP);
        assert_int_equal(rebuilding(party), 0);
        expect(party, "x", ECHO_MODEL_OBJECT_OLD, false);
        assert_ok(echo_party_each(party, NULL, count_opaque, &opaque, &err), &err);
        assert_int_equal(opaque, 1);
        (void)party_snapshot_digest(party);
        echo_party_free(party);
        expect_in_record(&p, ",\"of\":[\"t\",\"" ECHO_MODEL_OBJECT "\"],", true);
        p.options.memory = round == 1; /* then it leaves memory whenever it can */
    }
    echo_feeds kept = sparse.feeds; /* and the blocks are back */
    p.options.feeds = &with;
    say(&p, 0, "x", ECHO_MODEL_OBJECT_OLD, "t", 0);
    party = party_open(&p.options);
    poll(party);
    expect(party, "x", ECHO_MODEL_OBJECT_OLD, true);
    expect_oracle(&p, party);
    echo_party_free(party);
    sparse.feeds = kept;
    place_close(&sparse);
    place_close(&p);
}

/* A third genesis that names the first one's model and type: its state is the item's own again, without any block. */
static void test_back_again(void **arg) {
    (void)arg;
    for (int rebuild = 0; rebuild < 2; rebuild++) {
        place p;
        place_open(&p);
        p.options.rebuild = rebuild == 1;
        say(&p, 2, "x", TALLY_JSON, "t", 1);
        echo_party *party = party_open(&p.options);
        (void)party_snapshot_digest(party);
        say(&p, 1, "x", TALLY_RAW, "t", 2);
        poll(party);
        expect(party, "x", TALLY_RAW, rebuild == 1);
        say(&p, 0, "x", TALLY_JSON, "t", 3);
        poll(party);
        expect(party, "x", TALLY_JSON, true);
        expect_oracle(&p, party);
        expect_in_record(&p, "\"of\"", false);
        echo_party_free(party);
        place_close(&p);
    }
}

/* A genesis that arrives while the item is being rebuilt for another one. */
static void test_while_rebuilding(void **arg) {
    (void)arg;
    place p;
    place_open(&p);
    echo_error err = ECHO_ERROR_INIT;
    say(&p, 2, "x", TALLY_JSON, "t", 1);
    for (uint8_t i = 0; i < 100; i++) say(&p, 2, "y", i == 0 ? HOOKLESS : NULL, NULL, i);
    echo_party *party = party_open(&p.options);
    say(&p, 1, "x", TALLY_RAW, "t", 2);
    assert_ok(echo_party_poll(NULL, party, 1, &err), &err); /* one step of the pass */
    assert_int_equal(rebuilding(party), 1);
    say(&p, 0, "x", ECHO_MODEL_OBJECT, "t", 3);
    for (int i = 0; i < 200 && rebuilding(party) > 0; i++) assert_ok(echo_party_poll(NULL, party, 1, &err), &err);
    expect(party, "x", ECHO_MODEL_OBJECT, true);
    expect_oracle(&p, party);
    echo_party_free(party);
    party = party_open(&p.options);
    poll(party);
    assert_int_equal(rebuilding(party), 0);
    expect_oracle(&p, party);
    echo_party_free(party);
    place_close(&p);
}

/* P12: what a pass reads is not read again for each pair of messages. Who opens the party again rebuilds all. */
static void test_passes_are_few(void **arg) {
    (void)arg;
    place p;
    place_open(&p);
    say(&p, 2, "y", HOOKLESS, NULL, 1);
    for (uint8_t i = 0; i < 160; i++) say(&p, 2, "y", NULL, NULL, i);
    say(&p, 1, "a", TALLY_JSON, "t", 1);
    say(&p, 1, "b", TALLY_JSON, "t", 2);
    echo_party *party = party_open(&p.options);
    say(&p, 0, "a", TALLY_RAW, "t", 3);
    poll(party);
    expect(party, "a", TALLY_RAW, true);
    say(&p, 0, "b", TALLY_RAW, "t", 4);
    poll(party);
    expect(party, "b", TALLY_RAW, false);
    assert_int_equal(rebuilding(party), 1);
    for (uint8_t i = 0; i < 11; i++) say(&p, 2, "y", NULL, NULL, i); /* a sixteenth */
    poll(party);
    expect(party, "b", TALLY_RAW, true);
    assert_int_equal(rebuilding(party), 0);
    expect_oracle(&p, party);
    echo_party_free(party);
    place_close(&p);
}

/* A model that cannot save the state that is to be set aside: reported, and the item is rebuilt all the same. */
static void test_hook_that_fails(void **arg) {
    (void)arg;
    place p;
    place_open(&p);
    say(&p, 1, "x", MUTE, "t", 1);
    p.options.rebuild = false;
    echo_party *party = party_open(&p.options);
    say(&p, 0, "x", TALLY_JSON, "t", 2);
    poll(party);
    assert_int_equal(p.reported, 2);
    assert_int_equal(p.reports[0].code, ECHO_ERR_UNSUPPORTED);
    assert_string_equal(p.reports[0].item, "x");
    expect(party, "x", TALLY_JSON, false);
    (void)party_snapshot_digest(party);
    expect_in_record(&p, ",\"of\":[\"t\",\"" MUTE "\"],\"state\":null,", true);
    echo_party_free(party);
    p.options.rebuild = true;
    party = party_open(&p.options);
    poll(party);
    expect(party, "x", TALLY_JSON, true);
    expect_oracle(&p, party);
    echo_party_free(party);
    place_close(&p);
}

/* Memory that runs out anywhere: nothing is lost, and what comes of it is the same. */
static void test_out_of_memory(void **arg) {
    static const char *const late[] = {TALLY_JSON, TALLY_RAW, TALLY_JSON};
    static const char *const early[] = {TALLY_RAW, ECHO_MODEL_OBJECT, TALLY_JSON};
    (void)arg;
    for (size_t i = 0; i < 3; i++) {
        for (long nth = 1;; nth++) {
            echo_error err = ECHO_ERROR_INIT;
            place p;
            place_open(&p);
            begin(&p, late[i]);
            echo_party *party = party_open(&p.options);
            (void)party_snapshot_digest(party);
            say(&p, 0, "x", early[i], "u", 4);
            say(&p, 2, "x", late[i], "t", 5);
            fault_at(nth);
            echo_status status = echo_party_poll(NULL, party, 0, &err);
            bool failed = fault_off();
            if (!failed) assert_ok(status, &err);
            if (status != ECHO_OK) assert_int_equal(status, ECHO_ERR_NOMEM);
            (void)party_snapshot_digest(party);
            poll(party);
            poll(party);
            expect(party, "x", early[i], true);
            expect_oracle(&p, party);
            echo_party_free(party);
            place_close(&p);
            if (!failed) break;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),          cmocka_unit_test(test_type),
        cmocka_unit_test(test_in_between),     cmocka_unit_test(test_blocks_are_gone),
        cmocka_unit_test(test_back_again),     cmocka_unit_test(test_while_rebuilding),
        cmocka_unit_test(test_passes_are_few), cmocka_unit_test(test_hook_that_fails),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
