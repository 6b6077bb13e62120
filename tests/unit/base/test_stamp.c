/* The canonical order: logical time, then feed key bytewise, then seq. */
#include "support/test.h"

#include "base/stamp.h"

static void total_order(void **state) {
    (void)state;
    static const echo__stamp ascending[] = {
        {0, {{0}}, 0},
        {0, {{0}}, 1},
        {0, {{0, 1}}, 0},
        {0, {{1}}, 0},
        {0, {{0x80}}, 0}, /* keys are unsigned bytes */
        {1, {{0}}, 0},
        {1, {{0}}, 7},
        {1, {{0xff}}, 3},
        {UINT32_MAX, {{0}}, 0},
        {(uint64_t)UINT32_MAX + 1, {{0}}, 0}, /* no 32-bit arithmetic */
        {(uint64_t)UINT32_MAX + 1, {{0}}, UINT64_MAX},
        {UINT64_C(1) << 63, {{0}}, 0}, /* nor signed */
        {UINT64_MAX, {{0}}, 0},
        {UINT64_MAX, {{0}}, UINT64_MAX},
    };
    enum { N = sizeof ascending / sizeof *ascending };
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            int order = echo__stamp_compare(&ascending[i], &ascending[k]);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(total_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
