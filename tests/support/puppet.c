#include "support/test.h"

#include "support/puppet.h"

#include <stdlib.h>
#include <string.h>

#include "support/state.h"

static echo_status admits(void *arg, const echo_key *party, const echo_key *key) {
    (void)arg, (void)party, (void)key;
    return ECHO_OK;
}

static size_t most(void *arg, uint8_t type) {
    (void)arg, (void)type;
    return (size_t)64 << 20;
}

void puppet_say(puppet *u, uint8_t type, const echo__buf *payload) {
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes part = echo__buf_bytes(payload);
    assert_int_equal(payload->status, ECHO_OK);
    if (echo__channel_write(u->channel, type, &part, 1, &err) != ECHO_OK) u->over = true;
}

void puppet_send(puppet *u, uint8_t type, echo__buf *payload) {
    puppet_say(u, type, payload);
    echo__buf_free(payload);
}

void puppet_begin(puppet *u, network *p, size_t to, const echo_keypair *keys, bool is_joined) {
    echo_error err = ECHO_ERROR_INIT;
    memset(u, 0, sizeof *u);
    u->p = p;
    u->keys = *keys;
    echo__channel_options options = {.initiator = !is_joined,
                                     .keys = &u->keys,
                                     .parties = &p->party.public_key,
                                     .party_count = 1,
                                     .admits = admits,
                                     .most = most,
                                     .arg = u};
    assert_ok(echo__channel_new(&u->channel, &options, &err), &err);
    echo_peer_options how = ECHO_PEER_OPTIONS_INIT;
    how.initiator = is_joined;
    assert_ok(echo_peer_open(&u->peer, p->members[to].exchange, &how, &err), &err);
}

void puppet_end(puppet *u) {
    if (u->peer != NULL) echo_peer_close(u->peer);
    echo__channel_free(u->channel);
    u->peer = NULL;
    u->channel = NULL;
}

static void listen(puppet *u, echo_bytes bytes) {
    echo_error err = ECHO_ERROR_INIT;
    bool was_open = echo__channel_is_open(u->channel);
    if (echo__channel_receive(u->channel, bytes, &err) != ECHO_OK) u->over = true;
    if (!was_open && echo__channel_is_open(u->channel)) {
        echo__buf hello = ECHO__BUF_INIT;
        echo__write_u32(&hello, ECHO__EXCHANGE_VERSION);
        echo__write_u32(&hello, ECHO__HELLO_SERVES);
        puppet_send(u, ECHO__MESSAGE_HELLO, &hello);
    }
    for (bool found = true; found && !u->over;) {
        uint8_t type;
        echo_bytes payload;
        if (echo__channel_next(&found, &type, &payload, u->channel, &err) != ECHO_OK) {
            u->over = true;
            return;
        }
        if (!found) break;
        u->heard[type & 15]++;
        if (u->hear != NULL) u->hear(u, type, payload);
    }
}

bool puppet_carry(puppet *u) {
    bool moved = false;
    if (u->over || u->peer == NULL) return false;
    echo_bytes bytes = echo_peer_pending(u->peer);
    if (bytes.len > 0) {
        uint8_t *copy = malloc(bytes.len);
        size_t len = bytes.len;
        memcpy(copy, bytes.data, len);
        echo_peer_sent(u->peer, len);
        listen(u, echo__bytes(copy, len));
        free(copy);
        moved = true;
    }
    bytes = echo__channel_pending(u->channel);
    if (bytes.len > 0 && !echo_peer_is_over(u->peer)) {
        uint8_t *copy = malloc(bytes.len);
        size_t len = bytes.len;
        echo_error err = ECHO_ERROR_INIT;
        memcpy(copy, bytes.data, len);
        echo__channel_sent(u->channel, len);
        (void)!echo_peer_receive(u->peer, echo__bytes(copy, len), &err);
        free(copy);
        moved = true;
    }
    return moved;
}

void puppet_offer(puppet *u, uint32_t id, echo_bytes manifest, const echo__offered_feed *feeds, size_t n) {
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, id);
    echo__write_u32(&out, (uint32_t)manifest.len);
    echo__buf_append(&out, manifest.data, manifest.len);
    echo__write_u32(&out, (uint32_t)n);
    for (size_t i = 0; i < n; i++) echo__write_offered_feed(&out, &feeds[i]);
    puppet_send(u, ECHO__MESSAGE_OFFER, &out);
}

/* ---- honest answers ---- */

static echo_status copy_bytes(void *arg, echo_bytes bytes) {
    echo__buf_append(arg, bytes.data, bytes.len);
    return ECHO_OK;
}

static echo_status copy_block(void *arg, uint64_t seq, echo_bytes block) {
    (void)seq;
    echo__write_u32(arg, (uint32_t)block.len);
    return copy_bytes(arg, block);
}

static void answer_tail(echo__buf *out, const member *m, const echo_key *key, uint64_t from, uint64_t to) {
    void *feed = NULL;
    echo_feed_info info = {0, 0, false};
    echo_feed_proof proof;
    echo__buf blocks = ECHO__BUF_INIT;
    const echo_feed_ops *ops = m->feeds.ops;
    bool ok =
        ops->open(&feed, m->feeds.ctx, key, NULL) == ECHO_OK && ops->info(&info, m->feeds.ctx, feed, NULL) == ECHO_OK;
    if (to > info.verified) to = info.verified;
    ok = ok && from < to && ops->read(m->feeds.ctx, feed, from, to, copy_block, &blocks, NULL) == ECHO_OK;
    ok = ok && ops->prove(&proof, m->feeds.ctx, feed, from, to, NULL) == ECHO_OK;
    echo__buf_byte(out, ok ? ECHO__BLOCKS_LAST : ECHO__BLOCKS_ABSENT);
    if (ok) {
        echo__write_proof(out, &proof);
        echo__buf_append(out, blocks.data, blocks.len);
    }
    echo__buf_free(&blocks);
    if (feed != NULL) ops->close(m->feeds.ctx, feed);
}

void puppet_answer_honestly(puppet *u, const member *m, uint8_t type, echo_bytes payload) {
    echo__reader r = echo__reader_of(payload);
    echo__buf out = ECHO__BUF_INIT, chunk = ECHO__BUF_INIT;
    echo_hash hash;
    echo_key key;
    echo__write_u32(&out, echo__read_u32(&r));
    echo__read_into(&r, hash.bytes, sizeof hash.bytes);
    memcpy(key.bytes, hash.bytes, sizeof key.bytes);
    if (type == ECHO__MESSAGE_WANT) {
        bool has = m->own.ops->get(m->own.ctx, &hash, copy_bytes, &chunk, NULL) == ECHO_OK;
        echo__buf_byte(&out, has ? ECHO__CHUNK_WHOLE : ECHO__CHUNK_ABSENT);
        echo__buf_append(&out, chunk.data, chunk.len);
        puppet_send(u, ECHO__MESSAGE_CHUNK, &out);
    } else if (type == ECHO__MESSAGE_TAIL) {
        uint64_t from = echo__read_u64(&r), to = echo__read_u64(&r);
        answer_tail(&out, m, &key, from, to);
        puppet_send(u, ECHO__MESSAGE_BLOCKS, &out);
    } else if (type == ECHO__MESSAGE_ATTEST) {
        echo__buf_byte(&out, 0);
        puppet_send(u, ECHO__MESSAGE_ATTESTED, &out);
    }
    echo__buf_free(&chunk);
    echo__buf_free(&out);
}
