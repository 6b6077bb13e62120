#include <inttypes.h>

#include "cli/commands.h"
#include "cli/find_party.h"
#include "cli/folder.h"
#include "cli/report.h"

typedef struct advice_args {
    echo_cli *cli;
    uint64_t count;
} advice_args;

static echo_status show(void *arg, const echo_prune_advice *advice) {
    advice_args *a = arg;
    echo_cli_out *out = &a->cli->out;
    a->count++;
    if (a->cli->json) {
        echo_cli_json_list(out);
        echo_cli_json_object(out, NULL);
        echo_cli_json_hex(out, "feed", advice->feed.bytes);
        echo_cli_json_number(out, "last", advice->last);
        echo_cli_json_end(out);
        return ECHO_OK;
    }
    echo_cli_print(out, "feed ");
    echo_cli_print_hex(out, advice->feed.bytes);
    echo_cli_print(out, "  blocks 0 to %" PRIu64 "\n", advice->last);
    return ECHO_OK;
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    echo_key party;
    echo_store store = {NULL, NULL};
    advice_args a = {cli, 0};
    echo_status status = echo_cli_find_party(&party, cli, &err);
    if (status == ECHO_OK) status = echo_cli_open_store(&store, cli, true, &err);
    if (status == ECHO_OK) status = echo_snapshot_prune_advice(&store, &party, show, &a, &err);
    echo_store_close(&store);
    if (status != ECHO_OK) return echo_cli_fail(cli, status, &err);
    if (cli->json) {
        echo_cli_json_list(&cli->out);
        echo_cli_json_end(&cli->out);
    } else if (a.count == 0 && !cli->quiet) {
        echo_cli_print(&cli->out, "no feed has blocks that every snapshot covers\n");
    }
    return ECHO_CLI_EXIT_OK;
}

const echo_cmd_command echo_cmd_prune_advice = {
    "prune-advice", "lists the blocks of feeds that no snapshot needs",
    "Verifies all snapshots of the party and prints, for each feed, the last block that all of them\n"
    "cover: opening the party from any of them does not need the blocks up to it. Removes nothing.\n"
    "Without those blocks you cannot replay the party from the beginning, rebuild items for a model\n"
    "that no longer reads the stored version, or send the blocks to peers. Gives no advice when a\n"
    "snapshot is damaged (exit code 4).\n\n"
    "JSON: an array of {feed, last}.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY, run};
