#include "bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/child.h"
#include "cli/report.h"

void *bench_case_add(bench *b, size_t size, echo_error *err) {
    char *cases = realloc(b->cases, (b->count + 1) * size);
    if (cases == NULL) {
        bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
        return NULL;
    }
    b->cases = cases;
    return memset(cases + b->count++ * size, 0, size);
}

void bench_tick(bench *b, const char *what) { echo_cli_tick(b->cli, what, b->steps_done++, b->steps); }

void bench_wrong(bench *b, const char *format, ...) {
    if (b->wrong_count == BENCH_WRONG_MAX) return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(b->wrong[b->wrong_count++], BENCH_WRONG_CHARS, format, args);
    va_end(args);
}

bench_goal *bench_goal_add(bench *b, const char *format, ...) {
    bench_goal *goal = &b->goals[b->goal_count < BENCH_GOALS - 1 ? b->goal_count++ : BENCH_GOALS - 1];
    memset(goal, 0, sizeof *goal);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(goal->text, sizeof goal->text, format, args);
    va_end(args);
    return goal;
}
