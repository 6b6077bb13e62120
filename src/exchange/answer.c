#include "exchange/answer.h"

#include "base/crypto.h"
#include "base/error.h"
#include "exchange/delta.h"
#include "exchange/open_feeds.h"
#include "exchange/peer.h"

#define BLOCKS_AT_ONCE 4096u

static bool serves(const echo_peer *peer) {
    return peer->x->options.serve && peer->x->options.opened != NULL && peer->judged;
}

/* What passes: no reason to say that something is not present. */
static bool is_short(echo_status status) { return status == ECHO_ERR_NOMEM || status == ECHO_ERR_BUSY; }

static echo__answered send_answer(echo_peer *peer, uint8_t type, const echo__buf *out) {
    echo_bytes part = echo__buf_bytes(out);
    if (out->status != ECHO_OK) return ECHO__ANSWER_LATER;
    (void)!echo__peer_send(peer, type, &part, 1);
    return ECHO__ANSWERED;
}

/* ---- offers ---- */

/* About the bytes of blocks from..length-1. */
static echo_status bytes_after(uint64_t *out, echo_exchange *x, void *feed, uint64_t from, uint64_t length) {
    echo_feed_proof proof;
    echo_error ignored = ECHO_ERROR_INIT;
    *out = 0;
    if (from >= length) return ECHO_OK;
    echo_status status = x->feeds->ops->prove(&proof, x->feeds->ctx, feed, from, from + 1, &ignored);
    if (status != ECHO_OK) return status;
    uint64_t sum = 0;
    for (size_t i = 0; i < proof.right_count; i++) sum += proof.right[i].size;
    *out = sum + sum / (length - from); /* and the one block that is not in the proof */
    return ECHO_OK;
}

/* A feed that cannot be read is not offered. */
static echo_status offer_feed(echo__buf *out, uint32_t *count, echo_exchange *x, const echo_key *key,
                              const echo_timeframe *asker) {
    echo__open_feed *feed;
    echo_feed_info info;
    echo_error ignored = ECHO_ERROR_INIT;
    uint64_t from = 0, seq, bytes;
    if (echo_timeframe_get(&seq, asker, key)) from = seq + 1;
    echo_status status = echo__open_feeds_get(&feed, x, key, false, &ignored);
    if (status == ECHO_OK) status = x->feeds->ops->info(&info, x->feeds->ctx, feed->handle, &ignored);
    if (status != ECHO_OK || info.verified == 0) return is_short(status) ? status : ECHO_OK;
    status = bytes_after(&bytes, x, feed->handle, from, info.verified);
    if (is_short(status)) return status;
    echo__offered_feed offered = {*key, info.verified, bytes};
    echo__write_offered_feed(out, &offered);
    (*count)++;
    return out->status;
}

/* Walks the feeds that may be admitted: those that are here if the host decides, otherwise those of the credentials. */
static const echo_key *admitted_feed(const echo_party *party, size_t i) {
    void *handle;
    echo_feed_info info;
    if (echo__party_admits_by_host(party)) return echo__merge_key(party->merge, i, &handle, &info);
    return i < echo__admission_feed_count(party->admission) ? echo__admission_feed(party->admission, i) : NULL;
}

static echo_status offer_feeds(echo__buf *out, echo_exchange *x, const echo_timeframe *asker) {
    const echo_party *party = x->options.opened;
    const echo_key *key;
    uint32_t count = 0;
    size_t at = out->len;
    echo__write_u32(out, 0);
    echo_status status = out->status;
    for (size_t i = 0; (key = admitted_feed(party, i)) != NULL && count < ECHO__FEEDS_MAX && status == ECHO_OK; i++)
        if (echo__party_admits(party, key)) status = offer_feed(out, &count, x, key, asker);
    if (status != ECHO_OK) return status;
    for (unsigned i = 0; i < 4; i++) out->data[at + i] = (uint8_t)(count >> (24 - 8 * i));
    return ECHO_OK;
}

static echo_status write_newest(void *arg, uint64_t number, echo_bytes text) {
    echo__buf *out = arg;
    echo_error ignored = ECHO_ERROR_INIT;
    echo__manifest manifest;
    (void)number;
    echo_status status = echo__manifest_read(&manifest, text, &ignored);
    if (status != ECHO_OK) return status == ECHO_ERR_NOMEM ? status : ECHO_OK;
    echo__manifest_free(&manifest);
    echo__write_u32(out, (uint32_t)text.len);
    echo__buf_append(out, text.data, text.len);
    return ECHO__STOP;
}

static echo_status write_offer(echo__buf *out, echo_peer *peer, const echo_timeframe *asker) {
    echo_exchange *x = peer->x;
    echo_error ignored = ECHO_ERROR_INIT;
    if (!serves(peer)) {
        echo__write_u32(out, 0);
        echo__write_u32(out, 0);
        return out->status;
    }
    echo_status status = x->store->ops->list(x->store->ctx, &x->party, write_newest, out, &ignored);
    if (is_short(status)) return status;
    if (status != ECHO__STOP) echo__write_u32(out, 0);
    return offer_feeds(out, x, asker);
}

