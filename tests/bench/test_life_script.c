/* The script of a month: the same for a seed, in order of time, all messages told, no item that is not there. */
#include "support/test.h"

#include <string.h>

#include "bench/life_script.h"

#define MONTH_MS (BENCH_LIFE_DAYS * UINT64_C(86400000))

static bench_life_script script;
static bench_life_batch batch;

static uint64_t hash_of(uint64_t seed, uint64_t messages, uint64_t items) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    bench_life_begin(&script, seed, messages, items);
    while (bench_life_next(&batch, &script)) {
        hash = (hash ^ batch.at_ms ^ batch.count) * UINT64_C(0x100000001b3);
        for (size_t i = 0; i < batch.count; i++) hash = (hash ^ batch.items[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void test_deterministic(void **state) {
    (void)state;
    assert_int_equal(hash_of(1, 10000, 500), hash_of(1, 10000, 500));
    assert_int_not_equal(hash_of(1, 10000, 500), hash_of(2, 10000, 500));
}

static void check_month(uint64_t messages, uint64_t items) {
    uint64_t told = 0, at = 0, ends = 0;
    bench_life_begin(&script, 3, messages, items);
    while (bench_life_next(&batch, &script)) {
        assert_true(batch.count > 0);
        assert_true(batch.count <= BENCH_LIFE_BATCH_MAX);
        assert_true(batch.at_ms >= at);
        if (told > 0) assert_int_equal(batch.at_ms, ends); /* the rest told last time leads here */
        for (size_t i = 0; i < batch.count; i++) assert_true(batch.items[i] < items);
        told += batch.count;
        at = batch.at_ms;
        ends = batch.at_ms + batch.rest_ms;
    }
    assert_int_equal(told, messages);
    assert_int_equal(ends, MONTH_MS);
    assert_false(bench_life_next(&batch, &script));
}

static void test_months(void **state) {
    (void)state;
    const uint64_t messages[] = {1, 2, 31, 1000, 12345, 1000000, 3000000}, items[] = {1, 7, 10000};
    for (size_t m = 0; m < sizeof messages / sizeof messages[0]; m++)
        for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) check_month(messages[m], items[i]);
}

/* Each kind of day is there, and a day of bursts has more messages than a quiet one. */
static void test_days(void **state) {
    (void)state;
    uint64_t days[BENCH_LIFE_PHASES] = {0}, messages[BENCH_LIFE_PHASES] = {0};
    bench_life_begin(&script, 1, 100000, 1000);
    for (unsigned day = 0; day < BENCH_LIFE_DAYS; day++) {
        days[script.phases[day]]++;
        messages[script.phases[day]] += script.due[day] - (day > 0 ? script.due[day - 1] : 0);
    }
    assert_int_equal(days[BENCH_LIFE_HOT], 9);
    assert_int_equal(days[BENCH_LIFE_COLD], 9);
    assert_int_equal(days[BENCH_LIFE_BURST], 6);
    assert_int_equal(days[BENCH_LIFE_QUIET], 6);
    assert_true(messages[BENCH_LIFE_BURST] > 100 * messages[BENCH_LIFE_QUIET]);
    assert_true(messages[BENCH_LIFE_BURST] > messages[BENCH_LIFE_HOT]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_deterministic), cmocka_unit_test(test_months),
                                       cmocka_unit_test(test_days)};
    return cmocka_run_group_tests_name("life script", tests, NULL, NULL);
}
