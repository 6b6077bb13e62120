/*
 * Inside the echo-snapshot command: main.c dispatches, cmd.c holds the options of the sub-commands, cmd_*.c are the
 * sub-commands, net/ is the transport of `serve` and `join`.
 */
#ifndef ECHO_CLI_CMD_H
#define ECHO_CLI_CMD_H

#include "cli/cli.h"

/* The options a sub-command takes, as bits. */
#define ECHO_CMD_NO_WRITE (UINT64_C(1) << 4)
#define ECHO_CMD_NO_SNAPSHOT (UINT64_C(1) << 5)
#define ECHO_CMD_EAGER (UINT64_C(1) << 6)
#define ECHO_CMD_VERIFY_FULL (UINT64_C(1) << 7)
#define ECHO_CMD_TYPE (UINT64_C(1) << 8)
#define ECHO_CMD_MODEL (UINT64_C(1) << 9)
#define ECHO_CMD_PARENT (UINT64_C(1) << 10)
#define ECHO_CMD_ID (UINT64_C(1) << 11)
#define ECHO_CMD_NUMBER (UINT64_C(1) << 12)
#define ECHO_CMD_RECORDS (UINT64_C(1) << 13)
#define ECHO_CMD_REPLAY (UINT64_C(1) << 14)
#define ECHO_CMD_KEEP (UINT64_C(1) << 15)
#define ECHO_CMD_DRY_RUN (UINT64_C(1) << 16)
#define ECHO_CMD_A (UINT64_C(1) << 17)
#define ECHO_CMD_B (UINT64_C(1) << 18)
#define ECHO_CMD_LIMIT (UINT64_C(1) << 19)
#define ECHO_CMD_ADMIT (UINT64_C(1) << 20)
#define ECHO_CMD_SIGNER (UINT64_C(1) << 21)
#define ECHO_CMD_DIGEST (UINT64_C(1) << 22)
#define ECHO_CMD_MEMBERS (UINT64_C(1) << 23)
#define ECHO_CMD_LISTEN (UINT64_C(1) << 24)
#define ECHO_CMD_ONCE (UINT64_C(1) << 25)
#define ECHO_CMD_PEER (UINT64_C(1) << 26)
#define ECHO_CMD_TRUST (UINT64_C(1) << 27)
#define ECHO_CMD_ATTESTATIONS (UINT64_C(1) << 28)
#define ECHO_CMD_SAMPLES (UINT64_C(1) << 29)
#define ECHO_CMD_ITEM (UINT64_C(1) << 30)
#define ECHO_CMD_KEY (UINT64_C(1) << 31)
#define ECHO_CMD_NEW_KEY (UINT64_C(1) << 32)
#define ECHO_CMD_INVITATION (UINT64_C(1) << 33) /* not an option: a word after DIR */
#define ECHO_CMD_TWO (UINT64_C(1) << 34)        /* not an option: a second folder may be named */
#define ECHO_CMD_TO (UINT64_C(1) << 35)         /* not an option: a second folder must be named */
#define ECHO_CMD_COMMON (ECHO_CLI_HELP | ECHO_CLI_JSON | ECHO_CLI_QUIET | ECHO_CMD_NO_WRITE)
#define ECHO_CMD_OPENING (ECHO_CLI_PARTY | ECHO_CMD_NO_SNAPSHOT | ECHO_CMD_EAGER | ECHO_CMD_VERIFY_FULL)

#define ECHO_CMD_REFUSED_MAX 32u
#define ECHO_CMD_PEERS_MAX 16u
#define ECHO_CMD_ITEMS_MAX 64u

typedef struct echo_cmd_command {
    const char *name;
    const char *summary;       /* one line for the list of commands */
    const char *details;       /* for its --help; ends with a newline */
    uint64_t options;          /* what it takes */
    int (*run)(echo_cli *cli); /* returns the exit code */
} echo_cmd_command;

/* The options given to a sub-command, and what sub-commands share while they run. */
typedef struct echo_cmd {
    const echo_cmd_command *command;
    const char *invitation; /* NULL: not given */
    const char *dir_b;      /* NULL: not given */
    const char *type, *model, *parent, *id;
    uint64_t number; /* 0: not given */
    uint64_t number_a, number_b;
    uint64_t limit;
    uint32_t keep;
    echo_key admit;
    const char *signer, *key, *listen;
    const char *peers[ECHO_CMD_PEERS_MAX], *items[ECHO_CMD_ITEMS_MAX];
    size_t peer_count, item_count;
    echo_trust trust;
    uint32_t once, attestations, samples; /* 0: not given */

    echo_registry *models;
    echo_error refused[ECHO_CMD_REFUSED_MAX]; /* the first messages that were passed over while opening */
    size_t refused_count;
} echo_cmd;

/* Reads the arguments of cli->cmd->command (argv[0] is its name). false: do not run the command, *code is the exit
 * code, and a problem with the arguments has been printed. */
bool echo_cmd_read(echo_cli *cli, int argc, char **argv, int *code);

#endif
