#include "exchange/channel.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/channel_hello.h"
#include "exchange/channel_state.h"

#define KEEP_BYTES ((size_t)256 << 10) /* buffers that grew beyond are given back when they are empty */
#define PAYLOAD_MOST UINT32_MAX

static echo_status report(const echo__channel *c, echo_error *err) {
    if (c->status != ECHO_OK && err != NULL) *err = c->error;
    return c->status;
}

static bool is_valid(const echo__channel_options *o) {
    return o->admits != NULL && o->most != NULL && (o->plain || o->keys != NULL) &&
           (!o->initiator || o->party_count == 1) && (o->party_count == 0 || o->parties != NULL);
}

echo_status echo__channel_new(echo__channel **out, const echo__channel_options *options, echo_error *err) {
    *out = NULL;
    if (!is_valid(options)) return echo__error(err, ECHO_ERR_INVALID, "a channel's options are incomplete");
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    echo__channel *c = echo__calloc(1, sizeof *c);
    if (c == NULL) return echo__nomem(err);
    c->options = *options;
    c->options.keys = NULL;
    c->options.parties = NULL;
    if (options->keys != NULL) c->keys = *options->keys;
    c->parties = echo__calloc(options->party_count, sizeof *c->parties);
    if (c->parties != NULL) {
        if (options->party_count > 0) memcpy(c->parties, options->parties, options->party_count * sizeof *c->parties);
        echo__channel_begin(c);
    }
    if (c->parties == NULL || c->out.status != ECHO_OK) {
        echo__channel_free(c);
        return echo__nomem(err);
    }
    *out = c;
    return ECHO_OK;
}

void echo__channel_free(echo__channel *c) {
    if (c == NULL) return;
    echo__stream_in_free(&c->down);
    echo__stream_out_free(&c->up);
    echo__buf_free(&c->in);
    echo__buf_free(&c->out);
    echo__buf_free(&c->payload);
    echo__free(c->parties);
    echo__wipe(c, sizeof *c);
    echo__free(c);
}

/* Removes processed bytes once they are half of the buffer, so that moving the rest costs amortised constant time. */
static void compact(echo__buf *buf, size_t *done) {
    if (*done < buf->len - *done) return;
    if (*done < buf->len) memmove(buf->data, buf->data + *done, buf->len - *done);
    buf->len -= *done;
    *done = 0;
    if (buf->len == 0 && buf->cap > KEEP_BYTES) echo__buf_free(buf);
}

echo_status echo__channel_receive(echo__channel *c, echo_bytes bytes, echo_error *err) {
    if (c->status != ECHO_OK) return report(c, err);
    c->counts.raw_in += bytes.len;
    compact(&c->in, &c->taken);
    echo__buf_append(&c->in, bytes.data, bytes.len);
    if (c->in.status != ECHO_OK) (void)echo__channel_die(c, ECHO_ERR_NOMEM, "out of memory");
    for (bool went = true; went && c->status == ECHO_OK;) (void)echo__channel_shake(c, &went);
    return report(c, err);
}

/* ---- messages ---- */

/* Moves up to n bytes of what is unpacked. */
static echo_bytes take_piece(echo__channel *c, size_t n) {
    echo_bytes bytes = echo__bytes(c->piece.data, c->piece.len < n ? c->piece.len : n);
    if (bytes.len > 0) c->piece = echo__bytes(c->piece.data + bytes.len, c->piece.len - bytes.len);
    return bytes;
}

