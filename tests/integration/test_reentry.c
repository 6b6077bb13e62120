/*
 * Calls within calls: from every hook, callback and walk of a party, each call that would change or walk it is
 * ECHO_ERR_BUSY, those that only read are answered, and the outer call goes on as if nothing had happened. What frees
 * is done when the outer call ends. The same for the events of an exchange.
 */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <echo/sys/codec.h>
#include <echo/sys/feed.h>
#include <echo/sys/store.h>

#include "support/network.h"
#include "support/state.h"

/* ---- what calls back ---- */

/* clang-format off */
#define PLACES(XX)                                                                                                     \
    XX(CREATE) XX(DESTROY) XX(APPLY) XX(SNAPSHOT) XX(RESTORE) XX(VIEW) XX(CHECK)                                       \
    XX(STORE_GET) XX(STORE_PUT) XX(STORE_PUBLISH) XX(STORE_LIST)                                                       \
    XX(FEED_LIST) XX(FEED_OPEN) XX(FEED_INFO) XX(FEED_READ) XX(FEED_APPEND) XX(FEED_SYNC) XX(FEED_KEYPAIR)             \
    XX(DECODE) XX(ENCODE) XX(CLOCK) XX(NOW) XX(ADMIT) XX(PROGRESS) XX(REFUSED) XX(EACH) XX(EACH_HEAD) XX(CHANGE)
/* clang-format on */
typedef enum place {
#define XX(name) AT_##name,
    PLACES(XX)
#undef XX
        PLACE_COUNT
} place;
static const char *const place_names[] = {
#define XX(name) #name,
    PLACES(XX)
#undef XX
};

typedef struct world {
    echo_party *party; /* NULL: nothing is called back */
    echo_keypair keys, feed;
    echo_store memory, store;
    echo_feeds inner, feeds;
    echo_codec dxos, codec;
    echo_registry *models;
    echo_party_options options;
    unsigned looked[PLACE_COUNT];
    bool inside;
    bool frees; /* the next place frees the party */
    uint64_t ns;
    size_t items;
} world;

static world *w; /* hooks such as release() have no argument of ours */

/* ---- calls that are refused ---- */

static echo_status see_item(void *arg, const echo_item *item) {
    (void)arg;
    (void)item;
    return ECHO_OK;
}
static echo_status see_head(void *arg, const echo_item_head *head) {
    (void)arg;
    (void)head;
    return ECHO_OK;
}

static echo_status call_poll(echo_party *party, echo_error *err) { return echo_party_poll(NULL, party, 0, err); }
static echo_status call_write(echo_party *party, echo_error *err) {
    bool written = true;
    echo_write write = {.id = "again", .create = true, .model = "m"};
    echo_status status = echo_party_write(&written, party, &write, 1, err);
    assert_false(written);
    return status;
}
static echo_status call_admit(echo_party *party, echo_error *err) {
    return echo_party_admit_feed(party, &w->keys.public_key, &w->keys, err);
}
static echo_status call_get(echo_party *party, echo_error *err) {
    echo_item *item;
    echo_status status = echo_item_get(&item, party, "a", err);
    assert_null(item);
    return status;
}
static echo_status call_each(echo_party *party, echo_error *err) {
    return echo_party_each(party, NULL, see_item, NULL, err);
}
static echo_status call_each_head(echo_party *party, echo_error *err) {
    return echo_party_each_head(party, NULL, see_head, NULL, err);
}
static echo_status call_snapshot(echo_party *party, echo_error *err) { return echo_party_snapshot(NULL, party, err); }
static echo_status call_start(echo_party *party, echo_error *err) { return echo_party_snapshot_start(party, err); }
static echo_status call_switch(echo_party *party, echo_error *err) {
    echo_party *same = party;
    echo_status status = echo_party_switch(&same, NULL, NULL, err);
    assert_ptr_equal(same, party);
    return status;
}

static const struct {
    const char *name;
    echo_status (*call)(echo_party *party, echo_error *err);
} refused_calls[] = {{"poll", call_poll},         {"write", call_write}, {"admit_feed", call_admit},
                     {"item_get", call_get},      {"each", call_each},   {"each_head", call_each_head},
                     {"snapshot", call_snapshot}, {"start", call_start}, {"switch", call_switch}};

