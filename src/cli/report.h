/* Prints errors, notes and progress to stderr, and maps statuses to exit codes. */
#ifndef ECHO_CLI_REPORT_H
#define ECHO_CLI_REPORT_H

#include "cli/cli.h"

int echo_cli_exit_of(echo_status status);
/* Prints code, message, feed, seq, item and folder in one line; with --json {"error":{...}}. If err has no code, status
 * is printed. Returns the exit code. */
int echo_cli_fail(echo_cli *cli, echo_status status, const echo_error *err);
/* A usage error, with a hint to --help. Returns ECHO_CLI_EXIT_USAGE. */
int echo_cli_misuse(echo_cli *cli, const char *format, ...) ECHO_PRINTF(2, 3);
/* Prints a problem that did not stop the command, in the shape of an error; with --json {"note":{...}}. Prints nothing
 * with --quiet. */
void echo_cli_note(echo_cli *cli, const echo_error *what);
/* Shows progress from now on, if stderr is a terminal and --quiet was not given. */
void echo_cli_begin_progress(echo_cli *cli);
/* Updates the progress line. total 0: unknown. */
void echo_cli_tick(echo_cli *cli, const char *phase, uint64_t done, uint64_t total);
/* Flushes stdout. A success whose output could not be written becomes an error. Returns the exit code. */
int echo_cli_finish(echo_cli *cli, int code);

#endif
