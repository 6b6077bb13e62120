/* Texts that are kept once. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "party/names.h"
#include "support/fault.h"

static void test_once(void **arg) {
    (void)arg;
    echo__names names;
    const echo__name *kept[200];
    bool full = true;
    echo__names_init(&names);
    for (int again = 0; again < 2; again++)
        for (unsigned i = 0; i < 200; i++) {
            char text[16];
            (void)snprintf(text, sizeof text, "name %u", i);
            const echo__name *name = echo__names_get(&names, echo__bytes_text(text), 0, &full);
            assert_non_null(name);
            assert_false(full);
            assert_string_equal(name->text, text);
            assert_int_equal(name->len, strlen(text));
            if (again) assert_ptr_equal(name, kept[i]);
            kept[i] = name;
        }
    assert_string_equal(echo__names_get(&names, echo__bytes_text(""), 0, NULL)->text, "");
    echo__names_free(&names);
}

static void test_limit(void **arg) {
    (void)arg;
    echo__names names;
    bool full;
    echo__names_init(&names);
    assert_non_null(echo__names_get(&names, echo__bytes_text("a"), 2, &full));
    assert_non_null(echo__names_get(&names, echo__bytes_text("b"), 2, &full));
    assert_false(full);
    assert_null(echo__names_get(&names, echo__bytes_text("c"), 2, &full));
    assert_true(full);
    assert_non_null(echo__names_get(&names, echo__bytes_text("a"), 2, &full)); /* one that is there */
    assert_false(full);
    assert_non_null(echo__names_get(&names, echo__bytes_text("c"), 0, NULL));
    echo__names_free(&names);
}

static void test_nomem(void **arg) {
    (void)arg;
    echo__names names;
    bool full = true;
    echo__names_init(&names);
    for (long nth = 1;; nth++) {
        long before = fault_blocks();
        fault_at(nth);
        const echo__name *name = echo__names_get(&names, echo__bytes_text("text"), 1, &full);
        if (!fault_off()) break;
        assert_null(name);
        assert_false(full);
        assert_int_equal(fault_blocks(), before);
    }
    echo__names_free(&names);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_once), cmocka_unit_test(test_limit),
                                       cmocka_unit_test(test_nomem)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
