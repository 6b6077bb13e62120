/* zstd frames of strangers: never more than was allowed, the bytes that were declared, and packing them again gives
 * them back. */
#include "base/zstd.h"
#include "fuzz.h"

#define MOST ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    size_t most = (fuzz_u8(&in) & 1) ? 100 : MOST;
    echo_bytes frame = {NULL, fuzz_left(&in)}, out, packed, back;
    echo__zstd *packer = echo__zstd_new(), *other = echo__zstd_new();
    FUZZ_CHECK(packer != NULL && other != NULL);
    uint8_t *copy = fuzz_copy(fuzz_rest(&in), false);
    frame.data = copy;
    for (int i = 0; i < 2; i++) { /* as it is, and as what is to be packed */
        echo_status status = echo__zstd_unpack(&out, packer, frame, most);
        FUZZ_CHECK(status == ECHO_OK || status == ECHO_ERR_CORRUPT || status == ECHO_ERR_LIMIT);
        if (!echo__zstd_is_frame(frame)) FUZZ_CHECK(status == ECHO_ERR_CORRUPT);
        if (status == ECHO_OK) FUZZ_CHECK(out.len <= most);
        if (status != ECHO_OK || i == 1) out = frame;
        FUZZ_OK(echo__zstd_pack(&packed, other, out));
        FUZZ_CHECK(echo__zstd_is_frame(packed));
        uint8_t *kept = fuzz_copy(packed, false), *want = fuzz_copy(out, false);
        size_t len = out.len;
        FUZZ_OK(echo__zstd_unpack(&back, other, echo__bytes(kept, packed.len), MOST));
        FUZZ_EQUAL(back, echo__bytes(want, len));
        if (len > 0)
            FUZZ_CHECK(echo__zstd_unpack(&back, other, echo__bytes(kept, packed.len), len - 1) == ECHO_ERR_LIMIT);
        free(kept);
        free(want);
    }
    free(copy);
    echo__zstd_free(packer);
    echo__zstd_free(other);
    return 0;
}
