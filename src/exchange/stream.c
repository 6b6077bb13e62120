#include "exchange/stream.h"

#include <zstd_errors.h>

#include "base/alloc.h"
#include "base/crypto.h"

#define LEVEL 3
#define WINDOW_LOG 21      /* what the level would take anyway: 2 MiB */
#define PIECE_BYTES 32768u /* unpacked at a time, whatever the other side packed */

static echo_status out_of(size_t code) {
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation: return ECHO_ERR_NOMEM;
    case ZSTD_error_frameParameter_windowTooLarge: return ECHO_ERR_LIMIT;
    default: return ECHO_ERR_CORRUPT;
    }
}

echo_status echo__stream_begin_out(echo__buf *out, echo__stream_out *s, const uint8_t *key) {
    uint8_t header[ECHO__FRAME_HEADER];
    echo__cipher_begin_sealing(&s->cipher, header, key);
    s->begun = true;
    if (key != NULL) echo__buf_append(out, header, sizeof header);
    return out->status;
}

static bool ensure_packer(echo__stream_out *s) {
    if (s->zstd != NULL) return true;
    s->zstd = ZSTD_createCCtx();
    return s->zstd != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_compressionLevel, LEVEL)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_windowLog, WINDOW_LOG));
}

/* Whole frames out of what is packed; with `all`, also what is left, and with `end` the last of them says so. */
static echo_status seal(echo__buf *out, echo__stream_out *s, bool all, bool end) {
    echo_status status = ECHO_OK;
    size_t at = 0, len = s->packed.len;
    while (status == ECHO_OK && at < len && (all || len - at > ECHO__FRAME_MOST)) {
        size_t n = len - at < ECHO__FRAME_MOST ? len - at : ECHO__FRAME_MOST;
        status = echo__frame_seal(out, &s->cipher, echo__bytes(s->packed.data + at, n), end && at + n == len);
        at += n;
    }
    if (at > 0) memmove(s->packed.data, s->packed.data + at, len - at);
    s->packed.len = len - at;
    return status;
}

static echo_status pack(echo__buf *out, echo__stream_out *s, echo_bytes bytes, ZSTD_EndDirective how) {
    if (!ensure_packer(s)) return ECHO_ERR_NOMEM;
    ZSTD_inBuffer in = {bytes.len > 0 ? (const void *)bytes.data : "", bytes.len, 0};
    for (bool done = false; !done;) {
        uint8_t *to = echo__buf_reserve(&s->packed, PIECE_BYTES);
        if (to == NULL) return ECHO_ERR_NOMEM;
        ZSTD_outBuffer packed = {to, PIECE_BYTES, 0};
        size_t left = ZSTD_compressStream2(s->zstd, &packed, &in, how);
        if (ZSTD_isError(left)) return ECHO_ERR_NOMEM; /* the calls are in order: nothing else can be wrong */
        s->packed.len += packed.pos;
        done = how == ZSTD_e_continue ? in.pos == in.size : left == 0;
        echo_status status = s->begun ? seal(out, s, false, false) : ECHO_OK;
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

echo_status echo__stream_write(echo__buf *out, echo__stream_out *s, echo_bytes bytes) {
    if (bytes.len == 0) return ECHO_OK;
    s->unflushed = true;
    return pack(out, s, bytes, ZSTD_e_continue);
}

echo_status echo__stream_flush(echo__buf *out, echo__stream_out *s, bool end) {
    echo_status status = ECHO_OK;
    if (end && !s->ended) {
        status = pack(out, s, echo__bytes(NULL, 0), ZSTD_e_end);
        s->ended = true;
    } else if (s->unflushed) {
        status = pack(out, s, echo__bytes(NULL, 0), ZSTD_e_flush);
    }
    s->unflushed = false;
    return status == ECHO_OK ? seal(out, s, true, s->ended) : status;
}

void echo__stream_out_free(echo__stream_out *s) {
    (void)ZSTD_freeCCtx(s->zstd);
    echo__buf_free(&s->packed);
    echo__cipher_wipe(&s->cipher);
}

void echo__stream_begin_in(echo__stream_in *s, const uint8_t *key) {
    s->keyed = key != NULL;
    if (key != NULL)
        memcpy(s->key, key, sizeof s->key);
    else
        echo__cipher_begin_opening(&s->cipher, NULL, NULL);
}

static bool ensure_unpacker(echo__stream_in *s) {
    if (s->piece == NULL && (s->piece = echo__malloc(PIECE_BYTES)) == NULL) return false;
    if (s->zstd != NULL) return true;
    s->zstd = ZSTD_createDCtx();
    return s->zstd != NULL &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, ECHO__STREAM_WINDOW_LOG_MAX));
}

