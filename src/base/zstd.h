/*
 * Packing bytes with zstd: single frames that declare their length (RFC 8878). Working memory is kept between calls; a
 * packer serves one thread at a time.
 */
#ifndef ECHO_BASE_ZSTD_H
#define ECHO_BASE_ZSTD_H

#include <echo/base.h>

typedef struct echo__zstd echo__zstd;

/* NULL: out of memory. */
echo__zstd *echo__zstd_new(void);
void echo__zstd_free(echo__zstd *packer);
/* Whether bytes begin as a frame does. */
bool echo__zstd_is_frame(echo_bytes bytes);
/* Packs into a frame; *out is a view until the next call with this packer. ECHO_ERR_NOMEM. */
echo_status echo__zstd_pack(echo_bytes *out, echo__zstd *packer, echo_bytes bytes) ECHO_MUST_USE;
/*
 * Unpacks exactly one frame that is all of `frame`; *out is a view until the next call. ECHO_ERR_LIMIT when it declares
 * more than `most` bytes, before memory is taken; ECHO_ERR_CORRUPT when it is no such frame or holds anything else than
 * it declares; ECHO_ERR_NOMEM.
 */
echo_status echo__zstd_unpack(echo_bytes *out, echo__zstd *packer, echo_bytes frame, size_t most) ECHO_MUST_USE;

#endif
