/*
 * A small party of three members, the same for each input and made once, and the other end of a connection to an
 * exchange: a channel through which a target says what the input wants. Members are 0, who is honest and has
 * everything, 1, whose exchange is tried, and 2.
 *
 * The party's history: 120 items; a snapshot, the old one; 40 items changed; a snapshot; 4 changed and one new. Every
 * item has one property, "k", which is "one" or "two".
 */
#ifndef TESTS_FUZZ_EXCHANGE_H
#define TESTS_FUZZ_EXCHANGE_H

#include <cjson/cJSON.h>
#include <echo/echo.h>

#include "exchange/channel.h"
#include "exchange/wire.h"
#include "feed/credentials.h"
#include "fuzz.h"
#include "memory.h"

#define FUZZ_MEMBERS 3u
#define FUZZ_ITEMS 120u
#define FUZZ_ASKS 64u

typedef struct fuzz_world {
    echo_keypair party, keys[FUZZ_MEMBERS], stranger;
    echo_registry *models;
    echo_feeds feeds;
    echo_store store;
    echo_party *opened;
    echo_store old;                    /* with the first snapshot ... */
    uint64_t old_length[FUZZ_MEMBERS]; /* ... and so long were the feeds */
    echo_hash digest;                  /* of the newest snapshot */
    echo__buf manifests[2];            /* newest first */
    echo_hash chunks[64];
    size_t chunk_count;
} fuzz_world;

static inline void fuzz_append(fuzz_world *w, echo__buf *credential) {
    echo_message message = {
        .kind = ECHO_MESSAGE_CREDENTIAL, .generation = 2, .credential = echo__buf_bytes(credential)};
    echo_codec codec = echo_codec_dxos();
    uint8_t *block;
    size_t len;
    void *feed;
    uint64_t first;
    FUZZ_OK(codec.ops->encode(&block, &len, codec.ctx, &message, NULL));
    echo_bytes bytes = {block, len};
    FUZZ_OK(w->feeds.ops->open(&feed, w->feeds.ctx, &w->keys[0].public_key, NULL));
    FUZZ_OK(w->feeds.ops->append(&first, w->feeds.ctx, feed, &bytes, 1, NULL));
    w->feeds.ops->close(w->feeds.ctx, feed);
    codec.ops->release(codec.ctx, block);
    echo__buf_free(credential);
}

static inline echo_party *fuzz_open_party(const fuzz_world *w, const echo_feeds *feeds, const echo_store *store,
                                          const echo_key *own) {
    echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    echo_party *party;
    echo_error err = ECHO_ERROR_INIT;
    policy.manual = true;
    policy.thread = false;
    policy.collect_garbage = false;
    options.party = &w->party.public_key;
    options.feeds = feeds;
    options.store = store;
    options.models = w->models;
    options.own_feed = own;
    options.policy = &policy;
    FUZZ_STATUS(echo_party_restore(&party, &options, &err), &err, ECHO_OK);
    return party;
}

static inline void fuzz_write(fuzz_world *w, size_t from, size_t to, const char *value) {
    for (size_t n = from; n < to; n++) {
        char id[16];
        echo_item *item;
        echo_object_mutation *set;
        echo_bytes mutation;
        (void)snprintf(id, sizeof id, "item%03u", (unsigned)n);
        cJSON *node = cJSON_CreateString(value);
        FUZZ_OK(echo_object_mutation_new(&set, 2));
        echo_object_set(set, "k", node);
        FUZZ_OK(echo_object_mutation_bytes(&mutation, set));
        echo_write write = {.id = id, .mutation = &mutation};
        write.create = echo_item_get(&item, w->opened, id, NULL) != ECHO_OK;
        if (write.create) {
            write.type = "example:type/thing";
            write.model = ECHO_MODEL_OBJECT;
        }
        FUZZ_OK(echo_party_write(NULL, w->opened, &write, 1, NULL));
        echo_object_mutation_free(set);
        cJSON_Delete(node);
    }
}

static inline echo_status fuzz_copy_bytes(void *arg, echo_bytes bytes) {
    echo__buf_append(arg, bytes.data, bytes.len);
    return ECHO_OK;
}

typedef struct fuzz_copying {
    const echo_store *from, *to;
} fuzz_copying;

