/*
 * The two directions of a channel below its messages (docs/EXCHANGE.md, "Streams"): bytes, packed by zstd into one
 * frame of zstd's that lasts as long as the direction does, cut into frames (frame.h). Packing begins before there is a
 * key; sealing waits for it.
 */
#ifndef ECHO_EXCHANGE_STREAM_H
#define ECHO_EXCHANGE_STREAM_H

#include <zstd.h>

#include "base/buf.h"
#include "exchange/frame.h"

#define ECHO__STREAM_WINDOW_LOG_MAX 23 /* of what is read: 8 MiB */

/* Zeroed is a stream that was not begun. */
typedef struct echo__stream_out {
    ZSTD_CCtx *zstd;
    echo__buf packed; /* not sealed yet */
    echo__cipher cipher;
    bool begun;     /* there is a cipher */
    bool unflushed; /* zstd may hold something back */
    bool ended;     /* zstd's frame is whole */
} echo__stream_out;

/* key NULL: plain. Appends what comes before the frames. */
echo_status echo__stream_begin_out(echo__buf *out, echo__stream_out *s, const uint8_t *key) ECHO_MUST_USE;
/* Packs bytes; the whole frames that come of it are appended to `out` when the stream is begun. ECHO_ERR_NOMEM, all of
 * these. */
echo_status echo__stream_write(echo__buf *out, echo__stream_out *s, echo_bytes bytes) ECHO_MUST_USE;
/* Everything written so far is appended, of a stream that is begun; with `end`, nothing can be written any more. */
echo_status echo__stream_flush(echo__buf *out, echo__stream_out *s, bool end) ECHO_MUST_USE;
void echo__stream_out_free(echo__stream_out *s); /* what it holds */

typedef struct echo__stream_in {
    ZSTD_DCtx *zstd;
    uint8_t *piece;  /* what zstd gave last */
    echo__buf frame; /* the frame that is being unpacked */
    size_t at;       /* what zstd took of it */
    echo__cipher cipher;
    uint8_t key[32]; /* until the header is here */
    bool keyed;      /* the header is still to come */
    bool more;       /* zstd may have more to give without further bytes */
    bool last;       /* `frame` is the last one */
    bool ended;      /* zstd's frame is whole */
    uint8_t magic;   /* bytes seen of the four that begin zstd's frame */
    bool finished;   /* all is here, and it was the writer who ended it */
} echo__stream_in;

void echo__stream_begin_in(echo__stream_in *s, const uint8_t *key);
/*
 * The next piece out of `raw`, of which *used bytes were taken (some may be when nothing came of them). *piece is empty
 * when there is no more, otherwise a view until the next call. ECHO_ERR_CORRUPT, _LIMIT (a window of more than 8 MiB),
 * _NOMEM; the stream is of no use after.
 */
echo_status echo__stream_read(echo_bytes *piece, size_t *used, echo__stream_in *s, echo_bytes raw) ECHO_MUST_USE;
void echo__stream_in_free(echo__stream_in *s);

#endif
