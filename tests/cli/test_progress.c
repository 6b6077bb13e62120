/* The progress line: nothing in the first second, then not too often, never wider than a terminal, and gone at the end.
 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"

typedef struct shown {
    echo_cli_progress progress;
    FILE *file;
    char *text;
    size_t len;
} shown;

static void start(shown *s) {
    s->file = open_memstream(&s->text, &s->len);
    assert_non_null(s->file);
    echo_cli_progress_init(&s->progress, s->file, 5000);
}

static void show(shown *s, uint64_t now, uint64_t done, uint64_t total) {
    echo_cli_progress_show(&s->progress, now, "messages", done, total);
    assert_int_equal(fflush(s->file), 0);
}

static void end(shown *s) {
    (void)fclose(s->file);
    free(s->text);
}

static void test_quiet_second(void **unused) {
    shown s;
    (void)unused;
    start(&s);
    show(&s, 5000, 1, 10);
    show(&s, 5999, 9, 10);
    echo_cli_progress_clear(&s.progress);
    (void)fflush(s.file);
    assert_int_equal(s.len, 0);
    show(&s, 6000, 9, 10);
    assert_true(s.len > 0);
    end(&s);
}

/* A text of one's own, cut to what is beside the bar. */
static void test_line(void **unused) {
    shown s;
    (void)unused;
    start(&s);
    echo_cli_progress_line(&s.progress, 6000, "12/24, 1.5 MiB, 3.0 MiB/s", 12, 24);
    (void)fflush(s.file);
    assert_string_equal(s.text, "\r[###############---------------]  50 % 12/24, 1.5 MiB, 3.0 MiB/s");
    echo_cli_progress_line(
        &s.progress, 6100,
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789", 1, 1);
    (void)fflush(s.file);
    assert_int_equal(s.len, 1 + 64 + 1 + 77);
    end(&s);
}

static void test_throttled(void **unused) {
    shown s;
    (void)unused;
    start(&s);
    show(&s, 6000, 1, 0);
    assert_string_equal(s.text, "\rmessages: 1");
    show(&s, 6099, 2, 0);
    assert_string_equal(s.text, "\rmessages: 1");
    show(&s, 6100, 3, 0);
    assert_string_equal(s.text, "\rmessages: 1\rmessages: 3");
    end(&s);
}

static void test_bar(void **unused) {
    static const struct {
        uint64_t done, total;
        const char *line;
    } cases[] = {
        {0, 50, "\r[------------------------------]   0 % messages: 0"},
        {25, 50, "\r[###############---------------]  50 % messages: 25"},
        {50, 50, "\r[##############################] 100 % messages: 50"},
        {60, 50, "\r[##############################] 100 % messages: 60"},
        {UINT64_MAX - 1, UINT64_MAX, "\r[##############################] 100 % messages: 18446744073709551614"}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        shown s;
        start(&s);
        show(&s, 7000, cases[i].done, cases[i].total);
        assert_string_equal(s.text, cases[i].line);
        end(&s);
    }
}

static void test_cleared(void **unused) {
    shown s;
    (void)unused;
    start(&s);
    show(&s, 6000, 100, 0);
    show(&s, 7000, 1, 0); /* shorter: the rest of the line is wiped */
    assert_string_equal(s.text, "\rmessages: 100\rmessages: 1  ");
    echo_cli_progress_clear(&s.progress);
    assert_string_equal(s.text + s.len - 15, "\r             \r");
    size_t len = s.len;
    echo_cli_progress_clear(&s.progress);
    (void)fflush(s.file);
    assert_int_equal(s.len, len);
    end(&s);
}

static void test_width(void **unused) {
    shown s;
    (void)unused;
    start(&s);
    echo_cli_progress_show(&s.progress, 9000, "a phase with a name that is very long indeed", UINT64_MAX, UINT64_MAX);
    (void)fflush(s.file);
    assert_true(s.len <= 80);
    end(&s);
}

static void test_no_terminal(void **unused) {
    echo_cli_progress progress;
    (void)unused;
    echo_cli_progress_init(&progress, NULL, 0);
    echo_cli_progress_show(&progress, 100000, "messages", 1, 2);
    echo_cli_progress_clear(&progress);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_quiet_second), cmocka_unit_test(test_line),
                                       cmocka_unit_test(test_throttled),    cmocka_unit_test(test_bar),
                                       cmocka_unit_test(test_cleared),      cmocka_unit_test(test_width),
                                       cmocka_unit_test(test_no_terminal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