static size_t length_of(const uint8_t head[ECHO__MESSAGE_HEAD]) {
    return (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
}

/* Puts decompressed bytes into the message that is arriving; *whole: that completes it. Its maximum length is asked for
 * before memory is allocated. */
static echo_status digest(echo__channel *c, bool *whole) {
    if (c->head_len < ECHO__MESSAGE_HEAD) {
        echo_bytes bytes = take_piece(c, ECHO__MESSAGE_HEAD - c->head_len);
        memcpy(c->head + c->head_len, bytes.data, bytes.len);
        c->head_len += bytes.len;
        if (c->head_len < ECHO__MESSAGE_HEAD) return ECHO_OK;
        size_t most = c->options.most(c->options.arg, c->head[4]);
        if (most == 0)
            return echo__channel_die(c, ECHO_ERR_LIMIT, "the peer sent a message of a type that is not allowed now");
        if (length_of(c->head) > most) return echo__channel_die(c, ECHO_ERR_LIMIT, "the peer's message is too long");
    }
    echo_bytes bytes = take_piece(c, length_of(c->head) - c->payload.len);
    echo__buf_append(&c->payload, bytes.data, bytes.len);
    if (c->payload.status != ECHO_OK) return echo__channel_die(c, ECHO_ERR_NOMEM, "out of memory");
    *whole = c->payload.len == length_of(c->head);
    return ECHO_OK;
}

static const char *why_not_read(echo_status status) {
    switch (status) {
    case ECHO_ERR_NOMEM: return "out of memory";
    case ECHO_ERR_LIMIT: return "the peer compresses with too large a window";
    default: return "the received bytes are not what the peer sealed";
    }
}

static echo_status unpack_more(echo__channel *c) {
    size_t used;
    echo_bytes raw = echo__bytes(c->in.data, 0);
    if (c->taken < c->in.len) raw = echo__bytes(c->in.data + c->taken, c->in.len - c->taken);
    echo_status status = echo__stream_read(&c->piece, &used, &c->down, raw);
    if (status != ECHO_OK) return echo__channel_die(c, status, why_not_read(status));
    c->taken += used;
    bool ends_within = c->down.finished && c->head_len > 0;
    return ends_within ? echo__channel_die(c, ECHO_ERR_CORRUPT, "the peer ended the stream in the middle of a message")
                       : ECHO_OK;
}

/* The message that was handed out last is over. */
static void next_message(echo__channel *c) {
    if (c->head_len < ECHO__MESSAGE_HEAD || c->payload.len < length_of(c->head)) return;
    c->head_len = 0;
    if (c->payload.cap > KEEP_BYTES) echo__buf_free(&c->payload);
    echo__buf_clear(&c->payload);
}

echo_status echo__channel_next(bool *found, uint8_t *type, echo_bytes *payload, echo__channel *c, echo_error *err) {
    bool whole = false;
    *found = false;
    if (c->status != ECHO_OK || c->phase != ECHO__OPEN) return report(c, err);
    next_message(c);
    while (!whole && c->status == ECHO_OK) {
        if (c->piece.len > 0)
            (void)digest(c, &whole);
        else if (unpack_more(c) == ECHO_OK && c->piece.len == 0)
            return ECHO_OK;
    }
    if (c->status != ECHO_OK) return report(c, err);
    *found = true;
    *type = c->head[4];
    *payload = echo__buf_bytes(&c->payload);
    c->counts.payload_in += payload->len;
    return ECHO_OK;
}

/* A message that is partly in the stream cannot be removed, so running out of memory makes the channel dead. */
echo_status echo__channel_write(echo__channel *c, uint8_t type, const echo_bytes *parts, size_t n, echo_error *err) {
    uint64_t len = 0;
    if (c->status != ECHO_OK) return report(c, err);
    if (c->finishing) return echo__error(err, ECHO_ERR_INVALID, "nothing can be written after the channel is finished");
    for (size_t i = 0; i < n; i++) {
        if (parts[i].len > PAYLOAD_MOST - len) return echo__error(err, ECHO_ERR_LIMIT, "a message is too long");
        len += parts[i].len;
    }
    uint8_t head[ECHO__MESSAGE_HEAD];
    for (int i = 0; i < 4; i++) head[i] = (uint8_t)(len >> 8 * (3 - i) & 0xff);
    head[4] = type;
    echo_status status = echo__stream_write(&c->out, &c->up, echo__bytes(head, sizeof head));
    for (size_t i = 0; i < n && status == ECHO_OK; i++) status = echo__stream_write(&c->out, &c->up, parts[i]);
    if (status != ECHO_OK)
        (void)echo__channel_die(c, status, "out of memory");
    else
        c->counts.payload_out += len;
    return report(c, err);
}

void echo__channel_finish(echo__channel *c) { c->finishing = true; }

echo_bytes echo__channel_pending(echo__channel *c) {
    if (c->status == ECHO_OK && c->phase == ECHO__OPEN && c->out.len - c->sent < ECHO__FRAME_MOST) {
        echo_status status = echo__stream_flush(&c->out, &c->up, c->finishing);
        if (status != ECHO_OK) (void)echo__channel_die(c, status, "out of memory");
    }
    return c->sent < c->out.len ? echo__bytes(c->out.data + c->sent, c->out.len - c->sent) : echo__bytes(NULL, 0);
}

void echo__channel_sent(echo__channel *c, size_t n) {
    if (n > c->out.len - c->sent) n = c->out.len - c->sent;
    c->counts.raw_out += n;
    c->sent += n;
    compact(&c->out, &c->sent);
}

size_t echo__channel_waiting(const echo__channel *c) { return c->out.len - c->sent + c->up.packed.len; }

/* ---- what it says of itself ---- */

echo_status echo__channel_status(const echo__channel *c, echo_error *err) { return report(c, err); }

bool echo__channel_is_open(const echo__channel *c) { return c->phase == ECHO__OPEN; }

bool echo__channel_is_finished(const echo__channel *c) { return c->status == ECHO_OK && c->down.finished; }

const echo_key *echo__channel_party(const echo__channel *c) { return c->phase == ECHO__OPEN ? &c->party : NULL; }

const echo_key *echo__channel_peer(const echo__channel *c) { return c->phase == ECHO__OPEN ? &c->peer : NULL; }

echo__channel_counts echo__channel_count(const echo__channel *c) { return c->counts; }
