#include "base/zip.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "base/alloc.h"
#include "base/buf.h"

#define LEVEL 1 /* higher ones take twice the time for a fiftieth of the bytes of a leaf */

struct echo__zip {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    echo__buf buf;
};

echo__zip *echo__zip_new(void) { return echo__calloc(1, sizeof(echo__zip)); }

void echo__zip_free(echo__zip *zip) {
    if (zip == NULL) return;
    (void)ZSTD_freeCCtx(zip->pack);
    (void)ZSTD_freeDCtx(zip->unpack);
    echo__buf_free(&zip->buf);
    echo__free(zip);
}

bool echo__zip_is_frame(echo_bytes bytes) {
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    return bytes.len >= sizeof magic && memcmp(bytes.data, magic, sizeof magic) == 0;
}

/* An empty buffer with room for len bytes; NULL: out of memory. */
static uint8_t *room(echo__zip *zip, size_t len) {
    echo__buf_clear(&zip->buf);
    return echo__buf_reserve(&zip->buf, len == 0 ? 1 : len);
}

echo_status echo__zip_pack(echo_bytes *out, echo__zip *zip, echo_bytes bytes) {
    if (zip->pack == NULL && (zip->pack = ZSTD_createCCtx()) == NULL) return ECHO_ERR_NOMEM;
    size_t most = ZSTD_compressBound(bytes.len);
    uint8_t *to = room(zip, most);
    if (to == NULL) return ECHO_ERR_NOMEM;
    size_t len =
        ZSTD_compressCCtx(zip->pack, to, most, bytes.len == 0 ? "" : (const void *)bytes.data, bytes.len, LEVEL);
    if (ZSTD_isError(len)) return ECHO_ERR_NOMEM; /* with room for the longest frame, nothing else can be wrong */
    *out = echo__bytes(to, len);
    return ECHO_OK;
}

echo_status echo__zip_unpack(echo_bytes *out, echo__zip *zip, echo_bytes frame, size_t most) {
    if (!echo__zip_is_frame(frame)) return ECHO_ERR_CORRUPT;
    unsigned long long declared = ZSTD_getFrameContentSize(frame.data, frame.len);
    if (declared == ZSTD_CONTENTSIZE_UNKNOWN || declared == ZSTD_CONTENTSIZE_ERROR) return ECHO_ERR_CORRUPT;
    if (declared > most) return ECHO_ERR_LIMIT;
    if (ZSTD_findFrameCompressedSize(frame.data, frame.len) != frame.len) return ECHO_ERR_CORRUPT;
    if (zip->unpack == NULL && (zip->unpack = ZSTD_createDCtx()) == NULL) return ECHO_ERR_NOMEM;
    uint8_t *to = room(zip, (size_t)declared);
    if (to == NULL) return ECHO_ERR_NOMEM;
    size_t len = ZSTD_decompressDCtx(zip->unpack, to, (size_t)declared, frame.data, frame.len);
    if (ZSTD_isError(len))
        return ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation ? ECHO_ERR_NOMEM : ECHO_ERR_CORRUPT;
    if (len != declared) return ECHO_ERR_CORRUPT;
    *out = echo__bytes(to, len);
    return ECHO_OK;
}
