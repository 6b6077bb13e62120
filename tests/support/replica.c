#include "support/test.h"

#include "support/replica.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot/snapshot.h"
#include "support/state.h"

/* ---- members ---- */

static void make_key(echo_keypair *out, uint8_t seed, uint8_t which) {
    uint8_t bytes[32] = {seed, which, 'p'};
    assert_int_equal(echo_keypair_from_seed(out, bytes), ECHO_OK);
}

void replica_party_make(replica_party *out, uint8_t seed, size_t n, const echo_key *others, size_t others_count) {
    memset(out, 0, sizeof *out);
    assert_true(n + others_count <= REPLICA_FEEDS_MAX);
    make_key(&out->party, seed, 255);
    for (; out->count < n; out->count++) {
        make_key(&out->keys[out->count], seed, (uint8_t)out->count);
        out->feeds[out->count] = out->keys[out->count].public_key;
    }
    for (size_t i = 0; i < others_count; i++) {
        out->keys[out->count].public_key = others[i];
        out->feeds[out->count++] = others[i];
    }
}

void replica_init(replica *p, const replica_party *with, size_t own, echo_registry *models) {
    memset(p, 0, sizeof *p);
    p->with = with;
    assert_int_equal(echo_feeds_new_memory(&p->feeds), ECHO_OK);
    for (size_t i = 0; i < with->count; i++) {
        echo_keypair keys = with->keys[i];
        if (i != own) memset(keys.secret, 0, sizeof keys.secret);
        assert_int_equal(echo_feeds_memory_add(&p->feeds, &keys), ECHO_OK);
    }
    assert_int_equal(echo_store_new_memory(&p->store), ECHO_OK);
    p->policy = (echo_snapshot_policy)ECHO_SNAPSHOT_POLICY_INIT;
    p->policy.manual = true;
    p->policy.thread = false;
    p->policy.keep = 0;
    p->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    p->options.party = &with->party.public_key;
    p->options.feeds = &p->feeds;
    p->options.store = &p->store;
    p->options.models = models;
    p->options.admitted = with->feeds;
    p->options.admitted_count = with->count;
    p->options.own_feed = &with->feeds[own];
    p->options.policy = &p->policy;
}

void replica_open(replica *p) { p->party = party_open(&p->options); }

void replica_poll(replica *p) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_poll(NULL, p->party, 0, &err), &err);
}

void replica_close(replica *p) {
    echo_party_free(p->party);
    echo_store_close(&p->store);
    echo_feeds_close(&p->feeds);
}

void replica_write(replica *p, const char *id, const char *model, const void *bytes, size_t len) {
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes mutation = {bytes, len};
    echo_write write = {.id = id, .create = model != NULL, .model = model, .mutation = &mutation};
    assert_ok(echo_party_write(NULL, p->party, &write, 1, &err), &err);
}

/* ---- blocks ---- */

typedef struct fetching {
    replica *p;
    const echo_key *feed;
} fetching;

static echo_status take_block(void *arg, uint64_t seq, echo_bytes block) {
    fetching *f = arg;
    return echo_feeds_memory_put(&f->p->feeds, f->feed, seq, block);
}

uint64_t replica_length(const echo_feeds *from, const echo_key *feed) {
    void *handle;
    echo_feed_info info;
    echo_error err = ECHO_ERROR_INIT;
    if (from->ops->open(&handle, from->ctx, feed, &err) != ECHO_OK) return 0;
    assert_ok(from->ops->info(&info, from->ctx, handle, &err), &err);
    from->ops->close(from->ctx, handle);
    return info.length;
}

/* A feed is here from its beginning, or has a hole there when a snapshot covered it. */
void replica_fetch(replica *p, const echo_feeds *from, const echo_key *feed, uint64_t n) {
    uint64_t has = replica_length(&p->feeds, feed), length = replica_length(from, feed);
    void *handle;
    fetching f = {p, feed};
    echo_error err = ECHO_ERROR_INIT;
    if (n > length) n = length;
    if (n <= has) return;
    assert_ok(from->ops->open(&handle, from->ctx, feed, &err), &err);
    assert_ok(from->ops->read(from->ctx, handle, has, n, take_block, &f, &err), &err);
    from->ops->close(from->ctx, handle);
}

void replica_fetch_all(replica *p, const echo_feeds *from) {
    for (size_t i = 0; i < p->with->count; i++) replica_fetch(p, from, &p->with->feeds[i], UINT64_MAX);
}

/* ---- snapshots ---- */

typedef struct names {
    echo_hash *list;
    size_t count, cap;
} names;

static echo_status add_name(void *arg, const echo_hash *name, uint64_t size) {
    names *all = arg;
    (void)size;
    if (all->count == all->cap) {
        all->cap = 2 * all->cap + 64;
        all->list = realloc(all->list, all->cap * sizeof *all->list);
        assert_non_null(all->list);
    }
    all->list[all->count++] = *name;
    return ECHO_OK;
}

static echo_status take_chunk(void *arg, echo_bytes bytes) {
    echo__buf *out = arg;
    echo__buf_clear(out);
    echo__buf_append(out, bytes.data, bytes.len);
    return out->status;
}

static void copy_chunks(const echo_store *to, const echo_store *from, const echo_hash *spared) {
    names all = {NULL, 0, 0};
    echo__buf chunk = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(from->ops->walk(from->ctx, add_name, &all, &err), &err);
    for (size_t i = 0; i < all.count; i++) {
        if (spared != NULL && memcmp(spared, &all.list[i], sizeof *spared) == 0) continue;
        assert_ok(from->ops->get(from->ctx, &all.list[i], take_chunk, &chunk, &err), &err);
        echo_bytes bytes = echo__buf_bytes(&chunk);
        assert_ok(to->ops->put(NULL, to->ctx, &all.list[i], &bytes, 1, &err), &err);
    }
    echo__buf_free(&chunk);
    free(all.list);
}

uint64_t replica_copy_snapshot(const echo_store *to, const echo_store *from, const echo_key *party,
                               const echo_hash *spared, const echo_keypair *signer) {
    echo__stored_manifests there, here;
    echo__manifest manifest;
    echo__buf text = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo__stored_list(&there, from, party, &err), &err);
    assert_ok(echo__stored_list(&here, to, party, &err), &err);
    uint64_t newest = here.count == 0 ? 0 : here.list[0].number;
    assert_true(there.count > 0);
    assert_ok(echo__stored_read(&manifest, &there.list[0], party, &err), &err);
    manifest.number = newest + 1;
    assert_ok(echo__manifest_write(&text, &manifest, signer, &err), &err);
    copy_chunks(to, from, spared);
    assert_ok(to->ops->publish(to->ctx, party, newest, echo__buf_bytes(&text), &err), &err);
    echo__buf_free(&text);
    echo__manifest_free(&manifest);
    echo__stored_free(&there);
    echo__stored_free(&here);
    return newest + 1;
}
