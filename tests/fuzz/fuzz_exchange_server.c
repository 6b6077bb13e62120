/*
 * An exchange of the honest member of exchange.h, whose party is open, and a peer who asks what the input encodes:
 * questions of the right shape about things that are there or not, questions of any shape, many of them, and a peer who
 * takes the answers slowly or not at all.
 *
 * Nothing crashes and memory stays bounded; each answer is to the question that is next, and true: chunks have their
 * hash, blocks their proof, a word its signature, and an offer reads as one.
 *
 * The input: a byte of flags (1: the peer is no member that is known; 2: the exchange serves nobody), then moves: a
 * byte whose low three bits are the move.
 */
#include "exchange.h"
#include "base/crypto.h"
#include "exchange/delta.h"
#include "feed/proof.h"

enum move {
    ASK,    /* a part: what the asker covers; 0x80: as it should be, of u8 blocks of feed 0 */
    FETCH,  /* u8 which chunk, or a hash nobody has; a part of prints, or the chunk's own with 0x80 */
    TAIL,   /* u8 which feed, u64 from, u64 to; 0x80: one byte each */
    ATTEST, /* u8: of the newest, or a hash */
    RAW,    /* u8 type, part */
    MANY,   /* u8 type, u16 bytes, 0x80: times 36, all zeros, u16 how often */
    TAKE,   /* u16 bytes, times 16, of the answers are taken; 0: all */
    TIME    /* u16 tenths of a second */
};

typedef struct server {
    const fuzz_world *w;
    echo_exchange *x;
    fuzz_end end;
    struct {
        uint8_t type;
        uint32_t id;
        echo_hash hash;
        uint64_t from;
        bool prints;
    } asked[70000];
    size_t first, count;
    uint64_t now;
    bool rude; /* something of a wrong shape was sent: it may be dropped */
    size_t before;
} server;

static void ask(server *s, uint8_t type, uint32_t id, const echo_hash *hash, uint64_t from, bool prints) {
    FUZZ_CHECK(s->count < sizeof s->asked / sizeof *s->asked);
    s->asked[s->count].type = type;
    s->asked[s->count].id = id;
    s->asked[s->count].from = from;
    s->asked[s->count].prints = prints;
    if (hash != NULL) s->asked[s->count].hash = *hash;
    s->count++;
}

static void carry(server *s, size_t most) {
    fuzz_greet(&s->end);
    while (fuzz_push(&s->end)) {}
    fuzz_memory_check(s->before);
    while (most > 0 && fuzz_pull(&s->end, most)) {
        fuzz_greet(&s->end);
        if (most != SIZE_MAX) break;
    }
    fuzz_memory_check(s->before);
}

/* ---- answers ---- */

static void check_offer(const server *s, echo__reader *r) {
    echo_bytes text = echo__read_bytes(r, echo__read_u32(r));
    echo__manifest m;
    if (text.len > 0) {
        FUZZ_OK(echo__manifest_read(&m, text, NULL));
        FUZZ_CHECK(echo__key_equal(&m.party, &s->w->party.public_key));
        echo__manifest_free(&m);
    }
    uint32_t n = echo__read_u32(r);
    FUZZ_CHECK(n <= FUZZ_MEMBERS);
    for (uint32_t i = 0; i < n; i++) {
        echo__offered_feed feed;
        echo__read_offered_feed(r, &feed);
        FUZZ_CHECK(feed.length == fuzz_length(&s->w->feeds, &feed.key) && feed.bytes < 1000000);
    }
    FUZZ_CHECK(echo__reader_ok(r));
}

static void check_chunk(const echo_hash *hash, bool prints, echo__reader *r) {
    uint8_t form = echo__read_u8(r);
    echo_hash is;
    FUZZ_CHECK(!r->bad && form <= ECHO__CHUNK_ABSENT && (form != ECHO__CHUNK_DELTA || prints));
    if (form == ECHO__CHUNK_ABSENT) FUZZ_CHECK(r->rest.len == 0);
    if (form != ECHO__CHUNK_WHOLE) return;
    echo__hash(&is, r->rest.data, r->rest.len);
    FUZZ_CHECK(echo__hash_equal(&is, hash));
}

/* true: more of this answer follows. */
static bool check_blocks(const server *s, const echo_hash *feed, uint64_t *from, echo__reader *r) {
    static echo_bytes blocks[8192];
    uint8_t form = echo__read_u8(r);
    echo_feed_proof proof;
    echo_key key;
    echo__proven proven;
    FUZZ_CHECK(!r->bad && form <= ECHO__BLOCKS_ABSENT);
    if (form == ECHO__BLOCKS_ABSENT) {
        FUZZ_CHECK(r->rest.len == 0);
        return false;
    }
    (void)s;
    memcpy(key.bytes, feed->bytes, sizeof key.bytes);
    echo__read_proof(r, &proof);
    FUZZ_CHECK(!r->bad && proof.from == *from && proof.to > proof.from && proof.to - proof.from <= 8192);
    for (uint64_t i = 0; i < proof.to - proof.from; i++) blocks[i] = echo__read_bytes(r, echo__read_u32(r));
    FUZZ_CHECK(echo__reader_ok(r));
    FUZZ_OK(echo__proof_check(&proven, &proof, blocks, &key, NULL));
    echo__proven_free(&proven);
    *from = proof.to;
    return form == ECHO__BLOCKS_MORE;
}

