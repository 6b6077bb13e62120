/*
 * What both programs share: the general options of one call, and where results, notes and progress go. Only results go
 * to stdout; errors, notes and progress go to stderr. The programs use only the public headers.
 */
#ifndef ECHO_CLI_CLI_H
#define ECHO_CLI_CLI_H

#include <echo/echo.h>

#include "cli/output.h"
#include "cli/progress.h"

/* The exit codes: `--help` prints this table, echo_cli_exit_of() maps statuses to it. */
#define ECHO_CLI_EXIT_MAP(XX)                                                                                          \
    XX(OK, 0, "done")                                                                                                  \
    XX(FINDING, 1, "verify found a problem, or diff found a difference")                                               \
    XX(USAGE, 2, "wrong options or arguments, or several parties and no --party")                                      \
    XX(ABSENT, 3, "not found: the folder, party, snapshot, item, or a block of a feed")                                \
    XX(DAMAGED, 4, "data is corrupt, wrongly signed, or of a version that is not supported")                           \
    XX(IO, 5, "input or output failed (also standard output), in use by another process, or not writable")             \
    XX(MEMORY, 6, "out of memory, or a limit was exceeded")

typedef enum echo_cli_exit {
#define XX(name, value, text) ECHO_CLI_EXIT_##name = value,
    ECHO_CLI_EXIT_MAP(XX)
#undef XX
} echo_cli_exit;

/* The options that both programs have, as bits of `given`. Each program has further bits of its own. */
#define ECHO_CLI_HELP (UINT64_C(1) << 0)
#define ECHO_CLI_JSON (UINT64_C(1) << 1)
#define ECHO_CLI_QUIET (UINT64_C(1) << 2)
#define ECHO_CLI_PARTY (UINT64_C(1) << 3)

typedef struct echo_cli {
    const char *command; /* name of the sub-command, NULL outside of them */
    const char *dir;     /* the party's folder */
    uint64_t given;      /* options that were given */
    bool json, quiet;
    echo_key party;   /* with ECHO_CLI_PARTY */
    echo_cli_out out; /* stdout */
    echo_cli_progress progress;
    struct echo_cmd *cmd; /* further options of sub-commands; NULL in the measuring program */
} echo_cli;

static inline bool echo_cli_has(const echo_cli *cli, uint64_t option) { return (cli->given & option) != 0; }

#endif
