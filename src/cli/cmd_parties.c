#include <string.h>

#include "cli/commands.h"
#include "cli/report.h"

/* The genesis of a party that was joined from a snapshot is not present. */
static const uint8_t *genesis_of(const echo_party_entry *entry) {
    static const echo_key none;
    return memcmp(&entry->genesis_feed, &none, sizeof none) == 0 ? NULL : entry->genesis_feed.bytes;
}

static echo_status show(void *arg, const echo_party_entry *entry) {
    echo_cli *cli = arg;
    echo_cli_out *out = &cli->out;
    if (cli->json) {
        echo_cli_json_list(out);
        echo_cli_json_object(out, NULL);
        echo_cli_json_hex(out, "party", entry->party.bytes);
        echo_cli_json_hex(out, "genesis_feed", genesis_of(entry));
        echo_cli_json_flag(out, "identity", entry->identity);
        echo_cli_json_end(out);
        return ECHO_OK;
    }
    echo_cli_print_hex(out, entry->party.bytes);
    echo_cli_print(out, "  %-8s  ", entry->identity ? "identity" : "party");
    if (genesis_of(entry) == NULL) {
        echo_cli_print(out, "joined, as a snapshot\n");
        return ECHO_OK;
    }
    echo_cli_print(out, "feed ");
    echo_cli_print_hex(out, entry->genesis_feed.bytes);
    echo_cli_print(out, "\n");
    return ECHO_OK;
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo_parties_list(cli->dir, show, cli, &err);
    if (status != ECHO_OK) return echo_cli_fail(cli, status, &err);
    if (!cli->json) return ECHO_CLI_EXIT_OK;
    echo_cli_json_list(&cli->out);
    echo_cli_json_end(&cli->out);
    return ECHO_CLI_EXIT_OK;
}

const echo_cmd_command echo_cmd_parties = {
    "parties", "lists the parties in a folder",
    "Lists each party whose genesis is the first block of a feed in DIR/feeds, with that feed. A\n"
    "member's own identity party, which holds credentials and no items, is marked \"identity\". Feeds\n"
    "that cannot be read are passed over. A party that was joined is listed without a feed: DIR has a\n"
    "snapshot of it, but not its genesis.\n\n"
    "JSON: an array of {party, genesis_feed, identity}; genesis_feed is null when DIR does not have\n"
    "that feed's first block.\n",
    ECHO_CMD_COMMON, run};
