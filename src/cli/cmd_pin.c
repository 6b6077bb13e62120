#include <inttypes.h>

#include "cli/commands.h"
#include "cli/find_party.h"
#include "cli/folder.h"
#include "cli/report.h"

static int change(echo_cli *cli, bool pinned) {
    echo_error err = ECHO_ERROR_INIT;
    echo_key party;
    echo_store store = {NULL, NULL};
    echo_cli_out *out = &cli->out;
    if (echo_cli_has(cli, ECHO_CMD_NO_WRITE))
        return echo_cli_misuse(cli, "--no-write leaves nothing to do: a pin is written");
    if (cli->cmd->number == 0) return echo_cli_misuse(cli, "--number is missing: it names the snapshot");
    echo_status status = echo_cli_find_party(&party, cli, &err);
    if (status == ECHO_OK) status = echo_cli_open_store(&store, cli, false, &err);
    if (status == ECHO_OK) status = echo_snapshot_pin(&store, &party, cli->cmd->number, pinned, &err);
    echo_store_close(&store);
    if (status != ECHO_OK) return echo_cli_fail(cli, status, &err);
    if (cli->json) {
        echo_cli_json_object(out, NULL);
        echo_cli_json_number(out, "number", cli->cmd->number);
        echo_cli_json_flag(out, "pinned", pinned);
        echo_cli_json_end(out);
    } else {
        echo_cli_print(out, "%-10s %" PRIu64 "%s\n", "snapshot", cli->cmd->number,
                       pinned ? ", pinned" : ", not pinned");
    }
    return ECHO_CLI_EXIT_OK;
}

static int pin(echo_cli *cli) { return change(cli, true); }

static int unpin(echo_cli *cli) { return change(cli, false); }

const echo_cmd_command echo_cmd_pin = {
    "pin", "pins a snapshot, so that nothing removes it",
    "Pins the party's snapshot --number. Until `unpin`, neither `gc` nor a program that keeps only the\n"
    "newest snapshots removes it. Pinning a pinned snapshot is not an error.\n\n"
    "JSON: {number, pinned}.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY | ECHO_CMD_NUMBER, pin};

const echo_cmd_command echo_cmd_unpin = {
    "unpin", "removes the pin of a snapshot",
    "Removes the pin of the party's snapshot --number. The snapshot itself stays until `gc` or a program\n"
    "that keeps only the newest snapshots removes it.\n\n"
    "JSON: {number, pinned}.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY | ECHO_CMD_NUMBER, unpin};