static echo__answered answer_ask(echo_peer *peer, const echo__question *asked) {
    echo_timeframe *asker;
    echo_error ignored = ECHO_ERROR_INIT;
    echo_status status = echo_timeframe_from_binary(&asker, echo__bytes(asked->bytes, asked->len), &ignored);
    if (status == ECHO_ERR_NOMEM) return ECHO__ANSWER_LATER;
    if (status != ECHO_OK) {
        (void)echo__peer_drop_for(peer, ECHO_ERR_CORRUPT, "the timeframe in its request has the wrong shape");
        return ECHO__ANSWERED;
    }
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, asked->id);
    echo__answered answered =
        write_offer(&out, peer, asker) == ECHO_OK ? send_answer(peer, ECHO__MESSAGE_OFFER, &out) : ECHO__ANSWER_LATER;
    if (answered == ECHO__ANSWERED) peer->offered++;
    echo__buf_free(&out);
    echo_timeframe_free(asker);
    return answered;
}

/* ---- chunks ---- */

typedef struct chunk_reply {
    echo_peer *peer;
    const echo__question *asked;
    bool sent;
} chunk_reply;

/* false: there is none, or it is longer than the chunk. */
static bool make_delta(echo__buf *out, echo_bytes chunk, const echo__question *asked) {
    echo__buf records = ECHO__BUF_INIT;
    echo_error ignored = ECHO_ERROR_INIT;
    bool leaf = echo__delta_is_leaf(chunk);
    if (asked->len == 0) return false;
    echo_status status = leaf ? echo__delta_records(&records, chunk, &ignored) : ECHO_OK;
    if (status == ECHO_OK)
        echo__delta_make(out, leaf ? echo__buf_bytes(&records) : chunk, echo__bytes(asked->bytes, asked->len));
    echo__buf_free(&records);
    return status == ECHO_OK && out->status == ECHO_OK && out->len < chunk.len;
}

static echo_status send_chunk(void *arg, echo_bytes chunk) {
    chunk_reply *s = arg;
    echo_hash hash;
    echo__hash(&hash, chunk.data, chunk.len);
    if (!echo__hash_equal(&hash, &s->asked->hash)) return ECHO_ERR_CORRUPT; /* damaged locally: answered as absent */
    echo__buf head = ECHO__BUF_INIT, delta = ECHO__BUF_INIT;
    echo__write_u32(&head, s->asked->id);
    bool smaller = make_delta(&delta, chunk, s->asked);
    echo__buf_byte(&head, smaller ? ECHO__CHUNK_DELTA : ECHO__CHUNK_WHOLE);
    echo_bytes parts[2] = {echo__buf_bytes(&head), smaller ? echo__buf_bytes(&delta) : chunk};
    echo_status status =
        head.status == ECHO_OK ? echo__peer_send(s->peer, ECHO__MESSAGE_CHUNK, parts, 2) : ECHO_ERR_NOMEM;
    s->sent = head.status == ECHO_OK;
    echo__buf_free(&delta);
    echo__buf_free(&head);
    return status;
}

static echo__answered answer_want(echo_peer *peer, const echo__question *asked) {
    const echo_store *store = peer->x->store;
    chunk_reply s = {peer, asked, false};
    echo_error ignored = ECHO_ERROR_INIT;
    echo_status status =
        serves(peer) ? store->ops->get(store->ctx, &asked->hash, send_chunk, &s, &ignored) : ECHO_ERR_NOT_FOUND;
    if (s.sent || peer->over) return ECHO__ANSWERED;
    if (is_short(status)) return ECHO__ANSWER_LATER;
    echo__buf head = ECHO__BUF_INIT;
    echo__write_u32(&head, asked->id);
    echo__buf_byte(&head, ECHO__CHUNK_ABSENT);
    echo__answered answered = send_answer(peer, ECHO__MESSAGE_CHUNK, &head);
    echo__buf_free(&head);
    return answered;
}

/* ---- blocks ---- */

typedef struct blocks {
    echo__buf bytes;
    uint64_t count;
} blocks;

/* Adds a block to the message; ends the walk if that would make the message too long. */
static echo_status add_block(void *arg, uint64_t seq, echo_bytes block) {
    blocks *b = arg;
    (void)seq;
    if (b->count > 0 && b->bytes.len + block.len > ECHO__BLOCKS_BYTES) return ECHO__STOP;
    echo__write_u32(&b->bytes, (uint32_t)block.len);
    echo__buf_append(&b->bytes, block.data, block.len);
    b->count++;
    return b->bytes.status;
}

