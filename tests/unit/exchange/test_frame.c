

#include "support/test.h"

#include "exchange/frame.h"
#include "exchange_support.h"
#include "support/fault.h"

#define OK(call) assert_int_equal((call), ECHO_OK)

static const uint8_t key[32] = {9};

static void test_there_and_back(void **state) {
    (void)state;
    static const size_t lengths[] = {1, 2, 255, 256, 65535};
    static uint8_t bytes[65535];
    for (int plain = 0; plain < 2; plain++) {
        echo__cipher seal, open;
        echo__buf wire = ECHO__BUF_INIT, out = ECHO__BUF_INIT;
        uint8_t header[ECHO__FRAME_HEADER];
        echo__cipher_begin_sealing(&seal, header, plain ? NULL : key);
        echo__cipher_begin_opening(&open, header, plain ? NULL : key);
        for (size_t i = 0; i < 5; i++) {
            bool last = i == 4, is_last;
            size_t used;
            memset(bytes, (int)i, sizeof bytes);
            OK(echo__frame_seal(&wire, &seal, echo__bytes(bytes, lengths[i]), last));
            assert_int_equal(wire.len, lengths[i] + (plain ? 3 : 19));
            for (size_t cut = wire.len < 400 ? 0 : wire.len - 400; cut < wire.len; cut++) {
                OK(echo__frame_open(&out, &is_last, &used, &open, echo__bytes(wire.data, cut)));
                assert_int_equal(used, 0);
            }
            echo__buf_byte(&wire, 7); /* of the next one */
            OK(echo__frame_open(&out, &is_last, &used, &open, echo__buf_bytes(&wire)));
            assert_int_equal(used, wire.len - 1);
            assert_int_equal(is_last, last);
            assert_int_equal(out.len, lengths[i]);
            assert_memory_equal(out.data, bytes, out.len);
            echo__buf_clear(&wire);
        }
        echo__cipher_wipe(&seal);
        assert_true(sodium_is_zero((const uint8_t *)&seal, sizeof seal));
        echo__buf_free(&wire);
        echo__buf_free(&out);
    }
}

/* Each bit but those of the length: refused; a length that grew: waited for; one that shrank: refused. */
static void test_damage(void **state) {
    (void)state;
    echo__cipher seal;
    echo__buf wire = ECHO__BUF_INIT, out = ECHO__BUF_INIT;
    uint8_t header[ECHO__FRAME_HEADER];
    echo__cipher_begin_sealing(&seal, header, key);
    OK(echo__frame_seal(&wire, &seal, echo__bytes("sealed", 6), false));
    for (size_t n = 0; n < wire.len * 8; n++) {
        echo__cipher open;
        bool last;
        size_t used;
        wire.data[n / 8] ^= (uint8_t)(1u << n % 8);
        size_t len = (size_t)wire.data[0] << 8 | wire.data[1];
        echo__cipher_begin_opening(&open, header, key);
        assert_int_equal(echo__frame_open(&out, &last, &used, &open, echo__buf_bytes(&wire)),
                         len > 6 ? ECHO_OK : ECHO_ERR_CORRUPT);
        assert_int_equal(used, 0);
        wire.data[n / 8] ^= (uint8_t)(1u << n % 8);
    }
    for (size_t n = 0; n < sizeof header; n++) {
        echo__cipher open;
        bool last;
        size_t used;
        header[n] ^= 1;
        echo__cipher_begin_opening(&open, header, key);
        assert_int_equal(echo__frame_open(&out, &last, &used, &open, echo__buf_bytes(&wire)), ECHO_ERR_CORRUPT);
        header[n] ^= 1;
    }
    echo__buf_free(&wire);
    echo__buf_free(&out);
}

/* Plain frames know two tags, and no frame is empty. */
static void test_malformed(void **state) {
    (void)state;
    echo__cipher plain;
    echo__buf out = ECHO__BUF_INIT;
    bool last;
    size_t used;
    echo__cipher_begin_opening(&plain, NULL, NULL);
    for (int tag = 0; tag < 256; tag++) {
        uint8_t frame[4] = {0, 1, (uint8_t)tag, 'x'};
        echo_status status = echo__frame_open(&out, &last, &used, &plain, echo__bytes(frame, 4));
        assert_int_equal(status, tag == 0 || tag == 3 ? ECHO_OK : ECHO_ERR_CORRUPT);
    }
    assert_int_equal(echo__frame_open(&out, &last, &used, &plain, echo__bytes("\0\0", 2)), ECHO_ERR_CORRUPT);
    echo__buf_free(&out);
}

static void test_no_memory(void **state) {
    (void)state;
    echo__cipher plain;
    echo__buf out = ECHO__BUF_INIT;
    bool last;
    size_t used;
    echo__cipher_begin_sealing(&plain, NULL, NULL);
    fault_at(1);
    assert_int_equal(echo__frame_seal(&out, &plain, echo__bytes("x", 1), true), ECHO_ERR_NOMEM);
    assert_true(fault_off());
    echo__buf_clear(&out);
    fault_at(1);
    assert_int_equal(echo__frame_open(&out, &last, &used, &plain, echo__bytes("\0\1\0x", 4)), ECHO_ERR_NOMEM);
    assert_true(fault_off());
    echo__buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_malformed), cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
