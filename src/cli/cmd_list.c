#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/find_party.h"
#include "cli/folder.h"
#include "cli/report.h"

typedef struct listing {
    echo_cli *cli;
    uint64_t count;
} listing;

static echo_status show(void *arg, const echo_snapshot_info *info) {
    listing *l = arg;
    echo_cli_out *out = &l->cli->out;
    if (l->cli->json) {
        l->count++;
        echo_cli_json_list(out);
        echo_cli_json_snapshot(out, info, false);
        return ECHO_OK;
    }
    if (l->count++ == 0 && !l->cli->quiet)
        echo_cli_print(out, "%6s  %-7s  %-6s  %-23s  %10s  %10s  %s\n", "NUMBER", "STATUS", "PIN", "TIME", "MESSAGES",
                       "ITEMS", "DIGEST");
    echo_cli_print(out, "%6" PRIu64 "  %-7s  %-6s  ", info->number, info->status == ECHO_OK ? "good" : "damaged",
                   info->pinned ? "pinned" : "-");
    if (info->status == ECHO_OK) {
        echo_cli_print_time(out, info->time);
        echo_cli_print(out, "  %10" PRIu64 "  %10" PRIu64 "  ", info->messages, info->items.items);
        echo_cli_print_hex(out, info->digest.bytes);
    } else {
        echo_cli_print(out, "%s: ", echo_status_name(info->status));
        echo_cli_print_text(out, info->problem, 0);
    }
    echo_cli_print(out, "\n");
    return ECHO_OK;
}

typedef struct search {
    const echo_key *party;
    bool found;
} search;

static echo_status compare(void *arg, const echo_party_entry *entry) {
    search *s = arg;
    s->found = s->found || memcmp(entry->party.bytes, s->party->bytes, sizeof s->party->bytes) == 0;
    return ECHO_OK;
}

/* The store has nothing: does the party have no snapshots, or does it not exist? */
static echo_status check_party(echo_cli *cli, const echo_key *party, echo_error *err) {
    search s = {party, false};
    echo_status status = echo_parties_list(cli->dir, compare, &s, err);
    if (status != ECHO_OK || s.found) return status;
    err->code = ECHO_ERR_NOT_FOUND;
    (void)snprintf(err->message, sizeof err->message, "the folder holds no feed and no snapshot of that party");
    return err->code;
}

static echo_status list(listing *l, echo_error *err) {
    echo_key party;
    echo_store store = {NULL, NULL};
    echo_status status = echo_cli_find_party(&party, l->cli, err);
    if (status != ECHO_OK) return status;
    status = echo_cli_open_store(&store, l->cli, true, err);
    if (status == ECHO_OK)
        status = echo_snapshot_list(&store, &party, show, l, err);
    else if (status == ECHO_ERR_NOT_FOUND)
        status = ECHO_OK; /* no snapshots yet; a missing folder is reported below */
    echo_store_close(&store);
    return status == ECHO_OK && l->count == 0 ? check_party(l->cli, &party, err) : status;
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    listing l = {cli, 0};
    echo_status status = list(&l, &err);
    if (status != ECHO_OK) return echo_cli_fail(cli, status, &err);
    if (cli->json) {
        echo_cli_json_list(&cli->out);
        echo_cli_json_end(&cli->out);
    } else if (l.count == 0 && !cli->quiet) {
        echo_cli_print(&cli->out, "no snapshots\n");
    }
    return ECHO_CLI_EXIT_OK;
}

const echo_cmd_command echo_cmd_list = {
    "list", "lists the snapshots of a party",
    "Lists the party's snapshots, newest first, good or damaged. Reads only the manifests; `verify`\n"
    "checks everything.\n\n"
    "JSON: an array of {number, status, pinned, time, messages, feeds, items, credentials, author,\n"
    "digest, previous}; status is \"good\", or \"damaged\" with code and problem instead of the fields\n"
    "after pinned. Times are milliseconds since 1970.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY, run};
