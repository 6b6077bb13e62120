#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/report.h"

static const echo_cmd_command *const commands[] = {
    &echo_cmd_parties,      &echo_cmd_open,   &echo_cmd_items, &echo_cmd_snapshot, &echo_cmd_list, &echo_cmd_inspect,
    &echo_cmd_verify,       &echo_cmd_diff,   &echo_cmd_copy,  &echo_cmd_gc,       &echo_cmd_pin,  &echo_cmd_unpin,
    &echo_cmd_prune_advice, &echo_cmd_invite, &echo_cmd_serve, &echo_cmd_join,
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_help(echo_cli_out *out) {
    echo_cli_print(out,
                   "Usage: echo-snapshot COMMAND DIR [options]\n"
                   "Opens parties from snapshots; takes, prints, checks, copies and removes snapshots; exchanges them\n"
                   "with peers.\n\n"
                   "DIR holds feeds/<key>/ and snapshots.db.\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        echo_cli_print(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    echo_cli_print(out, "  %-12s %s\n", "bench", "measures the library on this machine");
    echo_cli_print(
        out,
        "\n`echo-snapshot COMMAND --help` prints the options of a command, `echo-snapshot --version` the version.\n\n"
        "Exit codes:\n");
    echo_cli_options_print_exits(out);
}

/* The next file opened would get a closed standard descriptor, and output would be written into that file. */
static bool hold_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) != -1) continue;
        if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            return false; /* the wrong way round: using it is an error */
    }
    return true;
}

static int run_command(echo_cli *cli, const echo_cmd_command *command, int argc, char **argv) {
    int code;
    cli->command = command->name;
    cli->cmd->command = command;
    if (!echo_cmd_read(cli, argc, argv, &code)) return code;
    echo_cli_begin_progress(cli);
    return command->run(cli);
}

static const echo_cmd_command *find_command(const char *word) {
    if (strcmp(word, "restore") == 0) return &echo_cmd_open;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(word, commands[i]->name) == 0) return commands[i];
    return NULL;
}

static int dispatch(echo_cli *cli, int argc, char **argv) {
    if (argc < 2) return echo_cli_misuse(cli, "a command is missing");
    const char *word = argv[1];
    const echo_cmd_command *command = find_command(word);
    if (command != NULL) return run_command(cli, command, argc - 1, argv + 1);
    if (strcmp(word, "bench") == 0) return echo_cmd_bench(cli, argv);
    bool help = strcmp(word, "--help") == 0, version = strcmp(word, "--version") == 0;
    if (!help && !version) return echo_cli_misuse(cli, "unknown %s '%s'", word[0] == '-' ? "option" : "command", word);
    if (argc > 2) return echo_cli_misuse(cli, "one argument too many: '%s'", argv[2]);
    if (help)
        print_help(&cli->out);
    else
        echo_cli_print(&cli->out, "echo-snapshot %s\n", echo_version());
    return ECHO_CLI_EXIT_OK;
}

int main(int argc, char **argv) {
    static echo_cli cli; /* zero; too large for comfort on a stack */
    static echo_cmd cmd;
    if (!hold_descriptors()) return ECHO_CLI_EXIT_IO;
    (void)setvbuf(stderr, NULL, _IOLBF, 4096);
    cli.cmd = &cmd;
    echo_cli_out_init(&cli.out, stdout);
    int code = dispatch(&cli, argc, argv);
    echo_registry_free(cmd.models);
    return echo_cli_finish(&cli, code);
}
