#include "support/test.h"

#include "support/liar.h"

#include <stdlib.h>
#include <string.h>

#include "exchange/delta.h"
#include "exchange/wire.h"
#include "support/state.h"

static const char *const names[] = {
#define XX(name) #name,
    LIES(XX)
#undef XX
};

const char *lie_name(lie what) { return names[what]; }

static uint64_t random_below(liar *l, uint64_t n) {
    l->random ^= l->random << 13;
    l->random ^= l->random >> 7;
    l->random ^= l->random << 17;
    return n == 0 ? 0 : l->random % n;
}

static bool lies(liar *l, lie what) { return l->what == what && l->answers >= l->after; }

static echo_status admits(void *arg, const echo_key *party, const echo_key *key) {
    (void)arg, (void)party, (void)key;
    return ECHO_OK;
}

static size_t most(void *arg, uint8_t type) {
    (void)arg, (void)type;
    return (size_t)16 << 20;
}

void liar_begin(liar *l, peers *p, size_t honest, const echo_keypair *keys, lie what, uint64_t seed) {
    memset(l, 0, sizeof *l);
    l->p = p;
    l->honest = &p->members[honest];
    l->keys = *keys;
    l->what = what;
    l->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 7;
    l->after = (unsigned)random_below(l, 6);
    echo__channel_options options = {
        .keys = &l->keys, .parties = &p->party.public_key, .party_count = 1, .admits = admits, .most = most, .arg = l};
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo__channel_new(&l->channel, &options, &err), &err);
}

void liar_end(liar *l) {
    echo__channel_free(l->channel);
    l->channel = NULL;
}

static void send_parts(liar *l, uint8_t type, const echo_bytes *parts, size_t n) {
    echo_error err = ECHO_ERROR_INIT;
    if (echo__channel_write(l->channel, type, parts, n, &err) != ECHO_OK) l->over = true;
}

static void send_buf(liar *l, uint8_t type, echo__buf *out) {
    echo_bytes part = echo__buf_bytes(out);
    assert_int_equal(out->status, ECHO_OK);
    send_parts(l, type, &part, 1);
    echo__buf_free(out);
}

/* ---- what is true ---- */

static echo_status copy_bytes(void *arg, echo_bytes bytes) {
    echo__buf_append(arg, bytes.data, bytes.len);
    return ECHO_OK;
}

static bool get_chunk(liar *l, const echo_hash *name, echo__buf *out) {
    return l->honest->own.ops->get(l->honest->own.ctx, name, copy_bytes, out, NULL) == ECHO_OK;
}

typedef struct picking {
    liar *l;
    echo_hash name;
    unsigned seen;
} picking;

static echo_status pick(void *arg, const echo_hash *name, uint64_t size) {
    picking *k = arg;
    (void)size;
    if (random_below(k->l, ++k->seen) == 0) k->name = *name;
    return ECHO_OK;
}

typedef struct manifests {
    echo__buf texts[4];
    unsigned count;
} manifests;

static echo_status copy_manifest(void *arg, uint64_t number, echo_bytes text) {
    manifests *m = arg;
    (void)number;
    if (m->count < 4) (void)copy_bytes(&m->texts[m->count++], text);
    return ECHO_OK;
}

/* ---- offers ---- */

static void doctor(liar *l, echo__buf *text) {
    echo__manifest m;
    echo_keypair stranger;
    echo_error err = ECHO_ERROR_INIT;
    const echo_keypair *signer = NULL;
    assert_ok(echo__manifest_read(&m, echo__buf_bytes(text), &err), &err);
    assert_int_equal(echo_keypair_new(&stranger), ECHO_OK);
    m.attestation_count = 0;
    if (l->what != LIE_WORDS && l->what != LIE_STRANGER && l->what != LIE_NO_CREDENTIALS) m.items.hash.bytes[3] ^= 1;
    if (l->what == LIE_FORGED) signer = &stranger;
    if (l->what == LIE_OTHER_PARTY) {
        m.party = stranger.public_key;
        signer = &l->keys;
    }
    if (l->what == LIE_COUNTS) {
        m.items.bytes = UINT64_MAX - random_below(l, 100);
        m.items.items = UINT64_MAX / 2 + random_below(l, 1000000);
        m.items.height = (uint32_t)random_below(l, 41);
    }
    if (l->what == LIE_BAD_SIGNATURE || l->what == LIE_STRANGER) signer = &stranger;
    for (unsigned i = 0; l->what == LIE_WORDS && i < ECHO__ATTESTATIONS_MAX; i++) {
        echo__attestation word;
        memset(&word, (int)i, sizeof word);
        assert_int_equal(echo__manifest_attested(&m, &word), ECHO_OK);
    }
    if (l->what == LIE_NO_CREDENTIALS) {
        memset(&m.credentials, 0, sizeof m.credentials);
        signer = &stranger;
    }
    echo__buf_clear(text);
    assert_ok(echo__manifest_write(text, &m, signer, &err), &err);
    if (l->what == LIE_BAD_SIGNATURE) {
        char *at = strstr((char *)text->data, "\"signature\":\"");
        if (at != NULL) at[20] = at[20] == 'a' ? 'b' : 'a';
    }
    echo__manifest_free(&m);
}

