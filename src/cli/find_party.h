/* Which party of a folder is meant. */
#ifndef ECHO_CLI_FIND_PARTY_H
#define ECHO_CLI_FIND_PARTY_H

#include "cli/cli.h"

/* The one named by --party, or the only party in cli->dir. */
echo_status echo_cli_find_party(echo_key *out, const echo_cli *cli, echo_error *err) ECHO_MUST_USE;

#endif
