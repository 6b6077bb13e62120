

#include "support/test.h"

#include "exchange/stream.h"
#include "exchange_support.h"
#include "support/fault.h"
#include "support/random.h"
#include "zstd_fault.h"

#define OK(call) assert_int_equal((call), ECHO_OK)
#define LONG 400000u

static const uint8_t key[32] = {1, 2, 3};

/* Reads all of `wire`, given in pieces of `cut`; appends to *out. */
static echo_status read_all(echo__buf *out, bool *finished, echo_bytes wire, size_t cut, const uint8_t *with) {
    echo__stream_in s = {0};
    echo_status status = ECHO_OK;
    size_t at = 0;
    echo__stream_begin_in(&s, with);
    for (size_t end = 0; status == ECHO_OK && end < wire.len;) {
        end = wire.len - end < cut ? wire.len : end + cut;
        for (echo_bytes piece = {NULL, 1}; status == ECHO_OK && piece.len > 0;) {
            size_t used;
            status = echo__stream_read(&piece, &used, &s, echo__bytes(wire.data + at, end - at));
            at += used;
            assert_true(piece.len <= 32768);
            if (status == ECHO_OK) echo__buf_append(out, piece.data, piece.len);
        }
    }
    *finished = s.finished;
    echo__stream_in_free(&s);
    return status;
}

static void fill(echo__buf *bytes, bool packs) {
    test_random random = {3};
    for (size_t i = 0; i < LONG; i++)
        echo__buf_byte(bytes, packs ? (uint8_t) "stream"[i % 6] : (uint8_t)test_random_u64(&random));
}

static void test_there_and_back(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 65535, 65536, LONG}, cuts[] = {1, 4096, SIZE_MAX};
    for (size_t i = 0; i < 5 * 3 * 4; i++) {
        size_t len = lengths[i % 5], cut = cuts[i / 5 % 3];
        const uint8_t *with = i / 15 % 2 == 0 ? key : NULL;
        echo__buf bytes = ECHO__BUF_INIT, wire = ECHO__BUF_INIT, out = ECHO__BUF_INIT;
        echo__stream_out s = {0};
        bool finished;
        fill(&bytes, i >= 30);
        OK(echo__stream_write(&wire, &s, echo__bytes(bytes.data, len / 2))); /* before it is begun, nothing comes */
        assert_int_equal(wire.len, 0);
        OK(echo__stream_begin_out(&wire, &s, with));
        assert_int_equal(wire.len, with != NULL ? 24 : 0);
        OK(echo__stream_write(&wire, &s, echo__bytes(bytes.data + len / 2, len - len / 2)));
        OK(echo__stream_flush(&wire, &s, false));
        size_t flushed = wire.len;
        OK(echo__stream_flush(&wire, &s, false)); /* nothing new, nothing sent */
        assert_int_equal(wire.len, flushed);
        OK(read_all(&out, &finished, echo__buf_bytes(&wire), cut, with));
        assert_false(finished);
        assert_int_equal(out.len, len);
        OK(echo__stream_flush(&wire, &s, true));
        OK(echo__stream_flush(&wire, &s, true));
        echo__buf_clear(&out);
        OK(read_all(&out, &finished, echo__buf_bytes(&wire), cut, with));
        assert_true(finished);
        assert_int_equal(out.len, len);
        if (len > 0) assert_memory_equal(out.data, bytes.data, len);
        if (len == LONG && i < 30) assert_true(wire.len < len + len / 500 + 200);
        if (len == LONG && i >= 30) assert_true(wire.len < len / 100);
        echo__stream_out_free(&s);
        echo__buf_free(&bytes);
        echo__buf_free(&wire);
        echo__buf_free(&out);
    }
}

