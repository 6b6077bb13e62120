#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/buf.h"
#include "base/zstd.h"

#define OK(call) assert_int_equal((call), ECHO_OK)
#define LONG 300000u
#define NO_LIMIT ((size_t)64 << 20)

static uint8_t *text;

static int make_text(void **state) {
    (void)state;
    text = malloc(LONG);
    if (text == NULL) return -1;
    for (size_t i = 0; i < LONG; i++) text[i] = (uint8_t)((uint8_t) "{\"id\":\"x\"}"[i % 10] + (i / 997) % 3);
    return 0;
}

static int free_text(void **state) {
    (void)state;
    free(text);
    return 0;
}

/* A frame of our own memory; the packer's view does not last. */
static echo_bytes frame_of(echo__zstd *packer, size_t len) {
    echo_bytes packed;
    OK(echo__zstd_pack(&packed, packer, echo__bytes(text, len)));
    uint8_t *copy = malloc(packed.len);
    assert_non_null(copy);
    memcpy(copy, packed.data, packed.len);
    return echo__bytes(copy, packed.len);
}

static void test_there_and_back(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 63, 4096, 65536, LONG};
    echo__zstd *packer = echo__zstd_new();
    assert_non_null(packer);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        echo_bytes frame = frame_of(packer, lengths[i]), bytes;
        assert_true(echo__zstd_is_frame(frame));
        if (lengths[i] > 4000) assert_true(frame.len < lengths[i] / 3);
        OK(echo__zstd_unpack(&bytes, packer, frame, lengths[i]));
        assert_int_equal(bytes.len, lengths[i]);
        assert_memory_equal(bytes.data, text, bytes.len);
        if (lengths[i] > 0) assert_int_equal(echo__zstd_unpack(&bytes, packer, frame, lengths[i] - 1), ECHO_ERR_LIMIT);
        free((void *)(uintptr_t)frame.data);
    }
    echo__zstd_free(packer);
}

/* Cut anywhere, followed by anything, or changed anywhere: refused, or, where a change hits, no longer than was
 * declared. */
static void test_damage(void **state) {
    (void)state;
    echo__zstd *packer = echo__zstd_new();
    echo_bytes frame = frame_of(packer, 2000), bytes;
    uint8_t *copy = malloc(frame.len + 1);
    assert_non_null(copy);
    for (size_t len = 0; len < frame.len; len++) {
        uint8_t *cut = malloc(len + 1); /* so that reading behind the end is seen */
        memcpy(cut + 1, frame.data, len);
        assert_int_equal(echo__zstd_unpack(&bytes, packer, echo__bytes(cut + 1, len), NO_LIMIT), ECHO_ERR_CORRUPT);
        free(cut);
    }
    memcpy(copy, frame.data, frame.len);
    copy[frame.len] = 0;
    assert_int_equal(echo__zstd_unpack(&bytes, packer, echo__bytes(copy, frame.len + 1), NO_LIMIT), ECHO_ERR_CORRUPT);
    for (size_t at = 0; at < frame.len * 8; at++) {
        copy[at / 8] ^= (uint8_t)(1u << at % 8);
        echo_status status = echo__zstd_unpack(&bytes, packer, echo__bytes(copy, frame.len), 4000);
        assert_true(status == ECHO_ERR_CORRUPT || status == ECHO_ERR_LIMIT || (status == ECHO_OK && bytes.len <= 4000));
        copy[at / 8] ^= (uint8_t)(1u << at % 8);
    }
    free(copy);
    free((void *)(uintptr_t)frame.data);
    echo__zstd_free(packer);
}

/* A frame that declares 2^40 bytes, or does not say how many, takes no memory. */
static void test_bombs(void **state) {
    (void)state;
    static const uint8_t huge[] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0};
    static const uint8_t silent[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x01, 0, 0};
    echo__zstd *packer = echo__zstd_new();
    echo_bytes bytes;
    assert_int_equal(echo__zstd_unpack(&bytes, packer, echo__bytes(huge, sizeof huge), NO_LIMIT), ECHO_ERR_LIMIT);
    assert_int_equal(echo__zstd_unpack(&bytes, packer, echo__bytes(silent, sizeof silent), NO_LIMIT), ECHO_ERR_CORRUPT);
    assert_int_equal(echo__zstd_unpack(&bytes, packer, echo__bytes("{}", 2), NO_LIMIT), ECHO_ERR_CORRUPT);
    echo__zstd_free(packer);
    echo__zstd_free(NULL);
}

/* What another writer of zstd made, with its own level and a checksum. */
static void test_foreign(void **state) {
    (void)state;
    size_t most = ZSTD_compressBound(LONG);
    uint8_t *frame = malloc(most);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    assert_non_null(frame);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 12);
    size_t len = ZSTD_compress2(context, frame, most, text, LONG);
    assert_false(ZSTD_isError(len));
    echo__zstd *packer = echo__zstd_new();
    echo_bytes bytes;
    OK(echo__zstd_unpack(&bytes, packer, echo__bytes(frame, len), NO_LIMIT));
    assert_int_equal(bytes.len, LONG);
    frame[len - 1] ^= 1; /* in the checksum */
    assert_int_equal(echo__zstd_unpack(&bytes, packer, echo__bytes(frame, len), NO_LIMIT), ECHO_ERR_CORRUPT);
    echo__zstd_free(packer);
    (void)ZSTD_freeCCtx(context);
    free(frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_bombs), cmocka_unit_test(test_foreign)};
    return cmocka_run_group_tests(tests, make_text, free_text);
}
