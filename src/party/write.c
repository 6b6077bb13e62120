/*
 * Local writes: checked, encoded, appended as one durable batch, then read back from the feed like the messages of
 * others. So all messages reach the items the same way, and everything that is covered is durable (P5).
 */
#include <sodium.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "party/poll.h"
#include "party/write_check.h"

void echo_id_new(char out[ECHO_HEX_CHARS]) {
    if (out == NULL) return;
    uint8_t bytes[32];
    randombytes_buf(bytes, sizeof bytes);
    echo__hex_encode(out, bytes, sizeof bytes);
}

/* ---- checks ---- */

/* What is appended after a block that is not applied would not be applied either. */
static echo_status check_end(echo_party *party, echo_error *err) {
    echo_status status = ECHO_OK;
    echo__party_find_own(party);
    if (party->blocked) status = echo__party_poll(NULL, party, 0, err);
    if (status != ECHO_OK || !party->blocked) return status;
    echo_error problem = ECHO_ERROR_INIT;
    status = echo__merge_obstacle(party->merge, &party->own, &problem);
    if (status == ECHO_OK) status = echo__error(&problem, ECHO_ERR_BUSY, "its blocks have not been applied yet");
    echo__error(err, status, "nothing can be appended to the own feed: %.180s", problem.message);
    if (problem.has_seq) echo__error_seq(err, &problem.feed, problem.seq);
    return status;
}

static echo_status check_own(echo_party *party, echo_error *err) {
    if (!party->options.writable) return echo__error(err, ECHO_ERR_READONLY, "the party was opened read-only");
    if (!party->has_own) {
        return echo__error(
            err, ECHO_ERR_READONLY,
            "no own feed: no admitted feed has its secret key present, or more than one has (set `own_feed` to "
            "choose one)");
    }
    if (party->behind) {
        echo__error(err, ECHO_ERR_BEHIND, "the own feed is shorter than the snapshot says: writing would fork it");
        echo__error_feed(err, &party->own);
        return ECHO_ERR_BEHIND;
    }
    return check_end(party, err);
}

/* ---- encoding ---- */

/* The clock as frames, with room for the own feed's; *own is left alone when that is not among them. */
static echo_status clock_frames(echo_frame **out, size_t *count, size_t *own, echo_party *party, echo_error *err) {
    size_t n = echo_timeframe_size(party->clock);
    echo_frame *frames = echo__realloc_array(NULL, n + 1, sizeof *frames);
    if (frames == NULL) return echo__nomem(err);
    for (size_t i = 0; i < n; i++) {
        (void)echo_timeframe_at(&frames[i], party->clock, i);
        if (echo__key_equal(&frames[i].feed, &party->own)) *own = i;
    }
    *out = frames;
    *count = n;
    return ECHO_OK;
}

static echo_status encode(echo_bytes *out, echo_party *party, echo_message *message, echo_error *err) {
    uint8_t *block;
    size_t len;
    message->generation = party->generation != 0 ? party->generation : party->codec.ops->generation;
    echo_status status = party->codec.ops->encode(&block, &len, party->codec.ctx, message, err);
    *out = echo__bytes(status == ECHO_OK ? block : NULL, status == ECHO_OK ? len : 0);
    return status == ECHO_OK ? ECHO_OK : echo__error_adopt(err, status, "message cannot be encoded");
}

static void fill_message(echo_message *message, const echo_write *w) {
    memset(message, 0, sizeof *message);
    message->kind = ECHO_MESSAGE_ITEM;
    message->item = echo__bytes_text(w->id);
    message->has_genesis = w->create;
    message->type = echo__bytes_text(w->type);
    message->model = w->create ? echo__bytes_text(w->model) : echo__bytes(NULL, 0);
    message->source = echo__bytes_text(w->source);
    message->target = echo__bytes_text(w->target);
    message->has_parent = w->set_parent;
    message->parent = echo__bytes_text(w->parent == NULL ? "" : w->parent);
    message->action = w->action;
    message->has_mutation = w->mutation != NULL;
    if (w->mutation != NULL) message->mutation = *w->mutation;
}

/* Message i of a batch has those before it in its timeframe. */
static void add_own_frame(echo_frame *frames, size_t *count, size_t *own, const echo_key *feed, uint64_t seq) {
    if (seq == 0) return;
    if (*own == SIZE_MAX) {
        *own = (*count)++;
        frames[*own].feed = *feed;
    }
    frames[*own].seq = seq - 1;
}

typedef echo_status (*message_fn)(echo_message *message, const void *arg, size_t i);

