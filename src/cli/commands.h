/* The sub-commands, in the order of --help. `bench` is not among them: it is a program of its own. */
#ifndef ECHO_CLI_COMMANDS_H
#define ECHO_CLI_COMMANDS_H

#include "cli/cmd.h"

extern const echo_cmd_command echo_cmd_parties;
extern const echo_cmd_command echo_cmd_open; /* `restore` is another name for it */
extern const echo_cmd_command echo_cmd_items;
extern const echo_cmd_command echo_cmd_snapshot;
extern const echo_cmd_command echo_cmd_list;
extern const echo_cmd_command echo_cmd_inspect;
extern const echo_cmd_command echo_cmd_verify;
extern const echo_cmd_command echo_cmd_diff;
extern const echo_cmd_command echo_cmd_copy;
extern const echo_cmd_command echo_cmd_gc;
extern const echo_cmd_command echo_cmd_pin;
extern const echo_cmd_command echo_cmd_unpin;
extern const echo_cmd_command echo_cmd_prune_advice;
extern const echo_cmd_command echo_cmd_invite;
extern const echo_cmd_command echo_cmd_serve;
extern const echo_cmd_command echo_cmd_join;

/* Replaces this process by echo-snapshot-bench, which must be in the folder of this program. Returns only when that
 * fails, with an exit code. */
int echo_cmd_bench(echo_cli *cli, char **argv);

#endif
