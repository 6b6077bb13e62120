/*
 * Items as a host meets them: geneses that compete, queries, durability order, a party's life in counts.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting_feeds.h"
#include "support/state.h"
#include <echo/sys/codec.h>
#include <echo/sys/feed.h>
#include <echo/sys/store.h>
#include "support/still_clock.h"

typedef struct place {
    echo_keypair party, feeds[2];
    echo_feeds source;
    counting_feeds counting;
    echo_store store;
    echo_registry *models;
    echo_party_options options;
    echo_key keys[2];
} place;

static void place_open(place *p) {
    memset(p, 0, sizeof *p);
    assert_int_equal(echo_feeds_new_memory(&p->source), ECHO_OK);
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t seed[32] = {i};
        assert_int_equal(echo_keypair_from_seed(&p->feeds[i], seed), ECHO_OK);
        assert_int_equal(echo_feeds_memory_add(&p->source, &p->feeds[i]), ECHO_OK);
        p->keys[i] = p->feeds[i].public_key;
    }
    assert_int_equal(echo_keypair_new(&p->party), ECHO_OK);
    counting_feeds_init(&p->counting, &p->source);
    assert_int_equal(echo_store_new_memory(&p->store), ECHO_OK);
    p->models = registry_object();
    p->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    p->options.clock = still_clock;
    p->options.party = &p->party.public_key;
    p->options.feeds = &p->counting.feeds;
    p->options.store = &p->store;
    p->options.models = p->models;
    p->options.admitted = p->keys;
    p->options.admitted_count = 2;
    p->options.own_feed = &p->keys[0];
}

static void place_close(place *p) {
    echo_registry_free(p->models);
    echo_store_close(&p->store);
    echo_feeds_close(&p->source);
}

static echo_bytes text(const char *t) { return (echo_bytes){(const uint8_t *)t, strlen(t)}; }

static void put(place *p, size_t feed, uint64_t seq, const echo_message *m) {
    echo_codec codec = echo_codec_dxos();
    uint8_t *block;
    size_t len;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(codec.ops->encode(&block, &len, codec.ctx, m, &err), &err);
    assert_ok(echo_feeds_memory_put(&p->source, &p->keys[feed], seq, (echo_bytes){block, len}), &err);
    codec.ops->release(codec.ctx, block);
}

static echo_message genesis(const char *id, const char *type) {
    return (echo_message){.kind = ECHO_MESSAGE_ITEM,
                          .generation = 2,
                          .item = text(id),
                          .has_genesis = true,
                          .type = text(type),
                          .model = text(ECHO_MODEL_OBJECT)};
}

static const char *type_of(echo_party *party, const char *id) {
    static echo_item_head head;
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, party, id, &err), &err);
    echo_item_head_get(&head, item);
    return head.type;
}

/* Two geneses for one id: the lower stamp counts, in either order of arrival. */
static void test_competing_geneses(void **arg) {
    (void)arg;
    for (size_t first = 0; first < 2; first++) {
        place p;
        place_open(&p);
        size_t low = memcmp(&p.keys[0], &p.keys[1], sizeof p.keys[0]) < 0 ? 0 : 1; /* equal times: the key decides */
        echo_message m[2] = {genesis("x", "first"), genesis("x", "second")};
        echo_error err = ECHO_ERROR_INIT;
        echo_party *party = party_open(&p.options);
        size_t order[2] = {first == 0 ? low : 1 - low, first == 0 ? 1 - low : low};
        for (size_t i = 0; i < 2; i++) {
            put(&p, order[i], 0, &m[order[i] == low ? 0 : 1]);
            assert_ok(echo_party_poll(NULL, party, 0, &err), &err);
        }
        assert_string_equal(type_of(party, "x"), "first");
        echo_party_free(party);
        place_close(&p);
    }
}

typedef struct listing {
    char ids[32][8];
    size_t count;
} listing;

static echo_status add_id(void *arg, const echo_item_head *head) {
    listing *l = arg;
    snprintf(l->ids[l->count++], sizeof l->ids[0], "%s", head->id);
    return ECHO_OK;
}

