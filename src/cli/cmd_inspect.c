#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/find_party.h"
#include "cli/folder.h"
#include "cli/report.h"

typedef struct looking {
    echo_cli *cli;
    bool found;
    bool ended; /* our own callback ended the list: its code is not an error */
    echo_error problem;
} looking;

static echo_status end(looking *l) {
    l->ended = true;
    return ECHO_ERR_EXISTS;
}

/* ---- the manifest ---- */

static echo_status show_snapshot(void *arg, const echo_snapshot_info *info) {
    looking *l = arg;
    echo_cli_out *out = &l->cli->out;
    if (l->cli->cmd->number != 0 && l->cli->cmd->number != info->number) return ECHO_OK;
    l->found = true;
    if (info->status != ECHO_OK) {
        l->problem.code = info->status;
        (void)snprintf(l->problem.message, sizeof l->problem.message, "snapshot %" PRIu64 ": %s", info->number,
                       info->problem);
    }
    if (l->cli->json)
        echo_cli_json_snapshot(out, info, true);
    else
        echo_cli_print_snapshot(out, info);
    return end(l);
}

/* ---- records ---- */

static void print_line(echo_cli_out *out, echo_bytes line) {
    echo_cli_json_text(out, line);
    echo_cli_print(out, "\n");
}

static echo_status show_record(void *arg, const char *id, echo_bytes line) {
    looking *l = arg;
    int order = l->cli->cmd->id != NULL ? strcmp(id, l->cli->cmd->id) : 0;
    if (order > 0) return end(l); /* ids ascend */
    if (order < 0) return ECHO_OK;
    l->found = true;
    print_line(&l->cli->out, line);
    return l->cli->cmd->id != NULL || !echo_cli_out_ok(&l->cli->out) ? end(l) : ECHO_OK;
}

static echo_status absent(const echo_cli *cli, echo_error *err) {
    err->code = ECHO_ERR_NOT_FOUND;
    if (cli->cmd->id != NULL) {
        (void)snprintf(err->item, sizeof err->item, "%.*s", (int)sizeof err->item - 1, cli->cmd->id);
        (void)snprintf(err->message, sizeof err->message, "the snapshot has no record of that id");
    } else if (cli->cmd->number != 0) {
        (void)snprintf(err->message, sizeof err->message,
                       "snapshot %" PRIu64 " does not exist: `list` prints the snapshots", cli->cmd->number);
    } else {
        (void)snprintf(err->message, sizeof err->message, "the party has no snapshot");
    }
    return err->code;
}

static echo_status look(looking *l, echo_error *err) {
    echo_cli *cli = l->cli;
    echo_key party;
    echo_store store = {NULL, NULL};
    echo_status status = echo_cli_find_party(&party, cli, err);
    if (status == ECHO_OK) status = echo_cli_open_store(&store, cli, true, err);
    if (status != ECHO_OK) return status;
    bool records = cli->cmd->id != NULL || echo_cli_has(cli, ECHO_CMD_RECORDS);
    status = records ? echo_snapshot_records(&store, &party, cli->cmd->number, show_record, l, err)
                     : echo_snapshot_list(&store, &party, show_snapshot, l, err);
    echo_store_close(&store);
    if (l->ended) status = ECHO_OK;
    if (status == ECHO_OK && l->problem.code != ECHO_OK) {
        *err = l->problem;
        return err->code;
    }
    bool wanted = cli->cmd->id != NULL || !records; /* a snapshot without records is valid */
    return status == ECHO_OK && wanted && !l->found ? absent(cli, err) : status;
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    looking l = {.cli = cli};
    if (cli->cmd->id != NULL && echo_cli_has(cli, ECHO_CMD_RECORDS))
        return echo_cli_misuse(cli, "--id and --records do not go together");
    echo_status status = look(&l, &err);
    return status == ECHO_OK ? ECHO_CLI_EXIT_OK : echo_cli_fail(cli, status, &err);
}

const echo_cmd_command echo_cmd_inspect = {
    "inspect", "prints a manifest, or the records of a snapshot",
    "Prints the manifest and the roots of a snapshot, the newest unless --number is given; with --id\n"
    "the record of that item; with --records all records. A record is the line of JSON that the\n"
    "snapshot holds, byte for byte; a long state is in a chunk of its own, which the record names\n"
    "under \"blob\". A damaged manifest is printed as far as possible, with exit code 4.\n\n"
    "JSON: one object with the fields of `list`, the timeframe and the manifest. Records are always JSON.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY | ECHO_CMD_NUMBER | ECHO_CMD_ID | ECHO_CMD_RECORDS, run};