/* What only reads is answered. */
static void read_along(const echo_party *party) {
    echo_party_status status;
    echo_snapshot_state state;
    echo_keypair keys;
    size_t waiting = 99;
    echo_error err = ECHO_ERROR_INIT;
    echo_party_status_get(&status, party);
    echo_party_snapshot_state_get(&state, party);
    assert_int_equal(echo_party_awaited(NULL, 0, &waiting, party), ECHO_OK);
    assert_int_equal(waiting, 0);
    assert_non_null(echo_party_report(party));
    assert_non_null(echo_party_feeds(party));
    assert_memory_equal(echo_party_key(party), &w->keys.public_key, sizeof(echo_key));
    (void)echo_timeframe_total(echo_party_clock(party));
    echo_status status_of_keys = echo_party_own_keypair(&keys, party, &err);
    assert_true(status_of_keys == ECHO_OK || status_of_keys == ECHO_ERR_READONLY);
}

static void look(place at) {
    if (w->party == NULL || w->inside) return;
    w->inside = true;
    w->looked[at]++;
    for (size_t i = 0; i < sizeof refused_calls / sizeof *refused_calls; i++) {
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = refused_calls[i].call(w->party, &err);
        if (status != ECHO_ERR_BUSY || err.code != ECHO_ERR_BUSY || err.message[0] == '\0')
            fail_msg("%s called from %s: %s, not busy", refused_calls[i].name, place_names[at],
                     echo_status_name(status));
    }
    echo_party_snapshot_cancel(w->party);
    read_along(w->party);
    if (w->frees) echo_party_free(w->party);
    w->frees = false;
    w->inside = false;
}

/* ---- the model ---- */

static echo_status model_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    look(AT_CREATE);
    *state = calloc(1, sizeof(int));
    return ECHO_OK;
}
static void model_destroy(void *ctx, void *state) {
    (void)ctx;
    look(AT_DESTROY);
    free(state);
}
static echo_status model_apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    (void)ctx;
    (void)err;
    look(AT_APPLY);
    if (m->bytes.len != 1) return ECHO_ERR_REFUSED;
    *(int *)state += m->bytes.data[0];
    return ECHO_OK;
}
static echo_status model_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    look(AT_SNAPSHOT);
    *out = cJSON_CreateNumber(*(const int *)state);
    return ECHO_OK;
}
static echo_status model_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    (void)err;
    (void)stored;
    look(AT_RESTORE);
    *(int *)state = value->valueint;
    return ECHO_OK;
}
static echo_status model_view(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    look(AT_VIEW);
    *out = cJSON_CreateNumber(*(const int *)state);
    return ECHO_OK;
}
static echo_status model_check(void *ctx, const void *state, const echo_mutation *m, echo_error *err) {
    (void)ctx;
    (void)err;
    (void)state;
    (void)m;
    look(AT_CHECK); /* and lets everything pass, so that apply can refuse */
    return ECHO_OK;
}

/* ---- the store ---- */

static uint32_t store_capabilities(void *ctx) { return w->memory.ops->capabilities(((echo_store *)ctx)->ctx); }
static echo_status store_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    look(AT_STORE_GET);
    return w->memory.ops->get(((echo_store *)ctx)->ctx, name, fn, arg, err);
}
static echo_status store_has(bool *out, void *ctx, const echo_hash *name, echo_error *err) {
    return w->memory.ops->has(out, ((echo_store *)ctx)->ctx, name, err);
}
static echo_status store_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                             echo_error *err) {
    look(AT_STORE_PUT);
    return w->memory.ops->put(written, ((echo_store *)ctx)->ctx, names, chunks, n, err);
}
static echo_status store_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes text,
                                 echo_error *err) {
    look(AT_STORE_PUBLISH);
    return w->memory.ops->publish(((echo_store *)ctx)->ctx, party, expected, text, err);
}
static echo_status store_rollback(void *ctx, echo_error *err) {
    return w->memory.ops->rollback(((echo_store *)ctx)->ctx, err);
}
static echo_status store_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    look(AT_STORE_LIST);
    return w->memory.ops->list(((echo_store *)ctx)->ctx, party, fn, arg, err);
}
static echo_status store_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    return w->memory.ops->remove(((echo_store *)ctx)->ctx, party, number, err);
}
static echo_status store_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err) {
    return w->memory.ops->walk(((echo_store *)ctx)->ctx, fn, arg, err);
}
static echo_status store_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err) {
    return w->memory.ops->remove_chunks(((echo_store *)ctx)->ctx, names, n, err);
}
static void store_close(void *ctx) { (void)ctx; }

