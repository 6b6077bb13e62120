#include "cli/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/report.h"

static echo_status folder_fail(echo_error *err, echo_status code, const char *message) {
    *err = (echo_error)ECHO_ERROR_INIT;
    err->code = code;
    (void)snprintf(err->message, sizeof err->message, "%s", message);
    return code;
}

/* ---- store and feeds ---- */

/* `name` in the folder; NULL: out of memory. */
static char *path_in(const echo_cli *cli, const char *name) {
    size_t dir = strlen(cli->dir), len = strlen(name) + 1;
    char *path = malloc(dir + len);
    if (path == NULL) return NULL;
    memcpy(path, cli->dir, dir);
    memcpy(path + dir, name, len);
    return path;
}

static echo_status open_store(echo_store *out, const echo_cli *cli, const echo_store_sqlite_options *how,
                              echo_error *err) {
    struct stat at;
    if (stat(cli->dir, &at) != 0 || !S_ISDIR(at.st_mode))
        return folder_fail(err, ECHO_ERR_NOT_FOUND, "the folder does not exist");
    char *path = path_in(cli, "/snapshots.db");
    if (path == NULL) return folder_fail(err, ECHO_ERR_NOMEM, "out of memory");
    echo_status status = echo_store_open_sqlite(out, path, how, err);
    free(path);
    return status;
}

echo_status echo_cli_open_store(echo_store *out, const echo_cli *cli, bool read_only, echo_error *err) {
    echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
    how.read_only = read_only;
    how.create = false;
    return open_store(out, cli, &how, err);
}

echo_status echo_cli_make_store(echo_store *out, const echo_cli *cli, echo_error *err) {
    return open_store(out, cli, NULL, err);
}

echo_status echo_cli_open_feeds(echo_feeds *out, const echo_cli *cli, echo_error *err) {
    echo_feeds_dir_options how = ECHO_FEEDS_DIR_OPTIONS_INIT;
    how.read_only = true;
    char *path = path_in(cli, "/feeds");
    if (path == NULL) return folder_fail(err, ECHO_ERR_NOMEM, "out of memory");
    echo_status status = echo_feeds_open_dir(out, path, &how, err);
    free(path);
    return status;
}

/* ---- the party ---- */

static echo_status on_progress(void *arg, const char *phase, uint64_t done, uint64_t total) {
    echo_cli_tick(arg, phase, done, total);
    return ECHO_OK;
}

/* When opening falls back to an older snapshot, the same message may be refused again. */
static void on_refused(void *arg, const echo_error *what) {
    echo_cmd *cmd = ((echo_cli *)arg)->cmd;
    for (size_t i = 0; i < cmd->refused_count; i++) {
        const echo_error *known = &cmd->refused[i];
        if (known->has_seq == what->has_seq && known->seq == what->seq &&
            memcmp(&known->feed, &what->feed, sizeof what->feed) == 0 && strcmp(known->item, what->item) == 0)
            return;
    }
    if (cmd->refused_count < ECHO_CMD_REFUSED_MAX) cmd->refused[cmd->refused_count++] = *what;
}

echo_status echo_cli_party_options(echo_party_options *out, echo_cli *cli, echo_error *err) {
    if (cli->cmd->models == NULL) {
        if (echo_registry_new(&cli->cmd->models) != ECHO_OK) return folder_fail(err, ECHO_ERR_NOMEM, "out of memory");
        echo_status status = echo_registry_add_object(cli->cmd->models, err);
        if (status != ECHO_OK) return status;
    }
    static echo_snapshot_policy policy =
        ECHO_SNAPSHOT_POLICY_INIT; /* commands take and remove snapshots only when asked to */
    policy.manual = true;
    policy.thread = false;
    policy.keep = 0;
    *out = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    out->policy = &policy;
    out->dir = cli->dir;
    out->models = cli->cmd->models;
    if (echo_cli_has(cli, ECHO_CLI_PARTY)) out->party = &cli->party;
    out->writable = false;
    out->use_snapshots = !echo_cli_has(cli, ECHO_CMD_NO_SNAPSHOT);
    out->eager = echo_cli_has(cli, ECHO_CMD_EAGER);
    if (echo_cli_has(cli, ECHO_CMD_VERIFY_FULL)) out->verify = ECHO_VERIFY_FULL;
    out->progress = on_progress;
    out->progress_arg = cli;
    out->refused = on_refused;
    out->refused_arg = cli;
    return ECHO_OK;
}

echo_status echo_cli_restore_party(echo_party **out, echo_cli *cli, const echo_party_options *options,
                                   echo_error *err) {
    echo_status status = echo_party_restore(out, options, err);
    echo_cli_progress_clear(&cli->progress);
    return status;
}

void echo_cli_note_damage(echo_cli *cli, const echo_party *party) {
    const echo_restore_report *report = echo_party_report(party);
    for (size_t i = 0; i < report->damage_count; i++) echo_cli_note(cli, &report->damage[i]);
}
