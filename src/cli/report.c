#include "cli/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int echo_cli_exit_of(echo_status status) {
    switch (status) {
    case ECHO_OK: return ECHO_CLI_EXIT_OK;
    case ECHO_ERR_INVALID: return ECHO_CLI_EXIT_USAGE;
    case ECHO_ERR_NOT_FOUND:
    case ECHO_ERR_GAP:
    case ECHO_ERR_PRUNED: return ECHO_CLI_EXIT_ABSENT;
    case ECHO_ERR_CORRUPT:
    case ECHO_ERR_SIGNATURE:
    case ECHO_ERR_VERSION:
    case ECHO_ERR_UNSUPPORTED:
    case ECHO_ERR_PENDING:
    case ECHO_ERR_REFUSED:
    case ECHO_ERR_BEHIND: return ECHO_CLI_EXIT_DAMAGED;
    case ECHO_ERR_NOMEM:
    case ECHO_ERR_LIMIT: return ECHO_CLI_EXIT_MEMORY;
    default: return ECHO_CLI_EXIT_IO; /* IO, BUSY, READONLY, CONFLICT, EXISTS, and codes of newer libraries */
    }
}

static void report_json(echo_cli *cli, echo_cli_out *to, const char *kind, const echo_error *what) {
    echo_cli_json_object(to, NULL);
    echo_cli_json_error(to, kind, what, cli->dir);
    echo_cli_json_end(to);
}

static void report_text(echo_cli *cli, echo_cli_out *to, const char *kind, const echo_error *what) {
    echo_cli_print(to, "echo-snapshot%s%s: %s: ", cli->command != NULL ? " " : "",
                   cli->command != NULL ? cli->command : "", kind);
    echo_cli_print_error(to, what);
    if (cli->dir != NULL) {
        echo_cli_print(to, ", folder ");
        echo_cli_print_text(to, cli->dir, 0);
    }
    echo_cli_print(to, "\n");
}

static void report(echo_cli *cli, const char *kind, const echo_error *what) {
    echo_cli_out to;
    echo_cli_out_init(&to, stderr);
    echo_cli_progress_clear(&cli->progress);
    if (cli->json)
        report_json(cli, &to, kind, what);
    else
        report_text(cli, &to, kind, what);
    (void)echo_cli_out_flush(&to); /* a failure of stderr cannot be reported anywhere */
}

int echo_cli_fail(echo_cli *cli, echo_status status, const echo_error *err) {
    echo_error what = *err;
    if (what.code == ECHO_OK) what.code = status;
    report(cli, "error", &what);
    return echo_cli_exit_of(status);
}

int echo_cli_misuse(echo_cli *cli, const char *format, ...) {
    echo_error what = ECHO_ERROR_INIT;
    va_list args;
    what.code = ECHO_ERR_INVALID;
    va_start(args, format);
    int len = vsnprintf(what.message, sizeof what.message - 64, format, args);
    va_end(args);
    if (len < 0) what.message[0] = '\0';
    size_t at = strlen(what.message);
    const char *name = cli->command != NULL ? cli->command : "";
    (void)snprintf(what.message + at, sizeof what.message - at, " (see echo-snapshot %s%s--help)", name,
                   name[0] != '\0' ? " " : "");
    cli->dir = NULL; /* it is not what is wrong */
    report(cli, "error", &what);
    return ECHO_CLI_EXIT_USAGE;
}

void echo_cli_note(echo_cli *cli, const echo_error *what) {
    if (!cli->quiet) report(cli, "note", what);
}

void echo_cli_begin_progress(echo_cli *cli) {
    bool seen = !cli->quiet && isatty(STDERR_FILENO) == 1;
    echo_cli_progress_init(&cli->progress, seen ? stderr : NULL, echo_cli_now_ms());
}

void echo_cli_tick(echo_cli *cli, const char *phase, uint64_t done, uint64_t total) {
    if (cli->progress.file != NULL) echo_cli_progress_show(&cli->progress, echo_cli_now_ms(), phase, done, total);
}

int echo_cli_finish(echo_cli *cli, int code) {
    echo_cli_progress_clear(&cli->progress);
    if (echo_cli_out_flush(&cli->out)) return code;
    echo_error what = ECHO_ERROR_INIT;
    what.code = ECHO_ERR_IO;
    (void)snprintf(what.message, sizeof what.message, "standard output cannot be written: %s",
                   strerror(cli->out.problem));
    cli->dir = NULL;
    report(cli, "error", &what);
    return ECHO_CLI_EXIT_IO;
}