static const echo_store_ops store_ops = {.version = ECHO_STORE_OPS_VERSION,
                                         .capabilities = store_capabilities,
                                         .get = store_get,
                                         .has = store_has,
                                         .put = store_put,
                                         .publish = store_publish,
                                         .rollback = store_rollback,
                                         .list = store_list,
                                         .remove = store_remove,
                                         .walk = store_walk,
                                         .remove_chunks = store_remove_chunks,
                                         .close = store_close};

/* ---- the feeds ---- */

static echo_status feed_list(void *ctx, echo_feed_list_fn fn, void *arg, echo_error *err) {
    look(AT_FEED_LIST);
    return w->inner.ops->list(ctx, fn, arg, err);
}
static echo_status feed_open(void **feed, void *ctx, const echo_key *key, echo_error *err) {
    look(AT_FEED_OPEN);
    return w->inner.ops->open(feed, ctx, key, err);
}
static echo_status feed_info(echo_feed_info *info, void *ctx, void *feed, echo_error *err) {
    look(AT_FEED_INFO);
    return w->inner.ops->info(info, ctx, feed, err);
}
static echo_status feed_read(void *ctx, void *feed, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                             echo_error *err) {
    look(AT_FEED_READ);
    return w->inner.ops->read(ctx, feed, from, to, fn, arg, err);
}
static echo_status feed_append(uint64_t *first, void *ctx, void *feed, const echo_bytes *blocks, size_t n,
                               echo_error *err) {
    look(AT_FEED_APPEND);
    return w->inner.ops->append(first, ctx, feed, blocks, n, err);
}
static echo_status feed_sync(void *ctx, void *feed, echo_error *err) {
    look(AT_FEED_SYNC);
    return w->inner.ops->sync(ctx, feed, err);
}
static echo_status feed_keypair(echo_keypair *out, void *ctx, void *feed) {
    look(AT_FEED_KEYPAIR);
    return w->inner.ops->keypair(out, ctx, feed);
}

/* ---- the codec, and the rest ---- */

static echo_status codec_decode(echo_message *out, void *ctx, echo_bytes block, echo_scratch *scratch,
                                echo_error *err) {
    look(AT_DECODE);
    return w->dxos.ops->decode(out, ctx, block, scratch, err);
}
static echo_status codec_encode(uint8_t **out, size_t *len, void *ctx, const echo_message *message, echo_error *err) {
    look(AT_ENCODE);
    return w->dxos.ops->encode(out, len, ctx, message, err);
}
static uint64_t host_clock(void *arg) {
    (void)arg;
    look(AT_CLOCK);
    return w->ns += 1000;
}
static int64_t host_now(void *arg) {
    (void)arg;
    look(AT_NOW);
    return INT64_C(1700000000000);
}
static bool host_admit(void *arg, const echo_key *feed) {
    (void)arg;
    look(AT_ADMIT);
    return memcmp(feed, &w->feed.public_key, sizeof *feed) == 0;
}
static echo_status host_progress(void *arg, const char *phase, uint64_t done, uint64_t total) {
    (void)arg;
    (void)phase;
    (void)done;
    (void)total;
    look(AT_PROGRESS);
    return ECHO_OK;
}
static void host_refused(void *arg, const echo_error *err) {
    (void)arg;
    (void)err;
    look(AT_REFUSED);
}
static echo_status host_item(void *arg, const echo_item *item) {
    cJSON *view;
    echo_error err = ECHO_ERROR_INIT;
    (void)arg;
    w->items++;
    look(AT_EACH);
    assert_ok(echo_item_view(&view, item, &err), &err); /* the walk's own item may be read */
    cJSON_Delete(view);
    return ECHO_OK;
}
static echo_status host_head(void *arg, const echo_item_head *head) {
    (void)arg;
    (void)head;
    w->items++;
    look(AT_EACH_HEAD);
    return ECHO_OK;
}
static echo_status host_change(void *arg, echo_change change, const echo_item_head *head) {
    (void)arg;
    (void)change;
    (void)head;
    look(AT_CHANGE);
    return ECHO_OK;
}