/* What is present of the blocks that are asked for, as many as a message takes, and their proof. ECHO_ERR_NOT_FOUND. */
static echo_status read_tail(blocks *b, echo_feed_proof *proof, uint64_t *to, echo_peer *peer,
                             const echo__question *asked) {
    echo_exchange *x = peer->x;
    const echo_feed_ops *ops = x->feeds->ops;
    echo_key key;
    echo__open_feed *feed;
    echo_feed_info info;
    echo_error ignored = ECHO_ERROR_INIT;
    memcpy(key.bytes, asked->hash.bytes, sizeof key.bytes);
    if (!serves(peer) || !echo__party_admits(x->options.opened, &key)) return ECHO_ERR_NOT_FOUND;
    echo_status status = echo__open_feeds_get(&feed, x, &key, false, &ignored);
    if (status == ECHO_OK) status = ops->info(&info, x->feeds->ctx, feed->handle, &ignored);
    if (status != ECHO_OK) return status;
    *to = asked->to < info.verified ? asked->to : info.verified;
    if (asked->from >= *to) return ECHO_ERR_NOT_FOUND;
    uint64_t most = *to - asked->from < BLOCKS_AT_ONCE ? *to : asked->from + BLOCKS_AT_ONCE;
    status = ops->read(x->feeds->ctx, feed->handle, asked->from, most, add_block, b, &ignored);
    if (b->bytes.status != ECHO_OK) return b->bytes.status;
    if (b->count == 0) return is_short(status) ? status : ECHO_ERR_NOT_FOUND;
    if (status != ECHO_OK && status != ECHO__STOP && status != ECHO_ERR_GAP) return status;
    return ops->prove(proof, x->feeds->ctx, feed->handle, asked->from, asked->from + b->count, &ignored);
}

/* One message of blocks; *asked moves after them. */
static echo__answered answer_tail(echo_peer *peer, echo__question *asked) {
    blocks b = {ECHO__BUF_INIT, 0};
    echo__buf head = ECHO__BUF_INIT;
    echo_feed_proof proof;
    uint64_t to = 0;
    echo_status status = read_tail(&b, &proof, &to, peer, asked);
    bool ok = status == ECHO_OK, more = ok && asked->from + b.count < to;
    echo__write_u32(&head, asked->id);
    echo__buf_byte(&head, !ok ? ECHO__BLOCKS_ABSENT : more ? ECHO__BLOCKS_MORE : ECHO__BLOCKS_LAST);
    if (ok) echo__write_proof(&head, &proof);
    bool later = is_short(status) || head.status != ECHO_OK;
    echo_bytes parts[2] = {echo__buf_bytes(&head), echo__buf_bytes(&b.bytes)};
    if (!later) (void)!echo__peer_send(peer, ECHO__MESSAGE_BLOCKS, parts, ok ? 2 : 1);
    if (!later && !peer->over) asked->from += b.count; /* dropped, it frees the question */
    echo__buf_free(&head);
    echo__buf_free(&b.bytes);
    return later ? ECHO__ANSWER_LATER : more && !peer->over ? ECHO__ANSWERED_IN_PART : ECHO__ANSWERED;
}

/* ---- attestations ---- */

typedef struct word_search {
    const echo_hash *digest;
    echo__attestation *out;
    const echo_keypair *keys;
} word_search;

/* The own attestation in a kept snapshot with that digest, made when it was taken. */
static echo_status find_word(void *arg, uint64_t number, echo_bytes text) {
    word_search *a = arg;
    bool found = false;
    echo__manifest manifest;
    echo_error ignored = ECHO_ERROR_INIT;
    echo_hash digest;
    (void)number;
    echo_status status = echo__manifest_read(&manifest, text, &ignored);
    if (status != ECHO_OK) return status == ECHO_ERR_NOMEM ? status : ECHO_OK;
    status = echo__manifest_digest(&digest, &manifest);
    bool same = status == ECHO_OK && echo__hash_equal(&digest, a->digest);
    for (size_t i = 0; same && !manifest.received && i < manifest.attestation_count; i++) {
        if (!echo__key_equal(&manifest.attestations[i].member, &a->keys->public_key)) continue;
        *a->out = manifest.attestations[i];
        found = true;
    }
    echo__manifest_free(&manifest);
    return found ? ECHO__STOP : status;
}

static echo__answered answer_attest(echo_peer *peer, const echo__question *asked) {
    const echo_exchange *x = peer->x;
    echo__attestation word;
    echo_error ignored = ECHO_ERROR_INIT;
    word_search a = {&asked->hash, &word, &x->keys};
    echo_status status =
        serves(peer) && x->has_keys ? x->store->ops->list(x->store->ctx, &x->party, find_word, &a, &ignored) : ECHO_OK;
    if (is_short(status)) return ECHO__ANSWER_LATER;
    bool found = status == ECHO__STOP;
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, asked->id);
    echo__buf_byte(&out, found);
    if (found) {
        echo__buf_append(&out, word.member.bytes, sizeof word.member.bytes);
        echo__buf_append(&out, word.signature, sizeof word.signature);
    }
    echo__answered answered = send_answer(peer, ECHO__MESSAGE_ATTESTED, &out);
    echo__buf_free(&out);
    return answered;
}

echo__answered echo__answer(echo_peer *peer, echo__question *asked) {
    switch (asked->type) {
    case ECHO__MESSAGE_ASK: return answer_ask(peer, asked);
    case ECHO__MESSAGE_WANT: return answer_want(peer, asked);
    case ECHO__MESSAGE_TAIL: return answer_tail(peer, asked);
    default: return answer_attest(peer, asked);
    }
}
