#include "cli/cmd.h"

#include <string.h>

#include "cli/options.h"
#include "cli/report.h"

static bool parse_trust(void *target, const char *value) {
    for (int level = ECHO_TRUST_RECEIVED; level <= ECHO_TRUST_REPLAYED; level++) {
        if (strcmp(echo_trust_name((echo_trust)level), value) != 0) continue;
        ((echo_cmd *)target)->trust = (echo_trust)level;
        return true;
    }
    return false;
}

#define AT(field) offsetof(echo_cmd, field)
#define FROM_1 "a number from 1 on"
#define COUNT_FROM_1 "a number from 1 to 4294967295"

static const echo_cli_option options[] = {
    {ECHO_CLI_PARTY, "--party", "HEX", "the party's key; not needed when the folder holds one party",
     .kind = ECHO_CLI_OPTION_PARTY},
    {ECHO_CMD_TYPE, "--type", "T", "only items of this type", ECHO_CLI_OPTION_TEXT, .at = AT(type), .min = 1},
    {ECHO_CMD_MODEL, "--model", "M", "only items of this model", ECHO_CLI_OPTION_TEXT, .at = AT(model), .min = 1},
    {ECHO_CMD_PARENT, "--parent", "ID", "only items with this parent; \"\" for those without one", ECHO_CLI_OPTION_TEXT,
     .at = AT(parent)},
    {ECHO_CMD_ID, "--id", "ID", "only the item with this id", ECHO_CLI_OPTION_TEXT, .at = AT(id), .min = 1},
    {ECHO_CMD_NUMBER, "--number", "N", "the snapshot with this number", ECHO_CLI_OPTION_U64, .at = AT(number), .min = 1,
     .max = INT64_MAX, .needs = FROM_1},
    {ECHO_CMD_A, "--a", "N", "the snapshot with this number in DIR_A", ECHO_CLI_OPTION_U64, .at = AT(number_a),
     .min = 1, .max = INT64_MAX, .needs = FROM_1},
    {ECHO_CMD_B, "--b", "N", "the snapshot with this number in DIR_B, or in DIR_A without DIR_B", ECHO_CLI_OPTION_U64,
     .at = AT(number_b), .min = 1, .max = INT64_MAX, .needs = FROM_1},
    {ECHO_CMD_LIMIT, "--limit", "N", "print at most N items (50); 0: all of them", ECHO_CLI_OPTION_U64, .at = AT(limit),
     .max = INT64_MAX, .needs = "a number from 0 on"},
    {ECHO_CMD_RECORDS, "--records", NULL, "print every record, one line of JSON each", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CMD_REPLAY, "--replay", NULL, "also replay the feeds and compare the results", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CMD_KEEP, "--keep", "N", "keep the newest N good snapshots of each party; 0: all of them",
     ECHO_CLI_OPTION_U32, .at = AT(keep), .max = UINT32_MAX, .needs = "a number from 0 to 4294967295"},
    {ECHO_CMD_DRY_RUN, "--dry-run", NULL, "print what would be removed, remove nothing", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CMD_DIGEST, "--digest", NULL, "name the newest snapshot's state digest too", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CMD_MEMBERS, "--members", NULL, "name the party's other members too, at most 8 in all",
     .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CMD_ADMIT, "--admit", "KEY", "first admit this feed to the party; needs --signer", ECHO_CLI_OPTION_KEY,
     .at = AT(admit)},
    {ECHO_CMD_SIGNER, "--signer", "FILE", "file with the key of the party, or another key it trusts",
     ECHO_CLI_OPTION_TEXT, .at = AT(signer), .min = 1},
    {ECHO_CMD_LISTEN, "--listen", "PLACE",
     "HOST:PORT to listen at (127.0.0.1:0); port 0: any free port, which is printed", ECHO_CLI_OPTION_TEXT,
     .at = AT(listen), .min = 1},
    {ECHO_CMD_ONCE, "--once", "N", "end after N connections have ended", ECHO_CLI_OPTION_U32, .at = AT(once), .min = 1,
     .max = UINT32_MAX, .needs = COUNT_FROM_1},
    {ECHO_CMD_PEER, "--peer", "PLACE", "HOST:PORT of a peer; may be repeated, to fetch from several peers at once",
     ECHO_CLI_OPTION_TEXTS, .at = AT(peers), AT(peer_count), .min = 1, .max = ECHO_CMD_PEERS_MAX},
    {ECHO_CMD_TRUST, "--trust", "LEVEL", "received (the default), attested, sampled or replayed; see above",
     .kind = ECHO_CLI_OPTION_PARSED, .needs = "received, attested, sampled or replayed", .parse = parse_trust},
    {ECHO_CMD_ATTESTATIONS, "--attestations", "K", "the number of members that must attest the state (2)",
     ECHO_CLI_OPTION_U32, .at = AT(attestations), .min = 1, .max = UINT32_MAX, .needs = COUNT_FROM_1},
    {ECHO_CMD_SAMPLES, "--samples", "N", "the number of items to compare with the feeds (100)", ECHO_CLI_OPTION_U32,
     .at = AT(samples), .min = 1, .max = UINT32_MAX, .needs = COUNT_FROM_1},
    {ECHO_CMD_ITEM, "--item", "ID", "fetch this item first, and print it when it arrives; may be repeated",
     ECHO_CLI_OPTION_TEXTS, .at = AT(items), AT(item_count), .min = 1, .max = ECHO_CMD_ITEMS_MAX},
    {ECHO_CMD_KEY, "--key", "FILE", "file with the member's key, instead of the own feed's key", ECHO_CLI_OPTION_TEXT,
     .at = AT(key), .min = 1},
    {ECHO_CMD_NEW_KEY, "--new-key", NULL,
     "make an own feed in DIR, print its key for the member who admits it, and end", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CMD_NO_SNAPSHOT, "--no-snapshot", NULL, "use no snapshot, replay all messages", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CMD_NO_WRITE, "--no-write", NULL, "change nothing on disk", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CMD_EAGER, "--eager", NULL, "load the state of every item at opening", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CMD_VERIFY_FULL, "--verify-full", NULL, "check every chunk of the snapshot before using it",
     .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CLI_JSON, "--json", NULL,
     "print results as JSON; errors as {\"error\":{code,message,path,feed,seq,item}} on stderr",
     .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CLI_QUIET, "--quiet", NULL, "print no progress and no notes; errors are still printed",
     .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CLI_HELP, "--help", NULL, "print this text", .kind = ECHO_CLI_OPTION_FLAG},
};

