/*
 * The two byte streams of a channel, below its messages (docs/EXCHANGE.md, "Streams"). Each is compressed into one zstd
 * frame that lasts as long as the stream, and cut into frames of our own (frame.h). Compressing begins before the key
 * is known; sealing waits for the key.
 */
#ifndef ECHO_EXCHANGE_STREAM_H
#define ECHO_EXCHANGE_STREAM_H

#include <zstd.h>

#include "base/buf.h"
#include "exchange/frame.h"

#define ECHO__STREAM_WINDOW_LOG_MAX 23 /* maximum accepted when reading: 8 MiB */

/* Zeroed, it is a stream that was not begun. */
typedef struct echo__stream_out {
    ZSTD_CCtx *zstd;
    echo__buf packed; /* compressed, not sealed yet */
    echo__cipher cipher;
    bool begun;     /* the cipher is set */
    bool unflushed; /* zstd may hold bytes back */
    bool ended;     /* zstd's frame is complete */
} echo__stream_out;

/* key NULL: plain. Appends the header that precedes the frames. */
echo_status echo__stream_begin_out(echo__buf *out, echo__stream_out *s, const uint8_t *key) ECHO_MUST_USE;
/* Compresses bytes. Complete frames are appended to `out` if the stream is begun. The three functions of this direction
 * return ECHO_OK or ECHO_ERR_NOMEM. */
echo_status echo__stream_write(echo__buf *out, echo__stream_out *s, echo_bytes bytes) ECHO_MUST_USE;
/* Appends everything written so far, if the stream is begun. end: ends the stream; nothing can be written after it. */
echo_status echo__stream_flush(echo__buf *out, echo__stream_out *s, bool end) ECHO_MUST_USE;
void echo__stream_out_free(echo__stream_out *s); /* frees what it holds */

typedef struct echo__stream_in {
    ZSTD_DCtx *zstd;
    uint8_t *piece;  /* the output of zstd's last step */
    echo__buf frame; /* the frame being decompressed */
    size_t at;       /* bytes of `frame` that zstd has consumed */
    echo__cipher cipher;
    uint8_t key[32]; /* until the header has arrived */
    bool keyed;      /* the header is still to come */
    bool more;       /* zstd may have more output without further input */
    bool last;       /* `frame` is the last one */
    bool ended;      /* zstd's frame is complete */
    uint8_t magic;   /* number of bytes checked of the four that begin zstd's frame */
    bool finished;   /* the stream is complete, and the writer ended it */
} echo__stream_in;

void echo__stream_begin_in(echo__stream_in *s, const uint8_t *key);
/*
 * The next piece of the stream, from `raw`, of which *used bytes were consumed (that may be more than 0 although the
 * piece is empty). *piece is a view until the next call; empty: more input is needed. ECHO_ERR_CORRUPT, _LIMIT (a
 * window of more than 8 MiB), _NOMEM: the stream cannot be used afterwards.
 */
echo_status echo__stream_read(echo_bytes *piece, size_t *used, echo__stream_in *s, echo_bytes raw) ECHO_MUST_USE;
void echo__stream_in_free(echo__stream_in *s);

#endif