/* ---- a world ---- */

static echo_feed_ops feed_ops;
static echo_codec_ops codec_ops;

static void make_hooks(void) {
    w->store = (echo_store){&store_ops, &w->memory};
    feed_ops = *w->inner.ops;
    feed_ops.list = feed_list;
    feed_ops.open = feed_open;
    feed_ops.info = feed_info;
    feed_ops.read = feed_read;
    feed_ops.append = feed_append;
    feed_ops.sync = feed_sync;
    feed_ops.keypair = feed_keypair;
    w->feeds = (echo_feeds){&feed_ops, w->inner.ctx};
    w->dxos = echo_codec_dxos();
    codec_ops = *w->dxos.ops;
    codec_ops.decode = codec_decode;
    codec_ops.encode = codec_encode;
    w->codec = (echo_codec){&codec_ops, w->dxos.ctx};
}

static void world_begin(world *made) {
    static const echo_model_ops model = {.version = 1,
                                         .type = "m",
                                         .state_version = 1,
                                         .create = model_create,
                                         .destroy = model_destroy,
                                         .apply = model_apply,
                                         .snapshot = model_snapshot,
                                         .restore = model_restore,
                                         .view = model_view,
                                         .check = model_check};
    static echo_snapshot_policy policy;
    uint8_t seed[32] = {1};
    echo_error err = ECHO_ERROR_INIT;
    memset(made, 0, sizeof *made);
    w = made;
    assert_int_equal(echo_keypair_from_seed(&w->keys, seed), ECHO_OK);
    seed[0] = 2;
    assert_int_equal(echo_keypair_from_seed(&w->feed, seed), ECHO_OK);
    assert_int_equal(echo_store_new_memory(&w->memory), ECHO_OK);
    assert_int_equal(echo_feeds_new_memory(&w->inner), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&w->inner, &w->feed), ECHO_OK);
    assert_int_equal(echo_registry_new(&w->models), ECHO_OK);
    assert_ok(echo_registry_add(w->models, &model, NULL, &err), &err);
    make_hooks();
    policy = (echo_snapshot_policy)ECHO_SNAPSHOT_POLICY_INIT;
    policy.thread = false;
    policy.manual = true;
    w->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    w->options.party = &w->keys.public_key;
    w->options.models = w->models;
    w->options.feeds = &w->feeds;
    w->options.store = &w->store;
    w->options.codec = &w->codec;
    w->options.admit = host_admit;
    w->options.progress = host_progress;
    w->options.refused = host_refused;
    w->options.now = host_now;
    w->options.clock = host_clock;
    w->options.policy = &policy;
    w->party = NULL;
    echo_party *party;
    assert_ok(echo_party_restore(&party, &w->options, &err), &err);
    w->party = party;
}

static void world_end(void) {
    echo_registry_free(w->models);
    echo_feeds_close(&w->inner);
    echo_store_close(&w->memory);
}

static void put(const char *id, bool create, size_t len) {
    uint8_t two[2] = {2, 2};
    echo_bytes bytes = {two, len};
    echo_error err = ECHO_ERROR_INIT;
    echo_write write = {.id = id, .create = create, .model = create ? "m" : NULL, .mutation = &bytes};
    assert_ok(echo_party_write(NULL, w->party, &write, 1, &err), &err);
}

static int value_of(const char *id) {
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, w->party, id, &err), &err);
    return *(const int *)echo_item_state(item);
}

static void reopen(void) {
    echo_party *party = w->party;
    echo_error err = ECHO_ERROR_INIT;
    echo_party_free(party);
    w->party = NULL;
    assert_ok(echo_party_restore(&party, &w->options, &err), &err);
    w->party = party;
}