static void take(void *arg, uint8_t type, echo_bytes payload) {
    server *s = arg;
    echo__reader r = echo__reader_of(payload);
    if (type == ECHO__MESSAGE_HELLO || type == ECHO__MESSAGE_REJECT) return;
    uint32_t id = echo__read_u32(&r);
    FUZZ_CHECK(s->first < s->count && !r.bad);
    size_t i = s->first;
    FUZZ_CHECK(id == s->asked[i].id);
    bool more = false;
    switch (s->asked[i].type) {
    case ECHO__MESSAGE_ASK:
        FUZZ_CHECK(type == ECHO__MESSAGE_OFFER);
        check_offer(s, &r);
        break;
    case ECHO__MESSAGE_WANT:
        FUZZ_CHECK(type == ECHO__MESSAGE_CHUNK);
        check_chunk(&s->asked[i].hash, s->asked[i].prints, &r);
        break;
    case ECHO__MESSAGE_TAIL:
        FUZZ_CHECK(type == ECHO__MESSAGE_BLOCKS);
        more = check_blocks(s, &s->asked[i].hash, &s->asked[i].from, &r);
        break;
    default:
        FUZZ_CHECK(s->asked[i].type == ECHO__MESSAGE_ATTEST && type == ECHO__MESSAGE_ATTESTED);
        if (echo__read_u8(&r) != 0) {
            echo__attestation word;
            echo__read_into(&r, word.member.bytes, sizeof word.member.bytes);
            echo__read_into(&r, word.signature, sizeof word.signature);
            FUZZ_CHECK(echo__attestation_ok(&word, &s->asked[i].hash));
        }
        FUZZ_CHECK(echo__reader_ok(&r));
    }
    if (!more) s->first++;
}

/* ---- questions ---- */

/* Sends a payload that was made anyhow, and notes what it asks. */
static void send(server *s, uint8_t type, echo_bytes payload) {
    echo__reader r = echo__reader_of(payload);
    echo_hash hash;
    memset(&hash, 0, sizeof hash);
    uint32_t id = echo__read_u32(&r);
    if (type != ECHO__MESSAGE_ASK) echo__read_into(&r, hash.bytes, sizeof hash.bytes);
    uint64_t from = type == ECHO__MESSAGE_TAIL ? echo__read_u64(&r) : 0;
    bool asks = type == ECHO__MESSAGE_ASK || type == ECHO__MESSAGE_WANT || type == ECHO__MESSAGE_TAIL ||
                type == ECHO__MESSAGE_ATTEST;
    if (asks && !r.bad) ask(s, type, id, &hash, from, type == ECHO__MESSAGE_WANT && r.rest.len > 0);
    fuzz_send(&s->end, type, payload);
}

static void send_made(server *s, uint8_t type, echo__buf *out) {
    FUZZ_OK(out->status);
    send(s, type, echo__buf_bytes(out));
    echo__buf_free(out);
}

static void ask_offer(server *s, fuzz_input *in, bool right) {
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, (uint32_t)s->count);
    if (right) {
        echo_timeframe *clock;
        FUZZ_OK(echo_timeframe_new(&clock));
        FUZZ_OK(echo_timeframe_set(clock, &s->w->keys[0].public_key, fuzz_u8(in)));
        echo_timeframe_to_binary(echo__buf_reserve(&out, echo_timeframe_binary_size(clock)), clock);
        out.len += echo_timeframe_binary_size(clock);
        echo_timeframe_free(clock);
    } else {
        echo_bytes part = fuzz_part(in);
        echo__buf_append(&out, part.data, part.len);
        s->rude = true;
    }
    send_made(s, ECHO__MESSAGE_ASK, &out);
}

