#include "support/test.h"

#include "support/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "feed/credentials.h"
#include "support/state.h"
#include <echo/sys/codec.h>
#include <echo/sys/feed.h>
#include <echo/sys/store.h>

#define ok(call, err) assert_ok((call), (err))

uint64_t network_random(network *p, uint64_t n) {
    p->random ^= p->random << 13;
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return n == 0 ? 0 : p->random % n;
}

static void append(member *m, const echo_message *message) {
    echo_codec codec = echo_codec_dxos();
    uint8_t *block;
    size_t len;
    void *feed;
    uint64_t first;
    echo_error err = ECHO_ERROR_INIT;
    ok(codec.ops->encode(&block, &len, codec.ctx, message, &err), &err);
    echo_bytes bytes = {block, len};
    ok(m->feeds.ops->open(&feed, m->feeds.ctx, &m->keys.public_key, &err), &err);
    ok(m->feeds.ops->append(&first, m->feeds.ctx, feed, &bytes, 1, &err), &err);
    m->feeds.ops->close(m->feeds.ctx, feed);
    codec.ops->release(codec.ctx, block);
}

static void append_credential(member *m, echo__buf *credential) {
    echo_message message = {
        .kind = ECHO_MESSAGE_CREDENTIAL, .generation = 2, .credential = echo__buf_bytes(credential)};
    assert_int_equal(credential->status, ECHO_OK);
    append(m, &message);
    echo__buf_free(credential);
}

void network_begin(network *p, uint64_t seed, size_t count) {
    memset(p, 0, sizeof *p);
    p->seed = seed;
    p->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    p->count = count;
    p->models = registry_object();
    p->now_ns = 1;
    uint8_t bytes[32] = {0};
    memcpy(bytes, &seed, sizeof seed);
    bytes[31] = 255;
    assert_int_equal(echo_keypair_from_seed(&p->party, bytes), ECHO_OK);
    for (size_t i = 0; i < count; i++) {
        member *m = &p->members[i];
        bytes[31] = (uint8_t)i;
        assert_int_equal(echo_keypair_from_seed(&m->keys, bytes), ECHO_OK);
        assert_int_equal(echo_feeds_new_memory(&m->feeds), ECHO_OK);
        assert_int_equal(echo_feeds_memory_add(&m->feeds, &m->keys), ECHO_OK);
        assert_int_equal(echo_store_new_memory(&m->store), ECHO_OK);
        assert_int_equal(m->store.ops->reopen(&m->own, m->store.ctx, NULL), ECHO_OK);
    }
    echo__buf credential = ECHO__BUF_INIT;
    assert_int_equal(echo__credential_make_genesis(&credential, &p->party, &p->members[0].keys.public_key,
                                                   "2026-01-01T00:00:00.000Z"),
                     ECHO_OK);
    append_credential(&p->members[0], &credential);
    for (size_t i = 1; i < count; i++) {
        assert_int_equal(echo__credential_make_feed_admit(&credential, &p->party.public_key,
                                                          &p->members[i].keys.public_key, &p->party,
                                                          "2026-01-01T00:00:00.000Z"),
                         ECHO_OK);
        append_credential(&p->members[0], &credential);
    }
}

void network_end(network *p) {
    for (size_t i = 0; i < p->count; i++) {
        member *m = &p->members[i];
        echo_exchange_free(m->exchange);
        echo_party_free(m->party);
        echo_store_close(&m->own);
        echo_store_close(&m->store);
        echo_feeds_close(&m->feeds);
    }
    echo_registry_free(p->models);
}

void network_open(network *p, size_t i) {
    member *m = &p->members[i];
    echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    policy.manual = true;
    policy.thread = false;
    policy.collect_garbage = false;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.party = &p->party.public_key;
    options.feeds = &m->feeds;
    options.store = &m->store;
    options.models = p->models;
    options.own_feed = &m->keys.public_key;
    options.policy = &policy;
    options.admitted = m->admitted;
    options.admitted_count = m->admitted != NULL;
    options.admit = m->admit;
    options.admit_arg = m;
    m->party = party_open(&options);
}

