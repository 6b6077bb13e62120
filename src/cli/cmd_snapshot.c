#include <inttypes.h>

#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/report.h"

static void show_json(echo_cli_out *out, const echo_snapshot_result *r, uint64_t ns_open) {
    echo_cli_json_object(out, NULL);
    echo_cli_json_number(out, "number", r->number);
    echo_cli_json_flag(out, "unchanged", r->unchanged);
    echo_cli_json_number(out, "items_written", r->items_written);
    echo_cli_json_number(out, "chunks_written", r->chunks_written);
    echo_cli_json_number(out, "bytes_written", r->bytes_written);
    echo_cli_json_hex(out, "digest", r->digest.bytes);
    echo_cli_json_object(out, "ns");
    echo_cli_json_number(out, "open", ns_open);
    echo_cli_json_number(out, "capture", r->ns_capture);
    echo_cli_json_number(out, "write", r->ns_write);
    echo_cli_json_number(out, "publish", r->ns_publish);
    echo_cli_json_end(out);
    echo_cli_json_end(out);
}

static void show_text(echo_cli_out *out, const echo_snapshot_result *r, uint64_t ns_open) {
    echo_cli_print(out, "%-10s %" PRIu64 "%s\n", "snapshot", r->number, r->unchanged ? ", nothing is new since" : "");
    echo_cli_print(out, "%-10s ", "digest");
    echo_cli_print_hex(out, r->digest.bytes);
    echo_cli_print(out, "\n%-10s %" PRIu64 " items, %" PRIu64 " chunks, ", "written", r->items_written,
                   r->chunks_written);
    echo_cli_print_bytes(out, r->bytes_written);
    echo_cli_print(out, "\n%-10s open ", "time");
    echo_cli_print_ns(out, ns_open);
    echo_cli_print(out, ", capture ");
    echo_cli_print_ns(out, r->ns_capture);
    echo_cli_print(out, ", write ");
    echo_cli_print_ns(out, r->ns_write);
    echo_cli_print(out, ", publish ");
    echo_cli_print_ns(out, r->ns_publish);
    echo_cli_print(out, "\n");
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    echo_party_options options;
    echo_snapshot_result result;
    echo_party *party = NULL;
    if (echo_cli_has(cli, ECHO_CMD_NO_WRITE))
        return echo_cli_misuse(cli, "--no-write leaves nothing to do: a snapshot is written");
    echo_status status = echo_cli_party_options(&options, cli, &err);
    options.writable = true;
    if (status == ECHO_OK) status = echo_cli_restore_party(&party, cli, &options, &err);
    if (status == ECHO_OK) {
        echo_cli_note_damage(cli, party);
        status = echo_party_snapshot(&result, party, &err);
        echo_cli_progress_clear(&cli->progress);
    }
    if (status == ECHO_OK && cli->json)
        show_json(&cli->out, &result, echo_party_report(party)->ns_total);
    else if (status == ECHO_OK)
        show_text(&cli->out, &result, echo_party_report(party)->ns_total);
    echo_party_free(party);
    return status == ECHO_OK ? ECHO_CLI_EXIT_OK : echo_cli_fail(cli, status, &err);
}

const echo_cmd_command echo_cmd_snapshot = {
    "snapshot", "takes a snapshot now",
    "Opens the party, writes what changed since its last snapshot, and publishes a new snapshot,\n"
    "which is durable when the exit code is 0. When nothing changed, nothing is written. Prints the\n"
    "number, the state digest (equal on all peers at the same timeframe), what was written, and the\n"
    "time it took. Older snapshots stay; `gc` removes them.\n\n"
    "JSON: {number, unchanged, items_written, chunks_written, bytes_written, digest, ns: {open,\n"
    "capture, write, publish}}.\n",
    ECHO_CMD_COMMON | ECHO_CMD_OPENING, run};