/* Only zstd's frames of today: decoders of older ones, which a zstd may have, do not know our limit, and others hold
 * nothing. */
static bool begins_well(echo__stream_in *s) {
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    for (size_t i = 0; s->magic < sizeof magic && i < s->frame.len; i++) {
        if (s->frame.data[i] != magic[s->magic++]) return false;
    }
    return true;
}

/* The next frame, when it is whole. */
static echo_status take_frame(size_t *used, echo__stream_in *s, echo_bytes raw) {
    if (s->keyed) {
        if (raw.len < ECHO__FRAME_HEADER) return ECHO_OK;
        echo__cipher_begin_opening(&s->cipher, raw.data, s->key);
        echo__wipe(s->key, sizeof s->key);
        s->keyed = false;
        *used += ECHO__FRAME_HEADER;
    }
    if (*used == raw.len) return ECHO_OK;
    size_t frame;
    echo_status status =
        echo__frame_open(&s->frame, &s->last, &frame, &s->cipher, echo__bytes(raw.data + *used, raw.len - *used));
    if (status != ECHO_OK || frame == 0) return status;
    *used += frame;
    s->at = 0;
    return begins_well(s) ? ECHO_OK : ECHO_ERR_CORRUPT;
}

static bool is_unpacked(const echo__stream_in *s) { return s->at == s->frame.len && !s->more; }

/* One step of zstd's; *piece may come out empty. */
static echo_status unpack(echo_bytes *piece, echo__stream_in *s) {
    if (s->ended) return ECHO_ERR_CORRUPT; /* something follows the end */
    if (!ensure_unpacker(s)) return ECHO_ERR_NOMEM;
    ZSTD_inBuffer in = {s->frame.data, s->frame.len, s->at};
    ZSTD_outBuffer unpacked = {s->piece, PIECE_BYTES, 0};
    size_t left = ZSTD_decompressStream(s->zstd, &unpacked, &in);
    if (ZSTD_isError(left)) return out_of(left);
    s->at = in.pos;
    s->ended = left == 0;
    s->more = !s->ended && unpacked.pos == unpacked.size;
    *piece = echo__bytes(s->piece, unpacked.pos);
    return ECHO_OK;
}

echo_status echo__stream_read(echo_bytes *piece, size_t *used, echo__stream_in *s, echo_bytes raw) {
    *used = 0;
    *piece = echo__bytes(NULL, 0);
    while (piece->len == 0) {
        if (is_unpacked(s)) {
            if (s->last != s->ended) return ECHO_ERR_CORRUPT; /* zstd's end and the last frame's are one */
            s->finished = s->last;
            if (s->finished) return *used == raw.len ? ECHO_OK : ECHO_ERR_CORRUPT;
            echo_status status = take_frame(used, s, raw);
            if (status != ECHO_OK || is_unpacked(s)) return status;
        }
        echo_status status = unpack(piece, s);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

void echo__stream_in_free(echo__stream_in *s) {
    (void)ZSTD_freeDCtx(s->zstd);
    echo__free(s->piece);
    echo__buf_free(&s->frame);
    echo__cipher_wipe(&s->cipher);
    echo__wipe(s->key, sizeof s->key);
}