void network_write(network *p, size_t i, const char *prefix, size_t from, size_t to, const char *value) {
    member *m = &p->members[i];
    for (size_t n = from; n < to; n++) {
        char id[80], key[16];
        echo_item *item;
        echo_error err = ECHO_ERROR_INIT;
        echo_object_mutation *set;
        echo_bytes mutation;
        (void)snprintf(id, sizeof id, "%s%zu", prefix, n);
        (void)snprintf(key, sizeof key, "key%u", (unsigned)network_random(p, 3));
        cJSON *node = cJSON_CreateString(value);
        assert_int_equal(echo_object_mutation_new(&set, 2), ECHO_OK);
        echo_object_set(set, key, node);
        assert_int_equal(echo_object_mutation_bytes(&mutation, set), ECHO_OK);
        echo_write write = {.id = id, .mutation = &mutation};
        write.create = echo_item_get(&item, m->party, id, NULL) != ECHO_OK;
        if (write.create) {
            write.type = "example:type/thing";
            write.model = ECHO_MODEL_OBJECT;
        }
        ok(echo_party_write(NULL, m->party, &write, 1, &err), &err);
        echo_object_mutation_free(set);
        cJSON_Delete(node);
    }
}

/* ---- replication without an exchange ---- */

typedef struct copying {
    echo_bytes *blocks;
    size_t count, cap;
} copying;

static echo_status copy_block(void *arg, uint64_t seq, echo_bytes block) {
    copying *c = arg;
    (void)seq;
    if (c->count == c->cap) {
        c->cap = c->cap == 0 ? 64 : 2 * c->cap;
        c->blocks = realloc(c->blocks, c->cap * sizeof *c->blocks);
    }
    uint8_t *copy = malloc(block.len + 1);
    memcpy(copy, block.data, block.len);
    c->blocks[c->count++] = (echo_bytes){copy, block.len};
    return ECHO_OK;
}

static void replicate_feed(member *from, member *to, const echo_key *key) {
    void *source, *sink;
    echo_feed_info here, there;
    echo_error err = ECHO_ERROR_INIT;
    const echo_feed_ops *ops = from->feeds.ops;
    ok(ops->open(&source, from->feeds.ctx, key, &err), &err);
    if (ops->open(&sink, to->feeds.ctx, key, NULL) != ECHO_OK) {
        ok(ops->make(to->feeds.ctx, key, &err), &err);
        ok(ops->open(&sink, to->feeds.ctx, key, &err), &err);
    }
    ok(ops->info(&there, from->feeds.ctx, source, &err), &err);
    ok(ops->info(&here, to->feeds.ctx, sink, &err), &err);
    uint64_t at = here.verified;
    while (at > 0 && !ops->has(to->feeds.ctx, sink, at - 1)) at--;
    if (at < there.verified) {
        copying c = {NULL, 0, 0};
        echo_feed_proof proof;
        ok(ops->read(from->feeds.ctx, source, at, there.verified, copy_block, &c, &err), &err);
        ok(ops->prove(&proof, from->feeds.ctx, source, at, there.verified, &err), &err);
        ok(ops->put(to->feeds.ctx, sink, c.blocks, &proof, &err), &err);
        for (size_t i = 0; i < c.count; i++) free((void *)(uintptr_t)c.blocks[i].data);
        free(c.blocks);
    }
    ops->close(from->feeds.ctx, source);
    ops->close(to->feeds.ctx, sink);
}

void network_replicate_to(network *p, size_t to) {
    echo_error err = ECHO_ERROR_INIT;
    for (size_t from = 0; from < p->count; from++)
        if (from != to) replicate_feed(&p->members[from], &p->members[to], &p->members[from].keys.public_key);
    if (p->members[to].party != NULL) ok(echo_party_poll(NULL, p->members[to].party, 0, &err), &err);
}

void network_replicate(network *p) {
    for (size_t to = 0; to < p->count; to++) network_replicate_to(p, to);
}

/* ---- exchanges ---- */

static void note_event(void *arg, const echo_exchange_event *event) {
    member *m = arg;
    m->events[event->kind]++;
    if (event->error != NULL) m->last_error = *event->error;
}

void network_exchange(network *p, size_t i, const echo_exchange_options *given) {
    member *m = &p->members[i];
    echo_error err = ECHO_ERROR_INIT;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    if (given != NULL) options = *given;
    options.party = &p->party.public_key;
    options.store = &m->own;
    options.feeds = &m->feeds;
    options.keys = &m->keys;
    options.opened = m->party;
    options.models = p->models;
    options.event = note_event;
    options.event_arg = m;
    memset(m->events, 0, sizeof m->events);
    ok(echo_exchange_new(&m->exchange, &options, &err), &err);
}