static uint64_t length_of(member *m, const echo_key *key) {
    void *feed;
    echo_feed_info info = {0, 0, false};
    if (m->feeds.ops->open(&feed, m->feeds.ctx, key, NULL) != ECHO_OK) return 0;
    (void)!m->feeds.ops->info(&info, m->feeds.ctx, feed, NULL);
    m->feeds.ops->close(m->feeds.ctx, feed);
    return info.verified;
}

static void write_feeds(liar *l, echo__buf *out) {
    echo_key keys[PEERS_MEMBERS + 1];
    size_t n = 0;
    for (size_t i = 0; i < l->p->count; i++) keys[n++] = l->p->members[i].keys.public_key;
    if (l->what == LIE_FEEDS_ALIEN) {
        echo_keypair alien;
        assert_int_equal(echo_keypair_new(&alien), ECHO_OK);
        keys[n++] = alien.public_key;
    }
    for (size_t i = 1; i < n; i++) /* ascending */
        for (size_t k = i; k > 0 && memcmp(keys[k - 1].bytes, keys[k].bytes, 32) > 0; k--) {
            echo_key swap = keys[k];
            keys[k] = keys[k - 1];
            keys[k - 1] = swap;
        }
    echo__write_u32(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        echo__offered_feed feed = {keys[i], length_of(l->honest, &keys[i]), 1000};
        if (l->what == LIE_FEEDS_LONG) feed.length += 1 + random_below(l, 1000);
        if (l->what == LIE_FEEDS_SHORT) feed.length /= 2;
        if (l->what == LIE_FEEDS_ALIEN && feed.length == 0) feed.length = 50;
        if (l->what == LIE_BLOCK_FORK && memcmp(keys[i].bytes, l->keys.public_key.bytes, 32) == 0) feed.length += 5;
        echo__write_offered_feed(out, &feed);
    }
}

static void answer_ask(liar *l, uint32_t id) {
    manifests all;
    echo__buf out = ECHO__BUF_INIT;
    memset(&all, 0, sizeof all);
    (void)!l->honest->own.ops->list(l->honest->own.ctx, &l->p->party.public_key, copy_manifest, &all, NULL);
    unsigned which = l->what == LIE_OLD && all.count > 1 ? all.count - 1 : 0;
    echo__write_u32(&out, id);
    if (all.count == 0) {
        echo__write_u32(&out, 0);
    } else {
        if (l->what >= LIE_FORGED && l->what <= LIE_COUNTS && l->what != LIE_OLD) doctor(l, &all.texts[which]);
        echo__write_u32(&out, (uint32_t)all.texts[which].len);
        echo__buf_append(&out, all.texts[which].data, all.texts[which].len);
    }
    write_feeds(l, &out);
    send_buf(l, ECHO__MESSAGE_OFFER, &out);
    for (unsigned i = 0; i < all.count; i++) echo__buf_free(&all.texts[i]);
}

/* ---- chunks ---- */

static void send_chunk(liar *l, uint32_t id, uint8_t form, echo_bytes bytes) {
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, id);
    echo__buf_byte(&out, form);
    echo__buf_append(&out, bytes.data, bytes.len);
    send_buf(l, ECHO__MESSAGE_CHUNK, &out);
}

/* Changes some bits of one byte of data[0..len-1]. */
static void spoil(liar *l, uint8_t *data, size_t len) {
    uint8_t bits = (uint8_t)(1 + random_below(l, 255));
    data[random_below(l, len)] ^= bits;
}

