#include <inttypes.h>

#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/report.h"

static echo_status on_progress(void *arg, const char *phase, uint64_t done, uint64_t total) {
    echo_cli_tick(arg, phase, done, total);
    return ECHO_OK;
}

static void show_json(echo_cli_out *out, const echo_gc_report *r, bool dry_run) {
    echo_cli_json_object(out, NULL);
    echo_cli_json_flag(out, "dry_run", dry_run);
    echo_cli_json_number(out, "parties", r->parties);
    echo_cli_json_number(out, "snapshots_kept", r->snapshots_kept);
    echo_cli_json_number(out, "snapshots_removed", r->snapshots_removed);
    echo_cli_json_number(out, "chunks_kept", r->chunks_kept);
    echo_cli_json_number(out, "chunks_removed", r->chunks_removed);
    echo_cli_json_number(out, "bytes_kept", r->bytes_kept);
    echo_cli_json_number(out, "bytes_removed", r->bytes_removed);
    echo_cli_json_end(out);
}

static void show_text(echo_cli_out *out, const echo_gc_report *r, bool dry_run) {
    const char *done = dry_run ? "would be removed" : "removed";
    echo_cli_print(out, "%-10s %" PRIu64 " %s, %" PRIu64 " kept, of %" PRIu64 " %s\n", "snapshots",
                   r->snapshots_removed, done, r->snapshots_kept, r->parties, r->parties == 1 ? "party" : "parties");
    echo_cli_print(out, "%-10s %" PRIu64 " %s, %" PRIu64 " kept\n%-10s ", "chunks", r->chunks_removed, done,
                   r->chunks_kept, "bytes");
    echo_cli_print_bytes(out, r->bytes_removed);
    echo_cli_print(out, " %s, ", done);
    echo_cli_print_bytes(out, r->bytes_kept);
    echo_cli_print(out, " kept\n");
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    echo_store store = {NULL, NULL};
    echo_gc_report report;
    echo_gc_options options = ECHO_GC_OPTIONS_INIT;
    options.dry_run = echo_cli_has(cli, ECHO_CMD_DRY_RUN);
    if (echo_cli_has(cli, ECHO_CMD_KEEP)) options.keep = cli->cmd->keep;
    options.progress = on_progress;
    options.progress_arg = cli;
    if (echo_cli_has(cli, ECHO_CMD_NO_WRITE) && !options.dry_run)
        return echo_cli_misuse(cli, "--no-write leaves nothing to do: --dry-run prints what would be removed");
    echo_status status = echo_cli_open_store(&store, cli, options.dry_run, &err);
    if (status == ECHO_OK) status = echo_snapshot_gc(&report, &store, &options, &err);
    echo_cli_progress_clear(&cli->progress);
    echo_store_close(&store);
    if (status != ECHO_OK) return echo_cli_fail(cli, status, &err);
    if (cli->json)
        show_json(&cli->out, &report, options.dry_run);
    else
        show_text(&cli->out, &report, options.dry_run);
    return ECHO_CLI_EXIT_OK;
}

const echo_cmd_command echo_cmd_gc = {
    "gc", "removes old snapshots and the chunks that only they need; see also pin and unpin",
    "For every party in the folder's store, keeps the pinned snapshots and the newest ones (--keep N,\n"
    "default 2; 0 keeps all), removes the others, and then removes all chunks that no snapshot needs.\n"
    "The kept snapshots are read first: if any part of them is damaged or has a newer format, nothing\n"
    "is removed (exit code 4). You may stop the command at any moment, and run it while other programs\n"
    "use the store. The file keeps its size; the freed space in it is used again.\n\n"
    "JSON: {dry_run, parties, snapshots_kept, snapshots_removed, chunks_kept, chunks_removed,\n"
    "bytes_kept, bytes_removed}.\n",
    ECHO_CMD_COMMON | ECHO_CMD_KEEP | ECHO_CMD_DRY_RUN, run};