/* ---- the tests ---- */

/* Enough messages at once for a call of `progress`. */
static void poll_many(void) {
    echo_party *other;
    echo_party_options how = w->options;
    echo_error err = ECHO_ERROR_INIT;
    how.store = NULL;
    how.feeds = &w->inner;
    how.use_snapshots = false;
    echo_party *looked_at = w->party;
    w->party = NULL;
    assert_ok(echo_party_restore(&other, &how, &err), &err);
    uint8_t one = 1;
    echo_bytes bytes = {&one, 1};
    static echo_write writes[4096];
    for (size_t i = 0; i < 4096; i++) writes[i] = (echo_write){.id = "a", .mutation = &bytes};
    assert_ok(echo_party_write(NULL, other, writes, 4096, &err), &err);
    echo_party_free(other);
    w->party = looked_at;
    assert_ok(echo_party_poll(NULL, w->party, 0, &err), &err);
}

static void publish_from_another(void) {
    echo_party *other, *looked_at = w->party;
    echo_error err = ECHO_ERROR_INIT;
    w->party = NULL;
    assert_ok(echo_party_restore(&other, &w->options, &err), &err);
    w->party = other;
    put("other", true, 1);
    w->party = NULL;
    assert_ok(echo_party_snapshot(NULL, other, &err), &err);
    echo_party_free(other);
    w->party = looked_at;
}

static void test_every_hook_of_a_party(void **arg) {
    (void)arg;
    world here;
    echo_error err = ECHO_ERROR_INIT;
    echo_item *item;
    cJSON *view;
    world_begin(&here);
    put("a", true, 1);
    put("a", false, 1);
    put("a", false, 2); /* refused */
    put("b", true, 1);
    assert_ok(echo_party_snapshot(NULL, w->party, &err), &err);
    reopen();
    assert_int_equal(value_of("a"), 4);
    put("c", true, 1);
    assert_ok(echo_item_get(&item, w->party, "b", &err), &err);
    assert_ok(echo_item_view(&view, item, &err), &err);
    cJSON_Delete(view);
    assert_ok(echo_party_each(w->party, NULL, host_item, NULL, &err), &err);
    assert_ok(echo_party_each_head(w->party, NULL, host_head, NULL, &err), &err);
    assert_int_equal(w->items, 6);
    poll_many();
    assert_ok(echo_party_snapshot_start(w->party, &err), &err);
    for (echo_snapshot_state s; echo_party_snapshot_state_get(&s, w->party), s.phase != ECHO_SNAPSHOT_PHASE_IDLE;)
        assert_ok(echo_party_poll(NULL, w->party, 0, &err), &err);
    publish_from_another();
    assert_ok(echo_party_switch(&w->party, host_change, NULL, &err), &err);
    assert_int_equal(value_of("a"), 4 + 4096);
    assert_int_equal(value_of("other"), 2);
    for (size_t i = 0; i < PLACE_COUNT; i++)
        if (w->looked[i] == 0) fail_msg("nothing was called back from %s", place_names[i]);
    echo_party_free(w->party);
    world_end();
}

static echo_status free_at_head(void *arg, const echo_item_head *head) {
    (void)arg;
    (void)head;
    if (w->items++ == 0) echo_party_free(w->party);
    echo_party_free(w->party); /* once more is no worse */
    return ECHO_OK;
}

/* A party that is freed within a call lives until the call ends. */
static void test_freed_within_a_call(void **arg) {
    (void)arg;
    for (int kind = 0; kind < 5; kind++) {
        world here;
        echo_error err = ECHO_ERROR_INIT;
        echo_item *item;
        cJSON *view;
        world_begin(&here);
        put("a", true, 1);
        put("b", true, 1);
        assert_ok(echo_party_snapshot(NULL, w->party, &err), &err);
        if (kind == 3) publish_from_another();
        if (kind == 4) assert_ok(echo_item_get(&item, w->party, "a", &err), &err);
        w->frees = kind != 0;
        switch (kind) {
        case 0:
            assert_ok(echo_party_each_head(w->party, NULL, free_at_head, NULL, &err), &err);
            assert_int_equal(w->items, 2);
            break;
        case 1: put("c", true, 1); break;
        case 2: assert_ok(echo_party_poll(NULL, w->party, 0, &err), &err); break;
        case 3:
            assert_ok(echo_party_switch(&w->party, host_change, NULL, &err), &err);
            assert_null(w->party);
            break;
        default: assert_ok(echo_item_view(&view, item, &err), &err); cJSON_Delete(view);
        }
        assert_false(w->frees);
        world_end(); /* the leak checker says whether the party went */
    }
}