static void answer_want(liar *l, uint32_t id, const echo_hash *name) {
    echo__buf chunk = ECHO__BUF_INIT;
    bool has = get_chunk(l, name, &chunk);
    uint8_t form = has ? ECHO__CHUNK_WHOLE : ECHO__CHUNK_ABSENT;
    if (lies(l, LIE_CHUNK_BYTES) && chunk.len > 0) spoil(l, chunk.data, chunk.len);
    if (lies(l, LIE_CHUNK_SHORT) && chunk.len > 0) chunk.len = (size_t)random_below(l, chunk.len);
    if (lies(l, LIE_CHUNK_LONG)) echo__buf_text(&chunk, "and more\n");
    if (lies(l, LIE_CHUNK_OTHER)) {
        picking k = {l, *name, 0};
        (void)!l->honest->own.ops->walk(l->honest->own.ctx, pick, &k, NULL);
        echo__buf_clear(&chunk);
        (void)get_chunk(l, &k.name, &chunk);
    }
    if (lies(l, LIE_CHUNK_ABSENT)) form = ECHO__CHUNK_ABSENT;
    if (lies(l, LIE_CHUNK_DELTA)) {
        form = ECHO__CHUNK_DELTA;
        if (chunk.len > 0) chunk.data[0] = (uint8_t)random_below(l, 3);
    }
    if (lies(l, LIE_CHUNK_BOMB)) {
        echo__buf_clear(&chunk);
        size_t len = (size_t)16 << 20;
        uint8_t *room = echo__buf_reserve(&chunk, len);
        memset(room, 0, len);
        chunk.len = len;
    }
    if (lies(l, LIE_CHUNK_UNASKED)) send_chunk(l, id + 1 + (uint32_t)random_below(l, 5), form, echo__buf_bytes(&chunk));
    send_chunk(l, id, form, form == ECHO__CHUNK_ABSENT ? echo__bytes(NULL, 0) : echo__buf_bytes(&chunk));
    echo__buf_free(&chunk);
}

/* ---- blocks ---- */

typedef struct reading {
    echo__buf bytes;
    uint64_t count;
} reading;

static echo_status take_block(void *arg, uint64_t seq, echo_bytes block) {
    reading *r = arg;
    (void)seq;
    echo__write_u32(&r->bytes, (uint32_t)block.len);
    echo__buf_append(&r->bytes, block.data, block.len);
    r->count++;
    return ECHO_OK;
}

/* The own feed as it might have been: the same beginning, another end, signed by the same key. */
static bool make_fork(liar *l, echo_feeds *out, const echo_key *key) {
    void *feed;
    uint64_t length = length_of(l->honest, key), first;
    if (memcmp(key->bytes, l->keys.public_key.bytes, 32) != 0) return false;
    assert_int_equal(echo_feeds_new_memory(out), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(out, &l->keys), ECHO_OK);
    assert_int_equal(out->ops->open(&feed, out->ctx, key, NULL), ECHO_OK);
    for (uint64_t i = 0; i < length + 5; i++) {
        echo_bytes block = echo__bytes("\x52\x02\x12\x00", 4);
        assert_int_equal(out->ops->append(&first, out->ctx, feed, &block, 1, NULL), ECHO_OK);
    }
    out->ops->close(out->ctx, feed);
    return true;
}

static void answer_tail(liar *l, uint32_t id, const echo_key *key, uint64_t from, uint64_t to) {
    echo_feeds *feeds = &l->honest->feeds, forked;
    bool is_fork = lies(l, LIE_BLOCK_FORK) && make_fork(l, &forked, key);
    if (is_fork) feeds = &forked;
    void *feed = NULL;
    echo_feed_info info = {0, 0, false};
    echo_feed_proof proof;
    reading r = {ECHO__BUF_INIT, 0};
    echo__buf out = ECHO__BUF_INIT;
    bool ok = feeds->ops->open(&feed, feeds->ctx, key, NULL) == ECHO_OK &&
              feeds->ops->info(&info, feeds->ctx, feed, NULL) == ECHO_OK;
    if (lies(l, LIE_BLOCK_ORDER) && from > 0) from--;
    if (to > info.verified) to = info.verified;
    if (to > from + 64) to = from + 64;
    ok = ok && from < to && feeds->ops->read(feeds->ctx, feed, from, to, take_block, &r, NULL) == ECHO_OK;
    ok = ok && feeds->ops->prove(&proof, feeds->ctx, feed, from, to, NULL) == ECHO_OK;
    echo__write_u32(&out, id);
    echo__buf_byte(&out, ok ? ECHO__BLOCKS_LAST : ECHO__BLOCKS_ABSENT);
    size_t at = out.len;
    if (ok) echo__write_proof(&out, &proof);
    if (ok && lies(l, LIE_BLOCK_PROOF)) spoil(l, out.data + at, out.len - at);
    if (ok && lies(l, LIE_BLOCK_BYTES)) spoil(l, r.bytes.data, r.bytes.len);
    if (ok && lies(l, LIE_BLOCK_FEW)) r.bytes.len = (size_t)random_below(l, r.bytes.len);
    if (ok) echo__buf_append(&out, r.bytes.data, r.bytes.len);
    send_buf(l, ECHO__MESSAGE_BLOCKS, &out);
    echo__buf_free(&r.bytes);
    if (feed != NULL) feeds->ops->close(feeds->ctx, feed);
    if (is_fork) echo_feeds_close(&forked);
}

