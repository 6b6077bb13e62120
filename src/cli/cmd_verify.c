/*
 * Verification. A fault of a snapshot is a finding: it is printed as a result, and the next snapshot is checked. When
 * checking itself is impossible (input/output, memory, another process writes), that is an error and ends the command.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/find_party.h"
#include "cli/folder.h"
#include "cli/report.h"

typedef struct checking {
    echo_cli *cli;
    const echo_store *store;
    echo_feeds feeds; /* no table: the folder has none */
    echo_key party;
    uint64_t checked, findings;
    echo_error error;    /* why checking cannot go on; code ECHO_OK: it can */
    echo_status missing; /* blocks for comparing a snapshot with its feeds */
} checking;

typedef enum verdict { GOOD, DAMAGED, DIFFERS, UNCOMPARED } verdict;

typedef struct result {
    verdict verdict;
    echo_error problem; /* DAMAGED, UNCOMPARED */
    bool replayed;
    echo_hash replay;
} result;

/* ---- showing ---- */

static void show_json(echo_cli_out *out, const echo_snapshot_info *info, const result *r) {
    static const char *const names[] = {"good", "damaged", "differs", "uncompared"};
    echo_cli_json_list(out);
    echo_cli_json_object(out, NULL);
    echo_cli_json_number(out, "number", info->number);
    echo_cli_json_string(out, "status", names[r->verdict]);
    echo_cli_json_hex(out, "digest", info->status == ECHO_OK ? info->digest.bytes : NULL);
    echo_cli_json_hex(out, "replay", r->replayed ? r->replay.bytes : NULL);
    if (r->problem.code != ECHO_OK)
        echo_cli_json_error(out, "error", &r->problem, NULL);
    else
        echo_cli_json_raw(out, "error", "null");
    echo_cli_json_end(out);
}

static void show_text(echo_cli_out *out, const echo_snapshot_info *info, const result *r) {
    echo_cli_print(out, "snapshot %" PRIu64 ": ", info->number);
    switch (r->verdict) {
    case GOOD:
        echo_cli_print(out, "good, %" PRIu64 " items, %" PRIu64 " messages", info->items.items, info->messages);
        if (r->replayed) echo_cli_print(out, ", the same as the replay of its feeds");
        break;
    case DAMAGED:
        echo_cli_print(out, "DAMAGED: ");
        echo_cli_print_error(out, &r->problem);
        break;
    case DIFFERS:
        echo_cli_print(out, "DIFFERS from the replay of its feeds: digest ");
        echo_cli_print_hex(out, info->digest.bytes);
        echo_cli_print(out, ", replay ");
        echo_cli_print_hex(out, r->replay.bytes);
        break;
    case UNCOMPARED:
        echo_cli_print(out, "good in itself, but cannot be compared with the replay of its feeds: ");
        echo_cli_print_error(out, &r->problem);
        break;
    }
    echo_cli_print(out, "\n");
}

/* ---- checking ---- */

static bool hinders(echo_status status) {
    return status == ECHO_ERR_IO || status == ECHO_ERR_NOMEM || status == ECHO_ERR_BUSY || status == ECHO_ERR_READONLY;
}

static bool is_gap(echo_status status) { return status == ECHO_ERR_GAP || status == ECHO_ERR_PRUNED; }

static void settle(echo_error *error, echo_status status) {
    if (error->code == ECHO_OK) error->code = status;
    if (error->message[0] == '\0')
        (void)snprintf(error->message, sizeof error->message, "%s", echo_status_text(status));
}

static echo_status replay(const checking *c, const echo_snapshot_info *info, result *r) {
    echo_party_options options;
    echo_status status = echo_cli_party_options(&options, c->cli, &r->problem);
    options.party = &c->party;
    if (status == ECHO_OK) status = echo_snapshot_replay(&r->replay, &options, c->store, info->number, &r->problem);
    r->replayed = status == ECHO_OK;
    return status;
}