/* ---- writes that a model refuses ---- */

static echo_status sum_apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    unsigned *most = ctx;
    unsigned *sum = state;
    if (*sum + m->bytes.data[0] > *most) {
        err->code = ECHO_ERR_LIMIT;
        snprintf(err->message, sizeof err->message, "more than %u", *most);
        return ECHO_ERR_LIMIT;
    }
    *sum += m->bytes.data[0];
    return ECHO_OK;
}
static echo_status sum_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    assert_string_equal(item->model, "sum");
    *state = calloc(1, sizeof(unsigned));
    return ECHO_OK;
}
static void sum_destroy(void *ctx, void *state) {
    (void)ctx;
    free(state);
}
static echo_status sum_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    *out = cJSON_CreateNumber(*(const unsigned *)state);
    return ECHO_OK;
}
static echo_status sum_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    (void)err;
    (void)stored;
    *(unsigned *)state = (unsigned)value->valueint;
    return ECHO_OK;
}
static echo_status sum_snapshot_raw(echo_writer *out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    echo_writer_write(out, state, sizeof(unsigned));
    return ECHO_OK;
}
static echo_status sum_restore_raw(void *ctx, void *state, uint32_t stored, echo_bytes value, echo_error *err) {
    (void)ctx;
    (void)err;
    (void)stored;
    if (value.len != sizeof(unsigned)) return ECHO_ERR_CORRUPT;
    memcpy(state, value.data, value.len);
    return ECHO_OK;
}
static echo_status sum_check(void *ctx, const void *state, const echo_mutation *m, echo_error *err) {
    unsigned copy = *(const unsigned *)state;
    return sum_apply(ctx, &copy, m, err);
}

static echo_registry *sum_registry(int flavour, unsigned *most) {
    echo_registry *models = registry_object();
    echo_error err = ECHO_ERROR_INIT;
    echo_model_ops ops = {.version = 1,
                          .type = "sum",
                          .state_version = 1,
                          .create = sum_create,
                          .destroy = sum_destroy,
                          .apply = sum_apply};
    if (flavour == 1 || flavour == 3) {
        ops.snapshot = sum_snapshot;
        ops.restore = sum_restore;
    }
    if (flavour == 2) {
        ops.snapshot_raw = sum_snapshot_raw;
        ops.restore_raw = sum_restore_raw;
    }
    if (flavour >= 3) ops.check = sum_check;
    assert_ok(echo_registry_add(models, &ops, most, &err), &err);
    return models;
}

typedef struct refusal_case {
    const char *name;
    uint8_t values[3]; /* 0: the batch ends */
    bool create;       /* the first write creates the item "new" that all of them are about */
    bool refused;
} refusal_case;

/* The item "old" holds 6 of at most 10. */
static const refusal_case refusal_cases[] = {
    {"one that fits", {1}, false, false},
    {"one too many", {5}, false, true},
    {"two, each of which fits", {3, 3}, false, true},
    {"the third", {1, 1, 3}, false, true},
    {"three that fit together", {1, 1, 1}, false, false},
    {"a new item", {10}, true, false},
    {"a new item, too many", {11}, true, true},
    {"a new item, the second", {6, 5}, true, true},
};