static size_t count(echo_party *party, echo_query query, const char *expected) {
    listing l = {.count = 0};
    char joined[256] = "";
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_each_head(party, &query, add_id, &l, &err), &err);
    for (size_t i = 0; i < l.count; i++) strcat(strcat(joined, l.ids[i]), " ");
    assert_string_equal(joined, expected);
    return l.count;
}

/* Queries see the snapshot's records and what changed since, in order, and make no state. */
static void test_queries(void **arg) {
    (void)arg;
    place p;
    place_open(&p);
    echo_error err = ECHO_ERROR_INIT;
    echo_party *party = party_open(&p.options);
    echo_write first[] = {
        {.id = "c", .create = true, .model = ECHO_MODEL_OBJECT, .type = "t1"},
        {.id = "a", .create = true, .model = ECHO_MODEL_OBJECT, .type = "t2", .set_parent = true, .parent = "c"},
        {.id = "e", .create = true, .model = ECHO_MODEL_OBJECT, .type = "t1", .set_parent = true, .parent = "c"},
        {.id = "g", .create = true, .model = "unknown:model", .type = "t1"},
    };
    assert_ok(echo_party_write(NULL, party, first, 4, &err), &err);
    assert_ok(echo_party_snapshot(NULL, party, &err), &err);
    echo_party_free(party);
    party = party_open(&p.options);
    count(party, (echo_query){.deleted = false}, "a c e g ");
    echo_write then[] = {
        {.id = "b", .create = true, .model = ECHO_MODEL_OBJECT, .type = "t1", .set_parent = true, .parent = "c"},
        {.id = "h", .create = true, .model = ECHO_MODEL_OBJECT, .type = "t2"},
        {.id = "e", .action = ECHO_ACTION_DELETE},
        {.id = "a", .set_parent = true, .parent = NULL},
    };
    assert_ok(echo_party_write(NULL, party, then, 4, &err), &err);
    echo_party_status before, after;
    echo_party_status_get(&before, party);
    for (int round = 0; round < 2; round++) {
        count(party, (echo_query){.deleted = false}, "a b c g h ");
        count(party, (echo_query){.deleted = true}, "a b c e g h ");
        count(party, (echo_query){.type = "t1"}, "b c g ");
        count(party, (echo_query){.parent = "c"}, "b ");
        count(party, (echo_query){.parent = "c", .deleted = true}, "b e ");
        count(party, (echo_query){.parent = ""}, "a c g h ");
        count(party, (echo_query){.model = "unknown:model"}, "g ");
        count(party, (echo_query){.model = ECHO_MODEL_OBJECT, .type = "t2", .parent = ""}, "a h ");
        echo_party_status_get(&after, party);
        assert_int_equal(after.items_in_memory, before.items_in_memory);
        assert_ok(echo_party_snapshot(NULL, party, &err), &err);
    }
    assert_int_equal(after.items, 6);
    echo_party_free(party);
    place_close(&p);
}

/* A store that looks, when it publishes, whether the feeds were made durable before (P5). */
typedef struct watching {
    const echo_store *inner;
    const counting_feeds *feeds;
    uint64_t syncs_at_publish, publishes, puts;
} watching;

static echo_store_ops watching_ops;

static echo_status watch_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest,
                                 echo_error *err) {
    watching *w = ctx;
    w->syncs_at_publish = w->feeds->syncs;
    w->publishes++;
    return w->inner->ops->publish(w->inner->ctx, party, expected, manifest, err);
}

static uint32_t watch_capabilities(void *ctx) {
    return ((watching *)ctx)->inner->ops->capabilities(((watching *)ctx)->inner->ctx);
}
static echo_status watch_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    watching *w = ctx;
    return w->inner->ops->get(w->inner->ctx, name, fn, arg, err);
}
static echo_status watch_has(bool *out, void *ctx, const echo_hash *name, echo_error *err) {
    watching *w = ctx;
    return w->inner->ops->has(out, w->inner->ctx, name, err);
}
static echo_status watch_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                             echo_error *err) {
    watching *w = ctx;
    w->puts += n;
    return w->inner->ops->put(written, w->inner->ctx, names, chunks, n, err);
}
static echo_status watch_rollback(void *ctx, echo_error *err) {
    watching *w = ctx;
    return w->inner->ops->rollback(w->inner->ctx, err);
}
static echo_status watch_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    watching *w = ctx;
    return w->inner->ops->list(w->inner->ctx, party, fn, arg, err);
}

