#include "exchange/serve.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/delta.h"
#include "exchange/open_feeds.h"
#include "exchange/peer.h"

#define QUEUE_MAX 16384u
#define QUEUE_BYTES ((size_t)16 << 20) /* of questions that wait: they may be packed to a thousandth of that */
#define SENDING ((size_t)128 << 10)    /* bytes written ahead of what the host takes, about */
#define BLOCKS_AT_ONCE 4096u

static bool serves(const echo_peer *peer) {
    return peer->x->options.serve && peer->x->options.opened != NULL && peer->judged;
}

size_t echo__serve_longest(const echo_peer *peer, uint8_t type) {
    size_t room = peer->wanted_bytes < QUEUE_BYTES ? QUEUE_BYTES - peer->wanted_bytes : 0, longest;
    if (peer->wanted_count >= QUEUE_MAX) return 0;
    switch (type) {
    case ECHO__MESSAGE_ASK: longest = 4 + (size_t)ECHO__FEEDS_MAX * 40; break;
    case ECHO__MESSAGE_WANT: longest = 36 + ECHO__DELTA_LINES * ECHO__DELTA_PRINT; break;
    case ECHO__MESSAGE_TAIL: longest = 4 + 32 + 16; break;
    case ECHO__MESSAGE_ATTEST: longest = 4 + 32; break;
    default: return 0;
    }
    return longest < room ? longest : room;
}

static echo_status add_question(echo_peer *peer, const echo__question *head, echo_bytes bytes, echo_error *err) {
    if (peer->finished) return ECHO_OK; /* it may not have heard the goodbye yet */
    echo__question *one = echo__malloc(sizeof *one + bytes.len);
    if (one == NULL) return echo__nomem(err);
    *one = *head;
    one->next = NULL;
    one->len = bytes.len;
    if (bytes.len > 0) memcpy(one->bytes, bytes.data, bytes.len);
    *peer->wanted_end = one;
    peer->wanted_end = &one->next;
    peer->wanted_count++;
    peer->wanted_bytes += sizeof *one + one->len;
    return ECHO_OK;
}

echo_status echo__serve_accept(echo_peer *peer, uint8_t type, echo_bytes payload, echo_error *err) {
    echo__reader r = echo__reader_of(payload);
    echo__question head;
    memset(&head, 0, sizeof head);
    head.type = type;
    head.id = echo__read_u32(&r);
    if (type != ECHO__MESSAGE_ASK) echo__read_into(&r, head.hash.bytes, sizeof head.hash.bytes);
    if (type == ECHO__MESSAGE_TAIL) {
        head.from = echo__read_u64(&r);
        head.to = echo__read_u64(&r);
    }
    bool whole = type == ECHO__MESSAGE_ASK    ? r.rest.len % 40 == 0
                 : type == ECHO__MESSAGE_WANT ? r.rest.len % ECHO__DELTA_PRINT == 0
                                              : r.rest.len == 0;
    if (r.bad || !whole || type < ECHO__MESSAGE_ASK || type > ECHO__MESSAGE_ATTEST)
        return echo__error(err, ECHO_ERR_CORRUPT, "peer: a message has the wrong shape");
    return add_question(peer, &head, r.rest, err);
}

void echo__serve_forget(echo_peer *peer) {
    for (echo__question *one = peer->wanted, *next; one != NULL; one = next) {
        next = one->next;
        echo__free(one);
    }
    peer->wanted = NULL;
    peer->wanted_end = &peer->wanted;
    peer->wanted_count = peer->wanted_bytes = 0;
}

/* ---- offers ---- */

/* About the bytes of blocks from..length-1. */
static uint64_t bytes_after(echo_exchange *x, void *feed, uint64_t from, uint64_t length) {
    echo_feed_proof proof;
    echo_error ignored = ECHO_ERROR_INIT;
    if (from >= length || x->feeds->ops->prove(&proof, x->feeds->ctx, feed, from, from + 1, &ignored) != ECHO_OK)
        return 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < proof.right_count; i++) sum += proof.right[i].size;
    return sum + sum / (length - from); /* and the one block that is not in the proof */
}

