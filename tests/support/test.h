/*
 * What every test program includes first: cmocka, with the headers that it asks for before its own.
 *
 *   ECHO_TEST_ONLY=name   runs the cases of that name alone; * and ? are wildcards
 */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static inline void test_select(void) {
    const char *only = getenv("ECHO_TEST_ONLY");
    if (only != NULL) cmocka_set_test_filter(only);
}

#undef cmocka_run_group_tests
#define cmocka_run_group_tests(tests, setup, teardown)                                                                 \
    (test_select(), _cmocka_run_group_tests(#tests, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown))

#endif
