/* Prints the progress of a join: on a terminal, or as lines of JSON. */
#ifndef ECHO_CLI_JOIN_PRINT_H
#define ECHO_CLI_JOIN_PRINT_H

#include "cli/join_state.h"

void echo_cli_join_print(echo_cli_join *j);
void echo_cli_join_summary(echo_cli_join *j);

#endif