void network_exchange_end(network *p, size_t i) {
    echo_exchange_free(p->members[i].exchange);
    p->members[i].exchange = NULL;
}

uint64_t network_snapshot(network *p, size_t i) {
    echo_snapshot_result result;
    echo_error err = ECHO_ERROR_INIT;
    ok(echo_party_snapshot(&result, p->members[i].party, &err), &err);
    return result.number;
}

static echo_status note_change(void *arg, echo_change change, const echo_item_head *head) {
    member *m = arg;
    (void)head;
    m->changes[change]++;
    return ECHO_OK;
}

void network_switch(network *p, size_t i) {
    member *m = &p->members[i];
    echo_error err = ECHO_ERROR_INIT;
    memset(m->changes, 0, sizeof m->changes);
    if (m->party == NULL) {
        network_open(p, i);
    } else {
        echo_status status = echo_party_switch(&m->party, note_change, m, &err);
        if (status == ECHO_ERR_CORRUPT)
            status =
                echo_party_switch(&m->party, NULL, NULL, &err); /* what it stood on is gone: nothing to compare with */
        ok(status, &err);
        ok(echo_party_poll(NULL, m->party, 0, &err), &err);
    }
    if (m->exchange != NULL) echo_exchange_set_party(m->exchange, m->party);
}

void network_assert_same(network *p, size_t a, size_t b) {
    char *one = state_of(p->members[a].party), *other = state_of(p->members[b].party);
    assert_state_equal(other, one);
    free(one);
    free(other);
}

/* ---- connections ---- */

void wire_open(wire *w, network *p, size_t initiator, size_t responder) {
    echo_peer_options options = ECHO_PEER_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    memset(w, 0, sizeof *w);
    w->p = p;
    w->who[0] = &p->members[initiator];
    w->who[1] = &p->members[responder];
    options.initiator = true;
    ok(echo_peer_open(&w->ends[0], w->who[0]->exchange, &options, &err), &err);
    options.initiator = false;
    ok(echo_peer_open(&w->ends[1], w->who[1]->exchange, &options, &err), &err);
}

void wire_close(wire *w) {
    for (unsigned i = 0; i < 2; i++)
        if (w->ends[i] != NULL) echo_peer_close(w->ends[i]);
    w->ends[0] = w->ends[1] = NULL;
}

static bool carry(wire *w, unsigned from) {
    if (w->ends[0] == NULL || w->ends[1] == NULL || w->broken) return false;
    echo_bytes bytes = echo_peer_pending(w->ends[from]);
    if (bytes.len == 0) return false;
    size_t len = 1 + (size_t)network_random(w->p, bytes.len < 60000 ? bytes.len : 60000);
    if (from == 1 && w->cut_after > 0 && w->carried[1] + len >= w->cut_after) {
        len = (size_t)(w->cut_after - w->carried[1]);
        w->broken = true;
        if (len == 0) return false;
    }
    uint8_t *copy = malloc(len + 64);
    memcpy(copy, bytes.data, len);
    echo_peer_sent(w->ends[from], len);
    size_t told = from == 1 && w->meddle != NULL ? w->meddle(w->meddle_arg, copy, len) : len;
    w->carried[from] += len;
    echo_error err = ECHO_ERROR_INIT;
    if (!echo_peer_is_over(w->ends[1 - from]))
        (void)!echo_peer_receive(w->ends[1 - from], (echo_bytes){copy, told}, &err);
    free(copy);
    return true;
}

bool wire_carry(wire *w) {
    bool one = carry(w, 0), other = carry(w, 1);
    for (unsigned i = 0; i < 2; i++)
        if (w->ends[i] != NULL && echo_peer_is_over(w->ends[i])) w->broken = true;
    return one || other;
}

void wires_run(wire *wires, size_t n, bool (*enough)(void *arg), void *arg) {
    network *p = wires[0].p;
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned idle = 0; idle < 3;) {
        bool moved = false;
        p->now_ns += 1000000;
        for (size_t i = 0; i < n; i++) moved = wire_carry(&wires[i]) || moved;
        for (size_t i = 0; i < p->count; i++)
            if (p->members[i].exchange != NULL) ok(echo_exchange_step(p->members[i].exchange, p->now_ns, &err), &err);
        if (enough != NULL && enough(arg)) return;
        idle = moved ? 0 : idle + 1;
    }
}