static echo_status check(const checking *c, const echo_snapshot_info *info, result *r) {
    echo_status status = info->status;
    if (status != ECHO_OK)
        (void)snprintf(r->problem.message, sizeof r->problem.message, "%s", info->problem);
    else
        status = echo_snapshot_verify(c->store, &c->party, info->number, &r->problem);
    if (status == ECHO_OK && c->feeds.ops != NULL)
        status = echo_snapshot_verify_feeds(c->store, &c->feeds, &c->party, info->number, &r->problem);
    if (status == ECHO_OK && echo_cli_has(c->cli, ECHO_CMD_REPLAY)) {
        status = replay(c, info, r);
        if (status != ECHO_OK) r->verdict = UNCOMPARED;
    }
    if (status == ECHO_OK && r->replayed && memcmp(&r->replay, &info->digest, sizeof info->digest) != 0)
        r->verdict = DIFFERS;
    if (status != ECHO_OK && r->verdict == GOOD) r->verdict = DAMAGED;
    if (status != ECHO_OK) settle(&r->problem, status);
    return status;
}

static echo_status check_one(void *arg, const echo_snapshot_info *info) {
    checking *c = arg;
    if (c->cli->cmd->number != 0 && c->cli->cmd->number != info->number) return ECHO_OK;
    result r = {.verdict = GOOD, .problem = ECHO_ERROR_INIT};
    c->checked++;
    echo_status status = check(c, info, &r);
    echo_cli_progress_clear(&c->cli->progress);
    if (hinders(status)) {
        c->error = r.problem;
        return status;
    }
    if (is_gap(status))
        c->missing = status;
    else if (r.verdict != GOOD)
        c->findings++;
    if (c->cli->json)
        show_json(&c->cli->out, info, &r);
    else
        show_text(&c->cli->out, info, &r);
    return ECHO_OK;
}

static echo_status check_all(checking *c, echo_error *err) {
    echo_store store = {NULL, NULL};
    echo_status status = echo_cli_find_party(&c->party, c->cli, err);
    if (status == ECHO_OK) status = echo_cli_open_store(&store, c->cli, true, err);
    if (status != ECHO_OK) return status;
    status = echo_cli_open_feeds(&c->feeds, c->cli, err);
    if (status == ECHO_ERR_NOT_FOUND) status = ECHO_OK;
    c->store = &store;
    if (status == ECHO_OK) status = echo_snapshot_list(&store, &c->party, check_one, c, err);
    c->store = NULL;
    echo_feeds_close(&c->feeds);
    echo_store_close(&store);
    if (c->error.code != ECHO_OK) *err = c->error;
    if (status != ECHO_OK || c->checked > 0) return status;
    err->code = ECHO_ERR_NOT_FOUND;
    (void)snprintf(err->message, sizeof err->message,
                   c->cli->cmd->number != 0 ? "the snapshot does not exist: `list` prints the snapshots"
                                            : "the party has no snapshot");
    return err->code;
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    checking c = {.cli = cli};
    echo_status status = check_all(&c, &err);
    if (status != ECHO_OK) return echo_cli_fail(cli, status, &err);
    if (cli->json) echo_cli_json_end(&cli->out);
    if (c.findings > 0) return ECHO_CLI_EXIT_FINDING;
    return echo_cli_exit_of(c.missing);
}

const echo_cmd_command echo_cmd_verify = {
    "verify", "checks every byte of a snapshot; with --replay also the state against the feeds",
    "Reads everything that the party's snapshots (or only the snapshot --number) consist of and checks\n"
    "it: the manifest's signature, and each chunk's hash, order, boundaries, counts and canonical form.\n"
    "The folder's feeds must be those that the snapshot covers, as far as their trees show it.\n"
    "--replay also replays the feeds up to the snapshot's timeframe and compares the state digests:\n"
    "when they are equal, the snapshot holds exactly the state that the feeds' messages make. Exit\n"
    "code 1: a snapshot is damaged or differs. Exit code 3: the snapshot does not exist, or blocks that\n"
    "--replay needs are missing and nothing else was found.\n\n"
    "JSON: an array of {number, status, digest, replay, error}; status is \"good\", \"damaged\",\n"
    "\"differs\" or \"uncompared\".\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY | ECHO_CMD_NUMBER | ECHO_CMD_REPLAY, run};
