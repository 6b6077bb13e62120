/* Varints: up to ten bytes, cut short or longer ones refused. */
#include "support/test.h"

#include "base/varint.h"

static void values(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t value = UINT64_C(1) << bit | (bit > 3 ? 5 : 0), read = 0;
        uint8_t bytes[10];
        size_t n = 0;
        for (uint64_t rest = value; n == 0 || rest != 0; rest >>= 7, n++)
            bytes[n] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
        assert_ptr_equal(echo__varint_read(&read, bytes, bytes + n), bytes + n);
        assert_true(read == value);
        for (size_t cut = 0; cut < n; cut++) assert_null(echo__varint_read(&read, bytes, bytes + cut));
    }
}

static void lengths(void **state) {
    (void)state;
    static const uint8_t ten[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    static const uint8_t eleven[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0};
    uint64_t read;
    assert_ptr_equal(echo__varint_read(&read, ten, ten + sizeof ten), ten + sizeof ten);
    assert_true(read == UINT64_MAX); /* bits above the 64th are dropped */
    assert_null(echo__varint_read(&read, eleven, eleven + sizeof eleven));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