static echo_status append(echo_party *party, size_t n, message_fn make, const void *arg, bool *written,
                          echo_error *err) {
    void *handle = echo__merge_feed(party->merge, &party->own);
    echo_feed_info info;
    echo_frame *frames = NULL;
    size_t frame_count = 0, own = SIZE_MAX, made = 0;
    echo_status status = party->feeds.ops->info(&info, party->feeds.ctx, handle, err);
    if (status == ECHO_OK) status = clock_frames(&frames, &frame_count, &own, party, err);
    if (status != ECHO_OK) return status;
    echo_bytes *blocks = echo__calloc(n, sizeof *blocks);
    if (blocks == NULL) status = echo__nomem(err);
    for (; status == ECHO_OK && made < n; made++) {
        echo_message message;
        add_own_frame(frames, &frame_count, &own, &party->own, info.length + made);
        status = make(&message, arg, made);
        message.frames = frames;
        message.frame_count = frame_count;
        if (status == ECHO_OK) status = encode(&blocks[made], party, &message, err);
    }
    uint64_t first;
    if (status == ECHO_OK) {
        status = party->feeds.ops->append(&first, party->feeds.ctx, handle, blocks, n, err);
        if (status != ECHO_OK)
            echo__error_feed(err, &party->own);
        else if (written != NULL)
            *written = true;
    }
    for (size_t i = 0; blocks != NULL && i < made; i++)
        if (blocks[i].data != NULL) party->codec.ops->release(party->codec.ctx, (uint8_t *)(uintptr_t)blocks[i].data);
    echo__free(blocks);
    echo__free(frames);
    if (status == ECHO_OK) status = echo__party_poll(NULL, party, 0, err);
    return status == ECHO_OK ? check_end(party, err) : status;
}

static echo_status make_write(echo_message *message, const void *arg, size_t i) {
    fill_message(message, (const echo_write *)arg + i);
    return ECHO_OK;
}

echo_status echo_party_write(bool *written, echo_party *party, const echo_write *writes, size_t n, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    if (written != NULL) *written = false;
    echo_status status = echo__party_enter(party, err);
    if (status != ECHO_OK) return status;
    if (n > 0 && writes == NULL) status = echo__error_null(&own, "writes");
    if (status == ECHO_OK && n > 0) status = check_own(party, &own);
    if (status == ECHO_OK && n > 0) status = echo__write_check(party, writes, n, &own);
    if (status == ECHO_OK && n > 0) status = append(party, n, make_write, writes, written, &own);
    echo__party_leave(party);
    return echo__error_return(err, &own, status, "nothing can be written");
}

/* ---- credentials ---- */

static echo_status make_credential(echo_message *message, const void *arg, size_t i) {
    (void)i;
    memset(message, 0, sizeof *message);
    message->kind = ECHO_MESSAGE_CREDENTIAL;
    message->credential = *(const echo_bytes *)arg;
    return ECHO_OK;
}

/* Appended by anybody else it would admit nothing. */
static echo_status check_signer(const echo_party *party, const echo_keypair *signer, echo_error *err) {
    if (memcmp(signer->secret + 32, signer->public_key.bytes, sizeof signer->public_key.bytes) != 0)
        return echo__error(err, ECHO_ERR_INVALID, "the signer's secret key is not that of its public key");
    if (echo__key_equal(&signer->public_key, &party->key) ||
        echo__admission_trusts(party->admission, &signer->public_key))
        return ECHO_OK;
    return echo__error(err, ECHO_ERR_REFUSED, "the party does not trust the signer, whose credential admits nothing");
}

static echo_status admit_feed(echo_party *party, const echo_key *feed, const echo_keypair *signer, echo_error *err) {
    const echo_party_options *o = &party->options;
    char created[ECHO__DATE_CHARS];
    echo__buf credential = ECHO__BUF_INIT;
    echo_status status = check_own(party, err);
    if (status == ECHO_OK) status = check_signer(party, signer, err);
    if (status == ECHO_OK) {
        echo__date(created, o->now != NULL ? o->now(o->now_arg) : echo__wall_ms());
        status = echo__credential_make_feed_admit(&credential, &party->key, feed, signer, created);
        if (status != ECHO_OK) echo__error(err, status, "credential cannot be created");
    }
    echo_bytes bytes = echo__buf_bytes(&credential);
    if (status == ECHO_OK) status = append(party, 1, make_credential, &bytes, NULL, err);
    echo__buf_free(&credential);
    return status;
}

echo_status echo_party_admit_feed(echo_party *party, const echo_key *feed, const echo_keypair *signer,
                                  echo_error *err) {
    if (party == NULL || feed == NULL || signer == NULL)
        return echo__error_null(err, party == NULL ? "party" : feed == NULL ? "feed" : "signer");
    echo_error own = ECHO_ERROR_INIT;
    echo_status status = echo__party_enter(party, err);
    if (status != ECHO_OK) return status;
    status = admit_feed(party, feed, signer, &own);
    echo__party_leave(party);
    return echo__error_return(err, &own, status, NULL);
}
