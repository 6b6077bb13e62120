/* Prints snapshots as JSON and as text. */
#ifndef ECHO_CLI_DESCRIBE_H
#define ECHO_CLI_DESCRIBE_H

#include "cli/cli.h"

/* Prints the fields of a snapshot; with `whole` also its timeframe, roots and manifest. */
void echo_cli_json_snapshot(echo_cli_out *out, const echo_snapshot_info *info, bool whole);
void echo_cli_print_snapshot(echo_cli_out *out, const echo_snapshot_info *info);

#endif
