#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/find_party.h"
#include "cli/folder.h"
#include "cli/report.h"

static echo_status on_progress(void *arg, const char *phase, uint64_t done, uint64_t total) {
    echo_cli_tick(arg, phase, done, total);
    return ECHO_OK;
}

static void show_json(echo_cli_out *out, const echo_copy_report *r) {
    echo_cli_json_object(out, NULL);
    echo_cli_json_number(out, "number", r->number);
    echo_cli_json_flag(out, "unchanged", r->unchanged);
    echo_cli_json_number(out, "items", r->items);
    echo_cli_json_number(out, "chunks_read", r->chunks_read);
    echo_cli_json_number(out, "bytes_read", r->bytes_read);
    echo_cli_json_number(out, "chunks_written", r->chunks_written);
    echo_cli_json_number(out, "bytes_written", r->bytes_written);
    echo_cli_json_end(out);
}

static void show_text(echo_cli_out *out, const echo_copy_report *r) {
    echo_cli_print(out, "%-10s %" PRIu64 "%s, %" PRIu64 " items\n", "snapshot", r->number,
                   r->unchanged ? ", present already" : "", r->items);
    echo_cli_print(out, "%-10s %" PRIu64 " chunks, ", "read", r->chunks_read);
    echo_cli_print_bytes(out, r->bytes_read);
    echo_cli_print(out, "\n%-10s %" PRIu64 " chunks, ", "written", r->chunks_written);
    echo_cli_print_bytes(out, r->bytes_written);
    echo_cli_print(out, "\n");
}

/* ---- the folder TO ---- */

typedef struct destination {
    const char *dir;
    char feeds[PATH_MAX];
    bool made_dir, made_feeds;
    echo_store store;
} destination;

static bool make_folder(bool *made, const char *path) {
    *made = mkdir(path, 0777) == 0;
    return *made || errno == EEXIST;
}

/* Opens its store. The folder is made when it does not exist, with an empty feeds/, without which it is no folder of
 * parties; the store's file is made by the first put. */
static echo_status open_destination(destination *d, echo_cli *cli, echo_error *err) {
    int len = snprintf(d->feeds, sizeof d->feeds, "%s/feeds", d->dir);
    if (len < 0 || (size_t)len >= sizeof d->feeds)
        errno = ENAMETOOLONG;
    else if (make_folder(&d->made_dir, d->dir) && make_folder(&d->made_feeds, d->feeds))
        return echo_cli_make_store(&d->store, cli, err);
    err->code = ECHO_ERR_IO;
    (void)snprintf(err->message, sizeof err->message, "the folder cannot be made: %s", strerror(errno));
    return err->code;
}

/* After a failure what was made is removed; a folder in which something was stored stays. */
static void close_destination(destination *d, echo_status status) {
    echo_store_close(&d->store);
    if (status == ECHO_OK) return;
    if (d->made_feeds) (void)rmdir(d->feeds);
    if (d->made_dir) (void)rmdir(d->dir);
}

/* ---- running ---- */

static echo_status copy(echo_copy_report *report, echo_cli *cli, echo_error *err) {
    echo_key party;
    echo_store from = {NULL, NULL};
    destination to = {.dir = cli->cmd->dir_b};
    echo_copy_options options = ECHO_COPY_OPTIONS_INIT;
    const char *source = cli->dir;
    options.number = cli->cmd->number;
    options.progress = on_progress;
    options.progress_arg = cli;
    echo_status status = echo_cli_find_party(&party, cli, err);
    if (status == ECHO_OK) status = echo_cli_open_store(&from, cli, true, err);
    if (status == ECHO_OK) {
        cli->dir = to.dir; /* which an error is about, if it is not about the source */
        status = open_destination(&to, cli, err);
        if (status == ECHO_OK) {
            status = echo_snapshot_copy(report, &to.store, &from, &party, &options, err);
            if (strncmp(err->message, "destination: ", 13) != 0) cli->dir = source;
        }
        close_destination(&to, status);
    }
    echo_cli_progress_clear(&cli->progress);
    echo_store_close(&from);
    return status;
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    echo_copy_report report;
    if (echo_cli_has(cli, ECHO_CMD_NO_WRITE))
        return echo_cli_misuse(cli, "--no-write leaves nothing to do: a snapshot is written to TO");
    echo_status status = copy(&report, cli, &err);
    if (status != ECHO_OK) return echo_cli_fail(cli, status, &err);
    if (cli->json)
        show_json(&cli->out, &report);
    else
        show_text(&cli->out, &report);
    return ECHO_CLI_EXIT_OK;
}

const echo_cmd_command echo_cmd_copy = {
    "copy", "copies a snapshot to the store of another folder, as a backup",
    "Copies the party's newest snapshot (or --number) from the folder FROM to the folder TO, which is\n"
    "made when it does not exist. The snapshot keeps its number and its signature. What TO's newest\n"
    "snapshot shares with it is not copied again. Everything that is read is checked; when it is\n"
    "damaged, nothing is changed in TO (exit code 4). When TO has a newer snapshot of the party, or\n"
    "another one with the same number, nothing is changed either (exit code 5). Feeds are not copied.\n\n"
    "JSON: {number, unchanged, items, chunks_read, bytes_read, chunks_written, bytes_written};\n"
    "unchanged: TO had this snapshot already.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY | ECHO_CMD_NUMBER | ECHO_CMD_TO, run};