static void refuse_in(world *in, int flavour, const refusal_case *c) {
    unsigned most = 10;
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes bytes[3];
    echo_write writes[3];
    size_t n = 0;
    in->models = sum_registry(flavour, &most);
    in->options.models = in->models;
    echo_party *party;
    assert_ok(echo_party_restore(&party, &in->options, &err), &err);
    uint8_t six = 6;
    echo_bytes first = {&six, 1};
    echo_write old = {.id = "old", .create = true, .model = "sum", .mutation = &first};
    assert_ok(echo_party_write(NULL, party, &old, 1, &err), &err);
    for (; n < 3 && c->values[n] != 0; n++) {
        bytes[n] = (echo_bytes){&c->values[n], 1};
        writes[n] = (echo_write){.id = c->create ? "new" : "old", .mutation = &bytes[n]};
        writes[n].create = c->create && n == 0;
        writes[n].model = writes[n].create ? "sum" : NULL;
    }
    uint64_t before = echo_timeframe_total(echo_party_clock(party));
    bool written;
    echo_status status = echo_party_write(&written, party, writes, n, &err);
    if (status != (c->refused ? ECHO_ERR_LIMIT : ECHO_OK) || written == c->refused)
        fail_msg("flavour %d, %s: %s, written %d", flavour, c->name, echo_status_name(status), written);
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)) - before, c->refused ? 0 : n);
    if (c->refused) {
        assert_string_equal(err.message, "more than 10");
        assert_string_equal(err.item, c->create ? "new" : "old");
        assert_false(err.has_seq);
    }
    echo_party_free(party);
    echo_registry_free(in->models);
}

static void test_refused_before_it_is_written(void **arg) {
    (void)arg;
    for (int flavour = 0; flavour < 5; flavour++) /* log, JSON, raw, JSON and check, log and check */
        for (size_t i = 0; i < sizeof refusal_cases / sizeof *refusal_cases; i++) {
            world here;
            world_begin(&here);
            echo_party_free(here.party);
            here.party = NULL;
            echo_registry_free(here.models);
            refuse_in(&here, flavour, &refusal_cases[i]);
            echo_feeds_close(&here.inner);
            echo_store_close(&here.memory);
        }
}

static void test_object_model_refuses_first(void **arg) {
    (void)arg;
    network p;
    network_begin(&p, 3, 1);
    network_open(&p, 0);
    echo_party *party = p.members[0].party;
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes nonsense = {(const uint8_t *)"\xff\xff", 2};
    bool written = true;
    echo_write write = {.id = "x", .create = true, .model = ECHO_MODEL_OBJECT, .mutation = &nonsense};
    assert_int_equal(echo_party_write(&written, party, &write, 1, &err), ECHO_ERR_CORRUPT);
    assert_false(written);
    assert_string_equal(err.item, "x");
    network_end(&p);
}

/* ---- events of an exchange ---- */

typedef struct watcher {
    network *p;
    echo_exchange *exchange;
    echo_peer *peer;
    unsigned events;
    int what; /* 0: calls everything; 1: closes the peer; 2: frees the exchange; 3: sets the party to none */
    bool done;
} watcher;

static void call_everything(const watcher *s, echo_party *party) {
    echo_error err = ECHO_ERROR_INIT;
    echo_peer *other;
    echo_peer_options options = ECHO_PEER_OPTIONS_INIT;
    echo_exchange_state state;
    const uint8_t byte = 0;
    assert_int_equal(echo_exchange_step(s->exchange, 1, &err), ECHO_ERR_BUSY);
    assert_int_equal(echo_exchange_start(s->exchange, &err), ECHO_ERR_BUSY);
    assert_int_equal(echo_exchange_want(s->exchange, "x", &err), ECHO_ERR_BUSY);
    assert_int_equal(echo_peer_open(&other, s->exchange, &options, &err), ECHO_ERR_BUSY);
    assert_null(other);
    assert_int_equal(echo_peer_receive(s->peer, (echo_bytes){&byte, 1}, &err), ECHO_ERR_BUSY);
    assert_int_equal(echo_peer_pending(s->peer).len, 0);
    echo_exchange_state_get(&state, s->exchange);
    (void)echo_peer_is_over(s->peer);
    if (party == NULL) return;
    for (size_t i = 0; i < sizeof refused_calls / sizeof *refused_calls; i++)
        assert_int_equal(refused_calls[i].call(party, &err), ECHO_ERR_BUSY);
}