/* Packed to about one frame, and to exactly one: there is always something left for the last frame to hold. */
static void test_whole_frames(void **state) {
    (void)state;
    size_t exact = 0;
    echo__buf bytes = ECHO__BUF_INIT;
    fill(&bytes, false);
    for (size_t len = 65535 - 40; len < 65535; len++) {
        echo__buf wire = ECHO__BUF_INIT, out = ECHO__BUF_INIT;
        echo__stream_out s = {0};
        bool finished;
        OK(echo__stream_begin_out(&wire, &s, key));
        OK(echo__stream_write(&wire, &s, echo__bytes(bytes.data, len)));
        OK(echo__stream_flush(&wire, &s, true));
        exact += wire.len == 24 + 19 + 65535;
        OK(read_all(&out, &finished, echo__buf_bytes(&wire), SIZE_MAX, key));
        assert_true(finished && out.len == len);
        echo__stream_out_free(&s);
        echo__buf_free(&wire);
        echo__buf_free(&out);
    }
    assert_int_equal(exact, 1);
    echo__buf_free(&bytes);
}

/* Nothing of what the other packs makes us unpack more than is asked for. */
static void test_unpacks_on_demand(void **state) {
    (void)state;
    echo__buf packed = ECHO__BUF_INIT, wire = ECHO__BUF_INIT;
    echo__cipher plain;
    echo__cipher_begin_sealing(&plain, NULL, NULL);
    hand_pack(&packed, echo__bytes("x", 1), UINT64_C(1) << 28, 20);
    assert_true(packed.len < 65535);
    OK(echo__frame_seal(&wire, &plain, echo__buf_bytes(&packed), true));
    echo__stream_in s = {0};
    echo__stream_begin_in(&s, NULL);
    size_t at = 0, total = 0;
    for (int i = 0; i < 10; i++) {
        echo_bytes piece;
        size_t used;
        OK(echo__stream_read(&piece, &used, &s, echo__bytes(wire.data + at, wire.len - at)));
        at += used;
        total += piece.len;
    }
    assert_true(total > 0 && total <= 10 * 32768);
    assert_false(s.finished);
    echo__stream_in_free(&s);
    echo__buf_free(&packed);
    echo__buf_free(&wire);
}

static void test_window(void **state) {
    (void)state;
    for (int log = 22; log <= 25; log++) {
        echo__buf packed = ECHO__BUF_INIT, wire = ECHO__BUF_INIT, out = ECHO__BUF_INIT;
        echo__cipher plain;
        bool finished;
        echo__cipher_begin_sealing(&plain, NULL, NULL);
        hand_pack(&packed, echo__bytes("x", 1), UINT64_C(40) << 20, log);
        OK(echo__frame_seal(&wire, &plain, echo__buf_bytes(&packed), true));
        assert_int_equal(read_all(&out, &finished, echo__buf_bytes(&wire), SIZE_MAX, NULL),
                         log <= 23 ? ECHO_OK : ECHO_ERR_LIMIT);
        assert_int_equal(out.len, log <= 23 ? (40 << 20) + 1 : 0);
        echo__buf_free(&packed);
        echo__buf_free(&wire);
        echo__buf_free(&out);
    }
}

/* Both ways, with each allocation failing. */
static void test_no_memory(void **state) {
    (void)state;
    echo__buf bytes = ECHO__BUF_INIT;
    fill(&bytes, false);
    for (long nth = 1;; nth++) {
        long before = fault_blocks();
        echo__buf wire = ECHO__BUF_INIT, out = ECHO__BUF_INIT;
        echo__stream_out s = {0};
        bool finished = false;
        fault_at(nth);
        echo_status status = echo__stream_begin_out(&wire, &s, key);
        if (status == ECHO_OK) status = echo__stream_write(&wire, &s, echo__buf_bytes(&bytes));
        if (status == ECHO_OK) status = echo__stream_flush(&wire, &s, true);
        if (status == ECHO_OK) status = read_all(&out, &finished, echo__buf_bytes(&wire), 50000, key);
        if (status == ECHO_OK) status = out.status; /* the test's own */
        bool failed = fault_off();
        assert_int_equal(status, failed ? ECHO_ERR_NOMEM : ECHO_OK);
        echo__stream_out_free(&s);
        echo__buf_free(&wire);
        echo__buf_free(&out);
        assert_int_equal(fault_blocks(), before);
        if (!failed) break;
        assert_true(nth < 1000);
    }
    echo__buf_free(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_unpacks_on_demand),
                                       cmocka_unit_test(test_whole_frames), cmocka_unit_test(test_window),
                                       cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
