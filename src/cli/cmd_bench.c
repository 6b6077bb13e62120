#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "cli/report.h"

#define PROGRAM "echo-snapshot-bench"

int echo_cmd_bench(echo_cli *cli, char **argv) {
    char path[ECHO_CLI_PATH_CHARS];
    echo_error err = ECHO_ERROR_INIT;
    cli->command = "bench";
    if (echo_cli_program_path(path, argv[0], PROGRAM)) {
        argv[1] = path; /* its options follow */
        (void)execv(path, argv + 1);
        err.code = errno == ENOENT ? ECHO_ERR_NOT_FOUND : ECHO_ERR_IO;
        (void)snprintf(err.message, sizeof err.message, "%.150s cannot be run: %s%s", path, strerror(errno),
                       errno == ENOENT ? "; it is not installed with this command" : "");
    } else {
        err.code = ECHO_ERR_NOT_FOUND;
        (void)snprintf(err.message, sizeof err.message,
                       PROGRAM " cannot be found: the folder of echo-snapshot is unknown");
    }
    return echo_cli_fail(cli, err.code, &err);
}