static void test_feeds_are_durable_first(void **arg) {
    (void)arg;
    place p;
    place_open(&p);
    watching w = {&p.store, &p.counting, 0, 0, 0};
    watching_ops = *p.store.ops;
    /* The optional hooks take another context. */
    memset(&watching_ops.reopen, 0, sizeof watching_ops - offsetof(echo_store_ops, reopen));
    watching_ops.capabilities = watch_capabilities;
    watching_ops.get = watch_get;
    watching_ops.has = watch_has;
    watching_ops.put = watch_put;
    watching_ops.publish = watch_publish;
    watching_ops.rollback = watch_rollback;
    watching_ops.list = watch_list;
    echo_store store = {&watching_ops, &w};
    p.options.store = &store;
    echo_message m = genesis("x", "t");
    echo_error err = ECHO_ERROR_INIT;
    put(&p, 1, 0, &m); /* by somebody else: not synced by an append of ours */
    echo_party *party = party_open(&p.options);
    echo_snapshot_result result;
    assert_ok(echo_party_snapshot(&result, party, &err), &err);
    assert_int_equal(w.publishes, 1);
    assert_int_equal(w.syncs_at_publish, 1);
    assert_ok(echo_party_snapshot(&result, party, &err), &err); /* nothing new: nothing written, nothing synced */
    assert_true(result.unchanged);
    assert_int_equal(w.publishes, 1);
    assert_int_equal(p.counting.syncs, 1);
    uint64_t puts = w.puts;
    echo_party_free(party);
    party = party_open(&p.options);
    assert_ok(echo_party_snapshot(&result, party, &err), &err); /* nor after a restart */
    assert_true(result.unchanged);
    assert_int_equal(w.publishes, 1);
    assert_int_equal(w.puts, puts);
    echo_party_free(party);
    place_close(&p);
}

/* Lazy: what a restore reads and makes does not depend on how many items there are. */
static void test_lazy_counts(void **arg) {
    (void)arg;
    uint64_t chunks[2], in_memory[2];
    for (size_t i = 0; i < 2; i++) {
        place p;
        place_open(&p);
        echo_error err = ECHO_ERROR_INIT;
        size_t n = i == 0 ? 1000 : 8000;
        echo_party *party = party_open(&p.options);
        for (size_t at = 0; at < n; at += 500) {
            echo_write writes[500];
            char ids[500][16];
            memset(writes, 0, sizeof writes);
            for (size_t j = 0; j < 500; j++) {
                snprintf(ids[j], sizeof ids[j], "item-%06zu", at + j);
                writes[j] = (echo_write){.id = ids[j], .create = true, .model = ECHO_MODEL_OBJECT, .type = "t"};
            }
            assert_ok(echo_party_write(NULL, party, writes, 500, &err), &err);
        }
        assert_ok(echo_party_snapshot(NULL, party, &err), &err);
        echo_party_free(party);
        party = party_open(&p.options);
        chunks[i] = echo_party_report(party)->chunks_read;
        assert_int_equal(echo_party_report(party)->items_hydrated, 0);
        assert_int_equal(echo_party_report(party)->messages_read, 0);
        assert_string_equal(type_of(party, "item-000007"), "t");
        echo_party_status status;
        echo_party_status_get(&status, party);
        in_memory[i] = status.items_in_memory;
        assert_int_equal(status.items, n);
        echo_party_free(party);
        place_close(&p);
    }
    assert_int_equal(chunks[0], 1); /* the root */
    assert_int_equal(chunks[1], 1);
    assert_int_equal(in_memory[0], 1);
    assert_int_equal(in_memory[1], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_competing_geneses),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_feeds_are_durable_first),
        cmocka_unit_test(test_lazy_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