static inline echo_status fuzz_copy_chunk(void *arg, const echo_hash *name, uint64_t size) {
    const fuzz_copying *c = arg;
    echo__buf chunk = ECHO__BUF_INIT;
    (void)size;
    FUZZ_OK(c->from->ops->get(c->from->ctx, name, fuzz_copy_bytes, &chunk, NULL));
    echo_bytes bytes = echo__buf_bytes(&chunk);
    FUZZ_OK(c->to->ops->put(NULL, c->to->ctx, name, &bytes, 1, NULL));
    echo__buf_free(&chunk);
    return ECHO_OK;
}

/* A store with all chunks of another, and one manifest. */
static inline void fuzz_copy_store(echo_store *to, const echo_store *from, const echo_key *party, echo_bytes manifest) {
    fuzz_copying c = {from, to};
    FUZZ_OK(from->ops->walk(from->ctx, fuzz_copy_chunk, &c, NULL));
    FUZZ_OK(to->ops->publish(to->ctx, party, 0, manifest, NULL));
}

static inline echo_status fuzz_take_manifest(void *arg, uint64_t number, echo_bytes text) {
    fuzz_world *w = arg;
    (void)number;
    size_t i = w->manifests[0].len == 0 ? 0 : 1;
    if (w->manifests[i].len == 0) echo__buf_append(&w->manifests[i], text.data, text.len);
    return ECHO_OK;
}

static inline echo_status fuzz_note_chunk(void *arg, const echo_hash *name, uint64_t size) {
    fuzz_world *w = arg;
    (void)size;
    if (w->chunk_count < sizeof w->chunks / sizeof *w->chunks) w->chunks[w->chunk_count++] = *name;
    return ECHO_OK;
}

static inline uint64_t fuzz_length(const echo_feeds *feeds, const echo_key *key) {
    void *feed;
    echo_feed_info info = {0, 0, false};
    if (feeds->ops->open(&feed, feeds->ctx, key, NULL) != ECHO_OK) return 0;
    FUZZ_OK(feeds->ops->info(&info, feeds->ctx, feed, NULL));
    feeds->ops->close(feeds->ctx, feed);
    return info.verified;
}

static inline uint64_t fuzz_snapshot(fuzz_world *w) {
    echo_snapshot_result result;
    echo_error err = ECHO_ERROR_INIT;
    FUZZ_STATUS(echo_party_snapshot(&result, w->opened, &err), &err, ECHO_OK);
    w->digest = result.digest;
    return result.number;
}

static inline fuzz_world *fuzz_world_get(void) {
    static fuzz_world world, *w = NULL;
    if (w != NULL) return w;
    w = &world;
    FUZZ_OK(echo_registry_new(&w->models));
    FUZZ_OK(echo_registry_add_object(w->models, NULL));
    uint8_t seed[32] = {9};
    FUZZ_OK(echo_keypair_from_seed(&w->party, seed));
    seed[1] = 200;
    FUZZ_OK(echo_keypair_from_seed(&w->stranger, seed));
    FUZZ_OK(echo_feeds_new_memory(&w->feeds));
    FUZZ_OK(echo_store_new_memory(&w->store));
    for (unsigned i = 0; i < FUZZ_MEMBERS; i++) {
        seed[1] = (uint8_t)(i + 1);
        FUZZ_OK(echo_keypair_from_seed(&w->keys[i], seed));
    }
    FUZZ_OK(echo_feeds_memory_add(&w->feeds, &w->keys[0]));
    echo__buf credential = ECHO__BUF_INIT;
    const char *when = "2026-01-01T00:00:00.000Z";
    FUZZ_OK(echo__credential_make_genesis(&credential, &w->party, &w->keys[0].public_key, when));
    fuzz_append(w, &credential);
    for (unsigned i = 1; i < FUZZ_MEMBERS; i++) {
        FUZZ_OK(echo__credential_make_feed_admit(&credential, &w->party.public_key, &w->keys[i].public_key, &w->party,
                                                 when));
        fuzz_append(w, &credential);
    }
    w->opened = fuzz_open_party(w, &w->feeds, &w->store, &w->keys[0].public_key);
    fuzz_write(w, 0, FUZZ_ITEMS, "one");
    (void)fuzz_snapshot(w);
    FUZZ_OK(w->store.ops->list(w->store.ctx, &w->party.public_key, fuzz_take_manifest, w, NULL));
    FUZZ_OK(echo_store_new_memory(&w->old));
    fuzz_copy_store(&w->old, &w->store, &w->party.public_key, echo__buf_bytes(&w->manifests[0]));
    echo__buf_free(&w->manifests[0]);
    for (unsigned i = 0; i < FUZZ_MEMBERS; i++) w->old_length[i] = fuzz_length(&w->feeds, &w->keys[i].public_key);
    for (unsigned round = 0; round < 8; round++) fuzz_write(w, 40, 80, round % 2 == 0 ? "two" : "one");
    (void)fuzz_snapshot(w);
    fuzz_write(w, 0, 4, "two");
    fuzz_write(w, FUZZ_ITEMS, FUZZ_ITEMS + 1, "one");
    FUZZ_OK(w->store.ops->list(w->store.ctx, &w->party.public_key, fuzz_take_manifest, w, NULL));
    FUZZ_OK(w->store.ops->walk(w->store.ctx, fuzz_note_chunk, w, NULL));
    FUZZ_CHECK(w->chunk_count > 8);
    return w;
}