static void offer_feed(echo__buf *out, uint32_t *count, echo_exchange *x, const echo_key *key,
                       const echo_timeframe *asker) {
    echo__open_feed *feed;
    echo_feed_info info;
    echo_error ignored = ECHO_ERROR_INIT;
    uint64_t from = 0, seq;
    if (echo_timeframe_get(&seq, asker, key)) from = seq + 1;
    if (echo__open_feeds_get(&feed, x, key, false, &ignored) != ECHO_OK) return;
    if (x->feeds->ops->info(&info, x->feeds->ctx, feed->handle, &ignored) != ECHO_OK || info.verified == 0) return;
    echo__offered_feed offered = {*key, info.verified, bytes_after(x, feed->handle, from, info.verified)};
    echo__write_offered_feed(out, &offered);
    (*count)++;
}

static echo_status offer_feeds(echo__buf *out, echo_exchange *x, const echo_timeframe *asker) {
    const echo__admission *admission = x->options.opened->admission;
    uint32_t count = 0;
    size_t at = out->len;
    echo__write_u32(out, 0);
    for (size_t i = 0; i < echo__admission_feed_count(admission) && count < ECHO__FEEDS_MAX; i++)
        offer_feed(out, &count, x, echo__admission_feed(admission, i), asker);
    if (out->status != ECHO_OK) return out->status;
    for (unsigned i = 0; i < 4; i++) out->data[at + i] = (uint8_t)(count >> (24 - 8 * i));
    return ECHO_OK;
}

static echo_status write_newest(void *arg, uint64_t number, echo_bytes text) {
    echo__buf *out = arg;
    echo_error ignored = ECHO_ERROR_INIT;
    echo__manifest manifest;
    (void)number;
    if (echo__manifest_read(&manifest, text, &ignored) != ECHO_OK) return ECHO_OK;
    echo__manifest_free(&manifest);
    echo__write_u32(out, (uint32_t)text.len);
    echo__buf_append(out, text.data, text.len);
    return ECHO__STOP;
}

static void answer_ask(echo_peer *peer, const echo__question *asked) {
    echo_exchange *x = peer->x;
    echo_timeframe *asker;
    echo_error ignored = ECHO_ERROR_INIT;
    if (echo_timeframe_from_binary(&asker, echo__bytes(asked->bytes, asked->len), &ignored) != ECHO_OK) {
        (void)echo__peer_drop_for(peer, ECHO_ERR_CORRUPT, "the timeframe in its request has the wrong shape");
        return;
    }
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, asked->id);
    bool found =
        serves(peer) && x->store->ops->list(x->store->ctx, &x->party, write_newest, &out, &ignored) == ECHO__STOP;
    if (!found) echo__write_u32(&out, 0);
    if (serves(peer))
        (void)offer_feeds(&out, x, asker);
    else
        echo__write_u32(&out, 0);
    echo_bytes part = echo__buf_bytes(&out);
    if (out.status == ECHO_OK) (void)!echo__peer_send(peer, ECHO__MESSAGE_OFFER, &part, 1);
    echo__buf_free(&out);
    echo_timeframe_free(asker);
}

/* ---- chunks ---- */

typedef struct chunk_reply {
    echo_peer *peer;
    const echo__question *asked;
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
    const chunk_reply *s = arg;
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
    echo__buf_free(&delta);
    echo__buf_free(&head);
    return status;
}