/* ---- the conversation ---- */

static void answer_attest(liar *l, uint32_t id, const echo_hash *digest) {
    echo__buf out = ECHO__BUF_INIT;
    echo__attestation word;
    echo__attest(&word, digest, &l->keys); /* it vouches for anything */
    if (lies(l, LIE_WORD)) word.signature[5] ^= 1;
    echo__write_u32(&out, id);
    echo__buf_byte(&out, 1);
    echo__buf_append(&out, word.member.bytes, sizeof word.member.bytes);
    echo__buf_append(&out, word.signature, sizeof word.signature);
    send_buf(l, ECHO__MESSAGE_ATTESTED, &out);
}

static void say_garbage(liar *l) {
    uint8_t bytes[300];
    size_t len = (size_t)random_below(l, sizeof bytes);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)random_below(l, 256);
    echo_bytes part = {bytes, len};
    send_parts(l, (uint8_t)random_below(l, 14), &part, 1);
}

static void answer(liar *l, uint8_t type, echo_bytes payload) {
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    echo_hash hash;
    if (type == ECHO__MESSAGE_HELLO || type == ECHO__MESSAGE_REJECT) return;
    l->answers++;
    if (lies(l, LIE_STALL)) return;
    if (lies(l, LIE_HANG_UP)) {
        l->hung_up = true;
        return;
    }
    if (lies(l, LIE_GARBAGE)) say_garbage(l);
    if (lies(l, LIE_LENGTHS)) { /* the payload of 64 MiB is refused by its length alone */
        static uint8_t zeros[1 << 16];
        echo_bytes parts[1024];
        for (size_t i = 0; i < 1024; i++) parts[i] = echo__bytes(zeros, sizeof zeros);
        send_parts(l, ECHO__MESSAGE_CHUNK, parts, 1024);
    }
    if (type == ECHO__MESSAGE_ASK) {
        answer_ask(l, id);
        return;
    }
    echo__read_into(&r, hash.bytes, sizeof hash.bytes);
    if (type == ECHO__MESSAGE_WANT) answer_want(l, id, &hash);
    if (type == ECHO__MESSAGE_ATTEST) answer_attest(l, id, &hash);
    if (type == ECHO__MESSAGE_TAIL) {
        echo_key key;
        memcpy(key.bytes, hash.bytes, sizeof key.bytes);
        uint64_t from = echo__read_u64(&r), to = echo__read_u64(&r);
        answer_tail(l, id, &key, from, to);
    }
}

static void listen(liar *l, echo_bytes bytes) {
    echo_error err = ECHO_ERROR_INIT;
    if (echo__channel_receive(l->channel, bytes, &err) != ECHO_OK) {
        l->over = true;
        return;
    }
    if (!l->said_hello && echo__channel_is_open(l->channel)) {
        echo__buf hello = ECHO__BUF_INIT;
        echo__write_u32(&hello, ECHO__EXCHANGE_VERSION);
        echo__write_u32(&hello, ECHO__HELLO_SERVES);
        send_buf(l, ECHO__MESSAGE_HELLO, &hello);
        l->said_hello = true;
    }
    for (bool found = true; found && !l->hung_up;) {
        uint8_t type;
        echo_bytes payload;
        if (echo__channel_next(&found, &type, &payload, l->channel, &err) != ECHO_OK) {
            l->over = true;
            return;
        }
        if (found) answer(l, type, payload);
    }
}

bool liar_carry(liar *l, echo_peer *peer) {
    bool moved = false;
    if (l->over || l->hung_up || l->what == LIE_SILENT || echo_peer_is_over(peer)) return false;
    echo_bytes bytes = echo_peer_pending(peer);
    if (bytes.len > 0) {
        size_t len = 1 + (size_t)random_below(l, bytes.len);
        uint8_t *copy = malloc(len);
        memcpy(copy, bytes.data, len);
        echo_peer_sent(peer, len);
        listen(l, echo__bytes(copy, len));
        free(copy);
        moved = true;
    }
    bytes = echo__channel_pending(l->channel);
    if (bytes.len > 0 && !echo_peer_is_over(peer)) {
        size_t len = 1 + (size_t)random_below(l, bytes.len);
        uint8_t *copy = malloc(len);
        memcpy(copy, bytes.data, len);
        echo__channel_sent(l->channel, len);
        echo_error err = ECHO_ERROR_INIT;
        (void)!echo_peer_receive(peer, echo__bytes(copy, len), &err);
        free(copy);
        moved = true;
    }
    return moved;
}