static int accept_word(echo_cli *cli, void *target, const char *word) {
    echo_cmd *cmd = target;
    bool two = (cmd->command->options & (ECHO_CMD_TWO | ECHO_CMD_TO)) != 0 && cmd->dir_b == NULL;
    if (cli->dir != NULL && (cmd->command->options & ECHO_CMD_INVITATION) != 0 && cmd->invitation == NULL) {
        cmd->invitation = word;
        return ECHO_CLI_EXIT_OK;
    }
    if (cli->dir != NULL && !two) return echo_cli_misuse(cli, "one argument too many: '%s'", word);
    if (word[0] == '\0') return echo_cli_misuse(cli, "DIR is empty");
    if (cli->dir != NULL)
        cmd->dir_b = word;
    else
        cli->dir = word;
    return ECHO_CLI_EXIT_OK;
}

static void print_help(echo_cli *cli, const echo_cli_options *taken) {
    const echo_cmd_command *command = cli->cmd->command;
    const char *folders = (command->options & ECHO_CMD_TWO) != 0          ? "DIR_A [DIR_B]"
                          : (command->options & ECHO_CMD_TO) != 0         ? "FROM TO"
                          : (command->options & ECHO_CMD_INVITATION) != 0 ? "DIR INVITATION"
                                                                          : "DIR";
    echo_cli_print(&cli->out, "Usage: echo-snapshot %s %s [options]\n\n%s\nOptions:\n", command->name, folders,
                   command->details);
    echo_cli_options_print(&cli->out, taken);
    echo_cli_print(&cli->out, "\nExit codes:\n");
    echo_cli_options_print_exits(&cli->out);
}

bool echo_cmd_read(echo_cli *cli, int argc, char **argv, int *code) {
    const echo_cli_options taken = {
        options, sizeof options / sizeof options[0], cli->cmd->command->options, cli->cmd, accept_word, 19};
    *code = echo_cli_options_read(cli, &taken, argc, argv);
    if (*code == ECHO_CLI_EXIT_OK && echo_cli_has(cli, ECHO_CLI_HELP)) {
        print_help(cli, &taken);
        return false;
    }
    bool to = (cli->cmd->command->options & ECHO_CMD_TO) != 0;
    if (*code == ECHO_CLI_EXIT_OK && cli->dir == NULL)
        *code = echo_cli_misuse(cli, to ? "FROM is missing" : "DIR is missing");
    if (*code == ECHO_CLI_EXIT_OK && to && cli->cmd->dir_b == NULL) *code = echo_cli_misuse(cli, "TO is missing");
    return *code == ECHO_CLI_EXIT_OK;
}
