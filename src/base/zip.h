/*
 * Packing bytes with zstd: single frames that declare their length (RFC 8878). Working memory is kept between calls; a
 * packer serves one thread at a time.
 */
#ifndef ECHO_BASE_ZIP_H
#define ECHO_BASE_ZIP_H

#include <echo/base.h>

typedef struct echo__zip echo__zip;

/* NULL: out of memory. */
echo__zip *echo__zip_new(void);
void echo__zip_free(echo__zip *zip);
/* Whether bytes begin as a frame does. */
bool echo__zip_is_frame(echo_bytes bytes);
/* Packs into a frame; *out is a view until the next call with this packer. ECHO_ERR_NOMEM. */
echo_status echo__zip_pack(echo_bytes *out, echo__zip *zip, echo_bytes bytes) ECHO_MUST_USE;
/*
 * Unpacks exactly one frame that is all of `frame`; *out is a view until the next call. ECHO_ERR_LIMIT when it declares
 * more than `most` bytes, before memory is taken; ECHO_ERR_CORRUPT when it is no such frame or holds anything else than
 * it declares; ECHO_ERR_NOMEM.
 */
echo_status echo__zip_unpack(echo_bytes *out, echo__zip *zip, echo_bytes frame, size_t most) ECHO_MUST_USE;

#endif
