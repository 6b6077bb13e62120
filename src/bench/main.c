#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/modes.h"
#include "bench/options.h"
#include "bench/plot.h"
#include "bench/report.h"
#include "cli/report.h"

static const char *parent_folder(const bench_options *options) {
    const char *fallback = getenv("TMPDIR");
    if (options->dir != NULL) return options->dir;
    return fallback != NULL && fallback[0] != '\0' ? fallback : "/tmp";
}

static void report_json(const bench *b, const char *key) {
    echo_cli_out *out = &b->cli->out;
    echo_cli_json_object(out, key);
    echo_cli_json_string(out, "bench", b->mode->name);
    echo_cli_json_string(out, "version", echo_version());
    echo_cli_json_number(out, "seed", b->options.seed);
    echo_cli_json_number(out, "runs", b->options.runs);
    bench_report_json_machine(out, b);
    echo_cli_json_array(out, "cases");
    bench_report_json(b);
    echo_cli_json_end(out);
    bench_report_json_goals(out, b);
    echo_cli_json_flag(out, "agrees", b->wrong_count == 0);
    echo_cli_json_end(out);
}

static void report(bench *b) {
    echo_cli_out *out = &b->cli->out;
    echo_cli_progress_clear(&b->cli->progress);
    if (b->options.json) {
        report_json(b, NULL);
    } else if (b->options.csv) {
        bench_report_csv(b);
    } else {
        bench_report_table(b);
        bench_report_verdict(out, b);
    }
    (void)echo_cli_out_flush(out);
    for (size_t i = 0; i < b->wrong_count; i++) {
        echo_error wrong = ECHO_ERROR_INIT;
        (void)bench_fail(&wrong, ECHO_ERR_CORRUPT, "%s", b->wrong[i]);
        (void)echo_cli_fail(b->cli, ECHO_ERR_CORRUPT, &wrong);
    }
}

/* Repeats when something was made in it meanwhile: a stopped process may have a child that ends a little later. */
static void remove_work(const bench *b) {
    struct timespec moment = {0, 20000000};
    for (unsigned tries = 0; tries < 50; tries++) {
        bench_folder_remove(b->work);
        if (access(b->work, F_OK) != 0) return;
        (void)nanosleep(&moment, NULL);
    }
}

/* One mode, from measuring to plots. */
static echo_status run_mode(bench *b, const bench_mode *mode, uint64_t runs, bool *finding, echo_error *err) {
    b->mode = mode;
    b->options.runs = runs != 0 ? runs : b->options.quick ? 1 : mode->runs;
    b->count = b->goal_count = b->wrong_count = 0;
    b->steps = b->steps_done = 0;
    echo_status status = mode->run(b, err);
    if (status == ECHO_OK) report(b);
    if (status == ECHO_OK && b->options.plot != NULL && mode->plot != NULL) status = mode->plot(b, err);
    *finding = *finding || b->wrong_count > 0;
    free(b->cases);
    b->cases = NULL;
    return status;
}

/* Each is reported when it is done; a failure leaves incomplete JSON, which every reader rejects. */
static echo_status run_modes(bench *b, bool *finding, echo_error *err) {
    echo_cli_out *out = &b->cli->out;
    const bench_mode *one = b->mode;
    uint64_t runs = b->options.runs;
    bool text = !b->options.json && !b->options.csv;
    if (text) bench_report_machine(out, b);
    if (text) echo_cli_print(out, "\n");
    if (one != NULL) return run_mode(b, one, runs, finding, err);
    echo_status status = ECHO_OK;
    if (b->options.json) {
        echo_cli_json_object(out, NULL);
        echo_cli_json_string(out, "bench", "all");
        echo_cli_json_array(out, "modes");
    }
    for (size_t i = 0; status == ECHO_OK && bench_modes[i] != NULL; i++) {
        if (i > 0 && !b->options.json) echo_cli_print(out, "\n");
        status = run_mode(b, bench_modes[i], runs, finding, err);
    }
    if (status == ECHO_OK && b->options.json) {
        echo_cli_json_end(out);
        echo_cli_json_flag(out, "agrees", !*finding);
        echo_cli_json_end(out);
    }
    return status;
}

static int run(bench *b, int argc, char **argv) {
    bool finding = false;
    echo_error err = ECHO_ERROR_INIT;
    int code = bench_options_read(b, argc, argv);
    if (code != ECHO_CLI_EXIT_OK || echo_cli_has(b->cli, ECHO_CLI_HELP)) return code;
    echo_cli_begin_progress(b->cli);
    bench_catch_signals();
    bench_link_probe(&b->options.link);
    echo_status status = bench_plot_prepare(b, &err);
    if (status == ECHO_OK) status = bench_folder_make(b->work, parent_folder(&b->options), &err);
    if (status == ECHO_OK) status = bench_machine_run(&b->machine, b->work, &err);
    if (status == ECHO_OK) status = run_modes(b, &finding, &err);
    if (b->work[0] != '\0' && !b->options.keep) remove_work(b);
    echo_cli_progress_clear(&b->cli->progress);
    if (status != ECHO_OK) code = echo_cli_fail(b->cli, status, &err);
    if (status == ECHO_OK && finding) code = ECHO_CLI_EXIT_FINDING;
    if (b->options.keep && b->work[0] != '\0') (void)fprintf(stderr, "kept in %s\n", b->work);
    return code;
}

int main(int argc, char **argv) {
    static echo_cli cli; /* zero; large */
    static bench b;
    (void)setvbuf(stderr, NULL, _IOLBF, 4096);
    echo_cli_out_init(&cli.out, stdout);
    cli.command = "bench";
    b.cli = &cli;
    b.program = argv[0];
    return echo_cli_finish(&cli, run(&b, argc, argv));
}