static void answer_want(echo_peer *peer, const echo__question *asked) {
    const echo_store *store = peer->x->store;
    chunk_reply s = {peer, asked};
    echo_error ignored = ECHO_ERROR_INIT;
    echo_status status =
        serves(peer) ? store->ops->get(store->ctx, &asked->hash, send_chunk, &s, &ignored) : ECHO_ERR_NOT_FOUND;
    if (status == ECHO_OK || peer->over) return;
    echo__buf head = ECHO__BUF_INIT;
    echo__write_u32(&head, asked->id);
    echo__buf_byte(&head, ECHO__CHUNK_ABSENT);
    echo_bytes part = echo__buf_bytes(&head);
    if (head.status == ECHO_OK) (void)!echo__peer_send(peer, ECHO__MESSAGE_CHUNK, &part, 1);
    echo__buf_free(&head);
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

/* One message of blocks; *asked moves after them. false: that was the last. */
static bool answer_tail(echo_peer *peer, echo__question *asked) {
    echo_exchange *x = peer->x;
    echo_key key;
    echo__open_feed *feed;
    echo_feed_info info;
    echo_error ignored = ECHO_ERROR_INIT;
    blocks b = {ECHO__BUF_INIT, 0};
    echo__buf head = ECHO__BUF_INIT;
    echo_feed_proof proof;
    memcpy(key.bytes, asked->hash.bytes, sizeof key.bytes);
    bool ok = serves(peer) && echo__party_admits(x->options.opened, &key) &&
              echo__open_feeds_get(&feed, x, &key, false, &ignored) == ECHO_OK &&
              x->feeds->ops->info(&info, x->feeds->ctx, feed->handle, &ignored) == ECHO_OK;
    uint64_t to = ok && asked->to < info.verified ? asked->to
                  : ok                            ? info.verified
                                                  : 0,
             most = asked->from + BLOCKS_AT_ONCE;
    if (ok && asked->from < to) {
        echo_status read = x->feeds->ops->read(x->feeds->ctx, feed->handle, asked->from, to < most ? to : most,
                                               add_block, &b, &ignored);
        ok = (read == ECHO_OK || read == ECHO__STOP || read == ECHO_ERR_GAP) && b.count > 0;
    } else {
        ok = false;
    }
    if (ok)
        ok = x->feeds->ops->prove(&proof, x->feeds->ctx, feed->handle, asked->from, asked->from + b.count, &ignored) ==
             ECHO_OK;
    asked->from += b.count;
    bool more = ok && asked->from < to;
    echo__write_u32(&head, asked->id);
    echo__buf_byte(&head, !ok ? ECHO__BLOCKS_ABSENT : more ? ECHO__BLOCKS_MORE : ECHO__BLOCKS_LAST);
    if (ok) echo__write_proof(&head, &proof);
    echo_bytes parts[2] = {echo__buf_bytes(&head), echo__buf_bytes(&b.bytes)};
    if (head.status == ECHO_OK) (void)!echo__peer_send(peer, ECHO__MESSAGE_BLOCKS, parts, ok ? 2 : 1);
    echo__buf_free(&head);
    echo__buf_free(&b.bytes);
    return more;
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
    if (echo__manifest_read(&manifest, text, &ignored) != ECHO_OK) return ECHO_OK;
    bool same = echo__manifest_digest(&digest, &manifest) == ECHO_OK && echo__hash_equal(&digest, a->digest);
    for (size_t i = 0; same && !manifest.received && i < manifest.attestation_count; i++) {
        if (!echo__key_equal(&manifest.attestations[i].member, &a->keys->public_key)) continue;
        *a->out = manifest.attestations[i];
        found = true;
    }
    echo__manifest_free(&manifest);
    return found ? ECHO__STOP : ECHO_OK;
}

static void answer_attest(echo_peer *peer, const echo__question *asked) {
    const echo_exchange *x = peer->x;
    echo__attestation word;
    echo_error ignored = ECHO_ERROR_INIT;
    word_search a = {&asked->hash, &word, &x->keys};
    bool found = serves(peer) && x->has_keys &&
                 x->store->ops->list(x->store->ctx, &x->party, find_word, &a, &ignored) == ECHO__STOP;
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, asked->id);
    echo__buf_byte(&out, found);
    if (found) {
        echo__buf_append(&out, word.member.bytes, sizeof word.member.bytes);
        echo__buf_append(&out, word.signature, sizeof word.signature);
    }
    echo_bytes part = echo__buf_bytes(&out);
    if (out.status == ECHO_OK) (void)!echo__peer_send(peer, ECHO__MESSAGE_ATTESTED, &part, 1);
    echo__buf_free(&out);
}

/* ---- the queue ---- */

static bool answer(echo_peer *peer, echo__question *asked) {
    switch (asked->type) {
    case ECHO__MESSAGE_ASK: answer_ask(peer, asked); return false;
    case ECHO__MESSAGE_WANT: answer_want(peer, asked); return false;
    case ECHO__MESSAGE_TAIL: return answer_tail(peer, asked);
    default: answer_attest(peer, asked); return false;
    }
}

void echo__serve_fill(echo_peer *peer) {
    uint64_t before = echo__channel_count(peer->channel).payload_out;
    while (!peer->over && !peer->finished && peer->wanted != NULL && echo__channel_waiting(peer->channel) < SENDING &&
           echo__channel_count(peer->channel).payload_out - before < SENDING) {
        echo__question *one = peer->wanted;
        if (answer(peer, one)) continue;
        if (peer->over || peer->wanted != one) return; /* dropped meanwhile: the queue is gone */
        peer->wanted = one->next;
        if (peer->wanted == NULL) peer->wanted_end = &peer->wanted;
        peer->wanted_count--;
        peer->wanted_bytes -= sizeof *one + one->len;
        echo__free(one);
    }
}