static void ask_chunk(server *s, fuzz_input *in, bool right) {
    echo__buf out = ECHO__BUF_INIT, chunk = ECHO__BUF_INIT;
    uint8_t which = fuzz_u8(in);
    echo_hash hash = s->w->chunks[which % s->w->chunk_count];
    if (which == 255) hash.bytes[0] ^= 1;
    echo__write_u32(&out, (uint32_t)s->count);
    echo__buf_append(&out, hash.bytes, sizeof hash.bytes);
    if (right) {
        if (s->w->store.ops->get(s->w->store.ctx, &s->w->chunks[fuzz_u8(in) % s->w->chunk_count], fuzz_copy_bytes,
                                 &chunk, NULL) == ECHO_OK)
            (void)echo__delta_prints(&out, echo__buf_bytes(&chunk));
        echo__buf_free(&chunk);
    } else {
        echo_bytes part = fuzz_part(in);
        s->rude |= part.len % ECHO__DELTA_PRINT != 0 || part.len > (size_t)ECHO__DELTA_LINES * ECHO__DELTA_PRINT;
        echo__buf_append(&out, part.data, part.len);
    }
    send_made(s, ECHO__MESSAGE_WANT, &out);
}

static void ask_tail(server *s, fuzz_input *in, bool narrow) {
    echo__buf out = ECHO__BUF_INIT;
    uint8_t which = fuzz_u8(in);
    const echo_key *key = which % 4u == 3 ? &s->w->stranger.public_key : &s->w->keys[which % 4u].public_key;
    echo__write_u32(&out, (uint32_t)s->count);
    echo__buf_append(&out, key->bytes, sizeof key->bytes);
    echo__write_u64(&out, fuzz_u64(in, narrow ? 1 : 8));
    echo__write_u64(&out, fuzz_u64(in, narrow ? 1 : 8));
    send_made(s, ECHO__MESSAGE_TAIL, &out);
}

static void play(server *s, fuzz_input *in) {
    uint8_t how = fuzz_u8(in), type;
    bool high = (how & 0x80) != 0;
    echo__buf out = ECHO__BUF_INIT;
    size_t n, times;
    switch (how & 7) {
    case ASK: ask_offer(s, in, high); break;
    case FETCH: ask_chunk(s, in, high); break;
    case TAIL: ask_tail(s, in, high); break;
    case ATTEST:
        echo__write_u32(&out, (uint32_t)s->count);
        echo__buf_append(&out, (fuzz_u8(in) & 1 ? &s->w->digest : &s->w->chunks[0])->bytes, ECHO_HASH_BYTES);
        send_made(s, ECHO__MESSAGE_ATTEST, &out);
        break;
    case RAW:
        s->rude = true;
        type = fuzz_u8(in);
        send(s, type, fuzz_part(in));
        break;
    case MANY:
        s->rude = true;
        type = fuzz_u8(in);
        n = (size_t)fuzz_u16(in) * (high ? 36 : 1);
        times = fuzz_u16(in);
        uint8_t *zeros = calloc(1, n + 1);
        FUZZ_CHECK(zeros != NULL);
        for (size_t i = 0, all = 0;
             i < times && s->count < 60000 && all < ((size_t)256 << 20) && !echo_peer_is_over(s->end.peer);
             i++, all += n) {
            send(s, type, echo__bytes(zeros, n));
            if (i % 16 == 15) carry(s, 0);
        }
        free(zeros);
        break;
    case TAKE:
        n = (size_t)fuzz_u16(in) * 16;
        carry(s, n == 0 ? SIZE_MAX : n);
        return;
    default: s->now += (uint64_t)fuzz_u16(in) * 100000000; FUZZ_OK(echo_exchange_step(s->x, s->now, NULL));
    }
    carry(s, high ? SIZE_MAX : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static server s;
    fuzz_input in = fuzz_input_of(data, size);
    fuzz_random_begin();
    const fuzz_world *w = fuzz_world_get();
    fuzz_random_begin();
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    echo_store own;
    uint8_t flags = fuzz_u8(&in);
    s.first = s.count = 0;
    s.w = w;
    s.now = 1;
    s.rude = false;
    s.before = fuzz_memory();
    FUZZ_OK(w->store.ops->reopen(&own, w->store.ctx, NULL));
    options.party = &w->party.public_key;
    options.store = &own;
    options.feeds = &w->feeds;
    options.keys = &w->keys[0];
    options.opened = flags & 4 ? NULL : w->opened;
    options.models = w->models;
    options.serve = (flags & 2) == 0;
    FUZZ_OK(echo_exchange_new(&s.x, &options, NULL));
    if (fuzz_end_open(&s.end, w, s.x, flags & 1 ? &w->stranger.public_key : &w->keys[1].public_key, (flags & 8) != 0)) {
        s.end.take = take;
        s.end.arg = &s;
        carry(&s, SIZE_MAX);
        for (unsigned moves = 0; moves < 300 && fuzz_left(&in) > 0; moves++) play(&s, &in);
        carry(&s, SIZE_MAX);
        FUZZ_OK(echo_exchange_step(s.x, s.now + 1, NULL));
        carry(&s, SIZE_MAX);
        if (!s.rude) FUZZ_CHECK(!echo_peer_is_over(s.end.peer) && s.first == s.count);
        fuzz_end_close(&s.end);
    }
    echo_exchange_free(s.x);
    echo_store_close(&own);
    return 0;
}
