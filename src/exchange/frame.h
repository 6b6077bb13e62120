/*
 * Frames: a stream of bytes cut into pieces that are authenticated one by one, in order, up to one that is marked as
 * the last (docs/EXCHANGE.md, "Frames"). Without a key the stream is cut into frames but not encrypted: the
 * transport does that.
 */
#ifndef ECHO_EXCHANGE_FRAME_H
#define ECHO_EXCHANGE_FRAME_H

#include <echo/base.h>
#include <sodium.h>

#include "base/buf.h"

#define ECHO__FRAME_MOST 65535u /* bytes in one frame */
#define ECHO__FRAME_HEADER                                                                                             \
    crypto_secretstream_xchacha20poly1305_HEADERBYTES /* before the first frame, if a key is used */

/* One direction. */
typedef struct echo__cipher {
    bool plain;
    crypto_secretstream_xchacha20poly1305_state state;
} echo__cipher;

/* key NULL: plain, without a header. */
void echo__cipher_begin_sealing(echo__cipher *cipher, uint8_t header[ECHO__FRAME_HEADER], const uint8_t *key);
void echo__cipher_begin_opening(echo__cipher *cipher, const uint8_t header[ECHO__FRAME_HEADER], const uint8_t *key);
void echo__cipher_wipe(echo__cipher *cipher);

/* Appends a frame of 1 to ECHO__FRAME_MOST bytes. ECHO_ERR_NOMEM. */
echo_status echo__frame_seal(echo__buf *out, echo__cipher *cipher, echo_bytes bytes, bool last) ECHO_MUST_USE;
/*
 * Opens the frame at the beginning of `raw` and replaces the content of *out with it. *used is the length of the whole
 * frame in `raw`, 0 if it has not arrived in full. ECHO_ERR_CORRUPT: it is not the frame that was sealed next.
 * ECHO_ERR_NOMEM.
 */
echo_status echo__frame_open(echo__buf *out, bool *last, size_t *used, echo__cipher *cipher,
                             echo_bytes raw) ECHO_MUST_USE;

#endif
