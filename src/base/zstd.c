#include "base/zstd.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "base/alloc.h"
#include "base/buf.h"

/*
 * Higher levels take twice the time for a fiftieth of the bytes. Level -1, without entropy coding of literals, unpacks
 * in 60% of the time, a sixth of that of reading all items, but takes a third more bytes.
 */
#define LEVEL 1

struct echo__zstd {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    echo__buf buf;
};

echo__zstd *echo__zstd_new(void) { return echo__calloc(1, sizeof(echo__zstd)); }

void echo__zstd_free(echo__zstd *packer) {
    if (packer == NULL) return;
    (void)ZSTD_freeCCtx(packer->pack);
    (void)ZSTD_freeDCtx(packer->unpack);
    echo__buf_free(&packer->buf);
    echo__free(packer);
}

bool echo__zstd_is_frame(echo_bytes bytes) {
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    return bytes.len >= sizeof magic && memcmp(bytes.data, magic, sizeof magic) == 0;
}

/* An empty buffer with room for len bytes; NULL: out of memory. */
static uint8_t *room(echo__zstd *packer, size_t len) {
    echo__buf_clear(&packer->buf);
    return echo__buf_reserve(&packer->buf, len == 0 ? 1 : len);
}

echo_status echo__zstd_pack(echo_bytes *out, echo__zstd *packer, echo_bytes bytes) {
    if (packer->pack == NULL && (packer->pack = ZSTD_createCCtx()) == NULL) return ECHO_ERR_NOMEM;
    size_t most = ZSTD_compressBound(bytes.len);
    uint8_t *to = room(packer, most);
    if (to == NULL) return ECHO_ERR_NOMEM;
    size_t len =
        ZSTD_compressCCtx(packer->pack, to, most, bytes.len == 0 ? "" : (const void *)bytes.data, bytes.len, LEVEL);
    if (ZSTD_isError(len)) return ECHO_ERR_NOMEM; /* with room for the longest frame, nothing else can be wrong */
    *out = echo__bytes(to, len);
    return ECHO_OK;
}

echo_status echo__zstd_unpack(echo_bytes *out, echo__zstd *packer, echo_bytes frame, size_t most) {
    if (!echo__zstd_is_frame(frame)) return ECHO_ERR_CORRUPT;
    unsigned long long declared = ZSTD_getFrameContentSize(frame.data, frame.len);
    if (declared == ZSTD_CONTENTSIZE_UNKNOWN || declared == ZSTD_CONTENTSIZE_ERROR) return ECHO_ERR_CORRUPT;
    if (declared > most) return ECHO_ERR_LIMIT;
    if (ZSTD_findFrameCompressedSize(frame.data, frame.len) != frame.len) return ECHO_ERR_CORRUPT;
    if (packer->unpack == NULL && (packer->unpack = ZSTD_createDCtx()) == NULL) return ECHO_ERR_NOMEM;
    uint8_t *to = room(packer, (size_t)declared);
    if (to == NULL) return ECHO_ERR_NOMEM;
    size_t len = ZSTD_decompressDCtx(packer->unpack, to, (size_t)declared, frame.data, frame.len);
    if (ZSTD_isError(len))
        return ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation ? ECHO_ERR_NOMEM : ECHO_ERR_CORRUPT;
    if (len != declared) return ECHO_ERR_CORRUPT;
    *out = echo__bytes(to, len);
    return ECHO_OK;
}