static void on_event(void *arg, const echo_exchange_event *event) {
    watcher *s = arg;
    s->events++;
    (void)event;
    if (s->what == 0) call_everything(s, s->p->members[1].party);
    if (s->what == 1 && s->peer != NULL) echo_peer_close(s->peer);
    if (s->what == 2) echo_exchange_free(s->exchange);
    if (s->what == 3) echo_exchange_set_party(s->exchange, NULL);
    if (s->what == 1) s->peer = NULL;
    s->done = s->what == 1 || s->what == 2;
}

static void carry(echo_peer *from, echo_peer *to) {
    echo_bytes bytes = echo_peer_pending(from);
    echo_error err = ECHO_ERROR_INIT;
    uint8_t copy[4096];
    size_t n = bytes.len < sizeof copy ? bytes.len : sizeof copy;
    if (n == 0) return;
    memcpy(copy, bytes.data, n);
    echo_peer_sent(from, n);
    (void)!echo_peer_receive(to, (echo_bytes){copy, n}, &err);
}

static void test_events(void **arg) {
    (void)arg;
    for (int what = 0; what < 4; what++) {
        network p;
        world unused; /* refused_calls look at its keys */
        echo_error err = ECHO_ERROR_INIT;
        memset(&unused, 0, sizeof unused);
        w = &unused;
        network_begin(&p, 5, 2);
        network_open(&p, 0);
        network_write(&p, 0, "item", 0, 5, "v");
        network_replicate_to(&p, 1);
        network_open(&p, 1);
        network_write(&p, 0, "item", 5, 9, "v");
        network_exchange(&p, 0, NULL);
        watcher s = {.p = &p, .what = what};
        echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
        options.party = &p.party.public_key;
        options.store = &p.members[1].own;
        options.feeds = &p.members[1].feeds;
        options.keys = &p.members[1].keys;
        options.opened = p.members[1].party;
        options.event = on_event;
        options.event_arg = &s;
        assert_ok(echo_exchange_new(&s.exchange, &options, &err), &err);
        echo_peer_options mine = ECHO_PEER_OPTIONS_INIT, theirs = ECHO_PEER_OPTIONS_INIT;
        echo_peer *other;
        mine.initiator = true;
        assert_ok(echo_peer_open(&s.peer, s.exchange, &mine, &err), &err);
        assert_ok(echo_peer_open(&other, p.members[0].exchange, &theirs, &err), &err);
        assert_ok(echo_exchange_start(s.exchange, &err), &err);
        for (uint64_t i = 0; i < 200 && !s.done; i++) {
            carry(s.peer, other);
            if (s.done) break;
            carry(other, s.peer);
            if (s.done) break;
            assert_ok(echo_exchange_step(s.exchange, i * 1000000, &err), &err);
            assert_ok(echo_exchange_step(p.members[0].exchange, i * 1000000, &err), &err);
        }
        assert_true(s.events > 0);
        if (what == 0) { /* and the fetch was not disturbed */
            assert_ok(echo_party_poll(NULL, p.members[1].party, 0, &err), &err);
            network_assert_same(&p, 0, 1);
        }
        if (what != 2) echo_exchange_free(s.exchange);
        echo_peer_close(other);
        network_end(&p);
    }
}

/* A NULL is an error, or nothing happens. */
static void test_null_exchange(void **arg) {
    (void)arg;
    echo_exchange_state state;
    echo_error err = ECHO_ERROR_INIT;
    echo_exchange_set_party(NULL, NULL);
    echo_exchange_state_get(&state, NULL);
    assert_int_equal(state.phase, ECHO_EXCHANGE_PHASE_IDLE);
    assert_null(echo_exchange_store(NULL));
    assert_int_equal(echo_exchange_want(NULL, "x", &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_peer_receive(NULL, (echo_bytes){NULL, 0}, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_peer_pending(NULL).len, 0);
    assert_true(echo_peer_is_over(NULL));
    echo_peer_sent(NULL, 0);
    echo_peer_finish(NULL);
    echo_peer_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_hook_of_a_party),
        cmocka_unit_test(test_freed_within_a_call),
        cmocka_unit_test(test_refused_before_it_is_written),
        cmocka_unit_test(test_object_model_refuses_first),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_null_exchange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