/* ---- blocks ---- */

typedef struct fuzz_blocks {
    echo_bytes *list;
    size_t count, cap;
} fuzz_blocks;

static inline echo_status fuzz_take_block(void *arg, uint64_t seq, echo_bytes block) {
    fuzz_blocks *b = arg;
    (void)seq;
    if (b->count == b->cap) {
        b->cap = 2 * b->cap + 64;
        b->list = realloc(b->list, b->cap * sizeof *b->list);
        FUZZ_CHECK(b->list != NULL);
    }
    b->list[b->count++] = echo__bytes(fuzz_copy(block, false), block.len);
    return ECHO_OK;
}

static inline void fuzz_blocks_free(fuzz_blocks *b) {
    while (b->count > 0) free((void *)(uintptr_t)b->list[--b->count].data);
    free(b->list);
}

/* Blocks from..to-1 with their proof; false when they are not there. */
static inline bool fuzz_prove(fuzz_blocks *blocks, echo_feed_proof *proof, const echo_feeds *feeds, const echo_key *key,
                              uint64_t from, uint64_t to) {
    void *feed;
    if (from >= to || feeds->ops->open(&feed, feeds->ctx, key, NULL) != ECHO_OK) return false;
    bool ok = to <= fuzz_length(feeds, key) &&
              feeds->ops->read(feeds->ctx, feed, from, to, fuzz_take_block, blocks, NULL) == ECHO_OK &&
              feeds->ops->prove(proof, feeds->ctx, feed, from, to, NULL) == ECHO_OK;
    feeds->ops->close(feeds->ctx, feed);
    return ok;
}

/* ---- the other end ---- */

typedef struct fuzz_ask {
    uint8_t type;
    uint32_t id;
    echo_hash hash; /* or a feed's key */
    uint64_t from, to;
} fuzz_ask;

typedef struct fuzz_end {
    echo__channel *channel;
    echo_peer *peer;
    bool greeted, over;
    fuzz_ask asks[FUZZ_ASKS];
    size_t count;
    void (*take)(void *arg, uint8_t type, echo_bytes payload); /* beside asks; may be NULL */
    void *arg;
} fuzz_end;

static inline echo_status fuzz_admits(void *arg, const echo_key *party, const echo_key *key) {
    (void)arg, (void)party, (void)key;
    return ECHO_OK;
}
static inline size_t fuzz_any_length(void *arg, uint8_t type) {
    (void)arg, (void)type;
    return (size_t)128 << 20;
}

/* Opens a plain connection of an exchange to `member`, who proves to be that. false: it is refused. */
static inline bool fuzz_end_open(fuzz_end *e, const fuzz_world *w, echo_exchange *x, const echo_key *member,
                                 bool initiator) {
    echo_peer_options options = ECHO_PEER_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    memset(e, 0, sizeof *e);
    options.plain = true;
    options.member = member;
    options.initiator = initiator;
    echo_status status = echo_peer_open(&e->peer, x, &options, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_REFUSED);
    if (status != ECHO_OK) return false;
    echo__channel_options how = {.initiator = !initiator,
                                 .plain = true,
                                 .parties = &w->party.public_key,
                                 .party_count = 1,
                                 .admits = fuzz_admits,
                                 .most = fuzz_any_length,
                                 .peer = w->keys[1].public_key};
    FUZZ_OK(echo__channel_new(&e->channel, &how, &err));
    return true;
}

