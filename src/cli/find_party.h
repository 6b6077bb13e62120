/* Finds the party a command works on. */
#ifndef ECHO_CLI_FIND_PARTY_H
#define ECHO_CLI_FIND_PARTY_H

#include "cli/cli.h"

/* The party that --party names, or the only party in cli->dir. */
echo_status echo_cli_find_party(echo_key *out, const echo_cli *cli, echo_error *err) ECHO_MUST_USE;

#endif