static inline void fuzz_end_close(fuzz_end *e) {
    if (e->peer != NULL) echo_peer_close(e->peer);
    echo__channel_free(e->channel);
    memset(e, 0, sizeof *e);
}

static inline void fuzz_send(fuzz_end *e, uint8_t type, echo_bytes payload) {
    if (e->over) return;
    FUZZ_OK(echo__channel_write(e->channel, type, &payload, 1, NULL));
}

static inline void fuzz_send_buf(fuzz_end *e, uint8_t type, echo__buf *out) {
    FUZZ_OK(out->status);
    fuzz_send(e, type, echo__buf_bytes(out));
    echo__buf_free(out);
}

static inline void fuzz_hear(fuzz_end *e, uint8_t type, echo_bytes payload) {
    echo__reader r = echo__reader_of(payload);
    fuzz_ask ask;
    memset(&ask, 0, sizeof ask);
    ask.type = type;
    ask.id = echo__read_u32(&r);
    if (type != ECHO__MESSAGE_ASK && type != ECHO__MESSAGE_WANT && type != ECHO__MESSAGE_TAIL &&
        type != ECHO__MESSAGE_ATTEST) {
        if (e->take != NULL) e->take(e->arg, type, payload);
        return;
    }
    if (type != ECHO__MESSAGE_ASK) echo__read_into(&r, ask.hash.bytes, sizeof ask.hash.bytes);
    if (type == ECHO__MESSAGE_TAIL) {
        ask.from = echo__read_u64(&r);
        ask.to = echo__read_u64(&r);
    }
    FUZZ_CHECK(!r.bad);
    if (e->count < FUZZ_ASKS) e->asks[e->count++] = ask;
}

/* What the exchange sends, up to `most` bytes. */
static inline bool fuzz_pull(fuzz_end *e, size_t most) {
    echo_bytes bytes = echo_peer_pending(e->peer);
    echo_error err = ECHO_ERROR_INIT;
    if (bytes.len == 0 || most == 0) return false;
    if (bytes.len > most) bytes.len = most;
    FUZZ_OK(echo__channel_receive(e->channel, bytes, &err)); /* it speaks as it should, whatever it hears */
    echo_peer_sent(e->peer, bytes.len);
    for (bool found = true; found;) {
        uint8_t type;
        echo_bytes payload;
        echo_status status = echo__channel_next(&found, &type, &payload, e->channel, &err);
        FUZZ_STATUS(status, &err, ECHO_OK);
        if (found) fuzz_hear(e, type, payload);
    }
    return true;
}

/* What was said here, to the exchange. */
static inline bool fuzz_push(fuzz_end *e) {
    echo_bytes bytes = echo__channel_pending(e->channel);
    echo_error err = ECHO_ERROR_INIT;
    if (e->over || echo_peer_is_over(e->peer) || bytes.len == 0) return false;
    bytes.data = fuzz_copy(bytes, false);
    echo_status status = echo_peer_receive(e->peer, bytes, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_REFUSED, ECHO_ERR_VERSION, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_SIGNATURE,
                ECHO_ERR_GAP);
    if (status != ECHO_OK) FUZZ_CHECK(echo_peer_is_over(e->peer));
    echo__channel_sent(e->channel, bytes.len);
    free((void *)(uintptr_t)bytes.data);
    return true;
}

static inline void fuzz_greet(fuzz_end *e) {
    if (e->greeted || !echo__channel_is_open(e->channel)) return;
    echo__buf hello = ECHO__BUF_INIT;
    echo__write_u32(&hello, ECHO__EXCHANGE_VERSION);
    echo__write_u32(&hello, ECHO__HELLO_SERVES);
    fuzz_send_buf(e, ECHO__MESSAGE_HELLO, &hello);
    e->greeted = true;
}

#endif
